//! Intervals: what an operation gives on all values of its operands at once.
//!
//! In come an operation and an [`Interval`] for each operand; out comes one that holds every value that
//! [`Op::apply`] gives on values of the operands: the bits as computed, not the true real numbers. Reading
//! a whole graph in this way bounds a formula over a box of configurations.
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
//! neighbours with a small exponent): they keep this order up to the margin. Whoever needs it to the bit
//! takes the common part of the two results, which holds all values as well.

mod power;
mod steps;
#[cfg(test)]
mod tests;

pub use steps::{margin, step_down, step_up};

use crate::formula::ops::Op;
use crate::value::kernels::{EXP_ULPS, LOG_ULPS, LOG2_ULPS, LOG10_ULPS};
use crate::value::scalar;

/// A set of numbers: those from `low` to `high`, and NaN if `nan` says so.
///
/// A set without numbers has `low` infinity and `high` minus infinity.
///
/// # Examples
///
/// ```
/// use isoflop_core::formula::ops::Op;
/// use isoflop_core::value::interval::Interval;
/// let (x, y) = (Interval::new(1.0, 2.0), Interval::new(-3.0, 4.0));
/// assert_eq!(Interval::apply(Op::Mul, x, y, y), Interval::new(-6.0, 8.0));
/// assert_eq!(Interval::apply(Op::Lt, x, y, y), Interval::new(0.0, 1.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The smallest number.
    pub low: f64,
    /// The largest number.
    pub high: f64,
    /// Whether NaN may be among the values.
    pub nan: bool,
}

impl Interval {
    /// No value at all.
    pub const EMPTY: Self = Self { low: f64::INFINITY, high: f64::NEG_INFINITY, nan: false };

