"""A plan keeps its word: budgets and limits hold, what exists is found, and what decides is named."""

from __future__ import annotations

import json
import math
import re
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
WEB: dict[str, Any] = {
    "pool": ["web", "code", "books"],
    "quality": [0.565, 1.293, 0.324],
    "unique_tokens": [46.7e9, 1.02e9, 2.74e9],
}
FOUR: dict[str, Any] = {
    "pool": ["p0", "p1", "p2", "p3"],
    "quality": [1.039, 0.762, 1.042, 1.335],
    "unique_tokens": [3.07e13, 2.6e9, 3.04e11, 5.5e10],
}
FIVE: dict[str, Any] = {
    "pool": list("abcde"),
    "quality": [1, 0.9, 0.8, 1.1, 0.7],
    "unique_tokens": [1e11, 1e12, 5e12, 5e10, 1e13],
}


def row_of(plan: iso.Plan) -> dict[str, Any]:
    (row,) = plan.recommended.to_dicts()
    return row


# Serving within the budget ----------------------------------------------------------------------------


def test_serving_keeps_the_budget_and_is_worth_nearly_as_much() -> None:
    question: dict[str, Any] = {"flops": 2.565e20, "pools": WEB, "moe_gain": 0.128}
    best = row_of(iso.plan(**question))
    assert best["loss"] == pytest.approx(2.4238, abs=5e-5)
    serve = question | {"goal": "serving", "inference_tokens": 1e14}
    row = row_of(iso.plan(**serve))
    assert row["train_flops"] <= 2.565e20
    worth, most = (BESIROGLU.equivalent_flops(one["loss"]) for one in (row, best))
    assert worth >= 0.95 * most * (1 - 1e-9)
    assert row["total_usd"] < row_of(iso.plan(**question, inference_tokens=1e14))["total_usd"]
    reached = row_of(iso.plan(**serve, target_loss=2.43))
    assert reached["loss"] <= 2.43
    assert reached["train_flops"] <= 2.565e20
    assert reached["total_usd"] <= row["total_usd"] * (1 + 1e-4)


def test_a_target_that_exists_within_limits_is_found() -> None:
    question: dict[str, Any] = {"gpu_count": 512, "inference_tokens": 2e13, "serving_bytes": 160e9}
    row = row_of(iso.plan(**question, goal="serving", target_loss=1.954, where="days<=90"))
    assert row["loss"] <= 1.954
    assert row["days"] <= 90
    assert 67e9 <= row["params"] <= 80e9
    assert row_of(iso.plan(**question, days=90))["loss"] < 1.9529


def test_days_and_dollars_are_limits_of_serving_too() -> None:
    row = row_of(iso.plan(gpu_count=512, days=90, goal="serving", inference_tokens=2e13))
    assert row["days"] <= 90
    several: list[dict[str, Any]] = [{}, {"pools": {"pool": ["a"], "usd_per_token": [7e-9]}}]
    for more in several:
        row = row_of(iso.plan(usd=15900, goal="serving", inference_tokens=1.34e11, **more))
        assert row["train_usd"] + row["data_usd"] <= 15900 * (1 + 1e-9)


def test_serving_that_costs_far_more_than_training_moves_the_size() -> None:
    free, row = (
        row_of(iso.plan(flops=1e21, goal="serving", inference_tokens=tokens)) for tokens in (1e10, 1e15)
    )
    assert row["params"] < free["params"]
    assert BESIROGLU.equivalent_flops(row["loss"]) / 1e21 == pytest.approx(0.95, rel=1e-3)


def test_a_target_out_of_reach_is_refused_with_the_nearest_value_and_the_limit_in_the_way() -> None:
    question: dict[str, Any] = {"goal": "serving", "inference_tokens": 1e12, "flops": 1e24}
    best = iso.plan(flops=1e24, serving_bytes=1e11, where="tokens <= 1e13").recommended["loss"].item()
    with pytest.raises(iso.SpaceError) as refused:
        iso.plan(**question, target_loss=1.96, serving_bytes=1e11, where="tokens <= 1e13")
    text = str(refused.value)
    assert re.search(
        r"no plan reaches a loss of 1\.96 under `serving_bytes <= 1000+\.0` and the budget", text
    )
    assert "tokens" not in text
    nearest = float(text.rsplit(" ", 1)[1])
    assert nearest == pytest.approx(best, rel=1e-6)
    found = row_of(iso.plan(**question, target_loss=nearest, serving_bytes=1e11))
    assert found["loss"] <= nearest


# Pools ------------------------------------------------------------------------------------------------


