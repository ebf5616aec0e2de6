//! One job of a round: boxes split, their parts bounded, small parts computed.
//!
//! Boxes lie in columns, a lane each: for every slot the first position and the scale, at scale s a run of 2^s
//! positions. A split halves a box up to three times along the slots of the highest branching score; the bits of a
//! part's number say which half it is of each.
//!
//! ```text
//! box      slot 0: 8 positions (scale 3)        slot 1: 4 positions (scale 2)        scores 0.9 and 0.3
//! halved   slot 0, slot 0 (0.45), slot 1        leaves scales 1 and 1: 8 parts of 2 x 2
//! part 5   = 0b10 for slot 0, 0b1 for slot 1    first + 2 << 1, first + 1 << 1
//!
//! parts --possible?--> --unpruned?--> small:  all their configurations to `leaves`
//!                                     large:  to the open boxes, and their probe to `samples`
//! leaves, samples --values--> feasible, no NaN --unpruned?--> found
//! ```

use std::ops::Range;

use crate::memory::{self, OutOfMemory};
use crate::pareto::any_nan;
use crate::program::search::{Boxes, Intervals, Lanes, Slot};
use crate::sweep::stats::Stats;
use crate::value::lanes::Operand;

use super::branching::BranchingScores;
use super::context::Search;
use super::goal::{Candidates, Found, Goal};
use super::incumbents::{Probe, spread};
use super::open_boxes::{Extent, Open, digit};

/// Halvings of a box at a time: 8 parts.
const HALVINGS: u32 = 3;

/// Configurations of a box that are computed rather than bounded again.
const LEAF: u64 = 16;

/// Lanes of boxes or configurations that are looked at together.
const LANES: usize = 256;

/// Neighbouring boxes of the same scales that are split alike.
const ALIKE: usize = 8;

/// What a job did.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Parts that are still open.
    pub(super) open: Open,
    pub(super) found: Found,
    /// Configurations in boxes that were left out.
    bounded: u64,
    /// Configurations that were computed, all there are in their boxes.
    evaluated: u64,
    /// Feasible ones among these with an objective that is NaN.
    nan: u64,
    /// How often a box was bounded.
    bounds: u64,
    /// Boxes by depth.
    depths: Vec<u64>,
}

impl Outcome {
    pub(super) fn settled(&self) -> u64 {
        self.bounded + self.evaluated
    }

    /// Adds what was done to the counts of a run; hands on what was found.
    pub(super) fn count(self, stats: &mut Stats, weight: u64) -> (Open, Found) {
        stats.bounded += self.bounded * weight;
        stats.evaluated += self.evaluated * weight;
        stats.nan += self.nan * weight;
        stats.bounds += self.bounds;
        stats.depths.resize(stats.depths.len().max(self.depths.len()), 0);
        stats.depths.iter_mut().zip(&self.depths).for_each(|(sum, boxes)| *sum += boxes);
        (self.open, self.found)
    }

    fn count_depths(&mut self, depths: &[u8]) {
        for run in depths.chunk_by(|a, b| a == b) {
            let depth = usize::from(run[0]);
            self.depths.resize(self.depths.len().max(depth + 1), 0);
            self.depths[depth] += run.len() as u64;
        }
    }
}

/// A worker: its memory, and what its job has done so far.
pub(super) struct Worker<'a> {
    search: &'a Search<'a>,
    slots: &'a [Slot],
    /// Where samples are taken, by slots.
    probes: &'a [Probe],
    outcome: Outcome,
    leaves: Pending,
    samples: Pending,
    boxes: Boxes,
    extent: Extent,
    intervals: Intervals,
    lanes: Lanes,
    indices: Vec<u64>,
    columns: Vec<Vec<f64>>,
    unpruned: Vec<u32>,
    /// How deep each of the boxes is.
    depths: Vec<u8>,
    scores: BranchingScores,
    halvings: Vec<u8>,
}

/// Configurations to be computed, by their positions.
#[derive(Default)]
struct Pending {
    positions: Vec<Vec<u32>>,
    count: usize,
    /// Whether they are all there is in their boxes.
    prunes: bool,
}

/// Some lanes of those that were computed together.
enum Selection {
    All(usize),
    These(Vec<u32>),
}

impl Selection {
    /// The lanes for which `keep` holds.
    fn new(count: usize, all: bool, keep: impl Fn(usize) -> bool) -> Result<Self, OutOfMemory> {
        if all {
            return Ok(Self::All(count));
        }
        let mut lanes = memory::room(count)?;
        lanes.extend((0..count as u32).filter(|&lane| keep(lane as usize)));
        Ok(Self::These(lanes))
    }

