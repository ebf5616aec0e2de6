"""How far each axis of a plan can move within the same budget before much compute is lost."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, inf, log
from typing import TYPE_CHECKING

import numpy as np

from isoflop._accounting.formula import names_in
from isoflop._plan.grid import below, closer_values, spaced
from isoflop._plan.search import OF_SIZE, Form, Space, ask, formulate

if TYPE_CHECKING:
    import polars as pl

    from isoflop._plan.question import Question

LEVELS = (0.95, 0.80)
"""Compute efficiencies relative to the plan: 5 and 20 % of compute lost."""

REACH, STEP = log(1000), 5e-3
"""How far is looked to either side, and the step, in logarithms."""

OTHERS, OTHERS_STEP = log(8), 0.01
"""The same of sizes where the tokens of a pool move."""

SPENT, SPENT_STEP = log(4), 0.03
"""The same of what is spent, where limits may leave some of the budget."""

CHOICES, CHOICES_STEP = 1.2, 0.12
"""The same of a choice where the tokens of a pool move."""


def ranges(question: Question, form: Form, plan: Mapping[str, float], target: float | None) -> pl.DataFrame:
    """Return how far each axis can move, all others chosen anew; see `isoflop.Plan`.

    Parameters
    ----------
    question, form
        What is asked, and how the plan was written.
    plan
        The recommended plan.
    target
        For serving, the loss that it has to reach: the ranges are those at its cost.
    """
    import polars as pl

    here = question.worth(plan["loss"])
    losses = [question.loss_worth(level * here) for level in LEVELS]
    most = form.most if target is None else plan[form.spent]
    # Each end is the least, or the most with the sign turned, of what moves among plans that are good enough.
    names = [f"{end}_{round(100 * (1 - level))}" for end in ("low", "high") for level in LEVELS]
    ends = pl.DataFrame({"end": range(4), "worst_loss": losses * 2, "side": [1.0, 1.0, -1.0, -1.0]})
    free = formulate(question, form.spent, most, where=["loss <= worst_loss"])
    moving = [(free, name) for name in ([] if question.sized else [question.size])]
    moving += [(free, choice.name) for choice in question.choices]
    moving += [] if question.sized else [(free, "tokens")]
    if len(question.pools) > 1:
        for pool in question.pools:
            moving.append(
                (formulate(question, form.spent, most, where=["loss <= worst_loss"], moved=pool), pool.tokens)
            )
    rows = []
    for moved, name in moving:
        found, _ = ask(
            moved, {"ends": ends, **_axes(moved, plan, name)}, f"side*{name}", by="end", columns=[name]
        )
        reached = dict(found.select("end", name).iter_rows())
        row: dict[str, float | str] = {"axis": name, "recommended": plan[name]}
        for end, side in enumerate((min, min, max, max)):
            # The plan itself is good enough.
            row[names[end]] = side(reached.get(end, plan[name]), plan[name])
        rows.append(row)
    columns = ("low_20", "low_5", "recommended", "high_5", "high_20")
    return pl.DataFrame(rows, schema={"axis": pl.String, **dict.fromkeys(columns, pl.Float64)})


def _axes(form: Form, plan: Mapping[str, float], name: str) -> dict[str, object]:
    question, moved = form.question, form.moved
    space = Space(form)
    # Where nothing but the budget limits the data, those that spend all of it reach farthest.
    data = any(not OF_SIZE.issuperset(names_in(limit.formula)) for limit in question.limits)
    fewer = bool(question.limits) and name == "tokens"
    spent = (
        below(form.most, SPENT_STEP, SPENT)
        if data or fewer or question.goal == "serving"
        else np.array([form.most])
    )
    axes = space.axes(spent)
    if not question.sized:
        size = plan[question.size]
        reach, step = (REACH, STEP) if moved is None else (OTHERS, OTHERS_STEP)
        axes[question.size] = spaced(size * exp(-reach), size * exp(reach), step, (size, *space.special))
    for choice in question.choices:
        if choice.name == name:
            axes[name] = closer_values(choice.values, choice.discrete, plan[name], inf, STEP)
    if moved is not None:
        centre = plan[name] or plan["tokens"] * 1e-3
        most = min(plan["tokens"] * 30, centre * exp(REACH))
        special = [x for x in (plan[name], moved.unique_tokens) if 0 < x < inf]
        for choice in question.choices:
            axes[choice.name] = closer_values(
                choice.values, choice.discrete, plan[choice.name], CHOICES, CHOICES_STEP
            )
        axes[name] = np.append(0.0, spaced(centre * exp(-REACH), most, STEP, special))
    return axes
