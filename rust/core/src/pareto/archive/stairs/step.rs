//! A step of a staircase.

/// A row of the front.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Step {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) index: u64,
}

impl Step {
    pub(super) fn turned(self) -> Self {
        Self { x: self.y, y: self.x, index: self.index }
    }

    pub(super) fn is_copy_of(&self, other: &Self) -> bool {
        self.x == other.x && self.y == other.y
    }
}
