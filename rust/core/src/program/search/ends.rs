//! Which ends of its operands give the ends of an operation.

use crate::value::interval::{Interval, margin};
use crate::value::kernels::{POW_FOURTH_ULPS, POW_ULPS, Path};
use crate::value::ops::{Op, Slope};

/// Which end of an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Low,
    High,
}

use End::{High, Low};

impl End {
    fn opposite(self) -> Self {
        if self == Low { High } else { Low }
    }
}

/// The ends of a result by the ends of the operands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) low: [End; 2],
    pub(super) high: [End; 2],
    /// Steps by which both are moved outwards.
    pub(super) margin: i64,
}

/// The ends of an operation that is monotone in each of its operands as far as these intervals reach, where
/// no NaN arises. `None` if that is not known.
pub(super) fn ends(op: Op, a: Interval, b: Interval) -> Option<Ends> {
    let (mut low, mut steps) = ([Low; 2], 0);
    for (place, slope) in op.info().slopes.iter().enumerate() {
        let rises = match *slope {
            Slope::Rises => true,
            Slope::Falls => false,
            Slope::BySign(of) => sign([a, b][of])?,
            Slope::Divisor if b.low > 0.0 => !sign(a)?,
            Slope::Kernel(ulps) => {
                steps = margin(ulps);
                true
            }
            Slope::Logarithm(ulps) if a.low >= 0.0 => {
                steps = margin(ulps);
                true
            }
            Slope::Power => return power(a, b),
            Slope::Divisor | Slope::Logarithm(_) | Slope::Unknown => return None,
        };
        low[place] = if rises { Low } else { High };
    }
    if op.info().arity == 1 {
        low[1] = low[0];
    }
    Some(Ends { low, high: low.map(End::opposite), margin: steps })
}

impl Ends {
    /// Whether the least result of any two numbers from an interval is one of a number with itself, and so is the
    /// greatest: then [`Interval::apply_same`] has these ends.
    pub(super) fn are_of_one_number(&self) -> bool {
        self.low[0] == self.low[1]
    }
}

/// Whether all of an interval is at least zero (or all at most zero); `None` if neither.
fn sign(a: Interval) -> Option<bool> {
    if a.low >= 0.0 {
        Some(true)
    } else if a.high <= 0.0 {
        Some(false)
    } else {
        None
    }
}

/// A power of a base that is not negative.
fn power(base: Interval, exponent: Interval) -> Option<Ends> {
    // A base of zero may be a negative zero, whose reciprocal is minus infinity.
    if !(base.low > 0.0 || (base.low == 0.0 && exponent.low > 0.0)) {
        return None;
    }
    let rises = sign(exponent)?;
    let by_base = if rises { (Low, High) } else { (High, Low) };
    let (by_exponent, margin) = if exponent.low == exponent.high {
        // The short chains of multiplications, 1/x and the root are monotone as computed.
        let margin = if Path::of(exponent.low) == Path::General { margin(POW_ULPS) } else { 0 };
        ((Low, High), margin)
    } else if base.low >= 1.0 {
        // Some exponents may have a path of their own, with an error of its own.
        ((Low, High), margin(POW_FOURTH_ULPS))
    } else if base.high <= 1.0 {
        ((High, Low), margin(POW_FOURTH_ULPS))
    } else {
        return None;
    };
    let (low, high) = ([by_base.0, by_exponent.0], [by_base.1, by_exponent.1]);
    Some(Ends { low, high, margin })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::interval::{step_down, step_up};
    use crate::value::lanes::{self, Operand};
    use crate::value::ops::{Info, TABLE};

    const NUMBERS: [f64; 22] = [
        -1e300, -37.5, -3.0, -1.0, -0.34, -1e-9, 0.0, 5e-324, 1e-300, 1e-9, 0.3, 0.5, 0.75, 1.0, 1.1, 2.0,
        3.0, 7.25, 1e3, 1e12, 1e150, 1e300,
    ];

    fn compute(op: Op, a: f64, b: f64) -> f64 {
        let mut out = [0.0];
        lanes::apply(op, Operand::Scalar(a), Operand::Scalar(b), Operand::Scalar(0.0), &mut out);
        out[0]
    }

    #[test]
    fn ends_by_the_operation_reach_as_far_as_the_interval_reading() {
        let truth = Interval { low: 0.0, high: 1.0, nan: false };
        let intervals: Vec<Interval> = (0..NUMBERS.len())
            .flat_map(|low| [0, 1, 4, 9].map(|width| (low, (low + width).min(NUMBERS.len() - 1))))
            .map(|(low, high)| Interval { low: NUMBERS[low], high: NUMBERS[high], nan: false })
            .chain([truth])
            .collect();
        for &Info { op, slopes, .. } in TABLE {
            let mut known = 0;
            // Formulas join truth values only.
            let truths = matches!(op, Op::And | Op::Or | Op::Not);
            let is_truth = |interval: &&Interval| {
                [interval.low, interval.high].iter().all(|end| [0.0, 1.0].contains(end))
            };
            let operands: Vec<Interval> =
                intervals.iter().filter(|interval| !truths || is_truth(interval)).copied().collect();
            for &a in &operands {
                for &b in &operands {
                    let reading = Interval::apply(op, a, b, Interval::EMPTY);
                    let Some(ends) = ends(op, a, b).filter(|_| !reading.nan) else { continue };
                    known += 1;
                    let at = |[by_a, by_b]: [End; 2]| {
                        let end =
                            |interval: Interval, end| if end == Low { interval.low } else { interval.high };
                        compute(op, end(a, by_a), end(b, by_b))
                    };
                    let (low, high) =
                        (step_down(at(ends.low), ends.margin), step_up(at(ends.high), ends.margin));
                    assert!(
                        low <= reading.low && reading.high <= high,
                        "{op:?} {a:?} {b:?}: {low} {high} {reading:?}"
                    );
                }
            }
            assert!(known > 0 || slopes.contains(&Slope::Unknown), "{op:?}");
        }
    }
}
