//! The cheap cull: most rows of most questions are dominated by one of a few dozen strong rows.
//!
//! A strong row s is known to dominate x when `key(x) > key(s)` in the first objective and `>=` in the others,
//! which is a few float comparisons with the edges of cells. (Requiring more in one given objective halves
//! the comparisons of "more in any", and loses only rows that share the first key, the one of most distinct
//! values.) Strong rows are chosen greedily: the candidate that kills most of what is left of a sample comes
//! next, as long as testing it everywhere is worth the rows that it kills. Rows go through in blocks that stay
//! in cache, column by column, and are packed together between stages, so later strong rows see few rows.

use super::order::Problem;
use super::sample::scattered;
use crate::control::{Control, Interrupted};
use crate::memory::{self, OutOfMemory};
use crate::parallel::Crew;
use crate::pareto::rows::joined;
use crate::value::simd::Level;

/// Rows that go through all stages together; a block of four columns fits the first-level cache.
const BLOCK: usize = 512;
/// Rows of one piece of work.
const PIECE: usize = 1 << 16;
/// How many rows of the sample's front are candidates for strong rows.
const CANDIDATES: usize = 384;
/// No more strong rows than this.
const STRONGEST: usize = 128;
/// A strong row pays if it eliminates at least one in this number of the rows that reach it: that is about what a
/// comparison costs against sorting and sweeping a row.
const WORTH: usize = 150;
/// Strong rows tested together; rows are packed after 1, 2, 4 ... of these groups.
const GROUP: usize = 4;

/// Strong rows as edges: `edges[objective][strong row]`.
pub(super) struct Strong {
    edges: Vec<Vec<f64>>,
}

impl Strong {
    /// No strong rows: the cull only drops NaN.
    pub(super) fn none(problem: &Problem<'_>) -> Self {
        Self { edges: vec![Vec::new(); problem.columns.len()] }
    }

    pub(super) fn len(&self) -> usize {
        self.edges[0].len()
    }

    /// Chooses strong rows among `candidates` by what they kill in `sample`.
    pub(super) fn choose(
        problem: &Problem<'_>,
        sample: &[u32],
        candidates: &[u32],
    ) -> Result<Self, OutOfMemory> {
        let candidates =
            memory::collected(scattered(candidates.len(), CANDIDATES).map(|place| candidates[place]))?;
        let words = sample.len().div_ceil(64);
        // For each candidate, a bit for each row of the sample.
        let mut kills = memory::zeroed(words * candidates.len())?;
        let of = |candidate: usize| candidate * words..(candidate + 1) * words;
        let columns: Vec<Vec<f64>> = (problem.columns.iter())
            .map(|(column, _)| memory::collected(sample.iter().map(|&row| column[row as usize])))
            .collect::<Result<_, _>>()?;
        for (place, &candidate) in candidates.iter().enumerate() {
            let kills: &mut [u64] = &mut kills[of(place)];
            let edges = edges_of(problem, candidate);
            for (place, word) in kills.iter_mut().enumerate() {
                for bit in 0..64.min(sample.len() - place * 64) {
                    let killed = (columns.iter().zip(&edges))
                        .fold(true, |all, (x, &e)| all & (x[place * 64 + bit] >= e));
                    *word |= u64::from(killed) << bit;
                }
            }
        }
        let mut strong = Self::none(problem);
        let mut alive = sample.len();
        let mut dead = memory::zeroed::<u64>(words)?;
        while strong.len() < STRONGEST {
            let gain =
                |kills: &[u64]| -> u32 { kills.iter().zip(&dead).map(|(k, d)| (k & !d).count_ones()).sum() };
            let best = (0..candidates.len()).max_by_key(|&candidate| gain(&kills[of(candidate)]));
            let Some(best) = best.filter(|&best| gain(&kills[of(best)]) as usize * WORTH > alive) else {
                break;
            };
            alive -= gain(&kills[of(best)]) as usize;
            dead.iter_mut().zip(&kills[of(best)]).for_each(|(dead, kills)| *dead |= kills);
            for (edges, edge) in strong.edges.iter_mut().zip(edges_of(problem, candidates[best])) {
                edges.push(edge);
            }
        }
        Ok(strong)
    }
}

/// What a row must reach in every objective to be dominated for sure.
fn edges_of(problem: &Problem<'_>, strong: u32) -> Vec<f64> {
    (problem.columns.iter().enumerate())
        .map(|(objective, (_, cells))| {
            cells.lower_edge(problem.key(objective, strong) + i64::from(objective == 0))
        })
        .collect()
}

