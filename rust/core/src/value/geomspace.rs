//! Numbers spaced evenly on a log scale.

use super::kernels::{exp_of_pair, head, log_as_pair};

/// Why a sequence of numbers cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GeomspaceError {
    /// An end is infinite or NaN.
    #[error("geomspace runs between finite numbers, not from {start} to {stop}")]
    NotFinite {
        /// The first end.
        start: f64,
        /// The last end.
        stop: f64,
    },
    /// An end is zero, which no ratio reaches.
    #[error(
        "geomspace cannot start or stop at zero (from {start} to {stop}); use a small number, or linspace"
    )]
    Zero {
        /// The first end.
        start: f64,
        /// The last end.
        stop: f64,
    },
    /// The ends lie on both sides of zero.
    #[error("geomspace cannot cross zero (from {start} to {stop}); make both ends positive or both negative")]
    Signs {
        /// The first end.
        start: f64,
        /// The last end.
        stop: f64,
    },
    /// There is no memory for these numbers.
    #[error("geomspace of {num} numbers does not fit into memory; ask for fewer")]
    Memory {
        /// How many were wanted.
        num: usize,
    },
}

/// Returns `num` numbers from `start` to `stop`, each in the same ratio to the one before.
///
/// What NumPy's function of this name means for real numbers: with `endpoint` the last number is `stop`,
/// without it the sequence ends one step earlier; `num` 1 gives `start` alone and 0 nothing. Ends are
/// exact. Every number between them is within [`EXP_ULPS`](super::kernels::EXP_ULPS) of the true one, and is
/// the true one where that is a binary64 number; the sequence never turns back.
///
/// # Errors
///
/// [`GeomspaceError`] if the ends are not finite, nonzero and of one sign, or if memory does not suffice.
///
/// # Examples
///
/// ```
/// use isoflop_core::value::geomspace::geomspace;
/// assert_eq!(geomspace(1.0, 1000.0, 4, true), Ok(vec![1.0, 10.0, 100.0, 1000.0]));
/// assert_eq!(geomspace(1.0, 1000.0, 3, false), Ok(vec![1.0, 10.0, 100.0]));
/// ```
pub fn geomspace(start: f64, stop: f64, num: usize, endpoint: bool) -> Result<Vec<f64>, GeomspaceError> {
    if !(start.is_finite() && stop.is_finite()) {
        return Err(GeomspaceError::NotFinite { start, stop });
    }
    if start == 0.0 || stop == 0.0 {
        return Err(GeomspaceError::Zero { start, stop });
    }
    if (start < 0.0) != (stop < 0.0) {
        return Err(GeomspaceError::Signs { start, stop });
    }
    let mut numbers = Vec::new();
    numbers.try_reserve_exact(num).map_err(|_| GeomspaceError::Memory { num })?;

    let steps = if endpoint { num.saturating_sub(1) } else { num };
    let line = Line::new(start.abs(), stop.abs(), steps as f64);
    let (least, most) = if start < stop { (start, stop) } else { (stop, start) };
    let mut previous = start;
    for position in 0..num {
        let number = if position == 0 {
            start
        } else if position == steps {
            stop
        } else {
            // Where two true numbers differ by less than an ulp, rounding might exchange them.
            let number = line.at(position as f64).copysign(start).clamp(least, most);
            if start < stop { number.max(previous) } else { number.min(previous) }
        };
        numbers.push(number);
        previous = number;
    }
    Ok(numbers)
}

/// A straight line of logarithms, each known as a sum of two numbers to about 2**-59.
struct Line {
    start: (f64, f64),
    rise: (f64, f64),
    steps: f64,
}

impl Line {
    fn new(start: f64, stop: f64, steps: f64) -> Self {
        let (start, stop) = (log_as_pair(start), log_as_pair(stop));
        let (rise, lost) = two_sum(stop.0, -start.0);
        Self { start, rise: two_sum(rise, lost + (stop.1 - start.1)), steps }
    }

