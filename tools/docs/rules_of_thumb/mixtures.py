"""Mixtures of experts: how many tokens an active parameter asks for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import log
from typing import Any, TypeAlias

import numpy as np
import polars as pl

import isoflop as iso
from prose import count, flop, listed, number, paragraph, quoted, table, table_of
from rules_of_thumb.shared import mark, marks

MOE_BUDGETS = (1e20, 1e21, 1e22, 1e23)
COUNTS = (1, 2, 4, 8, 16, 32)
GAIN = 0.35
LING = 1 / 0.078  # Tian et al. 2025: 7.8 % of the experts are active
# Krajewski et al. 2024, Table 2, as printed: active size, tokens, training FLOP.
KRAJEWSKI = [
    (100e6, 4.37e9, 2.95e18), (1e9, 28.94e9, 1.93e20), (7e9, 137.60e9, 6.46e21), (70e9, 941.07e9, 4.16e23),
]  # fmt: skip
# At 64 times the feed-forward parameters 8*64 + 4 parts are stored and 12 are active.
KRAJEWSKI_STORED = (8 * 64 + 4) / 12

Moe: TypeAlias = dict[float, tuple[list[float], list[float], list[str]]]


def stored_per_active(active: float, experts: int) -> float:
    """Return stored over active parameters of Ludziejewski's Switch models of an active size."""
    widths = np.asarray(iso.geomspace(128, 65536, 20001))
    plans = {"d_model": widths, "layers": widths / 64}
    found = table_of(
        {**plans, "vocab_size": [50257.0] * len(widths), "experts": [float(experts)] * len(widths)},
        ["switch_active_params", "switch_params"],
    )
    row = found.filter(pl.col("switch_active_params") >= active).row(0, named=True)
    return float(row["switch_params"] / row["switch_active_params"])


@cache
def moe() -> dict[str, Moe]:
    """Return by law and by experts: stored over active parameters, tokens per active parameter, marks."""
    found: dict[str, Moe] = {"ludziejewski2025": {}}
    for experts in COUNTS:
        frame = iso.law("ludziejewski2025").compute_optimal(MOE_BUDGETS, experts=experts)
        stored = [stored_per_active(size, experts) for size in frame["active_params"]]
        found["ludziejewski2025"][experts] = stored, tokens_per(frame, "active_params"), marks(frame)
    settings: dict[str, Callable[[int], dict[str, Any]]] = {
        "abnar2025": lambda n: {"sparsity": 1 - 1 / n},
        "zhao2025": lambda _: {"active_experts": 8, "shared_expert_ratio": 0.125},
        "besiroglu2024": lambda _: {"moe_gain": GAIN},
        "hoffmann2022-tex": lambda _: {"moe_gain": GAIN},
    }
    for id, given in settings.items():
        found[id] = {}
        for n in COUNTS:
            frame = iso.law(id).compute_optimal(MOE_BUDGETS, activation=1 / n, **given(n))
            found[id][n] = [float(n)] * len(MOE_BUDGETS), tokens_per(frame, "params", 1 / n), marks(frame)
    # Routing is not counted here.
    active = 1 / KRAJEWSKI_STORED
    dense = iso.law("krajewski2024-dense").compute_optimal(MOE_BUDGETS)
    sparse = iso.law("krajewski2024").compute_optimal(MOE_BUDGETS, granularity=8)
    size = "non_embedding_params"
    found["krajewski2024"] = {
        1: ([1.0] * len(MOE_BUDGETS), tokens_per(dense, size), marks(dense)),
        64: ([1 / active] * len(MOE_BUDGETS), tokens_per(sparse, size, active), marks(sparse)),
    }
    # The stored size of Ling's models is not determined.
    found["tian2025"] = {}
    for one_in, size_ratio, id in ((1.0, 1.0, "tian2025-dense"), (LING, float("nan"), "tian2025-moe")):
        frame = iso.allocation(id).compute_optimal(MOE_BUDGETS)
        ratio = tokens_per(frame, "params")
        found["tian2025"][one_in] = [size_ratio] * len(MOE_BUDGETS), ratio, marks(frame)
    return found


def tokens_per(frame: pl.DataFrame, size: str, active: float = 1.0) -> list[float]:
    """Return tokens per active parameter, where a share of the parameters counted as `size` is active."""
    return (frame["tokens"] / (active * frame[size])).to_list()


def powers(cells: Moe) -> list[float]:
    """Return, by budget, the power of stored over active parameters by which tokens per active one grow."""
    first, last = min(cells), max(cells)
    return [
        log(cells[last][1][i] / cells[first][1][i]) / log(cells[last][0][i] / cells[first][0][i])
        for i in range(len(MOE_BUDGETS))
    ]


