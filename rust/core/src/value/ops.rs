//! THE table of operations.
//!
//! Parser, printer, documentation, graph, lanes and tests read what an operation is called, how
//! many operands it takes, how tightly it binds and what it means from [`Op::info`]; no other place
//! says any of it again. To add an operation: a variant in [`Op`], a row in [`TABLE`], its lane
//! loop in [`lanes`](super::lanes) and its bounds in [`interval`](super::interval) (tests check both against
//! the row's scalar meaning).

use super::kernels::{EXP_ULPS, LOG_ULPS, LOG2_ULPS, LOG10_ULPS};
use super::scalar;

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
    /// Between its operands, grouped from the left; a larger number binds tighter.
    Infix(u8),
    /// Between its operands, grouped from the right.
    InfixRight(u8),
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

/// How the result of an operation, as computed, moves with one operand, for all numbers that the others may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Slope {
    /// It never falls while the operand rises.
    Rises,
    /// It never rises while the operand rises.
    Falls,
    /// It never falls where this operand (by its place) is at least zero, and never rises where it is at most zero.
    BySign(usize),
    /// Of divisors above zero: against the sign of the dividend. A divisor that may be zero may be a zero of either
    /// sign.
    Divisor,
    /// The true result rises; the kernel is off by at most this many ulps.
    Kernel(f64),
    /// [`Self::Kernel`] for operands of at least zero; others give NaN.
    Logarithm(f64),
    /// As a power moves with its base and its exponent: by where both lie, and by the path of the kernel.
    Power,
    /// It may rise and fall.
    Unknown,
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
    /// How many operands it takes. Calls of two take more in a formula, see [`folds`](Self::folds).
    pub arity: usize,
    /// Which operands must be conditions (bit `i` for operand `i`).
    pub conditions: u8,
    /// Whether the result is a condition.
    pub condition: bool,
    /// Whether looking the result up is cheaper.
    pub cost: Cost,
    /// How the result moves with each operand. Bounds of boxes and of chunks, and the directions that presolve goes by,
    /// derive from it.
    pub slopes: &'static [Slope],
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

impl Info {
    /// A name that no other operation has: [`name`](Self::name), but `neg` for unary minus.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self.op {
            Op::Neg => "neg",
            _ => self.name,
        }
    }

    /// How tightly it binds; calls bind tightest.
    #[inline]
    #[must_use]
    pub fn strength(&self) -> u8 {
        match self.syntax {
            Syntax::Infix(strength) | Syntax::InfixRight(strength) | Syntax::Prefix(strength) => strength,
            Syntax::Call => u8::MAX,
        }
    }

    /// Whether a formula may give it more than two operands, folded from the left: `min`, `max`.
    #[inline]
    #[must_use]
    pub fn folds(&self) -> bool {
        self.syntax == Syntax::Call && self.arity == 2
    }

    /// Whether it compares two numbers; comparisons chain, as in `a < b <= c`.
    #[inline]
    #[must_use]
    pub fn compares(&self) -> bool {
        self.condition && self.conditions == 0
    }

    /// How it is written, numbers called x, y and conditions p, q: `x + y`, `where(p, x, y)`.
    #[must_use]
    pub fn written(&self) -> String {
        let (mut numbers, mut conditions) = (["x", "y", "z"].iter(), ["p", "q", "r"].iter());
        let operands: Vec<&str> = (0..self.arity)
            .filter_map(|i| if self.conditions >> i & 1 == 1 { conditions.next() } else { numbers.next() })
            .copied()
            .collect();
        match self.syntax {
            Syntax::Infix(_) | Syntax::InfixRight(_) => operands.join(&format!(" {} ", self.name)),
            Syntax::Prefix(_) if self.name.ends_with(char::is_alphabetic) => {
                format!("{} {}", self.name, operands[0])
            }
            Syntax::Prefix(_) => format!("{}{}", self.name, operands[0]),
            Syntax::Call => {
                format!("{}({}{})", self.name, operands.join(", "), if self.folds() { ", ..." } else { "" })
            }
        }
    }
}

