//! What a run did.

use std::time::{Duration, Instant};

/// Counts are of configurations of the whole space, not only of the axes that the question reads, and do not
/// depend on threads or timing; seconds do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stats {
    /// Configurations of the space.
    pub size: u64,
    /// Those whose constraints were looked at.
    pub evaluated: u64,
    /// Those in boxes that were left out by their bounds. With `evaluated` they make up `size`, unless the
    /// question was answered before its end.
    pub bounded: u64,
    /// Of these, those that presolve dropped: their positions on some axes are dominated for every completion.
    pub presolved: u64,
    /// How often a box was bounded.
    pub bounds: u64,
    /// Boxes by depth: how many times the whole space was split on the way to them.
    pub depths: Vec<u64>,
    /// Whether the space was searched; else all of it was enumerated.
    pub searched: bool,
    /// Those that met every constraint.
    pub feasible: u64,
    /// Those that met every constraint, but have an objective that is NaN.
    pub nan: u64,
    /// Where a few rows were chosen that cover a front: the largest distance of a row of the front from its nearest
    /// chosen one, see [`cover`](crate::pareto::cover).
    pub gap: Option<f64>,
    /// Threads that the run could use.
    pub threads: usize,
    /// Time by phase.
    pub seconds: Seconds,
}

/// Seconds of wall-clock time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Seconds {
    /// Reading formulas, laying out loops, filling tables.
    pub compile: f64,
    /// Looking at configurations.
    pub search: f64,
    /// Sorting the answer.
    pub finish: f64,
}

/// Measures phases one after another.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Seconds since the start or the last lap.
    pub(crate) fn lap(&mut self) -> f64 {
        let elapsed: Duration = self.0.elapsed();
        self.0 += elapsed;
        elapsed.as_secs_f64()
    }
}