    fn len(&self) -> usize {
        match self {
            Self::All(count) => *count,
            Self::These(lanes) => lanes.len(),
        }
    }

    fn lane(&self, place: usize) -> usize {
        match self {
            Self::All(_) => place,
            Self::These(lanes) => lanes[place] as usize,
        }
    }

    /// These lanes of an operand, one after another; `buffer` is written if they do not lie so.
    fn column<'x>(&self, operand: Operand<'x>, buffer: &'x mut Vec<f64>) -> Result<&'x [f64], OutOfMemory> {
        match (operand, self) {
            (Operand::Lanes(values), Self::All(count)) => return Ok(&values[..*count]),
            (Operand::Lanes(values), Self::These(lanes)) => {
                buffer.clear();
                memory::extend(buffer, lanes.iter().map(|&lane| values[lane as usize]))?;
            }
            (Operand::Scalar(value), _) => {
                buffer.clear();
                memory::resize(buffer, self.len(), value)?;
            }
        }
        Ok(buffer)
    }

    /// These of some numbers.
    fn of<T: Copy>(&self, numbers: &[T]) -> Result<Vec<T>, OutOfMemory> {
        memory::collected((0..self.len()).map(|place| numbers[self.lane(place)]))
    }
}

impl Search<'_> {
    /// The outcome of a job that has not begun.
    fn outcome(&self) -> Outcome {
        let mut outcome = Outcome { open: self.no_boxes(), ..Outcome::default() };
        outcome.found.points.objectives = vec![Vec::new(); self.objectives];
        outcome
    }
}

impl<'a> Worker<'a> {
    pub(super) fn new(search: &'a Search<'a>, probes: &'a [Probe]) -> Self {
        let slots = &search.program.slots;
        let outputs = search.program.bounds.outputs();
        let pending = |prunes| Pending { positions: vec![Vec::new(); slots.len()], count: 0, prunes };
        Self {
            search,
            slots,
            probes,
            outcome: search.outcome(),
            leaves: pending(true),
            samples: pending(false),
            boxes: Boxes::new(slots.len()),
            extent: Extent::default(),
            intervals: Intervals::default(),
            lanes: Lanes::default(),
            indices: Vec::new(),
            columns: vec![Vec::new(); outputs],
            unpruned: Vec::new(),
            depths: Vec::new(),
            scores: BranchingScores::new(slots.len()),
            halvings: Vec::new(),
        }
    }

    /// Splits some boxes of a round.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`] if there is no room for their parts; the worker is poisoned then.
    pub(super) fn expand(
        &mut self,
        goal: &impl Goal,
        round: &Open,
        range: Range<usize>,
    ) -> Result<Outcome, OutOfMemory> {
        let alive = self.alive(goal, round, range)?;
        self.outcome.open.reserve(2 * alive.len())?;
        for parents in alive.chunks(LANES >> HALVINGS) {
            // Neighbours of the same scales are split alike.
            let runs: Vec<&[usize]> =
                parents.chunk_by(|&a, &b| round.alike(a, b)).flat_map(|run| run.chunks(ALIKE)).collect();
            self.outcome.bounds += self.scores.score(self.search, goal, round, &runs)?;
            self.boxes.clear();
            self.depths.clear();
            for (place, run) in runs.into_iter().enumerate() {
                self.split(round, run, place)?;
            }
            self.bound_and_prune(goal)?;
        }
        self.finish(goal)
    }

    fn finish(&mut self, goal: &impl Goal) -> Result<Outcome, OutOfMemory> {
        self.compute(goal, |worker| &mut worker.leaves)?;
        self.compute(goal, |worker| &mut worker.samples)?;
        Ok(std::mem::replace(&mut self.outcome, self.search.outcome()))
    }

