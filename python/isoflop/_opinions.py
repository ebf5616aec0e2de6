"""Second opinions on a plan, and losses told in compute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isoflop._allocation import allocation
from isoflop._catalog import allocation_ids, law_ids
from isoflop._exceptions import LawError
from isoflop._law import law as law_of_catalogue
from isoflop._optimal import FLOPS
from isoflop._predict import evaluate

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from isoflop._law import Law
    from isoflop._plan_question import Floats

FAR = 2.0
"""Decades of extrapolation beyond which an opinion is listed but not counted."""

SIZES = frozenset(("params", "active_params", "non_embedding_params", "active_non_embedding_params"))

KNOTS, REACH = 4, 4.0
"""Optima for each factor of e of compute, and how many such factors to either side at first."""

FARTHEST = 16.0
"""Factors of e below the compute in question at which a loss is told as no compute at all."""


class Equivalent:
    """The compute at which a law's own optimum is as good as a loss, near a given compute.

    `Law.equivalent_flops` looks for each loss from nothing, which takes several hundred optima for each. Here
    a few dozen around the compute in question are found once, and what lies between them is interpolated to
    six digits.
    """

    def __init__(self, law: Law, flops: float) -> None:
        self._law = law
        self._flops = flops
        self._below = self._above = REACH
        self._known: tuple[Floats, Floats] | None = None

    def __call__(self, losses: Floats) -> Floats:
        """Return compute for losses: infinity where none reaches it, 0 for very bad ones, NaN for NaN."""
        if "equivalent_flops" in self._law.rows:
            return np.asarray(self._law.equivalent_flops(losses), dtype=float)
        result = np.where(np.isnan(losses), np.nan, 0.0)
        finite = losses[np.isfinite(losses)]
        if not finite.size:
            return result
        known = self._known or self._find()
        while finite.max() > known[0][-1] and self._below < FARTHEST:
            self._below *= 2
            known = self._find()
        while finite.min() < known[0][0] and self._flops * np.exp(self._above) < FLOPS[1]:
            self._above *= 2
            known = self._find()
        optima, budgets = known
        inside = (losses >= optima[0]) & (losses <= optima[-1])
        result[inside] = np.exp(_cubic(np.log(losses[inside]), np.log(optima), np.log(budgets)))
        result[losses < optima[0]] = np.inf
        return result

    def _find(self) -> tuple[Floats, Floats]:
        """Return optimal losses, rising, and their budgets."""
        low, high = self._flops * np.exp(-self._below), min(FLOPS[1], self._flops * np.exp(self._above))
        budgets = np.geomspace(high, low, int((self._below + self._above) * KNOTS) + 1)
        self._known = self._law.compute_optimal(budgets)["loss"].to_numpy(), budgets
        return self._known


def _cubic(x: Floats, knots: Floats, values: Floats) -> Floats:
    """Interpolate by the cubic through the four nearest knots."""
    first = np.clip(np.searchsorted(knots, x) - 2, 0, len(knots) - 4)
    near = first[:, None] + np.arange(4)
    result = np.zeros(len(x))
    for own in range(4):
        weight = np.ones(len(x))
        for other in range(4):
            if other != own:
                gap = knots[near[:, own]] - knots[near[:, other]]
                weight *= (x - knots[near[:, other]]) / gap
        result += weight * values[near[:, own]]
    return result


def opinions(
    own: Law, *, params: float, active_params: float, tokens: float, moe_gain: float | None
) -> pl.DataFrame:
    """Return what every law of size and tokens, and every allocation rule, says of a plan's training compute.

    Each counts the plan's tokens as fresh ones of its own corpus: the opinions are about the division between
    size and tokens. A law that reads ``moe_gain`` looks for the best mixture of the plan's sparsity, the
    others, and the rules, for the best dense model. A rule for mixtures is asked of mixtures only.

    Parameters
    ----------
    own
        The law that the plan rests on; it is among them whether or not the catalogue has it.
    params, active_params, tokens
        The plan.
    moe_gain
        What further experts are worth; ``None`` for a dense plan.

    Returns
    -------
    pl.DataFrame
        See `isoflop.Plan`.
    """
    import polars as pl

    flops = 6 * active_params * tokens
    rows = []
    taken = set()
    for law in _laws(own):
        sparsity = params / active_params if "moe_gain" in law.inputs else 1.0
        # A mixture is worth a dense model of `worth` times its active size, so the best one at some compute
        # is the best dense one at `worth` times as much.
        worth = sparsity ** (moe_gain or 0.0)
        try:
            optimum = law.compute_optimal(flops * worth)
        except LawError:
            continue  # no optimum at a fixed compute: no opinion
        size = optimum.to_series(1).item() / worth
        rule = law.optimal is not None and law.optimal.kind == "rule"
        if law.optimal is not None and law.optimal.rule:
            taken.add(law.optimal.rule)
        efficiency = None
        if not rule:
            plan = {optimum.columns[1]: np.array([active_params * worth]), "tokens": np.array([tokens])}
            efficiency = _equivalent(law, plan, flops * worth) / (flops * worth)
        rows.append(
            _row(law.id, "law", size * sparsity, size, optimum, efficiency, law.evidence)
            | {"own": law is own}
        )
    for id in allocation_ids():
        if id in taken:
            continue  # a law of the catalogue has spoken for it
        entry = allocation(id)
        if entry.sparse and params == active_params:
            continue
        optimum = entry.compute_optimal(flops)
        size = optimum.to_series(1).item()
        rows.append(_row(id, "rule", size, size, optimum, None, entry.evidence) | {"own": False})
    frame = pl.DataFrame(
        rows,
        schema={
            "id": pl.String,
            "kind": pl.String,
            "params": pl.Float64,
            "tokens": pl.Float64,
            "tokens_per_param": pl.Float64,
            "compute_efficiency": pl.Float64,
            "extrapolation": pl.Float64,
            "evidence": pl.String,
            "counts": pl.Boolean,
            "own": pl.Boolean,
        },
    )
    # The plan's own law, then those that count, then by what they recommend.
    return frame.sort("own", "counts", "tokens_per_param", descending=[True, True, False])


def _row(
    id: str,
    kind: str,
    params: float,
    active: float,
    optimum: pl.DataFrame,
    efficiency: float | None,
    evidence: str,
) -> dict[str, object]:
    tokens = optimum["tokens"].item()
    decades = optimum["extrapolation"].item() if "extrapolation" in optimum.columns else None
    return {
        "id": id,
        "kind": kind,
        "params": params,
        "tokens": tokens,
        "tokens_per_param": tokens / active,
        "compute_efficiency": efficiency,
        "extrapolation": decades,
        "evidence": evidence,
        "counts": evidence != "V3" and (decades is None or decades <= FAR),
    }


def _laws(own: Law) -> Iterator[Law]:
    yield own
    for id in law_ids():
        law = law_of_catalogue(id)
        if law != own and _of_size_and_tokens(law):
            yield law


def _of_size_and_tokens(law: Law) -> bool:
    names = law.variables.keys()
    return bool(names & SIZES) and "tokens" in names and names - SIZES <= {"tokens", "unique_tokens"}


def _equivalent(law: Law, plan: dict[str, Floats], flops: float) -> float:
    """Return the compute at which the law's optimum is as good as a plan, which costs `flops`."""
    if "equivalent_flops" in law.rows:
        asked = ("loss", "equivalent_flops")  # at once: half the time of one after the other
        return float(evaluate(law, asked, plan, {}, 1)[1][0])
    (loss,) = evaluate(law, ("loss",), plan, {}, 1)
    return float(Equivalent(law, flops)(loss)[0])
