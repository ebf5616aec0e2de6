//! Runs a tape over blocks of configurations.
//!
//! In plain words, for the block at given positions of the outer loops:
//!
//! ```text
//! run the block's steps
//! run the rows' steps, for all rows at once
//! run the lanes' steps, for all lanes at once
//! ask the sink which rows it doubts, given a bound of each
//! for each row that passed its tests:
//!     run the tests of its configurations, for all lanes that passed theirs
//!     if the sink doubts the row, ask it which runs of lanes it doubts, given a bound of each
//!     for each stretch of such runs:
//!         run the other steps of its configurations
//!         hand the stretch to the sink
//! ```
//!
//! A sink that is not asked takes each row as one stretch. Lanes that failed a test are cut off at both
//! ends; failures in between stay in a mask. The sink is inlined into [`Machine::run`], so that its loops are
//! compiled for the SIMD level.

use std::ops::Range;

use crate::control::Interrupted;
use crate::memory::{self, OutOfMemory};
use crate::value::lanes::{self, Operand};
use crate::value::simd;

use super::layout::Layout;
use super::lower::{Level, Source, Step, Tape};
use super::runs::{self, RunBounds};
use super::tables::Table;

mod doubt;

use doubt::Kind;
pub use doubt::Places;

/// Takes what a program computes, row by row.
pub trait Sink {
    /// Whether the sink wants to see bounds before values. It is asked at each block.
    #[inline(always)]
    fn wants_bounds(&self) -> bool {
        false
    }

    /// Learns how many configurations of a row passed all tests, before it sees any of them.
    fn passed(&mut self, _count: usize) {}

    /// Pushes the places whose values the sink wants to see, ascending, given what bounds them. There is room for all.
    fn doubts(&mut self, _places: &Places<'_>, _doubtful: &mut Vec<u32>) -> Result<(), Interrupted> {
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
pub struct Row<'a> {
    machine: &'a Machine<'a>,
    scratch: &'a Scratch,
    row: usize,
    /// Lanes of the block.
    lanes: Range<usize>,
    masked: bool,
}

impl<'a> Row<'a> {
    /// How many configurations there are, counting those that the mask leaves out.
    #[inline(always)]
    pub fn lane_count(&self) -> usize {
        self.lanes.len()
    }

    /// Which configurations count, as 0 or 1; nothing if all do.
    #[inline(always)]
    pub fn mask(&self) -> Option<&'a [f64]> {
        self.masked.then(|| &self.scratch.mask[self.lanes.clone()])
    }

    /// The values of an output.
    #[inline(always)]
    pub fn output(&self, output: usize) -> Operand<'a> {
        let source = self.machine.tape.outputs[output];
        self.machine.at_row(self.scratch, source, self.row, &self.lanes)
    }

    /// The index of the configuration in a lane of the row. Later lanes have larger indices.
    #[inline(always)]
    pub fn index(&self, lane: usize) -> u64 {
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

/// A worker's memory: registers, positions, masks.
#[derive(Debug, Default)]
pub struct Scratch {
    positions: Vec<usize>,
    bases: Vec<usize>,
    block: Vec<f64>,
    row: Vec<Vec<f64>>,
    lane: Vec<Vec<f64>>,
    full: Vec<Vec<f64>>,
    /// Bounds of the registers of lanes and of configurations, run by run.
    lane_bounds: Vec<Vec<f64>>,
    full_bounds: Vec<Vec<f64>>,
    /// Bounds over all lanes that passed: of the registers of lanes, of the tables that vary with lanes, and of the
    /// registers of configurations, row by row.
    lane_least: Vec<f64>,
    table_bounds: Vec<Vec<f64>>,
    row_bounds: Vec<Vec<f64>>,
    /// The least of each run of each output, where bounds come from values.
    least: Vec<Vec<f64>>,
    doubtful: Vec<u32>,
    doubtful_rows: Vec<bool>,
    row_mask: Vec<bool>,
    lane_mask: Vec<f64>,
    mask: Vec<f64>,
    index: u64,
    first_row: usize,
    first_lane: usize,
}

/// The lanes that passed the tests.
#[derive(Debug, Clone)]
struct Passed {
    /// From the first that did to the last.
    hull: Range<usize>,
    /// Whether the mask leaves out some in between.
    masked: bool,
    count: usize,
}

/// A tape with everything that it reads.
#[derive(Clone, Copy)]
pub(crate) struct Machine<'a> {
    pub(crate) tape: &'a Tape,
    pub(crate) layout: &'a Layout,
    pub(crate) tables: &'a [Table],
    pub(crate) level: simd::Level,
    /// Nothing if bounds can only come from values.
    bounds: Option<&'a RunBounds>,
    /// How many steps of configurations there are up to the last test.
    tests: usize,
}

