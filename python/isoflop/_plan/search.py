"""The search for plans: questions put to the engine, each over all plans that there are.

    question --Form--> axes, formulas, limits --Sweep.best--> neighbourhood --Sweep.best--> plan

The last axis of every sweep is what is spent, at most the budget; the tokens follow from it and from the
size. So plans that spend all of the budget are on the grid to the last bit, and so are plans that leave some
of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, inf, log, nan, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop._accounting.formula import names_in
from isoflop._exceptions import EmptyResultWarning, SpaceError
from isoflop._plan.grid import (
    COARSE,
    FINER,
    SIZES,
    UNSPENT,
    WIDE,
    ZOOMS,
    around,
    below,
    closer_values,
    literals,
    spaced,
)
from isoflop._plan.pools import left_at, left_for, purchase_quantities, purchases
from isoflop._plan.question import Question
from isoflop._plan.reads import only_effective_tokens
from isoflop._sweep.ask import quiet
from isoflop._sweep.pools import Pool, pool_frame
from isoflop._sweep.sweep import Sweep
from isoflop._text.numbers import number_text

if TYPE_CHECKING:
    import polars as pl

    from isoflop._plan.question import Floats

COST = "(6*active_params + attention_flops_per_token)"
"""Training compute of a token."""

USD = f"usd_per_gpu_hour * {COST} / (peak_flops * mfu * 3600)"

SPENT = {"train_flops": "train_flops", "days": "days", "budget_usd": "train_usd + data_usd"}
"""What a budget pays for, as the accounting has it."""

SLACK = 1 + 1e-12
"""What a sum of tokens may be beyond a budget that it was divided from: rounding."""

OF_SIZE = frozenset((
    "params", "active_params", "activation", "non_embedding_params", "active_non_embedding_params",
    "effective_params", "embedding_params", "weight_bytes", "serving_bytes", "kv_bytes", "train_state_bytes",
    "inference_usd", "inference_flops", "inference_flops_per_token", "inference_gpu_hours", "experts",
    "granularity", "sparsity",
))  # fmt: skip
"""Quantities that do not depend on the data."""

FEW, LOSS_APART, COST_APART = 6, 5e-4, 0.03
"""Purchases from which on the first sweep tells which are worth a closer look: those close to the best."""

EXTENSIONS = 6
"""How often axes are moved on where the best is at their end."""

LAST = (0.01, 1e-4)
"""Reach and step of the sizes in the sweep that a plan of pools is the best of."""


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write plans as a sweep.

    Attributes
    ----------
    question
        What is asked.
    spent
        The axis of what is spent: ``train_flops``, ``days``, ``budget_usd`` (training and data) or
        ``total_usd`` (serving, too).
    most
        The most of it.
    quantities, where
        What follows from axes, and the limits.
    purchase
        What may be bought of the pools; ``None`` without pools, or where each pool but one is an axis.
    rest
        The pool that takes what is left, where each other one is an axis.
    moved
        The pool that is an axis, where purchases are of the others.
    """

    question: Question
    spent: str
    most: float
    quantities: Mapping[str, str]
    where: tuple[str, ...]
    purchase: pl.DataFrame | None = None
    rest: Pool | None = None
    moved: Pool | None = None

    def sweep(self, axes: Mapping[str, Any]) -> Sweep:
        """Return the sweep over axes, with all inputs, the law and the pools that the question gives."""
        question = self.question
        given = {name: value for name, value in question.scalars.items() if name not in axes}
        return Sweep(
            dict(axes) | given,
            law=question.law,
            quantities={name: text for name, text in self.quantities.items() if name not in axes},
            where=self.where,
            pools=pool_frame(question.pools) if question.pools else None,
        )


@dataclass(frozen=True, slots=True)
class Found:
    """A plan: its axes and columns by name, and the sweep that it is the best of."""

    row: Mapping[str, float]
    sweep: Sweep
    pools: tuple[Pool, ...]


