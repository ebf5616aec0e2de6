//! The front straight from its definition, in quadratic time: what [`filter`](super::filter) must agree with.

use std::cmp::Ordering;

use super::filter::{Rows, Ties};
use super::key::{Cells, rank};

/// Returns the rows of the front, ascending; the same as [`filter::front_of`](super::filter::front_of).
///
/// # Panics
///
/// As [`filter::front_of`](super::filter::front_of), apart from the number of rows.
#[must_use]
pub fn front_of(rows: Rows<'_>, bits: &[u32], ties: Ties) -> Vec<usize> {
    let count = rows.objectives.first().expect("a front needs an objective").len();
    let ranks = |row: usize| rows.objectives.iter().map(move |column| rank(column[row]));
    let keys = |row: usize| ranks(row).zip(bits).map(|(rank, &bits)| Cells::new(bits).key_of_rank(rank));
    let index = |row: usize| rows.indices.map_or(row as u64, |indices| indices[row]);
    // A row gives way to any row not worse in every key: to another cell always, in its own cell to what
    // comes before it by true objectives, then by index.
    let gives_way = |row: usize, other: usize| {
        keys(other).zip(keys(row)).all(|(other, row)| other <= row)
            && (keys(other).ne(keys(row))
                || ranks(other).cmp(ranks(row)).then(index(other).cmp(&index(row))).then(other.cmp(&row))
                    == Ordering::Less)
    };
    let candidates: Vec<usize> =
        (0..count).filter(|&row| rows.objectives.iter().all(|column| !column[row].is_nan())).collect();
    let front: Vec<usize> = (candidates.iter().copied())
        .filter(|&row| !candidates.iter().any(|&other| gives_way(row, other)))
        .collect();
    match ties {
        Ties::First => front,
        Ties::All => (candidates.into_iter())
            .filter(|&row| front.iter().any(|&kept| ranks(kept).eq(ranks(row))))
            .collect(),
    }
}
