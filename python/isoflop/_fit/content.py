"""What a fit found: a law, how well it is determined, and what it predicts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from isoflop import _native
from isoflop._exceptions import FitError, IsoflopError
from isoflop._fit.bind import Bound
from isoflop._fit.runs import Float64, Runs
from isoflop._law.chinchilla import is_chinchilla
from isoflop._law.law import Law
from isoflop._run.threads import resolve_threads

LEVEL = 0.9
REFITTED = 2_000_000
"""Rows of all refits of a jackknife together, where there are so many."""
DRAWS = 1000
SEARCHED = 200
"""Draws whose optimum is searched for, where no formula gives it."""


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What was fitted to what, how to fit other runs so, and what `iso.fit` was given."""

    bound: Bound
    problem: _native.FitProblem
    variables: Mapping[str, Float64]
    observed: Float64
    weights: Float64
    groups: NDArray[np.uint32]
    rows: NDArray[np.int64]
    frame: pl.DataFrame
    names: Mapping[str, str]
    loss: str
    residual: str
    bounds: Mapping[str, tuple[float, float]]
    unit: str
    seed: int
    threads: int | None
    bootstrap: int
    remarks: tuple[str, ...]
    refit: Callable[[pl.DataFrame], FitContent]
    again: tuple[Any, Mapping[str, Any]]

    @property
    def runs(self) -> int:
        """How many runs there are: groups, not rows."""
        return int(self.groups.max()) + 1


