//! The graph read as dual numbers: the values of all rows, and their derivatives by some coefficients.
//!
//! ```text
//! for each node that reads coefficients alone:  one number, and its gradient
//! for each block of rows:
//!     for each node that reads both:            a column of values,
//!         for each coefficient it depends on:   a column of tangents (see `value::dual`)
//! ```
//!
//! A node has tangents for the coefficients that it depends on only: in `E + A/N**alpha + B/D**beta` the power of `N`
//! has one, its quotient two. A block is as long as keeps all columns in the nearest cache.

use std::sync::Arc;

use crate::formula::graph::Node;
use crate::value::dual::{self, Bases};
use crate::value::lanes::{self, Operand};
use crate::value::ops::Op;
use crate::value::simd::Level;

use super::model::{Model, Reads};

/// Rows of a block.
const BLOCK: usize = 256;

#[derive(Debug, Clone)]
enum Source {
    Number(f64),
    Coefficient(usize),
    Table(Arc<Vec<f64>>),
    /// A result that is one number for all rows.
    Scalar(usize),
    /// A result that is a column.
    Column(usize),
}

#[derive(Debug, Clone)]
struct Step {
    op: Op,
    operands: Vec<Source>,
    bases: Option<Arc<Bases>>,
    /// The active coefficients that it depends on, by their position among the active ones.
    depends: Vec<usize>,
    /// Where its value and its tangents lie: in numbers for a scalar, in blocks for a column.
    first: usize,
}

impl Step {
    /// Where the tangent by an active coefficient lies, if the step depends on it.
    fn tangent(&self, active: usize) -> Option<usize> {
        self.depends.binary_search(&active).ok().map(|place| self.first + 1 + place)
    }
}

/// A [`Model`] ready to be evaluated.
#[derive(Debug, Clone)]
pub struct Tape {
    level: Level,
    rows: usize,
    /// For each coefficient, its position among the active ones.
    position: Vec<Option<usize>>,
    active: usize,
    scalars: Vec<Step>,
    columns: Vec<Step>,
    root: Source,
    scalar_room: usize,
    column_room: usize,
}

/// Memory of one worker.
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    scalars: Vec<f64>,
    columns: Vec<f64>,
    partial: Vec<f64>,
}

impl Model {
    /// A tape for values, and for derivatives by the coefficients that are `active`.
    #[must_use]
    pub fn tape(&self, active: &[bool]) -> Tape {
        Tape::new(self, active)
    }
}

impl Tape {
    pub(super) fn new(model: &Model, active: &[bool]) -> Self {
        let mut next = 0..;
        let position: Vec<_> = active.iter().map(|&active| if active { next.next() } else { None }).collect();
        let mut tape = Self {
            level: Level::detect(),
            rows: model.rows(),
            active: active.iter().filter(|&&active| active).count(),
            position,
            scalars: Vec::new(),
            columns: Vec::new(),
            root: Source::Number(0.0),
            scalar_room: 0,
            column_room: 0,
        };
        let needed = needed(model);
        let mut sources: Vec<Source> = Vec::with_capacity(model.graph.nodes().len());
        for id in model.graph.ids() {
            let node = model.graph.node(id);
            let source = match node {
                Node::Constant(bits) => Source::Number(f64::from_bits(bits)),
                _ if !needed[id.index()] => Source::Number(f64::NAN),
                _ if model.tables[id.index()].is_some() => {
                    Source::Table(Arc::clone(model.tables[id.index()].as_ref().expect("it is there")))
                }
                Node::Column(_) => {
                    Source::Coefficient(model.coefficient(node).expect("other columns are tables"))
                }
                Node::Apply(op, _) => {
                    let ids = model.graph.operands(id);
                    let operands: Vec<_> = ids.iter().map(|id| sources[id.index()].clone()).collect();
                    let bases = if op == Op::Pow { model.bases[ids[0].index()].clone() } else { None };
                    tape.push(op, operands, bases, model.reads[id.index()])
                }
            };
            sources.push(source);
        }
        tape.root = sources[model.root.index()].clone();
        tape
    }

