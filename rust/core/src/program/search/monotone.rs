//! Monotonicity analysis: in which direction every objective and constraint moves with a term, and how far apart two of
//! its values must be for that to survive rounding.
//!
//! If a term reaches objectives and constraints only through operations that rise or fall with it, then of two of its
//! values one is never worse. That holds of any two values if the operations are monotone as computed. The kernels of
//! pow, exp and log are not quite: there the two must differ by more than the *order gap*, so that rounding on the way
//! cannot turn them round. If they differ by more than the *strict gap*, one makes some objective strictly better.
//!
//! An example: `loss = E + A/N**a + z` and `cost = 6*N*D`, both minimised, with A and a constants.
//!
//! ```text
//! loss        wanted low                              order gap 0, strict gap 0
//! A/N**a      wanted low, through two sums            strict gap: a step or two at the largest loss, which a sum may
//! hide N**a        wanted high: a quotient falls with it   order gap 0; no strict gap is derived for divisors
//! N           wanted high, through a kernel           order gap > 0: pow may fall by some steps where it should rise
//! N           wanted low as well, by the cost         both: N has no direction, and all of its values stay
//! ```
//!
//! **Lemma (monotone terms).** Take two configurations that differ on some axes only, and all terms of
//! [`Monotonicity::terms`] for these axes. If of each term the first has the better value, by more than `order_gap`
//! (or, where `order_gap` is 0, at least the same value), then it meets every constraint that the second meets, and
//! none of its objectives is larger. If one term is better by more than its `strict_gap`, too, some objective is
//! smaller.
//!
//! By induction over the operations on the way to the roots, of which every operand is one of the terms or does not
//! depend on the axes, or is the result of such an operation. What an operation is over the whole space
//! holds at both configurations, and between their operands the operation is monotone in each operand: [`ends`] looks
//! at all pairs of values in the ranges of two operands, so also at those that no configuration has. Hence it may be
//! used where both operands are one node: `a - a` is seen to rise and fall with `a`, so `a` has no direction.
//! What is one number in the whole space is the same for all of its operands' values.

use std::collections::HashMap;

use super::ends::{End, ends};
use super::tape::same_operands;
use crate::control::{Control, Interrupted};
use crate::formula::graph::{Graph, Node, NodeId};
use crate::program::depends::{Depends, Roots};
use crate::program::enumerate::tabulate;
use crate::space::Space;
use crate::value::interval::{Interval, margin, step_up};
use crate::value::kernels::{EXP_ULPS, POW_FOURTH_ULPS};
use crate::value::ops::Op;
use crate::value::scalar;
use crate::value::simd::Level;

/// A term of which objectives and constraints want small values, or large ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct MonotoneTerm {
    pub(crate) node: NodeId,
    /// Whether large values are wanted.
    pub(crate) high: bool,
    /// Of two values that are equal, or differ by more than this, one is nowhere worse. 0 if that holds for any two.
    pub(crate) order_gap: f64,
    /// Of two values that differ by more than this, one of them nowhere worse, that one has a smaller objective.
    pub(crate) strict_gap: f64,
}

/// How the roots of a graph move with one of its nodes.
#[derive(Debug, Clone, Copy)]
struct Sensitivity {
    /// Some root wants small values.
    low: bool,
    /// Some root wants large values.
    high: bool,
    /// Some root reads it through something that does not rise or fall with it, or may be NaN.
    unclear: bool,
    order_gap: f64,
    strict_gap: f64,
}

impl Sensitivity {
    const NOT: Self =
        Self { low: false, high: false, unclear: false, order_gap: 0.0, strict_gap: f64::INFINITY };

    fn add(&mut self, other: Self) {
        self.low |= other.low;
        self.high |= other.high;
        self.unclear |= other.unclear;
        self.order_gap = self.order_gap.max(other.order_gap);
        self.strict_gap = self.strict_gap.min(other.strict_gap);
    }

    fn is_any(self) -> bool {
        self.low || self.high || self.unclear
    }
}

/// How the roots of a graph move with each of its nodes.
pub(crate) struct Monotonicity<'a> {
    graph: &'a Graph,
    depends: &'a Depends,
    roots: &'a Roots,
    /// The range of each node over the whole space.
    whole: Vec<Interval>,
    sensitivities: Vec<Sensitivity>,
}

