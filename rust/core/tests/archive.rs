//! The archive against its definition.

use isoflop_core::control::{Control, Interrupted};
use isoflop_core::pareto::Points;
use isoflop_core::pareto::archive::{Archive, Sizes};
use isoflop_core::pareto::{Cells, Rows, Ties, front_of, naive};
use proptest::prelude::*;

/// Numbers with many ties, and those that trip comparisons; never NaN.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        10 => (0i32..6).prop_map(f64::from),
        4 => (-3i32..3).prop_map(|x| f64::from(x) * 0.1),
        // A few units in the last place around round numbers, which coarse keys must not tell apart.
        4 => (1i64..4, -3i64..4)
            .prop_map(|(x, noise)| f64::from_bits(((x as f64).to_bits() as i64 + noise) as u64)),
        4 => 0.9f64..1.1,
        2 => -2e3f64..1e9,
        1 => prop::sample::select(vec![
            f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 5e-324, -5e-324, 1e-310,
            f64::MIN_POSITIVE, f64::MAX, f64::MIN,
        ]),
    ]
}

fn bits() -> impl Strategy<Value = u32> {
    prop_oneof![4 => Just(52u32), 1 => Just(0), 2 => 1u32..8, 1 => 0u32..=52]
}

/// Configurations, of which each round adds some; some lanes besides.
#[derive(Debug, Clone)]
struct Story {
    bits: Vec<u32>,
    all: Points,
    /// Rows of `all`; a row may come again.
    rounds: Vec<Vec<usize>>,
    lanes: Points,
}

/// For each configuration or lane: numbers, and what makes an index or a neighbour of it.
fn some(objectives: usize, count: usize) -> impl Strategy<Value = Vec<(Vec<f64>, u64)>> {
    prop::collection::vec((prop::collection::vec(number(), objectives), 0u64..40), 0..count)
}

fn story(objectives: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Story> {
    objectives.prop_flat_map(|objectives| {
        let rounds = prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..50), 0..5);
        let bits = prop::collection::vec(bits(), objectives);
        // Numbers of few values each make long fronts out of their sums.
        let plane = any::<bool>();
        (bits, some(objectives, 80), rounds, some(objectives, 40), plane).prop_map(
            move |(bits, mut rows, rounds, lanes, plane)| {
                if plane && objectives > 1 {
                    for (values, _) in &mut rows {
                        values[0] = 1e3 - values[1..].iter().sum::<f64>();
                        values[0] = if values[0].is_nan() { 0.0 } else { values[0] };
                    }
                }
                let mut all = Points { objectives: vec![Vec::new(); objectives], indices: Vec::new() };
                for (place, (values, scatter)) in rows.into_iter().enumerate() {
                    push(&mut all, &values, scatter * 1000 + place as u64);
                }
                let count = all.indices.len();
                let rounds = if count == 0 { Vec::new() } else { rounds };
                let rounds = rounds.iter().map(|round| round.iter().map(|at| at.index(count)).collect());
                let mut story = Story {
                    bits,
                    all,
                    rounds: rounds.collect(),
                    lanes: Points { objectives: vec![Vec::new(); objectives], indices: Vec::new() },
                };
                for (values, index) in lanes {
                    push(&mut story.lanes, &values, index * 1000);
                }
                story.add_neighbours();
                story
            },
        )
    })
}

fn push(points: &mut Points, values: &[f64], index: u64) {
    points.objectives.iter_mut().zip(values).for_each(|(column, &value)| column.push(value));
    points.indices.push(index);
}

fn values(points: &Points, row: usize) -> Vec<f64> {
    points.objectives.iter().map(|column| column[row]).collect()
}

