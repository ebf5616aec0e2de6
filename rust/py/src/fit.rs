//! Fits over NumPy columns.

use std::sync::{Mutex, PoisonError};

use isoflop_core::control::Control;
use isoflop_core::error::Error;
use isoflop_core::fit::estimate;
use isoflop_core::fit::intervals::{self, bootstrap, jackknife, kappas, profile, spread};
use isoflop_core::fit::model::{Model, Names};
use isoflop_core::fit::problem::{Problem, Room};
use isoflop_core::fit::residual::{Penalty, Residual};
use isoflop_core::fit::search::Search;
use isoflop_core::fit::starts::Range;
use isoflop_core::fit::structure::Role;
use isoflop_core::fit::student::quantile;
use isoflop_core::fit::tape;
use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error;
use crate::run;

type Columns<'py> = Vec<(String, PyReadonlyArray1<'py, f64>)>;

/// Where a fit ended: the coefficients, the objective there, and whether the last steps gained nothing more.
type Minimum<'py> = (Bound<'py, PyArray1<f64>>, f64, bool);

/// More would not fit the masks of the tape.
const MOST: usize = 60;

fn owned(column: &PyReadonlyArray1<'_, f64>) -> Vec<f64> {
    column.as_array().iter().copied().collect()
}

fn model(
    py: Python<'_>,
    formula: &str,
    columns: &Columns<'_>,
    coefficients: Vec<String>,
    fixed: Vec<(String, f64)>,
    formulas: Vec<(String, String)>,
) -> PyResult<Model> {
    let columns: Vec<_> = columns.iter().map(|(name, column)| (name.clone(), owned(column))).collect();
    if columns.windows(2).any(|pair| pair[0].1.len() != pair[1].1.len()) {
        return Err(PyValueError::new_err("columns differ in length"));
    }
    if coefficients.len() > MOST {
        return Err(PyValueError::new_err(format!(
            "{} coefficients are too many: a fit has at most {MOST}",
            coefficients.len()
        )));
    }
    let names = Names { columns, coefficients, fixed, formulas };
    Model::new(formula, names).map_err(|problem| error::formula(py, &problem))
}

/// Compute a formula over columns, for each row of coefficients; (draws, rows) numbers, and for one row its derivatives.
#[pyfunction]
#[pyo3(signature = (formula, columns, coefficients, theta, fixed, formulas))]
#[allow(clippy::type_complexity, reason = "two arrays")]
pub(crate) fn fitted_values<'py>(
    py: Python<'py>,
    formula: &str,
    columns: Columns<'py>,
    coefficients: Vec<String>,
    theta: PyReadonlyArray2<'py, f64>,
    fixed: Vec<(String, f64)>,
    formulas: Vec<(String, String)>,
) -> PyResult<(Bound<'py, PyArray2<f64>>, Option<Bound<'py, PyArray2<f64>>>)> {
    let count = coefficients.len();
    let model = model(py, formula, &columns, coefficients, fixed, formulas)?;
    let theta = theta.as_array();
    if theta.ncols() != count {
        return Err(PyValueError::new_err("each row of `theta` needs a number for each coefficient"));
    }
    let single = theta.nrows() == 1;
    let tape = model.tape(&vec![single; count]);
    let mut room = tape::Scratch::default();
    let mut values = Array2::zeros((theta.nrows(), model.rows()));
    let mut derivatives = single.then(|| vec![0.0; model.rows() * count]);
    for (row, mut out) in theta.rows().into_iter().zip(values.rows_mut()) {
        let row: Vec<f64> = row.iter().copied().collect();
        let out = out.as_slice_mut().expect("rows lie side by side");
        tape.run(&row, &mut room, out, derivatives.as_deref_mut().unwrap_or(&mut []));
    }
    let derivatives = derivatives
        .map(|numbers| Array2::from_shape_vec((count, model.rows()), numbers).expect("a column for each"));
    Ok((values.into_pyarray(py), derivatives.map(|array| array.into_pyarray(py))))
}

/// Return the number that a Student variable stays below with this probability (0.5 to 1).
#[pyfunction]
pub(crate) fn student(probability: f64, freedom: f64) -> f64 {
    quantile(probability, freedom)
}

/// A formula bound to runs, with a residual, weights and bounds.
#[pyclass(name = "FitProblem", module = "isoflop._native", frozen)]
pub(crate) struct PyFitProblem {
    problem: Mutex<Problem>,
    #[pyo3(get)]
    coefficients: Vec<String>,
}

impl PyFitProblem {
    /// A copy to work on, with the penalty at this delta. The lock is held for the copy only.
    fn copy(&self, delta: Option<f64>) -> Problem {
        let mut copy = self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(delta) = delta {
            let penalty = copy.residual().penalty(delta);
            copy.set_penalty(if penalty.is_absolute() { Penalty::smoothed(delta) } else { penalty });
        }
        copy
    }