class FitContent:
    """What `isoflop.Fit` knows, without what it writes and refits."""

    def __init__(self, setting: Setting, found: _native.Search) -> None:
        self._setting = setting
        self._found = found
        self._theta = found["best"][0]

    @property
    def objective(self) -> float:
        """The least objective found: the sum over runs."""
        return self._found["best"][1]

    @property
    def delta(self) -> float | None:
        """Huber's delta; ``None`` for residuals that take none."""
        return self._found["delta"]

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be said of the runs and of the fit."""
        return (*self._setting.remarks, *self._own_remarks())

    @cached_property
    def law(self) -> Law:
        """The law, usable everywhere, with covariance, fitted range and unit."""
        setting = self._setting
        coefficients = self._coefficients(self._theta)
        names = [name for name in coefficients if name not in setting.bound.held]
        covariance = self._law_covariance(names, coefficients)
        errors = self._errors
        known = {name: errors[self._source(name)] for name in names}
        standard = {name: error for name, error in known.items() if math.isfinite(error) and error > 0}
        old = setting.bound.law
        if old is not None:
            ranges = {
                name: variable._replace(range=self._range(name)) for name, variable in old.variables.items()
            }
            coefficients = dict(old.coefficients) | coefficients
            changed: dict[str, Any] = {
                "coefficients": {name: coefficients[name] for name in old.coefficients},
                "variables": ranges,
                "standard_errors": standard,
                "unit": setting.unit,
                "corpus": "",
                "tokenizer": "",
                "evidence": "",
                "caveats": (),
                "source": None,
                "covariance": covariance,
                "id": "fitted",
                "title": f"{old.id} fitted to {setting.runs} runs",
                "checks": (),
            }
            values = {
                key: getattr(old, key)
                for key in ("formula", "quantities", "irreducible", "convention", "size")
            }
            return Law(**(values | changed))
        variables: dict[str, Any] = {name: {"range": self._range(name)} for name in setting.bound.variables}
        own = {name: text for name, text in setting.bound.formulas.items() if name in setting.bound.own}
        return Law(
            setting.bound.formula,
            coefficients,
            variables=variables,
            quantities=own,
            standard_errors=standard,
            covariance=covariance,
            unit=setting.unit,
            id="fitted",
            title=f"fitted to {setting.runs} runs",
        )

    def _range(self, name: str) -> tuple[float, float] | None:
        column = self._setting.variables.get(name)
        if column is None or not (column > 0).all():
            return None
        return float(column.min()), float(column.max())

    def _source(self, name: str) -> str:
        """The coefficient that a tied one follows."""
        return self._setting.bound.tied.get(name, name)

    def _coefficients(self, theta: Float64) -> dict[str, float]:
        setting = self._setting
        fitted = dict(zip(setting.bound.coefficients, (float(x) for x in theta), strict=True))
        order = list(setting.bound.law.coefficients) if setting.bound.law else []
        found = fitted | {
            name: fitted[other] for name, other in setting.bound.tied.items() if other in fitted
        }
        found |= dict(setting.bound.held)
        return {
            name: found[name]
            for name in (*(n for n in order if n in found), *(n for n in found if n not in order))
        }

    def _law_covariance(self, names: list[str], coefficients: Mapping[str, float]) -> dict[str, Any] | None:
        position = {name: i for i, name in enumerate(self._setting.bound.coefficients)}
        matrix = self._widened
        used = [n for n in names if self._source(n) in position and matrix[position[self._source(n)]].any()]
        if not used:
            return None
        logs = [coefficients[name] > 0 and self._setting.bounds[self._source(name)][0] >= 0 for name in used]
        index = [position[self._source(name)] for name in used]
        scale = np.array([1 / coefficients[n] if log else 1.0 for n, log in zip(used, logs, strict=True)])
        part = matrix[np.ix_(index, index)] * np.outer(scale, scale)
        part = (part + part.T) / 2
        if not np.isfinite(part).all():
            return None
        return {
            "of": [f"log({n})" if log else n for n, log in zip(used, logs, strict=True)],
            "matrix": part.tolist(),
            "note": "the quadratic at the minimum, widened where the jackknife by run is wider",
        }

    # How well determined

    @cached_property
    def _scale(self) -> float:
        """The delta that intervals use: sizes of residuals are smoothed at the scale of the residuals."""
        if self.delta is not None:
            return self.delta
        return self._setting.problem.own_delta(self._theta)

    @cached_property
    def _covariance(self) -> Float64:
        return self._setting.problem.covariance(self._theta, self._scale)[0]

    @cached_property
    def _intervals(self) -> tuple[list[tuple[float, float, bool, bool, float]], Float64]:
        setting = self._setting
        threads = resolve_threads(setting.threads)
        # Of many runs, some are left out at a time: as good, and not as many refits.
        count = max(20, min(setting.runs, REFITTED // len(setting.observed)))
        blocks = setting.groups % np.uint32(count)
        return setting.problem.intervals(self._theta, self._scale, blocks, LEVEL, threads)

    @cached_property
    def _widened(self) -> Float64:
        """The covariance, widened by the jackknife."""
        widths = np.sqrt([row[4] for row in self._intervals[0]])
        return np.asarray(self._covariance * np.outer(widths, widths), dtype=np.float64)

    @property
    def _errors(self) -> dict[str, float]:
        errors = np.sqrt(np.diag(self._widened))
        return dict(zip(self._setting.bound.coefficients, (float(x) for x in errors), strict=True))

    @cached_property
    def coefficients(self) -> pl.DataFrame:
        """A row for each coefficient that was fitted.

        ``value``, ``standard_error``, ``low`` and ``high`` (90 %), ``determined``, ``at_bound``,
        ``trades_with`` (the coefficients that it makes up for). An end that the runs do not set is the bound,
        or infinite.
        """
        setting = self._setting
        rows = []
        correlation = self._correlation
        names = setting.bound.coefficients
        for i, (name, (low, high, low_set, high_set, _)) in enumerate(
            zip(names, self._intervals[0], strict=True)
        ):
            others = [
                names[j]
                for j in np.argsort(-np.abs(correlation[i]))
                if j != i and abs(correlation[i, j]) > 0.9
            ]
            value = float(self._theta[i])
            rows.append(
                {
                    "coefficient": name,
                    "value": value,
                    "standard_error": self._errors[name],
                    "low": low,
                    "high": high,
                    "determined": low_set and high_set,
                    "at_bound": value in setting.bounds[name],
                    "trades_with": others,
                }
            )
        schema = {
            "coefficient": pl.String,
            "value": pl.Float64,
            "standard_error": pl.Float64,
            "low": pl.Float64,
        }
        more = {"high": pl.Float64, "determined": pl.Boolean, "at_bound": pl.Boolean}
        return pl.DataFrame(rows, schema=schema | more | {"trades_with": pl.List(pl.String)})

    @property
    def _correlation(self) -> Float64:
        errors = np.sqrt(np.diag(self._covariance))
        safe = np.where(errors > 0, errors, 1.0)
        return np.asarray(self._covariance / np.outer(safe, safe), dtype=np.float64)

    @cached_property
    def _draws(self) -> tuple[Float64, int]:
        return self.draw()

    def draw(self, progress: Any = None) -> tuple[Float64, int]:
        """Make the draws; returns their coefficients, and how many did not determine the form."""
        if "_draws" in self.__dict__:
            return self._draws
        setting = self._setting
        if setting.bootstrap:
            drawn, determined = setting.problem.bootstrap(
                self._theta,
                self._scale,
                setting.groups,
                setting.bootstrap,
                setting.seed,
                resolve_threads(setting.threads),
                progress,
            )
            made = drawn, int((~determined).sum())
        else:
            made = self._normal_draws(), 0
        self.__dict__["_draws"] = made
        return made

    def _normal_draws(self) -> Float64:
        setting = self._setting
        lows = np.array([setting.bounds[name][0] for name in setting.bound.coefficients])
        highs = np.array([setting.bounds[name][1] for name in setting.bound.coefficients])
        logs = (self._theta > 0) & (lows >= 0)
        scale = np.where(logs, 1 / np.where(logs, self._theta, 1.0), 1.0)
        covariance = self._widened * np.outer(scale, scale)
        values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
        root = vectors * np.sqrt(np.clip(values, 0, None))
        normal = np.random.default_rng(setting.seed).standard_normal((DRAWS, len(self._theta))) @ root.T
        moved = np.where(logs, self._theta * np.exp(np.clip(normal, -700, 700)), self._theta + normal)
        return np.asarray(np.clip(moved, lows, highs), dtype=np.float64)

    @property
    def draws(self) -> pl.DataFrame:
        """Draws of all coefficients, a row each. ``bootstrap=`` refits; otherwise they are normal."""
        setting = self._setting
        drawn = self._draws[0]
        columns = {name: drawn[:, i] for i, name in enumerate(setting.bound.coefficients)}
        columns |= {name: columns[other] for name, other in setting.bound.tied.items() if other in columns}
        columns |= {name: np.full(len(drawn), value) for name, value in setting.bound.held.items()}
        return pl.DataFrame({name: columns[name] for name in self._coefficients(self._theta)})

    @cached_property
    def minima(self) -> pl.DataFrame:
        """Every minimum within 1 % of the best, the best first: its objective and coefficients."""
        found = (self._found["best"], *self._found["others"])
        return pl.DataFrame(
            [{"objective": objective} | self._coefficients(theta) for theta, objective, _ in found]
        )

    @cached_property
    def residuals(self) -> pl.DataFrame:
        """The runs that were fitted: ``row``, variables, loss, ``predicted_loss`` and ``residual``."""
        setting = self._setting
        predicted, residual = setting.problem.residuals(self._theta)
        own = {setting.loss: setting.observed, "predicted_loss": predicted, "residual": residual}
        return pl.DataFrame({"row": setting.rows} | dict(setting.variables) | own)

    # What it predicts

    def _values(self, frame: Any, theta: Float64) -> tuple[pl.DataFrame, Float64, Float64 | None]:
        setting = self._setting
        bound = setting.bound
        table = Runs(frame, {name: c for name, c in setting.names.items() if c in _columns(frame)})
        columns = [(name, table.numbers(name)) for name in bound.variables]
        values, slopes = _native.fitted_values(
            bound.formula,
            columns,
            list(bound.coefficients),
            np.atleast_2d(theta),
            list(bound.fixed.items()),
            list(bound.formulas.items()),
        )
        return table.frame, values, slopes

    def predict_values(self, frame: Any) -> Float64:
        """Return the predicted loss of each row, without an interval."""
        return np.asarray(self._values(frame, self._theta)[1][0], dtype=np.float64)

    @property
    def has_floor(self) -> bool:
        """Whether a term stays that nothing takes away: a positive summand of its own."""
        roles = self._setting.problem.structure()
        floors = [x > 0 for x, (role, _, _) in zip(self._theta, roles, strict=True) if role == "floor"]
        return any(floors)

    def predict(self, frame: Any, *, level: float = LEVEL) -> pl.DataFrame:
        """Add ``predicted_loss``, ``low`` and ``high`` to a frame: of the expected loss, not of a single run.

        The interval is that of the quadratic at the minimum in log loss, widened where the refits without
        each run spread more.
        """
        if not 0 < level < 1:
            raise FitError(f"level must lie between 0 and 1, not {level!r}")
        table, values, slopes = self._values(frame, self._theta)
        assert slopes is not None, "one row of coefficients has derivatives"
        value = values[0]
        in_logs = bool((value > 0).all())
        gradient = slopes / value if in_logs else slopes
        model = np.einsum("ir,ij,jr->r", gradient, self._covariance, gradient)
        _, without, _ = self._values(frame, self._intervals[1])
        runs = len(without)
        with np.errstate(invalid="ignore", divide="ignore"):
            each = np.log(without) if in_logs else without
        spread = (runs - 1) / runs * ((each - each.mean(0)) ** 2).sum(0)
        spread = np.where(np.isfinite(spread), spread, np.inf)
        width = _native.student(0.5 + level / 2, runs - 1) * np.sqrt(np.maximum(model, spread))
        low, high = (
            (value * np.exp(-width), value * np.exp(width)) if in_logs else (value - width, value + width)
        )
        return table.with_columns(
            pl.Series("predicted_loss", value), pl.Series("low", low), pl.Series("high", high)
        )

    def compute_optimal(self, flops: ArrayLike, *, level: float = LEVEL, **given: Any) -> pl.DataFrame:
        """Add an interval of the size to `Law.compute_optimal`, by draws: ``params_low``, ``params_high``."""
        best = self.law.compute_optimal(flops, **given)
        size = next(name for name in best.columns if name.endswith("params"))
        budgets = best["train_flops"].to_numpy()
        law = self.law
        if not given and is_chinchilla(law.formula, law.coefficients, law.quantities):
            made = optimal_sizes(self.draws, budgets)
        else:
            made = self._drawn_sizes(flops, size, best.height, given)
        with np.errstate(invalid="ignore"):
            low, high = np.nanquantile(made, [0.5 - level / 2, 0.5 + level / 2], axis=0)
        return best.with_columns(pl.Series(f"{size}_low", low), pl.Series(f"{size}_high", high))

    def _drawn_sizes(self, flops: ArrayLike, size: str, height: int, given: Mapping[str, Any]) -> Float64:
        """The optimal size under each of some draws; NaN where a draw has none."""
        sizes = []
        for row in self.draws.head(SEARCHED).iter_rows(named=True):
            try:
                sizes.append(self.law.replace(**row).compute_optimal(flops, **given)[size].to_numpy())
            except IsoflopError:
                sizes.append(np.full(height, np.nan))
        return np.asarray(sizes, dtype=np.float64)

    # What it says

    def _own_remarks(self) -> Iterator[str]:
        found, setting = self._found, self._setting
        if not found["best"][2]:
            yield "the last polish ran out of steps: the objective may be a little lower"
        for name, value in zip(setting.bound.coefficients, self._theta, strict=True):
            low, high = setting.bounds[name]
            if value in (low, high):
                yield f"`{name}` is at its bound {value:g}"
        for text, rows in setting.problem.branches(self._theta):
            taken = [(i, count) for i, count in enumerate(rows) if count]
            if len(taken) > 1 or (text.startswith(("min", "max")) and taken and taken[0][0] == 1):
                yield f"`{text}` takes " + ", ".join(f"operand {i} in {count} runs" for i, count in taken)
        if found["polishes"] > 3 and found["at_best"] * 4 < found["polishes"]:
            yield (
                f"only {found['at_best']} of {found['polishes']} polishes ended at the best objective: "
                "another seed= may find a lower one"
            )


def optimal_sizes(draws: pl.DataFrame, flops: Float64) -> Float64:
    """Return the size of least loss at ``6*params*tokens`` of the additive form: (draws, budgets)."""
    a, b, alpha, beta = (draws[name].to_numpy()[:, None] for name in ("A", "B", "alpha", "beta"))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        ratio = np.where((alpha > 0) & (beta > 0), alpha * a / (beta * b), np.nan)
        return np.asarray(ratio ** (1 / (alpha + beta)) * (flops / 6) ** (beta / (alpha + beta)))


def _columns(frame: Any) -> list[str]:
    return list(frame.columns) if hasattr(frame, "columns") else list(frame)
