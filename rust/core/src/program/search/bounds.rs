//! A tape read as intervals: what its constraints and outputs can be in whole boxes, many at a time.
//!
//! [`Interval::apply`] is what an operation means for intervals, and what a step falls back to. Most steps
//! need less. Their ranges over the whole space are computed once, and with them it is known which way each
//! operation is monotone and where no NaN arises; in a box, its ends are then the operation itself on the right
//! ends of its operands, a lane loop. Ends that no reader needs are not computed: an objective needs its low end
//! only.
//!
//! # What may be trusted of a box
//!
//! **Lemma (inside the whole).** In every box, for every step, each end that is computed lies between the ends of
//! the step's range over the whole space, the low end is not above the high one unless the step is NaN throughout
//! the box, and a step whose range has no NaN has none in the box. So what is concluded once from the range of an
//! operand (its sign, that it is no NaN, that it is one number) holds of that operand in every box.
//!
//! By induction over the steps, by how a step is read:
//!
//! - A load: its range over the whole space is that of all entries of its table, and a box reads some of them.
//! - [`Reading::Constant`]: the range over the whole space is one number, and that is the box's.
//! - [`Reading::Ends`]: both ranges are the operation on ends of the operands, at the same ends. The operation is
//!   monotone as computed, and the operands' ends in the box lie inside theirs. (A kernel may fall by a few steps
//!   where it should rise: its ends are moved outwards, then clipped.) For this the range over the whole space must
//!   come from the same ends: not so if both operands are one node, of which more is known than of two nodes. With
//!   `a` from 1 to 3, `a - a` is 0, but the ends of a difference of any two numbers from there are -2 and 2. There
//!   [`Ends::are_of_one_number`] says whether the operation may be read by its ends at all.
//! - [`Reading::General`][]: clipped.
//!
//! The checked profile holds every box against this (see `audit`).

use super::boxes::Boxes;
use super::ends::End::{High, Low};
use super::ends::{Ends, ends};
use super::ranges::{Ranged, Trend};
use super::tape::{Place, Step, Tape, gather};
#[cfg(debug_assertions)]
use super::trace::Trace;
use crate::memory::{self, OutOfMemory};
use crate::value::interval::{Interval, step_down, step_up};
use crate::value::lanes::{self, Operand};
use crate::value::simd;

/// How the interval of a step in a box is found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reading {
    /// It is the one number that the step is in the whole space, and stands in its readers' operands.
    Constant,
    /// By the operation itself on ends of its operands.
    Ends(Ends),
    /// Lane by lane, by [`Interval::apply`].
    General,
}

/// How a step is bounded.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepPlan {
    pub(super) reading: Reading,
    /// Whether the low and the high end are known for.
    pub(super) needed: [bool; 2],
    /// Whether each operand may be NaN.
    nan: [bool; 3],
    /// The result over the whole space. No box goes beyond it: see [the lemma](self).
    pub(super) whole: Interval,
}

/// A tape over ranged tables, with a plan for each step.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    pub(super) tape: Tape,
    pub(super) plans: Vec<StepPlan>,
    /// Whether the ends of each load are known for.
    loads: Vec<[bool; 2]>,
    /// Outputs that may be NaN, and so empty: both their ends are computed.
    doubtful: Vec<bool>,
}

/// A worker's memory for the intervals of a tape.
#[derive(Debug, Default)]
pub(crate) struct Intervals {
    /// Low and high ends.
    loads: [Vec<Vec<f64>>; 2],
    registers: [Vec<Vec<f64>>; 2],
    nan: Vec<Vec<bool>>,
    offsets: Vec<u32>,
    /// What each load and each step was found to be, in the checked profile.
    #[cfg(debug_assertions)]
    pub(super) trace: Trace,
}

