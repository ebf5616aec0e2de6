//! Three objectives: a staircase of the other two that grows along the order.

use super::order::{Buckets, Problem, Scratch};
use super::staircase::Staircase;
use crate::control::{Control, Interrupted, LOOK};
use crate::memory;
use crate::parallel::Crew;
use crate::pareto::rows::joined;

/// Three objectives: along the order, a row is on the front if the staircase of the other two, of all rows
/// before, does not cover it. Strips of the order grow staircases of their own; then what a strip kept is
/// tested against the staircase of all strips before it.
pub(super) fn triples(
    problem: &Problem<'_>,
    rows: &[u32],
    control: &Control,
) -> Result<Vec<u32>, Interrupted> {
    let crew = Crew::for_rows(control, rows.len());
    let piles = Buckets::deal(problem, rows, control)?;
    let strips = crew.threads().min(piles.len());
    let strips = crew.map(strips, |strip| {
        let mut staircase = Staircase::default();
        let mut kept = Vec::new();
        let mut scratch = Scratch::default();
        let mut rows = Vec::new();
        for pile in piles.len() * strip / strips..piles.len() * (strip + 1) / strips {
            control.check()?;
            rows.clear();
            memory::extend(&mut rows, piles.rows(pile))?;
            problem.sort(&mut rows, &mut scratch)?;
            memory::reserve(&mut kept, rows.len())?;
            for &row in &rows {
                if staircase.insert(problem.key(1, row), problem.key(2, row))? {
                    kept.push(row);
                }
            }
        }
        Ok((kept, staircase))
    })?;
    let mut front = Vec::new();
    let mut before = Staircase::default();
    for (kept, staircase) in strips {
        let uncovered = crew.map_chunks(kept.len(), 1 << 14, |range| {
            control.check()?;
            let uncovered = |row: &u32| !before.covers(problem.key(1, *row), problem.key(2, *row));
            Ok(memory::gathered(kept[range].iter().copied().filter(uncovered))?)
        })?;
        front.push(joined(uncovered, control)?);
        for (place, (y, z)) in staircase.steps().enumerate() {
            if place % LOOK == 0 {
                control.check()?;
            }
            before.insert(y, z)?;
        }
    }
    joined(front, control)
}
