//! Answers: positions, objectives, and what the run did.

use super::question::Objective;
use super::stats::Stats;
use crate::control::{Control, Interrupted, LOOK};
use crate::memory;
use crate::pareto::Points;
use crate::space::Space;

/// Rows of an answer.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// For each axis of the space, each row's position.
    pub positions: Vec<Vec<u32>>,
    /// For each objective, each row's value.
    pub objectives: Vec<Vec<f64>>,
    /// What the run did.
    pub stats: Stats,
}

impl Answer {
    /// Maps points back to the user's axes and signs.
    pub(super) fn new(
        space: &Space,
        points: Points,
        objectives: &[Objective],
        stats: Stats,
        control: &Control,
    ) -> Result<Self, Interrupted> {
        let mut positions = vec![Vec::new(); space.lengths().len()];
        for column in &mut positions {
            *column = memory::room(points.indices.len())?;
        }
        for indices in points.indices.chunks(LOOK) {
            control.check()?;
            space.push_positions(indices, &mut positions)?;
        }
        let minimized = points.objectives.into_iter().zip(objectives);
        let objectives = minimized
            .map(|(mut values, objective)| {
                if objective.maximize {
                    values.iter_mut().for_each(|value| *value = -*value);
                }
                values
            })
            .collect();
        Ok(Self { positions, objectives, stats })
    }
}