impl<'a> Machine<'a> {
    pub(crate) fn new(
        tape: &'a Tape,
        layout: &'a Layout,
        tables: &'a [Table],
        level: simd::Level,
        bounds: Option<&'a RunBounds>,
    ) -> Self {
        let steps = &tape.steps[Level::Full as usize];
        let tests = steps.iter().rposition(|step| matches!(step, Step::Test(_))).map_or(0, |last| last + 1);
        Self { tape, layout, tables, level, bounds, tests }
    }

    fn group_length(&self, group: Option<usize>) -> usize {
        group.map_or(1, |group| self.layout.groups[group].length)
    }

    fn row_count(&self) -> usize {
        self.group_length(self.tape.rows)
    }

    fn lane_count(&self) -> usize {
        self.group_length(self.tape.lanes)
    }

    /// How many blocks there are: rows and lanes are cut to blocks, the outer loops run whole.
    pub(crate) fn blocks(&self) -> u64 {
        let outer =
            self.tape.outer.iter().map(|&group| self.layout.groups[group].length as u64).product::<u64>();
        let rows = self.row_count().div_ceil(self.tape.block_rows) as u64;
        let lanes = self.lane_count().div_ceil(self.tape.block_lanes) as u64;
        outer * rows * lanes
    }

    /// How many configurations block `number` has.
    pub(crate) fn block_size(&self, number: u64) -> usize {
        let (_, rows, lanes) = self.rectangle(number);
        rows.len() * lanes.len()
    }

    /// The number left for the outer loops, and the rows and lanes of a block.
    fn rectangle(&self, number: u64) -> (u64, Range<usize>, Range<usize>) {
        let cut = |number: u64, count: usize, size: usize| {
            let parts = count.div_ceil(size) as u64;
            let start = (number % parts) as usize * size;
            (number / parts, start..count.min(start + size))
        };
        let (number, lanes) = cut(number, self.lane_count(), self.tape.block_lanes);
        let (number, rows) = cut(number, self.row_count(), self.tape.block_rows);
        (number, rows, lanes)
    }

    /// Memory for one worker.
    pub(crate) fn scratch(&self) -> Result<Scratch, OutOfMemory> {
        let registers = |level, length| self.registers(level, length);
        Ok(Scratch {
            positions: vec![0; self.tape.outer.len()],
            bases: vec![0; self.tape.tables.len()],
            block: vec![0.0; self.tape.registers[Level::Block as usize]],
            row: registers(Level::Row, self.tape.block_rows)?,
            lane: registers(Level::Lane, self.tape.block_lanes)?,
            full: registers(Level::Full, self.tape.block_lanes)?,
            doubtful_rows: memory::filled(self.tape.block_rows, true)?,
            row_mask: memory::filled(self.tape.block_rows, true)?,
            lane_mask: memory::filled(self.tape.block_lanes, 1.0)?,
            mask: memory::filled(self.tape.block_lanes, 1.0)?,
            ..Scratch::default()
        })
    }

    /// A register of so many numbers for each that the tape has on a level.
    fn registers(&self, level: Level, length: usize) -> Result<Vec<Vec<f64>>, OutOfMemory> {
        (0..self.tape.registers[level as usize]).map(|_| memory::zeroed(length)).collect()
    }