    fn theta(&self, theta: &PyReadonlyArray1<'_, f64>) -> PyResult<Vec<f64>> {
        let theta = owned(theta);
        if theta.len() != self.coefficients.len() {
            return Err(PyValueError::new_err("`theta` needs a number for each coefficient"));
        }
        Ok(theta)
    }
}

fn groups_of(groups: &PyReadonlyArray1<'_, u32>, rows: usize) -> PyResult<Vec<u32>> {
    let groups: Vec<u32> = groups.as_array().iter().copied().collect();
    if groups.len() != rows || groups.iter().any(|&group| group as usize >= rows) {
        return Err(PyValueError::new_err("each run needs a group, numbered from 0 without gaps"));
    }
    Ok(groups)
}

fn matrix<'py>(py: Python<'py>, rows: Vec<Vec<f64>>, width: usize) -> Bound<'py, PyArray2<f64>> {
    let height = rows.len();
    let numbers: Vec<f64> = rows.into_iter().flatten().collect();
    Array2::from_shape_vec((height, width), numbers).expect("rows of one width").into_pyarray(py)
}

#[pymethods]
impl PyFitProblem {
    #[new]
    #[allow(clippy::too_many_arguments, reason = "one crossing; Python gives them names")]
    #[pyo3(signature = (formula, columns, coefficients, observed, weights, residual, bounds, fixed, formulas))]
    fn new(
        py: Python<'_>,
        formula: &str,
        columns: Columns<'_>,
        coefficients: Vec<String>,
        observed: PyReadonlyArray1<'_, f64>,
        weights: PyReadonlyArray1<'_, f64>,
        residual: &str,
        bounds: Vec<(f64, f64)>,
        fixed: Vec<(String, f64)>,
        formulas: Vec<(String, String)>,
    ) -> PyResult<Self> {
        let residual = Residual::named(residual)
            .ok_or_else(|| PyValueError::new_err(format!("there is no residual `{residual}`")))?;
        let model = model(py, formula, &columns, coefficients.clone(), fixed, formulas)?;
        let (observed, weights) = (owned(&observed), owned(&weights));
        if observed.len() != model.rows() || weights.len() != model.rows() {
            return Err(PyValueError::new_err("each run needs an observed value and a weight"));
        }
        if bounds.len() != coefficients.len()
            || bounds.iter().any(|(low, high)| low > high || low.is_nan() || high.is_nan())
        {
            return Err(PyValueError::new_err("each coefficient needs bounds, the lower one first"));
        }
        let problem = Problem::new(model, observed, weights, residual, estimate::PUBLISHED_DELTA, bounds);
        Ok(Self { problem: Mutex::new(problem), coefficients })
    }

    /// Say what each coefficient is in the formula, and whether it is linear.
    fn structure(&self) -> Vec<(&'static str, i8, bool)> {
        let problem = self.copy(None);
        let structure = problem.structure();
        let name = |role: &Role| match role {
            Role::Floor => ("floor", 0),
            Role::Amplitude => ("amplitude", 0),
            Role::Linear => ("linear", 0),
            Role::Exponent(sign) => ("exponent", *sign),
            Role::Other => ("other", 0),
            Role::Unread => ("unread", 0),
        };
        let roles = structure.roles.iter().map(name);
        roles.zip(&structure.linear).map(|((name, sign), &linear)| (name, sign, linear)).collect()
    }

