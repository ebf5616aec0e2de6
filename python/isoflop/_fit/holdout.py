"""The largest runs held back."""

from __future__ import annotations

import numpy as np
import polars as pl

from isoflop import _native
from isoflop._accounting.formula import names_in
from isoflop._accounting.resolve import resolve
from isoflop._exceptions import FitError, IsoflopError
from isoflop._fit.content import FitContent
from isoflop._fit.runs import Float64, Runs


def sizes(table: Runs, by: str, loss: str) -> Float64:
    """Return what runs are ordered by: a column, or a standard quantity that follows from columns.

    Raises
    ------
    FitError
        If it is neither.
    """
    if table.column_of(by) is not None:
        return table.numbers(by)
    columns = {name for name in (*table.frame.columns, *table.names) if name != loss}
    try:
        definitions = resolve((by,), columns=columns, scalars={}, quantities={}, law=None).definitions
    except IsoflopError as error:
        raise FitError(f"by={by!r} is no column, and does not follow from the columns: {error}") from None
    texts = {name: text for name, text in definitions.items() if isinstance(text, str)}
    numbers = {name: x for name, x in definitions.items() if not isinstance(x, str)}
    reads = {name for text in (by, *texts.values()) for name in names_in(text)}
    used = [name for name in reads if name in columns and name not in definitions]
    if not used:
        raise FitError(f"by={by!r} is no column, and does not follow from the columns")
    given = [(name, table.numbers(name)) for name in used]
    values, _ = _native.fitted_values(
        by, given, [], np.zeros((1, 0)), list(numbers.items()), list(texts.items())
    )
    return np.asarray(values[0], dtype=np.float64)


def split(table: Runs, by: str, loss: str, share: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the smaller runs, and the largest: this share of them, at least one."""
    if not 0 < share < 1:
        raise FitError(f"share must lie between 0 and 1, not {share!r}")
    order = np.argsort(sizes(table, by, loss), kind="stable")
    held = max(1, round(share * len(order)))
    if held >= len(order):
        raise FitError(f"{len(order)} runs are too few to hold {held} back")
    small, large = np.sort(order[:-held]), np.sort(order[-held:])
    return table.frame[small.tolist()], table.frame[large.tolist()]


def holdout(fitted: FitContent, by: str, share: float) -> pl.DataFrame:
    """Do what `Fit.holdout` says: the held runs with prediction, interval, ``error`` and ``inside``."""
    setting = fitted._setting
    table = Runs(setting.frame, setting.names)
    small, large = split(table, by, setting.loss, share)
    again = setting.refit(small)
    predicted = again.predict(large)
    observed = Runs(large, setting.names).numbers(setting.loss)
    return predicted.with_columns(
        pl.Series("error", np.log(observed / predicted["predicted_loss"].to_numpy())),
        pl.Series(
            "inside",
            (predicted["low"].to_numpy() <= observed) & (observed <= predicted["high"].to_numpy()),
        ),
    )
