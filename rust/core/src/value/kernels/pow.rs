//! Powers: short chains for a few exponents, exp(y*log(x)) in two parts for all others.

use super::exp::exp_of_pair;
use super::head;
use super::log::log_as_pair;
use super::{POW_CUBE_ULPS, POW_FOURTH_ULPS, POW_ROUNDED_ULPS, POW_ULPS};

const TWO_TO_52: f64 = 4_503_599_627_370_496.0;

/// How a power is computed. The exponent's value decides, wherever the exponent comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// Exponent 0: 1 for every base, NaN included.
    One,
    /// Exponent 1: the base.
    Same,
    /// Exponent 2: `x * x`.
    Square,
    /// Exponent 3: `(x * x) * x`.
    Cube,
    /// Exponent 4: `(x * x) * (x * x)`.
    Fourth,
    /// Exponent -1: `1 / x`.
    Reciprocal,
    /// Exponent 0.5: the square root, so -0 at -0 and NaN at minus infinity.
    Root,
    /// Every other exponent.
    General,
}

impl Path {
    /// The path of an exponent.
    #[inline]
    #[must_use]
    pub fn of(exponent: f64) -> Self {
        if exponent == 0.0 {
            Self::One
        } else if exponent == 1.0 {
            Self::Same
        } else if exponent == 2.0 {
            Self::Square
        } else if exponent == 3.0 {
            Self::Cube
        } else if exponent == 4.0 {
            Self::Fourth
        } else if exponent == -1.0 {
            Self::Reciprocal
        } else if exponent == 0.5 {
            Self::Root
        } else {
            Self::General
        }
    }

    /// The largest error of a result on this path, in ulps.
    #[must_use]
    pub fn ulps(self) -> f64 {
        match self {
            Self::One | Self::Same => 0.0,
            Self::Square | Self::Reciprocal | Self::Root => POW_ROUNDED_ULPS,
            Self::Cube => POW_CUBE_ULPS,
            Self::Fourth => POW_FOURTH_ULPS,
            Self::General => POW_ULPS,
        }
    }
}

/// `x` to the power of `y`, within [`Path::ulps`] of the path that the value of `y` takes.
///
/// Special cases are those of C's `pow` (annex F), so `pow(1, NaN)` and `pow(NaN, 0)` are 1, a negative
/// base has a power for integer exponents only, and -1 to an infinity is 1. There is one difference:
/// an exponent of 0.5 is the square root, which at -0 is -0 and at minus infinity is NaN.
///
/// # Examples
///
/// ```
/// use isoflop_core::value::scalar::pow;
/// assert_eq!(pow(10.0, 15.0), 1e15);
/// assert_eq!(pow(-2.0, -3.0), -0.125);
/// assert_eq!(pow(1.0, f64::NAN), 1.0);
/// assert!(pow(-8.0, 1.0 / 3.0).is_nan());
/// ```
#[inline(always)]
#[must_use]
pub fn pow(x: f64, y: f64) -> f64 {
    let (high, low) = times(log_as_pair(x.abs()), y);
    choose_path(ends(exp_of_pair(high, low), x, y), x, y)
}

/// The power as the value of the exponent wants it, given what the general path says.
///
/// Every path is computed and one is taken, so that a loop over exponents works in lanes. A loop with
/// one exponent asks [`Path::of`] first.
#[inline(always)]
pub(in crate::value) fn choose_path(general: f64, x: f64, y: f64) -> f64 {
    let (root, reciprocal, square) = (x.sqrt(), 1.0 / x, x * x);
    let (cube, fourth) = (square * x, square * square);
    let result = if y == 0.5 { root } else { general };
    let result = if y == -1.0 { reciprocal } else { result };
    let result = if y == 4.0 { fourth } else { result };
    let result = if y == 3.0 { cube } else { result };
    let result = if y == 2.0 { square } else { result };
    let result = if y == 1.0 { x } else { result };
    if y == 0.0 { 1.0 } else { result }
}

/// A logarithm in two parts times an exponent, in two parts.
#[inline(always)]
pub(in crate::value) fn times(log: (f64, f64), y: f64) -> (f64, f64) {
    /// Any larger exponent overflows or vanishes too, or gives 1, as a base other than 1 has a logarithm
    /// of at least 2**-53 in size. NaN passes.
    const LARGEST: f64 = 36_893_488_147_419_103_232.0; // 2**65

    let y = if y > LARGEST { LARGEST } else { y };
    let y = if y < -LARGEST { -LARGEST } else { y };
    let sum = log.0 + log.1;
    let log_high = head(log.0);
    let log_low = (log.0 - log_high) + log.1;
    let y_high = head(y);
    let product = y_high * log_high; // exact
    let product_low = y_high * log_low + (y - y_high) * sum;
    let high = product + product_low;
    (high, (product - high) + product_low)
}

/// `power`, the exponential of y*log(|x|), where that is the power; else what C's `pow` says: at the ends
/// of the range of x, below zero, at 1 and at NaN.
#[inline(always)]
pub(in crate::value) fn ends(power: f64, x: f64, y: f64) -> f64 {
    let size = x.abs();
    let positive = y > 0.0;
    let at_zero = if positive { 0.0 } else { f64::INFINITY };
    let at_infinity = if positive { f64::INFINITY } else { 0.0 };
    let power = if size == 0.0 { at_zero } else { power };
    let power = if size == f64::INFINITY { at_infinity } else { power };
    let power = if x.is_nan() | y.is_nan() { f64::NAN } else { power };

    // The sign of x, if the exponent is odd.
    let y_size = y.abs();
    let whole = is_integer(y_size);
    let odd = whole & !is_integer(y_size * 0.5);
    let sign = if odd { x.to_bits() & (1 << 63) } else { 0 };
    let power = f64::from_bits(power.to_bits() | sign);
    let power = if (x < 0.0) & (x > f64::NEG_INFINITY) & !whole { f64::NAN } else { power };
    if x == 1.0 { 1.0 } else { power }
}

/// Whether a number of at least zero is an integer, infinity among them. Not by `floor`, which
/// is a call where the processor may lack it.
#[inline(always)]
fn is_integer(size: f64) -> bool {
    (size >= TWO_TO_52) | ((size + TWO_TO_52) - TWO_TO_52 == size)
}
