//! Operations on lanes of numbers, bit for bit what the table of operations says for one.
//!
//! Each operation has one loop for each way in which its operands may be one number or many, written so
//! that the compiler makes vector instructions of it; call [`apply`] inside
//! [`Level::run`](super::simd::Level::run).

use super::kernels::{self, Path};
use super::scalar;
use super::simd::Level;
use crate::value::ops::Op;

/// One operand of a lane loop.
#[derive(Debug, Clone, Copy)]
pub enum Operand<'a> {
    /// The same number in every lane.
    Scalar(f64),
    /// One number for each lane; at least as many as the output has.
    Lanes(&'a [f64]),
}

use Operand::{Lanes, Scalar};

impl Operand<'_> {
    /// The number in a lane.
    #[inline(always)]
    #[must_use]
    pub fn at(self, lane: usize) -> f64 {
        match self {
            Scalar(value) => value,
            Lanes(values) => values[lane],
        }
    }

    /// Writes the numbers of all lanes of `out`.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    #[inline(always)]
    pub fn write_to(self, out: &mut [f64]) {
        match self {
            Scalar(value) => out.fill(value),
            Lanes(values) => out.copy_from_slice(&values[..out.len()]),
        }
    }

    /// The lanes from position `start` on.
    #[inline(always)]
    fn from(self, start: usize) -> Self {
        match self {
            Scalar(value) => Scalar(value),
            Lanes(values) => Lanes(&values[start..]),
        }
    }
}

/// [`apply`] compiled for `level`, once for the whole program.
///
/// The loops of all operations are large; callers that inlined them would take minutes to compile. A
/// call costs some nanoseconds, against hundreds of lanes.
#[inline(never)]
pub fn apply_at(level: Level, op: Op, a: Operand<'_>, b: Operand<'_>, c: Operand<'_>, out: &mut [f64]) {
    level.run(
        #[inline(always)]
        || apply(op, a, b, c, out),
    );
}

/// Applies `op` lane by lane. Operands beyond the arity of `op` are ignored.
///
/// # Panics
///
/// If an operand has fewer lanes than `out`.
///
/// # Examples
///
/// ```
/// use isoflop_core::value::ops::Op;
/// use isoflop_core::value::lanes::{Operand, apply};
/// let mut out = [0.0; 3];
/// apply(Op::Add, Operand::Lanes(&[1.0, 2.0, 3.0]), Operand::Scalar(0.5), Operand::Scalar(0.0), &mut out);
/// assert_eq!(out, [1.5, 2.5, 3.5]);
/// ```
#[inline(always)]
pub fn apply(op: Op, a: Operand<'_>, b: Operand<'_>, c: Operand<'_>, out: &mut [f64]) {
    // `#[inline(always)]` on each closure: its loops must be compiled for the level of the caller.
    match op {
        Op::Add => binary(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| a + b,
        ),
        Op::Sub => binary(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| a - b,
        ),
        Op::Mul => binary(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| a * b,
        ),
        Op::Div => binary(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| a / b,
        ),
        Op::Pow => power(a, b, out),
        Op::Neg => unary(
            a,
            out,
            #[inline(always)]
            |a| -a,
        ),
        Op::Lt => binary(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| flag(a < b),
        ),
        Op::Le => binary(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| flag(a <= b),
        ),
        Op::Gt => binary(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| flag(a > b),
        ),
        Op::Ge => binary(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| flag(a >= b),
        ),
        Op::Eq => binary(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| flag(a == b),
        ),
        Op::Ne => binary(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| flag(a != b),
        ),
        Op::And => binary(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| flag((a != 0.0) & (b != 0.0)),
        ),
        Op::Or => binary(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| flag((a != 0.0) | (b != 0.0)),
        ),
        Op::Not => unary(
            a,
            out,
            #[inline(always)]
            |a| flag(a == 0.0),
        ),
        Op::Exp => unary(a, out, scalar::exp),
        Op::Log => unary(a, out, scalar::log),
        Op::Log2 => unary(a, out, scalar::log2),
        Op::Log10 => unary(a, out, scalar::log10),
        Op::Sqrt => unary(
            a,
            out,
            #[inline(always)]
            |a| a.sqrt(),
        ),
        Op::Abs => unary(
            a,
            out,
            #[inline(always)]
            |a| a.abs(),
        ),
        Op::Min => binary(a, b, out, scalar::min),
        Op::Max => binary(a, b, out, scalar::max),
        Op::Floor => unary(
            a,
            out,
            #[inline(always)]
            |a| a.floor(),
        ),
        Op::Ceil => unary(
            a,
            out,
            #[inline(always)]
            |a| a.ceil(),
        ),
        Op::Where => choose(a, b, c, out),
    }
}

