//! Which way an answer would have the terms of a question go, whatever the rest is.
//!
//! If a term reaches objectives and constraints only through operations that are monotone as computed, then of two
//! of its values one is never worse. And if the two are far enough apart, it makes some objective strictly better, for
//! all that is lost by rounding on the way.

use std::collections::HashMap;

use crate::control::{Control, Interrupted};
use crate::formula::graph::{Graph, Node, NodeId};
use crate::formula::ops::Op;
use crate::space::Space;
use crate::value::interval::{Interval, step_up};
use crate::value::simd::Level;

use super::bounds::{End, ends};
use super::tables::tabulate;
use super::{Depends, Roots};

/// A term that is wanted low, or high.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Preference {
    pub(crate) node: NodeId,
    pub(crate) high: bool,
    /// Two values that are further apart than this, one of them better, make some objective strictly better.
    pub(crate) apart: f64,
}

/// How the roots of a graph see one of its nodes.
#[derive(Debug, Clone, Copy)]
struct Seen {
    low: bool,
    high: bool,
    /// Through something that is not monotone as computed, or may be NaN.
    unclear: bool,
    apart: f64,
}

impl Seen {
    const NOT: Self = Self { low: false, high: false, unclear: false, apart: f64::INFINITY };

    fn add(&mut self, other: Self) {
        self.low |= other.low;
        self.high |= other.high;
        self.unclear |= other.unclear;
        self.apart = self.apart.min(other.apart);
    }

    fn by_any(self) -> bool {
        self.low || self.high || self.unclear
    }
}

/// What the roots of a graph prefer.
pub(crate) struct Preferences<'a> {
    graph: &'a Graph,
    depends: &'a Depends,
    roots: &'a Roots,
    /// What each node is over the whole space.
    whole: Vec<Interval>,
    seen: Vec<Seen>,
}

impl<'a> Preferences<'a> {
    /// # Errors
    ///
    /// [`Interrupted`] if cancelled while terms on one axis are computed.
    pub(crate) fn new(
        graph: &'a Graph,
        space: &Space,
        depends: &'a Depends,
        roots: &'a Roots,
        level: Level,
        control: &Control,
    ) -> Result<Self, Interrupted> {
        let whole = whole(graph, space, &on_one_axis(graph, space, depends, roots, level, control)?);
        let seen = vec![Seen::NOT; whole.len()];
        let mut preferences = Self { graph, depends, roots, whole, seen };
        for output in &roots.outputs {
            preferences.seen[output.index()].add(Seen { low: true, apart: 0.0, ..Seen::NOT });
        }
        for constraint in &roots.constraints {
            preferences.seen[constraint.index()].add(Seen { high: true, ..Seen::NOT });
        }
        for node in graph.ids().rev() {
            let Node::Apply(op, operands) = graph.node(node) else { continue };
            let seen = preferences.seen[node.index()];
            if seen.by_any() {
                for place in 0..op.info().arity {
                    let operand = preferences.through(node, op, &operands, place, seen);
                    preferences.seen[operands[place].index()].add(operand);
                }
            }
        }
        Ok(preferences)
    }

    /// How an operand is seen through an operation that is seen so.
    fn through(&self, node: NodeId, op: Op, operands: &[NodeId; 3], place: usize, seen: Seen) -> Seen {
        let unclear = Seen { unclear: true, ..Seen::NOT };
        let of = |operand: usize| self.whole[operands[operand].index()];
        let clean = (0..op.info().arity).all(|operand| !of(operand).nan) && !self.whole[node.index()].nan;
        if seen.unclear || !clean {
            return unclear;
        }
        let Some(ends) = ends(op, of(0), of(1)).filter(|ends| ends.margin == 0) else { return unclear };
        let rising = ends.low[place.min(1)] == End::Low;
        let (low, high) = if rising { (seen.low, seen.high) } else { (seen.high, seen.low) };
        Seen {
            low,
            high,
            unclear: false,
            apart: apart(op, place, seen.apart, self.whole[node.index()], of(1 - place.min(1))),
        }
    }

    /// What the rest of the formulas sees of some axes, if that is all preferred low or high: what depends on these
    /// alone, each once.
    pub(crate) fn of(&self, axes: u64) -> Option<Vec<Preference>> {
        let inside = |node: NodeId| {
            let mask = self.depends.of(node);
            mask != 0 && mask & !axes == 0
        };
        let mut preferences: Vec<Preference> = Vec::new();
        let mut visit = |node: NodeId, seen: Seen| {
            if seen.unclear || seen.low == seen.high || self.whole[node.index()].nan {
                return None;
            }
            // Nothing is less than minus infinity.
            let Interval { low, high, .. } = self.whole[node.index()];
            let apart = if low.is_finite() && high.is_finite() { seen.apart } else { f64::INFINITY };
            let preference = self.simplest(Preference { node, high: seen.high, apart });
            match preferences.iter_mut().find(|known| known.node == preference.node) {
                Some(known) if known.high != preference.high => return None,
                Some(known) => known.apart = known.apart.min(preference.apart),
                None => preferences.push(preference),
            }
            Some(())
        };
        for &node in self.roots.constraints.iter().chain(&self.roots.outputs).filter(|&&node| inside(node)) {
            visit(node, self.seen[node.index()])?;
        }
        for node in self.graph.ids() {
            let Node::Apply(op, operands) = self.graph.node(node) else { continue };
            let seen = self.seen[node.index()];
            if self.depends.of(node) & !axes == 0 || !seen.by_any() {
                continue;
            }
            for place in 0..op.info().arity {
                if inside(operands[place]) {
                    visit(operands[place], self.through(node, op, &operands, place, seen))?;
                }
            }
        }
        Some(preferences)
    }