def formulate(
    question: Question,
    spent: str,
    most: float,
    *,
    budget: bool = True,
    where: Iterable[str] = (),
    rest: Pool | None = None,
    moved: Pool | None = None,
) -> Form:
    """Return a way to write plans.

    Parameters
    ----------
    question
        What is asked.
    spent, most
        As of `Form`.
    budget
        The question's budget is a limit, if it is one of something else than what is spent.
    where
        Further constraints.
    rest
        Make an axis of each pool but this one.
    moved
        Make an axis of this pool, and let purchases be of the others.
    """
    quantities = own_quantities(question, "")
    if spent == "budget_usd":
        quantities.pop(spent, None)
    dollars = spent.endswith("usd")
    limits = [*question.where, *where]
    if spent == "days":
        quantities["train_flops"] = "gpu_count * days * 86400 * peak_flops * mfu"
    if budget and question.budget is not None and question.budget.name != spent:
        limits.append(f"{SPENT[question.budget.name]} <= {question.budget.value!r}")
    if dollars:
        quantities["usd_of_token"] = USD
    money = "(total_usd - inference_usd)" if spent == "total_usd" else spent
    purchase = None
    if question.pools:
        cost = "usd_of_token" if dollars else "1"
        if not dollars:
            quantities["tokens_wanted"] = f"train_flops / {COST}"
            money = "tokens_wanted"
        if rest is None:
            pools = [pool for pool in question.pools if pool != moved]
            if moved is not None:
                paid = f" - {number_text(moved.usd_per_token)}*{moved.name}_fresh_tokens" if dollars else ""
                quantities["left_for_others"] = f"{money} - {cost}*{moved.tokens}{paid}"
                money = "left_for_others"
            more, needed = purchase_quantities(pools, money, cost)
            quantities |= more
            limits += needed
            purchase = purchases(pools, paid=dollars)
        else:
            quantities[rest.tokens] = left_for(question.pools, rest, money, cost, paid=dollars)
            limits.append(f"{rest.tokens} >= 0")
    elif dollars:
        usd, supply = question.value("usd_per_token"), question.scalars.get("unique_tokens", inf)
        quantities["tokens"] = left_at(money, "usd_of_token", usd, supply)
    if dollars:
        limits.append("tokens > 0")
    return Form(question, spent, most, quantities, tuple(limits), purchase, rest, moved)


def ask(
    form: Form,
    axes: Mapping[str, Any],
    objective: str,
    *,
    columns: Sequence[str] = (),
    by: str | None = None,
    strict: bool = False,
) -> tuple[pl.DataFrame, Sweep]:
    """Return what `Sweep.best` does, and the sweep; an empty answer is an error if `strict`."""
    sweep = form.sweep(axes)
    with quiet(strict=strict):
        try:
            found = sweep.best(
                minimize=objective, by=by, columns=columns, threads=form.question.threads, method="search"
            )
        except EmptyResultWarning as reason:
            text = str(reason).removeprefix("the answer is empty: ")
            raise SpaceError(f"no plan within the budget meets the constraints: {text}") from None
    return found, sweep


class Space:
    """Axes of the first sweep of a form: wide, and coarse where there is more to choose than a size."""

    def __init__(self, form: Form, *, finer: float = 1.0, costs: bool = False) -> None:
        question = form.question
        self.form = form
        several = question.choices or form.purchase is not None or form.rest is not None or costs
        self.step = (COARSE if several else WIDE) / finer
        guess = sqrt(question.train_flops / 120)
        if question.mixture and question.size == "params":
            guess *= 8
        self.low, self.high = guess * exp(-SIZES), guess * exp(SIZES)
        # What a limit compares with is on the axis.
        self.special = [*literals(form.where, question.size), *largest_sizes(question)]

    def axes(self, spent: Floats | None = None) -> dict[str, Any]:
        """Return the axes by name, what is spent last."""
        form, question = self.form, self.form.question
        axes: dict[str, Any] = {}
        if not question.sized:
            axes[question.size] = spaced(self.low, self.high, self.step, self.special)
        axes |= {choice.name: choice.values for choice in question.choices}
        if form.purchase is not None:
            axes["purchase"] = form.purchase
        if spent is None:
            spent = below(form.most, self.step, UNSPENT, literals(form.where, form.spent))
        return axes | {form.spent: spent}

    def move(self, row: Mapping[str, float]) -> bool:
        """Move the sizes on if the best is at their end; tell whether they moved."""
        size = row.get(self.form.question.size, nan)
        if self.form.question.sized or self.low * exp(self.step * 2) < size < self.high * exp(-self.step * 2):
            return False
        self.low, self.high = size * exp(-SIZES), size * exp(SIZES)
        return True


