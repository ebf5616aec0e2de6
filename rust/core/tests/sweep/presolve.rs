//! Questions of which a search leaves choices out before it starts.

use std::cell::Cell;

use isoflop_core::control::Control;
use isoflop_core::pareto::Ties;
use isoflop_core::sweep::{FrontQuestion, Method};
use isoflop_core::value::ops::Op;
use isoflop_core::value::simd::Level;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::cases::{Case, case_of, cases, engine_for, objectives, rising_of, space};
use crate::checks::{check_front, check_near, check_rows};
use crate::planted::planted;

/// Exponents of kernels that fall by a step here and there, and of exact ones.
fn exponent() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["0.01", "0.3", "-0.3", "1.7", "-2.3", "2", "0.5", "-1"])
}

/// A formula that sees the first two axes through one or two terms.
fn through_terms(columns: usize) -> impl Strategy<Value = String> {
    let near = || rising_of(vec![0, 1, columns - 1]);
    let far = move || rising_of((2..columns - 1).collect());
    prop_oneof![
        3 => (near(), far()).prop_map(|(a, b)| format!("{a} + {b}")),
        2 => (near(), far()).prop_map(|(a, b)| format!("{a} * {b}")),
        2 => (near(), far()).prop_map(|(a, b)| format!("{a} - {b}")),
        1 => (near(), far()).prop_map(|(a, b)| format!("{a} / {b}")),
        1 => (near(), far()).prop_map(|(a, b)| format!("{b} / {a}")),
        1 => (near(), far(), far()).prop_map(|(a, b, c)| format!("min({a}, {b}) + {c}")),
        1 => (near(), near(), far()).prop_map(|(a, b, c)| format!("{c} + 2 * {a} - {b} / 3")),
        1 => (near(), far()).prop_map(|(a, b)| format!("sqrt(abs({a})) * {b}")),
        2 => (near(), far(), exponent()).prop_map(|(a, b, power)| format!("({a} + {b}) ** {power}")),
        2 => (near(), far(), exponent()).prop_map(|(a, b, power)| format!("{a} ** {power} * {b}")),
        1 => (near(), far(), far()).prop_map(|(a, b, c)| format!("({a} * {b}) ** (0.1 + 1 / (1 + {c}))")),
        1 => (near(), far()).prop_map(|(a, b)| format!("log({a} + {b})")),
        1 => (near(), far()).prop_map(|(a, b)| format!("exp(-{a} / ({b} + 100))")),
        1 => near(),
        1 => far(),
    ]
}

/// Values so close together, and so far apart, that sums of different ones are equal.
fn crowded() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => (0..5).prop_map(|steps| 1.0 + f64::from(steps) * f64::EPSILON),
        6 => (1i32..7).prop_map(f64::from),
        2 => prop::sample::select(vec![1e15, 1e16, 1e-16, 5e-324, 1e300]),
        4 => 1e-3f64..1e3,
    ]
}

/// [`crowded`], and now and then what makes a question unclear.
fn mostly_crowded() -> impl Strategy<Value = f64> {
    prop_oneof![
        300 => crowded(),
        1 => prop::sample::select(vec![0.0, -0.0, -1.0, f64::INFINITY]),
    ]
}

fn crowded_case() -> impl Strategy<Value = Case> {
    let lengths = (2usize..7, 2usize..7, 8usize..40, 1usize..4)
        .prop_map(|(a, b, c, d)| if d == 1 { vec![a, b, c] } else { vec![a, b, c, d] });
    let case = case_of(lengths, |columns| through_terms(columns).boxed(), mostly_crowded().boxed());
    // The more objectives and constraints, the less is preferred one way.
    let case = (case, 2usize..4, 0usize..2, 0..4).prop_map(|(mut case, objectives, constraints, one_way)| {
        case.objectives.truncate(objectives);
        case.constraints.truncate(constraints);
        if one_way > 0 {
            case.objectives.iter_mut().for_each(|(_, maximize)| *maximize = false);
        }
        case.bits.truncate(case.objectives.len());
        case
    });
    planted(case)
}

/// Configurations that a search for a front leaves out before it starts.
fn presolved(case: &Case) -> u64 {
    let space = space(case);
    let engine = engine_for(&space, case, Level::detect()).with_method(Method::Search);
    let question = FrontQuestion {
        objectives: &objectives(case),
        constraints: &case.constraints,
        bits: &case.bits,
        ties: case.ties,
        groups: None,
        rows: None,
        max_rows: 10_000_000,
    };
    engine.pareto(&question, &Control::new(1)).expect("nothing interrupts").stats.presolved
}

