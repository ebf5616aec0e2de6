//! The engine of isoflop: formulas over a product of axes, and the exact Pareto front of them.
//!
//! - [`formula`]: text to a shared graph of operations.
//! - [`value`]: what each operation means for one number, and for lanes of numbers.
//! - [`space`]: axes, and the way between a configuration and its index.
//! - [`program`]: a graph bound to a space: tables for what sits on few axes, a short tape for the rest.
//! - [`sweep`]: runs a program over every configuration.
//! - [`pareto`]: keys, dominance, and the front of given rows.
//! - [`fit`]: a formula's coefficients from runs.
//! - [`parallel`]: threads for the length of one call.
//! - [`memory`]: asked for, so that a question too large for it fails and the process goes on.
//!
//! Nothing here prints, reads files, keeps global state or knows Python.

pub mod control;
pub mod error;
pub mod fit;
pub mod formula;
pub mod memory;
pub mod parallel;
pub mod pareto;
pub mod program;
pub mod space;
pub mod sweep;
pub mod value;
