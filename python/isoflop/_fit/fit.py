"""`iso.fit`: from runs to a law."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from isoflop import _native
from isoflop._exceptions import FitError
from isoflop._fit.bind import Bound, bind
from isoflop._fit.content import Setting
from isoflop._fit.forms import form_tables
from isoflop._fit.result import Fit
from isoflop._fit.runs import (
    Float64,
    Runs,
    array_of,
    checkpoints,
    groups_of,
    remarks_on,
    same_ratio,
    usable,
)
from isoflop._run.threads import resolve_threads
from isoflop._text.given import shown
from isoflop._text.spelling import did_you_mean

if TYPE_CHECKING:
    from isoflop._law.law import Law

RESIDUALS = ("huber-log", "huber", "squares", "squares-log", "absolute", "absolute-log")
TAKES_DELTA = ("huber-log", "huber")

FARTHEST = 1e8
"""The end of a coefficient that is neither linear nor an exponent, where the user sets none."""

Pair = tuple[float | None, float | None]


def fit(
    runs: Any,
    form: str | Law | os.PathLike[str],
    *,
    loss: str = "loss",
    columns: Mapping[str, str] | None = None,
    fixed: Mapping[str, float] | None = None,
    tie: Sequence[Sequence[str]] = (),
    start: Mapping[str, tuple[float, float]] | None = None,
    bounds: Mapping[str, Pair] | None = None,
    residual: str = "huber-log",
    delta: float | None = None,
    weights: Any = None,
    groups: Any = None,
    unit: str = "nats/token",
    bootstrap: int = 0,
    seed: int = 0,
    threads: int | None = None,
    progress: Any = None,
) -> Fit:
    """Fit the coefficients of a formula to runs.

    No starting values are needed. Coefficients of degree one are solved for at points spread over the others,
    the best points are polished in all coefficients, and the best minimum is perturbed until that brings
    nothing more: a heuristic, which says what it saw (`Fit.minima`, `Fit.summary`).

    Parameters
    ----------
    runs
        A frame, a mapping of columns, or a file (CSV, Parquet, JSON): one row for each run.
    form
        A formula of the loss, one of `forms` by name, or a law to fit anew (an identifier of the catalogue, a
        `Law`, a file). Names
        that are columns, or standard quantities that follow from columns, are variables; all others are
        coefficients.
    loss
        The column of the loss.
    columns
        Where a name of the formula is another column: ``{"params": "N"}``.
    fixed
        Coefficients that stand still, with their values.
    tie
        Groups of coefficients that are one: ``[("alpha", "beta")]``.
    start
        Where starts are drawn, by coefficient. Otherwise within ``bounds`` if these are finite, exponents
        within 1.5 of 0 with the sign in which their term falls.
    bounds
        What a fit never leaves, by coefficient; ``None`` for an open end. Without it a summand of its own
        (the floor) and a factor of a power are not negative, and nothing else is bounded.
    residual
        ``"huber-log"``, ``"huber"``, ``"squares"``, ``"squares-log"``, ``"absolute"`` or ``"absolute-log"``.
        The objective is the sum over runs; Huber's function is ``r**2/2`` up to delta.
    delta
        Of Huber's function. ``None``: 1.345 robust standard deviations of the residuals of a fit at 1e-3.
        Published fits use 1e-3.
    weights
        A column or a number for each run.
    groups
        A column, several, or a label for each row: rows of one group are one run, such as its checkpoints.
    unit
        Of the loss.
    bootstrap
        How many times runs are drawn anew and refitted, for `Fit.draws`; 0 takes these from a normal
        approximation.
    seed
        Of the search, and of draws.
    threads
        Worker threads; ``None`` uses every core. The answer is the same.
    progress
        Called with the work done and in all.

    Returns
    -------
    Fit
        With a `Law` in it.

    Raises
    ------
    FitError
        If no fit is possible: a column is missing, fewer runs than coefficients are usable, a keyword names
        what is no coefficient.
    FormulaError
        If the formula cannot be read.

    Examples
    --------
    >>> import isoflop as iso
    >>> law = iso.Law("E + A/params**alpha", {"E": 1.7, "A": 400, "alpha": 0.34})
    >>> params = [1e8, 2e8, 4e8, 1e9, 2e9, 6e9]
    >>> runs = {"params": params, "loss": law.loss(params=params)}
    >>> found = iso.fit(runs, "E + A/params**alpha", residual="squares-log")
    >>> {name: round(x, 3) for name, x in found.law.coefficients.items()}
    {'E': 1.7, 'A': 400.0, 'alpha': 0.34}
    """
    if residual not in RESIDUALS:
        hint = did_you_mean(residual, RESIDUALS, f"; there are {', '.join(RESIDUALS)}")
        raise FitError(f"there is no residual {shown(residual)}{hint}")
    if delta is not None:
        if residual not in TAKES_DELTA:
            raise FitError(f'delta is of Huber\'s function; residual="{residual}" takes none')
        if not (isinstance(delta, int | float) and 0 < delta < np.inf):
            raise FitError(f"delta must be positive and finite, not {shown(delta)}")
    keywords = {
        "loss": loss,
        "columns": columns,
        "fixed": fixed,
        "tie": tie,
        "start": start,
        "bounds": bounds,
        "residual": residual,
        "delta": delta,
        "weights": weights,
        "groups": groups,
        "unit": unit,
        "bootstrap": bootstrap,
        "seed": seed,
        "threads": threads,
    }
    table = Runs(runs, columns)
    formula: Any = form
    own: dict[str, str] = {}
    if isinstance(form, str) and form in form_tables():
        entry = form_tables()[form]
        formula, own = entry["formula"], entry.get("quantities", {})
        start = {name: tuple(pair) for name, pair in entry.get("start", {}).items()} | dict(start or {})
        bounds = {name: tuple(pair) for name, pair in entry.get("bounds", {}).items()} | dict(bounds or {})
        settled = {*(fixed or {}), *(name for group in tie for name in group[1:])}
        start = {name: pair for name, pair in start.items() if name not in settled}
        bounds = {name: pair for name, pair in bounds.items() if name not in settled}
    named = {"start": list(start or ()), "bounds": list(bounds or ())}
    bound = bind(formula, table, loss=loss, fixed=fixed, tie=tie, named=named, quantities_of=own)
    numbers = {name: table.numbers(name) for name in (*bound.variables, loss)}
    every_weight = np.ones(table.frame.height) if weights is None else array_of(weights, table, "weights")
    keep, remarks = usable(numbers | {"weights": every_weight}, loss, logs=residual.endswith("-log"))
    if (every_weight[keep] < 0).any():
        raise FitError("weights must not be negative")
    group = groups_of(groups, table)[keep]
    data = {name: column[keep] for name, column in numbers.items()}
    observed = data.pop(loss)
    count = int((every_weight[keep] > 0).sum())
    if count < len(bound.coefficients):
        left = "; ".join(remarks)
        raise FitError(
            f"{count} usable runs cannot determine {len(bound.coefficients)} coefficients "
            f"({', '.join(bound.coefficients)}); fixed= and tie= leave fewer{': ' + left if left else ''}"
        )
    remarks += remarks_on(data, observed)
    remarks += _on_pairs(data, table.frame.filter(pl.Series(keep)), groups)
    problem, limits = _problem(bound, data, observed, every_weight[keep], residual, bounds or {})
    found = problem.search(
        None if delta is None else float(delta),
        [_range(name, (start or {}).get(name)) for name in bound.coefficients],
        int(seed) % 2**64,
        0,
        resolve_threads(threads),
        progress,
    )
    if not np.isfinite(found["best"][1]):
        raise FitError(
            "no point was found at which the formula has a value in every run: start= says where to look"
        )
    _, labels = np.unique(group, return_inverse=True)

    def refit(frame: pl.DataFrame) -> Fit:
        own = {name: given for name, given in (("weights", weights), ("groups", groups)) if given is not None}
        for name, given in own.items():
            if not isinstance(given, str):
                raise FitError(f"{name}= must name a column to be kept when runs are held back")
        return fit(frame, form, **{**keywords, "bootstrap": 0})

    setting = Setting(
        bound=bound,
        problem=problem,
        variables=data,
        observed=observed,
        weights=every_weight[keep],
        groups=labels.astype(np.uint32),
        rows=np.flatnonzero(keep),
        frame=table.frame,
        names=table.names,
        loss=loss,
        residual=residual,
        bounds=limits,
        unit=unit,
        seed=int(seed),
        threads=threads,
        bootstrap=int(bootstrap),
        remarks=tuple(remarks),
        refit=refit,
        again=(form, keywords),
    )
    fitted = Fit(setting, found)
    if bootstrap:
        fitted.draw(progress)
    return fitted


def _on_pairs(data: Mapping[str, Float64], frame: pl.DataFrame, groups: Any) -> list[str]:
    remarks = []
    sizes = [name for name in ("params", "effective_params", "active_params", "N") if name in data]
    tokens = [name for name in ("tokens", "effective_tokens", "D") if name in data]
    if sizes and tokens:
        said = same_ratio(data[sizes[0]], data[tokens[0]])
        remarks += [said] if said else []
    if groups is None and tokens and checkpoints(data, tokens[0], frame):
        remarks.append(
            f"several rows share everything but `{tokens[0]}` and the loss: if they are checkpoints of one "
            "run, groups= must say so, or intervals are too narrow"
        )
    return remarks


def _range(name: str, given: Any) -> tuple[float, float] | None:
    if given is None:
        return None
    try:
        low, high = (float(x) for x in given)
    except (TypeError, ValueError):
        raise FitError(
            f"start=: `{name}` needs two numbers, lowest and highest, not {shown(given)}"
        ) from None
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise FitError(f"start=: `{name}` needs a lower and a higher number, not {shown(given)}")
    return low, high


def _problem(
    bound: Bound,
    data: Mapping[str, Float64],
    observed: Float64,
    weights: Float64,
    residual: str,
    given: Mapping[str, Pair],
) -> tuple[_native.FitProblem, dict[str, tuple[float, float]]]:
    """Bind the formula in the engine, unbounded coefficients by what they are in it."""

    def made(limits: Sequence[tuple[float, float]]) -> _native.FitProblem:
        return _native.FitProblem(
            bound.formula,
            [(name, np.ascontiguousarray(column)) for name, column in data.items()],
            list(bound.coefficients),
            observed,
            weights,
            residual,
            limits,
            list(bound.fixed.items()),
            list(bound.formulas.items()),
        )

    roles = made([(-np.inf, np.inf)] * len(bound.coefficients)).structure()
    positive = bool((observed > 0).all())
    limits = {}
    for name, (role, _, _) in zip(bound.coefficients, roles, strict=True):
        pair = given.get(name)
        if pair is not None:
            try:
                low, high = pair
            except (TypeError, ValueError):
                raise FitError(f"bounds=: `{name}` needs two ends, not {shown(pair)}") from None
            limits[name] = (-np.inf if low is None else float(low), np.inf if high is None else float(high))
            if not limits[name][0] <= limits[name][1]:
                raise FitError(f"bounds=: `{name}` needs a lower and a higher end, not {shown(pair)}")
        elif positive and role in ("floor", "amplitude"):
            limits[name] = (0.0, np.inf)
        else:
            limits[name] = (-np.inf, np.inf)
        if role == "other":
            # Beyond this a scale only changes rounding, and rounding can be fitted.
            low, high = limits[name]
            low = min(-FARTHEST, high) if np.isinf(low) else low
            limits[name] = (low, max(FARTHEST, low) if np.isinf(high) else high)
    return made(list(limits.values())), limits
