//! A few rows of a front that cover it, for people to read.
//!
//! Each row has a *place* in the front's own range of each objective, from 0 to 1: in logarithms where all values are
//! positive and span more than a factor of ten, with infinities at the ends. Two rows are as far apart as their places
//! in the objective in which these are farthest apart.
//!
//! ```text
//! chosen = for each objective its best row (then by the other objectives in order, then by index)
//! until there are enough: choose the row farthest from its nearest chosen one, of several the first
//! ```
//!
//! **Lemma (covering).** The largest distance of a row from its nearest chosen one, the *gap*, is at most twice that of
//! any choice of as many rows that keeps the best ones (Gonzalez 1985). Say that another choice leaves r, and this one
//! more than 2r. Then the rows that were chosen for their distance, and the row that is left farthest away, are more
//! than 2r from one another and from the best ones. Each of them has a row of the other choice within r, which is no
//! best one and no other's; but they are one more than the other choice has.
//!
//! A chosen row changes little: rows lie in blocks, and a block stays as it is if its box is no nearer to the chosen
//! row than each of its rows is to one before. Differences are monotone as they are computed, so that this leaves out
//! no row. Parts of several blocks are worked on in parallel, each for itself: threads do not change the answer.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::control::{Control, Interrupted};
use crate::memory::{self, OutOfMemory};
use crate::parallel::{Crew, SERIAL_ROWS};
use crate::value::scalar::log;

/// Rows of a block.
const BLOCK: usize = 1 << 10;

/// Rows of a part: several blocks.
const PART: usize = 1 << 14;

/// The ratio of values from which on distances are taken in logarithms.
const WIDE: f64 = 10.0;

/// The distance of a row that is chosen: less than any other.
const CHOSEN: f64 = -1.0;

/// Rows that were chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Covering {
    /// Their numbers, ascending.
    pub rows: Vec<usize>,
    /// The largest distance of a row from its nearest chosen one; 0 if all are chosen.
    pub gap: f64,
}

/// Chooses `most` rows, or all if there are no more; the best of each objective in any case.
///
/// `objectives` are columns to minimise, without NaN; `maximize` says which were negated for that; rows come best
/// first by the objectives in order, then by index.
///
/// # Errors
///
/// [`Interrupted`] after [`Control::cancel`], or for want of memory.
///
/// # Panics
///
/// If there is no objective, if columns differ in length, or if `maximize` has not one entry for each.
///
/// # Examples
///
/// ```
/// use isoflop_core::control::Control;
/// use isoflop_core::pareto::cover::cover;
/// let loss = [1.0, 2.0, 3.0, 4.0, 5.0];
/// let cost = [5.0, 4.0, 3.0, 2.0, 1.0];
/// let found = cover(&[&loss, &cost], &[false, false], 3, &Control::new(1))?;
/// assert_eq!((found.rows, found.gap), (vec![0, 2, 4], 0.25));
/// # Ok::<(), isoflop_core::control::Interrupted>(())
/// ```
pub fn cover(
    objectives: &[&[f64]],
    maximize: &[bool],
    most: usize,
    control: &Control,
) -> Result<Covering, Interrupted> {
    let count = objectives.first().expect("a front needs an objective").len();
    assert!(objectives.iter().all(|column| column.len() == count), "objectives differ in length");
    assert!(objectives.len() == maximize.len(), "each objective has a sense");
    if count <= most {
        return Ok(Covering { rows: memory::collected(0..count)?, gap: 0.0 });
    }
    let scales: Vec<Scale> =
        objectives.iter().zip(maximize).map(|(column, &maximize)| Scale::of(column, maximize)).collect();
    let mut parts = Parts::new(objectives, &scales, control)?;
    // In this order the first row of the least value is the best by the other objectives, too.
    for column in objectives {
        let first = (1..count).fold(0, |best, row| if column[row] < column[best] { row } else { best });
        if !parts.is_chosen(first) {
            parts.choose(first, control)?;
        }
    }
    while parts.chosen.len() < most {
        let (part, _) = parts.farthest();
        let row = parts.first_farthest(part);
        parts.choose(row, control)?;
    }
    let (_, gap) = parts.farthest();
    let mut rows = parts.chosen;
    rows.sort_unstable();
    Ok(Covering { rows, gap })
}

