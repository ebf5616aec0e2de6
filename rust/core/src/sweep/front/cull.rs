//! The cheap test before the exact filter: is a configuration surely dominated by the front so far?
//!
//! A [`Cull`] never calls a configuration dominated that the front could still need: it asks for a
//! row of the front whose keys are at most the configuration's everywhere, and less somewhere. Rows
//! with NaN are always doubtful, so that the sink can count them.

use crate::pareto::Cells;
use crate::pareto::key::rank;

/// Intervals of the first objective. Their thresholds fill half a first-level cache.
const BUCKETS: usize = 2048;

/// Most rows of the front that a point cull tries.
const POINTS: usize = 64;

/// Lanes that a point cull looks at together.
const SEGMENT: usize = 32;

/// What the front so far surely dominates.
#[derive(Debug, Clone)]
pub(super) enum Cull {
    /// One objective: everything from this value on.
    Value(f64),
    /// Two objectives: in each interval of the first, everything from a threshold of the second on.
    Staircase(Staircase),
    /// Any number: everything in the upper corner of a few points.
    Points(Vec<Point>),
}

#[derive(Debug, Clone)]
pub(super) struct Staircase {
    first: i64,
    shift: u32,
    /// NaN where nothing is dominated.
    thresholds: Box<[f64; BUCKETS]>,
}

/// Where a row's cell begins and ends in each objective.
#[derive(Debug, Clone)]
pub(super) struct Point {
    cell: Vec<(f64, f64)>,
}

impl Cull {
    /// Keeps everything.
    pub(super) fn nothing(bits: &[u32]) -> Self {
        if bits.len() == 1 { Self::Value(f64::NAN) } else { Self::Points(Vec::new()) }
    }

    /// Culls by the rows of a front (columns of minimised objectives).
    pub(super) fn by(objectives: &[Vec<f64>], bits: &[u32]) -> Self {
        let mut cull = Self::nothing(bits);
        cull.also_by(objectives, bits);
        cull
    }

    /// Culls by these rows too.
    pub(super) fn also_by(&mut self, objectives: &[Vec<f64>], bits: &[u32]) {
        if objectives[0].is_empty() {
            return;
        }
        match (&mut *self, objectives) {
            (Self::Value(limit), [values]) => {
                for &value in values {
                    lower(limit, cell(value, bits[0]).1);
                }
            }
            (Self::Staircase(staircase), [first, second]) => staircase.lower(first, second, bits),
            (_, [first, second]) => {
                let mut staircase = Staircase::over(first);
                staircase.lower(first, second, bits);
                *self = Self::Staircase(staircase);
            }
            (Self::Points(points), _) => {
                let mut strongest = strongest(objectives, bits);
                strongest.append(points);
                strongest.truncate(2 * POINTS);
                *points = strongest;
            }
            (Self::Value(_) | Self::Staircase(_), _) => unreachable!("a cull keeps its number of objectives"),
        }
    }

    /// Collects the lanes that are not surely dominated.
    #[inline(always)]
    pub(super) fn doubtful<'v>(&self, lanes: usize, value: &impl Fn(usize) -> &'v [f64], out: &mut Vec<u32>) {
        match self {
            Self::Value(limit) => {
                let values = value(0);
                for lane in 0..lanes {
                    // A NaN on either side is doubtful.
                    if !(values[lane] >= *limit) {
                        out.push(lane as u32);
                    }
                }
            }
            Self::Staircase(staircase) => staircase.doubtful(value(0), value(1), out),
            Self::Points(points) => {
                let mut dominated = [0u64; SEGMENT];
                for start in (0..lanes).step_by(SEGMENT) {
                    let count = SEGMENT.min(lanes - start);
                    dominated.fill(0);
                    for point in points {
                        point.dominate(start, value, &mut dominated[..count]);
                        if dominated[..count].iter().all(|&lane| lane != 0) {
                            break;
                        }
                    }
                    let lanes =
                        dominated[..count].iter().enumerate().filter(|(_, dominated)| **dominated == 0);
                    out.extend(lanes.map(|(lane, _)| (start + lane) as u32));
                }
            }
        }
    }
}

impl Staircase {
    /// Intervals between the smallest and the largest of `first`.
    fn over(first: &[f64]) -> Self {
        let ordered = first.iter().map(|&value| rank(value));
        let (low, high) = ordered.fold((i64::MAX, i64::MIN), |(low, high), at| (low.min(at), high.max(at)));
        let span = high.wrapping_sub(low) as u64;
        // The first interval holds what is smaller than all of `first`.
        let shift = (0..64).find(|&shift| span >> shift < BUCKETS as u64 - 1).unwrap_or(63);
        let width = 1i64.checked_shl(shift).unwrap_or(i64::MAX);
        Self { first: low.saturating_sub(width), shift, thresholds: Box::new([f64::NAN; BUCKETS]) }
    }

    #[inline(always)]
    fn bucket(&self, value: f64) -> usize {
        let offset = rank(value).max(self.first).wrapping_sub(self.first) as u64;
        ((offset >> self.shift) as usize).min(BUCKETS - 1)
    }

