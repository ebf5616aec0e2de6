//! The meaning of the operations that are not one operation of binary64 arithmetic.

pub use super::kernels::{exp, log, log2, log10, pow};

/// The smaller operand; NaN if either is NaN, else `b` if `b < a` else `a`.
///
/// So of 0 and -0 it is the first.
#[inline(always)]
#[must_use]
pub fn min(a: f64, b: f64) -> f64 {
    // A NaN in `a` stays, as no comparison with it holds.
    if (b < a) | b.is_nan() { b } else { a }
}

/// The larger operand; NaN if either is NaN, else `b` if `b > a` else `a`.
///
/// So of 0 and -0 it is the first.
#[inline(always)]
#[must_use]
pub fn max(a: f64, b: f64) -> f64 {
    if (b > a) | b.is_nan() { b } else { a }
}
