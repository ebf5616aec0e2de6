//! Formulas as Python sees them: trees of tuples, names, the table of operations, the speller.

use isoflop_core::formula::{self, Expr, Term};
use isoflop_core::value::ops::{Info, Syntax, TABLE};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyList, PyString, PyTuple};

use crate::error;

fn read<'t>(py: Python<'_>, text: &'t str) -> PyResult<Expr<'t>> {
    formula::parse(text).map_err(|problem| error::formula(py, &problem))
}

/// Read a formula; raises `isoflop.FormulaError`. Chained comparisons come out as ("and", ...).
#[pyfunction]
pub(crate) fn parse<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    let expr = read(py, text)?;
    let names: Vec<_> = expr.names().iter().map(|(name, _)| PyString::new(py, name)).collect();
    // Operands come first, so each tuple finds its parts ready, however deep the tree.
    let mut terms: Vec<Bound<'py, PyAny>> = Vec::with_capacity(expr.terms().len());
    for term in expr.terms() {
        terms.push(match *term {
            Term::Number(value) => PyFloat::new(py, value).into_any(),
            Term::Name(name) => names[name].clone().into_any(),
            Term::Apply(op, operands) => {
                let label = PyString::intern(py, op.info().label()).into_any();
                let operands = operands[..op.info().arity].iter().map(|operand| &terms[operand.index()]);
                let parts: Vec<_> = std::iter::once(&label).chain(operands).collect();
                PyTuple::new(py, parts)?.into_any()
            }
        });
    }
    Ok(terms.swap_remove(expr.root().index()))
}

/// List the names that a formula reads, each once, in order of first appearance.
#[pyfunction]
pub(crate) fn names(py: Python<'_>, text: &str) -> PyResult<Vec<String>> {
    Ok(read(py, text)?.names().iter().map(|(name, _)| (*name).to_owned()).collect())
}

/// List the names of each formula, None for what is none: one crossing for all formulas of a law.
#[pyfunction]
pub(crate) fn names_of_each(texts: Vec<String>) -> Vec<Option<Vec<String>>> {
    let names = |expr: Expr<'_>| expr.names().iter().map(|(name, _)| (*name).to_owned()).collect();
    texts.iter().map(|text| formula::parse(text).ok().map(names)).collect()
}

/// Return the table of operations: name, arity, doc, and whether operands and result are conditions.
#[pyfunction]
pub(crate) fn operations(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let rows = TABLE.iter().map(|row| operation(py, row)).collect::<PyResult<Vec<_>>>()?;
    PyList::new(py, rows)
}

/// List those of `names` that `name` may have meant, likeliest first.
#[pyfunction]
pub(crate) fn nearest(name: &str, names: Vec<String>) -> Vec<String> {
    formula::nearest(name, names.iter().map(String::as_str)).into_iter().map(str::to_owned).collect()
}

fn operation<'py>(py: Python<'py>, row: &Info) -> PyResult<Bound<'py, PyDict>> {
    let placement = match row.syntax {
        Syntax::Infix(_) | Syntax::InfixRight(_) => "infix",
        Syntax::Prefix(_) => "prefix",
        Syntax::Call => "call",
    };
    let conditions: Vec<bool> = (0..row.arity).map(|operand| row.conditions >> operand & 1 == 1).collect();
    let fields = PyDict::new(py);
    fields.set_item("name", row.label())?;
    fields.set_item("arity", row.arity)?;
    fields.set_item("doc", row.doc)?;
    fields.set_item("syntax", placement)?;
    fields.set_item("written", row.written())?;
    fields.set_item("conditions", conditions)?;
    fields.set_item("condition", row.condition)?;
    Ok(fields)
}