impl Story {
    /// Every configuration becomes lanes: as it is, with other indices, and one step aside in one objective.
    fn add_neighbours(&mut self) {
        for row in 0..self.all.indices.len() {
            let (at, index) = (values(&self.all, row), self.all.indices[row]);
            let mut near = vec![at.clone(); 3];
            for objective in 0..at.len() {
                for beside in [at[objective].next_up(), at[objective].next_down(), -at[objective]] {
                    let mut moved = at.clone();
                    moved[objective] = beside;
                    near.push(moved);
                }
            }
            for (place, values) in near.into_iter().enumerate() {
                push(&mut self.lanes, &values, [index, index + 1, index.saturating_sub(1)][place % 3]);
            }
        }
    }

    fn select(&self, rows: &[usize]) -> Points {
        let mut some = Points { objectives: vec![Vec::new(); self.bits.len()], indices: Vec::new() };
        rows.iter().for_each(|&row| push(&mut some, &values(&self.all, row), self.all.indices[row]));
        some
    }
}

/// The front, best first, from its definition.
fn front(points: &Points, bits: &[u32], ties: Ties) -> Points {
    let objectives: Vec<&[f64]> = points.objectives.iter().map(Vec::as_slice).collect();
    let mut rows =
        naive::front_of(Rows { objectives: &objectives, indices: Some(&points.indices) }, bits, ties);
    rows.sort_by(|&a, &b| {
        let by_values = values(points, a).partial_cmp(&values(points, b)).expect("no NaN");
        by_values.then(points.indices[a].cmp(&points.indices[b]))
    });
    let mut front = Points { objectives: vec![Vec::new(); bits.len()], indices: Vec::new() };
    rows.into_iter().for_each(|row| push(&mut front, &values(points, row), points.indices[row]));
    front
}

fn keys(values: &[f64], bits: &[u32]) -> Vec<i64> {
    values.iter().zip(bits).map(|(&value, &bits)| Cells::new(bits).key(value)).collect()
}

/// The lanes that are not settled.
///
/// The rule word for word: a row prunes a lane if its keys are no greater, and it lies in another cell or comes no
/// later.
fn unpruned(front: &Points, bits: &[u32], ties: Ties, lanes: &Points) -> Vec<u32> {
    let row = |row: usize| (values(front, row), front.indices[row]);
    let rows: Vec<_> =
        (0..front.indices.len()).map(row).map(|(a, index)| (keys(&a, bits), a, index)).collect();
    let settled = |lane: usize| {
        let (bounds, least_index) = (values(lanes, lane), lanes.indices[lane]);
        let lane_keys = keys(&bounds, bits);
        rows.iter().any(|(row_keys, a, index)| {
            row_keys.iter().zip(&lane_keys).all(|(a, lane)| a <= lane)
                && (*row_keys != lane_keys
                    || match ties {
                        Ties::First => (a, *index) <= (&bounds, least_index),
                        Ties::All => *a < bounds,
                    })
        })
    };
    (0..lanes.indices.len()).filter(|&lane| !settled(lane)).map(|lane| lane as u32).collect()
}

fn slices(columns: &[Vec<f64>]) -> Vec<&[f64]> {
    columns.iter().map(Vec::as_slice).collect()
}

