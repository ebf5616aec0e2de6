"""Answers: the engine's positions and numbers as a frame.

A frame holds the axis columns first, in the order of the axes and with linked ones expanded, then objectives,
then further columns. Everything is an array wrapped as it is: no expressions, no copies beyond the gather.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from isoflop._axes import Axis, column_names

if TYPE_CHECKING:
    from isoflop._native import Float64, Positions


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
    series: list[pl.Series] = []
    # Not strict: a space without axes has the positions of the one that stands for it.
    for axis, position in zip(axes, positions, strict=False):
        for column in axis.columns:
            if isinstance(column.values, pl.Series):
                # Indexing by a series is the quick way in: `gather` goes through an expression.
                series.append(column.values[pl.Series(position)])
            else:
                series.append(pl.Series(column.name, column.values.take(position)))
    series.extend(pl.Series(name, values) for name, values in columns)
    if not series:
        return pl.DataFrame()
    # The constructor of frames does the same, and asks three times as long what it was given.
    return series[0].to_frame().hstack(series[1:])


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
