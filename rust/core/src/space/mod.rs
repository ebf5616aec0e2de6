//! Axes, and the way between a configuration and its index.
//!
//! A [`Space`] is the product of its axes, row-major in the order given: the last axis varies
//! fastest. An axis carries columns of numbers; a linked axis carries several.

use crate::memory::{self, OutOfMemory};

mod numbers;

pub use numbers::Numbers;

/// Most configurations that a space may have.
pub const MAX_SIZE: u64 = i64::MAX as u64;

/// Most values that one axis may have: positions cross to Python as 32-bit numbers.
pub const MAX_AXIS: usize = u32::MAX as usize;

/// Why axes do not make a space.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SpaceError {
    /// An axis without values.
    #[error("axis {axis} has no values")]
    EmptyAxis {
        /// Position of the axis.
        axis: usize,
    },
    /// An axis with more values than positions can count.
    #[error("axis {axis} has {length} values, more than 2^32 - 1")]
    LongAxis {
        /// Position of the axis.
        axis: usize,
        /// How many values it has.
        length: usize,
    },
    /// A column that is not as long as its axis.
    #[error("column `{column}` has {length} values, but its axis has {expected}")]
    Ragged {
        /// Name of the column.
        column: String,
        /// Its length.
        length: usize,
        /// The length of its axis.
        expected: usize,
    },
    /// A column of an axis that does not exist.
    #[error("column `{column}` names axis {axis}, but there are {axes} axes")]
    NoSuchAxis {
        /// Name of the column.
        column: String,
        /// The axis that it names.
        axis: usize,
        /// How many axes there are.
        axes: usize,
    },
    /// More configurations than an index can count.
    #[error("the space has more than 2^63 - 1 configurations")]
    TooLarge,
    /// Positions that do not name configurations of the space.
    #[error(
        "positions must be one array for each of the {axes} axes, equally long, each value below its axis' length"
    )]
    Positions {
        /// How many axes there are.
        axes: usize,
    },
}

/// A named column of numbers on an axis.
#[derive(Debug, Clone)]
pub struct Column {
    /// The name that formulas use.
    pub name: String,
    /// The axis that it varies with.
    pub axis: usize,
    /// One number for each position of the axis.
    pub values: Numbers,
    /// Whether the numbers are conditions, 0 or 1.
    pub boolean: bool,
}

impl Column {
    /// The same column with the values at these few positions.
    pub(crate) fn at(&self, positions: impl Iterator<Item = usize>) -> Self {
        Self { values: positions.map(|position| self.values[position]).collect(), ..self.clone() }
    }
}

/// The product of axes.
#[derive(Debug, Clone)]
pub struct Space {
    lengths: Vec<usize>,
    strides: Vec<u64>,
    columns: Vec<Column>,
    size: u64,
}

impl Space {
    /// Makes a space of axes of these lengths.
    ///
    /// # Errors
    ///
    /// [`SpaceError`] if an axis is empty or too long, a column does not fit its axis, or the
    /// product exceeds [`MAX_SIZE`].
    pub fn new(lengths: Vec<usize>, columns: Vec<Column>) -> Result<Self, SpaceError> {
        for (axis, &length) in lengths.iter().enumerate() {
            if length == 0 {
                return Err(SpaceError::EmptyAxis { axis });
            }
            if length > MAX_AXIS {
                return Err(SpaceError::LongAxis { axis, length });
            }
        }
        for column in &columns {
            let expected = *lengths.get(column.axis).ok_or_else(|| SpaceError::NoSuchAxis {
                column: column.name.clone(),
                axis: column.axis,
                axes: lengths.len(),
            })?;
            let length = column.values.len();
            if length != expected {
                return Err(SpaceError::Ragged { column: column.name.clone(), length, expected });
            }
        }
        let mut strides = vec![1; lengths.len()];
        let mut size = 1u64;
        for (axis, &length) in lengths.iter().enumerate().rev() {
            strides[axis] = size;
            size = size
                .checked_mul(length as u64)
                .filter(|&size| size <= MAX_SIZE)
                .ok_or(SpaceError::TooLarge)?;
        }
        Ok(Self { lengths, strides, columns, size })
    }

    /// How many values each axis has.
    #[must_use]
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// How far apart in the index neighbours on `axis` are.
    #[must_use]
    pub fn stride(&self, axis: usize) -> u64 {
        self.strides[axis]
    }

