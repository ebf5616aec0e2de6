//! How a front grows while configurations are looked at in a scattered order: what it may come to.
//!
//! Rounds sample the whole space, and each has four times as many configurations as all before it. On most spaces the
//! rows of a front grow as a power of the configurations, one that falls slowly: what the last two rounds say of it is
//! at least what is to be. This is a guess, and only chooses what is tried.

use crate::value::scalar;

/// How many times the limit a front must be expected to have. Below that its end is near, and says the same.
const FAR: f64 = 2.0;

/// What is known after each round.
#[derive(Debug)]
pub(super) struct Growth {
    blocks: u64,
    /// Blocks and rows after the last round.
    last: Option<(u64, u64)>,
    /// Whether the front was found to grow far beyond the limit: that is said once.
    said: bool,
}

impl Growth {
    /// Before the first of `blocks` blocks.
    pub(super) fn towards(blocks: u64) -> Self {
        Self { blocks, last: None, said: false }
    }

    /// Whether the front, which has `rows` rows after `blocks` blocks, is expected to have far more than `limit` at the
    /// end. That is said once, and not before there are two rounds to compare.
    pub(super) fn is_far_beyond(&mut self, limit: u64, blocks: u64, rows: u64) -> bool {
        let before = self.last.replace((blocks, rows));
        let Some((blocks_before, rows_before)) = before else { return false };
        if self.said || blocks >= self.blocks || rows_before == 0 {
            return false;
        }
        let ratio = |now: u64, before: u64| now as f64 / before as f64;
        let power = scalar::log(ratio(rows, rows_before)) / scalar::log(ratio(blocks, blocks_before));
        let expected = rows as f64 * scalar::pow(ratio(self.blocks, blocks), power.clamp(0.0, 1.0));
        self.said = expected > FAR * limit as f64;
        self.said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_front_of_everything_is_seen_after_two_rounds() {
        let mut growth = Growth::towards(1000);
        assert!(!growth.is_far_beyond(400, 10, 10));
        assert!(growth.is_far_beyond(400, 50, 50));
        assert!(!growth.is_far_beyond(400, 250, 250), "it is said once");
    }

    #[test]
    fn a_front_that_grows_ever_more_slowly_is_not() {
        let mut growth = Growth::towards(10_000);
        assert!(!growth.is_far_beyond(400, 10, 10));
        assert!(!growth.is_far_beyond(400, 40, 20), "the square root comes to 316");
        assert!(!growth.is_far_beyond(400, 160, 40));
    }

    #[test]
    fn at_the_end_there_is_nothing_to_expect() {
        let mut growth = Growth::towards(100);
        assert!(!growth.is_far_beyond(1, 20, 20));
        assert!(!growth.is_far_beyond(1, 100, 100));
    }
}
