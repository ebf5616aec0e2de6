//! The exponential, also of an argument in two parts.

use super::{LN_2_HIGH, LN_2_LOW, ROUND, power_of_two};

/// Arguments beyond these overflow or vanish whatever follows; the reduction stays in range.
const HIGHEST: f64 = 710.0;
const LOWEST: f64 = -746.0;

/// e to the power of `x`, within [`EXP_ULPS`](super::EXP_ULPS).
///
/// 0 at minus infinity, infinity from about 709.78 on, NaN at NaN.
///
/// # Examples
///
/// ```
/// use isoflop_core::value::scalar::exp;
/// assert_eq!(exp(0.0), 1.0);
/// assert_eq!(exp(1.0), std::f64::consts::E);
/// assert_eq!(exp(f64::NEG_INFINITY), 0.0);
/// ```
#[inline(always)]
#[must_use]
pub fn exp(x: f64) -> f64 {
    // Written so that NaN passes both.
    let x = if x > HIGHEST { HIGHEST } else { x };
    let x = if x < LOWEST { LOWEST } else { x };
    reduced(x, 0.0)
}

/// e to the power of `high + low`, where `low` is at most an ulp of `high`.
#[inline(always)]
pub(in crate::value) fn exp_of_pair(high: f64, low: f64) -> f64 {
    // An argument out of range may carry a `low` of any size: it goes with the rest.
    let low = if (high > HIGHEST) | (high < LOWEST) { 0.0 } else { low };
    let high = if high > HIGHEST { HIGHEST } else { high };
    let high = if high < LOWEST { LOWEST } else { high };
    reduced(high, low)
}

/// The exponential of an argument in range: 2**n * e**r with |r| <= ln(2)/2.
#[inline(always)]
fn reduced(high: f64, low: f64) -> f64 {
    let n = (high * std::f64::consts::LOG2_E + ROUND) - ROUND;

    // high - n*LN_2_HIGH is exact; r + rest is the whole of what remains.
    let near = high - n * LN_2_HIGH;
    let far = n * LN_2_LOW - low;
    let r = near - far;
    let rest = (near - r) - far;

    // e**r - 1 - r by Taylor's series; odd and even powers apart, for two short chains of operations.
    let square = r * r;
    let even = 1.0 / 2.0
        + square
            * (1.0 / 24.0
                + square
                    * (1.0 / 720.0
                        + square
                            * (1.0 / 40_320.0
                                + square
                                    * (1.0 / 3_628_800.0
                                        + square
                                            * (1.0 / 479_001_600.0 + square * (1.0 / 87_178_291_200.0))))));
    let odd = 1.0 / 6.0
        + square
            * (1.0 / 120.0
                + square
                    * (1.0 / 5_040.0
                        + square
                            * (1.0 / 362_880.0
                                + square * (1.0 / 39_916_800.0 + square * (1.0 / 6_227_020_800.0)))));
    let series = square * (even + r * odd);

    // 1 + r with what its rounding lost.
    let sum = 1.0 + r;
    let lost = r - (sum - 1.0);
    let mantissa = sum + ((lost + rest * sum) + series);

    // In two steps: 2**n alone may be out of range where the product is not, and all but one of the
    // products are exact, so that a subnormal result is rounded once here.
    let half = (n * 0.5 + ROUND) - ROUND;
    (mantissa * power_of_two(half)) * power_of_two(n - half)
}