    /// The number whose logarithm is start + rise*position/steps.
    fn at(&self, position: f64) -> f64 {
        let rise = self.rise.0;
        let rise_high = head(rise);
        let rise_low = (rise - rise_high) + self.rise.1;
        let position_high = head(position);
        let product = rise_high * position_high; // exact
        let product_low = rise_high * (position - position_high) + rise_low * position;

        let steps_high = head(self.steps);
        let quotient = head((product + product_low) / self.steps);
        let remainder = (product - quotient * steps_high) - quotient * (self.steps - steps_high);
        let quotient_low = (remainder + product_low) / self.steps;

        let (sum, lost) = two_sum(self.start.0, quotient);
        let (high, low) = two_sum(sum, lost + (self.start.1 + quotient_low));
        exp_of_pair(high, low)
    }
}

/// A sum and what its rounding lost, whichever is larger.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_ten_come_out_exact() {
        assert_eq!(geomspace(1e9, 1e12, 4, true), Ok(vec![1e9, 1e10, 1e11, 1e12]));
        let decades: Vec<f64> = (0..=22).map(|decade| 10_f64.powi(decade)).collect();
        assert_eq!(geomspace(1.0, 1e22, 23, true), Ok(decades));
    }

    #[test]
    fn a_descending_or_negative_sequence_mirrors_the_ascending_one() {
        let up = geomspace(3.0, 7e5, 100, true).expect("ends are valid");
        let mut down = geomspace(7e5, 3.0, 100, true).expect("ends are valid");
        down.reverse();
        for (up, down) in up.iter().zip(&down) {
            assert!((up - down).abs() <= up * f64::EPSILON, "{up} {down}");
        }
        let negative = geomspace(-3.0, -7e5, 100, true).expect("ends are valid");
        assert!(up.iter().zip(&negative).all(|(up, negative)| *up == -negative));
    }

    #[test]
    fn ends_are_exact_over_the_whole_range() {
        let (least, most) = (f64::from_bits(1), f64::MAX);
        for num in [2, 3, 10, 1001] {
            let numbers = geomspace(least, most, num, true).expect("ends are valid");
            assert_eq!((numbers[0], numbers[num - 1]), (least, most));
            assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{num}");
        }
    }

    #[test]
    fn more_numbers_than_there_are_between_the_ends_never_turn_back() {
        let stop = 1.0 + 5.0 * f64::EPSILON;
        let numbers = geomspace(1.0, stop, 1000, true).expect("ends are valid");
        assert!(numbers.is_sorted());
        assert_eq!(geomspace(2.5, 2.5, 3, true), Ok(vec![2.5; 3]));
    }

    #[test]
    fn few_numbers_are_what_numpy_gives() {
        for endpoint in [false, true] {
            assert_eq!(geomspace(2.0, 8.0, 0, endpoint), Ok(vec![]));
            assert_eq!(geomspace(2.0, 8.0, 1, endpoint), Ok(vec![2.0]));
        }
        assert_eq!(geomspace(2.0, 8.0, 2, true), Ok(vec![2.0, 8.0]));
        assert_eq!(geomspace(2.0, 8.0, 2, false), Ok(vec![2.0, 4.0]));
    }

    #[test]
    fn ends_without_a_ratio_are_refused() {
        let kind = |start, stop| geomspace(start, stop, 3, true).expect_err("refused");
        assert!(matches!(kind(1.0, f64::INFINITY), GeomspaceError::NotFinite { .. }));
        assert!(matches!(kind(f64::NAN, 1.0), GeomspaceError::NotFinite { .. }));
        assert!(matches!(kind(0.0, 1.0), GeomspaceError::Zero { .. }));
        assert!(matches!(kind(1.0, -0.0), GeomspaceError::Zero { .. }));
        assert!(matches!(kind(-1.0, 1.0), GeomspaceError::Signs { .. }));
        assert!(matches!(geomspace(1.0, 2.0, usize::MAX, true), Err(GeomspaceError::Memory { .. })));
    }
}
