"""Plans: against the laws' own optima, brute force, and published examples; and what is refused."""

from __future__ import annotations

import math
import pickle
import re
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from cyclopts import App

import isoflop as iso
from isoflop.cli._messages import Mistake
from isoflop.cli._plan import plan as plan_command

BESIROGLU = iso.law("besiroglu2024")
SARDANA = iso.law("sardana2024")
SCALE = 15.387756
H100, MFU, PRICE = 9.89e14, 0.35, 2.0

TWO = pl.DataFrame(
    {
        "pool": ["curated", "web"],
        "quality": [1.0, 0.4],
        "unique_tokens": [1e12, None],
        "usd_per_token": [4e-7, 2e-8],
    }
)
THREE = pl.DataFrame(
    {
        "pool": ["curated", "web", "code"],
        "quality": [1.0, 0.4, 0.8],
        "unique_tokens": [1e12, None, 5e11],
        "usd_per_token": [4e-7, 2e-8, 1e-7],
    }
)

QUESTIONS: dict[str, dict[str, Any]] = {
    "flops": {"flops": 5.76e23},
    "usd": {"usd": 1e7, "usd_per_token": 1e-6, "unique_tokens": 5e11},
    "days": {"gpu_count": 2048, "days": 60},
    "serving": {"flops": 1e23, "goal": "serving", "inference_tokens": 1e12},
    "data": {"flops": 1e25, "goal": "data", "params": 7e10, "pools": TWO},
    "pools": {"usd": 2e7, "pools": TWO},
    "three": {"usd": 5e6, "pools": THREE},
    "limit": {"flops": 1e24, "serving_bytes": 4e10},
    "mixture": {"flops": 1e24, "moe_gain": 0.35, "serving_bytes": 2e11},
    "search": {"flops": 1e23, "law": "muennighoff2023", "unique_tokens": 1e11},
}


@cache
def planned(name: str) -> iso.Plan:
    return iso.plan(**QUESTIONS[name])


def row_of(plan: iso.Plan) -> dict[str, Any]:
    (row,) = plan.recommended.to_dicts()
    return row


def worth(tokens: Any, quality: float, unique: float) -> Any:
    fresh = np.minimum(tokens, unique)
    repeats = np.maximum(tokens / unique - 1, 0)
    return quality * fresh * (1 + SCALE * (1 - np.exp(-repeats / SCALE)))


def loss(params: Any, effective_tokens: Any) -> Any:
    c = BESIROGLU.coefficients
    return c["E"] + c["A"] / params ** c["alpha"] + c["B"] / effective_tokens ** c["beta"]


# The lowest loss --------------------------------------------------------------------------------------


@pytest.mark.parametrize("flops", [1e21, 1e22, 1e23, 1e24, 1e25, 1e26])
def test_the_lowest_loss_for_a_budget_is_the_law_s_own_optimum(flops: float) -> None:
    optimum = BESIROGLU.compute_optimal(flops).row(0, named=True)
    dollars = flops / (H100 * MFU * 3600) * PRICE
    days = flops / (1000 * H100 * MFU * 86400)
    budgets: list[dict[str, Any]] = [{"flops": flops}, {"usd": dollars}, {"gpu_count": 1000, "days": days}]
    for budget in budgets:
        row = row_of(iso.plan(**budget))
        assert row["train_flops"] == pytest.approx(flops, rel=1e-9)
        assert row["params"] == pytest.approx(optimum["params"], rel=2e-3)
        assert row["tokens"] == pytest.approx(optimum["tokens"], rel=2e-3)
        assert row["loss"] == pytest.approx(optimum["loss"], rel=1e-6)
        assert row["train_usd"] == pytest.approx(dollars, rel=1e-9)


def test_a_law_that_has_to_be_searched_is_planned_as_well() -> None:
    law = iso.law("muennighoff2023")
    optimum = law.compute_optimal(1e23, unique_tokens=1e11).row(0, named=True)
    row = row_of(planned("search"))
    assert row["params"] == pytest.approx(optimum["params"], rel=5e-3)
    assert row["loss"] == pytest.approx(optimum["loss"], rel=1e-7)


def test_a_budget_of_dollars_pays_for_data_too_and_is_spent_to_the_last() -> None:
    row = row_of(planned("usd"))
    assert row["train_usd"] + row["data_usd"] == pytest.approx(1e7, rel=1e-9)
    assert row["data_usd"] == pytest.approx(1e-6 * min(row["tokens"], 5e11), rel=1e-9)
    params = np.geomspace(1e9, 1e13, 200_001)
    per_token = PRICE * 6 * params / (H100 * MFU * 3600)
    tokens = np.maximum(1e7 / (per_token + 1e-6), (1e7 - 5e5) / per_token)
    assert row["loss"] == pytest.approx(loss(params, worth(tokens, 1, 5e11)).min(), rel=1e-8)


