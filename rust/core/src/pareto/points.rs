//! Configurations with their objectives.

use super::filter::{best_first, front_of};
use super::rows::{Rows, Ties};
use crate::control::{Control, Interrupted, LOOK};
use crate::memory::{self, OutOfMemory};

/// Configurations with their minimised objectives, column by column (no NaN inside).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Points {
    /// A column for each objective.
    pub objectives: Vec<Vec<f64>>,
    /// The index of each configuration.
    pub indices: Vec<u64>,
}

impl Points {
    pub(crate) fn none(objectives: usize) -> Self {
        Self { objectives: vec![Vec::new(); objectives], indices: Vec::new() }
    }

    /// All of them in one, in the given order.
    pub(crate) fn joined(pieces: Vec<Self>) -> Result<Self, OutOfMemory> {
        let mut all = Self::default();
        for piece in pieces {
            // A piece without rows may lack its columns, too.
            if all.objectives.is_empty() {
                all = piece;
            } else {
                all.append(piece)?;
            }
        }
        Ok(all)
    }

    /// Appends others of as many objectives.
    pub(crate) fn append(&mut self, other: Self) -> Result<(), OutOfMemory> {
        for (column, more) in self.objectives.iter_mut().zip(&other.objectives) {
            memory::append(column, more)?;
        }
        memory::append(&mut self.indices, &other.indices)
    }

    pub(crate) fn copied(&self) -> Result<Self, OutOfMemory> {
        let objectives = self.objectives.iter().map(|column| memory::copied(column));
        Ok(Self {
            objectives: objectives.collect::<Result<_, _>>()?,
            indices: memory::copied(&self.indices)?,
        })
    }

    pub(crate) fn columns(&self) -> Vec<&[f64]> {
        self.objectives.iter().map(Vec::as_slice).collect()
    }

    pub(crate) fn select(
        &self,
        rows: impl ExactSizeIterator<Item = usize> + Clone,
    ) -> Result<Self, OutOfMemory> {
        let column = |column: &Vec<f64>| memory::collected(rows.clone().map(|row| column[row]));
        Ok(Self {
            objectives: self.objectives.iter().map(column).collect::<Result<_, _>>()?,
            indices: memory::collected(rows.clone().map(|row| self.indices[row]))?,
        })
    }

    /// Keeps these rows, none of which comes twice, in their order.
    pub(crate) fn keep(
        &mut self,
        rows: impl ExactSizeIterator<Item = usize> + Clone,
    ) -> Result<(), OutOfMemory> {
        if rows.len() < self.indices.len() {
            *self = self.select(rows)?;
        }
        Ok(())
    }

    /// Those on the front, in their order.
    pub(crate) fn front(&self, bits: &[u32], ties: Ties, control: &Control) -> Result<Self, Interrupted> {
        let columns = self.columns();
        let kept =
            front_of(Rows { objectives: &columns, indices: Some(&self.indices) }, bits, ties, control)?;
        Ok(self.select(kept.iter().copied())?)
    }

    /// Best first by the objectives in order (-0 equal to +0), then by index.
    pub(crate) fn sorted(&self, control: &Control) -> Result<Self, Interrupted> {
        let columns = self.columns();
        let order = best_first(Rows { objectives: &columns, indices: Some(&self.indices) }, control)?;
        let room = columns.iter().map(|column| memory::room(column.len()));
        let mut sorted =
            Self { objectives: room.collect::<Result<_, _>>()?, indices: memory::room(order.len())? };
        for rows in order.chunks(LOOK) {
            control.check()?;
            for (sorted, column) in sorted.objectives.iter_mut().zip(&columns) {
                sorted.extend(rows.iter().map(|&row| column[row as usize]));
            }
            sorted.indices.extend(rows.iter().map(|&row| self.indices[row as usize]));
        }
        Ok(sorted)
    }
}
