//! What a search is for, and what it has found: the contract of a goal.

use std::ops::Range;

use super::open_boxes::Open;
use crate::control::Control;
use crate::error::Error;
use crate::memory::{self, OutOfMemory};
use crate::pareto::{Points, Ties};

/// Boxes that a round takes: as many as the goal has rows, within these.
pub(super) const ROUND: Range<usize> = 1 << 10..1 << 16;

/// Boxes, or single configurations, lane by lane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidates<'a> {
    /// Low ends of the objectives.
    pub(super) bounds: &'a [&'a [f64]],
    /// The least index of a configuration of each.
    pub(super) indices: &'a [u64],
    /// The group of each; empty if the question has no groups.
    pub(super) groups: &'a [u32],
}

/// Configurations that were computed: their objectives, and the group of each if there are groups.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) points: Points,
    pub(super) groups: Vec<u32>,
}

/// How large a front may be: what is to be proved wrong.
#[derive(Debug, Clone)]
pub(super) struct FrontSize {
    pub(super) bits: Vec<u32>,
    pub(super) ties: Ties,
    pub(super) groups: usize,
    /// Most rows of the answer.
    pub(super) limit: u64,
}

/// What a search is for, with the incumbents: what has been found so far.
pub(super) trait Goal: Sync {
    /// Appends the lanes that may still hold a configuration of the answer; all, if incumbents prune none. It must
    /// never leave out a box that holds one.
    fn unpruned(&self, candidates: &Candidates<'_>, open: &mut Vec<u32>) -> Result<(), OutOfMemory> {
        memory::reserve(open, candidates.indices.len())?;
        open.extend(0..candidates.indices.len() as u32);
        Ok(())
    }

    /// Drops some of what a job found that others of it prune, where that is cheap to see: workers do that in parallel.
    fn prefilter(&self, _found: &mut Found) -> Result<(), OutOfMemory> {
        Ok(())
    }

    /// Takes in what a round found, as incumbents.
    fn absorb(&mut self, found: Vec<Found>, control: &Control) -> Result<(), Error>;

    /// Fails if the answer is surely too large, given the boxes that are open.
    fn check_size(
        &mut self,
        _open: &Open,
        _groups: impl FnOnce() -> Result<Vec<u32>, OutOfMemory>,
        _control: &Control,
    ) -> Result<(), Error> {
        Ok(())
    }

    /// A proof that the answer is too large, if it is worth a try, when `settled` of all configurations are pruned or
    /// evaluated.
    fn proof(&mut self, _settled: u64, _size: u64) -> Option<FrontSize> {
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

    /// Whether single configurations of boxes help to prune others.
    fn samples(&self) -> bool {
        true
    }

    /// Whether the answer is known.
    fn is_done(&self) -> bool {
        false
    }
}

/// One of something for each group.
pub(super) fn each_group<T>(groups: usize, make: impl Fn() -> T) -> Result<Vec<T>, OutOfMemory> {
    /// Groups that together make something of this size, none of which asks for its own.
    const SOME: usize = 1 << 10;
    let mut each = memory::room(groups)?;
    for group in 0..groups {
        if group % SOME == 0 {
            memory::ensure(SOME << 10)?;
        }
        each.push(make());
    }
    Ok(each)
}

pub(super) fn select<T: Copy>(column: &[T], lanes: &[u32]) -> Result<Vec<T>, OutOfMemory> {
    memory::collected(lanes.iter().map(|&lane| column[lane as usize]))
}

/// The group of a lane; 0 if the question has no groups.
pub(super) fn group(groups: &[u32], lane: usize) -> usize {
    groups.get(lane).map_or(0, |&group| group as usize)
}
