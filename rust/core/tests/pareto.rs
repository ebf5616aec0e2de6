//! The filter against its definition.

use isoflop_core::control::{Control, Interrupted};
use isoflop_core::pareto::filter::{Sizes, front_with};
use isoflop_core::pareto::naive;
use isoflop_core::pareto::{Rows, Ties, front, front_of};
use proptest::prelude::*;

/// Numbers with many ties, and those that trip comparisons.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        10 => (0i32..6).prop_map(f64::from),
        4 => (-3i32..3).prop_map(|x| f64::from(x) * 0.1),
        // A few units in the last place around round numbers, which coarse keys must not tell apart.
        4 => (1i64..4, -3i64..4)
            .prop_map(|(x, noise)| f64::from_bits(((x as f64).to_bits() as i64 + noise) as u64)),
        4 => 0.9f64..1.1,
        1 => prop::sample::select(vec![
            f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 5e-324, -5e-324,
            f64::MIN_POSITIVE, f64::MAX, f64::MIN,
        ]),
    ]
}

fn bits() -> impl Strategy<Value = u32> {
    prop_oneof![4 => Just(52u32), 1 => Just(0), 1 => 1u32..8, 1 => 0u32..=52]
}

/// Rows of numbers, column by column, and the bits of each objective.
fn question(
    objectives: std::ops::Range<usize>,
    rows: usize,
) -> impl Strategy<Value = (Vec<Vec<f64>>, Vec<u32>)> {
    (objectives, 0..rows).prop_flat_map(|(objectives, rows)| {
        let column = prop::collection::vec(number(), rows);
        (prop::collection::vec(column, objectives), prop::collection::vec(bits(), objectives))
    })
}

/// Every way through the filter: tiny sizes make small inputs culled and dealt, too.
const WAYS: [Sizes; 3] =
    [Sizes { cull: 4096, bucket: 8192 }, Sizes { cull: 32, bucket: 7 }, Sizes { cull: 1 << 30, bucket: 3 }];

fn slices(columns: &[Vec<f64>]) -> Vec<&[f64]> {
    columns.iter().map(Vec::as_slice).collect()
}