/// Where values of an objective have their places.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scale {
    maximize: bool,
    /// Finite values, and these in logarithms.
    low: f64,
    high: f64,
    logarithms: Option<(f64, f64)>,
}

impl Scale {
    fn of(column: &[f64], maximize: bool) -> Self {
        let (mut low, mut high, mut positive) = (f64::INFINITY, f64::NEG_INFINITY, true);
        for &value in column {
            let value = if maximize { -value } else { value };
            positive &= value > 0.0;
            if value.is_finite() {
                (low, high) = (low.min(value), high.max(value));
            }
        }
        let wide = positive && low.is_finite() && high > WIDE * low;
        Self { maximize, low, high, logarithms: wide.then(|| (log(low), log(high))) }
    }

    /// The place of a minimised value.
    fn place(&self, value: f64) -> f64 {
        let value = if self.maximize { -value } else { value };
        if value.is_infinite() {
            return if value > 0.0 { 1.0 } else { 0.0 };
        }
        if let Some((low, high)) = self.logarithms {
            return (log(value) - low) / (high - low);
        }
        let span = self.high - self.low;
        if span.is_infinite() {
            return (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        }
        if span > 0.0 { (value - self.low) / span } else { 0.0 }
    }
}

/// The rows of a front in parts, and those chosen so far.
struct Parts {
    parts: Vec<Mutex<Part>>,
    chosen: Vec<usize>,
}

/// Neighbouring rows.
struct Part {
    /// For each objective, the place of each row.
    places: Vec<Vec<f64>>,
    /// How far each row is from its nearest chosen one.
    distances: Vec<f64>,
    /// The box of each block, then that of all: for each objective the lowest and the highest place.
    boxes: Vec<(f64, f64)>,
    /// The largest distance in each block, then that of all.
    farthest: Vec<f64>,
}

impl Parts {
    fn new(objectives: &[&[f64]], scales: &[Scale], control: &Control) -> Result<Self, Interrupted> {
        let count = objectives[0].len();
        let parts = Crew::for_rows(control, count).map(count.div_ceil(PART), |part| {
            control.check()?;
            let rows = part * PART..count.min((part + 1) * PART);
            Ok(Mutex::new(Part::new(objectives, scales, &rows)?))
        })?;
        Ok(Self { parts, chosen: Vec::new() })
    }

