//! Sweeps: a space, and the questions to it.

use isoflop_core::control::Control;
use isoflop_core::error::Error;
use isoflop_core::pareto::Ties;
use isoflop_core::space::{Column, Space};
use isoflop_core::sweep::{Answer, Engine, Fineness, FrontQuestion, Groups, Name, Objective, Stats};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyMapping};

use crate::{error, kernels, run};

/// Questions about fewer configurations are answered without leaving the interpreter: that costs
/// more than the answer.
const SHORT: u64 = 1 << 15;

/// Rows of an answer, column by column.
#[pyclass(frozen, module = "isoflop._native")]
pub(crate) struct Rows {
    #[pyo3(get)]
    positions: Py<PyList>,
    #[pyo3(get)]
    objectives: Py<PyList>,
    #[pyo3(get)]
    columns: Py<PyList>,
    #[pyo3(get)]
    stats: Py<PyDict>,
}

/// Axes and their numeric columns. Immutable.
#[pyclass(frozen, name = "Space", module = "isoflop._native")]
pub(crate) struct PySpace {
    space: Space,
}

type Names = Vec<(String, NameOrFormula)>;

/// What a name stands for: a number or a formula's text.
#[derive(FromPyObject)]
enum NameOrFormula {
    Formula(String),
    Number(f64),
}

/// A mapping's items, in its order.
struct Items(Names);

impl<'py> FromPyObject<'_, 'py> for Items {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        object.cast::<PyMapping>()?.items()?.extract().map(Self)
    }
}

fn objectives(pairs: Vec<(String, bool)>) -> Vec<Objective> {
    pairs.into_iter().map(|(formula, maximize)| Objective { formula, maximize }).collect()
}

impl PySpace {
    fn engine(&self, names: Items, known: Vec<String>) -> PyResult<Engine<'_>> {
        let names = names.0.into_iter().map(|(name, meaning)| {
            let meaning = match meaning {
                NameOrFormula::Number(value) => Name::Number(value),
                NameOrFormula::Formula(text) => Name::Formula(text),
            };
            (name, meaning)
        });
        Ok(Engine::new(&self.space, names, known, kernels::level()?))
    }

    /// Runs a question, staying in the interpreter if it is a short one.
    fn ask<T: Send>(
        &self,
        py: Python<'_>,
        threads: usize,
        progress: Option<&Bound<'_, PyAny>>,
        question: impl FnOnce(&Control) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        if self.space.size() < SHORT {
            run::short(py, &Control::new(1), progress, question)
        } else {
            run::long(py, &Control::new(threads), progress, question)
        }
    }

    /// Evaluates further columns at the rows of an answer, and moves everything out.
    fn rows(
        &self,
        py: Python<'_>,
        engine: &Engine<'_>,
        answer: Answer,
        columns: &[String],
        threads: usize,
    ) -> PyResult<Rows> {
        let positions: Vec<&[u32]> = answer.positions.iter().map(Vec::as_slice).collect();
        let columns = if columns.is_empty() {
            Vec::new()
        } else {
            self.ask(py, threads, None, |control| engine.evaluate(columns, &positions, control))?
        };
        let stats = stats(py, &answer.stats)?.unbind();
        Ok(Rows {
            positions: moved(py, answer.positions)?,
            objectives: moved(py, answer.objectives)?,
            columns: moved(py, columns)?,
            stats,
        })
    }
}

/// Columns as a list of arrays that own them.
fn moved<T: numpy::Element>(py: Python<'_>, columns: Vec<Vec<T>>) -> PyResult<Py<PyList>> {
    let arrays = columns.into_iter().map(|column| PyArray1::from_vec(py, column));
    Ok(PyList::new(py, arrays.collect::<Vec<_>>())?.unbind())
}

fn stats<'py>(py: Python<'py>, stats: &Stats) -> PyResult<Bound<'py, PyDict>> {
    let seconds = PyDict::new(py);
    seconds.set_item("compile", stats.seconds.compile)?;
    seconds.set_item("search", stats.seconds.search)?;
    seconds.set_item("finish", stats.seconds.finish)?;
    let dict = PyDict::new(py);
    dict.set_item("size", stats.size)?;
    dict.set_item("evaluated", stats.evaluated)?;
    dict.set_item("feasible", stats.feasible)?;
    dict.set_item("nan", stats.nan)?;
    dict.set_item("bits", stats.bits.map_or(-1, i64::from))?;
    dict.set_item("threads", stats.threads)?;
    dict.set_item("seconds", seconds)?;
    Ok(dict)
}

