//! The formula language as a whole: text to tree to text, and tree to graph to value.

use isoflop_core::formula::graph::{Graph, Node, NodeId};
use isoflop_core::formula::{Builder, Meaning, Scope, Span, parse, print_node};

mod errors;
mod limits;
mod properties;

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
        ("-\nusd", 0..5, "- usd != 0"),
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
