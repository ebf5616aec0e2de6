//! The engine of isoflop: formulas over a product of axes, and the exact Pareto front of them.
//!
//! ```text
//! text --formula--> graph --program, with a space--> tables and a tape --sweep--> rows --pareto--> the front
//!                                                    enumerate: values, block by block
//!                                                    search: bounds of boxes, then values of what is left
//! ```
//!
//! In the order in which they are best read:
//!
//! - [`value`]: the operations, and what each means for one number, for lanes of numbers and for intervals.
//! - [`formula`]: text to a shared graph of operations.
//! - [`space`]: axes, and the way between a configuration and its index.
//! - [`pareto`]: keys, dominance, the front of given rows, and the archive of a growing one.
//! - [`program`]: a graph bound to a space, ready to be enumerated or searched.
//! - [`sweep`]: the questions, answered by brute force in blocks or by branch and bound.
//! - [`fit`]: a formula's coefficients from runs.
//! - [`memory`], [`control`], [`parallel`]: fallible requests, cancelling and progress, threads for one call.
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
