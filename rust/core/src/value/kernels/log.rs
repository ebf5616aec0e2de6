//! Logarithms to the bases e, 2 and 10, and the natural one in two parts.

use super::{LN_2_HIGH, LN_2_LOW, head};

const MANTISSA: u64 = (1 << 52) - 1;
const ONE: u64 = 0x3ff0_0000_0000_0000;
/// The bits of the square root of one half, where the mantissas begin.
const ROOT_OF_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
/// The bits of 2**52, below which an integer in the lowest bits is the number's value.
const INTEGER: u64 = 0x4330_0000_0000_0000;
const TWO_TO_52: f64 = 4_503_599_627_370_496.0;
const TWO_TO_54: f64 = 18_014_398_509_481_984.0;

/// The series 1/3 + z/5 + z**2/7 + ..., where the square root of z is at most (sqrt(2) - 1)/(sqrt(2) + 1).
/// This and [`SERIES_FROM_SEVENTH`] are interpolated at the Chebyshev nodes of that interval; there
/// they are within 2**-55 of the series.
const SERIES_FROM_THIRD: [f64; 8] = [
    0.333_333_333_333_333_3,
    0.200_000_000_000_004_4,
    0.142_857_142_854_018_04,
    0.111_111_111_958_573_72,
    0.090_908_978_200_223_62,
    0.076_931_198_538_055_62,
    0.066_343_865_051_016_08,
    0.065_433_137_455_986_21,
];

/// The series 1/7 + z/9 + z**2/11 + ...
const SERIES_FROM_SEVENTH: [f64; 8] = [
    0.142_857_142_857_142_85,
    0.111_111_111_111_114_74,
    0.090_909_090_906_504_91,
    0.076_923_077_624_387_04,
    0.066_666_573_400_785_25,
    0.058_830_249_362_423_113,
    0.052_364_532_296_816_03,
    0.053_085_144_191_079_81,
];

/// A base, as the logarithm of 2 in it (times an exponent of up to 11 bits, the high part is exact)
/// and the logarithm of e in it (the high part has 26 bits).
struct Base {
    two_high: f64,
    two_low: f64,
    e_high: f64,
    e_low: f64,
}

const NATURAL: Base = Base { two_high: LN_2_HIGH, two_low: LN_2_LOW, e_high: 1.0, e_low: 0.0 };
const BINARY: Base = Base {
    two_high: 1.0,
    two_low: 0.0,
    e_high: f64::from_bits(0x3ff7_1547_6000_0000),
    e_low: f64::from_bits(0x3e54_ae0b_f85d_df44),
};
const DECIMAL: Base = Base {
    two_high: f64::from_bits(0x3fd3_4413_509f_6000),
    two_low: f64::from_bits(0x3d59_fef3_11f1_2b36),
    e_high: f64::from_bits(0x3fdb_cb7b_1000_0000),
    e_low: f64::from_bits(0x3e34_9b94_38ca_9aae),
};

/// Natural logarithm of `x`, within [`LOG_ULPS`](super::LOG_ULPS).
///
/// Minus infinity at 0 and -0, NaN below zero and at NaN, infinity at infinity.
///
/// # Examples
///
/// ```
/// use isoflop_core::value::scalar::log;
/// assert_eq!(log(1.0), 0.0);
/// assert_eq!(log(0.0), f64::NEG_INFINITY);
/// assert!(log(-1.0).is_nan());
/// ```
#[inline(always)]
#[must_use]
pub fn log(x: f64) -> f64 {
    in_base(x, &NATURAL)
}

/// Logarithm of `x` to base 2, within [`LOG2_ULPS`](super::LOG2_ULPS); exact at powers of two.
///
/// Outside the positive numbers as [`log`].
///
/// # Examples
///
/// ```
/// use isoflop_core::value::scalar::log2;
/// assert_eq!(log2(1024.0), 10.0);
/// assert_eq!(log2(5e-324), -1074.0);
/// ```
#[inline(always)]
#[must_use]
pub fn log2(x: f64) -> f64 {
    in_base(x, &BINARY)
}

/// Logarithm of `x` to base 10, within [`LOG10_ULPS`](super::LOG10_ULPS); exact at powers of ten.
///
/// Outside the positive numbers as [`log`].
///
/// # Examples
///
/// ```
/// use isoflop_core::value::scalar::log10;
/// assert_eq!(log10(1e22), 22.0);
/// ```
#[inline(always)]
#[must_use]
pub fn log10(x: f64) -> f64 {
    in_base(x, &DECIMAL)
}

#[inline(always)]
fn in_base(x: f64, base: &Base) -> f64 {
    let (exponent, mantissa) = split(x);
    let (near, high, low) = ratio(mantissa);
    let z = near * near;
    let series = z * sum_of(&SERIES_FROM_THIRD, z);

    // log(mantissa) = 2*high + 2*(low + near*series); only the first product needs to be exact.
    let high = high + high;
    let low = low + near * series;
    let low = low + low;
    let small = (high * base.e_low + low * base.e_low) + low * base.e_high;
    // What is added is either far larger than the mantissa's part or zero: the loss is found exactly.
    let large = exponent * base.two_high;
    let part = high * base.e_high;
    let sum = large + part;
    let lost = part - (sum - large);
    outside_positive(x, sum + (lost + (small + exponent * base.two_low)))
}

