"""What one should know before following a plan: ranges left, ends reached, assumptions made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import log10
from typing import TYPE_CHECKING

from isoflop._plan_search import LEAST_ACTIVATION, ask_best
from isoflop._text.numbers import decades_text, number_text

if TYPE_CHECKING:
    from isoflop._plan_question import Question
    from isoflop._sweep.sweep import Sweep

ASSUMED = {
    "mfu": "what Llama 3.1 405B and DeepSeek-V3 reached in training",
    "inference_mfu": "not measured, and dependent on batch size, context and latency",
    "usd_per_gpu_hour": "a round price for rented H100s",
}
"""Inputs whose default is a judgement, and where it comes from; other defaults follow from the question."""

CLOSE = 0.99
"""Share of a limit from which on it is what decides."""


def remarks(question: Question, sweep: Sweep, plan: Mapping[str, float]) -> tuple[str, ...]:
    """Return sentences, the gravest first."""
    return tuple(_remarks(question, sweep, plan))


def _remarks(question: Question, sweep: Sweep, plan: Mapping[str, float]) -> Iterator[str]:
    law = question.law
    names = [name for name, _, _ in law.ranged]
    values = ask_best(sweep, question, columns=names).row(0, named=True)
    for name, low, high in law.ranged:
        decades = max(log10(values[name] / high), log10(low / values[name]))
        if decades > 0:
            yield (
                f"{name} {_short(values[name])} is {decades_text(decades)} outside the {_short(low)} to "
                f"{_short(high)} that {law.id} was fitted on"
            )
    if not law.ranged:
        yield f"{law.id} states no fitted range: how far the plan extrapolates is not known"
    if law.evidence == "V3":
        yield f"the coefficients of {law.id} were seen in one secondary source only"
    if question.mixture and plan["activation"] <= LEAST_ACTIVATION * 1.001:
        yield (
            f"activation is at the end of its axis, 1/{1 / LEAST_ACTIVATION:.0f}: nothing charges for more "
            "experts; limit serving_bytes, or give activation"
        )
    if any(name in law.variables for name in ("non_embedding_params", "active_non_embedding_params")):
        yield f"{law.id} counts sizes without embeddings, and so do params here: add both vocabulary matrices"
    yield from _limits(question, plan)
    yield from _assumptions(question, sweep, plan)


def _limits(question: Question, plan: Mapping[str, float]) -> Iterator[str]:
    for constraint in question.where:
        name, _, limit = constraint.partition(" <= ")
        try:
            most = float(limit)
        except ValueError:
            continue  # a formula of the user's own
        if plan.get(name, 0.0) > CLOSE * most:
            yield f"the limit on {name}, {number_text(most)}, is what decides"


def _assumptions(question: Question, sweep: Sweep, plan: Mapping[str, float]) -> Iterator[str]:
    asked = ("loss", "train_usd", *(["inference_usd"] if question.scalars.get("inference_tokens") else []))
    steps = sweep.steps(asked).filter(how="default").drop_nulls("value")
    defaults: dict[str, float] = dict(steps.select("name", "value").iter_rows())
    for name, origin in ASSUMED.items():
        if name in defaults:
            yield f"{name} {defaults[name]:g} is assumed: {origin}"
    if "mfu" in defaults and question.precision != "bf16":
        yield f"that mfu was seen in bf16: of the peak in {question.precision} DeepSeek-V3 reached 0.173"
    if "usd_per_gpu_hour" in defaults and question.gpu != "h100":
        yield f"that price is one of H100s, not of {question.gpu}"
    epochs = [value for name, value in plan.items() if name.endswith("epochs")]
    if "repetition_scale" in defaults and max(epochs) > 1 + 1e-9:
        yield (
            f"repeated data are discounted by R_D* = {defaults['repetition_scale']:.4g}, fitted as a "
            f"part of muennighoff2023 and borrowed for {question.law.id}"
        )


def _short(value: float) -> str:
    return number_text(float(f"{value:.2g}"))
