//! What takes the values of a run: sinks, and the rows and bounds that they see.

use std::ops::Range;

use super::machine::{Machine, Scratch};
use crate::control::Interrupted;
use crate::memory::{self, OutOfMemory};
use crate::value::lanes::Operand;

/// Takes what a program computes, row by row.
pub(crate) trait Sink {
    /// Whether the sink wants to see bounds before values; read at each block.
    #[inline(always)]
    fn wants_bounds(&self) -> bool {
        false
    }

    /// Learns how many configurations of a row passed all tests, before it sees any of them.
    fn passed(&mut self, _count: usize) {}

    /// Pushes the places that their bounds do not reject, ascending: their values are computed. There is room for all.
    fn survivors(&mut self, _bounded: &Bounded<'_>, _survivors: &mut Vec<u32>) -> Result<(), Interrupted> {
        Ok(())
    }

    /// Takes neighbouring configurations of a row. If the sink wants no bounds, it is the whole row and at least
    /// one of them counts.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] if the sink cannot go on; the run ends then.
    fn row(&mut self, row: &Row<'_>) -> Result<(), Interrupted>;
}

/// Neighbouring configurations of a block: some lanes of one row.
pub(crate) struct Row<'a> {
    pub(super) machine: &'a Machine<'a>,
    pub(super) scratch: &'a Scratch,
    pub(super) row: usize,
    /// Lanes of the block.
    pub(super) lanes: Range<usize>,
    pub(super) masked: bool,
}

impl<'a> Row<'a> {
    /// How many configurations there are, counting those that the mask leaves out.
    #[inline(always)]
    pub(crate) fn lane_count(&self) -> usize {
        self.lanes.len()
    }

    /// Which configurations count, as 0 or 1; `None` if all do.
    #[inline(always)]
    pub(crate) fn mask(&self) -> Option<&'a [f64]> {
        self.masked.then(|| &self.scratch.mask[self.lanes.clone()])
    }

    /// The values of an output.
    #[inline(always)]
    pub(crate) fn output(&self, output: usize) -> Operand<'a> {
        let source = self.machine.tape.outputs[output];
        self.machine.at_row(self.scratch, source, self.row, &self.lanes)
    }

    /// The index of the configuration in a lane of the row. Later lanes have larger indices.
    #[inline(always)]
    pub(crate) fn index(&self, lane: usize) -> u64 {
        let group = |group: Option<usize>, position| {
            group.map_or(0, |group| self.machine.layout.groups[group].index(position))
        };
        self.scratch.index
            + group(self.machine.tape.rows, self.scratch.first_row + self.row)
            + group(self.machine.tape.lanes, self.scratch.first_lane + self.lanes.start + lane)
    }

    /// Pushes the indices of the configurations in some lanes of the row.
    #[inline(always)]
    pub(crate) fn push_indices(&self, lanes: &[u32], indices: &mut Vec<u64>) -> Result<(), OutOfMemory> {
        let Some(group) = self.machine.tape.lanes else {
            return memory::extend(indices, lanes.iter().map(|_| self.index(0)));
        };
        let first = self.scratch.first_lane + self.lanes.start;
        let row = self.index(0) - self.machine.layout.groups[group].index(first);
        self.machine.layout.groups[group].push_indices(row, first, lanes, indices)
    }

    /// The positions of the row's block in the outer loops.
    #[inline(always)]
    pub(crate) fn outer(&self) -> &'a [usize] {
        &self.scratch.positions
    }
}

/// Bounds of what has not been computed yet, place by place.
pub(crate) struct Bounded<'a> {
    /// The whole row, or the first one.
    pub(super) row: Row<'a>,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// All rows of a block, by their number.
    Rows(usize),
    /// Runs of neighbouring lanes of a row.
    Chunks(Range<usize>),
}

impl<'a> Bounded<'a> {
    /// How many places there are.
    #[inline(always)]
    pub(crate) fn count(&self) -> usize {
        match &self.kind {
            Kind::Rows(count) => *count,
            Kind::Chunks(chunks) => chunks.len(),
        }
    }

    /// What no value of an output in each place is below; see [`chunk_bounds`](super::chunk_bounds).
    #[inline(always)]
    pub(crate) fn bound(&self, output: usize) -> Operand<'a> {
        let Row { machine, scratch, row, .. } = self.row;
        let source = machine.tape.outputs[output];
        match (&self.kind, machine.bounds) {
            (Kind::Rows(count), _) => machine.bound_at_rows(scratch, source, *count),
            (Kind::Chunks(chunks), Some(bounds)) => {
                machine.bound_at_row(bounds, scratch, source, row, chunks)
            }
            (Kind::Chunks(chunks), None) => Operand::Lanes(&scratch.least[output][chunks.clone()]),
        }
    }

    /// The smallest index of a configuration of all places.
    #[inline(always)]
    pub(crate) fn index(&self) -> u64 {
        self.row.index(0)
    }

    /// The positions of the block in the outer loops.
    #[inline(always)]
    pub(crate) fn outer(&self) -> &'a [usize] {
        self.row.outer()
    }
}
