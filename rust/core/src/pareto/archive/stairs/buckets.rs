//! Where to look in a staircase: buckets of equal width over the keys of x.
//!
//! A bucket knows its steps, and a threshold: the y of the last step before it. A lane of the bucket that reaches the
//! threshold is dominated, and one that does not even reach that of the next bucket is open. Only between the two
//! are steps looked at.

use std::ops::Range;

use super::step::Step;
use crate::memory::{self, OutOfMemory};
use crate::pareto::key::{Cells, rank};

/// Lanes that are looked at together.
pub(super) const BLOCK: usize = 256;

/// Runs of ranks of x. Bucket 0 lies before all steps; the last one has no end.
#[derive(Debug, Clone)]
pub(super) struct Buckets {
    /// The first rank of bucket 1, and that of the last bucket. Buckets hold whole cells.
    low: i64,
    high: i64,
    /// Each bucket holds `2^shift` ranks.
    shift: u32,
    /// The least number of the cell of the y of the last step before each bucket, and at last of all steps.
    /// NaN, which no number reaches, where there is no step.
    thresholds: Vec<f64>,
    /// How many steps lie before each bucket, and at last all of them.
    starts: Vec<u32>,
}

impl Buckets {
    /// Buckets without steps.
    pub(super) fn new(x: Cells, y: Cells) -> Self {
        let mut buckets = Self { low: 0, high: 0, shift: 0, thresholds: Vec::new(), starts: Vec::new() };
        buckets.rebuild(&[], x, y, 1).expect("a few bytes");
        buckets
    }

    /// Spreads at most `most` buckets over the range of these steps, about one for each.
    ///
    /// Each step leaves its mark in the bucket after its own; then marks are handed on. That has no branches that
    /// depend on the steps, which a walk along both would have.
    pub(super) fn rebuild(
        &mut self,
        steps: &[Step],
        x: Cells,
        y: Cells,
        most: usize,
    ) -> Result<(), OutOfMemory> {
        self.low = steps.first().map_or(0, |step| x.first_rank(x.key(step.x)));
        let last = steps.last().map_or(0, |step| rank(step.x));
        let span = last.wrapping_sub(self.low) as u64;
        let most = steps.len().clamp(1, most) as u64;
        self.shift = (x.shift()..64).find(|&shift| span >> shift < most).unwrap_or(63);
        let count = (span >> self.shift) as usize + 1;
        self.high = self.low.wrapping_add(((span >> self.shift) << self.shift) as i64);
        self.thresholds.clear();
        memory::resize(&mut self.thresholds, count + 2, f64::NAN)?;
        self.starts.clear();
        memory::resize(&mut self.starts, count + 2, 0)?;
        for (end, step) in (1..).zip(steps) {
            let after = self.place(step.x) as usize + 1;
            self.starts[after] = end;
            self.thresholds[after] = y.lower_edge(y.key(step.y));
        }
        let (mut start, mut threshold) = (0, f64::NAN);
        for (own_start, own_threshold) in self.starts.iter_mut().zip(&mut self.thresholds) {
            start = start.max(*own_start);
            *own_start = start;
            threshold = threshold.min(*own_threshold);
            *own_threshold = threshold;
        }
        Ok(())
    }

    /// How many buckets hold steps.
    pub(super) fn filled(&self) -> usize {
        self.starts.windows(2).filter(|pair| pair[0] < pair[1]).count()
    }

    /// The bucket of a number.
    #[inline(always)]
    fn place(&self, x: f64) -> u32 {
        let rank = rank(x);
        let inside = rank.max(self.low).min(self.high);
        let place = (inside.wrapping_sub(self.low) as u64 >> self.shift) as u32 + 1;
        if rank < self.low { 0 } else { place }
    }

    /// The steps of a bucket.
    #[inline(always)]
    pub(super) fn steps(&self, bucket: usize) -> Range<usize> {
        self.starts[bucket] as usize..self.starts[bucket + 1] as usize
    }

    /// Whether a lane of this bucket is open for all steps that the bucket may hold.
    #[inline(always)]
    pub(super) fn surely_open(&self, bucket: usize, y: f64) -> bool {
        let reaches = y >= self.thresholds[bucket + 1];
        !reaches
    }

    /// Finds the buckets of a block of lanes, and the lanes that are not surely dominated; returns their number.
    #[inline(always)]
    pub(super) fn doubt(
        &self,
        x: &[f64],
        y: &[f64],
        places: &mut [u32; BLOCK],
        doubtful: &mut [u32; BLOCK],
    ) -> usize {
        for (place, &x) in places.iter_mut().zip(x) {
            *place = self.place(x);
        }
        let mut found = 0;
        for (lane, (&place, &y)) in places.iter().zip(y).enumerate() {
            doubtful[found] = lane as u32;
            let dominated = y >= self.thresholds[place as usize];
            found += usize::from(!dominated);
        }
        found
    }
}