fn check(story: &Story, ties: Ties, sizes: Sizes, threads: usize) -> Result<(), TestCaseError> {
    let (bits, lanes) = (&story.bits, &story.lanes);
    let control = Control::new(threads);
    let mut archive = Archive::with(bits, ties, sizes);
    let mut added: Vec<usize> = Vec::new();
    let mut settled_lanes = vec![false; lanes.indices.len()];
    for round in std::iter::once(&Vec::new()).chain(&story.rounds) {
        let (some, others) = round.split_at(round.len() / 3);
        let pieces = vec![story.select(some), Points::default(), story.select(others)];
        prop_assert_eq!(archive.add(pieces, &control), Ok(()));
        added.extend(round);
        added.sort_unstable();
        added.dedup();

        let expected = front(&story.select(&added), bits, ties);
        let mut open = vec![77];
        archive.unpruned(&slices(&lanes.objectives), &lanes.indices, &mut open);
        prop_assert_eq!(&open[1..], &unpruned(&expected, bits, ties, lanes)[..], "{:?}", ties);
        let mut after = open[1..].iter().peekable();
        for (lane, settled) in settled_lanes.iter_mut().enumerate() {
            *settled |= after.next_if_eq(&&(lane as u32)).is_none();
        }
        prop_assert!(archive.len() >= expected.indices.len());
        prop_assert_eq!(archive.is_empty(), expected.indices.is_empty());
        if round.len() % 4 == 0 {
            prop_assert_eq!(archive.tidy(&control), Ok(()));
            prop_assert_eq!(archive.len(), expected.indices.len());
        }
        prop_assert_eq!(archive.clone().into_points(&control), Ok(expected), "{:?}", ties);
    }
    // What was ever settled can never be on the front, unless it is there already. (Some of it: this takes long.)
    let known = story.select(&added);
    let settled = (0..settled_lanes.len()).filter(|&lane| settled_lanes[lane]);
    for lane in settled.step_by(1 + lanes.indices.len() / 16) {
        let (bounds, index) = (values(lanes, lane), lanes.indices[lane]);
        let is_known = |row: usize| known.indices[row] == index && values(&known, row) == bounds;
        if !(0..known.indices.len()).any(is_known) {
            let mut with_lane = known.clone();
            push(&mut with_lane, &bounds, index);
            let front = front(&with_lane, bits, ties);
            let back = (0..front.indices.len())
                .any(|row| front.indices[row] == index && values(&front, row) == bounds);
            prop_assert!(!back, "{:?} at {} is on the front", bounds, index);
        }
    }
    Ok(())
}

/// Every structure, with sizes at which few rows reach all of it.
const WAYS: [Sizes; 3] = [
    Sizes { buckets: 1 << 20, cells: 1 << 12, block: 8 },
    Sizes { buckets: 3, cells: 0, block: 1 },
    Sizes { buckets: 1, cells: 1 << 5, block: 3 },
];

