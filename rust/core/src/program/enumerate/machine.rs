//! A tape with the tables that it reads, a worker's memory, and where operands stand.

use std::ops::Range;

use super::chunk_bounds::{self, ChunkBounds};
use super::layout::Layout;
use super::lower::{Loop, Source, Step, Tape};
use crate::memory::{self, OutOfMemory};
use crate::space::Numbers;
use crate::value::lanes::Operand;
use crate::value::simd;

/// A worker's memory: registers, positions, masks.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(super) positions: Vec<usize>,
    pub(super) bases: Vec<usize>,
    pub(super) block: Vec<f64>,
    pub(super) row: Vec<Vec<f64>>,
    pub(super) lane: Vec<Vec<f64>>,
    pub(super) full: Vec<Vec<f64>>,
    /// Bounds of the registers of lanes and of configurations, chunk by chunk.
    pub(super) lane_bounds: Vec<Vec<f64>>,
    pub(super) full_bounds: Vec<Vec<f64>>,
    /// Bounds over all lanes that passed: of the registers of lanes, of the tables that vary with lanes, and of the
    /// registers of configurations, row by row.
    pub(super) lane_least: Vec<f64>,
    pub(super) table_bounds: Vec<Vec<f64>>,
    pub(super) row_bounds: Vec<Vec<f64>>,
    /// The least of each chunk of each output, where bounds come from values.
    pub(super) least: Vec<Vec<f64>>,
    pub(super) survivors: Vec<u32>,
    pub(super) surviving_rows: Vec<bool>,
    pub(super) row_mask: Vec<bool>,
    pub(super) lane_mask: Vec<f64>,
    pub(super) mask: Vec<f64>,
    pub(super) index: u64,
    pub(super) first_row: usize,
    pub(super) first_lane: usize,
}

/// A tape with everything that it reads.
#[derive(Clone, Copy)]
pub(crate) struct Machine<'a> {
    pub(crate) tape: &'a Tape,
    pub(crate) layout: &'a Layout,
    pub(crate) tables: &'a [Numbers],
    pub(crate) level: simd::Level,
    /// `None` if bounds can only come from values.
    pub(super) bounds: Option<&'a ChunkBounds>,
    /// How many steps of configurations there are up to the last test.
    pub(super) tests: usize,
}

impl<'a> Machine<'a> {
    pub(crate) fn new(
        tape: &'a Tape,
        layout: &'a Layout,
        tables: &'a [Numbers],
        level: simd::Level,
        bounds: Option<&'a ChunkBounds>,
    ) -> Self {
        let steps = &tape.steps[Loop::Full as usize];
        let tests = steps.iter().rposition(|step| matches!(step, Step::Test(_))).map_or(0, |last| last + 1);
        Self { tape, layout, tables, level, bounds, tests }
    }

    pub(super) fn group_length(&self, group: Option<usize>) -> usize {
        group.map_or(1, |group| self.layout.groups[group].length)
    }

    pub(super) fn row_count(&self) -> usize {
        self.group_length(self.tape.rows)
    }

    pub(super) fn lane_count(&self) -> usize {
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
    pub(super) fn rectangle(&self, number: u64) -> (u64, Range<usize>, Range<usize>) {
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
            block: vec![0.0; self.tape.registers[Loop::Block as usize]],
            row: registers(Loop::Row, self.tape.block_rows)?,
            lane: registers(Loop::Lane, self.tape.block_lanes)?,
            full: registers(Loop::Full, self.tape.block_lanes)?,
            surviving_rows: memory::filled(self.tape.block_rows, true)?,
            row_mask: memory::filled(self.tape.block_rows, true)?,
            lane_mask: memory::filled(self.tape.block_lanes, 1.0)?,
            mask: memory::filled(self.tape.block_lanes, 1.0)?,
            ..Scratch::default()
        })
    }

    /// A register of `length` numbers for each that the tape has in a loop.
    pub(super) fn registers(&self, level: Loop, length: usize) -> Result<Vec<Vec<f64>>, OutOfMemory> {
        (0..self.tape.registers[level as usize]).map(|_| memory::zeroed(length)).collect()
    }

    /// Makes the memory that only bounds need: small questions end before a sink wants any.
    pub(super) fn make_room_for_bounds(&self, scratch: &mut Scratch) -> Result<(), OutOfMemory> {
        let registers = |level, length| self.registers(level, length);
        let each =
            |count: usize, length| (0..count).map(|_| memory::zeroed(length)).collect::<Result<_, _>>();
        let (rows, chunks) = (self.tape.block_rows, self.tape.block_lanes.div_ceil(chunk_bounds::CHUNK));
        scratch.survivors = memory::room(rows.max(chunks))?;
        scratch.lane_bounds = registers(Loop::Lane, chunks)?;
        scratch.full_bounds = registers(Loop::Full, chunks)?;
        scratch.lane_least = vec![0.0; self.tape.registers[Loop::Lane as usize]];
        scratch.table_bounds = each(self.tape.tables.len(), rows)?;
        scratch.row_bounds = registers(Loop::Full, rows)?;
        scratch.least = each(self.tape.outputs.len(), chunks)?;
        Ok(())
    }

    #[inline(always)]
    pub(super) fn table(&self, scratch: &Scratch, used: usize) -> (&'a [f64], usize, usize) {
        let reads = &self.tape.tables[used];
        (&self.tables[reads.table], scratch.bases[used], reads.row_stride)
    }

    #[inline(always)]
    pub(super) fn at_block(&self, scratch: &Scratch, source: Source) -> f64 {
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
    pub(super) fn at_rows<'s>(&'s self, scratch: &'s Scratch, source: Source, count: usize) -> Operand<'s> {
        match source {
            Source::Register(Loop::Row, register) => Operand::Lanes(&scratch.row[register][..count]),
            Source::Table(Loop::Row, used) => {
                let (numbers, base, _) = self.table(scratch, used);
                Operand::Lanes(&numbers[base + scratch.first_row..][..count])
            }
            _ => Operand::Scalar(self.at_block(scratch, source)),
        }
    }

    #[inline(always)]
    pub(super) fn at_lanes<'s>(
        &'s self,
        scratch: &'s Scratch,
        source: Source,
        hull: &Range<usize>,
    ) -> Operand<'s> {
        match source {
            Source::Register(Loop::Lane, register) => Operand::Lanes(&scratch.lane[register][hull.clone()]),
            Source::Table(Loop::Lane, used) => {
                let (numbers, base, _) = self.table(scratch, used);
                Operand::Lanes(&numbers[base + scratch.first_lane + hull.start..][..hull.len()])
            }
            _ => Operand::Scalar(self.at_block(scratch, source)),
        }
    }

    #[inline(always)]
    pub(super) fn at_row<'s>(
        &'s self,
        scratch: &'s Scratch,
        source: Source,
        row: usize,
        hull: &Range<usize>,
    ) -> Operand<'s> {
        match source {
            Source::Register(Loop::Full, register) => Operand::Lanes(&scratch.full[register][hull.clone()]),
            Source::Register(Loop::Row, register) => Operand::Scalar(scratch.row[register][row]),
            Source::Table(Loop::Full, used) => {
                let (numbers, base, stride) = self.table(scratch, used);
                let start = base + (scratch.first_row + row) * stride + scratch.first_lane + hull.start;
                Operand::Lanes(&numbers[start..][..hull.len()])
            }
            Source::Table(Loop::Row, used) => {
                let (numbers, base, stride) = self.table(scratch, used);
                Operand::Scalar(numbers[base + (scratch.first_row + row) * stride])
            }
            _ => self.at_lanes(scratch, source, hull),
        }
    }
}
