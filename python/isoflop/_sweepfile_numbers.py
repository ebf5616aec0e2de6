"""Numbers that a sweep file holds as text: ``params = "7B"``.

Text becomes a number where the file wants one and nothing else: as an axis, in a spacing, of a pool, of a
law, in a question. A linked column may as well be one of names; its text is taken for numbers if something
reads the column, since formulas read numbers only. Text that is no number stays, for the readers to refuse.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from isoflop._numbers import written_number

NUMBERS = ("within", "resolution")
COUNTS = ("rows", "max_rows", "max_bytes")
"""Keywords of questions that are numbers, and those that are whole ones."""


def number(item: Any) -> Any:
    """Return a number for a text that is one, and for an array the array with such in the place of texts."""
    if isinstance(item, list):
        return [number(part) for part in item]
    found = written_number(item) if isinstance(item, str) else None
    return item if found is None else found


def count(item: Any) -> Any:
    """Return a whole number for a text that is one."""
    found = number(item)
    return int(found) if isinstance(item, str) and isinstance(found, float) and found.is_integer() else found


def spacing(item: Any) -> Any:
    """Return the three numbers of a spacing, of which the last is a whole one."""
    if not isinstance(item, list):
        return item
    return [count(part) if place == 2 else number(part) for place, part in enumerate(item)]


def is_null(value: object) -> bool:
    """Tell whether a value of a linked column is ``nan``: no number can be it, so it stands for a null."""
    return isinstance(value, float) and value != value


def linked_column(values: Any, wanted: bool) -> Any:
    """Return a linked column, its texts as numbers where they are ``wanted`` or stand among numbers."""
    if not isinstance(values, list):
        return values
    if not wanted and all(isinstance(value, str) or is_null(value) for value in values):
        return values
    numbers = number(values)
    return values if any(isinstance(value, str) for value in numbers) else numbers


def table(items: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    """Return a table with numbers for the texts under some of its keys."""
    return {key: number(item) if key in keys else item for key, item in items.items()}


def law(items: Mapping[str, Any]) -> dict[str, Any]:
    """Return the table of a law with numbers for texts: coefficients, their errors, ranges."""
    found = dict(items)
    for key in ("coefficients", "standard_errors"):
        if isinstance(items.get(key), dict):
            found[key] = {
                name: table(value, ("value", "standard_error")) if isinstance(value, dict) else number(value)
                for name, value in items[key].items()
            }
    if isinstance(items.get("variables"), dict):
        found["variables"] = {
            name: table(value, ("range",)) if isinstance(value, dict) else value
            for name, value in items["variables"].items()
        }
    return found


def question(items: Mapping[str, Any]) -> dict[str, Any]:
    """Return the table of a question with numbers for texts."""
    found = table(items, NUMBERS)
    if isinstance(found.get("resolution"), dict):
        found["resolution"] = table(found["resolution"], found["resolution"])
    return {key: count(item) if key in COUNTS else item for key, item in found.items()}


def read_by(formulas: Sequence[Any]) -> set[str]:
    """Return the names that formulas read, as far as they can be read."""
    from isoflop import _native
    from isoflop._exceptions import FormulaError

    names: set[str] = set()
    for formula in formulas:
        if isinstance(formula, str):
            try:
                names.update(_native.names(formula))
            except FormulaError:
                continue  # the readers say what is wrong with it
    return names
