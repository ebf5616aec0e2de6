//! Keys and the Pareto filter for NumPy columns.

use isoflop_core::control::Control;
use isoflop_core::error::Error;
use isoflop_core::memory::{self, OutOfMemory};
use isoflop_core::pareto::groups::{FrontOf, front_by};
use isoflop_core::pareto::key::FINEST;
use isoflop_core::pareto::{Cells, Ties};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::borrow::Cow;

use crate::run;

/// Below this many numbers in all, the filter ends before a signal could be noticed.
const SHORT: usize = 20_000;
/// Numbers negated between two looks at the control.
const LOOK: usize = 1 << 18;

/// Column by column: the array's own memory, or a copy if its elements do not lie side by side.
fn borrowed<'a>(columns: &'a [PyReadonlyArray1<'_, f64>]) -> Result<Vec<Cow<'a, [f64]>>, OutOfMemory> {
    let column = |column: &'a PyReadonlyArray1<'_, f64>| match column.as_slice() {
        Ok(contiguous) => Ok(Cow::Borrowed(contiguous)),
        Err(_) => memory::collected(column.as_array().iter().copied()).map(Cow::Owned),
    };
    columns.iter().map(column).collect()
}

fn check_bits(bits: u32) -> PyResult<()> {
    if bits > FINEST {
        return Err(PyValueError::new_err(format!("a resolution has 0 to {FINEST} bits, not {bits}")));
    }
    Ok(())
}

/// Return the comparison keys at resolution 2**-bits (bits in 0..52).
#[pyfunction]
pub(crate) fn keys<'py>(
    py: Python<'py>,
    values: PyReadonlyArray1<'py, f64>,
    bits: u32,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    check_bits(bits)?;
    let cells = Cells::new(bits);
    let keys = memory::collected(values.as_array().iter().map(|&value| cells.key(value)));
    Ok(keys.map_err(|error| crate::error::memory(&error))?.into_pyarray(py))
}

/// Return the row numbers of the front, ascending. Rows with NaN are never on it.
#[pyfunction]
#[allow(clippy::too_many_arguments, reason = "one crossing for each question; Python gives them names")]
#[pyo3(signature = (objectives, maximize, bits, all_ties, threads, rows=None, groups=None))]
pub(crate) fn pareto<'py>(
    py: Python<'py>,
    objectives: Vec<PyReadonlyArray1<'py, f64>>,
    maximize: Vec<bool>,
    bits: Vec<u32>,
    all_ties: bool,
    threads: usize,
    rows: Option<usize>,
    groups: Option<PyReadonlyArray1<'py, u32>>,
) -> PyResult<Bound<'py, PyArray1<u64>>> {
    let few = rows;
    let columns = borrowed(&objectives).map_err(|error| crate::error::memory(&error))?;
    let Some(rows) = columns.first().map(|column| column.len()) else {
        return Err(PyValueError::new_err("a front needs at least one objective"));
    };
    if maximize.len() != columns.len() || bits.len() != columns.len() {
        return Err(PyValueError::new_err("`maximize` and `bits` need one entry for each objective"));
    }
    if let Some(other) = columns.iter().find(|column| column.len() != rows) {
        return Err(PyValueError::new_err(format!("objectives of {rows} and {} rows", other.len())));
    }
    if rows >= u32::MAX as usize {
        return Err(PyValueError::new_err(format!("{rows} rows are too many: filter them in parts first")));
    }
    bits.iter().try_for_each(|&bits| check_bits(bits))?;
    let groups = groups.as_ref().map(crate::sweep::copied).transpose()?;
    if groups.as_ref().is_some_and(|groups| groups.len() != rows) {
        return Err(PyValueError::new_err("each row needs a group"));
    }

    let ties = if all_ties { Ties::All } else { Ties::First };
    let work = |control: &Control| -> Result<Vec<u64>, Error> {
        let mut minimized = Vec::with_capacity(columns.len());
        for (column, &maximize) in columns.iter().zip(&maximize) {
            minimized.push(if maximize {
                Cow::Owned(negated(column, control)?)
            } else {
                Cow::Borrowed(&**column)
            });
        }
        let minimized: Vec<&[f64]> = minimized.iter().map(|column| &**column).collect();
        let asked = FrontOf {
            bits: &bits,
            ties,
            maximize: &maximize,
            indices: None,
            groups: groups.as_deref(),
            rows: few,
        };
        let rows = front_by(&minimized, &asked, control)?;
        // In place: numbers of one width take no further memory.
        Ok(rows.into_iter().map(|row| row as u64).collect())
    };
    let kept = if rows * columns.len() < SHORT {
        py.detach(|| work(&Control::new(threads))).map_err(|error| crate::error::engine(py, &error))?
    } else {
        run::long(py, threads, None, work)?
    };
    Ok(kept.into_pyarray(py))
}

fn negated(column: &[f64], control: &Control) -> Result<Vec<f64>, Error> {
    let mut negated = memory::room(column.len())?;
    for some in column.chunks(LOOK) {
        control.check()?;
        negated.extend(some.iter().map(|value| -value));
    }
    Ok(negated)
}
