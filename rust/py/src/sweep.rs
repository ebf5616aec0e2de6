//! Sweeps: a space, and the questions to it.

use std::sync::{Mutex, PoisonError};

use isoflop_core::control::Control;
use isoflop_core::error::Error;
use isoflop_core::memory::{self, OutOfMemory};
use isoflop_core::pareto::Ties;
use isoflop_core::space::{Column, Space};
use isoflop_core::sweep::{
    Answer, Columns, Engine, FrontQuestion, Groups, Name, Near, Objective, Stats, outside,
};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyMapping, PyString};

use crate::questions::{
    BestRecord, By, Formula, FrontRecord, NearRecord, TableRecord, Watched, check_bits, method,
};
use crate::{error, kernels, run};

/// Questions about fewer configurations are answered without leaving the interpreter: that costs
/// more than the answer.
const SHORT: u64 = 1 << 15;

/// Answers of no more rows come as one block of numbers, too: an array for each column costs more than
/// copying its numbers.
const BLOCK_ROWS: usize = 2048;

/// Rows of an answer, column by column.
#[pyclass(frozen, module = "isoflop._native")]
pub(crate) struct Rows {
    #[pyo3(get)]
    height: usize,
    #[pyo3(get)]
    block: Option<Py<PyArray1<f64>>>,
    positions: Arrays<u32>,
    objectives: Arrays<f64>,
    columns: Arrays<f64>,
    #[pyo3(get)]
    outside: usize,
    #[pyo3(get)]
    extremes: Vec<(f64, f64)>,
    stats: Stats,
}

#[pymethods]
impl Rows {
    #[getter]
    fn positions(&self, py: Python<'_>) -> PyResult<Py<PyList>> {
        self.positions.get(py)
    }

    #[getter]
    fn objectives(&self, py: Python<'_>) -> PyResult<Py<PyList>> {
        self.objectives.get(py)
    }

    #[getter]
    fn columns(&self, py: Python<'_>) -> PyResult<Py<PyList>> {
        self.columns.get(py)
    }

    #[getter]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        stats(py, &self.stats)
    }
}

/// Columns that become arrays, without a copy, when Python first asks for them.
struct Arrays<T> {
    columns: Mutex<Vec<Vec<T>>>,
    made: PyOnceLock<Py<PyList>>,
}

impl<T: numpy::Element> Arrays<T> {
    fn new(columns: Vec<Vec<T>>) -> Self {
        Self { columns: Mutex::new(columns), made: PyOnceLock::new() }
    }

    fn get(&self, py: Python<'_>) -> PyResult<Py<PyList>> {
        let make =
            || moved(py, std::mem::take(&mut *self.columns.lock().unwrap_or_else(PoisonError::into_inner)));
        self.made.get_or_try_init(py, make).map(|list| list.clone_ref(py))
    }
}

/// Axes and their numeric columns. Immutable.
#[pyclass(frozen, name = "Space", module = "isoflop._native")]
pub(crate) struct PySpace {
    space: Space,
}

/// What names stand for: a mapping's items, in its order.
struct Names(Vec<(String, Name)>);

impl<'py> FromPyObject<'_, 'py> for Names {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let item = |(name, meaning): (Bound<'py, PyAny>, Bound<'py, PyAny>)| {
            // Asked for its type: an extraction that fails first makes an exception.
            let meaning = match meaning.cast::<PyString>() {
                Ok(text) => Name::Formula(text.extract()?),
                Err(_) => Name::Number(meaning.extract()?),
            };
            Ok((name.extract()?, meaning))
        };
        if let Ok(dict) = object.cast::<PyDict>() {
            return dict.iter().map(item).collect::<PyResult<_>>().map(Self);
        }
        let items = object.cast::<PyMapping>()?.items()?;
        items.iter().map(|pair| item(pair.extract()?)).collect::<PyResult<_>>().map(Self)
    }
}