#[inline(always)]
fn flag(condition: bool) -> f64 {
    if condition { 1.0 } else { 0.0 }
}

#[inline(always)]
pub(crate) fn unary(a: Operand<'_>, out: &mut [f64], operation: impl Fn(f64) -> f64) {
    match a {
        Scalar(a) => out.fill(operation(a)),
        Lanes(a) => {
            // Cutting to one length leaves the loop without checks.
            let a = &a[..out.len()];
            for (out, &a) in out.iter_mut().zip(a) {
                *out = operation(a);
            }
        }
    }
}

#[inline(always)]
pub(crate) fn binary(a: Operand<'_>, b: Operand<'_>, out: &mut [f64], operation: impl Fn(f64, f64) -> f64) {
    match (a, b) {
        (Scalar(a), Scalar(b)) => out.fill(operation(a, b)),
        (Lanes(a), Scalar(b)) => unary(
            Lanes(a),
            out,
            #[inline(always)]
            |a| operation(a, b),
        ),
        (Scalar(a), Lanes(b)) => unary(
            Lanes(b),
            out,
            #[inline(always)]
            |b| operation(a, b),
        ),
        (Lanes(a), Lanes(b)) => {
            let (a, b) = (&a[..out.len()], &b[..out.len()]);
            for (out, (&a, &b)) in out.iter_mut().zip(a.iter().zip(b)) {
                *out = operation(a, b);
            }
        }
    }
}

/// One exponent chooses its path once; of many, each is given the result of all paths to select from.
#[inline(always)]
fn power(base: Operand<'_>, exponent: Operand<'_>, out: &mut [f64]) {
    let Scalar(y) = exponent else {
        power_general(base, exponent, out);
        return with_out(base, exponent, out, kernels::choose_path);
    };
    match Path::of(y) {
        Path::One => out.fill(1.0),
        Path::Same => unary(
            base,
            out,
            #[inline(always)]
            |x| x,
        ),
        Path::Square => unary(
            base,
            out,
            #[inline(always)]
            |x| x * x,
        ),
        Path::Cube => unary(
            base,
            out,
            #[inline(always)]
            |x| (x * x) * x,
        ),
        Path::Fourth => unary(
            base,
            out,
            #[inline(always)]
            |x| (x * x) * (x * x),
        ),
        Path::Reciprocal => unary(
            base,
            out,
            #[inline(always)]
            |x| 1.0 / x,
        ),
        Path::Root => unary(
            base,
            out,
            #[inline(always)]
            |x| x.sqrt(),
        ),
        Path::General => power_general(base, exponent, out),
    }
}

