//! What is concluded of rows and chunks, held against the values in them: the checked profile alone has this.

use std::ops::Range;

use super::chunk_bounds::{self, ChunkBounds};
use super::compute::Passed;
use super::lower::{Source, Step};
use super::machine::{Machine, Scratch};

impl Machine<'_> {
    /// Checks the bounds of a row that a sink rejected by its bound.
    pub(super) fn audit_row(&self, scratch: &mut Scratch, steps: &[Step], row: usize, mut passed: Passed) {
        if self.bounds.is_none() {
            return;
        }
        self.configurations(scratch, steps, row, &mut passed);
        for &source in &self.tape.outputs {
            let bound = self.bound_at_rows(scratch, source, row + 1).at(row);
            self.audit(scratch, source, row, &passed.hull, |_| bound);
        }
    }

    /// Checks the bounds of the chunks of a row.
    pub(super) fn audit_chunks(
        &self,
        bounds: &ChunkBounds,
        scratch: &mut Scratch,
        steps: &[Step],
        row: usize,
        mut passed: Passed,
    ) {
        self.configurations(scratch, steps, row, &mut passed);
        let chunks = chunk_bounds::chunks_of(&passed.hull);
        for &source in &self.tape.outputs {
            let bound = self.bound_at_row(bounds, scratch, source, row, &chunks);
            let of_lane = |lane| bound.at(lane / chunk_bounds::CHUNK - chunks.start);
            self.audit(scratch, source, row, &passed.hull, of_lane);
        }
    }

    /// Checks that the values of an output are not below what is their bound at each lane, nor NaN.
    fn audit(
        &self,
        scratch: &Scratch,
        source: Source,
        row: usize,
        hull: &Range<usize>,
        bound: impl Fn(usize) -> f64,
    ) {
        for (place, lane) in hull.clone().enumerate() {
            let value = self.at_row(scratch, source, row, hull).at(place);
            let bound = bound(lane);
            assert!(bound.is_nan() || value >= bound, "{value} is below its bound {bound}");
        }
    }
}
