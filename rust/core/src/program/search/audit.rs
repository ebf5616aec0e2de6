//! What a search concludes of boxes, held against the configurations in them: the checked profile alone has this.
//!
//! Every box that is bounded is looked at here: every load and every step of the [`Bounds`], each end that was
//! computed, against the values of the configurations in the box. In spaces of up to [`ALL`] configurations that is
//! all of them, in larger ones [`SOME`] of each box, chosen by a fixed rule: corners, then points spread evenly.

use std::ops::Range;

use super::bounds::{Bounds, Reading};
use super::boxes::Boxes;
use super::ranges::Ranged;
use super::slot::Slot;
use super::tape::Place;
use super::trace::Trace;
use crate::value::interval::Interval;
use crate::value::lanes::{self, Operand};
use crate::value::scalar;

/// Spaces of at most this number of configurations are looked at in full.
pub(crate) const ALL: u64 = 4096;

/// Configurations of a box that are computed together.
const TOGETHER: usize = 512;

/// Configurations of each box of a larger space that are looked at. Half of them are corners, if it has as many.
const SOME: u32 = 64;

/// Checks all loads and steps in all boxes that were bounded last.
///
/// # Panics
///
/// If something concluded of a box does not hold of a configuration in it.
pub(super) fn boxes(bounds: &Bounds, tables: &[Ranged], slots: &[Slot], boxes: &Boxes, trace: &Trace) {
    let size: u64 = slots.iter().map(|slot| u64::from(slot.length)).fold(1, u64::saturating_mul);
    let tape = &bounds.tape;
    let wholes: Vec<Interval> = tape.loads.iter().map(|&table| tables[table].whole()).collect();
    let places = places(slots.len());
    for lane in 0..boxes.count {
        let count = if size <= ALL { size_of_box(boxes, lane) } else { SOME as usize };
        // A few at a time, so that no memory has to be known for.
        for start in (0..count).step_by(TOGETHER) {
            let numbers = start..count.min(start + TOGETHER);
            let positions = if size <= ALL {
                all_of(boxes, lane, numbers.clone())
            } else {
                some_of(boxes, lane, &places, numbers.clone())
            };
            configurations(bounds, tables, &wholes, trace, lane, &positions, numbers.len());
        }
    }
}

/// Checks a box at some of its configurations.
fn configurations(
    bounds: &Bounds,
    tables: &[Ranged],
    wholes: &[Interval],
    trace: &Trace,
    lane: usize,
    positions: &[Vec<u32>],
    count: usize,
) {
    let tape = &bounds.tape;
    let mut registers = vec![Vec::new(); tape.registers];
    let loads: Vec<Vec<f64>> =
        tape.loads.iter().map(|&table| entries(&tables[table], positions, count)).collect();
    let (of_loads, of_steps) = trace.found.split_at(loads.len());
    for (load, values) in loads.iter().enumerate() {
        of_loads[load].check(lane, wholes[load], values, &|| format!("load {load}"));
    }
    for ((step, plan), found) in tape.steps.iter().zip(&bounds.plans).zip(of_steps) {
        let mut out = vec![0.0; count];
        let operand = |place: Place| match place {
            Place::Constant(value) => Operand::Scalar(value),
            Place::Load(load) => Operand::Lanes(&loads[load]),
            Place::Register(register) => Operand::Lanes(&registers[register]),
        };
        let [a, b, c] = step.operands.map(operand);
        lanes::apply(step.op, a, b, c, &mut out);
        found.check(lane, plan.whole, &out, &|| format!("{step:?} read as {:?}", plan.reading));
        if let Reading::Constant = plan.reading {
            let constant = |&value: &f64| value == plan.whole.low;
            assert!(out.iter().all(constant), "{step:?} is not always {}", plan.whole.low);
        }
        registers[step.out] = out;
    }
}

/// The entries of a table at some configurations.
fn entries(table: &Ranged, positions: &[Vec<u32>], count: usize) -> Vec<f64> {
    let blocks = table.blocks(|_| 0);
    let entry = |number: usize| {
        let along = table.axes.iter().zip(&blocks.strides);
        let place: u32 = along.map(|(along, stride)| positions[along.slot][number] * stride).sum();
        let (least, greatest) = (blocks.least[place as usize], blocks.greatest[place as usize]);
        if least > greatest { f64::NAN } else { least }
    };
    (0..count).map(entry).collect()
}

fn size_of_box(boxes: &Boxes, lane: usize) -> usize {
    boxes.first.iter().zip(&boxes.last).map(|(first, last)| (last[lane] - first[lane]) as usize + 1).product()
}

/// The configurations of a box with these numbers, slot by slot.
fn all_of(boxes: &Boxes, lane: usize, numbers: Range<usize>) -> Vec<Vec<u32>> {
    let mut behind = size_of_box(boxes, lane);
    let along = |(first, last): (&Vec<u32>, &Vec<u32>)| {
        let (first, last) = (first[lane], last[lane]);
        let length = (last - first) as usize + 1;
        behind /= length;
        numbers.clone().map(|number| first + (number / behind % length) as u32).collect()
    };
    boxes.first.iter().zip(&boxes.last).map(along).collect()
}

/// Where in a box some configurations lie, slot by slot: 0 at its first position, 1 behind its last.
fn places(slots: usize) -> Vec<Vec<f64>> {
    let corners = 1u32.checked_shl(slots as u32).map_or(SOME / 2, |corners| corners.min(SOME / 2));
    // As in `spots::spread`: multiples of powers of a generalised golden section.
    let mut golden = 2.0;
    for _ in 0..64 {
        golden = scalar::pow(1.0 + golden, 1.0 / (slots as f64 + 1.0));
    }
    let mut step = 1.0;
    let along = |slot: usize| {
        step /= golden;
        let corner = |number: u32| f64::from(number >> (slot as u32 % SOME.ilog2()) & 1);
        let inside = |number: u32| ((f64::from(number) + 0.5) * step).fract();
        (0..corners).map(corner).chain((corners..SOME).map(inside)).collect()
    };
    (0..slots).map(along).collect()
}

/// The configurations at those of the places in a box that have these numbers, slot by slot.
fn some_of(boxes: &Boxes, lane: usize, places: &[Vec<f64>], numbers: Range<usize>) -> Vec<Vec<u32>> {
    let sides = boxes.first.iter().zip(&boxes.last).map(|(first, last)| (first[lane], last[lane]));
    sides
        .zip(places)
        .map(|((first, last), places)| {
            let length = f64::from(last - first) + 1.0;
            places[numbers.clone()].iter().map(|place| (first + (place * length) as u32).min(last)).collect()
        })
        .collect()
}
