//! The rounds of a search.

use super::context::Search;
use super::expand::Worker;
use super::goal::{Goal, ROUND};
use super::incumbents;
use super::proof::Proof;
use crate::control::Control;
use crate::error::Error;
use crate::memory;
use crate::parallel::Crew;
use crate::sweep::stats::Stats;

/// Boxes that one job splits.
const JOB_BOXES: usize = 256;

/// Rounds with fewer boxes are run on the calling thread.
const WORTH_A_THREAD: usize = 2 * JOB_BOXES;

/// Configurations looked at before the first box, and what share of all they are at most.
const SAMPLE: u64 = 4096;
const SAMPLE_SHARE: u64 = 64;

impl Search<'_> {
    /// Runs until every configuration is pruned or evaluated.
    pub(super) fn run(
        &self,
        goal: &mut impl Goal,
        control: &Control,
        stats: &mut Stats,
    ) -> Result<(), Error> {
        let mut open = self.start()?;
        let mut probes = Vec::new();
        if goal.samples() {
            probes = incumbents::probes(self)?;
            let size: u64 = self.program.slots.iter().map(|slot| u64::from(slot.length)).product();
            let sample = Worker::new(self, &probes).sample(goal, SAMPLE.min(size / SAMPLE_SHARE) as usize)?;
            goal.absorb(vec![sample], control)?;
        }
        let mut workers = Vec::new();
        while open.len() > 0 && !goal.is_done() {
            let most = goal.most_boxes().clamp(ROUND.start, ROUND.end);
            let count = open.len().min(goal.rows().saturating_mul(2).clamp(ROUND.start, most));
            let first = open.len() - count;
            let jobs = count.div_ceil(JOB_BOXES);
            let crew = Crew::if_worth(control, count >= WORTH_A_THREAD);
            let shared: &_ = goal;
            let outcomes = crew.map_with(
                jobs,
                &mut workers,
                || Ok(Worker::new(self, &probes)),
                |worker, job| {
                    control.check()?;
                    let boxes = job * JOB_BOXES..count.min((job + 1) * JOB_BOXES);
                    let mut outcome = worker.expand(shared, &open, first + boxes.start..first + boxes.end)?;
                    shared.prefilter(&mut outcome.found)?;
                    control.advance(outcome.settled() * self.weight);
                    Ok(outcome)
                },
            )?;
            open.truncate(first);
            let mut found = memory::room(outcomes.len())?;
            for outcome in outcomes {
                let (parts, some) = outcome.count(stats, self.weight);
                open.append(parts)?;
                found.push(some);
            }
            let ordered = goal.lowest_first();
            if !ordered.is_empty() {
                open.best_last(first, ordered)?;
            }
            let ordered = !ordered.is_empty();
            goal.absorb(found, control)?;
            let groups = || self.groups_of(|slot| open.first[slot].iter().copied());
            goal.check_size(&open, groups, control)?;
            if let Some(size) = goal.proof(stats.bounded + stats.evaluated, stats.size) {
                let mut proof = Proof::new(size);
                control.aside(|| self.run(&mut proof, control, &mut Stats::default()))?;
            }
            if !ordered && !goal.lowest_first().is_empty() {
                open.best_last(0, goal.lowest_first())?;
            }
        }
        Ok(())
    }
}
