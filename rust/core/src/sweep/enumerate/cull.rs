//! The cheap test before the exact filter: is a configuration surely dominated by the front so far?
//!
//! All objectives but one, the *last*, are cut into intervals. For each combination of intervals the
//! [`Cull`] knows a threshold of the last objective: rows of the front that are not worse in the others
//! dominate everything from there on. With one objective there is one threshold; with two the thresholds
//! descend like stairs.
//!
//! A configuration that the front dominates may survive the cull; one that it does not dominate always does.
//! Configurations with NaN always survive, so that the sink can count them.

use crate::memory::{self, OutOfMemory};
use crate::pareto::Cells;
use crate::pareto::key::rank;

/// Thresholds in all; they fill half a second-level cache.
const THRESHOLDS: usize = 32_768;

/// Intervals of one objective; more would bring little for two objectives, and fill the first-level cache.
const INTERVALS: usize = 2_048;

/// Behind all thresholds, however many objectives add to it.
const NOWHERE: u64 = 1 << 32;

/// What the front so far surely dominates.
#[derive(Debug)]
pub(super) struct Cull {
    cells: Vec<Cells>,
    /// The objective that thresholds are of.
    last: usize,
    /// The others.
    others: Vec<Intervals>,
    /// One for each combination of intervals; NaN where nothing is dominated.
    thresholds: Vec<f64>,
}

/// Intervals of one objective: runs of keys.
#[derive(Debug, Clone, Copy)]
struct Intervals {
    objective: usize,
    cells: Cells,
    /// The first key of the first interval.
    first: i64,
    /// Each interval holds `2^shift` keys; the last one also all that are larger.
    shift: u32,
    count: usize,
    /// How far apart in the thresholds neighbours are.
    stride: usize,
}

impl Intervals {
    /// The interval of a key that is not smaller than all of them.
    #[inline(always)]
    fn at(&self, key: i64) -> u64 {
        (key.wrapping_sub(self.first) as u64 >> self.shift).min(self.count as u64 - 1)
    }

    /// What a number adds to its place in the thresholds: [`NOWHERE`] if it is in no interval.
    #[inline(always)]
    fn place(&self, value: f64) -> u64 {
        let key = self.cells.key(value);
        // Both factors are short, which spares most of a long product.
        let place = u64::from(self.at(key) as u32) * u64::from(self.stride as u32);
        if (key < self.first) | value.is_nan() { NOWHERE } else { place }
    }

    /// The first interval all of which is not better than this value, if there is one.
    fn not_better(&self, value: f64) -> Option<usize> {
        let key = self.cells.key(value);
        let at = self.at(key) as usize;
        if key <= self.first {
            Some(0)
        } else if self.shift == 0 {
            // An interval of one key has that key throughout; the last one reaches further up.
            Some(at).filter(|_| (key.wrapping_sub(self.first) as u64) < self.count as u64)
        } else {
            Some(at + 1).filter(|&next| next < self.count)
        }
    }
}

impl Cull {
    /// Keeps everything.
    pub(super) fn nothing(bits: &[u32]) -> Self {
        let cells = bits.iter().map(|&bits| Cells::new(bits)).collect();
        Self { cells, last: 0, others: Vec::new(), thresholds: Vec::new() }
    }

    /// The same once more.
    pub(super) fn copied(&self) -> Result<Self, OutOfMemory> {
        let thresholds = memory::copied(&self.thresholds)?;
        Ok(Self { cells: self.cells.clone(), others: self.others.clone(), thresholds, ..*self })
    }

    /// Whether anything is dominated.
    #[inline(always)]
    pub(super) fn knows(&self) -> bool {
        !self.thresholds.is_empty()
    }

    /// Culls by the rows of a front (columns of minimised objectives).
    pub(super) fn by(objectives: &[Vec<f64>], bits: &[u32]) -> Result<Self, OutOfMemory> {
        let mut cull = Self::nothing(bits);
        cull.also_by(objectives)?;
        Ok(cull)
    }

