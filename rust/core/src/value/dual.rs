//! Derivatives: how much the result of an operation changes with each operand.
//!
//! In come an operation, the values of its operands and its result; out comes the partial derivative by one of the
//! operands. With the chain rule that is the forward-mode reading of a graph, see [`crate::fit::tape`]: a node carries
//! its value and one *tangent* for each coefficient that it depends on, and
//!
//! ```text
//! tangent of the result = sum over operands of (partial by the operand) * (tangent of the operand)
//! ```
//!
//! Where there is no derivative, one side's is taken, and the same one as the value takes: the derivative of
//! `min`, `max` and `where` is that of the operand which is the result, `abs` has 0 at 0, steps and conditions have 0.
//! A partial of exactly 0 passes nothing on, even of an infinite tangent: what `where` does not choose does not count.
//! `0**c` stays 0 for every `c` above 0, so its derivative by `c` is 0.
//!
//! [`partial`] is the meaning; [`partials`] agrees with it on lanes.

use super::kernels::{self, Path};
use super::lanes::{self, Operand};
use super::scalar;
use super::simd::Level;
use crate::value::ops::Op;

const LN_2: f64 = std::f64::consts::LN_2;
const LN_10: f64 = std::f64::consts::LN_10;

/// The derivative of `op` by its operand number `by`, at operands `x` where the result is `value`.
///
/// # Examples
///
/// ```
/// use isoflop_core::value::ops::Op;
/// use isoflop_core::value::dual::partial;
/// assert_eq!(partial(Op::Mul, 0, [3.0, 5.0, 0.0], 15.0), 5.0);
/// assert_eq!(partial(Op::Max, 1, [3.0, 5.0, 0.0], 5.0), 1.0);
/// ```
#[inline(always)]
#[must_use]
pub fn partial(op: Op, by: usize, x: [f64; 3], value: f64) -> f64 {
    let [a, b, _] = x;
    match (op, by) {
        (Op::Add, 0 | 1) | (Op::Sub, 0) => 1.0,
        (Op::Sub, 1) | (Op::Neg, 0) => -1.0,
        (Op::Mul, 0) => b,
        (Op::Mul, 1) => a,
        (Op::Div, 0) => 1.0 / b,
        (Op::Div, 1) => -value / b,
        (Op::Pow, 0) => by_base(a, b, value),
        (Op::Pow, 1) => by_exponent(scalar::log(a), value),
        (Op::Exp, 0) => value,
        (Op::Log, 0) => 1.0 / a,
        (Op::Log2, 0) => 1.0 / (a * LN_2),
        (Op::Log10, 0) => 1.0 / (a * LN_10),
        (Op::Sqrt, 0) => 0.5 / value,
        (Op::Abs, 0) => sign(a),
        (Op::Min, 0) => flag(!takes_second_of_min(a, b)),
        (Op::Min, 1) => flag(takes_second_of_min(a, b)),
        (Op::Max, 0) => flag(!takes_second_of_max(a, b)),
        (Op::Max, 1) => flag(takes_second_of_max(a, b)),
        (Op::Where, 1) => flag(a != 0.0),
        (Op::Where, 2) => flag(a == 0.0),
        _ => 0.0,
    }
}

/// Which operand a choice passes on: 0 or 1 for `min` and `max`, 1 or 2 for `where`, and for `abs` 0 where it passes the
/// operand as it is, 1 where it turns the sign. `None` for operations that do not choose.
#[must_use]
pub fn chosen(op: Op, x: [f64; 3]) -> Option<usize> {
    let [a, b, _] = x;
    match op {
        Op::Min => Some(usize::from(takes_second_of_min(a, b))),
        Op::Max => Some(usize::from(takes_second_of_max(a, b))),
        Op::Where => Some(if a != 0.0 { 1 } else { 2 }),
        Op::Abs => Some(usize::from(a < 0.0)),
        _ => None,
    }
}

#[inline(always)]
fn takes_second_of_min(a: f64, b: f64) -> bool {
    (b < a) | b.is_nan()
}

#[inline(always)]
fn takes_second_of_max(a: f64, b: f64) -> bool {
    (b > a) | b.is_nan()
}

#[inline(always)]
fn flag(condition: bool) -> f64 {
    if condition { 1.0 } else { 0.0 }
}

