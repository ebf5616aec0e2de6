//! The goal of presolve: configurations that no other surely dominates.

use super::goal::{Found, Goal, select};
use crate::control::{Control, Interrupted};
use crate::error::Error;
use crate::memory::{self, OutOfMemory};
use crate::pareto::archive::Archive;
use crate::pareto::{Points, Ties};
use crate::value::interval::step_down;

/// Keys with so many bits tell all numbers apart.
pub(super) const EXACT: u32 = 52;

/// Every configuration that no other outdoes: by being less in every objective by more than what is safe, or at most
/// it where all is, and in one less by more than another distance. That takes in the exact front, and what is too
/// close to it.
pub(super) struct NotOutdone {
    archive: Archive,
    /// What is safe, and what sets apart, for each objective.
    distances: Vec<(f64, f64)>,
    found: Points,
    most: usize,
}

impl NotOutdone {
    /// For these distances; finite are all that are safe, and one at least that sets apart. Looks for at most `most`
    /// configurations.
    pub(super) fn new(distances: Vec<(f64, f64)>, most: usize) -> Self {
        let archive = Archive::new(&vec![EXACT; distances.len()], Ties::First);
        let found = Points::none(distances.len());
        Self { archive, distances, found, most }
    }

    /// The configurations, best first by the objectives in order; nothing if there are too many.
    pub(super) fn into_points(self, control: &Control) -> Result<Option<Points>, Interrupted> {
        if self.is_done() {
            return Ok(None);
        }
        let mut open = Vec::new();
        self.unsettled(&self.found.columns(), &self.found.indices, &[], &mut open)?;
        // Samples come again with all of their box.
        open.sort_unstable_by_key(|&row| self.found.indices[row as usize]);
        open.dedup_by_key(|row| self.found.indices[*row as usize]);
        if open.len() > self.most {
            return Ok(None);
        }
        Ok(Some(self.found.select(open.iter().map(|&row| row as usize))?.sorted(control)?))
    }
}

impl Goal for NotOutdone {
    fn unsettled(
        &self,
        bounds: &[&[f64]],
        indices: &[u64],
        _groups: &[u32],
        open: &mut Vec<u32>,
    ) -> Result<(), OutOfMemory> {
        memory::reserve(open, indices.len())?;
        let mut left = memory::collected(0..indices.len() as u32)?;
        let setting_apart = self.distances.iter().enumerate().filter(|(_, (_, apart))| apart.is_finite());
        for (strict, &(_, apart)) in setting_apart {
            let column = |(number, (column, &(safe, _))): (usize, (&&[f64], &(f64, f64)))| {
                let mut column = select(column, &left)?;
                let distance = if number == strict { safe.max(apart) } else { safe };
                if number == strict || distance > 0.0 {
                    // What is at most this is less than the bound by more than the distance.
                    column.iter_mut().for_each(|bound| *bound = step_down(*bound - distance, 1));
                }
                Ok(column)
            };
            let columns = bounds.iter().zip(&self.distances).enumerate().map(column);
            let columns: Vec<Vec<f64>> = columns.collect::<Result<_, OutOfMemory>>()?;
            let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            let mut some = memory::room(left.len())?;
            self.archive.unsettled(&columns, &memory::filled(left.len(), u64::MAX)?, &mut some);
            left = select(&left, &some)?;
        }
        open.extend(left);
        Ok(())
    }

    fn take(&mut self, found: Vec<Found>, control: &Control) -> Result<(), Error> {
        let points = Points::joined(memory::collected(found.into_iter().map(|found| found.points))?)?;
        if !points.indices.is_empty() {
            self.archive.add(vec![points.copied()?], control)?;
            self.found.append(points)?;
        }
        Ok(())
    }

    fn rows(&self) -> usize {
        self.archive.len()
    }

    fn is_done(&self) -> bool {
        self.archive.len() > self.most
    }
}
