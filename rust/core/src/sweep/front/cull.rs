//! The cheap test before the exact filter: is a configuration surely dominated by the front so far?
//!
//! All objectives but one, the *last*, are cut into intervals. For each combination of intervals the
//! [`Cull`] knows a threshold of the last objective: rows of the front that are not worse in the others
//! dominate everything from there on. With one objective there is one threshold; with two the thresholds
//! descend like stairs.
//!
//! A cull may leave a configuration doubtful that the front dominates, but never the other way round.
//! Configurations with NaN are always doubtful, so that the sink can count them.

use crate::pareto::Cells;
use crate::pareto::key::rank;

/// Thresholds in all; they fill half a second-level cache.
const THRESHOLDS: usize = 32_768;

/// Intervals of one objective; more would bring little for two objectives, and fill the first-level cache.
const INTERVALS: usize = 2_048;

/// Lanes whose best corner is looked at before each of them is.
const TOGETHER: usize = 8;

/// What the front so far surely dominates.
#[derive(Debug, Clone)]
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
    fn at(&self, key: i64) -> usize {
        ((key.wrapping_sub(self.first) as u64 >> self.shift) as usize).min(self.count - 1)
    }

    /// The first interval all of which is not better than this value, if there is one.
    fn not_better(&self, value: f64) -> Option<usize> {
        let key = self.cells.key(value);
        if key <= self.first {
            Some(0)
        } else if self.shift == 0 {
            // An interval of one key has that key throughout; the last one reaches further up.
            Some(self.at(key)).filter(|_| (key.wrapping_sub(self.first) as u64) < self.count as u64)
        } else {
            Some(self.at(key) + 1).filter(|&next| next < self.count)
        }
    }
}

impl Cull {
    /// Keeps everything.
    pub(super) fn nothing(bits: &[u32]) -> Self {
        let cells = bits.iter().map(|&bits| Cells::new(bits)).collect();
        Self { cells, last: 0, others: Vec::new(), thresholds: Vec::new() }
    }

    /// Culls by the rows of a front (columns of minimised objectives).
    pub(super) fn by(objectives: &[Vec<f64>], bits: &[u32]) -> Self {
        let mut cull = Self::nothing(bits);
        cull.also_by(objectives);
        cull
    }

    /// Culls by these rows too.
    pub(super) fn also_by(&mut self, objectives: &[Vec<f64>]) {
        if objectives[0].is_empty() {
            return;
        }
        if self.thresholds.is_empty() {
            self.lay_out(objectives);
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
    }

    /// Spreads intervals over the range of a front. The objective with most keys becomes the last.
    fn lay_out(&mut self, objectives: &[Vec<f64>]) {
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
        self.thresholds = vec![f64::NAN; stride];
    }

    /// Collects the lanes that are not surely dominated, in order.
    ///
    /// Most lanes lie far behind the front, and their neighbours with them: the best corner of several
    /// lanes is looked at before each of them.
    #[inline(always)]
    pub(super) fn doubtful(&self, columns: &[&[f64]], corners: &mut Vec<Vec<f64>>, out: &mut Vec<u32>) {
        if self.thresholds.is_empty() {
            out.extend(0..columns[0].len() as u32);
            return;
        }
        corners.resize_with(columns.len(), Vec::new);
        for (column, corners) in columns.iter().zip(corners.iter_mut()) {
            // A loop and no iterator chain: the chain would be compiled for the lowest SIMD level.
            corners.resize(column.len().div_ceil(TOGETHER), 0.0);
            let whole = column.chunks_exact(TOGETHER);
            if let [.., last] = corners.as_mut_slice() {
                *last = corner(whole.remainder());
            }
            for (least, part) in corners.iter_mut().zip(whole) {
                *least = corner(part);
            }
        }
        let corners = corners.as_slice();
        let with = |intervals: Intervals| {
            (intervals, columns[intervals.objective], corners[intervals.objective].as_slice())
        };
        let last = (columns[self.last], corners[self.last].as_slice());
        // Written out, so that the loops over few objectives are unrolled.
        match *self.others {
            [] => self.scan(last, &[], out),
            [a] => self.scan(last, &[with(a)], out),
            [a, b] => self.scan(last, &[with(a), with(b)], out),
            ref others => self.scan(last, &others.iter().copied().map(with).collect::<Vec<_>>(), out),
        }
    }

    #[inline(always)]
    fn scan(&self, last: (&[f64], &[f64]), others: &[(Intervals, &[f64], &[f64])], out: &mut Vec<u32>) {
        for (part, &corner) in last.1.iter().enumerate() {
            if self.doubts(corner, others.iter().map(|(intervals, _, corners)| (intervals, corners[part]))) {
                let start = part * TOGETHER;
                for lane in start..last.0.len().min(start + TOGETHER) {
                    let values = others.iter().map(|(intervals, column, _)| (intervals, column[lane]));
                    if self.doubts(last.0[lane], values) {
                        out.push(lane as u32);
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn doubts<'i>(&self, last: f64, others: impl Iterator<Item = (&'i Intervals, f64)>) -> bool {
        let (mut place, mut doubtful) = (0, false);
        for (intervals, value) in others {
            let key = intervals.cells.key(value);
            doubtful |= key < intervals.first || value.is_nan();
            place += intervals.at(key) * intervals.stride;
        }
        // NaN reaches no threshold, and nothing reaches a threshold that is NaN.
        let dominated = last >= self.thresholds[place];
        doubtful || !dominated
    }
}

/// The least of a few numbers; NaN if one of them is.
#[inline(always)]
fn corner(values: &[f64]) -> f64 {
    let less = |a: f64, b: f64| if a < b { a } else { b };
    let Ok(values) = <&[f64; TOGETHER]>::try_from(values) else {
        let nan = values.iter().any(|value| value.is_nan());
        return if nan { f64::NAN } else { values.iter().copied().fold(f64::INFINITY, less) };
    };
    // Halved, so that the lanes do most of it.
    const HALF: usize = TOGETHER / 2;
    let (mut least, mut nan) = ([0.0; HALF], [false; HALF]);
    for lane in 0..HALF {
        least[lane] = less(values[lane], values[lane + HALF]);
        nan[lane] = values[lane].is_nan() | values[lane + HALF].is_nan();
    }
    let least = less(less(least[0], least[2]), less(least[1], least[3]));
    if nan[0] | nan[1] | nan[2] | nan[3] { f64::NAN } else { least }
}

/// Lowers a threshold, where NaN stands for none.
fn lower(threshold: &mut f64, to: f64) {
    if to < *threshold || threshold.is_nan() {
        *threshold = to;
    }
}
