//! Brute force, from the definition.

use isoflop_core::formula::graph::{Graph, Node, NodeId};
use isoflop_core::formula::{Builder, Meaning, Scope};
use isoflop_core::space::Space;

use crate::cases::{Case, name};

/// Brute force: the graph, and a way to evaluate it anywhere.
pub(crate) struct Twin<'a> {
    space: &'a Space,
    graph: Graph,
    pub(crate) constraints: Vec<NodeId>,
    pub(crate) objectives: Vec<NodeId>,
}

impl<'a> Twin<'a> {
    pub(crate) fn new(space: &'a Space, case: &Case) -> Self {
        let mut scope = Scope::new();
        for column in 0..space.columns().len() {
            scope.insert(name(column), Meaning::Column { column, boolean: false });
        }
        for (number, formula) in case.quantities.iter().enumerate() {
            scope.insert(format!("q{number}"), Meaning::Formula(formula.clone()));
        }
        let mut builder = Builder::new(&scope);
        let constraints =
            case.constraints.iter().map(|text| builder.condition(text).expect("sound")).collect();
        let objectives =
            case.objectives.iter().map(|(text, _)| builder.number(text).expect("sound")).collect();
        Self { space, graph: builder.finish(), constraints, objectives }
    }

    pub(crate) fn values(&self, index: u64) -> Vec<f64> {
        let mut values: Vec<f64> = Vec::new();
        for node in self.graph.nodes() {
            values.push(match *node {
                Node::Constant(bits) => f64::from_bits(bits),
                Node::Column(column) => {
                    let column = &self.space.columns()[column];
                    column.values[self.space.position(index, column.axis) as usize]
                }
                Node::Apply(op, operands) => {
                    let [a, b, c] = operands.map(|operand| values[operand.index()]);
                    op.apply(a, b, c)
                }
            });
        }
        values
    }

    /// The axes that the question touches.
    pub(crate) fn touched(&self) -> Vec<usize> {
        let mut masks: Vec<u64> = Vec::new();
        for node in self.graph.nodes() {
            masks.push(match node {
                Node::Constant(_) => 0,
                Node::Column(column) => 1 << self.space.columns()[*column].axis,
                Node::Apply(op, operands) => {
                    let operands = &operands[..op.info().arity];
                    operands.iter().fold(0, |mask, operand| mask | masks[operand.index()])
                }
            });
        }
        let roots = self.constraints.iter().chain(&self.objectives);
        let mask = roots.fold(0, |mask, root| mask | masks[root.index()]);
        (0..self.space.lengths().len()).filter(|axis| mask >> axis & 1 == 1).collect()
    }

    /// Indices of configurations that meet the constraints, untouched axes at position 0.
    pub(crate) fn feasible(&self, also: Option<usize>) -> Vec<u64> {
        self.feasible_of(self.touched().into_iter().chain(also))
    }

    /// How many configurations [`feasible`](Self::feasible) looks at.
    pub(crate) fn looked_at(&self, also: Option<usize>) -> u64 {
        let touched = self.touched();
        let axes =
            (0..self.space.lengths().len()).filter(|axis| touched.contains(axis) || also == Some(*axis));
        axes.map(|axis| self.space.lengths()[axis] as u64).product()
    }

    /// Indices of configurations that meet the constraints, of other axes than these at position 0.
    pub(crate) fn feasible_of(&self, free: impl IntoIterator<Item = usize>) -> Vec<u64> {
        let free: Vec<usize> = free.into_iter().collect();
        (0..self.space.size())
            .filter(|&index| {
                (0..self.space.lengths().len())
                    .all(|axis| free.contains(&axis) || self.space.position(index, axis) == 0)
            })
            .filter(|&index| {
                let values = self.values(index);
                self.constraints.iter().all(|constraint| values[constraint.index()] != 0.0)
            })
            .collect()
    }
}

/// Bits of numbers, all NaNs alike.
pub(crate) fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| if value.is_nan() { u64::MAX } else { value.to_bits() }).collect()
}

pub(crate) fn indices(space: &Space, positions: &[Vec<u32>]) -> Vec<u64> {
    let rows = positions.first().map_or(0, Vec::len);
    (0..rows)
        .map(|row| {
            positions.iter().enumerate().map(|(axis, at)| u64::from(at[row]) * space.stride(axis)).sum()
        })
        .collect()
}
