//! Copies of the rows of a front: rows with the same true objectives.

use super::order::Problem;
use crate::control::{Control, Interrupted, LOOK};
use crate::memory;
use crate::parallel::Crew;
use crate::pareto::rows::joined;

/// `kept` and the rows among `alive` with the same true objectives as one of them.
pub(in crate::pareto) fn with_copies(
    problem: &Problem<'_>,
    alive: &[u32],
    kept: &[u32],
    control: &Control,
) -> Result<Vec<u32>, Interrupted> {
    const EMPTY: u32 = u32::MAX;
    // A table of the kept rows by their true objectives: open addressing, at most half full.
    let mask = (kept.len() * 2).next_power_of_two() - 1;
    let home = |row: u32| {
        let mixed = (problem.ranks(row)).fold(0u64, |mixed, rank| {
            (mixed.rotate_left(29) ^ rank as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        });
        (mixed ^ (mixed >> 32)) as usize & mask
    };
    let mut table = memory::filled(mask + 1, EMPTY)?;
    for (place, &row) in kept.iter().enumerate() {
        if place % LOOK == 0 {
            control.check()?;
        }
        let mut slot = home(row);
        while table[slot] != EMPTY {
            slot = (slot + 1) & mask;
        }
        table[slot] = row;
    }
    let copies = Crew::for_rows(control, alive.len()).map_chunks(alive.len(), LOOK, |range| {
        control.check()?;
        let is_copy = |&row: &u32| {
            let mut slot = home(row);
            while table[slot] != EMPTY {
                if problem.ranks(table[slot]).eq(problem.ranks(row)) {
                    return true;
                }
                slot = (slot + 1) & mask;
            }
            false
        };
        Ok(memory::gathered(alive[range].iter().copied().filter(is_copy))?)
    })?;
    joined(copies, control)
}
