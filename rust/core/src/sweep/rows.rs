//! From what was found to the rows of an answer: a few rows that cover a front, and copies on axes that no formula
//! reads.
//!
//! Axes that a question does not read stay at position 0 while it is answered. Where all of several equal
//! configurations are wanted, these axes are free, and each row stands for one configuration for each choice of
//! positions on them: the rows are multiplied at the end, in the order that they have as configurations.

use crate::control::{Control, Interrupted};
use crate::error::Error;
use crate::memory;
use crate::pareto::Points;
use crate::space::Space;

use super::question::FrontQuestion;

/// Axes that a question leaves free, though it does not read them.
#[derive(Debug, Clone)]
pub(super) struct Free {
    /// How many values each has, and how far apart in the index neighbours on it are.
    axes: Vec<(u64, u64)>,
    /// Configurations that each one found stands for.
    copies: u64,
    /// Most rows that the answer may have.
    max_rows: u64,
}

impl Free {
    /// All axes of a space but those that are `touched`, if there are to be `copies`; else none.
    pub(super) fn new(space: &Space, touched: &[usize], copies: bool, max_rows: u64) -> Self {
        let lengths = space.lengths().iter().enumerate();
        let free = lengths.filter(|&(axis, &length)| copies && length > 1 && !touched.contains(&axis));
        let axes: Vec<_> = free.map(|(axis, &length)| (length as u64, space.stride(axis))).collect();
        let copies = axes.iter().map(|(length, _)| length).product();
        Self { axes, copies, max_rows }
    }

    /// Most configurations that may be found.
    pub(super) fn limit(&self) -> u64 {
        self.max_rows / self.copies
    }

    /// The error of an answer for which `rows` are surely found.
    pub(super) fn too_many(&self, rows: u64) -> Error {
        Error::Limit { rows: rows.saturating_mul(self.copies), limit: self.max_rows }
    }

    /// The error for the answer, given one of a limit of [`limit`](Self::limit) on what is found.
    pub(super) fn of_answer(&self, error: Error) -> Error {
        match error {
            Error::Limit { rows, .. } => self.too_many(rows),
            error => error,
        }
    }

    /// Adds the copies to the rows of each group, which come best first, and joins the groups.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] if that makes too many, [`Error::Interrupted`], [`Error::Memory`].
    pub(super) fn spread_each(&self, groups: Vec<Points>, control: &Control) -> Result<Points, Error> {
        let rows = groups.iter().map(|points| points.indices.len() as u64).sum();
        if rows > self.limit() {
            return Err(self.too_many(rows));
        }
        let mut spread = memory::room(groups.len())?;
        for points in groups {
            spread.push(self.spread(points, control)?);
        }
        Ok(Points::joined(spread)?)
    }

    /// Equal rows come by index, copies or not.
    fn spread(&self, points: Points, control: &Control) -> Result<Points, Interrupted> {
        let count = points.indices.len();
        if self.copies == 1 || count == 0 {
            return Ok(points);
        }
        let mut offsets: Vec<u64> = memory::filled(1, 0)?;
        for &(length, stride) in &self.axes {
            let before = memory::copied(&offsets)?;
            memory::reserve(&mut offsets, before.len() * (length as usize - 1))?;
            for position in 1..length {
                offsets.extend(before.iter().map(|offset| offset + position * stride));
            }
        }
        offsets.sort_unstable();
        let all = count * offsets.len();
        let mut spread = Points { objectives: Vec::new(), indices: memory::room(all)? };
        for run in points.runs() {
            control.check()?;
            let before = spread.indices.len();
            for &index in &points.indices[run.clone()] {
                spread.indices.extend(offsets.iter().map(|offset| index + offset));
            }
            if run.len() > 1 {
                spread.indices[before..].sort_unstable();
            }
        }
        for column in &points.objectives {
            let mut copies = memory::room(all)?;
            // Copies of equal rows have equal values, but for the sign of a zero, which is that of their own row.
            let mut signs: Vec<(u64, f64)> = Vec::new();
            for run in points.runs() {
                let values = &column[run.clone()];
                if values.iter().all(|value| value.to_bits() == values[0].to_bits()) {
                    copies.resize(copies.len() + values.len() * offsets.len(), values[0]);
                    continue;
                }
                signs.clear();
                memory::reserve(&mut signs, values.len() * offsets.len())?;
                for (&index, &value) in points.indices[run].iter().zip(values) {
                    signs.extend(offsets.iter().map(|offset| (index + offset, value)));
                }
                signs.sort_unstable_by_key(|&(index, _)| index);
                copies.extend(signs.iter().map(|&(_, value)| value));
            }
            spread.objectives.push(copies);
        }
        Ok(spread)
    }
}

/// Most rows that the front of a question may have.
pub(super) fn front_limit(question: &FrontQuestion<'_>, free: &Free) -> u64 {
    // A few of them are chosen before there are copies.
    if question.rows.is_some() { question.max_rows } else { free.limit() }
}

/// The answer's rows, given the front of each group, best first; and the gap, if some of them are chosen.
///
/// # Errors
///
/// [`Error::Limit`] if the front or the answer has too many rows, [`Error::Interrupted`], [`Error::Memory`].
pub(super) fn finish(
    mut fronts: Vec<Points>,
    question: &FrontQuestion<'_>,
    free: &Free,
    control: &Control,
) -> Result<(Points, Option<f64>), Error> {
    let count = |fronts: &[Points]| fronts.iter().map(|points| points.indices.len() as u64).sum::<u64>();
    let mut gap = None;
    if let Some(most) = question.rows {
        let (rows, limit) = (count(&fronts), question.max_rows);
        if rows > limit {
            return Err(Error::Limit { rows, limit });
        }
        let maximize: Vec<bool> = question.objectives.iter().map(|objective| objective.maximize).collect();
        let mut largest = 0.0;
        for front in &mut fronts {
            let (chosen, gap) = std::mem::take(front).few(&maximize, most, control)?;
            (*front, largest) = (chosen, f64::max(gap, largest));
        }
        gap = Some(largest);
    }
    let points = free.spread_each(fronts, control)?;
    Ok((points, gap))
}
