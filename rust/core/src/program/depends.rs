//! What a question computes, and which axes each of its terms depends on.

use crate::formula::graph::{Graph, Node, NodeId};
use crate::space::Space;
use crate::value::ops::Cost;

/// What to compute for each configuration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roots {
    /// Conditions; a configuration counts if all hold.
    pub(crate) constraints: Vec<NodeId>,
    /// Numbers handed to the sink for each configuration that counts.
    pub(crate) outputs: Vec<NodeId>,
}

impl Roots {
    pub(crate) fn all(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.constraints.iter().chain(&self.outputs).copied()
    }
}

/// The set of axes that each node depends on, one bit for each axis that is looped over. (2^63
/// configurations have at most 62 axes of two values.)
#[derive(Debug, Clone)]
pub(crate) struct Depends {
    /// The axis that each bit stands for.
    pub(crate) looped: Vec<usize>,
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
        Self { looped: axes.to_vec(), masks, dear }
    }

    pub(crate) fn of(&self, node: NodeId) -> u64 {
        self.masks[node.index()]
    }

    /// The axes that any of `nodes` depends on.
    pub(crate) fn axes(&self, nodes: impl Iterator<Item = NodeId>) -> Vec<usize> {
        let mask = nodes.fold(0, |mask, node| mask | self.of(node));
        self.looped
            .iter()
            .enumerate()
            .filter(|(bit, _)| mask >> bit & 1 == 1)
            .map(|(_, &axis)| axis)
            .collect()
    }
}
