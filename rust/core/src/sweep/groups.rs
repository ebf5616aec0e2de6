//! Groups: questions that are answered for each group of an axis' positions by itself.

use crate::error::Error;
use crate::memory;
use crate::space::{Column, Space};

/// The groups of a question that is answered for each group by itself.
#[derive(Debug, Clone)]
pub struct Groups<'a> {
    /// The axis whose positions are grouped.
    pub axis: usize,
    /// The group of each position.
    pub of: &'a [u32],
}

/// Groups are numbered from 0.
pub(super) fn group_count(groups: Option<&Groups<'_>>) -> usize {
    groups.map_or(1, |groups| groups.of.iter().max().map_or(0, |&last| last as usize + 1))
}

/// The space with a last column on the axis of groups that has a value for each group.
pub(super) fn with_column(space: &Space, groups: &Groups<'_>, of_groups: &[f64]) -> Result<Space, Error> {
    let values = memory::collected(groups.of.iter().map(|&group| of_groups[group as usize]))?.into();
    let column = Column { name: String::new(), axis: groups.axis, values, boolean: false };
    let columns = space.columns().iter().cloned().chain(std::iter::once(column)).collect();
    Ok(Space::new(space.lengths().to_vec(), columns)?)
}
