"""What can be an axis, what cannot, and what becomes of it."""

from __future__ import annotations

import array
from typing import Any

import numpy as np
import polars as pl
import pytest

import awkward
import isoflop as iso
from isoflop._axes import read_axes


def values_of(values: Any) -> pl.Series:
    axis = iso.Sweep({"x": values}).axes["x"]
    assert isinstance(axis, pl.Series)
    return axis


@pytest.mark.parametrize(
    "values",
    [
        [1.0, 2.0, 4.0],
        (1.0, 2.0, 4.0),
        np.array([1.0, 2.0, 4.0]),
        np.array([1.0, 0.0, 2.0, 0.0, 4.0])[::2],
        np.array([1.0, 2.0, 4.0], dtype=">f8"),
        pl.Series("whatever", [1.0, 2.0, 4.0]),
        array.array("d", [1.0, 2.0, 4.0]),
    ],
)
def test_every_kind_of_column_is_the_same_axis(values: Any) -> None:
    assert values_of(values).to_list() == [1.0, 2.0, 4.0]
    assert values_of(values).name == "x"


def read(values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[Any, ...]:
    """Return all that a sweep makes of an array, or how it refuses it."""
    try:
        (axis,), _ = read_axes({"x": values})
    except iso.SpaceError as error:
        return (str(error), error.axis)
    (column,) = axis.columns
    assert column.numbers is not None
    assert not np.shares_memory(column.numbers, values)
    flags = (column.numbers.flags.writeable, column.numbers.flags.c_contiguous)
    return (axis.name, axis.length, axis.linked, column.kind, column.numbers.tobytes(), flags)


@pytest.mark.parametrize(
    "numbers", [[], [1.0], awkward.FINITE, [*awkward.FINITE, float("nan")], [float("inf")]]
)
@pytest.mark.parametrize("step", [1, 2, -1])
def test_an_array_that_needs_no_reading_is_read_like_any_other(numbers: list[float], step: int) -> None:
    array = np.array(numbers, dtype=np.float64)[::step]
    # A subclass of arrays takes the long way.
    assert read(array) == read(array.view(np.recarray))
    assert array.flags.writeable


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2, 3], pl.Int64),
        (range(1, 4), pl.Int64),
        (np.array([1, 2, 3], dtype=np.int8), pl.Int8),
        (np.array([1, 2, 3], dtype=np.uint32), pl.UInt32),
        (pl.Series([1, 2, 3], dtype=pl.UInt16), pl.UInt16),
        ([1, 2.0, 3], pl.Float64),
        ([np.int64(1), 2, np.int32(3)], pl.Int64),
        (np.array([1, 2, 3], dtype=np.float32), pl.Float64),
    ],
)
def test_integers_come_out_as_the_integers_they_were(values: Any, dtype: pl.DataType) -> None:
    table = iso.Sweep({"x": values}).table()
    assert table["x"].dtype == dtype
    assert table["x"].to_list() == [1, 2, 3]


def test_single_precision_is_widened_and_keeps_its_value() -> None:
    value = np.float32(0.1)
    assert values_of(np.array([value]))[0] == float(value) != 0.1


def test_a_range_counts_downwards_too() -> None:
    assert values_of(range(6, 0, -2)).to_list() == [6, 4, 2]


@pytest.mark.parametrize("scalar", [7, 7.0, np.float32(7), np.int64(7), np.array(7.0)])
def test_a_number_is_a_constant_and_no_column(scalar: Any) -> None:
    sweep = iso.Sweep({"x": [1, 2], "y": scalar})
    assert sweep.size == 2
    assert sweep.table().columns == ["x"]
    assert sweep.table(columns=["y", "x*y"])["x*y"].to_list() == [7.0, 14.0]


def test_a_list_of_one_value_is_an_axis() -> None:
    assert iso.Sweep({"x": [1, 2], "y": [7]}).table().columns == ["x", "y"]


def test_a_space_without_axes_is_one_configuration() -> None:
    sweep = iso.Sweep({"x": 3})
    assert sweep.size == 1
    assert sweep.best(minimize="2*x").to_dicts() == [{"2*x": 6.0}]


