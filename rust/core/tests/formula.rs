//! The formula language as a whole: text to tree to text, and tree to graph to value.

use isoflop_core::formula::graph::{Graph, Node, NodeId};
use isoflop_core::formula::ops::{Op, Syntax, TABLE};
use isoflop_core::formula::{
    Builder, FormulaError, FormulaErrorKind, MAX_BYTES, MAX_DEPTH, Meaning, Scope, Span, Term, parse,
    print_node,
};
use proptest::prelude::*;

const COLUMNS: [&str; 4] = ["params", "tokens", "activation", "dense"];

/// Values of the columns for tests that need just one.
const VALUES: [f64; 4] = [3.0, 5.0, 0.5, 1.0];

/// The four columns, `dense` boolean; a constant, two quantities, and a name without a value.
fn scope() -> Scope {
    let mut scope = Scope::new();
    for (column, name) in COLUMNS.into_iter().enumerate() {
        scope.insert(name, Meaning::Column { column, boolean: name == "dense" });
    }
    scope.insert("moe_gain", Meaning::Constant(0.35));
    scope.insert("usd", Meaning::Formula("2*params*tokens".to_owned()));
    scope.insert("cheap", Meaning::Formula("usd < 100".to_owned()));
    scope.suggest("gpu_count");
    scope
}

/// Evaluates a node of a graph, the slow and obvious way.
fn evaluate(graph: &Graph, node: NodeId, columns: &[f64]) -> f64 {
    let mut values: Vec<f64> = Vec::new();
    for node in graph.nodes() {
        values.push(match *node {
            Node::Constant(bits) => f64::from_bits(bits),
            Node::Column(column) => columns[column],
            Node::Apply(op, operands) => {
                let [a, b, c] = operands.map(|operand| values[operand.index()]);
                op.apply(a, b, c)
            }
        });
    }
    values[node.index()]
}