    /// Every number, but not NaN.
    const NUMBERS: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY, nan: false };

    /// The numbers from `low` to `high`; neither is NaN, and `high` is not the lower one.
    #[must_use]
    pub fn new(low: f64, high: f64) -> Self {
        debug_assert!(low <= high, "{low} to {high}");
        Self { low, high, nan: false }
    }

    /// One value, which may be NaN.
    #[must_use]
    pub fn point(value: f64) -> Self {
        if value.is_nan() { Self { nan: true, ..Self::EMPTY } } else { Self::new(value, value) }
    }

    /// Whether it holds no number. It may still hold NaN.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.low > self.high
    }

    /// Whether every value is the same number. (-0 and 0 are.)
    #[must_use]
    pub fn is_one_number(self) -> bool {
        self.low == self.high && !self.nan
    }

    /// Whether `value`, which may be NaN, is among the values.
    #[must_use]
    pub fn contains(self, value: f64) -> bool {
        if value.is_nan() { self.nan } else { self.low <= value && value <= self.high }
    }

    /// The smallest interval that holds all values of both.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high), nan: self.nan || other.nan }
    }

    /// What `op` gives on any values of these operands; those beyond its arity are ignored.
    #[must_use]
    pub fn apply(op: Op, a: Self, b: Self, c: Self) -> Self {
        match op {
            Op::Add => a.plus(b),
            Op::Sub => a.plus(b.negative()),
            Op::Mul => a.times(b),
            Op::Div => a.over(b),
            Op::Pow => power::power(a, b),
            Op::Neg => a.negative(),
            Op::Lt => compare(a, b, a.low < b.high, a.high >= b.low).into(),
            Op::Le => compare(a, b, a.low <= b.high, a.high > b.low).into(),
            Op::Gt => compare(a, b, a.high > b.low, a.low <= b.high).into(),
            Op::Ge => compare(a, b, a.high >= b.low, a.low < b.high).into(),
            Op::Eq => equal(a, b).into(),
            Op::Ne => equal(a, b).inverted().into(),
            Op::And => a.truth().and(b.truth()).into(),
            Op::Or => a.truth().or(b.truth()).into(),
            Op::Not => a.truth().inverted().into(),
            Op::Exp => a.exp(),
            Op::Log => a.logarithm(LOG_ULPS, scalar::log),
            Op::Log2 => a.logarithm(LOG2_ULPS, scalar::log2),
            Op::Log10 => a.logarithm(LOG10_ULPS, scalar::log10),
            Op::Sqrt => a.not_negative().rising(f64::sqrt),
            Op::Abs => a.size(),
            Op::Min => a.ends(b, scalar::min),
            Op::Max => a.ends(b, scalar::max),
            Op::Floor => a.rising(f64::floor),
            Op::Ceil => a.rising(f64::ceil),
            Op::Where => match a.truth() {
                Truth { holds: true, fails: true } => b.hull(c),
                Truth { holds: true, fails: false } => b,
                Truth { holds: false, fails: true } => c,
                Truth { holds: false, fails: false } => Self::EMPTY,
            },
        }
    }

    /// What `op` gives if every operand is the same value of `a`.
    ///
    /// A square is never negative, a difference is 0 or NaN; a power is as [`apply`](Self::apply) says.
    #[must_use]
    pub fn apply_same(op: Op, a: Self) -> Self {
        match op {
            Op::Add => a.rising(|x| x + x),
            Op::Sub => a.constant_except(0.0, &[f64::NEG_INFINITY, f64::INFINITY]),
            Op::Mul => a.size().rising(|x| x * x),
            Op::Div => a.constant_except(1.0, &[f64::NEG_INFINITY, 0.0, f64::INFINITY]),
            Op::Lt | Op::Gt => Truth { holds: false, fails: !a.is_void() }.into(),
            Op::Le | Op::Ge | Op::Eq => Truth { holds: !a.is_empty(), fails: a.nan }.into(),
            Op::Ne => Truth { holds: a.nan, fails: !a.is_empty() }.into(),
            Op::And | Op::Or => a.truth().into(),
            Op::Min | Op::Max => a,
            _ => Self::apply(op, a, a, a),
        }
    }

    /// Whether there is no value, not even NaN.
    fn is_void(self) -> bool {
        self.is_empty() && !self.nan
    }

    /// Whether there is a value, perhaps NaN, that is not `value`.
    fn holds_other_than(self, value: f64) -> bool {
        self.nan || self.low < value || self.high > value
    }

    fn holds_infinity(self) -> bool {
        self.contains(f64::INFINITY) || self.contains(f64::NEG_INFINITY)
    }

    fn truth(self) -> Truth {
        Truth { holds: self.holds_other_than(0.0), fails: self.contains(0.0) }
    }

    /// The values of at least zero, and NaN for the others: what a root or a logarithm has a value for.
    fn not_negative(self) -> Self {
        let nan = self.nan || self.low < 0.0;
        if self.high < 0.0 {
            Self { nan, ..Self::EMPTY }
        } else {
            Self { low: self.low.max(0.0), nan, ..self }
        }
    }

    /// An operation that never falls, as computed.
    fn rising(self, operation: impl Fn(f64) -> f64) -> Self {
        if self.is_empty() {
            return self;
        }
        Self { low: operation(self.low), high: operation(self.high), ..self }
    }

    /// An operation on two operands that falls in neither, as computed.
    fn ends(self, other: Self, operation: impl Fn(f64, f64) -> f64) -> Self {
        let nan = self.nan || other.nan;
        if self.is_empty() || other.is_empty() {
            return Self { nan, ..Self::EMPTY };
        }
        Self { low: operation(self.low, other.low), high: operation(self.high, other.high), nan }
    }

    fn negative(self) -> Self {
        Self { low: -self.high, high: -self.low, ..self }
    }

    fn size(self) -> Self {
        if self.low >= 0.0 {
            self
        } else if self.high <= 0.0 {
            self.negative()
        } else {
            Self { low: 0.0, high: self.high.max(-self.low), ..self }
        }
    }

    fn plus(self, other: Self) -> Self {
        let nan = (self.contains(f64::INFINITY) && other.contains(f64::NEG_INFINITY))
            || (self.contains(f64::NEG_INFINITY) && other.contains(f64::INFINITY));
        let sum = self.ends(other, |a, b| a + b);
        // An end is NaN if one operand is nothing but an infinity; what else there is shows at the other end.
        Self {
            low: if sum.low.is_nan() { f64::INFINITY } else { sum.low },
            high: if sum.high.is_nan() { f64::NEG_INFINITY } else { sum.high },
            nan: nan || sum.nan,
        }
    }

    fn times(self, other: Self) -> Self {
        let nan =
            (self.contains(0.0) && other.holds_infinity()) || (self.holds_infinity() && other.contains(0.0));
        let product = self.corners(other, |a, b| {
            // Where zero meets an infinity, it also meets the finite numbers beside it, if there are any.
            let infinite = if a == 0.0 { other } else { self };
            let product = a * b;
            if product.is_nan() && infinite.low < infinite.high { 0.0 } else { product }
        });
        Self { nan: nan || product.nan, ..product }
    }

    fn over(self, other: Self) -> Self {
        let nan =
            (self.contains(0.0) && other.contains(0.0)) || (self.holds_infinity() && other.holds_infinity());
        let quotient = if self.is_empty() || !other.contains(0.0) {
            self.corners(other, |a, b| {
                // Where an infinity is divided by one, so are the finite numbers beside it, if there are any.
                let quotient = a / b;
                if quotient.is_nan() && self.low < self.high { 0.0 } else { quotient }
            })
        } else if self.low < 0.0 || self.high > 0.0 {
            // The zero may be -0 or 0, and what is divided by it becomes either infinity.
            Self::NUMBERS
        } else if other.low < other.high {
            Self::point(0.0)
        } else {
            Self::EMPTY
        };
        Self { nan: nan || self.nan || other.nan, ..quotient }
    }

    /// An operation that is monotone in each operand; a corner that is NaN is left out.
    fn corners(self, other: Self, operation: impl Fn(f64, f64) -> f64) -> Self {
        let nan = self.nan || other.nan;
        if self.is_empty() || other.is_empty() {
            return Self { nan, ..Self::EMPTY };
        }
        let (a, b) = (operation(self.low, other.low), operation(self.low, other.high));
        let (c, d) = (operation(self.high, other.low), operation(self.high, other.high));
        // `min` and `max` pass over NaN.
        Self {
            low: f64::INFINITY.min(a).min(b).min(c).min(d),
            high: f64::NEG_INFINITY.max(a).max(b).max(c).max(d),
            nan,
        }
    }

    fn exp(self) -> Self {
        let result = self.widened(EXP_ULPS, scalar::exp);
        Self { low: result.low.max(0.0), ..result }
    }

    fn logarithm(self, ulps: f64, kernel: impl Fn(f64) -> f64) -> Self {
        let operand = self.not_negative();
        let mut result = operand.widened(ulps, kernel);
        // The margin must not cross zero, which a logarithm takes at 1 only.
        if operand.low >= 1.0 {
            result.low = result.low.max(0.0);
        }
        if operand.high <= 1.0 {
            result.high = result.high.min(0.0);
        }
        result
    }

    /// A kernel whose true function rises. Of one value the result is known.
    fn widened(self, ulps: f64, kernel: impl Fn(f64) -> f64) -> Self {
        let result = self.rising(kernel);
        if self.low >= self.high {
            return result;
        }
        let steps = margin(ulps);
        Self { low: step_down(result.low, steps), high: step_up(result.high, steps), ..result }
    }

    /// An operation that gives `value` on every number but these, and NaN on them.
    fn constant_except(self, value: f64, exceptions: &[f64]) -> Self {
        let nan = self.nan || exceptions.iter().any(|x| self.contains(*x));
        let only_exceptions = self.low == self.high && exceptions.contains(&self.low);
        if self.is_empty() || only_exceptions {
            Self { nan, ..Self::EMPTY }
        } else {
            Self { nan, ..Self::point(value) }
        }
    }
}

