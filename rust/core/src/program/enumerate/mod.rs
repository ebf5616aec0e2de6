//! Every configuration, block by block.
//!
//! What no table holds runs in four loops of a block of configurations: once for the block, once for each of its rows,
//! once for each of its lanes, and once for each configuration.

#[cfg(debug_assertions)]
mod audit;
mod bound_rows;
mod chunk_bounds;
mod compute;
mod fill;
mod layout;
mod lower;
mod machine;
mod program;
mod run;
mod sink;

pub(crate) use fill::{fill, tabulate};
pub(crate) use layout::{Layout, Order};
pub(crate) use lower::{Loop, Step, lower, lower_tables};
pub(crate) use machine::Machine;
pub(crate) use machine::Scratch;
pub(crate) use program::Program;
pub(crate) use sink::{Bounded, Row, Sink};