def experts() -> list[str]:
    """Return the section on mixtures of experts."""
    rows, power_rows, found = [], [], {}
    for id, cells in moe().items():
        for n, (stored, ratio, flags) in cells.items():
            texts = [
                f"{number(r)} ({'?' if s != s else number(r / s)}){f}"
                for s, r, f in zip(stored, ratio, flags, strict=True)
            ]
            rows.append((f"`{id}`", f"1 in {number(n)}" if id == "tian2025" and n > 1 else number(n), *texts))
        if id != "tian2025":
            found[id] = powers(cells)
            power_rows.append((f"`{id}`", *(f"{x:.2f}" for x in found[id])))
    gains = iso.law("besiroglu2024").coefficients
    expected = 2 * GAIN * gains["alpha"] / (gains["alpha"] + gains["beta"])
    more = [id for id, x in found.items() if min(x) > 0.02]
    fewer = [id for id, x in found.items() if max(x) < -0.02]
    agree = "The laws do not agree with each other" if more and fewer else "The laws agree on the sign"
    exact = [id for id in found if id not in more and id not in fewer]
    falling = [id for id in more if found[id][-1] < 0.8 * found[id][0]]
    spans = {id: f"{min(found[id]):.2f} to {max(found[id]):.2f}" for id in (*more, *fewer)}
    most = max(x for id in more for x in found[id])
    ling = moe()["tian2025"]
    growth = [a / b for a, b in zip(ling[LING][1], ling[1][1], strict=True)]
    sparsest = {
        id: cells[max(cells)][1][1] / cells[min(cells)][1][1] for id, cells in moe().items() if id in more
    }
    flops = [row[2] for row in KRAJEWSKI]
    baseline = iso.law("krajewski2024-dense").compute_optimal(flops)
    dense = (baseline["tokens"] / baseline["non_embedding_params"]).to_list()
    verdict = (
        "By most of the laws the rule gives sparse models too few tokens; by how many, they do not agree."
        if len(more) > len(found) / 2
        else "For a correction of the rule there is no majority."
    )
    largest = iso.law("krajewski2024").variables["non_embedding_params"].range
    assert largest is not None
    paper = [
        (
            count(p),
            flop(c),
            f"{number(d / p)}{mark(log(p * KRAJEWSKI_STORED / largest[1]) / log(10))}",
            number(base),
        )
        for (p, d, c), base in zip(KRAJEWSKI, dense, strict=True)
    ]
    sides = [d / p < base for (p, d, _), base in zip(KRAJEWSKI, dense, strict=True)]
    return [
        "## The data need of a mixture of experts goes by its active parameters",
        paragraph(f"""Optimal tokens per active parameter, and per stored one in parentheses, by number of
            experts, one of them active (for `krajewski2024` the expansion). If the rule held, the first
            number would not change down a law's rows. For `ludziejewski2025` the stored size follows
            from its Switch architecture; for
            `abnar2025`, `zhao2025` and the dense laws (with `moe_gain` {number(GAIN)}) one in n parameters is
            active; `zhao2025` has 8 active experts and an eighth of them shared. `krajewski2024` is fitted at
            64 times the feed-forward parameters only (here at a granularity of 8, routing not counted) and
            stands beside its own dense baseline. `tian2025` has one rule for dense models and one for 7.8 %
            active experts; its size is FLOP per token over six."""),
        table(["law", "experts", *(f"{flop(c)} FLOP" for c in MOE_BUDGETS)], rows),
        paragraph("""The rows in one number: tokens per active parameter grow as (stored / active)^s, from the
            first to the last row of each law. At s = 0 the rule holds; at s = 1 data would go by the stored
            parameters."""),
        table(["law", *(f"s at {flop(c)}" for c in MOE_BUDGETS)], power_rows),
        paragraph(f"""{agree}; the rule (s = 0) is met by {quoted(exact)}. Under {quoted(more)} a sparser
            model wants more tokens per active parameter (s up to {number(most, 2)}): at
            {flop(MOE_BUDGETS[1])} FLOP the sparsest rows have {number(min(sparsest.values()))} to
            {number(max(sparsest.values()))} times the dense number. Under {quoted(fewer)} it wants fewer
            ({listed(f"s from {spans[id]}" for id in fewer) or "none"}). Dense laws with a gain g have s = 2 g
            alpha / (alpha + beta) at every budget, {number(expected, 2)} under `besiroglu2024`, by
            construction. For {quoted(falling)} s falls with the budget (to
            {listed(f"{found[id][-1]:.2f}" for id in falling)} at {flop(MOE_BUDGETS[-1])}): there the rule
            becomes better the larger the model. Ling's rules give {number(growth[0])} times the dense tokens
            per active parameter at {flop(MOE_BUDGETS[0])} and {number(growth[-1])} times at
            {flop(MOE_BUDGETS[-1])}. {verdict}"""),
        paragraph(f"""Krajewski et al. 2024 printed optima with routing counted (their Table 2): tokens per
            active parameter, beside ours for its dense baseline at the same compute. The sparse model has the
            lower ratio in {sum(sides)} of {len(sides)} rows. Marks by the stored size,
            {number(KRAJEWSKI_STORED)} times the active one."""),
        table("active size | FLOP, printed | D / active, printed | D / P, dense, ours", paper),
    ]