    /// Culls by these rows too.
    pub(super) fn also_by(&mut self, objectives: &[Vec<f64>]) -> Result<(), OutOfMemory> {
        if objectives[0].is_empty() {
            return Ok(());
        }
        if !self.knows() {
            self.lay_out(objectives)?;
        }
        for (row, &value) in objectives[self.last].iter().enumerate() {
            let place = self.others.iter().try_fold(0, |place, intervals| {
                let interval = intervals.not_better(objectives[intervals.objective][row])?;
                Some(place + interval * intervals.stride)
            });
            if let Some(place) = place {
                let cells = self.cells[self.last];
                let end = cells.lower_edge(cells.key(value).saturating_add(1));
                lower(&mut self.thresholds[place], end);
            }
        }
        // What dominates an interval dominates all behind it.
        for intervals in &self.others {
            for place in 0..self.thresholds.len() {
                if place / intervals.stride % intervals.count > 0 {
                    let before = self.thresholds[place - intervals.stride];
                    lower(&mut self.thresholds[place], before);
                }
            }
        }
        Ok(())
    }

    /// Spreads intervals over the range of a front. The objective with most keys becomes the last.
    fn lay_out(&mut self, objectives: &[Vec<f64>]) -> Result<(), OutOfMemory> {
        let mut ranges: Vec<(usize, i64, u64)> = objectives
            .iter()
            .enumerate()
            .map(|(objective, column)| {
                let keys = column.iter().map(|&value| self.cells[objective].key_of_rank(rank(value)));
                let (low, high) =
                    keys.fold((i64::MAX, i64::MIN), |(low, high), key| (low.min(key), high.max(key)));
                (objective, low, high.wrapping_sub(low) as u64)
            })
            .collect();
        ranges.sort_by_key(|&(_, _, span)| span);
        if let Some((objective, _, _)) = ranges.pop() {
            self.last = objective;
        }
        let (mut stride, mut budget) = (1, THRESHOLDS);
        for (place, &(objective, first, span)) in ranges.iter().enumerate() {
            let share = (budget as f64).powf(1.0 / (ranges.len() - place) as f64).floor();
            let most = (share as usize).clamp(1, INTERVALS) as u64;
            let shift = (0..63).find(|&shift| span >> shift < most).unwrap_or(63);
            let count = (span >> shift) as usize + 1;
            self.others.push(Intervals {
                objective,
                cells: self.cells[objective],
                first,
                shift,
                count,
                stride,
            });
            (stride, budget) = (stride * count, budget / count);
        }
        self.thresholds = memory::filled(stride, f64::NAN)?;
        Ok(())
    }

    /// Pushes the rows of `columns` that are not surely dominated, in order.
    ///
    /// `places` is scratch memory: the combination of intervals of each row is found first, objective by
    /// objective, in loops that the compiler can make vector instructions of.
    #[inline(always)]
    pub(super) fn survivors(
        &self,
        columns: &[Vec<f64>],
        places: &mut Vec<u64>,
        out: &mut Vec<u32>,
    ) -> Result<(), OutOfMemory> {
        let last = columns[self.last].as_slice();
        memory::reserve(out, last.len())?;
        if !self.knows() {
            out.extend(0..last.len() as u32);
            return Ok(());
        }
        places.clear();
        memory::resize(places, last.len(), 0)?;
        for intervals in &self.others {
            for (place, &value) in places.iter_mut().zip(&columns[intervals.objective]) {
                *place += intervals.place(value);
            }
        }
        for (row, (value, &place)) in last.iter().zip(places.iter()).enumerate() {
            // NaN reaches no threshold, and no number reaches a threshold that is NaN.
            let threshold = usize::try_from(place).ok().and_then(|place| self.thresholds.get(place));
            let dominated = threshold.is_some_and(|threshold| value >= threshold);
            if !dominated {
                out.push(row as u32);
            }
        }
        Ok(())
    }
}

/// Lowers a threshold, where NaN stands for none.
fn lower(threshold: &mut f64, to: f64) {
    if to < *threshold || threshold.is_nan() {
        *threshold = to;
    }
}
