//! The finest front of at most so many rows, from coarse to fine.
//!
//! Coarse fronts cost little, so resolutions are tried in ascending order of their bits until it is certain that
//! every finer one has too many rows; then the finest that does not is among those below.
//!
//! How that is certain. Let F be the front at b bits, and c > b. A cell at c bits is at most half as wide as
//! one at b bits, so whatever is at most x by its key at c bits is at most x's key plus one at b bits. Let
//! s and t be rows of F, and r a row of the front at c bits that is, in every key at c bits, at most both. At b
//! bits, r is then at most min(s, t) + 1 in every key, and so is the row of F that is at most r. If no row of
//! F is that small, then s and t need a row each at c bits. Rows of F any two of which are so are as many as
//! the front at c bits has at least.

use crate::control::Control;
use crate::error::Error;
use crate::memory::{self, OutOfMemory};
use crate::pareto::key::FINEST;
use crate::pareto::{Cells, Points};

use super::super::FrontQuestion;

/// Bits that are tried in this order.
const LADDER: [u32; 15] = [0, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, FINEST];

/// Comparisons of rows that a certificate is worth.
const WORTH: usize = 1 << 22;

/// A search for the finest front of at most `most` rows.
pub(super) struct Thinning {
    objectives: usize,
    most: usize,
}

impl Thinning {
    pub(super) fn new(objectives: usize, most: usize) -> Self {
        Self { objectives, most }
    }

    /// Returns the front and its bits, given the front for any bits.
    pub(super) fn run(
        &self,
        question: &FrontQuestion<'_>,
        control: &Control,
        mut front: impl FnMut(u32) -> Result<Points, Error>,
    ) -> Result<(Points, u32), Error> {
        let mut fits: Option<(Points, u32)> = None;
        let mut coarser = 0;
        for bits in if self.objectives == 1 { &LADDER[LADDER.len() - 1..] } else { &LADDER } {
            let points = front(*bits)?;
            if *bits == FINEST {
                return Ok(points.thinned(self.most, question.ties, control)?);
            }
            let too_many = self.surely_too_many(&points, *bits)?;
            if points.indices.len() <= self.most {
                fits = Some((points, *bits));
                coarser = bits + 1;
            } else if too_many {
                for bits in (coarser..*bits).rev() {
                    let points = front(bits)?;
                    if points.indices.len() <= self.most {
                        return Ok((points, bits));
                    }
                }
                return match fits {
                    Some(fits) => Ok(fits),
                    None => Ok((front(0)?, 0)),
                };
            }
        }
        unreachable!("the last bits are the finest")
    }

    /// Whether every finer front surely has more than `most` rows.
    fn surely_too_many(&self, points: &Points, bits: u32) -> Result<bool, OutOfMemory> {
        if points.indices.len() <= self.most {
            return Ok(false);
        }
        let cells = Cells::new(bits);
        // The keys of each row; a row and its copies need one row of a finer front.
        let mut keys: Vec<i64> = memory::room(points.indices.len() * self.objectives)?;
        for row in 0..points.indices.len() {
            let before = keys.len();
            keys.extend(points.objectives.iter().map(|column| cells.key(column[row])));
            if before > 0 && keys[before - self.objectives..before] == keys[before..] {
                keys.truncate(before);
            }
        }
        let rows = keys.len() / self.objectives;
        // Rows of two objectives come in order, so that any two with two others between them are apart.
        if self.objectives == 2 {
            return Ok(rows > 3 * self.most);
        }
        let mut apart: Vec<&[i64]> = Vec::new();
        let mut corner = vec![0; self.objectives];
        let mut compared = 0;
        for row in keys.chunks_exact(self.objectives) {
            let is_apart = apart.iter().all(|other| {
                compared += rows;
                let both = row.iter().zip(*other);
                corner.iter_mut().zip(both).for_each(|(corner, (a, b))| *corner = a.min(b) + 1);
                let is_low = |key: &[i64]| key.iter().zip(&corner).all(|(key, corner)| key <= corner);
                !keys.chunks_exact(self.objectives).any(is_low)
            });
            if is_apart {
                memory::push(&mut apart, row)?;
            }
            if apart.len() > self.most || compared > WORTH {
                break;
            }
        }
        Ok(apart.len() > self.most)
    }
}