fn value(text: &str) -> f64 {
    let scope = scope();
    let mut builder = Builder::new(&scope);
    let node = builder.number(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    evaluate(builder.graph(), node, &VALUES)
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

// Reading.

#[test]
fn precedence_and_grouping_are_those_of_python() {
    for (text, expected) in [
        ("2**3**2", 512.0),
        ("-2**2", -4.0),
        ("2**-1", 0.5),
        ("2**-1**2", 0.5),
        ("(-2)**2", 4.0),
        ("2 - 3 - 4", -5.0),
        ("2 / 4 / 2", 0.25),
        ("2 + 3 * 4", 14.0),
        ("-3 * -2", 6.0),
        ("- -3", 3.0),
        ("+3 - +2", 1.0),
        ("2*-3**2", -18.0),
        ("1 < 2 < 3", 1.0),
        ("3 > 2 > 1 < 2", 1.0),
        ("1 < 3 < 2", 0.0),
        ("(3 > 2) > 1", 0.0),
        ("1 == 1.0 != 2", 1.0),
        ("not 1 < 2", 0.0),
        ("not 1 > 2 and 1 < 2", 1.0),
        ("1 < 2 or 1 < 2 and 1 > 2", 1.0),
        ("not not 1 < 2", 1.0),
        ("10 * (1 < 2) + 1", 11.0),
        ("min(3, 2, 4, 1)", 1.0),
        ("max(3, 2) + min(1, 2)", 4.0),
        ("where(1 < 2, 3, 4)", 3.0),
        ("where(not 1 < 2, 3, 4)", 4.0),
        ("1_000 + .5 + 5. + 1e2 + 2.5E-1 + 0_0 + 007", 1112.75),
        ("9007199254740992", 9_007_199_254_740_992.0),
        ("1e30", 1e30),
        ("12345678901234567890.", 12_345_678_901_234_567_890.0),
        ("params\n\t+ tokens \r\n", 8.0),
        ("params**2*activation", 4.5),
        ("exp (0)", 1.0),
    ] {
        assert!(same(value(text), expected), "{text} gave {}", value(text));
    }
}

#[test]
fn names_come_once_in_order_of_first_appearance() {
    let formula = parse("b + a*b - exp(c) / a").unwrap();
    let expected = [("b", Span::new(0, 1)), ("a", Span::new(4, 5)), ("c", Span::new(14, 15))];
    assert_eq!(formula.names(), expected);
    let many: Vec<String> = (0..200).chain(0..200).map(|i| format!("n{i}")).collect();
    let text = many.join("+");
    let formula = parse(&text).unwrap();
    let names: Vec<&str> = formula.names().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, many[..200]);
}

#[test]
fn each_term_knows_its_place() {
    let formula = parse("(a + b) * -min(c, d, 2)").unwrap();
    let mut places = Vec::new();
    let mut open = vec![formula.root()];
    while let Some(term) = open.pop() {
        let span = formula.span(term);
        places.push(&formula.text()[span.start..span.end]);
        open.extend_from_slice(formula.operands(term));
    }
    assert_eq!(places[0], "(a + b) * -min(c, d, 2)");
    let inner = ["-min(c, d, 2)", "min(c, d, 2)", "2", "min(c, d", "d", "c", "a + b", "b", "a"];
    assert_eq!(places[1..], inner);
}

// Printing.

#[test]
fn printing_is_short_and_plain() {
    for (text, printed) in [
        ("1000000000", "1e9"),
        ("0.35", "0.35"),
        ("16", "16"),
        ("100000", "100000"),
        ("15e12", "1.5e13"),
        ("9.89e14", "9.89e14"),
        ("0.00001", "0.00001"),
        ("2e-7", "2e-7"),
        ("15.387756", "15.387756"),
        ("9007199254740992", "9007199254740992"),
        ("1.8014398509481984e16", "1.8014398509481984e16"),
        ("0.", "0"),
        ("5e-324", "5e-324"),
        ("E+(A/params**alpha)+(B/(tokens**beta))", "E + A/params**alpha + B/tokens**beta"),
        ("a - (b - c)", "a - (b - c)"),
        ("(a - b) - c", "a - b - c"),
        ("a ** (b ** c)", "a**b**c"),
        ("(a ** b) ** c", "(a**b)**c"),
        ("(-a) ** b", "(-a)**b"),
        ("-(a ** b)", "-a**b"),
        ("a ** (-b)", "a**-b"),
        ("a ** (-b) ** c", "a**(-b)**c"),
        ("-(a * b)", "-(a*b)"),
        ("a * (-b)", "a*-b"),
        ("a - (-b)", "a - -b"),
        ("+a", "a"),
        ("a<b<=c", "a < b <= c"),
        ("a<b and b<=c", "a < b and b <= c"),
        ("(a<b)<c", "(a < b) < c"),
        ("(a<b<c)<d<e", "(a < b < c) < d < e"),
        ("a < (b < c)", "a < (b < c)"),
        ("a < (b < c) < d", "a < (b < c) < d"),
        ("not (a < b)", "not a < b"),
        ("(not a) == b", "(not a) == b"),
        ("not (a and b) or c", "not (a and b) or c"),
        ("a and (b and c)", "a and (b and c)"),
        ("a and (b < c < d) and e", "a and b < c < d and e"),
        ("min(min(a, b), c)", "min(a, b, c)"),
        ("min(a, min(b, c))", "min(a, min(b, c))"),
        ("max(min(a, b), c)", "max(min(a, b), c)"),
        ("where((a < b), (c), d)", "where(a < b, c, d)"),
    ] {
        let formula = parse(text).unwrap();
        assert_eq!(formula.to_string(), printed);
        assert_eq!(parse(printed).unwrap(), formula, "{text}");
    }
}

#[test]
fn nodes_of_a_graph_print_as_formulas() {
    let scope = scope();
    let mut builder = Builder::new(&scope);
    for (text, printed) in [
        ("usd**-moe_gain", "(2*params*tokens)**-0.35"),
        ("params**(1 - 3) + (2 - 4)", "params**-2 + -2"),
        ("(0 - 2)**params", "(-2)**params"),
        ("where(1 < params and params < 2, dense, 0/0)", "where(1 < params < 2, dense, NaN)"),
        ("1/0 * tokens", "inf*tokens"),
    ] {
        let node = builder.number(text).unwrap();
        assert_eq!(print_node(builder.graph(), node, |column| COLUMNS[column], 200), printed);
    }
    let node = builder.number("usd + usd").unwrap();
    assert_eq!(print_node(builder.graph(), node, |column| COLUMNS[column], 20), "2*params*tokens + 2*...");
}

// Lowering.

#[test]
fn quantities_are_lowered_once_and_shared() {
    let scope = scope();
    let mut builder = Builder::new(&scope);
    let usd = builder.number("usd").unwrap();
    let before = builder.graph().nodes().len();
    assert_eq!(builder.number("usd").unwrap(), usd);
    assert_eq!(builder.number("2 * params * tokens").unwrap(), usd);
    assert_eq!(builder.graph().nodes().len(), before);
    assert_eq!(builder.finish().nodes().len(), before);
}

#[test]
fn constants_are_folded_and_nothing_else_is() {
    let scope = scope();
    let mut builder = Builder::new(&scope);
    let folded = builder.number("2 * moe_gain + exp(0)").unwrap();
    assert_eq!(builder.graph().value(folded), Some(2.0 * 0.35 + 1.0));
    for text in ["0*params", "params + 0", "params - params", "params**0", "where(1 < 2, params, 1)"] {
        let node = builder.number(text).unwrap();
        assert!(matches!(builder.graph().node(node), Node::Apply(..)), "{text}");
    }
}

#[test]
fn constraints_are_conditions_directly_or_by_name() {
    let scope = scope();
    let mut builder = Builder::new(&scope);
    for text in ["params < 1", "dense", "cheap", "not dense", "cheap or dense", "1 < params < 3"] {
        assert!(builder.condition(text).is_ok(), "{text}");
    }
    for (text, place, instead) in [
        (" usd ", 1..4, "usd != 0"),
        ("moe_gain", 0..8, "moe_gain != 0"),
        ("1", 0..1, "x != 0"),
        ("(cheap + 1)", 1..10, "cheap + 1 != 0"),
        ("where(cheap, dense, dense)", 0..26, "where(cheap, dense, dense) != 0"),
    ] {
        let error = builder.condition(text).unwrap_err();
        let message = format!("a constraint must be a condition, not a number; write e.g. `{instead}`");
        assert_eq!((error.to_string(), error.span), (message, Span::new(place.start, place.end)));
        assert_eq!(error.text, text);
    }
    assert!(same(value("10*cheap + usd"), 40.0));
}

#[test]
fn a_cycle_is_named_in_full_where_it_closes() {
    let mut scope = Scope::new();
    for (name, text) in [("start", "1 + a"), ("a", "2 * b"), ("b", "c - 1"), ("c", "1 / a"), ("own", "own")] {
        scope.insert(name, Meaning::Formula(text.to_owned()));
    }
    let mut builder = Builder::new(&scope);
    let error = builder.number("start + 1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`a` refers to itself: `a` -> `b` -> `c` -> `a`; \
         give one of them as an axis or a scalar, or change its formula"
    );
    assert_eq!((error.text.as_str(), error.span), ("1 / a", Span::new(4, 5)));
    assert_eq!(error.quantity.as_deref(), Some("c"));
    // The builder is as before: asking again gives the same, and others still work.
    assert_eq!(builder.number("start + 1").unwrap_err(), error);
    let error = builder.number("own").unwrap_err();
    assert!(error.to_string().contains("`own` -> `own`"), "{error}");
    assert!(builder.number("1").is_ok());
}

#[test]
fn an_error_in_a_quantity_shows_that_quantity() {
    let mut scope = scope();
    for (name, text) in [("broken", "params ^ 2"), ("strange", "1 + parms"), ("outer", "strange * 2")] {
        scope.insert(name, Meaning::Formula(text.to_owned()));
    }
    let mut builder = Builder::new(&scope);
    for (asked, text, start, quantity) in
        [("broken + 1", "params ^ 2", 7, "broken"), ("outer", "1 + parms", 4, "strange")]
    {
        let error = builder.number(asked).unwrap_err();
        assert_eq!((error.text.as_str(), error.span.start), (text, start));
        assert_eq!(error.quantity.as_deref(), Some(quantity));
    }
    // What nobody asks for is not read.
    assert!(builder.number("params").is_ok());
}

#[test]
fn a_name_can_be_given_another_meaning() {
    let mut scope = scope();
    scope.insert("usd", Meaning::Constant(7.0));
    assert_eq!(scope.meaning("usd"), Some(&Meaning::Constant(7.0)));
    assert_eq!(scope.meaning("gpu_count"), None);
    let mut builder = Builder::new(&scope);
    let node = builder.number("usd").unwrap();
    assert_eq!(builder.graph().value(node), Some(7.0));
}

// Errors.

/// The blocks of tests/formula_errors.txt under `heading`: text, span in bytes, message.
fn error_table(heading: &str) -> Vec<(&'static str, Span, &'static str)> {
    let table = include_str!("../../../tests/formula_errors.txt");
    let section =
        table.split("\n## ").find(|section| section.starts_with(heading)).expect("the heading exists");
    let blocks: Vec<_> = section
        .split("\n\n")
        .skip(1)
        .map(|block| {
            let mut lines = block.trim_end_matches('\n').split('\n');
            let mut line = || lines.next().expect("a block has three lines");
            let (text, caret, message) = (line(), line(), line());
            // A caret one past the last character stands for the end of the text.
            let byte = |column| text.char_indices().nth(column).map_or(text.len(), |(byte, _)| byte);
            let start = caret.find('^').expect("the second line holds a caret");
            (text, Span::new(byte(start), byte(caret.len())), message)
        })
        .collect();
    assert!(blocks.len() > 10, "{heading}");
    blocks
}

#[test]
fn syntax_errors_point_at_the_character() {
    for (text, span, message) in error_table("syntax") {
        let error = parse(text).expect_err(text);
        assert_eq!((error.to_string().as_str(), error.span), (message, span), "{text}");
        assert_eq!((error.text.as_str(), error.quantity), (text, None));
    }
}

#[test]
fn errors_of_meaning_point_at_the_term() {
    let scope = scope();
    let mut builder = Builder::new(&scope);
    for (text, span, message) in error_table("meaning") {
        assert!(parse(text).is_ok(), "{text}");
        let error = builder.number(text).expect_err(text);
        assert_eq!((error.to_string().as_str(), error.span), (message, span), "{text}");
        assert_eq!(builder.condition(text).expect_err(text), error);
    }
}

#[test]
fn empty_and_blank_texts_are_refused() {
    for text in ["", " ", "\n\t  \r"] {
        let error = parse(text).unwrap_err();
        assert_eq!((error.kind, error.span), (FormulaErrorKind::Empty, Span::new(0, text.len())));
    }
}

#[test]
fn each_operation_is_refused_without_operands() {
    for row in TABLE.iter().filter(|row| row.syntax == Syntax::Call) {
        let error = parse(row.name).unwrap_err();
        assert!(matches!(error.kind, FormulaErrorKind::OperationAsName { name, .. } if name == row.name));
        let error = parse(&format!("{}()", row.name)).unwrap_err();
        assert!(matches!(error.kind, FormulaErrorKind::Operands { found: 0, .. }), "{error}");
    }
}

// Size.

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
    assert!(size_of::<FormulaError>() <= 128);
}

