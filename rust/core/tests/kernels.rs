//! Kernels and lane loops: the lanes are the table of operations to the bit, at every SIMD level.
//!
//! Built without optimisation the loops are not vectorised: `cargo test --release` is the real test.

use isoflop_core::value::kernels::Path;
use isoflop_core::value::lanes::{Operand, apply};
use isoflop_core::value::ops::{Op, TABLE};
use isoflop_core::value::scalar::{exp, log, log2, log10, max, min, pow};
use isoflop_core::value::simd::Level;
use proptest::prelude::*;

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

#[rustfmt::skip]
const AWKWARD: [f64; 34] = [
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 3.0, 4.0, -2.0, -3.0, 1.5, 10.0,
    1.0 + f64::EPSILON, 1.0 - f64::EPSILON / 2.0,
    f64::MIN_POSITIVE, -f64::MIN_POSITIVE, 5e-324, -5e-324, 2.2e-308,
    f64::MAX, f64::MIN, INF, -INF, NAN,
    709.782_712_893_384, 710.0, -745.133_219_101_941_2, -746.0,
    4_503_599_627_370_497.0, 9_007_199_254_740_991.0, 9_007_199_254_740_992.0,
    1e300, -1e300,
];

/// Two results agree: the same bits, or NaN both.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// Compares all loops of an operation with the table, over operands of one length of at least one.
fn compare(op: Op, columns: [&[f64]; 3]) -> Result<(), String> {
    for in_lanes in 0..1_u8 << op.info().arity {
        let is_lanes = |operand: usize| in_lanes >> operand & 1 == 1;
        let [a, b, c] = [0, 1, 2].map(|operand| match is_lanes(operand) {
            true => Operand::Lanes(columns[operand]),
            false => Operand::Scalar(columns[operand][0]),
        });
        for level in Level::available() {
            let mut out = vec![NAN; columns[0].len()];
            level.run(
                #[inline(always)]
                || apply(op, a, b, c, &mut out),
            );
            for (lane, &result) in out.iter().enumerate() {
                let [a, b, c] =
                    [0, 1, 2].map(|operand| columns[operand][if is_lanes(operand) { lane } else { 0 }]);
                let wanted = op.apply(a, b, c);
                if !same(result, wanted) {
                    let name = op.info().name;
                    return Err(format!(
                        "{name} of {a:e} {b:e} {c:e} at {level}: {result:e}, not {wanted:e}"
                    ));
                }
            }
        }
    }
    Ok(())
}

/// Any bits, numbers of everyday size, and awkward ones.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        -100.0..100.0,
        0.0..2.0,
        (-8_i32..8).prop_map(f64::from),
        proptest::sample::select(&AWKWARD[..]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn lanes_are_the_table_to_the_bit_at_every_level(
        rows in proptest::collection::vec([number(), number(), number()], 1..300)
    ) {
        let columns = [0, 1, 2].map(|operand| rows.iter().map(|row| row[operand]).collect::<Vec<f64>>());
        for row in TABLE {
            prop_assert_eq!(compare(row.op, [&columns[0], &columns[1], &columns[2]]), Ok(()));
        }
    }
}

#[test]
fn lanes_are_the_table_at_every_pair_of_awkward_values() {
    let backwards: Vec<f64> = AWKWARD.iter().rev().copied().collect();
    for one in AWKWARD {
        let repeated = [one; AWKWARD.len()];
        for row in TABLE {
            assert_eq!(compare(row.op, [&repeated, &AWKWARD, &backwards]), Ok(()));
            assert_eq!(compare(row.op, [&AWKWARD, &repeated, &backwards]), Ok(()));
        }
    }
}

#[test]
fn no_lanes_are_no_work() {
    for row in TABLE {
        for operand in [Operand::Scalar(0.3), Operand::Lanes(&[])] {
            apply(row.op, operand, operand, operand, &mut []);
        }
    }
}

#[test]
#[should_panic(expected = "out of range")]
fn too_few_lanes_are_refused() {
    apply(Op::Add, Operand::Lanes(&[1.0, 2.0]), Operand::Lanes(&[1.0]), Operand::Scalar(0.0), &mut [0.0; 2]);
}

#[test]
fn exp_ends_where_its_range_ends() {
    assert_eq!(exp(INF), INF);
    assert!(exp(709.782_712_893_384).is_finite());
    assert_eq!(exp(709.782_712_893_384_1), INF);
    assert_eq!(exp(-745.133_219_101_941_1), 5e-324);
    assert!(same(exp(-745.133_219_101_941_3), 0.0));
    assert!(same(exp(-INF), 0.0));
    assert_eq!(exp(-0.0), 1.0);
    assert!(exp(NAN).is_nan());
}

