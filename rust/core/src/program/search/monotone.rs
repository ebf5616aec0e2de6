//! Which way an answer would have the terms of a question go, whatever the rest is.
//!
//! If a term reaches objectives and constraints only through operations that rise or fall with it, then of two of its
//! values one is never worse. That holds for any two values if the operations are monotone as computed; the kernels of
//! pow, exp and log are not quite, and there the two must be some distance apart, so that what is lost by rounding on
//! the way cannot turn them round. And if the two are far enough apart, one makes some objective strictly better.
//!
//! **Lemma (choices).** Take two configurations that differ on some axes only, and all terms of [`Preferences::of`]
//! these axes. If of each term the first has the value that is preferred, by more than `safe` (or, where `safe` is 0,
//! at least the same value), then it meets every constraint that the second meets, and none of its objectives is
//! larger. If one term is preferred by more than its `apart`, too, some objective is smaller.
//!
//! By induction over the operations on the way to the roots, of which every operand is one of the terms or does not
//! depend on the axes, or is the result of such an operation. What an operation is over the whole space
//! holds at both configurations, and between their operands the operation is monotone in each operand: [`ends`] looks
//! at all pairs of values in the ranges of two operands, so also at those that no configuration has. Hence it may be
//! used where both operands are one node: `a - a` is seen to rise and fall with `a`, so `a` is preferred no way.
//! What is one number in the whole space shows nothing of its operands.

use std::collections::HashMap;

use crate::control::{Control, Interrupted};
use crate::formula::graph::{Graph, Node, NodeId};
use crate::space::Space;
use crate::value::interval::{Interval, margin, step_up};
use crate::value::kernels::{EXP_ULPS, POW_FOURTH_ULPS};
use crate::value::ops::Op;
use crate::value::scalar;
use crate::value::simd::Level;

use super::ends::{End, ends};
use super::tape::same_operands;
use crate::program::depends::{Depends, Roots};
use crate::program::enumerate::tabulate;

/// A term that is wanted low, or high.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Preference {
    pub(crate) node: NodeId,
    pub(crate) high: bool,
    /// Of two values that are equal, or further apart than this, one is nowhere worse. 0 if that holds for any two.
    pub(crate) safe: f64,
    /// Two values that are further apart than this, one of them nowhere worse, make some objective strictly better.
    pub(crate) apart: f64,
}

/// How the roots of a graph see one of its nodes.
#[derive(Debug, Clone, Copy)]
struct Seen {
    low: bool,
    high: bool,
    /// Through something that does not rise or fall with it, or may be NaN.
    unclear: bool,
    safe: f64,
    apart: f64,
}

impl Seen {
    const NOT: Self = Self { low: false, high: false, unclear: false, safe: 0.0, apart: f64::INFINITY };

    fn add(&mut self, other: Self) {
        self.low |= other.low;
        self.high |= other.high;
        self.unclear |= other.unclear;
        self.safe = self.safe.max(other.safe);
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
        // Of zeros the sign may still vary, which nothing but what is unclear tells apart.
        if self.whole[node.index()].is_one_number() && !seen.unclear {
            return Seen::NOT;
        }
        let clean = (0..op.info().arity).all(|operand| !of(operand).nan) && !self.whole[node.index()].nan;
        if seen.unclear || !clean {
            return unclear;
        }
        let Some(ends) = ends(op, of(0), of(1)) else { return unclear };
        let exact = ends.margin == 0;
        // Which exponents are exact differs from one to the next.
        if !exact && place == 1 {
            return unclear;
        }
        let rising = ends.low[place.min(1)] == End::Low;
        let (low, high) = if rising { (seen.low, seen.high) } else { (seen.high, seen.low) };
        let needed = |apart: f64| needed(op, place, [of(0), of(1)], self.whole[node.index()], apart);
        let safe = if exact && seen.safe == 0.0 { 0.0 } else { needed(seen.safe) };
        Seen { low, high, unclear: false, safe, apart: needed(seen.apart) }
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
            let unclear = seen.unclear || seen.safe.is_infinite() || self.whole[node.index()].nan;
            if !seen.by_any() {
                return Some(());
            }
            if unclear || seen.low == seen.high {
                return None;
            }
            // Nothing is less than minus infinity.
            let Interval { low, high, .. } = self.whole[node.index()];
            let apart = if low.is_finite() && high.is_finite() { seen.apart } else { f64::INFINITY };
            let preference = self.simplest(Preference { node, high: seen.high, safe: seen.safe, apart });
            match preferences.iter_mut().find(|known| known.node == preference.node) {
                Some(known) if known.high != preference.high => return None,
                Some(known) => {
                    known.safe = known.safe.max(preference.safe);
                    known.apart = known.apart.min(preference.apart);
                }
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
            let Preference { high, safe, apart, .. } = preference;
            let seen = Seen { low: !high, high, unclear: false, safe, apart };
            let operand = self.through(preference.node, op, &operands, place, seen);
            let lost = operand.safe.is_infinite() || operand.apart.is_infinite() && apart.is_finite();
            if operand.unclear || lost || !operand.by_any() {
                break;
            }
            let Seen { high, safe, apart, .. } = operand;
            preference = Preference { node: operands[place], high, safe, apart };
        }
        preference
    }
}

