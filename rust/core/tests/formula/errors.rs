//! Every message with the place that it points at.

use isoflop_core::formula::{Builder, FormulaErrorKind, Span, parse};
use isoflop_core::value::ops::{Syntax, TABLE};

use super::scope;

/// The blocks of tests/formula_errors.txt under `heading`: text, span in bytes, message.
fn error_table(heading: &str) -> Vec<(&'static str, Span, &'static str)> {
    let table = include_str!("../../../../tests/formula_errors.txt");
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
        assert!(matches!(error.kind, FormulaErrorKind::OperationAsName { op } if op == row.op));
        let error = parse(&format!("{}()", row.name)).unwrap_err();
        assert!(matches!(error.kind, FormulaErrorKind::Operands { found: 0, .. }), "{error}");
    }
}