def largest_sizes(question: Question) -> list[float]:
    """Return the largest sizes that limits on memory leave."""
    bytes_ = literals(question.where, "serving_bytes") + literals(question.where, "weight_bytes")
    each = question.value("bytes_per_param")
    if not bytes_ or question.size != "params" or not each:
        return []
    cache = 0.0
    if "resident_tokens" in question.scalars:
        heads = [question.value(name) for name in ("layers", "kv_heads", "head_dim", "resident_tokens")]
        cache = 2 * float(np.prod(heads)) * question.value("bytes_per_kv")
    return [size for value in bytes_ for size in (value / each, (value - cache) / each) if size > 0]


def solve(
    form: Form,
    objective: str = "loss",
    *,
    strict: bool = False,
    zooms: Sequence[tuple[float, float]] = ZOOMS,
) -> Found | None:
    """Return the best plan of a form; `None`, or an error if `strict`, if there is none.

    Raises
    ------
    SpaceError
        If there is no plan and `strict` is set; it tells which constraints leave nothing.
    """
    columns = columns_of_search(form)
    purchase = form.purchase if form.purchase is not None and form.purchase.height > FEW else None
    for finer in FINER:
        space = Space(form, finer=finer, costs=objective != "loss")
        for _ in range(EXTENSIONS):
            by = None if purchase is None else "purchase_number"
            found, _ = ask(form, space.axes(), objective, columns=columns, by=by)
            if not found.height:
                break
            row = found[int(found[objective].arg_min())].row(0, named=True)  # type: ignore[arg-type]
            if not space.move(row):
                break
        if found.height:
            break
    if not found.height:
        if strict:  # the coarse grid tells why, soon
            ask(form, Space(form, costs=objective != "loss").axes(), objective, strict=True)
        return None
    if purchase is not None:
        # What is far from the best on a coarse grid is so on a fine one.
        share = 1 + (LOSS_APART if objective == "loss" else COST_APART)
        close = found.filter(found[objective] <= row[objective] * share)["purchase_number"]
        form = replace(form, purchase=purchase.filter(purchase["purchase_number"].is_in(close.implode())))
    return closer(form, space, row, objective, zooms)


def columns_of_search(form: Form) -> list[str]:
    serves = ["total_usd", "budget_usd"] if form.question.goal == "serving" else []
    return [*(pool.tokens for pool in form.question.pools), "tokens", "loss", *serves]


