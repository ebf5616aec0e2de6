//! What a search is for, and what it has found: the contract of a goal.

use std::ops::Range;

use super::open_boxes::Open;
use crate::control::Control;
use crate::error::Error;
use crate::memory::{self, OutOfMemory};
use crate::pareto::{Points, Ties};

/// Boxes that a round takes: as many as the goal has rows, within these.
pub(super) const ROUND: Range<usize> = 1 << 10..1 << 16;

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

/// What a search is for. It knows what has been found so far.
pub(super) trait Goal: Sync {
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

    /// Whether single configurations of boxes help to settle others.
    fn samples(&self) -> bool {
        true
    }

    /// Whether nothing more is wanted.
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

/// The group of a lane; nothing was grouped if there are none.
pub(super) fn group(groups: &[u32], lane: usize) -> usize {
    groups.get(lane).map_or(0, |&group| group as usize)
}