// Properties.

/// A formula as a tree of boxes: the naive twin of the parser's.
#[derive(Debug, Clone)]
enum Tree {
    Number(f64),
    Column(usize),
    Apply(Op, Vec<Tree>),
    Chain(Box<Tree>, Vec<(Op, Tree)>),
}

impl Tree {
    /// With every parenthesis that there could be.
    fn text(&self) -> String {
        match self {
            Self::Number(value) => format!("{value:e}"),
            Self::Column(column) => COLUMNS[*column].to_owned(),
            Self::Chain(first, links) => {
                let links: Vec<String> =
                    links.iter().map(|(op, tree)| format!("{} {}", op.info().name, tree.text())).collect();
                format!("({} {})", first.text(), links.join(" "))
            }
            Self::Apply(op, operands) => {
                let (name, texts) = (op.info().name, operands.iter().map(Self::text).collect::<Vec<_>>());
                match op.info().syntax {
                    Syntax::Prefix(_) => format!("({name} {})", texts[0]),
                    Syntax::Call => format!("{name}({})", texts.join(",")),
                    _ => format!("({} {name} {})", texts[0], texts[1]),
                }
            }
        }
    }

    /// Straight from the table, by recursion.
    fn value(&self, columns: &[f64]) -> f64 {
        match self {
            Self::Number(value) => *value,
            Self::Column(column) => columns[*column],
            Self::Chain(first, links) => {
                let mut left = first.value(columns);
                let mut holds = true;
                for (op, tree) in links {
                    let right = tree.value(columns);
                    holds &= op.apply(left, right, left) != 0.0;
                    left = right;
                }
                f64::from(u8::from(holds))
            }
            Self::Apply(op, operands) => {
                let values: Vec<f64> = operands.iter().map(|operand| operand.value(columns)).collect();
                match (op.info().arity, values.as_slice()) {
                    (1, [a]) => op.apply(*a, *a, *a),
                    (2, [first, rest @ ..]) => rest.iter().fold(*first, |a, &b| op.apply(a, b, a)),
                    (3, [a, b, c]) => op.apply(*a, *b, *c),
                    _ => panic!("{op:?} with {} operands", values.len()),
                }
            }
        }
    }
}

