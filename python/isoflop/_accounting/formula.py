"""Formulas as texts: the names that they read."""

from __future__ import annotations

from functools import lru_cache

from isoflop import _native
from isoflop._exceptions import FormulaError
from isoflop._text.given import shown


@lru_cache(maxsize=8192)
def names_in(formula: str) -> tuple[str, ...]:
    """Return the names that a formula reads, each once; raises `FormulaError`."""
    return tuple(_native.names(formula))


def names_of(quantity: str, formula: object) -> tuple[str, ...]:
    """Return the names that the formula of a quantity reads; a `FormulaError` names the quantity."""
    if not isinstance(formula, str):
        raise FormulaError(f"a formula is a text, not {shown(formula)}", quantity=quantity)
    try:
        return names_in(formula)
    except FormulaError as error:
        error.quantity = quantity
        raise
