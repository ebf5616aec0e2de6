//! Bounds of rows and of runs of lanes, before their values are computed.
//!
//! Bounds come from the least of what the outputs are computed from, as [`run_bounds`] says, or if they cannot, run by
//! run from the values.

use std::ops::Range;

use super::lower::{Loop, Source};
use super::machine::{Machine, Scratch};
use super::run_bounds::{self, RunBounds};
use crate::value::lanes::Operand;

impl<'a> Machine<'a> {
    /// Bounds of all rows of a block, from the lanes that passed.
    #[inline(always)]
    pub(super) fn bound_rows(
        &self,
        bounds: &RunBounds,
        scratch: &mut Scratch,
        rows: usize,
        hull: &Range<usize>,
    ) {
        for &register in &bounds.registers {
            let bound = &mut scratch.lane_bounds[register];
            run_bounds::least_of_runs(&scratch.lane[register][hull.clone()], hull, bound);
            scratch.lane_least[register] = run_bounds::least(&bound[run_bounds::runs_of(hull)]);
        }
        self.table_bounds(bounds, scratch, rows, hull);
        for operation in &bounds.operations {
            let mut out = std::mem::take(&mut scratch.row_bounds[operation.out]);
            let [a, b, _] = operation.operands;
            let (a, b) = (self.bound_at_rows(scratch, a, rows), self.bound_at_rows(scratch, b, rows));
            run_bounds::bound(self.level, operation, a, b, &mut out[..rows]);
            scratch.row_bounds[operation.out] = out;
        }
    }

    /// Bounds of the tables that vary with lanes, row by row.
    #[inline(always)]
    fn table_bounds(&self, bounds: &RunBounds, scratch: &mut Scratch, rows: usize, hull: &Range<usize>) {
        let runs = run_bounds::runs_of(hull);
        for (used, least) in bounds.tables.iter().enumerate() {
            let Some(least) = least else { continue };
            let count = if self.tape.tables[used].row_stride == 0 { 1 } else { rows };
            let mut out = std::mem::take(&mut scratch.table_bounds[used]);
            if hull.len() == self.lane_count() {
                let start = self.row_of_table(scratch, used, 0);
                out[..count].copy_from_slice(&least.rows[start..][..count]);
            } else {
                for (row, out) in out[..count].iter_mut().enumerate() {
                    *out = run_bounds::least(self.runs_of_table(bounds, scratch, used, row, &runs));
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
        bounds: &'a RunBounds,
        scratch: &mut Scratch,
        row: usize,
        runs: &Range<usize>,
    ) {
        for operation in &bounds.operations {
            let mut out = std::mem::take(&mut scratch.full_bounds[operation.out]);
            let [a, b, _] = operation.operands;
            let (a, b) = (
                self.bound_at_row(bounds, scratch, a, row, runs),
                self.bound_at_row(bounds, scratch, b, row, runs),
            );
            run_bounds::bound(self.level, operation, a, b, &mut out[runs.clone()]);
            scratch.full_bounds[operation.out] = out;
        }
    }

    /// Bounds of configurations, from their values.
    #[inline(always)]
    pub(super) fn least(&self, scratch: &mut Scratch, row: usize, hull: &Range<usize>) {
        for (output, &source) in self.tape.outputs.iter().enumerate() {
            let mut least = std::mem::take(&mut scratch.least[output]);
            match self.at_row(scratch, source, row, hull) {
                Operand::Scalar(value) => least[run_bounds::runs_of(hull)].fill(value),
                Operand::Lanes(values) => run_bounds::least_of_runs(values, hull, &mut least),
            }
            scratch.least[output] = least;
        }
    }

    /// [`Self::at_row`] for bounds.
    #[inline(always)]
    pub(super) fn bound_at_row<'s>(
        &'s self,
        bounds: &'s RunBounds,
        scratch: &'s Scratch,
        source: Source,
        row: usize,
        runs: &Range<usize>,
    ) -> Operand<'s> {
        match source {
            Source::Register(Loop::Full, register) => {
                Operand::Lanes(&scratch.full_bounds[register][runs.clone()])
            }
            Source::Register(Loop::Lane, register) => {
                Operand::Lanes(&scratch.lane_bounds[register][runs.clone()])
            }
            Source::Table(Loop::Lane | Loop::Full, used) => {
                Operand::Lanes(self.runs_of_table(bounds, scratch, used, row, runs))
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

    /// The least of some runs of a table that varies with lanes.
    #[inline(always)]
    pub(super) fn runs_of_table<'s>(
        &self,
        bounds: &'s RunBounds,
        scratch: &Scratch,
        used: usize,
        row: usize,
        runs: &Range<usize>,
    ) -> &'s [f64] {
        let least = bounds.tables[used].as_ref().expect("made for every table that bounds read");
        let start = self.row_of_table(scratch, used, row) * bounds.run_count;
        &least.runs[start + scratch.first_lane / run_bounds::RUN + runs.start..][..runs.len()]
    }
}
