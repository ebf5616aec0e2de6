//! Formulas to a graph: names replaced by what they mean, conditions checked.
//!
//! ```text
//! lower(formula):
//!   for each name, in order:  a constant or column is a node; a quantity is lowered first, once
//!   for each term, in order:  a number or name is a node; an operation is applied to its operands' nodes
//! ```
//!
//! "Lowered first" is a stack of unfinished formulas, so that quantities may refer to quantities to
//! any depth; a quantity that is needed while it is unfinished closes a cycle.

use super::error::{FormulaError, FormulaErrorKind as Kind, Problem, Span};
use super::expr::{Expr, Term, TermId};
use super::graph::{Graph, NodeId};
use super::parser;
use super::scope::{Meaning, Scope};
use crate::value::ops::Op;

/// Lowers formulas to one shared [`Graph`].
///
/// # Examples
///
/// ```
/// use isoflop_core::formula::{Builder, Meaning, Scope};
///
/// let mut scope = Scope::new();
/// scope.insert("tokens", Meaning::Column { column: 0, boolean: false });
/// scope.insert("usd", Meaning::Formula("2e-7 * tokens".to_owned()));
/// let mut builder = Builder::new(&scope);
/// let usd = builder.number("usd")?;
/// assert_eq!(builder.number("2e-7 * (tokens)")?, usd);
/// let error = builder.condition("uds < 1").unwrap_err();
/// assert_eq!(error.to_string(), "unknown name `uds`, did you mean `usd`?");
/// # Ok::<(), isoflop_core::formula::FormulaError>(())
/// ```
#[derive(Debug)]
pub struct Builder<'s> {
    scope: &'s Scope,
    graph: Graph,
    /// For each name of the scope, what became of it.
    memo: Vec<State>,
    /// The terms of the formula that is being lowered.
    terms: Vec<Lowered>,
}

/// A node, and whether it is a condition.
#[derive(Debug, Clone, Copy)]
struct Lowered {
    node: NodeId,
    condition: bool,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Fresh,
    Unfinished,
    Done(Lowered),
}

/// A formula that is being lowered.
struct Frame<'a> {
    /// The quantity that it defines: its position in the scope, and its name.
    quantity: Option<(usize, &'a str)>,
    expr: Expr<'a>,
    /// What the names read so far mean.
    names: Vec<Lowered>,
}

impl<'a> Frame<'a> {
    fn read(text: &'a str, quantity: Option<(usize, &'a str)>) -> Result<Self, FormulaError> {
        let expr = parser::read(text)
            .map_err(|problem| FormulaError::new(text, problem, quantity.map(|(_, name)| name)))?;
        let names = Vec::with_capacity(expr.names().len());
        Ok(Self { quantity, expr, names })
    }

    #[cold]
    fn error(&self, span: Span, kind: Kind) -> FormulaError {
        let quantity = self.quantity.map(|(_, name)| name);
        FormulaError::new(self.expr.text(), Problem::new(span, kind), quantity)
    }

    /// A condition on the number `term`, as a suggestion: on one line, as messages are.
    #[cold]
    fn condition_on(&self, term: TermId) -> String {
        let span = self.expr.span(term);
        match &self.expr.text()[span.start..span.end] {
            text if text.len() <= 40 && !matches!(self.expr.terms()[term.index()], Term::Number(_)) => {
                format!("{} != 0", text.split_whitespace().collect::<Vec<_>>().join(" "))
            }
            _ => "x != 0".to_owned(),
        }
    }
}

/// What a sweep's formulas usually come to; more grows.
const NODES: usize = 64;

impl<'s> Builder<'s> {
    /// A builder whose formulas read the names of `scope`.
    #[must_use]
    pub fn new(scope: &'s Scope) -> Self {
        Self {
            scope,
            graph: Graph::with_capacity(NODES),
            memo: vec![State::Fresh; scope.len()],
            terms: Vec::new(),
        }
    }

    /// Lowers a formula whose value is wanted; that of a condition is 0 or 1.
    ///
    /// # Errors
    ///
    /// [`FormulaError`] if the text, or that of a quantity it reads, is no formula, reads an unknown
    /// name, holds a number where a condition must stand, or refers to itself. The builder can be used
    /// afterwards as if the call had not been made.
    pub fn number(&mut self, text: &str) -> Result<NodeId, FormulaError> {
        self.lower(text, false).map(|lowered| lowered.node)
    }

