"""Forms against each other: fitted on the smaller runs, scored on the largest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from isoflop._exceptions import IsoflopError
from isoflop._fit.content import FitContent
from isoflop._fit.fit import fit
from isoflop._fit.holdout import split
from isoflop._fit.runs import Runs

if TYPE_CHECKING:
    pass


def compare(
    runs: Any,
    forms: Mapping[str, Any],
    *,
    by: str = "train_flops",
    share: float = 0.2,
    loss: str = "loss",
    columns: Mapping[str, str] | None = None,
    **keywords: Any,
) -> pl.DataFrame:
    """Fit several forms to the smaller runs, and score them on the largest.

    Parameters
    ----------
    runs
        As in `fit`.
    forms
        Formulas or laws by name; a mapping of `fit`'s keywords with ``form`` among them is taken too.
    by
        What "large" means: a column, or a standard quantity that follows from columns.
    share
        How many runs are held back.
    loss, columns, **keywords
        Of `fit`.

    Returns
    -------
    pl.DataFrame
        A row for each form, the least error on the held runs first: ``form``, ``coefficients`` (how many),
        ``objective`` (of the smaller runs), ``aic``, ``bic``, ``error`` (root mean square of ln
        observed/predicted on the held runs), ``worst``, ``floor`` (whether a term stays that nothing takes
        away), ``monotone`` (whether the loss falls with every variable over the runs), ``warnings``.

    Raises
    ------
    FitError
        If the runs cannot be split.

    Examples
    --------
    >>> import isoflop as iso
    >>> grid = iso.law("besiroglu2024")
    >>> params, tokens = [1e8, 1e8, 3e8, 3e8, 1e9, 1e9, 3e9, 3e9], [2e9, 8e9] * 4
    >>> runs = {"params": params, "tokens": tokens, "loss": grid.loss(params=params, tokens=tokens)}
    >>> forms = {"both": "E + A/params**a + B/tokens**b", "size": "E + A/params**a"}
    >>> iso.compare(runs, forms)["form"].to_list()
    ['both', 'size']
    """
    table = Runs(runs, columns)
    small, large = split(table, by, loss, share)
    observed = Runs(large, columns).numbers(loss)
    rows: list[dict[str, Any]] = []
    for name, form in forms.items():
        given = dict(form) if isinstance(form, Mapping) else {"form": form}
        try:
            fitted = fit(small, given.pop("form"), loss=loss, columns=columns, **(keywords | given))
            predicted = fitted.predict_values(large)
        except IsoflopError as error:
            rows.append({"form": name, "warnings": [str(error)]})
            continue
        with np.errstate(invalid="ignore", divide="ignore"):
            errors = np.log(observed / predicted)
        count, n = len(fitted._setting.bound.coefficients), len(fitted._setting.observed)
        spread = float(np.mean(fitted.residuals["residual"].to_numpy() ** 2))
        likelihood = n * math.log(max(spread, 1e-300))
        rows.append(
            {
                "form": name,
                "coefficients": count,
                "objective": fitted.objective,
                "aic": likelihood + 2 * count,
                "bic": likelihood + count * math.log(n),
                "error": float(np.sqrt(np.mean(errors**2))),
                "worst": float(np.max(np.abs(errors))),
                "floor": fitted.has_floor,
                "monotone": _monotone(fitted),
                "warnings": list(fitted.remarks),
            }
        )
    schema = {"form": pl.String, "coefficients": pl.Int64, "objective": pl.Float64, "aic": pl.Float64}
    more = {"bic": pl.Float64, "error": pl.Float64, "worst": pl.Float64, "floor": pl.Boolean}
    frame = pl.DataFrame(
        rows, schema=schema | more | {"monotone": pl.Boolean, "warnings": pl.List(pl.String)}
    )
    return frame.sort("error", nulls_last=True, maintain_order=True)


def _monotone(fitted: FitContent) -> bool:
    """Tell whether no variable, made 1 % larger in any run, raises the loss."""
    variables = {name: np.asarray(column) for name, column in fitted._setting.variables.items()}
    here = fitted.predict_values(pl.DataFrame(variables))
    for name, column in variables.items():
        there = fitted.predict_values(pl.DataFrame(variables | {name: column * 1.01}))
        if (there > here * (1 + 1e-12)).any():
            return False
    return True
