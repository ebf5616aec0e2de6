//! The rows that no other row dominates.
//!
//! A few dozen strong rows cull what is easy (`cull`), what is left is brought into the total order
//! (`order`), in which a row is on the front exactly if no earlier row is at most it in every key. Two
//! objectives need a running minimum, three a staircase of the other two that grows along the order, more
//! divide and conquer (`divide`). All of it in parallel, with answers that do not depend on the number of
//! threads.
//!
//! Memory besides the caller's columns, for each row that the cull leaves: 10 bytes, and 8 for each objective
//! but the first from four objectives on; a byte for each row if the front is large; 8 bytes a row of the
//! answer.

mod copies;
mod cull;
mod divide;
mod order;
mod sample;
mod staircase;
mod three;
mod two;

use super::key::FINEST;
pub use super::rows::Sizes;
use super::rows::{Rows, Ties};
use super::rows::{drop_nan, joined};
use crate::control::{Control, Interrupted, LOOK};
use crate::memory::{self, OutOfMemory};
use crate::parallel::Crew;
pub(super) use copies::with_copies;
use cull::{Strong, cull};
pub(super) use order::{Buckets, Problem, Scratch};
use sample::sample;
pub(super) use two::{pairs, uncovered};

/// Returns the numbers of the rows that no other row dominates, ascending; all objectives are minimised.
///
/// Objectives are compared by keys at resolutions `2^-bits`. Among rows of equal keys the lexicographic
/// minimum of (true objectives in order, row number) stands for all; with [`Ties::All`] rows with the same
/// true objectives as a returned one are returned too. Rows that hold NaN are never returned, infinities
/// compare as values.
///
/// `O(n log n)` for up to three objectives, `O(n log^(k-2) n)` for k.
///
/// # Errors
///
/// [`Interrupted`] after [`Control::cancel`], or for want of memory.
///
/// # Panics
///
/// If there is no objective, if columns differ in length or in number from `bits`, if one of `bits` exceeds
/// 52, or if there are 2^32 - 1 rows or more.
///
/// # Examples
///
/// ```
/// use isoflop_core::control::Control;
/// use isoflop_core::pareto::{Ties, front};
/// let loss = [2.0, 1.9, 2.1, 1.9];
/// let cost = [10.0, 30.0, 20.0, 30.0];
/// let kept = front(&[&loss, &cost], &[52, 52], Ties::First, &Control::new(1));
/// assert_eq!(kept, Ok(vec![0, 1]));
/// ```
pub fn front(
    objectives: &[&[f64]],
    bits: &[u32],
    ties: Ties,
    control: &Control,
) -> Result<Vec<usize>, Interrupted> {
    front_of(Rows { objectives, indices: None }, bits, ties, control)
}

/// [`front`] of rows that come in any order, with an index each to decide ties.
///
/// The same rows with the same indices give the same set, however they are ordered.
///
/// # Errors
///
/// As [`front`].
///
/// # Panics
///
/// As [`front`], and if there are not as many indices as rows.
pub fn front_of(
    rows: Rows<'_>,
    bits: &[u32],
    ties: Ties,
    control: &Control,
) -> Result<Vec<usize>, Interrupted> {
    front_with(rows, bits, ties, Sizes::default(), control)
}

/// [`front_of`] with other [`Sizes`], so that small inputs can take every way.
///
/// # Errors
///
/// As [`front`].
///
/// # Panics
///
/// As [`front_of`].
pub fn front_with(
    rows: Rows<'_>,
    bits: &[u32],
    ties: Ties,
    sizes: Sizes,
    control: &Control,
) -> Result<Vec<usize>, Interrupted> {
    let count = rows.objectives.first().expect("a front needs an objective").len();
    assert!(rows.objectives.iter().all(|column| column.len() == count), "objectives differ in length");
    assert!(rows.indices.is_none_or(|indices| indices.len() == count), "as many indices as rows");
    assert!(rows.objectives.len() == bits.len(), "a resolution for each objective");
    assert!(count < u32::MAX as usize, "{count} rows are too many for one front");
    let mut problem = Problem::new(rows, bits, sizes);
    let alive = survivors(&mut problem, count, control)?;
    let mut kept = search(&problem, &alive, control)?;
    if ties == Ties::All {
        kept = with_copies(&problem, &alive, &kept, control)?;
    }
    drop(alive);
    ascending(kept, count, control)
}

