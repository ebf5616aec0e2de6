"""Frames to a file or to standard output."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import polars as pl
from cyclopts import Parameter
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from isoflop.cli._messages import Mistake, mistakes, tell

Format: TypeAlias = Literal["table", "csv", "json"]

SHOWN_ROWS = 20
"""Rows of a table on standard output; more would not be read."""

_WRITERS: dict[str, Callable[[pl.DataFrame, Path], object]] = {
    ".parquet": lambda frame, path: frame.write_parquet(path),
    ".csv": lambda frame, path: frame.write_csv(path),
    ".json": lambda frame, path: frame.write_json(path),
}


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Output:
    """Where the answer goes."""

    out: Annotated[
        Path | None,
        Parameter(help="Write all rows to this file instead; .parquet, .csv or .json tells the format."),
    ] = None
    format: Annotated[
        Format | None,
        Parameter(help="Format on standard output: a table for reading, or all rows as CSV or JSON."),
    ] = None

    @property
    def is_table(self) -> bool:
        """Whether a reader is to see it, not a program."""
        return self.out is None and self.format in (None, "table")


DEFAULT_OUTPUT = Output()


class PipeConsole(Console):
    """A console that lets a closed pipe be seen by whoever called it, instead of leaving the process."""

    def on_broken_pipe(self) -> None:
        """Pass on the error that is being handled."""
        raise BrokenPipeError


def check_destination(out: Path | None, form: Format | None) -> None:
    """Find out before a long run whether its answer can be written.

    Raises
    ------
    Mistake
        If the file's suffix is not known, its directory is missing, it is a directory itself, or a format is
        given too.
    """
    if out is None:
        return
    if form is not None:
        raise Mistake("give --out or --format, not both: --out takes the format from the file's suffix")
    if out.suffix not in _WRITERS:
        raise Mistake(f"{out}: the suffix of --out must be one of {', '.join(_WRITERS)}")
    if out.is_dir():
        raise Mistake(f"{out}: is a directory, not a file")
    if not out.parent.is_dir():
        raise Mistake(f"{out}: there is no directory {out.parent}")


def deliver(frame: pl.DataFrame, out: Path | None, form: Format | None, *, whole: bool = False) -> None:
    """Write a frame to the file ``out``, or to standard output.

    Parameters
    ----------
    frame
        What to write.
    out
        A file; its suffix tells the format. It appears once it is complete, or not at all.
    form
        Format on standard output; ``None`` is a table.
    whole
        Show all rows of a table, however many they are.
    """
    if out is not None:
        _write_file(frame, out)
        tell(f"wrote {_count(frame.height, 'row')} to {out}")
    elif form == "csv":
        for number, part in enumerate(_parts(frame)):
            sys.stdout.write(part.write_csv(include_header=number == 0))
    elif form == "json":
        for number, part in enumerate(_parts(frame)):
            sys.stdout.write("," if number else "[")
            sys.stdout.write(part.write_json().removeprefix("[").removesuffix("]"))
        sys.stdout.write("]\n")
    else:
        shown = frame if whole else thin(frame, SHOWN_ROWS)
        _print_table(shown)
        if shown.height < frame.height:
            tell(f"{shown.height} of {frame.height:,} rows; --out FILE keeps all")


def show(frame: pl.DataFrame, columns: Sequence[str], output: Output) -> None:
    """Deliver all rows of a frame; a table has these columns only, which fit a line."""
    some = [name for name in columns if name in frame.columns]
    deliver(frame.select(some) if output.is_table else frame, output.out, output.format, whole=True)


def thin(frame: pl.DataFrame, rows: int) -> pl.DataFrame:
    """Return at most so many rows (two or more), evenly spaced and in order, with the first and the last.

    Examples
    --------
    >>> import polars as pl
    >>> thin(pl.DataFrame({"x": range(101)}), 5)["x"].to_list()
    [0, 25, 50, 75, 100]
    """
    if frame.height <= rows:
        return frame
    last = frame.height - 1
    return frame[[(2 * place * last + rows - 1) // (2 * (rows - 1)) for place in range(rows)]]


def _parts(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Cut a frame into parts that are quickly written; there is one even of an empty frame.

    As one text, a large frame would take its memory once more. And if Python runs unbuffered, a text that a
    closing pipe takes only the beginning of counts as written: the next part finds out.
    """
    if frame.is_empty():
        yield frame
    else:
        yield from frame.iter_slices(10_000)


def _write_file(frame: pl.DataFrame, out: Path) -> None:
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    with mistakes(out):
        try:
            _WRITERS[out.suffix](frame, partial)
            partial.replace(out)
        finally:
            partial.unlink(missing_ok=True)


def _print_table(frame: pl.DataFrame) -> None:
    cells = frame.select(pl.Series(column.name, [_cell(x) for x in column], pl.String) for column in frame)
    numeric = [column.dtype.is_numeric() for column in frame]
    if sys.stdout.isatty():
        _print_rich(cells, numeric)
    else:
        _print_plain(cells, numeric)


def _print_rich(cells: pl.DataFrame, numeric: list[bool]) -> None:
    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    for name, is_number in zip(cells.columns, numeric, strict=True):
        table.add_column(name, justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
    for row in cells.iter_rows():
        table.add_row(*row)
    console = PipeConsole(markup=False, highlight=False)
    # A number cut short would be a wrong number: the terminal may break the line instead.
    needed = Measurement.get(console, console.options.update_width(10_000), table).minimum
    console.width = max(console.width, needed)
    console.print(table)


def _print_plain(cells: pl.DataFrame, numeric: list[bool]) -> None:
    columns = []
    for column, is_number in zip(cells, numeric, strict=True):
        texts = [column.name, *column]
        width = max(map(len, texts))
        columns.append([text.rjust(width) if is_number else text.ljust(width) for text in texts])
    for line in zip(*columns, strict=True):
        print("  ".join(line).rstrip())


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case float():
            # Whole numbers that a reader would count are written out; others get five digits.
            return f"{value:.0f}" if value.is_integer() and math.fabs(value) < 1e6 else f"{value:.5g}"
        case list() | tuple():
            return ", ".join(map(_cell, value))
        case _:
            return str(value)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