def test_repeated_data_make_the_best_model_larger_and_are_warned_of() -> None:
    plenty = row_of(iso.plan(flops=1e24))
    plan = iso.plan(flops=1e24, unique_tokens=1e11)
    row = row_of(plan)
    params = np.geomspace(1e9, 1e13, 200_001)
    losses = loss(params, worth(1e24 / 6 / params, 1, 1e11))
    assert row["loss"] == pytest.approx(losses.min(), rel=1e-8)
    assert row["params"] == pytest.approx(params[losses.argmin()], rel=5e-3)
    assert row["params"] > plenty["params"]
    assert row["epochs"] == pytest.approx(row["tokens"] / 1e11)
    assert any("R_D* = 15.39" in text and "besiroglu2024" in text for text in plan.warnings)
    assert not any("R_D*" in text for text in iso.plan(flops=1e24).warnings)


def test_better_data_is_worth_more_tokens() -> None:
    row = row_of(iso.plan(flops=1e22, quality=0.5))
    optimum = BESIROGLU.compute_optimal(1e22, quality=0.5).row(0, named=True)
    assert row["params"] == pytest.approx(optimum["params"], rel=2e-3)
    assert row["loss"] == pytest.approx(optimum["loss"], rel=1e-8)


def test_a_limit_on_serving_binds() -> None:
    plan = planned("limit")
    row = row_of(plan)
    assert row["params"] == 2e10
    assert "the limit on serving_bytes, 4e10, is what decides" in plan.warnings
    free = row_of(iso.plan(flops=1e24, serving_bytes=1e13))
    assert free["params"] == pytest.approx(BESIROGLU.compute_optimal(1e24)["params"].item(), rel=2e-3)


def test_further_constraints_hold() -> None:
    row = row_of(iso.plan(flops=1e24, where=["tokens_per_param >= 100", "params >= 1e9"]))
    assert row["tokens_per_param"] == pytest.approx(100, rel=5e-3)
    assert row["tokens_per_param"] >= 100


def test_a_mixture_is_as_sparse_as_its_memory_allows() -> None:
    row = row_of(planned("mixture"))
    activation = np.geomspace(1 / 64, 1, 20_001)
    active = 1e11 * activation
    losses = loss(active * activation**-0.35, 1e24 / 6 / active)
    assert row["loss"] == pytest.approx(losses.min(), rel=1e-6)
    assert row["activation"] == pytest.approx(activation[losses.argmin()], rel=2e-2)
    assert row["params"] == pytest.approx(1e11, rel=2e-3)
    assert row["active_params"] == pytest.approx(row["params"] * row["activation"])


def test_without_a_limit_a_mixture_goes_to_the_end_of_the_axis_and_says_so() -> None:
    plan = iso.plan(flops=1e24, moe_gain=0.35)
    row = row_of(plan)
    optimum = BESIROGLU.compute_optimal(1e24, activation=1 / 64, moe_gain=0.35).row(0, named=True)
    assert row["activation"] == 1 / 64
    assert row["params"] == pytest.approx(optimum["params"], rel=1e-2)
    assert row["loss"] == pytest.approx(optimum["loss"], rel=1e-6)
    assert any(text.startswith("activation is at the end of its axis, 1/64") for text in plan.warnings)


def test_a_given_share_of_active_parameters_is_kept() -> None:
    row = row_of(iso.plan(flops=1e24, moe_gain=0.35, activation=1 / 8))
    optimum = BESIROGLU.compute_optimal(1e24, activation=1 / 8, moe_gain=0.35).row(0, named=True)
    assert row["activation"] == 1 / 8
    assert row["params"] == pytest.approx(optimum["params"], rel=2e-3)


def test_the_best_of_two_pools_is_that_of_brute_force() -> None:
    row = row_of(planned("pools"))
    assert row["train_usd"] + row["data_usd"] == pytest.approx(2e7, rel=1e-9)
    params = np.geomspace(5e10, 2e12, 1001)[:, None]
    curated = np.concatenate([[0], np.geomspace(1e10, 1e14, 4001), [1e12]])
    per_token = PRICE * 6 * params / (H100 * MFU * 3600)
    left = 2e7 - per_token * curated - 4e-7 * np.minimum(curated, 1e12)
    web = left / (per_token + 2e-8)
    with np.errstate(invalid="ignore"):
        losses = loss(params, worth(curated, 1, 1e12) + 0.4 * web)
    best = np.nanmin(np.where(left >= 0, losses, np.nan))
    assert row["loss"] <= best * (1 + 1e-7)
    assert row["loss"] == pytest.approx(best, rel=1e-5)


def test_three_pools_are_used_at_least_as_well_as_any_two() -> None:
    row = row_of(planned("three"))
    parts = [row[f"{name}_tokens"] for name in ("curated", "web", "code")]
    assert row["tokens"] == pytest.approx(sum(parts), rel=1e-9)
    assert min(parts) >= 0
    for left_out in ("curated", "web", "code"):
        fewer = THREE.filter(pl.col("pool") != left_out)
        assert row["loss"] <= row_of(iso.plan(usd=5e6, pools=fewer))["loss"] * (1 + 1e-6)


def test_one_pool_is_the_same_as_none() -> None:
    pool: dict[str, Any] = {
        "pool": ["only"],
        "quality": [0.7],
        "unique_tokens": [1e11],
        "usd_per_token": [1e-7],
    }
    pooled = row_of(iso.plan(usd=1e6, pools=pool))
    alone = row_of(iso.plan(usd=1e6, quality=0.7, unique_tokens=1e11, usd_per_token=1e-7))
    for name in ("params", "tokens", "loss", "total_usd"):
        assert pooled[name] == pytest.approx(alone[name], rel=1e-6)