/// Natural logarithm of a positive finite `x` as an unevaluated sum, within 2**-68 of itself; the second
/// part is below 2**-24 of the first.
///
/// Anything else gives numbers without meaning, as quickly.
#[inline(always)]
pub(in crate::value) fn log_as_pair(x: f64) -> (f64, f64) {
    /// What binary64 leaves of 1/3 and 1/5.
    const THIRD_LOW: f64 = f64::from_bits(0x3c75_5555_5555_5555);
    const FIFTH_LOW: f64 = f64::from_bits(0xbc69_9999_9999_999a);

    let (exponent, mantissa) = split(x);
    let (near, s_high, s_low) = ratio(mantissa);
    // Heads are taken before what is small is added: the long chain need not wait for it.
    let square = s_high * s_high; // exact
    let z_high = head(square);
    let z_low = (square - z_high) + s_low * (s_high + (s_high + s_low));

    // The far end of the series is small enough for a ratio of one part.
    let near_square = near * near;
    let seventh = near_square * sum_of(&SERIES_FROM_SEVENTH, near_square);

    // The next two coefficients, and what they multiply, in two parts each.
    let fifth = 1.0 / 5.0 + seventh;
    let fifth_high = head(fifth);
    let fifth_low = ((1.0 / 5.0 - fifth_high) + seventh) + FIFTH_LOW;
    let product = z_high * fifth_high; // exact
    let product_low = z_high * fifth_low + z_low * fifth;

    let third_high = head(1.0 / 3.0 + product);
    let third_low = ((1.0 / 3.0 - third_high) + product) + (product_low + THIRD_LOW);
    let product = z_high * third_high; // exact
    let product_low = z_high * third_low + z_low * (third_high + third_low);

    let series_high = head(product);
    let series_low = (product - series_high) + product_low;
    let product = s_high * series_high; // exact
    let product_low = s_high * series_low + s_low * (series_high + series_low);

    // exponent*ln(2) + 2*s_high + 2*product, each sum with what it lost; the rest is small.
    let large = exponent * LN_2_HIGH; // exact
    let first = large + (s_high + s_high);
    let first_lost = (s_high + s_high) - (first - large);
    let second = first + (product + product);
    let second_lost = (product + product) - (second - first);
    let tail = s_low + product_low;
    (second, (first_lost + second_lost) + ((tail + tail) + exponent * LN_2_LOW))
}

/// The exponent and mantissa of a positive finite number; the mantissa lies in [sqrt(1/2), sqrt(2)).
#[inline(always)]
fn split(x: f64) -> (f64, f64) {
    let subnormal = x < f64::MIN_POSITIVE;
    let normal = if subnormal { x * TWO_TO_54 } else { x };
    let offset = if subnormal { TWO_TO_52 + 1023.0 + 54.0 } else { TWO_TO_52 + 1023.0 };
    // Moved so that a new exponent begins at the square root of one half. There is no conversion of
    // 64-bit integers before AVX-512: the exponent becomes the lowest bits of 2**52.
    let moved = normal.to_bits().wrapping_add(ONE - ROOT_OF_HALF);
    let exponent = f64::from_bits((moved >> 52) | INTEGER) - offset;
    let mantissa = f64::from_bits((moved & MANTISSA).wrapping_add(ROOT_OF_HALF));
    (exponent, mantissa)
}

/// A polynomial, in pairs, so that few operations wait for one another.
#[inline(always)]
fn sum_of(coefficients: &[f64; 8], z: f64) -> f64 {
    let [c0, c1, c2, c3, c4, c5, c6, c7] = *coefficients;
    let z2 = z * z;
    let first = (c0 + c1 * z) + z2 * (c2 + c3 * z);
    let second = (c4 + c5 * z) + z2 * (c6 + c7 * z);
    first + (z2 * z2) * second
}

/// (m - 1)/(m + 1), whose area tangent is half the logarithm of m: first rounded, within 2**-51 of
/// itself; then in two parts, the first of 26 bits, the whole within 2**-75 of itself.
#[inline(always)]
fn ratio(mantissa: f64) -> (f64, f64, f64) {
    let numerator = mantissa - 1.0; // exact
    let denominator = mantissa + 1.0;
    let denominator_high = head(denominator);
    let denominator_low = mantissa - (denominator_high - 1.0); // exact, and with it the denominator
    let reciprocal = 1.0 / denominator;
    let near = numerator * reciprocal;
    let high = head(near);
    let low = ((numerator - high * denominator_high) - high * denominator_low) * reciprocal;
    (near, high, low)
}

/// `result` where x is positive and finite, else what a logarithm is there.
#[inline(always)]
fn outside_positive(x: f64, result: f64) -> f64 {
    // Against the largest number rather than infinity: tests for infinity, zero and sign together are taken for
    // a classification of the bits, which costs three times the instructions.
    let outside = if x == 0.0 { f64::NEG_INFINITY } else { f64::NAN };
    let outside = if x > f64::MAX { f64::INFINITY } else { outside };
    if (x > 0.0) & (x <= f64::MAX) { result } else { outside }
}
