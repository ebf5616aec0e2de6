//! Questions in which what a random formula hardly ever holds is planted: terms that meet themselves, again under
//! another name, in what chooses them or in another objective; terms that cancel, overflow, or are no number.
//!
//! A search trusts what it concludes once from the range of a term. Such formulas are where that goes wrong: what is
//! known of `x - x` is not known of `x - y`.

use proptest::prelude::*;

use crate::cases::{Case, number};

/// What takes the place of a term: `{f}` and `{g}` are formulas, and `{p}` and `{q}` two quantities whose formula is
/// that of `{f}`.
const TERMS: [&str; 58] = [
    // A term and itself.
    "({f} - {f})",
    "abs({f} - {f})",
    "abs({f} - {f}) / {f}",
    "({f} - {f}) ** 2",
    "({f} - {f}) ** 3",
    "sqrt({f} - {f})",
    "({f} - {f}) * {g}",
    "({f} - {f}) * ({g} - {g})",
    "{g} / ({f} - {f})",
    "{g} / (1 + ({f} - {f}))",
    "exp({f} - {f})",
    "({f} / {f})",
    "log({f} / {f})",
    "abs({f} / {f} - 1)",
    "({f} / {f} - 1) ** 2",
    "sqrt({f} / {f} - 0.5)",
    "{g} / ({f} / {f})",
    "{g} * ({f} / {f})",
    "({f} / {f}) ** {g}",
    "({f} < {f})",
    "({f} <= {f})",
    "({f} > {f}) * {g}",
    "{g} / ({f} >= {f})",
    "({f} == {f}) - {g}",
    "({f} != {f}) + {g}",
    "({f} + {f})",
    "({f} * {f})",
    "({f} ** {f})",
    "min({f}, {f}) - max({f}, {f})",
    // Under two names.
    "abs({q} - {p}) / {q}",
    "({p} - {q}) ** 2 + {g}",
    "sqrt({q} * {p})",
    "abs({q} / {p} - 1) * {g}",
    "where({q} <= {p}, {g}, {p})",
    "({q} - {f}) * {g}",
    "{g} / (1 + 0.1 * ({p} / {q} - 1) ** 2)",
    // What is chosen also chooses.
    "where({f} > 1, {f}, {g})",
    "where({f} > 1, {g}, {f})",
    "where({f} == {f}, {f}, {g})",
    "where({f} > {f}, {g}, {f})",
    "where({f} > {g}, {f} > {g}, {g})",
    "where({q} < 2, {p} - {q}, {q})",
    "min({f}, {g}) - {f}",
    "max({f}, {g}) - max({g}, {f})",
    // What cancels, all or nearly.
    "(({f} + {g}) - {f})",
    "(({f} + {g}) - ({g} + {f}))",
    "({f} * {g} / {g})",
    "((1e17 + {f}) - 1e17)",
    "((1 + {f} * 1e-17) - 1)",
    "({f} - {f} * 1.0000000000000002)",
    // What is no number, or infinite.
    "(0 * (1 / ({f} - {f})))",
    "((0 * {f}) * (1e308 * 10))",
    "((1e308 * 10 - {f}) - 1e308 * 10)",
    "({f} * 1e308 + {g} * 1e308)",
    "(({f} * 1e200) * ({g} * 1e200))",
    "(({f} * 1e200) * ({g} * 1e200) - ({f} * 1e200) * ({g} * 1e200))",
    "exp(700 + {f})",
    "({f} * 1e-200) ** 2",
];

/// How a term comes into a formula `{o}`.
const WAYS: [&str; 7] = [
    "{t}",
    "({o}) + {t}",
    "({o}) - {t}",
    "({o}) * (1 + {t})",
    "({o}) / (1 + abs({t}))",
    "max({o}, {t})",
    "where({t} > 0, {o}, {t})",
];

/// Constraints on a term.
const LIMITS: [&str; 6] = ["{t} <= 1", "{t} >= 0", "{t} < 0.01", "{t} == 0", "not {t} > 1", "0 <= {t} <= 2"];

/// What is planted in a question, beside terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plant {
    /// A term in an objective.
    Term,
    /// A constraint on a term.
    Limit,
    EqualObjective,
    OpposedObjective,
    ConstantObjective,
    EqualConstraint,
    /// An objective is bounded, above or below.
    BoundedObjective,
}

