"""The oracle itself, against results worked out by hand from `docs/design.md`, "The meaning"."""

from __future__ import annotations

import math

import numpy as np
import pytest

from isoflop import _native, reference
from isoflop.reference import bits_of, front, key
from support import awkward
from support.awkward import bits

INFINITY = math.inf


def value(text: str, **names: float) -> float:
    """Return what a formula is worth."""
    return reference.evaluate(_native.parse(text), names.__getitem__)


def assert_worth(text: str, expected: float, **names: float) -> None:
    assert bits([value(text, **names)]) == bits([expected]), text


# Resolutions and keys -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [
        (0.0, 52),
        (awkward.SMALLEST, 52),
        (1e-16, 52),
        (2.0**-52, 52),
        (2.0**-51, 51),
        (1e-9, 30),
        (0.001, 10),
        (0.03125, 5),
        (0.05, 5),
        (0.5, 1),
        (0.9999, 1),
        (1.0, 0),
    ],
)
def test_a_resolution_becomes_the_least_power_of_two_within_it(resolution: float, expected: int) -> None:
    assert bits_of(resolution) == expected


@pytest.mark.parametrize("resolution", [-0.1, -5e-324, 1.0000000000000002, 2.0, math.nan, math.inf])
def test_a_resolution_outside_zero_to_one_is_refused(resolution: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        bits_of(resolution)


@pytest.mark.parametrize("p", [0, 1, 5, 30, 51, 52])
def test_both_zeros_have_the_key_zero(p: int) -> None:
    assert key(0.0, p) == 0
    assert key(-0.0, p) == 0


def test_the_finest_key_counts_floats() -> None:
    assert key(awkward.SMALLEST, 52) == 1
    assert key(2 * awkward.SMALLEST, 52) == 2
    assert key(awkward.LARGEST_SUBNORMAL, 52) == 2**52 - 1
    assert key(awkward.SMALLEST_NORMAL, 52) == 2**52
    assert key(1.0, 52) == 0x3FF0000000000000
    assert key(awkward.ABOVE_ONE, 52) == 0x3FF0000000000001
    assert key(awkward.LARGEST, 52) == 0x7FEFFFFFFFFFFFFF
    assert key(INFINITY, 52) == 0x7FF0000000000000


def test_the_keys_of_negatives_mirror_those_of_positives() -> None:
    # i ^ i64::MAX turns the bits of -x into -(bits of x) - 1.
    assert key(-awkward.SMALLEST, 52) == -2
    assert key(-1.0, 52) == -0x3FF0000000000001
    assert key(-INFINITY, 52) == -0x7FF0000000000001


def test_coarse_keys_count_powers_of_two() -> None:
    # p = 0: half of 2^52 is added, then 52 bits go: 1 has biased exponent 1023.
    assert [key(x, 0) for x in (0.5, 1.0, 1.49, 1.5, 2.0, 2.9, 3.0, 4.0)] == [
        1022,
        1023,
        1023,
        1024,
        1024,
        1024,
        1025,
        1025,
    ]
    assert [key(x, 0) for x in (-1.0, -1.49, -1.5, -1.6, -2.0)] == [-1023, -1023, -1024, -1024, -1024]


def test_subnormals_are_compared_by_difference() -> None:
    # At p = 0 a cell is 2^52 floats wide, its middle a power of two: half of the subnormals join zero.
    middle = 2.0**-1023
    assert key(math.nextafter(middle, 0.0), 0) == 0
    assert key(middle, 0) == 1
    assert key(math.nextafter(-middle, 0.0), 0) == 0
    assert key(-middle, 0) == -1


@pytest.mark.parametrize("p", [1, 5, 10, 30, 50])
@pytest.mark.parametrize("x", [1.0, 2.0, 1024.0, 0.5, -1.0, -2.0])
def test_round_numbers_lie_in_the_middle_of_their_cells(x: float, p: int) -> None:
    assert key(math.nextafter(x, INFINITY), p) == key(x, p)
    assert key(math.nextafter(x, -INFINITY), p) == key(x, p)


def test_a_twentieth_acts_as_a_thirty_second() -> None:
    p = bits_of(0.05)
    # The cell of 1 reaches from 1 - 1/128 (floats are twice as dense there) to 1 + 1/64, exclusive.
    assert key(1.0 + 1 / 64, p) == key(1.0, p) + 1
    assert key(math.nextafter(1.0 + 1 / 64, 0.0), p) == key(1.0, p)
    assert key(1.0 - 1 / 128, p) == key(1.0, p)
    assert key(math.nextafter(1.0 - 1 / 128, 0.0), p) == key(1.0, p) - 1
    assert p == bits_of(0.03125)


@pytest.mark.parametrize("p", [0, 1, 5, 30, 51, 52])
def test_the_engine_has_the_same_keys(p: int) -> None:
    values = [*awkward.FINITE, INFINITY, -INFINITY, 2.0**-1023, -(2.0**-1023), 1.0 + 1 / 64, 0.1, -0.1, 1e9]
    assert _native.keys(np.array(values), p).tolist() == [key(x, p) for x in values]


# Operations ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2**3**2", 512.0),
        ("-2**2", -4.0),
        ("2**-1", 0.5),
        ("7 - 2 - 1", 4.0),
        ("8 / 4 / 2", 1.0),
        ("0.1 + 0.2", 0.30000000000000004),
        ("-3", -3.0),
        ("-0", -0.0),
        ("0 * -1", -0.0),
        ("1 / 0", INFINITY),
        ("-1 / 0", -INFINITY),
        ("1 / -0", -INFINITY),
        ("0 / 0", math.nan),
        ("1e308 * 10", INFINITY),
        ("5e-324 / 2", 0.0),
        ("1/0 - 1/0", math.nan),
        ("sqrt(-1)", math.nan),
        ("sqrt(-0)", -0.0),
        ("sqrt(2)", 1.4142135623730951),
        ("abs(-0)", 0.0),
        ("floor(-0.5)", -1.0),
        ("floor(-0)", -0.0),
        ("floor(1/0)", INFINITY),
        ("floor(1e308)", 1e308),
        ("floor(0/0)", math.nan),
        ("ceil(-0.5)", -0.0),
        ("ceil(0.5)", 1.0),
        ("ceil(4503599627370495.5)", 4503599627370496.0),
        ("ceil(-1/0)", -INFINITY),
        ("min(0, -0)", 0.0),
        ("min(-0, 0)", -0.0),
        ("max(0, -0)", 0.0),
        ("max(-0, 0)", -0.0),
        ("min(1, 0/0)", math.nan),
        ("min(0/0, 1)", math.nan),
        ("max(0/0, 1)", math.nan),
        ("max(1, 0/0)", math.nan),
        ("min(3, 1, 2)", 1.0),
        ("max(3, 1/0, 2)", INFINITY),
        ("1 < 2 < 3", 1.0),
        ("1 < 3 < 2", 0.0),
        ("0/0 < 1", 0.0),
        ("0/0 >= 1", 0.0),
        ("0/0 == 0/0", 0.0),
        ("0/0 != 0/0", 1.0),
        ("not 0/0 < 1", 1.0),
        ("0 == -0", 1.0),
        ("1/0 <= 1/0", 1.0),
        ("1 < 2 and 2 < 1", 0.0),
        ("1 < 2 or 2 < 1", 1.0),
        ("(1 < 2) + (2 < 3)", 2.0),
        ("where(1 < 2, 3, 0/0)", 3.0),
        ("where(0/0 < 2, 3, -0)", -0.0),
        ("exp(0)", 1.0),
        ("exp(-1/0)", 0.0),
        ("exp(1000)", INFINITY),
        ("log(1)", 0.0),
        ("log(0)", -INFINITY),
        ("log(-1)", math.nan),
        ("log2(8)", 3.0),
        ("log10(1000)", 3.0),
        ("1**(0/0)", 1.0),
        ("(0/0)**0", 1.0),
        ("(0/0)**(-0)", 1.0),
        ("(0/0)**1", math.nan),
        ("2**(0/0)", math.nan),
        ("0**0", 1.0),
        ("0**-1", INFINITY),
        ("(-0)**-1", -INFINITY),
        ("(-0)**-2", INFINITY),
        ("(-0)**3", -0.0),
        ("(-8)**(1/3)", math.nan),
        ("(-2)**3", -8.0),
        ("(-2)**-3", -0.125),
        ("9**0.5", 3.0),
        ("2**0.5", 1.4142135623730951),
        ("10**15", 1e15),
        ("2**-1074", awkward.SMALLEST),
        ("2**1024", INFINITY),
        ("0.5**(1/0)", 0.0),
        ("0.5**(-1/0)", INFINITY),
    ],
)
def test_a_formula_is_worth(text: str, expected: float) -> None:
    assert_worth(text, expected)


