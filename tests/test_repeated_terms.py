"""Formulas in which a term meets itself: searched, they are what they are enumerated.

Nobody has to write `x - x` for it: `epochs` is tokens/unique_tokens, and unique_tokens defaults to tokens.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import isoflop as iso

pytestmark = pytest.mark.filterwarnings("ignore::isoflop.ExtrapolationWarning")


def brute_force_near(sweep: iso.Sweep, objective: str, within: float) -> pl.DataFrame:
    """Return what is near the least value of a formula, by its table."""
    table = sweep.table(columns=objective)
    values = table[objective]
    least = values.min()
    assert isinstance(least, float)
    return table.filter(values <= least + within * abs(least)).sort(objective, maintain_order=True)


def both_ways(sweep: iso.Sweep, minimize: list[str]) -> int:
    """Return the height of a front that both methods agree upon."""
    searched = sweep.pareto(minimize=minimize, method="search")
    assert_frame_equal(searched, sweep.pareto(minimize=minimize, method="enumerate"))
    return searched.height


def test_all_of_a_difference_that_is_zero_is_near_zero() -> None:
    sweep = iso.Sweep({"a": [1.0, 2.0], "b": [1.0, 3.0]})
    near = sweep.near(minimize="abs((a+b)-(a+b))", within=0)
    assert near.rows() == [(1.0, 1.0, 0.0), (1.0, 3.0, 0.0), (2.0, 1.0, 0.0), (2.0, 3.0, 0.0)]


def test_equal_quantities_under_two_names_are_one() -> None:
    sweep = iso.Sweep(
        {
            "params": iso.geomspace(1e9, 1e12, 1000),
            "tokens": iso.geomspace(1e11, 1e14, 1000),
            "g": iso.geomspace(1, 5, 10),
        },
        law="besiroglu2024",
        quantities={"q": "6*params*tokens*g", "p": "6*params*tokens*g"},
    )
    assert both_ways(sweep, ["loss + abs(q-p)/q", "params*tokens"]) == 1999


@pytest.fixture
def stale() -> iso.Sweep:
    return iso.Sweep(
        {
            "params": iso.geomspace(1e9, 1e12, 300),
            "tokens_per_param": iso.geomspace(1, 1000, 300),
            "mfu": list(np.linspace(0.2, 0.5, 20)),
        },
        law="besiroglu2024",
        quantities={"stale": "loss*(1 + 0.1*(epochs - 1)**2)"},
    )


def test_epochs_of_tokens_that_do_not_repeat_are_one(stale: iso.Sweep) -> None:
    assert both_ways(stale, ["stale", "total_usd"]) == 898
    few = stale.replace(where="mfu <= 0.2")
    near, expected = few.near(minimize="stale", within=1e-3), brute_force_near(few, "stale", 1e-3)
    assert near.height > 0
    assert_frame_equal(near.select(expected.columns), expected)


def test_a_limit_on_epochs_that_are_one_limits_nothing(stale: iso.Sweep) -> None:
    assert both_ways(stale.replace(where="abs(epochs - 1) <= 0.5"), ["loss", "total_usd"]) == 898


@pytest.mark.parametrize(
    "where", ["abs(q-p) <= 1", "abs(q/p-1) <= 0.01", "sqrt(q-p) <= 1", "q >= p", "not q < p"]
)
def test_a_constraint_that_always_holds_leaves_everything(where: str) -> None:
    tops = {"a": 2, "b": 3, "c": 5}
    axes = {name: iso.geomspace(1, top, 1000) for name, top in tops.items()}
    sweep = iso.Sweep(axes, where=where, quantities={"q": "6*a*b*c", "p": "6*a*b*c"})
    assert sweep.near(minimize="a+b+c", within=1e-9).rows() == [(1.0, 1.0, 1.0, 3.0)]
    small = sweep.replace(axes={name: iso.geomspace(1, top, 9) for name, top in tops.items()})
    unlimited = small.replace(where=())
    assert both_ways(small, ["a*b", "1/c - a"]) == both_ways(unlimited, ["a*b", "1/c - a"])


@pytest.mark.parametrize(("size", "at", "other", "max_rows"), [(300, 234, 187, 100), (300, 123, 98, 1000)])
@pytest.mark.parametrize("method", ["enumerate", "search"])
def test_a_front_is_not_refused_for_what_a_later_row_dominates(
    size: int, at: int, other: int, max_rows: int, method: Literal["enumerate", "search"]
) -> None:
    numbers = [float(number) for number in range(1, size + 1)]
    sweep = iso.Sweep(
        {"a": numbers, "b": numbers},
        quantities={"t": "a*10000+b", "hit": f"where(a == {at}, where(b == {other}, 1, 0), 0)"},
    )
    objectives = ["where(hit > 0, -1e9, t)", "where(hit > 0, -1e9, 0-t)"]
    assert sweep.pareto(minimize=objectives, max_rows=max_rows, method=method).height == 1
    assert sweep.near(minimize="0*t", within=0, then=objectives, max_rows=max_rows).height == 1
