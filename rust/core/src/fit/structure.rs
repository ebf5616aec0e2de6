//! What the graph says about coefficients: which are linear, which are exponents, and of what sign.
//!
//! **Linear.** A set of coefficients is linear if the formula is of degree one in all of them at once: sums keep the
//! degree, a product has one factor with members of the set, a quotient has them above the line. `E`, `A` and `B` are in
//! `E + A/N**alpha + B/D**beta`; of the two in `A*(1 + C*x)` only one can be. The largest such set is eliminated.
//!
//! **Exponents.** A coefficient in the exponent of something that varies from run to run, or a factor of the logarithm
//! of a column. Its sign is where the term *falls* as the base grows, other coefficients taken for positive: above zero
//! below the line, and below zero above it.

use crate::formula::graph::{Node, NodeId};
use crate::value::ops::Op;

use super::model::{Model, Reads};

/// What a coefficient is in the formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A summand of its own: the loss that nothing takes away.
    Floor,
    /// A linear factor of a power that has a coefficient in its exponent.
    Amplitude,
    /// Of degree one in some other way.
    Linear,
    /// An exponent; the sign with which the term falls, or 0 where the form does not say.
    Exponent(i8),
    /// Anything else.
    Other,
    /// The formula does not read it.
    Unread,
}

/// See the [module](self).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Structure {
    /// For each coefficient, what it is.
    pub roles: Vec<Role>,
    /// For each coefficient, whether it is in the linear set.
    pub linear: Vec<bool>,
}

/// Sets with more candidates that exclude each other are made greedily.
const TRIED: usize = 14;

impl Model {
    /// What the graph says about the coefficients.
    #[must_use]
    pub fn structure(&self) -> Structure {
        Structure::of(self)
    }
}

impl Structure {
    pub(super) fn of(model: &Model) -> Self {
        let count = model.coefficients().len();
        let linear = linear_set(model);
        let signs = exponent_signs(model);
        let read = read(model);
        let roles = (0..count).map(|coefficient| {
            if !read[coefficient] {
                Role::Unread
            } else if linear[coefficient] {
                linear_role(model, coefficient)
            } else {
                signs[coefficient].map_or(Role::Other, Role::Exponent)
            }
        });
        Self { roles: roles.collect(), linear }
    }
}

fn read(model: &Model) -> Vec<bool> {
    let mut needed = vec![false; model.graph.nodes().len()];
    let mut read = vec![false; model.coefficients().len()];
    needed[model.root.index()] = true;
    for id in model.graph.ids().rev().filter(|id| id.index() <= model.root.index()) {
        if !needed[id.index()] {
            continue;
        }
        if let Some(coefficient) = model.coefficient(model.graph.node(id)) {
            read[coefficient] = true;
        }
        for operand in model.graph.operands(id) {
            needed[operand.index()] = true;
        }
    }
    read
}

/// Whether the formula is of degree one in these coefficients together.
fn is_linear(model: &Model, members: &[usize]) -> bool {
    const NONLINEAR: u8 = 2;
    let mut degrees: Vec<u8> = Vec::with_capacity(model.graph.nodes().len());
    for id in model.graph.ids() {
        let node = model.graph.node(id);
        let operands: Vec<u8> =
            model.graph.operands(id).iter().map(|operand| degrees[operand.index()]).collect();
        let most = operands.iter().copied().max().unwrap_or(0);
        let degree = match node {
            Node::Constant(_) => 0,
            Node::Column(_) => {
                u8::from(model.coefficient(node).is_some_and(|coefficient| members.contains(&coefficient)))
            }
            Node::Apply(Op::Add | Op::Sub | Op::Neg, _) => most,
            Node::Apply(Op::Mul, _) => operands[0].saturating_add(operands[1]).min(NONLINEAR),
            Node::Apply(Op::Div, _) if operands[1] == 0 => operands[0],
            Node::Apply(Op::Where, _) if operands[0] == 0 => most,
            Node::Apply(..) if most == 0 => 0,
            Node::Apply(..) => NONLINEAR,
        };
        degrees.push(degree);
    }
    degrees[model.root.index()] < NONLINEAR
}

