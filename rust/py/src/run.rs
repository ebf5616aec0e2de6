//! Long work without the interpreter: signals, progress, threads.
//!
//! The only place that leaves the interpreter. The work runs on a thread of its own; the calling
//! thread wakes up every [`TICK`] to let Python see signals and to report progress. When either
//! raises, the work is cancelled, waited for, and the exception goes to the caller.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use isoflop_core::control::Control;
use isoflop_core::error::Error;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::error;

/// Well below the 0.2 s within which Ctrl-C is promised to return.
const TICK: Duration = Duration::from_millis(40);

/// Runs `work` to its end, or until a signal or `progress` (called with the configurations settled
/// and in all) raises.
pub(crate) fn long<T: Send>(
    py: Python<'_>,
    control: &Control,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Control) -> Result<T, Error> + Send,
) -> PyResult<T> {
    let progress = progress.map(|callback| callback.clone().unbind());
    let outcome = py.detach(|| {
        std::thread::scope(|scope| {
            let (done, waiting) = sync_channel::<()>(1);
            let worker = scope.spawn(move || {
                // Dropped when the work ends, even by a panic: that wakes the waiting thread.
                let _done = done;
                work(control)
            });
            let mut raised = None;
            while waiting.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                if raised.is_none() {
                    raised = Python::attach(|py| report(py, control, progress.as_ref())).err();
                    if raised.is_some() {
                        control.cancel();
                    }
                }
            }
            (worker.join(), raised)
        })
    });
    match outcome {
        (_, Some(raised)) => Err(raised),
        (Ok(result), None) => {
            let value = result.map_err(|error| error::engine(py, &error))?;
            report(py, control, progress.as_ref())?;
            Ok(value)
        }
        (Err(_), None) => Err(internal()),
    }
}

/// Runs `work` where it stands: for questions that end before a tick would.
pub(crate) fn short<T>(
    py: Python<'_>,
    control: &Control,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Control) -> Result<T, Error>,
) -> PyResult<T> {
    let result = catch_unwind(AssertUnwindSafe(|| work(control))).map_err(|_| internal())?;
    let value = result.map_err(|error| error::engine(py, &error))?;
    if let Some(callback) = progress {
        callback.call1(control.progress())?;
    }
    Ok(value)
}

fn internal() -> PyErr {
    PyRuntimeError::new_err(
        "internal error in isoflop's engine; the answer was lost, please report the call that led to it",
    )
}

fn report(py: Python<'_>, control: &Control, progress: Option<&Py<PyAny>>) -> PyResult<()> {
    py.check_signals()?;
    if let Some(callback) = progress {
        callback.call1(py, control.progress())?;
    }
    Ok(())
}
