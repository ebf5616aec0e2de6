//! A simpler formula to find starts with: clamps left out, logarithms of coefficients taken out of exponentials.
//!
//! Fitting code is full of `exp(min(max(log(max(A, 1e-6)) - alpha*log(N), -50), 50))`: `A/N**alpha` with guards against
//! overflow. As it stands only its value helps, because nothing in it is linear in `A`. So for starts, and for nothing
//! else,
//!
//! ```text
//! max(x, number), min(x, number)     are read as    x              where x reads coefficients
//! exp(... + log(A) + ...)            is read as     A*exp(...)
//! max(x, y), min(x, y)               are read with their corner rounded
//! ```
//!
//! and what comes out is used if more coefficients are linear in it, or if a corner was rounded: at a corner, which runs
//! are on which side of it makes minima of its own. Every objective is that of the formula as written.

use crate::formula::graph::{Graph, Node, NodeId};
use crate::value::ops::Op;

use super::model::{Model, Reads};

/// How wide a rounded corner is, as a share of its operands' sizes.
const ROUND: f64 = 0.05;

impl Model {
    /// A simpler formula over the same runs that starts can be found with, if there is one.
    pub(super) fn relaxed(&self) -> Option<Self> {
        let linear = |model: &Self| model.structure().linear.iter().filter(|&&linear| linear).count();
        let (graph, root, rounded) = relaxed(self);
        let (columns, coefficients) = (self.columns.clone(), self.coefficients.clone());
        let relaxed = Self::bound(graph, root, self.rows, columns, self.data.clone(), coefficients);
        (rounded || linear(&relaxed) > linear(self)).then_some(relaxed)
    }

    /// For each coefficient, the number below which it does not matter.
    pub(super) fn floors(&self) -> Vec<f64> {
        floors(self)
    }
}

/// The simpler formula, in a graph of its own: the root, and whether a corner was rounded.
pub(super) fn relaxed(model: &Model) -> (Graph, NodeId, bool) {
    let mut graph = Graph::new();
    let mut rounded_one = false;
    let mut known: Vec<NodeId> = Vec::with_capacity(model.graph.nodes().len());
    for id in model.graph.ids() {
        let node = match model.graph.node(id) {
            Node::Constant(bits) => graph.constant(f64::from_bits(bits)),
            Node::Column(column) => graph.column(column),
            Node::Apply(op, _) => {
                let old = model.graph.operands(id);
                let operands: Vec<NodeId> = old.iter().map(|operand| known[operand.index()]).collect();
                match op {
                    Op::Min | Op::Max if clamped(model, old).is_some() => {
                        operands[clamped(model, old).expect("it was there")]
                    }
                    Op::Min | Op::Max if old.iter().all(|operand| model.graph.value(*operand).is_none()) => {
                        rounded_one |=
                            old.iter().any(|operand| model.reads[operand.index()] != Reads::Columns);
                        rounded(&mut graph, op, operands[0], operands[1])
                    }
                    Op::Exp => exponential(&mut graph, model, operands[0]),
                    _ => graph.apply(op, &operands),
                }
            }
        };
        known.push(node);
    }
    (graph, known[model.root.index()], rounded_one)
}

/// `(x + y + sqrt((x - y)**2 + s**2))/2` for the larger one, where s is a share of the sizes of both.
fn rounded(graph: &mut Graph, op: Op, x: NodeId, y: NodeId) -> NodeId {
    let two = graph.constant(2.0);
    let share = graph.constant(ROUND);
    let sizes = [x, y].map(|operand| graph.apply(Op::Abs, &[operand]));
    let size = graph.apply(Op::Add, &sizes);
    let terms = [graph.apply(Op::Sub, &[x, y]), graph.apply(Op::Mul, &[share, size])];
    let squares = terms.map(|term| graph.apply(Op::Mul, &[term, term]));
    let square = graph.apply(Op::Add, &squares);
    let root = graph.apply(Op::Sqrt, &[square]);
    let sum = graph.apply(Op::Add, &[x, y]);
    let twice = graph.apply(if op == Op::Max { Op::Add } else { Op::Sub }, &[sum, root]);
    graph.apply(Op::Div, &[twice, two])
}

/// The operand that a clamp is about, if the other one is a number.
fn clamped(model: &Model, operands: &[NodeId]) -> Option<usize> {
    let number = |operand: NodeId| model.graph.value(operand).is_some();
    let reads = |operand: NodeId| !number(operand) && model.reads[operand.index()] != Reads::Columns;
    (0..2).find(|&i| reads(operands[i]) && number(operands[1 - i]))
}

