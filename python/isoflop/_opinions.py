"""Second opinions on a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isoflop._exceptions import LawError
from isoflop._law.allocation import allocation
from isoflop._law.catalogue import law as law_of_catalogue
from isoflop._law.evaluate import evaluate
from isoflop.catalog.files import allocation_ids, law_ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from isoflop._law.law import Law

FAR = 2.0
"""Decades of extrapolation beyond which an opinion is listed but not counted."""

SIZES = frozenset(("params", "active_params", "non_embedding_params", "active_non_embedding_params"))


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
            (loss,) = evaluate(law, ("loss",), plan, {}, 1)
            efficiency = law.equivalent_flops(float(loss[0])) / (flops * worth)
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
        if law != own and not law.superseded_by and _of_size_and_tokens(law):
            yield law


def _of_size_and_tokens(law: Law) -> bool:
    names = law.variables.keys()
    return bool(names & SIZES) and "tokens" in names and names - SIZES <= {"tokens", "unique_tokens"}
