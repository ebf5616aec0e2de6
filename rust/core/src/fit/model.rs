//! A formula bound to runs: which of its names are columns, which are coefficients.
//!
//! In come the formula's text, the columns of the runs and the coefficients' names; out comes a [`Model`], which hands
//! out a `Tape` for each set of coefficients that derivatives are wanted of. What reads columns
//! alone is computed here, once.

use std::sync::Arc;

use crate::formula::graph::{Graph, Node, NodeId};
use crate::formula::{Builder, FormulaError, Meaning, Scope, print_node};
use crate::value::dual::{self, Bases};
use crate::value::lanes::{self, Operand};
use crate::value::ops::Op;
use crate::value::simd::Level;

/// What names of a formula mean in a fit, beside its coefficients.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Columns of the runs, all of one length.
    pub columns: Vec<(String, Vec<f64>)>,
    /// Coefficients, in the order in which answers give them.
    pub coefficients: Vec<String>,
    /// Coefficients that stand still.
    pub fixed: Vec<(String, f64)>,
    /// Other formulas, by the name under which this one reads them: quantities, and coefficients tied to another.
    pub formulas: Vec<(String, String)>,
}

/// What a node of the graph reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// No coefficient: it is known beforehand.
    Columns,
    /// Coefficients alone: one number for all rows.
    Coefficients,
    /// Both.
    Both,
}

/// A formula bound to runs. Immutable.
#[derive(Debug)]
pub struct Model {
    pub(super) graph: Graph,
    pub(super) root: NodeId,
    pub(super) rows: usize,
    pub(super) reads: Vec<Reads>,
    /// For each node that reads columns alone, its values.
    pub(super) tables: Vec<Option<Arc<Vec<f64>>>>,
    /// For each table that is the base of a power with a coefficient in its exponent, its logarithms.
    pub(super) bases: Vec<Option<Arc<Bases>>>,
    pub(super) columns: Vec<String>,
    pub(super) data: Vec<Arc<Vec<f64>>>,
    pub(super) coefficients: Vec<String>,
}

/// An operation that chose between its operands, as `min`, `max`, `where` and `abs` do.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// The operation as it stands in the formula.
    pub text: String,
    /// In how many rows it took each of its operands (see [`dual::chosen`]).
    pub rows: [usize; 3],
}

impl Model {
    /// Binds `formula`.
    ///
    /// # Errors
    ///
    /// [`FormulaError`] if the text is no formula or reads a name that is not among `names`.
    ///
    /// # Panics
    ///
    /// If the columns differ in length.
    pub fn new(formula: &str, names: Names) -> Result<Self, FormulaError> {
        let rows = names.columns.first().map_or(0, |(_, column)| column.len());
        assert!(names.columns.iter().all(|(_, column)| column.len() == rows), "columns are of one length");
        let mut scope = Scope::new();
        let first = names.columns.len();
        for (position, (name, _)) in names.columns.iter().enumerate() {
            scope.insert(name.as_str(), Meaning::Column { column: position, boolean: false });
        }
        for (position, name) in names.coefficients.iter().enumerate() {
            scope.insert(name.as_str(), Meaning::Column { column: first + position, boolean: false });
        }
        for (name, value) in names.fixed {
            scope.insert(name, Meaning::Constant(value));
        }
        for (name, text) in names.formulas {
            scope.insert(name, Meaning::Formula(text));
        }
        let mut builder = Builder::new(&scope);
        let root = builder.number(formula)?;
        let graph = builder.finish();
        let (columns, data): (Vec<_>, Vec<_>) = names.columns.into_iter().unzip();
        let data = data.into_iter().map(Arc::new).collect();
        Ok(Self::bound(graph, root, rows, columns, data, names.coefficients))
    }

    pub(super) fn bound(
        graph: Graph,
        root: NodeId,
        rows: usize,
        columns: Vec<String>,
        data: Vec<Arc<Vec<f64>>>,
        coefficients: Vec<String>,
    ) -> Self {
        let nodes = graph.nodes().len();
        let (reads, tables, bases) = (Vec::with_capacity(nodes), vec![None; nodes], vec![None; nodes]);
        let mut model = Self { graph, root, rows, reads, tables, bases, columns, data, coefficients };
        model.tabulate();
        model
    }

    /// The same formula over every `step`-th run.
    pub(super) fn thinned(&self, step: usize) -> Self {
        let thin = |column: &Arc<Vec<f64>>| Arc::new(column.iter().copied().step_by(step).collect());
        let data: Vec<Arc<Vec<f64>>> = self.data.iter().map(thin).collect();
        let rows = self.rows.div_ceil(step);
        let (columns, coefficients) = (self.columns.clone(), self.coefficients.clone());
        Self::bound(self.graph.clone(), self.root, rows, columns, data, coefficients)
    }

