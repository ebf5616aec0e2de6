//! Bounds of outputs over chunks of neighbouring lanes, from the least of each chunk of their operands.
//!
//! Most rows hold no configuration that can still be in the answer, and most of the others in few places. Where outputs
//! are made by operations that never fall while their operands rise, the least of a chunk of each operand gives a
//! bound of all values of the chunk, as they are computed: rounding keeps the order of numbers. That takes a
//! [`CHUNK`]th of the work, and the lanes are computed only where a sink finds the bound good enough.
//!
//! A bound that is NaN is no bound. One that is a number also says that no value of the chunk is NaN.
//!
//! **Lemma (chunks).** A bound that is a number is at most every value of its chunk, as computed, and none of these is
//! NaN. By induction over the operations: the least of numbers read from tables and registers is that; an operation
//! that never falls while its operands rise gives its least result at the least operands, and the table of
//! [`bound`] gives NaN where that could be wrong. An operation that falls with an operand is bounded only where that
//! operand is the same in the whole chunk, so that operands which are one node need no case of their own: `a - a` has
//! a bound only where `a` is one number.

use std::ops::Range;

use crate::control::{Control, Interrupted};
use crate::memory;
use crate::parallel::Crew;
use crate::space::Numbers;
use crate::value::lanes::{self, Operand};
use crate::value::ops::{Op, Slope};
use crate::value::simd;

use super::layout::{Layout, MAX_LANES};
use super::lower::{Loop, Operation, Source, Step, Tape};

/// Lanes of a chunk. Blocks of lanes start at a multiple of it.
pub(crate) const CHUNK: usize = 16;

const _: () = assert!(MAX_LANES.is_multiple_of(CHUNK));

/// Runs of lanes whose least is taken by one job.
const JOB: usize = 1 << 14;

/// The chunks that some lanes lie in.
#[inline(always)]
pub(crate) fn chunks_of(lanes: &Range<usize>) -> Range<usize> {
    lanes.start / CHUNK..lanes.end.div_ceil(CHUNK)
}

/// Those of `lanes` that lie in some chunks.
#[inline(always)]
pub(crate) fn lanes_of(chunks: &Range<usize>, lanes: &Range<usize>) -> Range<usize> {
    lanes.start.max(chunks.start * CHUNK)..lanes.end.min(chunks.end * CHUNK)
}

/// What it takes to bound a tape's outputs.
#[derive(Debug)]
pub(crate) struct ChunkBounds {
    /// Operations of configurations that the outputs need.
    pub(crate) operations: Vec<Operation>,
    /// Registers of lanes that the operations or the outputs read.
    pub(crate) registers: Vec<usize>,
    /// For each of the tape's tables that is read lane by lane, what no number in a place is below.
    pub(crate) tables: Vec<Option<ChunkMinima>>,
    /// Runs of all lanes.
    pub(crate) chunk_count: usize,
}

/// The least numbers of a table that varies with lanes; NaN where one of them is.
#[derive(Debug, Clone)]
pub(crate) struct ChunkMinima {
    /// Of each chunk of each row of lanes.
    pub(crate) chunks: Vec<f64>,
    /// Of each row of lanes.
    pub(crate) rows: Vec<f64>,
}

impl ChunkBounds {
    /// `None` if an operation has no bound.
    pub(crate) fn new(
        tape: &Tape,
        layout: &Layout,
        tables: &[Numbers],
        level: simd::Level,
        control: &Control,
    ) -> Result<Option<Self>, Interrupted> {
        let operations = needed(tape);
        if !operations.iter().all(has_bound) {
            return Ok(None);
        }
        let read: Vec<Source> =
            operations.iter().flat_map(operands).chain(tape.outputs.iter().copied()).collect();
        let mut registers: Vec<usize> =
            read.iter().filter_map(|source| register(*source, Loop::Lane)).collect();
        registers.sort_unstable();
        registers.dedup();
        let lane_count = tape.lanes.map_or(1, |group| layout.groups[group].length);
        let mut least = vec![None; tape.tables.len()];
        for source in read {
            if let Source::Table(Loop::Lane | Loop::Full, used) = source
                && least[used].is_none()
            {
                let numbers = &tables[tape.tables[used].table];
                least[used] = Some(ChunkMinima::of(numbers, lane_count, level, control)?);
            }
        }
        Ok(Some(Self { operations, registers, tables: least, chunk_count: lane_count.div_ceil(CHUNK) }))
    }
}

