"""What a law is made of: small records, and how a table of TOML becomes one of them.

The records are named tuples, because frozen dataclasses with slots take a good part of the import to make.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from typing import Any, NamedTuple

from isoflop._exceptions import LawError
from isoflop._text.frozen import Frozen
from isoflop._text.given import read_real, shown
from isoflop._text.spelling import did_you_mean

ROUNDING = 1e-9
"""How much the two halves of a covariance may differ: inverting a matrix leaves them so far from equal."""


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

    ``name`` may be any formula over the names of the law. ``origin`` is ``printed`` (in the source),
    ``recomputed`` (a published value, found again from the coefficients) or ``derived`` (from the
    coefficients alone: it guards against slips, no more). ``reason`` says where the tolerance comes from.
    """

    at: Frozen[float]
    name: str
    value: float
    tolerance: float
    origin: str
    reason: str = ""


class Covariance(NamedTuple):
    """How the errors of coefficients go together.

    Attributes
    ----------
    of
        Coefficients, or their logarithms, such as ``"log(A)"``.
    matrix
        Covariances, one row for each of them.
    note
        Where they come from.
    """

    of: tuple[str, ...]
    matrix: tuple[tuple[float, ...], ...]
    note: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The coefficients alone."""
        return tuple(entry.removeprefix("log(").removesuffix(")") for entry in self.of)


class Optimal(NamedTuple):
    """How a law divides a FLOP budget, as formulas of ``train_flops``.

    ``kind`` is ``closed`` (the minimum of the law's formula, in closed form), ``search`` (there is none, but
    there are checks) or ``rule`` (published on its own, as the allocation ``rule`` of the catalogue).
    """

    kind: str
    formulas: Frozen[str]
    note: str = ""
    checks: tuple[Check, ...] = ()
    rule: str = ""


class Size(NamedTuple):
    """What the models of a law of mixtures store.

    Attributes
    ----------
    params
        All stored parameters as a formula; empty if the source gives none.
    needs
        What must be given: for the formula, or, where there is none, in its place. ``"a | b"`` means that
        either will do.
    note
        What the formula holds for, or why there is none.
    """

    params: str = ""
    needs: tuple[str, ...] = ()
    note: str = ""


def read_number(value: object, where: str) -> float:
    """Return a finite number; `where` begins the message of the `LawError` otherwise."""
    # A text such as "1" is a slip, and true is no number.
    try:
        number = read_real(value, where)
    except (TypeError, ValueError) as error:
        raise LawError(str(error)) from None
    if not math.isfinite(number):
        raise LawError(f"{where} must be finite, not {number}")
    return number


def read_table(value: object, known: Iterable[str], where: str) -> dict[str, Any]:
    """Return a table whose keys are all known; a `LawError` names the nearest otherwise."""
    known = list(known)
    if not isinstance(value, Mapping):
        raise LawError(f"{where} must be a table of {', '.join(known)}, not {shown(value)}")
    for key in value:
        if key not in known:
            hint = did_you_mean(key, known, f"; the keys are {', '.join(known)}")
            raise LawError(f"{where}: unknown key `{key}`{hint}")
    return dict(value)


def read_text(value: object, where: str) -> str:
    """Return a text; `where` begins the message of the `LawError` otherwise."""
    if not isinstance(value, str):
        raise LawError(f"{where} must be a text, not {shown(value)}")
    return value


def read_variable(value: Variable | Mapping[str, Any], name: str, where: str) -> Variable:
    """Read a law's input; ``reads`` becomes the name itself if nothing else is said."""
    where = f"{where}: variable `{name}`"
    if isinstance(value, Variable):
        value = {"unit": value.unit, "range": value.range, "reads": value.reads}
    table = read_table(value, ("unit", "range", "reads"), where)
    limits = read_range(table.get("range"), where)
    unit = read_text(table.get("unit", ""), f"{where}: unit")
    return Variable(unit, limits, read_text(table.get("reads", ""), f"{where}: reads") or name)


def read_range(value: object, where: str) -> tuple[float, float] | None:
    """Read lowest and highest value that something was fitted on."""
    if value is None:
        return None
    if isinstance(value, str) or not isinstance(value, Iterable) or len(ends := list(value)) != 2:
        raise LawError(f"{where}: range must be two numbers, lowest and highest, not {shown(value)}")
    low, high = (read_number(end, f"{where}: range") for end in ends)
    if not 0 < low <= high:
        raise LawError(f"{where}: range must be 0 < lowest <= highest, not {[low, high]}")
    return low, high


def extrapolation_formula(ranged: Iterable[tuple[str, float, float]]) -> str:
    """Return the formula of the decades by which the furthest of some quantities leaves its range."""
    decades = []
    for name, low, high in ranged:
        decades += [f"log10({name} / {high!r})", f"log10({low!r} / {name})"]
    return f"max(0, {', '.join(decades)})"


def read_source(value: Source | Mapping[str, Any], where: str) -> Source:
    """Read where a law was printed."""
    if isinstance(value, Source):
        return value
    table = read_table(value, Source._fields, f"{where}: source")
    return Source(**{key: read_text(text, f"{where}: source: {key}") for key, text in table.items()})


