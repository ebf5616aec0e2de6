//! Rows that come in columns, of which a front is taken.

use crate::control::{Control, Interrupted, LOOK};
use crate::memory;

/// What becomes of rows with the same true objectives as one on the front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ties {
    /// Only the first of them, by index, is returned.
    First,
    /// All of them are returned.
    All,
}

/// Rows to be filtered, column by column.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The objectives in their order, all to be minimised; one number a row each.
    pub objectives: &'a [&'a [f64]],
    /// What decides between rows of equal objectives, one a row; the row's number if `None`.
    pub indices: Option<&'a [u64]>,
}

/// Sizes at which the filter changes its way; the answer is the same for any.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Rows from which on strong rows cull first.
    pub cull: usize,
    /// Rows that are sorted in one piece.
    pub bucket: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { cull: 4096, bucket: 8192 }
    }
}

/// Drops the rows at which a column holds NaN.
#[inline(always)]
pub(crate) fn drop_nan(column: &[f64], rows: &mut Vec<u32>) {
    if any_nan(column) {
        rows.retain(|&row| !column[row as usize].is_nan());
    }
}

/// Whether a column holds NaN. It is seldom there: the loop goes to the end, and lanes do it.
#[inline(always)]
pub(crate) fn any_nan(column: &[f64]) -> bool {
    column.iter().fold(false, |any, value| any | value.is_nan())
}

/// Pieces of an answer in one.
pub(super) fn joined(pieces: Vec<Vec<u32>>, control: &Control) -> Result<Vec<u32>, Interrupted> {
    let mut all = memory::room(pieces.iter().map(Vec::len).sum())?;
    for piece in pieces {
        for some in piece.chunks(LOOK) {
            control.check()?;
            all.extend_from_slice(some);
        }
    }
    Ok(all)
}