def closer(
    form: Form, space: Space, row: Mapping[str, Any], objective: str, zooms: Sequence[tuple[float, float]]
) -> Found:
    """Return the best plan near one, which is among those looked at."""
    question, sweep = form.question, None
    for near, step in zooms:
        for _ in range(EXTENSIONS):
            axes: dict[str, Any] = {}
            if not question.sized:
                axes[question.size] = around(row[question.size], near, step, special=space.special)
            for choice in question.choices:
                axes[choice.name] = closer_values(
                    choice.values, choice.discrete, row[choice.name], near, step
                )
            if form.purchase is not None:
                axes["purchase"] = form.purchase
            # A plan that costs less than the cheapest so far is looked for, but no dearer one.
            most = row[form.spent] if objective == form.spent else form.most
            fine = step if objective == "loss" else step / 10
            special = literals(form.where, form.spent)
            axes[form.spent] = around(row[form.spent], near, fine, high=most, special=special)[::-1].copy()
            found, sweep = ask(form, axes, objective, columns=columns_of_search(form))
            before, row = row, found.row(0, named=True)
            names = [name for name in (question.size, form.spent) if name in axes]
            if all(abs(log(row[name] / before[name])) < near * 0.98 for name in names):
                break
    assert sweep is not None, "there are zooms"
    if objective == form.spent:
        # Of plans that cost as much, the best, which need not be close: cost is flat there.
        axes[form.spent] = [row[form.spent]]
        if not question.sized:
            axes[question.size] = around(row[question.size], zooms[0][0], step, special=space.special)
        found, sweep = ask(form, axes, "loss", columns=columns_of_search(form))
        row = found.row(0, named=True)
    return Found(row, sweep, question.pools)


# Pools that limits speak of ---------------------------------------------------------------------------


def mixes_freely(form: Form) -> bool:
    """Tell whether purchases are the best mixtures: one budget pays, and no limit speaks of a pool."""
    question = form.question
    if not question.pools:
        return True
    if not only_effective_tokens(question.law):
        return False
    own = {f"{pool.name}_{what}" for pool in question.pools for what in ("tokens", "epochs")}
    own |= {f"{pool.name}_{what}_tokens" for pool in question.pools for what in ("fresh", "effective")}
    own |= {"fresh_tokens", "quality"}
    priced = any(pool.usd_per_token for pool in question.pools)
    paid = form.spent.endswith("usd")
    budget = question.budget
    limits = [limit.formula for limit in question.limits]
    if priced and paid and budget is not None and budget.name in ("train_flops", "days"):
        return False
    for limit in limits:
        names = set(names_in(limit))
        if names & own or (priced and not names <= OF_SIZE and (paid or names & {"data_usd", "total_usd"})):
            return False
    return True


def told(
    question: Question, plans: Sequence[Mapping[str, float]], columns: Sequence[str], spent: str
) -> pl.DataFrame:
    """Return columns of plans, which are given by size, choices, and tokens or those of each pool."""
    import polars as pl

    names = [*([] if question.sized else [question.size]), *(choice.name for choice in question.choices)]
    names += [pool.tokens for pool in question.pools] or ["tokens"]
    rows = [{name: plan[name] for name in names} for plan in plans]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Float64))
    form = Form(question, spent, inf, own_quantities(question, spent), ())
    with quiet():
        return form.sweep({"plan": frame}).table(columns=columns, threads=question.threads).select(columns)


def own_quantities(question: Question, spent: str) -> dict[str, str]:
    """Return what plans are told by that the accounting does not have."""
    found = {"tokens_per_stored_param": "tokens / params"} if question.mixture else {}
    money = spent == "budget_usd" or question.goal == "serving"
    return found | ({"budget_usd": SPENT["budget_usd"]} if money else {})


def plain(form: Form, found: Found, budget: Mapping[str, float], where: Iterable[str] = ()) -> Sweep:
    """Return the sweep over sizes around a plan of pools with the tokens of each as they are found.

    Parameters
    ----------
    form, found
        The plan.
    budget
        What may be spent at most, by name.
    where
        Further constraints.
    """
    question, row = form.question, found.row
    axes: dict[str, Any] = {}
    if not question.sized:
        axes[question.size] = around(row[question.size], *LAST, special=())
    for name in (*(choice.name for choice in question.choices), *(pool.tokens for pool in question.pools)):
        axes[name] = np.array([row[name]])
    quantities: dict[str, str] = {}
    limits = [*question.where, *where]
    for name, amount in budget.items():
        quantities |= own_quantities(question, name)
        limits.append(f"{name} <= {amount * SLACK!r}")
    return Form(question, form.spent, form.most, quantities, tuple(limits)).sweep(axes)
