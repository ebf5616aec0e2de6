//! The best configuration by one objective.

use crate::memory::{self, OutOfMemory};
use crate::pareto::Points;

/// The smallest value so far, and the smallest index that has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Best {
    pub(super) value: f64,
    pub(super) index: u64,
}

impl Best {
    /// Those that were found, group by group.
    pub(super) fn points(groups: Vec<Option<Self>>) -> Result<Points, OutOfMemory> {
        let found = memory::gathered(groups.into_iter().flatten())?;
        Ok(Points {
            objectives: vec![memory::collected(found.iter().map(|best| best.value))?],
            indices: memory::collected(found.iter().map(|best| best.index))?,
        })
    }

    /// Whether another configuration is better.
    pub(super) fn better(self, value: f64, index: u64) -> bool {
        value < self.value || (value == self.value && index < self.index)
    }
}