    fn part(&mut self, part: usize) -> &mut Part {
        self.parts[part].get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_chosen(&mut self, row: usize) -> bool {
        self.part(row / PART).distances[row % PART] == CHOSEN
    }

    /// The first part that has the largest distance, and this.
    fn farthest(&mut self) -> (usize, f64) {
        let mut farthest = (0, f64::NEG_INFINITY);
        for part in 0..self.parts.len() {
            let distance = self.part(part).all();
            if distance > farthest.1 {
                farthest = (part, distance);
            }
        }
        (farthest.0, farthest.1.max(0.0))
    }

    /// The first row of a part that has its largest distance.
    fn first_farthest(&mut self, number: usize) -> usize {
        let part = self.part(number);
        let farthest = part.all();
        let block = part.farthest.iter().position(|&distance| distance == farthest).unwrap_or(0);
        let rows = &part.distances[block * BLOCK..];
        let row =
            rows.iter().position(|&distance| distance == farthest).expect("a part has its farthest row");
        number * PART + block * BLOCK + row
    }

    fn choose(&mut self, row: usize, control: &Control) -> Result<(), Interrupted> {
        control.check()?;
        memory::push(&mut self.chosen, row)?;
        let part = self.part(row / PART);
        part.distances[row % PART] = CHOSEN;
        part.measure(row % PART / BLOCK);
        let centre: Vec<f64> = part.places.iter().map(|places| places[row % PART]).collect();
        let near = memory::gathered((0..self.parts.len()).filter(|&part| {
            let part = self.parts[part].lock().unwrap_or_else(PoisonError::into_inner);
            part.is_near(part.farthest.len() - 1, &centre)
        }))?;
        let crew = Crew::if_worth(control, near.len() * PART >= SERIAL_ROWS);
        crew.map(near.len(), |place| {
            let mut part = self.parts[near[place]].lock().unwrap_or_else(PoisonError::into_inner);
            part.update(&centre);
            Ok(())
        })?;
        Ok(())
    }
}

impl Part {
    fn new(objectives: &[&[f64]], scales: &[Scale], rows: &Range<usize>) -> Result<Self, OutOfMemory> {
        let columns = objectives.iter().zip(scales);
        let places: Vec<Vec<f64>> = columns
            .map(|(column, scale)| {
                memory::collected(column[rows.clone()].iter().map(|&value| scale.place(value)))
            })
            .collect::<Result<_, _>>()?;
        let blocks = rows.len().div_ceil(BLOCK);
        let mut boxes = memory::room((blocks + 1) * places.len())?;
        let range = |places: &[f64]| {
            let ends = (f64::INFINITY, f64::NEG_INFINITY);
            places.iter().fold(ends, |(low, high), &place| (low.min(place), high.max(place)))
        };
        for block in 0..blocks {
            let rows = block * BLOCK..rows.len().min((block + 1) * BLOCK);
            boxes.extend(places.iter().map(|places| range(&places[rows.clone()])));
        }
        boxes.extend(places.iter().map(|places| range(places)));
        Ok(Self {
            places,
            distances: memory::filled(rows.len(), f64::INFINITY)?,
            boxes,
            farthest: memory::filled(blocks + 1, f64::INFINITY)?,
        })
    }

    /// The largest distance of all rows.
    fn all(&self) -> f64 {
        self.farthest[self.farthest.len() - 1]
    }

    /// Whether a row at these places may be nearer to some row of a block than what was chosen before.
    fn is_near(&self, block: usize, centre: &[f64]) -> bool {
        let boxes = &self.boxes[block * centre.len()..];
        let distance = boxes
            .iter()
            .zip(centre)
            .fold(0.0, |distance: f64, (&(low, high), &place)| distance.max(low - place).max(place - high));
        distance < self.farthest[block]
    }

    /// Takes in that a row at these places is chosen.
    fn update(&mut self, centre: &[f64]) {
        let mut distances = [0.0; BLOCK];
        for block in 0..self.farthest.len() - 1 {
            if !self.is_near(block, centre) {
                continue;
            }
            let rows = block * BLOCK..self.distances.len().min((block + 1) * BLOCK);
            let distances = &mut distances[..rows.len()];
            distances.fill(0.0);
            for (places, &centre) in self.places.iter().zip(centre) {
                for (distance, &place) in distances.iter_mut().zip(&places[rows.clone()]) {
                    let apart = (place - centre).abs();
                    *distance = if apart > *distance { apart } else { *distance };
                }
            }
            for (nearest, &mut distance) in self.distances[rows].iter_mut().zip(distances) {
                *nearest = if distance < *nearest { distance } else { *nearest };
            }
            self.measure(block);
        }
    }

    /// Finds the largest distance of a block again, and that of all.
    fn measure(&mut self, block: usize) {
        /// Numbers that are compared side by side, in lanes.
        const WIDE: usize = 8;
        let higher = |a: f64, b: f64| if b > a { b } else { a };
        let rows = block * BLOCK..self.distances.len().min((block + 1) * BLOCK);
        let groups = self.distances[rows].chunks_exact(WIDE);
        let rest = groups.remainder().iter().copied().fold(CHOSEN, higher);
        let lanes = groups.fold([CHOSEN; WIDE], |mut lanes, group| {
            lanes.iter_mut().zip(group).for_each(|(lane, &distance)| *lane = higher(*lane, distance));
            lanes
        });
        self.farthest[block] = lanes.into_iter().fold(rest, higher);
        let (all, blocks) = self.farthest.split_last_mut().expect("a part is one block at least");
        *all = blocks.iter().copied().fold(CHOSEN, higher);
    }
}
