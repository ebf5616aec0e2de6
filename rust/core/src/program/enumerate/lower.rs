//! From a graph to a tape: what is a table, and what is computed on which level.
//!
//! No function here recurses over the graph: nodes stand in topological order, so the nodes that a root
//! needs are marked from the root down and emitted in ascending order. Tables nest, but each holds
//! fewer axes than the one that needs it.

use crate::formula::graph::{Graph, Node, NodeId};
use crate::space::Space;
use crate::value::ops::Op;

use super::layout::{Counts, Layout};
use crate::program::depends::{Depends, Roots};
use crate::program::registers::{Access, reuse_registers};

/// All tables together hold at most this many numbers, besides those on one axis.
const MAX_TABLE_NUMBERS: f64 = (64 << 20) as f64 / 8.0;

/// How often something is computed: a level of a block's loops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Loop {
    /// Once for the block.
    Block,
    /// Once for each row.
    Row,
    /// Once for each lane.
    Lane,
    /// Once for each configuration.
    Full,
}

/// Where an operand comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Source {
    Constant(f64),
    /// A register of a level.
    Register(Loop, usize),
    /// One of the tape's tables (a position in [`Tape::tables`]), which varies on this level.
    Table(Loop, usize),
}

/// One operation of a tape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    pub(crate) op: Op,
    pub(crate) operands: [Source; 3],
    /// Register of the operation's level.
    pub(crate) out: usize,
}

/// One step of a level.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Apply(Operation),
    /// Go on only where this condition holds.
    Test(Source),
}

/// A table that a tape reads.
#[derive(Debug, Clone)]
pub(crate) struct Use {
    /// Position among the program's tables.
    pub(crate) table: usize,
    /// The tape's outer loops that move through the table, and by how many entries.
    pub(crate) strides: Vec<(usize, usize)>,
    /// Entries from one row to the next.
    pub(crate) row_stride: usize,
}

/// What a block costs, level by level.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tape {
    /// Groups of the layout that are loops around a block.
    pub(crate) outer: Vec<usize>,
    pub(crate) rows: Option<usize>,
    pub(crate) lanes: Option<usize>,
    pub(crate) block_rows: usize,
    pub(crate) block_lanes: usize,
    /// Steps of the four levels.
    pub(crate) steps: [Vec<Step>; 4],
    /// Registers of the four levels.
    pub(crate) registers: [usize; 4],
    pub(crate) tables: Vec<Use>,
    pub(crate) outputs: Vec<Source>,
}

/// A table to fill: a node on the groups that it varies with, in loop order.
#[derive(Debug)]
pub(crate) struct TablePlan {
    pub(crate) node: NodeId,
    pub(crate) groups: Vec<usize>,
    pub(crate) entries: usize,
    /// How to compute it; `None` for a column of the space.
    pub(crate) tape: Option<Tape>,
}

/// A program without its numbers.
#[derive(Debug)]
pub(crate) struct Lowered {
    /// Each table after those that it is computed from.
    pub(crate) plans: Vec<TablePlan>,
    pub(crate) tape: Tape,
}

pub(crate) fn lower(
    graph: &Graph,
    depends: &Depends,
    space: &Space,
    layout: &Layout,
    roots: &Roots,
) -> Lowered {
    let mut lowering = Lowering::new(graph, depends, space, layout);
    let groups: Vec<usize> = (0..layout.groups.len()).collect();
    let tape = lowering.tape(&groups, roots);
    Lowered { plans: lowering.plans, tape }
}

/// Plans tables for `nodes` alone; also returns where among the plans each of them is.
pub(crate) fn lower_tables(
    graph: &Graph,
    depends: &Depends,
    space: &Space,
    layout: &Layout,
    nodes: &[NodeId],
) -> (Vec<TablePlan>, Vec<usize>) {
    let mut lowering = Lowering::new(graph, depends, space, layout);
    let places = nodes.iter().map(|&node| lowering.table(node)).collect();
    (lowering.plans, places)
}

struct Lowering<'a> {
    graph: &'a Graph,
    depends: &'a Depends,
    space: &'a Space,
    layout: &'a Layout,
    group_masks: Vec<u64>,
    plans: Vec<TablePlan>,
    /// For each node, where among the plans its table is.
    known: Vec<Option<usize>>,
    numbers: f64,
}