/// What is computed at the rows of an answer. Bound before the search, so that mistakes are found early.
struct Further<'a> {
    columns: Option<Columns<'a>>,
    shown: usize,
    ranges: Vec<(f64, f64)>,
}

impl<'a> Further<'a> {
    fn new(
        py: Python<'_>,
        engine: &Engine<'a>,
        mut formulas: Vec<String>,
        watched: Vec<Watched>,
    ) -> PyResult<Self> {
        let shown = formulas.len();
        let ranges = watched.iter().map(|&(_, low, high)| (low, high)).collect();
        formulas.extend(watched.into_iter().map(|(formula, ..)| formula));
        let columns = match formulas.is_empty() {
            true => None,
            false => Some(engine.columns(&formulas).map_err(|error| error::formula(py, &error))?),
        };
        Ok(Self { columns, shown, ranges })
    }
}

impl PySpace {
    fn engine(&self, names: Names, known: Vec<String>) -> PyResult<Engine<'_>> {
        Ok(Engine::new(&self.space, names.0, known, kernels::level()?))
    }

    /// The group of each position of an axis.
    fn groups(&self, by: By<'_>) -> PyResult<Option<(usize, Vec<u32>)>> {
        let by = by.map(|(axis, groups)| PyResult::Ok((axis, copied(&groups)?))).transpose()?;
        if let Some((axis, groups)) = &by
            && (self.space.lengths().get(*axis) != Some(&groups.len())
                || groups.iter().any(|&group| group as usize >= groups.len()))
        {
            return Err(PyValueError::new_err("each position of the axis needs a group, numbered from 0"));
        }
        Ok(by)
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
            run::long(py, threads, progress, question)
        }
    }

    /// Evaluates further columns at the rows of an answer, and moves everything out.
    fn rows(&self, py: Python<'_>, answer: Answer, further: &Further<'_>, threads: usize) -> PyResult<Rows> {
        let positions: Vec<&[u32]> = answer.positions.iter().map(Vec::as_slice).collect();
        let mut columns = match &further.columns {
            Some(columns) => self.ask(py, threads, None, |control| columns.at(&positions, control))?,
            None => Vec::new(),
        };
        let outside = outside(&columns.split_off(further.shown), &further.ranges);
        let rows = self.moved_out(py, answer.positions, answer.objectives, columns, answer.stats)?;
        Ok(Rows { outside: outside.rows, extremes: outside.extremes, ..rows })
    }

    /// An answer on its way to Python, with no rows outside.
    fn moved_out(
        &self,
        py: Python<'_>,
        positions: Vec<Vec<u32>>,
        objectives: Vec<Vec<f64>>,
        columns: Vec<Vec<f64>>,
        stats: Stats,
    ) -> PyResult<Rows> {
        let height = positions.first().map_or(0, Vec::len);
        let make_block = || -> Result<_, OutOfMemory> {
            let of_axes = self.space.columns();
            let mut block = memory::room(height * (of_axes.len() + objectives.len() + columns.len()))?;
            for column in of_axes {
                block.extend(positions[column.axis].iter().map(|&position| column.values[position as usize]));
            }
            objectives.iter().chain(&columns).for_each(|values| block.extend_from_slice(values));
            Ok(PyArray1::from_vec(py, block).unbind())
        };
        let block = (height <= BLOCK_ROWS).then(make_block).transpose();
        Ok(Rows {
            height,
            block: block.map_err(|error| error::memory(&error))?,
            positions: Arrays::new(positions),
            objectives: Arrays::new(objectives),
            columns: Arrays::new(columns),
            outside: 0,
            extremes: Vec::new(),
            stats,
        })
    }
}

