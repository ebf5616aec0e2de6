//! A quick proof that a front has too many rows.
//!
//! A search for a front makes a dominance query for each box and each configuration. Where nearly all of a space is on
//! its front that is most of the work, and it prunes little. The proof makes none: it computes a part of the space,
//! takes the front of that at once, and counts its rows that no open box reaches. These stay to the end: no
//! configuration of the boxes can dominate them.
//!
//! Boxes are taken in an order that leaves none behind. The space is swept along one objective, and where boxes
//! begin together along a second one: open boxes then lie ahead, and reach little of what is swept.
//!
//! ```text
//! tokens  . . ? ? ?      x   computed: neither params nor tokens is as large as at the low ends of an open box
//!         x x o ? ?      o   the low ends of the box that is taken next
//!         x x x ? ?      ?   the low ends of other open boxes
//!         params -->
//! ```
//!
//! A front may be too large without a proof of it. The attempt is given up when few of the first rows stay, and after
//! some times as many configurations as the answer may have rows.

use super::goal::{Found, FrontSize, Goal};
use super::open_boxes::Open;
use super::reach::reached;
use crate::control::{Control, Interrupted};
use crate::error::Error;
use crate::memory::{self, OutOfMemory};
use crate::pareto::Points;
use crate::pareto::archive::Archive;
use crate::pareto::groups::{FrontOf, by_group, front_by};

/// The proof is given up after this number of times as many configurations as the answer may have rows, or when less
/// than one in this number stays.
const ENOUGH: u64 = 8;

/// At least this number of configurations is computed before it is given up.
const LEAST: u64 = 1 << 16;

/// The first look is at this part of the rows that the answer may have: it shows whether going on is worth it. The last
/// one is at as much beyond them.
const PART: u64 = 16;

/// Rounds after which it is given up, and those before the first look: constraints may leave little to be computed.
const ROUNDS: u32 = 96;
const FIRST_ROUNDS: u32 = 32;

/// Boxes from which on an order can be seen.
const WORTH_AN_ORDER: usize = 512;

/// How many configurations are computed where an open box was, or more.
const IN_BOX: u64 = 64;

/// Looks for the proof; it ends without an error if there is none.
pub(super) struct Proof {
    size: FrontSize,
    /// The front of what was computed until it was last taken, and all that was computed since.
    found: Found,
    computed: u64,
    /// Configurations in `found` from which on it is worth a look.
    look_at: u64,
    /// The objectives in whose order the space is swept.
    order: Vec<usize>,
    rounds: u32,
    looked: bool,
    given_up: bool,
}

impl Proof {
    pub(super) fn new(size: FrontSize) -> Self {
        Self {
            found: Found { points: Points::none(size.bits.len()), groups: Vec::new() },
            computed: 0,
            look_at: size.limit / PART + 1,
            size,
            order: Vec::new(),
            rounds: 0,
            looked: false,
            given_up: false,
        }
    }

    /// Keeps the front of what was found.
    fn tidy(&mut self, control: &Control) -> Result<(), Interrupted> {
        let Found { points, groups } = &mut self.found;
        let asked = FrontOf {
            bits: &self.size.bits,
            ties: self.size.ties,
            maximize: &[],
            groups: (!groups.is_empty()).then_some(groups.as_slice()),
            indices: Some(&points.indices),
            rows: None,
        };
        let mut kept = front_by(&points.columns(), &asked, control)?;
        kept.sort_unstable();
        if !groups.is_empty() {
            *groups = memory::collected(kept.iter().map(|&row| groups[row]))?;
        }
        points.keep(kept.iter().copied())?;
        Ok(())
    }

    /// How many of the rows no open box reaches.
    fn staying(&self, reached: &[Archive], control: &Control) -> Result<u64, Interrupted> {
        let Found { points, groups } = &self.found;
        if groups.is_empty() {
            return reached[0].leaves(points, control);
        }
        let mut staying = 0;
        by_group::<Interrupted>(groups, |group, rows| {
            let rows = points.select(rows.iter().map(|&row| row as usize))?;
            staying += reached[group].leaves(&rows, control)?;
            Ok(())
        })?;
        Ok(staying)
    }
}

/// The objectives, those first of which open boxes have fewer low ends: along these, boxes begin together.
fn fewest_values_first(open: &Open, objectives: usize) -> Result<Vec<usize>, OutOfMemory> {
    let mut counts = Vec::with_capacity(objectives);
    for (objective, column) in open.bounds[..objectives].iter().enumerate() {
        let mut values = memory::copied(column)?;
        values.sort_unstable_by(f64::total_cmp);
        values.dedup();
        counts.push((values.len(), objective));
    }
    counts.sort_unstable();
    Ok(counts.into_iter().map(|(_, objective)| objective).collect())
}

