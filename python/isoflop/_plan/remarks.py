"""What one should know before following a plan: ranges left, ends reached, limits met, assumptions made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import log10
from typing import TYPE_CHECKING

from isoflop._accounting.quantities import quantities
from isoflop._accounting.resolve import resolve
from isoflop._plan.choices import LEAST_ACTIVATION
from isoflop._plan.question import Limit, Question
from isoflop._plan.search import Form, formulate, mixes_freely, solve
from isoflop._sweep.ask import quiet
from isoflop._sweep.pools import pool_quantities
from isoflop._text.numbers import decades_text, number_text

if TYPE_CHECKING:
    from isoflop._accounting.vocabulary import Step
    from isoflop._sweep.sweep import Sweep

ASSUMED = {
    "mfu": "what Llama 3.1 405B and DeepSeek-V3 reached in training",
    "inference_mfu": "not measured, and dependent on batch size, context and latency",
    "usd_per_gpu_hour": "a round price for rented H100s",
}
"""Inputs whose default is a judgement, and where it comes from; other defaults follow from the question."""

GAINS = "ludziejewski2025 gives 0.28 to 0.41 at equal tokens, the geometric-mean rule of thumb is 0.5"

CLOSE = 0.01
"""How close the sides of a limit are, as a share, where it decides."""

UNSPENT = 1e-3
"""Share of a budget that is said to be left."""

_SIDES = re.compile(r"(?P<left>[^<>=!]+)(?:<=|>=|<|>|==)(?P<right>[^<>=!]+)")


def remarks(
    question: Question, form: Form, sweep: Sweep, plan: Mapping[str, float], target: float | None
) -> tuple[str, ...]:
    """Return sentences, the gravest first."""
    return tuple(_remarks(question, form, sweep, plan, target))


def _remarks(
    question: Question, form: Form, sweep: Sweep, plan: Mapping[str, float], target: float | None
) -> Iterator[str]:
    law = question.law
    yield from _outside(question, sweep)
    if law.evidence == "V3":
        yield f"the coefficients of {law.id} were seen in one secondary source only"
    sought = any(choice.name == "activation" for choice in question.choices)
    if sought and plan["activation"] <= LEAST_ACTIVATION * 1.001:
        yield (
            f"activation is at the end of its axis, 1/{1 / LEAST_ACTIVATION:.0f}: nothing charges for more "
            "experts; limit serving_bytes, or give activation"
        )
    for choice in question.choices:
        ends = {float(choice.values[0]): "lower", float(choice.values[-1]): "upper"}
        if choice.name != "activation" and plan[choice.name] in ends and len(choice.values) > 1:
            end = ends[plan[choice.name]]
            yield f"{choice.name} is at the {end} end of its range, {number_text(plan[choice.name])}"
    if any(name in law.variables for name in ("non_embedding_params", "active_non_embedding_params")):
        yield f"{law.id} counts sizes without embeddings, and so do params here: add both vocabulary matrices"
    yield from _limits(question, form, sweep, plan, target)
    yield from _unspent(question, plan)
    yield from _assumptions(question, sweep, plan)


def _outside(question: Question, sweep: Sweep) -> Iterator[str]:
    law = question.law
    names = [name for name, _, _ in law.ranged]
    with quiet():
        values = sweep.best(minimize="loss", columns=names, threads=question.threads).row(0, named=True)
    for name, low, high in law.ranged:
        decades = max(log10(values[name] / high), log10(low / values[name]))
        if decades > 0:
            yield (
                f"{name} {_short(values[name])} is {decades_text(decades)} outside the {_short(low)} to "
                f"{_short(high)} that {law.id} was fitted on"
            )
    if not law.ranged:
        yield f"{law.id} states no fitted range: how far the plan extrapolates is not known"


def _limits(
    question: Question, form: Form, sweep: Sweep, plan: Mapping[str, float], target: float | None
) -> Iterator[str]:
    """Name the limits that decide: those met to within a hair, and what the engine does better without."""
    sides = {}
    for limit in question.limits:
        found = _SIDES.fullmatch(limit.formula)
        if found is not None and not re.search(r"\b(and|or|not)\b", limit.formula):
            sides[limit] = (found["left"].strip(), found["right"].strip())
    asked = [side for pair in sides.values() for side in pair]
    with quiet():
        met = sweep.best(minimize="loss", columns=asked, threads=question.threads) if asked else None
    for limit in question.limits:
        if limit in sides and met is not None:
            left, right = (met[side].item() for side in sides[limit])
            decides = abs(left - right) <= CLOSE * max(abs(left), abs(right))
        else:
            decides = _better_without(question, form, limit, plan, target)
        if decides:
            yield f"{limit.label} is what decides"
    budget = question.budget
    if target is not None and budget is not None and plan["loss"] < target * (1 - 1e-6):
        yield f"the loss is lower than needed, {target:.6g}: nothing within the limits has a cheaper life"


def _better_without(
    question: Question, form: Form, limit: Limit, plan: Mapping[str, float], target: float | None
) -> bool:
    free = replace(question, limits=tuple(other for other in question.limits if other != limit))
    objective = "loss" if target is None else form.spent
    where = [] if target is None else [f"loss <= {target!r}"]
    other = formulate(free, form.spent, form.most, where=where)
    if not mixes_freely(other):
        return True
    found = solve(other, objective)
    return found is not None and found.row[objective] < plan[objective] * (1 - 1e-6)


def _unspent(question: Question, plan: Mapping[str, float]) -> Iterator[str]:
    if question.budget is None or question.goal == "serving":
        return
    name, most = question.budget
    left = 1 - plan[name] / most
    if left > UNSPENT:
        yield f"{100 * left:.3g} % of the budget is left: within the limits it buys nothing better"


def _assumptions(question: Question, sweep: Sweep, plan: Mapping[str, float]) -> Iterator[str]:
    asked = ("loss", "train_usd", *(["inference_usd"] if question.scalars.get("inference_tokens") else []))
    defaults = {step.name: step for step in steps_of(question, sweep, asked) if step.how == "default"}
    for name, origin in ASSUMED.items():
        if name in defaults:
            yield f"{name} {defaults[name].value:g} is assumed: {origin}"
    if "mfu" in defaults and question.precision != "bf16":
        yield f"that mfu was seen in bf16: of the peak in {question.precision} DeepSeek-V3 reached 0.173"
    if "usd_per_gpu_hour" in defaults and question.gpu != "h100":
        yield f"that price is one of H100s, not of {question.gpu}"
    if question.mixture and "moe_gain" in question.given:
        yield f"moe_gain {question.scalars['moe_gain']:g} is as given: {GAINS}"
    prices = [pool.usd_per_token for pool in question.pools]
    if any(prices) and not all(prices):
        free = ", ".join(pool.name for pool in question.pools if not pool.usd_per_token)
        yield f"data of {free} are taken to cost nothing"
    epochs = [value for name, value in plan.items() if name.endswith("epochs")]
    if "repetition_scale" in defaults and max(epochs) > 1 + 1e-9:
        yield (
            f"repeated data are discounted by R_D* = {defaults['repetition_scale'].value:.4g}, fitted as a "
            f"part of muennighoff2023 and borrowed for {question.law.id}"
        )


def require_effect(question: Question, sweep: Sweep, columns: Sequence[str]) -> None:
    """Refuse an argument that nothing of the plan reads: it would be ignored in silence."""
    reached = {step.name for step in steps_of(question, sweep, (*columns, *sweep.where))}
    for name in sorted(question.given - reached):
        needs = [
            f"{row} takes {' and '.join(sorted(need))}"
            for row, quantity in quantities().items()
            for alternative in quantity.alternatives
            for need in alternative.needs
            if name in need and len(need) > 1
        ]
        why = f": {needs[0]}" if needs else ", as nothing of the plan reads it"
        raise ValueError(f"{name}= has no effect{why}")


def steps_of(question: Question, sweep: Sweep, formulas: tuple[str, ...]) -> tuple[Step, ...]:
    """Return what every name stands for that formulas reach in a plan's sweep."""
    scalars = {name: float(value) for name, value in sweep.axes.items() if isinstance(value, float)}
    columns = [column for name, value in sweep.axes.items() if not isinstance(value, float)
               for column in getattr(value, "columns", [name])]  # fmt: skip
    own = {**pool_quantities(question.pools), **sweep.quantities} if question.pools else sweep.quantities
    return resolve(formulas, columns=columns, scalars=scalars, quantities=own, law=question.law).steps


def _short(value: float) -> str:
    return number_text(float(f"{value:.2g}"))
