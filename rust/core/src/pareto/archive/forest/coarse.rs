//! Coarse prefix minima over all rows of a forest: they answer most dominance queries without the trees.
//!
//! The keys of all objectives but the *last* are cut into runs of equal width. For each combination of runs the coarse
//! knows the least last key of the rows that are not beyond it on any axis.
//!
//! ```text
//! lane.last < least[combination]: open              every row that is not worse elsewhere is worse here
//! lane.last >= least[the one before on all axes]: pruned    some row is better on all axes and not worse here
//! else: not known
//! ```

use crate::memory::{self, OutOfMemory};
use crate::pareto::archive::order::Precision;
use crate::pareto::key::Cells;
use crate::pareto::points::Points;

/// Combinations of runs for each row, within limits. The more, the fewer lanes are left to the trees.
const PER_ROW: usize = 4;
const FEWEST: usize = 1 << 12;
const MOST: usize = 1 << 20;

/// Lanes that are looked at together.
pub(super) const BLOCK: usize = 128;

/// What the coarse says about a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Pruned,
    Unknown,
    Open,
}

/// Runs of keys of one objective. Run 0 lies before all rows; the last one has no end.
#[derive(Debug, Clone, Copy)]
struct Runs {
    objective: usize,
    cells: Cells,
    /// The first key of run 1, and that of the last run.
    low: i64,
    high: i64,
    /// Each run holds `2^shift` keys.
    shift: u32,
    count: usize,
    /// How far apart in the table neighbours are.
    stride: usize,
}

impl Runs {
    #[inline(always)]
    fn at(&self, value: f64) -> u64 {
        let key = self.cells.key(value);
        let inside = key.max(self.low).min(self.high);
        let run = (inside.wrapping_sub(self.low) as u64 >> self.shift) + 1;
        if key < self.low { 0 } else { run }
    }
}

/// The table of least last keys.
#[derive(Debug, Clone)]
pub(super) struct Coarse {
    last: usize,
    cells: Cells,
    axes: Vec<Runs>,
    /// From a combination to the one before on all axes.
    back: usize,
    /// The largest number where no row is.
    least: Vec<i64>,
}

impl Coarse {
    /// A coarse laid out over the range of some rows, at least one, which it holds.
    pub(super) fn over(precision: &Precision, points: &Points) -> Result<Self, OutOfMemory> {
        let mut spans: Vec<(usize, i64, u64)> = (precision.cells.iter().zip(&points.objectives).enumerate())
            .map(|(objective, (cells, column))| {
                let keys = column.iter().map(|&value| cells.key(value));
                let (low, high) = keys.fold((i64::MAX, i64::MIN), |(l, h), key| (l.min(key), h.max(key)));
                (objective, low, high.wrapping_sub(low) as u64)
            })
            .collect();
        // The widest becomes the last; of the others the narrow ones first, which leave their share to the rest.
        spans.sort_by_key(|&(_, _, span)| span);
        let last = spans.pop().map_or(0, |(objective, _, _)| objective);
        let most = (PER_ROW * points.indices.len()).clamp(FEWEST, MOST);
        let (mut axes, mut stride, mut left) = (Vec::new(), 1, most);
        for (place, &(objective, low, span)) in spans.iter().enumerate() {
            let share = (left as f64).powf(1.0 / (spans.len() - place) as f64) as u64;
            let shift = (0..63).find(|&shift| (span >> shift) + 2 <= share.max(3)).unwrap_or(63);
            let count = (span >> shift) as usize + 2;
            let high = low.wrapping_add(((span >> shift) << shift) as i64);
            axes.push(Runs { objective, cells: precision.cells[objective], low, high, shift, count, stride });
            (stride, left) = (stride * count, left / count);
        }
        let back = axes.iter().map(|axis| axis.stride).sum();
        let least = memory::filled(stride, i64::MAX)?;
        let mut coarse = Self { last, cells: precision.cells[last], axes, back, least };
        coarse.add(points);
        Ok(coarse)
    }

    /// Enters rows, wherever they lie: the first run and the last one take what is out of range.
    pub(super) fn add(&mut self, points: &Points) {
        for row in 0..points.indices.len() {
            let key = self.cells.key(points.objectives[self.last][row]);
            let place: usize = (self.axes.iter())
                .map(|axis| axis.at(points.objectives[axis.objective][row]) as usize * axis.stride)
                .sum();
            self.least[place] = self.least[place].min(key);
        }
        for axis in &self.axes {
            for slab in self.least.chunks_exact_mut(axis.stride * axis.count) {
                for at in axis.stride..slab.len() {
                    slab[at] = slab[at].min(slab[at - axis.stride]);
                }
            }
        }
    }

    /// Judges a block of lanes, from `start` on.
    #[inline(always)]
    pub(super) fn verdicts_of(&self, bounds: &[&[f64]], start: usize, verdicts: &mut [Verdict]) {
        let count = verdicts.len();
        let (mut places, mut first) = ([0u64; BLOCK], [false; BLOCK]);
        for axis in &self.axes {
            let lanes = &bounds[axis.objective][start..start + count];
            for ((place, first), &bound) in places.iter_mut().zip(&mut first).zip(lanes) {
                let run = axis.at(bound);
                *place += run * axis.stride as u64;
                *first |= run == 0;
            }
        }
        let lasts = &bounds[self.last][start..start + count];
        for (lane, (verdict, &last)) in verdicts.iter_mut().zip(lasts).enumerate() {
            let (place, key) = (places[lane] as usize, self.cells.key(last));
            // In a run before all rows there is no combination before.
            let pruned = !first[lane] && key >= self.least[place.saturating_sub(self.back)];
            *verdict = if pruned {
                Verdict::Pruned
            } else if key < self.least[place] {
                Verdict::Open
            } else {
                Verdict::Unknown
            };
        }
    }
}
