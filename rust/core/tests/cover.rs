//! A few rows that cover a front: against the definition, and against the best choice there is.

use isoflop_core::control::{Control, Interrupted};
use isoflop_core::pareto::cover::cover;
use isoflop_core::pareto::{Rows, Ties, front_of, naive};
use proptest::prelude::*;

/// Numbers with many ties, of several sizes, and those that are far out.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => (-3i32..9).prop_map(f64::from),
        6 => 0.5f64..4.0,
        6 => (-20f64..20.0).prop_map(f64::exp),
        1 => prop::sample::select(vec![
            f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 5e-324, f64::MIN_POSITIVE, f64::MAX, f64::MIN,
        ]),
    ]
}

/// Columns, best first by the objectives in order, of which no two rows are equal; and what is negated of them.
fn front(rows: usize) -> impl Strategy<Value = (Vec<Vec<f64>>, Vec<bool>)> {
    (1usize..5, 1..rows).prop_flat_map(|(objectives, rows)| {
        let columns = prop::collection::vec(prop::collection::vec(number(), rows), objectives);
        (columns, prop::collection::vec(any::<bool>(), objectives)).prop_map(|(columns, maximize)| {
            let rows = (0..columns[0].len()).map(|row| columns.iter().map(|column| column[row]).collect());
            let mut rows: Vec<Vec<f64>> = rows.collect();
            rows.sort_by(|a, b| a.partial_cmp(b).expect("no NaN"));
            rows.dedup();
            let column = |objective: usize| rows.iter().map(|row| row[objective]).collect();
            ((0..columns.len()).map(column).collect(), maximize)
        })
    })
}

fn columns(front: &[Vec<f64>]) -> Vec<&[f64]> {
    front.iter().map(Vec::as_slice).collect()
}

/// Two objectives that are traded against each other, as places in their own range.
fn traded(rows: usize) -> impl Strategy<Value = Vec<[f64; 2]>> {
    let steps = prop::collection::vec((0.01f64..1.0, 0.01f64..1.0), 3..rows);
    steps.prop_map(|steps| {
        // Cubes make some steps much longer than others.
        let sums = |step: fn(&(f64, f64)) -> f64| {
            let mut sum = 0.0;
            let places: Vec<f64> = std::iter::once(0.0)
                .chain(steps.iter().map(|both| {
                    sum += step(both).powi(3);
                    sum
                }))
                .collect();
            places.into_iter().map(move |place| place / sum).collect::<Vec<_>>()
        };
        let (rising, other) = (sums(|step| step.0), sums(|step| step.1));
        rising.into_iter().zip(other).map(|(x, y)| [x, 1.0 - y]).collect()
    })
}