/// The numbers of an array, whether they lie side by side or not.
pub(crate) fn copied<T: numpy::Element + Copy>(numbers: &PyReadonlyArray1<'_, T>) -> PyResult<Vec<T>> {
    let copy = match numbers.as_slice() {
        Ok(numbers) => memory::copied(numbers),
        Err(_) => memory::collected(numbers.as_array().iter().copied()),
    };
    copy.map_err(|error| error::memory(&error))
}

/// Columns as a list of arrays that own them.
fn moved<T: numpy::Element>(py: Python<'_>, columns: Vec<Vec<T>>) -> PyResult<Py<PyList>> {
    let arrays = columns.into_iter().map(|column| PyArray1::from_vec(py, column));
    Ok(PyList::new(py, arrays.collect::<Vec<_>>())?.unbind())
}

/// Return the least and the largest number; None if one of them is not finite, or there is none.
#[pyfunction]
pub(crate) fn extremes(numbers: PyReadonlyArray1<'_, f64>) -> Option<(f64, f64)> {
    let look = |(least, largest, finite): (f64, f64, bool), number: &f64| {
        (least.min(*number), largest.max(*number), finite & number.is_finite())
    };
    let start = (f64::INFINITY, f64::NEG_INFINITY, true);
    let (least, largest, finite) = match numbers.as_slice() {
        Ok(numbers) => numbers.iter().fold(start, look),
        Err(_) => numbers.as_array().iter().fold(start, look),
    };
    (finite && least <= largest).then_some((least, largest))
}