#[test]
fn fronts_after_presolve_are_those_of_brute_force() {
    let (all, some) = (Cell::new(0), Cell::new(0));
    let outcome = TestRunner::new(cases(2000)).run(&crowded_case(), |case| {
        all.set(all.get() + 1);
        some.set(some.get() + i32::from(presolved(&case) > 0));
        check_front(&case, Level::detect())?;
        check_rows(&case, 4, Level::detect())?;
        check_near(&case, 0.5, Level::detect())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    assert!(some.get() * 10 > all.get(), "only {} of {} questions were such", some.get(), all.get());
}

#[test]
fn a_kernel_that_falls_where_it_should_rise_drops_nothing() {
    let falls = 4_642_368_007_905_852.0_f64;
    let power = |x: f64| Op::Pow.apply(x, 0.01, 0.0);
    assert!(power(falls.next_up()) < power(falls), "the kernel has changed: look for other neighbours");
    let case = Case {
        lengths: vec![2, 40],
        columns: vec![
            (0, vec![falls, falls.next_up()]),
            (1, (1..=40).map(f64::from).collect()),
            (0, vec![1.0, 2.0]),
        ],
        quantities: vec![],
        objectives: vec![("(x0 * x1) ** 0.01".into(), false), ("x2 + x1".into(), false)],
        constraints: vec![],
        bits: vec![52; 2],
        ties: Ties::First,
        threads: 1,
    };
    // The first choice is less in both terms, but not in what is computed of the first one.
    assert_eq!(presolved(&case), 0);
    check_front(&case, Level::detect()).unwrap_or_else(|error| panic!("{error}"));
}

/// Two columns on the first axis, one on each other, for objectives compared exactly.
fn exactly(axes: [Vec<f64>; 3], linked: Vec<f64>, objectives: [(&str, bool); 2]) -> Case {
    Case {
        lengths: axes.iter().map(Vec::len).collect(),
        columns: axes.into_iter().enumerate().chain([(0, linked)]).collect(),
        quantities: vec![],
        objectives: objectives.map(|(formula, maximize)| (formula.to_owned(), maximize)).to_vec(),
        constraints: vec![],
        bits: vec![52; 2],
        ties: Ties::All,
        threads: 1,
    }
}

/// `count` numbers from `first` on, `steps` numbers apart.
fn neighbours(first: f64, count: usize, steps: u64) -> Vec<f64> {
    (0..count as u64).map(|number| f64::from_bits(first.to_bits() + number * steps)).collect()
}

fn multiples(unit: f64, count: usize) -> Vec<f64> {
    (1..=count).map(|number| unit * number as f64).collect()
}

#[test]
fn slopes_beyond_all_numbers_and_below_tell_nothing() {
    let cases = [
        // x**-30 is a number, its slope is not.
        exactly(
            [neighbours(1e-10, 8, 9), multiples(1e-14, 40), multiples(1.25e302, 8)],
            vec![0.0; 8],
            [("(x0 + x1)**-30 + x2 + 1e303", false), ("x1", false)],
        ),
        exactly(
            [neighbours(1.9e-300, 8, 1), multiples(1e-305, 600), vec![1.0, 2.0, 3.0]],
            vec![0.0; 8],
            [("(x0 + x1)**-0.1", false), ("x1*x2", false)],
        ),
        exactly(
            [neighbours(3e-309, 8, 3), multiples(1e-312, 600), vec![1.0, 2.0, 3.0]],
            vec![0.0; 8],
            [("log(x0 + x1)", true), ("x1*x2", false)],
        ),
        // The power overflows, the slope does not.
        exactly(
            [neighbours(1.9e-309, 8, 3), multiples(1e-9, 200), vec![1.0, 2.0, 3.0]],
            vec![0.0; 8],
            [("x0**x1", true), ("x1*x2", false)],
        ),
        // No slope at all where the exponent is 0.
        exactly(
            [
                neighbours(1.9e-309, 8, 3),
                (0..100).map(|number| f64::from(number) / -50.0).collect(),
                vec![1.0, 2.0, 3.0],
            ],
            vec![0.0; 8],
            [("x0**x1", true), ("x2 - x1", false)],
        ),
        // A slope of a few of the least numbers.
        exactly(
            [neighbours(9.3e160, 8, 2000), multiples(1e120, 40), multiples(4e-152, 20)],
            vec![0.0; 8],
            [("(x0 + x1)**-1.01 + (x2 + 4e-150)", false), ("x1", false)],
        ),
        // Under the inner kernel lies one that falls where it should rise.
        exactly(
            [
                vec![2.78458025273466e-309, 2.784580252734667e-309, 2.7848e-309, 2.7851e-309],
                (0..39).map(|number| 1e-312 * f64::from(number)).collect(),
                (0..10).map(f64::from).collect(),
            ],
            vec![0.0, 1.0, 2.0, 3.0],
            [("min((x0 + x1)**0.00011111204543444561, 1e300)**1.1", false), ("x3 + x2", false)],
        ),
    ];
    for case in cases {
        check_front(&case, Level::detect()).unwrap_or_else(|error| panic!("{:?}: {error}", case.objectives));
    }
}
