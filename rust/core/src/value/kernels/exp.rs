//! The exponential, also of an argument in two parts.

use super::{LN_2_HIGH, LN_2_LOW, ROUND, power_of_two};

/// Results for arguments beyond these overflow or vanish; the reduction stays in range.
const HIGHEST: f64 = 710.0;
const LOWEST: f64 = -746.0;

/// The series of (e**r - 1 - r - r**2/2)/r**3. With r**2/2 it is interpolated at the Chebyshev nodes of
/// |r| <= ln(2)/2, where it makes an error of 2**-61 of e**r.
const SERIES: [f64; 10] = [
    0.166_666_666_666_666_7,
    0.041_666_666_666_666_67,
    0.008_333_333_333_326_141,
    0.001_388_888_888_888_375_2,
    0.000_198_412_698_748_006_83,
    2.480_158_732_553_350_2e-5,
    2.755_725_542_550_29e-6,
    2.755_727_366_117_472_6e-7,
    2.510_520_647_533_483_4e-8,
    2.091_467_944_897_855e-9,
];

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
    let low = if high.abs() > -LOWEST { 0.0 } else { low };
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

    // e**r - 1 - r: half the square, and the rest in pairs, so that few operations wait for one another.
    let r2 = r * r;
    let r4 = r2 * r2;
    let [c3, c4, c5, c6, c7, c8, c9, c10, c11, c12] = SERIES;
    let first = (c3 + c4 * r) + r2 * (c5 + c6 * r);
    let second = (c7 + c8 * r) + r2 * (c9 + c10 * r);
    let cubic = (first + r4 * second) + (r4 * r4) * (c11 + c12 * r);
    let series = 0.5 * r2 + (r2 * r) * cubic;

    // 1 + r with what its rounding lost.
    let sum = 1.0 + r;
    let lost = r - (sum - 1.0);
    let mantissa = sum + ((lost + rest * sum) + series);

    // In two steps: 2**n alone may be out of range where the product is not, and all but one of the
    // products are exact, so that a subnormal result is rounded once here.
    let half = (n * 0.5 + ROUND) - ROUND;
    (mantissa * power_of_two(half)) * power_of_two(n - half)
}
