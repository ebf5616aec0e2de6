//! Primal heuristic: the configuration of an open box that is evaluated to find incumbents.
//!
//! That is the middle of the box, but along a slot of which one end is never worse, that end: where quality costs
//! nothing, the best data. Which slots have such an end is found by trying, on some configurations. Were it wrong for
//! others, fewer boxes would be pruned, but none wrongly.

use crate::memory::{self, OutOfMemory};
use crate::program::search::{Lanes, Slot};
use crate::value::scalar;

use super::context::Search;

/// Configurations that are tried.
const TRIED: usize = 64;

/// A position of a block of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Probe {
    Middle,
    First,
    Last,
}

impl Probe {
    /// Where none is better, the first of these is taken.
    const ALL: [Self; 3] = [Self::Middle, Self::First, Self::Last];

    /// The position in a block from `first` to `last`.
    #[inline(always)]
    pub(super) fn position(self, first: u32, last: u32) -> u32 {
        match self {
            Self::Middle => first + (last - first) / 2,
            Self::First => first,
            Self::Last => last,
        }
    }
}

/// For each slot, positions of configurations that fill the space evenly.
///
/// # Errors
///
/// [`OutOfMemory`] if there is no room for them.
pub(super) fn spread(slots: &[Slot], count: usize) -> Result<Vec<Vec<u32>>, OutOfMemory> {
    // Multiples of the powers of a generalised golden section fill a cube evenly (Roberts 2018).
    let mut golden = 2.0;
    for _ in 0..64 {
        golden = scalar::pow(1.0 + golden, 1.0 / (slots.len() as f64 + 1.0));
    }
    let mut step = 1.0;
    let along = |slot: &Slot| {
        step /= golden;
        let place = |number: usize| ((number as f64 + 0.5) * step).fract() * f64::from(slot.length);
        memory::collected((0..count).map(|number| (place(number) as u32).min(slot.length - 1)))
    };
    slots.iter().map(along).collect()
}

/// The best probe of each slot, the other positions unchanged, at all configurations that are tried.
///
/// # Errors
///
/// [`OutOfMemory`] if there is no room for the configurations that are tried.
pub(super) fn probes(search: &Search<'_>) -> Result<Vec<Probe>, OutOfMemory> {
    let program = search.program;
    let all = spread(&program.slots, TRIED)?.into_iter().map(|column| column.repeat(Probe::ALL.len()));
    let mut positions: Vec<Vec<u32>> = all.collect();
    let mut lanes = Lanes::default();
    let mut probes = Vec::with_capacity(positions.len());
    for (number, slot) in program.slots.iter().enumerate() {
        let varied =
            Probe::ALL.iter().flat_map(|probe| [probe.position(0, slot.length - 1); TRIED]).collect();
        let before = std::mem::replace(&mut positions[number], varied);
        let columns: Vec<&[u32]> = positions.iter().map(Vec::as_slice).collect();
        program.values(&columns, TRIED * Probe::ALL.len(), &mut lanes)?;
        let never_worse = |probe: usize, other: usize| {
            (0..TRIED).all(|tried| no_worse(search, &lanes, probe * TRIED + tried, other * TRIED + tried))
        };
        let count = Probe::ALL.len();
        let best = (0..count).find(|&probe| (0..count).all(|other| never_worse(probe, other)));
        probes.push(best.map_or(Probe::Middle, |probe| Probe::ALL[probe]));
        positions[number] = before;
    }
    Ok(probes)
}

/// Whether one configuration is an answer no worse in any objective than another, or the other is none.
fn no_worse(search: &Search<'_>, lanes: &Lanes, one: usize, other: usize) -> bool {
    let program = search.program;
    let value = |place, lane| lanes.at(place).at(lane);
    let counts = |lane| {
        program.constraints().iter().all(|&place| value(place, lane) != 0.0)
            && program.outputs().iter().all(|&place| !value(place, lane).is_nan())
    };
    let at_most = |place| value(place, one) <= value(place, other);
    !counts(other) || counts(one) && program.outputs().iter().all(|&place| at_most(place))
}

#[cfg(test)]
mod tests {
    use super::Probe::{First, Last, Middle};
    use super::*;
    use crate::control::Control;
    use crate::program::search::{SearchProgram, SearchSpace, TableLimit};
    use crate::space::{Column, Space};
    use crate::sweep::Engine;
    use crate::sweep::question::minimized;
    use crate::value::simd::Level;

    /// The probes on the axes `size`, `good` and `bad` (each 1 to 9), for these objectives under these constraints.
    fn found(objectives: &[&str], constraints: &[&str]) -> Vec<Probe> {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let columns = ["size", "good", "bad"].iter().enumerate().map(|(axis, &name)| Column {
            name: name.to_owned(),
            axis,
            values: (1..10).map(f64::from).collect(),
            boolean: false,
        });
        let space = Space::new(vec![9; 3], columns.collect()).expect("three axes");
        let engine = Engine::new(&space, [], [], Level::detect());
        let outputs = minimized(&owned(objectives));
        let bound = engine.bind(&owned(constraints), &outputs).expect("formulas");
        let program = SearchProgram::new(
            &bound.graph,
            SearchSpace::new(&space, &bound.axes),
            &bound.roots,
            &[],
            TableLimit::FEW,
            Level::detect(),
            &Control::new(1),
        );
        let program = program.expect("nothing interrupts");
        probes(&Search { program: &program, objectives: objectives.len(), groups: None, weight: 1 })
            .expect("a few configurations")
    }

    #[test]
    fn an_end_that_is_never_worse_is_taken() {
        assert_eq!(found(&["bad/(size*good)", "size"], &[]), [Middle, Last, First]);
        assert_eq!(found(&["-bad*size/good", "-size"], &[]), [Last, First, Last]);
    }

    #[test]
    fn no_end_is_taken_that_is_worse_somewhere() {
        assert_eq!(found(&["(good - 4)**2 + (bad - 5)**2", "size"], &[]), [First, Middle, Middle]);
        assert_eq!(
            found(&["bad/(size*good)", "size"], &["good <= 6", "bad*size > 3"]),
            [Middle, Middle, Middle]
        );
        assert_eq!(found(&["log(6 - good) + bad", "size"], &[]), [First, Middle, First]);
    }
}