fn literals() -> impl Strategy<Value = f64> {
    let awkward = vec![
        0.0,
        1.0,
        2.0,
        0.5,
        3.0,
        0.35,
        16.0,
        1e9,
        1.5e13,
        9_007_199_254_740_992.0,
        5e-324,
        f64::MAX,
        0.1,
    ];
    let any = any::<f64>().prop_filter("literals are finite", |x| x.is_finite()).prop_map(f64::abs);
    prop_oneof![prop::sample::select(awkward), any]
}

/// An operation on operands drawn from numbers and conditions; what folds gets up to two more.
fn applied(op: Op, numbers: &[Tree], conditions: &[Tree], more: usize) -> Tree {
    let info = op.info();
    let count = if info.folds() { info.arity + more } else { info.arity };
    let operand = |i: usize| if info.conditions >> i & 1 == 1 { &conditions[i] } else { &numbers[i] };
    Tree::Apply(op, (0..count).map(|i| operand(i).clone()).collect())
}

fn operations(wanted: fn(Op) -> bool) -> impl Strategy<Value = Op> {
    prop::sample::select(TABLE.iter().map(|row| row.op).filter(|op| wanted(*op)).collect::<Vec<_>>())
}

fn trees() -> impl Strategy<Value = Tree> {
    let number = prop_oneof![literals().prop_map(Tree::Number), (0..3_usize).prop_map(Tree::Column)];
    // Numbers and conditions need each other, so one strategy makes pairs of both.
    let pairs = (number, Just(Tree::Column(3))).prop_recursive(6, 48, 4, |inner| {
        let number = inner.clone().prop_map(|(number, _)| number).boxed();
        let condition = inner.prop_map(|(_, condition)| condition).boxed();
        let either = prop_oneof![3 => number.clone(), 1 => condition.clone()];
        let operands = (prop::collection::vec(either, 4), prop::collection::vec(condition, 3), 0..3_usize);
        let links = prop::collection::vec((operations(|op| op.info().compares()), number.clone()), 2..4);
        let chain = (number, links).prop_map(|(first, links)| Tree::Chain(Box::new(first), links));
        let numbers = (operations(|op| !op.info().condition), operands.clone());
        let conditions = (operations(|op| op.info().condition), operands);
        (
            numbers.prop_map(|(op, (numbers, conditions, more))| applied(op, &numbers, &conditions, more)),
            prop_oneof![
                3 => conditions.prop_map(|(op, (numbers, conditions, more))| applied(op, &numbers, &conditions, more)),
                1 => chain,
            ],
        )
    });
    (pairs, any::<bool>()).prop_map(|((number, condition), first)| if first { number } else { condition })
}