fn register(source: Source, of: Loop) -> Option<usize> {
    match source {
        Source::Register(level, register) if level == of => Some(register),
        _ => None,
    }
}

fn operands(operation: &Operation) -> impl Iterator<Item = Source> {
    operation.operands.into_iter().take(operation.op.info().arity)
}

/// The operations of configurations that the outputs need: found from the last to the first, since
/// registers are written more than once.
fn needed(tape: &Tape) -> Vec<Operation> {
    let mut wanted = vec![false; tape.registers[Loop::Full as usize]];
    for register in tape.outputs.iter().filter_map(|output| register(*output, Loop::Full)) {
        wanted[register] = true;
    }
    let mut operations = Vec::new();
    for step in tape.steps[Loop::Full as usize].iter().rev() {
        if let Step::Apply(operation) = step
            && std::mem::take(&mut wanted[operation.out])
        {
            for register in operands(operation).filter_map(|operand| register(operand, Loop::Full)) {
                wanted[register] = true;
            }
            operations.push(*operation);
        }
    }
    operations.reverse();
    operations
}

impl ChunkMinima {
    /// Of rows of `lane_count` numbers.
    fn of(
        numbers: &[f64],
        lane_count: usize,
        level: simd::Level,
        control: &Control,
    ) -> Result<Self, Interrupted> {
        let chunk_count = lane_count.div_ceil(CHUNK);
        let crew = Crew::for_rows(control, numbers.len() / 8);
        let row_count = numbers.len() / lane_count;
        let parts = crew.map_chunks(row_count, JOB.div_ceil(chunk_count), |rows| {
            control.check()?;
            let mut least =
                Self { chunks: memory::zeroed(rows.len() * chunk_count)?, rows: memory::zeroed(rows.len())? };
            let numbers = &numbers[rows.start * lane_count..rows.end * lane_count];
            level.run(
                #[inline(always)]
                || least.fill(numbers, lane_count),
            );
            Ok(least)
        })?;
        let mut all = Self { chunks: memory::room(row_count * chunk_count)?, rows: memory::room(row_count)? };
        for part in parts {
            all.chunks.extend_from_slice(&part.chunks);
            all.rows.extend_from_slice(&part.rows);
        }
        Ok(all)
    }

    #[inline(always)]
    fn fill(&mut self, numbers: &[f64], lane_count: usize) {
        let parts =
            self.chunks.chunks_exact_mut(lane_count.div_ceil(CHUNK)).zip(numbers.chunks_exact(lane_count));
        for ((chunks, row), of_row) in parts.zip(&mut self.rows) {
            chunk_minima(row, &(0..lane_count), chunks);
            *of_row = least(chunks);
        }
    }
}

/// The least of each chunk of `lanes`, at the place of the chunk, given the numbers of those lanes; NaN if a number
/// of the chunk is.
#[inline(always)]
pub(crate) fn chunk_minima(numbers: &[f64], lanes: &Range<usize>, out: &mut [f64]) {
    // A loop and no iterator chain: the chain would be compiled for the lowest SIMD level.
    for chunk in chunks_of(lanes) {
        let part = lanes_of(&(chunk..chunk + 1), lanes);
        let part = &numbers[part.start - lanes.start..part.end - lanes.start];
        out[chunk] = least(part);
    }
}

