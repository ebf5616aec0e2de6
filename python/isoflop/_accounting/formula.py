"""Names: those that formulas read, those that formulas can read, and those that are needed together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

from isoflop import _native
from isoflop._exceptions import FormulaError
from isoflop._text.given import shown
from isoflop._text.names import operation_names

_KNOWN: dict[str, tuple[str, ...]] = {}
_REMEMBERED = 8192
"""Formulas whose names are kept; a loop that writes ever new ones must not fill the memory."""


def names_in(formula: str) -> tuple[str, ...]:
    """Return the names that a formula reads, each once; raises `FormulaError`."""
    found = _KNOWN.get(formula)
    if found is None:
        found = tuple(_native.names(formula))
        _remember([formula], [found])
    return found


def names_of(quantity: str, formula: object) -> tuple[str, ...]:
    """Return the names that the formula of a quantity reads; a `FormulaError` names the quantity."""
    if not isinstance(formula, str):
        raise FormulaError(f"a formula is a text, not {shown(formula)}", quantity=quantity)
    try:
        return names_in(formula)
    except FormulaError as error:
        error.quantity = quantity
        raise


def learn(formulas: Iterable[object]) -> Mapping[str, tuple[str, ...]]:
    """Return the names of several formulas, read in one crossing into the engine.

    What is no formula is missing: `names_of` says what is wrong with it.
    """
    texts = [formula for formula in formulas if isinstance(formula, str)]
    new = [text for text in dict.fromkeys(texts) if text not in _KNOWN]
    if new:
        names = _native.names_of_each(new)
        read = [(text, tuple(found)) for text, found in zip(new, names, strict=True) if found is not None]
        _remember([text for text, _ in read], [found for _, found in read])
    return {text: _KNOWN[text] for text in texts if text in _KNOWN}


def _remember(formulas: list[str], names: list[tuple[str, ...]]) -> None:
    if len(_KNOWN) + len(formulas) > _REMEMBERED:
        _KNOWN.clear()
    _KNOWN.update(zip(formulas, names, strict=True))


def unreadable(names: Iterable[object]) -> list[object]:
    """Return those that are no names which formulas can read."""
    words = operation_names()
    return [
        name
        for name in names
        if not (isinstance(name, str) and name.isidentifier() and name.isascii() and name not in words)
    ]


def read_needs(needs: Iterable[str]) -> tuple[frozenset[str], ...]:
    """Return the sets of names of which any one will do; in ``"a | b + c"`` either `a` or both others."""
    choices = [map(read_names, need.split("|")) for need in needs]
    return tuple(frozenset[str]().union(*chosen) for chosen in product(*choices))


def read_names(text: str) -> frozenset[str]:
    """Return the names of ``a + b``, which are needed together."""
    return frozenset(text.replace(" ", "").split("+"))