    /// Lowers the thresholds by rows of a front: a row counts from the next interval on, all of which
    /// is at least as large as its first objective.
    fn lower(&mut self, first: &[f64], second: &[f64], bits: &[u32]) {
        for (&first, &second) in first.iter().zip(second) {
            let bucket = self.bucket(first) + 1;
            if bucket < BUCKETS {
                lower(&mut self.thresholds[bucket], cell(second, bits[1]).1);
            }
        }
        for bucket in 1..BUCKETS {
            let before = self.thresholds[bucket - 1];
            lower(&mut self.thresholds[bucket], before);
        }
    }

    /// Looks at the best corner of several lanes before it looks at each: most lanes lie far behind
    /// the front, and their neighbours with them.
    #[inline(always)]
    fn doubtful(&self, first: &[f64], second: &[f64], out: &mut Vec<u32>) {
        let keeps = |first: f64, second: f64| !(second >= self.thresholds[self.bucket(first)]);
        let mut each = |start: usize, first: &[f64], second: &[f64]| {
            for (lane, (&first, &second)) in first.iter().zip(second).enumerate() {
                if keeps(first, second) || first.is_nan() {
                    out.push((start + lane) as u32);
                }
            }
        };
        let (firsts, seconds) = (first.chunks_exact(TOGETHER), second.chunks_exact(TOGETHER));
        let rest = first.len() - firsts.remainder().len();
        each(rest, firsts.remainder(), seconds.remainder());
        for (part, (first, second)) in firsts.zip(seconds).enumerate() {
            let nan = first.iter().zip(second).fold(false, |nan, (a, b)| nan | a.is_nan() | b.is_nan());
            if nan || keeps(least(first), least(second)) {
                each(part * TOGETHER, first, second);
            }
        }
    }
}

/// Lanes whose corner is looked at.
const TOGETHER: usize = 8;

/// The least of [`TOGETHER`] numbers, halving them so that the lanes do most of it.
#[inline(always)]
fn least(values: &[f64]) -> f64 {
    let less = |a: f64, b: f64| if a < b { a } else { b };
    let mut halves = [0.0; TOGETHER / 2];
    for (lane, half) in halves.iter_mut().enumerate() {
        *half = less(values[lane], values[lane + TOGETHER / 2]);
    }
    halves.into_iter().fold(f64::INFINITY, less)
}

impl Point {
    #[inline(always)]
    fn dominate<'v>(&self, start: usize, value: &impl Fn(usize) -> &'v [f64], dominated: &mut [u64]) {
        let mut not_better = [1u64; SEGMENT];
        let mut worse = [0u64; SEGMENT];
        for (objective, &(begin, end)) in self.cell.iter().enumerate() {
            let values = &value(objective)[start..start + dominated.len()];
            for (lane, &value) in values.iter().enumerate() {
                not_better[lane] &= u64::from(value >= begin);
                worse[lane] |= u64::from(value >= end);
            }
        }
        for (lane, dominated) in dominated.iter_mut().enumerate() {
            *dominated |= not_better[lane] & worse[lane];
        }
    }
}

/// Where the cell of `value` begins, and the smallest value beyond it (NaN if there is none).
fn cell(value: f64, bits: u32) -> (f64, f64) {
    let cells = Cells::new(bits);
    let key = cells.key(value);
    (cells.lower_edge(key), cells.lower_edge(key.saturating_add(1)))
}

/// Lowers a threshold, where NaN stands for none.
fn lower(threshold: &mut f64, to: f64) {
    if to < *threshold || threshold.is_nan() {
        *threshold = to;
    }
}

/// A few rows that dominate much: the least of many weighted sums, spread over the objectives.
fn strongest(objectives: &[Vec<f64>], bits: &[u32]) -> Vec<Point> {
    let rows = objectives[0].len();
    // Objectives differ in magnitude; the order of their bits is close to their logarithm.
    let scale: Vec<(f64, f64)> = objectives
        .iter()
        .map(|column| {
            let ordered = column.iter().map(|&value| rank(value) as f64);
            let (low, high) =
                ordered.fold((f64::MAX, f64::MIN), |(low, high), at| (low.min(at), high.max(at)));
            (low, (high - low).max(1.0))
        })
        .collect();
    let mut chosen: Vec<usize> = (0..POINTS)
        .filter_map(|draw| {
            // Weights from a fixed low-discrepancy sequence: the choice is reproducible.
            let weights: Vec<f64> = (0..objectives.len())
                .map(|objective| {
                    let root = 1.0 / 1.324_717_957_244_746f64.powi(objective as i32 + 1);
                    0.02 + (0.5 + draw as f64 * root).fract()
                })
                .collect();
            let score = |row: usize| -> f64 {
                let terms = objectives.iter().zip(&scale).zip(&weights);
                terms
                    .map(|((column, (low, span)), weight)| {
                        let at = (rank(column[row]) as f64 - low) / span;
                        weight * at * at
                    })
                    .sum()
            };
            (0..rows).step_by((rows / 4096).max(1)).min_by(|&a, &b| score(a).total_cmp(&score(b)))
        })
        .collect();
    chosen.sort_unstable();
    chosen.dedup();
    chosen
        .into_iter()
        .map(|row| Point {
            cell: objectives.iter().zip(bits).map(|(column, &bits)| cell(column[row], bits)).collect(),
        })
        .collect()
}
