//! What open boxes reach: rows of a front that they do not will stay to the end.

use super::goal::{each_group, select};
use super::open_boxes::Open;
use crate::control::Control;
use crate::error::Error;
use crate::memory;
use crate::pareto::archive::Archive;
use crate::pareto::groups::by_group;
use crate::pareto::{Points, Ties};

/// For each group, what these of the open boxes reach: what their low ends are at most.
pub(super) fn reached(
    bits: &[u32],
    count: usize,
    open: &Open,
    boxes: &[u32],
    groups: &[u32],
    control: &Control,
) -> Result<Vec<Archive>, Error> {
    let mut reached = each_group(count, || Archive::new(bits, Ties::First))?;
    let mut enter = |number: usize, boxes: &[u32]| -> Result<(), Error> {
        // A box is no better than a configuration at its low ends would be.
        let bounds = open.bounds[..bits.len()].iter();
        let corners = Points {
            objectives: bounds.map(|column| select(column, boxes)).collect::<Result<_, _>>()?,
            indices: memory::filled(boxes.len(), 0)?,
        };
        Ok(reached[number].add(vec![corners], control)?)
    };
    if groups.is_empty() {
        enter(0, boxes)?;
    } else {
        by_group(&select(groups, boxes)?, |number, some| enter(number, &select(boxes, some)?))?;
    }
    Ok(reached)
}
