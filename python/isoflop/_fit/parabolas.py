"""A parabola for each budget: Hoffmann's second approach, and how far it is off."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from isoflop._exceptions import FitError
from isoflop._fit.fit import fit
from isoflop._fit.holdout import sizes
from isoflop._fit.result import Fit
from isoflop._fit.runs import Float64, Runs, usable

SURFACE = "E + A/params**alpha + B/tokens**beta"
SAME_BUDGET = 0.1
"""Budgets closer than this, as a share, are one."""


@dataclass(frozen=True, slots=True)
class IsoflopFit:
    """The optimal size of each budget, and the power law through them: made by `isoflop_fit`.

    Attributes
    ----------
    budgets
        A row for each budget: ``train_flops``, ``runs``, the parabola's ``params``, ``tokens`` and ``loss``
        (null where it was refused), ``refused`` (why), ``surface_params`` (the optimum of the fitted
        surface), ``bias`` (what a parabola through exact losses of that surface at the same sizes would be
        off by, as a share).
    exponent, coefficient
        Of ``params = coefficient * train_flops**exponent``.
    surface
        The additive form fitted to the same runs.
    """

    budgets: pl.DataFrame
    exponent: float
    coefficient: float
    surface: Fit

    def __str__(self) -> str:
        refused = self.budgets.filter(pl.col("refused") != "")
        lines = [f"params = {self.coefficient:.4g} * train_flops**{self.exponent:.4f}"]
        lines += [
            f"- {row['train_flops']:.3g} FLOP: {row['refused']}" for row in refused.iter_rows(named=True)
        ]
        worst = self.budgets["bias"].drop_nulls()
        if worst.len():
            lines.append(
                f"a parabola in log size is off by {100 * float(worst.min()):+.1f} to "  # type: ignore[arg-type]
                f"{100 * float(worst.max()):+.1f} % on the fitted surface"  # type: ignore[arg-type]
            )
        return "\n".join(lines)


def isoflop_fit(
    runs: Any, *, loss: str = "loss", columns: Mapping[str, str] | None = None, by: str = "train_flops"
) -> IsoflopFit:
    """Fit a parabola of the loss in log size to the runs of each budget (Hoffmann et al. 2022, approach 2).

    Parameters
    ----------
    runs
        As in `fit`, with ``params`` and ``tokens``; several sizes for each budget.
    loss, columns
        As in `fit`.
    by
        The budget: a column, or a standard quantity that follows from columns. Budgets within 10 % are one.

    Raises
    ------
    FitError
        If fewer than two budgets have a minimum between their smallest and largest size.

    Examples
    --------
    >>> import isoflop as iso
    >>> law, runs = iso.law("besiroglu2024"), {"params": [], "tokens": []}
    >>> for flops in (1e19, 1e20, 1e21):
    ...     best = law.compute_optimal(flops)["params"][0]
    ...     for share in (0.4, 0.7, 1.0, 1.6, 2.5):
    ...         runs["params"].append(best * share)
    ...         runs["tokens"].append(flops / 6 / (best * share))
    >>> runs["loss"] = law.loss(**runs)
    >>> round(iso.isoflop_fit(runs).exponent, 2)
    0.51
    """
    table = Runs(runs, columns)
    data = {name: table.numbers(name) for name in ("params", "tokens", loss)}
    data["budget"] = sizes(table, by, loss)
    keep, _ = usable(data, loss, logs=False)
    keep &= (data["params"] > 0) & (data["tokens"] > 0) & (data["budget"] > 0)
    params, tokens, observed, flops = (data[n][keep] for n in ("params", "tokens", loss, "budget"))
    if not len(params):
        raise FitError("no run has a positive size, number of tokens and budget")
    own = pl.DataFrame({"params": params, "tokens": tokens, "loss": observed})
    surface = fit(own, SURFACE)
    rows = []
    for members in _budgets(flops):
        budget = float(np.exp(np.log(flops[members]).mean()))
        x, count = np.log(params[members]), len(members)
        found, refused = _vertex(x, observed[members])
        exact = surface.predict_values(own[members.tolist()])
        biased, _ = _vertex(x, exact)
        optimum = _optimum(
            surface, budget, float(np.median(flops[members] / params[members] / tokens[members]))
        )
        size = None if found is None else math.exp(found[0])
        rows.append(
            {
                "train_flops": budget,
                "runs": count,
                "params": size,
                "tokens": None if size is None else budget / 6 / size,
                "loss": None if found is None else found[1],
                "refused": refused,
                "surface_params": optimum,
                "bias": None if biased is None or optimum is None else math.exp(biased[0]) / optimum - 1,
            }
        )
    schema: dict[str, Any] = dict.fromkeys(rows[0], pl.Float64)
    budgets = pl.DataFrame(rows, schema=schema | {"runs": pl.Int64, "refused": pl.String})
    good = budgets.filter(pl.col("params").is_not_null())
    if good.height < 2:
        said = "; ".join(f"{row['train_flops']:.3g} FLOP: {row['refused']}" for row in rows if row["refused"])
        raise FitError(
            f"fewer than two budgets have a minimum among their sizes: {said or 'there is one budget'}"
        )
    line = np.polyfit(np.log(good["train_flops"].to_numpy()), np.log(good["params"].to_numpy()), 1)
    return IsoflopFit(budgets, float(line[0]), float(math.exp(line[1])), surface)


def _budgets(flops: Float64) -> list[np.ndarray[Any, np.dtype[np.intp]]]:
    order = np.argsort(flops, kind="stable")
    logs = np.log(flops[order])
    return list(np.split(order, np.flatnonzero(np.diff(logs) > math.log1p(SAME_BUDGET)) + 1))


def _vertex(x: Float64, y: Float64) -> tuple[tuple[float, float] | None, str]:
    """Return where a parabola is least, and its value there; or why it has no minimum among the points."""
    if len(np.unique(x)) < 3:
        return None, f"{len(np.unique(x))} sizes, and a parabola needs three"
    centre = float(x.mean())
    curve, slope, level = np.polyfit(x - centre, y, 2)
    if curve <= 0:
        return None, "the parabola opens downwards: no minimum"
    least = centre - slope / (2 * curve)
    if not x.min() <= least <= x.max():
        side = "smaller" if least < x.min() else "larger"
        return None, f"the minimum lies outside of its sizes: {side} models are missing"
    return (float(least), float(level - slope**2 / (4 * curve))), ""


def _optimum(surface: Fit, budget: float, factor: float) -> float | None:
    """Return the size of least loss on the surface, where ``budget = factor * params * tokens``."""
    a, b, alpha, beta = (surface.law.coefficients[n] for n in ("A", "B", "alpha", "beta"))
    if not (a > 0 and b > 0 and alpha > 0 and beta > 0):
        return None
    return float(
        (alpha * a / (beta * b)) ** (1 / (alpha + beta)) * (budget / factor) ** (beta / (alpha + beta))
    )