    /// Makes the memory that only bounds need: small questions end before a sink wants any.
    fn make_room_for_bounds(&self, scratch: &mut Scratch) -> Result<(), OutOfMemory> {
        let registers = |level, length| self.registers(level, length);
        let each =
            |count: usize, length| (0..count).map(|_| memory::zeroed(length)).collect::<Result<_, _>>();
        let (rows, runs) = (self.tape.block_rows, self.tape.block_lanes.div_ceil(runs::RUN));
        scratch.doubtful = memory::room(rows.max(runs))?;
        scratch.lane_bounds = registers(Level::Lane, runs)?;
        scratch.full_bounds = registers(Level::Full, runs)?;
        scratch.lane_least = vec![0.0; self.tape.registers[Level::Lane as usize]];
        scratch.table_bounds = each(self.tape.tables.len(), rows)?;
        scratch.row_bounds = registers(Level::Full, rows)?;
        scratch.least = each(self.tape.outputs.len(), runs)?;
        Ok(())
    }

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

        for step in &self.tape.steps[Level::Block as usize] {
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
            self.doubts(scratch, rows.len(), &passed, sink)?;
        }
        for row in 0..rows.len() {
            if scratch.row_mask[row] {
                self.row(scratch, row, passed.clone(), bounded, sink)?;
            }
        }
        Ok(())
    }

    /// The rows' steps; false if no row passes.
    #[inline(always)]
    fn rows(&self, scratch: &mut Scratch, count: usize) -> bool {
        scratch.row_mask[..count].fill(true);
        for step in &self.tape.steps[Level::Row as usize] {
            match step {
                Step::Apply(operation) => {
                    let mut out = std::mem::take(&mut scratch.row[operation.out]);
                    let [a, b, c] = operation.operands;
                    let (a, b, c) = (
                        self.at_rows(scratch, a, count),
                        self.at_rows(scratch, b, count),
                        self.at_rows(scratch, c, count),
                    );
                    lanes::apply_at(self.level, operation.op, a, b, c, &mut out[..count]);
                    scratch.row[operation.out] = out;
                }
                Step::Test(source) => {
                    let mut mask = std::mem::take(&mut scratch.row_mask);
                    match self.at_rows(scratch, *source, count) {
                        Operand::Scalar(holds) => mask[..count].iter_mut().for_each(|m| *m &= holds != 0.0),
                        Operand::Lanes(holds) => {
                            mask.iter_mut().zip(holds).for_each(|(m, &h)| *m &= h != 0.0)
                        }
                    }
                    let any = mask[..count].contains(&true);
                    scratch.row_mask = mask;
                    if !any {
                        return false;
                    }
                }
            }
        }
        true
    }

    /// The lanes' steps, and the lanes that may count, if there are any.
    #[inline(always)]
    fn lanes(&self, scratch: &mut Scratch, count: usize) -> Option<Passed> {
        let mut passed = Passed { hull: 0..count, masked: false, count };
        for step in &self.tape.steps[Level::Lane as usize] {
            let hull = &passed.hull;
            match step {
                Step::Apply(operation) => {
                    let mut out = std::mem::take(&mut scratch.lane[operation.out]);
                    let [a, b, c] = operation.operands;
                    let (a, b, c) = (
                        self.at_lanes(scratch, a, hull),
                        self.at_lanes(scratch, b, hull),
                        self.at_lanes(scratch, c, hull),
                    );
                    lanes::apply_at(self.level, operation.op, a, b, c, &mut out[hull.clone()]);
                    scratch.lane[operation.out] = out;
                }
                Step::Test(source) => {
                    let mut mask = std::mem::take(&mut scratch.lane_mask);
                    let kept = passed.narrow(self.at_lanes(scratch, *source, hull), &mut mask);
                    scratch.lane_mask = mask;
                    if !kept {
                        return None;
                    }
                }
            }
        }
        Some(passed)
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
        let (tests, others) = self.tape.steps[Level::Full as usize].split_at(self.tests);
        let doubtful = !bounded || scratch.doubtful_rows[row];
        if passed.masked && (doubtful || !tests.is_empty()) {
            let Scratch { mask, lane_mask, .. } = scratch;
            mask[passed.hull.clone()].copy_from_slice(&lane_mask[passed.hull.clone()]);
        }
        if !self.configurations(scratch, tests, row, &mut passed) {
            return Ok(());
        }
        sink.passed(passed.count);
        if !doubtful {
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

    /// Some steps of configurations; false if none of them passes.
    #[inline(always)]
    fn configurations(&self, scratch: &mut Scratch, steps: &[Step], row: usize, passed: &mut Passed) -> bool {
        for step in steps {
            let hull = &passed.hull;
            match step {
                Step::Apply(operation) => {
                    let mut out = std::mem::take(&mut scratch.full[operation.out]);
                    let [a, b, c] = operation.operands;
                    let (a, b, c) = (
                        self.at_row(scratch, a, row, hull),
                        self.at_row(scratch, b, row, hull),
                        self.at_row(scratch, c, row, hull),
                    );
                    lanes::apply_at(self.level, operation.op, a, b, c, &mut out[hull.clone()]);
                    scratch.full[operation.out] = out;
                }
                Step::Test(source) => {
                    let mut mask = std::mem::take(&mut scratch.mask);
                    let kept = passed.narrow(self.at_row(scratch, *source, row, hull), &mut mask);
                    scratch.mask = mask;
                    if !kept {
                        return false;
                    }
                }
            }
        }
        true
    }

    /// Hands the stretches of a row to the sink that it doubts, with the values that `steps` compute.
    #[inline(always)]
    fn stretches<S: Sink>(
        &self,
        scratch: &mut Scratch,
        steps: &[Step],
        row: usize,
        mut passed: Passed,
        sink: &mut S,
    ) -> Result<(), Interrupted> {
        let runs = runs::runs_of(&passed.hull);
        match self.bounds {
            Some(bounds) => {
                self.bound(bounds, scratch, row, &runs);
                #[cfg(debug_assertions)]
                self.audit_runs(bounds, scratch, steps, row, passed.clone());
            }
            None => {
                self.configurations(scratch, steps, row, &mut passed);
                self.least(scratch, row, &passed.hull);
            }
        }
        let Passed { hull, masked, count } = passed;
        let mut doubtful = std::mem::take(&mut scratch.doubtful);
        doubtful.clear();
        let whole = Row { machine: self, scratch, row, lanes: hull.clone(), masked };
        sink.doubts(&Places { row: whole, kind: Kind::Runs(runs.clone()) }, &mut doubtful)?;
        for stretch in doubtful.chunk_by(|&run, &next| next == run + 1) {
            let start = runs.start + stretch[0] as usize;
            let lanes = runs::lanes_of(&(start..start + stretch.len()), &hull);
            if self.bounds.is_some() {
                let mut passed = Passed { hull: lanes.clone(), masked, count };
                self.configurations(scratch, steps, row, &mut passed);
            }
            sink.row(&Row { machine: self, scratch, row, lanes, masked })?;
        }
        scratch.doubtful = doubtful;
        Ok(())
    }

    #[inline(always)]
    fn table(&self, scratch: &Scratch, used: usize) -> (&'a [f64], usize, usize) {
        let reads = &self.tape.tables[used];
        (&self.tables[reads.table].numbers, scratch.bases[used], reads.row_stride)
    }

    #[inline(always)]
    fn at_block(&self, scratch: &Scratch, source: Source) -> f64 {
        match source {
            Source::Constant(value) => value,
            Source::Register(_, register) => scratch.block[register],
            Source::Table(_, used) => {
                let (numbers, base, _) = self.table(scratch, used);
                numbers[base]
            }
        }
    }

    #[inline(always)]
    fn at_rows<'s>(&'s self, scratch: &'s Scratch, source: Source, count: usize) -> Operand<'s> {
        match source {
            Source::Register(Level::Row, register) => Operand::Lanes(&scratch.row[register][..count]),
            Source::Table(Level::Row, used) => {
                let (numbers, base, _) = self.table(scratch, used);
                Operand::Lanes(&numbers[base + scratch.first_row..][..count])
            }
            _ => Operand::Scalar(self.at_block(scratch, source)),
        }
    }

    #[inline(always)]
    fn at_lanes<'s>(&'s self, scratch: &'s Scratch, source: Source, hull: &Range<usize>) -> Operand<'s> {
        match source {
            Source::Register(Level::Lane, register) => Operand::Lanes(&scratch.lane[register][hull.clone()]),
            Source::Table(Level::Lane, used) => {
                let (numbers, base, _) = self.table(scratch, used);
                Operand::Lanes(&numbers[base + scratch.first_lane + hull.start..][..hull.len()])
            }
            _ => Operand::Scalar(self.at_block(scratch, source)),
        }
    }

    #[inline(always)]
    fn at_row<'s>(
        &'s self,
        scratch: &'s Scratch,
        source: Source,
        row: usize,
        hull: &Range<usize>,
    ) -> Operand<'s> {
        match source {
            Source::Register(Level::Full, register) => Operand::Lanes(&scratch.full[register][hull.clone()]),
            Source::Register(Level::Row, register) => Operand::Scalar(scratch.row[register][row]),
            Source::Table(Level::Full, used) => {
                let (numbers, base, stride) = self.table(scratch, used);
                let start = base + (scratch.first_row + row) * stride + scratch.first_lane + hull.start;
                Operand::Lanes(&numbers[start..][..hull.len()])
            }
            Source::Table(Level::Row, used) => {
                let (numbers, base, stride) = self.table(scratch, used);
                Operand::Scalar(numbers[base + (scratch.first_row + row) * stride])
            }
            _ => self.at_lanes(scratch, source, hull),
        }
    }
}

