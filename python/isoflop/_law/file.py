"""Laws from files of one's own, in the form of the catalogue's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from isoflop._exceptions import LawError

if TYPE_CHECKING:
    from isoflop._law.law import Law


def is_law_file(given: object) -> bool:
    """Tell whether this names a file rather than a law of the catalogue: it ends in .toml, or is a path."""
    if isinstance(given, str):
        return given.endswith(".toml") or "/" in given or os.sep in given
    return isinstance(given, os.PathLike)


def law_from_file(path: str | os.PathLike[str], name: str | None = None) -> Law:
    """Read a law's file; ``name`` is what messages call it, its path if nothing else.

    Raises
    ------
    OSError
        If it cannot be read.
    LawError, FormulaError
        If it holds no law; the message begins with the name.
    """
    from isoflop._law.table import law_from_mapping
    from isoflop._text import toml as _toml

    where = os.fspath(path) if name is None else name
    data = Path(path).read_bytes()
    try:
        table = _toml.read(data)
    except UnicodeDecodeError as error:
        raise LawError(f"{where}: not UTF-8 at byte {error.start}") from None
    except ValueError as error:
        raise LawError(f"{where}: not TOML: {error}") from None
    return law_from_mapping(table, where)
