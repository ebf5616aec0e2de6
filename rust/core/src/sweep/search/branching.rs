//! Branching score of a slot: how much fixing it at its midpoint lifts a lower bound, relative to what pruning needs
//! (strong branching: Applegate, Bixby, Chvatal and Cook 1995).
//!
//! The score is what holding the slot in its middle adds to a low end, as a part of what that end must rise by for the
//! box to be pruned: of all objectives and undecided constraints, the largest part counts. What an objective must
//! rise by, the others unchanged, is what it is worth in terms of the others near the box. That differs from
//! place to place: along a front a hundredth of the loss may be worth half of the cost.

use crate::memory::{self, OutOfMemory};
use crate::program::search::{Boxes, Intervals};

use super::context::Search;
use super::goal::{Candidates, Goal};
use super::incumbents::Probe;
use super::open_boxes::Open;

/// By how much a low end is raised to see whether that prunes a box, in terms of what holding slots adds to it.
const RISES: [f64; 6] = [16.0, 4.0, 1.0, 1.0 / 4.0, 1.0 / 16.0, 1.0 / 64.0];

/// What an end must rise by for which none of `RISES` is enough.
const FAR: f64 = RISES[0] * RISES[0];

/// The scores of the slots for some boxes, and the memory to find them.
#[derive(Debug, Default)]
pub(super) struct BranchingScores {
    slots: usize,
    /// For each box the score of each slot.
    scores: Vec<f64>,
    boxes: Boxes,
    intervals: Intervals,
    /// For each output and box, what holding each slot adds to the low end; and what they add together.
    gains: Vec<f64>,
    totals: Vec<f64>,
    /// Boxes with a low end raised: for each objective, box and rise the low ends of all objectives.
    raised: Vec<Vec<f64>>,
    indices: Vec<u64>,
    open: Vec<u32>,
    /// For each objective and box, how many of `RISES` prune it.
    pruning: Vec<usize>,
}

impl BranchingScores {
    pub(super) fn new(slots: usize) -> Self {
        Self { slots, boxes: Boxes::new(slots), ..Self::default() }
    }

    /// The scores for one of the boxes that were scored last.
    pub(super) fn of(&mut self, place: usize) -> &mut [f64] {
        &mut self.scores[place * self.slots..][..self.slots]
    }

    /// Scores the slots for the first box of each run; returns how many boxes were bounded for it.
    pub(super) fn score(
        &mut self,
        search: &Search<'_>,
        goal: &impl Goal,
        round: &Open,
        runs: &[&[usize]],
    ) -> Result<u64, OutOfMemory> {
        let slots = self.slots;
        if slots == 0 {
            return Ok(0);
        }
        self.hold_in_turn(search, round, runs);
        search.program.bound(&self.boxes, &mut self.intervals)?;
        self.gain(search, round, runs)?;
        self.rise(search, goal, round, runs)?;
        self.scores.clear();
        memory::resize(&mut self.scores, runs.len() * slots, 0.0)?;
        for (row, (gains, &total)) in self.gains.chunks_exact(slots).zip(&self.totals).enumerate() {
            if total <= 0.0 || total.is_infinite() {
                continue;
            }
            let (output, place) = (row / runs.len(), row % runs.len());
            let missing = if output < search.objectives {
                self.pruning[row].checked_sub(1).map_or(FAR, |last| RISES[last]) * total
            } else {
                undecided(search, round, output, runs[place][0])
            };
            let scores = &mut self.scores[place * slots..][..slots];
            scores.iter_mut().zip(gains).for_each(|(score, gain)| *score = score.max(gain / missing));
        }
        Ok(self.boxes.count as u64)
    }

