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

use super::cull::{Strong, cull, sample};
use super::divide::Rest;
use super::key::FINEST;
use super::order::{Buckets, Problem, Scratch};
use super::staircase::Staircase;
use crate::control::{Control, Interrupted, LOOK};
use crate::memory::{self, OutOfMemory};
use crate::parallel::Crew;

/// What becomes of rows with the same true objectives as one on the front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ties {
    /// Only the first of them, by index, is returned.
    First,
    /// All of them are returned.
    All,
}

/// Rows to be filtered, column by column.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The objectives in their order, all to be minimised; one number a row each.
    pub objectives: &'a [&'a [f64]],
    /// What decides between rows of equal objectives, one a row; the row's number if `None`.
    pub indices: Option<&'a [u64]>,
}

/// Sizes at which the filter changes its way; the answer is the same for any.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// From so many rows on, strong rows cull first.
    pub cull: usize,
    /// Rows that are sorted in one piece.
    pub bucket: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { cull: 4096, bucket: 8192 }
    }
}

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

/// Drops the rows at which a column holds NaN.
#[inline(always)]
pub(crate) fn drop_nan(column: &[f64], rows: &mut Vec<u32>) {
    if any_nan(column) {
        rows.retain(|&row| !column[row as usize].is_nan());
    }
}

/// Whether a column holds NaN. It is seldom there: the loop goes to the end, and lanes do it.
#[inline(always)]
pub(crate) fn any_nan(column: &[f64]) -> bool {
    column.iter().fold(false, |any, value| any | value.is_nan())
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
        3 => triples(problem, rows, control),
        _ => many(problem, rows, control),
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

/// Two objectives: along the order, a row is on the front if its second key is less than all before. The rows
/// come out in the order.
pub(super) fn pairs(problem: &Problem<'_>, rows: &[u32], control: &Control) -> Result<Vec<u32>, Interrupted> {
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
pub(super) fn uncovered(
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

/// Three objectives: along the order, a row is on the front if the staircase of the other two, of all rows
/// before, does not cover it. Strips of the order grow staircases of their own; then what a strip kept is
/// tested against the staircase of all strips before it.
fn triples(problem: &Problem<'_>, rows: &[u32], control: &Control) -> Result<Vec<u32>, Interrupted> {
    let crew = Crew::for_rows(control, rows.len());
    let piles = Buckets::deal(problem, rows, control)?;
    let strips = crew.threads().min(piles.len());
    let strips = crew.map(strips, |strip| {
        let mut staircase = Staircase::default();
        let mut kept = Vec::new();
        let mut scratch = Scratch::default();
        let mut rows = Vec::new();
        for pile in piles.len() * strip / strips..piles.len() * (strip + 1) / strips {
            control.check()?;
            rows.clear();
            memory::extend(&mut rows, piles.rows(pile))?;
            problem.sort(&mut rows, &mut scratch)?;
            memory::reserve(&mut kept, rows.len())?;
            for &row in &rows {
                if staircase.insert(problem.key(1, row), problem.key(2, row))? {
                    kept.push(row);
                }
            }
        }
        Ok((kept, staircase))
    })?;
    let mut front = Vec::new();
    let mut before = Staircase::default();
    for (kept, staircase) in strips {
        let uncovered = crew.map_chunks(kept.len(), 1 << 14, |range| {
            control.check()?;
            let uncovered = |row: &u32| !before.covers(problem.key(1, *row), problem.key(2, *row));
            Ok(memory::gathered(kept[range].iter().copied().filter(uncovered))?)
        })?;
        front.push(joined(uncovered, control)?);
        for (place, (y, z)) in staircase.steps().enumerate() {
            if place % LOOK == 0 {
                control.check()?;
            }
            before.insert(y, z)?;
        }
    }
    joined(front, control)
}

/// Four objectives and more.
fn many(problem: &Problem<'_>, rows: &[u32], control: &Control) -> Result<Vec<u32>, Interrupted> {
    let crew = Crew::for_rows(control, rows.len());
    let piles = Buckets::deal(problem, rows, control)?;
    let width = problem.columns.len() - 1;
    let sorted = crew.map(piles.len(), |pile| {
        control.check()?;
        let mut rows = memory::collected(piles.rows(pile))?;
        problem.sort(&mut rows, &mut Scratch::default())?;
        let mut keys: Vec<i64> = memory::room(rows.len() * width)?;
        for &row in &rows {
            keys.extend((1..=width).map(|objective| problem.key(objective, row)));
        }
        Ok((rows, keys))
    })?;
    drop(piles);
    let mut order = memory::room(rows.len())?;
    let mut keys = memory::room(rows.len() * width)?;
    for (rows, some) in sorted {
        control.check()?;
        order.extend(rows);
        keys.extend(some);
    }
    let rest = Rest { keys, width, control };
    let mut kept = rest.front(0, order.len() as u32, crew.threads())?;
    kept.iter_mut().for_each(|place| *place = order[*place as usize]);
    Ok(kept)
}

/// `kept` and the rows among `alive` with the same true objectives as one of them.
pub(super) fn with_copies(
    problem: &Problem<'_>,
    alive: &[u32],
    kept: &[u32],
    control: &Control,
) -> Result<Vec<u32>, Interrupted> {
    const EMPTY: u32 = u32::MAX;
    // A table of the kept rows by their true objectives: open addressing, at most half full.
    let mask = (kept.len() * 2).next_power_of_two() - 1;
    let home = |row: u32| {
        let mixed = (problem.ranks(row)).fold(0u64, |mixed, rank| {
            (mixed.rotate_left(29) ^ rank as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        });
        (mixed ^ (mixed >> 32)) as usize & mask
    };
    let mut table = memory::filled(mask + 1, EMPTY)?;
    for (place, &row) in kept.iter().enumerate() {
        if place % LOOK == 0 {
            control.check()?;
        }
        let mut slot = home(row);
        while table[slot] != EMPTY {
            slot = (slot + 1) & mask;
        }
        table[slot] = row;
    }
    let copies = Crew::for_rows(control, alive.len()).map_chunks(alive.len(), LOOK, |range| {
        control.check()?;
        let is_copy = |&row: &u32| {
            let mut slot = home(row);
            while table[slot] != EMPTY {
                if problem.ranks(table[slot]).eq(problem.ranks(row)) {
                    return true;
                }
                slot = (slot + 1) & mask;
            }
            false
        };
        Ok(memory::gathered(alive[range].iter().copied().filter(is_copy))?)
    })?;
    joined(copies, control)
}

/// Pieces of an answer in one.
pub(super) fn joined(pieces: Vec<Vec<u32>>, control: &Control) -> Result<Vec<u32>, Interrupted> {
    let mut all = memory::room(pieces.iter().map(Vec::len).sum())?;
    for piece in pieces {
        for some in piece.chunks(LOOK) {
            control.check()?;
            all.extend_from_slice(some);
        }
    }
    Ok(all)
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
