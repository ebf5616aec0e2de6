//! Questions of which a search leaves choices out before it starts.

use std::cell::Cell;

use isoflop_core::control::Control;
use isoflop_core::formula::ops::Op;
use isoflop_core::pareto::Ties;
use isoflop_core::sweep::{Engine, Fineness, FrontQuestion, Method};
use isoflop_core::value::simd::Level;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::cases::{Case, case_of, cases, objectives, rising_of, space};
use crate::checks::{check_front, check_near, check_rows};

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
    (case, 2usize..4, 0usize..2, 0..4).prop_map(|(mut case, objectives, constraints, one_way)| {
        case.objectives.truncate(objectives);
        case.constraints.truncate(constraints);
        if one_way > 0 {
            case.objectives.iter_mut().for_each(|(_, maximize)| *maximize = false);
        }
        case.bits.truncate(case.objectives.len());
        case
    })
}

/// Configurations that a search for a front leaves out before it starts.
fn outdone(case: &Case) -> u64 {
    let space = space(case);
    let engine = Engine::new(&space, [], [], Level::detect()).with_method(Method::Search);
    let question = FrontQuestion {
        objectives: &objectives(case),
        constraints: &case.constraints,
        fineness: Fineness::Bits(case.bits.clone()),
        ties: case.ties,
        max_rows: 10_000_000,
    };
    engine.pareto(&question, &Control::new(1)).expect("nothing interrupts").stats.outdone
}

#[test]
fn fronts_without_outdone_choices_are_those_of_brute_force() {
    let (all, some) = (Cell::new(0), Cell::new(0));
    let outcome = TestRunner::new(cases(2000)).run(&crowded_case(), |case| {
        all.set(all.get() + 1);
        some.set(some.get() + i32::from(outdone(&case) > 0));
        check_front(&case, Level::detect())?;
        check_rows(&case, 4, Level::detect())?;
        check_near(&case, 0.5, Level::detect())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    assert!(some.get() * 8 > all.get(), "only {} of {} questions were such", some.get(), all.get());
}

#[test]
fn a_kernel_that_falls_where_it_should_rise_outdoes_nothing() {
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
        objectives: vec![("(x0 * x1) ** 0.01".into(), false), ("x2 + x1".into(), false)],
        constraints: vec![],
        bits: vec![52; 2],
        ties: Ties::First,
        threads: 1,
    };
    // The first choice is less in both terms, but not in what is computed of the first one.
    assert_eq!(outdone(&case), 0);
    check_front(&case, Level::detect()).unwrap_or_else(|error| panic!("{error}"));
}
