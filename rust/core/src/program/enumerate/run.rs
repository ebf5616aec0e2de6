//! Runs a tape over blocks of configurations.
//!
//! In plain words, for the block at given positions of the outer loops:
//!
//! ```text
//! run the block's steps
//! run the rows' steps, for all rows at once
//! run the lanes' steps, for all lanes at once
//! ask the sink which rows survive, given a bound of each
//! for each row that passed its tests:
//!     run the tests of its configurations, for all lanes that passed theirs
//!     if the row survived, ask which of its chunks of lanes do, given a bound of each
//!     for each stretch of neighbouring survivors:
//!         run the other steps of its configurations
//!         hand the stretch to the sink
//! ```
//!
//! A sink that wants no bounds takes each row as one stretch. Lanes that failed a test are cut off at both
//! ends; failures in between stay in a mask. The sink is inlined into [`Machine::run`], so that its loops are
//! compiled for the SIMD level.

use super::chunk_bounds;
use super::compute::Passed;
use super::lower::{Loop, Step};
use super::machine::{Machine, Scratch};
use super::sink::{Bounded, Kind, Row, Sink};
use crate::control::Interrupted;

impl<'a> Machine<'a> {
    /// Runs some blocks.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] if the sink cannot go on, or for want of memory.
    pub(crate) fn run<S: Sink>(
        &self,
        scratch: &mut Scratch,
        blocks: impl Iterator<Item = u64>,
        sink: &mut S,
    ) -> Result<(), Interrupted> {
        self.level.run(
            #[inline(always)]
            || {
                for number in blocks {
                    self.block(scratch, number, sink)?;
                }
                Ok(())
            },
        )
    }

    #[inline(always)]
    fn block<S: Sink>(&self, scratch: &mut Scratch, number: u64, sink: &mut S) -> Result<(), Interrupted> {
        let (mut outer, rows, lanes) = self.rectangle(number);
        scratch.index = 0;
        for (slot, &group) in self.tape.outer.iter().enumerate().rev() {
            let group = &self.layout.groups[group];
            let position = (outer % group.length as u64) as usize;
            outer /= group.length as u64;
            scratch.positions[slot] = position;
            scratch.index += group.index(position);
        }
        scratch.first_row = rows.start;
        scratch.first_lane = lanes.start;
        for (base, used) in scratch.bases.iter_mut().zip(&self.tape.tables) {
            *base = used.strides.iter().map(|&(slot, stride)| scratch.positions[slot] * stride).sum();
        }

        for step in &self.tape.steps[Loop::Block as usize] {
            match step {
                Step::Apply(operation) => {
                    let [a, b, c] = operation.operands;
                    let (a, b, c) =
                        (self.at_block(scratch, a), self.at_block(scratch, b), self.at_block(scratch, c));
                    scratch.block[operation.out] = operation.op.apply(a, b, c);
                }
                Step::Test(source) => {
                    if self.at_block(scratch, *source) == 0.0 {
                        return Ok(());
                    }
                }
            }
        }
        if !self.rows(scratch, rows.len()) {
            return Ok(());
        }
        let Some(passed) = self.lanes(scratch, lanes.len()) else {
            return Ok(());
        };
        // Asked once: what a sink learns from the first rows does not help the others of their block.
        let bounded = sink.wants_bounds();
        if bounded {
            if scratch.least.is_empty() {
                self.make_room_for_bounds(scratch)?;
            }
            self.survivors(scratch, rows.len(), &passed, sink)?;
        }
        for row in 0..rows.len() {
            if scratch.row_mask[row] {
                self.row(scratch, row, passed.clone(), bounded, sink)?;
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn row<S: Sink>(
        &self,
        scratch: &mut Scratch,
        row: usize,
        mut passed: Passed,
        bounded: bool,
        sink: &mut S,
    ) -> Result<(), Interrupted> {
        let (tests, others) = self.tape.steps[Loop::Full as usize].split_at(self.tests);
        let survivors = !bounded || scratch.surviving_rows[row];
        if passed.masked && (survivors || !tests.is_empty()) {
            let Scratch { mask, lane_mask, .. } = scratch;
            mask[passed.hull.clone()].copy_from_slice(&lane_mask[passed.hull.clone()]);
        }
        if !self.configurations(scratch, tests, row, &mut passed) {
            return Ok(());
        }
        sink.passed(passed.count);
        if !survivors {
            #[cfg(debug_assertions)]
            self.audit_row(scratch, others, row, passed);
            return Ok(());
        }
        if bounded {
            return self.stretches(scratch, others, row, passed, sink);
        }
        self.configurations(scratch, others, row, &mut passed);
        let Passed { hull: lanes, masked, .. } = passed;
        sink.row(&Row { machine: self, scratch, row, lanes, masked })
    }

    /// Hands the stretches of a row that survive to the sink, with the values that `steps` compute.
    #[inline(always)]
    fn stretches<S: Sink>(
        &self,
        scratch: &mut Scratch,
        steps: &[Step],
        row: usize,
        mut passed: Passed,
        sink: &mut S,
    ) -> Result<(), Interrupted> {
        let chunks = chunk_bounds::chunks_of(&passed.hull);
        match self.bounds {
            Some(bounds) => {
                self.bound(bounds, scratch, row, &chunks);
                #[cfg(debug_assertions)]
                self.audit_chunks(bounds, scratch, steps, row, passed.clone());
            }
            None => {
                self.configurations(scratch, steps, row, &mut passed);
                self.least(scratch, row, &passed.hull);
            }
        }
        let Passed { hull, masked, count } = passed;
        let mut survivors = std::mem::take(&mut scratch.survivors);
        survivors.clear();
        let whole = Row { machine: self, scratch, row, lanes: hull.clone(), masked };
        sink.survivors(&Bounded { row: whole, kind: Kind::Chunks(chunks.clone()) }, &mut survivors)?;
        for stretch in survivors.chunk_by(|&chunk, &next| next == chunk + 1) {
            let start = chunks.start + stretch[0] as usize;
            let lanes = chunk_bounds::lanes_of(&(start..start + stretch.len()), &hull);
            if self.bounds.is_some() {
                let mut passed = Passed { hull: lanes.clone(), masked, count };
                self.configurations(scratch, steps, row, &mut passed);
            }
            sink.row(&Row { machine: self, scratch, row, lanes, masked })?;
        }
        scratch.survivors = survivors;
        Ok(())
    }

    /// Asks the sink which rows survive: all, if bounds can only come from values.
    #[inline(always)]
    fn survivors<S: Sink>(
        &self,
        scratch: &mut Scratch,
        rows: usize,
        passed: &Passed,
        sink: &mut S,
    ) -> Result<(), Interrupted> {
        let Some(bounds) = self.bounds else { return Ok(()) };
        self.bound_rows(bounds, scratch, rows, &passed.hull);
        let mut survivors = std::mem::take(&mut scratch.survivors);
        survivors.clear();
        let first = Row { machine: self, scratch, row: 0, lanes: passed.hull.clone(), masked: passed.masked };
        sink.survivors(&Bounded { row: first, kind: Kind::Rows(rows) }, &mut survivors)?;
        scratch.surviving_rows.fill(false);
        survivors.iter().for_each(|&row| scratch.surviving_rows[row as usize] = true);
        scratch.survivors = survivors;
        Ok(())
    }
}
