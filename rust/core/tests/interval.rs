//! Intervals hold every value as computed, of each operation and of random graphs.
//!
//! Values are drawn inside the operands and then taken next to their ends, where a bound that is off by one
//! number shows.

use isoflop_core::formula::graph::{Graph, Node};
use isoflop_core::value::interval::{Interval, margin, step_down, step_up};
use isoflop_core::value::kernels::{POW_FOURTH_ULPS, POW_ULPS, Path};
use isoflop_core::value::ops::{Info, Op, TABLE};
use isoflop_core::value::scalar::{exp, pow};
use proptest::prelude::*;
use proptest::sample::Index;

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;
const SMALLEST: f64 = 5e-324;
const ABOVE_ONE: f64 = 1.0 + f64::EPSILON;
const BELOW_ONE: f64 = 1.0 - f64::EPSILON / 2.0;
/// The largest operand whose exponential is finite, and the smallest whose is not 0.
const EXP_HIGHEST: f64 = 709.782_712_893_384;
const EXP_LOWEST: f64 = -745.133_219_101_941_1;
/// From here on, and before here, a square overflows and vanishes.
const SQUARE_OVERFLOWS: f64 = 1.340_780_792_994_259_7e154;
const SQUARE_VANISHES: f64 = 1.571_727_784_702_628_7e-162;
/// From here on all numbers are integers, and even ones.
const INTEGERS: f64 = 4_503_599_627_370_496.0;
const EVEN: f64 = 9_007_199_254_740_992.0;

#[rustfmt::skip]
const AWKWARD: [f64; 56] = [
    NAN, INF, -INF, 0.0, -0.0, SMALLEST, -SMALLEST, f64::MIN_POSITIVE, -f64::MIN_POSITIVE, f64::MAX, f64::MIN,
    1.0, -1.0, ABOVE_ONE, BELOW_ONE, -ABOVE_ONE, -BELOW_ONE,
    // Exponents with a path of their own, and other integers and halves.
    0.5, 2.0, 3.0, 4.0, -0.5, -2.0, -3.0, -4.0, 1.5, -1.5, 2.5, 5.0, -5.0, 6.0, 7.0, 0.25, 1.0 / 3.0, -0.34, 10.0,
    EXP_HIGHEST, EXP_LOWEST, 710.0, -746.0, 1024.0, -1074.0,
    SQUARE_OVERFLOWS, -SQUARE_OVERFLOWS, SQUARE_VANISHES, -SQUARE_VANISHES, 1e103, 1e77, 1e-108, 1e-81,
    INTEGERS, INTEGERS + 1.0, EVEN - 1.0, EVEN, 1e300, -1e300,
];

/// What the scalar meaning is widened for: kernels that are not proven monotone.
const KERNELS: [Op; 5] = [Op::Exp, Op::Log, Op::Log2, Op::Log10, Op::Pow];

fn number() -> impl Strategy<Value = f64> {
    let awkward = proptest::sample::select(&AWKWARD[..]);
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        -100.0..100.0,
        0.0..2.0,
        (-8_i32..8).prop_map(|halves| f64::from(halves) / 2.0),
        (-1074_i32..1024).prop_map(|exponent| 2_f64.powi(exponent)),
        awkward.clone(),
        (awkward, -3_i64..4).prop_map(|(x, steps)| moved(x, steps)),
    ]
}

fn moved(x: f64, steps: i64) -> f64 {
    if steps < 0 { step_down(x, -steps) } else { step_up(x, steps) }
}

/// One operand: an interval, and values that it holds.
#[derive(Debug, Clone)]
struct Operand {
    interval: Interval,
    values: Vec<f64>,
}

impl Operand {
    /// The hull of some numbers. Its values are these, those next to its ends and whatever is awkward.
    fn of(numbers: &[f64]) -> Self {
        let interval = numbers.iter().fold(Interval::EMPTY, |hull, x| hull.hull(Interval::point(*x)));
        let near = (0..5).flat_map(|steps| [moved(interval.low, steps), moved(interval.high, -steps)]);
        let mut values: Vec<f64> = numbers.iter().copied().chain(near).chain(AWKWARD).collect();
        values.retain(|x| interval.contains(*x));
        values.sort_by(f64::total_cmp);
        values.dedup_by_key(|x| x.to_bits());
        Self { interval, values }
    }

