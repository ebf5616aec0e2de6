//! The values of formulas at given configurations.
//!
//! They are few, beside what a search looks at: not worth a layout and tables. Runs of configurations go through one
//! tape, whose loads are the columns of the space.

use std::sync::Mutex;

use crate::control::Control;
use crate::error::Error;
use crate::formula::graph::{Graph, Node, NodeId};
use crate::memory;
use crate::parallel::{Crew, cut};
use crate::program::search::{Entries, Lanes, Tape};
use crate::program::{Depends, Roots};
use crate::space::Space;
use crate::value::simd::Level;

/// Configurations that go through the tape together.
const RUN: usize = 512;

/// Configurations that one thread takes at a time.
const JOB: usize = 64 * RUN;

/// Formulas bound to a space, to be evaluated where a search has been.
#[derive(Debug)]
pub struct Columns<'a> {
    space: &'a Space,
    tape: Tape,
    /// The columns of the space.
    entries: Vec<Entries>,
    level: Level,
}

impl<'a> Columns<'a> {
    pub(super) fn new(space: &'a Space, graph: &Graph, roots: Vec<NodeId>, level: Level) -> Self {
        let lengths = space.lengths();
        let axes: Vec<usize> = (0..lengths.len()).filter(|&axis| lengths[axis] > 1).collect();
        let depends = Depends::new(graph, space, &axes);
        let roots = Roots { constraints: vec![], outputs: roots };
        let column = |node| if let Node::Column(column) = graph.node(node) { Some(column) } else { None };
        let tape = Tape::new(graph, space, &depends, &roots, column);
        let entries = space.columns().iter();
        let entries = entries
            .map(|column| Entries { numbers: column.values.clone(), strides: vec![(column.axis, 1)] })
            .collect();
        Self { space, tape, entries, level }
    }

    /// The values of the formulas, in their order. `positions` hold for each axis of the space the position
    /// of each configuration.
    ///
    /// # Errors
    ///
    /// [`Error::Space`] if the positions name no configurations, [`Error::Interrupted`], [`Error::Memory`].
    pub fn at(&self, positions: &[&[u32]], control: &Control) -> Result<Vec<Vec<f64>>, Error> {
        let count = self.space.count_positions(positions)?;
        let columns = self.tape.outputs.iter().map(|_| memory::zeroed(count));
        let mut columns: Vec<Vec<f64>> = columns.collect::<Result<_, _>>()?;
        // Jobs lie one after another in the columns, so each worker cuts the next one off the rest.
        let rest = Mutex::new((0, columns.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>()));
        Crew::for_rows(control, count).workers(
            count.div_ceil(JOB),
            || Ok(Lanes::default()),
            |lanes, _| {
                let (first, end, mut part) = {
                    let mut rest = rest.lock().expect("no worker panics while it holds the rest");
                    let (first, end) = (rest.0, count.min(rest.0 + JOB));
                    rest.0 = end;
                    (first, end, cut(&mut rest.1, end - first))
                };
                for start in (first..end).step_by(RUN) {
                    control.check()?;
                    let run = start..end.min(start + RUN);
                    let positions: Vec<&[u32]> = positions.iter().map(|axis| &axis[run.clone()]).collect();
                    self.tape.values(&self.entries, &positions, run.len(), self.level, lanes)?;
                    for (out, &place) in part.iter_mut().zip(&self.tape.outputs) {
                        let out = &mut out[start - first..][..run.len()];
                        lanes.at(place).write_to(out);
                    }
                }
                Ok(())
            },
        )?;
        Ok(columns)
    }
}

/// How rows leave ranges, one for each column.
#[derive(Debug, Clone, PartialEq)]
pub struct Outside {
    /// Rows of which some column is outside its range.
    pub rows: usize,
    /// The least and the greatest value of each column, NaN left out.
    pub extremes: Vec<(f64, f64)>,
}

/// Compares columns of equal length with a range each. NaN is not outside.
#[must_use]
pub fn outside(columns: &[Vec<f64>], ranges: &[(f64, f64)]) -> Outside {
    let count = columns.first().map_or(0, Vec::len);
    let beyond = |row: usize| {
        let mut values = columns.iter().zip(ranges).map(|(column, &(low, high))| (column[row], low, high));
        values.any(|(value, low, high)| value < low || value > high)
    };
    let extremes = columns.iter().map(|column| {
        column.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), &value| {
            (least.min(value), most.max(value))
        })
    });
    Outside { rows: (0..count).filter(|&row| beyond(row)).count(), extremes: extremes.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_outside_several_ranges_count_once_and_nan_not_at_all() {
        let columns = [vec![0.0, 1.0, 5.0, f64::NAN], vec![9.0, 2.0, 2.0, 2.0]];
        let outside = outside(&columns, &[(1.0, 4.0), (2.0, 3.0)]);
        assert_eq!(outside, Outside { rows: 2, extremes: vec![(0.0, 5.0), (2.0, 9.0)] });
    }

    #[test]
    fn columns_without_a_number_are_nowhere() {
        let outside = outside(&[vec![f64::NAN]], &[(1.0, 4.0)]);
        assert_eq!(outside, Outside { rows: 0, extremes: vec![(f64::INFINITY, f64::NEG_INFINITY)] });
    }
}
