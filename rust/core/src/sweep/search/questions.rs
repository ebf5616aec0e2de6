//! Questions answered by branch and bound.

use super::context::Search;
use super::few::{AllGoal, AnyGoal, BestGoal};
use super::front::FrontGoal;
use super::goal::{FrontSize, Goal};
use super::presolve::Presolve;
use super::proof::Proof;
use crate::control::Control;
use crate::error::Error;
use crate::formula::graph::{Graph, Node, NodeId};
use crate::memory;
use crate::pareto::{Points, Ties};
use crate::program::search::{SearchProgram, SearchSpace, TableLimit};
use crate::space::Space;
use crate::sweep::answer::Answer;
use crate::sweep::bound::Bound;
use crate::sweep::groups::{Groups, group_count, with_column};
use crate::sweep::least::Best;
use crate::sweep::question::{FrontQuestion, Near, Objective, held};
use crate::sweep::rows::{self, Free};
use crate::sweep::stats::{Stats, Stopwatch};
use crate::value::ops::Op;

/// A question being answered: a program made for it, how the slots stand for the space, what was done.
struct SearchRun<'a> {
    space: &'a Space,
    program: SearchProgram,
    objectives: usize,
    groups: Option<&'a Groups<'a>>,
    /// Configurations of the space that each one of the touched axes stands for.
    weight: u64,
    /// Configurations that presolve dropped.
    presolved: u64,
    control: &'a Control,
    stats: Stats,
    stopwatch: Stopwatch,
}

/// What kind of answer a search is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AnswerKind {
    Front,
    /// A few configurations, or all that are near.
    Few,
}

impl<'a> SearchRun<'a> {
    fn new(
        mut bound: Bound<'a>,
        groups: Option<&'a Groups<'a>>,
        wanted: AnswerKind,
        control: &'a Control,
    ) -> Result<Self, Error> {
        let mut stopwatch = Stopwatch::start();
        let space = bound.space;
        let slacks = slacks(&mut bound.graph, &bound.roots.constraints);
        let (arranged, limit) = match wanted {
            AnswerKind::Front => (presolved(&bound, groups, control)?, TableLimit::MANY),
            AnswerKind::Few => (SearchSpace::new(space, &bound.axes), TableLimit::FEW),
        };
        let weight = space.size() / arranged.full_size();
        let presolved = (arranged.full_size() - arranged.size()) * weight;
        let Bound { graph, roots, level, .. } = &bound;
        let program = SearchProgram::new(graph, arranged, roots, &slacks, limit, *level, control)?;
        let mut stats =
            Stats { size: space.size(), threads: control.threads(), searched: true, ..Stats::default() };
        stats.seconds.compile = stopwatch.lap();
        let objectives = roots.outputs.len();
        Ok(Self { space, program, objectives, groups, weight, presolved, control, stats, stopwatch })
    }

    /// Searches for a goal. What an earlier search of the question did is forgotten, but for its time.
    fn run(&mut self, goal: &mut impl Goal) -> Result<(), Error> {
        let seconds = self.stats.seconds;
        self.stats = Stats {
            size: self.stats.size,
            threads: self.stats.threads,
            searched: true,
            seconds,
            ..Stats::default()
        };
        self.stats.bounded = self.presolved;
        self.stats.presolved = self.presolved;
        self.control.advance(self.presolved);
        let groups = self.groups.and_then(|groups| {
            let slot = self.program.slots.iter().position(|slot| slot.axis == groups.axis)?;
            Some((slot, groups.of))
        });
        let search =
            Search { program: &self.program, objectives: self.objectives, groups, weight: self.weight };
        search.run(goal, self.control, &mut self.stats)?;
        self.control.end_pass();
        self.stats.seconds.search += self.stopwatch.lap();
        Ok(())
    }

    fn answer(mut self, points: Points, objectives: &[Objective]) -> Result<Answer, Error> {
        self.control.end_passes();
        let mut answer = Answer::new(self.space, points, objectives, self.stats, self.control)?;
        answer.stats.seconds.finish = self.stopwatch.lap();
        Ok(answer)
    }

    /// The front of each group at these resolutions.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] if they have more than `most` rows in all, [`Error::Held`] if more than `held` may be on them
    /// before that is known.
    fn fronts(&mut self, bits: &[u32], ties: Ties, most: u64, held: u64) -> Result<Vec<Points>, Error> {
        let groups = group_count(self.groups);
        let mut goal = FrontGoal::new(bits, ties, groups, most, held)?;
        self.run(&mut goal)?;
        let fronts = goal.into_points(self.control)?;
        let rows = fronts.iter().map(|points| points.indices.len() as u64).sum();
        if rows > most { Err(Error::Limit { rows, limit: most }) } else { Ok(fronts) }
    }
}

/// The axes as a search for a front walks them.
///
/// # Errors
///
/// [`Error::Interrupted`], [`Error::Memory`].
pub(in crate::sweep) fn presolved<'s>(
    bound: &Bound<'s>,
    groups: Option<&Groups<'_>>,
    control: &Control,
) -> Result<SearchSpace<'s>, Error> {
    let Bound { space, graph, roots, axes, level } = bound;
    // The best by one objective is found before choices are compared.
    if roots.outputs.len() < 2 {
        return Ok(SearchSpace::new(space, axes));
    }
    let grouped = groups.map(|groups| groups.axis);
    Presolve { graph, roots, level: *level, control, grouped }.run(space, axes)
}

