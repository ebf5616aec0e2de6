//! A static k-d tree (Bentley 1975), for dominance queries: does some row lie at or below a corner?
//!
//! Rows are halved again and again, each time along the objective in which they spread most, down to blocks.
//! Every node knows the least and the largest keys of its rows. If the largest are at most the corner, so are all
//! rows, and the query ends; if one of the least is not, no row is, and the node is passed over.

use crate::control::{Control, Interrupted};
use crate::memory::{self, OutOfMemory};
use crate::pareto::archive::order::Precision;
use crate::pareto::archive::order::prunes_own_cell;
use crate::pareto::points::Points;
use crate::pareto::rows::Ties;

/// Levels that are halved before the rows are laid out anew.
const LEVELS: usize = 8;

/// The least and the largest key of no rows.
const NO_KEYS: (i64, i64) = (i64::MAX, i64::MIN);

/// What pruned the last lane: a row, plus one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hint(usize);

/// A tree as a heap: node n has the children 2n and 2n + 1, the root is 1.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    points: Points,
    width: usize,
    /// The keys of each row, `width` of them.
    keys: Vec<i64>,
    /// The least keys of each node, then the largest: `2 * width`.
    corners: Vec<i64>,
    /// How often rows are halved.
    depth: u32,
}

impl Tree {
    /// A tree of at least one row.
    pub(super) fn new(precision: &Precision, points: Points, control: &Control) -> Result<Self, Interrupted> {
        let (rows, width) = (points.indices.len(), precision.cells.len());
        let depth = (rows / precision.sizes.block.max(1)).max(1).ilog2();
        let mut tree = Self { points, width, keys: memory::room(rows * width)?, corners: Vec::new(), depth };
        for row in 0..rows {
            let values = tree.points.objectives.iter().map(|column| column[row]);
            tree.keys.extend(values.zip(&precision.cells).map(|(value, cells)| cells.key(value)));
        }
        tree.arrange(control)?;
        tree.bound()?;
        Ok(tree)
    }

    /// The rows of a node on a level, from the left: as even as can be.
    fn range(&self, level: u32, place: usize) -> std::ops::Range<usize> {
        let at = |place: usize| ((self.len() as u128 * place as u128) >> level) as usize;
        at(place)..at(place + 1)
    }

    /// Halves the rows of every node along the objective in which they spread most, for their spread in all.
    fn arrange(&mut self, control: &Control) -> Result<(), Interrupted> {
        let width = self.width;
        let mut order = memory::collected(0..self.len() as u32)?;
        let mut whole = vec![NO_KEYS; width];
        reach(&self.keys, &order, &mut whole);
        let whole: Vec<f64> = whole.into_iter().map(|keys| spread(keys).max(1) as f64).collect();
        let mut reached = vec![NO_KEYS; width];
        for first in (0..self.depth).step_by(LEVELS) {
            let mut rows_now = memory::collected(0..self.len() as u32)?;
            for level in first..self.depth.min(first + LEVELS as u32) {
                control.check()?;
                for place in 0..1usize << level {
                    let range = self.range(level, place);
                    let left = self.range(level + 1, 2 * place).len();
                    let rows = &mut rows_now[range];
                    reach(&self.keys, rows, &mut reached);
                    let share = |objective: usize| spread(reached[objective]) as f64 / whole[objective];
                    let widest = (0..width).max_by(|&a, &b| share(a).total_cmp(&share(b))).unwrap_or(0);
                    // By row where keys are equal, so that the tree is the same each time.
                    let key = |row: u32| self.keys[row as usize * width + widest];
                    rows.select_nth_unstable_by_key(left, |&row| (key(row), row));
                }
            }
            // Rows of a node that lie together are in the cache when it is halved.
            let mut keys = memory::room(self.keys.len())?;
            for &row in &rows_now {
                keys.extend_from_slice(&self.keys[row as usize * width..(row as usize + 1) * width]);
            }
            self.keys = keys;
            order = memory::collected(rows_now.iter().map(|&row| order[row as usize]))?;
        }
        self.points = self.points.select(order.iter().map(|&row| row as usize))?;
        Ok(())
    }

