"""Diagnosed models agree with the law asked of one model at a time."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import isoflop as iso
from support.models import NUMBERS

# One model at a time ----------------------------------------------------------------------------------


def twin(law: iso.Law, row: dict[str, Any], gain: float | None) -> dict[str, float | None]:
    """Ask the law of one model."""
    params, active, tokens = row["params"], row["active_params"], row["tokens"]
    told: dict[str, float | None] = dict.fromkeys(NUMBERS)
    if active is not None and tokens is not None:
        told["tokens_per_param"] = tokens / active
        flops = 6 * active * tokens
    elif row.get("train_flops") is not None:
        flops = row["train_flops"]
    else:
        return told
    whole = None not in (params, active, tokens)
    mixture = None not in (params, active) and active < params
    rated = {"activation": active / params, "moe_gain": gain} if mixture and gain is not None else {}
    optimum = law.compute_optimal(flops, **rated).row(0, named=True)
    told |= {"optimal_params": optimum["params"], "optimal_tokens": optimum["tokens"]}
    told["optimal_loss"] = optimum["loss"]
    if whole and (rated or not mixture):
        told["loss"] = loss = law.loss(params=params, tokens=tokens, **rated)
        told["compute_efficiency"] = law.equivalent_flops(loss, **rated) / flops
        size = active * (params / active) ** (gain or 0)
        decades = (
            math.log10(max(value / variable.range[1], variable.range[0] / value))
            for value, variable in ((size, law.variables["params"]), (tokens, law.variables["tokens"]))
            if variable.range is not None
        )
        told["extrapolation"] = max(0.0, *decades)
    return told


def agree(frame: pl.DataFrame, law: iso.Law, gain: float | None) -> None:
    for row in iso.diagnose(frame, law, moe_gain=gain).iter_rows(named=True):
        expected = twin(law, row, gain)
        for name in NUMBERS:
            # Mixtures, and laws without a closed form, are searched: good to about five digits.
            searched = law.optimal is None or (gain is not None and row["active_params"] != row["params"])
            tolerance = 1e-5 if searched else 1e-12
            if expected[name] is None:
                assert row[name] is None, (row, name)
            else:
                assert row[name] == pytest.approx(expected[name], rel=tolerance, abs=1e-12), (row, name)
        assert (row["verdict"] is None) == (row["compute_efficiency"] is None) == (row["why"] is not None)
        if row["verdict"] is not None and row["compute_efficiency"] < 0.90:
            assert expected["optimal_params"] is not None
            side = "undertrained" if row["params"] > expected["optimal_params"] else "overtrained"
            assert row["verdict"] == side


@pytest.mark.parametrize("law", ["besiroglu2024", "hoffmann2022", "muennighoff2023"])
def test_all_models_agree_with_the_law_asked_one_at_a_time(law: str) -> None:
    agree(iso.models(), iso.law(law), None)


def test_mixtures_agree_with_the_law_asked_one_at_a_time() -> None:
    mixtures = iso.models().filter(pl.col("active_params") < pl.col("params"))
    agree(mixtures, iso.law("besiroglu2024"), 0.35)


def sometimes(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[float | None]:
    return st.one_of(numbers, numbers, numbers, st.none())


@st.composite
def rows(draw: st.DrawFn) -> dict[str, float | None]:
    params = draw(sometimes(st.floats(1e7, 1e13)))
    share = draw(st.sampled_from([1.0, 1.0, 0.5, 1 / 7, 0.001]))
    active = (
        draw(sometimes(st.floats(1e7, 1e13))) if params is None else draw(sometimes(st.just(params * share)))
    )
    tokens = draw(sometimes(st.floats(1e8, 1e15)))
    return {
        "params": params,
        "active_params": active,
        "tokens": tokens,
        "train_flops": draw(sometimes(st.floats(1e16, 1e28))),
    }


SCHEMA = dict.fromkeys(("params", "active_params", "tokens", "train_flops"), pl.Float64)


@given(
    table=st.lists(rows(), max_size=6), law=st.sampled_from(["besiroglu2024", "hoffmann2022", "sardana2024"])
)
def test_random_models_agree_with_the_law_asked_one_at_a_time(table: list[Any], law: str) -> None:
    agree(pl.DataFrame(table, schema=SCHEMA), iso.law(law), None)


@settings(max_examples=15)
@given(table=st.lists(rows(), max_size=3), gain=st.sampled_from([0.0, 0.35, 0.5, 1.0]))
def test_random_mixtures_agree_with_the_law_asked_one_at_a_time(table: list[Any], gain: float) -> None:
    agree(pl.DataFrame(table, schema=SCHEMA), iso.law("besiroglu2024"), gain)


@settings(max_examples=50)
@given(table=st.lists(rows(), min_size=2, max_size=6))
def test_a_model_is_told_the_same_in_any_company(table: list[Any]) -> None:
    frame = pl.DataFrame(table, schema=SCHEMA)
    together = iso.diagnose(frame, moe_gain=0.35)
    alone = [iso.diagnose(frame[row], moe_gain=0.35) for row in range(frame.height)]
    assert_frame_equal(together, pl.concat(alone), check_exact=True)
