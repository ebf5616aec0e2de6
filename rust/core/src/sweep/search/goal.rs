//! What a search can be for: the front, the best of each group, all that is near enough, whether there is any.

use crate::control::Control;
use crate::error::Error;
use crate::pareto::archive::Archive;

use super::{Found, Goal};

/// The front of all configurations.
pub(in crate::sweep) struct FrontGoal {
    pub(in crate::sweep) archive: Archive,
    /// Rows beyond which the run is refused, and the limit that is told then.
    pub(in crate::sweep) cap: u64,
    pub(in crate::sweep) limit: u64,
}

impl Goal for FrontGoal {
    fn unsettled(&self, bounds: &[&[f64]], indices: &[u64], _groups: &[u32], open: &mut Vec<u32>) {
        self.archive.unsettled(bounds, indices, open);
    }

    fn take(&mut self, found: Vec<Found>, control: &Control) -> Result<(), Error> {
        self.archive.add(found.into_iter().map(|found| found.points).collect(), control)?;
        let rows = self.archive.len() as u64;
        if rows > self.cap { Err(Error::Limit { rows, limit: self.limit }) } else { Ok(()) }
    }

    fn rows(&self) -> usize {
        self.archive.len()
    }

    fn best_first(&self) -> bool {
        false
    }
}

/// The smallest value so far, and the smallest index that has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::sweep) struct Best {
    pub(in crate::sweep) value: f64,
    pub(in crate::sweep) index: u64,
}

impl Best {
    /// Whether another configuration is better.
    pub(in crate::sweep) fn better(self, value: f64, index: u64) -> bool {
        value < self.value || (value == self.value && index < self.index)
    }
}

/// The best configuration of each group; of all if there are no groups.
pub(in crate::sweep) struct BestGoal {
    pub(in crate::sweep) best: Vec<Option<Best>>,
}

/// The group of a lane; nothing was grouped if there are none.
fn group(groups: &[u32], lane: usize) -> usize {
    groups.get(lane).map_or(0, |&group| group as usize)
}

impl Goal for BestGoal {
    fn unsettled(&self, bounds: &[&[f64]], indices: &[u64], groups: &[u32], open: &mut Vec<u32>) {
        for (lane, (&bound, &index)) in bounds[0].iter().zip(indices).enumerate() {
            if self.best[group(groups, lane)].is_none_or(|best| best.better(bound, index)) {
                open.push(lane as u32);
            }
        }
    }

    fn take(&mut self, found: Vec<Found>, _control: &Control) -> Result<(), Error> {
        for Found { points, groups } in found {
            for (row, (&value, &index)) in points.objectives[0].iter().zip(&points.indices).enumerate() {
                let best = &mut self.best[group(&groups, row)];
                if best.is_none_or(|best| best.better(value, index)) {
                    *best = Some(Best { value, index });
                }
            }
        }
        Ok(())
    }

    fn rows(&self) -> usize {
        self.best.len()
    }

    fn best_first(&self) -> bool {
        true
    }
}

/// Every configuration whose objective is at most its group's limit.
pub(in crate::sweep) struct NearGoal {
    /// Nothing for groups without a configuration.
    pub(in crate::sweep) limits: Vec<Option<f64>>,
    pub(in crate::sweep) values: Vec<f64>,
    pub(in crate::sweep) indices: Vec<u64>,
    pub(in crate::sweep) max_rows: u64,
}

impl Goal for NearGoal {
    fn unsettled(&self, bounds: &[&[f64]], _indices: &[u64], groups: &[u32], open: &mut Vec<u32>) {
        for (lane, &bound) in bounds[0].iter().enumerate() {
            if self.limits[group(groups, lane)].is_some_and(|limit| bound <= limit) {
                open.push(lane as u32);
            }
        }
    }

    fn take(&mut self, found: Vec<Found>, _control: &Control) -> Result<(), Error> {
        for Found { points, .. } in found {
            self.values.extend_from_slice(&points.objectives[0]);
            self.indices.extend_from_slice(&points.indices);
        }
        let rows = self.indices.len() as u64;
        if rows > self.max_rows { Err(Error::Limit { rows, limit: self.max_rows }) } else { Ok(()) }
    }

    fn rows(&self) -> usize {
        self.indices.len()
    }

    /// A row would come twice.
    fn samples(&self) -> bool {
        false
    }

    fn best_first(&self) -> bool {
        false
    }
}

/// Whether there is any configuration.
#[derive(Default)]
pub(in crate::sweep) struct AnyGoal {
    pub(in crate::sweep) found: bool,
}

impl Goal for AnyGoal {
    fn unsettled(&self, _bounds: &[&[f64]], indices: &[u64], _groups: &[u32], open: &mut Vec<u32>) {
        open.extend(0..indices.len() as u32);
    }

    fn take(&mut self, found: Vec<Found>, _control: &Control) -> Result<(), Error> {
        self.found |= found.iter().any(|found| !found.points.indices.is_empty());
        Ok(())
    }

    fn rows(&self) -> usize {
        0
    }

    fn best_first(&self) -> bool {
        false
    }

    fn is_done(&self) -> bool {
        self.found
    }
}
