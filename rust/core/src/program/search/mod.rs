//! Tables, values of configurations and bounds of boxes, for branch and bound.

#[cfg(debug_assertions)]
mod audit;
mod bounds;
mod boxes;
mod ends;
mod monotone;
mod program;
mod ranges;
mod slot;
mod space;
mod tables;
mod tape;
#[cfg(debug_assertions)]
mod trace;

#[cfg(debug_assertions)]
pub(crate) use audit::ALL as AUDITED;
pub(crate) use bounds::Intervals;
pub(crate) use boxes::Boxes;
pub(crate) use monotone::{MonotoneTerm, Monotonicity};
pub(crate) use program::SearchProgram;
pub(crate) use slot::Slot;
pub(crate) use space::SearchSpace;
pub(crate) use tables::{TableLimit, choose};
pub(crate) use tape::{Lanes, Tape};
