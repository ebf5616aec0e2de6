//! Every question, with one request for memory after another refused.
//!
//! The allocator of this program can be told to refuse large requests, from the k-th on. For k = 0, 1, 2, ... each
//! question then fails as [`Error::Memory`] or gives the right answer, until it needs no more than k. Whatever forgets
//! to ask ends the process, and the test with it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use isoflop_core::control::Control;
use isoflop_core::error::Error;
use isoflop_core::memory::{self, OutOfMemory};
use isoflop_core::pareto::archive::Archive;
use isoflop_core::pareto::filter::{Sizes, front_with};
use isoflop_core::pareto::{Points, Rows, Ties};
use isoflop_core::space::{Column, Space};
use isoflop_core::sweep::{Answer, Engine, FrontQuestion, Groups, Method, Near, Objective};
use isoflop_core::value::simd::Level;

/// Requests of at least so many bytes may be refused.
const LARGE: usize = 12 << 10;

/// Large requests before the first that is refused, and how many are.
static GRANTED: AtomicUsize = AtomicUsize::new(usize::MAX);
static REFUSED: AtomicUsize = AtomicUsize::new(0);

struct Stingy;

impl Stingy {
    fn refuses(&self, bytes: usize) -> bool {
        let count = |counter: &AtomicUsize| {
            let less = |left: usize| if left == usize::MAX { Some(left) } else { left.checked_sub(1) };
            counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
        };
        bytes >= LARGE && !count(&GRANTED) && count(&REFUSED)
    }
}

