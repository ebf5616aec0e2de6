//! Every configuration, in index order.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::grid::Grid;
use crate::control::{Control, Interrupted};
use crate::error::Error;
use crate::memory::{self, OutOfMemory, Zero};
use crate::parallel::cut;
use crate::program::enumerate::{Row, Sink};
use crate::space::Space;
use crate::sweep::answer::Answer;
use crate::sweep::bound::Bound;
use crate::sweep::stats::{Stats, Stopwatch};
use crate::value::lanes::Operand;

/// Every configuration that meets the constraints of `bound`, with its outputs. `counted` is bound to the constraints
/// alone, if there are any.
pub(in crate::sweep) fn table(
    mut bound: Bound<'_>,
    counted: Option<Bound<'_>>,
    max_bytes: u64,
    control: &Control,
) -> Result<Answer, Error> {
    let mut stopwatch = Stopwatch::start();
    let space = bound.space;
    let columns = bound.roots.outputs.len();
    bound.touch_all();
    let row_bytes = (8 * columns + 4 * space.lengths().len()).max(1) as u64;
    let limit = max_bytes / row_bytes;
    if counted.is_none() && space.size() > limit {
        return Err(Error::Limit { rows: space.size(), limit });
    }
    let mut stats = Stats { size: space.size(), threads: control.threads(), ..Stats::default() };
    let counted = counted.map(|mut counted| {
        counted.touch_all();
        counted.program(true, None, control)
    });
    let counted = counted.transpose()?;
    let program = bound.program(true, None, control)?;
    stats.seconds.compile = stopwatch.lap();

    let grid = Grid::new(&program, space);
    control.begin(space.size());
    let counts = match counted {
        None => memory::collected((0..grid.jobs()).map(|job| grid.count(job)))?,
        // The count runs over the same blocks: a fixed order leaves the layout no choice.
        Some(program) => count(&Grid::new(&program, space), control)?,
    };
    let rows = counts.iter().sum::<u64>();
    if rows > limit {
        return Err(Error::Limit { rows, limit });
    }
    memory::ensure(usize::try_from(rows.saturating_mul(row_bytes)).unwrap_or(usize::MAX))?;
    let mut answer = Answer {
        positions: columns_of_zeros(space.lengths().len(), rows)?,
        objectives: columns_of_zeros(columns, rows)?,
        stats,
    };
    control.begin(space.size());
    write(&grid, space, &counts, &mut answer.positions, &mut answer.objectives, control)?;
    answer.stats.evaluated = space.size();
    answer.stats.feasible = rows;
    answer.stats.seconds.search = stopwatch.lap();
    Ok(answer)
}

fn columns_of_zeros<T: Zero>(count: usize, rows: u64) -> Result<Vec<Vec<T>>, OutOfMemory> {
    let rows = usize::try_from(rows).unwrap_or(usize::MAX);
    (0..count).map(|_| memory::zeroed(rows)).collect()
}

/// How many configurations of each job count.
fn count(grid: &Grid<'_>, control: &Control) -> Result<Vec<u64>, Interrupted> {
    let counts = memory::collected((0..grid.jobs()).map(|_| AtomicU64::new(0)))?;
    grid.crew(control, grid.visited).workers(
        grid.jobs(),
        || Ok(grid.scratch()?),
        |scratch, job| {
            let mut sink = Count(0);
            grid.run(scratch, grid.job(job), &mut sink, control)?;
            counts[job].store(sink.0, Ordering::Relaxed);
            Ok(())
        },
    )?;
    Ok(memory::collected(counts.into_iter().map(AtomicU64::into_inner))?)
}

struct Count(u64);

impl Sink for Count {
    #[inline(always)]
    fn row(&mut self, row: &Row<'_>) -> Result<(), Interrupted> {
        self.0 += row.mask().map_or(row.lane_count(), |mask| mask.iter().map(|&counts| counts as usize).sum())
            as u64;
        Ok(())
    }
}

/// What is still to be written, and by which job.
struct Rest<'a> {
    job: usize,
    positions: Vec<&'a mut [u32]>,
    outputs: Vec<&'a mut [f64]>,
}

/// Writes each job's configurations to its own part of the columns.
fn write(
    grid: &Grid<'_>,
    space: &Space,
    counts: &[u64],
    positions: &mut [Vec<u32>],
    outputs: &mut [Vec<f64>],
    control: &Control,
) -> Result<(), Interrupted> {
    // Jobs lie one after another in the columns, so each worker cuts the next one off the rest.
    let rest = Mutex::new(Rest {
        job: 0,
        positions: positions.iter_mut().map(Vec::as_mut_slice).collect(),
        outputs: outputs.iter_mut().map(Vec::as_mut_slice).collect(),
    });
    grid.crew(control, grid.visited).workers(
        grid.jobs(),
        || Ok(grid.scratch()?),
        |scratch, _| {
            let (job, mut part) = {
                let mut rest = rest.lock().expect("no worker panics while it holds the rest");
                let job = rest.job;
                rest.job += 1;
                let count = counts[job] as usize;
                let (positions, outputs) = (cut(&mut rest.positions, count), cut(&mut rest.outputs, count));
                (job, Write { space, positions, outputs, filled: 0 })
            };
            grid.run(scratch, grid.job(job), &mut part, control)
        },
    )?;
    Ok(())
}

struct Write<'a> {
    space: &'a Space,
    positions: Vec<&'a mut [u32]>,
    outputs: Vec<&'a mut [f64]>,
    filled: usize,
}

impl Sink for Write<'_> {
    #[inline(always)]
    fn row(&mut self, row: &Row<'_>) -> Result<(), Interrupted> {
        let mask = row.mask();
        let counts = |lane: &usize| mask.is_none_or(|mask| mask[*lane] != 0.0);
        let start = self.filled;
        for (axis, out) in self.positions.iter_mut().enumerate() {
            let stride = self.space.stride(axis);
            let length = self.space.lengths()[axis] as u64;
            let lanes = (0..row.lane_count()).filter(counts);
            for (out, lane) in out[start..].iter_mut().zip(lanes) {
                *out = (row.index(lane) / stride % length) as u32;
            }
        }
        for (output, out) in self.outputs.iter_mut().enumerate() {
            let lanes = (0..row.lane_count()).filter(counts);
            match row.output(output) {
                Operand::Scalar(value) => {
                    out[start..].iter_mut().zip(lanes).for_each(|(out, _)| *out = value)
                }
                Operand::Lanes(values) => {
                    out[start..].iter_mut().zip(lanes).for_each(|(out, lane)| *out = values[lane]);
                }
            }
        }
        self.filled += mask.map_or(row.lane_count(), |mask| mask.iter().map(|&counts| counts as usize).sum());
        Ok(())
    }
}
