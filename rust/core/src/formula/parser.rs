//! Tokens to a tree, by operator precedence.
//!
//! ```text
//! for each token:
//!   an operand:           onto `operands`
//!   an infix operator:    first close every open operator that binds tighter, then open this one
//!   a prefix, `(`, call:  open it
//!   `)`:                  close down to the matching `(` or call
//! ```
//!
//! What is open waits in `frames`, a vector: nesting takes memory, never stack. Names of operations,
//! placement and binding strength all come from [`ops`].

use rustc_hash::FxHashMap;

use super::error::{FormulaError, FormulaErrorKind as Kind, Problem, Span, shown};
use super::expr::{Expr, Term, TermId};
use super::lexer::{Lexer, Token};
use super::{MAX_BYTES, MAX_DEPTH, suggest};
use crate::value::ops::{self, Op, Syntax};

/// Reads a formula.
///
/// # Errors
///
/// [`FormulaError`] points at the character that makes no sense. Whether names mean something and
/// conditions stand where they must is for [`Builder`](super::Builder) to say.
///
/// # Examples
///
/// ```
/// let formula = isoflop_core::formula::parse("E + (A / params**alpha)")?;
/// assert_eq!(formula.to_string(), "E + A/params**alpha");
/// assert_eq!(formula.names()[1].0, "A");
/// # Ok::<(), isoflop_core::formula::FormulaError>(())
/// ```
pub fn parse(text: &str) -> Result<Expr<'_>, FormulaError> {
    read(text).map_err(|problem| FormulaError::new(text, problem, None))
}

/// [`parse`] for callers that know which quantity the text belongs to.
pub(super) fn read(text: &str) -> Result<Expr<'_>, Problem> {
    if text.len() > MAX_BYTES {
        let first = Span::new(MAX_BYTES, MAX_BYTES + 1);
        return Err(Problem::new(first, Kind::TooLong { bytes: text.len() }));
    }
    Parser::new(text).read()
}

/// Something open that waits for its last operand.
#[derive(Debug, Clone, Copy)]
enum Frame {
    Prefix {
        op: Op,
        start: usize,
    },
    Infix {
        op: Op,
        /// The conditions so far, if this comparison continues a chain.
        chain: Option<Operand>,
    },
    Group {
        open: usize,
    },
    Call {
        op: Op,
        start: usize,
        open: usize,
        /// Operands before the last comma.
        operands: usize,
    },
}

