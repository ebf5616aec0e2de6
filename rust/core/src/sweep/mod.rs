//! Questions about a space.
//!
//! An [`Engine`] is a space and the names that formulas may use. Each question binds its formulas and is answered in
//! one of two ways, with the same answer: small spaces by enumeration (`enumerate`: a program run over the blocks of
//! the grid in parallel, a sink of its own takes the values), large ones by branch and bound (`search`). Axes that no
//! formula of the question reads stay at position 0.

mod answer;
mod bound;
mod columns;
mod engine;
mod enumerate;
mod groups;
mod least;
mod question;
mod rows;
mod search;
mod stats;

pub use answer::Answer;
pub use columns::{Columns, Outside, outside};
pub use engine::Engine;
pub use groups::Groups;
pub use question::{FrontQuestion, Method, Name, Near, Objective};
pub use stats::{Seconds, Stats};
