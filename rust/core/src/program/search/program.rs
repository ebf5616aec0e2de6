//! A graph bound to a space for a search: tables, values of configurations, bounds of boxes.
//!
//! Every axis that the question touches is a *slot*, and every table is laid out over slots. An axis whose
//! positions inside are not the user's (see [`SearchSpace`]) knows what each of them adds to the user's index, by which
//! configurations are numbered and ties decided.

use std::collections::{HashMap, HashSet};

#[cfg(debug_assertions)]
use super::audit;
use super::bounds::{Bounds, Intervals};
use super::boxes::Boxes;
use super::ranges::Ranged;
use super::slot::Slot;
use super::space::SearchSpace;
use super::tables::{MAX_BLOCK_NUMBERS, TableBuilder, TableLimit};
use super::tape::{Entries, Lanes, Place, Tape};
use crate::control::{Control, Interrupted};
use crate::formula::graph::{Graph, NodeId};
use crate::memory::OutOfMemory;
use crate::program::depends::{Depends, Roots};
use crate::program::enumerate::Layout;
use crate::value::simd;

/// Immutable and shared by the workers.
#[derive(Debug)]
pub(crate) struct SearchProgram {
    pub(crate) slots: Vec<Slot>,
    entries: Vec<Entries>,
    ranged: Vec<Ranged>,
    tape: Tape,
    pub(crate) bounds: Bounds,
    pub(crate) level: simd::Level,
}

impl SearchProgram {
    /// Chooses and fills the tables, looks at their fibres, lowers values and bounds. `slacks` are further
    /// nodes that are bounded, after the outputs: the search splits boxes by them too.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] if cancelled while tables are filled, or if there is no room for them.
    pub(crate) fn new(
        graph: &Graph,
        searched: SearchSpace<'_>,
        roots: &Roots,
        slacks: &[NodeId],
        limit: TableLimit,
        level: simd::Level,
        control: &Control,
    ) -> Result<Self, Interrupted> {
        let searched = searched.in_order(graph)?;
        let (space, axes) = (&*searched.space, &searched.axes);
        let slots = axes.iter().map(|&axis| Slot::new(&searched, axis)).collect::<Result<Vec<_>, _>>()?;
        let depends = Depends::new(graph, space, axes);
        let mut builder = TableBuilder {
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
        let chosen = builder.fill(roots.all(), &none)?;
        let tape = Tape::new(graph, space, &depends, roots, |node| chosen.get(&node).copied());

        // A table whose range would need too much memory is left to its parts.
        let bounded =
            Roots { constraints: roots.constraints.clone(), outputs: [&roots.outputs, slacks].concat() };
        let mut unranged = HashSet::new();
        let mut ranged: HashMap<usize, Ranged> = HashMap::new();
        let chosen = loop {
            let chosen = builder.fill(bounded.all(), &unranged)?;
            let before = unranged.len();
            for (&node, &table) in &chosen {
                if ranged.contains_key(&table) {
                    continue;
                }
                control.check()?;
                match builder.range(table)? {
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
        let bounds = Bounds::new(Tape::new(graph, space, &depends, &bounded, place), &ranges);
        let entries: Vec<Entries> = builder.filled;
        Ok(Self { entries, ranged: ranges, tape, bounds, level, slots })
    }

    /// Bounds boxes; see [`Bounds`] for what is read from `scratch` then.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`] if there is no room for the bounds.
    pub(crate) fn bound(&self, boxes: &Boxes, scratch: &mut Intervals) -> Result<(), OutOfMemory> {
        self.bounds.run(&self.ranged, boxes, self.level, scratch)?;
        #[cfg(debug_assertions)]
        audit::boxes(&self.bounds, &self.ranged, &self.slots, boxes, &scratch.trace);
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
        self.tape.values(&self.entries, positions, count, self.level, scratch)
    }

    /// Where constraints and outputs stand after [`Self::values`].
    pub(crate) fn constraints(&self) -> &[Place] {
        &self.tape.constraints
    }

    /// See [`Self::constraints`].
    pub(crate) fn outputs(&self) -> &[Place] {
        &self.tape.outputs
    }
}