#[inline(always)]
fn sign(x: f64) -> f64 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        x * 0.0
    }
}

/// `y * x**(y - 1)`, from the power that is known already.
#[inline(always)]
fn by_base(x: f64, y: f64, power: f64) -> f64 {
    let slope = y * power / x;
    // At zero the quotient is 0/0.
    let at_zero = if y == 1.0 {
        1.0
    } else if y > 1.0 {
        0.0
    } else {
        f64::INFINITY.copysign(y)
    };
    let slope = if x == 0.0 { at_zero } else { slope };
    if y == 0.0 { 0.0 } else { slope }
}

/// `ln(x) * x**y`, which is 0 where the power is.
#[inline(always)]
fn by_exponent(log: f64, power: f64) -> f64 {
    if power == 0.0 { 0.0 } else { log * power }
}

/// [`partial`] for lanes. It is one number wherever it is the same in all lanes for a reason that shows in the
/// operands, else the lanes of `out`. `log` may hold the logarithms of the first operand of a power.
#[must_use]
pub fn partials<'a>(
    level: Level,
    op: Op,
    by: usize,
    x: [Operand<'a>; 3],
    value: Operand<'a>,
    log: Option<&'a [f64]>,
    out: &'a mut [f64],
) -> Operand<'a> {
    let [a, b, _] = x;
    match (op, by) {
        (Op::Add | Op::Sub | Op::Neg, _) => return Operand::Scalar(partial(op, by, [0.0; 3], 0.0)),
        (Op::Mul, 0) => return b,
        (Op::Mul, 1) => return a,
        (Op::Exp, 0) => return value,
        _ => {}
    }
    if let (Op::Div, 0, Operand::Scalar(b)) = (op, by, b) {
        return Operand::Scalar(1.0 / b);
    }
    fill(level, op, by, x, value, log, out);
    Operand::Lanes(out)
}

