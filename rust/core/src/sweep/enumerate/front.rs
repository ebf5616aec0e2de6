//! The exact front, by looking at every configuration.
//!
//! ```text
//! for each round of blocks (each round four times the last, up to a limit):
//!     in parallel: keep the configurations that the front so far does not surely dominate
//!     front = filter(front and all that were kept)
//! ```
//!
//! The cull may keep too many but never discards a representative, so the front after each round is
//! the front of all configurations so far, on any number of threads. Rounds take blocks in a
//! scattered order: the first ones then sample the whole space and make a strong cull.
//!
//! A front so far is no proof about the front at the end, so that an enumeration would refuse at its end only. Where
//! the front grows as if it were to have far too many rows, a search looks for the proof ([`Growth`]). What it does
//! not refuse is looked at to the end as before.
//!
//! Where each group has a front of its own, two further objectives are its number and the number negated: of two
//! configurations of different groups none is then at most the other. The cull reads them as it reads any other; the
//! filter takes each group for itself.

use super::cull::Cull;
use super::grid::Grid;
use super::growth::Growth;
use crate::control::{Control, Interrupted};
use crate::error::Error;
use crate::memory::{self, OutOfMemory};
use crate::pareto::drop_nan;
use crate::pareto::groups::{FrontOf, by_group, front_by};
use crate::pareto::key::FINEST;
use crate::pareto::{Points, Ties};
use crate::program::enumerate::{Bounded, Order, Program, Row, Sink};
use crate::sweep::answer::Answer;
use crate::sweep::bound::Bound;
use crate::sweep::groups::{group_count, with_column};
use crate::sweep::question::{FrontQuestion, held};
use crate::sweep::rows::{self, Free};
use crate::sweep::search::proves_too_large;
use crate::sweep::stats::{Stats, Stopwatch};
use crate::value::lanes::Operand;

/// Configurations of the first round.
const FIRST_ROUND: u64 = 1 << 16;

/// Rows kept by a worker before it filters them: few, since what is left makes a stronger cull.
const PENDING: usize = 1 << 12;

pub(in crate::sweep) fn pareto(
    mut bound: Bound<'_>,
    question: &FrontQuestion<'_>,
    control: &Control,
) -> Result<Answer, Error> {
    let mut stopwatch = Stopwatch::start();
    let whole = bound.space;
    let free = Free::new(whole, &bound.axes, question.ties == Ties::All, question.max_rows);
    // All positions of an axis of one are one group.
    let groups = question.groups.filter(|groups| whole.lengths()[groups.axis] > 1);
    let limit = rows::front_limit(question, &free);
    // Before the objectives of groups are added.
    let searched = bound.clone();
    let mut bits = question.bits.to_vec();
    let numbered = match groups {
        None => None,
        Some(groups) => {
            let numbers: Vec<f64> =
                memory::collected((0..group_count(Some(groups))).map(|group| group as f64))?;
            let negated = memory::collected(numbers.iter().map(|number| -number))?;
            let space = with_column(&with_column(whole, groups, &numbers)?, groups, &negated)?;
            let columns = space.columns().len();
            bound.roots.outputs.extend([columns - 2, columns - 1].map(|column| bound.graph.column(column)));
            bits.extend([FINEST; 2]);
            Some(space)
        }
    };
    let space = numbered.as_ref().unwrap_or(whole);
    let order = Order { axes: bound.axes, fixed: false, outer: None };
    let mut program = Program::new(bound.graph, space, &bound.roots, &order, bound.level, control)?;
    if whole.size() > PENDING as u64 {
        // Fewer configurations are filtered all at once, without a cull and without bounds.
        program.bound_outputs(control)?;
    }
    let mut stats = Stats { size: whole.size(), threads: control.threads(), ..Stats::default() };
    stats.seconds.compile = stopwatch.lap();

    let grid = Grid::new(&program, space);
    control.begin(whole.size());
    let largest_round = (1 << 22).max(question.max_rows.saturating_mul(2));
    let stride = scatter(grid.blocks);
    let mut front = Front::new(bits, question.ties, groups.is_some());
    let mut growth = Growth::towards(grid.blocks);
    let (mut start, mut round) = (0, FIRST_ROUND);
    while start < grid.blocks {
        let end = grid.blocks.min(start.saturating_add(grid.blocks_of(round)));
        let permute = |block: u64| (u128::from(block) * u128::from(stride) % u128::from(grid.blocks)) as u64;
        let sinks = grid.scan(start..end, permute, || Ok(Collect::new(&front, control)), control)?;
        for sink in &sinks {
            stats.feasible += sink.feasible * grid.weight;
            stats.nan += sink.nan * grid.weight;
        }
        let kept: Vec<Points> = sinks.into_iter().map(|sink| sink.kept.rows).collect();
        kept.into_iter().try_for_each(|rows| front.rows.append(rows))?;
        front.rows = front.filter.of(&front.rows, control)?;
        if end < grid.blocks {
            front.cull = Cull::by(&front.rows.objectives, &front.filter.bits)?;
        }
        // Later configurations may dominate all of these, so that they are no proof about the answer.
        let (rows, held) = (front.rows.indices.len() as u64, held(question.max_rows));
        if rows > held {
            return Err(Error::Held { rows, limit: held });
        }
        if growth.is_far_beyond(limit, end, rows) {
            proves_too_large(&searched, question, limit, control)
                .map_err(|error| if question.rows.is_some() { error } else { free.of_answer(error) })?;
        }
        (start, round) = (end, round.saturating_mul(4).min(largest_round));
    }
    stats.evaluated = stats.size;
    stats.seconds.search = stopwatch.lap();

    let fronts = front.filter.groups(front.rows)?;
    let mut sorted = memory::room(fronts.len())?;
    let rows = fronts.iter().map(|points| points.indices.len() as u64).sum();
    if rows > limit {
        return Err(if question.rows.is_some() { Error::Limit { rows, limit } } else { free.too_many(rows) });
    }
    for points in fronts {
        sorted.push(points.sorted(control)?);
    }
    let (points, gap) = rows::finish(sorted, question, &free, control)?;
    stats.gap = gap;
    let mut answer = Answer::new(whole, points, question.objectives, stats, control)?;
    answer.stats.seconds.finish = stopwatch.lap();
    Ok(answer)
}

