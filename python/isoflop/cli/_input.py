"""Frames from files."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable
from pathlib import Path

import polars as pl

from isoflop.cli._messages import Mistake, mistakes, name_of, one_line

_READERS: dict[str, Callable[[io.BytesIO], pl.DataFrame]] = {
    # All rows tell the types: tokens may be whole numbers for a thousand rows and then 1e12.
    ".csv": lambda file: pl.read_csv(file, infer_schema_length=None),
    ".parquet": lambda file: pl.read_parquet(file),
    ".json": lambda file: pl.read_json(file, infer_schema_length=None),
    ".jsonl": lambda file: pl.read_ndjson(file, infer_schema_length=None),
    ".ndjson": lambda file: pl.read_ndjson(file, infer_schema_length=None),
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
        raise Mistake(f"{name_of(path)}: the suffix of {what} must be one of {', '.join(_READERS)}")
    with mistakes(path):
        try:
            # Read here: polars takes no names that are not UTF-8, and looks for patterns in others.
            # A byte order mark is none of a text; no other format begins with one.
            return reader(io.BytesIO(path.read_bytes().removeprefix(codecs.BOM_UTF8)))
        except pl.exceptions.PolarsError as error:
            raise Mistake(f"{name_of(path)}: {one_line(str(error))}") from error
