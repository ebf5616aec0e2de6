//! How long work is steered from outside: cancelling, progress, threads.
//!
//! Workers look at a [`Control`] once per block of work, never per configuration.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

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
        self.settled.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// Counts `configurations` more as settled.
    #[inline]
    pub fn advance(&self, configurations: u64) {
        self.settled.fetch_add(configurations, Ordering::Relaxed);
    }

    /// Configurations settled so far, and in all.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (self.settled.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }
}