def test_the_path_of_a_power_is_chosen_by_the_exponents_value() -> None:
    for x in (0.1, 3.0, 1e-5, -7.3, 1e100):
        assert_worth("x**2", x * x, x=x)
        assert_worth("x**y", x * x, x=x, y=2.0)
        assert_worth("x**1", x, x=x)
        assert_worth("x**-1", 1.0 / x, x=x)
        assert_worth("x**(y/2)", x * x, x=x, y=4.0)
    assert_worth("x**0.5", math.sqrt(0.1), x=0.1)


def test_every_operation_of_the_engine_has_a_meaning_here() -> None:
    assert {row["name"] for row in _native.operations()} == set(reference.OPERATIONS)


# Fronts -------------------------------------------------------------------------------------------


def test_the_front_comes_best_first() -> None:
    assert front([(3.0, 1.0), (2.0, 2.0), (1.0, 3.0), (2.0, 3.0)], [52, 52]) == [2, 1, 0]


def test_of_equal_rows_the_first_is_kept_or_all() -> None:
    rows = [(1.0, 2.0), (2.0, 1.0), (1.0, 2.0), (0.0, 3.0), (-0.0, 3.0)]
    assert front(rows, [52, 52]) == [3, 0, 1]
    assert front(rows, [52, 52], all_ties=True) == [3, 4, 0, 2, 1]