fn columns() -> impl Strategy<Value = [f64; 4]> {
    let awkward = vec![0.0, -0.0, 1.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324, f64::MAX];
    let value = || prop_oneof![prop::sample::select(awkward.clone()), any::<f64>(), -10.0..10.0];
    (value(), value(), value(), any::<bool>()).prop_map(|(a, b, c, d)| [a, b, c, f64::from(u8::from(d))])
}

/// The text without the pair of parentheses that opens at `open`, if there is one and it is no call's.
fn without_pair(text: &str, open: usize) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes[open] != b'(' || (open > 0 && bytes[open - 1].is_ascii_alphanumeric()) {
        return None;
    }
    let mut depth = 0;
    let length = bytes[open..].iter().position(|byte| {
        depth += i32::from(*byte == b'(') - i32::from(*byte == b')');
        depth == 0
    })?;
    let close = open + length;
    Some(format!("{} {} {}", &text[..open], &text[open + 1..close], &text[close + 1..]))
}

/// What each error keeps: the whole text, a span on character boundaries, a message of one line.
fn check_error(text: &str, error: &FormulaError) {
    assert_eq!(error.text, text);
    assert!(text.get(error.span.start..error.span.end).is_some(), "{:?}", error.span);
    let message = error.to_string();
    assert!(!message.is_empty() && !message.contains('\n') && message.len() < 400, "{message}");
}

