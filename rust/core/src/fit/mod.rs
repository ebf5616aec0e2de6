//! From runs to a law: the coefficients of any formula, fitted.
//!
//! ```text
//! formula + columns --model--> graph, sorted by what it reads      (structure: linear coefficients, exponents, signs)
//!                   --tape---> values and derivatives of all runs
//!                   --problem-> objective: residual, weights, bounds (project: linear coefficients solved for)
//!                   --search--> starts, polishes (optimise), rounds of perturbation
//! ```
//!
//! In come a formula's text, columns of runs, a residual and bounds; out come the coefficients at the lowest objective
//! found, what the search saw, and what there is to say of how well they are determined. Nothing here knows what a loss
//! or a law is.

pub mod estimate;
pub mod intervals;
pub mod model;
pub mod optimise;
pub mod problem;
pub mod quadratic;
mod relax;
pub mod residual;
pub mod search;
pub mod starts;
pub mod structure;
pub mod student;
pub mod tape;
