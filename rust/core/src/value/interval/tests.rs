//! The special cases by name; `tests/interval.rs` has the properties.

use super::*;
use crate::value::ops::Op;
use crate::value::scalar;

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

fn span(low: f64, high: f64) -> Interval {
    Interval::new(low, high)
}

fn or_nan(interval: Interval) -> Interval {
    Interval { nan: true, ..interval }
}

fn only(value: f64) -> Interval {
    Interval::point(value)
}

fn of(op: Op, a: Interval, b: Interval) -> Interval {
    Interval::apply(op, a, b, Interval::EMPTY)
}

const EITHER: Interval = Interval { low: 0.0, high: 1.0, nan: false };

#[test]
fn a_point_of_nan_holds_nothing_else() {
    let nan = only(NAN);
    assert!(nan.is_empty() && nan.contains(NAN) && !nan.contains(0.0));
    assert!(Interval::EMPTY.is_empty() && !Interval::EMPTY.contains(NAN));
    assert_eq!(nan.hull(only(1.0)), or_nan(only(1.0)));
    assert!(only(0.0).contains(-0.0) && only(-0.0).contains(0.0));
}

#[test]
fn opposite_infinities_have_no_sum() {
    assert_eq!(of(Op::Add, span(-INF, 5.0), only(INF)), or_nan(only(INF)));
    assert_eq!(of(Op::Add, only(-INF), only(INF)), only(NAN));
    assert_eq!(of(Op::Sub, only(INF), span(0.0, INF)), or_nan(only(INF)));
    assert_eq!(of(Op::Sub, span(0.0, INF), span(0.0, 1.0)), span(-1.0, INF));
}

#[test]
fn a_product_is_nan_by_what_the_operands_hold() {
    assert_eq!(of(Op::Mul, span(-1.0, 1.0), span(2.0, INF)), or_nan(span(-INF, INF)));
    assert_eq!(of(Op::Mul, span(0.0, 5.0), span(3.0, INF)), or_nan(span(0.0, INF)));
    assert_eq!(of(Op::Mul, only(0.0), span(-INF, INF)), or_nan(only(0.0)));
    assert_eq!(of(Op::Mul, span(0.0, 5.0), only(INF)), or_nan(only(INF)));
    assert_eq!(of(Op::Mul, only(0.0), only(INF)), only(NAN));
    assert_eq!(of(Op::Mul, only(0.0), span(1.0, f64::MAX)), only(0.0));
    assert_eq!(of(Op::Mul, span(-2.0, 3.0), span(-5.0, 7.0)), span(-15.0, 21.0));
}

#[test]
fn a_zero_denominator_has_both_signs() {
    let numbers = span(-INF, INF);
    assert_eq!(of(Op::Div, only(1.0), span(0.0, 5.0)), numbers);
    assert_eq!(of(Op::Div, only(1.0), only(-0.0)), numbers);
    assert_eq!(of(Op::Div, span(0.0, 1.0), span(-1.0, 0.0)), or_nan(numbers));
    assert_eq!(of(Op::Div, only(0.0), span(0.0, 1.0)), or_nan(only(0.0)));
    assert_eq!(of(Op::Div, only(0.0), only(0.0)), only(NAN));
    assert_eq!(of(Op::Div, span(1.0, INF), span(2.0, INF)), or_nan(span(0.0, INF)));
    assert_eq!(of(Op::Div, span(1.0, INF), only(INF)), or_nan(only(0.0)));
    assert_eq!(of(Op::Div, only(INF), span(2.0, INF)), or_nan(only(INF)));
    assert_eq!(of(Op::Div, span(1.0, 8.0), span(2.0, 4.0)), span(0.25, 4.0));
}

#[test]
fn roots_and_logarithms_of_what_is_below_zero_are_nan() {
    assert_eq!(of(Op::Sqrt, span(-4.0, 9.0), Interval::EMPTY), or_nan(span(0.0, 3.0)));
    assert_eq!(of(Op::Sqrt, span(-4.0, -1.0), Interval::EMPTY), only(NAN));
    assert_eq!(of(Op::Sqrt, span(-0.0, 4.0), Interval::EMPTY), span(0.0, 2.0));
    assert_eq!(of(Op::Log, span(-4.0, -0.0), Interval::EMPTY), or_nan(only(-INF)));
    assert_eq!(of(Op::Log2, span(0.0, INF), Interval::EMPTY), span(-INF, INF));
}