    /// A part of it: the hull of some of its values.
    fn part(&self, picks: &[Index]) -> Self {
        Self::of(&picks.iter().map(|pick| *pick.get(&self.values)).collect::<Vec<_>>())
    }
}

/// Single values, narrow intervals as a search has them in the end, and wide ones.
fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![
        number().prop_map(|x| Operand::of(&[x])),
        (number(), 0_i64..50).prop_map(|(x, steps)| Operand::of(&[x, moved(x, steps)])),
        proptest::collection::vec(number(), 2..4).prop_map(|numbers| Operand::of(&numbers)),
    ]
}

/// All values of one operand with all of the next; the third, for `where`, has its ends only.
fn check(row: &Info, operands: &[Operand; 3]) -> Result<(), String> {
    let [a, b, c] = operands;
    let result = Interval::apply(row.op, a.interval, b.interval, c.interval);
    let one = [a.values[0]];
    let of_b = if row.arity > 1 { &b.values[..] } else { &one };
    let of_c = [c.values[0], c.values[c.values.len() - 1]];
    for &x in &a.values {
        for &y in of_b {
            for z in of_c {
                let value = row.op.apply(x, y, z);
                if !result.contains(value) {
                    return Err(format!(
                        "{} of {x:e} {y:e} {z:e} is {value:e}: not in {result:?}",
                        row.label()
                    ));
                }
            }
        }
        let (same, value) = (Interval::apply_same(row.op, a.interval), row.op.apply(x, x, x));
        if !same.contains(value) {
            return Err(format!("{} of {x:e} with itself is {value:e}: not in {same:?}", row.label()));
        }
    }
    Ok(())
}

fn is_part(part: Interval, whole: Interval, steps: i64) -> bool {
    let nan = whole.nan || !part.nan;
    nan && (part.is_empty()
        || (step_down(whole.low, steps) <= part.low && part.high <= step_up(whole.high, steps)))
}

/// The order of a widened result follows the kernel, and is kept up to the margin.
fn check_parts(row: &Info, wholes: &[Operand; 3], parts: &[Operand; 3]) -> Result<(), String> {
    let steps = if KERNELS.contains(&row.op) { margin(POW_FOURTH_ULPS) } else { 0 };
    let [whole, part] = [wholes, parts].map(|operands| {
        let [a, b, c] = operands.each_ref().map(|operand| operand.interval);
        [Interval::apply(row.op, a, b, c), Interval::apply_same(row.op, a)]
    });
    for (whole, part) in whole.into_iter().zip(part) {
        if !is_part(part, whole, steps) {
            return Err(format!("{}: {part:?} is no part of {whole:?}", row.label()));
        }
    }
    Ok(())
}

/// A graph over three columns. Operands are any nodes before, so they are shared and met with themselves.
#[derive(Debug, Clone)]
struct Formula(Graph);

impl Formula {
    fn of(constants: &[f64], steps: &[(Op, [Index; 3])]) -> Self {
        let mut graph = Graph::new();
        let mut nodes: Vec<_> = (0..3).map(|column| graph.column(column)).collect();
        nodes.extend(constants.iter().map(|constant| graph.constant(*constant)));
        for (op, picks) in steps {
            let operands = picks.map(|pick| *pick.get(&nodes));
            nodes.push(graph.apply(*op, &operands[..op.info().arity]));
        }
        Self(graph)
    }

    fn values(&self, columns: [f64; 3]) -> Vec<f64> {
        let mut values: Vec<f64> = Vec::new();
        for node in self.0.nodes() {
            values.push(match *node {
                Node::Constant(bits) => f64::from_bits(bits),
                Node::Column(column) => columns[column],
                Node::Apply(op, operands) => {
                    let [a, b, c] = operands.map(|operand| values[operand.index()]);
                    op.apply(a, b, c)
                }
            });
        }
        values
    }

