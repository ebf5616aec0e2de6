"""Laws by name: of the catalogue, and from files."""

from __future__ import annotations

from functools import lru_cache
from os import PathLike, fspath
from typing import TYPE_CHECKING

from isoflop._law.file import is_law_file, law_from_file
from isoflop._law.law import Law
from isoflop._law.table import law_from_mapping
from isoflop._text.given import shown
from isoflop.catalog.files import law_id, law_ids, law_table

if TYPE_CHECKING:
    import polars as pl


def law(id: str) -> Law:
    """Return a law of the catalogue, or one from a file.

    Parameters
    ----------
    id
        Its identifier, as listed by `laws`; upper and lower case are the same. Or the path of a law's file,
        in the form of the catalogue's: a text that ends in ``.toml``, or one with a slash.

    Raises
    ------
    CatalogError
        If there is none; ``.close_matches`` holds identifiers that may have been meant. The message also
        tells if there is an allocation rule of this name.
    TypeError
        If the identifier is no text.
    LawError, FormulaError
        If a file holds no law; the message begins with its path.
    OSError
        If a file cannot be read.

    Examples
    --------
    >>> import isoflop as iso
    >>> iso.law("kaplan2020").coefficients["alpha_D"]
    0.103
    """
    if is_law_file(id):
        return law_from_file(id)
    return _law(id if isinstance(id, str) else law_id(id))


@lru_cache(maxsize=128)
def _law(wanted: str) -> Law:
    id = law_id(wanted)
    if id != wanted:  # in capitals: the same object all the same
        return _law(id)
    found = law_from_mapping(law_table(id), f"catalog/laws/{id}.toml")
    object.__setattr__(found, "catalogued", True)
    return found


def read_law(given: object) -> Law:
    """Return the law of an identifier or of a file, or the law itself.

    Raises
    ------
    TypeError
        If it is none of these.
    CatalogError, LawError, FormulaError, OSError
        As `law` does.
    """
    if type(given) is str:
        return law(given)
    if isinstance(given, str | PathLike):
        return law(fspath(given))
    if not isinstance(given, Law):
        raise TypeError(
            f"law must be an identifier of the catalogue, a law's file or a Law, not {shown(given)}"
        )
    return given


def in_catalogue(candidate: Law) -> bool:
    """Tell whether the catalogue holds this very law, so that its identifier says everything."""
    return candidate.id in law_ids() and candidate == law(candidate.id)


def laws() -> pl.DataFrame:
    """Return the catalogue of laws as a frame, one row for each, sorted by identifier.

    Losses are comparable only between laws of the same unit, corpus and tokenizer.

    Returns
    -------
    pl.DataFrame
        Text columns ``id``, ``title``, ``formula``, ``unit``, ``corpus``, ``tokenizer``, ``convention`` (how
        parameters are counted), ``range`` (fitted range of each variable), ``evidence``, ``source`` and
        ``caveats``. Evidence is ``V1`` for coefficients read in the paper or in its authors' code, ``V2`` for
        such from two independent secondary sources (or from one, and they reproduce a published number),
        ``V3`` for such from one secondary source only.

    Examples
    --------
    >>> import isoflop as iso
    >>> iso.laws().filter(id="sardana2024")["evidence"].item()
    'V2'
    """
    import polars as pl

    columns = ("id", "title", "formula", "unit", "corpus", "tokenizer", "convention")
    rows = []
    for entry in map(law, law_ids()):
        ranges = (f"{n} {v.range[0]:g} to {v.range[1]:g}" for n, v in entry.variables.items() if v.range)
        texts = (getattr(entry, column) for column in columns)
        rows.append([*texts, ", ".join(ranges), entry.evidence, str(entry.source), " ".join(entry.caveats)])
    names = (*columns, "range", "evidence", "source", "caveats")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
