//! Intervals: what an operation gives on all values of its operands at once.
//!
//! In come an operation and an [`Interval`] for each operand; out comes one that holds every value that
//! [`Op::apply`] gives on values of the operands: the bits as computed, not the true real numbers. Reading
//! a whole graph in this way bounds a formula over a box of configurations (interval arithmetic, Moore 1966).
//!
//! Every operation of binary64 arithmetic is correctly rounded, so it is monotone as computed wherever the
//! true operation is, and its values at the ends bound all others with nothing added. The kernels of exp,
//! log and pow are not proven monotone: their results are widened, see [`margin`]. Of single values of all
//! operands the result is the one value computed.
//!
//! -0 and 0 are one number here. An interval that holds 0 may hold both, so a quotient by it may be either
//! infinity.
//!
//! A part of an operand gives a part of the result, for every operation that is not widened. Ends of widened
//! results follow the kernel, which may fall where it should rise (`pow` does, by one step, at some
//! neighbours with a small exponent): they keep this order up to the margin. A caller that needs it to the bit
//! takes the common part of the two results, which holds all values as well.

mod apply;
mod power;
mod set;
mod steps;
#[cfg(test)]
mod tests;

pub use set::Interval;
pub use steps::{margin, step_down, step_up};