def test_rows_with_nan_are_never_on_the_front_and_infinities_may_be() -> None:
    assert front([(math.nan, 0.0), (0.0, math.nan)], [52, 52]) == []
    assert front([(INFINITY, -INFINITY), (math.nan, -INFINITY), (1.0, 1.0)], [52, 52]) == [2, 0]
    assert front([(INFINITY,), (INFINITY,)], [52], all_ties=True) == [0, 1]


def test_a_cell_is_represented_by_its_least_row() -> None:
    # All three rows share a cell at resolution 1/32; the last is least, though none dominates another.
    rows = [(1.002, 1.0), (1.001, 1.002), (1.0, 1.003)]
    assert front(rows, [5, 5]) == [2]
    assert front(rows, [52, 52]) == [2, 1, 0]


def test_all_ties_are_those_of_the_representative_not_of_its_cell() -> None:
    rows = [(1.001,), (1.0,), (1.0,), (1.002,)]
    assert front(rows, [5], all_ties=True) == [1, 2]


def test_each_objective_has_its_own_resolution() -> None:
    rows = [(1.0, 1.001), (1.001, 1.0)]
    assert front(rows, [52, 5]) == [0]
    # In the coarse first objective they are equal, in the second the other is better.
    assert front(rows, [5, 52]) == [1]


def test_few_rows_are_the_best_of_each_value_and_then_the_farthest() -> None:
    rows = [(3.0, 3.0), (1.0, 5.0), (5.0, 1.0), (2.0, 4.0), (4.0, 2.0)]
    kept = front(rows, [52, 52])
    assert kept == [1, 3, 0, 4, 2]
    assert reference.few(rows, kept, [False, False], 2) == ([1, 2], 0.5)
    assert reference.few(rows, kept, [False, False], 3) == ([1, 0, 2], 0.25)
    assert reference.few(rows, kept, [False, False], 4) == ([1, 3, 0, 2], 0.25)
    assert reference.few(rows, kept, [False, False], 5) == (kept, 0.0)


