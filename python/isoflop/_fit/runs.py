"""Runs as people keep them: frames, mappings, files; and what is wrong with them, by row number."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from isoflop._exceptions import FitError
from isoflop._text.frames import READERS, frame_from_file
from isoflop._text.given import shown
from isoflop._text.numbers import written_number
from isoflop._text.spelling import did_you_mean, nearest

Float64: TypeAlias = NDArray[np.float64]

SHOWN = 8
"""Row numbers in one message."""


class Runs:
    """A table of runs, its columns under the names that formulas read.

    Attributes
    ----------
    frame
        The table as it came.
    names
        Where a name of a formula is another column.
    """

    def __init__(self, given: object, columns: Mapping[str, str] | None) -> None:
        self.frame = read_frame(given)
        self.names = _names(columns, self.frame)

    def column_of(self, name: str) -> str | None:
        """Return the column that stands for a name, if there is one."""
        name = self.names.get(name, name)
        return name if name in self.frame.columns else None

    def numbers(self, name: str) -> Float64:
        """Return a column as numbers, NaN where a cell holds none.

        Raises
        ------
        FitError
            If there is no such column, or cells hold text that is no number.
        """
        column = self.column_of(name)
        if column is None:
            raise self.missing(name)
        series = self.frame[column]
        if series.dtype == pl.Boolean or series.dtype.is_numeric():
            return series.cast(pl.Float64).fill_null(float("nan")).to_numpy().astype(np.float64)
        if series.dtype == pl.Null:
            return np.full(series.len(), np.nan)
        if series.dtype != pl.String:
            raise FitError(f"column `{column}` holds {series.dtype}, not numbers")
        cells = [None if cell is None else written_number(cell.strip()) for cell in series]
        pairs = zip(cells, series, strict=True)
        bad = [i for i, (cell, text) in enumerate(pairs) if cell is None and text is not None]
        if bad:
            raise FitError(
                f"column `{column}` holds text that is no number in {rows_text(bad)}, such as "
                f"{shown(series[bad[0]])}: numbers stand without units, 7e9 or 7B",
                rows=tuple(bad),
            )
        return np.array([np.nan if cell is None else float(cell) for cell in cells], dtype=np.float64)

    def missing(self, name: str) -> FitError:
        """Return the error that a column is not there."""
        columns = self.frame.columns
        hint = did_you_mean(name, columns, f"; the columns are {', '.join(columns[:12])}")
        near = nearest(name, columns)
        other = near[0] if near else (columns[0] if columns else "...")
        return FitError(
            f"runs have no column `{name}`{hint}; columns={{{name!r}: {other!r}}} says which it is"
        )


def read_frame(given: object) -> pl.DataFrame:
    """Return a table: of a polars frame, lazy or not, of pandas, Arrow, a mapping or a file."""
    if isinstance(given, pl.DataFrame):
        frame = given
    elif isinstance(given, pl.LazyFrame):
        frame = given.collect()
    elif isinstance(given, str | os.PathLike):
        path = Path(given)
        if path.suffix not in READERS:
            raise FitError(
                f"{path}: runs are read from {', '.join(READERS)}, not from {path.suffix or 'this'}"
            )
        try:
            frame = frame_from_file(path)
        except ValueError as error:
            raise FitError(f"{path}: {error}") from None
    else:
        try:
            frame = pl.DataFrame(given)  # type: ignore[arg-type]
        except Exception as error:
            raise FitError(f"runs must be a frame, a mapping of columns or a file: {error}") from None
    if frame.height == 0:
        raise FitError("there are no runs: the table has no rows")
    return frame


def _names(columns: Mapping[str, str] | None, frame: pl.DataFrame) -> dict[str, str]:
    if columns is None:
        return {}
    if not isinstance(columns, Mapping):
        raise FitError(f"columns= maps names of the formula to columns, not {shown(columns)}")
    for name, column in columns.items():
        if column not in frame.columns:
            hint = did_you_mean(column, frame.columns, f"; the columns are {', '.join(frame.columns[:12])}")
            raise FitError(f"columns={{{name!r}: {column!r}}}: runs have no column `{column}`{hint}")
    return dict(columns)


def rows_text(rows: Sequence[int]) -> str:
    """Return row numbers as text, from 0: ``rows 3, 7 and 12 more``."""
    numbers = ", ".join(str(row) for row in rows[:SHOWN])
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return f"row{'s' if len(rows) > 1 else ''} {numbers}{more}"


def usable(columns: Mapping[str, Float64], loss: str, *, logs: bool) -> tuple[NDArray[np.bool_], list[str]]:
    """Tell which rows can be fitted, and say why others cannot."""
    height = len(columns[loss])
    keep = np.ones(height, dtype=bool)
    remarks = []
    for name, numbers in columns.items():
        bad = ~np.isfinite(numbers)
        if bad.any():
            rows = np.flatnonzero(bad).tolist()
            remarks.append(f"`{name}` is missing or not finite in {rows_text(rows)}: left out")
            keep &= ~bad
    if logs:
        low = keep & (columns[loss] <= 0)
        if low.any():
            rows = np.flatnonzero(low).tolist()
            remarks.append(
                f"`{loss}` is not positive in {rows_text(rows)}, which has no logarithm: left out "
                '(residual="huber" takes any number)'
            )
            keep &= ~low
    return keep, remarks


def remarks_on(variables: Mapping[str, Float64], loss: Float64) -> list[str]:
    """Say what is doubtful about runs that can be fitted."""
    remarks = []
    for name, numbers in variables.items():
        if len(numbers) > 1 and np.all(numbers == numbers[0]):
            remarks.append(f"`{name}` is {numbers[0]:g} in every run: nothing can be learnt of what it does")
    table = np.column_stack([*variables.values(), loss]) if variables else loss[:, None]
    _, first, counts = np.unique(table, axis=0, return_index=True, return_counts=True)
    if (counts > 1).any():
        rows = sorted(first[counts > 1].tolist())
        remarks.append(f"{int((counts - 1).sum())} runs stand twice, such as {rows_text(rows)}: each counts")
    return remarks


def same_ratio(params: Float64, tokens: Float64) -> str | None:
    """Say that all runs have one ratio of tokens to parameters, if they do."""
    ratio = tokens / params
    if len(ratio) > 2 and np.ptp(np.log(ratio)) < 0.02:
        return (
            f"all runs have about {np.median(ratio):.3g} tokens per parameter: what a larger model and what "
            "more tokens are worth cannot be told apart"
        )
    return None


def checkpoints(variables: Mapping[str, Float64], tokens: str, frame: pl.DataFrame) -> bool:
    """Tell whether rows look like checkpoints: many share every variable but tokens, and every text."""
    same: dict[str, pl.Series] = {n: pl.Series(x) for n, x in variables.items() if n != tokens}
    same |= {f"text {c.name}": c for c in frame if c.dtype in (pl.String, pl.Categorical)}
    if not same or frame.height < 8:
        return False
    counts = pl.DataFrame(same).group_by(pl.all()).len()["len"]
    return float(counts.median() or 0) >= 3  # type: ignore[arg-type]


def array_of(given: Any, runs: Runs, what: str) -> Float64:
    """Return a number for each run, from a column's name or from numbers."""
    if isinstance(given, str):
        return runs.numbers(given)
    try:
        numbers = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise FitError(f"{what} must be a column or a number for each run, not {shown(given)}") from None
    if numbers.shape != (runs.frame.height,):
        raise FitError(f"{what} needs a number for each of {runs.frame.height} runs, not {numbers.shape}")
    return numbers


def groups_of(given: Any, runs: Runs) -> NDArray[np.uint32]:
    """Return the run that each row belongs to, numbered in order of appearance."""
    height = runs.frame.height
    if given is None:
        return np.arange(height, dtype=np.uint32)
    names = [given] if isinstance(given, str) else list(given)
    if all(isinstance(name, str) for name in names) and len(names) != height:
        for name in names:
            if runs.column_of(name) is None:
                raise runs.missing(name)
        keys: list[Any] = runs.frame.select([runs.names.get(name, name) for name in names]).rows()
    else:
        keys = names
    if len(keys) != height:
        raise FitError(f"groups needs a column or a label for each of {height} runs, not {len(keys)} labels")
    numbers: dict[Any, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.uint32)
