//! Straight-line tape of a search, read as numbers or as intervals.
//!
//! A [`Tape`] first loads what stands in tables, one entry for each lane, then runs its steps. It can be
//! read in two ways: as numbers ([`Tape::values`]), where a lane is a configuration, and as intervals
//! ([`super::bounds`]), where a lane is a box.

use std::collections::{BTreeSet, HashMap};

use crate::formula::graph::{Graph, Node, NodeId};
use crate::memory::{self, OutOfMemory};
use crate::program::depends::{Depends, Roots};
use crate::program::registers::{Access, reuse_registers};
use crate::space::{Numbers, Space};
use crate::value::lanes::{self, Operand};
use crate::value::ops::Op;
use crate::value::simd;

/// Where an operand stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Constant(f64),
    /// One of the tape's loads.
    Load(usize),
    Register(usize),
}

/// One operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) op: Op,
    pub(crate) operands: [Place; 3],
    /// Whether both operands are the same node.
    pub(crate) same: bool,
    pub(crate) out: usize,
}

/// Formulas over the tables of a search.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tape {
    /// The tables that are loaded, by their numbers.
    pub(crate) loads: Vec<usize>,
    pub(crate) steps: Vec<Step>,
    pub(crate) registers: usize,
    pub(crate) constraints: Vec<Place>,
    pub(crate) outputs: Vec<Place>,
}

/// A filled table as configurations read it: entries, and each axis' stride.
#[derive(Debug, Clone)]
pub(crate) struct Entries {
    pub(crate) numbers: Numbers,
    pub(crate) strides: Vec<(usize, u32)>,
}

impl Tape {
    /// Lowers `roots`; `table` returns the number of a node's table, if it is one.
    pub(crate) fn new(
        graph: &Graph,
        space: &Space,
        depends: &Depends,
        roots: &Roots,
        table: impl Fn(NodeId) -> Option<usize>,
    ) -> Self {
        let mut tape = Self::default();
        let mut places: HashMap<NodeId, Place> = HashMap::new();
        let mut needed = BTreeSet::new();
        let mut waiting: Vec<NodeId> = roots.all().collect();
        while let Some(node) = waiting.pop() {
            if places.contains_key(&node) || needed.contains(&node) {
                continue;
            }
            let place = match graph.node(node) {
                Node::Constant(bits) => Some(Place::Constant(f64::from_bits(bits))),
                // A column that no axis of the search moves through.
                Node::Column(column) if depends.of(node) == 0 => {
                    Some(Place::Constant(space.columns()[column].values[0]))
                }
                _ => table(node).map(|table| {
                    tape.loads.push(table);
                    Place::Load(tape.loads.len() - 1)
                }),
            };
            if let Some(place) = place {
                places.insert(node, place);
            } else {
                needed.insert(node);
                waiting.extend(graph.operands(node));
            }
        }
        for node in needed {
            let Node::Apply(op, operands) = graph.node(node) else {
                unreachable!("columns are tables or constants")
            };
            let out = tape.registers;
            tape.registers += 1;
            let same = same_operands(op, &operands);
            tape.steps.push(Step { op, operands: operands.map(|operand| places[&operand]), same, out });
            places.insert(node, Place::Register(out));
        }
        tape.constraints = roots.constraints.iter().map(|node| places[node]).collect();
        tape.outputs = roots.outputs.iter().map(|node| places[node]).collect();
        tape.reuse_registers();
        tape
    }

    fn reuse_registers(&mut self) {
        let of_place =
            |place: &Place| if let Place::Register(register) = place { Some(*register) } else { None };
        let steps: Vec<Access> = self
            .steps
            .iter()
            .map(|step| Access {
                reads: step.operands[..step.op.info().arity].iter().filter_map(of_place).collect(),
                write: Some(step.out),
            })
            .collect();
        let kept = self.constraints.iter().chain(&self.outputs).filter_map(of_place);
        let (renamed, count) = reuse_registers(self.registers, &steps, kept);
        let rename = |place: &mut Place| {
            if let Place::Register(register) = place {
                *register = renamed[*register];
            }
        };
        for step in &mut self.steps {
            step.operands.iter_mut().for_each(rename);
            step.out = renamed[step.out];
        }
        self.constraints.iter_mut().chain(&mut self.outputs).for_each(rename);
        self.registers = count;
    }

