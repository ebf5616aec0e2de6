//! Engine errors as the exceptions of `isoflop`.

use isoflop_core::error::Error;
use isoflop_core::formula::FormulaError;
use isoflop_core::memory::OutOfMemory;
use pyo3::exceptions::{PyKeyboardInterrupt, PyMemoryError};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict};

/// An exception class of `isoflop._exceptions`, raised with keyword fields.
fn raise<'py>(py: Python<'py>, class: &str, message: &str, fields: &Bound<'py, PyDict>) -> PyErr {
    let made = py
        .import("isoflop._exceptions")
        .and_then(|module| module.getattr(class))
        .and_then(|class| class.call((message,), Some(fields)));
    match made {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

/// `isoflop.FormulaError`, which draws the caret itself. Spans become character offsets.
pub(crate) fn formula(py: Python<'_>, error: &FormulaError) -> PyErr {
    let characters = |byte: usize| error.text.get(..byte).map_or(0, |head| head.chars().count());
    let fields = PyDict::new(py);
    let span = (characters(error.span.start), characters(error.span.end));
    let filled = fields
        .set_item("text", &error.text)
        .and_then(|()| fields.set_item("span", span))
        .and_then(|()| fields.set_item("quantity", error.quantity.as_deref()));
    match filled {
        Ok(()) => raise(py, "FormulaError", &error.kind.to_string(), &fields),
        Err(error) => error,
    }
}

/// `MemoryError`: what could not be had, and what makes questions smaller.
pub(crate) fn memory(error: &OutOfMemory) -> PyErr {
    PyMemoryError::new_err(format!(
        "{error}: fewer rows (a coarser resolution=, a tighter where=, a smaller max_rows=), fewer columns= of a table, \
         fewer or shorter axes, a frame in parts"
    ))
}

/// Any engine error.
pub(crate) fn engine(py: Python<'_>, error: &Error) -> PyErr {
    match error {
        Error::Formula(error) => formula(py, error),
        Error::Space(error) => raise(py, "SpaceError", &error.to_string(), &PyDict::new(py)),
        Error::Limit { rows, limit } | Error::Held { rows, limit } => {
            match [("rows", *rows), ("limit", *limit)].into_py_dict(py) {
                Ok(fields) => raise(py, "LimitError", &error.to_string(), &fields),
                Err(error) => error,
            }
        }
        Error::Memory(error) => memory(error),
        // A signal's own exception is raised by `run`; this one stands for a cancelled tick.
        _ => PyKeyboardInterrupt::new_err(error.to_string()),
    }
}
