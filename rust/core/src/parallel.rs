//! Threads for the length of one call.
//!
//! Jobs are numbers, handed out in order by an atomic counter to scoped threads; the calling thread
//! works too. There is no pool: threads that outlive the call would be missing after a `fork`, and a
//! program that imports this library would own threads it never asked for. Starting a thread costs some
//! tens of microseconds, so that small work should stay where it is: see [`threads_for`].

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;

use crate::control::Interrupted;

/// Work on fewer rows than this is done before a second thread has started.
pub const SERIAL_ROWS: usize = 20_000;

/// How many threads work on `rows` rows is worth: one below [`SERIAL_ROWS`], else `threads`.
#[must_use]
pub fn threads_for(threads: usize, rows: usize) -> usize {
    if rows < SERIAL_ROWS { 1 } else { threads.max(1) }
}

/// Ends the handing out of jobs when its worker stops early, be it by an error or by a panic.
struct StopOthers<'a> {
    next: &'a AtomicUsize,
    jobs: usize,
    finished: bool,
}

impl Drop for StopOthers<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.next.store(self.jobs, Ordering::Relaxed);
        }
    }
}

/// Runs `step` for every job in `0..jobs` on at most `threads` threads, this one among them.
///
/// Each worker makes a state of its own with `make`, gives it to all its steps, and hands it back at the
/// end. Which worker gets which job depends on timing: an answer that must not depend on it is tagged with
/// the job's number (as [`map`] does), or does not depend on the order. A thread that the system refuses
/// to start is done without.
///
/// # Errors
///
/// [`Interrupted`] if any step returns it; no further job is started then.
///
/// # Panics
///
/// With the panic of a worker, after all workers have ended.
pub fn workers<S: Send>(
    threads: usize,
    jobs: usize,
    make: impl Fn() -> S + Sync,
    step: impl Fn(&mut S, usize) -> Result<(), Interrupted> + Sync,
) -> Result<Vec<S>, Interrupted> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<S, Interrupted> {
        let mut stop = StopOthers { next: &next, jobs, finished: false };
        let mut state = make();
        loop {
            let job = next.fetch_add(1, Ordering::Relaxed);
            if job >= jobs {
                break;
            }
            step(&mut state, job)?;
        }
        stop.finished = true;
        Ok(state)
    };
    let helpers = threads.min(jobs).saturating_sub(1);
    if helpers == 0 {
        return Ok(vec![work()?]);
    }
    std::thread::scope(|scope| {
        let started: Vec<_> =
            (0..helpers).map_while(|_| Builder::new().spawn_scoped(scope, work).ok()).collect();
        let mut states = vec![work()];
        for helper in started {
            states.push(helper.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        states.into_iter().collect()
    })
}

/// Returns `step(job)` for every job in `0..jobs`, in the order of the jobs.
///
/// # Errors
///
/// [`Interrupted`] if any step returns it.
///
/// # Panics
///
/// With the panic of a step.
pub fn map<R: Send>(
    threads: usize,
    jobs: usize,
    step: impl Fn(usize) -> Result<R, Interrupted> + Sync,
) -> Result<Vec<R>, Interrupted> {
    map_with(threads, jobs, &mut Vec::new(), || (), |(), job| step(job))
}

/// [`map`], where each worker gives a state of its own to all its steps. States are taken from `states`, or made with
/// `make` if there are too few, and lie there afterwards: a call in a loop finds the memory of the one before.
///
/// # Errors
///
/// [`Interrupted`] if any step returns it.
///
/// # Panics
///
/// With the panic of a step.
pub fn map_with<S: Send, R: Send>(
    threads: usize,
    jobs: usize,
    states: &mut Vec<S>,
    make: impl Fn() -> S + Sync,
    step: impl Fn(&mut S, usize) -> Result<R, Interrupted> + Sync,
) -> Result<Vec<R>, Interrupted> {
    let ready = Mutex::new(std::mem::take(states));
    let state = || ready.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let make = || (state().unwrap_or_else(&make), Vec::new());
    let worked = workers(threads, jobs, make, |(state, results): &mut (S, Vec<(usize, R)>), job| {
        results.push((job, step(state, job)?));
        Ok(())
    })?;
    *states = ready.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut all = Vec::with_capacity(jobs);
    for (state, results) in worked {
        states.push(state);
        all.extend(results);
    }
    all.sort_unstable_by_key(|&(job, _)| job);
    Ok(all.into_iter().map(|(_, result)| result).collect())
}

/// Returns `step(range)` for the pieces of `0..count`, each of `size` (the last one may be shorter), in order.
///
/// # Errors
///
/// [`Interrupted`] if any step returns it.
///
/// # Panics
///
/// If `size` is zero, and with the panic of a step.
pub fn map_chunks<R: Send>(
    threads: usize,
    count: usize,
    size: usize,
    step: impl Fn(Range<usize>) -> Result<R, Interrupted> + Sync,
) -> Result<Vec<R>, Interrupted> {
    map(threads, count.div_ceil(size), |job| step(job * size..count.min((job + 1) * size)))
}

/// Calls `step` for the pieces of `0..count`, each of `size` (the last one may be shorter).
///
/// # Errors
///
/// [`Interrupted`] if any step returns it.
///
/// # Panics
///
/// If `size` is zero, and with the panic of a step.
pub fn for_each_chunk(
    threads: usize,
    count: usize,
    size: usize,
    step: impl Fn(Range<usize>) -> Result<(), Interrupted> + Sync,
) -> Result<(), Interrupted> {
    let jobs = count.div_ceil(size);
    workers(threads, jobs, || (), |(), job| step(job * size..count.min((job + 1) * size))).map(drop)
}

/// Runs two tasks, on two threads if `threads` is more than one, and returns what both return.
///
/// # Panics
///
/// With the panic of a task.
pub fn join<A: Send, B>(threads: usize, a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B) -> (A, B) {
    if threads < 2 {
        return (a(), b());
    }
    std::thread::scope(|scope| {
        let helper = scope.spawn(a);
        let b = b();
        (helper.join().unwrap_or_else(|panic| resume_unwind(panic)), b)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    #[test]
    fn every_job_is_done_once_for_any_number_of_threads() {
        for threads in [0, 1, 2, 3, 50] {
            for jobs in [0, 1, 2, 1000] {
                let states = workers(threads, jobs, Vec::new, |done: &mut Vec<usize>, job| {
                    done.push(job);
                    Ok(())
                });
                let mut done: Vec<_> = states.expect("nothing interrupts").into_iter().flatten().collect();
                done.sort_unstable();
                assert_eq!(done, (0..jobs).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn mapped_results_come_in_the_order_of_the_jobs() {
        let squares = map(3, 100, |job| Ok(job * job)).expect("nothing interrupts");
        assert_eq!(squares, (0..100).map(|job| job * job).collect::<Vec<_>>());
    }

    #[test]
    fn states_are_made_once_for_several_calls() {
        let made = AtomicUsize::new(0);
        let make = || made.fetch_add(1, Ordering::Relaxed);
        let mut states = Vec::new();
        for _ in 0..10 {
            map_with(2, 100, &mut states, make, |_, job| Ok(job)).expect("nothing interrupts");
        }
        states.sort_unstable();
        assert_eq!(states, (0..made.into_inner()).collect::<Vec<_>>());
        assert!(states.len() <= 2);
    }

    #[test]
    fn chunks_cover_the_count_exactly() {
        let chunks = map_chunks(2, 10, 4, Ok).expect("nothing interrupts");
        assert_eq!(chunks, [0..4, 4..8, 8..10]);
        let sum = AtomicU64::new(0);
        for_each_chunk(2, 1001, 10, |range| {
            sum.fetch_add(range.map(|row| row as u64).sum(), Ordering::Relaxed);
            Ok(())
        })
        .expect("nothing interrupts");
        assert_eq!(sum.into_inner(), 500_500);
    }

    #[test]
    fn an_interrupted_step_ends_the_work() {
        let done = AtomicUsize::new(0);
        let outcome = workers(
            2,
            1_000_000,
            || (),
            |(), job| {
                done.fetch_add(1, Ordering::Relaxed);
                if job == 10 { Err(Interrupted) } else { Ok(()) }
            },
        );
        assert_eq!(outcome, Err(Interrupted));
        assert!(done.into_inner() < 1_000_000);
    }

    #[test]
    #[should_panic(expected = "job 7")]
    fn a_panic_in_a_worker_reaches_the_caller() {
        let _ = workers(
            2,
            100,
            || (),
            |(), job| {
                assert!(job != 7, "job 7");
                Ok(())
            },
        );
    }

    #[test]
    fn joined_tasks_both_run() {
        for threads in [1, 2] {
            assert_eq!(join(threads, || 1, || "two"), (1, "two"));
        }
    }
}