/// Differences whose sign decides the constraints: a - b and b - a for each comparison that must hold.
fn slacks(graph: &mut Graph, constraints: &[NodeId]) -> Vec<NodeId> {
    let mut slacks = Vec::new();
    let mut waiting = constraints.to_vec();
    while let Some(node) = waiting.pop() {
        match graph.node(node) {
            Node::Apply(Op::And, [a, b, _]) => waiting.extend([a, b]),
            Node::Apply(Op::Lt | Op::Le | Op::Gt | Op::Ge, [a, b, _]) => {
                slacks.extend([graph.apply(Op::Sub, &[a, b]), graph.apply(Op::Sub, &[b, a])]);
            }
            _ => {}
        }
    }
    slacks
}

/// See `Engine::pareto`.
pub(in crate::sweep) fn pareto(
    bound: Bound<'_>,
    question: &FrontQuestion<'_>,
    control: &Control,
) -> Result<Answer, Error> {
    control.begin(bound.space.size());
    let free = Free::new(bound.space, &bound.axes, question.ties == Ties::All, question.max_rows);
    let limit = rows::front_limit(question, &free);
    let mut asked = SearchRun::new(bound, question.groups, AnswerKind::Front, control)?;
    let fronts = asked
        .fronts(question.bits, question.ties, limit, held(question.max_rows))
        .map_err(|error| if question.rows.is_some() { error } else { free.of_answer(error) })?;
    let (points, gap) = rows::finish(fronts, question, &free, control)?;
    asked.stats.gap = gap;
    asked.answer(points, question.objectives)
}

/// Looks for a [`Proof`] that a front has more than `limit` rows. Without an error there is none.
///
/// # Errors
///
/// [`Error::Limit`] if that is proved, [`Error::Interrupted`], [`Error::Memory`].
pub(in crate::sweep) fn proves_too_large(
    bound: &Bound<'_>,
    question: &FrontQuestion<'_>,
    limit: u64,
    control: &Control,
) -> Result<(), Error> {
    // Without an axis there is no box to split.
    if bound.axes.is_empty() {
        return Ok(());
    }
    let mut asked = SearchRun::new(bound.clone(), question.groups, AnswerKind::Front, control)?;
    let size = FrontSize {
        bits: question.bits.to_vec(),
        ties: question.ties,
        groups: group_count(question.groups),
        limit,
    };
    let mut proof = Proof::new(size);
    control.aside(|| asked.run(&mut proof))
}

/// See `Engine::best`.
pub(in crate::sweep) fn best(
    bound: Bound<'_>,
    objective: &Objective,
    groups: Option<&Groups<'_>>,
    control: &Control,
) -> Result<Answer, Error> {
    control.begin(bound.space.size());
    let mut asked = SearchRun::new(bound, groups, AnswerKind::Few, control)?;
    let mut goal = BestGoal { best: memory::filled(group_count(groups), None)? };
    asked.run(&mut goal)?;
    asked.answer(Best::points(goal.best)?, std::slice::from_ref(objective))
}

/// See `Engine::any`.
pub(in crate::sweep) fn any(bound: Bound<'_>, control: &Control) -> Result<bool, Error> {
    control.begin(bound.space.size());
    let mut goal = AnyGoal::default();
    SearchRun::new(bound, None, AnswerKind::Few, control)?.run(&mut goal)?;
    Ok(goal.found)
}

/// See `Engine::near`. The objective comes first among the outputs of `bound`, then those of [`Near::then`].
///
/// First the best of each group, then a second search under one constraint more.
pub(in crate::sweep) fn near(
    bound: Bound<'_>,
    question: &Near<'_>,
    objectives: &[Objective],
    control: &Control,
) -> Result<Answer, Error> {
    let whole = bound.space;
    control.begin_passes(whole.size());
    let groups = question.groups;
    let mut alone = bound.clone();
    alone.roots.outputs.truncate(1);
    let mut asked = SearchRun::new(alone, groups, AnswerKind::Few, control)?;
    let mut goal = BestGoal { best: memory::filled(group_count(groups), None)? };
    asked.run(&mut goal)?;
    let limit = |best: &Option<Best>| best.map_or(f64::NAN, |best| near_limit(best.value, question.within));
    let limits = memory::collected(goal.best.iter().map(limit))?;
    let mut seconds = asked.stats.seconds;

    // The limit of each group is a column on its axis.
    let space = match groups {
        None => None,
        Some(groups) => Some(with_column(whole, groups, &limits)?),
    };
    let mut bound = Bound { space: space.as_ref().unwrap_or(whole), ..bound };
    let limit = match groups {
        None => bound.graph.constant(limits[0]),
        Some(_) => bound.graph.column(bound.space.columns().len() - 1),
    };
    let free = Free::new(whole, &bound.axes, question.then.is_empty(), question.max_rows);
    let value = bound.roots.outputs[0];
    bound.roots.constraints.push(bound.graph.apply(Op::Le, &[value, limit]));
    let mut asked = if question.then.is_empty() {
        SearchRun::new(bound, groups, AnswerKind::Few, control)?
    } else {
        bound.roots.outputs.remove(0);
        SearchRun::new(bound, groups, AnswerKind::Front, control)?
    };
    let rows = if question.then.is_empty() {
        let mut goal = AllGoal::new(group_count(groups), free.limit())?;
        asked.run(&mut goal).map_err(|error| free.of_answer(error))?;
        goal.into_points(control)?
    } else {
        asked.fronts(question.bits, Ties::First, question.max_rows, held(question.max_rows))?
    };
    let points = free.spread_each(rows, control)?;
    seconds.compile += asked.stats.seconds.compile;
    seconds.search += asked.stats.seconds.search;
    asked.stats.seconds = seconds;
    asked.answer(points, &objectives[usize::from(!question.then.is_empty())..])
}

/// The largest value that is near enough to the best, both minimised.
fn near_limit(best: f64, within: f64) -> f64 {
    if best.is_infinite() { best } else { best + within * best.abs() }
}