#[test]
fn the_margin_of_a_logarithm_does_not_cross_zero() {
    let above = of(Op::Log, span(1.0, 2.0), Interval::EMPTY);
    assert_eq!(above, span(0.0, step_up(scalar::log(2.0), 3)));
    let below = of(Op::Log10, span(0.5, 1.0), Interval::EMPTY);
    assert_eq!(below, span(step_down(scalar::log10(0.5), 3), 0.0));
}

/// Found by search: three in a million pairs of near bases fall at this exponent, by one step.
#[test]
fn the_margin_holds_a_kernel_that_falls_where_it_should_rise() {
    let (low, high, exponent) = (2.075_310_392_789_593_6e-73, 2.075_310_392_789_594e-73, 0.01);
    let (first, last) = (scalar::pow(low, exponent), scalar::pow(high, exponent));
    assert!(low < high && last < first, "no longer so: find another pair");
    let result = of(Op::Pow, span(low, high), only(exponent));
    assert!(result.contains(first) && result.contains(last));
}

#[test]
fn an_early_overflow_may_stand_before_a_finite_result() {
    let result = of(Op::Exp, span(710.0, 800.0), Interval::EMPTY);
    assert_eq!(result, span(step_down(INF, 4), INF));
}

#[test]
fn exponents_with_a_path_of_their_own_are_exact() {
    let base = span(-2.0, 3.0);
    assert_eq!(of(Op::Pow, base, only(0.0)), only(1.0));
    assert_eq!(of(Op::Pow, base, only(1.0)), base);
    assert_eq!(of(Op::Pow, base, only(2.0)), span(0.0, 9.0));
    assert_eq!(of(Op::Pow, base, only(3.0)), span(-8.0, 27.0));
    assert_eq!(of(Op::Pow, base, only(4.0)), span(0.0, 81.0));
    assert_eq!(of(Op::Pow, base, only(-1.0)), span(-INF, INF));
    assert_eq!(of(Op::Pow, base, only(0.5)), or_nan(span(0.0, 3_f64.sqrt())));
    assert_eq!(of(Op::Pow, span(2.0, 4.0), only(-1.0)), span(0.25, 0.5));
}

#[test]
fn a_range_of_exponents_takes_the_margin_of_its_least_exact_path() {
    let (base, end) = (span(1.0, 3.0), |y| scalar::pow(3.0, y));
    let widened = |low: f64, high: f64| of(Op::Pow, base, span(low, high)).high;
    assert_eq!(widened(2.5, 2.75), step_up(end(2.75), 4));
    assert_eq!(widened(2.5, 3.25), step_up(end(3.25), 6));
    assert_eq!(widened(2.5, 4.0), step_up(end(4.0), 9));
}

#[test]
fn zero_may_be_minus_zero_in_odd_powers() {
    let base = span(0.0, 4.0);
    assert_eq!(of(Op::Pow, base, only(-3.0)).low, -INF);
    assert_eq!(of(Op::Pow, base, span(-1.5, -0.5)).low, -INF);
    assert_eq!(of(Op::Pow, base, only(-1.0)), span(-INF, INF));
    assert!(of(Op::Pow, base, only(-2.0)).low > 0.0);
    assert!(of(Op::Pow, base, span(-0.75, -0.25)).low > 0.0);
}

#[test]
fn a_negative_base_has_powers_to_integers() {
    let base = span(-2.0, -1.0);
    assert_eq!(of(Op::Pow, base, only(0.3)), only(NAN));
    assert!(of(Op::Pow, base, only(5.0)).high < 0.0);
    assert!(of(Op::Pow, base, only(6.0)).low > 0.0);
    let wide = of(Op::Pow, base, span(0.5, 2.5));
    assert!(wide.nan && wide.contains(-2.0) && wide.contains(4.0));
    assert_eq!(of(Op::Pow, only(-1.0), only(INF)), only(1.0));
    assert_eq!(of(Op::Pow, only(-INF), only(0.3)), only(INF));
}

