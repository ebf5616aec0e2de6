//! What a search can be for: the front, the best of each group, all that is near enough, whether there is any.

use crate::control::{Control, Interrupted};
use crate::error::Error;
use crate::memory::{self, OutOfMemory};
use crate::pareto::archive::Archive;
use crate::pareto::groups::by_group;
use crate::pareto::{Points, Ties};
use crate::value::interval::step_down;

use super::open::Open;
use super::proof::Proof;
use super::{Found, Goal};

/// The front of all configurations, or of each group.
///
/// What is found so far may be dominated later, all of it, so its rows alone prove nothing about the answer's. Rows
/// that no configuration of an open box can dominate or represent will stay; an answer that surely has too many is
/// refused as soon as that is known.
pub(in crate::sweep) struct FrontGoal {
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

/// A proof is tried at this part of the limit: so few rows cost little, and the first look of a proof as little.
const TRIED_FROM: u64 = 64;

/// How many times the limit a front must be expected to have for that.
const FAR: u64 = 2;

impl FrontGoal {
    pub(in crate::sweep) fn new(
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
        archives.map(|(archive, reached)| archive.unsettled_by(reached, control)).sum()
    }

    /// Drops what is no longer on the front: some structures count it.
    fn tidy(&mut self, control: &Control) -> Result<(), Interrupted> {
        self.archives.iter_mut().try_for_each(|archive| archive.tidy(control))
    }

    /// The rows of each group, best first.
    pub(in crate::sweep) fn into_points(self, control: &Control) -> Result<Vec<Points>, Error> {
        let mut points = memory::room(self.archives.len())?;
        for archive in self.archives {
            points.push(archive.into_points(control)?);
        }
        Ok(points)
    }
}

/// For each group, what these of the open boxes reach: what their low ends are at most.
pub(super) fn reached(
    bits: &[u32],
    count: usize,
    open: &Open,
    boxes: &[u32],
    groups: &[u32],
    control: &Control,
) -> Result<Vec<Archive>, Error> {
    let mut reached = each_group(count, || Archive::new(bits, Ties::First))?;
    let mut enter = |number: usize, boxes: &[u32]| -> Result<(), Error> {
        // A box is no better than a configuration at its low ends would be.
        let bounds = open.bounds[..bits.len()].iter();
        let corners = Points {
            objectives: bounds.map(|column| select(column, boxes)).collect::<Result<_, _>>()?,
            indices: memory::filled(boxes.len(), 0)?,
        };
        Ok(reached[number].add(vec![corners], control)?)
    };
    if groups.is_empty() {
        enter(0, boxes)?;
    } else {
        by_group(&select(groups, boxes)?, |number, some| enter(number, &select(boxes, some)?))?;
    }
    Ok(reached)
}

/// One of something for each group.
fn each_group<T>(groups: usize, make: impl Fn() -> T) -> Result<Vec<T>, OutOfMemory> {
    /// Groups that together make something of this size, none of which asks for its own.
    const SOME: usize = 1 << 10;
    let mut each = memory::room(groups)?;
    for group in 0..groups {
        if group % SOME == 0 {
            memory::ensure(SOME << 10)?;
        }
        each.push(make());
    }
    Ok(each)
}

pub(super) fn select<T: Copy>(column: &[T], lanes: &[u32]) -> Result<Vec<T>, OutOfMemory> {
    memory::collected(lanes.iter().map(|&lane| column[lane as usize]))
}

impl Goal for FrontGoal {
    fn unsettled(
        &self,
        bounds: &[&[f64]],
        indices: &[u64],
        groups: &[u32],
        open: &mut Vec<u32>,
    ) -> Result<(), OutOfMemory> {
        memory::reserve(open, indices.len())?;
        if groups.is_empty() {
            self.archives[0].unsettled(bounds, indices, open);
            return Ok(());
        }
        by_group::<OutOfMemory>(groups, |group, lanes| {
            let columns = bounds.iter().map(|column| select(column, lanes)).collect::<Result<Vec<_>, _>>()?;
            let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            let mut some = memory::room(lanes.len())?;
            self.archives[group].unsettled(&columns, &select(indices, lanes)?, &mut some);
            open.extend(some.into_iter().map(|place| lanes[place as usize]));
            Ok(())
        })?;
        open.sort_unstable();
        Ok(())
    }

    fn thin(&self, found: &mut Found) -> Result<(), OutOfMemory> {
        match self.archives.as_slice() {
            [archive] => archive.thin(&mut found.points),
            _ => Ok(()),
        }
    }

    fn take(&mut self, found: Vec<Found>, control: &Control) -> Result<(), Error> {
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
        self.unsettled(&bounds, &open.index, &groups, &mut alive)?;
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

    fn proof(&mut self, settled: u64, size: u64) -> Option<Proof> {
        let rows = self.rows() as u64;
        // As many of what is left are expected on the front as of what is settled.
        let expected = u128::from(rows) * u128::from(size) / u128::from(settled.max(1));
        let worth = self.untried
            && rows > self.limit / TRIED_FROM
            && expected > u128::from(self.limit) * u128::from(FAR);
        worth.then(|| {
            self.untried = false;
            Proof::new(&self.bits, self.ties, self.archives.len(), self.limit)
        })
    }

    fn rows(&self) -> usize {
        self.archives.iter().map(Archive::len).sum()
    }
}

/// The smallest value so far, and the smallest index that has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::sweep) struct Best {
    pub(in crate::sweep) value: f64,
    pub(in crate::sweep) index: u64,
}

impl Best {
    /// Those that were found, group by group.
    pub(in crate::sweep) fn points(groups: Vec<Option<Self>>) -> Result<Points, OutOfMemory> {
        let found = memory::gathered(groups.into_iter().flatten())?;
        Ok(Points {
            objectives: vec![memory::collected(found.iter().map(|best| best.value))?],
            indices: memory::collected(found.iter().map(|best| best.index))?,
        })
    }

