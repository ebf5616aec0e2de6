//! Boxes that are still to be looked at, and how a box is split.

use std::cmp::Ordering;

use crate::memory::{self, OutOfMemory};
use crate::program::search::{Boxes, Slot};

/// Boxes, column by column, with what is known of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Open {
    /// For each slot, the first position and the scale of each box.
    pub(super) first: Vec<Vec<u32>>,
    pub(super) scale: Vec<Vec<u8>>,
    /// Low ends of the objectives, then of what is watched.
    pub(super) bounds: Vec<Vec<f64>>,
    /// The least index of a configuration in each box, or less.
    pub(super) index: Vec<u64>,
    /// How many times the whole space was split on the way to each box.
    pub(super) depth: Vec<u8>,
}

impl Open {
    pub(super) fn new(slots: usize, bounds: usize) -> Self {
        Self {
            first: vec![Vec::new(); slots],
            scale: vec![Vec::new(); slots],
            bounds: vec![Vec::new(); bounds],
            ..Self::default()
        }
    }

    /// Makes room for `boxes` boxes more.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`] if there is none.
    pub(super) fn reserve(&mut self, boxes: usize) -> Result<(), OutOfMemory> {
        self.first.iter_mut().try_for_each(|column| memory::reserve(column, boxes))?;
        self.scale.iter_mut().try_for_each(|column| memory::reserve(column, boxes))?;
        self.bounds.iter_mut().try_for_each(|column| memory::reserve(column, boxes))?;
        memory::reserve(&mut self.index, boxes)?;
        memory::reserve(&mut self.depth, boxes)
    }

    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    pub(super) fn append(&mut self, mut other: Self) -> Result<(), OutOfMemory> {
        self.reserve(other.len())?;
        fn append<T>(columns: &mut [Vec<T>], others: &mut [Vec<T>]) {
            columns.iter_mut().zip(others).for_each(|(column, other)| column.append(other));
        }
        append(&mut self.first, &mut other.first);
        append(&mut self.scale, &mut other.scale);
        append(&mut self.bounds, &mut other.bounds);
        self.index.append(&mut other.index);
        self.depth.append(&mut other.depth);
        Ok(())
    }

    /// Keeps the first boxes.
    pub(super) fn truncate(&mut self, boxes: usize) {
        self.first.iter_mut().for_each(|column| column.truncate(boxes));
        self.scale.iter_mut().for_each(|column| column.truncate(boxes));
        self.bounds.iter_mut().for_each(|column| column.truncate(boxes));
        self.index.truncate(boxes);
        self.depth.truncate(boxes);
    }

    /// Of the boxes from `start` on, brings those to the end, where they are taken first, whose low ends of these
    /// objectives are least, compared in this order, then the least index.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`] if there is no room to order them in.
    pub(super) fn best_last(&mut self, start: usize, objectives: &[usize]) -> Result<(), OutOfMemory> {
        let mut order = memory::collected(start..self.len())?;
        let least_last = |a: usize, b: usize| {
            let bounds = objectives.iter().map(|&objective| &self.bounds[objective]);
            bounds.fold(Ordering::Equal, |order, bounds| order.then_with(|| bounds[b].total_cmp(&bounds[a])))
        };
        order.sort_unstable_by(|&a, &b| {
            least_last(a, b).then(self.index[b].cmp(&self.index[a])).then(a.cmp(&b))
        });
        fn by<T: Copy>(column: &mut [T], start: usize, order: &[usize]) -> Result<(), OutOfMemory> {
            let ordered = memory::collected(order.iter().map(|&place| column[place]))?;
            column[start..].copy_from_slice(&ordered);
            Ok(())
        }
        self.first.iter_mut().try_for_each(|column| by(column, start, &order))?;
        self.scale.iter_mut().try_for_each(|column| by(column, start, &order))?;
        self.bounds.iter_mut().try_for_each(|column| by(column, start, &order))?;
        by(&mut self.index, start, &order)?;
        by(&mut self.depth, start, &order)
    }

    /// Whether two boxes have the same scales.
    pub(super) fn alike(&self, a: usize, b: usize) -> bool {
        self.scale.iter().all(|scale| scale[a] == scale[b])
    }
}

/// What is known of boxes without bounding them, one of each for every lane.
#[derive(Debug, Clone, Default)]
pub(super) struct Extent {
    /// Configurations.
    pub(super) size: Vec<u64>,
    /// The least index of a configuration, or less.
    pub(super) index: Vec<u64>,
}

impl Extent {
    /// Measures boxes of which first positions and scales are given; the last positions follow.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`] if there is no room for their measures.
    #[inline(always)]
    pub(super) fn measure(&mut self, boxes: &mut Boxes, slots: &[Slot]) -> Result<(), OutOfMemory> {
        let count = boxes.count;
        self.size.clear();
        memory::resize(&mut self.size, count, 1)?;
        self.index.clear();
        memory::resize(&mut self.index, count, 0)?;
        for (number, slot) in slots.iter().enumerate() {
            let (first, scale) = (&boxes.first[number][..count], &boxes.scale[number][..count]);
            let last = &mut boxes.last[number];
            last.clear();
            let ends = first.iter().zip(scale).map(|(&first, &scale)| slot.last(first, scale));
            memory::extend(last, ends)?;
            for ((size, first), last) in self.size.iter_mut().zip(first).zip(last) {
                *size *= u64::from(*last - first) + 1;
            }
            slot.add_least_index(first, scale, &mut self.index);
        }
        Ok(())
    }
}

/// The number that `bits` bits of another make, from bit `shift` on. The digits of a number count through the parts
/// of a box, some for each slot.
#[inline(always)]
pub(super) fn digit(number: u32, shift: u32, bits: u8) -> u32 {
    (number >> shift) & ((1 << bits) - 1)
}
