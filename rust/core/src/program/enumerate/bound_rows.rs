//! What a sink is told before values are computed: bounds of rows and of runs of lanes.
//!
//! Bounds come from the least of what the outputs are computed from, as [`runs`] says, or if they cannot, run by
//! run from the values.

use std::ops::Range;

use crate::control::Interrupted;
use crate::value::lanes::Operand;

use super::super::lower::{Level, Source};
use super::super::runs::{self, RunBounds};
use super::{Machine, Passed, Row, Scratch, Sink};

/// Bounds of what has not been computed yet, place by place.
pub struct Places<'a> {
    /// The whole row, or the first one.
    pub(super) row: Row<'a>,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// So many rows of a block.
    Rows(usize),
    /// Runs of neighbouring lanes of a row.
    Runs(Range<usize>),
}

impl<'a> Places<'a> {
    /// How many places there are.
    #[inline(always)]
    pub(crate) fn count(&self) -> usize {
        match &self.kind {
            Kind::Rows(count) => *count,
            Kind::Runs(runs) => runs.len(),
        }
    }

    /// What no value of an output in each place is below; see [`runs`].
    #[inline(always)]
    pub(crate) fn bound(&self, output: usize) -> Operand<'a> {
        let Row { machine, scratch, row, .. } = self.row;
        let source = machine.tape.outputs[output];
        match (&self.kind, machine.bounds) {
            (Kind::Rows(count), _) => machine.bound_at_rows(scratch, source, *count),
            (Kind::Runs(runs), Some(bounds)) => machine.bound_at_row(bounds, scratch, source, row, runs),
            (Kind::Runs(runs), None) => Operand::Lanes(&scratch.least[output][runs.clone()]),
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

impl<'a> Machine<'a> {
    /// Asks the sink which rows it doubts: all, if bounds can only come from values.
    #[inline(always)]
    pub(super) fn doubts<S: Sink>(
        &self,
        scratch: &mut Scratch,
        rows: usize,
        passed: &Passed,
        sink: &mut S,
    ) -> Result<(), Interrupted> {
        let Some(bounds) = self.bounds else { return Ok(()) };
        let hull = &passed.hull;
        for &register in &bounds.registers {
            let bound = &mut scratch.lane_bounds[register];
            runs::least_of_runs(&scratch.lane[register][hull.clone()], hull, bound);
            scratch.lane_least[register] = runs::least(&bound[runs::runs_of(hull)]);
        }
        self.table_bounds(bounds, scratch, rows, hull);
        for operation in &bounds.operations {
            let mut out = std::mem::take(&mut scratch.row_bounds[operation.out]);
            let [a, b, _] = operation.operands;
            let (a, b) = (self.bound_at_rows(scratch, a, rows), self.bound_at_rows(scratch, b, rows));
            runs::bound(self.level, operation, a, b, &mut out[..rows]);
            scratch.row_bounds[operation.out] = out;
        }
        let mut doubtful = std::mem::take(&mut scratch.doubtful);
        doubtful.clear();
        let first = Row { machine: self, scratch, row: 0, lanes: hull.clone(), masked: passed.masked };
        sink.doubts(&Places { row: first, kind: Kind::Rows(rows) }, &mut doubtful)?;
        scratch.doubtful_rows.fill(false);
        doubtful.iter().for_each(|&row| scratch.doubtful_rows[row as usize] = true);
        scratch.doubtful = doubtful;
        Ok(())
    }

    /// Bounds of the tables that vary with lanes, row by row.
    #[inline(always)]
    fn table_bounds(&self, bounds: &RunBounds, scratch: &mut Scratch, rows: usize, hull: &Range<usize>) {
        let runs = runs::runs_of(hull);
        for (used, least) in bounds.tables.iter().enumerate() {
            let Some(least) = least else { continue };
            let count = if self.tape.tables[used].row_stride == 0 { 1 } else { rows };
            let mut out = std::mem::take(&mut scratch.table_bounds[used]);
            if hull.len() == self.lane_count() {
                let start = self.row_of_table(scratch, used, 0);
                out[..count].copy_from_slice(&least.rows[start..][..count]);
            } else {
                for (row, out) in out[..count].iter_mut().enumerate() {
                    *out = runs::least(self.runs_of_table(bounds, scratch, used, row, &runs));
                }
            }
            scratch.table_bounds[used] = out;
        }
    }

    #[inline(always)]
    fn bound_at_rows<'s>(&'s self, scratch: &'s Scratch, source: Source, count: usize) -> Operand<'s> {
        match source {
            Source::Register(Level::Full, register) => Operand::Lanes(&scratch.row_bounds[register][..count]),
            Source::Table(Level::Full, used) => Operand::Lanes(&scratch.table_bounds[used][..count]),
            Source::Register(Level::Lane, register) => Operand::Scalar(scratch.lane_least[register]),
            Source::Table(Level::Lane, used) => Operand::Scalar(scratch.table_bounds[used][0]),
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
            runs::bound(self.level, operation, a, b, &mut out[runs.clone()]);
            scratch.full_bounds[operation.out] = out;
        }
    }

    /// Bounds of configurations, from their values.
    #[inline(always)]
    pub(super) fn least(&self, scratch: &mut Scratch, row: usize, hull: &Range<usize>) {
        for (output, &source) in self.tape.outputs.iter().enumerate() {
            let mut least = std::mem::take(&mut scratch.least[output]);
            match self.at_row(scratch, source, row, hull) {
                Operand::Scalar(value) => least[runs::runs_of(hull)].fill(value),
                Operand::Lanes(values) => runs::least_of_runs(values, hull, &mut least),
            }
            scratch.least[output] = least;
        }
    }

    /// [`Self::at_row`] for bounds.
    #[inline(always)]
    fn bound_at_row<'s>(
        &'s self,
        bounds: &'s RunBounds,
        scratch: &'s Scratch,
        source: Source,
        row: usize,
        runs: &Range<usize>,
    ) -> Operand<'s> {
        match source {
            Source::Register(Level::Full, register) => {
                Operand::Lanes(&scratch.full_bounds[register][runs.clone()])
            }
            Source::Register(Level::Lane, register) => {
                Operand::Lanes(&scratch.lane_bounds[register][runs.clone()])
            }
            Source::Table(Level::Lane | Level::Full, used) => {
                Operand::Lanes(self.runs_of_table(bounds, scratch, used, row, runs))
            }
            _ => self.at_row(scratch, source, row, &(0..0)),
        }
    }