    /// Computes constraints and outputs of configurations, given their positions on the search's axes.
    /// They are read from `scratch` afterwards with [`Lanes::at`].
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`] if there is no room for them.
    pub(crate) fn values(
        &self,
        tables: &[Entries],
        positions: &[&[u32]],
        count: usize,
        level: simd::Level,
        scratch: &mut Lanes,
    ) -> Result<(), OutOfMemory> {
        scratch.grow(self, count)?;
        let Lanes { loads, registers, offsets } = scratch;
        for (load, &table) in loads.iter_mut().zip(&self.loads) {
            let Entries { numbers, strides } = &tables[table];
            let axes = strides.iter().map(|&(slot, stride)| (positions[slot], stride));
            gather(numbers, axes, offsets, &mut load[..count], level);
        }
        for step in &self.steps {
            let mut out = std::mem::take(&mut registers[step.out]);
            let operand = |place: Place| match place {
                Place::Constant(value) => Operand::Scalar(value),
                Place::Load(load) => Operand::Lanes(&loads[load][..count]),
                Place::Register(register) => Operand::Lanes(&registers[register][..count]),
            };
            let [a, b, c] = step.operands;
            lanes::apply_at(level, step.op, operand(a), operand(b), operand(c), &mut out[..count]);
            registers[step.out] = out;
        }
        Ok(())
    }
}

/// Whether an operation of two operands has one node for both. (A condition may be what it chooses, too, but there is a
/// third operand then.)
pub(super) fn same_operands(op: Op, operands: &[NodeId; 3]) -> bool {
    op.info().arity == 2 && operands[0] == operands[1]
}

/// Looks up one entry for each lane of `out`: at the sum of position times stride.
#[inline]
pub(crate) fn gather<'p>(
    numbers: &[f64],
    mut axes: impl Iterator<Item = (&'p [u32], u32)>,
    offsets: &mut [u32],
    out: &mut [f64],
    level: simd::Level,
) {
    let (first, first_stride) = axes.next().expect("a table varies along an axis");
    level.run(
        #[inline(always)]
        || {
            if first_stride == 1 {
                // Axes that follow have one position.
                return look_up(numbers, first, out);
            }
            let offsets = &mut offsets[..out.len()];
            for (offset, position) in offsets.iter_mut().zip(first) {
                *offset = position.wrapping_mul(first_stride);
            }
            for (positions, stride) in axes {
                for (offset, position) in offsets.iter_mut().zip(positions) {
                    *offset = offset.wrapping_add(position.wrapping_mul(stride));
                }
            }
            look_up(numbers, offsets, out);
        },
    );
}

#[inline(always)]
fn look_up(numbers: &[f64], offsets: &[u32], out: &mut [f64]) {
    for (out, &offset) in out.iter_mut().zip(offsets) {
        *out = numbers[offset as usize];
    }
}

/// A worker's memory for the values of a tape.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    loads: Vec<Vec<f64>>,
    registers: Vec<Vec<f64>>,
    offsets: Vec<u32>,
}

impl Lanes {
    fn grow(&mut self, tape: &Tape, count: usize) -> Result<(), OutOfMemory> {
        self.loads.resize_with(tape.loads.len().max(self.loads.len()), Vec::new);
        self.registers.resize_with(tape.registers.max(self.registers.len()), Vec::new);
        for lanes in self.loads.iter_mut().chain(&mut self.registers) {
            if lanes.len() < count {
                memory::resize(lanes, count, 0.0)?;
            }
        }
        if self.offsets.len() < count {
            memory::resize(&mut self.offsets, count, 0)?;
        }
        Ok(())
    }

    /// The lanes of a constraint or an output.
    pub(crate) fn at(&self, place: Place) -> Operand<'_> {
        match place {
            Place::Constant(value) => Operand::Scalar(value),
            Place::Load(load) => Operand::Lanes(&self.loads[load]),
            Place::Register(register) => Operand::Lanes(&self.registers[register]),
        }
    }
}
