//! Sweeps against brute force over the graph, on random spaces and formulas.
//!
//! The twin walks every configuration, evaluates the graph node by node with [`Op::apply`], and takes the
//! front from the definition. Whatever layout, tables, blocks, rounds and threads the engine chooses,
//! the answers must be the same to the bit.

mod cases;
mod checks;
mod found;
mod planted;
mod presolve;
mod refusals;
mod twin;

use isoflop_core::control::Control;
use isoflop_core::pareto::Ties;
use isoflop_core::space::{Column, Space};
use isoflop_core::sweep::{Engine, FrontQuestion, Method, Near, Objective};
use isoflop_core::value::ops::Op;
use isoflop_core::value::simd::Level;
use proptest::prelude::*;

use cases::{Case, case, case_of, cases, name, rising, tame};
use checks::{check_best, check_front, check_limits, check_near, check_rows, check_table};

fn small() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1usize..7, 1..5)
}

/// Shapes that reach merged axes, several blocks of rows and lanes, and several rounds.
fn large() -> impl Strategy<Value = Vec<usize>> {
    prop::sample::select(vec![
        vec![1, 3000],
        vec![3000, 2],
        vec![40, 50],
        vec![3, 5, 7, 11],
        vec![2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2],
        vec![17, 1, 130],
    ])
}