/// The least of some numbers; NaN if one of them is, infinity if there are none.
#[inline(always)]
pub(crate) fn least(numbers: &[f64]) -> f64 {
    /// Numbers that are compared side by side, in lanes.
    const WIDE: usize = 4;
    let lower = |a: f64, b: f64| if b < a { b } else { a };
    let (mut least, mut nan) = ([f64::INFINITY; WIDE], [false; WIDE]);
    let parts = numbers.chunks_exact(WIDE);
    let rest = parts.remainder();
    for part in parts {
        for lane in 0..WIDE {
            least[lane] = lower(least[lane], part[lane]);
            nan[lane] |= part[lane].is_nan();
        }
    }
    let (mut lowest, mut any) =
        (lower(lower(least[0], least[1]), lower(least[2], least[3])), nan[0] | nan[1] | nan[2] | nan[3]);
    for &number in rest {
        lowest = lower(lowest, number);
        any |= number.is_nan();
    }
    if any { f64::NAN } else { lowest }
}

/// Whether an operand is the same in all lanes, so that its bound is its value.
fn exact(source: Source) -> bool {
    match source {
        Source::Constant(_) => true,
        Source::Register(level, _) | Source::Table(level, _) => level <= Loop::Row,
    }
}

/// Whether [`bound`] may give a bound of an operation: by how it moves with its operands.
fn has_bound(operation: &Operation) -> bool {
    let info = operation.op.info();
    // Conditions hide NaN.
    let numbers = !info.condition && info.conditions == 0;
    numbers
        && info.slopes.iter().zip(operation.operands).all(|(slope, operand)| match slope {
            Slope::Rises => true,
            Slope::Falls | Slope::Divisor => exact(operand),
            // [`bound`] looks at signs for these.
            Slope::BySign(_) => matches!(operation.op, Op::Mul | Op::Div | Op::Abs),
            Slope::Kernel(_) | Slope::Logarithm(_) | Slope::Power | Slope::Unknown => false,
        })
}