    /// Whether another configuration is better.
    pub(in crate::sweep) fn better(self, value: f64, index: u64) -> bool {
        value < self.value || (value == self.value && index < self.index)
    }
}

/// The best configuration of each group; of all if there are no groups.
pub(in crate::sweep) struct BestGoal {
    pub(in crate::sweep) best: Vec<Option<Best>>,
}

/// The group of a lane; nothing was grouped if there are none.
fn group(groups: &[u32], lane: usize) -> usize {
    groups.get(lane).map_or(0, |&group| group as usize)
}

impl Goal for BestGoal {
    fn unsettled(
        &self,
        bounds: &[&[f64]],
        indices: &[u64],
        groups: &[u32],
        open: &mut Vec<u32>,
    ) -> Result<(), OutOfMemory> {
        memory::reserve(open, indices.len())?;
        for (lane, (&bound, &index)) in bounds[0].iter().zip(indices).enumerate() {
            if self.best[group(groups, lane)].is_none_or(|best| best.better(bound, index)) {
                open.push(lane as u32);
            }
        }
        Ok(())
    }

    fn take(&mut self, found: Vec<Found>, _control: &Control) -> Result<(), Error> {
        for Found { points, groups } in found {
            for (row, (&value, &index)) in points.objectives[0].iter().zip(&points.indices).enumerate() {
                let best = &mut self.best[group(&groups, row)];
                if best.is_none_or(|best| best.better(value, index)) {
                    *best = Some(Best { value, index });
                }
            }
        }
        Ok(())
    }

    fn rows(&self) -> usize {
        self.best.len()
    }

    fn lowest_first(&self) -> &[usize] {
        &[0]
    }
}

/// Every configuration, each once.
pub(in crate::sweep) struct AllGoal {
    groups: Vec<Points>,
    rows: u64,
    max_rows: u64,
}

impl AllGoal {
    pub(in crate::sweep) fn new(groups: usize, max_rows: u64) -> Result<Self, OutOfMemory> {
        Ok(Self { groups: each_group(groups, || Points::none(1))?, rows: 0, max_rows })
    }

    /// The rows of each group, best first.
    pub(in crate::sweep) fn into_points(self, control: &Control) -> Result<Vec<Points>, Interrupted> {
        let mut sorted = memory::room(self.groups.len())?;
        for points in self.groups {
            sorted.push(points.sorted(control)?);
        }
        Ok(sorted)
    }
}

impl Goal for AllGoal {
    fn unsettled(
        &self,
        _bounds: &[&[f64]],
        indices: &[u64],
        _groups: &[u32],
        open: &mut Vec<u32>,
    ) -> Result<(), OutOfMemory> {
        memory::reserve(open, indices.len())?;
        open.extend(0..indices.len() as u32);
        Ok(())
    }

    fn take(&mut self, found: Vec<Found>, _control: &Control) -> Result<(), Error> {
        for Found { points, groups } in found {
            self.rows += points.indices.len() as u64;
            let rows = points.objectives[0].iter().zip(&points.indices).enumerate();
            for (row, (&value, &index)) in rows {
                let points = &mut self.groups[group(&groups, row)];
                memory::push(&mut points.objectives[0], value)?;
                memory::push(&mut points.indices, index)?;
            }
        }
        let (rows, limit) = (self.rows, self.max_rows);
        if rows > limit { Err(Error::Limit { rows, limit }) } else { Ok(()) }
    }

    fn rows(&self) -> usize {
        self.rows as usize
    }

    /// A row would come twice.
    fn samples(&self) -> bool {
        false
    }
}

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

/// Whether there is any configuration.
#[derive(Default)]
pub(in crate::sweep) struct AnyGoal {
    pub(in crate::sweep) found: bool,
}

impl Goal for AnyGoal {
    fn unsettled(
        &self,
        _bounds: &[&[f64]],
        indices: &[u64],
        _groups: &[u32],
        open: &mut Vec<u32>,
    ) -> Result<(), OutOfMemory> {
        memory::reserve(open, indices.len())?;
        open.extend(0..indices.len() as u32);
        Ok(())
    }

    fn take(&mut self, found: Vec<Found>, _control: &Control) -> Result<(), Error> {
        self.found |= found.iter().any(|found| !found.points.indices.is_empty());
        Ok(())
    }

    fn rows(&self) -> usize {
        0
    }

    fn is_done(&self) -> bool {
        self.found
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
            goal.take(points(&[[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]]), &control).expect("room for three");
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
        let error = goal.take(points(&[[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]]), &Control::new(1)).unwrap_err();
        assert_eq!(error, Error::Held { rows: 3, limit: 2 });
    }
}
