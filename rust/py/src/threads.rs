//! How many threads can run at once.

use std::thread::available_parallelism;

use pyo3::prelude::*;

/// Returns how many CPUs this process may use: the machine's, less what affinity and cgroup quotas take.
///
/// Not remembered: looking at the quotas reads files, and what a process may use can change.
#[pyfunction]
pub(crate) fn available_cpus() -> usize {
    // An error means that the platform cannot say; one thread is always there.
    available_parallelism().map_or(1, usize::from)
}