/// Bounds of an operation of configurations, given bounds of its operands.
///
/// The bound of an operation that falls somewhere would need more than the least of its operands: it is NaN.
/// So is one where the values could be NaN: at infinities, and at zero times infinity.
#[inline(never)]
pub(crate) fn bound(
    level: simd::Level,
    operation: &Operation,
    a: Operand<'_>,
    b: Operand<'_>,
    out: &mut [f64],
) {
    if !matches!(operation.op, Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Abs) {
        // The result at the least operands. The root of a negative number is NaN, and then so is that of the bound.
        return lanes::apply_at(level, operation.op, a, b, Operand::Scalar(0.0), out);
    }
    level.run(
        #[inline(always)]
        || match operation.op {
            // Of operands that are not minus infinity no sum is NaN.
            Op::Add => lanes::binary(
                a,
                b,
                out,
                #[inline(always)]
                |a, b| if a + b > f64::NEG_INFINITY { a + b } else { f64::NAN },
            ),
            Op::Sub => lanes::binary(
                a,
                b,
                out,
                #[inline(always)]
                |a, b| if b.abs() < f64::INFINITY { a - b } else { f64::NAN },
            ),
            Op::Mul => {
                // A product is the same either way round.
                let (exactly, a, b) = match operation.operands {
                    [first, _, _] if exact(first) => (true, b, a),
                    [_, second, _] => (exact(second), a, b),
                };
                lanes::binary(
                    a,
                    b,
                    out,
                    #[inline(always)]
                    |a, b| {
                        if (b > 0.0) & ((a > 0.0) | (exactly & (b < f64::INFINITY))) {
                            a * b
                        } else {
                            f64::NAN
                        }
                    },
                );
            }
            Op::Div => lanes::binary(
                a,
                b,
                out,
                #[inline(always)]
                |a, b| if (b > 0.0) & (b < f64::INFINITY) { a / b } else { f64::NAN },
            ),
            Op::Abs => lanes::unary(
                a,
                out,
                #[inline(always)]
                |a| if a < 0.0 { 0.0 } else { a },
            ),
            _ => unreachable!("see above"),
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::ops::{Info, TABLE};
    use crate::value::scalar;

    const AWKWARD: [f64; 14] = [
        f64::NEG_INFINITY,
        f64::MIN,
        -2.5,
        -1.0,
        -5e-324,
        -0.0,
        0.0,
        5e-324,
        0.1,
        3.0,
        1e200,
        f64::MAX,
        f64::INFINITY,
        f64::NAN,
    ];

    fn pairs() -> Vec<[f64; 2]> {
        AWKWARD.iter().flat_map(|&a| AWKWARD.map(|b| [a, b])).collect()
    }

    /// Checks a bound against the values that it stands for.
    fn check(
        op: Op,
        first: [f64; 2],
        second: [f64; 2],
        sources: [Source; 2],
        a: Operand<'_>,
        b: Operand<'_>,
    ) {
        let operation = Operation { op, operands: [sources[0], sources[1], Source::Constant(0.0)], out: 0 };
        if !has_bound(&operation) {
            return;
        }
        let mut out = [0.0];
        bound(simd::Level::detect(), &operation, a, b, &mut out);
        for x in first {
            for y in second {
                let value = op.apply(x, y, 0.0);
                assert!(
                    out[0].is_nan() || value >= out[0],
                    "{op:?} of {x} and {y} is {value}, below {}",
                    out[0]
                );
            }
        }
    }

    #[test]
    fn no_value_is_below_its_bound_and_none_is_nan_if_that_is_a_number() {
        let (same, varies) = (Source::Register(Loop::Row, 0), Source::Register(Loop::Full, 0));
        for &Info { op, .. } in TABLE {
            for first in pairs() {
                let a = [least(&first)];
                for second in pairs() {
                    let b = [least(&second)];
                    check(op, first, second, [varies, varies], Operand::Lanes(&a), Operand::Lanes(&b));
                }
                for scalar in AWKWARD {
                    let (both, one) = ([scalar; 2], [scalar]);
                    for exactly in [Operand::Scalar(scalar), Operand::Lanes(&one)] {
                        check(op, first, both, [varies, same], Operand::Lanes(&a), exactly);
                        check(op, both, first, [same, varies], exactly, Operand::Lanes(&a));
                    }
                }
            }
        }
    }

    #[test]
    fn bounds_are_found_for_ordinary_numbers() {
        let varies = Source::Register(Loop::Full, 0);
        let same = Source::Constant(0.0);
        for (op, second, expected) in [
            (Op::Add, varies, 5.0),
            (Op::Sub, same, -1.0),
            (Op::Mul, varies, 6.0),
            (Op::Div, same, 2.0 / 3.0),
            (Op::Min, varies, 2.0),
            (Op::Max, varies, 3.0),
        ] {
            let operation = Operation { op, operands: [varies, second, same], out: 0 };
            let mut out = [0.0; 2];
            let (a, b) = ([2.0; 2], [3.0; 2]);
            bound(simd::Level::detect(), &operation, Operand::Lanes(&a), Operand::Lanes(&b), &mut out);
            assert_eq!(out, [expected; 2], "{op:?}");
        }
    }

    #[test]
    fn the_least_of_runs_is_that_of_their_lanes() {
        let numbers: Vec<f64> = (0..40).map(|lane| f64::from(lane * 7 % 13) - 3.0).collect();
        for start in 0..20 {
            for end in start + 1..40 {
                for nan in [None, Some(start), Some(end - 1)] {
                    let mut numbers = numbers.clone();
                    if let Some(lane) = nan {
                        numbers[lane] = f64::NAN;
                    }
                    let lanes = start..end;
                    let mut out = [0.0; 40usize.div_ceil(CHUNK)];
                    chunk_minima(&numbers[lanes.clone()], &lanes, &mut out);
                    for chunk in chunks_of(&lanes) {
                        let part = &numbers[lanes_of(&(chunk..chunk + 1), &lanes)];
                        let lowest = part.iter().copied().fold(f64::INFINITY, scalar::min);
                        assert_eq!(out[chunk].to_bits(), lowest.to_bits(), "chunk {chunk} of {lanes:?}");
                    }
                }
            }
        }
    }
}
