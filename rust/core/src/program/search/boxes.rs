//! Boxes of configurations, column by column.

/// Boxes: for each axis of the search, each lane's first and last position, and the scale of the block that
/// these are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Boxes {
    pub(crate) count: usize,
    pub(crate) first: Vec<Vec<u32>>,
    pub(crate) last: Vec<Vec<u32>>,
    pub(crate) scale: Vec<Vec<u8>>,
}

impl Boxes {
    pub(crate) fn new(slots: usize) -> Self {
        Self {
            count: 0,
            first: vec![Vec::new(); slots],
            last: vec![Vec::new(); slots],
            scale: vec![Vec::new(); slots],
        }
    }

    pub(crate) fn clear(&mut self) {
        self.count = 0;
        self.first.iter_mut().chain(&mut self.last).for_each(Vec::clear);
        self.scale.iter_mut().for_each(Vec::clear);
    }
}