/// The steps of `scalar::pow` one after the other, over a few lanes at a time. As one loop they would be a
/// chain of operations longer than a processor looks ahead: it would not begin the next lanes
/// before these are nearly done, and take twice as long.
#[inline(always)]
fn power_general(base: Operand<'_>, exponent: Operand<'_>, out: &mut [f64]) {
    /// Enough for loops to run well; the buffers stay in the nearest cache.
    const CHUNK: usize = 128;

    let mut high = [0.0; CHUNK];
    let mut low = [0.0; CHUNK];
    for (chunk, out) in out.chunks_mut(CHUNK).enumerate() {
        let from = chunk * CHUNK;
        let lanes = out.len();
        let (base, exponent) = (base.from(from), exponent.from(from));
        let (high, low) = (&mut high[..lanes], &mut low[..lanes]);
        match base {
            Scalar(x) => {
                let pair = kernels::log_as_pair(x.abs());
                high.fill(pair.0);
                low.fill(pair.1);
            }
            Lanes(x) => {
                for ((high, low), &x) in high.iter_mut().zip(low.iter_mut()).zip(&x[..lanes]) {
                    (*high, *low) = kernels::log_as_pair(x.abs());
                }
            }
        }
        match exponent {
            Scalar(y) => {
                for (out, (&high, &low)) in out.iter_mut().zip(high.iter().zip(low.iter())) {
                    let (high, low) = kernels::times((high, low), y);
                    *out = kernels::exp_of_pair(high, low);
                }
            }
            Lanes(y) => {
                for ((out, (&high, &low)), &y) in
                    out.iter_mut().zip(high.iter().zip(low.iter())).zip(&y[..lanes])
                {
                    let (high, low) = kernels::times((high, low), y);
                    *out = kernels::exp_of_pair(high, low);
                }
            }
        }
        with_out(base, exponent, out, kernels::ends);
    }
}

/// Changes each lane of the output, given two operands.
#[inline(always)]
fn with_out(a: Operand<'_>, b: Operand<'_>, out: &mut [f64], change: impl Fn(f64, f64, f64) -> f64) {
    match (a, b) {
        (Scalar(a), Scalar(b)) => out.iter_mut().for_each(|out| *out = change(*out, a, b)),
        (Lanes(a), Scalar(b)) => {
            for (out, &a) in out.iter_mut().zip(a) {
                *out = change(*out, a, b);
            }
        }
        (Scalar(a), Lanes(b)) => {
            for (out, &b) in out.iter_mut().zip(b) {
                *out = change(*out, a, b);
            }
        }
        (Lanes(a), Lanes(b)) => {
            let (a, b) = (&a[..out.len()], &b[..out.len()]);
            for (out, (&a, &b)) in out.iter_mut().zip(a.iter().zip(b)) {
                *out = change(*out, a, b);
            }
        }
    }
}

#[inline(always)]
fn choose(condition: Operand<'_>, yes: Operand<'_>, no: Operand<'_>, out: &mut [f64]) {
    let condition = match condition {
        Scalar(condition) => {
            return unary(
                // An `if` over three operands in lanes would be made into jumps around loads.
                std::hint::select_unpredictable(condition != 0.0, yes, no),
                out,
                #[inline(always)]
                |a| a,
            );
        }
        Lanes(condition) => condition,
    };
    // With the condition in lanes, three operands in lanes are the one case that `binary` lacks.
    match (yes, no) {
        (Lanes(yes), Lanes(no)) => {
            let (condition, yes, no) = (&condition[..out.len()], &yes[..out.len()], &no[..out.len()]);
            for (out, ((&condition, &yes), &no)) in out.iter_mut().zip(condition.iter().zip(yes).zip(no)) {
                *out = select(condition, yes, no);
            }
        }
        (Lanes(yes), Scalar(no)) => {
            binary(
                Lanes(condition),
                Lanes(yes),
                out,
                #[inline(always)]
                |c, yes| select(c, yes, no),
            );
        }
        (Scalar(yes), no) => {
            binary(
                Lanes(condition),
                no,
                out,
                #[inline(always)]
                |c, no| select(c, yes, no),
            );
        }
    }
}

#[inline(always)]
fn select(condition: f64, yes: f64, no: f64) -> f64 {
    // An `if` over three operands in lanes would be made into jumps around loads.
    std::hint::select_unpredictable(condition != 0.0, yes, no)
}
