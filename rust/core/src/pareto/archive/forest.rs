//! Three objectives and more at fine keys: a few static trees, each at least twice as large as the next.
//!
//! New rows become a tree, together with the trees that are not at least twice as large: so a row is built into a new tree
//! about once for each doubling. Rows that a later row dominates stay until the forest is filtered as a whole.

mod tree;

use super::Points;
use super::many::Question;
use crate::control::{Control, Interrupted};
use tree::{Hint, Tree};

/// Trees, the largest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Forest {
    trees: Vec<Tree>,
    /// How many rows the last front had.
    front: usize,
}

impl Forest {
    /// One tree of a front.
    pub(super) fn of_front(
        question: &Question,
        front: Points,
        control: &Control,
    ) -> Result<Self, Interrupted> {
        let rows = front.indices.len();
        Ok(Self { trees: vec![Tree::new(question, front, control)?], front: rows })
    }

    /// How many rows are kept; some may be dominated.
    pub(super) fn len(&self) -> usize {
        self.trees.iter().map(Tree::len).sum()
    }

    /// Whether it should be filtered before it takes so many rows more.
    pub(super) fn outgrown_by(&self, rows: usize) -> bool {
        self.len() + rows > 2 * self.front
    }

    pub(super) fn unsettled(
        &self,
        question: &Question,
        bounds: &[&[f64]],
        indices: &[u64],
        open: &mut Vec<u32>,
    ) {
        let mut keys = vec![0; bounds.len()];
        // What settled a lane often settles the next.
        let mut hints = vec![Hint::default(); self.trees.len()];
        for (lane, &index) in indices.iter().enumerate() {
            for ((key, cells), bounds) in keys.iter_mut().zip(&question.cells).zip(bounds) {
                *key = cells.key(bounds[lane]);
            }
            let bounds = || bounds.iter().map(|bounds| bounds[lane]);
            let settled = self.trees.iter().zip(&hints).any(|(tree, hint)| tree.repeats(hint, &keys))
                || (self.trees.iter().zip(&mut hints))
                    .any(|(tree, hint)| tree.settles(question.ties, &keys, bounds, index, hint));
            if !settled {
                open.push(lane as u32);
            }
        }
    }

    /// Adds rows none of which dominates another.
    pub(super) fn add(
        &mut self,
        question: &Question,
        new: Points,
        control: &Control,
    ) -> Result<(), Interrupted> {
        let mut rows = new.indices.len();
        if rows == 0 {
            return Ok(());
        }
        let mut pieces = vec![new];
        while let Some(tree) = self.trees.pop_if(|tree| tree.len() < 2 * rows) {
            rows += tree.len();
            pieces.push(tree.into_points());
        }
        self.trees.push(Tree::new(question, Points::joined(pieces), control)?);
        Ok(())
    }

    /// All rows, in no order.
    pub(super) fn into_points(self) -> Points {
        Points::joined(self.trees.into_iter().map(Tree::into_points).collect())
    }
}
