//! The total order of rows in which the front is found, and sorting by it.
//!
//! Rows are compared by keys (the objective of most distinct values first), then by true objectives in the
//! caller's order, then by index. What dominates a row, or represents its cell, comes before it; so a row is
//! on the front exactly if no earlier row is at most it in every key.
//!
//! Sorting has two steps, both parallel and both in pieces of about a millisecond: rows are dealt into
//! [`Buckets`] by splitters drawn from a sample, then each bucket is sorted in cache. Splitters are compared
//! in the total order, in which no two rows are equal, so equal values make no bucket large.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicU32, Ordering as Atomic};

use super::sample::scattered;
use crate::control::{Control, Interrupted};
use crate::memory::{self, OutOfMemory};
use crate::parallel::Crew;
use crate::pareto::key::{Cells, rank};
use crate::pareto::rows::{Rows, Sizes};

/// Rows, and how they compare.
pub(in crate::pareto) struct Problem<'a> {
    rows: Rows<'a>,
    /// Columns and cells, the objective to sort by first.
    pub(in crate::pareto) columns: Vec<(&'a [f64], Cells)>,
    pub(in crate::pareto) sizes: Sizes,
}

impl<'a> Problem<'a> {
    pub(in crate::pareto) fn new(rows: Rows<'a>, bits: &[u32], sizes: Sizes) -> Self {
        let columns = rows.objectives.iter().zip(bits).map(|(&column, &bits)| (column, Cells::new(bits)));
        Self { rows, columns: columns.collect(), sizes }
    }

    /// Makes an objective (by its number) the first in the order.
    pub(in crate::pareto) fn sort_by(&mut self, objective: usize) {
        let first = self.columns.remove(objective);
        self.columns.insert(0, first);
    }

    /// The key of a row in an objective, as ordered here.
    #[inline(always)]
    pub(in crate::pareto) fn key(&self, objective: usize, row: u32) -> i64 {
        let (column, cells) = self.columns[objective];
        cells.key(column[row as usize])
    }

    /// The true objectives of a row in the caller's order.
    #[inline(always)]
    pub(in crate::pareto) fn ranks(&self, row: u32) -> impl Iterator<Item = i64> + '_ {
        self.rows.objectives.iter().map(move |column| rank(column[row as usize]))
    }

    /// True objectives, then index; the row itself where a caller gives equal indices.
    pub(in crate::pareto) fn compare_in_cell(&self, a: u32, b: u32) -> Ordering {
        let index = |row: u32| self.rows.indices.map_or(0, |indices| indices[row as usize]);
        self.ranks(a).cmp(self.ranks(b)).then_with(|| index(a).cmp(&index(b))).then_with(|| a.cmp(&b))
    }

    /// The total order.
    pub(in crate::pareto) fn compare(&self, a: u32, b: u32) -> Ordering {
        self.compare_after_first(self.key(0, a).cmp(&self.key(0, b)), a, b)
    }

    fn compare_after_first(&self, first: Ordering, a: u32, b: u32) -> Ordering {
        (1..self.columns.len())
            .fold(first, |order, objective| {
                order.then_with(|| self.key(objective, a).cmp(&self.key(objective, b)))
            })
            .then_with(|| self.compare_in_cell(a, b))
    }

    /// Sorts rows in the total order; `scratch` is working memory.
    ///
    /// Integers are sorted, not rows: the first key with the place in the input in the low bits.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`] if there is no room to sort in; the rows are then as they were.
    pub(in crate::pareto) fn sort(&self, rows: &mut [u32], scratch: &mut Scratch) -> Result<(), OutOfMemory> {
        let Scratch { narrow, wide, input, firsts } = scratch;
        firsts.clear();
        memory::extend(firsts, rows.iter().map(|&row| self.key(0, row)))?;
        let (Some(&low), Some(&high)) = (firsts.iter().min(), firsts.iter().max()) else {
            return Ok(());
        };
        input.clear();
        memory::append(input, rows)?;
        let place_bits = usize::BITS - rows.len().leading_zeros();
        let spread = high.wrapping_sub(low) as u64;
        if spread.leading_zeros() >= place_bits {
            narrow.clear();
            memory::extend(
                narrow,
                (firsts.iter().enumerate())
                    .map(|(place, first)| ((first.wrapping_sub(low) as u64) << place_bits) | place as u64),
            )?;
            narrow.sort_unstable();
            let mask = (1u64 << place_bits) - 1;
            for ((row, first), &packed) in rows.iter_mut().zip(firsts.iter_mut()).zip(narrow.iter()) {
                *row = input[(packed & mask) as usize];
                *first = low.wrapping_add((packed >> place_bits) as i64);
            }
        } else {
            wide.clear();
            memory::extend(
                wide,
                (firsts.iter().enumerate())
                    .map(|(place, first)| (u128::from(first.wrapping_sub(low) as u64) << 32) | place as u128),
            )?;
            wide.sort_unstable();
            for ((row, first), &packed) in rows.iter_mut().zip(firsts.iter_mut()).zip(wide.iter()) {
                *row = input[packed as u32 as usize];
                *first = low.wrapping_add((packed >> 32) as i64);
            }
        }
        let mut rest = rows;
        for run in firsts.chunk_by(|a, b| a == b) {
            let (equal, after) = rest.split_at_mut(run.len());
            if equal.len() > 1 {
                equal.sort_unstable_by(|&a, &b| self.compare_after_first(Ordering::Equal, a, b));
            }
            rest = after;
        }
        Ok(())
    }
}

