//! The questions, each one record.

use super::groups::Groups;
use crate::pareto::Ties;

/// What a name of a formula stands for, besides the columns of the space.
#[derive(Debug, Clone, PartialEq)]
pub enum Name {
    /// A scalar.
    Number(f64),
    /// A quantity.
    Formula(String),
}

/// How a question is answered. The answer is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// By the size of what the question touches.
    #[default]
    Auto,
    /// By looking at every configuration.
    Enumerate,
    /// By branch and bound.
    Search,
}

/// A formula to make small or large.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    /// The formula's text.
    pub formula: String,
    /// Whether larger is better.
    pub maximize: bool,
}

/// A question for the front.
#[derive(Debug, Clone)]
pub struct FrontQuestion<'a> {
    /// At least one.
    pub objectives: &'a [Objective],
    /// Conditions that every configuration must meet.
    pub constraints: &'a [String],
    /// Key bits of each objective, 0 to 52: how finely they are compared.
    pub bits: &'a [u32],
    /// Which of equal configurations are kept. Axes that no formula reads are free if all are.
    pub ties: Ties,
    /// A front of each group; of all, if there are none.
    pub groups: Option<&'a Groups<'a>>,
    /// How many rows to choose that cover the front, of each group; all rows if `None`.
    pub rows: Option<usize>,
    /// Most rows that the front may have, and the answer, over all groups.
    pub max_rows: u64,
}

/// A question for everything close to the best.
#[derive(Debug, Clone)]
pub struct Near<'a> {
    /// What the best is the best of.
    pub objective: &'a Objective,
    /// How close: a share of the size of the best value, finite and not negative.
    pub within: f64,
    /// Conditions that every configuration must meet.
    pub constraints: &'a [String],
    /// Each group is answered as if it were the whole space.
    pub groups: Option<&'a Groups<'a>>,
    /// Objectives whose front is looked for among what is near; everything near if there are none.
    pub then: &'a [Objective],
    /// Key bits of each of these.
    pub bits: &'a [u32],
    /// Most rows that the answer may have.
    pub max_rows: u64,
}

pub(super) fn minimized(formulas: &[String]) -> Vec<Objective> {
    formulas.iter().map(|formula| Objective { formula: formula.clone(), maximize: false }).collect()
}

/// Rows that the front so far may have, whether or not they are on the front at the end. They are what a search for a
/// front needs memory for, besides tables and open boxes.
const HELD: u64 = 40_000_000;

/// [`HELD`] for a caller who allows answers of `max_rows` rows: never less than four times these.
pub(super) fn held(max_rows: u64) -> u64 {
    HELD.max(max_rows.saturating_mul(4))
}