def read_texts(value: object, where: str) -> tuple[str, ...]:
    """Return a sequence of texts; `where` begins the message of the `LawError` otherwise."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise LawError(f"{where} must be a list of texts, not {shown(value)}")
    return tuple(read_text(text, where) for text in value)


def read_checks(value: Iterable[Check | Mapping[str, Any]], where: str) -> tuple[Check, ...]:
    """Read checks: ``at`` gives the inputs, every other key a value with its tolerance and origin."""
    checks: list[Check] = []
    for position, given in enumerate(value):
        if isinstance(given, Check):
            checks.append(given)
            continue
        place = f"{where}: check {position}"
        if not isinstance(given, Mapping) or not isinstance(given.get("at"), Mapping):
            raise LawError(f"{place} must be a table with `at`, a table of inputs, not {shown(given)}")
        for name, expected in given.items():
            if name != "at":
                checks.append(read_check(name, given["at"], expected, f"{place}: `{name}`"))
    return tuple(checks)


def read_check(name: str, at: Mapping[str, Any], expected: object, where: str) -> Check:
    """Read one value that is expected, with its tolerance and origin."""
    table = read_table(expected, ("value", "tolerance", "from", "reason"), where)
    return Check(
        Frozen({other: read_number(x, f"{where}: `{other}`") for other, x in at.items()}),
        name,
        read_number(table.get("value"), f"{where}: value"),
        read_number(table.get("tolerance"), f"{where}: tolerance"),
        read_text(table.get("from", ""), f"{where}: from"),
        read_text(table.get("reason", ""), f"{where}: reason"),
    )


def read_covariance(value: Covariance | Mapping[str, Any], where: str) -> Covariance:
    """Read how the errors of coefficients go together."""
    if isinstance(value, Covariance):
        return value
    where = f"{where}: covariance"
    table = read_table(value, Covariance._fields, where)
    of = read_texts(table.get("of", ()), f"{where}: of")
    rows = table.get("matrix", ())
    try:
        matrix = tuple(tuple(read_number(x, f"{where}: matrix") for x in row) for row in rows)
    except TypeError:
        raise LawError(f"{where}: matrix must be a list of rows of numbers, not {shown(rows)}") from None
    if len(matrix) != len(of) or any(len(row) != len(of) for row in matrix):
        raise LawError(
            f"{where}: matrix must have {len(of)} rows of as many numbers, one for each of {list(of)}"
        )
    if not of or len({name.removeprefix("log(").removesuffix(")") for name in of}) < len(of):
        raise LawError(f"{where}: of must name one or several different coefficients, not {list(of)}")
    matrix = _symmetric(matrix, where)
    return Covariance(of, matrix, read_text(table.get("note", ""), f"{where}: note"))


def _symmetric(matrix: tuple[tuple[float, ...], ...], where: str) -> tuple[tuple[float, ...], ...]:
    """Return a matrix with the mean of what stands across its diagonal, which may differ by rounding only."""
    rows = [list(row) for row in matrix]
    for i, j in combinations(range(len(rows)), 2):
        one, other = rows[i][j], rows[j][i]
        if one == other:
            continue
        # As a share of the largest covariance that the two variances allow: near zero, all digits may differ.
        scale = max(abs(one), abs(other), math.sqrt(abs(rows[i][i])) * math.sqrt(abs(rows[j][j])))
        if not abs(one - other) <= ROUNDING * scale:
            message = f"{where}: matrix must be symmetric; row {i}, column {j} (from 0) is {one!r}"
            raise LawError(f"{message}, and across the diagonal stands {other!r}")
        rows[i][j] = rows[j][i] = one / 2 + other / 2
    return tuple(map(tuple, rows))


def read_size(value: Size | Mapping[str, Any], where: str) -> Size:
    """Read what the models of a law store; `LawError` if neither a formula nor what must be given is said."""
    if isinstance(value, Size):
        return value
    where = f"{where}: size"
    table = read_table(value, Size._fields, where)
    size = Size(
        read_text(table.get("params", ""), f"{where}: params"),
        read_texts(table.get("needs", ()), f"{where}: needs"),
        read_text(table.get("note", ""), f"{where}: note"),
    )
    if not size.params and not size.needs:
        raise LawError(f"{where} must have `params`, a formula, or `needs`, what must be given in its place")
    return size


def read_formulas(value: object, where: str) -> Frozen[str]:
    """Read formulas of ``train_flops`` by name; `LawError` if ``tokens`` is not among them."""
    if not isinstance(value, Mapping) or "tokens" not in value:
        raise LawError(f"{where}: formulas must be a table of formulas of train_flops, `tokens` among them")
    return Frozen({name: read_text(text, f"{where}: `{name}`") for name, text in value.items()})


def read_optimal(
    value: Optimal | Mapping[str, Any],
    where: str,
    known: Mapping[str, str] | None,
    rules: Callable[[str], tuple[str, Mapping[str, str]]],
) -> Optimal:
    """Read how a law divides a FLOP budget.

    Parameters
    ----------
    value, where
        What was given, and what messages call it.
    known
        The formulas, if the law's form gives them.
    rules
        Returns identifier and formulas of an allocation rule.
    """
    if isinstance(value, Optimal):
        return value
    where = f"{where}: optimal"
    table = read_table(value, ("kind", "note", "formulas", "checks", "rule"), where)
    kind = table.get("kind", "closed")
    if kind not in ("closed", "rule", "search"):
        raise LawError(f"{where}: kind must be closed, search or rule, not {shown(kind)}")
    rule = read_text(table.get("rule", ""), f"{where}: rule")
    formulas: Mapping[str, str] = {}
    if rule:
        rule, formulas = rules(rule)
    elif kind == "closed" and "formulas" not in table and known is not None:
        formulas = known
    elif kind != "search":
        formulas = read_formulas(table.get("formulas"), where)
    note = read_text(table.get("note", ""), f"{where}: note")
    return Optimal(kind, Frozen(formulas), note, read_checks(table.get("checks", ()), where), rule)