def test_the_size_is_exact_beyond_binary64() -> None:
    axes = {name: range(2**15 - 1) for name in "abcd"}
    assert iso.Sweep(axes).size == (2**15 - 1) ** 4


def test_a_space_of_2_to_the_63_is_refused() -> None:
    with pytest.raises(iso.SpaceError, match=r"more than 2\^63 - 1"):
        iso.Sweep({"a": range(2**20), "b": range(2**20), "c": range(2**20), "d": range(8)})


def test_later_changes_of_the_inputs_do_not_reach_the_sweep() -> None:
    column = np.array([1.0, 2.0])
    listed = [1.0, 2.0]
    shared = np.array([1.0, 2.0])
    frame = pl.DataFrame([pl.Series("z", shared)])
    sweep = iso.Sweep({"x": column, "y": listed, "zs": frame})
    column[0], listed[0], shared[0] = 9.0, 9.0, 9.0
    assert sweep.pareto(minimize="x + y + z").row(0) == (1.0, 1.0, 1.0, 3.0)


def test_inputs_are_left_as_they_were() -> None:
    column = np.array([2.0, 1.0])
    axes: dict[str, Any] = {"x": column, "y": [2, 1]}
    iso.Sweep(axes).pareto(minimize=["x", "y"])
    assert column.tolist() == [2.0, 1.0]
    assert column.flags.writeable
    assert list(axes) == ["x", "y"]
    assert axes["y"] == [2, 1]


def test_what_axes_returns_can_be_changed_without_harm() -> None:
    sweep = iso.Sweep({"x": [1.0, 2.0]})
    axis = sweep.axes["x"]
    axis[0] = 9.0  # type: ignore[index]
    assert sweep.table()["x"].to_list() == [1.0, 2.0]
    with pytest.raises(TypeError):
        sweep.axes["x"] = [3.0]  # type: ignore[index]


# Linked axes ----------------------------------------------------------------------------------------

GPUS = pl.DataFrame(
    {
        "gpu": ["a100", "h100"],
        "peak_flops": [3.12e14, 9.89e14],
        "memory": [80, 141],
        "fp8": [False, True],
    }
)


def test_linked_columns_vary_together_and_are_one_axis() -> None:
    table = iso.Sweep({"x": [1, 2], "gpu": GPUS}).table()
    assert table.columns == ["x", "gpu", "peak_flops", "memory", "fp8"]
    assert table["gpu"].to_list() == ["a100", "h100", "a100", "h100"]
    assert table["fp8"].to_list() == [False, True, False, True]
    assert table.schema["memory"] == pl.Int64


def test_linked_truth_values_are_conditions_in_formulas() -> None:
    sweep = iso.Sweep({"x": [1, 2], "gpus": GPUS}, where="fp8 and memory > 100")
    assert sweep.table(columns="where(fp8, 2, 1)*x")["where(fp8, 2, 1)*x"].to_list() == [2.0, 4.0]


def test_categories_are_carried_along() -> None:
    frame = pl.DataFrame({"y": [1.0, 2.0], "kind": pl.Series(["a", "b"], dtype=pl.Enum(["a", "b"]))})
    table = iso.Sweep({"kinds": frame, "x": [1, 2]}).table()
    assert table.schema["kind"] == pl.Enum(["a", "b"])
    assert table["kind"].to_list() == ["a", "a", "b", "b"]


def test_a_linked_axis_is_named_by_its_key() -> None:
    axes = iso.Sweep({"accelerator": GPUS}).axes
    assert list(axes) == ["accelerator"]
    assert GPUS.equals(axes["accelerator"])  # type: ignore[arg-type]


