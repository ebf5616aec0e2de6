//! exp, log, log2, log10 and pow, in binary64 arithmetic alone.
//!
//! Every kernel is one branch-free function of additions, multiplications, divisions and operations on bits:
//! no table, no fused multiply-add, no libm. Inlined into a loop it runs in lanes as it stands, so the same
//! bits come out one at a time, in two lanes and in four, on every processor. Which NaN a result is, is not
//! part of the meaning.
//!
//! # Errors
//!
//! An ulp is the distance between the two binary64 numbers around the true value (2**-1074 below the normal
//! range). The constants of this module bound the error of each kernel in ulps, for every operand; the tests
//! hold them against 200-bit arithmetic. In what follows u = 2**-53, and a relative error of u is at most one
//! ulp.
//!
//! **Exact pieces.** The head of a number is its first 26 bits; products of heads are exact, and a number
//! less its head is exact. `LN_2_HIGH` has 41 bits, so its product with an exponent (11 bits) is exact. A sum
//! whose first operand is the larger one loses exactly `b - (sum - a)`.
//!
//! **exp.** x = n*ln(2) + r, |r| <= 0.3466, where r is kept in two parts, `r` and `rest`, to 2**-86. The
//! polynomial is off by 2**-61. e**r = (1 + r) + (lost + rest*(1 + r) + r**2/2 + r**3*cubic), where the
//! parenthesis on the right is at most 0.076 in size. Worst is r near -0.3466, where the result's ulp is u
//! and that sum is 0.054: rounding r**2 (2**-58 after halving), r**3*cubic (2**-60), the two additions
//! (2**-58 each) and leaving out rest*r**2/2 (2**-59) make 0.13 ulp; with the last rounding 0.63. Scaling by
//! 2**n is exact unless the result is subnormal; then its ulp is at least two of the mantissa's, and rounding
//! once more gives 0.5 + 0.63/2 < [`EXP_ULPS`].
//!
//! **log, log2, log10.** x = 2**k * m, sqrt(1/2) <= m < sqrt(2); log(m) = 2*(s + s*z*(1/3 + z/5 + ...)), s =
//! (m - 1)/(m + 1), z = s**2 <= 0.0295. s is kept in two parts, to 2**-75. The series takes s of one part
//! (off by 2.2u at the worst m: m + 1, the reciprocal and the product are rounded), so z is off by 4.9u, the
//! sum over z by 1.1u, and s times the series by 9.5u; as it is at most 0.01*s, that is 0.095u of log(m). The
//! few additions of numbers of that size add 0.025u. k*log(2) and s are added exactly, and m is centred so
//! that |log x| is at least |log m|: nothing cancels. In all 0.5 ulp + 0.12u. At the worst m, u is 0.69 ulp
//! of log(m), 1 ulp of log2(m) and 0.61 ulp of log10(m): 0.58, 0.62 and 0.57. Where the true value is a
//! binary64 number, the result is that number, as what precedes the last rounding is within 0.12u of it.
//!
//! **pow.** log|x| in two parts: s and z as above but both in two parts (2**-75), the first two coefficients
//! and all that is multiplied by them too. The series from z/7 on takes s of one part; it is at most 0.0043
//! and off by 7u of itself, so by 2**-58; times z**2 (2**-10) that is 2**-68 of log(m), and all else is
//! smaller. y*log|x| is off by 2**-77 of itself more. It is below 746 or the result overflows or vanishes, so
//! that its absolute error is below 2**-58, 0.03 ulp of the result; then as exp: 0.66, and 0.5 + 0.66/2 <
//! [`POW_ULPS`] where the result is subnormal.
//!
//! **pow, exponents with a path of their own** ([`Path`]). A square, reciprocal or root is one rounding. A
//! cube rounds x*x, off by at most u, so by an ulp of the result, and the product once more: 1.5. A fourth
//! power squares something off by u/(1 + u), so by less than 2u before the last rounding: 2.5. Where x*x is
//! subnormal or infinite, the cube and the fourth power are zero or infinite too.

mod exp;
mod log;
mod pow;

pub use exp::exp;
pub(super) use exp::exp_of_pair;
pub(super) use log::log_as_pair;
pub use log::{log, log2, log10};
pub use pow::{Path, pow};
pub(super) use pow::{choose_path, ends, times};

/// Largest error of [`exp`]; 0.65 where the result is normal.
pub const EXP_ULPS: f64 = 0.85;
/// Largest error of [`log`].
pub const LOG_ULPS: f64 = 0.6;
/// Largest error of [`log2`].
pub const LOG2_ULPS: f64 = 0.65;
/// Largest error of [`log10`].
pub const LOG10_ULPS: f64 = 0.6;
/// Largest error of [`pow`] on the general path; 0.67 where the result is normal.
pub const POW_ULPS: f64 = 0.85;
/// Largest error of the exponents 2, -1 and 0.5: a single rounding.
pub const POW_ROUNDED_ULPS: f64 = 0.5;
/// Largest error of the exponent 3.
pub const POW_CUBE_ULPS: f64 = 1.5;
/// Largest error of the exponent 4.
pub const POW_FOURTH_ULPS: f64 = 2.5;

/// ln(2) in two parts. The first has 41 bits, so that its product with an exponent is exact.
const LN_2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fefa_3000);
const LN_2_LOW: f64 = f64::from_bits(0x3d53_de6a_f278_ece6);

/// 1.5 * 2**52: adding it and taking it away again rounds to the nearest integer.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// The first 26 bits of the significand. Products of two such numbers are exact.
#[inline(always)]
pub(super) fn head(x: f64) -> f64 {
    f64::from_bits(x.to_bits() & !((1 << 27) - 1))
}

/// 2**n for an integer n in -1022..=1023. Anything else gives a number without meaning.
#[inline(always)]
fn power_of_two(n: f64) -> f64 {
    // The lowest bits of ROUND + n are those of n, in two's complement.
    f64::from_bits((n + ROUND).to_bits().wrapping_add(1023) << 52)
}
