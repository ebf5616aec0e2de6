//! One objective: the least value prunes all lanes from there on.

use crate::control::{Control, Interrupted, LOOK};
use crate::memory::{self, OutOfMemory};
use crate::pareto::points::Points;
use crate::pareto::rows::Ties;
use crate::value::simd::Level;

/// Lanes that are looked at together.
const BLOCK: usize = 256;

/// The rows of the least value: one, or all of them.
#[derive(Debug, Clone)]
pub(super) struct Single {
    ties: Ties,
    level: Level,
    /// Values (equal, but for the sign of zero) and indices, ascending.
    rows: Vec<(f64, u64)>,
}

impl Single {
    pub(super) fn new(ties: Ties) -> Self {
        Self { ties, level: Level::detect(), rows: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn unpruned(&self, bounds: &[f64], indices: &[u64], open: &mut Vec<u32>) {
        let Some(&(least, index)) = self.rows.first() else {
            open.extend(0..indices.len() as u32);
            return;
        };
        // With all ties an equal bound prunes no lane, as if no index came after the row's.
        let prunes_from = if self.ties == Ties::First { Some(index) } else { None };
        self.level.run(
            #[inline(always)]
            || {
                let blocks = bounds[..indices.len()].chunks(BLOCK).zip(indices.chunks(BLOCK));
                for (block, (bounds, indices)) in blocks.enumerate() {
                    let mut lanes = [0; BLOCK];
                    let mut found = 0;
                    for (lane, (&bound, &m)) in bounds.iter().zip(indices).enumerate() {
                        let equal_settles = prunes_from.is_some_and(|index| index <= m);
                        let pruned = (least < bound) | ((least == bound) & equal_settles);
                        lanes[found] = (block * BLOCK + lane) as u32;
                        found += usize::from(!pruned);
                    }
                    open.extend_from_slice(&lanes[..found]);
                }
            },
        );
    }

    pub(super) fn add(&mut self, points: &Points, control: &Control) -> Result<(), Interrupted> {
        let [values] = points.objectives.as_slice() else {
            panic!("one objective, not {}", points.objectives.len());
        };
        assert!(values.len() == points.indices.len(), "as many indices as values");
        for (values, indices) in values.chunks(LOOK).zip(points.indices.chunks(LOOK)) {
            control.check()?;
            for (&value, &index) in values.iter().zip(indices) {
                match self.rows.first() {
                    Some(&(least, _)) if least < value => {}
                    Some(&(least, first)) if least == value => {
                        if self.ties == Ties::All || index < first {
                            memory::push(&mut self.rows, (value, index))?;
                        }
                        if self.ties == Ties::First && index < first {
                            self.rows.swap_remove(0);
                        }
                    }
                    _ => {
                        self.rows.clear();
                        memory::push(&mut self.rows, (value, index))?;
                    }
                }
            }
        }
        self.rows.sort_unstable_by_key(|&(_, index)| index);
        self.rows.dedup_by_key(|&mut (_, index)| index);
        Ok(())
    }

    /// The rows, by index.
    pub(super) fn copied(&self) -> Result<Points, OutOfMemory> {
        Ok(Points {
            objectives: vec![memory::collected(self.rows.iter().map(|&(value, _)| value))?],
            indices: memory::collected(self.rows.iter().map(|&(_, index)| index))?,
        })
    }

    pub(super) fn into_points(self) -> Result<Points, OutOfMemory> {
        self.copied()
    }
}
