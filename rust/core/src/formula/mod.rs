//! Formulas: text in, a shared graph of operations out.
//!
//! ```text
//! text --lexer--> tokens --parser--> Expr --build, with a Scope--> Graph (shared nodes, constants folded)
//! ```
//!
//! All of them read the [table of operations](crate::value::ops). No function here recurses: the stack stays
//! small, and the work is in proportion to the text.

mod build;
mod error;
mod expr;
pub mod graph;
mod lexer;
mod parser;
mod print;
mod scope;
mod suggest;

pub use build::Builder;
pub use error::{FormulaError, FormulaErrorKind, Span, Suggestion};
pub use expr::{Expr, Term, TermId};
pub use parser::parse;
pub use print::print_node;
pub use scope::{Meaning, Scope};
pub use suggest::nearest;

/// The longest formula, in bytes. Longer ones are split into quantities.
pub const MAX_BYTES: usize = 65_536;

/// How many parentheses may be open at once.
pub const MAX_DEPTH: usize = 200;
