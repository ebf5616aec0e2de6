//! The scalar kernels.

/// e to the power of `x`.
pub fn exp(x: f64) -> f64 {
    x.exp()
}
/// Natural logarithm.
pub fn log(x: f64) -> f64 {
    x.ln()
}
/// Logarithm to base 2.
pub fn log2(x: f64) -> f64 {
    x.log2()
}
/// Logarithm to base 10.
pub fn log10(x: f64) -> f64 {
    x.log10()
}
/// `x` to the power of `y`.
pub fn pow(x: f64, y: f64) -> f64 {
    x.powf(y)
}
/// The smaller operand; NaN if either is NaN, else `b` if `b < a` else `a`.
#[inline(always)]
#[must_use]
pub fn min(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else if b < a {
        b
    } else {
        a
    }
}
/// The larger operand; NaN if either is NaN, else `b` if `b > a` else `a`.
#[inline(always)]
#[must_use]
pub fn max(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else if b > a {
        b
    } else {
        a
    }
}
