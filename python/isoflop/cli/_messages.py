"""What the command line tells on standard error: mistakes, warnings, remarks."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from isoflop._exceptions import FormulaError, IsoflopError, IsoflopWarning
from isoflop.cli._spoken import spoken
from isoflop.cli._streams import discard


class Mistake(Exception):
    """A mistake of the user's; the message is all there is to tell."""


def tell(message: str) -> None:
    """Write a remark to standard error, if that can be written."""
    _say("isoflop: " + _printable(message, keep="\n\t"))


def _say(text: str) -> None:
    try:
        print(text, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        discard(sys.stderr)


def one_line(text: str) -> str:
    """Return a message on one line, whatever line breaks it came with."""
    return " ".join(text.split())


def name_of(path: str | Path) -> str:
    """Return a file's name for a message: on one line, and bytes that are no text as escapes.

    Examples
    --------
    >>> print(name_of("a\\nb\\udcff.csv"))
    a\\nb\\xff.csv
    """
    return _printable(str(path))


def _printable(text: str, keep: str = "") -> str:
    """Return a text with escapes for what a terminal would not show, or would obey."""
    return "".join(char if char.isprintable() or char in keep else _escape(char) for char in text)


def _escape(char: str) -> str:
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:x}"  # how Python keeps a byte of a name that is no text
    return char.encode("unicode_escape").decode()


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
            tell(f"warning: {spoken(one_line(str(message)))}")
        else:
            _say(warnings.formatwarning(message, category, filename, lineno, line).rstrip())

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
        message = spoken(_describe(error))
        if subject is None and isinstance(error, OSError) and error.filename is not None:
            subject = os.fsdecode(error.filename)
        if subject is not None and str(subject) not in message.partition("\n")[0]:
            message = f"{name_of(subject)}: {message}"
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
            # Python's own says nothing, the engine's what was asked for and what helps.
            return one_line(str(error)) or "not enough memory"
        case _:
            return one_line(str(error))
