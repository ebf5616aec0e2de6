"""What the command line tells on standard error: mistakes, warnings, remarks."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from isoflop._exceptions import FormulaError, IsoflopError, IsoflopWarning


class Mistake(Exception):
    """A mistake of the user's; the message is all there is to tell."""


def tell(message: str) -> None:
    """Write a remark to standard error."""
    print(f"isoflop: {message}", file=sys.stderr, flush=True)


def one_line(text: str) -> str:
    """Return a message on one line, whatever line breaks it came with."""
    return " ".join(text.split())


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Show each warning of isoflop in one line, without the file and line of the Python code."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, IsoflopWarning):
            tell(f"warning: {one_line(str(message))}")
        else:
            shown = warnings.formatwarning(message, category, filename, lineno, line)
            print(shown, end="", file=file or sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("always", IsoflopWarning)
        warnings.showwarning = show
        yield


@contextmanager
def mistakes(subject: str | Path | None = None) -> Iterator[None]:
    """Turn what the library raises for a user's mistake into a `Mistake` that names the subject first.

    The library raises its own exceptions, and `ValueError` for arguments out of their range. Anything else is
    a fault of the program and keeps its traceback.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except (IsoflopError, ValueError, OSError, MemoryError) as error:
        message = _describe(error)
        if subject is not None and str(subject) not in message.partition("\n")[0]:
            message = f"{subject}: {message}"
        raise Mistake(message) from error


def _describe(error: Exception) -> str:
    match error:
        case FormulaError():
            return str(error)  # with its caret lines
        case FileNotFoundError():
            return "no such file"
        case IsADirectoryError():
            return "is a directory, not a file"
        case OSError():
            return one_line(error.strerror or str(error))
        case MemoryError() if not isinstance(error, IsoflopError):
            return "not enough memory"
        case _:
            return one_line(str(error))
