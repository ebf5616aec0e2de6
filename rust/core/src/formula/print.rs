//! Trees to text, with as few parentheses as possible.
//!
//! One printer serves formulas as read and nodes of a graph; both are a [`Tree`]. Products and powers
//! are written without spaces, everything looser with: `E + A/params**alpha`.

use std::fmt::{self, Write};

use super::graph::{Graph, Node, NodeId};
use crate::value::ops::{Op, Syntax};

/// Something that can be printed as a formula.
pub(super) trait Tree {
    /// A place in the tree.
    type Id: Copy + PartialEq;

    /// What stands there.
    fn view(&self, id: Self::Id) -> View<'_, Self::Id>;
}

/// What stands at one place of a [`Tree`].
pub(super) enum View<'a, Id> {
    Number(f64),
    Name(&'a str),
    Apply(Op, &'a [Id]),
}

/// Prints `node` of a graph as a formula; `name` gives the names of columns.
///
/// Shared nodes are written out wherever they occur, and a number that no formula can hold (a folded
/// NaN, say) as Rust writes it. What is longer than `limit` bytes ends in `...`.
///
/// # Examples
///
/// ```
/// use isoflop_core::formula::{graph::Graph, print_node};
/// use isoflop_core::value::ops::Op;
///
/// let mut graph = Graph::new();
/// let (params, two) = (graph.column(0), graph.constant(2.0));
/// let square = graph.apply(Op::Pow, &[params, two]);
/// assert_eq!(print_node(&graph, square, |_| "params", 80), "params**2");
/// assert_eq!(print_node(&graph, square, |_| "params", 7), "params...");
/// ```
#[must_use]
pub fn print_node<'a>(graph: &Graph, node: NodeId, name: impl Fn(usize) -> &'a str, limit: usize) -> String {
    let mut text = Limited { text: String::new(), limit };
    match write(&Named { graph, name: &name }, node, &mut text) {
        Ok(()) => text.text,
        Err(fmt::Error) => text.text + "...",
    }
}

struct Named<'g, 'n> {
    graph: &'g Graph,
    name: &'g dyn Fn(usize) -> &'n str,
}

impl Tree for Named<'_, '_> {
    type Id = NodeId;

    fn view(&self, id: NodeId) -> View<'_, NodeId> {
        match self.graph.node(id) {
            Node::Constant(bits) => View::Number(f64::from_bits(bits)),
            Node::Column(column) => View::Name((self.name)(column)),
            Node::Apply(op, _) => View::Apply(op, self.graph.operands(id)),
        }
    }
}

/// Refuses what makes the text longer than `limit` bytes.
struct Limited {
    text: String,
    limit: usize,
}

impl Write for Limited {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if self.text.len() + piece.len() > self.limit {
            return Err(fmt::Error);
        }
        self.text.push_str(piece);
        Ok(())
    }
}

/// What is still to be written; the last item comes first.
enum Item<Id> {
    Text(&'static str),
    /// An infix operator, spaced by its strength.
    Infix(Op),
    Term {
        id: Id,
        /// It gets parentheses if it binds less tightly.
        least: u8,
        /// It follows an infix operator: a negation there needs no parentheses (`2**-x`).
        follows: bool,
    },
}

/// Writes the tree below `root`.
pub(super) fn write<T: Tree>(tree: &T, root: T::Id, out: &mut dyn Write) -> fmt::Result {
    let mut items = vec![Item::Term { id: root, least: 0, follows: false }];
    while let Some(item) = items.pop() {
        match item {
            Item::Text(text) => out.write_str(text)?,
            Item::Infix(op) => infix(op, out)?,
            Item::Term { id, least, follows } => {
                let chain = chain(tree, id);
                let strength = if chain.is_empty() { strength(tree, id) } else { Op::Lt.info().strength() };
                if strength < least && !(follows && negates(tree, id)) {
                    out.write_str("(")?;
                    items.push(Item::Text(")"));
                }
                if chain.is_empty() {
                    term(tree, id, &mut items, out)?;
                } else {
                    // Comparisons chain, so one inside another needs parentheses on either side.
                    let least = Op::Lt.info().strength() + 1;
                    for (link, (op, id)) in chain.iter().copied().enumerate() {
                        let first = link + 1 == chain.len();
                        items.push(Item::Term { id, least, follows: !first });
                        items.extend(op.map(Item::Infix));
                    }
                }
            }
        }
    }
    Ok(())
}

/// Writes one term, or puts its parts on `items`.
fn term<T: Tree>(tree: &T, id: T::Id, items: &mut Vec<Item<T::Id>>, out: &mut dyn Write) -> fmt::Result {
    match tree.view(id) {
        View::Number(value) => number(value, out),
        View::Name(name) => out.write_str(name),
        View::Apply(op, operands) => {
            let info = op.info();
            let strength = info.strength();
            let (left, right) = match info.syntax {
                Syntax::Infix(_) if info.compares() => (strength + 1, strength + 1),
                Syntax::Infix(_) => (strength, strength + 1),
                Syntax::InfixRight(_) => (strength + 1, strength),
                Syntax::Prefix(_) => {
                    out.write_str(info.name)?;
                    if info.name.ends_with(char::is_alphabetic) {
                        out.write_str(" ")?;
                    }
                    items.push(Item::Term { id: operands[0], least: strength, follows: false });
                    return Ok(());
                }
                Syntax::Call => {
                    items.push(Item::Text(")"));
                    call(tree, op, operands, items);
                    out.write_str(info.name)?;
                    return out.write_str("(");
                }
            };
            items.push(Item::Term { id: operands[1], least: right, follows: true });
            items.push(Item::Infix(op));
            items.push(Item::Term { id: operands[0], least: left, follows: false });
            Ok(())
        }
    }
}

/// Puts the operands of a call on `items`; `min(min(a, b), c)` is written `min(a, b, c)`.
fn call<'a, T: Tree>(tree: &'a T, op: Op, mut operands: &'a [T::Id], items: &mut Vec<Item<T::Id>>) {
    loop {
        let folded = match tree.view(operands[0]) {
            View::Apply(inner, inside) if inner == op && op.info().folds() => Some(inside),
            _ => None,
        };
        for (position, &id) in operands.iter().enumerate().rev() {
            if position > 0 || folded.is_none() {
                items.push(Item::Term { id, least: 0, follows: false });
            }
            if position > 0 {
                items.push(Item::Text(", "));
            }
        }
        match folded {
            Some(inside) => operands = inside,
            None => return,
        }
    }
}

