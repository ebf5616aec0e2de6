//! Two objectives: a flat staircase.
//!
//! Steps lie in ascending order of the key of one objective, `x`, and descending order of the key of the
//! other, `y`. The last step not beyond a lane in x has the least y of all of these, so it alone decides about
//! the lane. [`Buckets`] over the keys of x find it, and prune most lanes without looking at a step.
//!
//! ```text
//! pruned(lane):
//!     bucket = bucket of lane.x
//!     if lane.y >= threshold[bucket]: yes             the last step before the bucket dominates it
//!     if lane.y < threshold[bucket + 1]: no           no step up to the end of the bucket reaches down to it
//!     step = last step of the bucket, or before it, with key(step.x) <= key(lane.x)
//!     key(step.y) < key(lane.y), or equal keys and the step is in another cell or comes first in this one
//! ```
//!
//! New rows are sorted, and merged with the steps in one pass. Copies of a representative are steps as well, next to
//! it.

mod buckets;
mod step;

use super::order::{Sizes, prunes_own_cell};
use crate::control::{Control, Interrupted};
use crate::memory::{self, OutOfMemory};
use crate::parallel::Crew;
use crate::pareto::filter::{Problem, Scratch, pairs, uncovered, with_copies};
use crate::pareto::key::Cells;
use crate::pareto::points::Points;
use crate::pareto::rows::{self, Rows, Ties, joined};
use crate::value::simd::Level;
use buckets::{BLOCK, Buckets};
use step::Step;

/// New rows of one piece of work.
const PIECE: usize = 1 << 14;

/// The rows of the front as steps.
#[derive(Debug, Clone)]
pub(super) struct Stairs {
    bits: [u32; 2],
    ties: Ties,
    sizes: Sizes,
    level: Level,
    /// Which objective is x: 0 or 1.
    along: usize,
    /// How many steps there were when x was chosen.
    chosen_at: usize,
    steps: Vec<Step>,
    /// Memory for the next merge: fresh memory costs more than the merge.
    spare: Vec<Step>,
    buckets: Buckets,
}

