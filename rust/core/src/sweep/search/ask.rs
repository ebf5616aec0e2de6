//! Questions answered by branch and bound.

use crate::control::Control;
use crate::error::Error;
use crate::formula::graph::{Graph, Node, NodeId};
use crate::formula::ops::Op;
use crate::pareto::archive::{Archive, Points};
use crate::program::{SearchProgram, TableLimit};

use super::super::stats::{Stats, Watch};
use super::super::{Answer, Bound, Engine, Fineness, FrontQuestion, Groups, Objective};
use super::goal::{AnyGoal, BestGoal, FrontGoal};
use super::Search;

/// The front so far may exceed the limit on rows by this factor before the run is refused.
const CAP: u64 = 4;

/// Entries of a table on several axes that a front is worth, and a search for few configurations.
const MANY: TableLimit = TableLimit((1 << 20) as f64);
const FEW: TableLimit = TableLimit((1 << 16) as f64);

/// A program made for a search, and how the slots stand for the space.
struct Made {
    program: SearchProgram,
    objectives: usize,
    weight: u64,
}

impl Made {
    fn new(engine: &Engine<'_>, mut bound: Bound, limit: TableLimit, control: &Control) -> Result<Self, Error> {
        let watched = watched(&mut bound.graph, &bound.roots.constraints);
        let space = engine.space;
        let program = SearchProgram::new(
            &bound.graph,
            space,
            &bound.roots,
            &watched,
            &bound.axes,
            limit,
            engine.level,
            control,
        )?;
        let slots: u64 = bound.axes.iter().map(|&axis| space.lengths()[axis] as u64).product();
        Ok(Self { program, objectives: bound.roots.outputs.len(), weight: space.size() / slots })
    }

    fn search<'a>(&'a self, groups: Option<&Groups<'a>>) -> Search<'a> {
        let groups = groups.and_then(|groups| {
            let slot = self.program.slots.iter().position(|slot| slot.axis == groups.axis)?;
            Some((slot, groups.of))
        });
        Search { program: &self.program, objectives: self.objectives, groups, weight: self.weight }
    }
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

fn begin(engine: &Engine<'_>, control: &Control) -> Stats {
    Stats { size: engine.space.size(), threads: control.threads(), searched: true, ..Stats::default() }
}

/// See [`Engine::pareto`].
pub(in crate::sweep) fn pareto(
    engine: &Engine<'_>,
    bound: Bound,
    question: &FrontQuestion<'_>,
    control: &Control,
) -> Result<Answer, Error> {
    let mut watch = Watch::start();
    let mut stats = begin(engine, control);
    let made = Made::new(engine, bound, MANY, control)?;
    stats.seconds.compile = watch.lap();

    control.begin(engine.space.size());
    let Fineness::Bits(bits) = &question.fineness else { todo!() };
    let cap = question.max_rows.saturating_mul(CAP);
    let mut goal =
        FrontGoal { archive: Archive::new(bits, question.ties), cap, limit: question.max_rows };
    made.search(None).run(&mut goal, control, &mut stats)?;
    stats.seconds.search = watch.lap();

    let Points { objectives, indices } = goal.archive.into_points(control)?;
    let rows = indices.len() as u64;
    if rows > question.max_rows {
        return Err(Error::Limit { rows, limit: question.max_rows });
    }
    let mut answer = Answer::new(engine.space, &indices, objectives, question.objectives, stats);
    answer.stats.seconds.finish = watch.lap();
    Ok(answer)
}

/// See [`Engine::best`].
pub(in crate::sweep) fn best(
    engine: &Engine<'_>,
    bound: Bound,
    objective: &Objective,
    groups: Option<&Groups<'_>>,
    control: &Control,
) -> Result<Answer, Error> {
    let mut watch = Watch::start();
    let mut stats = begin(engine, control);
    let made = Made::new(engine, bound, FEW, control)?;
    stats.seconds.compile = watch.lap();

    control.begin(engine.space.size());
    let count = groups.map_or(1, |groups| groups.of.iter().max().map_or(0, |&last| last as usize + 1));
    let mut goal = BestGoal { best: vec![None; count] };
    made.search(groups).run(&mut goal, control, &mut stats)?;
    stats.seconds.search = watch.lap();

    let found: Vec<_> = goal.best.into_iter().flatten().collect();
    let indices: Vec<u64> = found.iter().map(|best| best.index).collect();
    let values = found.iter().map(|best| best.value).collect();
    Ok(Answer::new(engine.space, &indices, vec![values], std::slice::from_ref(objective), stats))
}

/// See [`Engine::any`].
pub(in crate::sweep) fn any(engine: &Engine<'_>, bound: Bound, control: &Control) -> Result<bool, Error> {
    let made = Made::new(engine, bound, FEW, control)?;
    control.begin(engine.space.size());
    let mut goal = AnyGoal::default();
    made.search(None).run(&mut goal, control, &mut begin(engine, control))?;
    Ok(goal.found)
}
