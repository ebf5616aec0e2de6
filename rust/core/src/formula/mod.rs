//! Formulas: text in, a shared graph of operations out.
//!
//! ```text
//! text --lexer--> tokens --parser--> Expr --scope--> Graph (shared nodes, constants folded)
//! ```

mod error;
pub mod graph;
pub mod ops;

pub use error::{FormulaError, Span};
