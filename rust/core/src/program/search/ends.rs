//! Which ends of its operands give the ends of an operation.

use crate::value::interval::{Interval, margin};
use crate::value::kernels::{EXP_ULPS, LOG_ULPS, LOG2_ULPS, LOG10_ULPS, POW_FOURTH_ULPS, POW_ULPS, Path};
use crate::value::ops::Op;

/// Which end of an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Low,
    High,
}

use End::{High, Low};

/// The ends of a result by the ends of the operands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) low: [End; 2],
    pub(super) high: [End; 2],
    /// Steps by which both are moved outwards.
    pub(super) margin: i64,
}

/// The ends of an operation that is monotone in each of its operands as far as these intervals reach, where
/// no NaN arises. Nothing if that is not known.
pub(super) fn ends(op: Op, a: Interval, b: Interval) -> Option<Ends> {
    let exact = |low, high| Some(Ends { low, high, margin: 0 });
    let (up, down) = ([Low, Low], [High, High]);
    match op {
        Op::Add | Op::Min | Op::Max | Op::Floor | Op::Ceil | Op::Sqrt | Op::And | Op::Or => exact(up, down),
        Op::Sub => exact([Low, High], [High, Low]),
        Op::Neg | Op::Not => exact(down, up),
        Op::Mul => match (sign(a)?, sign(b)?) {
            (true, true) => exact(up, down),
            (true, false) => exact([High, Low], [Low, High]),
            (false, true) => exact([Low, High], [High, Low]),
            (false, false) => exact(down, up),
        },
        // A divisor that may be zero could be a zero of either sign.
        Op::Div if b.low > 0.0 => match sign(a)? {
            true => exact([Low, High], [High, Low]),
            false => exact([Low, Low], [High, High]),
        },
        Op::Abs => match sign(a)? {
            true => exact(up, down),
            false => exact(down, up),
        },
        Op::Lt | Op::Le => exact([High, Low], [Low, High]),
        Op::Gt | Op::Ge => exact([Low, High], [High, Low]),
        Op::Exp => outward(up, down, margin(EXP_ULPS)),
        Op::Log if a.low >= 0.0 => outward(up, down, margin(LOG_ULPS)),
        Op::Log2 if a.low >= 0.0 => outward(up, down, margin(LOG2_ULPS)),
        Op::Log10 if a.low >= 0.0 => outward(up, down, margin(LOG10_ULPS)),
        Op::Pow => power(a, b),
        _ => None,
    }
}

/// Whether [`Interval::apply_same`] has the [`ends`] that two nodes with these values would have: the least result of
/// any two numbers is one of a number with itself, and so is the greatest.
pub(super) fn same_ends(op: Op) -> bool {
    !matches!(op, Op::Sub | Op::Div | Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Eq | Op::Ne)
}

fn outward(low: [End; 2], high: [End; 2], margin: i64) -> Option<Ends> {
    Some(Ends { low, high, margin })
}

/// Whether all of an interval is at least zero (or all at most zero); nothing if neither.
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

    const NUMBERS: [f64; 22] = [
        -1e300, -37.5, -3.0, -1.0, -0.34, -1e-9, 0.0, 5e-324, 1e-300, 1e-9, 0.3, 0.5, 0.75, 1.0, 1.1, 2.0,
        3.0, 7.25, 1e3, 1e12, 1e150, 1e300,
    ];

    const OPS: [Op; 24] = [
        Op::Add,
        Op::Sub,
        Op::Mul,
        Op::Div,
        Op::Pow,
        Op::Neg,
        Op::Abs,
        Op::Min,
        Op::Max,
        Op::Floor,
        Op::Ceil,
        Op::Sqrt,
        Op::Exp,
        Op::Log,
        Op::Log2,
        Op::Log10,
        Op::Lt,
        Op::Le,
        Op::Gt,
        Op::Ge,
        Op::And,
        Op::Or,
        Op::Not,
        Op::Eq,
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
        for op in OPS {
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
            assert!(known > 0 || op == Op::Eq, "{op:?}");
        }
    }
}
