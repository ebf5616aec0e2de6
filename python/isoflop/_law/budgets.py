"""Budgets and their optima as numbers: read, checked, and made a frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from isoflop._exceptions import LawError
from isoflop._text.given import read_reals

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import ArrayLike, NDArray


def read_budgets(flops: ArrayLike, id: str) -> NDArray[np.float64]:
    """Return training budgets as an array of their own; a `LawError` names what is wrong with them."""
    try:
        budgets = np.array(read_reals(flops, "flops"), ndmin=1)
    except (TypeError, ValueError) as error:
        raise LawError(str(error), law=id) from None
    if budgets.ndim != 1:
        message = f"flops must be a number or a sequence of numbers, not an array of shape {budgets.shape}"
        raise LawError(message, law=id)
    for budget in budgets[~(np.isfinite(budgets) & (budgets > 0))]:
        raise LawError(f"flops must be positive and finite, not {budget}", law=id)
    return budgets


def as_frame(columns: Mapping[str, NDArray[np.float64]]) -> pl.DataFrame:
    """Return columns of numbers as a frame."""
    import polars as pl

    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.Float64))


def require_numbers(found: Mapping[str, NDArray[np.float64]], id: str) -> None:
    """Refuse a budget so small or so large that its optimum leaves the range of numbers.

    Raises
    ------
    LawError
        If anything of an optimum is not finite, or the size or the tokens are 0.
    """
    budgets, size, tokens, *_ = found.values()
    if np.isfinite(np.concatenate(list(found.values()))).all() and (size > 0).all() and (tokens > 0).all():
        return
    wrong = ~np.isfinite(np.stack(list(found.values()))).all(axis=0) | (size <= 0) | (tokens <= 0)
    for budget in budgets[wrong]:
        message = f"`{id}` gives no optimum at {budget:g} FLOP: its numbers leave the range of binary64"
        raise LawError(f"{message}; give a budget of a real training run, such as 1e21", law=id)
