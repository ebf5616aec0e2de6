//! Keys: how finely objectives are compared.
//!
//! The bits of a number, read as an integer and mirrored for negative numbers, count the numbers in order:
//! that is its [`rank`]. [`Cells`] groups neighbouring ranks: at `bits` bits a cell spans a ratio below
//! `1 + 2^-bits`, and its number is the key. Half a cell is added before the low bits are dropped, so that
//! round numbers, where rounding noise lives, lie in the middle of their cells.
//!
//! Objectives are minimised here; a maximised one is negated before it comes.

/// The finest comparison: every number is a cell of its own.
pub const FINEST: u32 = 52;

/// The place of `x` among all numbers in ascending order; -0 and +0 have the same.
///
/// The rank of NaN has no meaning.
#[inline(always)]
#[must_use]
pub fn rank(x: f64) -> i64 {
    let bits = (x + 0.0).to_bits() as i64;
    // All ones for a negative number: mirrors everything but the sign.
    bits ^ (bits >> 63) & i64::MAX
}

/// The number of a given rank: the inverse of [`rank`].
#[inline(always)]
fn number(rank: i64) -> f64 {
    f64::from_bits((rank ^ (rank >> 63) & i64::MAX) as u64) + 0.0
}

/// The cells of one resolution, `2^-bits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cells {
    shift: u32,
    half: i64,
}

impl Cells {
    /// Cells that span a ratio below `1 + 2^-bits`.
    ///
    /// # Panics
    ///
    /// If `bits` exceeds [`FINEST`].
    #[must_use]
    pub fn new(bits: u32) -> Self {
        assert!(bits <= FINEST, "a resolution has at most {FINEST} bits, not {bits}");
        let shift = FINEST - bits;
        Self { shift, half: if shift > 0 { 1 << (shift - 1) } else { 0 } }
    }

    /// The key of `x`, to be minimised. The key of NaN has no meaning.
    #[inline(always)]
    #[must_use]
    pub fn key(self, x: f64) -> i64 {
        self.key_of_rank(rank(x))
    }

    /// The key of the number of this [`rank`].
    #[inline(always)]
    #[must_use]
    pub fn key_of_rank(self, rank: i64) -> i64 {
        // Only NaN can wrap.
        rank.wrapping_add(self.half) >> self.shift
    }

    /// A cell holds `2^shift` ranks.
    #[inline(always)]
    pub(super) fn shift(self) -> u32 {
        self.shift
    }

    /// The first rank of a cell. It need not be that of a number, at both ends.
    #[inline(always)]
    pub(super) fn first_rank(self, key: i64) -> i64 {
        (key << self.shift) - self.half
    }

    /// The number from which on keys are at least `key`.
    ///
    /// For every `x` but NaN, `self.key(x) >= key` exactly if `x >= self.lower_edge(key)`: the comparison of
    /// two floats stands for that of two keys. It is the smallest number of the cell if the cell has any;
    /// minus infinity if every number has a key that large, and NaN (which no number reaches) if none has.
    #[inline(always)]
    #[must_use]
    pub fn lower_edge(self, key: i64) -> f64 {
        if key <= self.key(f64::NEG_INFINITY) {
            f64::NEG_INFINITY
        } else if key > self.key(f64::INFINITY) {
            f64::NAN
        } else {
            number(self.first_rank(key))
        }
    }
}

