//! A graph bound to a space for a search: tables, values of configurations, bounds of boxes.
//!
//! Every axis that the question touches is a *slot*, and every table is laid out over slots. An axis whose
//! positions inside are not the user's (see [`Arranged`]) knows what each of them adds to the user's index, by which
//! configurations are numbered and ties decided.

use std::collections::{HashMap, HashSet};

use crate::control::{Control, Interrupted};
use crate::formula::graph::{Graph, NodeId};
use crate::memory::{self, OutOfMemory};
use crate::space::{Numbers, Space};
use crate::value::simd;

use super::arranged::Arranged;
use super::bounds::{Bounds, Boxes, Intervals};
use super::layout::Layout;
use super::lower;
use super::ranges::{Ranged, levels};
use super::strip::{Entries, Lanes, Place, Strip};
use super::{Depends, Roots, tables};

/// Most numbers of all tables on several axes together.
const MAX_NUMBERS: f64 = (32 << 20) as f64 / 8.0;

/// A search looks at about so many boxes and configurations for each square root of the space's size. (Measured
/// on fronts of two objectives.) A table with more entries costs more than it brings.
const LOOKED_AT: f64 = 32.0;

/// Most block minima and maxima of tables on several axes.
const MAX_BLOCK_NUMBERS: usize = (32 << 20) / 8;

/// An axis of a search.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    /// The axis of the space.
    pub(crate) axis: usize,
    pub(crate) length: u32,
    stride: u64,
    /// What each position adds to a configuration's index, if it is not the user's position.
    offsets: Option<Vec<u64>>,
    /// The least of these in each block, level by level.
    least: Vec<Vec<u64>>,
}

impl Slot {
    /// Adds to `indices` what positions add to those of their configurations.
    #[inline(always)]
    pub(crate) fn add_index(&self, positions: &[u32], indices: &mut [u64]) {
        let lanes = indices.iter_mut().zip(positions);
        match &self.offsets {
            None => lanes.for_each(|(index, &position)| *index += u64::from(position) * self.stride),
            Some(offsets) => lanes.for_each(|(index, &position)| *index += offsets[position as usize]),
        }
    }

    /// Adds to `indices` the least of what the positions of blocks add.
    #[inline(always)]
    pub(crate) fn add_least_index(&self, first: &[u32], level: &[u8], indices: &mut [u64]) {
        if self.offsets.is_none() {
            return self.add_index(first, indices);
        }
        for (index, (&first, &level)) in indices.iter_mut().zip(first.iter().zip(level)) {
            *index += self.least[usize::from(level)][(first >> level) as usize];
        }
    }

    /// The user's position on the axis, if the slot stands for no other.
    pub(crate) fn position(&self, position: u32) -> u32 {
        self.offsets.as_ref().map_or(position, |offsets| (offsets[position as usize] / self.stride) as u32)
    }

    /// The level of the block that holds the whole axis.
    pub(crate) fn top(&self) -> u8 {
        (levels(self.length as usize) - 1) as u8
    }

    /// The last position of the block that begins at `first`.
    #[inline(always)]
    pub(crate) fn last(&self, first: u32, level: u8) -> u32 {
        (u64::from(first) + (1u64 << level) - 1).min(u64::from(self.length) - 1) as u32
    }
}

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

    /// Whether a table of so many entries pays in a search through so many configurations.
    pub(crate) fn allows(self, entries: f64, size: f64) -> bool {
        entries <= self.entries
            && (self.whole || 16.0 * entries <= size && entries <= LOOKED_AT * size.sqrt())
    }
}

/// Immutable and shared by the workers.
#[derive(Debug)]
pub(crate) struct SearchProgram {
    pub(crate) slots: Vec<Slot>,
    entries: Vec<Entries>,
    ranged: Vec<Ranged>,
    strip: Strip,
    pub(crate) bounds: Bounds,
    pub(crate) level: simd::Level,
}

impl SearchProgram {
    /// Chooses and fills the tables, looks at their fibres, lowers values and bounds. `watched` are further
    /// nodes that are bounded, after the outputs: the search splits boxes by them too.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] if cancelled while tables are filled, or if there is no room for them.
    pub(crate) fn new(
        graph: &Graph,
        arranged: Arranged<'_>,
        roots: &Roots,
        watched: &[NodeId],
        limit: TableLimit,
        level: simd::Level,
        control: &Control,
    ) -> Result<Self, Interrupted> {
        let arranged = arranged.in_order(graph)?;
        let (space, axes) = (&*arranged.space, &arranged.axes);
        let slots = axes.iter().map(|&axis| Slot::new(&arranged, axis)).collect::<Result<Vec<_>, _>>()?;
        let depends = Depends::new(graph, space, axes);
        let mut making = Making {
            graph,
            space,
            depends: &depends,
            layout: Layout::plain(space, axes)?,
            slots: &slots,
            limit,
            level,
            control,
            known: HashMap::new(),
            filled: Vec::new(),
            block_numbers: MAX_BLOCK_NUMBERS,
        };
        let none = HashSet::new();
        let chosen = making.fill(roots.all(), &none)?;
        let strip = Strip::new(graph, space, &depends, roots, |node| chosen.get(&node).copied());

        // A table whose range would need too much memory is left to its parts.
        let bounded =
            Roots { constraints: roots.constraints.clone(), outputs: [&roots.outputs, watched].concat() };
        let mut unranged = HashSet::new();
        let mut ranged: HashMap<usize, Ranged> = HashMap::new();
        let chosen = loop {
            let chosen = making.fill(bounded.all(), &unranged)?;
            let before = unranged.len();
            for (&node, &table) in &chosen {
                if ranged.contains_key(&table) {
                    continue;
                }
                control.check()?;
                match making.range(table)? {
                    Some(range) => drop(ranged.insert(table, range)),
                    None => drop(unranged.insert(node)),
                }
            }
            if unranged.len() == before {
                break chosen;
            }
        };
        let mut tables: Vec<usize> = chosen.values().copied().collect();
        tables.sort_unstable();
        let ranges: Vec<Ranged> =
            tables.iter().map(|table| ranged.remove(table).expect("every chosen table is ranged")).collect();
        let place = |node| chosen.get(&node).and_then(|table| tables.binary_search(table).ok());
        let bounds = Bounds::new(Strip::new(graph, space, &depends, &bounded, place), &ranges);
        let entries: Vec<Entries> = making.filled;
        Ok(Self { entries, ranged: ranges, strip, bounds, level, slots })
    }