# Refusals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "is empty"),
        (np.array([]), "is empty"),
        (range(0), "is empty"),
        (pl.Series([], dtype=pl.Float64), "is empty"),
        ([1.0, float("nan")], "has nan at position 1"),
        ([float("inf"), 1.0], "has inf at position 0"),
        (float("nan"), "must be finite"),
        (pl.Series([1.0, None]), "has 1 nulls"),
        ([1.0, None], "holds None at position 1"),
        (None, "holds NoneType"),
        (np.ma.masked_array([1.0, 2.0], [False, True]), "masked"),
        ([2**53 + 1], r"beyond 2\^53"),
        ([-(2**53) - 2, 1.5], r"beyond 2\^53"),
        (range(2**53, 2**53 + 2), r"beyond 2\^53"),
        (np.array([2**60]), r"beyond 2\^53"),
        (np.array([2**63 + 5], dtype=np.uint64), r"beyond 2\^53"),
        (2**53 + 1, r"beyond 2\^53"),
        ([1 + 2j], "holds \\(1\\+2j\\)"),
        (np.array([1 + 2j]), "complex numbers"),
        (1 + 2j, "holds complex"),
        (np.array([1, "a", None], dtype=object), "values of type object"),
        (np.array(["2020-01-01"], dtype="datetime64[D]"), "datetime64"),
        (pl.Series([1, 2]).cast(pl.Date), "values of type Date"),
        (np.ones((2, 2)), "2 dimensions"),
        ([[1, 2], [3, 4]], r"holds \[1, 2\] at position 0"),
        (["a", "b"], "holds text: make it a linked axis"),
        (np.array(["a", "b"]), "holds text"),
        (pl.Series(["a", "b"]), "holds text"),
        ("days", "is text \\('days'\\); a formula belongs into quantities="),
        ([True, False], "holds truth values: write 0 and 1"),
        (np.array([True]), "holds truth values"),
        ([1, True], "mixes truth values with numbers"),
        (True, "is True: a scalar is a number; write 1"),
        (np.bool_(False), "is False: a scalar is a number; write 0"),
        ({1.0, 2.0}, "no fixed order"),
        ((value for value in [1.0]), "no fixed order"),
        ({"y": [1.0]}, "a frame: pl.DataFrame"),
        (pl.LazyFrame({"y": [1.0]}), "collect\\(\\) it first"),
        (np.array([1.0], dtype=np.longdouble), "wider than a formula's numbers"),
        (range(2**40), "has more than 4294967295 values"),
        (pl.DataFrame({"y": []}), "needs columns and at least one row"),
        (pl.DataFrame(), "needs columns and at least one row"),
        (pl.DataFrame({"y": [None, float("nan")]}), "column `y` of axis `x` has nan at position 1"),
        (pl.DataFrame({"y": [None, 2**53 + 1]}), r"column `y` of axis `x` holds the integer .* beyond 2\^53"),
        (pl.DataFrame({"y": pl.Series([None], dtype=pl.Date)}), "values of type Date"),
        (pl.DataFrame({"y": [[1.0]]}), "column `y` of axis `x` holds values of type List"),
        (pl.DataFrame({"2y": [1.0]}), "'2y': a name is made of letters"),
        (object(), "holds object"),
    ],
)
def test_what_cannot_be_an_axis_is_refused_by_name(values: Any, message: str) -> None:
    with pytest.raises(iso.SpaceError, match=message) as caught:
        iso.Sweep({"x": values})
    assert caught.value.axis in ("x", "2y")
    assert "x" in str(caught.value)


@pytest.mark.parametrize("name", ["", "2x", "a b", "a.b", "é", 3, "x-y"])
def test_names_that_formulas_cannot_read_are_refused(name: Any) -> None:
    with pytest.raises(iso.SpaceError, match="a name is made of letters"):
        iso.Sweep({name: [1.0]})


@pytest.mark.parametrize("name", ["exp", "where", "and", "not", "min"])
def test_words_of_the_formula_language_are_no_names(name: str) -> None:
    with pytest.raises(iso.SpaceError, match=f"`{name}`, which is an operation of the formula language"):
        iso.Sweep({name: [1.0]})
    with pytest.raises(iso.SpaceError, match="operation"):
        iso.Sweep({"x": [1.0]}, quantities={name: "x"})


def test_two_columns_of_one_name_are_refused() -> None:
    frame = pl.DataFrame({"y": [1.0], "z": [2.0]})
    with pytest.raises(iso.SpaceError, match="column `y` of axis `a` has the same name as axis `y`"):
        iso.Sweep({"y": [1.0], "a": frame})
    with pytest.raises(
        iso.SpaceError, match="column `y` of axis `b` has the same name as column `y` of axis `a`"
    ):
        iso.Sweep({"a": frame, "b": frame})
    with pytest.raises(iso.SpaceError, match="column `y` of axis `a` has the same name as the scalar `y`"):
        iso.Sweep({"a": frame, "y": 1.0})
    with pytest.raises(iso.SpaceError, match="axis `z` has the same name as column `z` of axis `a`"):
        iso.Sweep({"a": frame, "z": [1.0]})


