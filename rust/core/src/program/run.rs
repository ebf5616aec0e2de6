//! Runs a tape over blocks of configurations.
//!
//! In plain words, for the block at given positions of the outer loops:
//!
//! ```text
//! run the block's steps
//! run the rows' steps, for all rows at once
//! run the lanes' steps, for all lanes at once
//! for each row that passed its tests:
//!     run the steps of its configurations, for all lanes that passed theirs
//!     hand the row to the sink
//! ```
//!
//! Lanes that failed a test are cut off at both ends; failures in between stay in a mask. The sink is
//! inlined into [`Machine::run`], so that its loops are compiled for the SIMD level.

use crate::value::lanes::{self, Operand};
use crate::value::simd;

use super::layout::Layout;
use super::lower::{Level, Source, Step, Tape};
use super::tables::Table;

/// Takes what a program computes, row by row.
pub trait Sink {
    /// Takes a row of configurations, at least one of which counts.
    fn row(&mut self, row: &Row<'_>);
}

/// Neighbouring configurations of a block: one row, a run of lanes.
pub struct Row<'a> {
    machine: &'a Machine<'a>,
    scratch: &'a Scratch,
    row: usize,
    /// Lanes of the block, from the first that counts to the last.
    lanes: std::ops::Range<usize>,
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

    /// What is to be added to the output, if the program left that to the sink.
    #[inline(always)]
    pub(crate) fn offset(&self) -> Option<f64> {
        match self.machine.at_row(self.scratch, self.machine.tape.offset?, self.row, &self.lanes) {
            Operand::Scalar(offset) => Some(offset),
            Operand::Lanes(_) => unreachable!("an offset is the same in all lanes"),
        }
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

    /// The position of the row's block in an outer loop.
    #[inline(always)]
    pub(crate) fn outer(&self, slot: usize) -> usize {
        self.scratch.positions[slot]
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
    row_mask: Vec<bool>,
    lane_mask: Vec<f64>,
    mask: Vec<f64>,
    index: u64,
    first_row: usize,
    first_lane: usize,
}

/// A tape with everything that it reads.
#[derive(Clone, Copy)]
pub(crate) struct Machine<'a> {
    pub(crate) tape: &'a Tape,
    pub(crate) layout: &'a Layout,
    pub(crate) tables: &'a [Table],
    pub(crate) level: simd::Level,
}

impl<'a> Machine<'a> {
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
    fn rectangle(&self, number: u64) -> (u64, std::ops::Range<usize>, std::ops::Range<usize>) {
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
    pub(crate) fn scratch(&self) -> Scratch {
        let registers =
            |level: Level, length: usize| vec![vec![0.0; length]; self.tape.registers[level as usize]];
        Scratch {
            positions: vec![0; self.tape.outer.len()],
            bases: vec![0; self.tape.tables.len()],
            block: vec![0.0; self.tape.registers[Level::Block as usize]],
            row: registers(Level::Row, self.tape.block_rows),
            lane: registers(Level::Lane, self.tape.block_lanes),
            full: registers(Level::Full, self.tape.block_lanes),
            row_mask: vec![true; self.tape.block_rows],
            lane_mask: vec![1.0; self.tape.block_lanes],
            mask: vec![1.0; self.tape.block_lanes],
            ..Scratch::default()
        }
    }

    /// Runs some blocks.
    pub(crate) fn run(&self, scratch: &mut Scratch, blocks: impl Iterator<Item = u64>, sink: &mut impl Sink) {
        self.level.run(
            #[inline(always)]
            || {
                for number in blocks {
                    self.block(scratch, number, sink);
                }
            },
        );
    }

    #[inline(always)]
    fn block(&self, scratch: &mut Scratch, number: u64, sink: &mut impl Sink) {
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
                        return;
                    }
                }
            }
        }
        if !self.rows(scratch, rows.len()) {
            return;
        }
        let Some((hull, masked)) = self.lanes(scratch, lanes.len()) else { return };
        for row in 0..rows.len() {
            if scratch.row_mask[row] {
                self.row(scratch, row, hull.clone(), masked, sink);
            }
        }
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

    /// The lanes' steps; the lanes that may count, and whether the mask leaves some of them out.
    #[inline(always)]
    fn lanes(&self, scratch: &mut Scratch, count: usize) -> Option<(std::ops::Range<usize>, bool)> {
        let (mut hull, mut masked) = (0..count, false);
        for step in &self.tape.steps[Level::Lane as usize] {
            match step {
                Step::Apply(operation) => {
                    let mut out = std::mem::take(&mut scratch.lane[operation.out]);
                    let [a, b, c] = operation.operands;
                    let (a, b, c) = (
                        self.at_lanes(scratch, a, &hull),
                        self.at_lanes(scratch, b, &hull),
                        self.at_lanes(scratch, c, &hull),
                    );
                    lanes::apply_at(self.level, operation.op, a, b, c, &mut out[hull.clone()]);
                    scratch.lane[operation.out] = out;
                }
                Step::Test(source) => {
                    let mut mask = std::mem::take(&mut scratch.lane_mask);
                    let kept =
                        narrow(self.at_lanes(scratch, *source, &hull), &mut mask, &mut hull, &mut masked);
                    scratch.lane_mask = mask;
                    if !kept {
                        return None;
                    }
                }
            }
        }
        Some((hull, masked))
    }

    #[inline(always)]
    fn row(
        &self,
        scratch: &mut Scratch,
        row: usize,
        mut hull: std::ops::Range<usize>,
        mut masked: bool,
        sink: &mut impl Sink,
    ) {
        if masked {
            let Scratch { mask, lane_mask, .. } = scratch;
            mask[hull.clone()].copy_from_slice(&lane_mask[hull.clone()]);
        }
        for step in &self.tape.steps[Level::Full as usize] {
            match step {
                Step::Apply(operation) => {
                    let mut out = std::mem::take(&mut scratch.full[operation.out]);
                    let [a, b, c] = operation.operands;
                    let (a, b, c) = (
                        self.at_row(scratch, a, row, &hull),
                        self.at_row(scratch, b, row, &hull),
                        self.at_row(scratch, c, row, &hull),
                    );
                    lanes::apply_at(self.level, operation.op, a, b, c, &mut out[hull.clone()]);
                    scratch.full[operation.out] = out;
                }
                Step::Test(source) => {
                    let mut mask = std::mem::take(&mut scratch.mask);
                    let kept =
                        narrow(self.at_row(scratch, *source, row, &hull), &mut mask, &mut hull, &mut masked);
                    scratch.mask = mask;
                    if !kept {
                        return;
                    }
                }
            }
        }
        sink.row(&Row { machine: self, scratch, row, lanes: hull, masked });
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
    fn at_lanes<'s>(
        &'s self,
        scratch: &'s Scratch,
        source: Source,
        hull: &std::ops::Range<usize>,
    ) -> Operand<'s> {
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
        hull: &std::ops::Range<usize>,
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