impl Bounds {
    /// Plans each step, by the ranges over the whole space.
    pub(crate) fn new(mut tape: Tape, tables: &[Ranged]) -> Self {
        let whole: Vec<Interval> = tape.loads.iter().map(|&table| tables[table].whole()).collect();
        let mut registers = vec![Interval::EMPTY; tape.registers];
        let mut plans: Vec<StepPlan> = Vec::with_capacity(tape.steps.len());
        let value = |registers: &[Interval], place: Place| match place {
            Place::Constant(value) => Interval::point(value),
            Place::Load(load) => whole[load],
            Place::Register(register) => registers[register],
        };
        // What is one number is a constant in its readers' operands.
        let settled = |registers: &[Interval], place: Place| match value(registers, place) {
            range if range.is_one_number() => Place::Constant(range.low),
            _ => place,
        };
        for step in &mut tape.steps {
            step.operands = step.operands.map(|place| settled(&registers, place));
            let operands = step.operands.map(|place| value(&registers, place));
            let result = apply(step, operands);
            let clean = !result.nan && operands[..step.op.info().arity].iter().all(|operand| !operand.nan);
            let reading = match ends(step.op, operands[0], operands[1]) {
                _ if result.is_one_number() => Reading::Constant,
                Some(ends) if clean && (!step.same || ends.are_of_one_number()) => Reading::Ends(ends),
                _ => Reading::General,
            };
            let nan = operands.map(|operand| operand.nan);
            plans.push(StepPlan { reading, needed: [false; 2], nan, whole: result });
            registers[step.out] = result;
        }
        for place in tape.constraints.iter_mut().chain(&mut tape.outputs) {
            *place = settled(&registers, *place);
        }
        let doubtful = tape.outputs.iter().map(|&place| value(&registers, place).nan).collect();
        let mut bounds = Self { loads: vec![[false; 2]; tape.loads.len()], tape, plans, doubtful };
        bounds.mark_needed_ends();
        bounds
    }

    /// Marks the ends that are needed, from the roots down.
    fn mark_needed_ends(&mut self) {
        let mut needed = vec![[false; 2]; self.tape.registers];
        let mut need = |needed: &mut Vec<[bool; 2]>, place: Place, ends: [bool; 2]| {
            let known = match place {
                Place::Constant(_) => return,
                Place::Load(load) => &mut self.loads[load],
                Place::Register(register) => &mut needed[register],
            };
            *known = [known[0] | ends[0], known[1] | ends[1]];
        };
        for &place in &self.tape.constraints {
            need(&mut needed, place, [true, true]);
        }
        for (&place, &doubtful) in self.tape.outputs.iter().zip(&self.doubtful) {
            need(&mut needed, place, [true, doubtful]);
        }
        for (step, plan) in self.tape.steps.iter().zip(&mut self.plans).rev() {
            // Liveness: this step defines the register; earlier definitions have readers of their own.
            plan.needed = std::mem::take(&mut needed[step.out]);
            let arity = step.op.info().arity;
            for (operand, &place) in step.operands[..arity].iter().enumerate() {
                let Reading::Ends(ends) = plan.reading else {
                    // Its own ends come together, and with them whether it may be NaN.
                    plan.needed = [plan.needed != [false; 2]; 2];
                    need(&mut needed, place, plan.needed);
                    continue;
                };
                for (end, known) in [(ends.low, plan.needed[0]), (ends.high, plan.needed[1])] {
                    let end = end[operand.min(1)];
                    need(&mut needed, place, [known && end == Low, known && end == High]);
                }
            }
        }
    }

