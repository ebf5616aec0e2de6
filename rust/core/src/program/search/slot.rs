//! An axis as a search sees it.

use super::ranges::scales;
use super::space::SearchSpace;
use crate::memory::{self, OutOfMemory};

/// An axis of a search.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    /// The axis of the space.
    pub(crate) axis: usize,
    pub(crate) length: u32,
    stride: u64,
    /// What each position adds to a configuration's index, if it is not the user's position.
    offsets: Option<Vec<u64>>,
    /// The least of these in each block, scale by scale.
    least: Vec<Vec<u64>>,
}

impl Slot {
    /// Adds to `indices` what positions add to those of their configurations.
    #[inline(always)]
    pub(crate) fn add_index(&self, positions: &[u32], indices: &mut [u64]) {
        let lanes = indices.iter_mut().zip(positions);
        match &self.offsets {
            None => lanes.for_each(|(index, &position)| *index += u64::from(position) * self.stride),
            Some(offsets) => lanes.for_each(|(index, &position)| *index += offsets[position as usize]),
        }
    }

    /// Adds to `indices` the least of what the positions of blocks add.
    #[inline(always)]
    pub(crate) fn add_least_index(&self, first: &[u32], scale: &[u8], indices: &mut [u64]) {
        if self.offsets.is_none() {
            return self.add_index(first, indices);
        }
        for (index, (&first, &scale)) in indices.iter_mut().zip(first.iter().zip(scale)) {
            *index += self.least[usize::from(scale)][(first >> scale) as usize];
        }
    }

    /// The user's position on the axis, if the slot stands for no other.
    pub(crate) fn position(&self, position: u32) -> u32 {
        self.offsets.as_ref().map_or(position, |offsets| (offsets[position as usize] / self.stride) as u32)
    }

    /// The scale of the block that holds the whole axis.
    pub(crate) fn top(&self) -> u8 {
        (scales(self.length as usize) - 1) as u8
    }

    /// The last position of the block that begins at `first`.
    #[inline(always)]
    pub(crate) fn last(&self, first: u32, scale: u8) -> u32 {
        (u64::from(first) + (1u64 << scale) - 1).min(u64::from(self.length) - 1) as u32
    }
}

impl Slot {
    pub(super) fn new(searched: &SearchSpace<'_>, axis: usize) -> Result<Self, OutOfMemory> {
        let length = searched.space.lengths()[axis];
        let offsets = searched.offsets[axis].as_deref().map(memory::copied).transpose()?;
        let mut least = Vec::new();
        if let Some(offsets) = &offsets {
            least.push(memory::copied(offsets)?);
        }
        while let Some(finer) = least.last().filter(|finer| finer.len() > 1) {
            let pairs = finer.chunks(2).map(|pair: &[u64]| pair[0].min(pair[pair.len() - 1]));
            least.push(memory::collected(pairs)?);
        }
        let length = u32::try_from(length).expect("an axis has fewer than 2^32 values");
        Ok(Self { axis, length, stride: searched.stride(axis), offsets, least })
    }
}
