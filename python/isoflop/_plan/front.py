"""The best plans for other budgets: less and more of what the plan spends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, log, sqrt
from typing import TYPE_CHECKING

import numpy as np

from isoflop._plan import mixing
from isoflop._plan.grid import spaced
from isoflop._plan.search import Form, Space, ask, formulate, mixes_freely, told

if TYPE_CHECKING:
    import polars as pl

    from isoflop._plan.question import Question
    from isoflop._sweep.pools import Pool

FRONT = 15
"""Budgets of the front, from a tenth to ten times the plan's own; an odd number has that in the middle."""

MARGINS = (0.9, 1.1)

SIZES, SIZE_STEP = log(30), 2e-3
"""How far sizes are looked at to either side of the plan's, and their step, in logarithms."""

FIRST, LAST = 0.5, 0.1
"""Widths of the first and of the last grid where each pool has an axis."""


def front_rows(
    question: Question, form: Form, plan: Mapping[str, float], columns: Sequence[str]
) -> pl.DataFrame:
    """Return the best plan for each other budget, all of it spent, where there is one.

    Parameters
    ----------
    question, form
        What is asked, and how the plan was written.
    plan
        The recommended plan.
    columns
        What is told of each.

    Returns
    -------
    pl.DataFrame
        The columns, ``share`` of what the recommended plan spends, and ``recommended``, which is false.
    """
    import polars as pl

    shares = np.geomspace(0.1, 10, FRONT)
    shares = np.array([*shares[np.arange(FRONT) != FRONT // 2], *MARGINS])
    spent = plan[form.spent] * shares

    if mixes_freely(form):
        free = formulate(question, form.spent, float(spent.max()), budget=False)
        axes = Space(free).axes(spent)
        if not question.sized:
            low, high = (plan[question.size] * exp(end) for end in (-SIZES, SIZES))
            axes[question.size] = spaced(low, high, SIZE_STEP, Space(free).special)
        found, _ = ask(free, axes, "loss", by=form.spent, columns=columns)
    else:
        near = [nearby(form, plan, amount) for amount in spent.tolist()]
        plans = [
            row for row, amount in zip(near, spent, strict=True)
            if row is not None and row[form.spent] >= amount * (1 - 1e-9)
        ]  # fmt: skip
        found = told(question, plans, columns, form.spent)
        # A sum of tokens may be off by its last digits.
        nearest = np.abs(spent[None, :] / found[form.spent].to_numpy()[:, None] - 1).argmin(axis=1)
        found = found.with_columns(pl.Series(form.spent, spent[nearest]))
    share = dict(zip(spent.tolist(), shares.tolist(), strict=True))
    kept = [found[column] for column in columns]
    shown = pl.Series("share", [share[amount] for amount in found[form.spent].to_list()], dtype=pl.Float64)
    return pl.DataFrame([*kept, shown, pl.Series("recommended", [False] * found.height, dtype=pl.Boolean)])


def nearby(form: Form, plan: Mapping[str, float], amount: float) -> Mapping[str, float] | None:
    """Return the best plan for an amount where each pool has an axis, from another plan on."""
    question, name = form.question, form.spent
    growth = sqrt(amount / plan[name])
    grown = {key: plan[key] * growth for key in (question.size, *(pool.tokens for pool in question.pools))}
    row = {**plan, **grown, name: amount}

    def remake(pool: Pool) -> Form:
        return formulate(question, name, amount, budget=False, rest=pool)

    found = mixing.nearby(row, remake, question.pools, width=FIRST, last=LAST)
    return None if found is None else found.row
