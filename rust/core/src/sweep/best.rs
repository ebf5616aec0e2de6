//! The best configuration, of all or of each group; and whether there is any.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::control::Control;
use crate::error::Error;
use crate::program::{Row, Sink};
use crate::value::lanes::Operand;

use super::enumerate::Grid;
use super::stats::{Stats, Watch};
use super::search::Best;
use super::{Answer, Bound, Engine, Groups, Objective};

pub(super) fn best(
    engine: &Engine<'_>,
    bound: Bound,
    objective: &Objective,
    groups: Option<&Groups<'_>>,
    control: &Control,
) -> Result<Answer, Error> {
    let mut watch = Watch::start();
    let outer = groups.map(|groups| groups.axis).filter(|&axis| engine.space.lengths()[axis] > 1);
    let mut program = engine.program(bound, false, outer, control)?;
    program.leave_offset();
    let mut stats = Stats { size: engine.space.size(), threads: control.threads(), ..Stats::default() };
    stats.seconds.compile = watch.lap();

    let grid = Grid::new(&program, engine.space);
    control.begin(engine.space.size());
    // The grouped axis is an outer loop of its own.
    let slot = outer.and_then(|axis| program.layout.groups.iter().position(|group| group.axes == [axis]));
    let group_of = |row: &Row<'_>| match (groups, slot) {
        (Some(groups), Some(slot)) => groups.of[row.outer(slot)] as usize,
        _ => 0,
    };
    let count = groups.map_or(1, |groups| groups.of.iter().max().map_or(0, |&last| last as usize + 1));
    let sinks = grid.scan(
        0..grid.blocks,
        |block| block,
        || Scan { best: vec![None; count], group_of: &group_of, feasible: 0 },
        control,
    )?;
    let mut best: Vec<Option<Best>> = vec![None; count];
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
    stats.seconds.search = watch.lap();

    let found: Vec<Best> = best.into_iter().flatten().collect();
    let indices: Vec<u64> = found.iter().map(|best| best.index).collect();
    let values = found.iter().map(|best| best.value).collect();
    Ok(Answer::new(engine.space, &indices, vec![values], std::slice::from_ref(objective), stats))
}

struct Scan<G> {
    best: Vec<Option<Best>>,
    group_of: G,
    feasible: u64,
}

impl<G: Fn(&Row<'_>) -> usize> Sink for Scan<G> {
    #[inline(always)]
    fn row(&mut self, row: &Row<'_>) {
        let group = (self.group_of)(row);
        let best = &mut self.best[group];
        let values = match row.output(0) {
            Operand::Lanes(values) => values,
            // The same value everywhere: only the first configuration that counts can be best.
            Operand::Scalar(value) => {
                let first =
                    row.mask().and_then(|mask| mask.iter().position(|&counts| counts != 0.0)).unwrap_or(0);
                self.feasible += row.mask().map_or(row.lane_count(), count) as u64;
                if !value.is_nan() && best.is_none_or(|best| best.better(value, row.index(first))) {
                    *best = Some(Best { value, index: row.index(first) });
                }
                return;
            }
        };
        // Adding nothing would turn -0 into 0, which no comparison tells apart.
        let offset = row.offset();
        let add = offset.unwrap_or(0.0);
        let smallest = match row.mask() {
            None => {
                self.feasible += row.lane_count() as u64;
                smallest(values, add)
            }
            Some(mask) => {
                self.feasible += count(mask) as u64;
                smallest_of(values, mask, add)
            }
        };
        // Most rows end here: nothing in them is as small as the best so far.
        if best.is_some_and(|best| {
            smallest > best.value || (smallest == best.value && row.index(0) > best.index)
        }) {
            return;
        }
        for (lane, &value) in values.iter().enumerate() {
            let value = offset.map_or(value, |offset| offset + value);
            let counts = row.mask().is_none_or(|mask| mask[lane] != 0.0);
            if counts && !value.is_nan() && best.is_none_or(|best| best.better(value, row.index(lane))) {
                *best = Some(Best { value, index: row.index(lane) });
            }
        }
    }
}

/// How many lanes count.
#[inline(always)]
fn count(mask: &[f64]) -> usize {
    mask.iter().map(|&counts| counts as usize).sum()
}

/// The smallest `value + add` that is not NaN, or infinity. (Several minima at once, for the lanes.)
#[inline(always)]
fn smallest(values: &[f64], add: f64) -> f64 {
    let mut minima = [f64::INFINITY; 16];
    let parts = values.chunks_exact(16);
    let mut rest = f64::INFINITY;
    for &value in parts.remainder() {
        rest = if value + add < rest { value + add } else { rest };
    }
    for part in parts {
        for (minimum, &value) in minima.iter_mut().zip(part) {
            let value = value + add;
            *minimum = if value < *minimum { value } else { *minimum };
        }
    }
    minima.iter().fold(rest, |rest, &minimum| if minimum < rest { minimum } else { rest })
}

/// [`smallest`] of those that count.
#[inline(always)]
fn smallest_of(values: &[f64], mask: &[f64], add: f64) -> f64 {
    let mut minima = [f64::INFINITY; 8];
    for (values, mask) in values.chunks(8).zip(mask.chunks(8)) {
        for ((minimum, &value), &counts) in minima.iter_mut().zip(values).zip(mask) {
            let value = value + add;
            *minimum = if counts != 0.0 && value < *minimum { value } else { *minimum };
        }
    }
    minima.iter().fold(f64::INFINITY, |rest, &minimum| if minimum < rest { minimum } else { rest })
}

/// See [`Engine::any`].
pub(super) fn any(engine: &Engine<'_>, bound: Bound, control: &Control) -> Result<bool, Error> {
    let program = engine.program(bound, false, None, control)?;
    let grid = Grid::new(&program, engine.space);
    control.begin(engine.space.size());
    let found = AtomicBool::new(false);
    let mut start = 0;
    // Rounds, so that a far away configuration is not the price of a near one.
    let mut round = FIRST_ROUND;
    while start < grid.blocks && !found.load(Ordering::Relaxed) {
        let end = grid.blocks.min(start.saturating_add(grid.blocks_of(round)));
        grid.scan(start..end, |block| block, || Found(&found), control)?;
        (start, round) = (end, round.saturating_mul(4));
    }
    Ok(found.into_inner())
}

/// Configurations of the first round of [`any`]; each later one has four times as many.
const FIRST_ROUND: u64 = 1 << 18;

struct Found<'a>(&'a AtomicBool);

impl Sink for Found<'_> {
    #[inline(always)]
    fn row(&mut self, _row: &Row<'_>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
