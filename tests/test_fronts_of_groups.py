"""A front for each value: ``by=`` of sweeps and of the filter, and the expression."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import isoflop as iso
from isoflop import reference

GPUS = pl.DataFrame(
    {"gpu": ["b", "a", "b"], "peak_flops": [1e15, 2e15, 4e15], "usd_per_gpu_hour": [2.0, 5.0, 9.0]}
)
LAW = iso.Law("E + A/effective_params**0.34 + B/effective_tokens**0.28", {"E": 1.7, "A": 400.0, "B": 410.0})
AXES: dict[str, Any] = {
    "params": iso.geomspace(1e9, 1e11, 8),
    "gpu": GPUS,
    "tokens": iso.geomspace(1e10, 1e12, 8),
}
SWEEP = iso.Sweep(AXES, law=LAW)
BOTH = ["loss", "train_usd"]


@pytest.mark.parametrize("method", ["enumerate", "search"])
def test_each_value_has_the_front_that_it_has_alone(method: str) -> None:
    found = SWEEP.pareto(minimize=BOTH, by="gpu", method=method)
    alone = [
        SWEEP.replace(axes={**AXES, "gpu": GPUS.filter(pl.col("gpu") == gpu)}).pareto(minimize=BOTH)
        for gpu in ("b", "a")  # in order of first appearance
    ]
    assert found.equals(pl.concat(alone))


@pytest.mark.parametrize("by", ["gpu", "params", "peak_flops"])
@pytest.mark.parametrize("options", [{}, {"rows": 3}, {"resolution": 0.2}, {"ties": "all", "rows": 2}])
def test_groups_are_answered_as_the_reference_does(by: str, options: dict[str, Any]) -> None:
    for method in ("enumerate", "search"):
        found = SWEEP.pareto(minimize=BOTH, by=by, method=method, **options)
        assert found.equals(reference.pareto(SWEEP, minimize=BOTH, by=by, **options))


def test_rows_are_chosen_of_each_group() -> None:
    found, profile = SWEEP.profile(minimize=BOTH, by="gpu", rows=4)
    assert found["gpu"].to_list() == ["b"] * 4 + ["a"] * 4
    assert profile.rows == 8
    assert profile.gap is not None


def test_the_limit_is_one_for_all_groups() -> None:
    rows = SWEEP.pareto(minimize=BOTH, by="gpu").height
    assert SWEEP.pareto(minimize=BOTH, by="gpu", max_rows=rows).height == rows
    for method in ("enumerate", "search"):
        with pytest.raises(iso.LimitError):
            SWEEP.pareto(minimize=BOTH, by="gpu", max_rows=rows - 1, method=method)


def test_groups_without_an_answer_are_absent() -> None:
    found = SWEEP.replace(where="peak_flops < 1.5e15").pareto(minimize=BOTH, by="gpu")
    assert set(found["gpu"]) == {"b"}


def test_an_axis_of_one_value_is_one_group() -> None:
    sweep = iso.Sweep({"x": [1.0, 2.0], "y": [3.0]})
    assert sweep.pareto(minimize="x", by="y").rows() == [(1.0, 3.0)]


def test_an_axis_that_only_groups_are_of_is_read() -> None:
    sweep = iso.Sweep({"x": [1.0, 2.0], "y": [3.0, 4.0]})
    assert sweep.pareto(minimize="x", by="y").rows() == [(1.0, 3.0), (1.0, 4.0)]


def test_a_sweep_file_may_ask_for_groups(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from isoflop.cli import main

    path = tmp_path / "plan.toml"
    path.write_text(
        "[axes]\nx = [1.0, 2.0]\ny = [5.0, 3.0, 4.0]\n[pareto]\nminimize = 'x + y'\nby = 'x'\n",
        encoding="utf-8",
    )
    assert main(["pareto", str(path), "--format", "csv"]) == 0
    assert capsys.readouterr().out == "x,y,x + y\n1.0,3.0,4.0\n2.0,3.0,5.0\n"
    assert main(["pareto", str(path), "--by", "y", "--format", "csv"]) == 0
    assert capsys.readouterr().out == "x,y,x + y\n1.0,5.0,6.0\n1.0,3.0,4.0\n1.0,4.0,5.0\n"


# The filter -------------------------------------------------------------------------------------------

FRAME = pl.DataFrame(
    {
        "gpu": ["a", "b", "a", None, "b", None, "a"],
        "mfu": [0.5, float("nan"), 0.5, 1.0, float("nan"), 1.0, 0.25],
        "loss": [2.0, 1.0, 3.0, 9.0, 1.0, 8.0, 9.0],
        "usd": [3, 4, 4, 1, 4, 1, 9],
    }
)


@pytest.mark.parametrize(
    ("by", "kept"),
    [((), [0, 1, 5]), ("gpu", [0, 1, 5]), (["gpu", "mfu"], [0, 1, 5, 6]), ("mfu", [0, 1, 5, 6])],
)
def test_rows_that_are_equal_in_columns_have_a_front_of_their_own(by: Any, kept: list[int]) -> None:
    found = iso.pareto(FRAME.with_row_index(), minimize=["loss", "usd"], by=by)
    assert found["index"].to_list() == kept


def test_groups_of_a_frame_have_their_own_rows_and_ties() -> None:
    few = iso.pareto(FRAME.with_row_index(), minimize="loss", by="gpu", rows=1, ties="all")
    assert few["index"].to_list() == [0, 1, 4, 5]


def test_the_filter_knows_by_its_columns_only() -> None:
    with pytest.raises(ValueError, match="by= names a column; the frame has no `gup`, did you mean `gpu`"):
        iso.pareto(FRAME, minimize="loss", by="gup")


# The expression ---------------------------------------------------------------------------------------


def test_the_expression_tells_the_rows_that_the_filter_keeps() -> None:
    mask = iso.is_pareto(minimize=["loss", "usd"])
    assert FRAME.filter(mask).equals(iso.pareto(FRAME, minimize=["loss", "usd"]))
    assert FRAME.lazy().filter(mask).collect().equals(iso.pareto(FRAME, minimize=["loss", "usd"]))
    told = FRAME.select(mask)
    assert told.schema == {"is_pareto": pl.Boolean}
    assert FRAME.lazy().select(mask).collect_schema() == told.schema


def test_the_expression_tells_of_each_group_in_a_window() -> None:
    mask = iso.is_pareto(minimize=["loss", "usd"], resolution={"loss": 0.5}).over("gpu", "mfu")
    expected = iso.pareto(FRAME, minimize=["loss", "usd"], resolution={"loss": 0.5}, by=["gpu", "mfu"])
    assert FRAME.filter(mask).equals(expected)
    assert FRAME.lazy().filter(mask).collect().equals(expected)


def test_the_expression_takes_what_is_maximised_and_never_nan() -> None:
    frame = pl.DataFrame({"x": [1.0, float("nan"), 3.0], "y": [1, 5, 3]})
    assert frame.select(iso.is_pareto(maximize=["x", "y"])).to_series().to_list() == [False, False, True]
    assert frame.clear().select(iso.is_pareto(maximize="x")).height == 0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ValueError, "at least one objective"),
        ({"minimize": ["x", "x"]}, ValueError, "`x` is named twice"),
        ({"minimize": "x", "resolution": 2}, ValueError, r"in \[0, 1\], not 2"),
        ({"minimize": "x", "resolution": {"y": 0.1}}, ValueError, "'y', which is no objective"),
        ({"minimize": 3}, TypeError, "`minimize` must be a column name"),
    ],
)
def test_the_expression_refuses_what_makes_no_sense(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        iso.is_pareto(**arguments)


def test_the_expression_refuses_nulls_where_it_is_used() -> None:
    frame = pl.DataFrame({"x": [1.0, None]})
    with pytest.raises(Exception, match="objective `x` has 1 nulls"):
        frame.select(iso.is_pareto(minimize="x"))