    /// Bounds constraints and outputs in boxes; they are read from `scratch` afterwards.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`] if there is no room for their bounds.
    pub(crate) fn run(
        &self,
        tables: &[Ranged],
        boxes: &Boxes,
        level: simd::Level,
        scratch: &mut Intervals,
    ) -> Result<(), OutOfMemory> {
        let count = boxes.count;
        scratch.grow(&self.tape, count)?;
        #[cfg(debug_assertions)]
        scratch.trace.clear();
        for (load, (&table, &needed)) in self.tape.loads.iter().zip(&self.loads).enumerate() {
            scratch.load(load, &tables[table], boxes, count, needed, level);
            #[cfg(debug_assertions)]
            scratch.trace.push(scratch.loads.each_ref().map(|ends| &*ends[load]), needed, None, count);
        }
        for (step, plan) in self.tape.steps.iter().zip(&self.plans) {
            match plan.reading {
                _ if plan.needed == [false; 2] => {}
                Reading::Ends(ends) => scratch.ends(step, plan, ends, count, level),
                Reading::General => scratch.general(step, plan, tables, &self.tape.loads, count),
                Reading::Constant => unreachable!("nobody asks for what stands in the operands"),
            }
            #[cfg(debug_assertions)]
            {
                let nan = matches!(plan.reading, Reading::General).then_some(&*scratch.nan[step.out]);
                let ends = scratch.registers.each_ref().map(|ends| &*ends[step.out]);
                scratch.trace.push(ends, plan.needed, nan, count);
            }
        }
        Ok(())
    }

    /// The low ends of an output. They have no meaning where [`Self::possible`] does not hold.
    pub(crate) fn low<'s>(&self, scratch: &'s Intervals, output: usize) -> Operand<'s> {
        scratch.end(self.tape.outputs[output], 0)
    }

    /// How many outputs there are.
    pub(crate) fn outputs(&self) -> usize {
        self.tape.outputs.len()
    }

    /// Whether [`Self::possible`] holds in every box.
    pub(crate) fn all_possible(&self, objectives: usize) -> bool {
        self.tape.constraints.is_empty() && !self.doubtful[..objectives].contains(&true)
    }

    /// Whether some configuration of a lane may meet all constraints and be a number in each of the first
    /// `objectives` outputs.
    pub(crate) fn possible(&self, scratch: &Intervals, objectives: usize, lane: usize) -> bool {
        let meets = |&place: &Place| scratch.end(place, 1).at(lane) != 0.0;
        let number = |(&place, &doubtful): (&Place, &bool)| {
            !doubtful || scratch.end(place, 0).at(lane) <= scratch.end(place, 1).at(lane)
        };
        let outputs = self.tape.outputs[..objectives].iter().zip(&self.doubtful);
        self.tape.constraints.iter().all(meets) && outputs.into_iter().all(number)
    }
}

fn apply(step: &Step, [a, b, c]: [Interval; 3]) -> Interval {
    if step.same { Interval::apply_same(step.op, a) } else { Interval::apply(step.op, a, b, c) }
}

impl Intervals {
    fn grow(&mut self, tape: &Tape, count: usize) -> Result<(), OutOfMemory> {
        for (ends, number) in [(&mut self.loads, tape.loads.len()), (&mut self.registers, tape.registers)] {
            for lanes in ends {
                lanes.resize_with(number.max(lanes.len()), Vec::new);
                lanes
                    .iter_mut()
                    .filter(|lanes| lanes.len() < count)
                    .try_for_each(|lanes| memory::resize(lanes, count, 0.0))?;
            }
        }
        self.nan.resize_with(tape.registers.max(self.nan.len()), Vec::new);
        let mut short = self.nan.iter_mut().filter(|lanes| lanes.len() < count);
        short.try_for_each(|lanes| memory::resize(lanes, count, false))?;
        if self.offsets.len() < count {
            memory::resize(&mut self.offsets, count, 0)?;
        }
        Ok(())
    }

    fn load(
        &mut self,
        load: usize,
        table: &Ranged,
        boxes: &Boxes,
        count: usize,
        needed: [bool; 2],
        level: simd::Level,
    ) {
        let Some(blocks) = table.even() else { return self.load_blocks(load, table, boxes, count) };
        for end in [0, 1] {
            if !needed[end] {
                continue;
            }
            let positions = table.axes.iter().zip(&blocks.strides).map(|(along, &stride)| {
                let rising = along.trend == Trend::Rising;
                let ends = if rising == (end == 0) { &boxes.first } else { &boxes.last };
                (&*ends[along.slot], stride)
            });
            let numbers = if end == 0 { &blocks.least } else { &blocks.greatest };
            gather(numbers, positions, &mut self.offsets, &mut self.loads[end][load][..count], level);
        }
    }

