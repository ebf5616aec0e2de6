//! Three objectives and more at coarse keys: a grid of prefix minima.
//!
//! The keys of all objectives but one, the *last*, are the axes of a grid. Each of its cells knows the least key of
//! the last objective among the rows that are not beyond it on any axis, and which row lies in it itself: at
//! most one can be on the front. A lane is looked up in one place.
//!
//! ```text
//! pruned(lane):
//!     before the first cell of an axis: no            (beyond the last one is as good as in it)
//!     key(lane.last) > least[cell]: yes
//!     key(lane.last) < least[cell]: no
//!     else: yes, unless the row that lies in the cell is the one of the least key; then by values and index
//! ```
//!
//! A row of the front in the lane's own cell, of the same last key, is alone in being not worse: anything else
//! would dominate it. Rows that a later row dominates stay until there are as many again as there were. A
//! dominated row that is still in its cell is recognised on look-up: a cell one step lower holds a minimum no larger
//! than its last key.

use super::order::{Precision, prunes_own_cell};
use crate::control::{Control, Interrupted};
use crate::memory::{self, OutOfMemory};
use crate::pareto::key::{Cells, rank};
use crate::pareto::points::Points;
use crate::pareto::rows::Ties;

/// Lanes that are looked at together.
const BLOCK: usize = 128;

/// No row.
const NONE: u32 = u32::MAX;

/// An axis reaches further than the rows do, at both ends by this part of their range: fronts grow.
const SLACK: u64 = 8;

/// The keys of one objective.
#[derive(Debug, Clone, Copy)]
struct Axis {
    objective: usize,
    cells: Cells,
    /// The first key, and the last one.
    low: i64,
    high: i64,
    /// How far apart in the grid neighbours are.
    stride: usize,
}

impl Axis {
    fn count(&self) -> usize {
        (self.high - self.low) as usize + 1
    }

    /// How many cells are left from this one on, itself included.
    #[inline(always)]
    fn left(&self, place: usize) -> usize {
        self.count() - place / self.stride % self.count()
    }
}

/// The front as rows in a grid.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    last: usize,
    axes: Vec<Axis>,
    /// The least last key of rows not beyond a cell; the largest number if there are none.
    least: Vec<i64>,
    /// The row in a cell.
    own: Vec<u32>,
    points: Points,
    /// How many rows there were when the dominated ones were last dropped.
    tidied: usize,
    /// With all ties: the copies of representatives.
    copies: Points,
}

impl Grid {
    /// A grid without rows over the range of some, if it has not too many cells.
    pub(super) fn over(precision: &Precision, points: &Points) -> Result<Option<Self>, OutOfMemory> {
        let mut ranges: Vec<(usize, i64, i64)> = Vec::new();
        for (objective, (column, cells)) in points.objectives.iter().zip(&precision.cells).enumerate() {
            let keys = || column.iter().map(|&value| cells.key(value));
            let Some((low, high)) = keys().min().zip(keys().max()) else { return Ok(None) };
            ranges.push((objective, low, high));
        }
        let width = |&(_, low, high): &(usize, i64, i64)| high.wrapping_sub(low) as u64;
        let Some(&(last, ..)) = ranges.iter().max_by_key(|range| width(range)) else { return Ok(None) };
        ranges.retain(|&(objective, ..)| objective != last);
        let wide: Vec<_> = ranges
            .iter()
            .map(|range| {
                let slack = (width(range) / SLACK + 1) as i64;
                let cells = precision.cells[range.0];
                let (least, most) = (cells.key(f64::NEG_INFINITY), cells.key(f64::INFINITY));
                (range.0, range.1.saturating_sub(slack).max(least), range.2.saturating_add(slack).min(most))
            })
            .collect();
        match Self::with_axes(precision, last, &wide)? {
            None => Self::with_axes(precision, last, &ranges),
            grid => Ok(grid),
        }
    }

    fn with_axes(
        precision: &Precision,
        last: usize,
        ranges: &[(usize, i64, i64)],
    ) -> Result<Option<Self>, OutOfMemory> {
        let mut stride = 1usize;
        let mut axes = Vec::new();
        for &(objective, low, high) in ranges {
            axes.push(Axis { objective, cells: precision.cells[objective], low, high, stride });
            let count = usize::try_from(high.wrapping_sub(low) as u64).ok();
            let cells = count.and_then(|count| stride.checked_mul(count.checked_add(1)?));
            let Some(cells) = cells.filter(|&cells| cells <= precision.sizes.cells) else { return Ok(None) };
            stride = cells;
        }
        let objectives = precision.bits.len();
        Ok(Some(Self {
            last,
            axes,
            least: memory::filled(stride, i64::MAX)?,
            own: memory::filled(stride, NONE)?,
            points: Points::none(objectives),
            tidied: 0,
            copies: Points::none(objectives),
        }))
    }