# Serving ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "tokens", "served", "best_size", "more_tokens", "saving"),
    [
        # Sardana et al. 2024: the quality of the Chinchilla-optimal model of that size.
        (30e9, 1.556e12, 5e12, 16.41e9, 3.265 / 1.556, 0.163),
        (7e9, None, 1e11, 6.00e9, 1.176, None),
    ],
)
def test_serving_reproduces_sardana(
    size: float,
    tokens: float | None,
    served: float,
    best_size: float,
    more_tokens: float,
    saving: float | None,
) -> None:
    if tokens is None:
        budgets = np.geomspace(1e21, 1e23, 4001)
        optima = SARDANA.compute_optimal(budgets)
        tokens = float(np.interp(size, optima["params"], optima["tokens"]))
    target = SARDANA.loss(params=size, tokens=tokens)
    plan = iso.plan(
        goal="serving", law="sardana2024", target_loss=target, inference_tokens=served, inference_mfu=MFU
    )
    row = row_of(plan)
    assert row["params"] == pytest.approx(best_size, rel=0.01)
    assert row["tokens"] == pytest.approx(tokens * more_tokens, rel=0.01)
    assert row["loss"] == pytest.approx(target, rel=1e-6)
    assert row["loss"] <= target
    assert plan.baseline is not None
    (other,) = plan.baseline.to_dicts()
    assert other["params"] == pytest.approx(size, rel=0.01)
    if saving is not None:
        assert 1 - row["lifetime_flops"] / other["lifetime_flops"] == pytest.approx(saving, abs=5e-3)


def test_serving_is_the_cheapest_life_within_the_budget_and_five_percent_of_the_best() -> None:
    plan = planned("serving")
    best = BESIROGLU.compute_optimal(1e23).row(0, named=True)
    row = row_of(plan)
    assert BESIROGLU.equivalent_flops(row["loss"]) / 1e23 == pytest.approx(0.95, rel=1e-4)
    assert BESIROGLU.equivalent_flops(row["loss"]) >= 0.95e23 * (1 - 1e-6)
    assert row["params"] < best["params"]
    assert row["train_flops"] <= 1e23
    assert plan.baseline is not None
    other = plan.baseline.row(0, named=True)
    cheapest = BESIROGLU.compute_optimal(0.95e23).row(0, named=True)
    assert other["params"] == pytest.approx(cheapest["params"], rel=5e-3)
    assert row["total_usd"] < other["total_usd"]
    # Brute force over sizes, each trained until it is as good.
    c = BESIROGLU.coefficients
    params = np.geomspace(3e9, 3e10, 20_001)
    with np.errstate(invalid="ignore"):
        tokens = (c["B"] / (cheapest["loss"] - c["E"] - c["A"] / params ** c["alpha"])) ** (1 / c["beta"])
    tokens = np.where(6 * params * tokens <= 1e23, tokens, np.nan)
    price = PRICE / (H100 * 3600)
    usd = price * (6 * params * tokens / MFU + 2 * params * 1e12 / 0.10)
    assert row["total_usd"] == pytest.approx(np.nanmin(usd), rel=1e-4)
    assert row["params"] == pytest.approx(params[np.nanargmin(usd)], rel=0.01)


def test_limits_hold_for_the_served_plan_and_for_what_it_is_compared_with() -> None:
    free = row_of(planned("serving"))
    question = QUESTIONS["serving"] | {"serving_bytes": free["weight_bytes"] / 2}
    row = row_of(iso.plan(**question))
    limited = {name: value for name, value in question.items() if name != "goal"}
    best = row_of(iso.plan(**limited))
    assert row["params"] <= free["params"] / 2
    worth, most = (BESIROGLU.equivalent_flops(one["loss"]) for one in (row, best))
    assert 0.95 - 1e-6 <= worth / most < 0.951
    cap = 0.8 * free["train_flops"]
    capped = row_of(iso.plan(**QUESTIONS["serving"], train_flops_max=cap))
    assert capped["train_flops"] <= cap
    within = BESIROGLU.equivalent_flops(capped["loss"]) / cap
    assert within == pytest.approx(0.95, rel=1e-3)


def test_within_says_how_much_worse_a_served_model_may_be() -> None:
    rows = [row_of(iso.plan(**QUESTIONS["serving"], within=share)) for share in (0.0, 0.01, 0.2)]
    worths = [BESIROGLU.equivalent_flops(row["loss"]) / 1e23 for row in rows]
    np.testing.assert_allclose(worths, [1.0, 0.99, 0.8], rtol=1e-4)
    costs = [row["total_usd"] for row in rows]
    assert costs == sorted(costs, reverse=True)


# Data -------------------------------------------------------------------------------------------------


def test_the_data_for_a_given_size_are_those_of_brute_force() -> None:
    row = row_of(planned("data"))
    total = 1e25 / 6 / 7e10
    curated = np.linspace(0, total, 1_000_001)
    losses = loss(7e10, worth(curated, 1, 1e12) + 0.4 * (total - curated))
    assert row["params"] == 7e10
    assert row["tokens"] == pytest.approx(total, rel=1e-12)
    assert row["curated_tokens"] == pytest.approx(curated[losses.argmin()], rel=1e-2)
    assert row["curated_epochs"] == pytest.approx(row["curated_tokens"] / 1e12)
    assert row["loss"] == pytest.approx(losses.min(), rel=1e-8)


