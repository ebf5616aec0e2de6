//! What each operation gives on intervals.

use super::power::power;
use super::set::Interval;
use super::steps::{margin, step_down, step_up};
use crate::value::kernels::{EXP_ULPS, LOG_ULPS, LOG2_ULPS, LOG10_ULPS};
use crate::value::ops::Op;
use crate::value::scalar;

impl Interval {
    /// What `op` gives on any values of these operands; those beyond its arity are ignored.
    #[must_use]
    pub fn apply(op: Op, a: Self, b: Self, c: Self) -> Self {
        match op {
            Op::Add => a.plus(b),
            Op::Sub => a.plus(b.negative()),
            Op::Mul => a.times(b),
            Op::Div => a.over(b),
            Op::Pow => power(a, b),
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