    pub(super) fn len(&self) -> usize {
        self.points.indices.len() + self.copies.indices.len()
    }

    /// Whether the axes reach all rows.
    pub(super) fn reaches(&self, precision: &Precision, points: &Points) -> bool {
        self.axes.iter().all(|axis| {
            let mut keys = points.objectives[axis.objective]
                .iter()
                .map(|&value| precision.cells[axis.objective].key(value));
            keys.all(|key| (axis.low..=axis.high).contains(&key))
        })
    }

    pub(super) fn unpruned(
        &self,
        precision: &Precision,
        bounds: &[&[f64]],
        indices: &[u64],
        open: &mut Vec<u32>,
    ) {
        precision.level.run(
            #[inline(always)]
            || {
                for start in (0..indices.len()).step_by(BLOCK) {
                    self.scan(precision, bounds, indices, start, open);
                }
            },
        );
    }

    /// Looks at a block of lanes.
    #[inline(always)]
    fn scan(
        &self,
        precision: &Precision,
        bounds: &[&[f64]],
        indices: &[u64],
        start: usize,
        open: &mut Vec<u32>,
    ) {
        let count = indices.len().min(start + BLOCK) - start;
        // Cells and last keys; a lane before an axis gets a last key that no row has a lesser one than.
        let (mut places, mut keys, mut beyond) = ([0u64; BLOCK], [0i64; BLOCK], [false; BLOCK]);
        let cells = precision.cells[self.last];
        for (key, &bound) in keys.iter_mut().zip(&bounds[self.last][start..start + count]) {
            *key = cells.key(bound);
        }
        for axis in &self.axes {
            let lanes = &bounds[axis.objective][start..start + count];
            let state = places.iter_mut().zip(&mut keys).zip(&mut beyond);
            for (((place, last), beyond), &bound) in state.zip(lanes) {
                let key = axis.cells.key(bound);
                let inside = key.max(axis.low).min(axis.high);
                *place += (inside - axis.low) as u64 * axis.stride as u64;
                *last = if key < axis.low { i64::MIN } else { *last };
                *beyond |= key > axis.high;
            }
        }
        // Few lanes are left here, and no branch guesses which.
        let (mut doubtful, mut found) = ([0u32; BLOCK], 0);
        for lane in 0..count {
            doubtful[found] = lane as u32;
            found += usize::from(keys[lane] <= self.least[places[lane] as usize]);
        }
        for &lane in &doubtful[..found] {
            let lane = lane as usize;
            let (place, least) = (places[lane] as usize, self.least[places[lane] as usize]);
            let pruned = keys[lane] == least
                && (beyond[lane] || self.prunes(precision, place, least, bounds, indices, start + lane));
            if !pruned {
                open.push((start + lane) as u32);
            }
        }
    }

    /// Whether a lane is pruned that lies in this cell and whose last key is the least one here.
    fn prunes(
        &self,
        precision: &Precision,
        place: usize,
        least: i64,
        bounds: &[&[f64]],
        indices: &[u64],
        lane: usize,
    ) -> bool {
        let own = self.own[place];
        if own == NONE || self.last_key(precision, own) != least || self.is_dominated(place, least) {
            return true;
        }
        let row = self.points.objectives.iter().map(|column| column[own as usize]);
        let bounds = bounds.iter().map(|bounds| bounds[lane]);
        prunes_own_cell(precision.ties, (row, self.points.indices[own as usize]), (bounds, indices[lane]))
    }

    fn last_key(&self, precision: &Precision, row: u32) -> i64 {
        precision.cells[self.last].key(self.points.objectives[self.last][row as usize])
    }

    fn place(&self, points: &Points, row: usize) -> usize {
        let step = |axis: &Axis| {
            (axis.cells.key(points.objectives[axis.objective][row]) - axis.low) as usize * axis.stride
        };
        self.axes.iter().map(step).sum()
    }