def test_more_data_is_the_plan_with_twice_the_supply() -> None:
    plan = planned("data")
    assert plan.more_data is not None
    (more,) = plan.more_data.to_dicts()  # the other pool is endless
    doubled = TWO.with_columns(unique_tokens=pl.Series([2e12, None]))
    again = row_of(iso.plan(**QUESTIONS["data"] | {"pools": doubled}))
    before = row_of(plan)["loss"]
    assert (more["pool"], more["unique_tokens"]) == ("curated", 2e12)
    assert more["loss"] == pytest.approx(again["loss"], rel=1e-9)
    assert more["loss_change"] == pytest.approx(again["loss"] - before, rel=1e-4)
    worth_ = BESIROGLU.equivalent_flops(more["loss"]) / BESIROGLU.equivalent_flops(before) - 1
    assert more["compute_change"] == pytest.approx(worth_, rel=1e-9)
    assert planned("flops").more_data is None


def test_more_data_without_pools_is_more_unique_tokens() -> None:
    question: dict[str, Any] = {"flops": 1e23, "goal": "data", "params": 7e9}
    plan = iso.plan(**question, unique_tokens=1e11)
    assert plan.more_data is not None
    (more,) = plan.more_data.to_dicts()
    assert more["unique_tokens"] == 2e11
    assert more["loss"] == pytest.approx(row_of(iso.plan(**question, unique_tokens=2e11))["loss"], rel=1e-12)


# What surrounds a plan --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_number_can_be_computed_again_from_the_sweep(name: str) -> None:
    plan = planned(name)
    columns = plan.recommended.columns
    with pytest.warns(iso.IsoflopWarning):
        best = plan.sweep.best(minimize="loss", columns=columns).select(columns)
    assert best.equals(plan.recommended)
    free = [name for name, values in plan.sweep.axes.items() if not isinstance(values, float)]
    budget = plan.margins.columns[1]
    for row in plan.front.iter_rows(named=True):
        # What is spent is an axis, or follows from the tokens of the pools.
        axes = dict(plan.sweep.axes) | {axis: row[axis] for axis in free}
        if budget in plan.sweep.axes:
            axes[budget] = row[budget]
        again = plan.sweep.replace(axes=axes, where=()).table(columns=columns).row(0, named=True)
        for column in columns:
            assert row[column] == pytest.approx(again[column], rel=1e-9, abs=1e-3), column


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_front_is_one_and_has_the_plan_in_it(name: str) -> None:
    plan = planned(name)
    budget = plan.front.columns[0]
    assert plan.front.columns[:2] == [budget, plan.margins.columns[2]]
    (own,) = plan.front.filter("recommended").to_dicts()
    assert {column: own[column] for column in plan.recommended.columns} == row_of(plan)
    assert plan.front[budget].is_sorted()
    assert plan.front["loss"].is_sorted(descending=True)
    assert plan.front[budget].min() >= own[budget] * 0.0999
    assert plan.front[budget].max() <= own[budget] * 10.001
    assert 8 <= plan.front.height <= 15


def test_the_front_of_plans_without_limits_is_that_of_the_law() -> None:
    front = planned("flops").front
    optima = BESIROGLU.compute_optimal(front["train_flops"])
    assert front.height == 15
    np.testing.assert_allclose(front["loss"], optima["loss"], rtol=1e-8)
    np.testing.assert_allclose(front["params"], optima["params"], rtol=5e-3)


def test_ranges_end_where_compute_is_worth_as_much_as_they_say() -> None:
    plan = planned("flops")
    here = BESIROGLU.equivalent_flops(row_of(plan)["loss"])
    assert plan.ranges["axis"].to_list() == ["params", "tokens"]
    for row in plan.ranges.iter_rows(named=True):
        assert row["low_20"] < row["low_5"] < row["recommended"] < row["high_5"] < row["high_20"]
        for level, ends in ((0.95, ("low_5", "high_5")), (0.80, ("low_20", "high_20"))):
            for end in ends:
                params = row[end] if row["axis"] == "params" else 5.76e23 / 6 / row[end]
                moved = BESIROGLU.loss(params=params, tokens=5.76e23 / 6 / params)
                assert level <= BESIROGLU.equivalent_flops(moved) / here < level + 0.005


def test_ranges_choose_all_other_axes_anew() -> None:
    # With the sparsity moved, the size is the best for it within the memory.
    plan = planned("mixture")
    here = BESIROGLU.equivalent_flops(row_of(plan)["loss"])
    ranges = {row["axis"]: row for row in plan.ranges.iter_rows(named=True)}
    assert list(ranges) == ["params", "activation", "tokens"]
    for end, level in (("low_20", 0.80), ("low_5", 0.95), ("high_5", 0.95)):
        share = ranges["activation"][end]
        params = np.geomspace(1e10, 1e11, 10_001)
        active = params * share
        best = float(loss(active * share**-0.35, 1e24 / 6 / active).min())
        assert level - 1e-3 <= BESIROGLU.equivalent_flops(best) / here < level + 0.01
    assert ranges["activation"]["high_20"] == 1
    assert ranges["params"]["high_5"] == ranges["params"]["high_20"] <= 1e11


