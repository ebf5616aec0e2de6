"""Numbers that a user gives: whatever is none, or none that a machine holds, is refused by name."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import isoflop as iso
from isoflop._text.given import MOST, read_real, read_reals, read_whole, shown

LAW = iso.law("besiroglu2024")
RULE = iso.allocation("llama3-2024")
SWEEP = iso.Sweep({"params": [1e9, 1e10], "tokens": [1e10, 1e11]}, law=LAW)

BEYOND = {
    "integer": 10**400,
    "longer than Python writes out": 10**5000,
    "negative": -(10**400),
    "fraction": Fraction(10**400),
    "decimal": Decimal("1e400"),
}
"""Numbers beyond binary64, which OverflowError or a silent infinity stood for."""

Call = Callable[[Any], object]

NUMBERS: dict[str, Call] = {
    "start": lambda x: iso.geomspace(x, 2, 5),
    "stop": lambda x: iso.linspace(1, x, 5),
    "resolution": lambda x: SWEEP.pareto(minimize="loss", resolution=x),
    "loss: resolution of one": lambda x: SWEEP.pareto(minimize="loss", resolution={"loss": x}),
    "resolution: of a frame": lambda x: iso.pareto({"loss": [1.0]}, minimize="loss", resolution=x),
    "within": lambda x: SWEEP.near(minimize="loss", within=x),
    "params": lambda x: LAW.loss(params=x, tokens=1e10),
    "params: several": lambda x: LAW.loss(params=[1e9, x], tokens=1e10),
    "tokens: of several laws": lambda x: iso.losses([LAW], params=1e9, tokens=[x, 1e9]),
    "flops": lambda x: LAW.compute_optimal(x),
    "flops: several": lambda x: LAW.compute_optimal([1e21, x]),
    "quality": lambda x: LAW.compute_optimal(1e21, quality=x),
    "flops: of a rule": lambda x: RULE.compute_optimal(x),
    "loss": lambda x: LAW.equivalent_flops(x),
    "alpha": lambda x: LAW.replace(alpha=x),
    "range": lambda x: iso.Law("E/params", {"E": 1}, variables={"params": {"range": [1, x]}}),
    "matrix": lambda x: iso.Law("E/params", {"E": 1}, covariance={"of": ["E"], "matrix": [[x]]}),
    "moe_gain": lambda x: iso.diagnose({"params": [1e9], "tokens": [1e10]}, moe_gain=x),
    "params: a scalar": lambda x: iso.Sweep({"params": x}),
    "params: an axis": lambda x: iso.Sweep({"params": [x, 1.5]}),
    "unique_tokens": lambda x: iso.Sweep({"a_tokens": 1.0}, pools={"pool": ["a"], "unique_tokens": [x]}),
    "quality: of pools": lambda x: iso.Sweep(
        {"a_tokens": 1.0, "b_tokens": 1.0}, pools={"pool": ["a", "b"], "quality": [0.5, x]}
    ),
    "mfu": lambda x: iso.plan(flops=1e21, mfu=x),
    "flops: of a plan": lambda x: iso.plan(flops=x),
    "params: of models": lambda x: iso.diagnose({"params": [x, 1.5], "tokens": [1e9, 1e9]}),
}
"""Where a number can be given, by the name that the message has (before the colon)."""


@pytest.mark.parametrize("value", BEYOND.values(), ids=BEYOND)
@pytest.mark.parametrize(("place", "call"), NUMBERS.items(), ids=NUMBERS)
def test_a_number_beyond_binary64_is_refused_by_name(place: str, call: Call, value: object) -> None:
    with pytest.raises((iso.IsoflopError, TypeError, ValueError), match=place.partition(":")[0]) as caught:
        call(value)
    assert "Exceeds the limit" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("value", BEYOND.values(), ids=BEYOND)
@pytest.mark.parametrize(
    "place", ["params", "flops", "flops: of a rule", "loss", "alpha", "range", "quality"]
)
def test_laws_refuse_numbers_with_an_error_of_their_own(place: str, value: object) -> None:
    with pytest.raises(iso.LawError, match=r"beyond the largest number, 1\.8e\+308"):
        NUMBERS[place](value)


COUNTS: dict[str, Call] = {
    "num": lambda n: iso.geomspace(1, 2, n),
    "linspace: num": lambda n: iso.linspace(1, 2, n),
    "rows": lambda n: SWEEP.pareto(minimize="loss", rows=n),
    "max_rows": lambda n: SWEEP.pareto(minimize="loss", max_rows=n),
    "near, max_rows": lambda n: SWEEP.near(minimize="loss", within=0.1, max_rows=n),
    "max_bytes": lambda n: SWEEP.table(max_bytes=n),
    "`threads`": lambda n: SWEEP.pareto(minimize="loss", threads=n),
    "best, threads": lambda n: SWEEP.best(minimize="loss", threads=n),
    "near, threads": lambda n: SWEEP.near(minimize="loss", within=0.1, threads=n),
    "table, threads": lambda n: SWEEP.table(threads=n),
    "plan, threads": lambda n: iso.plan(flops=1e21, threads=n),
    "pareto, threads": lambda n: iso.pareto({"loss": [1.0, 2.0]}, minimize="loss", threads=n),
    "n": lambda n: LAW.sample(n),
}
"""Where a count can be given, by its name (after the comma)."""


@pytest.mark.parametrize("count", [2**63, 2**64, 2**70, 10**20, 10**400, 10**5000], ids=lambda n: shown(n))
@pytest.mark.parametrize(("name", "call"), COUNTS.items(), ids=COUNTS)
def test_a_count_beyond_64_bits_is_refused_by_name(name: str, call: Call, count: int) -> None:
    error = iso.SpaceError if "num" in name else ValueError
    with pytest.raises(error) as caught:
        call(count)
    assert name.split(", ")[-1] in str(caught.value)
    assert shown(count) in str(caught.value)


@pytest.mark.parametrize("count", [-1, -(10**400), 1.5, "3", None, True, math.nan])
@pytest.mark.parametrize("name", ["num", "max_rows", "max_bytes", "n"])
def test_what_is_no_count_is_refused_by_name(name: str, count: object) -> None:
    with pytest.raises((TypeError, ValueError), match=rf"\b{name}\b"):
        COUNTS[name](count)


def test_the_largest_counts_are_taken() -> None:
    assert SWEEP.pareto(minimize="loss", rows=MOST, max_rows=MOST, threads=MOST).height == 1
    assert SWEEP.table(max_bytes=MOST).height == 4


TOML = {
    "an axis of numbers": "[axes]\nx = [1.5, {}]",
    "a constant": "[axes]\nx = {}",
    "an axis of integers": "[axes]\nx = [1, {}]",
    "a linked column of integers": "[axes.a]\nx = [1, {}]",
    "a linked column of both": "[axes.a]\nx = [1.5, {}]",
    "a count of a spacing": "[axes]\nx = {{ linspace = [1, 2, {}] }}",
    "an end of a spacing": "[axes]\nx = {{ geomspace = [1, {}, 5] }}",
    "a pool": "[axes]\na_tokens = 1\n[pools.a]\nunique_tokens = {}",
    "a coefficient": '[axes]\nparams = 1\n[law]\nformula = "E"\ncoefficients = {{ E = {} }}',
}


@pytest.mark.parametrize("digits", [400, 5000])
@pytest.mark.parametrize("text", TOML.values(), ids=TOML)
def test_numbers_beyond_binary64_in_a_sweep_file_are_refused_with_its_name(
    text: str, digits: int, tmp_path: Path
) -> None:
    path = tmp_path / "large.toml"
    path.write_text(text.format("1" + "0" * digits))
    with pytest.raises(iso.IsoflopError, match=r"large\.toml: "):
        iso.Sweep.from_toml(path)


NO_NUMBERS: dict[str, tuple[Any, str]] = {
    "text": ("7e9", "must be numbers, not text: '7e9'"),
    "bytes": (b"1e10", "must be numbers, not bytes: b'1e10'"),
    "None": (None, "must be numbers, not None"),
    "a truth value": (True, "must be numbers, not truth values: True"),
    "a truth value of NumPy": (np.True_, "must be numbers, not truth values"),
    "a complex number": (1j, "must be numbers, not 1j"),
    "a complex number of NumPy": (np.complex128(1), "must be numbers, not"),
    "a list with text": ([1e9, "2"], "must be numbers, not text: '2'"),
    "a list with None": ([1e9, None], "must be numbers, not None"),
    "a list with truth values": ([1e9, True], "must be numbers, not truth values: True"),
    "nested lists with None": ([[1e9], [None]], "must be numbers, not None"),
    "ragged lists": ([[1e9, 2e9], [3e9]], "must be numbers in rows of the same length"),
    "an array of text": (np.array(["7e9"]), "must be numbers, not text: '7e9'"),
    "an array of truth values": (np.array([True]), "must be numbers, not truth values: True"),
    "an array of complex numbers": (np.array([1j]), "must be numbers, not complex numbers"),
    "an array of dates": (np.array(["2020-01-01"], dtype="M8[D]"), "must be numbers, not dates"),
    "an array of objects": (np.array([1e9, None], dtype=object), "must be numbers, not None"),
    "a masked array": (
        np.ma.array([1e9, 2e9], mask=[False, True]),
        "has masked values; drop or fill them first",
    ),
    "a masked number": (np.ma.masked, "has masked values"),
    "a list of a masked number": ([1e9, np.ma.masked], "has masked values"),
    "a list of masked arrays": ([np.ma.array([1e9], mask=[True])], "has masked values"),
    "a series with nulls": (pl.Series([1e9, None]), "has 1 nulls; drop or fill them first"),
    "a series of text": (pl.Series(["7e9"]), "must be numbers, not text: '7e9'"),
    "a mapping": ({}, "must be numbers, not {}"),
}

ARRAYS: dict[str, Call] = {
    "`params`": lambda x: LAW.loss(params=x, tokens=1e10),
    "`tokens`": lambda x: iso.losses(["besiroglu2024", "hoffmann2022"], params=1e9, tokens=x),
    "flops": lambda x: LAW.compute_optimal(x),
    "flops of a rule": lambda x: RULE.compute_optimal(x),
    "`quality`": lambda x: LAW.compute_optimal(1e21, quality=x),
    "`loss`": lambda x: LAW.equivalent_flops(x),
}


@pytest.mark.filterwarnings("ignore::isoflop.IsoflopWarning")
@pytest.mark.parametrize(("value", "message"), NO_NUMBERS.values(), ids=NO_NUMBERS)
@pytest.mark.parametrize(("name", "call"), ARRAYS.items(), ids=ARRAYS)
def test_what_is_no_number_is_refused_by_name(name: str, call: Call, value: Any, message: str) -> None:
    with pytest.raises(iso.LawError) as caught:
        call(value)
    assert str(caught.value).startswith(f"{name.split(' of ')[0]} {message}")


@pytest.mark.parametrize("value", ["7e9", b"1e10", True, np.ma.masked, [[1.0]], 1j], ids=shown)
@pytest.mark.parametrize(
    "place", ["mfu", "flops: of a plan", "within", "start", "moe_gain", "params: a scalar"]
)
def test_where_one_number_is_meant_nothing_else_is_taken(place: str, value: Any) -> None:
    with pytest.raises((iso.SpaceError, TypeError, ValueError), match=place.partition(":")[0]):
        NUMBERS[place](value)


def test_what_stays_fixed_beside_a_budget_is_one_number() -> None:
    with pytest.raises(iso.LawError, match=r"`quality` must be one number, not an array of shape \(2,\)"):
        LAW.compute_optimal(1e21, quality=[0.5, 1.0])  # type: ignore[arg-type]


def test_nan_stays_nan() -> None:
    assert math.isnan(LAW.loss(params=math.nan, tokens=1e10))
    assert np.isnan(LAW.loss(params=[1e9, math.nan], tokens=1e10)).tolist() == [False, True]
    assert math.isnan(LAW.equivalent_flops(math.nan))
    assert np.isnan(read_reals(pl.Series([math.nan]), "x")).all()


def test_numbers_of_every_kind_are_read_to_the_same_loss() -> None:
    expected = LAW.loss(params=7e9, tokens=1e10)
    whole, column = 7 * 10**9, pl.Series([7e9])
    arrays = [
        np.array([7e9]),
        np.array([7e9], dtype=np.longdouble),
        np.array([whole]),
        np.array([whole], dtype=object),
    ]
    lists = [[7e9], (whole,), [Fraction(whole)], [Decimal("7e9")], [np.float64(7e9)]]
    series = [column, column.cast(pl.Int64), column.cast(pl.Decimal(20, 0))]
    several: list[Any] = [*arrays, *lists, *series, np.ma.array([7e9], mask=[False])]
    for value in several:
        assert np.asarray(LAW.loss(params=value, tokens=1e10)).tolist() == [expected], value
    ones: list[Any] = [
        whole,
        Fraction(whole),
        Decimal("7e9"),
        np.float64(7e9),
        np.int64(whole),
        np.array(7e9),
    ]
    for one in ones:
        assert LAW.loss(params=one, tokens=1e10) == expected
    assert np.shape(LAW.loss(params=[[7e9, 8e9], [9e9, 1e10]], tokens=1e10)) == (2, 2)


def test_a_wide_float_is_refused_only_where_binary64_ends() -> None:
    wide = np.array(["1e400", "1"], dtype=np.longdouble)
    if not np.isfinite(wide[0]):
        pytest.skip("this machine has no wider floats")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"x is .*1e\+400.*, beyond the largest number"):
            read_reals(wide, "x")
        with pytest.raises(ValueError, match="beyond the largest number"):
            read_real(wide[0], "x")
        assert read_reals(np.array([np.inf], dtype=np.longdouble), "x").tolist() == [math.inf]


def test_lists_that_hold_themselves_are_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(iso.LawError, match="must be numbers, not lists nested 32 deep"):
        LAW.loss(params=endless, tokens=1e10)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (2**63, "9223372036854775808"),
        (10**20, "about 1.0e20"),
        (-(10**400) * 25 // 10, "about -2.5e400"),
        ("x" * 100, f"'{'x' * 56}..."),
        (np.array([[1, 2], [3, 4]]), "array([[1, 2], [3, 4]])"),
        ([10**5000], "a list"),
    ],
)
def test_values_are_shown_on_one_short_line(value: object, text: str) -> None:
    assert shown(value) == text


def test_whole_numbers_of_numpy_are_whole_numbers() -> None:
    assert read_whole(np.int32(3), "n") == 3
    assert type(read_whole(np.int32(3), "n")) is int


EVERYTHING = [iso.law(id) for id in iso.laws()["id"]] + [iso.allocation(id) for id in iso.allocations()["id"]]


def optimum(entry: iso.Law | iso.Allocation, budget: float) -> pl.DataFrame | iso.LawError:
    try:
        return entry.compute_optimal([1e21, budget])
    except iso.LawError as error:
        return error


@pytest.mark.parametrize("entry", EVERYTHING, ids=lambda entry: repr(entry).removeprefix("iso."))
@pytest.mark.parametrize("budget", [5e-324, 1e-320, 1e-310, 1e-30, 1.0, 1e300, 1.7976931348623157e308])
def test_an_optimum_is_a_plan_or_an_error_that_names_the_budget(
    entry: iso.Law | iso.Allocation, budget: float
) -> None:
    found, usual = optimum(entry, budget), optimum(entry, 1e21)
    if isinstance(found, pl.DataFrame):
        numbers = found.to_numpy()
        assert np.isfinite(numbers).all()
        assert (numbers[:, 1:3] > 0).all()
    elif isinstance(usual, pl.DataFrame):
        assert f"gives no optimum at {budget:g} FLOP" in str(found) or "has no minimum" in str(found)
    else:
        # What a law needs besides a budget, or has no optimum at all, has nothing to do with this one.
        assert str(found) == str(usual)


def test_the_smallest_budgets_have_no_optimum() -> None:
    for entry in (LAW, iso.law("kaplan2020"), iso.allocation("kaplan2020")):
        with pytest.raises(iso.LawError, match=r"gives no optimum at 4\.94066e-324 FLOP: its numbers leave"):
            entry.compute_optimal(5e-324)