#[inline(never)]
fn fill(
    level: Level,
    op: Op,
    by: usize,
    x: [Operand<'_>; 3],
    value: Operand<'_>,
    log: Option<&[f64]>,
    out: &mut [f64],
) {
    let [a, b, _] = x;
    level.run(
        #[inline(always)]
        || match (op, by) {
            (Op::Div, 0) => lanes::unary(
                b,
                out,
                #[inline(always)]
                |b| 1.0 / b,
            ),
            (Op::Div, 1) => lanes::binary(
                value,
                b,
                out,
                #[inline(always)]
                |value, b| -value / b,
            ),
            (Op::Pow, 0) => match b {
                Operand::Scalar(y) => lanes::binary(
                    a,
                    value,
                    out,
                    #[inline(always)]
                    |x, value| by_base(x, y, value),
                ),
                Operand::Lanes(y) => {
                    for (i, out) in out.iter_mut().enumerate() {
                        *out = by_base(at(a, i), y[i], at(value, i));
                    }
                }
            },
            (Op::Pow, 1) => match log {
                Some(log) => lanes::binary(Operand::Lanes(log), value, out, by_exponent),
                None => lanes::binary(
                    a,
                    value,
                    out,
                    #[inline(always)]
                    |x, value| by_exponent(scalar::log(x), value),
                ),
            },
            (Op::Log, 0) => lanes::unary(
                a,
                out,
                #[inline(always)]
                |a| 1.0 / a,
            ),
            (Op::Sqrt, 0) => lanes::unary(
                value,
                out,
                #[inline(always)]
                |value| 0.5 / value,
            ),
            _ => {
                for (i, out) in out.iter_mut().enumerate() {
                    *out = partial(op, by, x.map(|x| at(x, i)), at(value, i));
                }
            }
        },
    );
}

#[inline(always)]
fn at(operand: Operand<'_>, lane: usize) -> f64 {
    match operand {
        Operand::Scalar(value) => value,
        // An operand beyond the arity may have no lanes.
        Operand::Lanes(values) => values[lane],
    }
}

/// Adds `partial * tangent` to `out`, or writes it there if it is the first.
#[inline(never)]
pub fn pass_on(level: Level, partial: Operand<'_>, tangent: Operand<'_>, out: &mut [f64], first: bool) {
    #[inline(always)]
    fn product(partial: f64, tangent: f64) -> f64 {
        if partial == 0.0 { 0.0 } else { partial * tangent }
    }
    level.run(
        #[inline(always)]
        || {
            if first {
                lanes::binary(partial, tangent, out, product);
                return;
            }
            match (partial, tangent) {
                (Operand::Scalar(p), Operand::Scalar(t)) => {
                    out.iter_mut().for_each(|out| *out += product(p, t));
                }
                (Operand::Lanes(p), Operand::Scalar(t)) => {
                    let p = &p[..out.len()];
                    out.iter_mut().zip(p).for_each(|(out, &p)| *out += product(p, t));
                }
                (Operand::Scalar(p), Operand::Lanes(t)) => {
                    let t = &t[..out.len()];
                    out.iter_mut().zip(t).for_each(|(out, &t)| *out += product(p, t));
                }
                (Operand::Lanes(p), Operand::Lanes(t)) => {
                    let (p, t) = (&p[..out.len()], &t[..out.len()]);
                    out.iter_mut().zip(p.iter().zip(t)).for_each(|(out, (&p, &t))| *out += product(p, t));
                }
            }
        },
    );
}

/// Bases of powers whose logarithms are taken once, for many exponents.
#[derive(Debug, Clone, Default)]
pub struct Bases {
    high: Vec<f64>,
    low: Vec<f64>,
    /// Logarithms to one rounding, for derivatives by the exponent.
    pub logs: Vec<f64>,
}

impl Bases {
    /// The logarithms of these bases.
    #[must_use]
    pub fn new(bases: &[f64]) -> Self {
        let pairs = bases.iter().map(|x| kernels::log_as_pair(x.abs()));
        let (high, low) = pairs.unzip();
        Self { high, low, logs: bases.iter().map(|&x| scalar::log(x)).collect() }
    }

    /// The powers of the bases from `first` on, to the bit those of [`lanes::apply`]; `bases` are the same bases again.
    pub fn power(&self, level: Level, bases: &[f64], exponent: f64, first: usize, out: &mut [f64]) {
        if Path::of(exponent) != Path::General {
            let none = Operand::Scalar(0.0);
            return lanes::apply_at(
                level,
                Op::Pow,
                Operand::Lanes(&bases[first..]),
                Operand::Scalar(exponent),
                none,
                out,
            );
        }
        let last = first + out.len();
        self.general(level, &bases[first..last], exponent, first, out);
    }

    #[inline(never)]
    fn general(&self, level: Level, bases: &[f64], exponent: f64, first: usize, out: &mut [f64]) {
        let (high, low) = (&self.high[first..][..out.len()], &self.low[first..][..out.len()]);
        level.run(
            #[inline(always)]
            || {
                for (out, (&high, &low)) in out.iter_mut().zip(high.iter().zip(low)) {
                    let (high, low) = kernels::times((high, low), exponent);
                    *out = kernels::exp_of_pair(high, low);
                }
                for (out, &x) in out.iter_mut().zip(bases) {
                    *out = kernels::ends(*out, x, exponent);
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::ops::TABLE;

    /// Points at which every operation is smooth in its numbers, as far as it is anywhere.
    const POINTS: [[f64; 3]; 6] = [
        [0.3, 1.7, 2.2],
        [2.5, -0.6, 0.4],
        [1.2, 3.0, -1.5],
        [7.9, 2.3, 0.9],
        [1.1, 0.45, 3.1],
        [1e9, 0.34, 17.0],
    ];

    #[test]
    fn every_operation_agrees_with_central_differences() {
        for row in TABLE {
            for point in POINTS {
                for by in (0..row.arity).filter(|by| row.conditions >> by & 1 == 0) {
                    let value = row.op.apply(point[0], point[1], point[2]);
                    if value.is_infinite() {
                        continue;
                    }
                    let found = partial(row.op, by, point, value);
                    let step = point[by].abs() * 6e-6;
                    if matches!(row.op, Op::Floor | Op::Ceil) && step > 0.1 {
                        continue;
                    }
                    let at = |x: f64| {
                        let mut moved = point;
                        moved[by] = x;
                        row.op.apply(moved[0], moved[1], moved[2])
                    };
                    let expected = (at(point[by] + step) - at(point[by] - step)) / (2.0 * step);
                    let tolerance = 1e-8 * (expected.abs() + value.abs() / point[by].abs());
                    assert!(
                        (found - expected).abs() <= tolerance,
                        "{} by {by} at {point:?}: {found}, {expected}",
                        row.label()
                    );
                }
            }
        }
    }

    #[test]
    fn lanes_agree_with_the_scalar_meaning() {
        let columns: [Vec<f64>; 3] =
            std::array::from_fn(|operand| POINTS.iter().map(|point| point[operand]).collect());
        for level in Level::available() {
            for row in TABLE {
                for scalars in 0..1_usize << row.arity {
                    let operand = |i: usize| {
                        if scalars >> i & 1 == 1 {
                            Operand::Scalar(columns[i][3])
                        } else {
                            Operand::Lanes(&columns[i])
                        }
                    };
                    let x = [operand(0), operand(1), operand(2)];
                    let mut values = vec![0.0; POINTS.len()];
                    lanes::apply(row.op, x[0], x[1], x[2], &mut values);
                    for by in 0..row.arity {
                        let mut out = vec![0.0; POINTS.len()];
                        let lanes = partials(level, row.op, by, x, Operand::Lanes(&values), None, &mut out);
                        for (lane, &value) in values.iter().enumerate() {
                            let expected = partial(row.op, by, x.map(|x| at(x, lane)), value);
                            assert_eq!(
                                at(lanes, lane).to_bits(),
                                expected.to_bits(),
                                "{} by {by}",
                                row.label()
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_choice_passes_the_derivative_of_what_it_chose() {
        assert_eq!(partial(Op::Min, 0, [1.0, 2.0, 0.0], 1.0), 1.0);
        assert_eq!(partial(Op::Min, 1, [1.0, 2.0, 0.0], 1.0), 0.0);
        assert_eq!(partial(Op::Where, 2, [0.0, 2.0, 3.0], 3.0), 1.0);
        assert_eq!(chosen(Op::Max, [1.0, 2.0, 0.0]), Some(1));
        assert_eq!(chosen(Op::Where, [0.0, 2.0, 3.0]), Some(2));
        assert_eq!(chosen(Op::Add, [0.0, 2.0, 3.0]), None);
    }

    #[test]
    fn a_partial_of_zero_passes_nothing_of_an_infinite_tangent() {
        let mut out = [7.0];
        let level = Level::detect();
        pass_on(level, Operand::Scalar(0.0), Operand::Lanes(&[f64::INFINITY]), &mut out, false);
        assert_eq!(out, [7.0]);
        pass_on(level, Operand::Lanes(&[0.0]), Operand::Scalar(f64::NAN), &mut out, true);
        assert_eq!(out, [0.0]);
    }

    #[test]
    fn powers_of_zero_have_derivatives() {
        assert_eq!(partial(Op::Pow, 1, [0.0, 0.5, 0.0], 0.0), 0.0);
        assert_eq!(partial(Op::Pow, 0, [0.0, 1.0, 0.0], 0.0), 1.0);
        assert_eq!(partial(Op::Pow, 0, [0.0, 2.0, 0.0], 0.0), 0.0);
        assert_eq!(partial(Op::Pow, 0, [3.0, 0.0, 0.0], 1.0), 0.0);
    }

    #[test]
    fn powers_of_known_logarithms_are_those_of_the_lanes() {
        let bases = [0.0, -0.0, 1.0, 2.5, 1e300, 1e-310, f64::INFINITY, f64::NAN, -2.0, 123.456];
        for level in Level::available() {
            for exponent in [0.0, 1.0, -1.0, 0.5, 2.0, 3.0, 0.34, -0.28, -2.5, 7.0, f64::NAN, f64::INFINITY] {
                let (mut found, mut expected) = ([0.0; 9], [0.0; 9]);
                Bases::new(&bases).power(level, &bases, exponent, 1, &mut found);
                let none = Operand::Scalar(0.0);
                lanes::apply(
                    Op::Pow,
                    Operand::Lanes(&bases[1..]),
                    Operand::Scalar(exponent),
                    none,
                    &mut expected,
                );
                for (found, expected) in found.iter().zip(expected) {
                    assert!(found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan()));
                }
            }
        }
    }
}
