"""Frames from files."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Container
from pathlib import Path

import polars as pl

from isoflop._numbers import written_number

READERS: dict[str, Callable[[io.BytesIO], pl.DataFrame]] = {
    # All rows tell the types: tokens may be whole numbers for a thousand rows and then 1e12.
    ".csv": lambda file: pl.read_csv(file, infer_schema_length=None),
    ".parquet": lambda file: pl.read_parquet(file),
    ".json": lambda file: pl.read_json(file, infer_schema_length=None),
    ".jsonl": lambda file: pl.read_ndjson(file, infer_schema_length=None),
    ".ndjson": lambda file: pl.read_ndjson(file, infer_schema_length=None),
}
"""What reads a file, by its suffix."""


def frame_from_file(path: Path, *, text: Container[str] = ()) -> pl.DataFrame:
    """Read a frame from a file whose suffix is one of `READERS`.

    In CSV, where everything is text, a column is one of numbers if every cell of it is a number, be it
    ``7e9``, ``7B`` or ``1_000``. An empty cell is a null, and a column of nothing else has no type.

    Parameters
    ----------
    path
        The file.
    text
        Columns that stay text, because they hold names.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not what its suffix says.
    """
    # Read here: polars takes no names that are not UTF-8, and looks for patterns in others.
    # A byte order mark is none of a text; no other format begins with one.
    content = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    try:
        frame = READERS[path.suffix](io.BytesIO(content))
    except pl.exceptions.PolarsError as error:
        raise ValueError(" ".join(str(error).split())) from error
    if path.suffix != ".csv":
        return frame
    return frame.with_columns(
        _numbers(column) for column in frame if column.dtype == pl.String and column.name not in text
    )


def _numbers(column: pl.Series) -> pl.Series:
    """Return a column of text as numbers, if all of its cells are; without a type, if it has none."""
    cells = {cell: written_number(cell) for cell in column.unique() if cell is not None}
    if not cells:
        return column.cast(pl.Null)
    numbers = list(cells.values())
    if None in numbers:
        return column
    whole = all(type(number) is int and abs(number) < 2**63 for number in numbers)
    values = [None if cell is None else cells[cell] for cell in column]
    return pl.Series(column.name, values, dtype=pl.Int64 if whole else pl.Float64, strict=False)