    /// Makes of the first box of each run as many as there are slots, each with another one held in its middle.
    fn hold_in_turn(&mut self, search: &Search<'_>, round: &Open, runs: &[&[usize]]) {
        self.boxes.clear();
        for (slot, axis) in search.program.slots.iter().enumerate() {
            let (first, scale) = (&round.first[slot], &round.scale[slot]);
            for held in 0..self.slots {
                if slot == held {
                    let middle = |first, scale| Probe::Middle.position(first, axis.last(first, scale));
                    self.boxes.first[slot]
                        .extend(runs.iter().map(|run| middle(first[run[0]], scale[run[0]])));
                    self.boxes.scale[slot].resize((held + 1) * runs.len(), 0);
                } else {
                    self.boxes.first[slot].extend(runs.iter().map(|run| first[run[0]]));
                    self.boxes.scale[slot].extend(runs.iter().map(|run| scale[run[0]]));
                }
            }
            let lanes = self.boxes.first[slot].iter().zip(&self.boxes.scale[slot]);
            self.boxes.last[slot].extend(lanes.map(|(&first, &scale)| axis.last(first, scale)));
        }
        self.boxes.count = self.slots * runs.len();
    }

    fn gain(&mut self, search: &Search<'_>, round: &Open, runs: &[&[usize]]) -> Result<(), OutOfMemory> {
        self.gains.clear();
        self.totals.clear();
        for (output, bounds) in round.bounds.iter().enumerate() {
            let low = search.program.bounds.low(&self.intervals, output);
            for (place, run) in runs.iter().enumerate() {
                let before = bounds[run[0]];
                let gain = |slot: usize| (low.at(slot * runs.len() + place) - before).max(0.0);
                memory::extend(&mut self.gains, (0..self.slots).map(gain))?;
                memory::push(&mut self.totals, (0..self.slots).map(gain).sum())?;
            }
        }
        Ok(())
    }

    /// Counts the rises of each objective that prune the first box of each run.
    fn rise(
        &mut self,
        search: &Search<'_>,
        goal: &impl Goal,
        round: &Open,
        runs: &[&[usize]],
    ) -> Result<(), OutOfMemory> {
        let objectives = search.objectives;
        self.raised.resize_with(objectives, Vec::new);
        for (objective, lows) in self.raised.iter_mut().enumerate() {
            lows.clear();
            for (row, total) in self.totals[..objectives * runs.len()].iter().enumerate() {
                let low = round.bounds[objective][runs[row % runs.len()][0]];
                // An infinite rise could make it NaN.
                let raised = row / runs.len() == objective && total.is_finite();
                memory::append(lows, &RISES.map(|rise| if raised { low + rise * total } else { low }))?;
            }
        }
        let lanes = objectives * runs.len() * RISES.len();
        let first = |lane: usize| runs[lane / RISES.len() % runs.len()][0];
        self.indices.clear();
        memory::extend(&mut self.indices, (0..lanes).map(|lane| round.index[first(lane)]))?;
        let groups = search.groups_of(|slot| (0..lanes).map(move |lane| round.first[slot][first(lane)]))?;
        let raised: Vec<&[f64]> = self.raised.iter().map(Vec::as_slice).collect();
        self.open.clear();
        let boxes = Candidates { bounds: &raised, indices: &self.indices, groups: &groups };
        goal.unpruned(&boxes, &mut self.open)?;
        // A rise that is not enough is followed by smaller ones that are not either.
        self.pruning.clear();
        memory::resize(&mut self.pruning, objectives * runs.len(), RISES.len())?;
        for &lane in &self.open {
            let (row, rise) = (lane as usize / RISES.len(), lane as usize % RISES.len());
            self.pruning[row] = self.pruning[row].min(rise);
        }
        Ok(())
    }
}

/// What the low end of a slack must rise by for its sign to be known; infinite if it is. Slacks come in pairs, a - b
/// and b - a.
fn undecided(search: &Search<'_>, round: &Open, output: usize, place: usize) -> f64 {
    let pair = output - (output - search.objectives) % 2;
    let either = round.bounds[pair][place] <= 0.0 && round.bounds[pair + 1][place] <= 0.0;
    if either { round.bounds[output][place].abs() } else { f64::INFINITY }
}
