//! The exact front, by looking at every configuration.
//!
//! ```text
//! for each round of blocks (each round four times the last, up to a limit):
//!     in parallel: keep the configurations that the front so far does not surely dominate
//!     front = filter(front and all that were kept)
//! ```
//!
//! The cull may keep too many but never discards a representative, so the front after each round is
//! the front of all configurations so far, whatever the threads did. Rounds take blocks in a
//! scattered order: the first ones then sample the whole space and make a strong cull.

use crate::control::{Control, Interrupted};
use crate::error::Error;
use crate::memory;
use crate::pareto::filter::drop_nan;
use crate::pareto::key::FINEST;
use crate::pareto::{Points, Ties};
use crate::program::{Places, Row, Sink};
use crate::value::lanes::Operand;

use super::enumerate::Grid;
use super::stats::{Stats, Watch};
use super::{Answer, Bound, Engine, Fineness, FrontQuestion, held};

mod cull;

use cull::Cull;

/// Configurations of the first round.
const FIRST_ROUND: u64 = 1 << 16;

/// Rows kept by a worker before it filters them: few, since what is left makes a stronger cull.
const PENDING: usize = 1 << 12;

pub(super) fn pareto(
    engine: &Engine<'_>,
    bound: Bound,
    question: &FrontQuestion<'_>,
    control: &Control,
) -> Result<Answer, Error> {
    let mut watch = Watch::start();
    let mut program = engine.program(bound, false, None, control)?;
    if engine.space.size() > PENDING as u64 {
        // Fewer configurations are filtered all at once: nobody culls, nobody wants bounds.
        program.bound_outputs(control)?;
    }
    let mut stats = Stats { size: engine.space.size(), threads: control.threads(), ..Stats::default() };
    stats.seconds.compile = watch.lap();

    let count = question.objectives.len();
    let bits = match &question.fineness {
        Fineness::Bits(bits) => bits.clone(),
        // Coarser fronts follow from the exact one: see [`Points::thinned`].
        Fineness::Rows(_) => vec![FINEST; count],
    };
    let grid = Grid::new(&program, engine.space);
    control.begin(engine.space.size());
    let largest_round = (1 << 22).max(question.max_rows.saturating_mul(2));
    let stride = scatter(grid.blocks);
    let mut front = Front::new(count, bits, question.ties);
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
        front.rows = front.rows.front(&front.bits, front.ties, control)?;
        if end < grid.blocks {
            front.cull = Cull::by(&front.rows.objectives, &front.bits)?;
        }
        // Later configurations may dominate all of these, so that they prove nothing about the answer.
        let (rows, limit) = (front.rows.indices.len() as u64, held(question.max_rows));
        if rows > limit {
            return Err(Error::Held { rows, limit });
        }
        (start, round) = (end, round.saturating_mul(4).min(largest_round));
    }
    stats.evaluated = stats.size;
    stats.seconds.search = watch.lap();

    let mut points = front.rows;
    if let Fineness::Rows(most) = question.fineness {
        let (thinned, bits) = points.thinned(most, question.ties, control)?;
        (points, stats.bits) = (thinned, Some(bits));
    }
    let rows = points.indices.len() as u64;
    if rows > question.max_rows {
        return Err(Error::Limit { rows, limit: question.max_rows });
    }
    let points = points.sorted(control)?;
    let mut answer = Answer::new(engine.space, points, question.objectives, stats, control)?;
    answer.stats.seconds.finish = watch.lap();
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

/// The front of all configurations so far.
struct Front {
    rows: Points,
    bits: Vec<u32>,
    ties: Ties,
    cull: Cull,
}

impl Front {
    fn new(objectives: usize, bits: Vec<u32>, ties: Ties) -> Self {
        Self { rows: Points::none(objectives), cull: Cull::nothing(&bits), bits, ties }
    }
}

/// Rows that a worker keeps, filtered now and then.
struct Kept<'a> {
    rows: Points,
    limit: usize,
    bits: &'a [u32],
    ties: Ties,
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
        self.rows = self.rows.front(self.bits, self.ties, self.control)?;
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
    /// Scratch memory of the cull, and what it doubts.
    places: Vec<u64>,
    doubtful: Vec<u32>,
}

impl<'a> Collect<'a> {
    fn new(front: &'a Front, control: &'a Control) -> Self {
        Self {
            kept: Kept {
                rows: Points::none(front.bits.len()),
                limit: PENDING,
                bits: &front.bits,
                ties: front.ties,
                shared: &front.cull,
                own: None,
                control,
            },
            feasible: 0,
            nan: 0,
            columns: vec![Vec::new(); front.bits.len()],
            places: Vec::new(),
            doubtful: Vec::new(),
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
    fn doubts(&mut self, places: &Places<'_>, doubtful: &mut Vec<u32>) -> Result<(), Interrupted> {
        self.look_at(
            places.count(),
            #[inline(always)]
            |objective| places.bound(objective),
        )?;
        Ok(self.kept.cull().doubtful(&self.columns, &mut self.places, doubtful)?)
    }

    #[inline(always)]
    fn row(&mut self, row: &Row<'_>) -> Result<(), Interrupted> {
        self.look_at(
            row.lane_count(),
            #[inline(always)]
            |objective| row.output(objective),
        )?;
        let Self { kept, columns, places, doubtful, .. } = self;
        doubtful.clear();
        kept.cull().doubtful(columns, places, doubtful)?;
        if let Some(mask) = row.mask() {
            doubtful.retain(|&lane| mask[lane as usize] != 0.0);
        }
        let before = doubtful.len();
        columns.iter().for_each(
            #[inline(always)]
            |column| drop_nan(column, doubtful),
        );
        self.nan += (before - doubtful.len()) as u64;
        for (kept, column) in kept.rows.objectives.iter_mut().zip(columns) {
            if doubtful.len() == column.len() {
                memory::append(kept, column)?;
                continue;
            }
            memory::extend(kept, doubtful.iter().map(|&lane| column[lane as usize]))?;
        }
        row.push_indices(doubtful, &mut kept.rows.indices)?;
        if kept.rows.indices.len() > kept.limit { kept.filter() } else { Ok(()) }
    }
}
