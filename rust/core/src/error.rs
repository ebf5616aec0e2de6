//! Every way in which a question to the engine can fail.

use crate::control::Interrupted;
use crate::formula::FormulaError;
use crate::memory::OutOfMemory;
use crate::space::SpaceError;

/// A failed question. Each variant keeps the data of the module it comes from.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A formula could not be read or bound.
    #[error(transparent)]
    Formula(#[from] FormulaError),
    /// The axes do not make a space.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// The answer is larger than the caller allows.
    #[error("the answer has {rows} rows or more, beyond the limit of {limit}")]
    Limit {
        /// Rows that the answer surely has.
        rows: u64,
        /// What the caller allows.
        limit: u64,
    },
    /// More configurations may be on the front than a search keeps in memory. The front itself may be smaller.
    #[error(
        "{rows} configurations may still be on the front, beyond the {limit} that a search keeps in memory"
    )]
    Held {
        /// Configurations that none found so far dominates.
        rows: u64,
        /// How many are kept.
        limit: u64,
    },
    /// The work was cancelled.
    #[error(transparent)]
    Interrupted(Interrupted),
    /// There was not enough memory.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
}

impl From<Interrupted> for Error {
    fn from(interrupted: Interrupted) -> Self {
        interrupted.lack().map_or(Self::Interrupted(interrupted), Self::Memory)
    }
}
