//! Why a formula could not be read or bound.

/// A range of bytes of a formula's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// What is wrong, in which text, and where.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct FormulaError {
    /// The formula, as written.
    pub text: String,
    /// The place that the message speaks of.
    pub span: Span,
    /// What is wrong and what to do.
    pub message: String,
    /// The quantity that the formula defines, if it has a name.
    pub quantity: Option<String>,
}
