//! Formulas bound to a space, ready to run: two pipelines, a room each.
//!
//! ```text
//! enumerate:  Graph + Space --layout--> groups of axes in loop order: outer..., rows, lanes
//!                           --lower---> a tape: what each configuration still costs, and which nodes are tables
//!                           --fill----> the tables, filled
//!                           --run-----> rows of values, for the sinks of `sweep`
//! search:     Graph + Space --tables--> the tables, filled, and the range of each over any box
//!                           --tape----> straight-line code over lanes, read as numbers and as intervals
//! ```
//!
//! Every node of the graph depends on a set of axes ([`Depends`]). A maximal subtree that sits on few axes and holds an
//! operation dearer than a lookup becomes a table. In every loop and table a node has the value that
//! the formula's tree gives: hoisting moves whole subtrees and changes no bit.

mod depends;
pub(crate) mod enumerate;
pub mod explain;
mod registers;
pub(crate) mod search;

pub(crate) use depends::Depends;
pub(crate) use depends::Roots;