def test_ranges_of_pools_reach_down_to_nothing_and_follow_the_tokens() -> None:
    plan = planned("pools")
    ranges = {row["axis"]: row for row in plan.ranges.iter_rows(named=True)}
    assert list(ranges) == ["params", "tokens", "curated_tokens", "web_tokens"]
    web = ranges["web_tokens"]
    assert web["recommended"] == web["low_5"] == web["low_20"] == 0
    assert 0 < web["high_5"] < web["high_20"]
    # All tokens may come from the one pool: it can move as far as all tokens can.
    for end in ("low_5", "high_5", "high_20"):
        assert ranges["curated_tokens"][end] == pytest.approx(ranges["tokens"][end], rel=0.02)


@pytest.mark.parametrize("name", ["flops", "days"])
def test_margins_are_the_optima_of_other_budgets(name: str) -> None:
    plan = planned(name)
    row = row_of(plan)
    shares = plan.margins["share"].to_list()
    assert shares == [0.9, 1.0, 1.1]
    budgets = row["train_flops"] * np.array(shares)
    optima = BESIROGLU.compute_optimal(budgets)["loss"].to_numpy()
    np.testing.assert_allclose(plan.margins["loss"], optima, rtol=1e-7)
    np.testing.assert_allclose(plan.margins["loss_change"], optima - optima[1], atol=1e-7)
    np.testing.assert_allclose(plan.margins["compute_change"], [-0.1, 0, 0.1], atol=1e-5)
    given = row[plan.margins.columns[1]]
    np.testing.assert_allclose(plan.margins[:, 1], given * np.array(shares), rtol=1e-12)


def test_more_of_the_budget_than_limits_let_one_spend_is_left() -> None:
    where = ["tokens <= 2e12", "params <= 9e10"]
    plan = iso.plan(flops=1e24, where=where)
    assert plan.margins["loss"].is_null().to_list() == [False, False, False]
    corner = BESIROGLU.loss(params=9e10, tokens=2e12)
    assert plan.margins["loss"][-1] == pytest.approx(corner, rel=1e-6)
    more = iso.plan(flops=2e24, where=where)
    row = row_of(more)
    assert (row["params"], row["tokens"]) == (9e10, pytest.approx(2e12, rel=1e-3))
    assert row["tokens"] <= 2e12
    assert any(text.startswith("46 % of the budget is left") for text in more.warnings)
    for limit in where:
        assert f"the limit `{limit}` is what decides" in more.warnings
    assert repr(more)


@pytest.mark.parametrize("name", ["flops", "search", "mixture"])
def test_opinions_are_what_the_laws_say(name: str) -> None:
    plan = planned(name)
    row = row_of(plan)
    mixture = {"activation": row["activation"], "moe_gain": 0.35} if name == "mixture" else {}
    laws = plan.opinions.filter(kind="law")
    assert laws.height > 10
    assert plan.opinions["own"].to_list() == [True] + [False] * (plan.opinions.height - 1)
    for opinion in laws.iter_rows(named=True):
        law = iso.law(opinion["id"])
        rule = law.optimal is not None and law.optimal.kind == "rule"
        given = {} if rule else mixture
        flops = row["train_flops"]
        if rule and mixture:
            continue
        optimum = law.compute_optimal(flops, **given).row(0, named=True)
        size = optimum.get("params", optimum.get("non_embedding_params"))
        assert opinion["params"] == pytest.approx(size, rel=1e-4)
        assert opinion["tokens"] == pytest.approx(optimum["tokens"], rel=1e-4)
        if rule:
            assert opinion["compute_efficiency"] is None
            continue
        loss_ = law.loss(params=row["params"], tokens=row["tokens"], **given)
        expected = law.equivalent_flops(loss_, **given) / flops
        assert opinion["compute_efficiency"] == pytest.approx(expected, rel=1e-4)
        assert opinion["extrapolation"] == pytest.approx(optimum.get("extrapolation"), abs=1e-4)


def test_rules_are_heard_once_and_without_an_efficiency() -> None:
    plan = planned("flops")
    rules = plan.opinions.filter(kind="rule")
    assert "llama3-2024" in rules["id"]
    assert "kaplan2020" not in rules["id"]  # the law of that name uses the rule
    assert rules["compute_efficiency"].is_null().all()
    for opinion in rules.iter_rows(named=True):
        expected = iso.allocation(opinion["id"]).compute_optimal(5.76e23).row(0, named=True)
        assert opinion["tokens_per_param"] == pytest.approx(expected["tokens_per_param"])


def test_opinions_without_ground_are_listed_but_do_not_count() -> None:
    plan = planned("flops")
    for opinion in plan.opinions.iter_rows(named=True):
        far = (opinion["extrapolation"] or 0) > 2
        assert opinion["counts"] == (opinion["evidence"] != "V3" and not far)
    counted = plan.opinions.filter("counts")["tokens_per_param"]
    assert plan.spread == (counted.min(), counted.max())
    assert not plan.opinions.filter(id="kaplan2020")["counts"].item()