#[test]
fn logarithms_end_where_their_range_ends() {
    for logarithm in [log, log2, log10] {
        assert_eq!(logarithm(0.0), -INF);
        assert_eq!(logarithm(-0.0), -INF);
        assert_eq!(logarithm(INF), INF);
        assert!(same(logarithm(1.0), 0.0));
        for x in [-5e-324, -1.0, -INF, NAN, -NAN] {
            assert!(logarithm(x).is_nan(), "{x}");
        }
    }
}

#[test]
fn log2_and_log10_are_exact_at_powers_of_two_and_ten() {
    let mut power = 5e-324;
    for exponent in -1074..1024 {
        assert_eq!(log2(power), f64::from(exponent));
        power *= 2.0;
    }
    let mut power = 1.0;
    for exponent in 0..=22 {
        assert_eq!(log10(power), f64::from(exponent));
        power *= 10.0;
    }
}

#[test]
fn pow_has_the_special_cases_of_c() {
    for awkward in AWKWARD {
        assert_eq!(pow(1.0, awkward), 1.0, "{awkward}");
        assert_eq!(pow(awkward, 0.0), 1.0, "{awkward}");
        assert_eq!(pow(awkward, -0.0), 1.0, "{awkward}");
        assert!(same(pow(awkward, 1.0), awkward), "{awkward}");
    }
    #[rustfmt::skip]
    let cases = [
        (0.0, 5.0, 0.0), (-0.0, 5.0, -0.0), (-0.0, 6.0, 0.0), (-0.0, 5.5, 0.0),
        (0.0, -5.0, INF), (-0.0, -5.0, -INF), (-0.0, -1.0, -INF), (-0.0, -6.0, INF), (-0.0, -INF, INF),
        (0.0, INF, 0.0), (-1.0, INF, 1.0), (-1.0, -INF, 1.0),
        (0.5, INF, 0.0), (-0.5, INF, 0.0), (0.5, -INF, INF), (2.0, INF, INF), (-2.0, INF, INF), (2.0, -INF, 0.0),
        (1.0 + f64::EPSILON, INF, INF), (1.0 + f64::EPSILON, f64::MAX, INF),
        (1.0 - f64::EPSILON / 2.0, f64::MAX, 0.0), (1.0 - f64::EPSILON / 2.0, -INF, INF),
        (INF, 0.3, INF), (INF, -0.3, 0.0), (INF, INF, INF), (INF, -INF, 0.0),
        (-INF, 5.0, -INF), (-INF, 6.0, INF), (-INF, 0.3, INF),
        (-INF, -5.0, -0.0), (-INF, -6.0, 0.0), (-INF, -0.3, 0.0),
        (-8.0, 5.0, -32_768.0), (-8.0, 6.0, 262_144.0),
        (-2.0, -1074.0, 5e-324), (-2.0, -1073.0, -1e-323), (-2.0, -1077.0, -0.0),
        (-1.0, 9_007_199_254_740_991.0, -1.0), (-1.0, 9_007_199_254_740_992.0, 1.0),
        (-1.0, 4_503_599_627_370_497.0, -1.0),
        (5e-324, 5e-324, 1.0), (10.0, 22.0, 1e22), (10.0, 308.0, 1e308),
    ];
    for (x, y, power) in cases {
        assert!(same(pow(x, y), power), "pow({x:e}, {y:e}) is {:e}, not {power:e}", pow(x, y));
    }
    for (x, y) in [(-8.0, 1.0 / 3.0), (-1.0, 0.3), (NAN, 0.3), (2.0, NAN), (-5e-324, 2_251_799_813_685_247.5)]
    {
        assert!(pow(x, y).is_nan(), "pow({x:e}, {y:e})");
    }
}

#[test]
fn pow_takes_the_path_of_the_exponents_value() {
    for x in AWKWARD {
        assert!(same(pow(x, 0.5), x.sqrt()), "{x:e}");
        assert!(same(pow(x, -1.0), 1.0 / x), "{x:e}");
        assert!(same(pow(x, 2.0), x * x), "{x:e}");
        assert!(same(pow(x, 3.0), (x * x) * x), "{x:e}");
        assert!(same(pow(x, 4.0), (x * x) * (x * x)), "{x:e}");
    }
    assert!(same(pow(-0.0, 0.5), -0.0), "as the square root, unlike C");
    assert!(pow(-INF, 0.5).is_nan(), "as the square root, unlike C");
    assert_eq!(Path::of(0.500_000_000_000_000_1), Path::General);
    assert_eq!(Path::of(-0.0), Path::One);
}

#[test]
fn min_and_max_are_nan_if_either_operand_is() {
    for x in AWKWARD {
        for (a, b) in [(x, NAN), (NAN, x)] {
            assert!(min(a, b).is_nan() && max(a, b).is_nan(), "{x}");
        }
    }
    assert!(same(min(0.0, -0.0), 0.0) && same(max(-0.0, 0.0), -0.0), "of equal operands the first");
    assert_eq!((min(1.0, 2.0), min(2.0, 1.0), max(1.0, 2.0), max(2.0, 1.0)), (1.0, 1.0, 2.0, 2.0));
}
