"""Frames to a file or to standard output."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from cyclopts import Parameter
from rich.console import Console

from isoflop._text.numbers import counted
from isoflop.cli._encode import WRITERS, csv_parts, encode, json_parts
from isoflop.cli._files import check_writable, write_file
from isoflop.cli._messages import Mistake, name_of, tell

if TYPE_CHECKING:
    import polars as pl

Format: TypeAlias = Literal["table", "csv", "json"]

SHOWN_ROWS = 20
"""Rows of a table on standard output; more would not be read."""


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
        If the file's suffix is not known, if a format is given too, or if the file has no place: its
        directory is missing or cannot be written to, or it is a directory itself.
    """
    if out is None:
        return
    if form is not None:
        raise Mistake("give --out or --format, not both: --out takes the format from the file's suffix")
    if out.suffix not in WRITERS:
        hint = "; for standard output give --format" if str(out) in ("-", "/dev/stdout") else ""
        raise Mistake(f"{name_of(out)}: the suffix of --out must be one of {', '.join(WRITERS)}{hint}")
    check_writable(out)


def deliver(frame: pl.DataFrame, out: Path | None, form: Format | None, *, whole: bool = False) -> None:
    """Write a frame to the file ``out``, or to standard output.

    Parameters
    ----------
    frame
        What to write.
    out
        A file; its suffix tells the format. It appears once it is complete, or not at all: see `write_file`.
    form
        Format on standard output; ``None`` is a table.
    whole
        Show all rows of a table, however many they are.
    """
    if out is not None:
        with closing(encode(frame, out.suffix)) as pieces:
            write_file(out, pieces)
        tell(f"wrote {counted(frame.height, 'row')} to {name_of(out)}")
        return
    shown = frame
    if form == "csv":
        for part in csv_parts(frame):
            sys.stdout.write(part)
    elif form == "json":
        for part in json_parts(frame):
            sys.stdout.write(part)
        sys.stdout.write("\n")
    else:
        shown = frame if whole else thin(frame, SHOWN_ROWS)
        _print_table(shown)
    sys.stdout.flush()  # remarks on an answer come after it, if it can be written at all
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


def _print_table(frame: pl.DataFrame) -> None:
    import polars as pl

    cells = frame.select(pl.Series(column.name, [_cell(x) for x in column], pl.String) for column in frame)
    numeric = [column.dtype.is_numeric() for column in frame]
    if sys.stdout.isatty():
        _print_rich(cells, numeric)
    else:
        _print_plain(cells, numeric)


def _print_rich(cells: pl.DataFrame, numeric: list[bool]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.measure import Measurement
    from rich.table import Table

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