/// A step that walks through all of `0..count` far apart: coprime to it, near the golden section.
fn scatter(count: u64) -> u64 {
    let gcd = |mut a: u64, mut b: u64| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let mut step = ((count as f64 * 0.618_033_988_749_895) as u64).max(1);
    while gcd(step, count) != 1 {
        step += 1;
    }
    step
}

/// How rows are filtered.
struct Filter {
    /// Of each objective, with the two of groups.
    bits: Vec<u32>,
    ties: Ties,
    /// Whether the last two objectives are the group of a row.
    grouped: bool,
}

impl Filter {
    /// The rows on the front of their group.
    fn of(&self, rows: &Points, control: &Control) -> Result<Points, Interrupted> {
        if !self.grouped {
            return rows.front(&self.bits, self.ties, control);
        }
        let columns = rows.columns();
        let (objectives, numbers) = columns.split_at(columns.len() - 2);
        let asked = FrontOf {
            bits: &self.bits[..objectives.len()],
            ties: self.ties,
            maximize: &[],
            groups: Some(&groups_of(numbers[0])?),
            indices: Some(&rows.indices),
            rows: None,
        };
        // Not the iterator of the vector itself: its copies, one for each column, would be of all it holds.
        let kept = front_by(objectives, &asked, control)?;
        Ok(rows.select(kept.iter().copied())?)
    }

    /// The rows of each group, without the objectives that are its number.
    fn groups(&self, mut rows: Points) -> Result<Vec<Points>, OutOfMemory> {
        if !self.grouped {
            return Ok(vec![rows]);
        }
        rows.objectives.pop();
        let numbers = rows.objectives.pop().expect("rows of groups tell theirs");
        let mut groups = Vec::new();
        by_group::<OutOfMemory>(&groups_of(&numbers)?, |_, some| {
            memory::push(&mut groups, rows.select(some.iter().map(|&row| row as usize))?)
        })?;
        if groups.is_empty() {
            groups.push(rows);
        }
        Ok(groups)
    }
}

fn groups_of(numbers: &[f64]) -> Result<Vec<u32>, OutOfMemory> {
    memory::collected(numbers.iter().map(|&number| number as u32))
}

/// The front of all configurations so far.
struct Front {
    rows: Points,
    filter: Filter,
    cull: Cull,
}

