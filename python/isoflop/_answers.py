"""Answers: the engine's positions and numbers as a frame.

A frame holds the axis columns first, in the order of the axes and with linked ones expanded, then objectives,
then further columns. Arrays are wrapped as they are: no expressions, and no copies beyond the gather. Short
answers come gathered, in one array.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.ma  # of which polars asks with each array: slowly for ever, if it is the first to load it
import polars as pl
from numpy.typing import NDArray

from isoflop._axes import Axis, Column, column_names

if TYPE_CHECKING:
    from isoflop._native import Float64, Positions, Rows


def distinct(names: Iterable[str], taken: Iterable[str]) -> tuple[str, ...]:
    """Return ``names`` once each, without those that a result already has."""
    seen = set(taken)
    fresh = []
    for name in names:
        if name not in seen:
            seen.add(name)
            fresh.append(name)
    return tuple(fresh)


def answer_frame(axes: Sequence[Axis], found: Rows, formulas: Sequence[str]) -> pl.DataFrame:
    """Return one row for each configuration.

    Parameters
    ----------
    axes
        The axes of the space.
    found
        The engine's answer.
    formulas
        Names of the answer's objectives and of its further columns, in this order. One that is an axis column
        has its place there already.
    """
    series = (
        _of_arrays(axes, found, formulas)
        if found.block is None
        else _of_block(axes, found, formulas, found.block)
    )
    if not series:
        return pl.DataFrame()
    # The constructor of frames does the same, and asks three times as long what it was given.
    return series[0].to_frame().hstack(series[1:])


def _of_arrays(axes: Sequence[Axis], found: Rows, formulas: Sequence[str]) -> list[pl.Series]:
    # Not strict: a space without axes has the positions of the one that stands for it.
    placed = zip(axes, found.positions, strict=False)
    series = [_gathered(column, positions) for axis, positions in placed for column in axis.columns]
    taken = column_names(axes)
    values = zip(formulas, (*found.objectives, *found.columns), strict=True)
    series.extend(pl.Series(name, numbers) for name, numbers in values if name not in taken)
    return series


def _of_block(axes: Sequence[Axis], found: Rows, formulas: Sequence[str], block: Float64) -> list[pl.Series]:
    """Return columns of a short answer, of which all floats are slices of one series: that is made sooner."""
    numbers, height = pl.Series(block), found.height
    series, taken, start = [], set(), 0
    for number, axis in enumerate(axes):
        for column in axis.columns:
            taken.add(column.name)
            if column.kind == "float" and not column.nulls:
                series.append(numbers.slice(start, height).alias(column.name))
            else:
                series.append(_gathered(column, found.positions[number]))
            if column.numbers is not None:
                start += height
    # Behind the axes' columns may stand some of the engine's own: `native_columns` says which.
    start = len(numbers) - len(formulas) * height
    for name in formulas:
        if name not in taken:
            series.append(numbers.slice(start, height).alias(name))
        start += height
    return series


def _gathered(column: Column, positions: Positions) -> pl.Series:
    if isinstance(column.values, pl.Series):
        # Indexing by a series is the quick way in: `gather` goes through an expression.
        return column.values[pl.Series(positions)]
    return pl.Series(column.name, column.values.take(positions))


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
