//! Questions answered by branch and bound.

use crate::control::Control;
use crate::error::Error;
use crate::formula::graph::{Graph, Node, NodeId};
use crate::memory;
use crate::pareto::{Points, Ties};
use crate::program::search::{SearchProgram, SearchSpace, TableLimit};
use crate::space::{Column, Space};
use crate::value::ops::Op;

use super::super::rows::{self, Free};
use super::super::stats::{Stats, Watch};
use super::super::{Answer, Bound, Engine, FrontQuestion, Groups, Near, Objective, held};
use super::choices::Choices;
use super::goal::{AllGoal, AnyGoal, Best, BestGoal, FrontGoal};
use super::proof::Proof;
use super::{Goal, Search};

/// A question being answered: a program made for it, how the slots stand for the space, what was done.
struct Asked<'a> {
    space: &'a Space,
    program: SearchProgram,
    objectives: usize,
    groups: Option<&'a Groups<'a>>,
    /// Configurations of the space that each one of the touched axes stands for.
    weight: u64,
    /// Configurations whose choices are outdone.
    outdone: u64,
    control: &'a Control,
    stats: Stats,
    watch: Watch,
}

/// What kind of answer a search is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Front,
    /// A few configurations, or all that are near.
    Few,
}

impl<'a> Asked<'a> {
    fn new(
        engine: &Engine<'a>,
        space: &'a Space,
        mut bound: Bound,
        groups: Option<&'a Groups<'a>>,
        wanted: Wanted,
        control: &'a Control,
    ) -> Result<Self, Error> {
        let mut watch = Watch::start();
        let watched = watched(&mut bound.graph, &bound.roots.constraints);
        let (arranged, limit) = match wanted {
            Wanted::Front => (arranged(engine, space, &bound, groups, control)?, TableLimit::MANY),
            Wanted::Few => (SearchSpace::new(space, &bound.axes), TableLimit::FEW),
        };
        let weight = space.size() / arranged.full_size();
        let outdone = (arranged.full_size() - arranged.size()) * weight;
        let Bound { graph, roots, .. } = &bound;
        let program = SearchProgram::new(graph, arranged, roots, &watched, limit, engine.level, control)?;
        let mut stats =
            Stats { size: space.size(), threads: control.threads(), searched: true, ..Stats::default() };
        stats.seconds.compile = watch.lap();
        let objectives = roots.outputs.len();
        Ok(Self { space, program, objectives, groups, weight, outdone, control, stats, watch })
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
        self.stats.bounded = self.outdone;
        self.stats.outdone = self.outdone;
        self.control.advance(self.outdone);
        let groups = self.groups.and_then(|groups| {
            let slot = self.program.slots.iter().position(|slot| slot.axis == groups.axis)?;
            Some((slot, groups.of))
        });
        let search =
            Search { program: &self.program, objectives: self.objectives, groups, weight: self.weight };
        search.run(goal, self.control, &mut self.stats)?;
        self.control.end_pass();
        self.stats.seconds.search += self.watch.lap();
        Ok(())
    }

    fn answer(mut self, points: Points, objectives: &[Objective]) -> Result<Answer, Error> {
        self.control.end_passes();
        let mut answer = Answer::new(self.space, points, objectives, self.stats, self.control)?;
        answer.stats.seconds.finish = self.watch.lap();
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
pub(in crate::sweep) fn arranged<'s>(
    engine: &Engine<'_>,
    space: &'s Space,
    bound: &Bound,
    groups: Option<&Groups<'_>>,
    control: &Control,
) -> Result<SearchSpace<'s>, Error> {
    let Bound { graph, roots, axes } = bound;
    // The best by one objective is found before choices are compared.
    if roots.outputs.len() < 2 {
        return Ok(SearchSpace::new(space, axes));
    }
    let grouped = groups.map(|groups| groups.axis);
    Choices { graph, roots, level: engine.level, control, grouped }.arrange(space, axes)
}

/// Groups are numbered from 0.
pub(in crate::sweep) fn group_count(groups: Option<&Groups<'_>>) -> usize {
    groups.map_or(1, |groups| groups.of.iter().max().map_or(0, |&last| last as usize + 1))
}

/// Differences whose sign decides the constraints: a - b and b - a for each comparison that must hold.
fn watched(graph: &mut Graph, constraints: &[NodeId]) -> Vec<NodeId> {
    let mut watched = Vec::new();
    let mut waiting = constraints.to_vec();
    while let Some(node) = waiting.pop() {
        match graph.node(node) {
            Node::Apply(Op::And, [a, b, _]) => waiting.extend([a, b]),
            Node::Apply(Op::Lt | Op::Le | Op::Gt | Op::Ge, [a, b, _]) => {
                watched.extend([graph.apply(Op::Sub, &[a, b]), graph.apply(Op::Sub, &[b, a])]);
            }
            _ => {}
        }
    }
    watched
}