def test_a_law_of_one_s_own_is_among_the_opinions() -> None:
    formula = "E + A/effective_params**0.3 + B/effective_tokens**0.3"
    mine = iso.Law(formula, {"E": 1.7, "A": 300, "B": 900}, id="mine")
    plan = iso.plan(flops=1e23, law=mine)
    first = plan.opinions.row(0, named=True)
    assert (first["id"], first["own"]) == ("mine", True)
    assert first["compute_efficiency"] == pytest.approx(1, abs=1e-5)
    assert "mine states no fitted range: how far the plan extrapolates is not known" in plan.warnings
    assert "extrapolation" not in plan.recommended.columns


@pytest.mark.parametrize("id", ["muennighoff2023", "besiroglu2024"])
def test_equivalent_compute_near_a_budget_is_that_of_the_law(id: str) -> None:
    law = iso.law(id)
    budgets = np.geomspace(1e21, 1e27, 13)
    losses = law.compute_optimal(budgets)["loss"].to_numpy()
    np.testing.assert_allclose(law.equivalent_flops(losses), budgets, rtol=1e-5)
    odd = np.asarray(law.equivalent_flops(np.array([math.nan, 1.0])))
    assert math.isnan(odd[0])
    assert odd[1] == math.inf


def test_ranges_that_are_left_and_assumptions_are_told() -> None:
    text = "\n".join(planned("flops").warnings)
    assert re.search(r"effective_params 7\.2e10 is 0\.65 decades outside the 5\.7e7 to 1\.6e10", text)
    assert "mfu 0.35 is assumed" in text
    assert "inference_mfu" not in text
    assert "inference_mfu 0.1 is assumed" in "\n".join(planned("serving").warnings)
    given = iso.plan(flops=1e21, mfu=0.4, usd_per_gpu_hour=3)
    assert not any("assumed" in sentence for sentence in given.warnings)
    other = "\n".join(iso.plan(flops=1e21, gpu="b200", precision="fp8").warnings)
    assert "of the peak in fp8 DeepSeek-V3 reached 0.173" in other
    assert "that price is one of H100s, not of b200" in other


def test_the_gpu_and_its_precision_decide_what_time_buys() -> None:
    bf16, fp8 = (row_of(iso.plan(gpu_count=8, days=30, precision=precision)) for precision in ("bf16", "fp8"))
    assert fp8["train_flops"] / bf16["train_flops"] == pytest.approx(1.979e15 / 9.89e14)
    assert bf16["train_flops"] == pytest.approx(8 * 30 * 86400 * H100 * MFU)
    assert row_of(iso.plan(flops=1e21, gpu_count=8))["days"] == pytest.approx(1e21 / 8 / 86400 / H100 / MFU)


# Reading a plan ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_text_fits_and_names_the_numbers_of_the_frames(name: str) -> None:
    plan = planned(name)
    lines = repr(plan).splitlines()
    assert max(map(len, lines)) <= 100
    assert len(lines) <= 45
    row = row_of(plan)
    facts = dict(re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in lines[1:6] if "  " in line.strip())
    assert number(facts["parameters"]) == pytest.approx(row["params"], rel=5e-3)
    assert number(facts["tokens"]) == pytest.approx(row["tokens"], rel=5e-3)
    assert float(facts["loss"].split()[0]) == pytest.approx(row["loss"], abs=1e-4)
    for sentence in plan.warnings:
        assert sentence.split(" ", 1)[0] in repr(plan)
    (shown,) = (
        (line for line in lines if line.startswith("  params ")) if "params" in plan.ranges["axis"] else ("",)
    )
    if shown:
        cells = [number(cell) for cell in re.split(r"\s{2,}", shown.strip())[1:]]
        assert cells == pytest.approx(list(plan.ranges.row(0)[1:]), rel=5e-3)


def number(text: str) -> float:
    value, scale = re.match(r"([\d.]+)\s?([TBMk]?)", text).groups()  # type: ignore[union-attr]
    return float(value) * {"T": 1e12, "B": 1e9, "M": 1e6, "k": 1e3, "": 1}[scale]


def test_plans_are_shown_as_html_too() -> None:
    html = planned("data")._repr_html_()
    assert html.count("<table>") == html.count("</table>") == 5
    assert "curated" in html
    for id in planned("data").opinions.filter("counts")["id"]:
        assert id in html


def test_a_plan_keeps_its_question_and_cannot_change() -> None:
    plan = planned("flops")
    assert plan.question["flops"] == 5.76e23
    assert plan.question["law"] == "besiroglu2024"
    with pytest.raises(AttributeError):
        plan.warnings = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        plan.question["flops"] = 1  # type: ignore[index]


def test_the_answer_is_the_same_on_any_number_of_threads() -> None:
    one, two = (iso.plan(**QUESTIONS["pools"], threads=threads) for threads in (1, 2))
    for name in ("recommended", "front", "ranges", "margins", "opinions"):
        assert getattr(one, name).equals(getattr(two, name))


def test_gpus_are_dense_and_the_default_is_that_of_the_accounting() -> None:
    frame = iso.gpus()
    peak = iso.accounting().filter(name="peak_flops")["default"].item()
    assert frame.filter(gpu="h100", precision="bf16")["peak_flops"].item() == peak
    assert frame.filter(precision="fp8")["peak_flops"].min() == 1.979e15
    assert (frame["source"].str.len_chars() > 0).all()
    assert frame.filter(gpu="b200")["memory_bytes"].is_null().all()
    assert not frame.select("gpu", "precision").is_duplicated().any()


