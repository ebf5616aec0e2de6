//! Three objectives and more at fine keys: a few static k-d trees, each at least twice as large as the next (the
//! logarithmic method of Bentley and Saxe 1980).
//!
//! New rows become a tree, together with the trees that are not at least twice as large: so a row is built
//! into a new tree about once for each doubling. A coarse [`Coarse`] of all rows decides about most lanes before
//! the trees are searched. Rows that a later row dominates stay until the forest is filtered as a whole.

mod coarse;
mod tree;

use super::order::Precision;
use crate::control::{Control, Interrupted};
use crate::memory::OutOfMemory;
use crate::pareto::points::Points;
use coarse::{BLOCK, Coarse, Verdict};
use tree::{Hint, Tree};

/// Trees, the largest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Forest {
    trees: Vec<Tree>,
    /// There is one if there are trees.
    coarse: Option<Coarse>,
    /// How many rows the last front had.
    front: usize,
}

impl Forest {
    /// One tree of a front.
    pub(super) fn of_front(
        precision: &Precision,
        front: Points,
        control: &Control,
    ) -> Result<Self, Interrupted> {
        let rows = front.indices.len();
        let coarse = Some(Coarse::over(precision, &front)?);
        Ok(Self { trees: vec![Tree::new(precision, front, control)?], coarse, front: rows })
    }

    /// How many rows are kept; some may be dominated.
    pub(super) fn len(&self) -> usize {
        self.trees.iter().map(Tree::len).sum()
    }

    /// Whether it should be filtered before it takes `rows` rows more.
    pub(super) fn outgrown_by(&self, rows: usize) -> bool {
        self.len() + rows > 2 * self.front
    }

    pub(super) fn unpruned(
        &self,
        precision: &Precision,
        bounds: &[&[f64]],
        indices: &[u64],
        open: &mut Vec<u32>,
    ) {
        let Some(coarse) = &self.coarse else {
            open.extend(0..indices.len() as u32);
            return;
        };
        let mut keys = vec![0; bounds.len()];
        // What pruned a lane often prunes the next.
        let mut hints = vec![Hint::default(); self.trees.len()];
        let mut verdicts = [Verdict::Unknown; BLOCK];
        for start in (0..indices.len()).step_by(BLOCK) {
            let verdicts = &mut verdicts[..BLOCK.min(indices.len() - start)];
            precision.level.run(
                #[inline(always)]
                || coarse.verdicts_of(bounds, start, verdicts),
            );
            for (lane, &verdict) in (start..).zip(verdicts.iter()) {
                let pruned = match verdict {
                    Verdict::Pruned => true,
                    Verdict::Open => false,
                    Verdict::Unknown => {
                        for ((key, cells), bounds) in keys.iter_mut().zip(&precision.cells).zip(bounds) {
                            *key = cells.key(bounds[lane]);
                        }
                        let bounds = || bounds.iter().map(|bounds| bounds[lane]);
                        self.prunes(precision, &keys, bounds, indices[lane], &mut hints)
                    }
                };
                if !pruned {
                    open.push(lane as u32);
                }
            }
        }
    }

    /// Whether some row of a tree prunes a lane, given by its keys, bounds and index.
    fn prunes<I: Iterator<Item = f64>>(
        &self,
        precision: &Precision,
        keys: &[i64],
        bounds: impl Fn() -> I,
        index: u64,
        hints: &mut [Hint],
    ) -> bool {
        self.trees.iter().zip(&*hints).any(|(tree, hint)| tree.repeats(hint, keys))
            || (self.trees.iter().zip(hints))
                .any(|(tree, hint)| tree.prunes(precision.ties, keys, &bounds, index, hint))
    }

    /// Adds rows none of which dominates another.
    pub(super) fn add(
        &mut self,
        precision: &Precision,
        new: Points,
        control: &Control,
    ) -> Result<(), Interrupted> {
        let mut rows = new.indices.len();
        if rows == 0 {
            return Ok(());
        }
        if let Some(coarse) = &mut self.coarse {
            coarse.add(&new);
        }
        let mut pieces = vec![new];
        while let Some(tree) = self.trees.pop_if(|tree| tree.len() < 2 * rows) {
            rows += tree.len();
            pieces.push(tree.into_points());
        }
        self.trees.push(Tree::new(precision, Points::joined(pieces)?, control)?);
        Ok(())
    }

    pub(super) fn pieces(&self) -> Vec<&Points> {
        self.trees.iter().map(Tree::points).collect()
    }

    /// All rows, in no order.
    pub(super) fn into_points(self) -> Result<Points, OutOfMemory> {
        Points::joined(self.trees.into_iter().map(Tree::into_points).collect())
    }
}