/// Working memory of [`Problem::sort`].
#[derive(Default)]
pub(in crate::pareto) struct Scratch {
    narrow: Vec<u64>,
    wide: Vec<u128>,
    input: Vec<u32>,
    firsts: Vec<i64>,
}

/// Rows in piles: every row of a pile comes before every row of the next.
pub(in crate::pareto) struct Buckets {
    /// Atomic only so that several threads may fill one pile.
    piles: Vec<Vec<AtomicU32>>,
}

/// Rows between two looks at the control.
const LOOK: usize = 1 << 15;
/// Rows are dealt in no more pieces of work than this: each has a counter for every pile.
const PIECES: usize = 64;

/// Samples drawn for each splitter: the more, the more even the piles.
const OVERSAMPLING: usize = 16;

impl Buckets {
    /// How many buckets `rows` rows are partitioned into.
    pub(in crate::pareto) fn piles(problem: &Problem<'_>, rows: usize) -> usize {
        (rows / problem.sizes.bucket).clamp(1, 1 << 14)
    }

    /// Deals `rows` into piles of about `sizes.bucket` rows.
    pub(in crate::pareto) fn deal(
        problem: &Problem<'_>,
        rows: &[u32],
        control: &Control,
    ) -> Result<Self, Interrupted> {
        let piles = Self::piles(problem, rows.len());
        if piles == 1 {
            let only = memory::collected(rows.iter().map(|&row| AtomicU32::new(row)))?;
            return Ok(Self { piles: vec![only] });
        }
        let sampled = scattered(rows.len(), piles * OVERSAMPLING);
        let mut sample = memory::collected(sampled.map(|at| rows[at]))?;
        sample.sort_unstable_by(|&a, &b| problem.compare(a, b));
        sample.dedup();
        // A row belongs to the pile whose number is the count of splitters at or before it.
        let splitters = memory::collected(sample.iter().copied().skip(OVERSAMPLING).step_by(OVERSAMPLING))?;
        let edges = memory::collected(splitters.iter().map(|&row| problem.key(0, row)))?;
        let pile_of = |row: u32| {
            let key = problem.key(0, row);
            let pile = edges.partition_point(|&edge| edge < key);
            if edges.get(pile) != Some(&key) {
                return pile;
            }
            let equal = edges[pile..].partition_point(|&edge| edge == key);
            pile + splitters[pile..pile + equal]
                .partition_point(|&splitter| problem.compare(splitter, row) != Ordering::Greater)
        };
        let crew = Crew::for_rows(control, rows.len());
        let deal = rows.len().div_ceil(PIECES).max(LOOK);
        let dealt = crew.map_chunks(rows.len(), deal, |range| {
            let mut counts: Vec<u32> = memory::zeroed(splitters.len() + 1)?;
            let mut to: Vec<u16> = memory::room(range.len())?;
            for some in rows[range].chunks(LOOK) {
                control.check()?;
                to.extend(some.iter().map(|&row| {
                    let pile = pile_of(row);
                    counts[pile] += 1;
                    pile as u16
                }));
            }
            Ok((to, counts))
        })?;
        // Where each piece of work begins to write in each pile.
        let mut sizes: Vec<u32> = memory::zeroed(splitters.len() + 1)?;
        let mut starts = Vec::with_capacity(dealt.len());
        let mut pieces = Vec::with_capacity(dealt.len());
        for (to, counts) in dealt {
            control.check()?;
            starts.push(memory::copied(&sizes)?);
            sizes.iter_mut().zip(counts).for_each(|(size, count)| *size += count);
            pieces.push(to);
        }
        let piles = crew.map(sizes.len(), |pile| {
            control.check()?;
            Ok(memory::collected((0..sizes[pile]).map(|_| AtomicU32::new(0)))?)
        })?;
        crew.map(pieces.len(), |piece| {
            let mut next = memory::copied(&starts[piece])?;
            for (rows, to) in rows[piece * deal..].chunks(LOOK).zip(pieces[piece].chunks(LOOK)) {
                control.check()?;
                for (&row, &pile) in rows.iter().zip(to) {
                    let pile = usize::from(pile);
                    piles[pile][next[pile] as usize].store(row, Atomic::Relaxed);
                    next[pile] += 1;
                }
            }
            Ok(())
        })?;
        Ok(Self { piles })
    }

    pub(in crate::pareto) fn len(&self) -> usize {
        self.piles.len()
    }

    /// The rows of a pile, in no order.
    pub(in crate::pareto) fn rows(&self, pile: usize) -> impl ExactSizeIterator<Item = u32> + '_ {
        self.piles[pile].iter().map(|row| row.load(Atomic::Relaxed))
    }
}