    fn bounds(&self, columns: [Interval; 3]) -> Vec<Interval> {
        let mut bounds: Vec<Interval> = Vec::new();
        for node in self.0.nodes() {
            bounds.push(match *node {
                Node::Constant(bits) => Interval::point(f64::from_bits(bits)),
                Node::Column(column) => columns[column],
                Node::Apply(op, operands) => {
                    let [a, b, c] = operands.map(|operand| bounds[operand.index()]);
                    if op.info().arity == 2 && operands[0] == operands[1] {
                        Interval::apply_same(op, a)
                    } else {
                        Interval::apply(op, a, b, c)
                    }
                }
            });
        }
        bounds
    }
}

fn formula(wanted: fn(Op) -> bool) -> impl Strategy<Value = Formula> {
    let operations: Vec<Op> = TABLE.iter().map(|row| row.op).filter(|op| wanted(*op)).collect();
    let step = (proptest::sample::select(operations), any::<[Index; 3]>());
    (proptest::collection::vec(number(), 1..4), proptest::collection::vec(step, 1..12))
        .prop_map(|(constants, steps)| Formula::of(&constants, &steps))
}

fn operands() -> impl Strategy<Value = [Operand; 3]> {
    [operand(), operand(), operand()]
}

/// For each operand the values whose hull is its part.
fn parts() -> impl Strategy<Value = [Vec<Index>; 3]> {
    [0, 1, 2].map(|_| proptest::collection::vec(any::<Index>(), 1..3))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(5000)) })]

    #[test]
    fn every_operation_stays_within_its_interval(operands in operands()) {
        for row in TABLE {
            prop_assert_eq!(check(row, &operands), Ok(()));
        }
    }

    #[test]
    fn a_part_of_the_operands_gives_a_part_of_the_result(wholes in operands(), picks in parts()) {
        let parts = [0, 1, 2].map(|operand| wholes[operand].part(&picks[operand]));
        for row in TABLE {
            prop_assert_eq!(check_parts(row, &wholes, &parts), Ok(()));
        }
    }

    #[test]
    fn every_node_of_a_formula_stays_within_its_interval(
        formula in formula(|_| true), operands in operands(),
        points in proptest::collection::vec(any::<[Index; 3]>(), 20)
    ) {
        let bounds = formula.bounds(operands.each_ref().map(|operand| operand.interval));
        for picks in points {
            let columns = [0, 1, 2].map(|operand| *picks[operand].get(&operands[operand].values));
            for (position, (value, bound)) in formula.values(columns).into_iter().zip(&bounds).enumerate() {
                let node = formula.0.nodes()[position];
                prop_assert!(bound.contains(value), "{node:?} is {value:e} at {columns:?}: not in {bound:?}");
            }
        }
    }

    #[test]
    fn a_part_of_a_box_gives_a_part_of_every_node(
        formula in formula(|op| !KERNELS.contains(&op)), wholes in operands(), picks in parts()
    ) {
        let parts = [0, 1, 2].map(|operand| wholes[operand].part(&picks[operand]).interval);
        let wholes = formula.bounds(wholes.each_ref().map(|operand| operand.interval));
        for (part, whole) in formula.bounds(parts).into_iter().zip(wholes) {
            prop_assert!(is_part(part, whole, 0), "{part:?} is no part of {whole:?}");
        }
    }

    #[test]
    fn single_values_give_a_single_value(values in [number(), number(), number()]) {
        for row in TABLE {
            prop_assert_eq!(single(row, values), Ok(()));
        }
    }

    #[test]
    fn powers_of_positive_bases_are_as_tight_as_their_kernel(
        x in 1e-9..1e15, factor in 1.0..1e6, y in number().prop_filter("a number", |y| !y.is_nan())
    ) {
        let (low, high) = (x, x * factor);
        let result = Interval::apply(Op::Pow, Interval::new(low, high), Interval::point(y), Interval::EMPTY);
        let (first, last) = (pow(low, y).min(pow(high, y)), pow(low, y).max(pow(high, y)));
        prop_assume!(!y.is_nan());
        let steps = if Path::of(y) == Path::General { margin(POW_ULPS) } else { 0 };
        prop_assert!(step_down(first, steps) <= result.low && result.low <= first, "{result:?}");
        prop_assert!(last <= result.high && result.high <= step_up(last, steps), "{result:?}");
        prop_assert!(result.low >= 0.0 && !result.nan);
    }

    #[test]
    fn exponents_in_a_range_have_their_powers_at_the_corners(
        x in 1e-9..1e15, factor in 1.0..1e6, y in -4.0..4.0, more in 0.0..4.0
    ) {
        let (bases, exponents) = (Interval::new(x, x * factor), Interval::new(y, y + more));
        let result = Interval::apply(Op::Pow, bases, exponents, Interval::EMPTY);
        let corners = [pow(bases.low, exponents.low), pow(bases.low, exponents.high), pow(bases.high, exponents.low),
            pow(bases.high, exponents.high)];
        let (first, last) = (corners.into_iter().fold(INF, f64::min), corners.into_iter().fold(-INF, f64::max));
        let steps = margin(POW_FOURTH_ULPS);
        prop_assert!(step_down(first, steps) <= result.low && result.high <= step_up(last, steps), "{result:?}");
    }
}

