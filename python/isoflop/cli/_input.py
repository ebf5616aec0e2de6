"""Frames from files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from isoflop.cli._messages import Mistake, mistakes, one_line

_READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    # All rows tell the types: tokens may be whole numbers for a thousand rows and then 1e12.
    ".csv": lambda path: pl.read_csv(path, infer_schema_length=None),
    ".parquet": pl.read_parquet,
    ".json": lambda path: pl.read_json(path, infer_schema_length=None),
    ".jsonl": lambda path: pl.read_ndjson(path, infer_schema_length=None),
    ".ndjson": lambda path: pl.read_ndjson(path, infer_schema_length=None),
}


def read_frame(path: Path, what: str) -> pl.DataFrame:
    """Read a frame from a file whose suffix tells the format; ``what`` is how a message calls the file.

    Raises
    ------
    Mistake
        If the suffix is not known, or if the file cannot be read.
    """
    reader = _READERS.get(path.suffix)
    if reader is None:
        raise Mistake(f"{path}: the suffix of {what} must be one of {', '.join(_READERS)}")
    with mistakes(path):
        try:
            return reader(path)
        except pl.exceptions.PolarsError as error:
            raise Mistake(f"{path}: {one_line(str(error))}") from error
