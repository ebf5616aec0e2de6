//! Tables: subtrees on few axes, computed once.
//!
//! A table runs over the groups that its node varies with, in the layout's loop order, so that rows
//! and lanes of a block find their entries side by side. It is filled by a tape of its own, which may
//! read smaller tables.

use std::sync::Mutex;

use crate::control::{Control, Interrupted};
use crate::formula::graph::{Graph, Node, NodeId};
use crate::memory::{self, OutOfMemory};
use crate::parallel::Crew;
use crate::space::{Numbers, Space};
use crate::value::simd;

use super::layout::Layout;
use super::lower::{TablePlan, Tape, lower_tables};
use super::machine::Machine;
use super::sink::{Row, Sink};
use crate::program::depends::Depends;

/// Tables with fewer entries are filled on the calling thread.
const PARALLEL: usize = 1 << 15;

pub(crate) fn fill(
    graph: &Graph,
    space: &Space,
    layout: &Layout,
    plans: &[TablePlan],
    level: simd::Level,
    control: &Control,
) -> Result<Vec<Numbers>, Interrupted> {
    let mut tables: Vec<Numbers> = Vec::with_capacity(plans.len());
    for plan in plans {
        let numbers = match &plan.tape {
            Some(tape) => compute(layout, plan, tape, &tables, level, control)?,
            None => spread(graph, space, layout, plan)?,
        };
        tables.push(numbers);
    }
    Ok(tables)
}

/// The values of nodes for all positions of some axes, row-major; the nodes depend on no other axis.
pub(crate) fn tabulate(
    graph: &Graph,
    space: &Space,
    axes: &[usize],
    nodes: &[NodeId],
    level: simd::Level,
    control: &Control,
) -> Result<Vec<Numbers>, Interrupted> {
    let depends = Depends::new(graph, space, axes);
    let layout = Layout::plain(space, axes)?;
    let (plans, places) = lower_tables(graph, &depends, space, &layout, nodes);
    let tables = fill(graph, space, &layout, &plans, level, control)?;
    let spread = |place: usize| -> Result<Numbers, Interrupted> {
        let (numbers, groups) = (&tables[place], &plans[place].groups);
        if groups.len() == axes.len() {
            return Ok(numbers.clone());
        }
        // For each axis in turn: what stands behind a prefix of positions.
        let mut entries = vec![0];
        for (axis, group) in layout.groups.iter().enumerate() {
            let repeats = !groups.contains(&axis);
            let length = group.length;
            let mut further = memory::room(entries.len().saturating_mul(length))?;
            for entry in entries {
                further.extend(
                    (0..length).map(|position| if repeats { entry } else { entry * length + position }),
                );
            }
            entries = further;
        }
        Ok(memory::collected(entries.into_iter().map(|entry| numbers[entry]))?.into())
    };
    places.into_iter().map(spread).collect()
}

/// A column of the space; repeated if its axis is part of a larger group.
fn spread(graph: &Graph, space: &Space, layout: &Layout, plan: &TablePlan) -> Result<Numbers, OutOfMemory> {
    let Node::Column(column) = graph.node(plan.node) else {
        unreachable!("a plan without a tape is a column")
    };
    let column = &space.columns()[column];
    let group = &layout.groups[plan.groups[0]];
    if group.axes.len() == 1 {
        return Ok(column.values.clone());
    }
    let values = (0..group.length)
        .map(|position| column.values[space.position(group.index(position), column.axis) as usize]);
    Ok(memory::collected(values)?.into())
}

fn compute(
    layout: &Layout,
    plan: &TablePlan,
    tape: &Tape,
    tables: &[Numbers],
    level: simd::Level,
    control: &Control,
) -> Result<Numbers, Interrupted> {
    let machine = Machine::new(tape, layout, tables, level, None);
    let mut numbers = memory::zeroed(plan.entries)?;
    let crew = Crew::if_worth(control, plan.entries >= PARALLEL);
    // Blocks lie one after another in the table, so each worker cuts the next one off the rest.
    let rest = Mutex::new((0, numbers.as_mut_slice()));
    let blocks = machine.blocks();
    crew.workers(
        usize::try_from(blocks).expect("tables have fewer than 2^64 entries"),
        || Ok(machine.scratch()?),
        |scratch, _| {
            control.check()?;
            let (number, out) = {
                let mut rest = rest.lock().expect("no worker panics while it holds the rest");
                let (number, numbers) = std::mem::take(&mut *rest);
                let (out, numbers) = numbers.split_at_mut(machine.block_size(number));
                *rest = (number + 1, numbers);
                (number, out)
            };
            let mut sink = Copy { out, filled: 0 };
            machine.run(scratch, std::iter::once(number), &mut sink)
        },
    )?;
    Ok(numbers.into())
}

/// Rows of a block one after another.
struct Copy<'a> {
    out: &'a mut [f64],
    filled: usize,
}

impl Sink for Copy<'_> {
    #[inline(always)]
    fn row(&mut self, row: &Row<'_>) -> Result<(), Interrupted> {
        let out = &mut self.out[self.filled..][..row.lane_count()];
        row.output(0).write_to(out);
        self.filled += row.lane_count();
        Ok(())
    }
}