    /// Sorts the nodes by what they read, and computes those that read columns alone.
    fn tabulate(&mut self) {
        let level = Level::detect();
        for id in self.graph.ids() {
            let reads = match self.graph.node(id) {
                Node::Constant(_) => Reads::Columns,
                Node::Column(column) if column < self.data.len() => {
                    self.tables[id.index()] = Some(Arc::clone(&self.data[column]));
                    Reads::Columns
                }
                Node::Column(_) => Reads::Coefficients,
                Node::Apply(op, _) => self.apply(level, id, op),
            };
            self.reads.push(reads);
        }
    }

    fn apply(&mut self, level: Level, id: NodeId, op: Op) -> Reads {
        let operands = self.graph.operands(id);
        let reads = |operand: &NodeId| self.reads[operand.index()];
        let constant = |operand: &NodeId| self.graph.value(*operand).is_some();
        if operands.iter().all(|operand| reads(operand) == Reads::Columns) {
            let mut values = vec![0.0; self.rows];
            let operand = |i: usize| operands.get(i).map_or(Operand::Scalar(0.0), |&id| self.table(id));
            lanes::apply_at(level, op, operand(0), operand(1), operand(2), &mut values);
            self.tables[id.index()] = Some(Arc::new(values));
            return Reads::Columns;
        }
        if operands.iter().all(|operand| reads(operand) == Reads::Coefficients || constant(operand)) {
            return Reads::Coefficients;
        }
        if op == Op::Pow
            && let Some(table) = &self.tables[operands[0].index()]
        {
            self.bases[operands[0].index()] = Some(Arc::new(Bases::new(table)));
        }
        Reads::Both
    }

    /// A node that reads columns alone.
    pub(super) fn table(&self, id: NodeId) -> Operand<'_> {
        match (&self.tables[id.index()], self.graph.value(id)) {
            (Some(values), _) => Operand::Lanes(values),
            (None, Some(value)) => Operand::Scalar(value),
            (None, None) => unreachable!("a node that reads columns alone is a table or a number"),
        }
    }

    /// How many runs there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The coefficients' names.
    #[must_use]
    pub fn coefficients(&self) -> &[String] {
        &self.coefficients
    }

    /// The node that stands for a coefficient, if the formula reads it.
    pub(super) fn coefficient(&self, node: Node) -> Option<usize> {
        match node {
            Node::Column(column) => column.checked_sub(self.columns.len()),
            _ => None,
        }
    }

    /// The operations that choose between operands, as far as they read coefficients, and what they chose at `theta`.
    #[must_use]
    pub fn branches(&self, theta: &[f64]) -> Vec<Branch> {
        let level = Level::detect();
        let mut values: Vec<Vec<f64>> = Vec::with_capacity(self.graph.nodes().len());
        let mut branches = Vec::new();
        for id in self.graph.ids() {
            let node = self.graph.node(id);
            let mut value = vec![0.0; self.rows];
            match node {
                Node::Constant(bits) => value.fill(f64::from_bits(bits)),
                Node::Column(_) => match self.coefficient(node) {
                    Some(coefficient) => value.fill(theta[coefficient]),
                    None => match self.table(id) {
                        Operand::Lanes(table) => value.copy_from_slice(table),
                        Operand::Scalar(number) => value.fill(number),
                    },
                },
                Node::Apply(op, operands) => {
                    let [a, b, c] = operands.map(|operand| Operand::Lanes(&values[operand.index()]));
                    lanes::apply_at(level, op, a, b, c, &mut value);
                    let at = |row: usize| operands.map(|operand| values[operand.index()][row]);
                    if self.reads[id.index()] != Reads::Columns && dual::chosen(op, [0.0; 3]).is_some() {
                        let mut rows = [0; 3];
                        for row in 0..self.rows {
                            rows[dual::chosen(op, at(row)).expect("it chooses")] += 1;
                        }
                        branches.push(Branch { text: self.text(id), rows });
                    }
                }
            }
            values.push(value);
        }
        branches
    }

    /// A node as text.
    fn text(&self, id: NodeId) -> String {
        let name = |column: usize| {
            self.columns.get(column).map_or_else(
                || self.coefficients[column - self.columns.len()].as_str(),
                |column| column.as_str(),
            )
        };
        print_node(&self.graph, id, name, 120)
    }
}
