//! The goal of a front.

use super::goal::{Candidates, Found, FrontSize, Goal, each_group, select};
use super::open_boxes::Open;
use super::reach::reached;
use crate::control::{Control, Interrupted};
use crate::error::Error;
use crate::memory::{self, OutOfMemory};
use crate::pareto::archive::Archive;
use crate::pareto::groups::by_group;
use crate::pareto::{Points, Ties};

/// The front of all configurations, or of each group.
///
/// What is found so far may be dominated later, all of it, so its rows alone are no proof about the answer's. Rows
/// that no configuration of an open box can dominate or represent will stay; an answer that surely has too many is
/// refused as soon as that is known.
pub(super) struct FrontGoal {
    archives: Vec<Archive>,
    bits: Vec<u32>,
    ties: Ties,
    /// Most rows of the answer.
    limit: u64,
    /// Most rows that are kept meanwhile.
    held: u64,
    /// Rows from which on it pays to look again whether too many will stay.
    look_at: u64,
    /// Whether a quick proof was not tried yet.
    untried: bool,
}

/// A proof is tried at this part of the limit: rows as few as that cost little, and the first look of a proof as
/// little.
const TRIED_FROM: u64 = 64;

/// How many times the limit a front must be expected to have for that.
const FAR: u64 = 2;

impl FrontGoal {
    pub(super) fn new(
        bits: &[u32],
        ties: Ties,
        groups: usize,
        limit: u64,
        held: u64,
    ) -> Result<Self, OutOfMemory> {
        let archives = each_group(groups, || Archive::new(bits, ties))?;
        let look_at = limit.saturating_add(1);
        Ok(Self { archives, bits: bits.to_vec(), ties, limit, held, look_at, untried: true })
    }

    /// How many rows no open box reaches.
    fn staying(&self, reached: &[Archive], control: &Control) -> Result<u64, Interrupted> {
        let archives = self.archives.iter().zip(reached);
        archives.map(|(archive, reached)| archive.unpruned_by(reached, control)).sum()
    }

    /// Drops what is no longer on the front: some structures count it.
    fn tidy(&mut self, control: &Control) -> Result<(), Interrupted> {
        self.archives.iter_mut().try_for_each(|archive| archive.tidy(control))
    }

    /// The rows of each group, best first.
    pub(super) fn into_points(self, control: &Control) -> Result<Vec<Points>, Error> {
        let mut points = memory::room(self.archives.len())?;
        for archive in self.archives {
            points.push(archive.into_points(control)?);
        }
        Ok(points)
    }
}

impl Goal for FrontGoal {
    fn unpruned(&self, candidates: &Candidates<'_>, open: &mut Vec<u32>) -> Result<(), OutOfMemory> {
        let &Candidates { bounds, indices, groups } = candidates;
        memory::reserve(open, indices.len())?;
        if groups.is_empty() {
            self.archives[0].unpruned(bounds, indices, open);
            return Ok(());
        }
        by_group::<OutOfMemory>(groups, |group, lanes| {
            let columns = bounds.iter().map(|column| select(column, lanes)).collect::<Result<Vec<_>, _>>()?;
            let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            let mut some = memory::room(lanes.len())?;
            self.archives[group].unpruned(&columns, &select(indices, lanes)?, &mut some);
            open.extend(some.into_iter().map(|place| lanes[place as usize]));
            Ok(())
        })?;
        open.sort_unstable();
        Ok(())
    }

    fn prefilter(&self, found: &mut Found) -> Result<(), OutOfMemory> {
        match self.archives.as_slice() {
            [archive] => archive.prefilter(&mut found.points),
            _ => Ok(()),
        }
    }

    fn absorb(&mut self, found: Vec<Found>, control: &Control) -> Result<(), Error> {
        if let [archive] = self.archives.as_mut_slice() {
            archive.add(memory::collected(found.into_iter().map(|found| found.points))?, control)?;
        } else {
            let mut parts: Vec<Vec<Points>> = memory::filled(self.archives.len(), Vec::new())?;
            for Found { points, groups } in found {
                by_group::<OutOfMemory>(&groups, |group, rows| {
                    let points = points.select(rows.iter().map(|&row| row as usize))?;
                    memory::push(&mut parts[group], points)
                })?;
            }
            for (archive, points) in self.archives.iter_mut().zip(parts) {
                archive.add(points, control)?;
            }
        }
        if self.rows() as u64 > self.held {
            self.tidy(control)?;
        }
        let (rows, limit) = (self.rows() as u64, self.held);
        if rows > limit { Err(Error::Held { rows, limit }) } else { Ok(()) }
    }