// SAFETY: it is the system's allocator, but for requests that it refuses as an allocator may.
#[allow(unsafe_code, reason = "there is no other way to make requests fail")]
unsafe impl GlobalAlloc for Stingy {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        if self.refuses(layout.size()) { std::ptr::null_mut() } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        if self.refuses(layout.size()) {
            std::ptr::null_mut()
        } else {
            unsafe { System.alloc_zeroed(layout) }
        }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: as the caller promises.
        if self.refuses(bytes) {
            std::ptr::null_mut()
        } else {
            unsafe { System.realloc(memory, layout, bytes) }
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Stingy = Stingy;

/// Runs `work` where `refused` large requests are refused after the first `granted`; tells whether any was.
fn stingily<R>(granted: usize, refused: usize, work: impl FnOnce() -> R) -> (R, bool) {
    REFUSED.store(refused, Ordering::SeqCst);
    GRANTED.store(granted, Ordering::SeqCst);
    let result = work();
    let any = GRANTED.swap(usize::MAX, Ordering::SeqCst) == 0 && REFUSED.load(Ordering::SeqCst) < refused;
    (result, any)
}

/// Asks a question with ever more requests granted. Answers are compared as `told`.
fn check<R, T: PartialEq>(
    name: &str,
    question: impl Fn(&Control) -> Result<R, Error>,
    told: impl Fn(R) -> T,
) {
    let expected = told(question(&Control::new(1)).expect("there is enough"));
    // Memory has ended; then it is short once, of one of several threads.
    for (threads, refused) in [(1, usize::MAX - 1), (2, 1)] {
        let ask = || question(&Control::new(threads));
        let (mut granted, mut failures) = (0, 0);
        loop {
            let (outcome, any) = stingily(granted, refused, ask);
            match outcome.map(&told) {
                Ok(answer) => assert!(answer == expected, "{name}: another answer after {granted} requests"),
                Err(Error::Memory(_)) => failures += 1,
                Err(error) => panic!("{name}: {error} after {granted} requests"),
            }
            if !any {
                break;
            }
            // All of the first ones, and some of the many that follow.
            granted += 1 + granted / 4;
        }
        assert!(failures > 0 || refused == 1, "{name}: it asks for nothing");
        assert!(ask().map(&told).as_ref() == Ok(&expected), "{name}: another answer afterwards");
    }
}

/// Numbers in [0, 1) without pattern, the same each time.
fn noise(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5851_F42D_4C95_7F2D;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..count).map(|_| next()).collect()
}

/// Axes in no order, so that a search arranges them, and short ones that are joined.
fn space() -> Space {
    let axes: [(&str, Vec<f64>); 5] = [
        ("size", noise(1600, 1).iter().map(|x| 1e8 + x * 1e11).collect()),
        ("tokens", (0..5).map(|step| 1e9 * 2.0_f64.powi(step)).collect()),
        ("quality", vec![2.0, 0.5, 1.5]),
        ("sparsity", vec![1.0, 0.5, 0.25]),
        ("kind", vec![0.0, 1.0]),
    ];
    let lengths = axes.iter().map(|(_, values)| values.len()).collect();
    let columns = axes.into_iter().enumerate().map(|(axis, (name, values))| Column {
        name: name.to_owned(),
        axis,
        values: values.into(),
        boolean: false,
    });
    Space::new(lengths, columns.collect()).expect("five axes")
}

const LOSS: &str = "1.7 + 400/(size*sparsity**0.5)**0.34 + 400/(quality*tokens)**0.28";
const COST: &str = "6*size*sparsity*tokens/1e15 + tokens/1e9*quality**3 + kind";
const TIME: &str = "sqrt(size)*(2 - sparsity) + kind*log(tokens)";
const DATA: &str = "tokens*quality + exp(0 - kind)";
const STEPS: &str = "floor(log10(size)*2) + 0*tokens";

fn minimized(formulas: &[&str]) -> Vec<Objective> {
    formulas.iter().map(|&formula| Objective { formula: formula.to_owned(), maximize: false }).collect()
}

/// An answer to the bit.
fn bits(answer: Answer) -> (Vec<Vec<u32>>, Vec<Vec<u64>>, Option<u64>) {
    let bits = |column: &Vec<f64>| column.iter().map(|value| value.to_bits()).collect();
    (answer.positions, answer.objectives.iter().map(bits).collect(), answer.stats.gap.map(f64::to_bits))
}

const METHODS: [Method; 2] = [Method::Enumerate, Method::Search];

fn check_fronts(space: &Space) {
    let all = [LOSS, COST, TIME, DATA, STEPS];
    let halves: Vec<u32> = (0..space.lengths()[0] as u32).map(|position| position % 2).collect();
    let halves = Groups { axis: 0, of: &halves };
    type Case<'a> = (&'a str, &'a [&'a str], u32, Ties, Option<usize>, Option<&'a Groups<'a>>, &'a [String]);
    let cases: [Case<'_>; 12] = [
        ("one objective", &all[..1], 52, Ties::First, None, None, &[]),
        ("two", &all[..2], 52, Ties::First, None, None, &[]),
        (
            "two under conditions",
            &all[..2],
            52,
            Ties::First,
            None,
            None,
            &[format!("{COST} < 1e7"), "size*quality > 1e9".into()],
        ),
        ("three", &all[..3], 52, Ties::First, None, None, &[]),
        ("three, coarsely", &all[..3], 3, Ties::All, None, None, &[]),
        ("four", &all[..4], 2, Ties::First, None, None, &[]),
        ("all ties of one", &all[4..], 52, Ties::All, None, None, &[]),
        (
            "all ties of two",
            &["floor(size/1e10) + 0*tokens*kind", "0 - floor(size/1e10)"],
            52,
            Ties::All,
            None,
            None,
            &[],
        ),
        ("all ties on axes that are not read", &["floor(size/1e10)"], 52, Ties::All, None, None, &[]),
        ("few rows", &all[..2], 52, Ties::First, Some(40), None, &[]),
        ("groups", &all[..2], 52, Ties::First, None, Some(&halves), &[]),
        ("few rows of groups", &all[..3], 5, Ties::All, Some(20), Some(&halves), &[]),
    ];
    for (name, formulas, bits_of_each, ties, rows, groups, constraints) in cases {
        let objectives = minimized(formulas);
        let key_bits = vec![bits_of_each; objectives.len()];
        let question = FrontQuestion {
            objectives: &objectives,
            constraints,
            bits: &key_bits,
            ties,
            groups,
            rows,
            max_rows: u64::MAX,
        };
        for method in METHODS {
            let engine = Engine::new(space, [], [], Level::detect()).with_method(method);
            check(
                &format!("front of {name} by {method:?}"),
                |control| engine.pareto(&question, control),
                bits,
            );
        }
    }
}

/// What a search leaves out beforehand is found by a search of its own.
fn check_presolve(space: &Space) {
    let engine = Engine::new(space, [], [], Level::detect()).with_method(Method::Search);
    let objectives = minimized(&[LOSS, COST]);
    let left_out = engine.explain(&objectives, &[]).expect("there is enough").presolved;
    assert!(!left_out.is_empty());
    check("explanation", |_| engine.explain(&objectives, &[]), |explanation| explanation.presolved);
}

