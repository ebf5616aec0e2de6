//! THE table of operations.
//!
//! Parser, printer, documentation, graph, lanes and tests read what an operation is called, how
//! many operands it takes, how tightly it binds and what it means from [`Op::info`]; nothing else
//! says any of it again. To add an operation: a variant in [`Op`], a row in [`TABLE`], and its lane
//! loop in [`crate::value::lanes`] (a test checks each loop against the row's scalar meaning).

use crate::value::scalar;

/// One operation on binary64 numbers. A condition is the number 0 or 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs, reason = "each is documented by its row of the table")]
pub enum Op {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Neg,
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
    And,
    Or,
    Not,
    Exp,
    Log,
    Log2,
    Log10,
    Sqrt,
    Abs,
    Min,
    Max,
    Floor,
    Ceil,
    Where,
}

/// How an operation is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// Between its operands; a larger number binds tighter.
    Infix(u8),
    /// Before its operand; a larger number binds tighter.
    Prefix(u8),
    /// `name(operand, ...)`.
    Call,
}

/// What it costs to compute, as far as hoisting cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// No dearer than looking the result up.
    Cheap,
    /// Dearer than a lookup: division, square root, anything transcendental.
    Dear,
}

/// Everything there is to know about an operation.
#[derive(Debug, Clone, Copy)]
pub struct Info {
    /// The operation that this row describes.
    pub op: Op,
    /// How it is written in a formula: `+`, `and`, `exp`.
    pub name: &'static str,
    /// How it is placed.
    pub syntax: Syntax,
    /// How many operands it takes. `min` and `max` accept more in a formula and fold from the left.
    pub arity: usize,
    /// Which operands must be conditions (bit `i` for operand `i`).
    pub conditions: u8,
    /// Whether the result is a condition.
    pub condition: bool,
    /// Whether looking the result up is cheaper.
    pub cost: Cost,
    /// The meaning; unused operands are ignored.
    pub scalar: fn(f64, f64, f64) -> f64,
    /// One sentence for the documentation.
    pub doc: &'static str,
}

impl Op {
    /// This operation's row of the table.
    #[inline]
    #[must_use]
    pub fn info(self) -> &'static Info {
        &TABLE[self as usize]
    }

    /// The meaning of the operation: one binary64 rounding, or a kernel of [`scalar`].
    #[inline]
    #[must_use]
    pub fn apply(self, a: f64, b: f64, c: f64) -> f64 {
        (self.info().scalar)(a, b, c)
    }
}

const fn flag(condition: bool) -> f64 {
    if condition { 1.0 } else { 0.0 }
}

macro_rules! table {
    ($($op:ident $name:literal $syntax:expr, $arity:literal, $conditions:literal, $condition:literal, $cost:ident, $scalar:expr, $doc:literal;)*) => {
        /// One row for each operation, in the order of [`Op`].
        pub const TABLE: &[Info] = &[$(Info {
            op: Op::$op,
            name: $name,
            syntax: $syntax,
            arity: $arity,
            conditions: $conditions,
            condition: $condition,
            cost: Cost::$cost,
            scalar: $scalar,
            doc: $doc,
        }),*];
    };
}

use Syntax::{Call, Infix, Prefix};

// Binding strengths follow Python: or < and < not < comparisons < + - < * / < unary minus < **.
table! {
    Add   "+"     Infix(50), 2, 0, false, Cheap, |a, b, _| a + b, "sum";
    Sub   "-"     Infix(50), 2, 0, false, Cheap, |a, b, _| a - b, "difference";
    Mul   "*"     Infix(60), 2, 0, false, Cheap, |a, b, _| a * b, "product";
    Div   "/"     Infix(60), 2, 0, false, Dear,  |a, b, _| a / b, "quotient; a division by zero gives an infinity, 0/0 gives NaN";
    Pow   "**"    Infix(80), 2, 0, false, Dear,  |a, b, _| scalar::pow(a, b), "power, grouped from the right; the path is chosen by the exponent's value";
    Neg   "-"     Prefix(70), 1, 0, false, Cheap, |a, _, _| -a, "negation; binds less tightly than a power, as in Python";
    Lt    "<"     Infix(40), 2, 0, true,  Cheap, |a, b, _| flag(a < b), "less than; false if either side is NaN";
    Le    "<="    Infix(40), 2, 0, true,  Cheap, |a, b, _| flag(a <= b), "at most; false if either side is NaN";
    Gt    ">"     Infix(40), 2, 0, true,  Cheap, |a, b, _| flag(a > b), "greater than; false if either side is NaN";
    Ge    ">="    Infix(40), 2, 0, true,  Cheap, |a, b, _| flag(a >= b), "at least; false if either side is NaN";
    Eq    "=="    Infix(40), 2, 0, true,  Cheap, |a, b, _| flag(a == b), "equal; false if either side is NaN";
    Ne    "!="    Infix(40), 2, 0, true,  Cheap, |a, b, _| flag(a != b), "not equal; true if either side is NaN";
    And   "and"   Infix(20), 2, 3, true,  Cheap, |a, b, _| flag(a != 0.0 && b != 0.0), "both conditions hold";
    Or    "or"    Infix(10), 2, 3, true,  Cheap, |a, b, _| flag(a != 0.0 || b != 0.0), "at least one condition holds";
    Not   "not"   Prefix(30), 1, 1, true, Cheap, |a, _, _| flag(a == 0.0), "the condition does not hold";
    Exp   "exp"   Call, 1, 0, false, Dear,  |a, _, _| scalar::exp(a), "e to the power of the operand";
    Log   "log"   Call, 1, 0, false, Dear,  |a, _, _| scalar::log(a), "natural logarithm; NaN below zero, minus infinity at zero";
    Log2  "log2"  Call, 1, 0, false, Dear,  |a, _, _| scalar::log2(a), "logarithm to base 2";
    Log10 "log10" Call, 1, 0, false, Dear,  |a, _, _| scalar::log10(a), "logarithm to base 10";
    Sqrt  "sqrt"  Call, 1, 0, false, Dear,  |a, _, _| a.sqrt(), "square root; NaN below zero";
    Abs   "abs"   Call, 1, 0, false, Cheap, |a, _, _| a.abs(), "absolute value";
    Min   "min"   Call, 2, 0, false, Cheap, |a, b, _| scalar::min(a, b), "smallest operand; NaN if any is NaN";
    Max   "max"   Call, 2, 0, false, Cheap, |a, b, _| scalar::max(a, b), "largest operand; NaN if any is NaN";
    Floor "floor" Call, 1, 0, false, Cheap, |a, _, _| a.floor(), "largest integer not above the operand";
    Ceil  "ceil"  Call, 1, 0, false, Cheap, |a, _, _| a.ceil(), "smallest integer not below the operand";
    Where "where" Call, 3, 1, false, Cheap, |a, b, c| if a != 0.0 { b } else { c }, "the second operand where the condition holds, else the third";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_enum() {
        for (position, row) in TABLE.iter().enumerate() {
            assert_eq!(row.op as usize, position, "{}", row.name);
        }
    }
}
