//! Formulas bound to a space, ready to run.
//!
//! ```text
//! Graph + Space --layout--> groups of axes in loop order: outer..., rows, lanes
//!               --lower---> a Tape: what each configuration still costs, and which nodes are tables
//!               --tables--> the tables, filled
//!               --run-----> rows of values, for the sinks of `sweep`
//! ```
//!
//! Every node of the graph depends on a set of axes. A maximal subtree that sits on few axes and
//! holds an operation dearer than a lookup becomes a [table](tables). What is left runs on four
//! levels of a block of configurations: once for the block, once for each of its rows, once for each
//! of its lanes, and once for each configuration. Whatever level or table a node ends up on, its
//! value is the one that the formula's tree says: hoisting moves whole subtrees and changes no bit.

mod arranged;
#[cfg(debug_assertions)]
mod audit;
mod bounds;
pub mod explain;
mod layout;
mod lower;
mod preference;
mod ranges;
mod run;
mod runs;
mod search;
mod strip;
mod tables;

use crate::control::{Control, Interrupted};
use crate::formula::graph::{Graph, Node, NodeId};
use crate::space::Space;
use crate::value::ops::Cost;
use crate::value::simd::Level;

pub(crate) use arranged::Arranged;
#[cfg(debug_assertions)]
pub(crate) use audit::ALL as AUDITED;
pub(crate) use bounds::{Boxes, Intervals, at};
pub use layout::{Layout, Order};
pub(crate) use preference::{Preference, Preferences};
pub(crate) use run::Machine;
pub use run::{Places, Row, Scratch, Sink};
use runs::RunBounds;
pub(crate) use search::{SearchProgram, Slot, TableLimit};
pub(crate) use strip::Lanes;
pub(crate) use tables::tabulate;

/// What to compute for each configuration.
#[derive(Debug, Clone, Default)]
pub struct Roots {
    /// Conditions; a configuration counts if all hold.
    pub constraints: Vec<NodeId>,
    /// Numbers handed to the sink for each configuration that counts.
    pub outputs: Vec<NodeId>,
}

impl Roots {
    fn all(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.constraints.iter().chain(&self.outputs).copied()
    }
}

/// A graph bound to a space. Immutable and shared by the workers; each has a [`Scratch`] of its own.
#[derive(Debug)]
pub struct Program {
    pub(crate) layout: Layout,
    tape: lower::Tape,
    tables: Vec<tables::Table>,
    level: Level,
    bounds: Option<RunBounds>,
}

impl Program {
    /// Lays out the loops, decides what becomes a table, and fills the tables.
    ///
    /// `order` says which axes are looped over, and how freely they may be rearranged.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] if cancelled while tables are filled, or if there is no room for them.
    pub fn new(
        graph: Graph,
        space: &Space,
        roots: &Roots,
        order: &Order,
        level: Level,
        control: &Control,
    ) -> Result<Self, Interrupted> {
        let depends = Depends::new(&graph, space, &order.axes);
        let layout = Layout::choose(&graph, &depends, space, roots, order)?;
        let lowered = lower::lower(&graph, &depends, space, &layout, roots);
        let tables = tables::fill(&graph, space, &layout, &lowered.plans, level, control)?;
        Ok(Self { layout, tape: lowered.tape, tables, level, bounds: None })
    }

    /// Prepares bounds of the outputs over runs of lanes, for sinks that want them.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] if cancelled meanwhile, or if there is no room for them.
    pub(crate) fn bound_outputs(&mut self, control: &Control) -> Result<(), Interrupted> {
        self.bounds = RunBounds::new(&self.tape, &self.layout, &self.tables, self.level, control)?;
        Ok(())
    }

    /// Everything that a run reads.
    pub(crate) fn machine(&self) -> Machine<'_> {
        Machine::new(&self.tape, &self.layout, &self.tables, self.level, self.bounds.as_ref())
    }
}

/// The set of axes that each node depends on, one bit for each axis that is looped over. (2^63
/// configurations have at most 62 axes of two values.)
#[derive(Debug, Clone)]
pub(crate) struct Depends {
    /// The axis that each bit stands for.
    pub(crate) wide: Vec<usize>,
    /// One mask for each node.
    masks: Vec<u64>,
    /// Whether each node or anything below it is dearer than a lookup.
    pub(crate) dear: Vec<bool>,
}

impl Depends {
    /// Columns on axes other than `axes` count as constants.
    pub(crate) fn new(graph: &Graph, space: &Space, axes: &[usize]) -> Self {
        let mut masks: Vec<u64> = Vec::with_capacity(graph.nodes().len());
        let mut dear: Vec<bool> = Vec::with_capacity(graph.nodes().len());
        for node in graph.nodes() {
            let (mask, costs) = match node {
                Node::Constant(_) => (0, false),
                Node::Column(column) => {
                    let axis = space.columns()[*column].axis;
                    (axes.iter().position(|&wide| wide == axis).map_or(0, |bit| 1 << bit), false)
                }
                Node::Apply(op, operands) => operands[..op.info().arity]
                    .iter()
                    .fold((0, op.info().cost == Cost::Dear), |(mask, costs), operand| {
                        (mask | masks[operand.index()], costs || dear[operand.index()])
                    }),
            };
            masks.push(mask);
            dear.push(costs);
        }
        Self { wide: axes.to_vec(), masks, dear }
    }

    pub(crate) fn of(&self, node: NodeId) -> u64 {
        self.masks[node.index()]
    }

    /// The axes that any of `nodes` depends on.
    pub(crate) fn axes(&self, nodes: impl Iterator<Item = NodeId>) -> Vec<usize> {
        let mask = nodes.fold(0, |mask, node| mask | self.of(node));
        self.wide.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, &axis)| axis).collect()
    }
}
