//! A question bound to the boxes of its space.

use super::open_boxes::Open;
use crate::memory::{self, OutOfMemory};
use crate::program::search::SearchProgram;

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
    /// The groups of some lanes, given their positions on a slot; none if the question has no groups.
    pub(super) fn groups_of<P: ExactSizeIterator<Item = u32>>(
        &self,
        positions: impl FnOnce(usize) -> P,
    ) -> Result<Vec<u32>, OutOfMemory> {
        let Some((slot, of)) = self.groups else { return Ok(Vec::new()) };
        let grouped = &self.program.slots[slot];
        memory::collected(positions(slot).map(|position| of[grouped.position(position) as usize]))
    }

    pub(super) fn no_boxes(&self) -> Open {
        Open::new(self.program.slots.len(), self.program.bounds.outputs())
    }

    /// The whole space as a box; one box for each position of the grouped axis.
    pub(super) fn start(&self) -> Result<Open, OutOfMemory> {
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
        // No bound is known yet: no incumbent prunes them.
        open.bounds.iter_mut().for_each(|bounds| bounds.resize(count as usize, f64::NEG_INFINITY));
        open.index.resize(count as usize, 0);
        open.depth.resize(count as usize, 0);
        Ok(open)
    }
}
