//! The records in which questions cross: the items of a mapping, each read once and by its name.

use isoflop_core::sweep::{Method, Objective};
use numpy::PyReadonlyArray1;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A column to compare with a range, of which only the comparison goes out: formula, low, high.
pub(crate) type Watched = (String, f64, f64);

/// An axis, and the group of each of its positions.
pub(crate) type By<'py> = Option<(usize, PyReadonlyArray1<'py, u32>)>;

/// A question for the front.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct FrontRecord<'py> {
    pub(crate) objectives: Vec<Formula>,
    #[pyo3(item("where"))]
    pub(crate) constraints: Vec<String>,
    pub(crate) bits: Vec<u32>,
    pub(crate) all_ties: bool,
    pub(crate) max_rows: u64,
    #[pyo3(default)]
    pub(crate) rows: Option<usize>,
    #[pyo3(default)]
    pub(crate) by: By<'py>,
    #[pyo3(default)]
    pub(crate) columns: Vec<String>,
    #[pyo3(default)]
    pub(crate) watched: Vec<Watched>,
    #[pyo3(default)]
    pub(crate) method: Option<String>,
}

/// A question for the best by one objective.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct BestRecord<'py> {
    pub(crate) objective: Formula,
    #[pyo3(item("where"), default)]
    pub(crate) constraints: Vec<String>,
    #[pyo3(default)]
    pub(crate) by: By<'py>,
    #[pyo3(default)]
    pub(crate) columns: Vec<String>,
    #[pyo3(default)]
    pub(crate) watched: Vec<Watched>,
    #[pyo3(default)]
    pub(crate) method: Option<String>,
}

/// A question for everything close to the best.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct NearRecord<'py> {
    pub(crate) objective: Formula,
    pub(crate) within: f64,
    #[pyo3(item("where"))]
    pub(crate) constraints: Vec<String>,
    pub(crate) max_rows: u64,
    #[pyo3(default)]
    pub(crate) by: By<'py>,
    #[pyo3(default)]
    pub(crate) then: Vec<Formula>,
    #[pyo3(default)]
    pub(crate) bits: Vec<u32>,
    #[pyo3(default)]
    pub(crate) columns: Vec<String>,
    #[pyo3(default)]
    pub(crate) watched: Vec<Watched>,
}

/// A question for every configuration.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct TableRecord {
    #[pyo3(item("where"))]
    pub(crate) constraints: Vec<String>,
    pub(crate) columns: Vec<String>,
    pub(crate) max_bytes: u64,
}

/// An objective: its formula, and whether larger is better.
#[derive(FromPyObject)]
pub(crate) struct Formula(String, bool);

impl From<Formula> for Objective {
    fn from(Formula(formula, maximize): Formula) -> Self {
        Self { formula, maximize }
    }
}

/// How a question is answered, by its name; as the engine thinks best without one.
///
/// # Errors
///
/// `ValueError` for another name.
pub(crate) fn method(name: Option<&str>) -> PyResult<Method> {
    match name {
        None | Some("auto") => Ok(Method::Auto),
        Some("enumerate") => Ok(Method::Enumerate),
        Some("search") => Ok(Method::Search),
        Some(name) => {
            Err(PyValueError::new_err(format!("method must be auto, enumerate or search, not {name}")))
        }
    }
}

/// Fails unless each of `count` objectives has key bits.
pub(crate) fn check_bits(bits: &[u32], count: usize) -> PyResult<()> {
    if bits.len() != count || bits.iter().any(|&bits| bits > 52) {
        return Err(PyValueError::new_err("each objective needs 0 to 52 key bits"));
    }
    Ok(())
}