fn tokens() -> impl Strategy<Value = String> {
    let good = vec!["a", "b", "1", "2.5", "1e9", "x1", "(", ")", ",", " ", "\n"];
    let bad = vec![
        "^",
        "&",
        "|",
        "%",
        "//",
        "!",
        "=",
        "if",
        "else",
        ".",
        "[",
        "'",
        "é",
        "×",
        "1_",
        "1e400",
        "e",
        "_",
        "7B",
        "\0",
        "a.b",
        "9007199254740993",
    ];
    let token = prop_oneof![
        4 => prop::sample::select(good),
        4 => (0..TABLE.len()).prop_map(|row| TABLE[row].name),
        1 => prop::sample::select(bad),
    ];
    (prop::collection::vec(token, 0..25), any::<bool>())
        .prop_map(|(tokens, spaced)| tokens.join(if spaced { " " } else { "" }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_a_formula_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let text = String::from_utf8_lossy(&bytes);
        match parse(&text) {
            Ok(formula) => {
                let printed = formula.to_string();
                prop_assert_eq!(&parse(&printed).unwrap(), &formula);
            }
            Err(error) => check_error(&text, &error),
        }
    }

    #[test]
    fn any_tokens_give_a_formula_or_an_error(text in tokens()) {
        let mut scope = Scope::new();
        scope.insert("a", Meaning::Constant(2.0));
        scope.insert("b", Meaning::Column { column: 0, boolean: true });
        scope.insert("x1", Meaning::Formula("a < 3".to_owned()));
        let lowered = Builder::new(&scope).condition(&text);
        match parse(&text) {
            Ok(formula) => {
                let printed = formula.to_string();
                prop_assert_eq!(&parse(&printed).unwrap(), &formula);
            }
            Err(error) => {
                check_error(&text, &error);
                prop_assert_eq!(&lowered, &Err(error));
            }
        }
        if let Err(error) = lowered {
            check_error(&text, &error);
        }
    }

    #[test]
    fn printed_formulas_read_back_equal_and_hold_no_needless_parentheses(tree in trees()) {
        let text = tree.text();
        prop_assume!(text.len() <= MAX_BYTES);
        let formula = parse(&text).unwrap();
        let printed = formula.to_string();
        prop_assert_eq!(&parse(&printed).unwrap(), &formula, "{} -> {}", text, printed);
        for shorter in (0..printed.len()).filter_map(|open| without_pair(&printed, open)) {
            if let Ok(other) = parse(&shorter) {
                prop_assert_ne!(&other, &formula, "{} could be {}", printed, shorter);
            }
        }
    }

    #[test]
    fn graphs_compute_what_the_tree_says(tree in trees(), columns in columns()) {
        let text = tree.text();
        prop_assume!(text.len() <= MAX_BYTES);
        let scope = scope();
        let mut builder = Builder::new(&scope);
        let node = builder.number(&text).unwrap();
        let (found, expected) = (evaluate(builder.graph(), node, &columns), tree.value(&columns));
        prop_assert!(same(found, expected), "{}: {} instead of {}", text, found, expected);
        for (position, node) in builder.graph().nodes().iter().enumerate() {
            if let Node::Apply(_, operands) = node {
                prop_assert!(operands.iter().all(|operand| operand.index() < position));
            }
        }
    }

    #[test]
    fn constants_fold_to_the_same_bits(tree in trees(), columns in columns()) {
        let text = tree.text();
        prop_assume!(text.len() <= MAX_BYTES);
        let mut scope = Scope::new();
        for (name, value) in COLUMNS.into_iter().zip(columns) {
            let meaning = match name {
                "dense" => Meaning::Formula(format!("{value} != 0")),
                _ => Meaning::Constant(value),
            };
            scope.insert(name, meaning);
        }
        let mut builder = Builder::new(&scope);
        let node = builder.number(&text).unwrap();
        prop_assert!(builder.graph().value(node).is_some_and(|folded| same(folded, tree.value(&columns))));
    }

    #[test]
    fn nodes_print_to_formulas_that_build_them_again(tree in trees()) {
        let text = tree.text();
        prop_assume!(text.len() <= MAX_BYTES);
        let scope = scope();
        let mut builder = Builder::new(&scope);
        let node = builder.number(&text).unwrap();
        let printed = print_node(builder.graph(), node, |column| COLUMNS[column], MAX_BYTES);
        // NaN and infinities have no literal.
        prop_assume!(!printed.contains("NaN") && !printed.contains("inf") && !printed.ends_with("..."));
        match builder.number(&printed) {
            Ok(again) => prop_assert_eq!(again, node, "{}", printed),
            // A condition that was folded is a number now.
            Err(error) => {
                let kind = &error.kind;
                prop_assert!(matches!(kind, FormulaErrorKind::NotCondition { .. }), "{}: {}", printed, error);
            }
        }
    }
}
