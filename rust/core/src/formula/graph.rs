//! The shared graph: every distinct subexpression once, constants folded.

use rustc_hash::FxHashMap;

use crate::value::ops::Op;

/// A node of a [`Graph`]. Operands always come before the operations on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

impl NodeId {
    /// The node's position in the graph.
    #[inline]
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a node computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Node {
    /// The number with these bits. (Bits, so that -0 and 0, and NaNs, are told apart.)
    Constant(u64),
    /// A column of the space, by its position among the columns.
    Column(usize),
    /// An operation; operands beyond its arity repeat the first.
    Apply(Op, [NodeId; 3]),
}

/// Hash-consed nodes in topological order.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    known: FxHashMap<Node, NodeId>,
}

impl Graph {
    /// An empty graph.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty graph with room for `nodes` nodes.
    #[must_use]
    pub fn with_capacity(nodes: usize) -> Self {
        Self {
            nodes: Vec::with_capacity(nodes),
            known: FxHashMap::with_capacity_and_hasher(nodes, Default::default()),
        }
    }

    /// The nodes, operands before operations.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The nodes by name, operands before operations.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// What `node` computes.
    #[must_use]
    pub fn node(&self, node: NodeId) -> Node {
        self.nodes[node.index()]
    }

    /// The operands of `node`: none for a constant or a column.
    #[must_use]
    pub fn operands(&self, node: NodeId) -> &[NodeId] {
        match &self.nodes[node.index()] {
            Node::Apply(op, operands) => &operands[..op.info().arity],
            _ => &[],
        }
    }

    /// A constant.
    pub fn constant(&mut self, value: f64) -> NodeId {
        self.intern(Node::Constant(value.to_bits()))
    }

    /// A column of the space.
    pub fn column(&mut self, column: usize) -> NodeId {
        self.intern(Node::Column(column))
    }

    /// The value of `node`, if it is a constant.
    #[must_use]
    pub fn value(&self, node: NodeId) -> Option<f64> {
        match self.node(node) {
            Node::Constant(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    /// An operation; folded if all its operands are constants, with the arithmetic of the lanes.
    ///
    /// Nothing else is simplified: `0*x` stays, because it is NaN where `x` is infinite.
    pub fn apply(&mut self, op: Op, operands: &[NodeId]) -> NodeId {
        debug_assert_eq!(operands.len(), op.info().arity);
        let mut padded = [operands[0]; 3];
        padded[..operands.len()].copy_from_slice(operands);
        let [a, b, c] = padded.map(|operand| self.value(operand));
        if let (Some(a), Some(b), Some(c)) = (a, b, c) {
            return self.constant(op.apply(a, b, c));
        }
        self.intern(Node::Apply(op, padded))
    }

    fn intern(&mut self, node: Node) -> NodeId {
        let next = NodeId(u32::try_from(self.nodes.len()).expect("formulas are far smaller than 2^32 nodes"));
        *self.known.entry(node).or_insert_with(|| {
            self.nodes.push(node);
            next
        })
    }
}
