"""How far each axis of a plan can move at the same budget before much compute is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop._plan_search import LEAST_ACTIVATION, ROUGH, Formulation, beside, formulate, solve

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from isoflop._plan_goals import Search
    from isoflop._plan_question import Floats

LEVELS = (0.95, 0.80)
"""Compute efficiencies relative to the plan: 5 and 20 % of compute lost."""

REACH, STEPS = 1000.0, 20
"""Factor that is looked at to either side, and steps on the way."""

INSIDE, TIMES = 8, 2
"""Values looked at between the last that is good enough and the first that is not, and how often."""


class _Moved(NamedTuple):
    axis: str  # as told
    column: str  # as given to the sweep
    form: Formulation
    value: float
    least: float
    most: float
    may_vanish: bool


def ranges(search: Search, plan: Mapping[str, float]) -> pl.DataFrame:
    """Return how far each axis can move, all others chosen anew; see `isoflop.Plan`."""
    import polars as pl

    rows = [_row(search, plan, moved) for moved in _moved(search, plan)]
    names = ("recommended", *(f"{end}_{_percent(level)}" for level in LEVELS for end in ("low", "high")))
    frame = pl.DataFrame(rows, schema={"axis": pl.String, **dict.fromkeys(names, pl.Float64)})
    return frame.select("axis", "low_20", "low_5", "recommended", "high_5", "high_20")


def _percent(level: float) -> int:
    return round(100 * (1 - level))


def _moved(search: Search, plan: Mapping[str, float]) -> list[_Moved]:
    question, budget, filler = search.question, search.budget, search.filler
    found = []
    sized = question.params is None

    def add(axis: str, column: str, form: Formulation, least: float = 0, most: float = np.inf) -> None:
        value, vanishes = plan[axis], axis != "tokens" and axis.endswith("_tokens")
        found.append(_Moved(axis, column, form, value, least, most, vanishes))

    if sized:
        add("params", "params", formulate(question, budget, filler, fixed="params"))
    if question.mixture:
        form = formulate(question, budget, filler, fixed="activation")
        add("activation", "activation", form, LEAST_ACTIVATION, 1.0)
    if sized:
        column = "tokens" if filler is None else "tokens_wanted"
        add("tokens", column, formulate(question, budget, filler, fixed=column, size_follows=True))
    if len(question.pools) > 1:
        for pool in question.pools:
            rest = filler
            if pool == filler:
                # Another pool has to take what is left: the one that the plan takes most of.
                rest = max((p for p in question.pools if p != pool), key=lambda p: plan[p.tokens])
            add(pool.tokens, pool.tokens, formulate(question, budget, rest, fixed=pool.tokens))
    return found


class _Efficiency:
    """Compute efficiency relative to the plan, where one axis is moved and all others are chosen anew."""

    def __init__(self, search: Search, moved: _Moved, loss: float) -> None:
        self._search = search
        self._moved = moved
        self._here = search.question.law.equivalent_flops(loss)
        self._known: tuple[Floats, dict[str, Floats]] | None = None

    def __call__(self, values: Floats) -> Floats:
        """Return it for values of the axis; 0 where there is no plan."""
        search, known = self._search, self._known
        budgets = np.full(len(values), search.budget.value)
        start = search.wide(budgets)
        if known is not None:
            tried, plans = known
            nearest = np.abs(np.log(values)[:, None] - np.log(tried)).argmin(axis=1)
            start = beside(start, {name: column[nearest] for name, column in plans.items()})
        groups = {search.budget.name: budgets, self._moved.column: values}
        plans = solve(search.question, self._moved.form, groups, start, fine=ROUGH, known=known is not None)
        there = ~np.isnan(plans["loss"]) & (values > 0)
        if there.any():
            self._known = values[there], {name: column[there] for name, column in plans.items()}
        relative = search.question.law.equivalent_flops(plans["loss"]) / self._here
        return np.nan_to_num(relative, nan=0.0)


def _row(search: Search, plan: Mapping[str, float], moved: _Moved) -> dict[str, float | str]:
    efficiency = _Efficiency(search, moved, plan["loss"])
    row: dict[str, float | str] = {"axis": moved.axis, "recommended": moved.value}
    centre = moved.value or plan["tokens"] * 1e-3
    factors = REACH ** (np.arange(1, STEPS + 1) / STEPS)
    up = np.unique(np.clip(centre * factors, moved.least, moved.most))
    down = np.unique(np.clip(centre / factors, moved.least, moved.most))[::-1]
    if moved.may_vanish:
        down = np.append(down, 0.0)
    if moved.value == 0:
        up, down = np.unique(np.append(centre / factors, up)), np.zeros(0)
    tried = efficiency(np.concatenate([down, up]))
    brackets = {}
    for end, values, efficiencies in (("low", down, tried[: len(down)]), ("high", up, tried[len(down) :])):
        for level in LEVELS:
            brackets[end, level] = _bracket(moved.value, values, efficiencies >= level, None)
    for _ in range(TIMES):
        inside = {
            key: np.geomspace(inner, outer, INSIDE + 2)[1:-1]
            for key, (inner, outer) in brackets.items()
            if inner > 0 and outer > 0 and inner != outer
        }
        if not inside:
            break
        tried = efficiency(np.concatenate(list(inside.values())))
        for number, (key, values) in enumerate(inside.items()):
            good = tried[number * INSIDE : (number + 1) * INSIDE] >= key[1]
            brackets[key] = _bracket(brackets[key][0], values, good, brackets[key][1])
    return row | {f"{end}_{_percent(level)}": inner for (end, level), (inner, _) in brackets.items()}


def _bracket(
    inner: float, values: Floats, good: NDArray[np.bool_], outer: float | None
) -> tuple[float, float]:
    """Return the last value that is good enough and the first that is not, on the way from `inner`.

    If all are good enough, that is `outer`, or without one the last value twice.
    """
    failed = np.flatnonzero(~good)
    last = int(failed[0]) if failed.size else len(values)
    inner = float(values[last - 1]) if last else inner
    if last < len(values):
        return inner, float(values[last])
    return inner, inner if outer is None else outer