    /// The boxes of a round that the goal does not prune by now.
    fn alive(
        &mut self,
        goal: &impl Goal,
        round: &Open,
        range: Range<usize>,
    ) -> Result<Vec<usize>, OutOfMemory> {
        self.boxes.clear();
        for (column, first) in self.boxes.first.iter_mut().zip(&round.first) {
            memory::append(column, &first[range.clone()])?;
        }
        for (column, scale) in self.boxes.scale.iter_mut().zip(&round.scale) {
            memory::append(column, &scale[range.clone()])?;
        }
        self.boxes.count = range.len();
        self.measure()?;
        let bounds: Vec<&[f64]> =
            round.bounds[..self.search.objectives].iter().map(|bounds| &bounds[range.clone()]).collect();
        let groups = self.groups(|slot| &self.boxes.first[slot], &Selection::All(range.len()))?;
        self.unpruned.clear();
        let boxes = Candidates { bounds: &bounds, indices: &round.index[range.clone()], groups: &groups };
        goal.unpruned(&boxes, &mut self.unpruned)?;
        let all: u64 = self.extent.size.iter().sum();
        let alive: u64 = self.unpruned.iter().map(|&lane| self.extent.size[lane as usize]).sum();
        self.outcome.bounded += all - alive;
        memory::collected(self.unpruned.iter().map(|&lane| range.start + lane as usize))
    }

    fn measure(&mut self) -> Result<(), OutOfMemory> {
        self.search.program.level.run(
            #[inline(always)]
            || self.extent.measure(&mut self.boxes, self.slots),
        )
    }

