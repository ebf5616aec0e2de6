//! Which axes are loops, which are rows, which are lanes.
//!
//! A block of configurations is a rectangle: some rows times some lanes, at fixed positions of the
//! outer axes. The innermost loop runs over lanes, so lanes should be many, and the dear terms should
//! not mix outer axes with both. [`Layout::choose`] tries every pair of axes as rows and lanes and
//! takes the one that a small cost model likes best. The layout decides speed only: every
//! configuration keeps the index that the user's order of axes gives it.

use crate::formula::graph::{Graph, Node, NodeId};
use crate::memory::{self, OutOfMemory};
use crate::space::Space;
use crate::value::ops::{Cost, Op};

use crate::program::depends::{Depends, Roots};

/// Lanes of a block; a register of this length takes a quarter of a first-level cache.
pub(crate) const MAX_LANES: usize = 1024;

/// Configurations of a block: enough to hide what a block costs by itself.
pub(crate) const MAX_BLOCK: usize = 16_384;

/// Lanes below which neighbouring axes are merged.
const FEW_LANES: usize = 64;

/// Which axes to loop over.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// The axes, ascending. Others stay at position 0.
    pub(crate) axes: Vec<usize>,
    /// Keep configurations in index order.
    pub(crate) fixed: bool,
    /// An axis that must not be rows or lanes.
    pub(crate) outer: Option<usize>,
}

/// Axes that are looped over together, row-major.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// The axes, ascending. Empty for a loop over one position.
    pub(crate) axes: Vec<usize>,
    /// How many positions there are in all.
    pub(crate) length: usize,
    index: Index,
}

/// What each position adds to a configuration's index.
#[derive(Debug, Clone)]
enum Index {
    Stride(u64),
    Table(Vec<u64>),
}

/// Groups in loop order: outer loops first, then rows, then lanes.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    /// At least two groups: the last is the lanes, the one before it the rows.
    pub(crate) groups: Vec<Group>,
}

impl Group {
    fn new(space: &Space, axes: &[usize]) -> Result<Self, OutOfMemory> {
        if let [axis] = *axes {
            let index = Index::Stride(space.stride(axis));
            return Ok(Self { axes: vec![axis], length: space.lengths()[axis], index });
        }
        let mut index = vec![0];
        for &axis in axes {
            let (stride, length) = (space.stride(axis), space.lengths()[axis] as u64);
            let mut finer = memory::room(index.len().saturating_mul(space.lengths()[axis]))?;
            for base in index {
                finer.extend((0..length).map(|position| base + position * stride));
            }
            index = finer;
        }
        Ok(Self { axes: axes.to_vec(), length: index.len(), index: Index::Table(index) })
    }

    /// What `position` adds to a configuration's index; larger positions add more.
    #[inline(always)]
    pub(crate) fn index(&self, position: usize) -> u64 {
        match &self.index {
            Index::Stride(stride) => position as u64 * stride,
            Index::Table(table) => table[position],
        }
    }

    /// Pushes `base` and what each of the positions `first + lane` adds to it.
    #[inline(always)]
    pub(crate) fn push_indices(
        &self,
        base: u64,
        first: usize,
        lanes: &[u32],
        indices: &mut Vec<u64>,
    ) -> Result<(), OutOfMemory> {
        match &self.index {
            Index::Stride(stride) => {
                let base = base + first as u64 * stride;
                memory::extend(indices, lanes.iter().map(|&lane| base + u64::from(lane) * stride))
            }
            Index::Table(table) => {
                let table = &table[first..];
                memory::extend(indices, lanes.iter().map(|&lane| base + table[lane as usize]))
            }
        }
    }
}

impl Layout {
    /// A loop for each of `axes`, in their order.
    pub(crate) fn plain(space: &Space, axes: &[usize]) -> Result<Self, OutOfMemory> {
        let groups = axes.iter().map(|&axis| Group::new(space, &[axis]));
        Ok(Self { groups: groups.collect::<Result<_, _>>()? })
    }