    fn check_size(
        &mut self,
        open: &Open,
        groups: impl FnOnce() -> Result<Vec<u32>, OutOfMemory>,
        control: &Control,
    ) -> Result<(), Error> {
        let (rows, limit) = (self.rows() as u64, self.limit);
        if rows < self.look_at {
            return Ok(());
        }
        let bounds: Vec<&[f64]> = open.bounds[..self.bits.len()].iter().map(Vec::as_slice).collect();
        let groups = groups()?;
        let mut alive = Vec::new();
        let boxes = Candidates { bounds: &bounds, indices: &open.index, groups: &groups };
        self.unpruned(&boxes, &mut alive)?;
        let reached = reached(&self.bits, self.archives.len(), open, &alive, &groups, control)?;
        let mut staying = self.staying(&reached, control)?;
        if staying > limit {
            // Some of them may be dominated by others.
            self.tidy(control)?;
            staying = self.staying(&reached, control)?;
        }
        if staying > limit {
            return Err(Error::Limit { rows: staying, limit });
        }
        // As many rows more as are wanting, if that is not too few to be worth a look, nor a step into the dark.
        let rows = self.rows() as u64;
        self.look_at = limit.max(rows + (limit - staying).clamp(rows / 64, rows / 4)).saturating_add(1);
        Ok(())
    }

    fn proof(&mut self, settled: u64, size: u64) -> Option<FrontSize> {
        let rows = self.rows() as u64;
        // As many of what is left are expected on the front as of what is settled.
        let expected = u128::from(rows) * u128::from(size) / u128::from(settled.max(1));
        let worth = self.untried
            && rows > self.limit / TRIED_FROM
            && expected > u128::from(self.limit) * u128::from(FAR);
        worth.then(|| {
            self.untried = false;
            FrontSize {
                bits: self.bits.clone(),
                ties: self.ties,
                groups: self.archives.len(),
                limit: self.limit,
            }
        })
    }

    fn rows(&self) -> usize {
        self.archives.iter().map(Archive::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A configuration for each pair of objectives, in order.
    fn points(rows: &[[f64; 2]]) -> Vec<Found> {
        let objectives = (0..2).map(|objective| rows.iter().map(|row| row[objective]).collect()).collect();
        let points = Points { objectives, indices: (0..rows.len() as u64).collect() };
        vec![Found { points, groups: vec![] }]
    }

    #[test]
    fn rows_stay_unless_an_open_box_reaches_them() {
        let control = Control::new(1);
        for (corner, staying) in
            [([-9.0, 9.0], 3), ([1.5, 2.0], 2), ([1.5, 0.0], 1), ([2.0, 2.0], 3), ([0.0, 0.0], 0)]
        {
            let mut goal = FrontGoal::new(&[52, 52], Ties::First, 1, 1, 99).expect("memory");
            goal.absorb(points(&[[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]]), &control).expect("room for three");
            let mut open = Open::new(0, 2);
            open.bounds = corner.iter().map(|&bound| vec![bound]).collect();
            open.index = vec![9];
            let refused = match goal.check_size(&open, || Ok(Vec::new()), &control) {
                Ok(()) => None,
                Err(Error::Limit { rows, limit: 1 }) => Some(rows),
                Err(error) => panic!("{error}"),
            };
            assert_eq!(refused, Some(staying).filter(|&rows| rows > 1), "{corner:?}");
        }
    }

    #[test]
    fn a_search_that_has_no_room_left_says_that_and_not_that_its_answer_is_large() {
        let mut goal = FrontGoal::new(&[52, 52], Ties::First, 1, 99, 2).expect("memory");
        let error = goal.absorb(points(&[[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]]), &Control::new(1)).unwrap_err();
        assert_eq!(error, Error::Held { rows: 3, limit: 2 });
    }
}