/// The largest set, and of equally large ones that with the earliest members.
fn linear_set(model: &Model) -> Vec<bool> {
    let read = read(model);
    let candidates: Vec<usize> = (0..model.coefficients().len())
        .filter(|&coefficient| read[coefficient] && is_linear(model, &[coefficient]))
        .collect();
    // Degree two in a set is degree two in a pair.
    let excludes = |a: usize, b: usize| !is_linear(model, &[a, b]);
    let conflicts: Vec<Vec<bool>> =
        candidates.iter().map(|&a| candidates.iter().map(|&b| a != b && excludes(a, b)).collect()).collect();
    let contested: Vec<usize> =
        (0..candidates.len()).filter(|&a| conflicts[a].iter().any(|&conflict| conflict)).collect();
    let mut chosen: Vec<bool> = (0..candidates.len()).map(|a| !contested.contains(&a)).collect();
    let mut best = Vec::new();
    if contested.len() <= TRIED {
        for set in 0..1_u32 << contested.len() {
            let members: Vec<usize> =
                contested.iter().enumerate().filter(|(i, _)| set >> i & 1 == 1).map(|(_, &a)| a).collect();
            let fits = members.iter().all(|&a| members.iter().all(|&b| !conflicts[a][b]));
            if fits && (members.len() > best.len() || (members.len() == best.len() && members < best)) {
                best = members;
            }
        }
    } else {
        for a in contested {
            if best.iter().all(|&b: &usize| !conflicts[a][b]) {
                best.push(a);
            }
        }
    }
    for a in best {
        chosen[a] = true;
    }
    let mut linear = vec![false; model.coefficients().len()];
    for (&coefficient, chosen) in candidates.iter().zip(chosen) {
        linear[coefficient] = chosen;
    }
    linear
}

/// The factors of a term, those below the line left out.
fn factors(model: &Model, term: NodeId) -> Vec<NodeId> {
    let (mut open, mut factors) = (vec![term], Vec::new());
    while let Some(id) = open.pop() {
        match model.graph.node(id) {
            Node::Apply(Op::Mul, [a, b, _]) => open.extend([a, b]),
            Node::Apply(Op::Div, [a, b, _]) => {
                open.push(a);
                // A power below the line is a factor of the same kind.
                factors.push(b);
            }
            _ => factors.push(id),
        }
    }
    factors
}

fn linear_role(model: &Model, coefficient: usize) -> Role {
    let is = |id: NodeId| model.coefficient(model.graph.node(id)) == Some(coefficient);
    let (mut open, mut role) = (vec![model.root], Role::Linear);
    while let Some(id) = open.pop() {
        match model.graph.node(id) {
            Node::Apply(Op::Add, [a, b, _]) => open.extend([a, b]),
            Node::Apply(Op::Sub, [a, ..]) => open.push(a),
            _ if is(id) => role = Role::Floor,
            _ => {
                let factors = factors(model, id);
                let power = |id: &NodeId| {
                    matches!(model.graph.node(*id), Node::Apply(Op::Pow, [base, exponent, _])
                        if model.reads[base.index()] != Reads::Coefficients
                            && model.graph.value(exponent).is_none())
                };
                if factors.iter().any(|&id| is(id)) && factors.iter().any(power) {
                    role = Role::Amplitude;
                }
            }
        }
    }
    role
}

/// The direction of `to` given that of an operation on it: whether a larger operand makes a larger result.
fn onwards(model: &Model, op: Op, by: usize, operands: &[NodeId], direction: i8) -> i8 {
    let sign_of = |id: NodeId| match (model.graph.node(id), model.graph.value(id)) {
        (_, Some(value)) if value < 0.0 => -1,
        (Node::Apply(Op::Neg, _), _) => -1,
        _ => 1,
    };
    match (op, by) {
        (Op::Sub | Op::Div, 1) | (Op::Neg, _) => -direction,
        (Op::Mul, _) => direction * sign_of(operands[1 - by]),
        (Op::Pow, 0) => direction * sign_of(operands[1]),
        (Op::Add | Op::Sub | Op::Div | Op::Exp | Op::Log | Op::Log2 | Op::Log10, _)
        | (Op::Sqrt | Op::Min | Op::Max | Op::Floor | Op::Ceil, _) => direction,
        (Op::Where, 1 | 2) => direction,
        _ => 0,
    }
}

