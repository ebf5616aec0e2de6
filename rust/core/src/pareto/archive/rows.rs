//! Three objectives and more: the rows of the front.

use super::{Points, settles_own_cell};
use crate::control::{Control, Interrupted};
use crate::pareto::filter::{self, Ties, front_of};
use crate::pareto::key::{Cells, rank};

/// The front, row by row.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    bits: Vec<u32>,
    cells: Vec<Cells>,
    ties: Ties,
    points: Points,
}

impl Rows {
    pub(super) fn new(bits: &[u32], ties: Ties) -> Self {
        let cells = bits.iter().map(|&bits| Cells::new(bits)).collect();
        Self { bits: bits.to_vec(), cells, ties, points: Points::none(bits.len()) }
    }

    pub(super) fn len(&self) -> usize {
        self.points.indices.len()
    }

    pub(super) fn unsettled(&self, bounds: &[&[f64]], indices: &[u64], open: &mut Vec<u32>) {
        let columns = self.points.columns();
        for (lane, &index) in indices.iter().enumerate() {
            let lower = || bounds.iter().map(|bounds| bounds[lane]);
            let settles = |row: usize| {
                let values = || columns.iter().map(|column| column[row]);
                let keys = || values().zip(lower()).zip(&self.cells).map(|((a, b), c)| (c.key(a), c.key(b)));
                keys().all(|(a, b)| a <= b)
                    && (keys().any(|(a, b)| a != b)
                        || settles_own_cell(
                            self.ties,
                            (values(), self.points.indices[row]),
                            (lower(), index),
                        ))
            };
            if !(0..self.len()).any(settles) {
                open.push(lane as u32);
            }
        }
    }

    pub(super) fn add(&mut self, points: Points, control: &Control) -> Result<(), Interrupted> {
        let mut all = Points::joined(vec![std::mem::take(&mut self.points), points]);
        let columns = all.columns();
        let rows = filter::Rows { objectives: &columns, indices: Some(&all.indices) };
        let kept = front_of(rows, &self.bits, self.ties, control)?;
        all = all.select(kept.into_iter());
        self.points = sorted(&all);
        Ok(())
    }

    pub(super) fn into_points(self, control: &Control) -> Result<Points, Interrupted> {
        control.check()?;
        Ok(sorted(&self.points))
    }
}

/// Best first; a configuration that comes twice is kept once.
fn sorted(points: &Points) -> Points {
    let mut order: Vec<usize> = (0..points.indices.len()).collect();
    let ranks = |row: usize| points.objectives.iter().map(move |column| rank(column[row]));
    order.sort_by(|&a, &b| ranks(a).cmp(ranks(b)).then(points.indices[a].cmp(&points.indices[b])));
    order.dedup_by(|a, b| points.indices[*a] == points.indices[*b] && ranks(*a).eq(ranks(*b)));
    points.select(order.into_iter())
}
