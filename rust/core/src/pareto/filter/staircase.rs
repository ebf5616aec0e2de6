//! The front of pairs, as it grows.
//!
//! Steps lie in ascending order of `y`, with `z` strictly descending, in chunks of a bounded length: a
//! look-up is two short binary searches, an insertion moves at most one chunk. Typical staircases fit a few
//! chunks; even one of a million steps costs some hundred nanoseconds an insertion.

use crate::memory::{self, OutOfMemory};

/// A full chunk is cut in two.
const CHUNK: usize = 256;

/// Steps next to each other; never empty.
#[derive(Debug, Clone, Default)]
struct Chunk {
    y: Vec<i64>,
    z: Vec<i64>,
}

/// Pairs of keys, none of which is at most another in both components.
#[derive(Debug, Clone, Default)]
pub(super) struct Staircase {
    chunks: Vec<Chunk>,
    /// The first `y` of each chunk.
    firsts: Vec<i64>,
}

impl Staircase {
    /// Whether some step is at most `(y, z)` in both components.
    #[inline(always)]
    pub(super) fn covers(&self, y: i64, z: i64) -> bool {
        // The last step at or before y has the least z of all of these.
        let Some(chunk) = self.firsts.partition_point(|&first| first <= y).checked_sub(1) else {
            return false;
        };
        let chunk = &self.chunks[chunk];
        let step = chunk.y.partition_point(|&step| step <= y) - 1;
        chunk.z[step] <= z
    }

    /// Adds a step and drops those that it covers; `false`, and no change, if the staircase covers it.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`] if there is no room for it; the staircase is poisoned then.
    #[inline(always)]
    pub(super) fn insert(&mut self, y: i64, z: i64) -> Result<bool, OutOfMemory> {
        let Some(at) = self.firsts.partition_point(|&first| first <= y).checked_sub(1) else {
            self.place(0, 0, y, z)?;
            return Ok(true);
        };
        let chunk = &self.chunks[at];
        let after = chunk.y.partition_point(|&step| step <= y);
        if chunk.z[after - 1] <= z {
            return Ok(false);
        }
        // A step at the same y is higher, so the new one covers it.
        self.place(at, after - usize::from(chunk.y[after - 1] == y), y, z)?;
        Ok(true)
    }

    /// Puts a step that no other covers before step `step` of chunk `at`, and drops what it covers from there.
    fn place(&mut self, at: usize, step: usize, y: i64, z: i64) -> Result<(), OutOfMemory> {
        if self.chunks.is_empty() {
            memory::push(&mut self.chunks, Chunk::default())?;
            memory::push(&mut self.firsts, y)?;
        }
        let chunk = &mut self.chunks[at];
        let covered = chunk.z[step..].iter().take_while(|&&other| other >= z).count();
        let reaches_end = step + covered == chunk.z.len();
        if covered > 0 {
            chunk.y[step] = y;
            chunk.z[step] = z;
            if covered > 1 {
                chunk.y.drain(step + 1..step + covered);
                chunk.z.drain(step + 1..step + covered);
            }
        } else {
            memory::reserve(&mut chunk.y, 1)?;
            memory::reserve(&mut chunk.z, 1)?;
            chunk.y.insert(step, y);
            chunk.z.insert(step, z);
        }
        self.firsts[at] = chunk.y[0];
        if reaches_end {
            self.drop_covered_from(at + 1, z);
        }
        if self.chunks[at].y.len() > CHUNK { self.split(at) } else { Ok(()) }
    }

    /// Drops the leading steps with `z` or more from chunk `at` onward.
    fn drop_covered_from(&mut self, at: usize, z: i64) {
        let whole = self.chunks[at..]
            .iter()
            .take_while(|chunk| chunk.z.last().is_some_and(|&last| last >= z))
            .count();
        self.chunks.drain(at..at + whole);
        self.firsts.drain(at..at + whole);
        if let Some(chunk) = self.chunks.get_mut(at) {
            let part = chunk.z.iter().take_while(|&&other| other >= z).count();
            if part > 0 {
                chunk.y.drain(..part);
                chunk.z.drain(..part);
                self.firsts[at] = chunk.y[0];
            }
        }
    }

    #[cold]
    fn split(&mut self, at: usize) -> Result<(), OutOfMemory> {
        memory::reserve(&mut self.firsts, 1)?;
        memory::reserve(&mut self.chunks, 1)?;
        let chunk = &mut self.chunks[at];
        let middle = chunk.y.len() / 2;
        let right = Chunk { y: memory::copied(&chunk.y[middle..])?, z: memory::copied(&chunk.z[middle..])? };
        chunk.y.truncate(middle);
        chunk.z.truncate(middle);
        self.firsts.insert(at + 1, right.y[0]);
        self.chunks.insert(at + 1, right);
        Ok(())
    }

    /// The steps, ascending in `y`.
    pub(super) fn steps(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.chunks.iter().flat_map(|chunk| chunk.y.iter().copied().zip(chunk.z.iter().copied()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers without pattern, the same each time.
    fn noise(count: usize, range: u64) -> impl Iterator<Item = i64> {
        let mut state = 1u64;
        (0..count).map(move |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % range) as i64
        })
    }

    fn check(pairs: &[(i64, i64)]) {
        let mut staircase = Staircase::default();
        let mut kept: Vec<(i64, i64)> = Vec::new();
        for &(y, z) in pairs {
            let covered = kept.iter().any(|&(a, b)| a <= y && b <= z);
            assert_eq!(staircase.covers(y, z), covered);
            assert_eq!(staircase.insert(y, z), Ok(!covered));
            if !covered {
                kept.retain(|&(a, b)| !(y <= a && z <= b));
                kept.push((y, z));
            }
        }
        kept.sort_unstable();
        assert_eq!(staircase.steps().collect::<Vec<_>>(), kept);
    }

    #[test]
    fn a_staircase_is_the_front_of_its_pairs() {
        for range in [3, 20, 1000, 1 << 30] {
            let numbers: Vec<i64> = noise(4000, range).collect();
            check(&numbers.chunks(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>());
        }
    }

    #[test]
    fn long_staircases_are_cut_into_chunks_and_fall_again() {
        let mut pairs: Vec<(i64, i64)> = noise(3000, 100_000).map(|y| (y, -y)).collect();
        pairs.extend(noise(50, 100_000).map(|y| (y, -y - 5000)));
        pairs.push((-1, -200_000));
        check(&pairs);
    }
}