    /// The groups of some lanes, given how to get positions on a slot; none if the question has no groups.
    fn groups<'p>(
        &self,
        positions: impl FnOnce(usize) -> &'p [u32],
        chosen: &Selection,
    ) -> Result<Vec<u32>, OutOfMemory> {
        let lanes = |positions: &'p [u32]| (0..chosen.len()).map(move |place| positions[chosen.lane(place)]);
        self.search.groups_of(|slot| lanes(positions(slot)))
    }

    /// Appends the parts of a run of boxes to `boxes`, all halved along the slots that are heaviest for the
    /// first of them.
    fn split(&mut self, round: &Open, run: &[usize], place: usize) -> Result<(), OutOfMemory> {
        let slots = self.slots.len();
        let scores = self.scores.of(place);
        self.halvings.clear();
        self.halvings.resize(slots, 0);
        let scale = |slot: usize| round.scale[slot][run[0]];
        let mut bits: u32 = (0..slots).map(|slot| u32::from(scale(slot))).sum();
        let mut halvings = 0;
        while halvings < HALVINGS && bits > LEAF.ilog2() {
            let Some(slot) = highest(scores, |slot| scale(slot) - self.halvings[slot]) else { break };
            scores[slot] *= 0.5;
            self.halvings[slot] += 1;
            halvings += 1;
            bits -= 1;
        }
        let start = self.boxes.count;
        let parts = 1 << halvings;
        self.boxes.count += run.len() * parts;
        let (mut shift, mut whole) = (halvings, true);
        for (slot, axis) in self.slots.iter().enumerate() {
            let bits = self.halvings[slot];
            let left = scale(slot) - bits;
            shift -= u32::from(bits);
            let mut steps = [0u32; 1 << HALVINGS];
            for (part, step) in (0..).zip(&mut steps) {
                *step = digit(part, shift, bits) << left;
            }
            for &parent in run {
                let first = round.first[slot][parent];
                whole &= u64::from(first) + (1 << scale(slot)) <= u64::from(axis.length);
                memory::extend(&mut self.boxes.first[slot], steps[..parts].iter().map(|step| first + step))?;
            }
            memory::resize(&mut self.boxes.scale[slot], self.boxes.count, left)?;
        }
        for &parent in run {
            let depth = round.depth[parent] + 1;
            let count = self.depths.len() + parts;
            memory::resize(&mut self.depths, count, depth)?;
        }
        if !whole {
            self.drop_outside(start);
        }
        Ok(())
    }

    /// Drops the lanes of `boxes` from `start` on that begin behind the end of an axis.
    fn drop_outside(&mut self, start: usize) {
        let Boxes { count, first, scale, .. } = &mut self.boxes;
        let depths = &mut self.depths;
        let mut kept = start;
        for lane in start..*count {
            if self.slots.iter().zip(first.iter()).all(|(slot, first)| first[lane] < slot.length) {
                first.iter_mut().for_each(|column| column[kept] = column[lane]);
                scale.iter_mut().for_each(|column| column[kept] = column[lane]);
                depths[kept] = depths[lane];
                kept += 1;
            }
        }
        first.iter_mut().for_each(|column| column.truncate(kept));
        scale.iter_mut().for_each(|column| column.truncate(kept));
        depths.truncate(kept);
        *count = kept;
    }

    /// Bounds the parts in `boxes` and sends each where it belongs.
    fn bound_and_prune(&mut self, goal: &impl Goal) -> Result<(), OutOfMemory> {
        let (program, objectives) = (self.search.program, self.search.objectives);
        let bounds = &program.bounds;
        let count = self.boxes.count;
        self.measure()?;
        program.bound(&self.boxes, &mut self.intervals)?;
        self.outcome.bounds += count as u64;
        self.outcome.count_depths(&self.depths);

        let possible = Selection::new(count, bounds.all_possible(objectives), |lane| {
            bounds.possible(&self.intervals, objectives, lane)
        })?;
        let indices = match &possible {
            Selection::All(_) => std::mem::take(&mut self.extent.index),
            Selection::These(_) => possible.of(&self.extent.index)?,
        };
        let groups = self.groups(|slot| &self.boxes.first[slot], &possible)?;
        let columns: Vec<&[f64]> = self
            .columns
            .iter_mut()
            .enumerate()
            .map(|(output, buffer)| possible.column(bounds.low(&self.intervals, output), buffer))
            .collect::<Result<_, _>>()?;
        self.unpruned.clear();
        let boxes = Candidates { bounds: &columns[..objectives], indices: &indices, groups: &groups };
        goal.unpruned(&boxes, &mut self.unpruned)?;
        let mut left = 0;
        let (mut places, mut lanes) =
            (memory::room(self.unpruned.len())?, memory::room(self.unpruned.len())?);
        for &place in &self.unpruned {
            let lane = possible.lane(place as usize);
            let size = self.extent.size[lane];
            left += size;
            if size <= LEAF {
                self.outcome.evaluated += size;
                self.leaves.push_all(&self.boxes, lane, size)?;
            } else {
                places.push(place as usize);
                lanes.push(lane);
            }
        }
        let open = &mut self.outcome.open;
        extend(&mut open.index, &indices, &places)?;
        extend(&mut open.depth, &self.depths, &lanes)?;
        for (bounds, column) in open.bounds.iter_mut().zip(&columns) {
            extend(bounds, column, &places)?;
        }
        for slot in 0..self.slots.len() {
            extend(&mut open.first[slot], &self.boxes.first[slot], &lanes)?;
            extend(&mut open.scale[slot], &self.boxes.scale[slot], &lanes)?;
        }
        if goal.samples() {
            self.samples.push_one_of_each(&self.boxes, &lanes, self.probes)?;
        }
        self.outcome.bounded += self.extent.size.iter().sum::<u64>() - left;
        self.extent.index = indices;
        if self.leaves.count >= LANES {
            self.compute(goal, |worker| &mut worker.leaves)?;
        }
        if self.samples.count >= LANES {
            self.compute(goal, |worker| &mut worker.samples)?;
        }
        Ok(())
    }

    /// Computes the configurations that wait, and keeps those that the goal does not prune.
    fn compute(
        &mut self,
        goal: &impl Goal,
        which: impl Fn(&mut Self) -> &mut Pending,
    ) -> Result<(), OutOfMemory> {
        let mut pending = std::mem::take(which(self));
        for start in (0..pending.count).step_by(LANES) {
            self.compute_some(goal, &pending, start..pending.count.min(start + LANES))?;
        }
        pending.positions.iter_mut().for_each(Vec::clear);
        pending.count = 0;
        *which(self) = pending;
        Ok(())
    }

    fn compute_some(
        &mut self,
        goal: &impl Goal,
        pending: &Pending,
        range: Range<usize>,
    ) -> Result<(), OutOfMemory> {
        let program = self.search.program;
        let count = range.len();
        let positions: Vec<&[u32]> =
            pending.positions.iter().map(|positions| &positions[range.clone()]).collect();
        program.values(&positions, count, &mut self.lanes)?;
        let lanes = &self.lanes;
        let meets = |lane: usize| program.constraints().iter().all(|&place| lanes.at(place).at(lane) != 0.0);
        let nan = |lane: usize| program.outputs().iter().any(|&place| lanes.at(place).at(lane).is_nan());
        let clean = program.outputs().iter().all(|&place| match lanes.at(place) {
            Operand::Scalar(value) => !value.is_nan(),
            Operand::Lanes(values) => !any_nan(&values[..count]),
        });
        let chosen = Selection::new(count, clean && program.constraints().is_empty(), |lane| {
            meets(lane) && !nan(lane)
        })?;
        if pending.prunes && !clean {
            self.outcome.nan += (0..count).filter(|&lane| meets(lane) && nan(lane)).count() as u64;
        }
        self.indices.clear();
        memory::resize(&mut self.indices, count, 0)?;
        program.level.run(
            #[inline(always)]
            || {
                for (slot, positions) in self.slots.iter().zip(&positions) {
                    slot.add_index(positions, &mut self.indices);
                }
            },
        );
        if let Selection::These(_) = chosen {
            self.indices = chosen.of(&self.indices)?;
        }
        let groups = self.groups(|slot| positions[slot], &chosen)?;
        let columns: Vec<&[f64]> = program
            .outputs()
            .iter()
            .zip(&mut self.columns)
            .map(|(&place, buffer)| chosen.column(lanes.at(place), buffer))
            .collect::<Result<_, _>>()?;
        self.unpruned.clear();
        let configurations = Candidates { bounds: &columns, indices: &self.indices, groups: &groups };
        goal.unpruned(&configurations, &mut self.unpruned)?;
        let found = &mut self.outcome.found;
        let kept = self.unpruned.iter().map(|&place| place as usize);
        for (column, found) in columns.iter().zip(&mut found.points.objectives) {
            memory::extend(found, kept.clone().map(|place| column[place]))?;
        }
        memory::extend(&mut found.points.indices, kept.clone().map(|place| self.indices[place]))?;
        if self.search.groups.is_some() {
            memory::extend(&mut found.groups, kept.map(|place| groups[place]))?;
        }
        Ok(())
    }

    /// Computes configurations spread over the space.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`] if there is no room for them; the worker is poisoned then.
    pub(super) fn sample(&mut self, goal: &impl Goal, most: usize) -> Result<Found, OutOfMemory> {
        self.samples.positions = spread(self.slots, most)?;
        for ((slot, positions), probe) in self.slots.iter().zip(&mut self.samples.positions).zip(self.probes)
        {
            if *probe != Probe::Middle {
                positions.fill(probe.position(0, slot.length - 1));
            }
        }
        self.samples.count = most;
        Ok(self.finish(goal)?.found)
    }
}

