"""Sweep files opened: the sweep, ready to be asked, and the questions of the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isoflop._sweep.file import FileContent, read, read_text
from isoflop._sweep.sweep import Sweep


@dataclass(frozen=True, slots=True)
class SweepFile:
    """What a sweep file holds.

    Attributes
    ----------
    sweep
        The sweep.
    question
        Keyword arguments by method: ``{"pareto": {"minimize": [...], "rows": 20}}``; empty if the file asks
        none.
    """

    sweep: Sweep
    question: Mapping[str, Mapping[str, Any]]


def load(path: str | Path) -> SweepFile:
    """Read a sweep file.

    Raises
    ------
    SpaceError, FormulaError, LawError, CatalogError
        If it does not describe a sweep; the message names the file, the key and the reason.
    OSError
        If it cannot be read.
    """
    return _opened(read(path))


def parse(text: str, file: str, folder: Path = Path()) -> SweepFile:
    """Read the text of a sweep file; `load` says more.

    Parameters
    ----------
    text
        What the file holds.
    file
        What messages call it.
    folder
        Where the files that it names are looked for.
    """
    return _opened(read_text(text, file, folder))


def _opened(content: FileContent) -> SweepFile:
    return SweepFile(Sweep._of(content.described), content.question)