impl<'a> Monotonicity<'a> {
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
        let sensitivities = vec![Sensitivity::NOT; whole.len()];
        let mut terms = Self { graph, depends, roots, whole, sensitivities };
        for output in &roots.outputs {
            terms.sensitivities[output.index()].add(Sensitivity {
                low: true,
                strict_gap: 0.0,
                ..Sensitivity::NOT
            });
        }
        for constraint in &roots.constraints {
            terms.sensitivities[constraint.index()].add(Sensitivity { high: true, ..Sensitivity::NOT });
        }
        for node in graph.ids().rev() {
            let Node::Apply(op, operands) = graph.node(node) else { continue };
            let sensitivity = terms.sensitivities[node.index()];
            if sensitivity.is_any() {
                for place in 0..op.info().arity {
                    let operand = terms.propagate(node, op, &operands, place, sensitivity);
                    terms.sensitivities[operands[place].index()].add(operand);
                }
            }
        }
        Ok(terms)
    }

    /// The sensitivity to an operand, given that to the operation.
    fn propagate(
        &self,
        node: NodeId,
        op: Op,
        operands: &[NodeId; 3],
        place: usize,
        sensitivity: Sensitivity,
    ) -> Sensitivity {
        let unclear = Sensitivity { unclear: true, ..Sensitivity::NOT };
        let of = |operand: usize| self.whole[operands[operand].index()];
        // The sign of a zero may still vary, which only an unclear reader sees.
        if self.whole[node.index()].is_one_number() && !sensitivity.unclear {
            return Sensitivity::NOT;
        }
        let clean = (0..op.info().arity).all(|operand| !of(operand).nan) && !self.whole[node.index()].nan;
        if sensitivity.unclear || !clean {
            return unclear;
        }
        let Some(ends) = ends(op, of(0), of(1)) else { return unclear };
        let exact = ends.margin == 0;
        // Which exponents are exact differs from one to the next.
        if !exact && place == 1 {
            return unclear;
        }
        let rising = ends.low[place.min(1)] == End::Low;
        let (low, high) =
            if rising { (sensitivity.low, sensitivity.high) } else { (sensitivity.high, sensitivity.low) };
        let operand_gap = |gap: f64| operand_gap(op, place, [of(0), of(1)], self.whole[node.index()], gap);
        let order_gap =
            if exact && sensitivity.order_gap == 0.0 { 0.0 } else { operand_gap(sensitivity.order_gap) };
        Sensitivity { low, high, unclear: false, order_gap, strict_gap: operand_gap(sensitivity.strict_gap) }
    }

    /// The terms by which the rest of the formulas depends on some axes, each once; `None` if one of them has no
    /// direction. They depend on these axes alone.
    pub(crate) fn terms(&self, axes: u64) -> Option<Vec<MonotoneTerm>> {
        let inside = |node: NodeId| {
            let mask = self.depends.of(node);
            mask != 0 && mask & !axes == 0
        };
        let mut terms: Vec<MonotoneTerm> = Vec::new();
        let mut visit = |node: NodeId, sensitivity: Sensitivity| {
            let unclear =
                sensitivity.unclear || sensitivity.order_gap.is_infinite() || self.whole[node.index()].nan;
            if !sensitivity.is_any() {
                return Some(());
            }
            if unclear || sensitivity.low == sensitivity.high {
                return None;
            }
            // No value is less than minus infinity.
            let Interval { low, high, .. } = self.whole[node.index()];
            let strict_gap =
                if low.is_finite() && high.is_finite() { sensitivity.strict_gap } else { f64::INFINITY };
            let term = self.strip_affine(MonotoneTerm {
                node,
                high: sensitivity.high,
                order_gap: sensitivity.order_gap,
                strict_gap,
            });
            match terms.iter_mut().find(|known| known.node == term.node) {
                Some(known) if known.high != term.high => return None,
                Some(known) => {
                    known.order_gap = known.order_gap.max(term.order_gap);
                    known.strict_gap = known.strict_gap.min(term.strict_gap);
                }
                None => terms.push(term),
            }
            Some(())
        };
        for &node in self.roots.constraints.iter().chain(&self.roots.outputs).filter(|&&node| inside(node)) {
            visit(node, self.sensitivities[node.index()])?;
        }
        for node in self.graph.ids() {
            let Node::Apply(op, operands) = self.graph.node(node) else { continue };
            let sensitivity = self.sensitivities[node.index()];
            if self.depends.of(node) & !axes == 0 || !sensitivity.is_any() {
                continue;
            }
            for place in 0..op.info().arity {
                if inside(operands[place]) {
                    visit(operands[place], self.propagate(node, op, &operands, place, sensitivity))?;
                }
            }
        }
        Some(terms)
    }

    /// The term without sums, products and quotients with constants: `2*x` and `6*x` are both wanted low if `x` is.
    fn strip_affine(&self, mut term: MonotoneTerm) -> MonotoneTerm {
        while let Node::Apply(op, operands) = self.graph.node(term.node)
            && matches!(op, Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Neg)
            && let Some(place) = (0..op.info().arity).find(|&place| self.depends.of(operands[place]) != 0)
            && (0..op.info().arity).all(|other| other == place || self.depends.of(operands[other]) == 0)
        {
            let MonotoneTerm { high, order_gap, strict_gap, .. } = term;
            let sensitivity = Sensitivity { low: !high, high, unclear: false, order_gap, strict_gap };
            let operand = self.propagate(term.node, op, &operands, place, sensitivity);
            let lost =
                operand.order_gap.is_infinite() || operand.strict_gap.is_infinite() && strict_gap.is_finite();
            if operand.unclear || lost || !operand.is_any() {
                break;
            }
            let Sensitivity { high, order_gap, strict_gap, .. } = operand;
            term = MonotoneTerm { node: operands[place], high, order_gap, strict_gap };
        }
        term
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
    for (bit, &axis) in depends.looped.iter().enumerate().filter(short) {
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

/// The range of each node over the whole space; `known` ones are taken as they are.
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

/// By how much values of an operand must differ for results to differ by more than `gap`, in the order of the true
/// ones; infinite if that is not known.
///
/// An operand that moves by d moves the true result of a sum by d, of a product by d times the other factor, and of
/// what has a slope by at least d times the least one. Of the computed results each is off by at most half of the
/// distance between neighbours at the largest one, or by what a kernel is.
fn operand_gap(op: Op, place: usize, [a, b]: [Interval; 2], result: Interval, gap: f64) -> f64 {
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
    let lost = up(gap + up(off * (size.next_up() - size)));
    if !size.is_finite() || !lost.is_finite() {
        return f64::INFINITY;
    }
    match (op, place) {
        (Op::Neg, _) => gap,
        (Op::Add | Op::Sub, _) => lost,
        (Op::Mul, _) => up(lost / least(if place == 0 { b } else { a })),
        (Op::Div, 0) => up(lost * largest(b)),
        (Op::Sqrt, _) => up(up(lost * 2.0) * up(a.high.sqrt())),
        (Op::Log | Op::Log2, _) => up(lost * a.high),
        // 1/log(10) is more than 0.4.
        (Op::Log10, _) => up(up(lost * a.high) * 2.5),
        (Op::Exp, _) => gap_for_slope(lost, scalar::exp(a.low)),
        // y*x**(y - 1) has no minimum inside: along y it has at most a maximum, along x it rises or falls.
        (Op::Pow, 0) if a.low > 0.0 => {
            let corners = [(a.low, b.low), (a.low, b.high), (a.high, b.low), (a.high, b.high)];
            let slopes = corners.map(|(x, y)| y.abs() * normal(scalar::pow(x, y - 1.0)));
            gap_for_slope(lost, slopes.into_iter().fold(f64::INFINITY, f64::min))
        }
        // No gap is derived for exponents and divisors; the others keep no distance, or have no slope.
        (Op::Pow | Op::Div, _) => f64::INFINITY,
        (Op::Abs | Op::Min | Op::Max | Op::Floor | Op::Ceil | Op::Where, _) => f64::INFINITY,
        (Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Eq | Op::Ne | Op::And | Op::Or | Op::Not, _) => {
            f64::INFINITY
        }
    }
}

/// A lower bound of a positive number known but for the errors of kernels, which are relative ones only where
/// numbers are normal.
fn normal(x: f64) -> f64 {
    if x < f64::MIN_POSITIVE { 0.0 } else { x.min(f64::MAX) }
}

/// The change of an operand that moves a result of this slope by more than `lost`; infinite if the slope may be 0.
fn gap_for_slope(lost: f64, slope: f64) -> f64 {
    step_up(lost / (normal(slope) * (1.0 - 1e-9)), 1)
}