impl Passed {
    /// Keeps the lanes of the hull where `holds`; false if none is left. `mask` is valid if `masked`.
    #[inline(always)]
    fn narrow(&mut self, holds: Operand<'_>, mask: &mut [f64]) -> bool {
        let holds = match holds {
            Operand::Scalar(holds) => return holds != 0.0,
            Operand::Lanes(holds) => holds,
        };
        let lanes = &mut mask[self.hull.clone()];
        if self.masked {
            lanes.iter_mut().zip(holds).for_each(|(lane, &holds)| *lane *= holds);
        } else {
            if count(holds) == holds.len() {
                return true;
            }
            lanes.copy_from_slice(holds);
        }
        self.count = count(lanes);
        if self.count == 0 {
            return false;
        }
        // Whole stretches of failures are passed over together, then the lanes next to the first that holds.
        let first = lanes.chunks_exact(STRETCH).take_while(|part| count(part) == 0).count() * STRETCH;
        let first = first + lanes[first..].iter().take_while(|&&lane| lane == 0.0).count();
        let last =
            lanes.len() - lanes.rchunks_exact(STRETCH).take_while(|part| count(part) == 0).count() * STRETCH;
        let last = last - lanes[..last].iter().rev().take_while(|&&lane| lane == 0.0).count();
        self.masked = self.count < last - first;
        self.hull = self.hull.start + first..self.hull.start + last;
        true
    }
}

/// How many lanes hold: conditions are 0 or 1, so their sum counts them.
#[inline(always)]
fn count(lanes: &[f64]) -> usize {
    let mut sums = [0.0; 8];
    let parts = lanes.chunks_exact(8);
    let rest: f64 = parts.remainder().iter().sum();
    for part in parts {
        for (sum, lane) in sums.iter_mut().zip(part) {
            *sum += lane;
        }
    }
    (sums.iter().sum::<f64>() + rest) as usize
}

/// Lanes that are searched together for the first that holds.
const STRETCH: usize = 32;