    /// Search for the best minimum; `ranges` says where starts are drawn, for coefficients where it is given.
    #[pyo3(signature = (delta, ranges, seed, points, threads, progress=None))]
    #[allow(clippy::too_many_arguments, reason = "one crossing; Python gives them names")]
    fn search<'py>(
        &self,
        py: Python<'py>,
        delta: Option<f64>,
        ranges: Vec<Option<(f64, f64)>>,
        seed: u64,
        points: usize,
        threads: usize,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let mut problem = self.copy(None);
        let default = problem.ranges();
        if ranges.len() != default.len() {
            return Err(PyValueError::new_err("`ranges` needs an entry for each coefficient"));
        }
        let pick = |(given, default): (&Option<(f64, f64)>, Range)| {
            given.map_or(default, |(low, high)| Range::between(low, high))
        };
        let how = Search { ranges: ranges.iter().zip(default).map(pick).collect(), seed, points };
        let work = |control: &Control| -> Result<_, Error> {
            Ok(estimate::fit(&mut problem, &how, delta, control)?)
        };
        let fitted = run::long(py, threads, progress, work)?;
        let found = fitted.found;
        let minimum = |polished: isoflop_core::fit::optimise::Polished| -> Minimum<'py> {
            (polished.theta.into_pyarray(py), polished.objective, polished.converged)
        };
        let answer = PyDict::new(py);
        answer.set_item("best", minimum(found.best))?;
        answer.set_item("others", found.others.into_iter().map(minimum).collect::<Vec<_>>())?;
        answer.set_item("polishes", found.polishes)?;
        answer.set_item("at_best", found.at_best)?;
        answer.set_item("rounds", found.rounds)?;
        answer.set_item("evaluations", found.evaluations)?;
        answer.set_item("delta", fitted.delta)?;
        Ok(answer)
    }

    /// Return the scale of a fit's residuals as a delta: 1.345 robust standard deviations.
    fn own_delta(&self, theta: PyReadonlyArray1<'_, f64>) -> PyResult<f64> {
        Ok(estimate::own_delta(&self.copy(None), &self.theta(&theta)?))
    }

    /// Return the objective at some coefficients.
    fn objective(&self, theta: PyReadonlyArray1<'_, f64>, delta: f64) -> PyResult<f64> {
        let mut problem = self.copy(None);
        problem.set_penalty(problem.residual().penalty(delta));
        Ok(problem.objective(&self.theta(&theta)?, &mut Room::default()))
    }

    /// Return the covariance of the coefficients, and the scale of the objective's excess.
    fn covariance<'py>(
        &self,
        py: Python<'py>,
        theta: PyReadonlyArray1<'py, f64>,
        delta: f64,
    ) -> PyResult<(Bound<'py, PyArray2<f64>>, f64)> {
        let found = spread(&self.copy(Some(delta)), &self.theta(&theta)?);
        let width = self.coefficients.len();
        let rows = found.covariance.chunks(width.max(1)).map(<[f64]>::to_vec).collect();
        Ok((matrix(py, rows, width), found.unit))
    }

    /// Return an interval for each coefficient (low, high, whether the runs set each end, kappa), and the refits without each run.
    #[allow(clippy::type_complexity, reason = "a row for each coefficient, and a matrix")]
    fn intervals<'py>(
        &self,
        py: Python<'py>,
        theta: PyReadonlyArray1<'py, f64>,
        delta: f64,
        groups: PyReadonlyArray1<'py, u32>,
        level: f64,
        threads: usize,
    ) -> PyResult<(Vec<(f64, f64, bool, bool, f64)>, Bound<'py, PyArray2<f64>>)> {
        let (problem, theta) = (self.copy(Some(delta)), self.theta(&theta)?);
        let groups = groups_of(&groups, problem.rows())?;
        let work = |control: &Control| -> Result<_, Error> {
            let spread = spread(&problem, &theta);
            let without = jackknife(&problem, &theta, &groups, control)?;
            let kappas = kappas(&problem, &theta, &spread, &without);
            let found = profile(&problem, &theta, &spread, &kappas, without.len(), level, control)?;
            Ok((found, without))
        };
        let (found, without) = run::long(py, threads, None, work)?;
        let row = |x: intervals::Interval| (x.low, x.high, x.low_set, x.high_set, x.kappa);
        Ok((found.into_iter().map(row).collect(), matrix(py, without, self.coefficients.len())))
    }

    /// Refit runs drawn with replacement: the coefficients of each draw, and whether it determined them.
    #[pyo3(signature = (theta, delta, groups, draws, seed, threads, progress=None))]
    #[allow(clippy::too_many_arguments, reason = "one crossing; Python gives them names")]
    #[allow(clippy::type_complexity, reason = "a matrix and a column")]
    fn bootstrap<'py>(
        &self,
        py: Python<'py>,
        theta: PyReadonlyArray1<'py, f64>,
        delta: f64,
        groups: PyReadonlyArray1<'py, u32>,
        draws: usize,
        seed: u64,
        threads: usize,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<bool>>)> {
        let (problem, theta) = (self.copy(Some(delta)), self.theta(&theta)?);
        let groups = groups_of(&groups, problem.rows())?;
        let work = |control: &Control| -> Result<_, Error> {
            Ok(bootstrap(&problem, &theta, &groups, draws, seed, control)?)
        };
        let drawn = run::long(py, threads, progress, work)?;
        let determined: Vec<bool> = drawn.undetermined.iter().map(|&bad| !bad).collect();
        Ok((matrix(py, drawn.theta, self.coefficients.len()), determined.into_pyarray(py)))
    }

    /// Return predictions and residuals at some coefficients.
    #[allow(clippy::type_complexity, reason = "two columns")]
    fn residuals<'py>(
        &self,
        py: Python<'py>,
        theta: PyReadonlyArray1<'py, f64>,
    ) -> PyResult<(Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>)> {
        let (values, residuals) = self.copy(None).rows_at(&self.theta(&theta)?);
        Ok((values.into_pyarray(py), residuals.into_pyarray(py)))
    }

    /// List what chooses between operands and reads coefficients: its text, and in how many rows it took each operand.
    fn branches(&self, theta: PyReadonlyArray1<'_, f64>) -> PyResult<Vec<(String, [usize; 3])>> {
        let branches = self.copy(None).model().branches(&self.theta(&theta)?);
        Ok(branches.into_iter().map(|branch| (branch.text, branch.rows)).collect())
    }
}
