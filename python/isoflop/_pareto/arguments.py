"""Questions: the arguments of a sweep's methods, checked before anything runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from isoflop._text.given import read_real, read_whole, shown

Formulas: TypeAlias = str | Sequence[str]
"""One formula or several; a name is a formula."""

Objective: TypeAlias = tuple[str, bool]
"""A formula, and whether it is maximised."""


def read_formulas(formulas: Formulas, argument: str) -> tuple[str, ...]:
    """Return one formula or several as a tuple.

    Raises
    ------
    TypeError
        If one of them is not text.
    """
    if isinstance(formulas, str):
        return (formulas,)
    # Exact types first, here and below: asking for an abstract class takes longer than reading two names.
    if type(formulas) not in (tuple, list) and (
        not isinstance(formulas, Iterable) or isinstance(formulas, Mapping | bytes)
    ):
        raise TypeError(f"{argument} must be a formula or a sequence of formulas, not {shown(formulas)}")
    several = tuple(formulas)
    for formula in several:
        if not isinstance(formula, str):
            raise TypeError(f"{argument} must hold formulas, which are text, not {shown(formula)}")
    return several


def read_objectives(minimize: Formulas, maximize: Formulas) -> tuple[Objective, ...]:
    """Return the objectives, those to minimise first.

    Raises
    ------
    ValueError
        If there are none, or one stands there twice.
    """
    least = [(formula, False) for formula in read_formulas(minimize, "minimize")]
    objectives = (*least, *[(formula, True) for formula in read_formulas(maximize, "maximize")])
    if not objectives:
        raise ValueError("name at least one objective with minimize= or maximize=")
    return _once(objectives)


def read_then(then: Formulas) -> tuple[Objective, ...]:
    """Return the further objectives of ``near``, all to minimise.

    Raises
    ------
    ValueError
        If one stands there twice.
    """
    return _once(tuple((formula, False) for formula in read_formulas(then, "then")))


def _once(objectives: tuple[Objective, ...]) -> tuple[Objective, ...]:
    seen: set[str] = set()
    for formula, _ in objectives:
        if formula in seen:
            raise ValueError(f"the objective `{formula}` is named twice; each counts once")
        seen.add(formula)
    return objectives


def read_objective(minimize: str | None, maximize: str | None, question: str) -> Objective:
    """Return the one objective of ``best`` or ``near``.

    Raises
    ------
    ValueError
        If there is none, or more than one.
    """
    if minimize is not None and maximize is not None:
        raise ValueError(
            f"{question} takes one objective: minimize= or maximize=, not both; for several use pareto"
        )
    objectives = read_objectives(() if minimize is None else minimize, () if maximize is None else maximize)
    if len(objectives) > 1:
        named = ", ".join(f"`{formula}`" for formula, _ in objectives)
        raise ValueError(f"{question} takes one objective, not {named}; for several use pareto")
    return objectives[0]


def read_rows(rows: object, objectives: int) -> int | None:
    """Return how many rows shall stand for a front of so many objectives.

    Raises
    ------
    TypeError
        If it is not a whole number.
    ValueError
        If they are fewer than the objectives, or do not fit into 64 bits.
    """
    if rows is None:
        return None
    most = read_count(rows, "rows")
    if most < objectives:
        raise ValueError(
            f"rows={most} is less than the number of objectives: the best by each of the {objectives} is kept"
        )
    return most


def read_count(count: object, argument: str) -> int:
    """Return a positive whole number.

    Raises
    ------
    TypeError
        If it is not a whole number.
    ValueError
        If it is below 1, or does not fit into 64 bits.
    """
    return read_whole(count, argument)


def read_ties(ties: str) -> bool:
    """Tell whether all of several equal configurations are wanted.

    Raises
    ------
    ValueError
        If ``ties`` is neither ``"first"`` nor ``"all"``.
    """
    if ties not in ("first", "all"):
        raise ValueError(f'ties must be "first" or "all", not {shown(ties)}')
    return ties == "all"


METHODS = ("auto", "enumerate", "search")
"""How a question may be answered; the answer is the same."""


def read_method(method: str) -> None:
    """Check how a question shall be answered.

    Raises
    ------
    ValueError
        If it is none of `METHODS`.
    """
    if method not in METHODS:
        raise ValueError(f'method must be "auto", "enumerate" or "search", not {shown(method)}')


def read_within(within: object) -> float:
    """Return how close is near.

    Raises
    ------
    TypeError
        If it is not a number.
    ValueError
        If it is negative, infinite, NaN or beyond the largest number.
    """
    share = read_real(within, "within")
    if not math.isfinite(share) or share < 0.0:
        raise ValueError(
            f"within must be finite and 0 or more, not {within}: 1e-3 is a thousandth of the best"
        )
    return share
