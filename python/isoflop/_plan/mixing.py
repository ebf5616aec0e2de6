"""The search with an axis for each pool: where limits speak of pools, or two budgets pay for them.

Every pool but one has an axis of its own, and that one takes what is left of the budget, so that plans on the
grid spend it to the last. A coarse grid over everything, with each pool in turn taking what is left, tells
where the best is; ever narrower ones around the best so far follow, until a step is worth nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import exp, inf, isfinite, isnan, log, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop._plan.grid import below, closer_values, literals
from isoflop._plan.search import Form, Found, ask, columns_of_search, largest_sizes, solve
from isoflop._sweep.pools import Pool

if TYPE_CHECKING:
    pass

SHARES = (0.003, 0.03, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0)
"""Tokens of a pool that are tried at first, as shares of all."""

POINTS, FIRST_WIDTH, NARROWER, LAST_WIDTH = 7, 0.8, 0.55, 1e-4
"""Values of an axis around the best so far, and how far they reach, in logarithms: at first, from one grid
to the next, and at last."""

WORTHLESS = 1e-9
"""Share of the loss below which a step brings nothing."""

STEP_WIDTH, CLOSE = 0.15, 1e-4
"""Width around a plan that is nearly the best, and how closely, as a share, the least cost is looked for."""


def mixed(form: Form, remake: Callable[[Pool, float], Form], start: Found | None = None) -> Found | None:
    """Return the plan of the lowest loss; `None` if none was found.

    Parameters
    ----------
    form
        The plans by purchases: where they begin.
    remake
        Gives the form in which a pool takes what is left, and in which so much is spent at most.
    start
        A plan to begin with; otherwise all kinds are tried.
    """
    question = form.question

    def whole(pool: Pool) -> Form:
        return remake(pool, form.most)

    if start is not None:
        return refined(start, whole)
    free = solve(replace(form, where=tuple(text for text in form.where if text not in question.where)))
    if free is None:
        return None
    total = sum(free.row[pool.tokens] for pool in question.pools)
    begin = {**free.row, **{pool.tokens: total for pool in question.pools}}
    for more in (1, 2):
        tries = [tried(whole(pool), begin, more) for pool in question.pools]
        found = [one for one in tries if one is not None]
        if found:
            return refined(min(found, key=lambda one: one.row["loss"]), whole)
    return None


def cheapest(
    top: Found, remake: Callable[[Pool, float], Form], target: float, spent: str = "total_usd"
) -> Found:
    """Return the plan that costs least to reach a loss, which a given one does.

    The least loss falls with what is spent, so the least that reaches the target is a root, found in
    logarithms by false position (the Illinois method).
    """
    best, high, above = top, log(top.row[spent]), top.row["loss"] - target
    low, short = -inf, nan
    step, again = 0.7, 0
    while high - low > CLOSE:
        at = high - step if isnan(short) else high - above * (high - low) / (above - short)
        at = min(max(at, low + CLOSE / 3), high - CLOSE / 3)
        found = _within(best, remake, spent, exp(at))
        if found is not None and found.row["loss"] <= target:
            best, high, above = found, log(found.row[spent]), found.row["loss"] - target
            again = again + 1 if again > 0 else 1
            if isnan(short):
                step *= 2
            elif again > 1:
                short /= 2
        else:
            low = at
            short = -above if found is None else found.row["loss"] - target
            again = again - 1 if again < 0 else -1
            if again < -1:
                above /= 2
    return best


def _within(best: Found, remake: Callable[[Pool, float], Form], spent: str, most: float) -> Found | None:
    """Return the best plan near one that spends so much at most."""
    question = remake(best.pools[0], most).question
    less = (most / best.row[spent]) ** 0.5 if best.row[spent] > most else 1.0
    shrunk = [pool.tokens for pool in question.pools] + ([] if question.sized else [question.size])
    row = {**best.row, **{name: best.row[name] * less for name in shrunk}, spent: min(best.row[spent], most)}
    return nearby(row, lambda pool: remake(pool, most), question.pools, width=STEP_WIDTH)


def nearby(
    row: Mapping[str, Any],
    remake: Callable[[Pool], Form],
    pools: Sequence[Pool],
    *,
    width: float,
    last: float = LAST_WIDTH,
) -> Found | None:
    """Return the best plan near one that need not be allowed itself; `None` if none is found there."""
    for wider in (1, 3):
        tries = [tried(remake(pool), row, 1, width * wider) for pool in pools]
        found = [one for one in tries if one is not None]
        if found:
            begin = min(found, key=lambda one: one.row["loss"])
            return refined(begin, remake, width=width * wider, last=last)
    return None


def refined(
    best: Found, remake: Callable[[Pool], Form], *, width: float = FIRST_WIDTH, last: float = LAST_WIDTH
) -> Found:
    """Return the best plan near one, on ever narrower grids around the best so far, down to a last width.

    A limit may hold the pool that takes what is left; so each does in turn, and grids become narrower when
    none brings anything.
    """
    waiting = _larger(best)
    while width > last:
        form = remake(waiting[0])
        found = tried(form, best.row, 1, width)
        if found is None or not found.row["loss"] < best.row["loss"] * (1 - WORTHLESS):
            waiting.pop(0)
            if not waiting:
                width *= NARROWER
                waiting = _larger(best)
            continue
        names = [form.spent, *([] if form.question.sized else [form.question.size])]
        names += [
            pool.tokens for pool in form.question.pools if found.row[pool.tokens] and best.row[pool.tokens]
        ]
        moved = max(abs(log(found.row[name] / best.row[name])) for name in names)
        best = found
        if moved < width * 0.98:
            width *= NARROWER
            waiting = _larger(best)
    return best


def _larger(found: Found) -> list[Pool]:
    """Return the pools, that first of which a plan takes most."""
    return sorted(found.pools, key=lambda pool: -found.row[pool.tokens])


def tried(form: Form, row: Mapping[str, Any], more: int, width: float | None = None) -> Found | None:
    """Return the best on a coarse grid over everything, or with a width on one around a plan."""
    question = form.question
    offsets = np.linspace(-1, 1, POINTS)
    axes: dict[str, Any] = {}
    if not question.sized:
        reach = log(300) if width is None else width
        size = row[question.size] * np.exp(
            reach * (np.linspace(-1, 1, 40 * more + 1) if width is None else offsets)
        )
        axes[question.size] = np.unique(
            [*size, *literals(form.where, question.size), *largest_sizes(question)]
        )
    for choice in question.choices:
        values = choice.values if choice.discrete else choice.values[:: 8 // more]
        if width is not None and not choice.discrete:
            values = closer_values(choice.values, False, row[choice.name], width, width / 3)
        axes[choice.name] = values
    total = sum(row[pool.tokens] for pool in question.pools)
    for pool in question.pools:
        if pool == form.rest:
            continue
        special = [0.0, *literals(form.where, pool.tokens)]
        if isfinite(pool.unique_tokens):
            caps = literals(form.where, f"{pool.name}_epochs")
            special += [pool.unique_tokens * times for times in (1.0, *caps)]
        shares = np.array(SHARES) if more == 1 else np.geomspace(1e-4, 1, 8 * more)
        amounts = row[pool.tokens] * (shares if width is None else np.exp(width * offsets))
        if width is not None and row[pool.tokens] == 0:
            amounts = total * width * np.array([0.003, 0.03, 0.1])
        axes[pool.tokens] = np.unique([*special, *amounts])
    if width is None:
        spent = below(form.most, 0.25 / more, log(1e4 if more == 1 else 1e8))
    else:
        spent = np.minimum(form.most, row[form.spent] * np.exp(width * offsets))
    axes[form.spent] = np.unique([*spent, *(x for x in literals(form.where, form.spent) if x <= form.most)])[
        ::-1
    ].copy()
    found, sweep = ask(form, axes, "loss", columns=columns_of_search(form))
    return Found(found.row(0, named=True), sweep, question.pools) if found.height else None
