"""Answers: the engine's positions and numbers as a frame.

A frame holds the axis columns first, in the order of the axes and with linked ones expanded, then objectives,
then further columns. Arrays are wrapped as they are: no expressions, and no copies beyond the gather unless
the answer is short.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from isoflop._axes import Axis, column_names

if TYPE_CHECKING:
    from isoflop._native import Float64, Positions


SHORT = 2048
"""Rows up to which making a series takes longer than copying its numbers."""

_BINARY64: np.dtype[Any] = np.dtype(np.float64)


def distinct(names: Iterable[str], taken: Iterable[str]) -> tuple[str, ...]:
    """Return ``names`` once each, without those that a result already has."""
    seen = set(taken)
    fresh = []
    for name in names:
        if name not in seen:
            seen.add(name)
            fresh.append(name)
    return tuple(fresh)


def answer_frame(
    axes: Sequence[Axis], positions: Sequence[Positions], columns: Iterable[tuple[str, Float64]]
) -> pl.DataFrame:
    """Return one row for each configuration.

    Parameters
    ----------
    axes
        The axes of the space.
    positions
        For each axis, the position of every configuration on it.
    columns
        Names and values of what follows the axis columns.
    """
    named: list[tuple[str, pl.Series | NDArray[Any]]] = []
    # Not strict: a space without axes has the positions of the one that stands for it.
    for axis, position in zip(axes, positions, strict=False):
        for column in axis.columns:
            if isinstance(column.values, pl.Series):
                # Indexing by a series is the quick way in: `gather` goes through an expression.
                named.append((column.name, column.values[pl.Series(position)]))
            else:
                named.append((column.name, column.values.take(position)))
    named.extend(columns)
    series = _short(named) if len(positions[0]) <= SHORT else [pl.Series(*pair) for pair in named]
    if not series:
        return pl.DataFrame()
    # The constructor of frames does the same, and asks three times as long what it was given.
    return series[0].to_frame().hstack(series[1:])


def _short(named: Sequence[tuple[str, pl.Series | NDArray[Any]]]) -> list[pl.Series]:
    """Return columns as series, where all numbers are slices of one.

    That copies them once more, which takes less than what a series asks of the array it is made of.
    """
    numbers = [values for _, values in named if values.dtype == _BINARY64]
    block = pl.Series(np.concatenate(numbers)) if numbers else pl.Series()
    series, start = [], 0
    for name, values in named:
        if values.dtype == _BINARY64:
            series.append(block.slice(start, len(values)).alias(name))
            start += len(values)
        else:
            series.append(pl.Series(name, values))
    return series


def groups(axes: Sequence[Axis], by: str) -> tuple[int, Positions]:
    """Return the axis that ``by`` names, and the group of each position on it.

    Equal values form one group; groups are numbered in order of first appearance. The name of a linked axis
    that is not one of its columns makes a group of each distinct row.

    Raises
    ------
    ValueError
        If no axis and no column has this name.
    """
    for number, axis in enumerate(axes):
        for column in axis.columns:
            if column.name == by:
                return number, _groups(column.values)
    for number, axis in enumerate(axes):
        if axis.name == by:
            frame = pl.DataFrame([column.series() for column in axis.columns])
            return number, _groups(frame.rows())
    names = ", ".join(f"`{name}`" for name in column_names(axes))
    raise ValueError(f"by= names an axis or a column of one; there is no `{by}` among {names}")


def _groups(values: Iterable[object] | NDArray[np.float64]) -> Positions:
    listed = values.tolist() if isinstance(values, np.ndarray) else list(values)
    known: dict[object, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in listed], dtype=np.uint32)
