//! The kernels themselves, for tests, for the reference in Python, and to see which SIMD level runs.

use isoflop_core::memory::{self, OutOfMemory};
use isoflop_core::value::geomspace::GeomspaceError;
use isoflop_core::value::kernels::{self, Path};
use isoflop_core::value::lanes::{Operand, apply_at};
use isoflop_core::value::ops::{Info, Op, TABLE};
use isoflop_core::value::scalar;
use isoflop_core::value::simd::{Level, UnknownLevel};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;

/// The variable that names the SIMD level to use instead of the highest.
const VARIABLE: &str = "ISOFLOP_SIMD";

/// The SIMD level to run at: the highest, unless `ISOFLOP_SIMD` names another.
///
/// It is looked up each time (a fraction of a microsecond), so that a process may change it.
pub(crate) fn level() -> PyResult<Level> {
    match std::env::var_os(VARIABLE) {
        None => Ok(Level::detect()),
        Some(name) if name.is_empty() => Ok(Level::detect()),
        Some(name) => name
            .to_string_lossy()
            .parse()
            .map_err(|error: UnknownLevel| PyValueError::new_err(format!("{VARIABLE}: {error}"))),
    }
}

/// List the SIMD levels that this processor has, lowest first.
#[pyfunction]
pub(crate) fn simd_levels() -> Vec<&'static str> {
    Level::available().into_iter().map(Level::name).collect()
}

/// Return the level in use: the highest, unless ISOFLOP_SIMD names another.
#[pyfunction]
pub(crate) fn simd_level() -> PyResult<&'static str> {
    level().map(Level::name)
}

/// Return the largest error of a kernel in ulps; for pow, of the path that its exponent takes.
#[pyfunction]
#[pyo3(signature = (name, exponent=None))]
pub(crate) fn ulps(name: &str, exponent: Option<f64>) -> PyResult<f64> {
    match name {
        "exp" => Ok(kernels::EXP_ULPS),
        "log" => Ok(kernels::LOG_ULPS),
        "log2" => Ok(kernels::LOG2_ULPS),
        "log10" => Ok(kernels::LOG10_ULPS),
        "pow" => Ok(exponent.map_or(Path::General, Path::of).ulps()),
        _ => Err(unknown_kernel(name)),
    }
}

/// Apply the scalar meaning of exp, log, log2, log10 or pow element by element.
///
/// An operand of length one stands for that number everywhere.
#[pyfunction]
#[pyo3(signature = (name, x, y=None))]
pub(crate) fn kernel<'py>(
    py: Python<'py>,
    name: &str,
    x: PyReadonlyArray1<'py, f64>,
    y: Option<PyReadonlyArray1<'py, f64>>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let (arity, meaning): (usize, fn(f64, f64) -> f64) = match name {
        "exp" => (1, |x, _| scalar::exp(x)),
        "log" => (1, |x, _| scalar::log(x)),
        "log2" => (1, |x, _| scalar::log2(x)),
        "log10" => (1, |x, _| scalar::log10(x)),
        "pow" => (2, scalar::pow),
        _ => return Err(unknown_kernel(name)),
    };
    let operands = Operands::new(name, arity, [Some(x), y, None])?;
    let [a, b, _] = operands.each();
    let at = |operand: Operand<'_>, lane: usize| match operand {
        Operand::Scalar(value) => value,
        Operand::Lanes(values) => values[lane],
    };
    let result = memory::collected((0..operands.length).map(|lane| meaning(at(a, lane), at(b, lane))));
    Ok(result.map_err(out_of_memory)?.into_pyarray(py))
}

/// Apply any operation of the table (unary minus is "neg") through the lane loops at the current SIMD level.
///
/// An operand of length one stands for that number in every lane.
#[pyfunction]
#[pyo3(signature = (name, x, y=None, z=None))]
pub(crate) fn lanes<'py>(
    py: Python<'py>,
    name: &str,
    x: PyReadonlyArray1<'py, f64>,
    y: Option<PyReadonlyArray1<'py, f64>>,
    z: Option<PyReadonlyArray1<'py, f64>>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let called = |row: &Info| if row.op == Op::Neg { "neg" } else { row.name };
    let row = TABLE.iter().find(|row| called(row) == name).ok_or_else(|| {
        let names: Vec<&str> = TABLE.iter().map(called).collect();
        PyValueError::new_err(format!("`{name}` is not an operation; there are {}", names.join(" ")))
    })?;
    let operands = Operands::new(name, row.arity, [Some(x), y, z])?;
    let [a, b, c] = operands.each();
    let mut out = memory::zeroed(operands.length).map_err(out_of_memory)?;
    apply_at(level()?, row.op, a, b, c, &mut out);
    Ok(out.into_pyarray(py))
}

/// Return numbers spaced evenly on a log scale, end points exact.
#[pyfunction]
pub(crate) fn geomspace(
    py: Python<'_>,
    start: f64,
    stop: f64,
    num: i64,
    endpoint: bool,
) -> PyResult<Bound<'_, PyArray1<f64>>> {
    let num = usize::try_from(num).map_err(|_| {
        PyValueError::new_err(format!("geomspace takes a number of values of at least 0, not {num}"))
    })?;
    match isoflop_core::value::geomspace::geomspace(start, stop, num, endpoint) {
        Ok(numbers) => Ok(numbers.into_pyarray(py)),
        Err(error @ GeomspaceError::Memory { .. }) => Err(PyMemoryError::new_err(error.to_string())),
        Err(error) => Err(PyValueError::new_err(error.to_string())),
    }
}

fn out_of_memory(error: OutOfMemory) -> PyErr {
    PyMemoryError::new_err(error.to_string())
}

fn unknown_kernel(name: &str) -> PyErr {
    PyValueError::new_err(format!("`{name}` is not a kernel; there are exp, log, log2, log10 and pow"))
}

/// Up to three columns of one length, or of length one.
struct Operands {
    columns: Vec<Vec<f64>>,
    length: usize,
}

impl Operands {
    fn new(name: &str, arity: usize, given: [Option<PyReadonlyArray1<'_, f64>>; 3]) -> PyResult<Self> {
        let copied =
            |column: &PyReadonlyArray1<'_, f64>| memory::collected(column.as_array().iter().copied());
        let columns =
            given.iter().flatten().map(copied).collect::<Result<Vec<_>, _>>().map_err(out_of_memory)?;
        if columns.len() != arity {
            return Err(PyValueError::new_err(format!(
                "`{name}` takes {arity} operand{}, not {}",
                if arity == 1 { "" } else { "s" },
                columns.len()
            )));
        }
        let length = columns.iter().map(Vec::len).find(|&length| length != 1).unwrap_or(1);
        if let Some(other) = columns.iter().map(Vec::len).find(|&other| other != 1 && other != length) {
            return Err(PyValueError::new_err(format!(
                "the operands of `{name}` have lengths {length} and {other}; they must be equal, or one"
            )));
        }
        Ok(Self { columns, length })
    }

    /// The operands as the lane loops take them; zero for those not given.
    fn each(&self) -> [Operand<'_>; 3] {
        [0, 1, 2].map(|operand| match self.columns.get(operand).map(Vec::as_slice) {
            None => Operand::Scalar(0.0),
            Some(&[value]) => Operand::Scalar(value),
            Some(values) => Operand::Lanes(values),
        })
    }
}