def test_axes_must_be_a_mapping() -> None:
    with pytest.raises(TypeError, match="axes must be a mapping"):
        iso.Sweep([1, 2, 3])  # type: ignore[arg-type]


# Spacings -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "stop"), [(1e9, 1e12), (3.0, 7.0), (1e-300, 1e300), (1.0, 1 / 32), (-2.0, -9.0)]
)
@pytest.mark.parametrize("num", [2, 3, 10, 1000])
def test_geomspace_hits_its_ends_and_follows_numpy(start: float, stop: float, num: int) -> None:
    numbers = iso.geomspace(start, stop, num)
    assert numbers[0] == start
    assert numbers[-1] == stop
    np.testing.assert_allclose(numbers, np.geomspace(start, stop, num), rtol=1e-12)


@pytest.mark.parametrize("num", [0, 1, 7])
@pytest.mark.parametrize("endpoint", [True, False])
def test_spacings_follow_numpy_for_few_numbers_and_open_ends(num: int, endpoint: bool) -> None:
    geometric = iso.geomspace(2.0, 5.0, num, endpoint=endpoint)
    np.testing.assert_allclose(geometric, np.geomspace(2.0, 5.0, num, endpoint=endpoint), rtol=1e-14)
    linear = iso.linspace(2.0, 5.0, num, endpoint=endpoint)
    assert linear.tolist() == np.linspace(2.0, 5.0, num, endpoint=endpoint).tolist()


@pytest.mark.parametrize("start", awkward.FINITE)
@pytest.mark.parametrize("stop", awkward.FINITE)
@pytest.mark.parametrize("num", [2, 5, 50])
@pytest.mark.parametrize("endpoint", [True, False])
def test_linspace_is_that_of_numpy_to_the_bit(start: float, stop: float, num: int, endpoint: bool) -> None:
    if not np.isfinite(stop - start):
        pytest.skip("refused: too far apart")
    numbers = iso.linspace(start, stop, num, endpoint=endpoint)
    assert numbers.tobytes() == np.linspace(start, stop, num, endpoint=endpoint).tobytes()


def test_linspace_to_the_largest_number_overflows_nowhere() -> None:
    largest = np.finfo(np.float64).max
    numbers = iso.linspace(0, largest, 4)  # three times a third of it rounds beyond it
    assert np.isfinite(numbers).all()
    assert numbers[-1] == largest


def test_linspace_hits_its_ends() -> None:
    numbers = iso.linspace(0.1, 0.7, 1001)
    assert (numbers[0], numbers[-1]) == (0.1, 0.7)


def test_spacings_have_fifty_numbers_unless_told_otherwise() -> None:
    assert len(iso.geomspace(1, 2)) == len(iso.linspace(1, 2)) == 50


@pytest.mark.parametrize("spacing", [iso.geomspace, iso.linspace])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((1.0, float("inf"), 3), iso.SpaceError, "stop is inf"),
        ((float("nan"), 1.0, 3), iso.SpaceError, "start is nan"),
        ((1.0, 2.0, -1), iso.SpaceError, "num is -1"),
        ((1.0, 2.0, 2.5), TypeError, "num must be an integer"),
        ((1.0, 2.0, True), TypeError, "num must be an integer"),
        (("1", 2.0, 3), TypeError, "start must be a number"),
    ],
)
def test_spacings_refuse_what_makes_no_sense(spacing: Any, arguments: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        spacing(*arguments)


@pytest.mark.parametrize(("start", "stop"), [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0)])
def test_geomspace_refuses_zero_and_two_signs(start: float, stop: float) -> None:
    with pytest.raises(iso.SpaceError, match="one sign"):
        iso.geomspace(start, stop, 3)


def test_linspace_refuses_ends_too_far_apart() -> None:
    with pytest.raises(iso.SpaceError, match="further apart"):
        iso.linspace(-1.7e308, 1.7e308, 3)