impl Op {
    /// The operation with this [label](Info::label).
    #[must_use]
    pub fn labelled(label: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.label() == label).map(|row| row.op)
    }
}

/// The operations as a Markdown table, in the order of [`TABLE`].
///
/// # Examples
///
/// ```
/// let table = isoflop_core::value::ops::reference();
/// assert!(table.contains("| `log` | `log(x)` | natural logarithm"));
/// ```
#[must_use]
pub fn reference() -> String {
    let mut table = String::from("| name | written as | meaning |\n|---|---|---|\n");
    for row in TABLE {
        table.push_str(&format!("| `{}` | `{}` | {} |\n", row.label(), row.written(), row.doc));
    }
    table
}

/// The longest infix symbol (not a word) that `text` begins with.
#[inline]
pub(crate) fn infix_symbol(text: &[u8]) -> Option<Op> {
    let mut found: Option<&Info> = None;
    for row in candidates(&INFIX, text) {
        if text.starts_with(row.name.as_bytes()) && found.is_none_or(|best| best.name.len() < row.name.len())
        {
            found = Some(row);
        }
    }
    found.map(|row| row.op)
}

/// The infix operation called `name`.
#[inline]
pub(crate) fn infix(name: &str) -> Option<Op> {
    candidates(&INFIX, name.as_bytes()).find(|row| row.name == name).map(|row| row.op)
}

/// The prefix operation called `name`.
#[inline]
pub(crate) fn prefix(name: &str) -> Option<Op> {
    candidates(&PREFIX, name.as_bytes()).find(|row| row.name == name).map(|row| row.op)
}

/// The operation that is called as `name(...)`.
#[inline]
pub(crate) fn call(name: &str) -> Option<Op> {
    candidates(&CALL, name.as_bytes()).find(|row| row.name == name).map(|row| row.op)
}

/// Whether the name of an operation begins like `name`: a quick test that most other names fail.
#[inline]
pub(crate) fn begins(name: &str) -> bool {
    let first = usize::from(name.as_bytes()[0]) % 128;
    INFIX[first] | PREFIX[first] | CALL[first] != 0
}

/// For each first byte of a name, the rows of one placement that begin with it (bit `i` for row `i`).
type FirstBytes = [u32; 128];

static INFIX: FirstBytes = first_bytes(0);
static PREFIX: FirstBytes = first_bytes(1);
static CALL: FirstBytes = first_bytes(2);

const fn first_bytes(placement: u8) -> FirstBytes {
    assert!(TABLE.len() <= 32, "one bit for each row");
    let mut rows = [0; 128];
    let mut i = 0;
    while i < TABLE.len() {
        let its = match TABLE[i].syntax {
            Syntax::Infix(_) | Syntax::InfixRight(_) => 0,
            Syntax::Prefix(_) => 1,
            Syntax::Call => 2,
        };
        if its == placement {
            rows[TABLE[i].name.as_bytes()[0] as usize] |= 1 << i;
        }
        i += 1;
    }
    rows
}

