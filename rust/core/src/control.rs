//! How long work is steered from outside: cancelling, progress, threads.
//!
//! Workers look at a [`Control`] once per block of work, never per configuration.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// Rows between two looks at a [`Control`], where a row costs some nanoseconds.
pub(crate) const LOOK: usize = 1 << 18;

/// The work was cancelled before it ended; nothing of it is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// Shared between the caller and the workers of one call.
#[derive(Debug)]
pub struct Control {
    threads: usize,
    cancelled: AtomicBool,
    settled: AtomicU64,
    total: AtomicU64,
    /// How many passes have begun, if there are several.
    passes: AtomicU32,
}

impl Control {
    /// A control for work on at most `threads` threads (at least one).
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self {
            threads: threads.max(1),
            cancelled: AtomicBool::new(false),
            settled: AtomicU64::new(0),
            total: AtomicU64::new(0),
            passes: AtomicU32::new(0),
        }
    }

    /// How many threads the work may use.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Asks the workers to stop; they do so within a block of work.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Fails if somebody asked to stop.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] after [`cancel`](Self::cancel).
    #[inline]
    pub fn check(&self) -> Result<(), Interrupted> {
        if self.cancelled.load(Ordering::Relaxed) { Err(Interrupted) } else { Ok(()) }
    }

    /// Starts the count of settled configurations at zero out of `total`.
    pub fn begin(&self, total: u64) {
        self.passes.store(0, Ordering::Relaxed);
        self.settled.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// [`begin`](Self::begin) for work that settles all configurations several times, nobody knows how often: each
    /// pass counts for half of what the passes before it have left.
    pub fn begin_passes(&self, total: u64) {
        self.begin(total);
        self.passes.store(1, Ordering::Relaxed);
    }

    /// Ends a pass, if there are several.
    pub fn end_pass(&self) {
        let passes = self.passes.load(Ordering::Relaxed);
        if passes > 0 {
            let total = self.total.load(Ordering::Relaxed);
            let left = total.checked_shr(passes).unwrap_or(0);
            self.settled.store(total - left, Ordering::Relaxed);
            self.passes.store(passes + 1, Ordering::Relaxed);
        }
    }

    /// Counts `configurations` more as settled.
    #[inline]
    pub fn advance(&self, configurations: u64) {
        let counted = configurations.checked_shr(self.passes.load(Ordering::Relaxed)).unwrap_or(0);
        self.settled.fetch_add(counted, Ordering::Relaxed);
    }

    /// Ends work of several passes.
    pub fn end_passes(&self) {
        if self.passes.load(Ordering::Relaxed) > 0 {
            self.settled.store(self.total.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// Configurations settled so far, and in all.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (self.settled.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_of_several_passes_never_goes_back_and_ends_full() {
        let control = Control::new(1);
        control.begin_passes(1 << 20);
        let mut before = 0;
        for _ in 0..70 {
            for _ in 0..16 {
                control.advance(1 << 16);
                let (settled, total) = control.progress();
                assert!(before <= settled && settled <= total, "{before} {settled}");
                before = settled;
            }
            control.end_pass();
        }
        control.end_passes();
        assert_eq!(control.progress(), (1 << 20, 1 << 20));
    }

    #[test]
    fn a_single_pass_counts_in_full() {
        let control = Control::new(1);
        control.begin(100);
        control.advance(60);
        control.end_pass();
        assert_eq!(control.progress(), (60, 100));
    }
}