    /// The columns of all axes.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How many configurations there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The position on `axis` of the configuration with this index.
    #[must_use]
    pub fn position(&self, index: u64, axis: usize) -> u32 {
        let position = index / self.strides[axis] % self.lengths[axis] as u64;
        u32::try_from(position).expect("an axis has fewer than 2^32 values")
    }

    /// For each axis, appends to its column the positions on it of the configurations with these indices.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`] if there is no room for them; the columns then differ in length.
    ///
    /// # Panics
    ///
    /// If there are not as many columns as axes.
    pub fn push_positions(&self, indices: &[u64], positions: &mut [Vec<u32>]) -> Result<(), OutOfMemory> {
        assert!(positions.len() == self.lengths.len(), "a column for each axis");
        // From the last axis on: one division gives a position and what is left for the axes before.
        let mut rest = memory::copied(indices)?;
        for (positions, &length) in positions.iter_mut().zip(&self.lengths).rev() {
            let length = length as u64;
            let position = |rest: &mut u64| {
                let position = *rest % length;
                *rest /= length;
                u32::try_from(position).expect("an axis has fewer than 2^32 values")
            };
            memory::extend(positions, rest.iter_mut().map(position))?;
        }
        Ok(())
    }

    /// For each axis, the positions on it of the configurations with these indices.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`] if there is no room for them.
    pub(crate) fn positions(&self, indices: &[u64]) -> Result<Vec<Vec<u32>>, OutOfMemory> {
        let mut positions = vec![Vec::new(); self.lengths.len()];
        self.push_positions(indices, &mut positions)?;
        Ok(positions)
    }

    /// How many configurations these positions name, one array of them for each axis.
    ///
    /// # Errors
    ///
    /// [`SpaceError::Positions`] if they do not name configurations of this space.
    pub fn count_positions(&self, positions: &[&[u32]]) -> Result<usize, SpaceError> {
        let count = positions.first().map_or(0, |first| first.len());
        let fit = |(positions, &length): (&&[u32], &usize)| {
            positions.len() == count && positions.iter().all(|&position| (position as usize) < length)
        };
        if positions.len() == self.lengths.len() && positions.iter().zip(&self.lengths).all(fit) {
            Ok(count)
        } else {
            Err(SpaceError::Positions { axes: self.lengths.len() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(axis: usize, values: &[f64]) -> Column {
        Column { name: "x".into(), axis, values: values.into(), boolean: false }
    }

    #[test]
    fn the_last_axis_varies_fastest() {
        let space = Space::new(vec![2, 3, 4], vec![]).unwrap();
        let index = 12 + 2 * 4 + 3;
        assert_eq!([0, 1, 2].map(|axis| space.position(index, axis)), [1, 2, 3]);
        assert_eq!(space.positions(&[index, 0]), Ok(vec![vec![1, 0], vec![2, 0], vec![3, 0]]));
    }

    #[test]
    fn sizes_beyond_an_index_are_refused() {
        assert_eq!(Space::new(vec![1 << 31; 3], vec![]).unwrap_err(), SpaceError::TooLarge);
        assert_eq!(Space::new(vec![1 << 31, 1 << 31, 2], vec![]).unwrap_err(), SpaceError::TooLarge);
        assert_eq!(Space::new(vec![1 << 31, 1 << 31], vec![]).unwrap().size(), 1 << 62);
    }

    #[test]
    fn columns_must_be_as_long_as_their_axis() {
        assert!(matches!(Space::new(vec![2], vec![column(0, &[1.0])]), Err(SpaceError::Ragged { .. })));
        assert!(matches!(Space::new(vec![2], vec![column(1, &[1.0])]), Err(SpaceError::NoSuchAxis { .. })));
    }

    #[test]
    fn positions_outside_an_axis_are_refused() {
        let space = Space::new(vec![2], vec![column(0, &[1.0, 2.0])]).unwrap();
        for wrong in [&[&[2_u32][..]][..], &[&[0], &[0]], &[]] {
            assert!(matches!(space.count_positions(wrong), Err(SpaceError::Positions { .. })));
        }
        assert_eq!(space.count_positions(&[&[1, 0, 1]]), Ok(3));
    }
}
