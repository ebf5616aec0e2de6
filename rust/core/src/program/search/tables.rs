//! Which terms of a search are tables; their entries, and their ranges over boxes.

use std::collections::{HashMap, HashSet};

use super::ranges::Ranged;
use super::slot::Slot;
use super::tape::Entries;
use crate::control::{Control, Interrupted};
use crate::formula::graph::{Graph, NodeId};
use crate::memory::OutOfMemory;
use crate::program::depends::Depends;
use crate::program::enumerate::{Layout, fill, lower_tables};
use crate::space::{Numbers, Space};
use crate::value::simd;

/// Most numbers of all tables on several axes together.
const MAX_NUMBERS: f64 = (32 << 20) as f64 / 8.0;

/// A search looks at about this number of boxes and configurations for each square root of the space's size. (Measured
/// on fronts of two objectives.) A table with more entries costs more than it brings.
const BOXES_PER_SQRT_SIZE: f64 = 32.0;

/// Most block minima and maxima of tables on several axes.
pub(super) const MAX_BLOCK_NUMBERS: usize = (32 << 20) / 8;

/// How large tables on several axes may be: a search that looks at few boxes should not fill large ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TableLimit {
    entries: f64,
    /// Whether a table may be as large as the space.
    whole: bool,
}

impl TableLimit {
    /// What a front is worth.
    pub(crate) const MANY: Self = Self { entries: (1 << 20) as f64, whole: false };
    /// What a search for a few configurations is worth.
    pub(crate) const FEW: Self = Self { entries: (1 << 16) as f64, whole: false };
    /// What a small space is worth that is searched for the sake of a larger one.
    pub(crate) const ALL: Self = Self { whole: true, ..Self::MANY };

    /// Whether a table of `entries` entries pays in a search through `size` configurations.
    pub(crate) fn allows(self, entries: f64, size: f64) -> bool {
        entries <= self.entries
            && (self.whole || 16.0 * entries <= size && entries <= BOXES_PER_SQRT_SIZE * size.sqrt())
    }
}

/// Tables while a program is made.
pub(super) struct TableBuilder<'a> {
    pub(super) graph: &'a Graph,
    pub(super) space: &'a Space,
    pub(super) depends: &'a Depends,
    pub(super) layout: Layout,
    pub(super) slots: &'a [Slot],
    pub(super) limit: TableLimit,
    pub(super) level: simd::Level,
    pub(super) control: &'a Control,
    pub(super) known: HashMap<NodeId, usize>,
    pub(super) filled: Vec<Entries>,
    /// How many block minima and maxima there may still be.
    pub(super) block_numbers: usize,
}

impl TableBuilder<'_> {
    /// Fills the tables that `roots` need; returns their numbers. What is in `not` is no table.
    pub(super) fn fill(
        &mut self,
        roots: impl Iterator<Item = NodeId>,
        not: &HashSet<NodeId>,
    ) -> Result<HashMap<NodeId, usize>, Interrupted> {
        let lengths: Vec<usize> = self.slots.iter().map(|slot| slot.length as usize).collect();
        let chosen = choose(self.graph, self.depends, &lengths, self.limit, roots, not);
        let new: Vec<NodeId> = chosen.iter().copied().filter(|node| !self.known.contains_key(node)).collect();
        let (plans, places) = lower_tables(self.graph, self.depends, self.space, &self.layout, &new);
        let filled = fill(self.graph, self.space, &self.layout, &plans, self.level, self.control)?;
        for (&node, place) in new.iter().zip(places) {
            let numbers: Numbers = filled[place].clone();
            self.known.insert(node, self.filled.len());
            let mut stride = 1;
            let mut strides = Vec::new();
            for &group in plans[place].groups.iter().rev() {
                strides.push((group, stride));
                stride *= self.slots[group].length;
            }
            strides.reverse();
            self.filled.push(Entries { numbers, strides });
        }
        Ok(chosen.into_iter().map(|node| (node, self.known[&node])).collect())
    }

    pub(super) fn range(&mut self, table: usize) -> Result<Option<Ranged>, OutOfMemory> {
        let Entries { numbers, strides } = &self.filled[table];
        let axes: Vec<(usize, usize)> =
            strides.iter().map(|&(slot, _)| (slot, self.slots[slot].length as usize)).collect();
        // Tables on one axis are small with all their blocks.
        let mut exempt = usize::MAX;
        let budget = if axes.len() == 1 { &mut exempt } else { &mut self.block_numbers };
        Ranged::new(numbers, &axes, budget)
    }
}

/// The nodes that are tables: every column, every term on one axis, and the largest terms on several that hold
/// a dear operation, as far as memory goes; none of `not`.
pub(crate) fn choose(
    graph: &Graph,
    depends: &Depends,
    lengths: &[usize],
    limit: TableLimit,
    roots: impl Iterator<Item = NodeId>,
    not: &HashSet<NodeId>,
) -> Vec<NodeId> {
    let entries = |mask: u64| -> f64 {
        (0..lengths.len()).filter(|bit| mask >> bit & 1 == 1).map(|bit| lengths[bit] as f64).product()
    };
    let size = entries(u64::MAX);
    let mut chosen = Vec::new();
    let mut numbers = 0.0;
    let mut seen = vec![false; graph.nodes().len()];
    let mut waiting: Vec<NodeId> = roots.collect();
    while let Some(node) = waiting.pop() {
        let mask = depends.of(node);
        if std::mem::replace(&mut seen[node.index()], true) || mask == 0 {
            continue;
        }
        let wanted = if not.contains(&node) {
            false
        } else if mask.is_power_of_two() {
            true
        } else {
            let entries = entries(mask);
            let fits = limit.allows(entries, size) && numbers + entries <= MAX_NUMBERS;
            let wanted = depends.dear[node.index()] && fits;
            numbers += if wanted { entries } else { 0.0 };
            wanted
        };
        if wanted {
            chosen.push(node);
        } else {
            waiting.extend(graph.operands(node));
        }
    }
    chosen
}