impl<'a> Lowering<'a> {
    fn new(graph: &'a Graph, depends: &'a Depends, space: &'a Space, layout: &'a Layout) -> Self {
        let group_masks = layout.groups.iter().map(|group| {
            let bits = depends.looped.iter().enumerate().filter(|(_, axis)| group.axes.contains(axis));
            bits.fold(0u64, |mask, (bit, _)| mask | 1 << bit)
        });
        Self {
            graph,
            depends,
            space,
            layout,
            group_masks: group_masks.collect(),
            plans: Vec::new(),
            known: vec![None; graph.nodes().len()],
            numbers: 0.0,
        }
    }

    /// A tape over `groups`: the last are lanes, the one before them rows, the others loops around.
    fn tape(&mut self, groups: &[usize], roots: &Roots) -> Tape {
        let (outer, rows, lanes) = match groups {
            [outer @ .., rows, lanes] => (outer, Some(*rows), Some(*lanes)),
            [lanes] => (&[][..], None, Some(*lanes)),
            [] => (&[][..], None, None),
        };
        let axes = |group: Option<usize>| group.map_or(&[][..], |group| &self.layout.groups[group].axes);
        let all: Vec<usize> =
            groups.iter().flat_map(|&group| self.layout.groups[group].axes.clone()).collect();
        let counts = Counts::new(self.depends, self.space, &all, axes(rows), axes(lanes));
        let tape = Tape {
            outer: outer.to_vec(),
            rows,
            lanes,
            block_rows: counts.block_rows,
            block_lanes: counts.block_lanes,
            ..Tape::default()
        };
        let sources = vec![None; self.graph.nodes().len()];
        let mut emitter = Emitter { lowering: self, counts, tape, sources };
        for &constraint in &roots.constraints {
            let (level, source) = emitter.emit(constraint);
            emitter.tape.steps[level as usize].push(Step::Test(source));
        }
        let outputs: Vec<Source> = roots.outputs.iter().map(|&output| emitter.emit(output).1).collect();
        let mut tape = emitter.tape;
        tape.outputs = outputs;
        tape.reuse_registers();
        tape
    }

    /// The table for `node`, made if it is new, with those that it is computed from.
    fn table(&mut self, node: NodeId) -> usize {
        if let Some(table) = self.known[node.index()] {
            return table;
        }
        let mask = self.depends.of(node);
        let groups: Vec<usize> =
            (0..self.group_masks.len()).filter(|&group| self.group_masks[group] & mask != 0).collect();
        let entries = groups.iter().map(|&group| self.layout.groups[group].length).product();
        let tape = match self.graph.node(node) {
            Node::Apply(..) => Some(self.tape(&groups, &Roots { constraints: vec![], outputs: vec![node] })),
            _ => None,
        };
        self.plans.push(TablePlan { node, groups, entries, tape });
        let table = self.plans.len() - 1;
        self.known[node.index()] = Some(table);
        table
    }

    /// Whether `node` shall be a table for a tape with these counts, within the budget of all tables.
    fn wants_table(&mut self, counts: &Counts, node: NodeId) -> bool {
        if !counts.tabulated(self.depends, node) {
            return false;
        }
        let mask = self.depends.of(node);
        if self.known[node.index()].is_some() || mask.is_power_of_two() {
            return true;
        }
        let numbers = self.numbers + counts.entries(mask);
        if numbers <= MAX_TABLE_NUMBERS {
            self.numbers = numbers;
        }
        numbers <= MAX_TABLE_NUMBERS
    }
}

struct Emitter<'l, 'a> {
    lowering: &'l mut Lowering<'a>,
    counts: Counts,
    tape: Tape,
    /// Where the value of each node is, if it is anywhere yet.
    sources: Vec<Option<Source>>,
}

impl Emitter<'_, '_> {
    fn level(&self, mask: u64) -> Loop {
        match (mask & self.counts.rows != 0, mask & self.counts.lanes != 0) {
            (false, false) => Loop::Block,
            (true, false) => Loop::Row,
            (false, true) => Loop::Lane,
            (true, true) => Loop::Full,
        }
    }

