//! A set of numbers between two ends.

/// A set of numbers: those from `low` to `high`, and NaN if `nan` says so.
///
/// A set without numbers has `low` infinity and `high` minus infinity.
///
/// # Examples
///
/// ```
/// use isoflop_core::value::ops::Op;
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
    pub(super) const NUMBERS: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY, nan: false };

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

    /// Whether there is no value, not even NaN.
    pub(super) fn is_void(self) -> bool {
        self.is_empty() && !self.nan
    }

    /// Whether there is a value, perhaps NaN, that is not `value`.
    pub(super) fn holds_other_than(self, value: f64) -> bool {
        self.nan || self.low < value || self.high > value
    }

    pub(super) fn holds_infinity(self) -> bool {
        self.contains(f64::INFINITY) || self.contains(f64::NEG_INFINITY)
    }

    pub(super) fn negative(self) -> Self {
        Self { low: -self.high, high: -self.low, ..self }
    }
}
