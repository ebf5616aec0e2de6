//! Two objectives: a running minimum along the order.

use super::order::{Buckets, Problem, Scratch};
use crate::control::{Control, Interrupted};
use crate::memory::{self, OutOfMemory};
use crate::parallel::Crew;
use crate::pareto::rows::joined;

/// Two objectives: along the order, a row is on the front if its second key is less than all before. The rows
/// come out in the order.
pub(in crate::pareto) fn pairs(
    problem: &Problem<'_>,
    rows: &[u32],
    control: &Control,
) -> Result<Vec<u32>, Interrupted> {
    // One pile needs no dealing.
    if Buckets::piles(problem, rows.len()) == 1 {
        control.check()?;
        return Ok(sweep(problem, rows.iter().copied(), i64::MAX)?);
    }
    let crew = Crew::for_rows(control, rows.len());
    let piles = Buckets::deal(problem, rows, control)?;
    let mut least_before = crew.map(piles.len(), |pile| {
        control.check()?;
        Ok(piles.rows(pile).map(|row| problem.key(1, row)).min().unwrap_or(i64::MAX))
    })?;
    let mut least = i64::MAX;
    for pile in &mut least_before {
        least = least.min(std::mem::replace(pile, least));
    }
    let kept = crew.map(piles.len(), |pile| {
        control.check()?;
        Ok(sweep(problem, piles.rows(pile), least_before[pile])?)
    })?;
    joined(kept, control)
}

/// The rows, in the order, whose second key is less than `least` and than that of every row before.
fn sweep(
    problem: &Problem<'_>,
    rows: impl ExactSizeIterator<Item = u32>,
    mut least: i64,
) -> Result<Vec<u32>, OutOfMemory> {
    let mut rows = uncovered(problem, rows, least)?;
    problem.sort(&mut rows, &mut Scratch::default())?;
    rows.retain(|&row| {
        let key = problem.key(1, row);
        let keep = key < least;
        least = least.min(key);
        keep
    });
    Ok(rows)
}

/// Intervals that [`uncovered`] cuts the first keys of a pile into.
const INTERVALS: usize = 128;

/// Rows whose second key is less than `least` and than that of every row in an earlier interval of first
/// keys. That leaves little more than the front, and costs less than sorting what it drops.
pub(in crate::pareto) fn uncovered(
    problem: &Problem<'_>,
    rows: impl ExactSizeIterator<Item = u32>,
    least: i64,
) -> Result<Vec<u32>, OutOfMemory> {
    let [(firsts, first_cells), (seconds, second_cells)] = problem.columns[..] else {
        unreachable!("a sweep along one objective looks at one other")
    };
    let mut keys = memory::room(rows.len())?;
    for row in rows {
        let second = second_cells.key(seconds[row as usize]);
        if second < least {
            keys.push((first_cells.key(firsts[row as usize]), second, row));
        }
    }
    let (low, high) =
        keys.iter().fold((i64::MAX, i64::MIN), |(low, high), &(first, ..)| (low.min(first), high.max(first)));
    // As unsigned numbers: two keys may be further apart than the largest signed one.
    let spread = high.wrapping_sub(low) as u64;
    let shift = (u64::BITS - spread.leading_zeros()).saturating_sub(INTERVALS.ilog2());
    let interval = |first: i64| (first.wrapping_sub(low) as u64 >> shift) as usize;
    let mut least_before = [i64::MAX; INTERVALS + 1];
    for &(first, second, _) in &keys {
        let least = &mut least_before[interval(first) + 1];
        *least = second.min(*least);
    }
    for place in 1..least_before.len() {
        least_before[place] = least_before[place].min(least_before[place - 1]);
    }
    let kept = keys.into_iter().filter(|&(first, second, _)| second < least_before[interval(first)]);
    memory::gathered(kept.map(|(_, _, row)| row))
}