/// Keeps the lanes of `hull` where `holds`; false if none is left. `mask` is valid if `masked`.
#[inline(always)]
fn narrow(
    holds: Operand<'_>,
    mask: &mut [f64],
    hull: &mut std::ops::Range<usize>,
    masked: &mut bool,
) -> bool {
    let holds = match holds {
        Operand::Scalar(holds) => return holds != 0.0,
        Operand::Lanes(holds) => holds,
    };
    // Conditions are 0 or 1, so their sum counts them.
    let count = |lanes: &[f64]| {
        let mut sums = [0.0; 8];
        let parts = lanes.chunks_exact(8);
        let rest: f64 = parts.remainder().iter().sum();
        for part in parts {
            for (sum, lane) in sums.iter_mut().zip(part) {
                *sum += lane;
            }
        }
        (sums.iter().sum::<f64>() + rest) as usize
    };
    let lanes = &mut mask[hull.clone()];
    if *masked {
        lanes.iter_mut().zip(holds).for_each(|(lane, &holds)| *lane *= holds);
    } else {
        if count(holds) == holds.len() {
            return true;
        }
        lanes.copy_from_slice(holds);
    }
    let kept = count(lanes);
    if kept == 0 {
        return false;
    }
    // Whole runs of failures are passed over together, then the lanes next to the first that holds.
    let first = lanes.chunks_exact(RUN).take_while(|run| count(run) == 0).count() * RUN;
    let first = first + lanes[first..].iter().take_while(|&&lane| lane == 0.0).count();
    let last = lanes.len() - lanes.rchunks_exact(RUN).take_while(|run| count(run) == 0).count() * RUN;
    let last = last - lanes[..last].iter().rev().take_while(|&&lane| lane == 0.0).count();
    *masked = kept < last - first;
    *hull = hull.start + first..hull.start + last;
    true
}

/// Lanes that are searched together for the first that holds.
const RUN: usize = 32;