fn agrees(columns: &[Vec<f64>], indices: Option<&[u64]>, bits: &[u32]) -> Result<(), TestCaseError> {
    let objectives = slices(columns);
    let rows = Rows { objectives: &objectives, indices };
    for ties in [Ties::First, Ties::All] {
        let expected = Ok(naive::front_of(rows, bits, ties));
        for sizes in WAYS {
            for threads in 1..=3 {
                let found = front_with(rows, bits, ties, sizes, &Control::new(threads));
                prop_assert_eq!(&found, &expected, "{:?} {:?} on {} threads", ties, sizes, threads);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_filter_agrees_with_the_definition((columns, bits) in question(1..7, 120)) {
        agrees(&columns, None, &bits)?;
    }

    #[test]
    fn ties_go_by_index_whatever_the_order_of_the_rows(
        (columns, bits) in question(1..5, 60), seed in any::<u64>(),
    ) {
        let count = columns[0].len();
        // Distinct indices in a scrambled order.
        let mut indices: Vec<u64> = (0..count as u64).collect();
        indices.sort_by_key(|&index| (index + 1).wrapping_mul(seed | 1).rotate_left(17));
        agrees(&columns, Some(&indices), &bits)?;

        let by_index = |columns: &[Vec<f64>], indices: &[u64]| {
            let objectives = slices(columns);
            let rows = Rows { objectives: &objectives, indices: Some(indices) };
            let kept = front_of(rows, &bits, Ties::First, &Control::new(1)).expect("nothing interrupts");
            let mut kept: Vec<u64> = kept.into_iter().map(|row| indices[row]).collect();
            kept.sort_unstable();
            kept
        };
        let reversed: Vec<Vec<f64>> =
            columns.iter().map(|column| column.iter().rev().copied().collect()).collect();
        let reversed_indices: Vec<u64> = indices.iter().rev().copied().collect();
        prop_assert_eq!(by_index(&columns, &indices), by_index(&reversed, &reversed_indices));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn larger_inputs_agree_with_the_definition((columns, bits) in question(2..6, 1000)) {
        agrees(&columns, None, &bits)?;
    }
}

/// Numbers in [0, 1) without pattern, the same each time.
fn noise(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5851_F42D_4C95_7F2D;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 53) as f64
        })
        .collect()
}

/// Numbers that differ by few steps, so that rows tie in many objectives and in whole.
fn steps(count: usize, seed: u64, steps: f64) -> Vec<f64> {
    noise(count, seed).into_iter().map(|x| (x * steps).floor()).collect()
}

/// Nobody returned is beaten by another returned row, and everybody else is. (No two rows are equal here.)
fn assert_is_front(columns: &[&[f64]], kept: &[usize]) {
    let at_most = |a: usize, b: usize| columns.iter().all(|column| column[a] <= column[b]);
    for row in 0..columns[0].len() {
        let beaten = kept.iter().any(|&other| other != row && at_most(other, row));
        assert_eq!(beaten, kept.binary_search(&row).is_err(), "row {row}");
    }
}

#[test]
fn large_random_inputs_have_a_true_front_on_any_number_of_threads() {
    for objectives in 2..=5 {
        let columns: Vec<Vec<f64>> = (0..objectives).map(|seed| noise(50_000, seed as u64)).collect();
        let columns = slices(&columns);
        let bits = vec![52; objectives];
        let kept = front(&columns, &bits, Ties::First, &Control::new(1)).expect("nothing interrupts");
        assert!(!kept.is_empty());
        assert_is_front(&columns, &kept);
        for threads in [2, 3] {
            assert_eq!(front(&columns, &bits, Ties::First, &Control::new(threads)).as_ref(), Ok(&kept));
        }
    }
}

#[test]
fn large_fronts_with_many_ties_do_not_depend_on_the_way_they_are_found() {
    // Near a plane, so that much is on the front, and on a coarse grid, so that much ties.
    let count = 30_000;
    for objectives in 2..=6u64 {
        let mut columns: Vec<Vec<f64>> = (1..objectives).map(|seed| steps(count, seed, 40.0)).collect();
        let jitter = steps(count, 99, 4.0);
        let last = (0..count).map(|row| jitter[row] - columns.iter().map(|column| column[row]).sum::<f64>());
        columns.push(last.collect());
        let objectives = slices(&columns);
        let rows = Rows { objectives: &objectives, indices: None };
        for bits in [vec![52; columns.len()], vec![3; columns.len()]] {
            for ties in [Ties::First, Ties::All] {
                let of = |sizes, threads| {
                    front_with(rows, &bits, ties, sizes, &Control::new(threads)).expect("nothing interrupts")
                };
                let kept = of(Sizes { cull: usize::MAX, bucket: count }, 1);
                for threads in 1..=3 {
                    assert_eq!(of(Sizes::default(), threads), kept);
                    assert_eq!(of(Sizes { cull: 64, bucket: 500 }, threads), kept);
                }
            }
        }
    }
}

#[test]
fn when_nothing_is_dominated_everything_is_returned() {
    let count = 60_000;
    let x = noise(count, 1);
    let negative: Vec<f64> = x.iter().map(|x| -x).collect();
    let constant = vec![1.0; count];
    let y = noise(count, 2);
    for columns in [
        vec![&x[..], &negative],
        vec![&negative, &x, &y],
        vec![&constant, &x, &negative],
        vec![&y, &x, &constant, &negative],
        vec![&y, &x, &constant, &negative, &constant],
    ] {
        let bits = vec![52; columns.len()];
        for threads in 1..=3 {
            let kept =
                front(&columns, &bits, Ties::First, &Control::new(threads)).expect("nothing interrupts");
            assert_eq!(kept.len(), count, "{} objectives", columns.len());
        }
    }
}

#[test]
fn a_constant_frame_gives_its_first_row_or_all() {
    let constant = vec![3.0; 70_000];
    for objectives in 1..=5 {
        let columns = vec![&constant[..]; objectives];
        let bits = vec![52; objectives];
        let of = |ties| front(&columns, &bits, ties, &Control::new(2)).expect("nothing interrupts");
        assert_eq!(of(Ties::First), [0]);
        assert_eq!(of(Ties::All).len(), constant.len());
    }
}

#[test]
fn repeated_rows_are_returned_once_or_all() {
    let count = 50_000;
    let once: Vec<Vec<f64>> = (0..3).map(|seed| noise(count, seed)).collect();
    let thrice: Vec<Vec<f64>> = once.iter().map(|column| column.repeat(3)).collect();
    for objectives in 1..=3 {
        let bits = vec![52; objectives];
        let of = |columns: &[Vec<f64>], ties| {
            front(&slices(&columns[..objectives]), &bits, ties, &Control::new(3)).expect("nothing interrupts")
        };
        let kept = of(&once, Ties::First);
        assert_eq!(of(&thrice, Ties::First), kept);
        let copies: Vec<usize> =
            (0..3).flat_map(|copy| kept.iter().map(move |row| row + copy * count)).collect();
        assert_eq!(of(&thrice, Ties::All), copies);
    }
}

#[test]
fn no_rows_give_no_front() {
    for columns in [vec![&[][..]; 1], vec![&[][..]; 2], vec![&[f64::NAN, f64::NAN][..]; 3], vec![&[][..]; 5]]
    {
        let bits = vec![52; columns.len()];
        assert_eq!(front(&columns, &bits, Ties::All, &Control::new(2)), Ok(vec![]));
    }
}

#[test]
fn a_cancelled_filter_returns_nothing() {
    let columns: Vec<Vec<f64>> = (0..4).map(|seed| noise(30_000, seed)).collect();
    let columns = slices(&columns);
    let control = Control::new(2);
    control.cancel();
    for objectives in 1..=4 {
        let found = front(&columns[..objectives], &vec![52; objectives], Ties::First, &control);
        assert_eq!(found, Err(Interrupted));
    }
}
