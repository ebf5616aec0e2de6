//! Brute force: every configuration is looked at, in blocks, in parallel.

mod best;
mod cull;
mod front;
mod grid;
mod growth;
mod table;

pub(super) use best::{any, best};
pub(super) use front::pareto;
pub(super) use table::table;
