//! How rows of an archive compare, and when a row prunes a lane.

use std::cmp::Ordering;

use crate::control::{Control, Interrupted};
use crate::memory;
use crate::pareto::key::{Cells, rank};
use crate::pareto::points::Points;
use crate::pareto::rows::Ties;
use crate::value::simd::Level;

/// Sizes at which the archive changes its structure; it prunes the same lanes with any.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// A staircase has no more buckets than this.
    pub buckets: usize,
    /// A grid has no more cells than this; what does not fit is a forest.
    pub cells: usize,
    /// A tree is halved down to blocks of at least this number of rows.
    pub block: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { buckets: 1 << 20, cells: 1 << 21, block: 8 }
    }
}

/// How rows compare.
#[derive(Debug, Clone)]
pub(super) struct Precision {
    pub(super) bits: Vec<u32>,
    pub(super) cells: Vec<Cells>,
    pub(super) ties: Ties,
    pub(super) sizes: Sizes,
    pub(super) level: Level,
}

impl Precision {
    /// Whether one configuration prunes another.
    pub(super) fn prunes(&self, points: &Points, row: usize, lane: usize) -> bool {
        let mut same = true;
        for (column, cells) in points.objectives.iter().zip(&self.cells) {
            let (row, lane) = (cells.key(column[row]), cells.key(column[lane]));
            if row > lane {
                return false;
            }
            same &= row == lane;
        }
        let values = |row: usize| points.objectives.iter().map(move |column| column[row]);
        let (row, lane) = ((values(row), points.indices[row]), (values(lane), points.indices[lane]));
        !same || prunes_own_cell(self.ties, row, lane)
    }

    /// The front of some rows, best first; a configuration that comes twice is kept once.
    pub(super) fn front(&self, points: &Points, control: &Control) -> Result<Points, Interrupted> {
        let mut front = points.front(&self.bits, self.ties, control)?.sorted(control)?;
        let ranks = |row: usize| front.objectives.iter().map(move |column| rank(column[row]));
        let mut rows = memory::collected(0..front.indices.len())?;
        rows.dedup_by(|&mut a, &mut b| front.indices[a] == front.indices[b] && ranks(a).eq(ranks(b)));
        front.keep(rows.iter().copied())?;
        Ok(front)
    }
}

/// Whether a representative prunes a lane whose bounds lie in its own cell: see [the archive](super).
#[inline(always)]
pub(super) fn prunes_own_cell(
    ties: Ties,
    representative: (impl Iterator<Item = f64>, u64),
    lane: (impl Iterator<Item = f64>, u64),
) -> bool {
    match representative.0.map(rank).cmp(lane.0.map(rank)) {
        Ordering::Less => true,
        Ordering::Equal => ties == Ties::First && representative.1 <= lane.1,
        Ordering::Greater => false,
    }
}
