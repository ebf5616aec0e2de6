//! The archive: one of its structures, by the number of objectives.

use super::many::Many;
use super::order::Sizes;
use super::single::Single;
use super::stairs::Stairs;
use crate::control::{Control, Interrupted};
use crate::memory::{self, OutOfMemory};
use crate::parallel::Crew;
use crate::pareto::points::Points;
use crate::pareto::rows::Ties;

/// Rows of one piece of work.
const PIECE: usize = 1 << 14;

/// The exact front of all configurations added so far.
///
/// # Examples
///
/// ```
/// use isoflop_core::control::Control;
/// use isoflop_core::pareto::archive::Archive;
/// use isoflop_core::pareto::{Points, Ties};
/// let control = Control::new(1);
/// let mut archive = Archive::new(&[52, 52], Ties::First);
/// archive.add(vec![Points { objectives: vec![vec![1.0, 2.0], vec![5.0, 3.0]], indices: vec![0, 7] }], &control)?;
/// let mut open = Vec::new();
/// archive.unpruned(&[&[1.5, 1.5], &[5.0, 4.0]], &[1, 2], &mut open);
/// assert_eq!(open, [1]); // the first lane is no better than (1, 5)
/// # Ok::<(), isoflop_core::control::Interrupted>(())
/// ```
#[derive(Debug, Clone)]
pub struct Archive {
    structure: Structure,
}

#[derive(Debug, Clone)]
enum Structure {
    Single(Single),
    Stairs(Stairs),
    Many(Many),
}

impl Archive {
    /// An empty archive for as many objectives as there are `bits`, compared at resolutions `2^-bits`.
    ///
    /// # Panics
    ///
    /// If there is no objective, or if one of `bits` exceeds 52.
    #[must_use]
    pub fn new(bits: &[u32], ties: Ties) -> Self {
        Self::with(bits, ties, Sizes::default())
    }

    /// [`new`](Self::new) with other [`Sizes`], so that few rows can take every way.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    #[must_use]
    pub fn with(bits: &[u32], ties: Ties, sizes: Sizes) -> Self {
        let structure = match *bits {
            [] => panic!("an archive needs an objective"),
            // The least value is in the least cell, at any resolution.
            [_] => Structure::Single(Single::new(ties)),
            [first, second] => Structure::Stairs(Stairs::new([first, second], ties, sizes)),
            _ => Structure::Many(Many::new(bits, ties, sizes)),
        };
        Self { structure }
    }

    /// How many rows are kept.
    ///
    /// For three objectives and more this may count rows that are no longer on the front, up to as many again as
    /// there are; [`tidy`](Self::tidy) drops them.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.structure {
            Structure::Single(single) => single.len(),
            Structure::Stairs(stairs) => stairs.len(),
            Structure::Many(many) => many.len(),
        }
    }

    /// Whether no row was ever added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends to `open` the lanes, ascending, that the archive does not prune.
    ///
    /// Lane l is a box of configurations, or one of them, with the lower bounds `bounds[k][l]` of the objectives
    /// (minimised and true: no keys) and the least index `indices[l]`. Bounds may be infinite but not NaN. Memory is
    /// not requested: the caller makes room in `open` for all lanes beforehand.
    ///
    /// # Panics
    ///
    /// If there are not as many bounds as objectives, or fewer of any than indices.
    pub fn unpruned(&self, bounds: &[&[f64]], indices: &[u64], open: &mut Vec<u32>) {
        match &self.structure {
            Structure::Single(single) => single.unpruned(bounds[0], indices, open),
            Structure::Stairs(stairs) => stairs.unpruned([bounds[0], bounds[1]], indices, open),
            Structure::Many(many) => many.unpruned(bounds, indices, open),
        }
    }

    /// Drops some configurations that others among these prune, if that is quick to see.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`] if there is no room to look.
    pub fn prefilter(&self, points: &mut Points) -> Result<(), OutOfMemory> {
        match &self.structure {
            Structure::Single(_) => Ok(()),
            Structure::Stairs(stairs) => stairs.prefilter(points),
            Structure::Many(many) => many.prefilter(points),
        }
    }

    /// Adds configurations; afterwards the archive holds the front of everything ever added.
    ///
    /// The archive depends on what was added by each call, not on the number of threads.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] after [`Control::cancel`], or for want of memory; the archive is poisoned then and must be
    /// dropped.
    ///
    /// # Panics
    ///
    /// If columns differ in length or in number from the objectives, or if there are 2^32 - 1 rows or more.
    pub fn add(&mut self, points: Vec<Points>, control: &Control) -> Result<(), Interrupted> {
        let points = Points::joined(points)?;
        if points.indices.is_empty() {
            return Ok(());
        }
        match &mut self.structure {
            Structure::Single(single) => single.add(&points, control),
            Structure::Stairs(stairs) => stairs.add(&points, control),
            Structure::Many(many) => many.add(&points, control),
        }
    }

    /// Drops what is no longer on the front, so that [`len`](Self::len) is exact until the next addition.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] after [`Control::cancel`], or for want of memory; the archive is poisoned then and must be
    /// dropped.
    pub fn tidy(&mut self, control: &Control) -> Result<(), Interrupted> {
        match &mut self.structure {
            Structure::Single(_) | Structure::Stairs(_) => Ok(()),
            Structure::Many(many) => many.tidy(control),
        }
    }

    /// How many rows another archive of as many objectives leaves unpruned: those whose objectives, as the bounds of a
    /// lane behind all others, no row of it is at most, key for key.
    ///
    /// Counts as [`len`](Self::len) does.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] after [`Control::cancel`], or for want of memory.
    pub(crate) fn unpruned_by(&self, other: &Self, control: &Control) -> Result<u64, Interrupted> {
        match &self.structure {
            Structure::Single(single) => other.leaves(&single.copied()?, control),
            Structure::Stairs(stairs) => other.leaves(&stairs.copied()?, control),
            Structure::Many(many) => {
                many.pieces().into_iter().try_fold(0, |rows, piece| Ok(rows + other.leaves(piece, control)?))
            }
        }
    }

    /// How many of some rows it leaves unpruned, for any indices.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] after [`Control::cancel`], or for want of memory.
    pub(crate) fn leaves(&self, points: &Points, control: &Control) -> Result<u64, Interrupted> {
        let (columns, count) = (points.columns(), points.indices.len());
        let left = Crew::for_rows(control, count).map_chunks(count, PIECE, |range| {
            control.check()?;
            let columns: Vec<&[f64]> = columns.iter().map(|column| &column[range.clone()]).collect();
            let mut open = memory::room(range.len())?;
            self.unpruned(&columns, &memory::filled(range.len(), u64::MAX)?, &mut open);
            Ok(open.len() as u64)
        })?;
        Ok(left.into_iter().sum())
    }

    /// The rows, best first by the objectives in order (-0 equal to +0), then by index.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] after [`Control::cancel`], or for want of memory.
    pub fn into_points(self, control: &Control) -> Result<Points, Interrupted> {
        control.check()?;
        match self.structure {
            Structure::Single(single) => Ok(single.into_points()?),
            Structure::Stairs(stairs) => Ok(stairs.into_points()?),
            Structure::Many(many) => many.into_points(control),
        }
    }
}
