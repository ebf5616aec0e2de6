//! Why a formula could not be read or bound.

use std::borrow::Cow;
use std::fmt;

use super::{MAX_BYTES, MAX_DEPTH};
use crate::value::ops::Op;

/// A range of bytes of a formula's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// From `start` up to, not including, `end`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// What is wrong, in which text, and where. Its message is that of its [kind](FormulaErrorKind).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{kind}")]
pub struct FormulaError {
    /// The formula as written; of one longer than [`MAX_BYTES`] only the surroundings of the span.
    pub text: String,
    /// The place in `text` that the message speaks of, on character boundaries.
    pub span: Span,
    /// What is wrong and what to do.
    pub kind: FormulaErrorKind,
    /// The quantity that the formula defines, if it has a name.
    pub quantity: Option<String>,
}

/// What is wrong with a formula.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FormulaErrorKind {
    /// Nothing but white space.
    #[error("the formula is empty; write a number, a name or an expression")]
    Empty,
    /// Longer than [`MAX_BYTES`].
    #[error("the formula has {bytes} bytes, more than the limit of {MAX_BYTES}; split it into quantities")]
    TooLong {
        /// Length of the text.
        bytes: usize,
    },
    /// More than [`MAX_DEPTH`] parentheses open at once.
    #[error("parentheses are nested deeper than the limit of {MAX_DEPTH}; name inner parts as quantities")]
    TooDeep,
    /// A character that no formula contains.
    #[error("unexpected character `{}`; {}", character.escape_debug(), instead_of(character))]
    Character {
        /// The character.
        character: char,
    },
    /// Known from elsewhere, but not part of the language.
    #[error("`{found}` cannot be used in a formula; {advice}")]
    Refused {
        /// What was written.
        found: &'static str,
        /// What to write instead.
        advice: &'static str,
    },
    /// A point after a name, as in `np.log`.
    #[error("a formula has no attributes; write `{instead}` in place of `{found}`")]
    Attribute {
        /// As written, with the point.
        found: String,
        /// A plain name.
        instead: String,
    },
    /// A letter for a power of ten, as in `70B`.
    #[error("`{found}` is not a number; write `{instead}`")]
    Suffix {
        /// As written.
        found: String,
        /// The number in scientific notation.
        instead: String,
    },
    /// Digits, points and underscores that make no number.
    #[error("`{found}` is not a number; {advice}")]
    Number {
        /// As written.
        found: String,
        /// What to look at.
        advice: &'static str,
    },
    /// An integer that binary64 may not hold exactly.
    #[error(
        "the integer {found} is beyond 2^53 and may be rounded; write it with an exponent, such as {instead}"
    )]
    LargeInteger {
        /// As written.
        found: String,
        /// The nearest number, in scientific notation.
        instead: String,
    },
    /// A number beyond the largest of binary64.
    #[error("the number {found} is too large; the largest is about 1.8e308")]
    Overflow {
        /// As written.
        found: String,
    },
    /// An operand is expected and something else stands there.
    #[error("expected a number, a name or `(`, found `{found}`")]
    MissingOperand {
        /// What stands there.
        found: String,
    },
    /// The text ends where an operand is expected.
    #[error("the formula ends where a number, a name or `(` is expected")]
    UnexpectedEnd,
    /// Two operands side by side.
    #[error("expected an operator before `{found}`; to multiply, write `*`")]
    MissingOperator {
        /// The second operand's beginning.
        found: String,
    },
    /// `not` after an operator that binds tighter.
    #[error(
        "`{operation}` binds less tightly than the operator before it; put it and its operand in parentheses"
    )]
    LoosePrefix {
        /// The prefix operation.
        operation: &'static str,
    },
    /// A parenthesis that is never closed.
    #[error("this `(` is never closed; add the missing `)`")]
    Unclosed,
    /// A parenthesis that was never opened.
    #[error("this `)` closes nothing; remove it or add the missing `(`")]
    Unopened,
    /// A comma that does not separate operands.
    #[error(
        "a comma can only separate the operands of an operation such as `min(a, b)`; in numbers, write 1_000 or 1e3"
    )]
    Comma,
    /// Something other than an operation is called.
    #[error("there is no operation `{name}`{suggestion}")]
    UnknownOperation {
        /// What was called.
        name: String,
        /// What may have been meant.
        suggestion: Suggestion,
    },
    /// An operation's name without operands.
    #[error("`{}` is an operation and not a value; write `{}`", op.info().name, op.info().written())]
    OperationAsName {
        /// The operation.
        op: Op,
    },
    /// Too few or too many operands.
    #[error("`{}` takes {}, got {found}; write `{}`", op.info().name, operands(op), op.info().written())]
    Operands {
        /// The operation.
        op: Op,
        /// How many operands it got.
        found: usize,
    },
    /// A name without a meaning.
    #[error("unknown name `{name}`{suggestion}")]
    UnknownName {
        /// The name.
        name: String,
        /// What may have been meant.
        suggestion: Suggestion,
    },
    /// A name that could have a meaning, but was given none.
    #[error("`{name}` has no value; give it as an axis, a scalar or a quantity")]
    Undefined {
        /// The name.
        name: String,
    },
    /// A number where a condition must stand.
    #[error("`{operation}` needs a condition here, not a number; write e.g. `{instead}`")]
    NotCondition {
        /// The operation whose operand it is.
        operation: &'static str,
        /// A condition on the same number.
        instead: String,
    },
    /// A constraint that is a number.
    #[error("a constraint must be a condition, not a number; write e.g. `{instead}`")]
    NotConstraint {
        /// A condition on the same number.
        instead: String,
    },
    /// A quantity that refers to itself, directly or through others.
    #[error("{} refers to itself: {}; give one of them as an axis or a scalar, or change its formula", quoted(.names), cycle(.names))]
    Cycle {
        /// The quantities in order of reference; the last refers to the first.
        names: Vec<String>,
    },
}