/// A complete term, and the text that it takes up with its parentheses.
#[derive(Debug, Clone, Copy)]
struct Operand {
    term: TermId,
    span: Span,
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    expr: Expr<'t>,
    frames: Vec<Frame>,
    operands: Vec<Operand>,
    /// How many frames are groups or calls.
    depth: usize,
    /// Whether the last token was a unary plus, which leaves no frame.
    signed: bool,
    /// Where each name stands in `expr.names`, once there are many.
    index: FxHashMap<&'t str, usize>,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Self {
        // A term takes about four characters: `6*params` has three in eight.
        let terms = text.len() / 4 + 4;
        Self {
            lexer: Lexer::new(text),
            expr: Expr {
                text,
                terms: Vec::with_capacity(terms),
                spans: Vec::with_capacity(terms),
                names: Vec::with_capacity(4),
            },
            frames: Vec::with_capacity(8),
            operands: Vec::with_capacity(8),
            depth: 0,
            signed: false,
            index: FxHashMap::default(),
        }
    }

    fn read(mut self) -> Result<Expr<'t>, Problem> {
        loop {
            // Prefixes and parentheses may pile up before an operand, closing ones after it.
            while !self.operand()? {}
            loop {
                let (token, span) = self.lexer.next()?;
                let op = match token {
                    Token::Symbol(op) => Some(op),
                    Token::Word => ops::infix(self.lexer.slice(span)),
                    _ => None,
                };
                if let Some(op) = op {
                    self.infix(op);
                    break;
                }
                match token {
                    Token::Close => self.close(span)?,
                    Token::Comma => {
                        self.comma(span)?;
                        break;
                    }
                    Token::End => return self.end(),
                    _ => return Err(self.missing_operator(token, span)),
                }
            }
        }
    }

    /// Takes one token where an operand is expected; returns whether the operand is complete.
    fn operand(&mut self) -> Result<bool, Problem> {
        let (token, span) = self.lexer.next()?;
        let signed = std::mem::take(&mut self.signed);
        match token {
            Token::Number(value) => {
                self.push(Term::Number(value), span);
                Ok(true)
            }
            Token::Word => self.word(span, signed),
            Token::Open => {
                self.open(Frame::Group { open: span.start }, span.start)?;
                Ok(false)
            }
            Token::Symbol(op) => {
                let name = op.info().name;
                if let Some(op) = ops::prefix(name) {
                    self.frames.push(Frame::Prefix { op, start: span.start });
                    Ok(false)
                } else if op == Op::Add {
                    // Unary plus is the identity.
                    self.signed = true;
                    Ok(false)
                } else {
                    Err(self.missing_operand(span))
                }
            }
            Token::Close => match self.frames.last() {
                // `exp()` is a call without operands, `(` `)` and `min(a,)` lack something.
                Some(&Frame::Call { op, start, open, operands: 0 }) if self.blank(open + 1, span.start) => {
                    Err(wrong_count(op, start, 0))
                }
                _ => Err(self.missing_operand(span)),
            },
            Token::Comma => Err(self.missing_operand(span)),
            Token::End if self.expr.text.trim().is_empty() => {
                Err(Problem::new(Span::new(0, self.expr.text.len()), Kind::Empty))
            }
            Token::End => Err(Problem::new(span, Kind::UnexpectedEnd)),
        }
    }

    fn word(&mut self, span: Span, signed: bool) -> Result<bool, Problem> {
        let name = self.lexer.slice(span);
        if ops::begins(name)
            && let Some(complete) = self.operation(name, span, signed)?
        {
            return Ok(complete);
        }
        if let Some((found, advice)) = suggest::refused_word(name) {
            return Err(Problem::new(span, Kind::Refused { found, advice }));
        }
        if self.lexer.opens() {
            let suggestion = suggest::for_operation(name);
            return Err(Problem::new(
                span,
                Kind::UnknownOperation { name: shown(name).into_owned(), suggestion },
            ));
        }
        let name = self.name(name, span);
        self.push(Term::Name(name), span);
        Ok(true)
    }

    /// Takes a word that is an operation's name; returns `None` if it is another.
    fn operation(&mut self, name: &str, span: Span, signed: bool) -> Result<Option<bool>, Problem> {
        if let Some(op) = ops::call(name) {
            if !self.lexer.opens() {
                return Err(Problem::new(span, Kind::OperationAsName { op }));
            }
            let (_, open) = self.lexer.next()?;
            let call = Frame::Call { op, start: span.start, open: open.start, operands: 0 };
            self.open(call, open.start)?;
            return Ok(Some(false));
        }
        if let Some(op) = ops::prefix(name) {
            // Python has no `a * not b` either: it would read as a * (not (b ...)).
            let tighter = match self.frames.last() {
                Some(Frame::Infix { op: before, .. } | Frame::Prefix { op: before, .. }) => {
                    signed || before.info().strength() > op.info().strength()
                }
                _ => signed,
            };
            if tighter {
                return Err(Problem::new(span, Kind::LoosePrefix { operation: op.info().name }));
            }
            self.frames.push(Frame::Prefix { op, start: span.start });
            return Ok(Some(false));
        }
        if ops::infix(name).is_some() {
            return Err(self.missing_operand(span));
        }
        Ok(None)
    }

    /// The position of `name` in the list of names.
    fn name(&mut self, name: &'t str, span: Span) -> usize {
        /// Up to this number of names, looking at each is quicker than hashing.
        const FEW: usize = 16;
        let names = &mut self.expr.names;
        if names.len() <= FEW {
            if let Some(position) = names.iter().position(|(known, _)| *known == name) {
                return position;
            }
        } else {
            if self.index.is_empty() {
                self.index =
                    names.iter().enumerate().map(|(position, (known, _))| (*known, position)).collect();
            }
            if let Some(&position) = self.index.get(name) {
                return position;
            }
            self.index.insert(name, names.len());
        }
        names.push((name, span));
        names.len() - 1
    }

    fn open(&mut self, frame: Frame, open: usize) -> Result<(), Problem> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Problem::new(Span::new(open, open + 1), Kind::TooDeep));
        }
        self.frames.push(frame);
        Ok(())
    }

    fn infix(&mut self, op: Op) {
        let info = op.info();
        let least = match info.syntax {
            Syntax::InfixRight(strength) => strength + 1,
            _ => info.strength(),
        };
        self.reduce(least);
        let mut chain = None;
        // `a < b` is complete, `<= c` follows: it compares b, once more.
        if info.compares()
            && let Some(Frame::Infix { op: before, .. }) = self.frames.last()
            && before.info().compares()
        {
            let right = self.operands[self.operands.len() - 1];
            chain = self.reduce_one();
            self.operands.pop();
            self.operands.push(right);
        }
        self.frames.push(Frame::Infix { op, chain });
    }

    /// Closes open operators of at least this strength, except a comparison that may go on as a chain.
    fn reduce(&mut self, least: u8) {
        while let Some(&(Frame::Infix { op, .. } | Frame::Prefix { op, .. })) = self.frames.last() {
            let strength = op.info().strength();
            if strength < least || (strength == least && op.info().compares()) {
                break;
            }
            self.reduce_one();
        }
    }

    /// Closes the last open operator; returns the result, which is the last operand now.
    fn reduce_one(&mut self) -> Option<Operand> {
        let right = self.operands.pop()?;
        match self.frames.pop()? {
            Frame::Prefix { op, start } => {
                let span = Span::new(start, right.span.end);
                self.push(Term::Apply(op, [right.term; 3]), span);
            }
            Frame::Infix { op, chain } => {
                let left = self.operands.pop()?;
                let span = Span::new(left.span.start, right.span.end);
                self.push(Term::Apply(op, [left.term, right.term, left.term]), span);
                if let Some(before) = chain {
                    let last = self.operands.pop()?;
                    let span = Span::new(before.span.start, last.span.end);
                    self.push(Term::Apply(Op::And, [before.term, last.term, before.term]), span);
                }
            }
            Frame::Group { .. } | Frame::Call { .. } => unreachable!("only operators are reduced"),
        }
        self.operands.last().copied()
    }

    fn push(&mut self, term: Term, span: Span) {
        let id = TermId::new(self.expr.terms.len());
        self.expr.terms.push(term);
        self.expr.spans.push(span);
        self.operands.push(Operand { term: id, span });
    }

    fn close(&mut self, close: Span) -> Result<(), Problem> {
        self.reduce(0);
        match self.frames.pop() {
            Some(Frame::Group { open }) => {
                if let Some(last) = self.operands.last_mut() {
                    last.span = Span::new(open, close.end);
                }
            }
            Some(Frame::Call { op, start, operands, .. }) => {
                let info = op.info();
                let found = operands + 1;
                if found < info.arity || (found > info.arity && !info.folds()) {
                    return Err(wrong_count(op, start, found));
                }
                // What folds has been folded up to the last comma.
                let first = self.operands.len() - info.arity.min(found);
                let mut padded = [self.operands[first].term; 3];
                for (slot, operand) in padded.iter_mut().zip(self.operands.drain(first..)) {
                    *slot = operand.term;
                }
                self.push(Term::Apply(op, padded), Span::new(start, close.end));
            }
            _ => return Err(Problem::new(close, Kind::Unopened)),
        }
        self.depth -= 1;
        Ok(())
    }

    fn comma(&mut self, comma: Span) -> Result<(), Problem> {
        self.reduce(0);
        let Some(Frame::Call { op, start, operands, .. }) = self.frames.last_mut() else {
            return Err(Problem::new(comma, Kind::Comma));
        };
        *operands += 1;
        if op.info().folds() && *operands >= 2 {
            let (op, start) = (*op, *start);
            if let (Some(right), Some(left)) = (self.operands.pop(), self.operands.pop()) {
                let span = Span::new(start, right.span.end);
                self.push(Term::Apply(op, [left.term, right.term, left.term]), span);
            }
        }
        Ok(())
    }

    fn end(mut self) -> Result<Expr<'t>, Problem> {
        self.reduce(0);
        match self.frames.last() {
            Some(&(Frame::Group { open } | Frame::Call { open, .. })) => {
                Err(Problem::new(Span::new(open, open + 1), Kind::Unclosed))
            }
            _ => Ok(self.expr),
        }
    }

    fn blank(&self, start: usize, end: usize) -> bool {
        self.expr.text[start..end].trim().is_empty()
    }

    #[cold]
    fn missing_operand(&self, span: Span) -> Problem {
        Problem::new(span, Kind::MissingOperand { found: shown(self.lexer.slice(span)).into_owned() })
    }

    #[cold]
    fn missing_operator(&self, token: Token, span: Span) -> Problem {
        let found = self.lexer.slice(span);
        let kind = match suggest::refused_word(found) {
            Some((found, advice)) if token == Token::Word => Kind::Refused { found, advice },
            _ => Kind::MissingOperator { found: shown(found).into_owned() },
        };
        Problem::new(span, kind)
    }
}

#[cold]
fn wrong_count(op: Op, start: usize, found: usize) -> Problem {
    let name = Span::new(start, start + op.info().name.len());
    Problem::new(name, Kind::Operands { op, found })
}
