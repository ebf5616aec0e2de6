//! What a program looks like to a person: which term sits on which axes.

use std::collections::HashSet;

use crate::formula::graph::{Graph, Node, NodeId};
use crate::formula::print_node;
use crate::memory::OutOfMemory;
use crate::space::Space;

use super::depends::{Depends, Roots};
use super::enumerate::{Layout, Loop, Order, Step, lower};
use super::search::{SearchSpace, TableLimit, Tape, choose};

/// Bytes of a term's text that a person still reads.
const LONGEST: usize = 120;

/// A term that is computed once and looked up.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// The term, with the names of columns; a long one is cut.
    pub formula: String,
    /// The axes that it depends on.
    pub axes: Vec<usize>,
    /// Entries of its table.
    pub entries: usize,
}

/// How a question will be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The tables, each after those that it is computed from.
    pub tables: Vec<Term>,
    /// Operations for each block, each of its rows, each of its lanes, and each configuration.
    pub operations: [usize; 4],
    /// The axes looped over outside of blocks.
    pub outer: Vec<usize>,
    /// The axes of a block's rows.
    pub rows: Vec<usize>,
    /// The axes of a block's lanes.
    pub lanes: Vec<usize>,
    /// Rows and lanes of a block.
    pub block: (usize, usize),
    /// Configurations that the loops visit, or that a search evaluates or prunes.
    pub visited: u64,
    /// Axes of which presolve left some positions or combinations only, and how many: the others are dominated by
    /// these for every completion.
    pub presolved: Vec<(Vec<usize>, usize)>,
    /// Whether it is a search by branch and bound; then there are no loops.
    pub searched: bool,
}

/// Lays out a question without filling its tables.
///
/// # Errors
///
/// [`OutOfMemory`] if there is no room for the indices of axes that are looped over together.
pub(crate) fn explain(
    graph: &Graph,
    space: &Space,
    roots: &Roots,
    order: &Order,
) -> Result<Explanation, OutOfMemory> {
    let depends = Depends::new(graph, space, &order.axes);
    let layout = Layout::choose(graph, &depends, space, roots, order)?;
    let lowered = lower(graph, &depends, space, &layout, roots);
    let tables = lowered.plans.iter().filter(|plan| plan.tape.is_some());
    let tables = tables.map(|plan| term(graph, space, &depends, plan.node, plan.entries)).collect();
    let operations = [Loop::Block, Loop::Row, Loop::Lane, Loop::Full].map(|level| {
        lowered.tape.steps[level as usize].iter().filter(|step| matches!(step, Step::Apply(_))).count()
    });
    let axes = |group: Option<usize>| group.map_or(vec![], |group| layout.groups[group].axes.clone());
    Ok(Explanation {
        tables,
        operations,
        outer: lowered.tape.outer.iter().flat_map(|&group| layout.groups[group].axes.clone()).collect(),
        rows: axes(lowered.tape.rows),
        lanes: axes(lowered.tape.lanes),
        block: (lowered.tape.block_rows, lowered.tape.block_lanes),
        visited: layout.groups.iter().map(|group| group.length as u64).product(),
        presolved: vec![],
        searched: false,
    })
}

fn term(graph: &Graph, space: &Space, depends: &Depends, node: NodeId, entries: usize) -> Term {
    Term {
        formula: print_node(graph, node, |column| &space.columns()[column].name, LONGEST),
        axes: depends.axes(std::iter::once(node)),
        entries,
    }
}

/// Tells what a search for a front would tabulate, and compute for each configuration that it looks at.
///
/// # Errors
///
/// [`OutOfMemory`] if there is no room for the order of an axis.
pub(crate) fn explain_search(
    graph: &Graph,
    searched: SearchSpace<'_>,
    roots: &Roots,
) -> Result<Explanation, OutOfMemory> {
    let searched = searched.in_order(graph)?;
    let (space, axes) = (&*searched.space, &searched.axes);
    let depends = Depends::new(graph, space, axes);
    let lengths: Vec<usize> = axes.iter().map(|&axis| space.lengths()[axis]).collect();
    let chosen = choose(graph, &depends, &lengths, TableLimit::MANY, roots.all(), &HashSet::new());
    let tape =
        Tape::new(graph, space, &depends, roots, |node| chosen.iter().position(|&table| table == node));
    let computed = chosen.iter().filter(|&&node| matches!(graph.node(node), Node::Apply(..)));
    let tables = computed.map(|&node| {
        let on = depends.axes(std::iter::once(node));
        let entries = on.iter().map(|&axis| space.lengths()[axis]).product();
        let axes = on.iter().flat_map(|&axis| searched.stands_for[axis].clone()).collect();
        Term { axes, ..term(graph, space, &depends, node, entries) }
    });
    Ok(Explanation {
        tables: tables.collect(),
        operations: [0, 0, 0, tape.steps.len()],
        outer: vec![],
        rows: vec![],
        lanes: vec![],
        block: (1, 1),
        visited: searched.full_size(),
        presolved: searched.left_out().collect(),
        searched: true,
    })
}