    fn push(&mut self, op: Op, operands: Vec<Source>, bases: Option<Arc<Bases>>, reads: Reads) -> Source {
        let mut depends: Vec<usize> = operands.iter().flat_map(|source| self.depends(source)).collect();
        depends.sort_unstable();
        depends.dedup();
        let (steps, room) = match reads {
            Reads::Both => (&mut self.columns, &mut self.column_room),
            _ => (&mut self.scalars, &mut self.scalar_room),
        };
        let first = *room;
        *room += 1 + depends.len();
        steps.push(Step { op, operands, bases, depends, first });
        match reads {
            Reads::Both => Source::Column(self.columns.len() - 1),
            _ => Source::Scalar(self.scalars.len() - 1),
        }
    }

    fn depends(&self, source: &Source) -> Vec<usize> {
        match source {
            Source::Number(_) | Source::Table(_) => Vec::new(),
            Source::Coefficient(coefficient) => self.position[*coefficient].into_iter().collect(),
            Source::Scalar(step) => self.scalars[*step].depends.clone(),
            Source::Column(step) => self.columns[*step].depends.clone(),
        }
    }

    /// How many coefficients are active.
    #[must_use]
    pub fn active(&self) -> usize {
        self.active
    }

    /// Computes the formula in every row into `values`, and its derivatives by the active coefficients into
    /// `derivatives`, one column after the other; an empty slice wants none.
    ///
    /// # Panics
    ///
    /// If a slice is of another length.
    pub fn run(&self, theta: &[f64], scratch: &mut Scratch, values: &mut [f64], derivatives: &mut [f64]) {
        let wanted = !derivatives.is_empty();
        assert_eq!(values.len(), self.rows, "a value for each row");
        assert!(
            !wanted || derivatives.len() == self.rows * self.active,
            "a column for each active coefficient"
        );
        scratch.scalars.resize(self.scalar_room, 0.0);
        scratch.columns.resize(self.column_room * BLOCK, 0.0);
        scratch.partial.resize(BLOCK, 0.0);
        self.run_scalars(theta, &mut scratch.scalars);
        for start in (0..self.rows).step_by(BLOCK) {
            let rows = start..self.rows.min(start + BLOCK);
            for step in 0..self.columns.len() {
                self.run_column(step, theta, scratch, start, rows.len(), wanted);
            }
            let scratch = &*scratch;
            let write = |operand: Operand<'_>, out: &mut [f64]| match operand {
                Operand::Scalar(value) => out.fill(value),
                Operand::Lanes(lanes) => out.copy_from_slice(&lanes[..out.len()]),
            };
            write(
                self.value(&self.root, theta, &scratch.scalars, &scratch.columns, start),
                &mut values[rows.clone()],
            );
            if wanted {
                for active in 0..self.active {
                    let out = &mut derivatives[active * self.rows..][rows.clone()];
                    let tangent = self.tangent(&self.root, active, &scratch.scalars, &scratch.columns);
                    write(tangent.unwrap_or(Operand::Scalar(0.0)), out);
                }
            }
        }
    }

    fn run_scalars(&self, theta: &[f64], scalars: &mut [f64]) {
        for step in &self.scalars {
            let (known, out) = scalars.split_at_mut(step.first);
            let mut x = [0.0; 3];
            for (x, source) in x.iter_mut().zip(&step.operands) {
                *x = match self.value(source, theta, known, &[], 0) {
                    Operand::Scalar(value) => value,
                    Operand::Lanes(_) => unreachable!("a scalar reads no column"),
                };
            }
            let value = step.op.apply(x[0], x[1], x[2]);
            out[0] = value;
            for (out, &active) in out[1..].iter_mut().zip(&step.depends) {
                *out = 0.0;
                for (by, source) in step.operands.iter().enumerate() {
                    if let Some(Operand::Scalar(tangent)) = self.tangent(source, active, known, &[]) {
                        let partial = dual::partial(step.op, by, x, value);
                        *out += if partial == 0.0 { 0.0 } else { partial * tangent };
                    }
                }
            }
        }
    }

    fn run_column(
        &self,
        step: usize,
        theta: &[f64],
        scratch: &mut Scratch,
        start: usize,
        count: usize,
        wanted: bool,
    ) {
        let step = &self.columns[step];
        let (known, out) = scratch.columns.split_at_mut(step.first * BLOCK);
        let (value, tangents) = out.split_at_mut(BLOCK);
        let value = &mut value[..count];
        let mut x = [Operand::Scalar(0.0); 3];
        for (x, source) in x.iter_mut().zip(&step.operands) {
            *x = self.value(source, theta, &scratch.scalars, known, start);
        }
        match (&step.bases, &step.operands[0], x[1]) {
            (Some(bases), Source::Table(table), Operand::Scalar(exponent)) => {
                bases.power(self.level, table, exponent, start, value);
            }
            _ => lanes::apply_at(self.level, step.op, x[0], x[1], x[2], value),
        }
        if !wanted || step.depends.is_empty() {
            return;
        }
        let value = Operand::Lanes(value);
        let log = step.bases.as_ref().map(|bases| &bases.logs[start..start + count]);
        let mut seen = 0_u64;
        for (by, source) in step.operands.iter().enumerate() {
            if !matches!(source, Source::Coefficient(_) | Source::Scalar(_) | Source::Column(_)) {
                continue;
            }
            let tangents_of = |active| self.tangent(source, active, &scratch.scalars, known);
            if step.depends.iter().all(|&active| tangents_of(active).is_none()) {
                continue;
            }
            let partial =
                dual::partials(self.level, step.op, by, x, value, log, &mut scratch.partial[..count]);
            for (place, &active) in step.depends.iter().enumerate() {
                let Some(tangent) = tangents_of(active) else { continue };
                let out = &mut tangents[place * BLOCK..][..count];
                dual::pass_on(self.level, partial, tangent, out, seen >> place & 1 == 0);
                seen |= 1 << place;
            }
        }
    }

    fn value<'a>(
        &self,
        source: &'a Source,
        theta: &[f64],
        scalars: &[f64],
        columns: &'a [f64],
        start: usize,
    ) -> Operand<'a> {
        match source {
            Source::Number(value) => Operand::Scalar(*value),
            Source::Coefficient(coefficient) => Operand::Scalar(theta[*coefficient]),
            Source::Table(table) => Operand::Lanes(&table[start..]),
            Source::Scalar(step) => Operand::Scalar(scalars[self.scalars[*step].first]),
            Source::Column(step) => Operand::Lanes(&columns[self.columns[*step].first * BLOCK..][..BLOCK]),
        }
    }

    fn tangent<'a>(
        &self,
        source: &Source,
        active: usize,
        scalars: &[f64],
        columns: &'a [f64],
    ) -> Option<Operand<'a>> {
        match source {
            Source::Number(_) | Source::Table(_) => None,
            Source::Coefficient(coefficient) => {
                (self.position[*coefficient] == Some(active)).then_some(Operand::Scalar(1.0))
            }
            Source::Scalar(step) => {
                self.scalars[*step].tangent(active).map(|place| Operand::Scalar(scalars[place]))
            }
            Source::Column(step) => {
                let place = self.columns[*step].tangent(active)?;
                Some(Operand::Lanes(&columns[place * BLOCK..][..BLOCK]))
            }
        }
    }
}

/// Which nodes the root reads: a tied or fixed name may leave others behind.
fn needed(model: &Model) -> Vec<bool> {
    let mut needed = vec![false; model.graph.nodes().len()];
    needed[model.root.index()] = true;
    for id in model.graph.ids().rev() {
        if needed[id.index()] {
            for operand in model.graph.operands(id) {
                needed[operand.index()] = true;
            }
        }
    }
    needed
}