    /// Bounds boxes; see [`Bounds`] for what is read from `scratch` then.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`] if there is no room for the bounds.
    pub(crate) fn bound(&self, boxes: &Boxes, scratch: &mut Intervals) -> Result<(), OutOfMemory> {
        self.bounds.run(&self.ranged, boxes, self.level, scratch)?;
        #[cfg(debug_assertions)]
        super::audit::boxes(&self.bounds, &self.ranged, &self.slots, boxes, &scratch.trace);
        Ok(())
    }

    /// Computes `count` configurations.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`] if there is no room for the values.
    pub(crate) fn values(
        &self,
        positions: &[&[u32]],
        count: usize,
        scratch: &mut Lanes,
    ) -> Result<(), OutOfMemory> {
        self.strip.values(&self.entries, positions, count, self.level, scratch)
    }

    /// Where constraints and outputs stand after [`Self::values`].
    pub(crate) fn constraints(&self) -> &[Place] {
        &self.strip.constraints
    }

    /// See [`Self::constraints`].
    pub(crate) fn outputs(&self) -> &[Place] {
        &self.strip.outputs
    }
}

impl Slot {
    fn new(arranged: &Arranged<'_>, axis: usize) -> Result<Self, OutOfMemory> {
        let length = arranged.space.lengths()[axis];
        let offsets = arranged.offsets[axis].as_deref().map(memory::copied).transpose()?;
        let mut least = Vec::new();
        if let Some(offsets) = &offsets {
            least.push(memory::copied(offsets)?);
        }
        while let Some(finer) = least.last().filter(|finer| finer.len() > 1) {
            let pairs = finer.chunks(2).map(|pair: &[u64]| pair[0].min(pair[pair.len() - 1]));
            least.push(memory::collected(pairs)?);
        }
        let length = u32::try_from(length).expect("an axis has fewer than 2^32 values");
        Ok(Self { axis, length, stride: arranged.stride(axis), offsets, least })
    }
}

/// Tables while a program is made.
struct Making<'a> {
    graph: &'a Graph,
    space: &'a Space,
    depends: &'a Depends,
    layout: Layout,
    slots: &'a [Slot],
    limit: TableLimit,
    level: simd::Level,
    control: &'a Control,
    known: HashMap<NodeId, usize>,
    filled: Vec<Entries>,
    /// How many block minima and maxima there may still be.
    block_numbers: usize,
}

impl Making<'_> {
    /// Fills the tables that `roots` need; returns their numbers. What is in `not` is no table.
    fn fill(
        &mut self,
        roots: impl Iterator<Item = NodeId>,
        not: &HashSet<NodeId>,
    ) -> Result<HashMap<NodeId, usize>, Interrupted> {
        let lengths: Vec<usize> = self.slots.iter().map(|slot| slot.length as usize).collect();
        let chosen = choose(self.graph, self.depends, &lengths, self.limit, roots, not);
        let new: Vec<NodeId> = chosen.iter().copied().filter(|node| !self.known.contains_key(node)).collect();
        let (plans, places) = lower::lower_tables(self.graph, self.depends, self.space, &self.layout, &new);
        let filled = tables::fill(self.graph, self.space, &self.layout, &plans, self.level, self.control)?;
        for (&node, place) in new.iter().zip(places) {
            let numbers: Numbers = filled[place].numbers.clone();
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

    fn range(&mut self, table: usize) -> Result<Option<Ranged>, OutOfMemory> {
        let Entries { numbers, strides } = &self.filled[table];
        let axes: Vec<(usize, usize)> =
            strides.iter().map(|&(slot, _)| (slot, self.slots[slot].length as usize)).collect();
        // Tables on one axis are small whatever they need.
        let mut exempt = usize::MAX;
        let budget = if axes.len() == 1 { &mut exempt } else { &mut self.block_numbers };
        Ranged::new(numbers, &axes, budget)
    }
}

/// The nodes that are tables: every column, every term on one axis, and the largest terms on several that hold
/// a dear operation, as far as memory goes; none of `not`.
pub(super) fn choose(
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