impl Front {
    fn new(bits: Vec<u32>, ties: Ties, grouped: bool) -> Self {
        let (rows, cull) = (Points::none(bits.len()), Cull::nothing(&bits));
        Self { rows, cull, filter: Filter { bits, ties, grouped } }
    }
}

/// Rows that a worker keeps, filtered now and then.
struct Kept<'a> {
    rows: Points,
    limit: usize,
    filter: &'a Filter,
    /// The cull by the front so far, and then the worker's own.
    shared: &'a Cull,
    own: Option<Cull>,
    control: &'a Control,
}

impl Kept<'_> {
    #[inline(always)]
    fn cull(&self) -> &Cull {
        self.own.as_ref().unwrap_or(self.shared)
    }

    /// Filters the rows when there are many, and culls by them from then on.
    fn filter(&mut self) -> Result<(), Interrupted> {
        self.rows = self.filter.of(&self.rows, self.control)?;
        let mut cull = self.own.take().map_or_else(|| self.shared.copied(), Ok)?;
        cull.also_by(&self.rows.objectives)?;
        self.own = Some(cull);
        self.limit = PENDING.max(2 * self.rows.indices.len());
        Ok(())
    }
}

/// A worker's sink.
struct Collect<'a> {
    kept: Kept<'a>,
    feasible: u64,
    nan: u64,
    /// What is being looked at, objective by objective.
    columns: Vec<Vec<f64>>,
    /// Scratch memory of the cull, and what survives it.
    places: Vec<u64>,
    survivors: Vec<u32>,
}

impl<'a> Collect<'a> {
    fn new(front: &'a Front, control: &'a Control) -> Self {
        Self {
            kept: Kept {
                rows: Points::none(front.filter.bits.len()),
                limit: PENDING,
                filter: &front.filter,
                shared: &front.cull,
                own: None,
                control,
            },
            feasible: 0,
            nan: 0,
            columns: vec![Vec::new(); front.filter.bits.len()],
            places: Vec::new(),
            survivors: Vec::new(),
        }
    }
}

impl Collect<'_> {
    #[inline(always)]
    fn look_at<'v>(
        &mut self,
        count: usize,
        values: impl Fn(usize) -> Operand<'v>,
    ) -> Result<(), Interrupted> {
        for (objective, column) in self.columns.iter_mut().enumerate() {
            column.clear();
            match values(objective) {
                Operand::Scalar(value) => memory::resize(column, count, value)?,
                Operand::Lanes(values) => memory::append(column, values)?,
            }
        }
        Ok(())
    }
}

impl Sink for Collect<'_> {
    #[inline(always)]
    fn wants_bounds(&self) -> bool {
        self.kept.cull().knows()
    }

    #[inline(always)]
    fn passed(&mut self, count: usize) {
        self.feasible += count as u64;
    }

    #[inline(always)]
    fn survivors(&mut self, bounded: &Bounded<'_>, survivors: &mut Vec<u32>) -> Result<(), Interrupted> {
        self.look_at(
            bounded.count(),
            #[inline(always)]
            |objective| bounded.bound(objective),
        )?;
        Ok(self.kept.cull().survivors(&self.columns, &mut self.places, survivors)?)
    }

    #[inline(always)]
    fn row(&mut self, row: &Row<'_>) -> Result<(), Interrupted> {
        self.look_at(
            row.lane_count(),
            #[inline(always)]
            |objective| row.output(objective),
        )?;
        let Self { kept, columns, places, survivors, .. } = self;
        survivors.clear();
        kept.cull().survivors(columns, places, survivors)?;
        if let Some(mask) = row.mask() {
            survivors.retain(|&lane| mask[lane as usize] != 0.0);
        }
        let before = survivors.len();
        columns.iter().for_each(
            #[inline(always)]
            |column| drop_nan(column, survivors),
        );
        self.nan += (before - survivors.len()) as u64;
        for (kept, column) in kept.rows.objectives.iter_mut().zip(columns) {
            if survivors.len() == column.len() {
                memory::append(kept, column)?;
                continue;
            }
            memory::extend(kept, survivors.iter().map(|&lane| column[lane as usize]))?;
        }
        row.push_indices(survivors, &mut kept.rows.indices)?;
        if kept.rows.indices.len() > kept.limit { kept.filter() } else { Ok(()) }
    }
}
