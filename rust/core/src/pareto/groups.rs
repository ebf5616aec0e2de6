//! Fronts of groups of rows, and of each a few rows.

use super::cover::cover;
use super::filter::front_of;
use super::points::Points;
use super::rows::{Rows, Ties};
use crate::control::{Control, Interrupted};
use crate::memory::{self, OutOfMemory};

/// Calls `step` with each group that rows have, and its rows, ascending.
pub(crate) fn by_group<E: From<OutOfMemory>>(
    groups: &[u32],
    mut step: impl FnMut(usize, &[u32]) -> Result<(), E>,
) -> Result<(), E> {
    let mut rows = memory::collected(0..groups.len() as u32)?;
    rows.sort_unstable_by_key(|&row| (groups[row as usize], row));
    rows.chunk_by(|&a, &b| groups[a as usize] == groups[b as usize])
        .try_for_each(|rows| step(groups[rows[0] as usize] as usize, rows))
}

/// A question for the front of given rows.
#[derive(Debug, Clone, Copy)]
pub struct FrontOf<'a> {
    /// Key bits of each objective.
    pub bits: &'a [u32],
    /// Which of several equal rows are kept.
    pub ties: Ties,
    /// Which objectives were negated, as they are to be maximised.
    pub maximize: &'a [bool],
    /// What decides between rows of equal objectives, one a row; the row's number if `None`.
    pub indices: Option<&'a [u64]>,
    /// The group of each row, each of which has a front of its own; `None` if all are one.
    pub groups: Option<&'a [u32]>,
    /// How many rows to choose that cover each front, see [`cover`]; all rows if `None`. Of several equal rows the
    /// first by number is then the first.
    pub rows: Option<usize>,
}

/// The numbers of the rows on the front of their group, or of those chosen of it, ascending.
///
/// # Errors
///
/// [`Interrupted`] after [`Control::cancel`], or for want of memory.
///
/// # Panics
///
/// As [`front`](super::front), and if there are not as many groups as rows.
pub fn front_by(
    objectives: &[&[f64]],
    asked: &FrontOf<'_>,
    control: &Control,
) -> Result<Vec<usize>, Interrupted> {
    let mut kept = Vec::new();
    let mut keep = |rows: Rows<'_>, number: &dyn Fn(usize) -> usize| -> Result<(), Interrupted> {
        let front = front_of(rows, asked.bits, asked.ties, control)?;
        let Some(most) = asked.rows else {
            return Ok(memory::extend(&mut kept, front.into_iter().map(number))?);
        };
        let column = |column: &&[f64]| memory::collected(front.iter().map(|&row| column[row]));
        let points = Points {
            objectives: rows.objectives.iter().map(column).collect::<Result<_, _>>()?,
            indices: memory::collected(front.iter().map(|&row| number(row) as u64))?,
        };
        let (few, _) = points.sorted(control)?.few(asked.maximize, most, control)?;
        Ok(memory::extend(&mut kept, few.indices.into_iter().map(|row| row as usize))?)
    };
    match asked.groups {
        None => keep(Rows { objectives, indices: asked.indices }, &|row| row)?,
        Some(groups) => {
            assert!(groups.len() == objectives[0].len(), "as many groups as rows");
            by_group(groups, |_, rows| {
                let column =
                    |column: &&[f64]| memory::collected(rows.iter().map(|&row| column[row as usize]));
                let some: Vec<Vec<f64>> = objectives.iter().map(column).collect::<Result<_, _>>()?;
                let some: Vec<&[f64]> = some.iter().map(Vec::as_slice).collect();
                let indices = asked
                    .indices
                    .map(|indices| memory::collected(rows.iter().map(|&row| indices[row as usize])));
                let indices = indices.transpose()?;
                keep(Rows { objectives: &some, indices: indices.as_deref() }, &|row| rows[row] as usize)
            })?;
        }
    }
    kept.sort_unstable();
    Ok(kept)
}

impl Points {
    /// Of a front whose rows come best first, some rows that [`cover`] it, with their copies; and the gap.
    pub(crate) fn few(
        self,
        maximize: &[bool],
        most: usize,
        control: &Control,
    ) -> Result<(Self, f64), Interrupted> {
        // Copies of a row have its place: one of them stands for all.
        let starts = memory::gathered(self.runs().map(|run| run.start))?;
        let covering = if starts.len() == self.indices.len() {
            cover(&self.columns(), maximize, most, control)?
        } else {
            let first = self.select(starts.iter().copied())?;
            cover(&first.columns(), maximize, most, control)?
        };
        let mut kept = memory::room(covering.rows.len())?;
        for run in covering.rows {
            let end = starts.get(run + 1).copied().unwrap_or(self.indices.len());
            memory::extend(&mut kept, starts[run]..end)?;
        }
        Ok((self.select(kept.iter().copied())?, covering.gap))
    }

    /// Runs of rows with equal objectives, if rows come best first.
    pub(crate) fn runs(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        let mut start = 0;
        std::iter::from_fn(move || {
            let rows = self.indices.len();
            if start == rows {
                return None;
            }
            let same = |row: &usize| self.objectives.iter().all(|column| column[*row] == column[start]);
            let end = (start + 1..rows).take_while(same).last().map_or(start + 1, |row| row + 1);
            let run = start..end;
            start = end;
            Some(run)
        })
    }
}
