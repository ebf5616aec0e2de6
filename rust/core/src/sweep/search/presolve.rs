//! Presolve: drops positions of an axis (or pairs of positions of two) that are dominated for every completion.
//!
//! A choice is a position of an axis, or a combination of positions of two. Where all that the formulas see of it are
//! a few terms, each wanted low or high (see [`Monotonicity`]), a choice is dominated by another that is nowhere worse
//! and somewhere better by so much that rounding cannot hide it: with the same rest, the other one meets the
//! constraints if this one does, and has no objective larger and one that is smaller. So this one is neither on the
//! front nor a copy of what is. The choices that are left take the place of the two axes, as one, in the order of the
//! first term. Of sizes and sparsities of a mixture of experts, say, loss and cost leave little more than a curve.

use crate::control::{Control, Interrupted};
use crate::error::Error;
use crate::formula::graph::Graph;
use crate::pareto::{Rows, Ties, front_of};
use crate::program::enumerate::tabulate;
use crate::program::search::{MonotoneTerm, Monotonicity, SearchProgram, SearchSpace, TableLimit};
use crate::program::{Depends, Roots};
use crate::space::Space;
use crate::sweep::stats::Stats;
use crate::value::ops::Op;
use crate::value::simd::Level;

use super::context::Search;
use super::nondominated::{EXACT, SurelyNondominated};

/// Positions of an axis that a trial looks at.
const TRIED: usize = 16;

/// A question before its search.
pub(super) struct Presolve<'a> {
    pub(super) graph: &'a Graph,
    pub(super) roots: &'a Roots,
    pub(super) level: Level,
    pub(super) control: &'a Control,
    /// An axis whose positions are grouped: each must stay.
    pub(super) grouped: Option<usize>,
}

impl Presolve<'_> {
    /// The axes of a space with what cannot be on a front left out, as far as that pays.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`].
    pub(super) fn run<'s>(&self, space: &'s Space, axes: &[usize]) -> Result<SearchSpace<'s>, Error> {
        let mut arranged = SearchSpace::new(space, axes);
        let depends = Depends::new(self.graph, space, axes);
        let monotone = Monotonicity::new(self.graph, space, &depends, self.roots, self.level, self.control)?;
        let singles = (0..axes.len()).map(|bit| vec![bit]);
        let pairs = (0..axes.len()).flat_map(|bit| (0..bit).map(move |other| vec![other, bit]));
        let mut done = axes.iter().position(|&axis| Some(axis) == self.grouped).map_or(0_u64, |bit| 1 << bit);
        for bits in singles.chain(pairs) {
            let mask = bits.iter().fold(0, |mask, bit| mask | 1 << bit);
            let some: Vec<usize> = bits.iter().map(|&bit| axes[bit]).collect();
            if mask & done != 0 || !worth_a_table(space, axes, &some) {
                continue;
            }
            let Some(monotone) = monotone.terms(mask) else { continue };
            if monotone.iter().all(|wanted| wanted.strict_gap.is_infinite()) {
                continue;
            }
            if self.may_pay(&thinned(space, &some), &some, &monotone)?
                && let Some(left) = self.left(space, &some, &monotone)?
            {
                #[cfg(debug_assertions)]
                audit::left_out(self.graph, self.roots, space, axes, &some, &left)?;
                arranged.join(&some, &left)?;
                done |= mask;
            }
        }
        Ok(arranged)
    }

    /// Whether few choices of a small space are on the front of the monotone terms.
    fn may_pay(&self, space: &Space, some: &[usize], monotone: &[MonotoneTerm]) -> Result<bool, Interrupted> {
        let nodes: Vec<_> = monotone.iter().map(|wanted| wanted.node).collect();
        let terms = tabulate(self.graph, space, some, &nodes, self.level, self.control)?;
        let minimized = terms.iter().zip(monotone).map(|(term, wanted)| -> Vec<f64> {
            term.iter().map(|&value| if wanted.high { -value } else { value }).collect()
        });
        let terms: Vec<Vec<f64>> = minimized.collect();
        let terms: Vec<&[f64]> = terms.iter().map(Vec::as_slice).collect();
        let rows = Rows { objectives: &terms, indices: None };
        let front = front_of(rows, &vec![EXACT; terms.len()], Ties::First, self.control)?;
        Ok(front.len() <= most(space, some))
    }

    /// For each of some axes, the positions that the choices have on it that no other surely dominates, best first by
    /// the terms; `None` if there are too many. It is a search of its own.
    fn left(
        &self,
        space: &Space,
        some: &[usize],
        monotone: &[MonotoneTerm],
    ) -> Result<Option<Vec<Vec<u32>>>, Error> {
        let mut graph = self.graph.clone();
        let outputs = monotone.iter().map(|wanted| match wanted.high {
            true => graph.apply(Op::Neg, &[wanted.node]),
            false => wanted.node,
        });
        let roots = Roots { constraints: vec![], outputs: outputs.collect() };
        let arranged = SearchSpace::new(space, some);
        let program =
            SearchProgram::new(&graph, arranged, &roots, &[], TableLimit::ALL, self.level, self.control)?;
        // The question's own progress counts what is left out.
        let search = Search { program: &program, objectives: monotone.len(), groups: None, weight: 0 };
        let gaps = monotone.iter().map(|wanted| (wanted.order_gap, wanted.strict_gap)).collect();
        let mut goal = SurelyNondominated::new(gaps, most(space, some));
        search.run(&mut goal, self.control, &mut Stats::default())?;
        let Some(left) = goal.into_points(self.control)? else { return Ok(None) };
        let mut positions = space.positions(&left.indices)?;
        Ok(Some(some.iter().map(|&axis| std::mem::take(&mut positions[axis])).collect()))
    }
}

