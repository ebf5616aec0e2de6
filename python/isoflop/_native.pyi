"""The Rust engine: strings, numbers and NumPy columns in and out. `isoflop` is the surface to use."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NotRequired, TypeAlias, TypedDict, final

import numpy as np
from numpy.typing import NDArray

__version__: str

Float64: TypeAlias = NDArray[np.float64]
Positions: TypeAlias = NDArray[np.uint32]
Progress: TypeAlias = Callable[[int, int], object]

# Formulas: rust/py/src/formula.rs

Tree: TypeAlias = float | str | tuple[Any, ...]
"""A number, a name, or an operation's name followed by its operands: ("+", "x", ("exp", 1.0)).
Unary minus is ("neg", operand); everything else is called as in `operations`."""

def parse(text: str) -> Tree:
    """Read a formula; raises `isoflop.FormulaError`. Chained comparisons come out as ("and", ...)."""

def names(text: str) -> list[str]:
    """List the names that a formula reads, each once, in order of first appearance."""

def names_of_each(texts: Sequence[str]) -> list[list[str] | None]:
    """List the names of each formula; None for what is none."""

def operations() -> list[dict[str, Any]]:
    """Return the table of operations: name, arity, doc, and whether operands and result are conditions."""

def nearest(name: str, names: Sequence[str]) -> list[str]:
    """List those of `names` that `name` may have meant, the likeliest first."""

# Kernels: rust/py/src/kernels.rs

def kernel(name: str, x: Float64, y: Float64 | None = None) -> Float64:
    """Apply the scalar meaning of exp, log, log2, log10 or pow element by element.

    An operand of length one stands for that number everywhere, here and in `lanes`.
    """

def ulps(name: str, exponent: float | None = None) -> float:
    """Return the largest error of a kernel in ulps; for pow, of the path that its exponent takes."""

def lanes(name: str, x: Float64, y: Float64 | None = None, z: Float64 | None = None) -> Float64:
    """Apply an operation of the table (unary minus is "neg") through the lanes at the current SIMD level."""

def simd_levels() -> list[str]:
    """List the SIMD levels that this processor has, lowest first."""

def simd_level() -> str:
    """Return the level in use: the highest, unless ISOFLOP_SIMD names another."""

def geomspace(start: float, stop: float, num: int, endpoint: bool) -> Float64:
    """Return numbers spaced evenly on a log scale, end points exact."""

# Filter: rust/py/src/pareto.rs

def keys(values: Float64, bits: int) -> NDArray[np.int64]:
    """Return the comparison keys at resolution 2**-bits (bits in 0..52)."""

def pareto(
    objectives: Sequence[Float64],
    maximize: Sequence[bool],
    bits: Sequence[int],
    all_ties: bool,
    threads: int,
    rows: int | None = ...,
    groups: NDArray[np.uint32] | None = ...,
) -> NDArray[np.uint64]:
    """Return the row numbers of the front, ascending. Rows with NaN are never on it.

    With `groups` (one number a row) there is a front of each; with `rows` so many are chosen of each front.
    """

# Sweeps: rust/py/src/sweep.rs

class Stats(TypedDict):
    """What a run did. The counts are of configurations of the whole space."""

    size: int
    evaluated: int  # configurations whose constraints were looked at; `size` when enumerating
    bounded: int  # settled by the bounds of their box; with `evaluated` they make up `size`
    presolved: int  # of these, dropped before the search: others dominate them for every completion
    bounds: int  # how often a box was bounded
    depths: list[int]  # boxes by depth
    searched: bool  # by branch and bound, else enumerated
    feasible: int | None  # met every constraint; not known of a search
    nan: int  # feasible, with a NaN objective
    gap: float | None  # with `rows`: the largest distance of a row of the front from its nearest chosen one
    threads: int
    seconds: dict[str, float]  # by phase: "compile", "search", "finish"

def extremes(numbers: Float64) -> tuple[float, float] | None:
    """Return the least and the largest number; None if one of them is not finite, or there is none."""

@final
class Rows:
    """Rows of an answer, column by column."""

    height: int  # rows
    # A short answer's numbers in one piece: the columns of the space, then `objectives`, then `columns`.
    block: Float64 | None
    positions: list[Positions]  # one array for each axis
    objectives: list[Float64]
    columns: list[Float64]
    outside: int  # rows that leave the range of anything `watched`
    extremes: list[tuple[float, float]]  # least and greatest value of each thing `watched`, NaN left out
    stats: Stats

# The records of questions. An objective is (formula, maximize); `by` is an axis and the group of each of its
# positions; `watched` are formulas that rows are compared by with a lowest and a highest value.

class FrontQuestion(TypedDict):
    """A question for the front."""

    objectives: Sequence[tuple[str, bool]]
    where: Sequence[str]
    bits: Sequence[int]
    all_ties: bool
    max_rows: int
    rows: NotRequired[int | None]
    by: NotRequired[tuple[int, Positions] | None]
    columns: NotRequired[Sequence[str]]
    watched: NotRequired[Sequence[tuple[str, float, float]]]
    method: NotRequired[str]

class BestQuestion(TypedDict):
    """A question for the best by one objective."""

    objective: tuple[str, bool]
    where: NotRequired[Sequence[str]]
    by: NotRequired[tuple[int, Positions] | None]
    columns: NotRequired[Sequence[str]]
    watched: NotRequired[Sequence[tuple[str, float, float]]]
    method: NotRequired[str]

class NearQuestion(TypedDict):
    """A question for everything close to the best, or for the front inside that."""

    objective: tuple[str, bool]
    within: float
    where: Sequence[str]
    max_rows: int
    by: NotRequired[tuple[int, Positions] | None]
    then: NotRequired[Sequence[tuple[str, bool]]]
    bits: NotRequired[Sequence[int]]
    columns: NotRequired[Sequence[str]]
    watched: NotRequired[Sequence[tuple[str, float, float]]]

class TableQuestion(TypedDict):
    """A question for every configuration."""

    where: Sequence[str]
    columns: Sequence[str]
    max_bytes: int

@final
class Space:
    """Axes and their numeric columns. Immutable."""

    size: int

    def __new__(cls, lengths: Sequence[int], columns: Sequence[tuple[str, int, Float64, bool]]) -> Space:
        """Make a space of axes of these lengths.

        Each column is (name, axis, values as long as the axis, whether it is boolean).
        """

    # In what follows `names` gives everything a formula may read besides the columns, as a number or as a
    # formula text; `known` are further names, for suggestions only.

    def pareto(
        self,
        names: Mapping[str, float | str],
        known: Sequence[str],
        question: FrontQuestion,
        threads: int,
        progress: Progress | None,
    ) -> Rows:
        """Return the front, best first by the objectives in order, then by index.

        With `by` there is a front of each group, in their order; with `rows` as many rows are chosen that
        cover each front.
        """

    def best(
        self,
        names: Mapping[str, float | str],
        known: Sequence[str],
        question: BestQuestion,
        threads: int,
        progress: Progress | None,
    ) -> Rows:
        """Return the best configuration; one for each group with `by`.

        Groups come in order of their number, those without an answer are absent.
        """

    def near(
        self,
        names: Mapping[str, float | str],
        known: Sequence[str],
        question: NearQuestion,
        threads: int,
        progress: Progress | None,
    ) -> Rows:
        """Return all that is within a share of the best, group by group; or the front of `then` inside that.

        The answer's objectives are `then`, or the one objective if `then` is empty.
        """

    def table(
        self,
        names: Mapping[str, float | str],
        known: Sequence[str],
        question: TableQuestion,
        threads: int,
        progress: Progress | None,
    ) -> Rows:
        """Return every configuration that meets the constraints, in index order."""

    def any(
        self,
        names: Mapping[str, float | str],
        known: Sequence[str],
        where: Sequence[str],
        threads: int,
        progress: Progress | None,
    ) -> bool:
        """Tell whether any configuration meets all of `where`."""

    def evaluate(
        self,
        names: Mapping[str, float | str],
        known: Sequence[str],
        columns: Sequence[str],
        positions: Sequence[Positions],
    ) -> list[Float64]:
        """Evaluate formulas at given configurations (positions: one array for each axis)."""

    def axes(self, names: Mapping[str, float | str], known: Sequence[str], formula: str) -> list[int]:
        """List the axes of two or more values that a formula touches, through whatever it reads."""

    def explain(
        self,
        names: Mapping[str, float | str],
        known: Sequence[str],
        objectives: Sequence[tuple[str, bool]],
        where: Sequence[str],
    ) -> list[dict[str, Any]]:
        """Describe the program: one dict for each hoisted table.

        Keys: formula (text), axes (list of axis numbers), entries (int), bytes (int). A last dict has keys
        "tape" (operations left for each configuration), "block_operations", "row_operations" and
        "lane_operations" (for each block, row and lane), "outer_axes", "rows_axes", "lanes_axes", "block"
        (rows and lanes of a block), "visited" (configurations that the loops visit, or a search settles),
        "presolved" (axes of which presolve left some combinations of positions only, and how many),
        "searched" (by branch and bound; then there are no loops).
        """

# Threads: rust/py/src/threads.rs

def available_cpus() -> int:
    """Return how many CPUs this process may use: the machine's, within its affinity and cgroup quotas."""