# What is refused --------------------------------------------------------------------------------------

FLOPS: dict[str, Any] = {"flops": 1e22}
SERVING: dict[str, Any] = {"goal": "serving", "inference_tokens": 1e12}


@pytest.mark.parametrize(
    ("question", "error", "message"),
    [
        ({}, ValueError, "a plan needs a budget; give exactly one: flops=; usd=; or gpu_count= with days="),
        ({"flops": 1e22, "usd": 1}, ValueError, "flops= and usd= are 2 budgets; give exactly one"),
        ({"flops": 1e22, "gpu_count": 8, "days": 3}, ValueError, "flops= and days= are 2 budgets"),
        ({"gpu_count": 8}, ValueError, "gpu_count=8 for how long"),
        ({"days": 30}, ValueError, "days=30 of how many GPUs"),
        ({"flops": -1e22}, ValueError, "flops must be positive and finite, not -1e[+]22"),
        ({"flops": math.inf}, ValueError, "flops must be positive and finite, not inf"),
        ({"flops": 0}, ValueError, "flops must be positive and finite, not 0"),
        ({"flops": "1e22"}, ValueError, "flops must be a number, not '1e22'"),
        ({"usd": math.nan}, ValueError, "usd must be positive and finite, not nan"),
        (FLOPS | {"serving_bytes": 640}, ValueError, "serving_bytes=640 has no room for .* such as 640e9"),
        (
            FLOPS | {"mfu": 35},
            ValueError,
            "mfu is 35; it must be above 0 and at most 1: it is a share, and 35 % is 0.35",
        ),
        (FLOPS | {"gpu": "h10"}, ValueError, "no GPU 'h10' in the catalogue, .*; did you mean `h100`"),
        (FLOPS | {"gpu": "a100", "precision": "fp8"}, ValueError, "`a100` has no peak in 'fp8' .* only bf16"),
        (FLOPS | {"goal": "servin"}, ValueError, "goal must be one of .*; did you mean `serving`"),
        (FLOPS | {"goal": "serving"}, ValueError, 'goal="serving" needs inference_tokens='),
        (FLOPS | {"target_loss": 2.5}, ValueError, 'target_loss= is for goal="serving"'),
        ({"target_loss": 2.5}, ValueError, 'target_loss= is for goal="serving"'),
        (FLOPS | {"train_flops_max": 1e22}, ValueError, 'train_flops_max= is for goal="serving"'),
        (FLOPS | {"goal": "data", "unique_tokens": 1e9}, ValueError, 'goal="data" needs params='),
        (FLOPS | {"goal": "data", "params": 1e9}, ValueError, 'goal="data" needs to know the data'),
        (FLOPS | {"pools": TWO, "quality": 1}, ValueError, "quality= and pools= are both given"),
        (FLOPS | {"pools": {"pool": ["a"], "price": [1]}}, iso.SpaceError, "pools: unknown column `price`"),
        (FLOPS | {"law": "besiroglu"}, iso.CatalogError, "did you mean `besiroglu2024`"),
        (
            FLOPS | {"law": "abnar2025"},
            iso.LawError,
            "reads sparsity and states no fitted range of it; give sparsity=",
        ),
        (
            FLOPS | {"law": "tao2024"},
            iso.LawError,
            "needs `vocab_size` and `d_model`, .* give it as a keyword",
        ),
        (FLOPS | {"law": "kaplan2020"}, iso.LawError, "a published rule.*cannot rest on it"),
        (FLOPS | {"law": "kaplan2020-tokens"}, iso.LawError, "`params` has no effect"),
        (FLOPS | {"law": "llama3-2024"}, iso.LawError, "is an allocation rule without a loss"),
        (
            FLOPS | {"law": 3},
            TypeError,
            "law must be an identifier of the catalogue, a law's file or a Law, not 3",
        ),
        (FLOPS | {"params": 1e15}, iso.SpaceError, "params=1e[+]15 is beyond what the budget can train"),
        (
            FLOPS | {"where": "weight_bytes <= 1"},
            iso.SpaceError,
            "meets the constraints: `weight_bytes <= 1`",
        ),
        (FLOPS | {"where": "tokens < 0"}, iso.SpaceError, "meets the constraints: `tokens < 0`"),
        (FLOPS | {"where": "tokenz < 0"}, iso.FormulaError, "did you mean `tokens`"),
        (
            FLOPS | {"where": ["params >= 1e9", "tokens >= 1e13"]},
            iso.SpaceError,
            "`params >= 1e9` and `tokens >= 1e13` conflict",
        ),
        (
            SERVING | {"target_loss": 1.8172},
            iso.SpaceError,
            "target_loss=1.8172 is out of reach for any comp",
        ),
        (SERVING | {"target_loss": 1.5}, iso.SpaceError, "`besiroglu2024` has an irreducible loss of 1.8172"),
        (
            SERVING | {"target_loss": 2.0, "serving_bytes": 1e10},
            iso.SpaceError,
            "no plan reaches a loss of 2 under `serving_bytes <= 10000000000.0`; the lowest is 2.0",
        ),
        (
            SERVING | {"flops": 1e22, "target_loss": 2.1},
            iso.SpaceError,
            "no plan reaches a loss of 2.1 under the budget; the lowest is 2.14",
        ),
        (SERVING | {"flops": 1e22, "within": 1}, ValueError, "within must be below 1"),
        (FLOPS | {"experts": 8}, iso.LawError, "`besiroglu2024` does not read experts"),
        (
            FLOPS | {"bytes_per_parm": 1},
            TypeError,
            "no argument 'bytes_per_parm'; did you mean `bytes_per_param`",
        ),
        (
            FLOPS | {"tokens": 1e12},
            TypeError,
            "`tokens` is what a plan looks for; a limit on it goes into where=",
        ),
        (FLOPS | {"context": 8192}, ValueError, "context= has no effect"),
    ],
)
def test_questions_that_make_no_sense_are_refused(
    question: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        iso.plan(**question)


def test_a_law_that_ignores_what_is_given_is_refused() -> None:
    bare = iso.Law("E + A/params**0.3 + B/tokens**0.3", {"E": 1.7, "A": 300, "B": 900}, id="bare")
    assert row_of(iso.plan(flops=1e22, law=bare))["loss"] > 1.7
    for name in ("quality", "moe_gain"):
        with pytest.raises(iso.LawError, match=f"`bare` does not read {name}"):
            iso.plan(flops=1e22, law=bare, **{name: 0.5})  # type: ignore[arg-type]


# The command ------------------------------------------------------------------------------------------


def run(*words: str) -> None:
    app = App(result_action="return_value")
    app.default(plan_command)
    app(list(words), exit_on_error=False, print_error=False)


def test_the_command_prints_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    run("--flops", "5.76e23")
    assert capsys.readouterr().out.rstrip("\n") == repr(planned("flops"))


def test_the_command_writes_frames_and_the_sweep(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pools, front, sweep = tmp_path / "pools.csv", tmp_path / "front.parquet", tmp_path / "plan.toml"
    TWO.write_csv(pools)
    words = ["--usd", "2e7", "--pools", str(pools)]
    run(*words, "--show", "front", "--out", str(front), "--sweep", str(sweep))
    plan = planned("pools")
    assert pl.read_parquet(front).equals(plan.front)
    assert iso.Sweep.from_toml(sweep) == plan.sweep
    run(*words, "--format", "csv")
    table = pl.read_csv(capsys.readouterr().out.encode())
    assert table["loss"].to_list() == plan.recommended["loss"].to_list()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--flops", "-1"], "flops must be positive and finite, not -1"),
        (["--flops", "1e22", "--show", "more-data"], "--show more-data goes with --goal data"),
        (["--flops", "1e22", "--sweep", "plan.csv"], "the suffix of --sweep must be .toml"),
        (["--flops", "1e22", "--pools", "pools.txt"], "the suffix of --pools must be one of .csv"),
        (["--flops", "1e22", "--pools", "none.csv"], "none.csv: no such file"),
        (["--flops", "1e22", "--law", "abnar2025"], "give sparsity="),
    ],
)
def test_the_command_tells_mistakes_in_one_line(words: list[str], message: str) -> None:
    with pytest.raises(Mistake, match=message) as caught:
        run(*words)
    assert "\n" not in str(caught.value)


