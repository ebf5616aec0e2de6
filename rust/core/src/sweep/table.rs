//! Every configuration, in index order.

use std::sync::Mutex;

use crate::control::Control;
use crate::error::Error;
use crate::program::{Row, Sink};
use crate::space::Space;
use crate::value::lanes::Operand;

use super::enumerate::Grid;
use super::stats::{Stats, Watch};
use super::{Answer, Bound, Engine, minimized};

pub(super) fn table(
    engine: &Engine<'_>,
    columns: &[String],
    constraints: &[String],
    max_bytes: u64,
    control: &Control,
) -> Result<Answer, Error> {
    let mut watch = Watch::start();
    let space = engine.space;
    let mut bound = engine.bind(constraints, &minimized(columns))?;
    bound.axes = (0..space.lengths().len()).filter(|&axis| space.lengths()[axis] > 1).collect();
    let row_bytes = (8 * columns.len() + 4 * space.lengths().len()).max(1) as u64;
    let limit = max_bytes / row_bytes;
    if constraints.is_empty() && space.size() > limit {
        return Err(Error::Limit { rows: space.size(), limit });
    }
    let mut stats = Stats { size: space.size(), threads: control.threads(), ..Stats::default() };
    let counted = if constraints.is_empty() {
        None
    } else {
        let bound = engine.bind(constraints, &[])?;
        let bound = Bound {
            axes: (0..space.lengths().len()).filter(|&axis| space.lengths()[axis] > 1).collect(),
            ..bound
        };
        Some(engine.program(bound, true, None, control)?)
    };
    let program = engine.program(bound, true, None, control)?;
    stats.seconds.compile = watch.lap();

    let grid = Grid::new(&program, space);
    control.begin(space.size());
    let counts = match counted {
        None => grid.jobs().into_iter().map(|job| grid.count(job)).collect(),
        // The count runs over the same blocks: a fixed order leaves the layout no choice.
        Some(program) => count(&Grid::new(&program, space), control)?,
    };
    let rows = counts.iter().sum::<u64>();
    if rows > limit {
        return Err(Error::Limit { rows, limit });
    }
    let mut answer = Answer {
        positions: vec![vec![0; rows as usize]; space.lengths().len()],
        objectives: vec![vec![0.0; rows as usize]; columns.len()],
        stats,
    };
    control.begin(space.size());
    write(&grid, space, &counts, &mut answer.positions, &mut answer.objectives, control)?;
    answer.stats.evaluated = space.size();
    answer.stats.feasible = rows;
    answer.stats.seconds.search = watch.lap();
    Ok(answer)
}

/// How many configurations of each job count.
fn count(grid: &Grid<'_>, control: &Control) -> Result<Vec<u64>, Error> {
    let jobs = grid.jobs();
    let counts: Vec<Mutex<u64>> = jobs.iter().map(|_| Mutex::new(0)).collect();
    grid.crew(control, grid.visited).workers(
        jobs.len(),
        || grid.scratch(),
        |scratch, job| {
            let mut sink = Count(0);
            grid.run(scratch, jobs[job].clone(), &mut sink, control)?;
            *counts[job].lock().expect("nobody panics with the lock") = sink.0;
            Ok(())
        },
    )?;
    Ok(counts.into_iter().map(|count| count.into_inner().expect("nobody panics with the lock")).collect())
}

struct Count(u64);

impl Sink for Count {
    #[inline(always)]
    fn row(&mut self, row: &Row<'_>) {
        self.0 += row.mask().map_or(row.lane_count(), |mask| mask.iter().map(|&counts| counts as usize).sum())
            as u64;
    }
}

/// Writes each job's configurations to its own part of the columns.
fn write(
    grid: &Grid<'_>,
    space: &Space,
    counts: &[u64],
    positions: &mut [Vec<u32>],
    outputs: &mut [Vec<f64>],
    control: &Control,
) -> Result<(), Error> {
    let jobs = grid.jobs();
    let mut parts: Vec<Write<'_>> =
        counts.iter().map(|_| Write { space, positions: vec![], outputs: vec![], filled: 0 }).collect();
    for column in positions {
        let mut rest = column.as_mut_slice();
        for (part, &count) in parts.iter_mut().zip(counts) {
            let (head, tail) = rest.split_at_mut(count as usize);
            part.positions.push(head);
            rest = tail;
        }
    }
    for column in outputs {
        let mut rest = column.as_mut_slice();
        for (part, &count) in parts.iter_mut().zip(counts) {
            let (head, tail) = rest.split_at_mut(count as usize);
            part.outputs.push(head);
            rest = tail;
        }
    }
    let parts: Vec<Mutex<Write<'_>>> = parts.into_iter().map(Mutex::new).collect();
    grid.crew(control, grid.visited).workers(
        jobs.len(),
        || grid.scratch(),
        |scratch, job| {
            let mut part = parts[job].lock().expect("each part is one job's");
            grid.run(scratch, jobs[job].clone(), &mut *part, control)
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
    fn row(&mut self, row: &Row<'_>) {
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
    }
}