/// The numbers of rows, best first by the objectives in order (-0 equal to +0), then by index. No row holds NaN.
pub(crate) fn best_first(rows: Rows<'_>, control: &Control) -> Result<Vec<u32>, Interrupted> {
    let finest = vec![FINEST; rows.objectives.len()];
    let problem = Problem::new(rows, &finest, Sizes::default());
    let all = memory::collected(0..rows.objectives[0].len() as u32)?;
    let piles = Buckets::deal(&problem, &all, control)?;
    let sorted = Crew::for_rows(control, all.len()).map(piles.len(), |pile| {
        control.check()?;
        let mut rows = memory::collected(piles.rows(pile))?;
        problem.sort(&mut rows, &mut Scratch::default())?;
        Ok(rows)
    })?;
    joined(sorted, control)
}

/// Rows without NaN that the cull leaves, ascending. Chooses the objective to sort by.
fn survivors(problem: &mut Problem<'_>, count: usize, control: &Control) -> Result<Vec<u32>, Interrupted> {
    if count < problem.sizes.cull {
        let mut rows = memory::collected(0..count as u32)?;
        problem.columns.iter().for_each(|(column, _)| drop_nan(column, &mut rows));
        return Ok(rows);
    }
    let mut alive: Option<Vec<u32>> = None;
    loop {
        let before = alive.as_ref().map_or(count, Vec::len);
        let mut sample = sample(alive.as_deref(), before)?;
        sample.retain(|&row| problem.columns.iter().all(|(column, _)| !column[row as usize].is_nan()));
        if alive.is_none() {
            problem.sort_by(most_distinct(problem, &sample)?);
        }
        let candidates = search(problem, &sample, control)?;
        let strong = Strong::choose(problem, &sample, &candidates)?;
        if strong.len() == 0 && alive.is_some() {
            break;
        }
        let left = cull(problem, alive.as_deref(), before, &strong, control)?;
        let go_on = left.len() < before / 2 && left.len() >= problem.sizes.cull;
        alive = Some(left);
        if !go_on {
            break;
        }
    }
    Ok(alive.unwrap_or_default())
}

/// The objective with most distinct keys in a sample. Sorted by it, few rows tie and the staircase of the
/// others is short: it has at most as many steps as the coarsest of them has keys.
fn most_distinct(problem: &Problem<'_>, sample: &[u32]) -> Result<usize, OutOfMemory> {
    let mut keys = memory::room(sample.len())?;
    let mut distinct = |objective: usize| {
        keys.clear();
        keys.extend(sample.iter().map(|&row| problem.key(objective, row)));
        keys.sort_unstable();
        keys.dedup();
        keys.len()
    };
    // The first of the best: `max_by_key` alone would take the last.
    Ok((0..problem.columns.len()).rev().max_by_key(|&objective| distinct(objective)).unwrap_or(0))
}

/// The front of `rows`, which hold no NaN; in no order, with one row for each cell.
fn search(problem: &Problem<'_>, rows: &[u32], control: &Control) -> Result<Vec<u32>, Interrupted> {
    match problem.columns.len() {
        1 => single(problem, rows, control),
        2 => pairs(problem, rows, control),
        3 => three::triples(problem, rows, control),
        _ => divide::many(problem, rows, control),
    }
}

/// One objective: the least true value, then the least index.
fn single(problem: &Problem<'_>, rows: &[u32], control: &Control) -> Result<Vec<u32>, Interrupted> {
    let least = Crew::for_rows(control, rows.len()).map_chunks(rows.len(), LOOK, |range| {
        control.check()?;
        Ok(rows[range].iter().copied().min_by(|&a, &b| problem.compare_in_cell(a, b)))
    })?;
    Ok(least.into_iter().flatten().min_by(|&a, &b| problem.compare_in_cell(a, b)).into_iter().collect())
}

/// Sorts row numbers below `count`, none of them twice.
fn ascending(mut rows: Vec<u32>, count: usize, control: &Control) -> Result<Vec<usize>, Interrupted> {
    if rows.len() < count / 64 {
        rows.sort_unstable();
        return Ok(memory::collected(rows.into_iter().map(|row| row as usize))?);
    }
    // Many rows are marked in a map of all and read off in order, which costs less than sorting.
    let mut marked: Vec<bool> = memory::zeroed(count)?;
    for some in rows.chunks(LOOK) {
        control.check()?;
        some.iter().for_each(|&row| marked[row as usize] = true);
    }
    let mut sorted = memory::room(rows.len())?;
    for (piece, marks) in marked.chunks(LOOK).enumerate() {
        control.check()?;
        sorted.extend((piece * LOOK..).zip(marks).filter(|&(_, &mark)| mark).map(|(row, _)| row));
    }
    Ok(sorted)
}
