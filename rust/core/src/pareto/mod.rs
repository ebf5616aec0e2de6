//! Keys, dominance, and the front of given rows.
//!
//! - [`key`]: a number and a resolution make a key; dominance compares keys.
//! - [`filter`]: the rows that no other row dominates, fast.
//! - [`archive`]: the front of what was added so far, and its dominance queries.
//! - [`cover`]: a few rows that cover a front.
//! - [`groups`]: fronts of groups of rows.
//! - [`naive`]: the same straight from the definition; the tests compare the two.
//!
//! Row a dominates row b when `key(a) <= key(b)` in every objective and `<` in one. Among rows of equal keys
//! the lexicographic minimum of (true objectives in order, index) represents the cell, and the front is the
//! set of representatives of non-dominated cells.

pub mod archive;
pub mod cover;
pub mod filter;
pub mod groups;
pub mod key;
pub mod naive;
mod points;
mod rows;

pub use filter::{front, front_of};
pub use key::{Cells, bits_of};
pub use points::Points;
pub use rows::{Rows, Ties};
pub(crate) use rows::{any_nan, drop_nan};