def test_a_pool_that_is_nearly_useless_does_no_harm() -> None:
    question: dict[str, Any] = {"flops": 7.65e23, "moe_gain": 0.305, "where": ["active_params <= 2e10"]}
    four = row_of(iso.plan(**question, pools=FOUR))
    fewer = {
        name: [value for place, value in enumerate(values) if place != 1] for name, values in FOUR.items()
    }
    three = row_of(iso.plan(**question, pools=fewer))
    assert four["loss"] <= 1.94073
    assert four["loss"] == pytest.approx(three["loss"], rel=1e-7)
    assert four["active_params"] <= 2e10


def test_limits_that_leave_a_narrow_range_of_sizes_leave_a_plan() -> None:
    row = row_of(iso.plan(flops=1e24, pools=FIVE, where=["tokens_per_param >= 40", "tokens <= 5e12"]))
    assert row["params"] == pytest.approx(6.45e10, rel=0.01)
    assert row["tokens"] == pytest.approx(2.58e12, rel=0.01)
    assert row["tokens_per_param"] >= 40
    assert row["train_flops"] == 1e24


def test_a_paid_pool_whose_second_epoch_is_free_is_bought_whole() -> None:
    pools: dict[str, Any] = {
        "pool": ["a", "b"],
        "quality": [1, 0.1],
        "unique_tokens": [3e9, None],
        "usd_per_token": [3e-6, 0],
    }
    row = row_of(iso.plan(usd=20000, pools=pools))
    assert row["loss"] == pytest.approx(2.2327, abs=5e-5)
    assert row["b_tokens"] == 0
    assert row["a_epochs"] > 1


@pytest.mark.parametrize(
    ("limit", "name", "most"),
    [
        ("d_epochs <= 2", "d_tokens", 1e11),
        ("a_tokens <= 0.1 * tokens", "a_tokens", None),
        ("fresh_tokens <= 5e11", "b_tokens", None),
    ],
)
def test_limits_on_single_pools_hold_and_cost_as_little_as_they_must(
    limit: str, name: str, most: float | None
) -> None:
    free, limited = (
        row_of(iso.plan(flops=1e24, pools=FIVE)),
        row_of(iso.plan(flops=1e24, pools=FIVE, where=limit)),
    )
    worth = BESIROGLU.equivalent_flops(limited["loss"]) / BESIROGLU.equivalent_flops(free["loss"])
    assert 0.9 < worth < 1
    assert limited[name] < free[name]
    if most is not None:
        assert limited[name] == pytest.approx(most, rel=1e-6)


def test_other_pools_take_the_place_of_one_that_is_limited() -> None:
    # Water-filling by hand: code twice, the others down to one level of worth.
    row = row_of(iso.plan(flops=1e24, pools=FIVE, where="d_epochs <= 2"))
    quality, supply, scale = np.array([1, 0.9]), np.array([1e11, 1e12]), 15.387756
    left = row["tokens"] - 1e11
    level = np.log(quality).dot(supply) / supply.sum() - (left / supply.sum() - 1) / scale
    expected = supply * (1 + scale * (np.log(quality) - level))
    np.testing.assert_allclose([row["a_tokens"], row["b_tokens"]], expected, rtol=0.03)


# What is left, and what decides -----------------------------------------------------------------------


def test_a_limit_of_one_s_own_that_decides_is_named() -> None:
    plan = iso.plan(gpu_count=512, days=90, where="tokens_per_param >= 100")
    assert "the limit `tokens_per_param >= 100` is what decides" in plan.warnings
    assert "`tokens_per_param >= 100` is what" in repr(plan)
    idle = iso.plan(gpu_count=512, days=90, where="tokens_per_param >= 2")
    assert not any("decides" in text for text in idle.warnings)


def test_a_limit_that_is_no_comparison_is_judged_by_what_would_be_without_it() -> None:
    plan = iso.plan(flops=1e23, where=["params <= 1e10 or tokens <= 1e9", "params >= 1e6 and tokens >= 1e6"])
    named = [text for text in plan.warnings if "decides" in text]
    assert named == ["the limit `params <= 1e10 or tokens <= 1e9` is what decides"]


def test_nothing_that_is_given_is_ignored_unsaid() -> None:
    for name in ("layers", "context", "kv_heads"):
        with pytest.raises((ValueError, iso.SpaceError), match=r"layers|has no effect"):
            iso.plan(flops=1e23, **{name: 32})  # type: ignore[arg-type]


# Any input --------------------------------------------------------------------------------------------


def test_weights_of_one_byte_leave_room_for_twice_the_size() -> None:
    two, one = (row_of(iso.plan(flops=1e24, serving_bytes=4e10, bytes_per_param=each)) for each in (2, 1))
    assert (two["params"], one["params"]) == (2e10, 4e10)


