//! Long work without the interpreter: signals, progress, threads.
//!
//! The only place that leaves the interpreter. The work runs on the calling thread, and helpers of its own. Every
//! 40 ms the calling thread stops for a moment to let Python see signals and to report progress. When either
//! raises, the work is cancelled, and the exception goes to the caller.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use isoflop_core::control::Control;
use isoflop_core::error::Error;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::error;

/// Runs `work` on at most `threads` threads to its end, or until a signal or `progress` (called with the
/// configurations settled and in all) raises.
pub(crate) fn long<T: Send>(
    py: Python<'_>,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Control) -> Result<T, Error> + Send,
) -> PyResult<T> {
    let progress = progress.map(|callback| callback.clone().unbind());
    let raised = Arc::new(Mutex::new(None));
    let look = {
        let (progress, raised) =
            (progress.as_ref().map(|callback| callback.clone_ref(py)), Arc::clone(&raised));
        move |control: &Control| {
            let mut raised = raised.lock().unwrap_or_else(PoisonError::into_inner);
            if raised.is_none()
                && let Err(error) = Python::attach(|py| report(py, control, progress.as_ref()))
            {
                *raised = Some(error);
                control.cancel();
            }
        }
    };
    let control = Control::with_poll(threads, look);
    let outcome = py.detach(|| catch_unwind(AssertUnwindSafe(|| work(&control))));
    if let Some(error) = raised.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(error);
    }
    let value = outcome.map_err(|_| internal())?.map_err(|error| error::engine(py, &error))?;
    report(py, &control, progress.as_ref())?;
    Ok(value)
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