    /// The cheapest layout that `order` allows.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`] if there is no room for the indices of axes that are looped over together.
    pub(crate) fn choose(
        graph: &Graph,
        depends: &Depends,
        space: &Space,
        roots: &Roots,
        order: &Order,
    ) -> Result<Self, OutOfMemory> {
        let axes = &order.axes;
        let best = if order.fixed {
            Self::fixed(space, axes)
        } else {
            let touched = depends.axes(roots.all());
            Self::candidates(space, order)
                .into_iter()
                .map(|shape| (shape.cost(graph, depends, space, roots, &touched), shape))
                .min_by(|(a, _), (b, _)| a.total_cmp(b))
                .map(|(_, shape)| shape)
                .unwrap_or_default()
        };
        let inner = |axis: &usize| best.rows.contains(axis) || best.lanes.contains(axis);
        let outer: Vec<usize> = axes.iter().copied().filter(|axis| !inner(axis)).collect();
        let mut layout = Self::plain(space, &outer)?;
        layout.groups.push(Group::new(space, &best.rows)?);
        layout.groups.push(Group::new(space, &best.lanes)?);
        Ok(layout)
    }

    /// Lanes from the last axes, rows from the one before them: loop order is index order.
    fn fixed(space: &Space, axes: &[usize]) -> Shape {
        let mut rest = axes.to_vec();
        let mut lanes = Vec::new();
        while let Some(axis) = rest.pop() {
            lanes.insert(0, axis);
            if product(space, &lanes) >= FEW_LANES {
                break;
            }
        }
        Shape { rows: rest.pop().into_iter().collect(), lanes }
    }

    fn candidates(space: &Space, order: &Order) -> Vec<Shape> {
        let free: Vec<usize> = order.axes.iter().copied().filter(|&axis| Some(axis) != order.outer).collect();
        let mut shapes = Vec::new();
        for &axis in &free {
            let mut lanes = vec![axis];
            // Short axes join, the last first, so that lanes are worth a loop.
            for &other in free.iter().rev() {
                if product(space, &lanes) < FEW_LANES && !lanes.contains(&other) {
                    lanes.push(other);
                }
            }
            lanes.sort_unstable();
            // Short axes often join to the same lanes, whichever comes first.
            if shapes.iter().any(|shape: &Shape| shape.lanes == lanes) {
                continue;
            }
            for &rows in free.iter().filter(|axis| !lanes.contains(axis)) {
                shapes.push(Shape { rows: vec![rows], lanes: lanes.clone() });
            }
            shapes.push(Shape { rows: vec![], lanes });
        }
        shapes
    }
}

fn product(space: &Space, axes: &[usize]) -> usize {
    axes.iter().map(|&axis| space.lengths()[axis]).fold(1, usize::saturating_mul)
}

/// A choice of rows and lanes.
#[derive(Debug, Clone, Default)]
struct Shape {
    rows: Vec<usize>,
    lanes: Vec<usize>,
}

impl Shape {
    /// Roughly what a configuration of the touched axes costs, in lane operations.
    fn cost(&self, graph: &Graph, depends: &Depends, space: &Space, roots: &Roots, touched: &[usize]) -> f64 {
        let counts = Counts::new(depends, space, touched, &self.rows, &self.lanes);
        let (lanes, rows) = (counts.block_lanes as f64, counts.block_rows as f64);
        // A row costs about 60 lane operations besides its lanes, a block about 400.
        let mut cost = 60.0 / lanes + 400.0 / (rows * lanes);
        let mut seen = vec![false; graph.nodes().len()];
        let mut waiting: Vec<(NodeId, bool)> = roots.all().map(|node| (node, false)).collect();
        while let Some((node, inside)) = waiting.pop() {
            let Node::Apply(op, _) = graph.node(node) else { continue };
            if std::mem::replace(&mut seen[node.index()], true) {
                continue;
            }
            // A table's subtree is computed once for each of its entries.
            let inside = inside || counts.tabulated(depends, node);
            let mask = depends.of(node);
            let share =
                if inside { 2.0 * counts.entries(mask) } else { counts.evaluations(mask) } / counts.size;
            let dispatch = match (mask & counts.rows != 0, mask & counts.lanes != 0) {
                (_, true) => 1.0 + 30.0 / lanes,
                (true, false) => 1.0 + 30.0 / rows,
                (false, false) => 5.0,
            };
            cost += share * dispatch * weight(op);
            waiting.extend(graph.operands(node).iter().map(|&operand| (operand, inside)));
        }
        cost
    }
}

