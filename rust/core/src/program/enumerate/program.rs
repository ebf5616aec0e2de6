//! A graph bound to a space, ready to be run over every configuration.

use super::chunk_bounds::ChunkBounds;
use super::fill::fill;
use super::layout::{Layout, Order};
use super::lower::{Tape, lower};
use super::machine::Machine;
use crate::control::{Control, Interrupted};
use crate::formula::graph::Graph;
use crate::program::depends::{Depends, Roots};
use crate::space::{Numbers, Space};
use crate::value::simd::Level;

/// A graph bound to a space. Immutable and shared by the workers; each has a [`Scratch`] of its own.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) layout: Layout,
    tape: Tape,
    tables: Vec<Numbers>,
    level: Level,
    bounds: Option<ChunkBounds>,
}

impl Program {
    /// Lays out the loops, decides what becomes a table, and fills the tables.
    ///
    /// `order` says which axes are looped over, and how freely they may be rearranged.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] if cancelled while tables are filled, or if there is no room for them.
    pub(crate) fn new(
        graph: Graph,
        space: &Space,
        roots: &Roots,
        order: &Order,
        level: Level,
        control: &Control,
    ) -> Result<Self, Interrupted> {
        let depends = Depends::new(&graph, space, &order.axes);
        let layout = Layout::choose(&graph, &depends, space, roots, order)?;
        let lowered = lower(&graph, &depends, space, &layout, roots);
        let tables = fill(&graph, space, &layout, &lowered.plans, level, control)?;
        Ok(Self { layout, tape: lowered.tape, tables, level, bounds: None })
    }

    /// Prepares bounds of the outputs over chunks of lanes, for sinks that want them.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] if cancelled meanwhile, or if there is no room for them.
    pub(crate) fn bound_outputs(&mut self, control: &Control) -> Result<(), Interrupted> {
        self.bounds = ChunkBounds::new(&self.tape, &self.layout, &self.tables, self.level, control)?;
        Ok(())
    }

    /// Everything that a run reads.
    pub(crate) fn machine(&self) -> Machine<'_> {
        Machine::new(&self.tape, &self.layout, &self.tables, self.level, self.bounds.as_ref())
    }
}