impl Pending {
    /// Adds one configuration of each of some boxes: its probe.
    fn push_one_of_each(
        &mut self,
        boxes: &Boxes,
        lanes: &[usize],
        probes: &[Probe],
    ) -> Result<(), OutOfMemory> {
        for (slot, (positions, probe)) in self.positions.iter_mut().zip(probes).enumerate() {
            let (first, last) = (&boxes.first[slot], &boxes.last[slot]);
            memory::extend(positions, lanes.iter().map(|&lane| probe.position(first[lane], last[lane])))?;
        }
        self.count += lanes.len();
        Ok(())
    }

    /// Adds every configuration of a box of `size` configurations.
    fn push_all(&mut self, boxes: &Boxes, lane: usize, size: u64) -> Result<(), OutOfMemory> {
        let scales = boxes.scale.iter().map(|scale| u32::from(scale[lane]));
        let mut shift: u32 = scales.sum();
        self.count += size as usize;
        if size == 1 << shift {
            for (slot, positions) in self.positions.iter_mut().enumerate() {
                let (first, bits) = (boxes.first[slot][lane], boxes.scale[slot][lane]);
                shift -= u32::from(bits);
                memory::extend(positions, (0..size as u32).map(|place| first + digit(place, shift, bits)))?;
            }
            return Ok(());
        }
        // A box that is cut off at the end of an axis.
        let (mut before, mut behind) = (1, size as usize);
        for (slot, positions) in self.positions.iter_mut().enumerate() {
            let (first, last) = (boxes.first[slot][lane], boxes.last[slot][lane]);
            let length = (last - first) as usize + 1;
            behind /= length;
            memory::reserve(positions, size as usize)?;
            for _ in 0..before {
                (first..=last).for_each(|position| positions.resize(positions.len() + behind, position));
            }
            before *= length;
        }
        Ok(())
    }
}

/// Appends some lanes of another column.
fn extend<T: Copy>(column: &mut Vec<T>, other: &[T], lanes: &[usize]) -> Result<(), OutOfMemory> {
    memory::extend(column, lanes.iter().map(|&lane| other[lane]))
}

/// The slot to halve next: the one with the highest score, or where all are 0 the longest.
fn highest(scores: &[f64], scale: impl Fn(usize) -> u8) -> Option<usize> {
    let key = |slot: usize| (scores[slot], scale(slot));
    (0..scores.len()).filter(|&slot| scale(slot) > 0).fold(None, |best, slot| match best {
        Some(best) if key(best) >= key(slot) => Some(best),
        _ => Some(slot),
    })
}