    /// Adds rows that the axes reach and the grid does not prune.
    pub(super) fn add(
        &mut self,
        precision: &Precision,
        new: Points,
        control: &Control,
    ) -> Result<(), Interrupted> {
        if new.indices.is_empty() {
            return Ok(());
        }
        let first = self.points.indices.len();
        self.points = Points::joined(vec![std::mem::take(&mut self.points), new])?;
        let mut new = memory::room(self.points.indices.len() - first)?;
        for row in first..self.points.indices.len() {
            let place = self.enter(precision, row)?;
            new.push((self.last_key(precision, row as u32), place));
        }
        // The least keys first: then no cell is written twice.
        new.sort_unstable();
        control.check()?;
        for (key, place) in new {
            self.lower(self.axes.len(), place, key);
        }
        control.check()?;
        if self.points.indices.len() > 2 * self.tidied {
            self.tidy(precision)?;
        }
        Ok(())
    }

    /// Lowers to `key` what a cell knows, and the cells beyond it along the first `axes` axes; returns whether that
    /// cell itself knew no key so low. No cell knows a greater key than one before it, so the first that need not be
    /// lowered ends the way along an axis.
    fn lower(&mut self, axes: usize, place: usize, key: i64) -> bool {
        let Axis { stride, .. } = self.axes[axes - 1];
        let left = self.axes[axes - 1].left(place);
        if axes == 1 {
            let line = &mut self.least[place..place + left];
            let lowered = line.iter().take_while(|&&least| least > key).count();
            line[..lowered].fill(key);
            return lowered > 0;
        }
        (0..left).take_while(|step| self.lower(axes - 1, place + step * stride, key)).count() > 0
    }

    /// Whether a row of this cell and last key is dominated by one of another cell.
    #[inline(always)]
    fn is_dominated(&self, place: usize, key: i64) -> bool {
        self.axes.iter().any(|axis| axis.left(place) < axis.count() && self.least[place - axis.stride] <= key)
    }

    /// Puts a row in its cell if it is better than the one there; returns the cell.
    fn enter(&mut self, precision: &Precision, row: usize) -> Result<usize, OutOfMemory> {
        let place = self.place(&self.points, row);
        let (own, key) = (self.own[place], self.last_key(precision, row as u32));
        if own == NONE {
            self.own[place] = row as u32;
            return Ok(place);
        }
        let index = |row: usize| self.points.indices[row];
        let (own_row, own_key) = (own as usize, self.last_key(precision, own));
        let by_value =
            key.cmp(&own_key).then_with(|| ranks(&self.points, row).cmp(ranks(&self.points, own_row)));
        let (comes_before, is_copy) =
            (by_value.then(index(row).cmp(&index(own_row))).is_lt(), by_value.is_eq());
        let other = if comes_before { own_row } else { row };
        if is_copy && precision.ties == Ties::All && index(row) != index(own_row) {
            let copy = self.points.select(std::iter::once(other))?;
            self.copies = Points::joined(vec![std::mem::take(&mut self.copies), copy])?;
        }
        if comes_before {
            self.own[place] = row as u32;
        }
        Ok(place)
    }

    /// Drops the rows that gave way to another in their cell or elsewhere, and copies of what is no more.
    pub(super) fn tidy(&mut self, precision: &Precision) -> Result<(), OutOfMemory> {
        let mut kept = memory::room(self.points.indices.len())?;
        for row in 0..self.points.indices.len() {
            let place = self.place(&self.points, row);
            if self.own[place] != row as u32 {
                continue;
            }
            let key = self.last_key(precision, row as u32);
            let dominated = self.is_dominated(place, key);
            self.own[place] = if dominated { NONE } else { kept.len() as u32 };
            if !dominated {
                kept.push(row);
            }
        }
        self.points.keep(kept.iter().copied())?;
        self.tidied = self.points.indices.len();
        if !self.copies.indices.is_empty() {
            let mut order = memory::collected(0..self.copies.indices.len())?;
            order.sort_unstable_by_key(|&copy| (self.copies.indices[copy], copy));
            order.dedup_by_key(|copy| self.copies.indices[*copy]);
            order.retain(|&copy| {
                let own = self.own[self.place(&self.copies, copy)];
                own != NONE
                    && ranks(&self.points, own as usize).eq(ranks(&self.copies, copy))
                    && self.points.indices[own as usize] != self.copies.indices[copy]
            });
            self.copies = self.copies.select(order.iter().copied())?;
        }
        Ok(())
    }

    /// All rows, dominated ones that are still there among them, in no order.
    pub(super) fn pieces(&self) -> [&Points; 2] {
        [&self.points, &self.copies]
    }

    pub(super) fn into_points(self) -> Result<Points, OutOfMemory> {
        Points::joined(vec![self.points, self.copies])
    }
}

/// The true objectives of a row.
fn ranks(points: &Points, row: usize) -> impl Iterator<Item = i64> + '_ {
    points.objectives.iter().map(move |column| rank(column[row]))
}
