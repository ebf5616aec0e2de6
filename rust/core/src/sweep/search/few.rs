//! Goals of few configurations, and of all: the best of each group, all that is near it, whether there is any.

use super::goal::{Candidates, Found, Goal, each_group, group};
use crate::control::{Control, Interrupted};
use crate::error::Error;
use crate::memory::{self, OutOfMemory};
use crate::pareto::Points;
use crate::sweep::least::Best;

/// The best configuration of each group; of all if there are no groups.
pub(super) struct BestGoal {
    pub(super) best: Vec<Option<Best>>,
}

impl Goal for BestGoal {
    fn unpruned(&self, candidates: &Candidates<'_>, open: &mut Vec<u32>) -> Result<(), OutOfMemory> {
        let &Candidates { bounds, indices, groups } = candidates;
        memory::reserve(open, indices.len())?;
        for (lane, (&bound, &index)) in bounds[0].iter().zip(indices).enumerate() {
            if self.best[group(groups, lane)].is_none_or(|best| best.better(bound, index)) {
                open.push(lane as u32);
            }
        }
        Ok(())
    }

    fn absorb(&mut self, found: Vec<Found>, _control: &Control) -> Result<(), Error> {
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

    fn lowest_first(&self) -> &[usize] {
        &[0]
    }
}

/// Every configuration, each once.
pub(super) struct AllGoal {
    groups: Vec<Points>,
    rows: u64,
    max_rows: u64,
}

impl AllGoal {
    pub(super) fn new(groups: usize, max_rows: u64) -> Result<Self, OutOfMemory> {
        Ok(Self { groups: each_group(groups, || Points::none(1))?, rows: 0, max_rows })
    }

    /// The rows of each group, best first.
    pub(super) fn into_points(self, control: &Control) -> Result<Vec<Points>, Interrupted> {
        let mut sorted = memory::room(self.groups.len())?;
        for points in self.groups {
            sorted.push(points.sorted(control)?);
        }
        Ok(sorted)
    }
}

impl Goal for AllGoal {
    fn absorb(&mut self, found: Vec<Found>, _control: &Control) -> Result<(), Error> {
        for Found { points, groups } in found {
            self.rows += points.indices.len() as u64;
            let rows = points.objectives[0].iter().zip(&points.indices).enumerate();
            for (row, (&value, &index)) in rows {
                let points = &mut self.groups[group(&groups, row)];
                memory::push(&mut points.objectives[0], value)?;
                memory::push(&mut points.indices, index)?;
            }
        }
        let (rows, limit) = (self.rows, self.max_rows);
        if rows > limit { Err(Error::Limit { rows, limit }) } else { Ok(()) }
    }

    fn rows(&self) -> usize {
        self.rows as usize
    }

    /// A row would come twice.
    fn samples(&self) -> bool {
        false
    }
}

/// Whether there is any configuration.
#[derive(Default)]
pub(super) struct AnyGoal {
    pub(super) found: bool,
}

impl Goal for AnyGoal {
    fn absorb(&mut self, found: Vec<Found>, _control: &Control) -> Result<(), Error> {
        self.found |= found.iter().any(|found| !found.points.indices.is_empty());
        Ok(())
    }

    fn rows(&self) -> usize {
        0
    }

    fn is_done(&self) -> bool {
        self.found
    }
}