def test_a_limit_that_the_budget_meets_does_not_stand_in_the_way() -> None:
    asked: dict[str, Any] = {"goal": "serving", "inference_tokens": 1e13}
    for limited, free in (
        (iso.plan(gpu_count=2048, days=60, where="days <= 60", **asked), iso.plan(gpu_count=2048, days=60)),
        (iso.plan(flops=1e24, train_flops_max=1e24, **asked), iso.plan(flops=1e24)),
    ):
        worth, most = (BESIROGLU.equivalent_flops(row_of(plan)["loss"]) for plan in (limited, free))
        assert worth / most == pytest.approx(0.95, rel=1e-3)


def test_plans_survive_pickling_and_leave_the_filters_of_warnings_alone() -> None:
    filters = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        plans = list(pool.map(lambda share: iso.plan(flops=share * 1e23), (1.0, 2.0, 3.0, 4.0)))
    assert warnings.filters == filters
    copied = pickle.loads(pickle.dumps(plans[0]))
    assert copied.recommended.equals(plans[0].recommended)
    assert copied.question == plans[0].question


def test_experts_that_are_worth_nothing_are_not_recommended() -> None:
    dense, none = iso.plan(flops=1e24), iso.plan(flops=1e24, moe_gain=0)
    assert none.recommended["params"].item() == dense.recommended["params"].item()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"law": "zhao2025"}, "needs `shared_expert_ratio`"),
        (
            {"law": iso.Law("1 + 1/params + 1/tokens", {}), "unique_tokens": 1e10},
            "does not read unique_tokens",
        ),
        ({"law": iso.Law("1 + 1/params + 1/tokens", {}), "activation": 0.5}, "does not read activation"),
        ({"usd_per_gpu_hour": 0}, "usd_per_gpu_hour must be positive and finite, not 0"),
        ({"inference_tokens": 1e300}, "inference_tokens must be between 1e-40 and 1e[+]40, not 1e[+]300"),
    ],
)
def test_what_would_be_ignored_or_lead_nowhere_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        iso.plan(flops=1e24, **arguments)
