//! Powers of intervals, as computed on every path of [`crate::value::kernels`].
//!
//! For bases of at least zero the true power is monotone in the base for each exponent and in the exponent
//! for each base, infinities and 0**0 = 1 included, so that its extremes are at the corners. Computed
//! corners are widened by the margin of the least exact path that an exponent may take, but for one exponent
//! with a path of its own: a chain of correctly rounded products, a quotient or a root is monotone as
//! computed. Bases below zero follow from their size and from whether the exponent may be odd, even or no
//! integer.

use super::set::Interval;
use super::steps::{margin, step_down, step_up};
use crate::value::kernels::{POW_ULPS, Path};
use crate::value::scalar::pow;

/// What `base ** exponent` gives on any values of the two.
pub(super) fn power(base: Interval, exponent: Interval) -> Interval {
    if base.is_void() || exponent.is_void() {
        return Interval::EMPTY;
    }
    let mut result = of_numbers(base, exponent);
    // One NaN does not make another in two cases: a power of 1, and the exponent 0.
    if base.nan {
        result.nan |= exponent.holds_other_than(0.0);
    }
    if exponent.nan {
        result.nan |= base.holds_other_than(1.0);
    }
    if (base.nan && exponent.contains(0.0)) || (exponent.nan && base.contains(1.0)) {
        result = result.hull(Interval::point(1.0));
    }
    result
}

/// The power where neither operand is NaN.
fn of_numbers(base: Interval, exponent: Interval) -> Interval {
    let mut result = Interval::EMPTY;
    if base.is_empty() || exponent.is_empty() {
        return result;
    }
    if base.high >= 0.0 {
        // `abs` against -0, which the next case is for.
        result = of_sizes(base.low.max(0.0).abs(), base.high.abs(), exponent);
    }
    if base.contains(0.0) && holds_integer(exponent.low, exponent.high.min(-1.0), Parity::Odd) {
        result = result.hull(Interval::point(f64::NEG_INFINITY));
    }
    if base.low < 0.0 {
        let sizes = of_sizes((-base.high).max(0.0).abs(), -base.low, exponent);
        if holds_integer(exponent.low, exponent.high, Parity::Odd) {
            result = result.hull(sizes.negative());
        }
        let even = holds_integer(exponent.low, exponent.high, Parity::Even) || exponent.holds_infinity();
        let fractions = exponent.low < exponent.high || exponent.low.ceil() != exponent.low;
        // The powers of minus infinity to exponents that are no integers are those of infinity.
        if even || (fractions && base.low == f64::NEG_INFINITY) {
            result = result.hull(sizes);
        }
        result.nan = fractions && (base.high > f64::NEG_INFINITY || exponent.contains(0.5));
    }
    result
}

/// The power of bases from `low`, at least +0, to `high`.
fn of_sizes(low: f64, high: f64, exponent: Interval) -> Interval {
    let mut corners = Interval::point(pow(low, exponent.low)).hull(Interval::point(pow(high, exponent.low)));
    if exponent.low == exponent.high {
        if low == high || Path::of(exponent.low) != Path::General {
            return corners;
        }
    } else {
        let others = Interval::point(pow(low, exponent.high)).hull(Interval::point(pow(high, exponent.high)));
        corners = corners.hull(others);
    }
    // The other paths are no less exact than the general one.
    let ulps = [3.0, 4.0]
        .into_iter()
        .filter(|own| exponent.contains(*own))
        .fold(POW_ULPS, |ulps, own| ulps.max(Path::of(own).ulps()));
    let steps = margin(ulps);
    Interval::new(step_down(corners.low, steps).max(0.0), step_up(corners.high, steps))
}

/// Which integers are meant.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Parity {
    Even,
    Odd,
}

/// Whether there is an integer of this parity in a range that may be empty. Infinity alone is none.
fn holds_integer(low: f64, high: f64, parity: Parity) -> bool {
    let first = low.ceil();
    let remainder = if parity == Parity::Odd { 1.0 } else { 0.0 };
    high - low >= 2.0 || [first, first + 1.0].into_iter().any(|n| n <= high && (n % 2.0).abs() == remainder)
}