/// Whether comparing all choices on some axes costs little next to the search.
fn worth_a_table(space: &Space, axes: &[usize], some: &[usize]) -> bool {
    let entries = |axes: &[usize]| axes.iter().map(|&axis| space.lengths()[axis] as f64).product::<f64>();
    TableLimit::MANY.allows(entries(some), entries(axes))
}

/// Most choices that one axis takes in. (If they are many more than each of its parts has positions, neighbours have
/// little in common, and bounds of boxes say little.)
fn most(space: &Space, some: &[usize]) -> usize {
    let lengths = some.iter().map(|&axis| space.lengths()[axis]);
    (2 * lengths.clone().sum::<usize>()).min(lengths.product::<usize>() / 2)
}

/// A space of a few positions of some axes.
fn thinned(space: &Space, some: &[usize]) -> Space {
    let few = |axis: usize| {
        let length = space.lengths()[axis];
        let count = length.min(TRIED);
        (0..count).map(move |place| if count < 2 { 0 } else { place * (length - 1) / (count - 1) })
    };
    let mut lengths = space.lengths().to_vec();
    some.iter().for_each(|&axis| lengths[axis] = few(axis).len());
    let columns = space.columns().iter().map(|column| match some.contains(&column.axis) {
        true => column.at(few(column.axis)),
        false => column.clone(),
    });
    Space::new(lengths, columns.collect()).expect("part of a space is a space")
}

/// The lemma of [`Monotonicity`] held against all configurations of small spaces: the checked profile alone has this.
#[cfg(debug_assertions)]
mod audit {
    use super::{Graph, Roots, Space};
    use crate::formula::graph::{Node, NodeId};
    use crate::memory::{self, OutOfMemory};
    use crate::program::search::AUDITED;

    /// What each root is at a configuration, given the position on each axis.
    fn values(graph: &Graph, nodes: &[NodeId], space: &Space, at: &[usize]) -> Vec<f64> {
        let mut values: Vec<f64> = Vec::with_capacity(graph.nodes().len());
        for node in graph.nodes() {
            values.push(match *node {
                Node::Constant(bits) => f64::from_bits(bits),
                Node::Column(column) => {
                    let column = &space.columns()[column];
                    column.values[at[column.axis]]
                }
                Node::Apply(op, operands) => {
                    let [a, b, c] = operands.map(|operand| values[operand.index()]);
                    op.apply(a, b, c)
                }
            });
        }
        nodes.iter().map(|node| values[node.index()]).collect()
    }

    /// # Errors
    ///
    /// [`OutOfMemory`] if there is no room to look.
    ///
    /// # Panics
    ///
    /// If a choice on the axes `some` was left out though none of those that are left is, for every completion,
    /// feasible where it is, nowhere worse and somewhere better.
    pub(super) fn left_out(
        graph: &Graph,
        roots: &Roots,
        space: &Space,
        axes: &[usize],
        some: &[usize],
        left: &[Vec<u32>],
    ) -> Result<(), OutOfMemory> {
        let lengths = space.lengths();
        let size = axes.iter().map(|&axis| lengths[axis] as u64).fold(1, u64::saturating_mul);
        if size > AUDITED {
            return Ok(());
        }
        let rest: Vec<usize> = axes.iter().copied().filter(|axis| !some.contains(axis)).collect();
        let (choices, rests) = (positions(lengths, some)?, positions(lengths, &rest)?);
        let (constraints, outputs) = (&roots.constraints, &roots.outputs);
        let mut at = vec![0; lengths.len()];
        let mut rows: Vec<Vec<(bool, Vec<f64>)>> = memory::room(choices.len())?;
        for choice in &choices {
            some.iter().zip(choice).for_each(|(&axis, &position)| at[axis] = position);
            let row = rests.iter().map(|others| {
                rest.iter().zip(others).for_each(|(&axis, &position)| at[axis] = position);
                let met = values(graph, constraints, space, &at).iter().all(|&value| value != 0.0);
                (met, values(graph, outputs, space, &at))
            });
            rows.push(memory::collected(row)?);
        }
        let is_left = |choice: &[usize]| {
            (0..left[0].len())
                .any(|place| choice.iter().zip(left).all(|(&at, left)| at == left[place] as usize))
        };
        let kept: Vec<bool> = choices.iter().map(|choice| is_left(choice)).collect();
        let outdoes = |one: &[(bool, Vec<f64>)], other: &[(bool, Vec<f64>)]| {
            one.iter().zip(other).all(|((met, values), (needed, others))| {
                let pairs = || values.iter().zip(others);
                let better = pairs().all(|(a, b)| a <= b) && pairs().any(|(a, b)| a < b);
                !needed || others.iter().any(|other| other.is_nan()) || (*met && better)
            })
        };
        for (number, row) in rows.iter().enumerate().filter(|&(number, _)| !kept[number]) {
            let presolved = rows.iter().zip(&kept).any(|(other, &kept)| kept && outdoes(other, row));
            assert!(presolved, "choice {:?} of axes {some:?} was left out, but may win", choices[number]);
        }
        Ok(())
    }

    /// All positions on some axes.
    fn positions(lengths: &[usize], axes: &[usize]) -> Result<Vec<Vec<usize>>, OutOfMemory> {
        axes.iter().try_fold(vec![vec![]], |all, &axis| {
            let longer = |before: &Vec<usize>| {
                let before = before.clone();
                (0..lengths[axis]).map(move |position| [before.as_slice(), &[position]].concat())
            };
            memory::gathered(all.iter().flat_map(longer))
        })
    }
}
