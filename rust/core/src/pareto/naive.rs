//! The front and its covering straight from their definitions: what [`filter`](super::filter) and
//! [`cover`](super::cover) must agree with.

use std::cmp::Ordering;

use super::key::{Cells, rank};
use super::rows::{Rows, Ties};
use crate::value::scalar::log;

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

/// Returns the rows that cover a front, ascending, and the gap; the same as [`cover`](super::cover::cover).
///
/// # Panics
///
/// As [`cover`](super::cover::cover).
#[must_use]
pub fn cover(objectives: &[&[f64]], maximize: &[bool], most: usize) -> (Vec<usize>, f64) {
    let count = objectives[0].len();
    if count <= most {
        return ((0..count).collect(), 0.0);
    }
    let columns: Vec<Vec<f64>> =
        objectives.iter().zip(maximize).map(|(column, &maximize)| places(column, maximize)).collect();
    let apart =
        |a: usize, b: usize| columns.iter().map(|column| (column[a] - column[b]).abs()).fold(0.0, f64::max);
    let mut chosen: Vec<usize> = Vec::new();
    let nearest = |chosen: &[usize], row: usize| {
        chosen.iter().map(|&other| apart(row, other)).fold(f64::INFINITY, f64::min)
    };
    for column in objectives {
        let best = (0..count).min_by(|&a, &b| column[a].partial_cmp(&column[b]).expect("no NaN"));
        chosen.extend(best.filter(|best| !chosen.contains(best)));
    }
    while chosen.len() < most {
        let left = (0..count).filter(|row| !chosen.contains(row)).rev();
        // Of several that are as far the last in this order, the first of the front.
        let farthest = left.max_by(|&a, &b| nearest(&chosen, a).total_cmp(&nearest(&chosen, b)));
        chosen.extend(farthest);
    }
    let gap = (0..count).map(|row| nearest(&chosen, row)).fold(0.0, f64::max);
    chosen.sort_unstable();
    (chosen, gap)
}

/// Where values lie in their own range.
fn places(column: &[f64], maximize: bool) -> Vec<f64> {
    let values: Vec<f64> = column.iter().map(|&value| if maximize { -value } else { value }).collect();
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let logarithms = values.iter().all(|&value| value > 0.0) && low.is_finite() && high > 10.0 * low;
    let place = |value: f64| match value {
        f64::INFINITY => 1.0,
        f64::NEG_INFINITY => 0.0,
        _ if logarithms => (log(value) - log(low)) / (log(high) - log(low)),
        _ if high - low == f64::INFINITY => (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0),
        _ if high > low => (value - low) / (high - low),
        _ => 0.0,
    };
    values.into_iter().map(place).collect()
}