/// `exp(x)`, less the logarithms of coefficients that are summands of `x`.
fn exponential(graph: &mut Graph, model: &Model, x: NodeId) -> NodeId {
    let (mut open, mut factors, mut rest) = (vec![(x, true)], Vec::new(), Vec::new());
    while let Some((id, plus)) = open.pop() {
        match graph.node(id) {
            Node::Apply(Op::Add, [a, b, _]) => open.extend([(b, plus), (a, plus)]),
            Node::Apply(Op::Sub, [a, b, _]) => open.extend([(b, !plus), (a, plus)]),
            Node::Apply(Op::Neg, [a, ..]) => open.push((a, !plus)),
            Node::Apply(Op::Log, [a, ..]) if plus && model.coefficient(graph.node(a)).is_some() => {
                factors.push(a);
            }
            _ => rest.push((id, plus)),
        }
    }
    if factors.is_empty() {
        return graph.apply(Op::Exp, &[x]);
    }
    let mut sum = None;
    for (id, plus) in rest {
        sum = Some(match (sum, plus) {
            (None, true) => id,
            (None, false) => graph.apply(Op::Neg, &[id]),
            (Some(sum), true) => graph.apply(Op::Add, &[sum, id]),
            (Some(sum), false) => graph.apply(Op::Sub, &[sum, id]),
        });
    }
    let mut product = match sum {
        Some(sum) => graph.apply(Op::Exp, &[sum]),
        None => graph.constant(1.0),
    };
    for factor in factors {
        product = graph.apply(Op::Mul, &[factor, product]);
    }
    product
}

/// For each coefficient, the number below which it does not matter, as in `max(A, 1e-6)`: the least of its clamps if it
/// stands nowhere else, minus infinity otherwise.
pub(super) fn floors(model: &Model) -> Vec<f64> {
    let mut floors = vec![f64::INFINITY; model.coefficients().len()];
    for id in model.graph.ids() {
        let Node::Apply(op, _) = model.graph.node(id) else { continue };
        let operands = model.graph.operands(id);
        for (by, &operand) in operands.iter().enumerate() {
            let Some(coefficient) = model.coefficient(model.graph.node(operand)) else { continue };
            let floor = match op {
                Op::Max => model.graph.value(operands[1 - by]).unwrap_or(f64::NEG_INFINITY),
                _ => f64::NEG_INFINITY,
            };
            floors[coefficient] = floors[coefficient].min(floor);
        }
    }
    if let Some(coefficient) = model.coefficient(model.graph.node(model.root)) {
        floors[coefficient] = f64::NEG_INFINITY;
    }
    floors.into_iter().map(|floor| if floor == f64::INFINITY { f64::NEG_INFINITY } else { floor }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::model::Names;

    fn model(formula: &str, coefficients: &[&str]) -> Model {
        let names = Names {
            columns: vec![("N".to_owned(), vec![2.0, 3.0])],
            coefficients: coefficients.iter().map(|&name| name.to_owned()).collect(),
            ..Names::default()
        };
        Model::new(formula, names).expect("it is a formula")
    }

    #[test]
    fn guards_are_left_out_and_logarithms_become_factors() {
        let guarded = model("E + exp(min(max(log(max(A, 1e-6)) - a*log(N), -50), 50))", &["E", "A", "a"]);
        assert_eq!(guarded.structure().linear, [true, false, false]);
        let simpler = guarded.relaxed().expect("more is linear");
        assert_eq!(simpler.structure().linear, [true, true, false]);
        let theta = [1.5, 3.0, 0.7];
        let values = |model: &Model| {
            let mut values = vec![0.0; 2];
            model.tape(&[false; 3]).run(&theta, &mut Default::default(), &mut values, &mut []);
            values
        };
        for (a, b) in values(&guarded).iter().zip(values(&simpler)) {
            assert!((a - b).abs() < 1e-14, "{a} {b}");
        }
    }

    #[test]
    fn corners_are_rounded_where_coefficients_meet() {
        let corner = model("max(a*N, b) + max(N, 2.5)", &["a", "b"]).relaxed().expect("it has a corner");
        let mut values = vec![0.0; 2];
        corner.tape(&[false; 2]).run(&[1.0, 2.0], &mut Default::default(), &mut values, &mut []);
        assert!((values[0] - (2.0 + 0.1 + 2.5)).abs() < 1e-12, "{values:?}");
        assert!(values[1] > 6.0 && values[1] < 6.03, "{values:?}");
        assert!(model("a*max(N, 2.5)", &["a"]).relaxed().is_none());
    }

    #[test]
    fn a_formula_without_guards_has_no_simpler_one() {
        assert!(model("E + A/N**a", &["E", "A", "a"]).relaxed().is_none());
    }

    #[test]
    fn a_floor_counts_if_nothing_goes_round_it() {
        let text = "log(max(A, 1e-6)) + log(max(1e-3, A)) + max(B, 2) + B + C";
        assert_eq!(floors(&model(text, &["A", "B", "C"])), [1e-6, f64::NEG_INFINITY, f64::NEG_INFINITY]);
    }
}
