"""A few rows that stand for a front: ``rows=`` of sweeps and of the filter."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import isoflop as iso

AXES: dict[str, Any] = {"params": iso.geomspace(1e8, 1e12, 300), "tokens": iso.geomspace(1e9, 1e14, 300)}
SWEEP = iso.Sweep(AXES, law="besiroglu2024", where="train_flops <= 1e24")
BOTH = ["loss", "train_flops"]

pytestmark = pytest.mark.filterwarnings(
    "ignore::isoflop.ExtrapolationWarning",
    "ignore::isoflop.EdgeWarning",
    "ignore::isoflop.UnreadAxisWarning",
)


@pytest.mark.parametrize("rows", [2, 3, 8, 50])
def test_as_many_rows_as_asked_for_and_both_ends(rows: int) -> None:
    front = SWEEP.pareto(minimize=BOTH)
    few, profile = SWEEP.profile(minimize=BOTH, rows=rows)
    assert few.height == profile.rows == rows
    assert few.row(0) == front.row(0)
    assert few.row(-1) == front.row(-1)
    assert few.join(front, on=front.columns, how="anti").is_empty()
    assert profile.resolution == dict.fromkeys(BOTH, 2.0**-30)


def test_the_lowest_loss_is_not_lost() -> None:
    few = SWEEP.pareto(minimize=BOTH, rows=8)
    assert few["loss"][0] == SWEEP.best(minimize="loss")["loss"].item() == pytest.approx(1.9598, abs=1e-4)


def test_rows_lie_evenly_over_the_front_in_logarithms() -> None:
    flops = SWEEP.pareto(minimize=BOTH, rows=9)["train_flops"].to_numpy()
    steps = np.abs(np.diff(np.log10(flops)))
    assert steps.max() < 3 * steps.min()


def test_the_gap_is_the_largest_distance_of_the_front_from_its_rows() -> None:
    sweep = iso.Sweep({"x": range(101)})
    few, profile = sweep.profile(minimize="x", maximize="2*x", rows=3)
    assert few["x"].to_list() == [0, 50, 100]
    assert profile.gap == 0.25
    assert "none of the front further than 0.25 of its range" in str(profile)
    _, profile = sweep.profile(minimize="x", maximize="2*x")
    assert profile.gap is None
    _, profile = sweep.profile(minimize="x", maximize="2*x", rows=101)
    assert profile.gap == 0.0


def test_a_front_that_is_short_enough_is_left_as_it_is() -> None:
    front = SWEEP.pareto(minimize=BOTH, resolution=0.3)
    few, profile = SWEEP.profile(minimize=BOTH, resolution=0.3, rows=front.height)
    assert few.equals(front)
    assert profile.gap == 0.0
    assert profile.resolution == dict.fromkeys(BOTH, 0.25)


def test_rows_are_chosen_of_the_front_at_the_resolution() -> None:
    front = SWEEP.pareto(minimize=BOTH, resolution=0.01)
    few = SWEEP.pareto(minimize=BOTH, resolution=0.01, rows=5)
    assert few.height == 5
    assert few.join(front, on=front.columns, how="anti").is_empty()


def test_copies_come_on_top() -> None:
    sweep = iso.Sweep({"x": [1.0, 2.0, 3.0, 3.0], "y": [1.0, 1.0]})
    few = sweep.pareto(minimize="x", maximize="2*x", rows=2, ties="all")
    assert few["x"].to_list() == [1.0, 1.0, 3.0, 3.0, 3.0, 3.0]


@pytest.mark.parametrize("method", ["enumerate", "search"])
def test_fifty_rows_of_a_million(method: str) -> None:
    axes = {"params": iso.geomspace(1e8, 1e12, 400), "tokens": iso.geomspace(1e9, 1e14, 400)}
    sweep = iso.Sweep(axes, law="besiroglu2024")
    few, profile = sweep.profile(minimize=["loss", "params", "tokens"], rows=50, method=method)
    assert few.height == 50
    assert profile.gap is not None
    assert profile.gap < 0.2
    for objective in ("loss", "params", "tokens"):
        best = sweep.best(minimize=objective)[objective].item()
        assert few[objective].min() == best


def test_a_front_too_long_to_choose_from_names_a_resolution_that_fits() -> None:
    question: dict[str, Any] = {"minimize": BOTH, "rows": 5, "max_rows": 100}
    with pytest.raises(iso.LimitError, match=r"the front has more than 100 rows; .* resolution=") as caught:
        SWEEP.pareto(**question)
    named = float(str(caught.value).split("resolution=")[1].split(",")[0])
    assert SWEEP.pareto(**question, resolution=named).height == 5
    with pytest.raises(iso.LimitError):
        SWEEP.pareto(**question, resolution=named / 2)


def test_where_no_resolution_fits_that_is_said() -> None:
    sweep = iso.Sweep({"x": iso.geomspace(1, 2.0**100, 101)})
    with pytest.raises(iso.LimitError, match=r"even resolution=1 leaves too many rows"):
        sweep.pareto(minimize="x", maximize="x*x", rows=2, max_rows=50)


# The filter -------------------------------------------------------------------------------------------


def test_the_filter_chooses_the_rows_that_the_sweep_chooses() -> None:
    table = SWEEP.table(columns=BOTH)
    found = iso.pareto(
        table.sample(fraction=1.0, shuffle=True, seed=1), minimize=BOTH, resolution=1e-9, rows=8
    )
    assert found.sort("loss").equals(SWEEP.pareto(minimize=BOTH, rows=8))


def test_chosen_rows_of_a_frame_stay_in_its_order() -> None:
    frame = pl.DataFrame({"x": [3, 1, 5, 2, 4], "y": [3, 5, 1, 4, 2], "name": list("abcde")})
    assert iso.pareto(frame, minimize=["x", "y"], rows=3)["name"].to_list() == ["a", "b", "c"]


def test_the_filter_wants_a_row_for_each_objective() -> None:
    with pytest.raises(ValueError, match="rows=1 is less than the number of objectives"):
        iso.pareto({"x": [1], "y": [2]}, minimize=["x", "y"], rows=1)