    /// Computes the corners, from the blocks up.
    fn bound(&mut self) -> Result<(), OutOfMemory> {
        let width = self.width;
        let blocks = 1usize << self.depth;
        self.corners = memory::filled(2 * blocks * 2 * width, i64::MAX)?;
        for corner in self.corners.chunks_exact_mut(2 * width) {
            corner[width..].fill(i64::MIN);
        }
        for block in 0..blocks {
            let corner = (blocks + block) * 2 * width;
            for row in self.range(self.depth, block) {
                for objective in 0..width {
                    let key = self.keys[row * width + objective];
                    let (least, most) = (corner + objective, corner + width + objective);
                    self.corners[least] = self.corners[least].min(key);
                    self.corners[most] = self.corners[most].max(key);
                }
            }
        }
        for node in (1..blocks).rev() {
            for at in 0..2 * width {
                let (left, right) =
                    (self.corners[4 * node * width + at], self.corners[(4 * node + 2) * width + at]);
                self.corners[2 * node * width + at] =
                    if at < width { left.min(right) } else { left.max(right) };
            }
        }
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.points.indices.len()
    }

    /// Whether the row that pruned the last lane prunes this one, in another cell.
    #[inline(always)]
    pub(super) fn repeats(&self, hint: &Hint, keys: &[i64]) -> bool {
        hint.0 > 0 && dominates(&self.keys[(hint.0 - 1) * self.width..hint.0 * self.width], keys)
    }

    /// Whether some row prunes a lane, given by its keys, bounds and index.
    pub(super) fn prunes<I: Iterator<Item = f64>>(
        &self,
        ties: Ties,
        keys: &[i64],
        bounds: impl Fn() -> I,
        index: u64,
        hint: &mut Hint,
    ) -> bool {
        // From the root to the next node in depth-first order, without a stack: the bits of a node are the way to it.
        let blocks = 1usize << self.depth;
        let mut node = 1usize;
        loop {
            let (least, most) =
                self.corners[2 * node * self.width..2 * (node + 1) * self.width].split_at(self.width);
            let level = node.ilog2();
            let mut descend = at_most(least, keys);
            if descend && dominates(most, keys) {
                hint.0 = self.range(level, node - (1 << level)).start + 1;
                return true;
            }
            if descend && node >= blocks {
                for row in self.range(level, node - blocks) {
                    let row_keys = &self.keys[row * self.width..(row + 1) * self.width];
                    if !at_most(row_keys, keys) {
                        continue;
                    }
                    let values = self.points.objectives.iter().map(|column| column[row]);
                    let row_index = self.points.indices[row];
                    if row_keys != keys || prunes_own_cell(ties, (values, row_index), (bounds(), index)) {
                        hint.0 = row + 1;
                        return true;
                    }
                }
                descend = false;
            }
            if descend {
                node *= 2;
                continue;
            }
            // Up from right children, then to the right.
            node >>= node.trailing_ones();
            if node == 0 {
                return false;
            }
            node += 1;
        }
    }

    pub(super) fn points(&self) -> &Points {
        &self.points
    }

    pub(super) fn into_points(self) -> Points {
        self.points
    }
}

/// The least and the largest key of some rows, objective by objective.
fn reach(keys: &[i64], rows: &[u32], reached: &mut [(i64, i64)]) {
    reached.fill(NO_KEYS);
    let width = reached.len();
    for &row in rows {
        for ((least, most), &key) in reached.iter_mut().zip(&keys[row as usize * width..]) {
            (*least, *most) = ((*least).min(key), (*most).max(key));
        }
    }
}

fn spread((least, most): (i64, i64)) -> u64 {
    most.wrapping_sub(least) as u64
}

#[inline(always)]
fn at_most(a: &[i64], b: &[i64]) -> bool {
    a.iter().zip(b).fold(true, |all, (a, b)| all & (a <= b))
}

/// At most, and not the same.
#[inline(always)]
fn dominates(a: &[i64], b: &[i64]) -> bool {
    let (all, any) =
        a.iter().zip(b).fold((true, false), |(all, any), (a, b)| (all & (a <= b), any | (a < b)));
    all & any
}