proptest! {
    #![proptest_config(cases(900))]

    #[test]
    fn fronts_of_small_spaces_are_those_of_brute_force(case in case(small())) {
        for level in Level::available() {
            check_front(&case, level)?;
        }
    }

    #[test]
    fn bests_of_small_spaces_are_those_of_brute_force(case in case(small())) {
        for level in Level::available() {
            check_best(&case, level)?;
        }
    }

    #[test]
    fn near_sets_of_small_spaces_are_those_of_brute_force(
        case in case(small()),
        within in prop_oneof![Just(0.0), Just(1e-3), Just(0.5), Just(3.0)],
    ) {
        check_near(&case, within, Level::detect())?;
    }

    #[test]
    fn few_rows_are_those_that_cover_the_front_of_brute_force(case in case(small()), most in 1usize..12) {
        check_rows(&case, most, Level::detect())?;
    }

    #[test]
    fn a_front_is_refused_if_and_only_if_it_has_too_many_rows(case in case(small())) {
        check_limits(&case, Level::detect())?;
    }

    #[test]
    fn tables_of_small_spaces_are_those_of_brute_force(case in case(small())) {
        for level in Level::available() {
            check_table(&case, level)?;
        }
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn larger_spaces_too(case in case(large())) {
        let level = Level::detect();
        check_front(&case, level)?;
        check_best(&case, level)?;
        check_table(&case, level)?;
        check_near(&case, 0.1, level)?;
        check_rows(&case, 5, level)?;
        check_limits(&case, level)?;
    }
}

/// Shapes of several rounds: later ones are culled by the front of those before.
fn huge() -> impl Strategy<Value = Vec<usize>> {
    prop::sample::select(vec![vec![3, 9, 41, 130], vec![70, 2100], vec![25, 19, 300]])
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn nothing_is_lost_where_bounds_pass_over_it(
        case in case_of(huge(), |columns| rising(columns).boxed(), tame().boxed())
    ) {
        let level = Level::detect();
        check_front(&case, level)?;
        check_best(&case, level)?;
    }
}

fn line(lengths: &[usize]) -> Space {
    let columns = lengths.iter().enumerate().map(|(axis, &length)| Column {
        name: name(axis),
        axis,
        values: (1..=length).map(|value| value as f64).collect(),
        boolean: false,
    });
    Space::new(lengths.to_vec(), columns.collect()).expect("sound")
}

#[test]
fn a_condition_on_an_axis_of_one_value_is_a_constant() {
    let column = |name: &str, axis, values: &[f64], boolean| Column {
        name: name.into(),
        axis,
        values: values.into(),
        boolean,
    };
    let columns = vec![column("licensed", 0, &[1.0], true), column("x0", 1, &[2.0, 1.0], false)];
    let space = Space::new(vec![1, 2], columns).expect("sound");
    let engine = Engine::new(&space, [], [], Level::detect());
    let objective = Objective { formula: "where(licensed, x0, -x0)".into(), maximize: false };
    let best =
        engine.best(&objective, &["licensed".into()], None, &Control::new(1)).expect("nothing interrupts");
    assert_eq!(best.objectives[0], [1.0]);
}

#[test]
fn a_condition_may_be_what_it_chooses() {
    let case = Case {
        lengths: vec![6, 50],
        columns: vec![
            (0, (1..=6).map(f64::from).collect()),
            (1, (0..50).map(|value| f64::from(value) - 25.0).collect()),
        ],
        quantities: vec![],
        objectives: vec![("where(x0 > 3, x0 > 3, x1)".into(), false), ("x0 - x1".into(), false)],
        constraints: vec![],
        bits: vec![52; 2],
        ties: Ties::All,
        threads: 1,
    };
    check_front(&case, Level::detect()).unwrap_or_else(|error| panic!("{error}"));
    check_best(&case, Level::detect()).unwrap_or_else(|error| panic!("{error}"));
}

/// Everything is on the front but for what one configuration dominates, and that is everything.
#[test]
fn a_front_that_was_too_large_for_a_while_is_no_reason_to_refuse() {
    // The larger one is enumerated in rounds enough to tell how the front grows.
    for (length, at, other, max_rows) in [(300, 234, 187, 100), (300, 123, 98, 1000), (600, 571, 599, 1000)] {
        let space = line(&[length, length]);
        let hit = format!("where(x0 == {at}, where(x1 == {other}, 1, 0), 0)");
        let objectives = ["x0 * 10000 + x1", "0 - (x0 * 10000 + x1)"]
            .map(|text| Objective { formula: format!("where({hit} > 0, -1e9, {text})"), maximize: false });
        let question = FrontQuestion {
            objectives: &objectives,
            constraints: &[],
            bits: &[52, 52],
            ties: Ties::First,
            groups: None,
            rows: None,
            max_rows,
        };
        for method in [Method::Enumerate, Method::Search] {
            let engine = Engine::new(&space, [], [], Level::detect()).with_method(method);
            let answer = engine.pareto(&question, &Control::new(2)).expect("a front of one row");
            assert_eq!(answer.objectives, [[-1e9], [-1e9]], "{method:?}");
        }
        // Near the worst of all, so that all are near.
        let near = Near {
            objective: &Objective { formula: "0 * x0 + 0 * x1".into(), maximize: false },
            within: 0.0,
            constraints: &[],
            groups: None,
            then: &objectives,
            bits: &[52, 52],
            max_rows,
        };
        let engine = Engine::new(&space, [], [], Level::detect());
        let answer = engine.near(&near, &Control::new(2)).expect("a front of one row");
        assert_eq!(answer.objectives, [[-1e9], [-1e9]]);
    }
}

#[test]
fn what_meets_itself_is_searched_as_it_is_enumerated() {
    let column = |axis, count: i32| (axis, (1..=count).map(|value| 1.5_f64.powi(value)).collect::<Vec<_>>());
    for (objectives, constraints) in [
        (vec!["abs((x0 + x1) - (x0 + x1))", "x0"], vec![]),
        (vec!["x0 + x1 + abs(q0 - q1) / q0", "x0 * x1"], vec![]),
        (vec!["x2 + 1 / (x0 * x1)", "x0 * x1"], vec!["abs(q0 / q1 - 1) <= 0.01"]),
        (vec!["(1 / x0 + 1 / x1) * (1 + 0.1 * (q0 / q1 - 1) ** 2)", "x0 * x1 / x2"], vec![]),
        (vec!["x0 - x1", "x1"], vec!["sqrt(q0 - q1) <= 1"]),
        (vec!["x0 * x1 / (q0 >= q1)", "x0 + x2"], vec!["not q0 < q1"]),
    ] {
        let case = Case {
            lengths: vec![12, 11, 9],
            columns: vec![column(0, 12), column(1, 11), column(2, 9), (0, vec![1.0; 12])],
            quantities: vec!["6 * x0 * x1 * x2".into(); 2],
            objectives: objectives.iter().map(|&text| (text.to_owned(), false)).collect(),
            constraints: constraints.iter().map(|&text| text.to_owned()).collect(),
            bits: vec![52; 2],
            ties: Ties::All,
            threads: 2,
        };
        let fail = |error: TestCaseError| panic!("{objectives:?} {constraints:?}: {error}");
        check_front(&case, Level::detect()).unwrap_or_else(fail);
        check_best(&case, Level::detect()).unwrap_or_else(fail);
        check_near(&case, 0.0, Level::detect()).unwrap_or_else(fail);
    }
}

/// Of a power whose base lies on both sides of 1 and whose exponent varies, the general reading of the first two bases
/// ends a step above that of all four: the kernel falls where it should rise. The audit sees that it is clipped.
#[test]
fn a_kernel_that_falls_where_it_should_rise_stays_inside_the_whole() {
    let falls = 4_642_368_007_905_852.0_f64;
    let power = |x: f64| Op::Pow.apply(x, 0.01, 0.0);
    assert!(power(falls.next_up()) < power(falls), "the kernel has changed: look for other neighbours");
    let case = Case {
        lengths: vec![4, 2, 10],
        columns: vec![
            (0, vec![0.5, falls, falls.next_up(), falls.next_up()]),
            (1, vec![0.005, 0.01]),
            (2, (1..=10).map(f64::from).collect()),
            (0, vec![1.0, 2.0, 3.0, 4.0]),
        ],
        quantities: vec![],
        objectives: vec![("0 - x0 ** x1 * x2".into(), false), ("x3 * x2".into(), false)],
        constraints: vec!["sqrt(x0 ** x1 + x2) >= 0".into()],
        bits: vec![52; 2],
        ties: Ties::All,
        threads: 1,
    };
    check_front(&case, Level::detect()).unwrap_or_else(|error| panic!("{error}"));
    check_best(&case, Level::detect()).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_front_over_the_limit_is_refused_with_its_size() {
    let space = line(&[100, 3]);
    let engine = Engine::new(&space, [], [], Level::detect());
    let objectives = [("x0", false), ("x0", true)]
        .map(|(formula, maximize)| Objective { formula: formula.into(), maximize });
    let question = FrontQuestion {
        objectives: &objectives,
        constraints: &[],
        bits: &[52, 52],
        ties: Ties::First,
        groups: None,
        rows: None,
        max_rows: 99,
    };
    let error = engine.pareto(&question, &Control::new(1)).unwrap_err();
    assert_eq!(error, isoflop_core::error::Error::Limit { rows: 100, limit: 99 });
}

#[test]
fn a_cancelled_run_is_interrupted() {
    let space = line(&[1000, 1000, 1000]);
    let engine = Engine::new(&space, [], [], Level::detect());
    let control = Control::new(2);
    control.cancel();
    let objective = Objective { formula: "x0 * x1 + x2".into(), maximize: false };
    assert!(matches!(
        engine.best(&objective, &[], None, &control),
        Err(isoflop_core::error::Error::Interrupted(_))
    ));
}

#[test]
fn a_front_that_few_rows_are_chosen_of_is_held_to_the_limit() {
    let space = line(&[100, 3]);
    let objectives = [("x0", false), ("x0", true)]
        .map(|(formula, maximize)| Objective { formula: formula.into(), maximize });
    let question = |max_rows| FrontQuestion {
        objectives: &objectives,
        constraints: &[],
        bits: &[52, 52],
        ties: Ties::All,
        groups: None,
        rows: Some(2),
        max_rows,
    };
    for method in [Method::Enumerate, Method::Search] {
        let engine = Engine::new(&space, [], [], Level::detect()).with_method(method);
        let error = engine.pareto(&question(99), &Control::new(1)).unwrap_err();
        assert_eq!(error, isoflop_core::error::Error::Limit { rows: 100, limit: 99 });
        let answer = engine.pareto(&question(100), &Control::new(1)).expect("nothing interrupts");
        assert_eq!(answer.objectives[0], [1.0, 1.0, 1.0, 100.0, 100.0, 100.0], "two rows, each thrice");
        assert_eq!(answer.positions[1], [0, 1, 2, 0, 1, 2]);
    }
}

#[test]
fn copies_on_axes_that_nothing_reads_count_for_the_limit() {
    let space = line(&[2, 10, 10]);
    let objective = Objective { formula: "x0".into(), maximize: false };
    let engine = Engine::new(&space, [], [], Level::detect());
    let near = |max_rows| Near {
        objective: &objective,
        within: 0.5,
        constraints: &[],
        groups: None,
        then: &[],
        bits: &[],
        max_rows,
    };
    let error = engine.near(&near(99), &Control::new(1)).unwrap_err();
    assert_eq!(error, isoflop_core::error::Error::Limit { rows: 100, limit: 99 });
    let answer = engine.near(&near(100), &Control::new(1)).expect("nothing interrupts");
    assert_eq!(answer.objectives[0], [1.0; 100]);
}

#[test]
fn zeros_of_either_sign_keep_theirs_among_copies() {
    let mut columns = line(&[2, 3]).columns().to_vec();
    columns[1].values = vec![0.0, -0.0, 1.0].into();
    let columns = vec![columns[1].clone(), columns[0].clone()];
    let space = Space::new(vec![2, 3], columns).expect("sound");
    let objective = Objective { formula: "x1".into(), maximize: false };
    let question = FrontQuestion {
        objectives: &[objective],
        constraints: &[],
        bits: &[52],
        ties: Ties::All,
        groups: None,
        rows: None,
        max_rows: 99,
    };
    for method in [Method::Enumerate, Method::Search] {
        let engine = Engine::new(&space, [], [], Level::detect()).with_method(method);
        let answer = engine.pareto(&question, &Control::new(1)).expect("nothing interrupts");
        assert_eq!(answer.positions, [[0, 0, 1, 1], [0, 1, 0, 1]], "{method:?}");
        let signs: Vec<bool> = answer.objectives[0].iter().map(|value| value.is_sign_negative()).collect();
        assert_eq!(signs, [false, true, false, true], "{method:?}");
    }
}

#[test]
fn an_empty_answer_has_all_its_columns() {
    let space = line(&[4, 4]);
    let engine = Engine::new(&space, [], [], Level::detect());
    let objective = Objective { formula: "x0 + x1".into(), maximize: false };
    let question = Near {
        objective: &objective,
        within: 0.5,
        constraints: &["x0 > 9".into()],
        groups: None,
        then: &[],
        bits: &[],
        max_rows: 99,
    };
    let answer = engine.near(&question, &Control::new(1)).expect("nothing interrupts");
    assert_eq!((answer.objectives, answer.positions), (vec![vec![]], vec![vec![], vec![]]));
}

#[test]
fn a_very_long_sum_needs_no_stack() {
    let space = line(&[10, 10]);
    let text = vec!["x0"; 15_000].join("+") + "+x1";
    let engine = Engine::new(&space, [], [], Level::detect());
    let objective = Objective { formula: text, maximize: false };
    let best = engine.best(&objective, &[], None, &Control::new(1)).expect("nothing interrupts");
    assert_eq!(best.objectives[0], [15_001.0]);
    assert_eq!(Op::Add.apply(1.0, 2.0, 0.0), 3.0);
}
