"""The rows of the accounting, read once from ``catalog/accounting.toml``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from isoflop._accounting.formula import names_in
from isoflop._accounting.vocabulary import LAW_QUANTITIES, Alternative, Step, Vocabulary, read_needs
from isoflop.catalog.files import quantity_tables


class Quantity(NamedTuple):
    """A row: its formulas, what stands in without them, and what it is."""

    alternatives: tuple[Alternative, ...]
    default: Step | None
    unit: str
    doc: str
    example: str


@lru_cache(maxsize=1)
def quantities() -> dict[str, Quantity]:
    """Return the rows of the accounting by name, ready to resolve."""
    return {table["name"]: _read(**table) for table in quantity_tables()}


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
