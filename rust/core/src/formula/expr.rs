//! A formula as read: its tree, in post-order.

use std::fmt;

use super::error::Span;
use super::print;
use crate::value::ops::Op;

/// A term of an [`Expr`]. Operands always come before the operations on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TermId(u32);

impl TermId {
    pub(super) fn new(index: usize) -> Self {
        Self(u32::try_from(index).expect("a text is far shorter than 2^32 bytes"))
    }

    /// The term's position in [`Expr::terms`].
    #[inline]
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What stands at one place of a formula.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Term {
    /// A number: finite, not negative.
    Number(f64),
    /// A name, by its position in [`Expr::names`].
    Name(usize),
    /// An operation; operands beyond its arity repeat the first.
    Apply(Op, [TermId; 3]),
}

/// A formula as read. It borrows its text and is printed by [`Display`](fmt::Display).
///
/// The terms make a tree, with one exception: a chained comparison `a < b < c` is `a < b and b < c`
/// where both comparisons share the one term `b`. Two formulas are equal if they have the same terms,
/// wherever those stand in the text.
///
/// Printing uses as few parentheses as possible, and reading what was printed gives an equal
/// formula, unless spaces make it longer than [`MAX_BYTES`](super::MAX_BYTES).
#[derive(Debug, Clone)]
pub struct Expr<'t> {
    pub(super) text: &'t str,
    pub(super) terms: Vec<Term>,
    pub(super) spans: Vec<Span>,
    pub(super) names: Vec<(&'t str, Span)>,
}

impl<'t> Expr<'t> {
    /// The text that was read.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The terms, operands before operations; the last one is the whole formula.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// The term that is the whole formula.
    #[must_use]
    pub fn root(&self) -> TermId {
        TermId::new(self.terms.len() - 1)
    }

    /// Where `term` stands in the text, parentheses around it left out.
    #[must_use]
    pub fn span(&self, term: TermId) -> Span {
        self.spans[term.index()]
    }

    /// The operands of `term`: none for a number or a name.
    #[must_use]
    pub fn operands(&self, term: TermId) -> &[TermId] {
        match &self.terms[term.index()] {
            Term::Apply(op, operands) => &operands[..op.info().arity],
            _ => &[],
        }
    }

    /// The names that the formula reads, each once, in order of first appearance, with that place.
    #[must_use]
    pub fn names(&self) -> &[(&'t str, Span)] {
        &self.names
    }
}

impl PartialEq for Expr<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.terms == other.terms
            && self.names.iter().map(|(name, _)| name).eq(other.names.iter().map(|(name, _)| name))
    }
}

impl fmt::Display for Expr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print::write(self, self.root(), f)
    }
}

impl print::Tree for Expr<'_> {
    type Id = TermId;

    fn view(&self, term: TermId) -> print::View<'_, TermId> {
        match self.terms[term.index()] {
            Term::Number(value) => print::View::Number(value),
            Term::Name(name) => print::View::Name(self.names[name].0),
            Term::Apply(op, _) => print::View::Apply(op, self.operands(term)),
        }
    }
}
