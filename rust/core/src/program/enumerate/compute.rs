//! The steps of a block: of all its rows at once, of all its lanes at once, of configurations of one row.

use std::ops::Range;

use super::lower::{Loop, Step};
use super::machine::{Machine, Scratch};
use crate::value::lanes::{self, Operand};

/// The lanes that passed the tests.
#[derive(Debug, Clone)]
pub(super) struct Passed {
    /// From the first that did to the last.
    pub(super) hull: Range<usize>,
    /// Whether the mask leaves out some in between.
    pub(super) masked: bool,
    pub(super) count: usize,
}

impl Machine<'_> {
    /// The rows' steps; false if no row passes.
    #[inline(always)]
    pub(super) fn rows(&self, scratch: &mut Scratch, count: usize) -> bool {
        scratch.row_mask[..count].fill(true);
        for step in &self.tape.steps[Loop::Row as usize] {
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
    pub(super) fn lanes(&self, scratch: &mut Scratch, count: usize) -> Option<Passed> {
        let mut passed = Passed { hull: 0..count, masked: false, count };
        for step in &self.tape.steps[Loop::Lane as usize] {
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

    /// Some steps of configurations; false if none of them passes.
    #[inline(always)]
    pub(super) fn configurations(
        &self,
        scratch: &mut Scratch,
        steps: &[Step],
        row: usize,
        passed: &mut Passed,
    ) -> bool {
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