    /// The same preference in terms of an operand, as long as the other operand is a constant: `2*x` and `6*x` are
    /// both wanted low if `x` is.
    fn simplest(&self, mut preference: Preference) -> Preference {
        while let Node::Apply(op, operands) = self.graph.node(preference.node)
            && matches!(op, Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Neg)
            && let Some(place) = (0..op.info().arity).find(|&place| self.depends.of(operands[place]) != 0)
            && (0..op.info().arity).all(|other| other == place || self.depends.of(operands[other]) == 0)
        {
            let seen = Seen {
                low: !preference.high,
                high: preference.high,
                unclear: false,
                apart: preference.apart,
            };
            let operand = self.through(preference.node, op, &operands, place, seen);
            if operand.unclear || operand.apart.is_infinite() && preference.apart.is_finite() {
                break;
            }
            preference = Preference { node: operands[place], high: operand.high, apart: operand.apart };
        }
        preference
    }
}

/// The exact ranges of the largest terms on one axis. Read operation by operation, `x/min(x, 5)` is much wider than
/// it is.
fn on_one_axis(
    graph: &Graph,
    space: &Space,
    depends: &Depends,
    roots: &Roots,
    level: Level,
    control: &Control,
) -> Result<HashMap<NodeId, Interval>, Interrupted> {
    let one = |node: &NodeId| depends.of(*node).is_power_of_two();
    let mut largest: Vec<NodeId> = roots.all().filter(one).collect();
    for node in graph.ids().filter(|node| !one(node)) {
        largest.extend(graph.operands(node).iter().copied().filter(one));
    }
    largest.sort_unstable();
    largest.dedup();
    let mut ranges = HashMap::new();
    for (bit, &axis) in depends.wide.iter().enumerate() {
        let nodes: Vec<NodeId> =
            largest.iter().copied().filter(|&node| depends.of(node) == 1 << bit).collect();
        let terms = tabulate(graph, space, &[axis], &nodes, level, control)?;
        ranges.extend(nodes.into_iter().zip(terms.iter().map(|term| range(term))));
    }
    Ok(ranges)
}

fn range(values: &[f64]) -> Interval {
    values.iter().fold(Interval::EMPTY, |all, &value| all.hull(Interval::point(value)))
}

/// What each node can be over the whole space, as far as it is not known.
fn whole(graph: &Graph, space: &Space, known: &HashMap<NodeId, Interval>) -> Vec<Interval> {
    let mut whole: Vec<Interval> = Vec::with_capacity(graph.nodes().len());
    for (node, id) in graph.nodes().iter().zip(graph.ids()) {
        whole.push(match *node {
            _ if known.contains_key(&id) => known[&id],
            Node::Constant(bits) => Interval::point(f64::from_bits(bits)),
            Node::Column(column) => range(&space.columns()[column].values),
            Node::Apply(op, operands) => {
                let [a, b, c] = operands.map(|operand| whole[operand.index()]);
                let same = op.info().arity > 1 && operands[0] == operands[1];
                if same { Interval::apply_same(op, a) } else { Interval::apply(op, a, b, c) }
            }
        });
    }
    whole
}

/// How far apart values of an operand must be for results to be further apart than `apart`; infinite if that is not
/// known.
///
/// An operand that moves by d moves the true result of a sum by d, of a product by d times the other factor. Of
/// the computed results each is off by at most half of the distance between neighbours at the largest one.
fn apart(op: Op, place: usize, apart: f64, result: Interval, other: Interval) -> f64 {
    // Each sum, product and quotient here is off by less than a step.
    let up = |x: f64| step_up(x, 1);
    let largest = |interval: Interval| interval.low.abs().max(interval.high.abs());
    let size = largest(result);
    if !size.is_finite() {
        return f64::INFINITY;
    }
    let lost = up(apart + (size.next_up() - size));
    match (op, place) {
        (Op::Neg, _) => apart,
        (Op::Add | Op::Sub, _) => lost,
        (Op::Mul, _) => {
            let least = if other.low > 0.0 { other.low } else { (-other.high).max(0.0) };
            up(lost / least)
        }
        (Op::Div, 0) => up(lost * largest(other)),
        _ => f64::INFINITY,
    }
}
