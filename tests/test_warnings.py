"""Every documented warning appears, with its text, and points at the caller's line."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import isoflop as iso
from support.small import CLOSE, LAW, POOL, sweep

# Empty answers --------------------------------------------------------------------------------------


def empty(asked: iso.Sweep, **arguments: Any) -> str:
    """The warning of an empty front."""
    with pytest.warns(iso.EmptyResultWarning) as caught:
        assert asked.pareto(**(arguments or {"minimize": "params"})).height == 0
    assert len(caught) == 1
    return str(caught[0].message)


def test_a_constraint_that_nothing_meets_is_told_with_the_nearest_value() -> None:
    assert empty(sweep(where="params <= 5e8")) == (
        "the answer is empty: `params <= 5e8`: nothing in the space meets it; the nearest is params = 1e+09"
    )


@pytest.mark.parametrize(
    ("constraint", "nearest"),
    [
        ("params < 1e9", "the nearest is params = 1e+09"),
        ("params > 1e10", "the nearest is params = 1e+10"),
        ("tokens >= 3e12", "the nearest is tokens = 1e+12"),
        ("2e13 <= tokens", "the nearest is tokens = 1e+12"),
        ("params == 6e9", "the nearest is params = 1e+10"),
        ("1e10 < params < 1e12", "the nearest is params = 1e+10"),
        ("tokens < params", "the nearest is tokens = 1e+10 against params = 1e+10"),
        ("train_flops < 1 + 1", "the nearest is train_flops = 6e+19"),
        ("params / 1e9 < 0.5", "the nearest is params / 1000000000.0 = 1"),
        ("params != params", "params is the same as params everywhere"),
        ("log(-params) > 0", "log(-params) is NaN everywhere"),
    ],
)
def test_the_nearest_value_is_that_of_the_side_that_varies(constraint: str, nearest: str) -> None:
    assert empty(sweep(where=constraint)).endswith(
        f"`{constraint}`: nothing in the space meets it; {nearest}"
    )


def test_every_constraint_that_nothing_meets_is_told() -> None:
    text = empty(sweep(where=["params <= 5e8", "tokens > 0", "tokens < 1e9"]))
    assert (
        "params = 1e+09; `tokens < 1e9`: nothing in the space meets it; the nearest is tokens = 1e+10" in text
    )
    assert "tokens > 0" not in text


def test_a_condition_without_sides_is_told_without_a_nearest_value() -> None:
    assert empty(sweep(where="not params > 0")).endswith("`not params > 0`: nothing in the space meets it")


def test_the_smallest_conflict_is_a_pair() -> None:
    assert empty(sweep(where=["tokens > 0", "params > 5e9", "params < 2e9"])) == (
        "the answer is empty: `params > 5e9` and `params < 2e9` conflict: each can be met, but not both "
        "at once"
    )


def test_constraints_that_conflict_all_together_are_told_so() -> None:
    axes = {"x": [0, 1], "y": [0, 1], "z": [0, 1]}
    text = empty(iso.Sweep(axes, where=["x != y", "y != z", "x != z"]), minimize="x")
    assert text == (
        "the answer is empty: no two of the 3 constraints conflict, but nothing in the space meets all "
        "of them together"
    )


def test_objectives_that_are_nan_everywhere_are_told() -> None:
    text = empty(sweep(where="params > 5e9"), minimize="log(-params)")
    assert text == (
        "the answer is empty: all 3 configurations that meet the constraints have NaN for `log(-params)`"
    )


def test_best_and_table_warn_of_empty_answers_too() -> None:
    with pytest.warns(iso.EmptyResultWarning, match="params <= 5e8"):
        assert sweep(where="params <= 5e8").best(minimize="loss").height == 0
    with pytest.warns(iso.EmptyResultWarning, match="params <= 5e8"):
        assert sweep(where="params <= 5e8").table().height == 0


def near_nothing(asked: iso.Sweep, **arguments: Any) -> str:
    """The warning that nothing is near."""
    with pytest.warns(iso.EmptyResultWarning) as caught:
        assert asked.near(**(CLOSE | arguments)).height == 0
    assert len(caught) == 1
    return str(caught[0].message)


def test_near_warns_of_empty_answers_too() -> None:
    assert near_nothing(sweep(where="params <= 5e8")) == (
        "the answer is empty: `params <= 5e8`: nothing in the space meets it; the nearest is params = 1e+09"
    )
    assert near_nothing(sweep(), minimize="log(-params)", by="tokens", then="tokens") == (
        "the answer is empty: all the configurations that meet the constraints have NaN for `log(-params)`"
    )


def test_near_tells_what_is_nan_near_the_best() -> None:
    assert near_nothing(
        sweep(), minimize="params", then=["tokens", "sqrt(5e9 - params) * log(0 - params)"]
    ) == (
        "the answer is empty: all the configurations near the best have NaN for `tokens` or "
        "`sqrt(5e9 - params) * log(0 - params)`"
    )
    # Far from the best they have not.
    assert near_nothing(sweep(), minimize="params", then="log(params - 5e9)").endswith(
        "all the configurations near the best have NaN for `log(params - 5e9)`"
    )


# Edges ----------------------------------------------------------------------------------------------


def edge_warnings(asked: iso.Sweep, **arguments: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asked.best(**arguments)
    return [str(warning.message) for warning in caught if warning.category is iso.EdgeWarning]


QUALITY = iso.Sweep(
    {"params": 1e9, "tokens": 1e10, "quality": iso.linspace(0.5, 2, 4)},
    law=LAW,
    quantities={"cost": "train_usd + 1e5*quality"},
)


def test_an_axis_at_its_end_that_nothing_charges_for_is_told() -> None:
    assert edge_warnings(QUALITY, minimize="loss") == [
        "`quality` is at its upper end (2.0); no objective or constraint charges for it"
    ]


def test_steps_beyond_all_numbers_have_ends_too() -> None:
    (told,) = edge_warnings(iso.Sweep({"x": [1e308, -1e308]}), minimize="x")
    assert told.startswith("`x` is at its lower end (-1e+308)")


def test_an_end_is_named_by_value_not_by_position() -> None:
    turned = QUALITY.replace(axes={**QUALITY.axes, "quality": [2.0, 1.0, 0.5]})
    assert edge_warnings(turned, minimize="loss")[0].startswith("`quality` is at its upper end (2.0)")
    assert edge_warnings(QUALITY, minimize="cost")[0].startswith("`quality` is at its lower end (0.5)")


def test_an_axis_that_a_constraint_charges_for_is_not_told() -> None:
    assert edge_warnings(QUALITY.replace(where="cost < 1e9"), minimize="loss") == []


def test_the_axis_of_by_is_not_told() -> None:
    assert edge_warnings(QUALITY, minimize="loss", by="quality") == []


def test_with_by_all_rows_must_be_at_the_end() -> None:
    both = iso.Sweep({"x": [-1.0, 1.0], "y": [0.0, 1.0, 2.0]})
    assert edge_warnings(both, minimize="x*y", by="x") == []
    assert edge_warnings(both, minimize="x + y", by="x") == [
        "`y` is at its lower end (0.0); no objective or constraint charges for it"
    ]


@pytest.mark.parametrize(
    "values",
    [[1.0, 2.0, 3.0], [2.0], [3.0, 0.0, 2.0]],
    ids=["inside", "single", "unordered"],
)
def test_only_ends_of_ordered_axes_are_told(values: list[float]) -> None:
    assert edge_warnings(iso.Sweep({"x": values}), minimize="abs(x - 2)") == []


def test_linked_axes_are_not_told() -> None:
    assert edge_warnings(iso.Sweep({"pool": POOL}), minimize="quality") == []


def test_an_objective_that_is_flat_at_the_end_tells_nothing() -> None:
    assert edge_warnings(iso.Sweep({"x": [1.0, 2.0, 3.0, 4.0]}), maximize="min(x, 2)") == []
    assert edge_warnings(iso.Sweep({"x": [1.0, 2.0, 3.0]}), minimize="0*x") == []


# Extrapolation --------------------------------------------------------------------------------------

RANGED = iso.Law(
    "E + A/params**0.3 + B/tokens**0.3",
    {"E": 1.7, "A": 400.0, "B": 410.0},
    variables={"params": {"range": (1e8, 1e10)}, "tokens": {"range": (1e9, 1e11)}},
    id="ranged",
)


def test_leaving_the_fitted_range_is_told_with_variables_range_and_decades() -> None:
    far = iso.Sweep({"params": [1e9, 1e12], "tokens": [1e8, 1e10]}, law=RANGED)
    with pytest.warns(iso.ExtrapolationWarning) as caught:
        far.pareto(minimize=["loss", "train_flops"])
    text = str(caught[0].message)
    assert text.startswith("`ranged` is used outside the range it was fitted on, in 2 of 3 rows: ")
    assert "`params` up to 2 decades above 1e+08 to 1e+10" in text
    assert "`tokens` up to 1 decade below 1e+09 to 1e+11" in text


def test_it_is_told_once_for_each_sweep() -> None:
    far = iso.Sweep({"params": [1e12], "tokens": [1e10]}, law=RANGED)
    with pytest.warns(iso.ExtrapolationWarning):
        far.best(minimize="loss")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        far.best(minimize="loss")
        far.pareto(minimize="loss")
    with pytest.warns(iso.ExtrapolationWarning):
        far.replace(where="params > 0").pareto(minimize="loss")


def test_it_is_not_told_inside_the_range() -> None:
    inside = iso.Sweep({"params": [1e8, 1e10], "tokens": [1e9]}, law=RANGED)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert inside.pareto(minimize=["loss", "train_flops"]).columns == [
            "params",
            "tokens",
            "loss",
            "train_flops",
        ]


# Where warnings point -------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", ["pareto", "profile", "best", "near", "table"])
def test_warnings_point_at_the_callers_line(ask: str) -> None:
    asked = iso.Sweep({"params": [1e12, 2e12], "tokens": [1e10]}, law=RANGED, where="params < 1e9")
    arguments: dict[str, Any] = {} if ask == "table" else {"minimize": "loss"}
    if ask == "near":
        arguments["within"] = 0.1
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        getattr(asked, ask)(**arguments)
        getattr(asked.replace(where=()), ask)(**arguments)
    assert caught
    assert {warning.filename for warning in caught} == {__file__}