fn check_bests(space: &Space) {
    let objective = &minimized(&[LOSS])[0];
    let constraints = [format!("{COST} < 1e6")];
    let of: Vec<u32> = (0..1600).map(|position| position % 800).collect();
    let groups = Groups { axis: 0, of: &of };
    for method in METHODS {
        let engine = Engine::new(space, [], [], Level::detect()).with_method(method);
        for groups in [None, Some(&groups)] {
            check(
                &format!("best by {method:?}, grouped: {}", groups.is_some()),
                |control| engine.best(objective, &constraints, groups, control),
                bits,
            );
        }
        let never = ["log(size)*tokens + kind < 0".to_owned()];
        check(&format!("any by {method:?}"), |control| engine.any(&never, control), |any| any);
    }
    let engine = Engine::new(space, [], [], Level::detect());
    let then = minimized(&[COST, TIME]);
    for groups in [None, Some(&groups)] {
        for then in [&[][..], &then[..1], &then] {
            let question = Near {
                objective,
                within: 0.05,
                constraints: &constraints,
                groups,
                then,
                bits: &vec![52; then.len()],
                max_rows: u64::MAX,
            };
            let name = format!("near, grouped: {}, {} then", groups.is_some(), then.len());
            check(&name, |control| engine.near(&question, control), bits);
        }
    }
}

fn check_tables(space: &Space) {
    let engine = Engine::new(space, [], [], Level::detect());
    let columns = [LOSS.to_owned(), COST.to_owned()];
    for constraints in [&[][..], &["size*tokens > 1e19".to_owned()]] {
        check(
            &format!("table, {} conditions", constraints.len()),
            |control| engine.table(&columns, constraints, u64::MAX, control),
            bits,
        );
    }
    let further = engine.columns(&columns).expect("two formulas");
    let positions: Vec<Vec<u32>> =
        space.lengths().iter().map(|&length| (0..70_000).map(|row| row % length as u32).collect()).collect();
    let positions: Vec<&[u32]> = positions.iter().map(Vec::as_slice).collect();
    check("columns", |control| further.at(&positions, control), |columns| columns);
}

fn check_filter() {
    let count = 6_000;
    let mut columns: Vec<Vec<f64>> = (1..6).map(|seed| noise(count, seed)).collect();
    columns.iter_mut().flatten().for_each(|x| *x = (*x * 500.0).floor());
    for objectives in 1..=5 {
        // On a plane, so that much is on the front.
        let mut columns = columns[..objectives].to_vec();
        for row in 0..count {
            columns[0][row] -= columns.iter().map(|column| column[row]).sum::<f64>();
        }
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let rows = Rows { objectives: &columns, indices: None };
        let piles = Sizes { cull: usize::MAX, bucket: 900 };
        let ways = [(piles, Ties::All), (Sizes::default(), Ties::First)];
        // What a strong row leaves of one objective is too little to need anything.
        for (sizes, ties) in ways.into_iter().take(objectives) {
            check(
                &format!("filter of {objectives}, {ties:?}"),
                |control| Ok(front_with(rows, &vec![52; objectives], ties, sizes, control)?),
                |rows| rows,
            );
        }
        let points = |from: usize, to: usize| Points {
            objectives: columns.iter().map(|column| column[from..to].to_vec()).collect(),
            indices: (from as u64..to as u64).collect(),
        };
        let parts: Vec<Points> =
            (0..4).map(|part| points(part * count / 4, (part + 1) * count / 4)).collect();
        for (bits, ties) in [(52, Ties::First), (4, Ties::All)] {
            check(
                &format!("archive of {objectives} at {bits} bits"),
                |control| {
                    let mut archive = Archive::new(&vec![bits; objectives], ties);
                    for part in &parts {
                        archive.add(vec![copied(part)?], control)?;
                    }
                    archive.tidy(control)?;
                    Ok(archive.into_points(control)?)
                },
                |points| points,
            );
        }
    }
}

/// The test must ask, too.
fn copied(points: &Points) -> Result<Points, OutOfMemory> {
    let objectives = points.objectives.iter().map(|column| memory::copied(column));
    Ok(Points {
        objectives: objectives.collect::<Result<_, _>>()?,
        indices: memory::copied(&points.indices)?,
    })
}

#[test]
fn a_question_that_cannot_have_memory_fails_and_leaves_everything_usable() {
    // One after another: the allocator is everybody's.
    let space = space();
    check_fronts(&space);
    check_presolve(&space);
    check_bests(&space);
    check_tables(&space);
    check_filter();
}
