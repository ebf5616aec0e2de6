//! Branch and bound (Land and Doig 1960): exact answers without looking at every configuration.
//!
//! ```text
//! open = [the whole space]; incumbents = what a coarse sample of configurations gives
//! while open holds boxes:
//!     take some of the last boxes; for each that the incumbents do not prune by now, in parallel:
//!         split it along the axes that narrow its bounds most
//!         bound the parts; prune those where a constraint surely fails, or by the incumbents
//!         small parts: compute their configurations; large parts: back to open, and compute one of each (a probe)
//!     the goal absorbs the configurations found, as incumbents
//! ```
//!
//! Rounds and the goal's part in them depend on the question only, so answers and counts are the same for
//! any number of threads. Taking the last boxes keeps the number of open ones small.

mod branching;
mod context;
mod expand;
mod few;
mod front;
mod goal;
mod incumbents;
mod nondominated;
mod open_boxes;
mod presolve;
mod proof;
mod questions;
mod reach;
mod run;

pub(super) use questions::{any, best, near, pareto, presolved, proves_too_large};
