//! Operations on lanes of numbers, bit for bit what [`scalar`](super::scalar) says.

use crate::formula::ops::Op;

/// One operand of a lane loop.
#[derive(Debug, Clone, Copy)]
pub enum Operand<'a> {
    /// The same number in every lane.
    Scalar(f64),
    /// One number for each lane; as long as the output.
    Lanes(&'a [f64]),
}

/// Applies `op` lane by lane. Operands beyond the arity of `op` are ignored.
pub fn apply(op: Op, a: Operand<'_>, b: Operand<'_>, c: Operand<'_>, out: &mut [f64]) {
    let at = |operand: Operand<'_>, lane: usize| match operand {
        Operand::Scalar(value) => value,
        Operand::Lanes(values) => values[lane],
    };
    for (lane, slot) in out.iter_mut().enumerate() {
        *slot = op.apply(at(a, lane), at(b, lane), at(c, lane));
    }
}
