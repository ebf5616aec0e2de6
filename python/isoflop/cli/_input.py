"""Frames from files."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING

from isoflop.cli._messages import Mistake, mistakes, name_of

if TYPE_CHECKING:
    import polars as pl


def read_frame(path: Path, what: str, *, text: Container[str] = ()) -> pl.DataFrame:
    """Read a frame from a file whose suffix tells the format; ``what`` is how a message calls the file.

    Columns named in ``text`` hold names, and stay text in CSV whatever they look like.

    Raises
    ------
    Mistake
        If the suffix is not known, or if the file cannot be read.
    """
    from isoflop._text.frames import READERS, frame_from_file

    if path.suffix not in READERS:
        raise Mistake(f"{name_of(path)}: the suffix of {what} must be one of {', '.join(READERS)}")
    with mistakes(path):
        return frame_from_file(path, text=text)