/// So many cases, unless the environment wants another number.
fn cases(usual: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

/// Of one value of each operand the interval is the one value computed, but for what a zero may be.
fn single(row: &Info, [a, b, c]: [f64; 3]) -> Result<(), String> {
    let divides = row.op == Op::Div && b == 0.0;
    let signed = row.op == Op::Pow && a == 0.0 && b <= -1.0;
    // The power by the path of 0.5 is NaN, by all others that of infinity.
    let root = row.op == Op::Pow && a == -INF && b == 0.5;
    if divides || signed || root {
        return Ok(());
    }
    let [x, y, z] = [a, b, c].map(Interval::point);
    let (found, wanted) = (Interval::apply(row.op, x, y, z), Interval::point(row.op.apply(a, b, c)));
    if found == wanted { Ok(()) } else { Err(format!("{} of {a:e} {b:e} {c:e}: {found:?}", row.label())) }
}

#[test]
fn every_operation_stays_within_its_interval_between_awkward_values() {
    let pairs: Vec<Operand> = (0..AWKWARD.len())
        .flat_map(|first| [0, 7].map(|more| (first, (first + more) % AWKWARD.len())))
        .map(|(first, second)| Operand::of(&[AWKWARD[first], AWKWARD[second]]))
        .collect();
    let third = Operand::of(&[-1.0, NAN]);
    for a in &pairs {
        for b in &pairs {
            for row in TABLE {
                assert_eq!(check(row, &[a.clone(), b.clone(), third.clone()]), Ok(()));
            }
        }
    }
}

#[test]
fn awkward_single_values_give_a_single_value() {
    for a in AWKWARD {
        for b in AWKWARD {
            for row in TABLE {
                assert_eq!(single(row, [a, b, a]), Ok(()));
            }
        }
    }
}

#[test]
fn nothing_gives_nothing() {
    for row in TABLE.iter().filter(|row| row.conditions == 0) {
        let (empty, one) = (Interval::EMPTY, Interval::point(1.0));
        assert_eq!(Interval::apply(row.op, empty, empty, empty), empty, "{}", row.label());
        assert_eq!(Interval::apply(row.op, empty, one, one), empty, "{}", row.label());
        assert_eq!(Interval::apply_same(row.op, empty), empty, "{}", row.label());
    }
}

#[test]
fn an_exponential_is_widened_by_its_margin_and_never_negative() {
    let result = Interval::apply(Op::Exp, Interval::new(-800.0, 1.0), Interval::EMPTY, Interval::EMPTY);
    assert_eq!(result, Interval::new(0.0, step_up(exp(1.0), 4)));
}

#[test]
fn a_kernel_that_falls_where_it_should_rise_is_enclosed() {
    let mut falls = 0;
    let power = |x: f64| Op::Pow.apply(x, 0.01, 0.0);
    let mut x = 4_642_368_007_900_000.0_f64;
    for _ in 0..200_000 {
        let next = x.next_up();
        if power(next) < power(x) {
            falls += 1;
            let base = Interval::new(x, next.next_up());
            let bounds = Interval::apply(Op::Pow, base, Interval::point(0.01), Interval::EMPTY);
            for inside in [x, next, next.next_up()] {
                assert!(bounds.contains(power(inside)), "{inside}**0.01 is not in {bounds:?}");
            }
        }
        x = next;
    }
    assert!(falls > 0, "the kernel has changed: look for other neighbours");
}