def test_copies_come_with_the_row_that_is_chosen() -> None:
    rows = [(1.0, 3.0), (2.0, 2.0), (1.0, 3.0), (3.0, 1.0), (2.0, 2.0)]
    kept = front(rows, [52, 52], all_ties=True)
    assert reference.few(rows, kept, [False, False], 2) == ([0, 2, 3], 0.5)


def test_places_are_shares_of_the_range_and_of_its_logarithm_where_it_is_wide() -> None:
    assert reference.places([1.0, 3.0, 5.0]) == [0.0, 0.5, 1.0]
    assert reference.places([1.0, 10.0, 100.0]) == [0.0, 0.5, 1.0]
    assert reference.places([0.0, 10.0, 100.0]) == [0.0, 0.1, 1.0]
    assert reference.places([-math.inf, 2.0, 3.0, math.inf]) == [0.0, 0.0, 1.0, 1.0]
    assert reference.places([7.0, 7.0, math.inf]) == [0.0, 0.0, 1.0]
    assert reference.places([-1.7e308, 0.0, 1.7e308]) == [0.0, 0.5, 1.0]


# Spaces -------------------------------------------------------------------------------------------

PLANE = reference.Space(
    lengths=(2, 3, 2),
    columns={
        "a": (0, (1.0, 2.0)),
        "b": (1, (3.0, 2.0, 3.0)),
        "late": (1, (0.0, 1.0, 1.0)),
        "idle": (2, (5.0, 6.0)),
    },
    names={"product": "a*b", "doubled": "2*product", "offset": 10.0},
)


def test_a_table_lists_the_space_in_the_order_of_its_index() -> None:
    rows = PLANE.table(["doubled + offset"], ["late == 1", "idle < 6"])
    assert rows == [((0, 1, 0), (14.0,)), ((0, 2, 0), (16.0,)), ((1, 1, 0), (18.0,)), ((1, 2, 0), (22.0,))]


def test_axes_that_nothing_touches_stay_at_position_zero_unless_all_ties_are_wanted() -> None:
    assert PLANE.touched(["doubled"]) == {0, 1}
    objectives = [("doubled", True), ("a", False)]
    assert PLANE.pareto(objectives, bits=[52, 52]) == ([(1, 0, 0), (0, 0, 0)], None)
    # b = 3 stands at positions 0 and 2: both tie. So do all values of `idle`.
    found, _ = PLANE.pareto(objectives, bits=[52, 52], all_ties=True)
    assert found == [(a, b, idle) for a in (1, 0) for b in (0, 2) for idle in (0, 1)]


def test_near_without_a_front_inside_is_on_axes_that_nothing_touches_too() -> None:
    assert PLANE.near(("b", False), within=0.0, by=(0, (0, 0))) == [
        (a, 1, idle) for a in (0, 1) for idle in (0, 1)
    ]
    assert PLANE.near(("b", False), within=0.0) == [(a, 1, idle) for a in (0, 1) for idle in (0, 1)]
    assert PLANE.near(("b", False), within=0.0, then=[("-b", False)], bits=[52]) == [(0, 1, 0)]


def test_each_group_has_a_front_of_its_own() -> None:
    found, gap = PLANE.pareto([("b", False)], bits=[52], rows=1, by=(0, (1, 0)))
    assert (found, gap) == ([(1, 1, 0), (0, 1, 0)], 0.0)


def test_best_takes_the_first_of_equal_configurations() -> None:
    assert PLANE.best(("product", True)) == [(1, 0, 0)]
    assert PLANE.best(("product", False), ["late == 1"]) == [(0, 1, 0)]
    assert PLANE.best(("0/0 * a", False)) == []


