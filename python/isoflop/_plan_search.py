"""Searching for plans: ways to spend a budget to the last FLOP, and the best plan for each of many budgets.

    question + budget --formulate--> formulas --solve--> one plan for each group

Whatever the budget leaves follows from the rest by a formula: the tokens of one pool from the size, or the
size from the tokens. A grid that had to meet the budget by an inequality would waste part of it everywhere,
and the lowest loss would be where it happens to waste least.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite, isinf
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop._exceptions import EmptyResultWarning, SpaceError
from isoflop._plan_question import Budget, Question
from isoflop._sweep.ask import quiet
from isoflop._sweep.pools import Pool, pool_frame
from isoflop._sweep.sweep import Sweep
from isoflop._text.numbers import number_text

if TYPE_CHECKING:
    import polars as pl

    from isoflop._plan_question import Floats

LEAST_ACTIVATION = 1 / 64
"""The sparsest mixture that is looked at."""

# A group's grid is a full product that no table can shorten, so its size is what a plan's time is made of.
# First all groups share so many configurations, then each axis has so many values around the best so far, by
# the number of axes that are searched.
FIRST = 60_000
LEAST_FIRST, MOST_FIRST = 11, 1025
AGAIN = {0: 1, 1: 33, 2: 17, 3: 11, 4: 7}
FEWEST = 7

FINE, ROUGH = 5e-4, 5e-3
"""Step at which a search is done, as a share of the value; a rough one is good to 1e-5 of the compute."""

MOST_STAGES = 40

NEAR, NEAR_POOL = 0.7, 2.0
"""Where the best is looked for beside a known one, to either side in logarithms; pools may come and go."""

# Offsets that stand for none of a pool and for its whole supply; others are shares of a window's half width.
NONE, ALL = 2.0, 3.0


@dataclass(frozen=True, slots=True)
class Formulation:
    """A way to spend a budget.

    Attributes
    ----------
    quantities
        What follows from axes.
    where
        Constraints, but for that of the filler.
    free
        Axes to search.
    most
        Formulas of the most that a free axis can be, given those before it: what budget and limits allow.
    filler
        The tokens that take what is left, and that cannot be negative; empty without pools.
    """

    quantities: Mapping[str, str]
    where: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    most: Mapping[str, str] = field(default_factory=dict)
    filler: str = ""


def formulate(
    question: Question,
    budget: Budget,
    filler: Pool | None = None,
    *,
    fixed: str = "",
    size_follows: bool = False,
) -> Formulation:
    """Return formulas under which every configuration spends the budget.

    Parameters
    ----------
    question
        What is asked.
    budget
        Which kind; its amount is an axis.
    filler
        The pool that takes what is left; ``None`` without pools.
    fixed
        An axis that is given, not searched.
    size_follows
        The size is what the budget leaves, and ``tokens`` (with pools ``tokens_wanted``) an axis.
    """
    # What is given is spent first.
    others = sorted(
        (pool for pool in question.pools if pool != filler), key=lambda pool: pool.tokens != fixed
    )
    quantities: dict[str, str] = {}
    where = list(question.where)
    dollars = budget.name == "budget_usd"
    if budget.name == "days":
        quantities["train_flops"] = "gpu_count * days * 86400 * peak_flops * mfu"
    if size_follows:
        quantities["active_params"] = _size(budget, "tokens", "data_usd")
        where += ["active_params > 0"] if dollars else []
    elif dollars:
        quantities["train_usd_per_token"] = "usd_per_gpu_hour * 6*active_params / (peak_flops * mfu * 3600)"
        where.append("tokens > 0")
    if filler is not None:
        where += ["tokens > 0"] if "tokens > 0" not in where else []
        quantities[filler.tokens] = _left(question, budget, filler, others, size_follows)
    elif dollars and not size_follows:
        quantities["tokens"] = _left(question, budget, None, others, size_follows)

    searched = [] if size_follows or question.params is not None else ["params"]
    searched += ["activation"] if question.mixture else []
    searched += [pool.tokens for pool in others]
    most: dict[str, str] = {}
    limits = [number_text(question.most_params)] if isfinite(question.most_params) else []
    for place, pool in enumerate(others):
        most[pool.tokens] = _left(question, budget, pool, others[:place], size_follows)
        if pool.tokens == fixed:
            price = f"{number_text(pool.usd_per_token)} * {pool.name}_fresh_tokens"
            limits.append(f"({_size(budget, pool.tokens, price)}) / activation")
    if limits:
        most["params"] = limits[0] if len(limits) == 1 else f"min({', '.join(limits)})"
    free = tuple(name for name in searched if name != fixed)
    return Formulation(quantities, tuple(where), free, most, "" if filler is None else filler.tokens)


def _size(budget: Budget, tokens: str, data_usd: str) -> str:
    """Return the formula of the active size that the budget leaves beside tokens and their price."""
    if budget.name != "budget_usd":
        return f"train_flops / (6*{tokens})"
    per_size = f"6*{tokens}/mfu"
    if budget.lifetime:
        per_size = f"({per_size} + 2*inference_tokens/inference_mfu)"
    return f"(budget_usd - {data_usd}) / (usd_per_gpu_hour / (peak_flops * 3600) * {per_size})"


def _left(
    question: Question, budget: Budget, pool: Pool | None, before: Sequence[Pool], size_follows: bool
) -> str:
    """Return the formula of the tokens of a pool (of all data without pools) that the budget leaves."""
    rest = " - ".join(["", *(other.tokens for other in before)])
    if size_follows:
        return f"tokens_wanted{rest}"
    if budget.name != "budget_usd":
        return f"train_flops / (6*active_params){rest}"
    left = ["budget_usd"]
    if budget.lifetime:
        left.append("inference_usd")
    for other in before:
        left.append(f"train_usd_per_token*{other.tokens}")
        if other.usd_per_token:
            left.append(f"{number_text(other.usd_per_token)}*{other.name}_fresh_tokens")
    money = " - ".join(left)
    price, supply = question.value("usd_per_token"), question.scalars.get("unique_tokens", inf)
    if pool is not None:
        price, supply = pool.usd_per_token, pool.unique_tokens
    if not price:
        return f"({money}) / train_usd_per_token"
    fresh = f"({money}) / (train_usd_per_token + {number_text(price)})"
    if isinf(supply):
        return fresh
    # Beyond the supply a token costs its compute alone.
    return f"max({fresh}, ({money} - {number_text(price * supply)}) / train_usd_per_token)"


def solve(
    question: Question,
    form: Formulation,
    groups: Mapping[str, Floats],
    start: Mapping[str, tuple[Floats, float]],
    *,
    fine: float = FINE,
    known: bool = False,
    strict: bool = False,
) -> dict[str, Floats]:
    """Return the plan of the lowest loss for each group, all groups refined together.

    Parameters
    ----------
    question, form
        What is asked, and the way to spend the budget.
    groups
        What is given for each group, by name: the budget's axis, and any axis that is fixed.
    start
        For each free axis where to begin, for each group, and how far to either side, in logarithms.
    fine
        Step at which the search is done.
    known
        The start is near the best already, so that fewer values are tried at first.
    strict
        Raise an error if no group has a plan.

    Returns
    -------
    dict
        Free axes and ``loss``; NaN for groups without a plan.

    Raises
    ------
    SpaceError
        If there is no plan at all and `strict` is set; it tells which constraints leave nothing.
    """
    import polars as pl

    names, count = form.free, len(next(iter(groups.values())))
    found = {name: np.full(count, np.nan) for name in (*names, "loss")}
    alive = np.arange(count)
    centre = {name: start[name][0].astype(float) for name in names}
    width = {name: np.full(count, start[name][1]) for name in names}
    supplies = {pool.tokens: pool.unique_tokens for pool in question.pools}
    quantities = dict(form.quantities)
    limits: dict[str, tuple[float, float]] = {"activation": (LEAST_ACTIVATION, 1.0)}
    for name in names:
        quantities[name] = _windowed(name, supplies.get(name), limits.get(name), form.most.get(name))
    # Axes stop at what the budget leaves, to within rounding. Were they cut off by a constraint instead, each
    # step of the grid would stay short of the limit by another amount, and the best would be an accident.
    where = form.where
    if form.filler:
        where = (*where, f"{form.filler} >= -1e-9*tokens")
    points = AGAIN.get(len(names), FEWEST) if known else _first(len(names), count)
    for _ in range(MOST_STAGES):
        columns: dict[str, Any] = {"group": alive, **{name: values[alive] for name, values in groups.items()}}
        for name in names:
            columns |= {f"{name}_centre": centre[name][alive], f"{name}_width": width[name][alive]}
        axes: dict[str, Any] = {"groups": pl.DataFrame(columns)}
        for name in names:
            axes[f"{name}_offset"] = _offsets(points, supplies.get(name))
        sweep = make_sweep(question, axes, quantities, where)
        best = ask_best(sweep, question, by="group", columns=names, strict=strict)
        alive = best["group"].to_numpy()
        if not len(alive):
            break
        found["loss"][:] = np.nan
        found["loss"][alive] = best["loss"].to_numpy()
        step = 0.0
        for name in names:
            values, offsets = best[name].to_numpy(), best[f"{name}_offset"].to_numpy()
            found[name][alive] = values
            centre[name][alive] = np.where(values > 0, values, centre[name][alive])
            low, high = limits.get(name, (0.0, inf))
            # A best at the end of its window moves the window; elsewhere it shrinks.
            inside = (np.abs(offsets) != 1) | (values <= low) | (values >= high)
            step = max(step, float(width[name][alive].max()) * 2 / (points - 1))
            width[name][alive] *= np.where(inside, 3 / (points - 1), 1.0)
        if not names or step <= fine:
            break
        points = AGAIN.get(len(names), FEWEST)
    for values in found.values():
        values[np.isnan(found["loss"])] = np.nan
    return found


def _first(axes: int, groups: int) -> int:
    """Return how many values of each axis to try at first: an odd number."""
    if not axes:
        return 1
    points = int((FIRST / groups) ** (1 / axes))
    return max(LEAST_FIRST, min(points, MOST_FIRST)) // 2 * 2 + 1


def beside(
    start: Mapping[str, tuple[Floats, float]], plans: Mapping[str, Floats]
) -> dict[str, tuple[Floats, float]]:
    """Return where to begin beside known plans; what they take none of begins where `start` says."""
    return dict(start) | {
        name: (
            np.where(plans[name] > 0, plans[name], centre),
            NEAR_POOL if name.endswith("_tokens") else NEAR,
        )
        for name, (centre, _) in start.items()
        if name in plans
    }


def _windowed(name: str, supply: float | None, limits: tuple[float, float] | None, most: str | None) -> str:
    """Return the formula of an axis by its offset in a window that each group has for itself."""
    offset = f"{name}_offset"
    value = f"{name}_centre * exp({name}_width * {offset})"
    if limits is not None:
        value = f"max({limits[0]!r}, min({limits[1]!r}, {value}))"
    if supply is not None:
        value = f"where({offset} == {NONE}, 0, {value})"
        if isfinite(supply):
            value = f"where({offset} == {ALL}, {number_text(supply)}, {value})"
    return value if most is None else f"min({value}, {most})"


def _offsets(points: int, supply: float | None) -> Floats:
    # Whole numbers over a whole number: the middle is exactly 0. It comes first, since the first of equals is
    # best: where all are cut off alike, the window shrinks.
    offsets = (np.arange(points) * 2 - (points - 1)) / max(points - 1, 1)
    special = [] if supply is None else [NONE] if isinf(supply) else [NONE, ALL]
    return np.array([*sorted(offsets, key=abs), *special])


def last_sweep(question: Question, form: Formulation, axes: Mapping[str, Any]) -> Sweep:
    """Return the sweep of a formulation over plain axes."""
    where = (*form.where, *([f"{form.filler} >= 0"] if form.filler else []))
    return make_sweep(question, axes, form.quantities, where)


def make_sweep(
    question: Question, axes: Mapping[str, Any], quantities: Mapping[str, str], where: Sequence[str] = ()
) -> Sweep:
    """Return a sweep over axes, with all inputs, the law and the pools that the question gives."""
    taken = _names(axes)
    given: dict[str, Any] = {name: value for name, value in question.scalars.items() if name not in taken}
    if question.params is not None and "params" not in taken:
        given["params"] = question.params
    return Sweep(
        dict(axes) | given,
        law=question.law,
        quantities=quantities,
        where=tuple(where),
        pools=pool_frame(question.pools) if question.pools else None,
    )


def _names(axes: Mapping[str, Any]) -> set[str]:
    names: set[str] = set()
    for name, values in axes.items():
        names |= {name, *getattr(values, "columns", ())}
    return names


def evaluate_plans(
    question: Question, form: Formulation, plans: Mapping[str, Floats], columns: Sequence[str]
) -> pl.DataFrame:
    """Return further columns of plans, which are told by the axes of a formulation."""
    import polars as pl

    sweep = make_sweep(question, {"plan": pl.DataFrame(dict(plans))}, form.quantities)
    with quiet():
        return sweep.table(columns=columns, threads=question.threads)


def ask_best(
    sweep: Sweep, question: Question, *, columns: Collection[str], by: str | None = None, strict: bool = False
) -> pl.DataFrame:
    """Return what `Sweep.best` does, without its warnings; an empty answer is an error if `strict`."""
    with quiet(strict=strict):
        try:
            return sweep.best(minimize="loss", by=by, columns=tuple(columns), threads=question.threads)
        except EmptyResultWarning as reason:
            text = str(reason).removeprefix("the answer is empty: ")
            raise SpaceError(f"no plan that spends the budget meets the constraints: {text}") from None
