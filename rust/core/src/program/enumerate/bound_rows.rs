//! Bounds of rows and of chunks of lanes, before their values are computed.
//!
//! Bounds come from the least of what the outputs are computed from, as [`chunk_bounds`] says, or if they cannot,
//! chunk by chunk from the values.

use std::ops::Range;

use super::chunk_bounds::{self, ChunkBounds};
use super::lower::{Loop, Source};
use super::machine::{Machine, Scratch};
use crate::value::lanes::Operand;

impl<'a> Machine<'a> {
    /// Bounds of all rows of a block, from the lanes that passed.
    #[inline(always)]
    pub(super) fn bound_rows(
        &self,
        bounds: &ChunkBounds,
        scratch: &mut Scratch,
        rows: usize,
        hull: &Range<usize>,
    ) {
        for &register in &bounds.registers {
            let bound = &mut scratch.lane_bounds[register];
            chunk_bounds::chunk_minima(&scratch.lane[register][hull.clone()], hull, bound);
            scratch.lane_least[register] = chunk_bounds::least(&bound[chunk_bounds::chunks_of(hull)]);
        }
        self.table_bounds(bounds, scratch, rows, hull);
        for operation in &bounds.operations {
            let mut out = std::mem::take(&mut scratch.row_bounds[operation.out]);
            let [a, b, _] = operation.operands;
            let (a, b) = (self.bound_at_rows(scratch, a, rows), self.bound_at_rows(scratch, b, rows));
            chunk_bounds::bound(self.level, operation, a, b, &mut out[..rows]);
            scratch.row_bounds[operation.out] = out;
        }
    }

    /// Bounds of the tables that vary with lanes, row by row.
    #[inline(always)]
    fn table_bounds(&self, bounds: &ChunkBounds, scratch: &mut Scratch, rows: usize, hull: &Range<usize>) {
        let chunks = chunk_bounds::chunks_of(hull);
        for (used, least) in bounds.tables.iter().enumerate() {
            let Some(least) = least else { continue };
            let count = if self.tape.tables[used].row_stride == 0 { 1 } else { rows };
            let mut out = std::mem::take(&mut scratch.table_bounds[used]);
            if hull.len() == self.lane_count() {
                let start = self.row_of_table(scratch, used, 0);
                out[..count].copy_from_slice(&least.rows[start..][..count]);
            } else {
                for (row, out) in out[..count].iter_mut().enumerate() {
                    *out = chunk_bounds::least(self.chunks_of_table(bounds, scratch, used, row, &chunks));
                }
            }
            scratch.table_bounds[used] = out;
        }
    }

    #[inline(always)]
    pub(super) fn bound_at_rows<'s>(
        &'s self,
        scratch: &'s Scratch,
        source: Source,
        count: usize,
    ) -> Operand<'s> {
        match source {
            Source::Register(Loop::Full, register) => Operand::Lanes(&scratch.row_bounds[register][..count]),
            Source::Table(Loop::Full, used) => Operand::Lanes(&scratch.table_bounds[used][..count]),
            Source::Register(Loop::Lane, register) => Operand::Scalar(scratch.lane_least[register]),
            Source::Table(Loop::Lane, used) => Operand::Scalar(scratch.table_bounds[used][0]),
            _ => self.at_rows(scratch, source, count),
        }
    }

    /// Bounds of configurations, from those of what they are computed from.
    #[inline(always)]
    pub(super) fn bound(
        &self,
        bounds: &'a ChunkBounds,
        scratch: &mut Scratch,
        row: usize,
        chunks: &Range<usize>,
    ) {
        for operation in &bounds.operations {
            let mut out = std::mem::take(&mut scratch.full_bounds[operation.out]);
            let [a, b, _] = operation.operands;
            let (a, b) = (
                self.bound_at_row(bounds, scratch, a, row, chunks),
                self.bound_at_row(bounds, scratch, b, row, chunks),
            );
            chunk_bounds::bound(self.level, operation, a, b, &mut out[chunks.clone()]);
            scratch.full_bounds[operation.out] = out;
        }
    }

    /// Bounds of configurations, from their values.
    #[inline(always)]
    pub(super) fn least(&self, scratch: &mut Scratch, row: usize, hull: &Range<usize>) {
        for (output, &source) in self.tape.outputs.iter().enumerate() {
            let mut least = std::mem::take(&mut scratch.least[output]);
            match self.at_row(scratch, source, row, hull) {
                Operand::Scalar(value) => least[chunk_bounds::chunks_of(hull)].fill(value),
                Operand::Lanes(values) => chunk_bounds::chunk_minima(values, hull, &mut least),
            }
            scratch.least[output] = least;
        }
    }

    /// [`Self::at_row`] for bounds.
    #[inline(always)]
    pub(super) fn bound_at_row<'s>(
        &'s self,
        bounds: &'s ChunkBounds,
        scratch: &'s Scratch,
        source: Source,
        row: usize,
        chunks: &Range<usize>,
    ) -> Operand<'s> {
        match source {
            Source::Register(Loop::Full, register) => {
                Operand::Lanes(&scratch.full_bounds[register][chunks.clone()])
            }
            Source::Register(Loop::Lane, register) => {
                Operand::Lanes(&scratch.lane_bounds[register][chunks.clone()])
            }
            Source::Table(Loop::Lane | Loop::Full, used) => {
                Operand::Lanes(self.chunks_of_table(bounds, scratch, used, row, chunks))
            }
            _ => self.at_row(scratch, source, row, &(0..0)),
        }
    }

    /// The place of a row among all rows of lanes of a table.
    #[inline(always)]
    pub(super) fn row_of_table(&self, scratch: &Scratch, used: usize, row: usize) -> usize {
        (scratch.bases[used] + (scratch.first_row + row) * self.tape.tables[used].row_stride)
            / self.lane_count()
    }

    /// The least of some chunks of a table that varies with lanes.
    #[inline(always)]
    pub(super) fn chunks_of_table<'s>(
        &self,
        bounds: &'s ChunkBounds,
        scratch: &Scratch,
        used: usize,
        row: usize,
        chunks: &Range<usize>,
    ) -> &'s [f64] {
        let least = bounds.tables[used].as_ref().expect("made for every table that bounds read");
        let start = self.row_of_table(scratch, used, row) * bounds.chunk_count;
        &least.chunks[start + scratch.first_lane / chunk_bounds::CHUNK + chunks.start..][..chunks.len()]
    }
}