/// Longer axes are not looked at: their terms would take more memory than knowing their ranges is worth.
const LONGEST: usize = 1 << 20;

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
    let short = |&(_, &axis): &(usize, &usize)| space.lengths()[axis] <= LONGEST;
    for (bit, &axis) in depends.wide.iter().enumerate().filter(short) {
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
    for id in graph.ids() {
        whole.push(match graph.node(id) {
            _ if known.contains_key(&id) => known[&id],
            Node::Constant(bits) => Interval::point(f64::from_bits(bits)),
            Node::Column(column) => range(&space.columns()[column].values),
            Node::Apply(op, operands) => {
                let [a, b, c] = operands.map(|operand| whole[operand.index()]);
                if same_operands(op, &operands) {
                    Interval::apply_same(op, a)
                } else {
                    Interval::apply(op, a, b, c)
                }
            }
        });
    }
    whole
}

/// How far apart values of an operand must be for results to be further apart than `apart`, and in the order of the
/// true ones; infinite if that is not known.
///
/// An operand that moves by d moves the true result of a sum by d, of a product by d times the other factor, and of
/// what has a slope by at least d times the least one. Of the computed results each is off by at most half of the
/// distance between neighbours at the largest one, or by what a kernel is.
fn needed(op: Op, place: usize, [a, b]: [Interval; 2], result: Interval, apart: f64) -> f64 {
    // Each sum, product and quotient here is off by less than a step.
    let up = |x: f64| step_up(x, 1);
    let largest = |interval: Interval| interval.low.abs().max(interval.high.abs());
    let least =
        |interval: Interval| if interval.low > 0.0 { interval.low } else { (-interval.high).max(0.0) };
    let size = largest(result);
    let off = if matches!(op, Op::Pow | Op::Exp | Op::Log | Op::Log2 | Op::Log10) {
        margin(POW_FOURTH_ULPS.max(EXP_ULPS)) as f64
    } else {
        1.0
    };
    let lost = up(apart + up(off * (size.next_up() - size)));
    if !size.is_finite() || !lost.is_finite() {
        return f64::INFINITY;
    }
    match (op, place) {
        (Op::Neg, _) => apart,
        (Op::Add | Op::Sub, _) => lost,
        (Op::Mul, _) => up(lost / least(if place == 0 { b } else { a })),
        (Op::Div, 0) => up(lost * largest(b)),
        (Op::Sqrt, _) => up(up(lost * 2.0) * up(a.high.sqrt())),
        (Op::Log | Op::Log2, _) => up(lost * a.high),
        // 1/log(10) is more than 0.4.
        (Op::Log10, _) => up(up(lost * a.high) * 2.5),
        (Op::Exp, _) => over(lost, scalar::exp(a.low)),
        // y*x**(y - 1) has no minimum inside: along y it has at most a maximum, along x it rises or falls.
        (Op::Pow, 0) if a.low > 0.0 => {
            let corners = [(a.low, b.low), (a.low, b.high), (a.high, b.low), (a.high, b.high)];
            let slopes = corners.map(|(x, y)| y.abs() * normal(scalar::pow(x, y - 1.0)));
            over(lost, slopes.into_iter().fold(f64::INFINITY, f64::min))
        }
        _ => f64::INFINITY,
    }
}

/// A lower bound of a positive number known but for the errors of kernels, which are relative ones only where
/// numbers are normal.
fn normal(x: f64) -> f64 {
    if x < f64::MIN_POSITIVE { 0.0 } else { x.min(f64::MAX) }
}

/// What moves a result of this slope by more than `lost`; infinite if it has none.
fn over(lost: f64, slope: f64) -> f64 {
    step_up(lost / (normal(slope) * (1.0 - 1e-9)), 1)
}