/// Returns the rows that no strong row is known to dominate and that hold no NaN, in their order.
///
/// `rows` are `0..count` if `None`.
pub(super) fn cull(
    problem: &Problem<'_>,
    rows: Option<&[u32]>,
    count: usize,
    strong: &Strong,
    control: &Control,
) -> Result<Vec<u32>, Interrupted> {
    let level = Level::detect();
    let alive = Crew::for_rows(control, count).map_chunks(count, PIECE, |range| {
        let mut alive = Vec::new();
        let mut block = Block::new(problem)?;
        for start in range.clone().step_by(BLOCK) {
            if start % (16 * BLOCK) == 0 {
                control.check()?;
            }
            let end = range.end.min(start + BLOCK);
            match rows {
                Some(rows) => block.gather(problem, &rows[start..end]),
                None => block.copy(problem, start, end),
            }
            level.run(
                #[inline(always)]
                || block.run(strong),
            );
            memory::append(&mut alive, &block.rows[..block.len])?;
        }
        Ok(alive)
    })?;
    joined(alive, control)
}

/// Rows on their way through the stages, column by column.
struct Block {
    len: usize,
    rows: Vec<u32>,
    columns: Vec<Vec<f64>>,
    /// Not zero for rows to be dropped; as wide as the numbers so that lanes match.
    dead: Vec<u64>,
    scratch: Vec<u64>,
}

impl Block {
    fn new(problem: &Problem<'_>) -> Result<Self, OutOfMemory> {
        Ok(Self {
            len: 0,
            rows: memory::zeroed(BLOCK)?,
            columns: problem.columns.iter().map(|_| memory::zeroed(BLOCK)).collect::<Result<_, _>>()?,
            dead: memory::zeroed(BLOCK)?,
            scratch: memory::zeroed(BLOCK)?,
        })
    }

    fn copy(&mut self, problem: &Problem<'_>, start: usize, end: usize) {
        self.len = end - start;
        for (row, slot) in (start as u32..).zip(&mut self.rows[..self.len]) {
            *slot = row;
        }
        for (to, (from, _)) in self.columns.iter_mut().zip(&problem.columns) {
            to[..end - start].copy_from_slice(&from[start..end]);
        }
    }

    fn gather(&mut self, problem: &Problem<'_>, rows: &[u32]) {
        self.len = rows.len();
        self.rows[..rows.len()].copy_from_slice(rows);
        for (to, (from, _)) in self.columns.iter_mut().zip(&problem.columns) {
            to.iter_mut().zip(rows).for_each(|(to, &row)| *to = from[row as usize]);
        }
    }

    #[inline(always)]
    fn run(&mut self, strong: &Strong) {
        self.dead.fill(0);
        for column in &self.columns {
            for (dead, x) in self.dead[..self.len].iter_mut().zip(column) {
                *dead |= u64::from(x.is_nan());
            }
        }
        let mut from = 0;
        let mut pack_at = GROUP;
        while from < strong.len() && self.len > 0 {
            let to = strong.len().min(from + GROUP);
            match strong.edges.len() {
                2 => self.mark::<2>(strong, from, to),
                3 => self.mark::<3>(strong, from, to),
                4 => self.mark::<4>(strong, from, to),
                _ => self.mark_any(strong, from, to),
            }
            from = to;
            if from >= pack_at {
                self.pack();
                pack_at = 2 * from;
            }
        }
        self.pack();
    }

    /// Marks what a group of strong rows dominates. The last one stands in for those that a short group lacks.
    #[inline(always)]
    fn mark<const K: usize>(&mut self, strong: &Strong, from: usize, to: usize) {
        let len = self.len;
        let x: [&[f64]; K] = std::array::from_fn(|objective| &self.columns[objective][..len]);
        let edges: [[f64; K]; GROUP] = std::array::from_fn(|member| {
            std::array::from_fn(|objective| strong.edges[objective][(from + member).min(to - 1)])
        });
        for (row, dead) in self.dead[..len].iter_mut().enumerate() {
            let mut any = *dead;
            for edges in &edges {
                let mut all = u64::from(x[0][row] >= edges[0]);
                for objective in 1..K {
                    all &= u64::from(x[objective][row] >= edges[objective]);
                }
                any |= all;
            }
            *dead = any;
        }
    }

    /// [`mark`](Self::mark) for any number of objectives.
    #[inline(always)]
    fn mark_any(&mut self, strong: &Strong, from: usize, to: usize) {
        let all = &mut self.scratch[..self.len];
        for member in from..to {
            all.fill(1);
            for (x, edges) in self.columns.iter().zip(&strong.edges) {
                for (all, &x) in all.iter_mut().zip(x) {
                    *all &= u64::from(x >= edges[member]);
                }
            }
            self.dead.iter_mut().zip(&*all).for_each(|(dead, all)| *dead |= all);
        }
    }

    /// Moves the rows that are left together.
    #[inline(always)]
    fn pack(&mut self) {
        let len = self.len;
        let mut left = 0;
        // The places of the rows that are left, without a branch; then column by column.
        let places = &mut self.scratch[..len];
        for (place, &dead) in self.dead[..len].iter().enumerate() {
            places[left] = place as u64;
            left += usize::from(dead == 0);
        }
        if left < len {
            for (to, &place) in places[..left].iter().enumerate() {
                self.rows[to] = self.rows[place as usize];
            }
            for column in &mut self.columns {
                for (to, &place) in places[..left].iter().enumerate() {
                    column[to] = column[place as usize];
                }
            }
            self.dead[..left].fill(0);
            self.len = left;
        }
    }
}