impl Stairs {
    pub(super) fn new(bits: [u32; 2], ties: Ties, sizes: Sizes) -> Self {
        let [x, y] = bits.map(Cells::new);
        Self {
            bits,
            ties,
            sizes,
            level: Level::detect(),
            along: 0,
            chosen_at: 0,
            steps: Vec::new(),
            spare: Vec::new(),
            buckets: Buckets::new(x, y),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// The cells of x and y.
    fn cells(&self) -> (Cells, Cells) {
        (Cells::new(self.bits[self.along]), Cells::new(self.bits[1 - self.along]))
    }

    pub(super) fn unpruned(&self, bounds: [&[f64]; 2], indices: &[u64], open: &mut Vec<u32>) {
        let x = &bounds[self.along][..indices.len()];
        let y = &bounds[1 - self.along][..indices.len()];
        self.level.run(
            #[inline(always)]
            || {
                let (mut places, mut doubtful) = ([0; BLOCK], [0; BLOCK]);
                for start in (0..indices.len()).step_by(BLOCK) {
                    let end = indices.len().min(start + BLOCK);
                    let found =
                        self.buckets.doubt(&x[start..end], &y[start..end], &mut places, &mut doubtful);
                    for &at in &doubtful[..found] {
                        let lane = start + at as usize;
                        let bounds = Step { x: x[lane], y: y[lane], index: indices[lane] };
                        let bucket = places[at as usize] as usize;
                        if self.buckets.surely_open(bucket, bounds.y) || !self.prunes(bucket, bounds) {
                            open.push(lane as u32);
                        }
                    }
                }
            },
        );
    }

    /// Whether a step prunes a lane, given as its bounds, whose x lies in this bucket.
    #[inline(always)]
    fn prunes(&self, bucket: usize, lane: Step) -> bool {
        let (x, y) = self.cells();
        let key = x.key(lane.x);
        let steps = self.buckets.steps(bucket);
        let first = steps.start;
        let here = self.steps[steps].partition_point(|step| x.key(step.x) <= key);
        let Some(last) = (first + here).checked_sub(1) else {
            return false;
        };
        let step = self.steps[last];
        let (step_y, lane_y) = (y.key(step.y), y.key(lane.y));
        step_y < lane_y
            || step_y == lane_y
                && (x.key(step.x) < key || prunes_own_cell(self.ties, self.row(step), self.row(lane)))
    }

    /// The objectives of a step in their order, and its index.
    #[inline(always)]
    fn row(&self, step: Step) -> (impl Iterator<Item = f64>, u64) {
        let values = if self.along == 0 { [step.x, step.y] } else { [step.y, step.x] };
        (values.into_iter(), step.index)
    }

    /// See [`Archive::prefilter`](super::Archive::prefilter).
    pub(super) fn prefilter(&self, points: &mut Points) -> Result<(), OutOfMemory> {
        let columns = points.columns();
        let rows = Rows { objectives: &columns, indices: Some(&points.indices) };
        let problem = Problem::new(rows, &self.bits, rows::Sizes::default());
        let kept = uncovered(&problem, 0..points.indices.len() as u32, i64::MAX)?;
        points.keep(kept.iter().map(|&row| row as usize))
    }

    pub(super) fn add(&mut self, points: &Points, control: &Control) -> Result<(), Interrupted> {
        let new = self.steps_of(points, control)?;
        if new.is_empty() {
            return Ok(());
        }
        self.merge(new)?;
        control.check()?;
        let (x, y) = self.cells();
        self.buckets.rebuild(&self.steps, x, y, self.sizes.buckets)?;
        // The more even the buckets, the shorter the searches in them. The look at the other objective costs about
        // a merge, and is done so rarely that it does not count.
        if self.steps.len() >= 2 * self.chosen_at {
            self.chosen_at = self.steps.len();
            self.turn();
            let (x, y) = self.cells();
            let mut turned = Buckets::new(x, y);
            turned.rebuild(&self.steps, x, y, self.sizes.buckets)?;
            if turned.filled() > self.buckets.filled() {
                self.buckets = turned;
            } else {
                self.turn();
            }
        }
        Ok(())
    }

    /// The new steps that rows make, in order: those that neither old steps prune nor other new rows.
    fn steps_of(&self, points: &Points, control: &Control) -> Result<Vec<Step>, Interrupted> {
        let [first, second] = points.objectives.as_slice() else {
            panic!("two objectives, not {}", points.objectives.len());
        };
        let (columns, indices) = ([first.as_slice(), second.as_slice()], points.indices.as_slice());
        assert!(columns.iter().all(|column| column.len() == indices.len()), "as many indices as values");
        let open = Crew::for_rows(control, indices.len()).map_chunks(indices.len(), PIECE, |range| {
            control.check()?;
            let mut open = memory::room(range.len())?;
            self.unpruned(columns.map(|column| &column[range.clone()]), &indices[range.clone()], &mut open);
            open.iter_mut().for_each(|row| *row += range.start as u32);
            Ok(open)
        })?;
        let open = joined(open, control)?;
        let rows = Rows { objectives: &columns, indices: Some(indices) };
        let mut problem = Problem::new(rows, &self.bits, rows::Sizes::default());
        problem.sort_by(self.along);
        let mut kept = pairs(&problem, &open, control)?;
        if self.ties == Ties::All {
            kept = with_copies(&problem, &open, &kept, control)?;
            problem.sort(&mut kept, &mut Scratch::default())?;
        }
        let step = |row: u32| Step {
            x: columns[self.along][row as usize],
            y: columns[1 - self.along][row as usize],
            index: indices[row as usize],
        };
        Ok(memory::collected(kept.into_iter().map(step))?)
    }

    /// Merges new steps, which no old one prunes.
    fn merge(&mut self, new: Vec<Step>) -> Result<(), OutOfMemory> {
        let (x, y) = self.cells();
        let mut merged = std::mem::take(&mut self.spare);
        memory::reserve(&mut merged, self.steps.len() + new.len())?;
        let mut old = self.steps.as_slice();
        // A representative and its copies at a time.
        for steps in new.chunk_by(Step::is_copy_of) {
            let step = steps[0];
            let (key_x, key_y) = (x.key(step.x), y.key(step.y));
            let (before, rest) = old.split_at(leading(old, |old| x.key(old.x) < key_x));
            let (behind, rest) = rest.split_at(leading(rest, |old| y.key(old.y) >= key_y));
            merged.extend_from_slice(before);
            let from = merged.len();
            merged.extend_from_slice(steps);
            if self.ties == Ties::All {
                // Only copies lie behind a step that was there before.
                merged.extend(behind.iter().filter(|old| old.is_copy_of(&step)));
                merged[from..].sort_unstable_by_key(|step| step.index);
                let mut kept = from + 1;
                for at in from + 1..merged.len() {
                    if merged[at].index != merged[kept - 1].index {
                        merged[kept] = merged[at];
                        kept += 1;
                    }
                }
                merged.truncate(kept);
            }
            old = rest;
        }
        merged.extend_from_slice(old);
        self.spare = std::mem::replace(&mut self.steps, merged);
        self.spare.clear();
        Ok(())
    }

    /// Makes the other objective x.
    fn turn(&mut self) {
        self.along = 1 - self.along;
        self.steps.reverse();
        self.steps.iter_mut().for_each(|step| *step = step.turned());
        if self.ties == Ties::All {
            self.steps.chunk_by_mut(Step::is_copy_of).for_each(<[Step]>::reverse);
        }
    }

    /// The rows, objective by objective, in the order of the steps.
    pub(super) fn copied(&self) -> Result<Points, OutOfMemory> {
        let (x, y) = (
            memory::collected(self.steps.iter().map(|step| step.x))?,
            memory::collected(self.steps.iter().map(|step| step.y))?,
        );
        Ok(Points {
            objectives: if self.along == 0 { vec![x, y] } else { vec![y, x] },
            indices: memory::collected(self.steps.iter().map(|step| step.index))?,
        })
    }

    pub(super) fn into_points(mut self) -> Result<Points, OutOfMemory> {
        if self.along != 0 {
            self.turn();
        }
        self.copied()
    }
}

/// How many leading steps are `before`, where none that is follows one that is not; quick if they are few.
fn leading(steps: &[Step], before: impl Fn(&Step) -> bool) -> usize {
    let mut reach = 1;
    while reach < steps.len() && before(&steps[reach]) {
        reach *= 2;
    }
    let known = reach / 2;
    known + steps[known..steps.len().min(reach + 1)].partition_point(before)
}
