//! The values of formulas at given configurations.
//!
//! They are few, beside what a search looks at: not worth a layout and tables. Runs of configurations go
//! through the graph together, each node once, in lanes.

use std::ops::Range;
use std::sync::Mutex;

use crate::control::Control;
use crate::error::Error;
use crate::formula::graph::{Graph, Node, NodeId};
use crate::memory::{self, OutOfMemory};
use crate::parallel::{Crew, cut};
use crate::space::Space;
use crate::value::lanes::{Operand, apply_at};
use crate::value::simd::Level;

/// Configurations that go through the graph together.
const RUN: usize = 512;

/// Configurations that one thread takes at a time.
const JOB: usize = 64 * RUN;

/// Formulas bound to a space, to be evaluated where a search has been.
#[derive(Debug)]
pub struct Columns<'a> {
    space: &'a Space,
    graph: Graph,
    roots: Vec<NodeId>,
    /// What the roots need, operands before operations.
    needed: Vec<NodeId>,
    level: Level,
}

impl<'a> Columns<'a> {
    pub(super) fn new(space: &'a Space, graph: Graph, roots: Vec<NodeId>, level: Level) -> Self {
        let mut needed = roots.clone();
        let mut seen = vec![false; graph.nodes().len()];
        needed.iter().for_each(|node| seen[node.index()] = true);
        let mut next = 0;
        while let Some(&node) = needed.get(next) {
            for &operand in graph.operands(node) {
                if !std::mem::replace(&mut seen[operand.index()], true) {
                    needed.push(operand);
                }
            }
            next += 1;
        }
        needed.sort_unstable();
        needed.dedup();
        needed.retain(|&node| graph.value(node).is_none());
        Self { space, graph, roots, needed, level }
    }

    /// The values of the formulas, in their order. `positions` hold for each axis of the space the position
    /// of each configuration.
    ///
    /// # Errors
    ///
    /// [`Error::Space`] if the positions name no configurations, [`Error::Interrupted`], [`Error::Memory`].
    pub fn at(&self, positions: &[&[u32]], control: &Control) -> Result<Vec<Vec<f64>>, Error> {
        let count = self.space.count_positions(positions)?;
        let roots = self.roots.iter().map(|_| memory::zeroed(count));
        let mut columns: Vec<Vec<f64>> = roots.collect::<Result<_, _>>()?;
        // Jobs lie one after another in the columns, so each worker cuts the next one off the rest.
        let rest = Mutex::new((0, columns.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>()));
        Crew::for_rows(control, count).workers(
            count.div_ceil(JOB),
            || Ok(vec![Vec::new(); self.graph.nodes().len()]),
            |values, _| {
                let (first, end, mut part) = {
                    let mut rest = rest.lock().expect("no worker panics while it holds the rest");
                    let (first, end) = (rest.0, count.min(rest.0 + JOB));
                    rest.0 = end;
                    (first, end, cut(&mut rest.1, end - first))
                };
                for start in (first..end).step_by(RUN) {
                    control.check()?;
                    let run = start..end.min(start + RUN);
                    self.run(values, positions, run.clone())?;
                    for (out, &root) in part.iter_mut().zip(&self.roots) {
                        let out = &mut out[start - first..][..run.len()];
                        self.operand(values, root).write_to(out);
                    }
                }
                Ok(())
            },
        )?;
        Ok(columns)
    }

    /// Computes every node at a run of configurations; `values` has a place for each.
    fn run(
        &self,
        values: &mut [Vec<f64>],
        positions: &[&[u32]],
        run: Range<usize>,
    ) -> Result<(), OutOfMemory> {
        for &node in &self.needed {
            let mut out = std::mem::take(&mut values[node.index()]);
            memory::resize(&mut out, run.len(), 0.0)?;
            match self.graph.node(node) {
                Node::Constant(_) => unreachable!("constants are no lanes"),
                Node::Column(column) => {
                    let column = &self.space.columns()[column];
                    let positions = &positions[column.axis][run.clone()];
                    out.iter_mut().zip(positions).for_each(|(out, &at)| *out = column.values[at as usize]);
                }
                Node::Apply(op, operands) => {
                    let [a, b, c] = operands.map(|operand| self.operand(values, operand));
                    apply_at(self.level, op, a, b, c, &mut out);
                }
            }
            values[node.index()] = out;
        }
        Ok(())
    }

    fn operand<'v>(&self, values: &'v [Vec<f64>], node: NodeId) -> Operand<'v> {
        match self.graph.value(node) {
            Some(value) => Operand::Scalar(value),
            None => Operand::Lanes(&values[node.index()]),
        }
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
