"""What an architecture is made of: small records, and how a table becomes one of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from isoflop._exceptions import ArchitectureError
from isoflop._text.frozen import Frozen
from isoflop._text.given import read_real, shown
from isoflop._text.spelling import did_you_mean

EXACT = 1e-6
"""The tolerance of a check that states none: that of whole numbers, which the engine holds exactly."""


class Variable(NamedTuple):
    """A dimension of a shape.

    Attributes
    ----------
    default
        The formula that stands for it where it is not given; empty if it must be.
    doc
        What it is.
    """

    default: str = ""
    doc: str = ""


class Check(NamedTuple):
    """A value that an architecture must give: ``name`` at the shape ``at``; as a law's check."""

    at: Frozen[float]
    name: str
    value: float
    tolerance: float
    origin: str
    reason: str = ""
    model: str = ""


class Source(NamedTuple):
    """Where an architecture was described: keys of ``references.bib``, and what was read."""

    cite: str = ""
    where: str = ""

    def __str__(self) -> str:
        return ", ".join(part for part in self if part)


def read_table(value: object, known: Iterable[str], where: str) -> dict[str, Any]:
    """Return a table whose keys are all known; an `ArchitectureError` names the nearest otherwise."""
    known = list(known)
    if not isinstance(value, Mapping):
        raise ArchitectureError(f"{where} must be a table of {', '.join(known)}, not {shown(value)}")
    for key in value:
        if key not in known:
            hint = did_you_mean(key, known, f"; the keys are {', '.join(known)}")
            raise ArchitectureError(f"{where}: unknown key `{key}`{hint}")
    return dict(value)


def read_text(value: object, where: str) -> str:
    """Return a text; `where` begins the message otherwise."""
    if not isinstance(value, str):
        raise ArchitectureError(f"{where} must be a text, not {shown(value)}")
    return value


def read_texts(value: object, where: str) -> tuple[str, ...]:
    """Return a sequence of texts; `where` begins the message otherwise."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ArchitectureError(f"{where} must be a list of texts, not {shown(value)}")
    return tuple(read_text(text, where) for text in value)


def read_formulas(value: object, where: str) -> Frozen[str]:
    """Return formulas by name."""
    if not isinstance(value, Mapping):
        raise ArchitectureError(f"{where} must be a table of formulas, not {shown(value)}")
    return Frozen({name: read_text(text, f"{where}: `{name}`") for name, text in value.items()})


def read_number(value: object, where: str) -> float:
    """Return a finite number; `where` begins the message otherwise."""
    try:
        number = read_real(value, where)
    except (TypeError, ValueError) as error:
        raise ArchitectureError(str(error)) from None
    if not math.isfinite(number):
        raise ArchitectureError(f"{where} must be finite, not {number}")
    return number


def read_variables(value: object, where: str) -> Frozen[Variable]:
    """Read the dimensions of a shape: each a table of ``default`` and ``doc``."""
    if not isinstance(value, Mapping):
        raise ArchitectureError(f"{where}: variables must be a table, not {shown(value)}")
    found = {}
    for name, given in value.items():
        place = f"{where}: variable `{name}`"
        table = given._asdict() if isinstance(given, Variable) else read_table(given, Variable._fields, place)
        found[name] = Variable(**{key: read_text(text, f"{place}: {key}") for key, text in table.items()})
    return Frozen(found)


def read_source(value: Source | Mapping[str, Any], where: str) -> Source:
    """Read where an architecture was described."""
    if isinstance(value, Source):
        return value
    table = read_table(value, Source._fields, f"{where}: source")
    return Source(**{key: read_text(text, f"{where}: source: {key}") for key, text in table.items()})


def read_checks(value: Iterable[Check | Mapping[str, Any]], where: str) -> tuple[Check, ...]:
    """Read checks: ``at`` is the shape, ``model`` whose it is, every other key a value as in a law's file."""
    checks: list[Check] = []
    for position, given in enumerate(value):
        if isinstance(given, Check):
            checks.append(given)
            continue
        place = f"{where}: check {position}"
        if not isinstance(given, Mapping) or not isinstance(given.get("at"), Mapping):
            raise ArchitectureError(
                f"{place} must be a table with `at`, a table of a shape, not {shown(given)}"
            )
        at = Frozen({name: read_number(x, f"{place}: `{name}`") for name, x in given["at"].items()})
        model = read_text(given.get("model", ""), f"{place}: model")
        for name, expected in given.items():
            if name not in ("at", "model"):
                checks.append(_read_check(name, at, expected, model, f"{place}: `{name}`"))
    return tuple(checks)


def _read_check(name: str, at: Frozen[float], expected: object, model: str, where: str) -> Check:
    table = read_table(expected, ("value", "tolerance", "from", "reason"), where)
    value = read_number(table.get("value"), f"{where}: value")
    tolerance = read_number(table.get("tolerance", EXACT), f"{where}: tolerance")
    origin = read_text(table.get("from", ""), f"{where}: from")
    reason = read_text(table.get("reason", "exact" if tolerance == EXACT else ""), f"{where}: reason")
    return Check(at, name, value, tolerance, origin, reason, model)