def test_keys_and_values_take_room_of_what_is_served() -> None:
    shape: dict[str, Any] = {"layers": 80, "kv_heads": 8, "head_dim": 128, "resident_tokens": 1e5}
    row = row_of(iso.plan(flops=1e24, serving_bytes=1.6e11, **shape))
    cache = 2 * 80 * 8 * 128 * 2 * 1e5
    assert row["serving_bytes"] <= 1.6e11
    assert row["params"] == pytest.approx((1.6e11 - cache) / 2, rel=1e-9)


def test_attention_is_paid_out_of_the_budget() -> None:
    row = row_of(iso.plan(flops=1e24, layers=80, d_model=8192, context=131072))
    per_token = 12 * 80 * 8192 * 131072
    assert row["tokens"] * (6 * row["params"] + per_token) == pytest.approx(1e24, rel=1e-9)


def test_names_of_gpus_are_read_in_any_case() -> None:
    named = [row_of(iso.plan(gpu_count=8, days=30, gpu=gpu)) for gpu in ("h100", "H100")]
    assert named[0] == named[1]


def test_a_price_list_of_one_s_own_gives_peak_and_price() -> None:
    gpus = pl.DataFrame({"gpu": ["H100", "mine"], "usd_per_gpu_hour": [3.5, 1.0], "peak_flops": [None, 4e14]})
    rented, own = (iso.plan(usd=1e5, gpus=gpus, gpu=gpu) for gpu in ("h100", "Mine"))
    assert row_of(rented)["train_gpu_hours"] == pytest.approx(1e5 / 3.5)
    assert row_of(own)["train_gpu_hours"] == pytest.approx(1e5)
    assert row_of(own)["train_flops"] == pytest.approx(1e5 * 3600 * 4e14 * 0.35)
    assert not any("usd_per_gpu_hour" in text for text in rented.warnings)
    with pytest.raises(ValueError, match="gpus has no 'b200' in 'bf16'; it has H100, mine: name one by gpu="):
        iso.plan(usd=1e5, gpus=gpus, gpu="b200")
    with pytest.raises(ValueError, match="gpus: unknown column `price`; the columns are gpu, "):
        iso.plan(usd=1e5, gpus={"gpu": ["h100"], "price": [2]})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"activation": 2.0}, "activation"),
        ({"bytes_per_param": -1}, "bytes_per_param must be 0 or more"),
        ({"sparsity": 0.5}, "does not read sparsity"),
        ({"moe_gain": 0.3, "activation": (0.5, 0.1)}, "must rise"),
        ({"within": 0.1}, 'within= is for goal="serving"'),
    ],
)
def test_inputs_are_held_to_their_domains(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        iso.plan(flops=1e23, **given)


# Mixtures of experts ----------------------------------------------------------------------------------


def test_a_law_of_mixtures_chooses_its_experts_within_the_fitted_range() -> None:
    law = iso.law("ludziejewski2025")
    row = row_of(iso.plan(flops=1e22, law=law, serving_bytes=80e9))
    assert row["weight_bytes"] <= 80e9
    assert row["experts"] == round(row["experts"])
    assert 1 <= row["experts"] <= 32
    best = math.inf
    for experts in range(1, 33):
        sweep = iso.Sweep(
            {"active_params": iso.geomspace(1e9, 2e10, 4001), "experts": experts, "train_flops": 1e22},
            law=law,
            where="weight_bytes <= 80e9",
        )
        with pytest.warns(iso.IsoflopWarning):
            best = min(best, sweep.best(minimize="loss")["loss"].item())
    assert row["loss"] == pytest.approx(best, rel=1e-5)


def test_experts_may_be_given_as_one_number_several_or_a_range() -> None:
    chosen = [
        row_of(iso.plan(flops=1e22, law="ludziejewski2025", experts=experts))["experts"]
        for experts in (4, [2, 8], (1, 6), range(1, 4))
    ]
    assert chosen == [4, 8, 6, 3]


def test_a_law_of_mixtures_serves_within_five_percent_too() -> None:
    law = iso.law("ludziejewski2025")
    question: dict[str, Any] = {"flops": 1e22, "law": "ludziejewski2025", "serving_bytes": 80e9}
    best, row = (
        row_of(iso.plan(**question)),
        row_of(iso.plan(**question, goal="serving", inference_tokens=1e13)),
    )
    worth, most = (law.equivalent_flops(one["loss"], experts=1) for one in (row, best))
    assert 0.95 * (1 - 1e-6) <= worth / most < 0.952
    assert row["serving_bytes"] <= 80e9


def test_stored_and_active_parameters_are_told_apart_everywhere() -> None:
    plan = iso.plan(flops=1e24, moe_gain=0.35, activation=0.1)
    row = row_of(plan)
    assert row["tokens_per_param"] == pytest.approx(row["tokens"] / row["active_params"])
    assert row["tokens_per_stored_param"] == pytest.approx(row["tokens"] / row["params"])
    for opinion in plan.opinions.iter_rows(named=True):
        assert opinion["tokens_per_param"] == pytest.approx(opinion["tokens"] / opinion["active_params"])
        assert opinion["tokens_per_stored_param"] == pytest.approx(opinion["tokens"] / opinion["params"])
        assert opinion["active_params"] <= opinion["params"] * (1 + 1e-12)
    own = plan.opinions.row(0, named=True)
    assert own["active_params"] == pytest.approx(own["params"] * 0.1)
    dense = plan.opinions.filter(id="tian2025-dense").row(0, named=True)
    assert dense["active_params"] == dense["params"]


# Handing it on ----------------------------------------------------------------------------------------


def test_a_plan_as_a_dictionary_is_what_json_holds() -> None:
    pools = pl.DataFrame({"pool": ["a", "b"], "unique_tokens": [1e11, None]})
    plan = iso.plan(flops=1e22, goal="data", params=1e9, pools=pools, where="days <= 1e9", gpu_count=8)
    found = plan.to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["version"] == iso.__version__
    assert found["recommended"] == plan.recommended.to_dicts()
    assert [row["axis"] for row in found["ranges"]] == plan.ranges["axis"].to_list()
    assert found["baseline"] is None
    assert found["question"]["pools"] == {"pool": ["a", "b"], "unique_tokens": [1e11, None]}
    assert found["question"]["where"] == "days <= 1e9"
    assert found["warnings"] == list(plan.warnings)
    assert found["non_finite"] == {}


def test_numbers_that_json_does_not_have_are_null_and_their_columns_are_listed() -> None:
    plan = iso.plan(flops=1e22)
    odd = plan.front.with_columns(days=pl.Series([math.inf, math.nan, *[1.0] * (plan.front.height - 2)]))
    object.__setattr__(plan, "front", odd)
    found = plan.to_dict()
    assert [row["days"] for row in found["front"]][:3] == [None, None, 1.0]
    assert found["non_finite"] == {"front": ["days"]}


def test_a_plan_as_markdown_has_every_table_and_sentence() -> None:
    plan = iso.plan(flops=1e24, where="params <= 5e10")
    text = plan.to_markdown()
    assert text.startswith("# Plan by besiroglu2024: the lowest loss for 1.00e24 FLOP\n")
    assert "| parameters | 50.0 B |" in text
    assert "| besiroglu2024 \\* |" in text
    assert "- the limit `params <= 5e10` is what decides" in text
    widths = [line.count("|") for line in text.splitlines() if line.startswith("|")]
    assert len(set(widths)) > 1
    for id in plan.opinions.filter("counts")["id"]:
        assert id in text


def test_a_plan_as_html_is_a_page_that_stands_alone() -> None:
    page = iso.plan(flops=1e24, where="params <= 5e10").to_html()
    assert page.startswith("<!DOCTYPE html>")
    assert "`params &lt;= 5e10` is what decides" in page
    assert page.count("<table>") == page.count("</table>") == 4
    assert "http" not in page


@pytest.mark.parametrize("suffix", [".md", ".html", ".json"])
def test_the_command_writes_the_plan_whole(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"plan{suffix}"
    run("--flops", "1e23", "--out", str(path))
    plan, text = iso.plan(flops=1e23), path.read_text()
    if suffix == ".json":
        assert json.loads(text)["recommended"] == plan.recommended.to_dicts()
    else:
        assert text == {".md": plan.to_markdown, ".html": plan.to_html}[suffix]()
    other = tmp_path / f"saved{suffix}"
    plan.save(other)
    if suffix != ".json":
        assert other.read_text() == text
    with pytest.raises(ValueError, match=r"the suffix must be one of \.md, \.html, \.json, not '\.txt'"):
        plan.save(tmp_path / "plan.txt")


def run(*words: str) -> None:
    app = App(result_action="return_value")
    app.default(plan_command)
    app(list(words), exit_on_error=False, print_error=False)


def test_the_command_takes_any_input(capsys: pytest.CaptureFixture[str]) -> None:
    run("--flops", "1e22", "--law", "ludziejewski2025", "--experts", "1:8", "--bytes-per-param", "1")
    assert capsys.readouterr().out.rstrip("\n") == repr(
        iso.plan(flops=1e22, law="ludziejewski2025", experts=(1, 8), bytes_per_param=1)
    )
    with pytest.raises(Mistake, match="no argument 'bytes_per_parm'; did you mean `bytes_per_param`"):
        run("--flops", "1e22", "--bytes-per-parm", "1")
