//! Fronts that are far larger than what is allowed: refused if and only if they have too many rows, by any method, and
//! before all of them is found.
//!
//! The spaces are just large enough for an enumeration to tell how its front grows and to ask for a proof.

use isoflop_core::control::Control;
use isoflop_core::error::Error;
use isoflop_core::pareto::Ties;
use isoflop_core::sweep::{Answer, Engine, FrontQuestion, Groups, Method, Objective};
use isoflop_core::value::simd::Level;

use super::line;

const METHODS: [Method; 3] = [Method::Auto, Method::Enumerate, Method::Search];

/// A question for a front, whatever is allowed.
struct Large {
    side: usize,
    objectives: &'static [&'static str],
    constraints: &'static [&'static str],
    bits: u32,
    ties: Ties,
    by: bool,
}

impl Large {
    /// Everything is on the front: what costs less of two things is worse in a third.
    const EVERYTHING: Self = Self {
        side: 600,
        objectives: &["1 / x0 + 1 / x1", "x0", "x1"],
        constraints: &[],
        bits: 30,
        ties: Ties::First,
        by: false,
    };

    fn ask(&self, method: Method, max_rows: u64) -> Result<Answer, Error> {
        let space = line(&[self.side, self.side]);
        let objectives: Vec<Objective> = (self.objectives.iter())
            .map(|&formula| Objective { formula: formula.into(), maximize: false })
            .collect();
        let constraints: Vec<String> = self.constraints.iter().map(|&text| text.into()).collect();
        let of: Vec<u32> = (0..self.side as u32).map(|position| position % 3).collect();
        let groups = Groups { axis: 1, of: &of };
        let question = FrontQuestion {
            objectives: &objectives,
            constraints: &constraints,
            bits: &vec![self.bits; objectives.len()],
            ties: self.ties,
            groups: self.by.then_some(&groups),
            rows: None,
            max_rows,
        };
        let engine = Engine::new(&space, [], [], Level::detect()).with_method(method);
        engine.pareto(&question, &Control::new(2))
    }

    /// Asks under limits far below the rows of the front, and close to them.
    fn check(&self) {
        let all = self.ask(Method::Enumerate, u64::MAX).expect("no limit");
        let rows = all.objectives[0].len() as u64;
        assert!(rows > 50_000, "{:?} have {rows} rows", self.objectives);
        for method in METHODS {
            for max_rows in [1000, rows / 3, rows - 1] {
                let about = format!("{:?} at most {max_rows} of {rows} by {method:?}", self.objectives);
                match self.ask(method, max_rows) {
                    Err(Error::Limit { rows: sure, limit }) => {
                        assert_eq!(limit, max_rows, "{about}");
                        assert!(max_rows < sure && sure <= rows, "{about}: {sure}");
                    }
                    other => panic!("{about}: {other:?}"),
                }
            }
            let answer = self.ask(method, rows).expect("as many as are allowed");
            assert_eq!(
                (answer.positions, answer.objectives),
                (all.positions.clone(), all.objectives.clone())
            );
        }
    }
}

#[test]
fn a_front_of_everything_is_refused_before_all_of_it_is_found() {
    // Large enough for an enumeration to go on for long after its front has too many rows.
    let large = Large { side: 2400, ..Large::EVERYTHING };
    for method in METHODS {
        match large.ask(method, 20_000) {
            Err(Error::Limit { rows, limit: 20_000 }) => {
                assert!(20_000 < rows && rows < (large.side * large.side / 4) as u64, "{method:?}: {rows}");
            }
            other => panic!("{method:?}: {other:?}"),
        }
    }
}

#[test]
fn a_front_of_everything_is_refused_if_and_only_if_it_has_too_many_rows() {
    Large::EVERYTHING.check();
}

#[test]
fn copies_at_coarse_keys_are_refused_if_and_only_if_they_are_too_many() {
    let objectives = &["floor(x0 / 2) + floor(x1 / 2)", "0 - floor(x0 / 2)", "0 - floor(x1 / 2)"];
    Large { objectives, bits: 8, ties: Ties::All, ..Large::EVERYTHING }.check();
}

#[test]
fn half_of_all_under_a_constraint_is_refused_if_and_only_if_it_is_too_much() {
    Large { constraints: &["x0 >= x1"], ..Large::EVERYTHING }.check();
}

#[test]
fn fronts_of_groups_are_refused_if_and_only_if_they_have_too_many_rows_in_all() {
    Large { by: true, ..Large::EVERYTHING }.check();
}

#[test]
fn four_objectives_are_refused_if_and_only_if_they_leave_too_many_rows() {
    let objectives = &["1 / x0 + 1 / x1", "x0 * x1", "x0 + 2 * x1", "x0 * x0 + 0.5 * x1"];
    Large { objectives, ..Large::EVERYTHING }.check();
}

#[test]
fn two_opposed_objectives_are_refused_if_and_only_if_they_leave_too_many_rows() {
    let objectives = &["x0 * 1000 + x1", "0 - (x0 * 1000 + x1)"];
    Large { objectives, ..Large::EVERYTHING }.check();
}
