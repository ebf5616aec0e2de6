//! The archive: the exact front of all configurations added so far, and what it prunes.
//!
//! A search adds what it has evaluated, round by round, and asks between the rounds, from any number of threads
//! and without locks, which boxes of configurations may still hold something. Configurations come in as
//! [`Points`]; lanes of lower bounds come in and the lanes that are *not* pruned go out; at the end the front
//! goes out, sorted.
//!
//! # What prunes a lane
//!
//! Let b be the lane's bounds, L = key(b), and m the least index in it. The archive prunes the lane exactly if
//! some row a has key(a) <= L in every objective and either key(a) != L or, in the order (values, index),
//! a is at most (b, m). Then no configuration of the lane but a itself can be on the front:
//!
//! - A configuration c of the lane has value(c) >= b, so key(c) >= L. If key(a) != L, a is better than c in some
//!   key and worse in none, and c is dominated.
//! - If key(a) = L and c lies in another cell, a dominates c for the same reason. If c lies in a's cell, then
//!   (value(a), index(a)) <= (b, m) <= (value(c), index(c)), so c represents the cell only if c is a.
//!
//! [`Ties::All`] also keeps the copies of a representative: the rows with its true objectives. The first case
//! stands, for a copy has the key of what it copies. In the second an equal value may be that of a copy, so
//! value(a) must be less than b: then value(c) is greater than that of the representative, and c no copy. The index
//! does not matter there: a lane whose bounds are the values of a row stays open, even if that row is all of it.
//! A configuration that comes twice (the index says so) is kept once.
//!
//! If a row a gives way to a row a', then a' prunes what a pruned: key(a') <= key(a), and if both are equal,
//! a' comes before a. So what is pruned depends only on what was added, and rows that are no longer on the front
//! may remain until the next rebuild.
//!
//! # Structures
//!
//! | objectives | structure | a query |
//! |---|---|---|
//! | one | the best value (`single`) | a comparison |
//! | two | a flat staircase with buckets along one objective (`stairs`) | a look-up; a short search near the front |
//! | more, few keys | a grid of prefix minima (`grid`) | a look-up |
//! | more, many keys | a few trees of boxes (`forest`) | a descent, or several |

mod forest;
mod grid;
mod many;
mod order;
mod single;
mod stairs;
mod structure;

pub use order::Sizes;
pub use structure::Archive;