/// What a condition may be: either, both or, on no values, neither.
#[derive(Debug, Clone, Copy)]
struct Truth {
    holds: bool,
    fails: bool,
}

impl Truth {
    fn inverted(self) -> Self {
        Self { holds: self.fails, fails: self.holds }
    }

    fn and(self, other: Self) -> Self {
        Self { holds: self.holds && other.holds, fails: self.fails || other.fails }
    }

    fn or(self, other: Self) -> Self {
        self.inverted().and(other.inverted()).inverted()
    }
}

impl From<Truth> for Interval {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth { holds: true, fails: true } => Self::new(0.0, 1.0),
            Truth { holds: true, fails: false } => Self::point(1.0),
            Truth { holds: false, fails: true } => Self::point(0.0),
            Truth { holds: false, fails: false } => Self::EMPTY,
        }
    }
}

/// A comparison that fails on NaN, given what it may be on numbers, if there are any.
fn compare(a: Interval, b: Interval, holds: bool, fails: bool) -> Truth {
    let numbers = !a.is_empty() && !b.is_empty();
    Truth { holds: numbers && holds, fails: (numbers && fails) || a.nan || b.nan }
}

fn equal(a: Interval, b: Interval) -> Truth {
    let one_value = a.low == b.high && a.high == b.low;
    compare(a, b, a.low <= b.high && b.low <= a.high, !one_value)
}
