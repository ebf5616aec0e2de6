//! Branch and bound: exact answers without looking at every configuration.
//!
//! ```text
//! open = [the whole space]; goal = whatever a coarse sample of configurations gives
//! while open holds boxes:
//!     take some of the last boxes; for each that the goal does not settle by now, in parallel:
//!         split it along the axes that narrow its bounds most
//!         bound the parts; leave out those where a constraint surely fails or that the goal settles
//!         small parts: compute their configurations; large parts: back to open, and compute one of each (see `spots`)
//!     the goal takes in the configurations found
//! ```
//!
//! Rounds and the goal's part in them depend on the question only, so answers and counts are the same for
//! any number of threads. Taking the last boxes keeps the number of open ones small.

mod ask;
mod choices;
mod expand;
mod goal;
mod open;
mod proof;
mod spots;
mod weights;

use std::ops::Range;

use crate::control::Control;
use crate::error::Error;
use crate::memory::{self, OutOfMemory};
use crate::parallel::Crew;
use crate::pareto::Points;
use crate::program::search::SearchProgram;

use super::stats::Stats;
pub(super) use ask::{any, arranged, best, group_count, near, pareto, proves_too_large, with_column};
use expand::Worker;
pub(super) use goal::Best;
use open::Open;
use proof::Proof;

/// Boxes that one job splits.
const JOB_BOXES: usize = 256;

/// Boxes that a round takes: as many as the goal has rows, within these.
const ROUND: Range<usize> = 1 << 10..1 << 16;

/// Rounds with fewer boxes are run on the calling thread.
const WORTH_A_THREAD: usize = 2 * JOB_BOXES;

/// Configurations looked at before the first box, and what share of all they are at most.
const SAMPLE: u64 = 4096;
const SAMPLE_SHARE: u64 = 64;

/// Configurations that were computed: their objectives, and the group of each if there are groups.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) points: Points,
    pub(super) groups: Vec<u32>,
}

/// What a search is for. It knows what has been found so far.
trait Goal: Sync {
    /// Appends the lanes that may still hold something that is asked for. A lane is a box with these low ends
    /// of the objectives, least index and group, or a single configuration.
    fn unsettled(
        &self,
        bounds: &[&[f64]],
        indices: &[u64],
        groups: &[u32],
        open: &mut Vec<u32>,
    ) -> Result<(), OutOfMemory>;

    /// Leaves out some of what a job found, if it is cheap to see that the rest is wanted instead: workers do that
    /// in parallel.
    fn thin(&self, _found: &mut Found) -> Result<(), OutOfMemory> {
        Ok(())
    }

    /// Takes in what a round found.
    fn take(&mut self, found: Vec<Found>, control: &Control) -> Result<(), Error>;

    /// Fails if the answer is surely too large, given the boxes that are open.
    fn check_size(
        &mut self,
        _open: &Open,
        _groups: impl FnOnce() -> Result<Vec<u32>, OutOfMemory>,
        _control: &Control,
    ) -> Result<(), Error> {
        Ok(())
    }

    /// A proof that the answer is too large, if it is worth a try, when so many of all configurations are settled.
    fn proof(&mut self, _settled: u64, _size: u64) -> Option<Proof> {
        None
    }

    /// Rows so far.
    fn rows(&self) -> usize;

    /// The objectives by whose low ends boxes should be taken, the lowest first; as they come, if there are none.
    fn lowest_first(&self) -> &[usize] {
        &[]
    }

    /// Most boxes that a round should take.
    fn most_boxes(&self) -> usize {
        ROUND.end
    }

    /// Whether single configurations of boxes help to settle others.
    fn samples(&self) -> bool {
        true
    }

    /// Whether nothing more is wanted.
    fn is_done(&self) -> bool {
        false
    }
}

/// A question bound to a space.
pub(super) struct Search<'a> {
    pub(super) program: &'a SearchProgram,
    /// How many of the bounded outputs are objectives; the rest is watched.
    pub(super) objectives: usize,
    /// The slot whose positions are grouped, and the group of each of the user's positions.
    pub(super) groups: Option<(usize, &'a [u32])>,
    /// Configurations of the space that each one of the slots stands for.
    pub(super) weight: u64,
}

impl Search<'_> {
    /// Runs until every configuration is settled.
    fn run(&self, goal: &mut impl Goal, control: &Control, stats: &mut Stats) -> Result<(), Error> {
        let mut open = self.start()?;
        let mut spots = Vec::new();
        if goal.samples() {
            spots = spots::spots(self)?;
            let size: u64 = self.program.slots.iter().map(|slot| u64::from(slot.length)).product();
            let sample = Worker::new(self, &spots).sample(goal, SAMPLE.min(size / SAMPLE_SHARE) as usize)?;
            goal.take(vec![sample], control)?;
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
                || Ok(Worker::new(self, &spots)),
                |worker, job| {
                    control.check()?;
                    let boxes = job * JOB_BOXES..count.min((job + 1) * JOB_BOXES);
                    let mut outcome = worker.expand(shared, &open, first + boxes.start..first + boxes.end)?;
                    shared.thin(&mut outcome.found)?;
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
            goal.take(found, control)?;
            let groups = || self.groups_of(|slot| open.first[slot].iter().copied());
            goal.check_size(&open, groups, control)?;
            if let Some(mut proof) = goal.proof(stats.bounded + stats.evaluated, stats.size) {
                control.aside(|| self.run(&mut proof, control, &mut Stats::default()))?;
            }
            if !ordered && !goal.lowest_first().is_empty() {
                open.best_last(0, goal.lowest_first())?;
            }
        }
        Ok(())
    }

    /// The groups of some lanes, given their positions on a slot; nothing if there are no groups.
    fn groups_of<P: ExactSizeIterator<Item = u32>>(
        &self,
        positions: impl FnOnce(usize) -> P,
    ) -> Result<Vec<u32>, OutOfMemory> {
        let Some((slot, of)) = self.groups else { return Ok(Vec::new()) };
        let grouped = &self.program.slots[slot];
        memory::collected(positions(slot).map(|position| of[grouped.position(position) as usize]))
    }

    fn no_boxes(&self) -> Open {
        Open::new(self.program.slots.len(), self.program.bounds.outputs())
    }

    /// The whole space as a box; one box for each position of the grouped axis.
    fn start(&self) -> Result<Open, OutOfMemory> {
        let slots = &self.program.slots;
        let mut open = self.no_boxes();
        let count = self.groups.map_or(1, |(grouped, _)| slots[grouped].length);
        open.reserve(count as usize)?;
        for (number, slot) in slots.iter().enumerate() {
            let grouped = self.groups.is_some_and(|(grouped, _)| grouped == number);
            let scale = if grouped { 0 } else { slot.top() };
            open.first[number].extend((0..count).map(|position| if grouped { position } else { 0 }));
            open.scale[number].resize(count as usize, scale);
        }
        // Nothing is known of them: they are settled by nothing.
        open.bounds.iter_mut().for_each(|bounds| bounds.resize(count as usize, f64::NEG_INFINITY));
        open.index.resize(count as usize, 0);
        open.depth.resize(count as usize, 0);
        Ok(open)
    }
}
