//! Random texts and trees against a naive twin of the parser.

use isoflop_core::formula::graph::Node;
use isoflop_core::formula::{
    Builder, FormulaError, FormulaErrorKind, MAX_BYTES, Meaning, Scope, parse, print_node,
};
use isoflop_core::value::ops::{Op, Syntax, TABLE};
use proptest::prelude::*;

use super::{COLUMNS, evaluate, same, scope};

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
