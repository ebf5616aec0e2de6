//! Where to look in a staircase: buckets of equal width over the keys of x.

use std::ops::Range;

use super::Step;
use crate::pareto::key::{Cells, rank};

/// Lanes that are looked at together.
pub(super) const BLOCK: usize = 256;

/// Buckets for each step.
const PER_STEP: usize = 2;

/// Runs of ranks of x. Bucket 0 lies before all steps; the last one has no end.
#[derive(Debug, Clone)]
pub(super) struct Buckets {
    /// The first rank of bucket 1, and that of the last bucket. Buckets hold whole cells.
    low: i64,
    high: i64,
    /// Each bucket holds `2^shift` ranks.
    shift: u32,
    /// From which y on a lane of this bucket is surely dominated; NaN if none is.
    thresholds: Vec<f64>,
    /// The first step of each bucket; one more at the end.
    starts: Vec<u32>,
}

impl Buckets {
    /// At most `most` buckets over the range of these steps.
    pub(super) fn over(steps: &[Step], x: Cells, y: Cells, most: usize) -> Self {
        let low = steps.first().map_or(0, |step| x.first_rank(x.key(step.x)));
        let last = steps.last().map_or(0, |step| rank(step.x));
        let span = last.wrapping_sub(low) as u64;
        let most = (PER_STEP * steps.len()).clamp(1, most) as u64;
        let shift = (x.shift()..64).find(|&shift| span >> shift < most).unwrap_or(63);
        let count = (span >> shift) as usize + 1;
        let high = low.wrapping_add(((span >> shift) << shift) as i64);
        let mut buckets = Self {
            low,
            high,
            shift,
            thresholds: Vec::with_capacity(count + 1),
            starts: Vec::with_capacity(count + 2),
        };
        buckets.thresholds.push(f64::NAN);
        buckets.starts.push(0);
        let (mut next, mut threshold) = (0, f64::NAN);
        for bucket in 1..=count {
            buckets.starts.push(next as u32);
            buckets.thresholds.push(threshold);
            let from = next;
            while next < steps.len() && buckets.place(steps[next].x) as usize == bucket {
                next += 1;
            }
            if next > from {
                threshold = y.lower_edge(y.key(steps[next - 1].y));
            }
        }
        buckets.starts.push(steps.len() as u32);
        buckets
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
            // Nothing reaches a threshold that is NaN.
            let dominated = y >= self.thresholds[place as usize];
            found += usize::from(!dominated);
        }
        found
    }
}
