//! Random questions: spaces with awkward values, formulas over the whole table of operations.

use isoflop_core::pareto::Ties;
use isoflop_core::space::{Column, Space};
use isoflop_core::sweep::{Engine, Name, Objective};
use isoflop_core::value::ops::{Syntax, TABLE};
use isoflop_core::value::simd::Level;
use proptest::prelude::*;

use crate::planted::planted;

/// Values where things go wrong.
const AWKWARD: [f64; 12] =
    [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, 5e-324];

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) lengths: Vec<usize>,
    /// Each column's axis and values.
    pub(crate) columns: Vec<(usize, Vec<f64>)>,
    /// Formulas with the names `q0`, `q1`, ...
    pub(crate) quantities: Vec<String>,
    pub(crate) objectives: Vec<(String, bool)>,
    pub(crate) constraints: Vec<String>,
    pub(crate) bits: Vec<u32>,
    pub(crate) ties: Ties,
    pub(crate) threads: usize,
}

pub(crate) fn name(column: usize) -> String {
    format!("x{column}")
}

/// A number-valued formula over the first `columns` columns, as text.
pub(crate) fn number(columns: usize) -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => (0..columns).prop_map(name),
        1 => prop::sample::select(vec!["0", "1", "2", "3", "0.5", "-1", "1e3", "0.1"]).prop_map(|text| format!("({text})")),
    ];
    leaf.prop_recursive(5, 24, 3, |inner| {
        let operation = prop::sample::select(TABLE);
        (operation, inner.clone(), inner.clone(), inner).prop_map(|(info, a, b, c)| {
            let operands: Vec<String> = [a, b, c]
                .into_iter()
                .take(info.arity)
                .enumerate()
                .map(
                    |(operand, text)| {
                        if info.conditions >> operand & 1 == 1 { format!("({text} > 0)") } else { text }
                    },
                )
                .collect();
            match info.syntax {
                Syntax::Infix(_) | Syntax::InfixRight(_) => {
                    format!("({} {} {})", operands[0], info.name, operands[1])
                }
                Syntax::Prefix(_) => format!("({} {})", info.name, operands[0]),
                Syntax::Call => format!("{}({})", info.name, operands.join(", ")),
            }
        })
    })
}

/// A number-valued formula that mostly rises with what it is made of, so that much of it has bounds.
pub(crate) fn rising(columns: usize) -> impl Strategy<Value = String> {
    rising_of((0..columns).collect())
}

/// [`rising`] over these columns.
pub(crate) fn rising_of(columns: Vec<usize>) -> impl Strategy<Value = String> {
    let column = move || prop::sample::select(columns.clone()).prop_map(name);
    column().prop_recursive(4, 16, 2, move |inner| {
        prop_oneof![
            4 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} + {b})")),
            2 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} * {b})")),
            1 => (inner.clone(), column()).prop_map(|(a, b)| format!("({a} - {b})")),
            1 => (inner.clone(), column()).prop_map(|(a, b)| format!("({a} / {b})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("min({a}, {b})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("max({a}, {b})")),
            1 => inner.clone().prop_map(|a| format!("sqrt({a})")),
            1 => inner.prop_map(|a| format!("abs({a})")),
        ]
    })
}

pub(crate) fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        2 => prop::sample::select(&AWKWARD[..]),
        4 => (-3i32..4).prop_map(f64::from),
        4 => 1e-3f64..1e3,
    ]
}

/// Mostly ordinary, so that whole rows are.
pub(crate) fn tame() -> impl Strategy<Value = f64> {
    prop_oneof![
        1 => value(),
        20 => (1i32..9).prop_map(f64::from),
        200 => 1e-3f64..1e3,
    ]
}

/// How many cases to try: `usual` many, times what `FUZZ` says, if it is set.
pub(crate) fn cases(usual: u32) -> ProptestConfig {
    let times = std::env::var("FUZZ").ok().and_then(|times| times.parse().ok());
    ProptestConfig::with_cases(usual.saturating_mul(times.unwrap_or(1)))
}

pub(crate) fn case(lengths: impl Strategy<Value = Vec<usize>>) -> impl Strategy<Value = Case> {
    planted(case_of(lengths, |columns| number(columns).boxed(), value().boxed()))
}

pub(crate) fn case_of(
    lengths: impl Strategy<Value = Vec<usize>>,
    number: impl Fn(usize) -> BoxedStrategy<String> + 'static,
    value: BoxedStrategy<f64>,
) -> impl Strategy<Value = Case> {
    // Axes are often sorted.
    let axis = move |length: usize| {
        (prop::collection::vec(value.clone(), length), 0..7).prop_map(|(mut values, order)| {
            // As they come, rising, falling, or all the same.
            match order {
                0..=2 => values.sort_by(f64::total_cmp),
                3 => values.sort_by(|a, b| b.total_cmp(a)),
                4 => values = vec![values[0]; values.len()],
                _ => {}
            }
            values
        })
    };
    lengths
        .prop_flat_map(move |lengths| {
            // Each axis has a column; one axis, linked, has another.
            let axes: Vec<usize> = (0..lengths.len()).chain([0]).collect();
            let columns: Vec<_> = axes.iter().map(|&at| (Just(at), axis(lengths[at]))).collect();
            let count = columns.len();
            let objectives = prop::collection::vec((number(count), any::<bool>()), 1..6);
            let constraints =
                prop::collection::vec(number(count).prop_map(|text| format!("{text} <= 2")), 0..3);
            let bits = prop::collection::vec(prop_oneof![Just(52u32), Just(30), 0u32..8], 5);
            let ties = prop_oneof![Just(Ties::First), Just(Ties::All)];
            (Just(lengths), columns, objectives, constraints, bits, ties, 1usize..4)
        })
        .prop_map(|(lengths, columns, objectives, constraints, mut bits, ties, threads)| {
            bits.truncate(objectives.len());
            Case { lengths, columns, quantities: vec![], objectives, constraints, bits, ties, threads }
        })
}

pub(crate) fn space(case: &Case) -> Space {
    let columns = case.columns.iter().enumerate().map(|(column, (axis, values))| Column {
        name: name(column),
        axis: *axis,
        values: values.as_slice().into(),
        boolean: false,
    });
    Space::new(case.lengths.clone(), columns.collect()).expect("cases make sound spaces")
}

/// An engine that knows the case's quantities.
pub(crate) fn engine_for<'s>(space: &'s Space, case: &Case, level: Level) -> Engine<'s> {
    let formula = |(number, text): (usize, &String)| (format!("q{number}"), Name::Formula(text.clone()));
    Engine::new(space, case.quantities.iter().enumerate().map(formula), [], level)
}

pub(crate) fn objectives(case: &Case) -> Vec<Objective> {
    case.objectives
        .iter()
        .map(|(formula, maximize)| Objective { formula: formula.clone(), maximize: *maximize })
        .collect()
}
