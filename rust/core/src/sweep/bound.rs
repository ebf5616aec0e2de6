//! A question's formulas, bound to the space.

use super::groups::Groups;
use crate::control::{Control, Interrupted};
use crate::formula::graph::Graph;
use crate::program::Roots;
use crate::program::enumerate::{Order, Program};
use crate::space::Space;
use crate::value::simd::Level;

/// Formulas of one question, bound to the space.
#[derive(Clone)]
pub(super) struct Bound<'a> {
    pub(super) space: &'a Space,
    pub(super) level: Level,
    pub(super) graph: Graph,
    pub(super) roots: Roots,
    /// The axes that the question touches, ascending.
    pub(super) axes: Vec<usize>,
}

impl Bound<'_> {
    /// How many configurations there are on the axes that the question touches.
    pub(super) fn touched(&self) -> u64 {
        self.axes.iter().map(|&axis| self.space.lengths()[axis] as u64).product()
    }

    /// Counts the axis of groups among those that the question touches.
    pub(super) fn touch_groups(&mut self, groups: Option<&Groups<'_>>) {
        if let Some(axis) = groups.map(|groups| groups.axis).filter(|&axis| self.space.lengths()[axis] > 1)
            && !self.axes.contains(&axis)
        {
            self.axes.push(axis);
            self.axes.sort_unstable();
        }
    }

    /// Counts every axis of two or more values among them.
    pub(super) fn touch_all(&mut self) {
        let lengths = self.space.lengths();
        self.axes = (0..lengths.len()).filter(|&axis| lengths[axis] > 1).collect();
    }

    /// A program that looks at every configuration.
    pub(super) fn program(
        self,
        fixed: bool,
        outer: Option<usize>,
        control: &Control,
    ) -> Result<Program, Interrupted> {
        let order = Order { axes: self.axes, fixed, outer };
        Program::new(self.graph, self.space, &self.roots, &order, self.level, control)
    }
}