#[pymethods]
impl PySpace {
    #[new]
    fn new(
        py: Python<'_>,
        lengths: Vec<usize>,
        columns: Vec<(String, usize, PyReadonlyArray1<'_, f64>, bool)>,
    ) -> PyResult<Self> {
        let columns = columns.into_iter().map(|(name, axis, values, boolean)| {
            let values = match values.as_slice() {
                Ok(values) => values.into(),
                Err(_) => values.as_array().iter().copied().collect(),
            };
            Column { name, axis, values, boolean }
        });
        let space =
            Space::new(lengths, columns.collect()).map_err(|error| error::engine(py, &error.into()))?;
        Ok(Self { space })
    }

    #[getter]
    fn size(&self) -> u64 {
        self.space.size()
    }

    #[allow(clippy::too_many_arguments, reason = "one crossing for each question; Python gives them names")]
    #[pyo3(signature = (names, known, objectives, r#where, columns, bits, rows, all_ties, max_rows, threads, progress))]
    fn pareto(
        &self,
        py: Python<'_>,
        names: Items,
        known: Vec<String>,
        objectives: Vec<(String, bool)>,
        r#where: Vec<String>,
        columns: Vec<String>,
        bits: Vec<u32>,
        rows: Option<usize>,
        all_ties: bool,
        max_rows: u64,
        threads: usize,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Rows> {
        let objectives = self::objectives(objectives);
        if objectives.is_empty() || bits.len() != objectives.len() || bits.iter().any(|&bits| bits > 52) {
            return Err(PyValueError::new_err("a front needs objectives, and 0 to 52 key bits for each"));
        }
        let engine = self.engine(names, known)?;
        let question = FrontQuestion {
            objectives: &objectives,
            constraints: &r#where,
            fineness: rows.map_or(Fineness::Bits(bits), Fineness::Rows),
            ties: if all_ties { Ties::All } else { Ties::First },
            max_rows,
        };
        let answer = self.ask(py, threads, progress, |control| engine.pareto(&question, control))?;
        self.rows(py, &engine, answer, &columns, threads)
    }

    #[allow(clippy::too_many_arguments, reason = "one crossing for each question; Python gives them names")]
    #[pyo3(signature = (names, known, objective, r#where, columns, by, threads, progress))]
    fn best(
        &self,
        py: Python<'_>,
        names: Items,
        known: Vec<String>,
        objective: (String, bool),
        r#where: Vec<String>,
        columns: Vec<String>,
        by: Option<(usize, PyReadonlyArray1<'_, u32>)>,
        threads: usize,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Rows> {
        let objective = Objective { formula: objective.0, maximize: objective.1 };
        let engine = self.engine(names, known)?;
        let by = by.map(|(axis, groups)| (axis, groups.as_array().to_vec()));
        if let Some((axis, groups)) = &by
            && (self.space.lengths().get(*axis) != Some(&groups.len())
                || groups.iter().any(|&group| group as usize >= groups.len()))
        {
            return Err(PyValueError::new_err("each position of the axis needs a group, numbered from 0"));
        }
        let groups = by.as_ref().map(|(axis, of)| Groups { axis: *axis, of });
        let answer = self.ask(py, threads, progress, |control| {
            engine.best(&objective, &r#where, groups.as_ref(), control)
        })?;
        self.rows(py, &engine, answer, &columns, threads)
    }

    #[allow(clippy::too_many_arguments, reason = "one crossing for each question; Python gives them names")]
    #[pyo3(signature = (names, known, r#where, columns, max_bytes, threads, progress))]
    fn table(
        &self,
        py: Python<'_>,
        names: Items,
        known: Vec<String>,
        r#where: Vec<String>,
        columns: Vec<String>,
        max_bytes: u64,
        threads: usize,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Rows> {
        let engine = self.engine(names, known)?;
        let mut answer =
            self.ask(py, threads, progress, |control| engine.table(&columns, &r#where, max_bytes, control))?;
        let columns = std::mem::take(&mut answer.objectives);
        let mut rows = self.rows(py, &engine, answer, &[], threads)?;
        rows.columns = moved(py, columns)?;
        Ok(rows)
    }

    #[pyo3(signature = (names, known, r#where, threads, progress))]
    fn any(
        &self,
        py: Python<'_>,
        names: Items,
        known: Vec<String>,
        r#where: Vec<String>,
        threads: usize,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<bool> {
        let engine = self.engine(names, known)?;
        self.ask(py, threads, progress, |control| engine.any(&r#where, control))
    }

    fn evaluate(
        &self,
        py: Python<'_>,
        names: Items,
        known: Vec<String>,
        columns: Vec<String>,
        positions: Vec<PyReadonlyArray1<'_, u32>>,
    ) -> PyResult<Py<PyList>> {
        let engine = self.engine(names, known)?;
        let positions: Vec<Vec<u32>> =
            positions.iter().map(|positions| positions.as_array().to_vec()).collect();
        let positions: Vec<&[u32]> = positions.iter().map(Vec::as_slice).collect();
        let values =
            run::long(py, &Control::new(1), None, |control| engine.evaluate(&columns, &positions, control))?;
        moved(py, values)
    }

    fn axes(&self, py: Python<'_>, names: Items, known: Vec<String>, formula: &str) -> PyResult<Vec<usize>> {
        self.engine(names, known)?.axes(formula).map_err(|error| error::formula(py, &error))
    }

    #[pyo3(signature = (names, known, objectives, r#where))]
    fn explain(
        &self,
        py: Python<'_>,
        names: Items,
        known: Vec<String>,
        objectives: Vec<(String, bool)>,
        r#where: Vec<String>,
    ) -> PyResult<Py<PyList>> {
        let engine = self.engine(names, known)?;
        let explanation = engine
            .explain(&self::objectives(objectives), &r#where)
            .map_err(|error| error::formula(py, &error))?;
        let list = PyList::empty(py);
        for term in &explanation.tables {
            let dict = PyDict::new(py);
            dict.set_item("formula", &term.formula)?;
            dict.set_item("axes", &term.axes)?;
            dict.set_item("entries", term.entries)?;
            dict.set_item("bytes", 8 * term.entries)?;
            list.append(dict)?;
        }
        let [block, row, lane, full] = explanation.operations;
        let dict = PyDict::new(py);
        dict.set_item("tape", full)?;
        dict.set_item("block_operations", block)?;
        dict.set_item("row_operations", row)?;
        dict.set_item("lane_operations", lane)?;
        dict.set_item("outer_axes", &explanation.outer)?;
        dict.set_item("rows_axes", &explanation.rows)?;
        dict.set_item("lanes_axes", &explanation.lanes)?;
        dict.set_item("block", explanation.block)?;
        dict.set_item("visited", explanation.visited)?;
        list.append(dict)?;
        Ok(list.unbind())
    }
}
