//! How long work is steered from outside: cancelling, progress, threads.
//!
//! Workers look at a [`Control`] once per block of work, never per configuration. The thread that made it is one of
//! them: a fresh thread in its place takes a quarter longer over a search of some milliseconds. A callback that serves
//! the caller meanwhile (signals, progress) is polled on that thread, between two blocks.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use crate::memory::OutOfMemory;

/// Rows between two looks at a [`Control`], where a row costs some nanoseconds.
pub(crate) const LOOK: usize = 1 << 18;

/// The work was cut short, by [`Control::cancel`] or for want of memory; no part of it is returned.
///
/// It stops all threads of a call in the same way, whichever of the two it was. [`Error`](crate::error::Error) tells
/// them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted {
    lack: Option<OutOfMemory>,
}

/// Cut short by [`Control::cancel`].
#[allow(non_upper_case_globals, reason = "written where a value without fields is")]
pub const Interrupted: Interrupted = Interrupted { lack: None };

impl Interrupted {
    /// The memory that could not be had, if that was the reason.
    #[must_use]
    pub fn lack(self) -> Option<OutOfMemory> {
        self.lack
    }
}

impl From<OutOfMemory> for Interrupted {
    fn from(lack: OutOfMemory) -> Self {
        Self { lack: Some(lack) }
    }
}

impl fmt::Display for Interrupted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.lack {
            None => formatter.write_str("interrupted"),
            Some(lack) => lack.fmt(formatter),
        }
    }
}

impl std::error::Error for Interrupted {}

/// The time between two polls: well below the 0.2 s within which Ctrl-C is promised to return.
pub(crate) const TICK: Duration = Duration::from_millis(40);

/// A callback that is polled on the thread that made the control.
struct Poll {
    home: ThreadId,
    start: Instant,
    /// Ticks since the start, up to the last look.
    seen: AtomicU64,
    call: Box<dyn Fn(&Control) + Send + Sync>,
}

impl fmt::Debug for Poll {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Poll").field("home", &self.home).finish_non_exhaustive()
    }
}

/// Shared between the caller and the workers of one call.
#[derive(Debug)]
pub struct Control {
    threads: usize,
    poll: Option<Poll>,
    cancelled: AtomicBool,
    settled: AtomicU64,
    total: AtomicU64,
    /// How many passes have begun, if there are several.
    passes: AtomicU32,
    /// Whether what is settled does not count as progress.
    aside: AtomicBool,
}

impl Control {
    /// A control for work on at most `threads` threads (at least one).
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self {
            threads: threads.max(1),
            poll: None,
            cancelled: AtomicBool::new(false),
            settled: AtomicU64::new(0),
            total: AtomicU64::new(0),
            passes: AtomicU32::new(0),
            aside: AtomicBool::new(false),
        }
    }

    /// The same, and while the work goes on `poll` is called on this thread, some 25 times a second: it may cancel the
    /// work, and read the progress.
    #[must_use]
    pub fn with_poll(threads: usize, poll: impl Fn(&Self) + Send + Sync + 'static) -> Self {
        let poll = Poll {
            home: std::thread::current().id(),
            start: Instant::now(),
            seen: AtomicU64::new(0),
            call: Box::new(poll),
        };
        Self { poll: Some(poll), ..Self::new(threads) }
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

    /// Fails if the work was cancelled. On the thread that made the control it polls the callback first, if it is
    /// time.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] after [`cancel`](Self::cancel).
    #[inline]
    pub fn check(&self) -> Result<(), Interrupted> {
        if let Some(poll) = &self.poll {
            self.look(poll);
        }
        if self.cancelled.load(Ordering::Relaxed) { Err(Interrupted) } else { Ok(()) }
    }

    fn look(&self, poll: &Poll) {
        let ticks = || (poll.start.elapsed().as_nanos() / TICK.as_nanos()) as u64;
        if poll.home != std::thread::current().id() || ticks() == poll.seen.load(Ordering::Relaxed) {
            return;
        }
        (poll.call)(self);
        // Counted from its end: a slow look does not call for the next one.
        poll.seen.store(ticks(), Ordering::Relaxed);
    }

    /// Starts the count of settled configurations at zero out of `total`.
    pub fn begin(&self, total: u64) {
        self.passes.store(0, Ordering::Relaxed);
        self.settled.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// [`begin`](Self::begin) for work that settles all configurations several times, how often is not known: each
    /// pass counts for half of what the passes before it have left.
    pub fn begin_passes(&self, total: u64) {
        self.begin(total);
        self.passes.store(1, Ordering::Relaxed);
    }

    /// Ends a pass, if there are several.
    pub fn end_pass(&self) {
        let passes = self.passes.load(Ordering::Relaxed);
        if passes > 0 && !self.aside.load(Ordering::Relaxed) {
            let total = self.total.load(Ordering::Relaxed);
            let left = total.checked_shr(passes).unwrap_or(0);
            self.settled.store(total - left, Ordering::Relaxed);
            self.passes.store(passes + 1, Ordering::Relaxed);
        }
    }

    /// Counts `configurations` more as settled.
    #[inline]
    pub fn advance(&self, configurations: u64) {
        if self.aside.load(Ordering::Relaxed) {
            return;
        }
        let counted = configurations.checked_shr(self.passes.load(Ordering::Relaxed)).unwrap_or(0);
        self.settled.fetch_add(counted, Ordering::Relaxed);
    }

    /// Does some work beside that which is counted: what it settles may have to be settled once more.
    pub(crate) fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        self.aside.store(true, Ordering::Relaxed);
        let done = work();
        self.aside.store(false, Ordering::Relaxed);
        done
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
    use std::sync::Arc;

    use super::*;
    use crate::error::Error;

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
    fn only_the_thread_that_made_it_looks_after_the_caller() {
        let looks = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&looks);
        let control = Control::with_poll(2, move |control| {
            counted.fetch_add(1, Ordering::Relaxed);
            control.cancel();
        });
        assert_eq!(control.check(), Ok(()), "it is not time yet");
        std::thread::sleep(2 * TICK);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| control.check());
            assert_eq!(other.join().expect("no panic"), Ok(()));
        });
        assert_eq!(looks.load(Ordering::Relaxed), 0);
        assert_eq!((control.check(), control.check()), (Err(Interrupted), Err(Interrupted)));
        assert_eq!(looks.load(Ordering::Relaxed), 1, "the next look is not due");
    }

    #[test]
    fn what_cut_the_work_short_is_told_apart() {
        let lack = OutOfMemory { bytes: 8 };
        assert_eq!(Error::from(Interrupted), Error::Interrupted(Interrupted));
        assert_eq!(Error::from(Interrupted::from(lack)), Error::Memory(lack));
        assert_eq!(Interrupted.to_string(), "interrupted");
        assert_eq!(Interrupted::from(lack).to_string(), lack.to_string());
    }

    #[test]
    fn what_is_done_aside_counts_for_nothing() {
        let control = Control::new(1);
        control.begin_passes(100);
        control.advance(50);
        let done = control.aside(|| {
            control.advance(50);
            control.end_pass();
            7
        });
        assert_eq!((done, control.progress()), (7, (25, 100)));
        control.advance(50);
        assert_eq!(control.progress(), (50, 100));
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
