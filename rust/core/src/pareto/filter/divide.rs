//! Four objectives and more: divide and conquer.
//!
//! Rows come in the total order, so the first objective needs no more comparing: halve the rows, solve both
//! halves, then drop from the later half what the earlier one dominates in the objectives that are left.
//! Dropping divides in turn, by the value of the next objective, until two objectives and a staircase
//! remain (Kung, Luccio and Preparata 1975; Jensen 2003). `O(n log^(k-2) n)` for k objectives, and never
//! much worse than comparing all pairs.

use super::order::{Buckets, Problem, Scratch};
use super::sample::scattered;
use super::staircase::Staircase;
use crate::control::{Control, Interrupted};
use crate::memory::{self, OutOfMemory};
use crate::parallel::{Crew, SERIAL_ROWS};

/// Up to this number, rows are compared pair by pair.
const FEW: usize = 48;
/// Up to this number of pairs, one set is tested against another pair by pair.
const FEW_PAIRS: usize = 2048;
/// Rows between two looks at the control.
const LOOK: usize = 1 << 15;
/// Values that a pivot is drawn from.
const SAMPLE: usize = 255;

/// Four objectives and more.
pub(super) fn many(problem: &Problem<'_>, rows: &[u32], control: &Control) -> Result<Vec<u32>, Interrupted> {
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

/// Keys of all objectives but the first, row by row, in the total order.
struct Rest<'a> {
    keys: Vec<i64>,
    width: usize,
    control: &'a Control,
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

    /// The rows of `from..to` that no earlier one of them covers; at width 3 ascending in the next objective.
    fn front(&self, from: u32, to: u32, threads: usize) -> Result<Vec<u32>, Interrupted> {
        self.control.check()?;
        if (to - from) as usize <= FEW {
            let mut kept: Vec<u32> = memory::room(FEW)?;
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
        let crew = Crew::of(self.control).at_most(forks);
        let (earlier, later) =
            crew.join(|| self.front(from, middle, forks / 2), || self.front(middle, to, forks - forks / 2));
        let mut earlier = earlier?;
        let later = self.uncovered(&earlier, later?, 0, threads)?;
        if self.width == 3 {
            return self.merge(&earlier, &later, 0);
        }
        memory::append(&mut earlier, &later)?;
        Ok(earlier)
    }

    /// Both lists in one, ascending in `objective` as they are.
    fn merge(&self, a: &[u32], b: &[u32], objective: usize) -> Result<Vec<u32>, Interrupted> {
        let mut merged = memory::room(a.len() + b.len())?;
        let mut next = 0;
        for some in b.chunks(LOOK) {
            self.control.check()?;
            for &row in some {
                let key = self.key(row, objective);
                while let Some(&other) = a.get(next).filter(|&&other| self.key(other, objective) <= key) {
                    merged.push(other);
                    next += 1;
                }
                merged.push(row);
            }
        }
        merged.extend_from_slice(&a[next..]);
        Ok(merged)
    }

    /// Rows in ascending order of `objective`: sorted in pieces, merged pair by pair.
    fn sorted(&self, rows: &[u32], objective: usize) -> Result<Vec<u32>, Interrupted> {
        if rows.len() <= LOOK {
            self.control.check()?;
            let mut rows = memory::copied(rows)?;
            rows.sort_unstable_by_key(|&row| self.key(row, objective));
            return Ok(rows);
        }
        let (a, b) = rows.split_at(rows.len() / 2);
        self.merge(&self.sorted(a, objective)?, &self.sorted(b, objective)?, objective)
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
                self.swept(&self.sorted(earlier, objective)?, self.sorted(&later, objective)?, objective)
            };
        }
        let Some(pivot) = self.pivot(earlier, &later, objective)? else {
            // One value: no two rows differ in this objective.
            return self.uncovered(earlier, later, objective + 1, threads);
        };
        let (earlier_low, earlier_high) = self.split(earlier, objective, pivot)?;
        let (later_low, later_high) = self.split(&later, objective, pivot)?;
        drop(later);
        let forks = if later_low.len() + later_high.len() >= SERIAL_ROWS { threads } else { 1 };
        let (low, high) = Crew::of(self.control).at_most(forks).join(
            || self.uncovered(&earlier_low, later_low, objective, forks / 2),
            || {
                let high = self.uncovered(&earlier_high, later_high, objective, forks - forks / 2)?;
                self.uncovered(&earlier_low, high, objective + 1, forks - forks / 2)
            },
        );
        let mut left = low?;
        memory::append(&mut left, &high?)?;
        Ok(left)
    }

    /// The rows with less than `pivot` in an objective, and the others.
    fn split(&self, rows: &[u32], objective: usize, pivot: i64) -> Result<(Vec<u32>, Vec<u32>), Interrupted> {
        let (mut low, mut high) = (Vec::new(), Vec::new());
        for some in rows.chunks(LOOK) {
            self.control.check()?;
            for &row in some {
                memory::push(if self.key(row, objective) < pivot { &mut low } else { &mut high }, row)?;
            }
        }
        Ok((low, high))
    }

    /// A value near the median with rows on both sides of it; `None` if there is one value only.
    fn pivot(&self, earlier: &[u32], later: &[u32], objective: usize) -> Result<Option<i64>, OutOfMemory> {
        let value = |&row: &u32| self.key(row, objective);
        let place = |at: usize| earlier.get(at).unwrap_or_else(|| &later[at - earlier.len()]);
        let sampled = scattered(earlier.len() + later.len(), SAMPLE);
        let mut sample = memory::collected(sampled.map(|at| value(place(at))))?;
        sample.sort_unstable();
        let median = sample[sample.len() / 2];
        if sample[0] < median {
            return Ok(Some(median));
        }
        // Most rows share one value. What is above or below it is cut off in a piece, so that few steps
        // leave that value alone.
        let values = || earlier.iter().chain(later).map(value);
        let next = values().filter(|&value| value > median).min();
        Ok(next.or_else(|| values().any(|value| value < median).then_some(median)))
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
                staircase.insert(self.key(other, objective + 1), self.key(other, objective + 2))?;
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
