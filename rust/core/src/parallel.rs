//! Threads for the length of one call.
//!
//! Jobs are numbers, handed out in order by an atomic counter to scoped threads; the calling thread
//! works too. There is no pool: threads that outlive the call would be missing after a `fork`, and a
//! program that imports this library would own threads without knowing. Starting a thread costs some
//! tens of microseconds, so that small work should stay where it is: see [`Crew::for_rows`].

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;

use crate::control::{Control, Interrupted, TICK};
use crate::memory;

/// Work on fewer rows than this is done before a second thread has started.
pub const SERIAL_ROWS: usize = 20_000;

/// Threads for one piece of work, the calling thread among them.
#[derive(Debug, Clone, Copy)]
pub struct Crew<'a> {
    threads: usize,
    control: &'a Control,
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

impl<'a> Crew<'a> {
    /// All the threads that `control` allows.
    #[must_use]
    pub fn of(control: &'a Control) -> Self {
        Self { threads: control.threads(), control }
    }

    /// At most `threads` of them; at least one.
    #[must_use]
    pub fn at_most(self, threads: usize) -> Self {
        Self { threads: self.threads.min(threads).max(1), ..self }
    }

    /// All of them if the work is worth starting a thread, else the calling thread alone.
    #[must_use]
    pub fn if_worth(control: &'a Control, worth: bool) -> Self {
        Self::of(control).at_most(if worth { usize::MAX } else { 1 })
    }

    /// As many as work on `rows` rows is worth: one below [`SERIAL_ROWS`], else all.
    #[must_use]
    pub fn for_rows(control: &'a Control, rows: usize) -> Self {
        Self::if_worth(control, rows >= SERIAL_ROWS)
    }

    /// How many they are.
    #[must_use]
    pub fn threads(self) -> usize {
        self.threads
    }