/// The links of `a < b <= c`, last first and ending with `a`; empty if `id` is no chain of comparisons.
///
/// A chain is a conjunction of comparisons where each begins with the very term that the one before
/// it ends with. Written out twice, the term is a different one.
fn chain<T: Tree>(tree: &T, id: T::Id) -> Vec<(Option<Op>, T::Id)> {
    let comparison = |id| match tree.view(id) {
        View::Apply(op, &[left, right]) if op.info().compares() => Some((op, left, right)),
        _ => None,
    };
    let conjunction = |id| match tree.view(id) {
        View::Apply(Op::And, &[left, right]) => Some((left, right)),
        _ => None,
    };
    let mut links = Vec::new();
    let mut at = id;
    while let Some((before, last)) = conjunction(at) {
        let Some((op, shared, right)) = comparison(last) else { return Vec::new() };
        let previous = conjunction(before).map_or(before, |(_, last)| last);
        if comparison(previous).is_none_or(|(_, _, end)| end != shared) {
            return Vec::new();
        }
        links.push((Some(op), right));
        at = before;
    }
    match comparison(at) {
        Some((op, left, right)) if !links.is_empty() => {
            links.push((Some(op), right));
            links.push((None, left));
            links
        }
        _ => Vec::new(),
    }
}

fn strength<T: Tree>(tree: &T, id: T::Id) -> u8 {
    match tree.view(id) {
        View::Apply(op, _) => op.info().strength(),
        View::Number(value) if value.is_sign_negative() => Op::Neg.info().strength(),
        _ => u8::MAX,
    }
}

fn negates<T: Tree>(tree: &T, id: T::Id) -> bool {
    match tree.view(id) {
        View::Apply(op, _) => op == Op::Neg,
        View::Number(value) => value.is_sign_negative(),
        View::Name(_) => false,
    }
}

fn infix(op: Op, out: &mut dyn Write) -> fmt::Result {
    let info = op.info();
    if info.strength() > Op::Add.info().strength() {
        out.write_str(info.name)
    } else {
        write!(out, " {} ", info.name)
    }
}

/// Writes the shortest digits that read back as `value`, with an exponent where that is easier on the eye.
fn number(value: f64, out: &mut dyn Write) -> fmt::Result {
    /// More zeros than this at either end are counted, not written.
    const ZEROS: i32 = 5;
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return out.write_str(&scientific); // an infinity or NaN
    };
    let exponent: i32 = exponent.parse().expect("Rust writes the exponent as an integer");
    let count = digits.bytes().filter(u8::is_ascii_digit).count() as i32;
    let trailing = exponent + 1 - count;
    // Integers beyond 2^53 are refused without an exponent.
    let plain = trailing <= ZEROS && exponent >= -ZEROS && (trailing < 0 || value.abs() <= EXACT);
    if plain || value == 0.0 { write!(out, "{value}") } else { out.write_str(&scientific) }
}