    /// Emits what `root` still needs; returns where its value is, and the loop in which it varies.
    fn emit(&mut self, root: NodeId) -> (Loop, Source) {
        let mut needed = Vec::new();
        let mut seen = vec![false; root.index() + 1];
        let mut waiting = vec![root];
        while let Some(node) = waiting.pop() {
            if self.sources[node.index()].is_some() || std::mem::replace(&mut seen[node.index()], true) {
                continue;
            }
            let source = match self.lowering.graph.node(node) {
                Node::Constant(bits) => Some(Source::Constant(f64::from_bits(bits))),
                // A column that no loop moves through: a condition on an axis of one value.
                Node::Column(column) if self.lowering.depends.of(node) == 0 => {
                    Some(Source::Constant(self.lowering.space.columns()[column].values[0]))
                }
                Node::Column(_) => Some(self.read(node)),
                Node::Apply(..) if self.lowering.wants_table(&self.counts, node) => Some(self.read(node)),
                Node::Apply(..) => None,
            };
            if source.is_some() {
                self.sources[node.index()] = source;
            } else {
                needed.push(node);
                waiting.extend(self.lowering.graph.operands(node));
            }
        }
        needed.sort_unstable();
        for node in needed {
            let Node::Apply(op, operands) = self.lowering.graph.node(node) else { continue };
            let level = self.level(self.lowering.depends.of(node));
            let out = self.tape.registers[level as usize];
            self.tape.registers[level as usize] += 1;
            let operands = operands.map(|operand| self.source(operand));
            self.tape.steps[level as usize].push(Step::Apply(Operation { op, operands, out }));
            self.sources[node.index()] = Some(Source::Register(level, out));
        }
        (self.level(self.lowering.depends.of(root)), self.source(root))
    }

    /// Where the value of a node is that was emitted.
    fn source(&self, node: NodeId) -> Source {
        self.sources[node.index()].expect("operands are emitted before operations")
    }

    fn read(&mut self, node: NodeId) -> Source {
        let table = self.lowering.table(node);
        let groups = &self.lowering.plans[table].groups;
        let mut strides = Vec::new();
        let (mut row_stride, mut entries) = (0, 1);
        for &group in groups.iter().rev() {
            if Some(group) == self.tape.rows {
                row_stride = entries;
            } else if let Some(slot) = self.tape.outer.iter().position(|&outer| outer == group) {
                strides.push((slot, entries));
            }
            entries *= self.lowering.layout.groups[group].length;
        }
        self.tape.tables.push(Use { table, strides, row_stride });
        Source::Table(self.level(self.lowering.depends.of(node)), self.tape.tables.len() - 1)
    }
}

impl Tape {
    /// Reuses registers of lanes and of configurations.
    fn reuse_registers(&mut self) {
        for level in [Loop::Lane, Loop::Full] {
            let of_level = |source: Source| match source {
                Source::Register(of, register) if of == level => Some(register),
                _ => None,
            };
            let steps: Vec<Access> = self.steps[level as usize]
                .iter()
                .map(|step| Access {
                    reads: step.sources().filter_map(of_level).collect(),
                    write: if let Step::Apply(operation) = step { Some(operation.out) } else { None },
                })
                .collect();
            // Rows read what lanes computed, and the sink reads outputs: those never end.
            let later = self.steps[Loop::Full as usize].iter().flat_map(Step::sources);
            let kept = later.filter(|_| level == Loop::Lane).chain(self.outputs.iter().copied());
            let (renamed, count) =
                reuse_registers(self.registers[level as usize], &steps, kept.filter_map(of_level));
            let rename = |source: &mut Source| {
                if let Some(register) = of_level(*source) {
                    *source = Source::Register(level, renamed[register]);
                }
            };
            for (position, steps) in self.steps.iter_mut().enumerate() {
                for step in steps {
                    match step {
                        Step::Apply(operation) => {
                            operation.operands.iter_mut().for_each(rename);
                            if position == level as usize {
                                operation.out = renamed[operation.out];
                            }
                        }
                        Step::Test(source) => rename(source),
                    }
                }
            }
            self.outputs.iter_mut().for_each(rename);
            self.registers[level as usize] = count;
        }
    }
}

impl Step {
    fn sources(&self) -> impl Iterator<Item = Source> + '_ {
        match self {
            Self::Apply(operation) => operation.operands[..operation.op.info().arity].iter(),
            Self::Test(source) => std::slice::from_ref(source).iter(),
        }
        .copied()
    }
}
