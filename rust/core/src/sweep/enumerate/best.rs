//! The best configuration, of all or of each group; and whether there is any.

use std::sync::atomic::{AtomicBool, Ordering};

use super::grid::Grid;
use crate::control::{Control, Interrupted};
use crate::error::Error;
use crate::memory;
use crate::program::enumerate::{Bounded, Row, Sink};
use crate::sweep::answer::Answer;
use crate::sweep::bound::Bound;
use crate::sweep::groups::{Groups, group_count};
use crate::sweep::least::Best;
use crate::sweep::question::Objective;
use crate::sweep::stats::{Stats, Stopwatch};
use crate::value::lanes::Operand;

pub(in crate::sweep) fn best(
    bound: Bound<'_>,
    objective: &Objective,
    groups: Option<&Groups<'_>>,
    control: &Control,
) -> Result<Answer, Error> {
    let mut stopwatch = Stopwatch::start();
    let space = bound.space;
    let outer = groups.map(|groups| groups.axis).filter(|&axis| space.lengths()[axis] > 1);
    let mut program = bound.program(false, outer, control)?;
    program.bound_outputs(control)?;
    let mut stats = Stats { size: space.size(), threads: control.threads(), ..Stats::default() };
    stats.seconds.compile = stopwatch.lap();

    let grid = Grid::new(&program, space);
    control.begin(space.size());
    // The grouped axis is an outer loop of its own.
    let slot = outer.and_then(|axis| program.layout.groups.iter().position(|group| group.axes == [axis]));
    let group_of = |positions: &[usize]| match (groups, slot) {
        (Some(groups), Some(slot)) => groups.of[positions[slot]] as usize,
        _ => 0,
    };
    let count = group_count(groups);
    let sinks = grid.scan(
        0..grid.blocks,
        |block| block,
        || Ok(Scan { best: memory::filled(count, None)?, group_of: &group_of, feasible: 0 }),
        control,
    )?;
    let mut best: Vec<Option<Best>> = memory::filled(count, None)?;
    for sink in &sinks {
        stats.feasible += sink.feasible * grid.weight;
        for (best, found) in best.iter_mut().zip(&sink.best) {
            if let Some(found) = found
                && best.is_none_or(|best| best.better(found.value, found.index))
            {
                *best = Some(*found);
            }
        }
    }
    stats.evaluated = stats.size;
    stats.seconds.search = stopwatch.lap();

    let points = Best::points(best)?;
    Ok(Answer::new(space, points, std::slice::from_ref(objective), stats, control)?)
}

struct Scan<G> {
    best: Vec<Option<Best>>,
    group_of: G,
    feasible: u64,
}

impl<G: Fn(&[usize]) -> usize> Sink for Scan<G> {
    #[inline(always)]
    fn wants_bounds(&self) -> bool {
        true
    }

    #[inline(always)]
    fn passed(&mut self, count: usize) {
        self.feasible += count as u64;
    }

    #[inline(always)]
    fn survivors(&mut self, bounded: &Bounded<'_>, survivors: &mut Vec<u32>) -> Result<(), Interrupted> {
        let every = 0..bounded.count() as u32;
        let Some(best) = self.best[(self.group_of)(bounded.outer())] else {
            survivors.extend(every);
            return Ok(());
        };
        // A later configuration must have a smaller value. NaN is no bound.
        let later = bounded.index() > best.index;
        let hopeless = |bound: f64| bound > best.value || (later && bound == best.value);
        match bounded.bound(0) {
            Operand::Scalar(bound) if hopeless(bound) => {}
            Operand::Scalar(_) => survivors.extend(every),
            // Most places end here, after a loop without a branch.
            Operand::Lanes(bounds)
                if later && bounds.iter().fold(true, |all, &bound| all & (bound >= best.value)) => {}
            Operand::Lanes(bounds) => {
                survivors.extend(every.filter(|&place| !hopeless(bounds[place as usize])))
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn row(&mut self, row: &Row<'_>) -> Result<(), Interrupted> {
        let best = &mut self.best[(self.group_of)(row.outer())];
        let values = row.output(0);
        let mask = row.mask();
        for lane in 0..row.lane_count() {
            let value = values.at(lane);
            let counts = mask.is_none_or(|mask| mask[lane] != 0.0) && !value.is_nan();
            if counts && best.is_none_or(|best| best.better(value, row.index(lane))) {
                *best = Some(Best { value, index: row.index(lane) });
            }
        }
        Ok(())
    }
}

/// Whether any configuration meets all constraints.
pub(in crate::sweep) fn any(bound: Bound<'_>, control: &Control) -> Result<bool, Error> {
    let space = bound.space;
    let program = bound.program(false, None, control)?;
    let grid = Grid::new(&program, space);
    control.begin(space.size());
    let found = AtomicBool::new(false);
    let mut start = 0;
    // Rounds, so that a far away configuration is not the price of a near one.
    let mut round = FIRST_ROUND;
    while start < grid.blocks && !found.load(Ordering::Relaxed) {
        let end = grid.blocks.min(start.saturating_add(grid.blocks_of(round)));
        grid.scan(start..end, |block| block, || Ok(Found(&found)), control)?;
        (start, round) = (end, round.saturating_mul(4));
    }
    Ok(found.into_inner())
}

/// Configurations of the first round of [`any`]; each later one has four times as many.
const FIRST_ROUND: u64 = 1 << 18;

struct Found<'a>(&'a AtomicBool);

impl Sink for Found<'_> {
    #[inline(always)]
    fn row(&mut self, _row: &Row<'_>) -> Result<(), Interrupted> {
        self.0.store(true, Ordering::Relaxed);
        Ok(())
    }
}