/// What may have been meant by something unknown; prints as the end of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Suggestion {
    /// The nearest thing that exists.
    Nearest(String),
    /// What is written here for a word known from elsewhere.
    Hint(&'static str),
    /// Nothing is near: what to do for a name, or for an operation.
    Nothing(&'static str),
}

impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nearest(name) => write!(f, ", did you mean `{name}`?"),
            Self::Hint(advice) | Self::Nothing(advice) => write!(f, "; {advice}"),
        }
    }
}

/// What is wrong, and where, before the text joins in.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) span: Span,
    pub(super) kind: FormulaErrorKind,
}

impl Problem {
    pub(super) fn new(span: Span, kind: FormulaErrorKind) -> Self {
        Self { span, kind }
    }
}

impl FormulaError {
    /// A `problem` in `text`, which defines `quantity` if it has a name.
    #[cold]
    pub(super) fn new(text: &str, problem: Problem, quantity: Option<&str>) -> Self {
        /// What is kept on either side of the span of a long text.
        const MARGIN: usize = 200;
        let Problem { span, kind } = problem;
        let start = floor(text, span.start);
        let end = ceil(text, span.end);
        let window = if text.len() <= MAX_BYTES {
            0..text.len()
        } else {
            floor(text, start.saturating_sub(MARGIN))..ceil(text, (start + MARGIN).min(text.len()))
        };
        Self {
            span: Span::new(start - window.start, end.min(window.end) - window.start),
            text: text[window].to_owned(),
            kind,
            quantity: quantity.map(str::to_owned),
        }
    }
}

/// The last character boundary at or before `byte`.
fn floor(text: &str, byte: usize) -> usize {
    (0..=byte.min(text.len())).rev().find(|&byte| text.is_char_boundary(byte)).unwrap_or(0)
}

/// The first character boundary at or after `byte`.
fn ceil(text: &str, byte: usize) -> usize {
    (byte..text.len()).find(|&byte| text.is_char_boundary(byte)).unwrap_or(text.len())
}

/// `text` for use in a message: a long one shortened.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}...", &text[..end])),
    }
}

fn instead_of(character: &char) -> &'static str {
    if character.is_alphabetic() {
        "names are made of ASCII letters, digits and `_`, such as `alpha`"
    } else {
        "a formula is made of numbers, names, operators and parentheses"
    }
}

fn operands(op: &Op) -> &'static str {
    match (op.info().arity, op.info().folds()) {
        (1, _) => "1 operand",
        (2, true) => "2 or more operands",
        (2, false) => "2 operands",
        _ => "3 operands",
    }
}

fn quoted(names: &[String]) -> String {
    format!("`{}`", names.first().map_or("", String::as_str))
}

fn cycle(names: &[String]) -> String {
    let around: Vec<String> = names.iter().chain(names.first()).map(|name| format!("`{name}`")).collect();
    around.join(" -> ")
}
