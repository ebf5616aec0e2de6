"""The Pareto filter for any frame, and the reading of resolutions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from isoflop import _native
from isoflop._pareto.arguments import read_rows
from isoflop._run.threads import read_threads
from isoflop._text.given import read_frame, read_real, shown
from isoflop._text.spelling import nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

FINEST = 52
"""Bits of the finest resolution, at which every number is a cell of its own."""

_EXACT = 1 << 53
"""Integers up to here are exact as floats."""


def pareto(
    frame: Any,
    *,
    minimize: str | Sequence[str] = (),
    maximize: str | Sequence[str] = (),
    resolution: float | Mapping[str, float] = 0,
    rows: int | None = None,
    by: str | Sequence[str] = (),
    ties: Literal["first", "all"] = "first",
    threads: int | None = None,
) -> pl.DataFrame:
    """Return the rows of a frame that no other row dominates, in their order, with all columns.

    A row with NaN in an objective is never on a front; a null in one is an error.

    A row dominates another if it is not worse in any objective and better in at least one, at the given
    resolution. Among rows that the resolution cannot tell apart the best by the true objectives in order
    (those of `minimize`, then those of `maximize`) stands for all, the first one if that leaves a choice.
    Infinities compare as values.

    Parameters
    ----------
    frame
        A Polars DataFrame or LazyFrame (which is collected), or anything that ``pl.DataFrame`` accepts.
    minimize, maximize
        Names of columns, one or a sequence; at least one in all, none twice. Numbers or booleans (0 and 1),
        without nulls; integers must be exact as 64-bit floats.
    resolution
        How finely objectives are compared: two values within a ratio of ``1 + resolution`` may count as
        equal. A number in [0, 1], or a mapping from objectives to such numbers, where those it does not name
        get 0, this function's default: every difference counts. (Sweeps have another default, 1e-9.) Rounded
        down to a power of two; 0 acts as 2**-52.
    rows
        So many rows of the front, or all if it has no more: the best by each objective, then again and again
        the one farthest from those chosen, measured in the front's own range of each objective (in
        logarithms, where that spans more than a factor of ten). No fewer than there are objectives; None for
        the whole front.
    by
        Names of columns, one or a sequence: rows that are equal in them have a front of their own, with
        `rows` of its own. All rows are one group without.
    ties
        "first" returns one of several rows with equal objectives, "all" returns all of them, on top of
        `rows`.
    threads
        Worker threads; ``None`` takes ``ISOFLOP_MAX_THREADS``, else one for each CPU that the process
        may use. The answer is the same.

    Returns
    -------
    pl.DataFrame
        The front, with the schema of `frame`.

    Raises
    ------
    ValueError
        For no objective, an unknown column, one named twice, one with nulls or inexact integers; for a wrong
        `resolution`, `rows`, `ties` or `threads`; for 2**32 - 1 rows or more.
    TypeError
        For an objective that is not a column of numbers or booleans.
    MemoryError
        If the machine has no room to look for it.

    Notes
    -----
    ``O(n log n)`` for up to three objectives, ``O(n log**(k - 2) n)`` for k. Float64 columns are read where
    they lie; other types and maximised objectives are copied.

    Examples
    --------
    >>> import isoflop as iso
    >>> plans = {"loss": [2.0, 1.9, 2.1, 1.9], "usd": [10, 30, 20, 40]}
    >>> iso.pareto(plans, minimize=["loss", "usd"]).rows()
    [(2.0, 10), (1.9, 30)]
    """
    table = read_frame(frame)
    minimized, maximized = read_names(minimize, maximize)
    objectives = minimized + maximized
    for name in objectives:
        if name not in table.columns:
            raise ValueError(f"the frame has no column `{name}`{_nearest(name, table.columns)}")
    if ties not in ("first", "all"):
        raise ValueError(f'`ties` must be "first" or "all", not {shown(ties)}')
    grouped = _names(by, "by")
    for name in grouped:
        if name not in table.columns:
            raise ValueError(f"by= names a column; the frame has no `{name}`{_nearest(name, table.columns)}")
    kept = _native.pareto(
        [_column(table.get_column(name)) for name in objectives],
        [False] * len(minimized) + [True] * len(maximized),
        resolution_bits(resolution, objectives, default=0),
        ties == "all",
        read_threads(threads),
        read_rows(rows, len(objectives)),
        _groups(table, grouped),
    )
    if len(kept) == table.height:
        return table.clone()
    return table[kept]


def _groups(table: pl.DataFrame, by: Sequence[str]) -> NDArray[np.uint32] | None:
    """Return a number for each row, the same for rows that are equal in the columns ``by``."""
    if not by or table.is_empty():
        return None
    # A group has the number of its first row. Names are ours: no column of the frame can be the number's.
    columns = [table.get_column(name).alias(f"by{place}") for place, name in enumerate(by)]
    numbered = pl.DataFrame(columns).with_row_index("number")
    first = pl.col("number").first().over([column.name for column in columns])
    return numbered.select(first).to_series().to_numpy()


def resolution_bits(
    resolution: float | Mapping[str, float], objectives: Sequence[str], default: float
) -> list[int]:
    """Return p for each objective, so that keys compare it at resolution ``2**-p``.

    p is the least integer in 0..52 with ``2**-p <= resolution``, and 52 for anything finer.

    Parameters
    ----------
    resolution
        A number in [0, 1], or a mapping from objectives to such numbers.
    objectives
        The objectives in their order.
    default
        The resolution of objectives that a mapping does not name.

    Raises
    ------
    ValueError
        For a number outside [0, 1] or NaN, or a name that is no objective.
    TypeError
        For anything but a number.
    """
    # The exact type first: asking for an abstract class takes longer than all the rest.
    if type(resolution) is float or not isinstance(resolution, Mapping):
        return [_bits(resolution, "")] * len(objectives)
    for name in resolution:
        if name not in objectives:
            raise ValueError(
                f"`resolution` names {shown(name)}, which is no objective{_nearest(name, objectives)}"
            )
    return [_bits(resolution.get(name, default), f" of `{name}`") for name in objectives]


def _bits(resolution: object, whose: str) -> int:
    try:
        ratio = read_real(resolution, "")
    except TypeError:
        raise TypeError(
            f"the resolution{whose} must be a number in [0, 1], not {shown(resolution)}"
        ) from None
    except ValueError:
        ratio = math.inf
    if not 0 <= ratio <= 1:
        raise ValueError(f"the resolution{whose} must be in [0, 1], not {shown(resolution)}")
    if ratio == 0:
        return FINEST
    # frexp gives the e with 2**(e - 1) <= ratio < 2**e.
    return min(FINEST, 1 - math.frexp(ratio)[1])


def read_names(minimize: object, maximize: object) -> tuple[list[str], list[str]]:
    """Return the names of columns to minimise, and of those to maximise.

    Raises
    ------
    ValueError
        If there are none, or one stands there twice.
    TypeError
        If one of them is not text.
    """
    minimized, maximized = _names(minimize, "minimize"), _names(maximize, "maximize")
    objectives = minimized + maximized
    if not objectives:
        raise ValueError("name at least one objective in `minimize` or `maximize`")
    for place, name in enumerate(objectives):
        if name in objectives[:place]:
            raise ValueError(f"objective `{name}` is named twice")
    return minimized, maximized


def _names(names: object, argument: str) -> list[str]:
    if isinstance(names, str):
        return [names]
    listed: list[str] = []
    for name in names if isinstance(names, Sequence) else [names]:
        if not isinstance(name, str):
            raise TypeError(f"`{argument}` must be a column name or a sequence of them, not {shown(name)}")
        listed.append(name)
    return listed


def _nearest(name: object, known: Sequence[str]) -> str:
    close = nearest(name, known)
    if close:
        return f", did you mean `{close[0]}`?"
    return f"; there are {', '.join(f'`{other}`' for other in known[:20])}" if known else ""


def _column(series: pl.Series) -> NDArray[np.float64]:
    """Return the numbers of a column, without a copy where it holds 64-bit floats."""
    name, dtype = series.name, series.dtype
    if nulls := series.null_count():
        raise ValueError(f"objective `{name}` has {nulls} nulls: fill or drop them first")
    if dtype.is_integer():
        _check_exact(series)
    elif not (dtype.is_float() or dtype == pl.Boolean or dtype == pl.Null):
        raise TypeError(
            f"objective `{name}` has type {dtype}, not numbers: cast it to Float64 if that is meant"
        )
    if dtype != pl.Float64:
        series = series.cast(pl.Float64)
    return series.to_numpy()


def _check_exact(series: pl.Series) -> None:
    """Refuse integers that a 64-bit float would round."""
    low, high = series.min(), series.max()
    if not isinstance(low, int) or not isinstance(high, int):
        return  # no rows
    if low >= -_EXACT and high <= _EXACT:
        return
    # Polars compares a column only with what its type can hold.
    large = series > _EXACT if high > _EXACT else series < -_EXACT
    if high > _EXACT and low < -_EXACT:
        large |= series < -_EXACT
    for value in series.filter(large).unique():
        if int(float(value)) != value:
            raise ValueError(
                f"objective `{series.name}` holds {value}, which is beyond 2**53 and not exact as a 64-bit"
                " float: cast the column to Float64 if rounding is meant"
            )