/// How often things are computed under a choice of rows and lanes.
#[derive(Debug, Clone)]
pub(crate) struct Counts {
    /// The axes of the rows and of the lanes, as masks.
    pub(crate) rows: u64,
    pub(crate) lanes: u64,
    all: u64,
    lengths: Vec<f64>,
    size: f64,
    outer: f64,
    row_count: f64,
    lane_count: f64,
    /// Blocks next to each other along the rows, and along the lanes.
    row_blocks: f64,
    lane_blocks: f64,
    /// Rows and lanes of a whole block.
    pub(crate) block_rows: usize,
    pub(crate) block_lanes: usize,
}

/// Most entries of a table on more than one axis.
const MAX_ENTRIES: f64 = 1_048_576.0;

impl Counts {
    pub(crate) fn new(
        depends: &Depends,
        space: &Space,
        axes: &[usize],
        rows: &[usize],
        lanes: &[usize],
    ) -> Self {
        let mask = |axes: &[usize]| {
            let bits = depends.looped.iter().enumerate().filter(|(_, axis)| axes.contains(axis));
            bits.fold(0u64, |mask, (bit, _)| mask | 1 << bit)
        };
        let lengths: Vec<f64> = depends.looped.iter().map(|&axis| space.lengths()[axis] as f64).collect();
        let (row_count, lane_count) = (product(space, rows), product(space, lanes));
        let block_lanes = lane_count.min(MAX_LANES);
        // Blocks of several rows hold whole rows, so that each block is one run of a table.
        let block_rows =
            if lane_count > MAX_LANES { 1 } else { row_count.min((MAX_BLOCK / block_lanes).max(1)) };
        let mut counts = Self {
            rows: mask(rows),
            lanes: mask(lanes),
            all: mask(axes),
            lengths,
            size: 0.0,
            outer: 0.0,
            row_count: row_count as f64,
            lane_count: lane_count as f64,
            row_blocks: row_count.div_ceil(block_rows) as f64,
            lane_blocks: lane_count.div_ceil(block_lanes) as f64,
            block_rows,
            block_lanes,
        };
        counts.size = counts.product(counts.all);
        counts.outer = counts.product(counts.all & !counts.rows & !counts.lanes);
        counts
    }

    fn product(&self, mask: u64) -> f64 {
        self.lengths
            .iter()
            .enumerate()
            .filter(|(bit, _)| mask >> bit & 1 == 1)
            .map(|(_, length)| length)
            .product()
    }

    /// Entries of a table on these axes; rows and lanes come whole.
    pub(crate) fn entries(&self, mask: u64) -> f64 {
        let outer = self.product(mask & !self.rows & !self.lanes);
        let rows = if mask & self.rows != 0 { self.row_count } else { 1.0 };
        let lanes = if mask & self.lanes != 0 { self.lane_count } else { 1.0 };
        outer * rows * lanes
    }

    /// How often the loops compute a node on these axes that is no table.
    fn evaluations(&self, mask: u64) -> f64 {
        let rows = if mask & self.rows != 0 { self.row_count } else { self.row_blocks };
        let lanes = if mask & self.lanes != 0 { self.lane_count } else { self.lane_blocks };
        self.outer * rows * lanes
    }

    /// Whether looking `node` up beats computing it where the loops need it.
    ///
    /// It must hold a dear operation, or not change from block to block; the loops must need each
    /// entry at least twice; and a table on several axes must be small, by itself and beside the space.
    pub(crate) fn tabulated(&self, depends: &Depends, node: NodeId) -> bool {
        let mask = depends.of(node);
        let fixed = mask & !self.rows & !self.lanes == 0;
        let entries = self.entries(mask);
        mask != 0
            && mask != self.all
            && (fixed || depends.dear[node.index()])
            && 2.0 * entries <= self.evaluations(mask)
            && (mask.is_power_of_two() || (entries <= MAX_ENTRIES && 16.0 * entries <= self.size))
    }
}

/// What an operation costs in a lane, in additions.
fn weight(op: Op) -> f64 {
    match (op, op.info().cost) {
        (_, Cost::Cheap) => 1.0,
        (Op::Div | Op::Sqrt, _) => 5.0,
        (Op::Pow, _) => 60.0,
        _ => 20.0,
    }
}