    /// Runs `step` for every job in `0..jobs`.
    ///
    /// Each worker makes a state of its own with `make`, gives it to all its steps, and hands it back at the
    /// end. Which worker gets which job depends on timing: an answer that must not depend on it is tagged with
    /// the job's number (as [`map`](Self::map) does), or does not depend on the order. A thread that the system
    /// refuses to start is done without.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] if `make` or any step returns it; no further job is started then.
    ///
    /// # Panics
    ///
    /// With the panic of a worker, after all workers have ended.
    pub fn workers<S: Send>(
        self,
        jobs: usize,
        make: impl Fn() -> Result<S, Interrupted> + Sync,
        step: impl Fn(&mut S, usize) -> Result<(), Interrupted> + Sync,
    ) -> Result<Vec<S>, Interrupted> {
        let next = AtomicUsize::new(0);
        let work = || -> Result<S, Interrupted> {
            let mut stop = StopOthers { next: &next, jobs, finished: false };
            let mut state = make()?;
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
        let helpers = self.threads.min(jobs).saturating_sub(1);
        if helpers == 0 {
            return Ok(vec![work()?]);
        }
        let (working, ended) = channel();
        std::thread::scope(|scope| {
            let start = || {
                let working = working.clone();
                let work = || {
                    let _working = working;
                    work()
                };
                Builder::new().spawn_scoped(scope, work).ok()
            };
            let started: Vec<_> = (0..helpers).map_while(|_| start()).collect();
            drop(working);
            let mut states = vec![work()];
            self.wait(&ended);
            for helper in started {
                states.push(helper.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            states.into_iter().collect()
        })
    }

    /// Waits until all helpers have dropped their ends of a channel. The calling thread looks at the control meanwhile,
    /// since no other thread may call the poll.
    fn wait(self, ended: &Receiver<()>) {
        while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
            // The helpers see for themselves that they are cancelled.
            let _ = self.control.check();
        }
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
        self,
        jobs: usize,
        step: impl Fn(usize) -> Result<R, Interrupted> + Sync,
    ) -> Result<Vec<R>, Interrupted> {
        self.map_with(jobs, &mut Vec::new(), || Ok(()), |(), job| step(job))
    }

    /// [`map`](Self::map), where each worker gives a state of its own to all its steps. States are taken from `states`,
    /// or made with `make` if there are too few, and lie there afterwards: a call in a loop finds the memory of the
    /// one before.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] if `make` or any step returns it.
    ///
    /// # Panics
    ///
    /// With the panic of a step.
    pub fn map_with<S: Send, R: Send>(
        self,
        jobs: usize,
        states: &mut Vec<S>,
        make: impl Fn() -> Result<S, Interrupted> + Sync,
        step: impl Fn(&mut S, usize) -> Result<R, Interrupted> + Sync,
    ) -> Result<Vec<R>, Interrupted> {
        let ready = Mutex::new(std::mem::take(states));
        let state = || ready.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let make = || Ok((state().map_or_else(&make, Ok)?, Vec::new()));
        let worked = self.workers(jobs, make, |(state, results): &mut (S, Vec<(usize, R)>), job| {
            memory::reserve(results, 1)?;
            results.push((job, step(state, job)?));
            Ok(())
        })?;
        *states = ready.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut all = memory::room(jobs)?;
        for (state, results) in worked {
            states.push(state);
            all.extend(results);
        }
        all.sort_unstable_by_key(|&(job, _)| job);
        Ok(memory::collected(all.into_iter().map(|(_, result)| result))?)
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
        self,
        count: usize,
        size: usize,
        step: impl Fn(Range<usize>) -> Result<R, Interrupted> + Sync,
    ) -> Result<Vec<R>, Interrupted> {
        self.map(count.div_ceil(size), |job| step(job * size..count.min((job + 1) * size)))
    }

    /// Runs two tasks, on two threads if there are two, and returns what both return. If the system refuses to start
    /// the second one, the calling thread runs both.
    ///
    /// # Panics
    ///
    /// With the panic of a task.
    pub fn join<A: Send, B>(self, a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B) -> (A, B) {
        if self.threads < 2 {
            return (a(), b());
        }
        // A thread that does not start would take the task with it.
        let task = Mutex::new(Some(a));
        let run = || {
            let task = task.lock().unwrap_or_else(PoisonError::into_inner).take();
            task.expect("it is run once")()
        };
        let (working, ended) = channel::<()>();
        std::thread::scope(|scope| {
            let helper = Builder::new().spawn_scoped(scope, || {
                let _working = working;
                run()
            });
            let b = b();
            self.wait(&ended);
            let a = match helper {
                Ok(helper) => helper.join().unwrap_or_else(|panic| resume_unwind(panic)),
                Err(_) => run(),
            };
            (a, b)
        })
    }
}

/// Cuts the first `count` items off each of some columns: their part for the job that comes next, where jobs write one
/// after another.
pub(crate) fn cut<'a, T>(rests: &mut [&'a mut [T]], count: usize) -> Vec<&'a mut [T]> {
    let part = |rest: &mut &'a mut [T]| rest.split_off_mut(..count).expect("jobs fit into their columns");
    rests.iter_mut().map(part).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::thread::sleep;

    use super::*;
    use crate::memory::OutOfMemory;

    /// Work that needs no more of the crew's control.
    fn with<R>(threads: usize, work: impl FnOnce(Crew<'_>) -> R) -> R {
        work(Crew::of(&Control::new(threads)))
    }

    #[test]
    fn every_job_is_done_once_for_any_number_of_threads() {
        for threads in [0, 1, 2, 3, 50] {
            for jobs in [0, 1, 2, 1000] {
                let step = |done: &mut Vec<usize>, job| {
                    done.push(job);
                    Ok(())
                };
                let states = with(threads, |crew| crew.workers(jobs, || Ok(Vec::new()), step));
                let mut done: Vec<_> = states.expect("nothing interrupts").into_iter().flatten().collect();
                done.sort_unstable();
                assert_eq!(done, (0..jobs).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn mapped_results_come_in_the_order_of_the_jobs() {
        let squares = with(3, |crew| crew.map(100, |job| Ok(job * job))).expect("nothing interrupts");
        assert_eq!(squares, (0..100).map(|job| job * job).collect::<Vec<_>>());
    }

    #[test]
    fn states_are_made_once_for_several_calls() {
        let made = AtomicUsize::new(0);
        let make = || Ok(made.fetch_add(1, Ordering::Relaxed));
        let mut states = Vec::new();
        for _ in 0..10 {
            let mapped = with(2, |crew| crew.map_with(100, &mut states, make, |_, job| Ok(job)));
            mapped.expect("nothing interrupts");
        }
        states.sort_unstable();
        assert_eq!(states, (0..made.into_inner()).collect::<Vec<_>>());
        assert!(states.len() <= 2);
    }

    #[test]
    fn chunks_cover_the_count_exactly() {
        let chunks = with(2, |crew| crew.map_chunks(10, 4, Ok)).expect("nothing interrupts");
        assert_eq!(chunks, [0..4, 4..8, 8..10]);
    }

    #[test]
    fn an_interrupted_step_ends_the_work() {
        let done = AtomicUsize::new(0);
        let step = |(): &mut (), job| {
            done.fetch_add(1, Ordering::Relaxed);
            if job == 10 { Err(Interrupted) } else { Ok(()) }
        };
        let outcome = with(2, |crew| crew.workers(1_000_000, || Ok(()), step));
        assert_eq!(outcome, Err(Interrupted));
        assert!(done.into_inner() < 1_000_000);
    }

    #[test]
    fn memory_that_one_worker_lacks_ends_the_work_of_all() {
        let lack = Interrupted::from(OutOfMemory { bytes: 8 });
        let done = AtomicUsize::new(0);
        let step = |(): &mut (), job| {
            done.fetch_add(1, Ordering::Relaxed);
            if job == 10 { Err(lack) } else { Ok(()) }
        };
        assert_eq!(with(2, |crew| crew.workers(1_000_000, || Ok(()), step)), Err(lack));
        assert!(done.into_inner() < 1_000_000);
        for threads in [1, 2] {
            let none = with(threads, |crew| {
                crew.map_with(9, &mut Vec::new(), || Err::<(), _>(lack), |(), _| Ok(()))
            });
            assert_eq!(none, Err(lack));
        }
    }

    #[test]
    #[should_panic(expected = "job 7")]
    fn a_panic_in_a_worker_reaches_the_caller() {
        let step = |(): &mut (), job| {
            assert!(job != 7, "job 7");
            Ok(())
        };
        let _ = with(2, |crew| crew.workers(100, || Ok(()), step));
    }

    #[test]
    fn joined_tasks_both_run() {
        for threads in [1, 2] {
            assert_eq!(with(threads, |crew| crew.join(|| 1, || "two")), (1, "two"));
        }
    }

    #[test]
    fn the_caller_is_looked_after_while_its_thread_waits() {
        for joined in [false, true] {
            let looks = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&looks);
            let control = Control::with_poll(2, move |_| {
                counted.fetch_add(1, Ordering::Relaxed);
            });
            let crew = Crew::of(&control);
            let caller = std::thread::current().id();
            let here = || std::thread::current().id() == caller;
            if joined {
                crew.join(|| sleep(5 * TICK), || ());
            } else {
                // Every thread but the caller's takes long.
                let begun = AtomicBool::new(false);
                let step = |(): &mut (), _| {
                    if here() {
                        while !begun.load(Ordering::Relaxed) {
                            std::thread::yield_now();
                        }
                    } else {
                        begun.store(true, Ordering::Relaxed);
                        sleep(5 * TICK);
                    }
                    Ok(())
                };
                crew.workers(2, || Ok(()), step).expect("nothing interrupts");
            }
            assert!(looks.load(Ordering::Relaxed) > 0, "{joined}");
        }
    }
}