# Fits: rust/py/src/fit.rs

class Search(TypedDict):
    """What a search for coefficients found. A minimum is (coefficients, objective, converged)."""

    best: tuple[Float64, float, bool]
    others: list[tuple[Float64, float, bool]]  # other minima within 1 % of the best objective
    polishes: int  # starts that were polished
    at_best: int  # of these, those that ended at the best objective
    rounds: int  # of perturbation
    evaluations: int  # of the formula over all runs
    delta: float | None  # of the objective, if the residual takes one

def fitted_values(
    formula: str,
    columns: Sequence[tuple[str, Float64]],
    coefficients: Sequence[str],
    theta: Float64,
    fixed: Sequence[tuple[str, float]],
    formulas: Sequence[tuple[str, str]],
) -> tuple[Float64, Float64 | None]:
    """Compute a formula for each row of `theta`, (draws, rows) numbers.

    Of a single row also the derivatives, (coefficients, rows).
    """

def student(probability: float, freedom: float) -> float:
    """Return the number that a Student variable stays below with this probability (0.5 to 1)."""

@final
class FitProblem:
    """A formula bound to runs, with a residual, weights and bounds. Immutable."""

    coefficients: list[str]

    def __new__(
        cls,
        formula: str,
        columns: Sequence[tuple[str, Float64]],
        coefficients: Sequence[str],
        observed: Float64,
        weights: Float64,
        residual: str,
        bounds: Sequence[tuple[float, float]],
        fixed: Sequence[tuple[str, float]],
        formulas: Sequence[tuple[str, str]],
    ) -> FitProblem:
        """Bind a formula to columns; `formulas` are other names that it may read, `fixed` numbers."""

    def structure(self) -> list[tuple[str, int, bool]]:
        """Say what each coefficient is, the sign with which its term falls, and whether it is linear."""

    def search(
        self,
        delta: float | None,
        ranges: Sequence[tuple[float, float] | None],
        seed: int,
        points: int,
        threads: int,
        progress: Progress | None = ...,
    ) -> Search:
        """Search for the best minimum; starts are drawn in `ranges`, where they are given."""

    def own_delta(self, theta: Float64) -> float:
        """Return 1.345 robust standard deviations of the residuals."""

    def objective(self, theta: Float64, delta: float) -> float:
        """Return the objective; delta is ignored by residuals that take none."""

    def covariance(self, theta: Float64, delta: float) -> tuple[Float64, float]:
        """Return the covariance of the quadratic at the minimum, and the unit of the objective's excess."""

    def intervals(
        self, theta: Float64, delta: float, groups: Positions, level: float, threads: int
    ) -> tuple[list[tuple[float, float, bool, bool, float]], Float64]:
        """Return (low, high, low set, high set, kappa) by coefficient, and the refits without each run."""

    def bootstrap(
        self,
        theta: Float64,
        delta: float,
        groups: Positions,
        draws: int,
        seed: int,
        threads: int,
        progress: Progress | None = ...,
    ) -> tuple[Float64, NDArray[np.bool_]]:
        """Refit runs drawn with replacement: coefficients by draw, and whether the draw determined them."""

    def residuals(self, theta: Float64) -> tuple[Float64, Float64]:
        """Return predictions and residuals."""

    def branches(self, theta: Float64) -> list[tuple[str, list[int]]]:
        """List what chooses (`min`, `where`, ...) and reads coefficients: rows that took each operand."""