/// See [`Engine::pareto`].
pub(in crate::sweep) fn pareto(
    engine: &Engine<'_>,
    bound: Bound,
    question: &FrontQuestion<'_>,
    control: &Control,
) -> Result<Answer, Error> {
    control.begin(engine.space.size());
    let free = Free::new(engine.space, &bound.axes, question.ties == Ties::All, question.max_rows);
    let limit = rows::front_limit(question, &free);
    let mut asked = Asked::new(engine, engine.space, bound, question.groups, Wanted::Front, control)?;
    let fronts = asked
        .fronts(question.bits, question.ties, limit, held(question.max_rows))
        .map_err(|error| if question.rows.is_some() { error } else { free.told(error) })?;
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
    engine: &Engine<'_>,
    bound: &Bound,
    question: &FrontQuestion<'_>,
    limit: u64,
    control: &Control,
) -> Result<(), Error> {
    // Without an axis there is nothing to split.
    if bound.axes.is_empty() {
        return Ok(());
    }
    let mut asked = Asked::new(engine, engine.space, bound.clone(), question.groups, Wanted::Front, control)?;
    let mut proof = Proof::new(question.bits, question.ties, group_count(question.groups), limit);
    control.aside(|| asked.run(&mut proof))
}

/// See [`Engine::best`].
pub(in crate::sweep) fn best(
    engine: &Engine<'_>,
    bound: Bound,
    objective: &Objective,
    groups: Option<&Groups<'_>>,
    control: &Control,
) -> Result<Answer, Error> {
    control.begin(engine.space.size());
    let mut asked = Asked::new(engine, engine.space, bound, groups, Wanted::Few, control)?;
    let mut goal = BestGoal { best: memory::filled(group_count(groups), None)? };
    asked.run(&mut goal)?;
    asked.answer(Best::points(goal.best)?, std::slice::from_ref(objective))
}

/// See [`Engine::any`].
pub(in crate::sweep) fn any(engine: &Engine<'_>, bound: Bound, control: &Control) -> Result<bool, Error> {
    control.begin(engine.space.size());
    let mut goal = AnyGoal::default();
    Asked::new(engine, engine.space, bound, None, Wanted::Few, control)?.run(&mut goal)?;
    Ok(goal.found)
}

/// See [`Engine::near`]. The objective comes first among the outputs of `bound`, then what is asked then.
///
/// First the best of each group, then a second search under one constraint more.
pub(in crate::sweep) fn near(
    engine: &Engine<'_>,
    mut bound: Bound,
    question: &Near<'_>,
    objectives: &[Objective],
    control: &Control,
) -> Result<Answer, Error> {
    control.begin_passes(engine.space.size());
    let groups = question.groups;
    let mut alone = bound.clone();
    alone.roots.outputs.truncate(1);
    let mut asked = Asked::new(engine, engine.space, alone, groups, Wanted::Few, control)?;
    let mut goal = BestGoal { best: memory::filled(group_count(groups), None)? };
    asked.run(&mut goal)?;
    let limit = |best: &Option<Best>| best.map_or(f64::NAN, |best| near_limit(best.value, question.within));
    let limits = memory::collected(goal.best.iter().map(limit))?;
    let mut seconds = asked.stats.seconds;

    // The limit of each group is a column on its axis.
    let space = match groups {
        None => None,
        Some(groups) => Some(with_column(engine.space, groups, &limits)?),
    };
    let space = space.as_ref().unwrap_or(engine.space);
    let limit = match groups {
        None => bound.graph.constant(limits[0]),
        Some(_) => bound.graph.column(space.columns().len() - 1),
    };
    let free = Free::new(engine.space, &bound.axes, question.then.is_empty(), question.max_rows);
    let value = bound.roots.outputs[0];
    bound.roots.constraints.push(bound.graph.apply(Op::Le, &[value, limit]));
    let mut asked = if question.then.is_empty() {
        Asked::new(engine, space, bound, groups, Wanted::Few, control)?
    } else {
        bound.roots.outputs.remove(0);
        Asked::new(engine, space, bound, groups, Wanted::Front, control)?
    };
    let rows = if question.then.is_empty() {
        let mut goal = AllGoal::new(group_count(groups), free.limit())?;
        asked.run(&mut goal).map_err(|error| free.told(error))?;
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

/// The space with a last column on the axis of groups that has a value for each group.
pub(in crate::sweep) fn with_column(
    space: &Space,
    groups: &Groups<'_>,
    of_groups: &[f64],
) -> Result<Space, Error> {
    let values = memory::collected(groups.of.iter().map(|&group| of_groups[group as usize]))?.into();
    let column = Column { name: String::new(), axis: groups.axis, values, boolean: false };
    let columns = space.columns().iter().cloned().chain(std::iter::once(column)).collect();
    Ok(Space::new(space.lengths().to_vec(), columns)?)
}
