//! Samples of rows, the same each time.

use crate::memory::{self, OutOfMemory};

/// Rows of a sample.
const SAMPLE: usize = 4096;

/// A sample of rows, `SAMPLE` or a sixteenth of them.
pub(super) fn sample(rows: Option<&[u32]>, count: usize) -> Result<Vec<u32>, OutOfMemory> {
    let places = scattered(count, SAMPLE.min(count / 16));
    memory::collected(places.map(|place| rows.map_or(place as u32, |rows| rows[place])))
}

/// `count` places in `0..len`, spread without a pattern that a grid could share; the same each time.
pub(super) fn scattered(len: usize, count: usize) -> impl ExactSizeIterator<Item = usize> {
    // One place in each of `count` equal strips, by the bits of a Weyl sequence well mixed (splitmix64).
    (0..count.min(len)).map(move |strip| {
        let strips = count.min(len) as u128;
        let low = (strip as u128 * len as u128 / strips) as usize;
        let high = ((strip as u128 + 1) * len as u128 / strips) as usize;
        let mut bits = (strip as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        low + ((bits ^ (bits >> 31)) % (high - low).max(1) as u64) as usize
    })
}
