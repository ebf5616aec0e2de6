//! Long, deep and wide formulas: an answer or an error, on a small stack.

use isoflop_core::formula::{
    Builder, FormulaError, FormulaErrorKind, MAX_BYTES, MAX_DEPTH, Meaning, Scope, Span, Term, parse,
    print_node,
};

use super::{VALUES, evaluate, scope};

#[test]
fn a_megabyte_is_refused_and_only_its_surroundings_are_kept() {
    for text in ["x+".repeat(500_000), "é".repeat(500_000), "(".repeat(1_000_000)] {
        let error = parse(&text).unwrap_err();
        assert_eq!(error.kind, FormulaErrorKind::TooLong { bytes: 1_000_000 });
        assert!(error.text.len() < 1000);
        let place = error.text.get(error.span.start..error.span.end);
        assert!(place.is_some_and(|place| place.chars().count() == 1), "{error:?}");
    }
    let text = format!("{}+ ^", "a".repeat(MAX_BYTES - 3));
    let error = parse(&text).unwrap_err();
    assert_eq!((error.text.len(), error.span.start), (MAX_BYTES, MAX_BYTES - 1));
}

#[test]
fn nesting_beyond_the_limit_points_at_the_parenthesis() {
    for (open, parenthesis) in [("(", 0), ("exp(", 3), ("-(", 1), ("min(1,", 3)] {
        let text = format!("{}x{}", open.repeat(MAX_DEPTH), ")".repeat(MAX_DEPTH));
        assert!(parse(&text).is_ok(), "{open}");
        let error = parse(&open.repeat(10_000)).unwrap_err();
        let place = MAX_DEPTH * open.len() + parenthesis;
        assert_eq!(
            (error.kind, error.span),
            (FormulaErrorKind::TooDeep, Span::new(place, place + 1)),
            "{open}"
        );
    }
}

#[test]
fn long_chains_are_read_printed_lowered_and_dropped() {
    let repeat = |piece: &str, last: &str| {
        let times = (MAX_BYTES - last.len()) / piece.len();
        format!("{}{last}", piece.repeat(times))
    };
    let scope = scope();
    for text in [
        repeat("params+", "1"),
        repeat("1+", "1"),
        repeat("1**", "params"),
        repeat("-", "params"),
        repeat("not ", "dense"),
        repeat("params<", "1"),
        repeat("dense and ", "dense"),
        repeat("+", "1"),
        format!("min({}", &repeat("params,", "1)")[28..]),
    ] {
        let formula = parse(&text).unwrap_or_else(|error| panic!("{}: {error}", &text[..20]));
        let printed = formula.to_string();
        // Spaces can make what is printed longer than what may be read.
        if printed.len() <= MAX_BYTES {
            assert_eq!(parse(&printed).unwrap(), formula);
        }
        let mut builder = Builder::new(&scope);
        let node = builder.number(&text).unwrap();
        assert!(evaluate(builder.graph(), node, &VALUES).is_finite());
        assert!(print_node(builder.graph(), node, |_| "x", 100).len() <= 103);
    }
}

#[test]
fn chains_inside_chains_do_not_multiply() {
    // Written out, each level would hold the one inside it twice.
    let text = format!("{}params{}", "1 < (".repeat(MAX_DEPTH), " < 2) < 3".repeat(MAX_DEPTH));
    let formula = parse(&text).unwrap();
    assert!(formula.terms().len() < 12 * MAX_DEPTH);
    let printed = formula.to_string();
    assert_eq!(parse(&printed).unwrap(), formula);
    assert_eq!(printed.len(), text.len());
}

#[test]
fn ten_thousand_quantities_may_stand_on_each_other() {
    let mut scope = Scope::new();
    scope.insert("q0", Meaning::Constant(1.0));
    for i in 1..=10_000 {
        scope.insert(format!("q{i}"), Meaning::Formula(format!("q{} + 1", i - 1)));
    }
    let mut builder = Builder::new(&scope);
    let node = builder.number("q10000").unwrap();
    assert_eq!(builder.graph().value(node), Some(10_001.0));
    scope.insert("q0", Meaning::Formula("q10000".to_owned()));
    let error = Builder::new(&scope).number("q5").unwrap_err();
    assert!(matches!(error.kind, FormulaErrorKind::Cycle { names } if names.len() == 10_001));
}

#[test]
fn terms_and_errors_are_small() {
    assert_eq!(size_of::<Term>(), 16);
    // Results are moved through every level of the engine; clippy draws the line at 128 bytes.
    assert!(size_of::<FormulaError>() < 128);
    assert!(size_of::<isoflop_core::error::Error>() < 128);
}
