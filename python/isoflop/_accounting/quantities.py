"""The rows of the accounting, read once from ``catalog/accounting.toml``.

Further quantities, of which most sweeps name none, stand in files of ``catalog/quantities``. Their names are
known from the start; the rows are read when one of them is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple

from isoflop._accounting.formula import names_in, read_needs
from isoflop._accounting.vocabulary import LAW_QUANTITIES, Alternative, Step, Vocabulary
from isoflop.catalog.files import further_names, further_tables, quantity_tables


class Quantity(NamedTuple):
    """A row: its formulas, what stands in without them, and what it is."""

    alternatives: tuple[Alternative, ...]
    default: Step | None
    unit: str
    doc: str
    example: str


class Further:
    """A row of a file of further quantities, which is read when something of the row is asked for."""

    __slots__ = ("_file", "_name")

    def __init__(self, name: str, file: str) -> None:
        self._name = name
        self._file = file

    def __getattr__(self, field: str) -> Any:
        return getattr(further(self._file)[self._name], field)


@lru_cache(maxsize=1)
def quantities() -> dict[str, Quantity | Further]:
    """Return every quantity by name, ready to resolve, those of ``accounting.toml`` first."""
    rows: dict[str, Quantity | Further] = {table["name"]: _read(**table) for table in quantity_tables()}
    return rows | {name: Further(name, file) for name, file in further_names().items()}


@cache
def further(file: str) -> dict[str, Quantity]:
    """Return the rows of a file of further quantities."""
    return {table["name"]: _read(**table) for table in further_tables(file)}


def _read(
    *,
    name: str,
    unit: str,
    doc: str,
    checks: Iterable[Mapping[str, Any]] = (),
    domain: str = "",
    aliases: Iterable[str] = (),
    source: str = "",
    note: str = "",
    default: float | None = None,
    example: str = "",
    alternatives: Iterable[Mapping[str, Any]] = (),
) -> Quantity:
    rows = []
    for table in alternatives:
        formula = table["formula"]
        step = Step(name, formula, None, "alternative", table.get("note", ""), unit, source)
        needs = read_needs(table.get("needs", ()))
        rows.append(Alternative(needs, (step, names_in(formula)), table.get("same_sparsity", False)))
    value = None if default is None else float(default)
    fallback = None if value is None else Step(name, None, value, "default", note, unit, source)
    return Quantity(tuple(rows), fallback, unit, doc, example)


def known_names(law: Vocabulary | None = None) -> tuple[str, ...]:
    """Return every name that a formula may use besides the user's own, for suggestions."""
    standard = tuple(quantities())
    return (*standard, *law.names) if law is not None else (*standard, *LAW_QUANTITIES)
