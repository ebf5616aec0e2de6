//! The goal of presolve: configurations that no other surely dominates.

use super::goal::{Candidates, Found, Goal, select};
use crate::control::{Control, Interrupted};
use crate::error::Error;
use crate::memory::{self, OutOfMemory};
use crate::pareto::archive::Archive;
use crate::pareto::{Points, Ties};
use crate::value::interval::step_down;

/// Keys with this number of bits are different for different numbers.
pub(super) const EXACT: u32 = 52;

/// Every configuration that no other surely dominates: by being less in every objective by more than its order gap, or
/// at most it where that gap is 0, and in one less by more than its strict gap. That takes in the exact front, and
/// what is too close to it.
pub(super) struct SurelyNondominated {
    archive: Archive,
    /// The order gap and the strict gap of each objective.
    gaps: Vec<(f64, f64)>,
    found: Points,
    most: usize,
}

impl SurelyNondominated {
    /// `gaps`: all order gaps are finite, at least one strict gap is. Looks for at most `most`
    /// configurations.
    pub(super) fn new(gaps: Vec<(f64, f64)>, most: usize) -> Self {
        let archive = Archive::new(&vec![EXACT; gaps.len()], Ties::First);
        let found = Points::none(gaps.len());
        Self { archive, gaps, found, most }
    }

    /// The configurations, best first by the objectives in order; `None` if there are too many.
    pub(super) fn into_points(self, control: &Control) -> Result<Option<Points>, Interrupted> {
        if self.is_done() {
            return Ok(None);
        }
        let mut open = Vec::new();
        let bounds = self.found.columns();
        let all = Candidates { bounds: &bounds, indices: &self.found.indices, groups: &[] };
        self.unpruned(&all, &mut open)?;
        // Samples come again with all of their box.
        open.sort_unstable_by_key(|&row| self.found.indices[row as usize]);
        open.dedup_by_key(|row| self.found.indices[*row as usize]);
        if open.len() > self.most {
            return Ok(None);
        }
        Ok(Some(self.found.select(open.iter().map(|&row| row as usize))?.sorted(control)?))
    }
}

impl Goal for SurelyNondominated {
    fn unpruned(&self, candidates: &Candidates<'_>, open: &mut Vec<u32>) -> Result<(), OutOfMemory> {
        let &Candidates { bounds, indices, .. } = candidates;
        memory::reserve(open, indices.len())?;
        let mut left = memory::collected(0..indices.len() as u32)?;
        let with_strict_gap =
            self.gaps.iter().enumerate().filter(|(_, (_, strict_gap))| strict_gap.is_finite());
        for (strict, &(_, strict_gap)) in with_strict_gap {
            let column = |(number, (column, &(order_gap, _))): (usize, (&&[f64], &(f64, f64)))| {
                let mut column = select(column, &left)?;
                let distance = if number == strict { order_gap.max(strict_gap) } else { order_gap };
                if number == strict || distance > 0.0 {
                    // What is at most this is less than the bound by more than the gap.
                    column.iter_mut().for_each(|bound| *bound = step_down(*bound - distance, 1));
                }
                Ok(column)
            };
            let columns = bounds.iter().zip(&self.gaps).enumerate().map(column);
            let columns: Vec<Vec<f64>> = columns.collect::<Result<_, OutOfMemory>>()?;
            let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            let mut some = memory::room(left.len())?;
            self.archive.unpruned(&columns, &memory::filled(left.len(), u64::MAX)?, &mut some);
            left = select(&left, &some)?;
        }
        open.extend(left);
        Ok(())
    }

    fn absorb(&mut self, found: Vec<Found>, control: &Control) -> Result<(), Error> {
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
