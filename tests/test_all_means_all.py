"""Where all of several equal plans are promised, axes that nothing reads are free."""

from __future__ import annotations

from typing import Any

import pytest

import isoflop as iso

pytestmark = pytest.mark.filterwarnings("ignore::isoflop.UnreadAxisWarning")

LAW = iso.Law("E + A/effective_params**0.34 + B/effective_tokens**0.28", {"E": 1.7, "A": 400.0, "B": 410.0})


def test_all_ties_are_on_axes_that_nothing_reads_too() -> None:
    sweep = iso.Sweep({"x": [1.0, 2.0], "y": [1.0, 2.0, 3.0]})
    for method in ("enumerate", "search"):
        found = sweep.pareto(minimize="x", ties="all", method=method)
        assert found.rows() == [(1.0, 1.0), (1.0, 2.0), (1.0, 3.0)]
        assert sweep.pareto(minimize="x", method=method).rows() == [(1.0, 1.0)]
    table = iso.pareto(sweep.table(columns="x"), minimize="x", ties="all")
    assert found.rows() == table.rows()


def test_near_shows_plans_that_only_its_columns_tell_apart() -> None:
    axes: dict[str, Any] = {
        "params": [1e9, 2e9],
        "tokens": [1e11],
        "gpu_count": [256, 512, 1024, 2048],
    }
    sweep = iso.Sweep(axes, law=LAW)
    near = sweep.near(minimize="loss", within=1e-3, columns="days")
    assert near["gpu_count"].to_list() == [256, 512, 1024, 2048]
    assert near["days"].n_unique() == 4


def test_the_front_inside_what_is_near_leaves_other_axes_alone() -> None:
    sweep = iso.Sweep({"x": [1.0, 2.0], "y": [1.0, 2.0, 3.0]})
    assert sweep.near(minimize="x", within=1.0, then="-x").rows() == [(2.0, 1.0, -2.0)]


def test_groups_of_what_is_near_have_all_of_theirs() -> None:
    sweep = iso.Sweep({"x": [1.0, 2.0], "y": [1.0, 2.0], "z": [7.0, 8.0]})
    found = sweep.near(minimize="x", within=0.0, by="z")
    assert found.rows() == [(1.0, y, z) for z in (7.0, 8.0) for y in (1.0, 2.0)]


def test_what_an_unread_axis_makes_too_long_is_refused_with_its_name() -> None:
    sweep = iso.Sweep({"x": [1.0, 2.0], "y": range(1000), "z": [1.0, 2.0]}, where="z > 0")
    told = r"as all values of `y` \(1,000\) are in it, which no objective or constraint reads"
    with pytest.raises(iso.LimitError, match=told) as caught:
        sweep.pareto(minimize="x", ties="all", max_rows=1999)
    assert (caught.value.rows, caught.value.limit) == (2000, 1999)
    with pytest.raises(iso.LimitError, match=told):
        sweep.near(minimize="x", within=0.0, max_rows=1999)
    assert sweep.near(minimize="x", within=0.0, max_rows=2000).height == 2000


def test_near_ends_with_the_extrapolation_as_the_best_does() -> None:
    sweep = iso.Sweep({"params": [1e9, 1e14], "tokens": [1e11]}, law="besiroglu2024")
    with pytest.warns(iso.ExtrapolationWarning):
        near = sweep.near(minimize="loss", within=1.0, columns="train_flops")
    assert near.columns == ["params", "tokens", "loss", "train_flops", "extrapolation"]
    assert near["extrapolation"].to_list()[-1] == 0.0
    assert near["extrapolation"][0] > 2
    inside = sweep.near(minimize="loss", within=1.0, then="train_flops")
    assert inside.columns == ["params", "tokens", "train_flops", "loss", "extrapolation"]
    assert "extrapolation" not in iso.Sweep({"params": [1e9], "tokens": [1e11]}, law=LAW).near(
        minimize="loss", within=1.0
    )
