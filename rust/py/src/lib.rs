//! The boundary between Python and the engine: strings, numbers and NumPy columns cross it.

mod error;
mod fit;
mod formula;
mod kernels;
mod pareto;
mod questions;
mod run;
mod sweep;
mod threads;

use pyo3::prelude::*;

/// The engine as Python sees it; `isoflop` is the surface to use.
#[pymodule]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::fit::{PyFitProblem, fitted_values, student};

    #[pymodule_export]
    use crate::formula::{names, names_of_each, nearest, operations, parse};

    #[pymodule_export]
    use crate::kernels::{geomspace, kernel, lanes, simd_level, simd_levels, ulps};

    #[pymodule_export]
    use crate::pareto::{keys, pareto};

    #[pymodule_export]
    use crate::sweep::{PySpace, Rows, extremes};

    #[pymodule_export]
    use crate::threads::available_cpus;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