def test_best_by_an_axis_answers_each_group_in_the_order_of_groups() -> None:
    assert PLANE.best(("product", True), by=(1, (0, 1, 0))) == [(1, 0, 0), (1, 1, 0)]
    assert PLANE.best(("product", True), by=(1, (2, 1, 0))) == [(1, 2, 0), (1, 1, 0), (1, 0, 0)]
    # An axis that only `by` touches is free, and groups without an answer are absent.
    assert PLANE.best(("a", False), ["b > 2"], by=(1, (0, 1, 2))) == [(0, 0, 0), (0, 2, 0)]
    assert PLANE.best(("a", False), by=(2, (0, 1))) == [(0, 0, 0), (0, 0, 1)]


NUMBERS = reference.Space(
    lengths=(2, 4), columns={"a": (0, (1.0, 2.0)), "x": (1, (8.0, -8.0, -7.0, -6.0))}, names={}
)


LINE = reference.Space((1, 4), {"x": (1, (8.0, -8.0, -7.0, -6.0))}, {})


def test_near_is_a_share_of_the_size_of_the_best() -> None:
    assert LINE.near(("x", False), within=0.125) == [(0, 1), (0, 2)]
    assert LINE.near(("x", False), within=0.0) == [(0, 1)]
    # A maximum of -6 with a sixth of its size below it.
    assert LINE.near(("x", True), ["x < 0"], within=1 / 6) == [(0, 3), (0, 2)]
    assert LINE.near(("x", True), within=2.0) == [(0, 0), (0, 3), (0, 2), (0, 1)]


def test_near_keeps_what_ties_with_the_best_in_the_order_of_the_index() -> None:
    assert LINE.near(("abs(x)", True), within=0.0) == [(0, 0), (0, 1)]
    assert LINE.near(("abs(x)", True), within=0.125) == [(0, 0), (0, 1), (0, 2)]


def test_near_an_infinite_best_is_what_equals_it() -> None:
    assert LINE.near(("1 / (x + 8)", True), within=0.5) == [(0, 1)]
    assert LINE.near(("-1 / abs(x + 8)", False), within=0.5) == [(0, 1)]
    # Where everything is infinite the worst is the best.
    assert LINE.near(("1 / (0 * x)", False), ["x < 0"], within=0.5) == [(0, 1), (0, 2), (0, 3)]
    assert LINE.near(("1 / (x + 8)", False), ["x == -8"], within=0.0) == [(0, 1)]


def test_near_by_an_axis_answers_each_group_as_if_it_were_alone() -> None:
    space = reference.Space((3, 2), {"a": (0, (1.0, 2.0, 1.0)), "b": (1, (0.0, 0.5))}, {})
    by = (0, (0, 1, 0))
    assert space.near(("a + b", False), within=0.0, by=by) == [(0, 0), (2, 0), (1, 0)]
    assert space.near(("a + b", False), within=0.25, by=by) == [(0, 0), (2, 0), (1, 0), (1, 1)]
    assert space.near(("a + b", False), ["a > 1"], within=0.5, by=by) == [(1, 0), (1, 1)]
    assert space.near(("log(1 - a) + b", False), within=0.5, by=by) == [(0, 0), (0, 1), (2, 0), (2, 1)]


def test_near_and_then_is_the_front_inside() -> None:
    objective, then = ("x * x", True), [("x", False), ("-a * x", False)]
    assert NUMBERS.near(objective, within=0.0, then=then, bits=[52, 52]) == [(0, 1), (1, 0)]
    # What only `then` depends on is free; its first of equal rows stays.
    assert NUMBERS.near(("x", True), within=0.0, then=[("0 * a", False)], bits=[52]) == [(0, 0)]
    assert NUMBERS.near(("x", True), within=0.0, then=[("log(-x)", False)], bits=[52]) == []


def test_a_maximised_zero_has_no_sign() -> None:
    space = reference.Space((2,), {"z": (0, (0.0, -0.0))}, {})
    assert space.best(("z", True)) == [(0,)]
    assert space.best(("z", False)) == [(0,)]
    assert space.pareto([("z", True)], bits=[52], all_ties=True)[0] == [(0,), (1,)]