impl Goal for Proof {
    fn absorb(&mut self, found: Vec<Found>, _control: &Control) -> Result<(), Error> {
        for Found { points, groups } in found {
            self.computed += points.indices.len() as u64;
            self.found.points.append(points)?;
            memory::append(&mut self.found.groups, &groups)?;
        }
        Ok(())
    }

    fn check_size(
        &mut self,
        open: &Open,
        groups: impl FnOnce() -> Result<Vec<u32>, OutOfMemory>,
        control: &Control,
    ) -> Result<(), Error> {
        if self.order.is_empty() && open.len() >= WORTH_AN_ORDER {
            self.order = fewest_values_first(open, self.size.bits.len())?;
        }
        self.rounds += 1;
        if (self.rows() as u64) < self.look_at && open.len() > 0 {
            self.given_up = self.rounds > if self.looked { ROUNDS } else { FIRST_ROUNDS };
            return Ok(());
        }
        self.looked = true;
        self.tidy(control)?;
        let boxes = memory::collected(0..open.len() as u32)?;
        let reached = reached(&self.size.bits, self.size.groups, open, &boxes, &groups()?, control)?;
        let (staying, limit) = (self.staying(&reached, control)?, self.size.limit);
        if staying > limit {
            return Err(Error::Limit { rows: staying, limit });
        }
        let hopeless = staying.saturating_mul(ENOUGH) < self.computed;
        let enough = self.computed > limit.saturating_mul(ENOUGH);
        self.given_up = (hopeless || enough) && self.computed > LEAST;
        // As many more as are wanting, and some that the open boxes may reach.
        self.look_at = (self.rows() as u64).saturating_add(limit - staying + limit / PART + 1);
        Ok(())
    }

    fn lowest_first(&self) -> &[usize] {
        &self.order
    }

    fn most_boxes(&self) -> usize {
        usize::try_from(self.size.limit / PART / IN_BOX).unwrap_or(usize::MAX)
    }

    fn rows(&self) -> usize {
        self.found.points.indices.len()
    }

    /// A row would come twice.
    fn samples(&self) -> bool {
        false
    }

    fn is_done(&self) -> bool {
        self.given_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pareto::Ties;

    /// Three rows of a front.
    fn found() -> Found {
        let points =
            Points { objectives: vec![vec![1.0, 2.0, 3.0], vec![3.0, 2.0, 1.0]], indices: vec![0, 1, 2] };
        Found { points, groups: vec![] }
    }

    fn open(corner: [f64; 2]) -> Open {
        let mut open = Open::new(0, 2);
        open.bounds = corner.iter().map(|&bound| vec![bound]).collect();
        open.index = vec![9];
        open
    }

    fn proof_of(groups: usize, limit: u64) -> Proof {
        Proof::new(FrontSize { bits: vec![52; 2], ties: Ties::First, groups, limit })
    }

    #[test]
    fn it_refuses_for_rows_that_no_open_box_reaches() {
        let control = Control::new(1);
        for (corner, staying) in
            [([-9.0, 9.0], 3), ([1.5, 2.0], 2), ([1.5, 0.0], 1), ([2.0, 2.0], 2), ([0.0, 0.0], 0)]
        {
            let mut proof = proof_of(1, 1);
            proof.absorb(vec![found()], &control).expect("room for three");
            let refused = match proof.check_size(&open(corner), || Ok(Vec::new()), &control) {
                Ok(()) => None,
                Err(Error::Limit { rows, limit: 1 }) => Some(rows),
                Err(error) => panic!("{error}"),
            };
            assert_eq!(refused, Some(staying).filter(|&rows| rows > 1), "{corner:?}");
        }
    }

    #[test]
    fn boxes_of_another_group_reach_nothing() {
        let control = Control::new(1);
        for (group, staying) in [(0, None), (1, Some(2))] {
            let mut proof = proof_of(2, 1);
            let mut found = found();
            found.groups = vec![0, 0, 1];
            proof.absorb(vec![found], &control).expect("room for three");
            let refused = match proof.check_size(&open([0.0, 0.0]), || Ok(vec![group]), &control) {
                Ok(()) => None,
                Err(Error::Limit { rows, .. }) => Some(rows),
                Err(error) => panic!("{error}"),
            };
            assert_eq!(refused, staying, "{group}");
        }
    }

    #[test]
    fn it_is_given_up_where_nothing_is_found() {
        let control = Control::new(1);
        let mut proof = proof_of(1, 1_000_000);
        for _ in 0..FIRST_ROUNDS {
            proof.check_size(&open([0.0, 0.0]), || Ok(Vec::new()), &control).expect("no proof");
            assert!(!proof.is_done());
        }
        proof.check_size(&open([0.0, 0.0]), || Ok(Vec::new()), &control).expect("no proof");
        assert!(proof.is_done());
    }
}
