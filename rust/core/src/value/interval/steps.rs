//! Steps from one binary64 number to the next, and how many a kernel's results are widened by.
//!
//! # Why `margin` steps suffice
//!
//! A kernel gives F(x), within u ulps of the true f(x). f is monotone; F is not proven to be. Let f rise and
//! a <= x: how many steps may F(x) lie below F(a)? F(a) is at most u ulps above f(a), and F(x) at most u
//! ulps below f(x), which is not below f(a). Within one binade a step is an ulp, and that is 2u steps. Below
//! 2**k steps are half as long: with f(a) = f(x) = 2**k, F(a) may lie u steps above it and F(x) 2u below, 3u
//! in all; f(a) further up or down leaves fewer. With f(a) below 2**k <= f(x), it is 2u steps below 2**k and
//! u/2 above. So F(x) is at most 3u steps below F(a), and no more above F(b) for x <= b. A falling f is the
//! same seen from the other side. If results have various bounds (exponents 3 and 4 among others), u is the
//! largest of them. The last step is room: an ulp at a power of two is one of two lengths, and the written
//! bounds are rounded.
//!
//! Infinity takes the place of 2**1024 in this: a result that overflows may stand before one that does not.
//! That is why `step_down` leaves it. Subnormal numbers all have one ulp, and need 2u steps.

/// The rank of infinity.
const INFINITE: i64 = f64::INFINITY.to_bits() as i64;

/// `x` moved down by `steps` numbers, at least 0.
///
/// -0 and 0 are one number; minus infinity stays, and so does NaN. Infinity is the number after
/// [`f64::MAX`], as for [`f64::next_down`].
///
/// # Examples
///
/// ```
/// use isoflop_core::value::interval::step_down;
/// assert_eq!(step_down(1.0, 2), 1.0 - f64::EPSILON);
/// assert_eq!(step_down(-0.0, 1), -5e-324);
/// assert_eq!(step_down(f64::NEG_INFINITY, 3), f64::NEG_INFINITY);
/// ```
#[inline(always)]
#[must_use]
pub fn step_down(x: f64, steps: i64) -> f64 {
    step_up(x, -steps)
}

/// `x` moved up by `steps` numbers, at least 0.
///
/// -0 and 0 are one number; infinity stays, and so does NaN. Minus infinity is the number before
/// [`f64::MIN`], as for [`f64::next_up`].
///
/// # Examples
///
/// ```
/// use isoflop_core::value::interval::step_up;
/// assert_eq!(step_up(1.0, 2), 1.0 + 2.0 * f64::EPSILON);
/// assert_eq!(step_up(f64::MAX, 3), f64::INFINITY);
/// ```
#[inline(always)]
#[must_use]
pub fn step_up(x: f64, steps: i64) -> f64 {
    let rank = folded(x.to_bits() as i64).saturating_add(steps).clamp(-INFINITE, INFINITE);
    let moved = f64::from_bits(folded(rank) as u64);
    if x.is_nan() { x } else { moved }
}

/// From bits to the rank among all numbers, 0 for both zeros, and back.
#[inline(always)]
fn folded(bits: i64) -> i64 {
    if bits < 0 { i64::MIN.wrapping_sub(bits) } else { bits }
}

/// The steps by which results of a kernel are widened whose error is at most `ulps` ulps: three for each,
/// and one.
///
/// # Examples
///
/// ```
/// use isoflop_core::value::interval::margin;
/// assert_eq!((margin(0.6), margin(0.85), margin(2.5)), (3, 4, 9));
/// ```
#[must_use]
pub const fn margin(ulps: f64) -> i64 {
    let whole = (3.0 * ulps) as i64;
    if (whole as f64) < 3.0 * ulps { whole + 2 } else { whole + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWKWARD: [f64; 12] = [
        0.0,
        -0.0,
        5e-324,
        -5e-324,
        f64::MIN_POSITIVE,
        -f64::MIN_POSITIVE,
        1.0,
        -2.0,
        f64::MAX,
        f64::MIN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];

    #[test]
    fn steps_are_those_of_the_standard_library() {
        for x in AWKWARD {
            let (mut down, mut up) = (x, x);
            for steps in 0..6 {
                assert_eq!(step_down(x, steps), down, "{x} down by {steps}");
                assert_eq!(step_up(x, steps), up, "{x} up by {steps}");
                (down, up) = (down.next_down(), up.next_up());
            }
        }
    }

    #[test]
    fn too_many_steps_end_at_infinity() {
        for x in AWKWARD {
            assert_eq!(step_up(x.abs(), i64::MAX), f64::INFINITY, "{x}");
            assert_eq!(step_down(-x.abs(), i64::MAX), f64::NEG_INFINITY, "{x}");
        }
        assert!(step_up(f64::NAN, 1).is_nan() && step_down(-f64::NAN, 1).is_nan());
    }
}
