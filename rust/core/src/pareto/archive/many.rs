//! Three objectives and more: a grid if the keys are coarse enough, else a forest.
//!
//! Which one it is, is decided anew whenever rows leave the grid, and whenever the forest has grown to twice the
//! rows of its last front.

use super::forest::Forest;
use super::grid::Grid;
use super::order::{Precision, Sizes};
use crate::control::{Control, Interrupted};
use crate::memory::{self, OutOfMemory};
use crate::parallel::Crew;
use crate::pareto::key::Cells;
use crate::pareto::points::Points;
use crate::pareto::rows::{Ties, joined};
use crate::value::simd::Level;

/// New rows of one piece of work.
const PIECE: usize = 1 << 12;

/// The rows of the front, and maybe more.
#[derive(Debug, Clone)]
pub(super) struct Many {
    precision: Precision,
    structure: Structure,
}

#[derive(Debug, Clone)]
enum Structure {
    Grid(Grid),
    Forest(Forest),
}

impl Many {
    pub(super) fn new(bits: &[u32], ties: Ties, sizes: Sizes) -> Self {
        let cells = bits.iter().map(|&bits| Cells::new(bits)).collect();
        let precision = Precision { bits: bits.to_vec(), cells, ties, sizes, level: Level::detect() };
        Self { precision, structure: Structure::Forest(Forest::default()) }
    }

    pub(super) fn len(&self) -> usize {
        match &self.structure {
            Structure::Grid(grid) => grid.len(),
            Structure::Forest(forest) => forest.len(),
        }
    }

    /// All rows, in pieces.
    pub(super) fn pieces(&self) -> Vec<&Points> {
        match &self.structure {
            Structure::Grid(grid) => grid.pieces().to_vec(),
            Structure::Forest(forest) => forest.pieces(),
        }
    }

    pub(super) fn unpruned(&self, bounds: &[&[f64]], indices: &[u64], open: &mut Vec<u32>) {
        match &self.structure {
            Structure::Grid(grid) => grid.unpruned(&self.precision, bounds, indices, open),
            Structure::Forest(forest) => forest.unpruned(&self.precision, bounds, indices, open),
        }
    }

    /// See [`Archive::prefilter`](super::Archive::prefilter): of neighbours that came out of one box, one often prunes
    /// the others.
    pub(super) fn prefilter(&self, points: &mut Points) -> Result<(), OutOfMemory> {
        let mut kept: Vec<usize> = memory::room(points.indices.len())?;
        'rows: for row in 0..points.indices.len() {
            while let Some(&before) = kept.last() {
                if self.precision.prunes(points, before, row) {
                    continue 'rows;
                }
                if !self.precision.prunes(points, row, before) {
                    break;
                }
                kept.pop();
            }
            kept.push(row);
        }
        points.keep(kept.iter().copied())
    }

    pub(super) fn add(&mut self, points: &Points, control: &Control) -> Result<(), Interrupted> {
        let open = self.open_rows(points, control)?;
        let new = points.select(open.iter().map(|&row| row as usize))?;
        match &mut self.structure {
            Structure::Grid(grid) if grid.reaches(&self.precision, &new) => {
                grid.add(&self.precision, new, control)
            }
            Structure::Forest(forest) if !forest.outgrown_by(new.indices.len()) => {
                let new = self.precision.front(&new, control)?;
                forest.add(&self.precision, new, control)
            }
            _ => self.arrange(new, control),
        }
    }

    /// The rows that the archive does not prune, ascending.
    fn open_rows(&self, points: &Points, control: &Control) -> Result<Vec<u32>, Interrupted> {
        let (columns, indices) = (points.columns(), points.indices.as_slice());
        assert!(columns.len() == self.precision.bits.len(), "{} objectives", self.precision.bits.len());
        assert!(columns.iter().all(|column| column.len() == indices.len()), "as many indices as values");
        let open = Crew::for_rows(control, indices.len()).map_chunks(indices.len(), PIECE, |range| {
            control.check()?;
            let columns: Vec<&[f64]> = columns.iter().map(|column| &column[range.clone()]).collect();
            let mut open = memory::room(range.len())?;
            self.unpruned(&columns, &indices[range.clone()], &mut open);
            open.iter_mut().for_each(|row| *row += range.start as u32);
            Ok(open)
        })?;
        joined(open, control)
    }

    /// Builds the structure that suits the front of what is there and what is new.
    fn arrange(&mut self, new: Points, control: &Control) -> Result<(), Interrupted> {
        let all = Points::joined(vec![self.take()?, new])?;
        if all.indices.is_empty() {
            return Ok(());
        }
        let front = self.precision.front(&all, control)?;
        self.structure = match Grid::over(&self.precision, &front)? {
            Some(mut grid) => {
                grid.add(&self.precision, front, control)?;
                Structure::Grid(grid)
            }
            None => Structure::Forest(Forest::of_front(&self.precision, front, control)?),
        };
        Ok(())
    }

    fn take(&mut self) -> Result<Points, OutOfMemory> {
        match std::mem::replace(&mut self.structure, Structure::Forest(Forest::default())) {
            Structure::Grid(grid) => grid.into_points(),
            Structure::Forest(forest) => forest.into_points(),
        }
    }

    pub(super) fn tidy(&mut self, control: &Control) -> Result<(), Interrupted> {
        match &mut self.structure {
            Structure::Grid(grid) => Ok(grid.tidy(&self.precision)?),
            Structure::Forest(_) => self.arrange(Points::none(self.precision.bits.len()), control),
        }
    }

    pub(super) fn into_points(mut self, control: &Control) -> Result<Points, Interrupted> {
        let all = self.take()?;
        if all.indices.is_empty() {
            return Ok(Points::none(self.precision.bits.len()));
        }
        self.precision.front(&all, control)
    }
}