fn stats<'py>(py: Python<'py>, stats: &Stats) -> PyResult<Bound<'py, PyDict>> {
    let seconds = PyDict::new(py);
    seconds.set_item("compile", stats.seconds.compile)?;
    seconds.set_item("search", stats.seconds.search)?;
    seconds.set_item("finish", stats.seconds.finish)?;
    let dict = PyDict::new(py);
    dict.set_item("size", stats.size)?;
    dict.set_item("evaluated", stats.evaluated)?;
    dict.set_item("bounded", stats.bounded)?;
    dict.set_item("presolved", stats.presolved)?;
    dict.set_item("bounds", stats.bounds)?;
    dict.set_item("depths", &stats.depths)?;
    dict.set_item("searched", stats.searched)?;
    dict.set_item("feasible", (!stats.searched).then_some(stats.feasible))?;
    dict.set_item("nan", stats.nan)?;
    dict.set_item("gap", stats.gap)?;
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
            Ok(Column { name, axis, values: copied(&values)?.into(), boolean })
        });
        let space = Space::new(lengths, columns.collect::<PyResult<_>>()?);
        let space = space.map_err(|error| error::engine(py, &error.into()))?;
        Ok(Self { space })
    }

    #[getter]
    fn size(&self) -> u64 {
        self.space.size()
    }

    fn pareto(
        &self,
        py: Python<'_>,
        names: Names,
        known: Vec<String>,
        question: FrontRecord<'_>,
        threads: usize,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Rows> {
        let objectives: Vec<Objective> = question.objectives.into_iter().map(Objective::from).collect();
        if objectives.is_empty() {
            return Err(PyValueError::new_err("a front needs objectives"));
        }
        check_bits(&question.bits, objectives.len())?;
        let engine = self.engine(names, known)?.with_method(method(question.method.as_deref())?);
        let by = self.groups(question.by)?;
        let further = Further::new(py, &engine, question.columns, question.watched)?;
        let groups = by.as_ref().map(|(axis, of)| Groups { axis: *axis, of });
        let front = FrontQuestion {
            objectives: &objectives,
            constraints: &question.constraints,
            bits: &question.bits,
            ties: if question.all_ties { Ties::All } else { Ties::First },
            groups: groups.as_ref(),
            rows: question.rows,
            max_rows: question.max_rows,
        };
        let answer = self.ask(py, threads, progress, |control| engine.pareto(&front, control))?;
        self.rows(py, answer, &further, threads)
    }

    fn best(
        &self,
        py: Python<'_>,
        names: Names,
        known: Vec<String>,
        question: BestRecord<'_>,
        threads: usize,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Rows> {
        let objective = question.objective.into();
        let engine = self.engine(names, known)?.with_method(method(question.method.as_deref())?);
        let by = self.groups(question.by)?;
        let further = Further::new(py, &engine, question.columns, question.watched)?;
        let groups = by.as_ref().map(|(axis, of)| Groups { axis: *axis, of });
        let answer = self.ask(py, threads, progress, |control| {
            engine.best(&objective, &question.constraints, groups.as_ref(), control)
        })?;
        self.rows(py, answer, &further, threads)
    }

    fn near(
        &self,
        py: Python<'_>,
        names: Names,
        known: Vec<String>,
        question: NearRecord<'_>,
        threads: usize,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Rows> {
        let within = question.within;
        if !(within.is_finite() && within >= 0.0) {
            return Err(PyValueError::new_err("within is finite and not negative"));
        }
        let objective = question.objective.into();
        let then: Vec<Objective> = question.then.into_iter().map(Objective::from).collect();
        check_bits(&question.bits, then.len())?;
        let engine = self.engine(names, known)?;
        let by = self.groups(question.by)?;
        let further = Further::new(py, &engine, question.columns, question.watched)?;
        let groups = by.as_ref().map(|(axis, of)| Groups { axis: *axis, of });
        let near = Near {
            objective: &objective,
            within,
            constraints: &question.constraints,
            groups: groups.as_ref(),
            then: &then,
            bits: &question.bits,
            max_rows: question.max_rows,
        };
        let answer = self.ask(py, threads, progress, |control| engine.near(&near, control))?;
        self.rows(py, answer, &further, threads)
    }

    fn table(
        &self,
        py: Python<'_>,
        names: Names,
        known: Vec<String>,
        question: TableRecord,
        threads: usize,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Rows> {
        let engine = self.engine(names, known)?;
        let TableRecord { columns, constraints, max_bytes } = question;
        let answer = self
            .ask(py, threads, progress, |control| engine.table(&columns, &constraints, max_bytes, control))?;
        // The engine's objectives are the columns that were wanted.
        self.moved_out(py, answer.positions, vec![], answer.objectives, answer.stats)
    }

    #[pyo3(signature = (names, known, r#where, threads, progress))]
    fn any(
        &self,
        py: Python<'_>,
        names: Names,
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
        names: Names,
        known: Vec<String>,
        columns: Vec<String>,
        positions: Vec<PyReadonlyArray1<'_, u32>>,
    ) -> PyResult<Py<PyList>> {
        let engine = self.engine(names, known)?;
        let positions: Vec<Vec<u32>> = positions.iter().map(copied).collect::<PyResult<_>>()?;
        let positions: Vec<&[u32]> = positions.iter().map(Vec::as_slice).collect();
        let columns = engine.columns(&columns).map_err(|error| error::formula(py, &error))?;
        let values = run::long(py, 1, None, |control| columns.at(&positions, control))?;
        moved(py, values)
    }

    fn axes(&self, py: Python<'_>, names: Names, known: Vec<String>, formula: &str) -> PyResult<Vec<usize>> {
        self.engine(names, known)?.axes(formula).map_err(|error| error::formula(py, &error))
    }

    fn explain(
        &self,
        py: Python<'_>,
        names: Names,
        known: Vec<String>,
        objectives: Vec<Formula>,
        r#where: Vec<String>,
    ) -> PyResult<Py<PyList>> {
        let engine = self.engine(names, known)?;
        let objectives: Vec<Objective> = objectives.into_iter().map(Objective::from).collect();
        let explanation = engine.explain(&objectives, &r#where).map_err(|error| error::engine(py, &error))?;
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
        dict.set_item("presolved", &explanation.presolved)?;
        dict.set_item("searched", explanation.searched)?;
        list.append(dict)?;
        Ok(list.unbind())
    }
}
