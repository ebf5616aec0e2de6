//! exp, log, log2, log10 and pow, in binary64 arithmetic alone.
//!
//! Every kernel is one branch-free function of additions, multiplications, divisions and operations on
//! bits: no table, no fused multiply-add, no libm. Inlined into a loop it runs in lanes as it stands, so
//! the same bits come out one at a time, in two lanes and in four, on every processor.
//! Which NaN a result is, is not part of the meaning.

mod exp;
mod log;
mod pow;

pub use exp::exp;
pub(super) use exp::exp_of_pair;
pub(super) use log::log_as_pair;
pub use log::{log, log2, log10};
pub use pow::{Path, pow};
pub(super) use pow::{choose_path, ends, times};

pub const EXP_ULPS: f64 = 0.85;
pub const LOG_ULPS: f64 = 0.55;
pub const LOG2_ULPS: f64 = 0.55;
pub const LOG10_ULPS: f64 = 0.55;
pub const POW_ULPS: f64 = 0.85;
pub const POW_ROUNDED_ULPS: f64 = 0.5;
pub const POW_CUBE_ULPS: f64 = 1.5;
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