/// For each coefficient in an exponent, the sign with which terms fall, or 0.
fn exponent_signs(model: &Model) -> Vec<Option<i8>> {
    let nodes = model.graph.nodes().len();
    // What a node does to the result; and what it does to the exponent it stands in, that exponent being wanted small.
    let mut result: Vec<Option<i8>> = vec![None; nodes];
    let mut exponent: Vec<Option<i8>> = vec![None; nodes];
    let mut signs = vec![None; model.coefficients().len()];
    let merge = |slot: &mut Option<i8>, sign: i8| {
        *slot = Some(slot.map_or(sign, |known| if known == sign { sign } else { 0 }));
    };
    result[model.root.index()] = Some(1);
    for id in model.graph.ids().rev() {
        if let Some(coefficient) = model.coefficient(model.graph.node(id)) {
            if let Some(sign) = exponent[id.index()] {
                merge(&mut signs[coefficient], sign);
            }
            continue;
        }
        let Node::Apply(op, _) = model.graph.node(id) else { continue };
        let operands = model.graph.operands(id);
        let varies =
            |id: NodeId| model.reads[id.index()] != Reads::Coefficients && model.graph.value(id).is_none();
        let is_log = |id: NodeId| varies(id) && matches!(model.graph.node(id), Node::Apply(Op::Log, _));
        for (by, &operand) in operands.iter().enumerate() {
            if let Some(direction) = result[id.index()] {
                let starts = (op == Op::Pow && by == 1 && varies(operands[0]))
                    || (op == Op::Mul && is_log(operands[1 - by]) && !varies(operand));
                if starts {
                    merge(&mut exponent[operand.index()], -direction);
                } else {
                    merge(&mut result[operand.index()], onwards(model, op, by, operands, direction));
                }
            }
            if let Some(sign) = exponent[id.index()] {
                merge(&mut exponent[operand.index()], onwards(model, op, by, operands, sign));
            }
        }
    }
    signs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::model::Names;

    fn structure(formula: &str, coefficients: &[&str]) -> Structure {
        let columns = ["N", "D", "U"].map(|name| (name.to_owned(), vec![2.0, 3.0]));
        let names = Names {
            columns: columns.to_vec(),
            coefficients: coefficients.iter().map(|&name| name.to_owned()).collect(),
            ..Names::default()
        };
        Model::new(formula, names).expect("it is a formula").structure()
    }

    #[test]
    fn the_additive_law_is_linear_in_three_and_its_exponents_lie_below_the_line() {
        let found = structure("E + A/N**alpha + B/D**beta", &["E", "A", "B", "alpha", "beta"]);
        assert_eq!(found.linear, [true, true, true, false, false]);
        let exponent = Role::Exponent(1);
        assert_eq!(found.roles, [Role::Floor, Role::Amplitude, Role::Amplitude, exponent, exponent]);
    }

    #[test]
    fn exponents_above_the_line_fall_below_zero() {
        let found = structure("E + A*N**a + B*D**(-b)", &["E", "A", "B", "a", "b"]);
        assert_eq!(found.roles[3..], [Role::Exponent(-1), Role::Exponent(1)]);
        let found = structure("exp(c - a*log(N)) + E", &["E", "a", "c"]);
        assert_eq!(found.roles, [Role::Floor, Role::Exponent(1), Role::Other]);
    }

    #[test]
    fn a_product_of_coefficients_gives_one_of_them() {
        let found = structure("A*N**(-a)*(1 + C*U**(-g)) + E", &["A", "a", "C", "g", "E"]);
        assert_eq!(found.linear, [true, false, false, false, true]);
        let found = structure("A*(b*N + c*D)", &["A", "b", "c"]);
        assert_eq!(found.linear, [false, true, true]);
    }

    #[test]
    fn what_stands_below_the_line_or_in_a_function_is_not_linear() {
        let found = structure("E/(1 + A*N) + max(B, N)", &["E", "A", "B"]);
        assert_eq!(found.linear, [true, false, false]);
        assert_eq!(found.roles[1], Role::Other);
    }

    #[test]
    fn a_coefficient_that_the_formula_does_not_read_is_said() {
        assert_eq!(structure("E + N", &["E", "A"]).roles, [Role::Floor, Role::Unread]);
    }
}
