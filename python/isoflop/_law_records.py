"""What a law is made of: small records, and how a table of TOML becomes one of them.

The records are named tuples, because frozen dataclasses with slots take a good part of the import to make.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from isoflop._catalog import close_matches
from isoflop._exceptions import LawError

Value = TypeVar("Value", covariant=True)


class Frozen(Mapping[str, Value]):
    """A mapping that cannot change: comparable, hashable, and written like a dict."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, Value]) -> None:
        self._items = dict(items)

    def __getitem__(self, name: str) -> Value:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return repr(self._items)


class Variable(NamedTuple):
    """An input of a law.

    Attributes
    ----------
    unit
        Its unit.
    range
        Lowest and highest value that the law was fitted on, as printed; ``None`` if not stated.
    reads
        The quantity that the formula reads in its place and that the range applies to; empty for the variable
        itself.
    """

    unit: str = ""
    range: tuple[float, float] | None = None
    reads: str = ""


class Source(NamedTuple):
    """Where a law was printed: a key of ``references.bib``, the place in it, and the arXiv identifier."""

    cite: str = ""
    where: str = ""
    arxiv: str = ""

    def __str__(self) -> str:
        arxiv = f"arXiv:{self.arxiv}" if self.arxiv else ""
        return ", ".join(part for part in (self.cite, self.where, arxiv) if part)


class Check(NamedTuple):
    """A value that a law must give: ``name`` at the inputs ``at`` is ``value``, give or take ``tolerance``.

    ``origin`` is ``printed`` (in the source), ``recomputed`` (a published value, found again from the
    coefficients) or ``derived`` (from the coefficients alone: it guards against slips, no more).
    """

    at: Frozen[float]
    name: str
    value: float
    tolerance: float
    origin: str


class Optimal(NamedTuple):
    """How a law divides a FLOP budget, as formulas of ``train_flops``.

    ``kind`` is ``closed`` (the minimum of the law's formula, in closed form) or ``rule`` (published on its
    own).
    """

    kind: str
    formulas: Frozen[str]
    note: str = ""
    checks: tuple[Check, ...] = ()


def read_number(value: object, where: str) -> float:
    """Return a finite number; `where` begins the message of the `LawError` otherwise."""
    # Only real numbers have __float__ here: a text such as "1" is a slip, and true is not one.
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise LawError(f"{where} must be a number, not {value!r}")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise LawError(f"{where} must be a number, not {value!r}") from None
    if not math.isfinite(number):
        raise LawError(f"{where} must be finite, not {number}")
    return number


def read_table(value: object, known: Iterable[str], where: str) -> dict[str, Any]:
    """Return a table whose keys are all known; a `LawError` names the nearest otherwise."""
    known = list(known)
    if not isinstance(value, Mapping):
        raise LawError(f"{where} must be a table of {', '.join(known)}, not {value!r}")
    for key in value:
        if key not in known:
            matches = close_matches(str(key), known)
            hint = f"did you mean `{matches[0]}`?" if matches else f"the keys are {', '.join(known)}"
            raise LawError(f"{where}: unknown key `{key}`; {hint}")
    return dict(value)


def read_text(value: object, where: str) -> str:
    """Return a text; `where` begins the message of the `LawError` otherwise."""
    if not isinstance(value, str):
        raise LawError(f"{where} must be a text, not {value!r}")
    return value


def read_variable(value: Variable | Mapping[str, Any], name: str, where: str) -> Variable:
    """Read a law's input; ``reads`` becomes the name itself if nothing else is said."""
    where = f"{where}: variable `{name}`"
    if isinstance(value, Variable):
        value = {"unit": value.unit, "range": value.range, "reads": value.reads}
    table = read_table(value, ("unit", "range", "reads"), where)
    given = table.get("range")
    limits = None
    if given is not None:
        try:
            low, high = given
        except (TypeError, ValueError):
            raise LawError(f"{where}: range must be two numbers, lowest and highest, not {given!r}") from None
        limits = read_number(low, f"{where}: range"), read_number(high, f"{where}: range")
        if not 0 < limits[0] <= limits[1]:
            raise LawError(f"{where}: range must be 0 < lowest <= highest, not {list(limits)}")
    unit = read_text(table.get("unit", ""), f"{where}: unit")
    return Variable(unit, limits, read_text(table.get("reads", ""), f"{where}: reads") or name)


def read_source(value: Source | Mapping[str, Any], where: str) -> Source:
    """Read where a law was printed."""
    if isinstance(value, Source):
        return value
    table = read_table(value, Source._fields, f"{where}: source")
    return Source(**{key: read_text(text, f"{where}: source: {key}") for key, text in table.items()})


def read_checks(value: Iterable[Check | Mapping[str, Any]], where: str) -> tuple[Check, ...]:
    """Read checks: ``at`` gives the inputs, every other key a value with its tolerance and origin."""
    checks: list[Check] = []
    for position, given in enumerate(value):
        if isinstance(given, Check):
            checks.append(given)
            continue
        place = f"{where}: check {position}"
        if not isinstance(given, Mapping) or not isinstance(given.get("at"), Mapping):
            raise LawError(f"{place} must be a table with `at`, a table of inputs, not {given!r}")
        at = Frozen({name: read_number(x, f"{place}: `{name}`") for name, x in given["at"].items()})
        for name, expected in given.items():
            if name != "at":
                table = read_table(expected, ("value", "tolerance", "from"), f"{place}: `{name}`")
                value_ = read_number(table.get("value"), f"{place}: value")
                tolerance = read_number(table.get("tolerance"), f"{place}: tolerance")
                checks.append(
                    Check(at, name, value_, tolerance, read_text(table.get("from", ""), f"{place}: from"))
                )
    return tuple(checks)


def read_optimal(value: Optimal | Mapping[str, Any], where: str) -> Optimal:
    """Read how a law divides a FLOP budget."""
    if isinstance(value, Optimal):
        return value
    where = f"{where}: optimal"
    table = read_table(value, ("kind", "note", "formulas", "checks"), where)
    kind = table.get("kind", "closed")
    if kind not in ("closed", "rule"):
        raise LawError(f"{where}: kind must be closed or rule, not {kind!r}")
    formulas = table.get("formulas")
    if not isinstance(formulas, Mapping) or "tokens" not in formulas:
        raise LawError(f"{where}: formulas must be a table of formulas of train_flops, `tokens` among them")
    texts = Frozen({name: read_text(text, f"{where}: `{name}`") for name, text in formulas.items()})
    note = read_text(table.get("note", ""), f"{where}: note")
    return Optimal(kind, texts, note, read_checks(table.get("checks", ()), where))
