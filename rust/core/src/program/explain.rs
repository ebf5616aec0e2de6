//! What a program looks like to a person: which term sits on which axes.

use crate::formula::graph::{Graph, Node, NodeId};
use crate::formula::ops::Syntax;
use crate::space::Space;

use super::layout::Layout;
use super::lower::{self, Level, Step};
use super::{Depends, Order, Roots};

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
    /// Configurations that the loops visit.
    pub visited: u64,
}

/// Lays out a question without filling its tables.
pub(crate) fn explain(graph: &Graph, space: &Space, roots: &Roots, order: &Order) -> Explanation {
    let depends = Depends::new(graph, space, &order.axes);
    let layout = Layout::choose(graph, &depends, space, roots, order);
    let lowered = lower::lower(graph, &depends, space, &layout, roots);
    let tables = lowered.plans.iter().filter(|plan| plan.tape.is_some());
    let tables = tables
        .map(|plan| Term {
            formula: describe(graph, space, plan.node),
            axes: depends.axes(std::iter::once(plan.node)),
            entries: plan.entries,
        })
        .collect();
    let operations = [Level::Block, Level::Row, Level::Lane, Level::Full].map(|level| {
        lowered.tape.steps[level as usize].iter().filter(|step| matches!(step, Step::Apply(_))).count()
    });
    let axes = |group: Option<usize>| group.map_or(vec![], |group| layout.groups[group].axes.clone());
    Explanation {
        tables,
        operations,
        outer: lowered.tape.outer.iter().flat_map(|&group| layout.groups[group].axes.clone()).collect(),
        rows: axes(lowered.tape.rows),
        lanes: axes(lowered.tape.lanes),
        block: (lowered.tape.block_rows, lowered.tape.block_lanes),
        visited: layout.groups.iter().map(|group| group.length as u64).product(),
    }
}

/// How deep a term is written out.
const DEPTH: usize = 8;

/// The text of a node, cut to `...` where it is too deep to read.
fn describe(graph: &Graph, space: &Space, node: NodeId) -> String {
    write(graph, space, node, 0, DEPTH)
}

fn write(graph: &Graph, space: &Space, node: NodeId, binding: u8, depth: usize) -> String {
    let (op, operands) = match graph.node(node) {
        Node::Constant(bits) => return number(f64::from_bits(bits)),
        Node::Column(column) => return space.columns()[column].name.clone(),
        Node::Apply(..) if depth == 0 => return "...".into(),
        Node::Apply(op, operands) => (op, operands),
    };
    let info = op.info();
    let inner = |operand: usize, binding: u8| write(graph, space, operands[operand], binding, depth - 1);
    let (text, own) = match info.syntax {
        Syntax::Call => {
            let operands: Vec<String> = (0..info.arity).map(|operand| inner(operand, 0)).collect();
            return format!("{}({})", info.name, operands.join(", "));
        }
        Syntax::Prefix(own) => {
            let space = if info.name.ends_with(char::is_alphabetic) { " " } else { "" };
            (format!("{}{space}{}", info.name, inner(0, own)), own)
        }
        // A looser operand needs parentheses; on the far side an equal one does too.
        Syntax::Infix(own) if info.name == "**" => (format!("{}**{}", inner(0, own + 1), inner(1, own)), own),
        Syntax::Infix(own) => {
            let space = if own == 60 { "" } else { " " };
            (format!("{}{space}{}{space}{}", inner(0, own), info.name, inner(1, own + 1)), own)
        }
    };
    if own < binding { format!("({text})") } else { text }
}

fn number(value: f64) -> String {
    if value != 0.0 && !(1e-4..1e6).contains(&value.abs()) { format!("{value:e}") } else { format!("{value}") }
}