    /// The place of a row among all rows of lanes of a table.
    #[inline(always)]
    fn row_of_table(&self, scratch: &Scratch, used: usize, row: usize) -> usize {
        (scratch.bases[used] + (scratch.first_row + row) * self.tape.tables[used].row_stride)
            / self.lane_count()
    }

    /// The least of some runs of a table that varies with lanes.
    #[inline(always)]
    fn runs_of_table<'s>(
        &self,
        bounds: &'s RunBounds,
        scratch: &Scratch,
        used: usize,
        row: usize,
        runs: &Range<usize>,
    ) -> &'s [f64] {
        let least = bounds.tables[used].as_ref().expect("made for every table that bounds read");
        let start = self.row_of_table(scratch, used, row) * bounds.run_count;
        &least.runs[start + scratch.first_lane / runs::RUN + runs.start..][..runs.len()]
    }
}

/// What is concluded of rows and runs, held against the values in them: the checked profile alone has this.
#[cfg(debug_assertions)]
mod audit {
    use super::super::super::lower::Step;
    use super::*;

    impl Machine<'_> {
        /// Checks the bounds of a row that a sink does not doubt.
        pub(in super::super) fn audit_row(
            &self,
            scratch: &mut Scratch,
            steps: &[Step],
            row: usize,
            mut passed: Passed,
        ) {
            if self.bounds.is_none() {
                return;
            }
            self.configurations(scratch, steps, row, &mut passed);
            for &source in &self.tape.outputs {
                let bound = match self.bound_at_rows(scratch, source, row + 1) {
                    Operand::Scalar(bound) => bound,
                    Operand::Lanes(bounds) => bounds[row],
                };
                self.audit(scratch, source, row, &passed.hull, |_| bound);
            }
        }

        /// Checks the bounds of the runs of a row.
        pub(in super::super) fn audit_runs(
            &self,
            bounds: &RunBounds,
            scratch: &mut Scratch,
            steps: &[Step],
            row: usize,
            mut passed: Passed,
        ) {
            self.configurations(scratch, steps, row, &mut passed);
            let runs = runs::runs_of(&passed.hull);
            for &source in &self.tape.outputs {
                let bound = self.bound_at_row(bounds, scratch, source, row, &runs);
                self.audit(scratch, source, row, &passed.hull, |lane| match bound {
                    Operand::Scalar(bound) => bound,
                    Operand::Lanes(bounds) => bounds[lane / runs::RUN - runs.start],
                });
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
                let value = match self.at_row(scratch, source, row, hull) {
                    Operand::Scalar(value) => value,
                    Operand::Lanes(values) => values[place],
                };
                let bound = bound(lane);
                assert!(bound.is_nan() || value >= bound, "{value} is below its bound {bound}");
            }
        }
    }
}
