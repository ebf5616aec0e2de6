//! Run-time choice of the SIMD level.

/// A set of vector instructions that this processor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every processor of this architecture has.
    Baseline,
}

impl Level {
    /// The best level of this processor.
    #[must_use]
    pub fn detect() -> Self {
        Self::Baseline
    }

    /// Runs `work` compiled for this level, as far as it is inlined.
    #[inline]
    pub fn run<R>(self, work: impl FnOnce() -> R) -> R {
        work()
    }
}