#[test]
fn nan_to_the_power_of_zero_is_one_and_so_is_one_to_the_power_of_nan() {
    let one = only(1.0);
    assert_eq!(of(Op::Pow, only(NAN), only(0.0)), one);
    assert_eq!(of(Op::Pow, one, only(NAN)), one);
    assert_eq!(of(Op::Pow, only(NAN), span(-1.0, 1.0)), or_nan(one));
    assert_eq!(of(Op::Pow, span(0.0, 2.0), only(NAN)), or_nan(one));
    assert_eq!(of(Op::Pow, or_nan(only(2.0)), only(2.0)), or_nan(only(4.0)));
    assert_eq!(of(Op::Pow, only(2.0), only(NAN)), only(NAN));
}

#[test]
fn comparisons_are_decided_unless_outcomes_differ() {
    let (small, large) = (span(1.0, 2.0), span(2.0, 3.0));
    assert_eq!(of(Op::Le, small, large), only(1.0));
    assert_eq!(of(Op::Lt, small, large), EITHER);
    assert_eq!(of(Op::Gt, small, large), only(0.0));
    assert_eq!(of(Op::Ge, small, large), EITHER);
    assert_eq!(of(Op::Eq, only(0.0), only(-0.0)), only(1.0));
    assert_eq!(of(Op::Ne, small, span(5.0, 6.0)), only(1.0));
}

#[test]
fn nan_fails_every_comparison_but_that_for_difference() {
    let (small, large) = (or_nan(span(1.0, 2.0)), span(3.0, 4.0));
    assert_eq!(of(Op::Lt, small, large), EITHER);
    assert_eq!(of(Op::Gt, small, large), only(0.0));
    assert_eq!(of(Op::Ne, small, large), only(1.0));
    assert_eq!(of(Op::Eq, only(NAN), large), only(0.0));
}

#[test]
fn conditions_combine_and_choose() {
    let (yes, no, nan) = (only(1.0), only(0.0), only(NAN));
    assert_eq!(of(Op::And, EITHER, no), no);
    assert_eq!(of(Op::And, EITHER, yes), EITHER);
    assert_eq!(of(Op::Or, EITHER, yes), yes);
    assert_eq!(of(Op::Not, EITHER, yes), EITHER);
    assert_eq!(of(Op::Not, nan, yes), no, "NaN is not 0");
    let (a, b) = (span(1.0, 2.0), or_nan(span(5.0, 6.0)));
    assert_eq!(Interval::apply(Op::Where, yes, a, b), a);
    assert_eq!(Interval::apply(Op::Where, no, a, b), b);
    assert_eq!(Interval::apply(Op::Where, EITHER, a, b), or_nan(span(1.0, 6.0)));
}

#[test]
fn the_least_of_two_is_nan_if_either_is() {
    let (a, b) = (span(1.0, 4.0), or_nan(span(2.0, 3.0)));
    assert_eq!(of(Op::Min, a, b), or_nan(span(1.0, 3.0)));
    assert_eq!(of(Op::Max, a, b), or_nan(span(2.0, 4.0)));
    assert_eq!(of(Op::Max, a, only(NAN)), only(NAN));
}

#[test]
fn a_value_meets_itself() {
    let x = span(-2.0, 3.0);
    assert_eq!(Interval::apply_same(Op::Mul, x), span(0.0, 9.0));
    assert_eq!(Interval::apply_same(Op::Sub, x), only(0.0));
    assert_eq!(Interval::apply_same(Op::Div, x), or_nan(only(1.0)));
    assert_eq!(Interval::apply_same(Op::Div, span(1.0, 2.0)), only(1.0));
    assert_eq!(Interval::apply_same(Op::Sub, span(0.0, INF)), or_nan(only(0.0)));
    assert_eq!(Interval::apply_same(Op::Sub, only(INF)), only(NAN));
    assert_eq!(Interval::apply_same(Op::Div, only(0.0)), only(NAN));
    assert_eq!(Interval::apply_same(Op::Mul, span(-INF, 0.0)), span(0.0, INF));
    assert_eq!(Interval::apply_same(Op::Lt, or_nan(x)), only(0.0));
    assert_eq!(Interval::apply_same(Op::Le, x), only(1.0));
    assert_eq!(Interval::apply_same(Op::Ne, or_nan(x)), EITHER);
    assert_eq!(Interval::apply_same(Op::Min, or_nan(x)), or_nan(x));
}