/// The coarsest `bits` whose `2^-bits` is at most `resolution`, in `0..=52`; 52 for anything finer.
///
/// `None` if `resolution` is NaN or outside `[0, 1]`.
///
/// # Examples
///
/// ```
/// use isoflop_core::pareto::bits_of;
/// assert_eq!(bits_of(1e-9), Some(30));
/// assert_eq!(bits_of(0.05), Some(5)); // acts as 0.03125
/// assert_eq!(bits_of(0.0), Some(52));
/// assert_eq!(bits_of(1.5), None);
/// ```
#[must_use]
pub fn bits_of(resolution: f64) -> Option<u32> {
    if !(0.0..=1.0).contains(&resolution) {
        return None;
    }
    Some((0..FINEST).find(|&bits| 1.0 / (1u64 << bits) as f64 <= resolution).unwrap_or(FINEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ascending, with both zeros.
    const AWKWARD: [f64; 17] = [
        f64::NEG_INFINITY,
        f64::MIN,
        -1e10,
        -1.5,
        -1.0,
        -f64::MIN_POSITIVE,
        -5e-324,
        -0.0,
        0.0,
        5e-324,
        f64::MIN_POSITIVE,
        0.1,
        1.0,
        1.0 + f64::EPSILON,
        6e23,
        f64::MAX,
        f64::INFINITY,
    ];

    /// The key word for word as the design has it.
    fn key_as_defined(x: f64, p: u32) -> i64 {
        let x = x + 0.0;
        let m = 52 - p;
        let mut i = x.to_bits() as i64;
        if i < 0 {
            i ^= i64::MAX;
        }
        (i + if m > 0 { 1 << (m - 1) } else { 0 }) >> m
    }

    #[test]
    fn keys_are_as_defined_at_awkward_values() {
        for bits in 0..=FINEST {
            for x in AWKWARD {
                assert_eq!(Cells::new(bits).key(x), key_as_defined(x, bits), "{x:e} at {bits} bits");
            }
        }
    }

    #[test]
    fn keys_keep_the_order_of_numbers() {
        for bits in 0..=FINEST {
            let cells = Cells::new(bits);
            for pair in AWKWARD.windows(2) {
                assert!(cells.key(pair[0]) <= cells.key(pair[1]), "{pair:?} at {bits} bits");
            }
        }
    }

    #[test]
    fn the_finest_keys_tell_all_numbers_apart_but_the_zeros() {
        let cells = Cells::new(FINEST);
        for pair in AWKWARD.windows(2) {
            assert_eq!(cells.key(pair[0]) < cells.key(pair[1]), pair[0] < pair[1], "{pair:?}");
        }
        assert_eq!(cells.key(0.0), 0);
        assert_eq!(cells.key(-0.0), 0);
        assert_eq!(cells.key(5e-324), 1);
        assert_eq!(cells.key(-5e-324), -2, "one rank is left to the negative zero that never comes");
    }

    #[test]
    fn round_numbers_share_a_cell_with_their_noise() {
        for bits in 0..50 {
            let cells = Cells::new(bits);
            for x in [1.0f64, 2.0, 0.25, 1024.0, -1.0, -8.0] {
                assert_eq!(cells.key(x), cells.key(x.next_up()), "{x} at {bits} bits");
                assert_eq!(cells.key(x), cells.key(x.next_down()), "{x} at {bits} bits");
            }
        }
    }

    #[test]
    fn a_cell_spans_less_than_its_ratio() {
        for bits in 0..=FINEST {
            let cells = Cells::new(bits);
            for x in [1.0f64, 1.3, 1.999, 7e22, 3.1e-200] {
                let key = cells.key(x);
                let (low, high) = (cells.lower_edge(key), cells.lower_edge(key + 1).next_down());
                assert!(low <= x && x <= high);
                assert!(high / low < 1.0 + 0.5f64.powi(bits as i32) || low == high, "{x} at {bits} bits");
            }
        }
    }

    #[test]
    fn comparing_with_a_lower_edge_is_comparing_keys() {
        for bits in 0..=FINEST {
            let cells = Cells::new(bits);
            for a in AWKWARD {
                for key in [cells.key(a) - 1, cells.key(a), cells.key(a) + 1, i64::MIN, i64::MAX] {
                    let edge = cells.lower_edge(key);
                    for near in [edge, edge.next_down(), edge.next_up()] {
                        for x in AWKWARD.into_iter().chain([near]).filter(|x| !x.is_nan()) {
                            assert_eq!(cells.key(x) >= key, x >= edge, "{x:e} against {key} at {bits} bits");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_lower_edge_lies_in_its_cell() {
        for bits in 0..=FINEST {
            let cells = Cells::new(bits);
            for x in AWKWARD {
                assert_eq!(cells.key(cells.lower_edge(cells.key(x))), cells.key(x), "{x:e} at {bits} bits");
            }
        }
    }

    #[test]
    fn the_bits_of_a_resolution_are_the_fewest_that_reach_it() {
        assert_eq!(bits_of(1.0), Some(0));
        assert_eq!(bits_of(0.999), Some(1));
        assert_eq!(bits_of(0.5), Some(1));
        assert_eq!(bits_of(1e-3), Some(10));
        assert_eq!(bits_of(0.5f64.powi(52)), Some(52));
        assert_eq!(bits_of(0.5f64.powi(51)), Some(51));
        assert_eq!(bits_of(1e-300), Some(52));
        assert_eq!(bits_of(-0.0), Some(52));
        for wrong in [-1e-300, 1.0f64.next_up(), f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(bits_of(wrong), None, "{wrong}");
        }
    }
}
