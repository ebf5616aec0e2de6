//! Straight code over lanes: a question's formulas as a search runs them.
//!
//! A [`Strip`] first loads what stands in tables, one entry for each lane, then runs its steps. It can be
//! read in two ways: as numbers ([`Strip::values`]), where a lane is a configuration, and as intervals
//! ([`super::bounds`]), where a lane is a box.

use std::collections::{BTreeSet, HashMap};

use crate::formula::graph::{Graph, Node, NodeId};
use crate::memory::{self, OutOfMemory};
use crate::space::{Numbers, Space};
use crate::value::lanes::{self, Operand};
use crate::value::ops::Op;
use crate::value::simd;

use crate::program::depends::{Depends, Roots};

/// Where an operand stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Constant(f64),
    /// One of the strip's loads.
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
pub(crate) struct Strip {
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

impl Strip {
    /// Lowers `roots`; `table` tells which nodes are tables, and their numbers.
    pub(crate) fn new(
        graph: &Graph,
        space: &Space,
        depends: &Depends,
        roots: &Roots,
        table: impl Fn(NodeId) -> Option<usize>,
    ) -> Self {
        let mut strip = Self::default();
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
                    strip.loads.push(table);
                    Place::Load(strip.loads.len() - 1)
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
            let out = strip.registers;
            strip.registers += 1;
            let same = same_operands(op, &operands);
            strip.steps.push(Step { op, operands: operands.map(|operand| places[&operand]), same, out });
            places.insert(node, Place::Register(out));
        }
        strip.constraints = roots.constraints.iter().map(|node| places[node]).collect();
        strip.outputs = roots.outputs.iter().map(|node| places[node]).collect();
        strip.reuse_registers();
        strip
    }

    /// Renames registers so that few of them live at once. A step never writes a register that it reads.
    fn reuse_registers(&mut self) {
        let mut last_use = vec![0; self.registers];
        for (when, step) in self.steps.iter().enumerate() {
            for place in &step.operands[..step.op.info().arity] {
                if let Place::Register(register) = place {
                    last_use[*register] = when;
                }
            }
        }
        for place in self.constraints.iter().chain(&self.outputs) {
            if let Place::Register(register) = place {
                last_use[*register] = usize::MAX;
            }
        }
        let mut renamed = vec![0; self.registers];
        let (mut free, mut count) = (Vec::new(), 0);
        let rename = |renamed: &[usize], place: &mut Place| {
            if let Place::Register(register) = place {
                *register = renamed[*register];
            }
        };
        for (when, step) in self.steps.iter_mut().enumerate() {
            let arity = step.op.info().arity;
            let read: BTreeSet<usize> = step.operands[..arity]
                .iter()
                .filter_map(
                    |place| if let Place::Register(register) = place { Some(*register) } else { None },
                )
                .collect();
            let out = step.out;
            renamed[out] = free.pop().unwrap_or_else(|| {
                count += 1;
                count - 1
            });
            step.out = renamed[out];
            step.operands.iter_mut().for_each(|place| rename(&renamed, place));
            free.extend(read.iter().filter(|&&register| last_use[register] == when).map(|&r| renamed[r]));
        }
        self.constraints.iter_mut().chain(&mut self.outputs).for_each(|place| rename(&renamed, place));
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

/// A worker's memory for the values of a strip.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    loads: Vec<Vec<f64>>,
    registers: Vec<Vec<f64>>,
    offsets: Vec<u32>,
}

impl Lanes {
    fn grow(&mut self, strip: &Strip, count: usize) -> Result<(), OutOfMemory> {
        self.loads.resize_with(strip.loads.len().max(self.loads.len()), Vec::new);
        self.registers.resize_with(strip.registers.max(self.registers.len()), Vec::new);
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