const PLANTS: [Plant; 7] = [
    Plant::Term,
    Plant::Limit,
    Plant::EqualObjective,
    Plant::OpposedObjective,
    Plant::ConstantObjective,
    Plant::EqualConstraint,
    Plant::BoundedObjective,
];

/// Longer formulas are not planted in.
const LONGEST: usize = 2_000;

/// What is drawn for one planting.
type Draw = (Plant, usize, usize, usize, (String, String));

/// Plants something in a third of the cases; in all of them if the environment says `PLANTED=always`.
pub(crate) fn planted(case: impl Strategy<Value = Case>) -> impl Strategy<Value = Case> {
    let always = std::env::var("PLANTED").is_ok_and(|value| value == "always");
    case.prop_flat_map(move |case| {
        let count = case.columns.len();
        let draw = move || {
            let plant = prop_oneof![
                3 => Just(Plant::Term),
                1 => Just(Plant::Limit),
                2 => prop::sample::select(&PLANTS[..]),
            ];
            (plant, any::<usize>(), any::<usize>(), any::<usize>(), (number(count), number(count)))
        };
        let plants = prop::collection::vec(draw(), 1..4);
        (Just(case), plants, 0..3)
    })
    .prop_map(move |(mut case, plants, kept)| {
        if always || kept == 0 {
            plants.into_iter().for_each(|draw| plant(&mut case, draw));
        }
        case
    })
}

fn plant(case: &mut Case, (plant, which, how, way, (f, g)): Draw) {
    let objective = which % case.objectives.len();
    let text = case.objectives[objective].0.clone();
    // Often the term is one that the question holds already.
    let f = if which / 7 % 2 == 0 && text.len() < 100 { text.clone() } else { f };
    let term = |case: &mut Case| {
        let template = TERMS[how % TERMS.len()];
        let (p, q) = (case.quantities.len(), case.quantities.len() + 1);
        if template.contains("{p}") || template.contains("{q}") {
            case.quantities.extend([f.clone(), f.clone()]);
        }
        let names = [("{p}", format!("q{p}")), ("{q}", format!("q{q}"))];
        let term = names.iter().fold(template.to_owned(), |term, (key, name)| term.replace(key, name));
        format!("({})", term.replace("{f}", &format!("({f})")).replace("{g}", &format!("({g})")))
    };
    let constraint = |case: &Case| case.constraints.get(which % case.constraints.len().max(1)).cloned();
    match plant {
        Plant::Term if text.len() < LONGEST => {
            let term = term(case);
            case.objectives[objective].0 = WAYS[way % WAYS.len()].replace("{t}", &term).replace("{o}", &text);
        }
        Plant::Term => {}
        Plant::Limit => {
            let term = term(case);
            case.constraints.push(LIMITS[way % LIMITS.len()].replace("{t}", &term));
        }
        Plant::EqualObjective => add(case, objective, text, case.objectives[objective].1),
        Plant::OpposedObjective => add(case, objective, text, !case.objectives[objective].1),
        Plant::ConstantObjective => add(case, objective, ["3", "0 - 0", "1 / 0"][way % 3].to_owned(), false),
        Plant::EqualConstraint => case.constraints.extend(constraint(case)),
        Plant::BoundedObjective => {
            case.constraints.push(format!("({text}) {} 2", ["<=", ">=", "<", ">"][way % 4]));
        }
    }
}

/// Adds an objective, compared as another one is.
fn add(case: &mut Case, like: usize, formula: String, maximize: bool) {
    case.objectives.push((formula, maximize));
    case.bits.push(case.bits[like]);
}

#[test]
fn every_planting_makes_a_question() {
    let fresh = || Case {
        lengths: vec![2, 3],
        columns: vec![(0, vec![1.0, 2.0]), (1, vec![1.0, 2.0, 3.0])],
        quantities: vec![],
        objectives: vec![("x0 + x1".into(), false)],
        constraints: vec!["x0 <= 2".into()],
        bits: vec![52],
        ties: isoflop_core::pareto::Ties::First,
        threads: 1,
    };
    for what in PLANTS {
        for how in 0..TERMS.len() {
            for way in 0..WAYS.len() {
                let mut case = fresh();
                plant(&mut case, (what, 0, how, way, ("x0 * x1".into(), "x1 - x0".into())));
                let before = fresh();
                assert!(
                    case.objectives != before.objectives || case.constraints != before.constraints,
                    "{what:?} {how} {way}"
                );
                let space = crate::cases::space(&case);
                // It panics if a formula cannot be read.
                crate::twin::Twin::new(&space, &case);
            }
        }
    }
}