    /// Lowers a constraint.
    ///
    /// # Errors
    ///
    /// Those of [`number`](Self::number); and the formula must be a condition: a comparison, an
    /// operation that gives a condition, a boolean column, or a quantity that is one of these.
    pub fn condition(&mut self, text: &str) -> Result<NodeId, FormulaError> {
        self.lower(text, true).map(|lowered| lowered.node)
    }

    /// The graph so far.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The graph of all formulas lowered.
    #[must_use]
    pub fn finish(self) -> Graph {
        self.graph
    }

    fn lower(&mut self, text: &str, constraint: bool) -> Result<Lowered, FormulaError> {
        let mut frames = vec![Frame::read(text, None)?];
        let lowered = self.run(&mut frames);
        if lowered.is_err() {
            for (quantity, _) in frames.iter().filter_map(|frame| frame.quantity) {
                self.memo[quantity] = State::Fresh;
            }
        }
        let lowered = lowered?;
        if constraint && !lowered.condition {
            let frame = Frame::read(text, None)?;
            let root = frame.expr.root();
            let instead = frame.condition_on(root);
            return Err(frame.error(frame.expr.span(root), Kind::NotConstraint { instead }));
        }
        Ok(lowered)
    }

    /// Lowers the formula of the first frame, and what it needs.
    fn run<'a>(&mut self, frames: &mut Vec<Frame<'a>>) -> Result<Lowered, FormulaError>
    where
        's: 'a,
    {
        let scope = self.scope;
        loop {
            let frame = frames.last_mut().expect("the loop ends with the first frame");
            if let Some(&(name, span)) = frame.expr.names().get(frame.names.len()) {
                let Some((position, known, meaning)) = scope.find(name) else {
                    return Err(frame.error(span, scope.unknown(name)));
                };
                let lowered = match meaning {
                    Meaning::Constant(value) => {
                        Lowered { node: self.graph.constant(*value), condition: false }
                    }
                    Meaning::Column { column, boolean } => {
                        Lowered { node: self.graph.column(*column), condition: *boolean }
                    }
                    Meaning::Formula(text) => match self.memo[position] {
                        State::Done(lowered) => lowered,
                        State::Fresh => {
                            let needed = Frame::read(text, Some((position, known)))?;
                            self.memo[position] = State::Unfinished;
                            frames.push(needed);
                            continue;
                        }
                        State::Unfinished => return Err(cycle(frames, position, span)),
                    },
                };
                frame.names.push(lowered);
                continue;
            }
            let lowered = self.apply(frame)?;
            match frame.quantity {
                Some((position, _)) => self.memo[position] = State::Done(lowered),
                None => return Ok(lowered),
            }
            frames.pop();
        }
    }

    /// Lowers the terms of a formula whose names are known.
    fn apply(&mut self, frame: &Frame<'_>) -> Result<Lowered, FormulaError> {
        self.terms.clear();
        for (index, term) in frame.expr.terms().iter().enumerate() {
            let lowered = match *term {
                Term::Number(value) => Lowered { node: self.graph.constant(value), condition: false },
                Term::Name(name) => frame.names[name],
                Term::Apply(op, padded) => {
                    let info = op.info();
                    let operands = &padded[..info.arity];
                    if info.conditions != 0 {
                        self.check(op, operands, frame)?;
                    }
                    let nodes = padded.map(|operand| self.terms[operand.index()].node);
                    Lowered { node: self.graph.apply(op, &nodes[..info.arity]), condition: info.condition }
                }
            };
            debug_assert_eq!(self.terms.len(), index);
            self.terms.push(lowered);
        }
        Ok(*self.terms.last().expect("a formula has at least one term"))
    }

    /// Fails if an operand that must be a condition is a number.
    fn check(&self, op: Op, operands: &[TermId], frame: &Frame<'_>) -> Result<(), FormulaError> {
        let info = op.info();
        for (position, &operand) in operands.iter().enumerate() {
            if info.conditions >> position & 1 == 1 && !self.terms[operand.index()].condition {
                let instead = frame.condition_on(operand);
                return Err(frame
                    .error(frame.expr.span(operand), Kind::NotCondition { operation: info.name, instead }));
            }
        }
        Ok(())
    }
}

/// The error for the last frame reading, at `span`, the unfinished quantity at `position`.
#[cold]
fn cycle(frames: &[Frame<'_>], position: usize, span: Span) -> FormulaError {
    let around =
        frames.iter().filter_map(|frame| frame.quantity).skip_while(|(quantity, _)| *quantity != position);
    let names = around.map(|(_, name)| name.to_owned()).collect();
    frames[frames.len() - 1].error(span, Kind::Cycle { names })
}