/// The gap of the best choice of `most` rows that keeps the first and the last one.
///
/// Along such a front distances grow both ways, so that the nearest chosen row is the one before or the one behind.
fn least_gap(places: &[[f64; 2]], most: usize) -> f64 {
    let apart = |a: usize, b: usize| (0..2).map(|i| (places[a][i] - places[b][i]).abs()).fold(0.0, f64::max);
    let between = |from: usize, to: usize| {
        (from..to).map(|row| apart(from, row).min(apart(row, to))).fold(0.0, f64::max)
    };
    // The least gap before a chosen row, the number of rows chosen up to it being the turn.
    let mut before = vec![f64::INFINITY; places.len()];
    before[0] = 0.0;
    for _ in 1..most {
        let best =
            |to: usize| (0..to).map(|from| before[from].max(between(from, to))).fold(before[to], f64::min);
        before = (0..places.len()).map(best).collect();
    }
    before[places.len() - 1]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn few_rows_are_those_of_the_definition((front, maximize) in front(60), most in 1usize..20, threads in 1usize..3) {
        let most = most.max(front.len());
        let found = cover(&columns(&front), &maximize, most, &Control::new(threads)).expect("nothing interrupts");
        let (rows, gap) = naive::cover(&columns(&front), &maximize, most);
        prop_assert_eq!((found.rows, found.gap.to_bits()), (rows, gap.to_bits()));
    }

    #[test]
    fn the_gap_is_at_most_twice_the_least(places in traded(40), most in 2usize..12) {
        let columns: Vec<Vec<f64>> = (0..2).map(|i| places.iter().map(|place| place[i]).collect()).collect();
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let found = cover(&columns, &[false; 2], most, &Control::new(1)).expect("nothing interrupts");
        prop_assert_eq!(found.rows.len(), most.min(places.len()));
        prop_assert!(found.rows.contains(&0) && found.rows.contains(&(places.len() - 1)));
        let least = least_gap(&places, most);
        prop_assert!(found.gap >= least - 1e-12, "{} is better than the best, {}", found.gap, least);
        prop_assert!(found.gap <= 2.0 * least + 1e-12, "{} is more than twice {}", found.gap, least);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Several blocks and parts, some of which a chosen row does not touch.
    #[test]
    fn few_rows_of_long_fronts_too(seed in any::<u64>(), objectives in 2usize..4, most in 5usize..40, threads in 1usize..4) {
        let mut state = seed;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        let mut rows: Vec<Vec<f64>> =
            (0..40_000).map(|_| (0..objectives).map(|_| (9.0 * random()).exp()).collect()).collect();
        rows.sort_by(|a, b| a.partial_cmp(b).expect("no NaN"));
        let front: Vec<Vec<f64>> =
            (0..objectives).map(|objective| rows.iter().map(|row| row[objective]).collect()).collect();
        let maximize = vec![false; objectives];
        let found = cover(&columns(&front), &maximize, most, &Control::new(threads)).expect("nothing interrupts");
        let (rows, gap) = naive::cover(&columns(&front), &maximize, most);
        prop_assert_eq!((found.rows, found.gap), (rows, gap));
    }
}

#[test]
fn the_best_of_each_objective_is_kept() {
    let loss = [1.0, 1.1, 2.0, 3.0];
    let cost = [1e9, 1e3, 10.0, 1.0];
    let found = cover(&[&loss, &cost], &[false; 2], 2, &Control::new(1)).expect("nothing interrupts");
    assert_eq!(found.rows, [0, 3]);
}

#[test]
fn distances_are_those_of_the_own_range_in_logarithms_where_it_is_wide() {
    // The middle of 1 and 1e4 is 100 in logarithms, and that of 1 and 9 is 5.
    let wide = [1.0, 90.0, 100.0, 5000.0, 1e4];
    let found = cover(&[&wide], &[false], 3, &Control::new(1)).expect("nothing interrupts");
    assert_eq!(found.rows, [0, 2, 4]);
    let narrow = [1.0, 3.0, 5.0, 8.0, 9.0];
    let found = cover(&[&narrow], &[false], 3, &Control::new(1)).expect("nothing interrupts");
    assert_eq!(found.rows, [0, 2, 4]);
    assert_eq!(found.gap, 0.25);
}

#[test]
fn infinities_lie_at_the_ends() {
    let values = [f64::NEG_INFINITY, 0.0, 1.0, 2.0, f64::INFINITY];
    let found = cover(&[&values], &[false], 2, &Control::new(1)).expect("nothing interrupts");
    assert_eq!(found.rows, [0, 3], "2 and infinity share the upper end, the first of them is chosen");
}

#[test]
fn rows_of_equal_places_are_chosen_in_their_order() {
    let (lost, values) = ([f64::INFINITY; 4], [1.0, 1.0, 1.0, 1.0]);
    let found = cover(&[&lost, &values], &[false; 2], 3, &Control::new(1)).expect("nothing interrupts");
    assert_eq!((found.rows, found.gap), (vec![0, 1, 2], 0.0));
}

#[test]
fn a_cancelled_choice_is_interrupted() {
    let control = Control::new(1);
    control.cancel();
    assert_eq!(cover(&[&[1.0, 2.0, 3.0]], &[false], 2, &control), Err(Interrupted));
}

#[test]
fn few_rows_of_a_front_are_on_it() {
    let x: Vec<f64> = (0..200).map(|i| f64::from(i * 37 % 101)).collect();
    let y: Vec<f64> = x.iter().zip(0..).map(|(x, i)| 2.0 * (100.0 - x) + f64::from(i % 5)).collect();
    let rows =
        front_of(Rows { objectives: &[&x, &y], indices: None }, &[52; 2], Ties::First, &Control::new(1));
    let rows = rows.expect("nothing interrupts");
    assert!(rows.len() > 3);
    let asked = isoflop_core::pareto::groups::FrontOf {
        bits: &[52; 2],
        ties: Ties::First,
        maximize: &[false; 2],
        indices: None,
        groups: None,
        rows: Some(3),
    };
    let few = isoflop_core::pareto::groups::front_by(&[&x, &y], &asked, &Control::new(1));
    let few = few.expect("nothing interrupts");
    assert_eq!(few.len(), 3);
    assert!(few.iter().all(|row| rows.contains(row)));
}
