//! Four objectives and more: divide and conquer.
//!
//! Rows come in the total order, so the first objective needs no more comparing: halve the rows, solve both
//! halves, then drop from the later half what the earlier one dominates in the objectives that are left.
//! Dropping divides in turn, by the value of the next objective, until two objectives and a staircase
//! remain (Kung, Luccio and Preparata 1975; Jensen 2003). `O(n log^(k-2) n)` for k objectives, and never
//! much worse than comparing all pairs.

use super::staircase::Staircase;
use crate::control::{Control, Interrupted};
use crate::parallel::{SERIAL_ROWS, join};

/// So few rows are compared pair by pair.
const FEW: usize = 48;
/// So few pairs, when one set is tested against another.
const FEW_PAIRS: usize = 2048;
/// Rows between two looks at the control.
const LOOK: usize = 4096;

/// Keys of all objectives but the first, row by row, in the total order.
pub(super) struct Rest<'a> {
    pub(super) keys: Vec<i64>,
    pub(super) width: usize,
    pub(super) control: &'a Control,
}

impl Rest<'_> {
    #[inline(always)]
    fn key(&self, row: u32, objective: usize) -> i64 {
        self.keys[row as usize * self.width + objective]
    }

    /// Whether `a` is at most `b` in every objective from `from` on.
    #[inline(always)]
    fn covers(&self, a: u32, b: u32, from: usize) -> bool {
        let (a, b) = (a as usize * self.width, b as usize * self.width);
        let (a, b) = (&self.keys[a + from..a + self.width], &self.keys[b + from..b + self.width]);
        a.iter().zip(b).all(|(a, b)| a <= b)
    }

    /// The rows of `from..to` that no earlier one of them covers, ascending in the next objective.
    pub(super) fn front(&self, from: u32, to: u32, threads: usize) -> Result<Vec<u32>, Interrupted> {
        self.control.check()?;
        if (to - from) as usize <= FEW {
            let mut kept: Vec<u32> = Vec::with_capacity(FEW);
            for row in from..to {
                if !kept.iter().any(|&other| self.covers(other, row, 0)) {
                    kept.push(row);
                }
            }
            kept.sort_unstable_by_key(|&row| self.key(row, 0));
            return Ok(kept);
        }
        let middle = from + (to - from) / 2;
        let forks = if (to - from) as usize >= SERIAL_ROWS { threads } else { 1 };
        let (earlier, later) =
            join(forks, || self.front(from, middle, forks / 2), || self.front(middle, to, forks - forks / 2));
        let earlier = earlier?;
        let mut later = self.uncovered(&earlier, later?, 0, threads)?;
        if self.width > 3 {
            later.sort_unstable_by_key(|&row| self.key(row, 0));
        }
        Ok(self.merge(&earlier, &later))
    }

    /// Both lists in one, ascending in the next objective as they are.
    fn merge(&self, a: &[u32], b: &[u32]) -> Vec<u32> {
        let mut merged = Vec::with_capacity(a.len() + b.len());
        let mut next = 0;
        for &row in b {
            let ahead = a[next..].iter().take_while(|&&other| self.key(other, 0) <= self.key(row, 0)).count();
            merged.extend_from_slice(&a[next..next + ahead]);
            next += ahead;
            merged.push(row);
        }
        merged.extend_from_slice(&a[next..]);
        merged
    }

    /// The rows of `later` that no row of `earlier` covers in the objectives from `objective` on, in any order.
    ///
    /// At three objectives left, both lists come and go in ascending order of `objective` if all do.
    fn uncovered(
        &self,
        earlier: &[u32],
        mut later: Vec<u32>,
        objective: usize,
        threads: usize,
    ) -> Result<Vec<u32>, Interrupted> {
        self.control.check()?;
        if earlier.is_empty() || later.is_empty() {
            return Ok(later);
        }
        if earlier.len() * later.len() <= FEW_PAIRS {
            later.retain(|&row| !earlier.iter().any(|&other| self.covers(other, row, objective)));
            return Ok(later);
        }
        if self.width - objective == 3 {
            return if objective == 0 {
                self.swept(earlier, later, objective)
            } else {
                let mut earlier = earlier.to_vec();
                earlier.sort_unstable_by_key(|&row| self.key(row, objective));
                later.sort_unstable_by_key(|&row| self.key(row, objective));
                self.swept(&earlier, later, objective)
            };
        }
        let Some(pivot) = self.pivot(earlier, &later, objective) else {
            // One value: the objective tells nobody apart.
            return self.uncovered(earlier, later, objective + 1, threads);
        };
        let below = |&row: &u32| self.key(row, objective) < pivot;
        let (earlier_low, earlier_high): (Vec<u32>, Vec<u32>) = earlier.iter().partition(|row| below(row));
        let (later_low, later_high): (Vec<u32>, Vec<u32>) = later.iter().partition(|row| below(row));
        drop(later);
        let forks = if later_low.len() + later_high.len() >= SERIAL_ROWS { threads } else { 1 };
        let (low, high) = join(
            forks,
            || self.uncovered(&earlier_low, later_low, objective, forks / 2),
            || {
                let high = self.uncovered(&earlier_high, later_high, objective, forks - forks / 2)?;
                self.uncovered(&earlier_low, high, objective + 1, forks - forks / 2)
            },
        );
        let mut left = low?;
        left.extend(high?);
        Ok(left)
    }

    /// A value near the median with rows on both sides of it; `None` if there is one value only.
    fn pivot(&self, earlier: &[u32], later: &[u32], objective: usize) -> Option<i64> {
        let mut values: Vec<i64> = earlier.iter().chain(later).map(|&row| self.key(row, objective)).collect();
        let (below, &mut median, above) = {
            let middle = values.len() / 2;
            values.select_nth_unstable(middle)
        };
        if below.iter().any(|&value| value < median) {
            Some(median)
        } else {
            above.iter().copied().filter(|&value| value > median).min()
        }
    }

    /// [`uncovered`](Self::uncovered) at three objectives left, both lists ascending in the first of them.
    fn swept(&self, earlier: &[u32], mut later: Vec<u32>, objective: usize) -> Result<Vec<u32>, Interrupted> {
        let mut staircase = Staircase::default();
        let mut next = 0;
        let mut left = 0;
        for place in 0..later.len() {
            if place % LOOK == 0 {
                self.control.check()?;
            }
            let row = later[place];
            while let Some(&other) = earlier.get(next) {
                if self.key(other, objective) > self.key(row, objective) {
                    break;
                }
                staircase.insert(self.key(other, objective + 1), self.key(other, objective + 2));
                next += 1;
            }
            later[left] = row;
            left +=
                usize::from(!staircase.covers(self.key(row, objective + 1), self.key(row, objective + 2)));
        }
        later.truncate(left);
        Ok(later)
    }
}
