"""Compute-optimal division the other way around: the budget at which a size is the optimal one."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import isoflop as iso

SIZES = [1e8, 7e9, 70e9, 1e12]
CLOSED = ["besiroglu2024", "hoffmann2022", "gadre2024-c4", "hoffmann2022-tex", "sardana2024-mpt-500"]
BY_PARAMS = [*CLOSED, "muennighoff2023", "subramanyam2025"]


@pytest.mark.parametrize("id", CLOSED)
def test_by_closed_form_a_size_gives_the_budget_that_gives_the_size(id: str) -> None:
    law = iso.law(id)
    frame = law.compute_optimal(params=SIZES)
    there = law.compute_optimal(frame["train_flops"])
    assert frame.columns == there.columns
    assert frame["params"].to_list() == SIZES
    for name in frame.columns:
        np.testing.assert_allclose(frame[name], there[name], rtol=1e-12, atol=1e-12)


def test_the_budget_of_a_size_is_that_of_the_closed_form() -> None:
    law = iso.law("besiroglu2024")
    E, A, B, alpha, beta = (law.coefficients[name] for name in ("E", "A", "B", "alpha", "beta"))
    G = (alpha * A / (beta * B)) ** (1 / (alpha + beta))
    frame = law.compute_optimal(params=7e9)
    budget = 6 * (7e9 / G) ** ((alpha + beta) / beta)
    tokens = budget / 6 / 7e9
    loss = E + A / 7e9**alpha + B / tokens**beta
    assert frame["train_flops"].item() == pytest.approx(budget, rel=1e-12)
    assert frame["tokens"].item() == pytest.approx(tokens, rel=1e-12)
    assert frame["tokens"].item() == pytest.approx(1.44408e11, rel=1e-5)
    assert frame["loss"].item() == pytest.approx(loss, rel=1e-12)


@pytest.mark.parametrize("id", BY_PARAMS)
def test_by_search_a_size_gives_the_budget_that_gives_the_size(id: str) -> None:
    law = iso.law(id)
    frame = law.compute_optimal(params=SIZES, method="search")
    assert frame["params"].to_list() == SIZES
    np.testing.assert_allclose(law.compute_optimal(frame["train_flops"])["params"], SIZES, rtol=1e-5)
    np.testing.assert_allclose(6 * frame["params"] * frame["tokens"], frame["train_flops"], rtol=1e-12)
    # No other size is better at this budget.
    for factor in (0.9, 1.1):
        beside = law.loss(params=factor * frame["params"], tokens=frame["tokens"] / factor)
        assert (np.asarray(beside) > frame["loss"].to_numpy()).all()


@pytest.mark.parametrize("id", iso.allocations()["id"].to_list())
def test_a_rule_gives_the_budget_that_gives_the_size(id: str) -> None:
    rule = iso.allocation(id)
    frame = rule.compute_optimal(params=SIZES)
    there = rule.compute_optimal(frame["train_flops"])
    assert frame[rule.size].to_list() == SIZES
    for name in frame.columns:
        np.testing.assert_allclose(frame[name], there[name], rtol=1e-12, atol=1e-12)


def test_a_7b_model_wants_as_many_tokens_as_the_printed_rows_of_approach_1_say() -> None:
    rule = iso.allocation("hoffmann2022-approach1")
    # 1 B: 20.2 B tokens, 10 B: 205.1 B, 280 B: 5.9 T, 10 T: 216.2 T.
    tokens = rule.compute_optimal(params=[1e9, 1e10, 2.8e11, 1e13])["tokens"]
    assert tokens.to_list() == pytest.approx([20.2e9, 205.1e9, 5.9e12, 216.2e12], rel=0.004)
    assert rule.compute_optimal(params=7e9)["tokens"].item() == pytest.approx(143.4e9, rel=1e-3)


def test_what_stays_fixed_stays_so() -> None:
    law = iso.law("besiroglu2024")
    fixed: dict[str, Any] = {"activation": 1 / 8, "moe_gain": 0.35}
    frame = law.compute_optimal(params=7e9, **fixed)
    again = law.compute_optimal(frame["train_flops"], **fixed)
    assert frame["params"].item() == 7e9
    assert again["params"].item() == pytest.approx(7e9, rel=1e-5)
    assert frame["train_flops"].item() == pytest.approx(6 * 7e9 / 8 * frame["tokens"].item(), rel=1e-12)


def test_a_law_that_counts_without_embeddings_is_asked_by_all_parameters() -> None:
    law = iso.law("kumar2024")
    shape: dict[str, Any] = {"vocab_size": 32_000, "d_model": 4096}
    frame = law.compute_optimal(params=[7e9, 1e10], **shape)
    assert frame.columns[:4] == ["train_flops", "non_embedding_params", "params", "tokens"]
    assert frame["params"].to_list() == [7e9, 1e10]
    matrices = 2 * 32_000 * 4096
    np.testing.assert_allclose(frame["non_embedding_params"], frame["params"] - matrices, rtol=1e-12)
    np.testing.assert_allclose(6 * frame["params"] * frame["tokens"], frame["train_flops"], rtol=1e-12)


def test_a_mixture_is_asked_by_what_it_stores() -> None:
    law = iso.law("ludziejewski2025")
    frame = law.compute_optimal(params=7e9, experts=8)
    active = frame["active_params"].item()
    plan: dict[str, Any] = {"active_params": active, "experts": 8}
    assert iso.Sweep(plan, law=law).table(columns="params")["params"].item() == pytest.approx(7e9, rel=1e-9)
    # The paper's own closed form for the active size.
    formulas = ["optimal_active_params", "optimal_tokens"]
    at: dict[str, Any] = {"train_flops": frame["train_flops"].item(), "experts": 8}
    row = iso.Sweep(at, law=law).table(columns=formulas).row(0, named=True)
    assert active == pytest.approx(row["optimal_active_params"], rel=1e-5)
    assert frame["tokens"].item() == pytest.approx(row["optimal_tokens"], rel=1e-5)


def test_sizes_may_be_given_in_any_order_and_several_times() -> None:
    law = iso.law("muennighoff2023")
    together = law.compute_optimal(params=pl.Series([70e9, 1e9, 70e9]))
    alone = [law.compute_optimal(params=size)["train_flops"].item() for size in (70e9, 1e9)]
    assert together["params"].to_list() == [70e9, 1e9, 70e9]
    budgets = [alone[0], alone[1], alone[0]]
    assert together["train_flops"].to_list() == pytest.approx(budgets, rel=1e-6)
    assert law.compute_optimal(params=[]).height == 0


@pytest.mark.parametrize(
    "source", [iso.law("besiroglu2024"), iso.allocation("llama3-2024")], ids=lambda s: s.id
)
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "give flops=, a training budget, or params=, a size"),
        ({"flops": 1e21, "params": 7e9}, "`params` is what compute_optimal looks for .* give one of the two"),
        ({"params": 0}, "params must be positive and finite, not 0"),
        ({"params": -7e9}, "params must be positive and finite, not -7000000000.0"),
        ({"params": [7e9, float("nan")]}, "params must be positive and finite, not nan"),
        ({"params": float("inf")}, "params must be positive and finite, not inf"),
        ({"params": 10**400}, "params"),
        ({"params": "7e9"}, "params must be numbers, not text"),
        ({"params": [[7e9]]}, r"not an array of shape \(1, 1\)"),
        ({"params": 1e200}, r"finds 1e\+200 parameters optimal at no budget .* such as 7e9"),
        ({"params": 1e-200}, "finds 1e-200 parameters optimal at no budget"),
    ],
)
def test_exactly_one_budget_or_size_is_asked_for(source: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises(iso.LawError, match=message):
        source.compute_optimal(**given)


def test_a_law_without_an_optimum_has_none_for_a_size() -> None:
    with pytest.raises(iso.LawError, match="does not depend on both size and tokens"):
        iso.law("kaplan2020-params").compute_optimal(params=7e9)
    flat = iso.Law("E + A / (params * tokens) + B / params", {"E": 1, "A": 1, "B": 1}, id="flat")
    with pytest.raises(iso.LawError, match="`flat` has no minimum over sizes"):
        flat.compute_optimal(params=7e9)
    with pytest.raises(iso.LawError, match="needs `experts`, as a keyword"):
        iso.law("ludziejewski2025").compute_optimal(params=7e9)
    with pytest.raises(iso.LawError, match="`tokens` is what compute_optimal looks for"):
        iso.law("besiroglu2024").compute_optimal(params=7e9, tokens=1e11)