    /// Loads from a table with uneven axes: each lane from the blocks of its scales.
    fn load_blocks(&mut self, load: usize, table: &Ranged, boxes: &Boxes, count: usize) {
        let [low, high] = &mut self.loads;
        for lane in 0..count {
            let blocks = table.blocks(|slot| boxes.scale[slot][lane]);
            let mut ends = [0usize; 2];
            for (along, &stride) in table.axes.iter().zip(&blocks.strides) {
                let slot = along.slot;
                let (first, last) = (boxes.first[slot][lane], boxes.last[slot][lane]);
                let [least, greatest] = match along.trend {
                    Trend::Rising => [first, last],
                    Trend::Falling => [last, first],
                    Trend::Uneven => [first >> boxes.scale[slot][lane]; 2],
                };
                ends[0] += (least * stride) as usize;
                ends[1] += (greatest * stride) as usize;
            }
            low[load][lane] = blocks.least[ends[0]];
            high[load][lane] = blocks.greatest[ends[1]];
        }
    }

    fn end(&self, place: Place, end: usize) -> Operand<'_> {
        match place {
            // No number is between the ends of a constant that is NaN.
            Place::Constant(value) if value.is_nan() => {
                Operand::Scalar(if end == 0 { f64::INFINITY } else { f64::NEG_INFINITY })
            }
            Place::Constant(value) => Operand::Scalar(value),
            Place::Load(load) => Operand::Lanes(&self.loads[end][load]),
            Place::Register(register) => Operand::Lanes(&self.registers[end][register]),
        }
    }

    fn ends(&mut self, step: &Step, plan: &StepPlan, ends: Ends, count: usize, level: simd::Level) {
        for (end, by) in [(0, ends.low), (1, ends.high)] {
            if !plan.needed[end] {
                continue;
            }
            let mut out = std::mem::take(&mut self.registers[end][step.out]);
            let [a, b, c] = step.operands;
            let [a, b, c] =
                [(a, by[0]), (b, by[1]), (c, by[1])].map(|(place, by)| self.end(place, by as usize));
            lanes::apply_at(level, step.op, a, b, c, &mut out[..count]);
            if ends.margin > 0 {
                let lanes = &mut out[..count];
                level.run(
                    #[inline(always)]
                    || match end {
                        0 => {
                            lanes.iter_mut().for_each(|x| *x = step_down(*x, ends.margin).max(plan.whole.low))
                        }
                        _ => {
                            lanes.iter_mut().for_each(|x| *x = step_up(*x, ends.margin).min(plan.whole.high))
                        }
                    },
                );
            }
            self.registers[end][step.out] = out;
        }
    }

    fn general(&mut self, step: &Step, plan: &StepPlan, tables: &[Ranged], loads: &[usize], count: usize) {
        let mut outs = [0, 1].map(|end| std::mem::take(&mut self.registers[end][step.out]));
        let mut nans = std::mem::take(&mut self.nan[step.out]);
        for lane in 0..count {
            let operand = |operand: usize| {
                let place = step.operands[operand];
                if let Place::Constant(value) = place {
                    return Interval::point(value);
                }
                let nan = plan.nan[operand]
                    && match place {
                        Place::Load(load) => tables[loads[load]].nan,
                        Place::Register(register) => self.nan[register][lane],
                        Place::Constant(_) => false,
                    };
                Interval { low: self.end(place, 0).at(lane), high: self.end(place, 1).at(lane), nan }
            };
            let result = apply(step, [operand(0), operand(1), operand(2)]);
            outs[0][lane] = result.low.max(plan.whole.low);
            outs[1][lane] = result.high.min(plan.whole.high);
            nans[lane] = result.nan;
        }
        let [low, high] = outs;
        self.registers[0][step.out] = low;
        self.registers[1][step.out] = high;
        self.nan[step.out] = nans;
    }
}
