//! The space after presolve: axes sorted, some replaced by the positions that are kept, with the map back to the
//! user's indices.
//!
//! Formulas are as before: each column holds the values that belong to the positions inside. Configurations keep
//! the user's indices, by which ties are decided and answers are given.

use std::borrow::Cow;

use crate::formula::graph::{Graph, Node};
use crate::memory::{self, OutOfMemory};
use crate::space::{Column, Space};

/// A space, with what each position of a rearranged axis adds to the user's index.
#[derive(Debug, Clone)]
pub(crate) struct SearchSpace<'a> {
    pub(crate) space: Cow<'a, Space>,
    /// The axes that are searched, ascending.
    pub(crate) axes: Vec<usize>,
    /// What each axis' neighbours are apart in the user's index.
    strides: Vec<u64>,
    /// By axis; `None` where positions are the user's.
    pub(crate) offsets: Vec<Option<Vec<u64>>>,
    /// The user's axes that each axis stands for.
    pub(crate) stands_for: Vec<Vec<usize>>,
    /// How many positions the user's axes have.
    lengths: Vec<usize>,
}

impl<'a> SearchSpace<'a> {
    /// The user's space, of which `axes` are searched.
    pub(crate) fn new(space: &'a Space, axes: &[usize]) -> Self {
        let count = space.lengths().len();
        Self {
            space: Cow::Borrowed(space),
            axes: axes.to_vec(),
            strides: (0..count).map(|axis| space.stride(axis)).collect(),
            offsets: vec![None; count],
            stands_for: (0..count).map(|axis| vec![axis]).collect(),
            lengths: space.lengths().to_vec(),
        }
    }

    /// Configurations that are left on the axes that are searched.
    pub(crate) fn size(&self) -> u64 {
        self.axes.iter().map(|&axis| self.space.lengths()[axis] as u64).product()
    }

    /// Configurations on the user's axes that these stand for.
    pub(crate) fn full_size(&self) -> u64 {
        let axes = self.axes.iter().flat_map(|&axis| &self.stands_for[axis]);
        axes.map(|&axis| self.lengths[axis] as u64).product()
    }

    pub(crate) fn stride(&self, axis: usize) -> u64 {
        self.strides[axis]
    }

    /// Axes of which some positions or combinations are left out, and how many there still are.
    pub(crate) fn left_out(&self) -> impl Iterator<Item = (Vec<usize>, usize)> + '_ {
        let left = self.axes.iter().map(|&axis| (self.stands_for[axis].clone(), self.space.lengths()[axis]));
        left.filter(|(axes, left)| axes.iter().map(|&axis| self.lengths[axis]).product::<usize>() > *left)
    }

    /// Makes one axis, the first of `axes`, of several whose positions are the user's: its positions are these
    /// combinations, for each of `axes` one after another.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`] if there is no room for them.
    pub(crate) fn join(&mut self, axes: &[usize], combinations: &[Vec<u32>]) -> Result<(), OutOfMemory> {
        let first = axes[0];
        let mut lengths = self.space.lengths().to_vec();
        for &axis in axes {
            lengths[axis] = if axis == first { combinations[0].len() } else { 1 };
        }
        let columns = self.space.columns().iter().map(|column| {
            let mut column = column.clone();
            if let Some(place) = axes.iter().position(|&axis| axis == column.axis) {
                let values = combinations[place].iter().map(|&position| column.values[position as usize]);
                (column.axis, column.values) = (first, memory::collected(values)?.into());
            }
            Ok(column)
        });
        let space = Space::new(lengths, columns.collect::<Result<_, OutOfMemory>>()?);
        let space = space.expect("part of a space is a space");
        let mut offsets = memory::zeroed(combinations[0].len())?;
        for (&axis, positions) in axes.iter().zip(combinations) {
            let stride = self.strides[axis];
            offsets
                .iter_mut()
                .zip(positions)
                .for_each(|(offset, &position)| *offset += u64::from(position) * stride);
        }
        self.offsets[first] = Some(offsets);
        self.space = Cow::Owned(space);
        self.axes.retain(|axis| *axis == first || !axes.contains(axis));
        self.stands_for[first] = axes.to_vec();
        Ok(())
    }

    /// Orders the axes whose positions are the user's by the first of their columns that formulas read, unless one of
    /// these is in order as it stands.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`] if there is no room for an order.
    pub(crate) fn in_order(mut self, graph: &Graph) -> Result<Self, OutOfMemory> {
        for axis in self.axes.clone() {
            if self.offsets[axis].is_none()
                && let Some(order) = order_of(graph, &self.space, axis)?
            {
                self.join(&[axis], &[order])?;
            }
        }
        Ok(self)
    }
}

/// The positions of an axis in ascending order of its first column that formulas read; `None` if a column
/// is in order as it stands.
fn order_of(graph: &Graph, space: &Space, axis: usize) -> Result<Option<Vec<u32>>, OutOfMemory> {
    let columns: Vec<&Column> = graph
        .nodes()
        .iter()
        .filter_map(
            |node| if let Node::Column(column) = node { Some(&space.columns()[*column]) } else { None },
        )
        .filter(|column| column.axis == axis)
        .collect();
    if columns.iter().any(|column| column.values.is_sorted() || column.values.iter().rev().is_sorted()) {
        return Ok(None);
    }
    let Some(Column { values, .. }) = columns.first() else { return Ok(None) };
    let mut order = memory::collected(0..values.len() as u32)?;
    order.sort_unstable_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]).then(a.cmp(&b)));
    Ok(Some(order))
}