#[inline]
fn candidates(rows: &'static FirstBytes, text: &[u8]) -> impl Iterator<Item = &'static Info> {
    let mut left = text.first().and_then(|&byte| rows.get(usize::from(byte))).copied().unwrap_or(0);
    std::iter::from_fn(move || {
        if left == 0 {
            return None;
        }
        let row = left.trailing_zeros() as usize;
        left &= left - 1;
        Some(&TABLE[row])
    })
}

const fn flag(condition: bool) -> f64 {
    if condition { 1.0 } else { 0.0 }
}

macro_rules! table {
    ($($op:ident $name:literal $syntax:expr, $arity:literal, $conditions:literal, $condition:literal, $cost:ident, [$($slope:expr),*], $scalar:expr, $doc:literal;)*) => {
        /// One row for each operation, in the order of [`Op`].
        pub const TABLE: &[Info] = &[$(Info {
            op: Op::$op,
            name: $name,
            syntax: $syntax,
            arity: $arity,
            conditions: $conditions,
            condition: $condition,
            cost: Cost::$cost,
            slopes: &[$($slope),*],
            scalar: $scalar,
            doc: $doc,
        }),*];
    };
}

use Slope::{BySign, Divisor, Falls, Kernel, Logarithm, Power, Rises, Unknown};
use Syntax::{Call, Infix, InfixRight, Prefix};

// Binding strengths follow Python: or < and < not < comparisons < + - < * / < unary minus < **.
table! {
    Add   "+"     Infix(50), 2, 0, false, Cheap, [Rises, Rises], |a, b, _| a + b, "sum";
    Sub   "-"     Infix(50), 2, 0, false, Cheap, [Rises, Falls], |a, b, _| a - b, "difference";
    Mul   "*"     Infix(60), 2, 0, false, Cheap, [BySign(1), BySign(0)], |a, b, _| a * b, "product";
    Div   "/"     Infix(60), 2, 0, false, Dear, [BySign(1), Divisor], |a, b, _| a / b, "quotient; a division by zero gives an infinity, 0/0 gives NaN";
    Pow   "**"    InfixRight(80), 2, 0, false, Dear, [Power, Power], |a, b, _| scalar::pow(a, b), "power, grouped from the right; the path is chosen by the exponent's value";
    Neg   "-"     Prefix(70), 1, 0, false, Cheap, [Falls], |a, _, _| -a, "negation; binds less tightly than a power, as in Python";
    Lt    "<"     Infix(40), 2, 0, true,  Cheap, [Falls, Rises], |a, b, _| flag(a < b), "less than; false if either side is NaN";
    Le    "<="    Infix(40), 2, 0, true,  Cheap, [Falls, Rises], |a, b, _| flag(a <= b), "at most; false if either side is NaN";
    Gt    ">"     Infix(40), 2, 0, true,  Cheap, [Rises, Falls], |a, b, _| flag(a > b), "greater than; false if either side is NaN";
    Ge    ">="    Infix(40), 2, 0, true,  Cheap, [Rises, Falls], |a, b, _| flag(a >= b), "at least; false if either side is NaN";
    Eq    "=="    Infix(40), 2, 0, true,  Cheap, [Unknown, Unknown], |a, b, _| flag(a == b), "equal; false if either side is NaN";
    Ne    "!="    Infix(40), 2, 0, true,  Cheap, [Unknown, Unknown], |a, b, _| flag(a != b), "not equal; true if either side is NaN";
    And   "and"   Infix(20), 2, 3, true,  Cheap, [Rises, Rises], |a, b, _| flag(a != 0.0 && b != 0.0), "both conditions hold";
    Or    "or"    Infix(10), 2, 3, true,  Cheap, [Rises, Rises], |a, b, _| flag(a != 0.0 || b != 0.0), "at least one condition holds";
    Not   "not"   Prefix(30), 1, 1, true, Cheap, [Falls], |a, _, _| flag(a == 0.0), "the condition does not hold";
    Exp   "exp"   Call, 1, 0, false, Dear, [Kernel(EXP_ULPS)], |a, _, _| scalar::exp(a), "e to the power of the operand";
    Log   "log"   Call, 1, 0, false, Dear, [Logarithm(LOG_ULPS)], |a, _, _| scalar::log(a), "natural logarithm; NaN below zero, minus infinity at zero";
    Log2  "log2"  Call, 1, 0, false, Dear, [Logarithm(LOG2_ULPS)], |a, _, _| scalar::log2(a), "logarithm to base 2";
    Log10 "log10" Call, 1, 0, false, Dear, [Logarithm(LOG10_ULPS)], |a, _, _| scalar::log10(a), "logarithm to base 10";
    Sqrt  "sqrt"  Call, 1, 0, false, Dear, [Rises], |a, _, _| a.sqrt(), "square root; NaN below zero";
    Abs   "abs"   Call, 1, 0, false, Cheap, [BySign(0)], |a, _, _| a.abs(), "absolute value";
    Min   "min"   Call, 2, 0, false, Cheap, [Rises, Rises], |a, b, _| scalar::min(a, b), "smallest operand; NaN if any is NaN";
    Max   "max"   Call, 2, 0, false, Cheap, [Rises, Rises], |a, b, _| scalar::max(a, b), "largest operand; NaN if any is NaN";
    Floor "floor" Call, 1, 0, false, Cheap, [Rises], |a, _, _| a.floor(), "largest integer not above the operand";
    Ceil  "ceil"  Call, 1, 0, false, Cheap, [Rises], |a, _, _| a.ceil(), "smallest integer not below the operand";
    Where "where" Call, 3, 1, false, Cheap, [Unknown, Rises, Rises], |a, b, c| if a != 0.0 { b } else { c }, "the second operand where the condition holds, else the third";
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

    #[test]
    fn each_operand_has_a_slope_and_the_result_moves_by_it() {
        const NUMBERS: [f64; 13] =
            [-1e300, -3.0, -1.0, -0.5, -0.0, 0.0, 1e-300, 0.3, 1.0, 1.5, 2.0, 40.0, 1e300];
        for row in TABLE {
            assert_eq!(row.slopes.len(), row.arity, "{}", row.name);
            for (place, slope) in row.slopes.iter().enumerate() {
                let at = |numbers: [f64; 3]| (row.scalar)(numbers[0], numbers[1], numbers[2]);
                for (a, b) in NUMBERS.iter().flat_map(|&a| NUMBERS.map(|b| (a, b))) {
                    for pair in NUMBERS.windows(2).filter(|pair| pair[0] < pair[1]) {
                        let [low, high] = [pair[0], pair[1]].map(|number| {
                            let mut numbers = [a, b, b];
                            numbers[place] = number;
                            numbers
                        });
                        let is_condition = |operand: usize| row.conditions >> operand & 1 == 1;
                        let is_truth = |number: f64| number == 0.0 || number == 1.0;
                        let mut places = (0..row.arity).filter(|&operand| is_condition(operand));
                        if !places.all(|operand| is_truth(low[operand]) && is_truth(high[operand])) {
                            continue;
                        }
                        let rises = match *slope {
                            Rises => true,
                            Falls => false,
                            BySign(of) if low[of] >= 0.0 && high[of] >= 0.0 => true,
                            BySign(of) if low[of] <= 0.0 && high[of] <= 0.0 => false,
                            Divisor if low[1] > 0.0 => low[0] <= 0.0,
                            // These are off by ulps only, and the numbers are far apart.
                            Kernel(_) => true,
                            Logarithm(_) if low[0] >= 0.0 => true,
                            _ => continue,
                        };
                        let (first, second) = if rises { (at(low), at(high)) } else { (at(high), at(low)) };
                        let is_nan = first.is_nan() || second.is_nan();
                        assert!(is_nan || first <= second, "{} {low:?} {high:?}: {first} {second}", row.name);
                    }
                }
            }
        }
    }

    #[test]
    fn labels_are_unique_and_lead_back_to_their_operation() {
        for row in TABLE {
            assert_eq!(Op::labelled(row.label()), Some(row.op), "{}", row.label());
        }
    }

    #[test]
    fn each_row_is_found_by_its_name_in_its_placement_only() {
        for row in TABLE {
            let found = [infix(row.name), prefix(row.name), call(row.name)];
            assert_eq!(found.iter().filter(|op| **op == Some(row.op)).count(), 1, "{}", row.name);
        }
        assert_eq!(infix_symbol(b"**2"), Some(Op::Pow));
        assert_eq!(infix_symbol(b"*2"), Some(Op::Mul));
        assert_eq!(infix_symbol(b"<= 1"), Some(Op::Le));
        assert_eq!(infix_symbol(b"="), None);
        assert_eq!(infix_symbol(b""), None);
    }

    #[test]
    fn the_reference_holds_a_line_for_each_row() {
        let table = reference();
        assert_eq!(table.lines().count(), TABLE.len() + 2);
        for line in [
            "| `neg` | `-x` | ",
            "| `**` | `x ** y` | ",
            "| `not` | `not p` | ",
            "| `where` | `where(p, x, y)` | ",
            "| `min` | `min(x, y, ...)` | ",
        ] {
            assert!(table.contains(line), "{line}");
        }
    }
}