fn agrees(story: &Story) -> Result<(), TestCaseError> {
    for (way, &sizes) in WAYS.iter().enumerate() {
        for ties in [Ties::First, Ties::All] {
            check(story, ties, sizes, 1 + way)?;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_objective_agrees_with_the_definition(story in story(1..=1)) {
        agrees(&story)?;
    }

    #[test]
    fn two_objectives_agree_with_the_definition(story in story(2..=2)) {
        agrees(&story)?;
    }

    #[test]
    fn more_objectives_agree_with_the_definition(story in story(3..=5)) {
        agrees(&story)?;
    }
}

#[test]
fn a_configuration_that_was_added_is_settled_unless_all_ties_are_kept() {
    for objectives in 1..=4 {
        for (ties, expected) in [(Ties::First, vec![]), (Ties::All, vec![0])] {
            let mut archive = Archive::new(&vec![52; objectives], ties);
            let point = Points { objectives: vec![vec![2.5]; objectives], indices: vec![9] };
            archive.add(vec![point], &Control::new(1)).expect("nothing interrupts");
            let mut open = Vec::new();
            archive.unpruned(&vec![&[2.5][..]; objectives], &[9], &mut open);
            assert_eq!(open, expected);
        }
    }
}

/// The lanes that an archive leaves open of just this one, at one cell for each power of two: it gets some rows, then
/// one more.
fn open_at_coarse_keys(last: [f64; 3], lane: [f64; 3]) -> Vec<u32> {
    let control = Control::new(1);
    let points = |rows: &[[f64; 3]], first: u64| Points {
        objectives: (0..3).map(|objective| rows.iter().map(|row| row[objective]).collect()).collect(),
        indices: (first..first + rows.len() as u64).collect(),
    };
    let mut archive = Archive::new(&[0, 0, 0], Ties::First);
    let before = points(&[[1.0, 16.0, 512.0], [16.0, 1.0, 512.0], [4.0, 4.0, 8.5]], 1);
    archive.add(vec![before], &control).expect("nothing interrupts");
    archive.add(vec![points(&[last], 4)], &control).expect("nothing interrupts");
    let mut open = Vec::new();
    archive.unpruned(&[&lane[..1], &lane[1..2], &lane[2..]], &[0], &mut open);
    open
}

#[test]
fn a_row_that_gave_way_does_not_speak_for_its_cell() {
    // It dominates (4, 4, 8.5), in another cell and of the same last key.
    assert_eq!(open_at_coarse_keys([2.0, 4.0, 8.0], [4.0, 4.0, 8.1]), [0; 0]);
}

#[test]
fn a_lane_beyond_all_rows_is_in_no_cell_of_theirs() {
    // The second objective of the lane lies behind the last cell that any row is in, or could soon be.
    assert_eq!(open_at_coarse_keys([0.55, 36.0, 8.0], [0.5, 100.0, 8.0]), [0; 0]);
}

/// Numbers of `steps` many values without pattern, the same each time.
fn noise(count: usize, seed: u64, steps: f64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5851_F42D_4C95_7F2D;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..count).map(|_| (next() * steps).floor()).collect()
}

#[test]
fn large_additions_make_the_front_on_any_number_of_threads() {
    const COUNT: usize = 90_000;
    for (objectives, steps, bits) in [(1, 1e3, 52), (2, 1e5, 52), (2, 1e5, 9), (3, 60.0, 4), (3, 300.0, 52)] {
        // Near a plane, so that much is on the front.
        let mut columns: Vec<Vec<f64>> =
            (1..objectives).map(|seed| noise(COUNT, seed as u64, steps)).collect();
        let jitter = noise(COUNT, 99, 4.0);
        let last = |row| 1e6 + jitter[row] - columns.iter().map(|column| column[row]).sum::<f64>();
        columns.push((0..COUNT).map(last).collect());
        let all = Points { objectives: columns, indices: (0..COUNT as u64).rev().collect() };
        let bits = vec![bits; objectives];
        for ties in [Ties::First, Ties::All] {
            let expected = front_of_all(&all, &bits, ties);
            for threads in 1..=3 {
                let control = Control::new(threads);
                let mut archive = Archive::new(&bits, ties);
                for part in [0..30_000, 30_000..30_100, 30_100..COUNT] {
                    let some = |column: &Vec<f64>| column[part.clone()].to_vec();
                    let objectives = all.objectives.iter().map(some).collect();
                    let points = Points { objectives, indices: all.indices[part.clone()].to_vec() };
                    archive.add(vec![points], &control).expect("nothing interrupts");
                }
                let mut found = archive.into_points(&control).expect("nothing interrupts").indices;
                found.sort_unstable();
                assert_eq!(found, expected, "{objectives} objectives, {ties:?}, {threads} threads");
            }
        }
    }
}

/// The indices of the front, ascending, by the filter.
fn front_of_all(all: &Points, bits: &[u32], ties: Ties) -> Vec<u64> {
    let rows = Rows { objectives: &slices(&all.objectives), indices: Some(&all.indices) };
    let rows = front_of(rows, bits, ties, &Control::new(1)).expect("nothing interrupts");
    let mut indices: Vec<u64> = rows.into_iter().map(|row| all.indices[row]).collect();
    indices.sort_unstable();
    indices
}

#[test]
fn a_cancelled_addition_is_interrupted() {
    let control = Control::new(2);
    control.cancel();
    for objectives in 1..=4 {
        let mut archive = Archive::new(&vec![52; objectives], Ties::First);
        let point = Points { objectives: vec![vec![1.0]; objectives], indices: vec![0] };
        assert_eq!(archive.add(vec![point], &control), Err(Interrupted));
        assert_eq!(archive.into_points(&control), Err(Interrupted));
    }
}
