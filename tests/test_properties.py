"""The engine against the oracle, bit for bit and row for row, on random spaces, formulas and questions.

Small spaces, by `isoflop.reference`. Large ones have `test_large_spaces`, a search's certificate and memory
`test_search`, all that is promised beside the answer `test_promises`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import isoflop as iso
from isoflop import _native, reference
from support import awkward, generators, plantings, strategies
from support.awkward import bits
from support.compare import differences
from support.draws import Seeded
from support.generators import RESOLUTIONS, SHARES
from support.question import MAX_BYTES, METHODS, Question, ask_best, ask_near, ask_pareto
from support.strategies import examples, questions
from support.surface import surface_differences, sweep_of

if TYPE_CHECKING:
    from isoflop._native import BestQuestion, TableQuestion

# What crosses the boundary, as plain lists --------------------------------------------------------


def configurations(rows: _native.Rows) -> list[tuple[int, ...]]:
    """Return the rows' positions on each axis."""
    return list(zip(*(axis.tolist() for axis in rows.positions), strict=True))


def assert_values(
    space: reference.Space,
    formulas: Sequence[str],
    found: Sequence[tuple[int, ...]],
    columns: Sequence[NDArray[np.float64]],
) -> None:
    """Assert that columns hold what formulas are worth at these configurations, to the bit."""
    assert len(columns) == len(formulas)
    for formula, column in zip(formulas, columns, strict=True):
        expected = [space.values([formula], configuration)[0] for configuration in found]
        assert bits(column) == bits(expected), formula


def assert_stats(question: Question, space: reference.Space, stats: _native.Stats) -> None:
    feasible = space.feasible(question.where)
    nan = [c for c in feasible if any(map(math.isnan, space.costs(question.objectives, c)))]
    assert stats["size"] == math.prod(question.lengths)
    assert stats["bounded"] + stats["evaluated"] == stats["size"]
    if stats["searched"]:
        # Nothing is known of configurations that were left out.
        assert stats["feasible"] is None
        assert stats["nan"] <= len(nan)
    else:
        assert stats["feasible"] == len(feasible)
        assert stats["nan"] == len(nan)
    assert stats["gap"] is None


# Small spaces, everything compared with everything ------------------------------------------------


@given(questions())
def test_a_table_is_what_the_oracle_lists(question: Question) -> None:
    formulas = [*question.shown, *(formula for formula, _ in question.objectives)]
    asked: TableQuestion = {"where": question.where, "columns": formulas, "max_bytes": MAX_BYTES}
    rows = question.native().table(question.names, [], asked, question.threads, None)
    space = question.oracle()
    expected = space.table(formulas, question.where)
    assert configurations(rows) == [configuration for configuration, _ in expected]
    for position, formula in enumerate(formulas):
        assert bits(rows.columns[position]) == bits(values[position] for _, values in expected), formula
    assert rows.stats["size"] == math.prod(question.lengths)
    assert rows.stats["feasible"] == len(expected)


@given(questions())
def test_a_front_is_what_the_oracle_finds(question: Question) -> None:
    space = question.oracle()
    found, _ = space.pareto(
        question.objectives, question.where, bits=question.bits, all_ties=question.all_ties
    )
    for method in METHODS:
        rows = ask_pareto(question, rows=None, method=method)
        assert configurations(rows) == found, method
        assert_values(space, [formula for formula, _ in question.objectives], found, rows.objectives)
        assert_values(space, question.shown, found, rows.columns)
        assert_stats(question, space, rows.stats)


@examples(150)
@given(questions(), st.integers(1, 12), st.booleans())
def test_few_rows_of_a_front_are_those_that_the_oracle_chooses(
    question: Question, most: int, grouped: bool
) -> None:
    space = question.oracle()
    most = max(most, len(question.objectives))
    by = question.by if grouped else None
    found, gap = space.pareto(
        question.objectives, question.where, bits=question.bits, rows=most, by=by, all_ties=question.all_ties
    )
    for method in METHODS:
        rows = ask_pareto(question, rows=most, by=by is not None, method=method)
        assert rows.stats["gap"] == gap, method
        assert configurations(rows) == found, method
        assert_values(space, [formula for formula, _ in question.objectives], found, rows.objectives)


@examples(200)
@given(questions())
def test_each_group_has_the_front_that_the_oracle_finds(question: Question) -> None:
    space = question.oracle()
    found, _ = space.pareto(
        question.objectives, question.where, bits=question.bits, by=question.by, all_ties=question.all_ties
    )
    for method in METHODS:
        rows = ask_pareto(question, rows=None, by=True, method=method)
        assert configurations(rows) == found, method
        assert_values(space, [formula for formula, _ in question.objectives], found, rows.objectives)


@given(questions())
def test_the_best_is_what_the_oracle_finds(question: Question) -> None:
    objective = question.objectives[0]
    space = question.oracle()
    found = space.best(objective, question.where, by=question.by)
    for method in METHODS:
        rows = ask_best(question, method=method)
        assert configurations(rows) == found, method
        assert_values(space, [objective[0]], found, rows.objectives)
        assert_values(space, question.shown, found, rows.columns)


@given(questions())
def test_what_is_near_is_what_the_oracle_finds(question: Question) -> None:
    objective, then, within = question.objectives[0], question.then, question.within
    space = question.oracle()
    found = space.near(
        objective, question.where, within=within, by=question.by, then=then, bits=question.bits[1:]
    )
    rows = ask_near(question, within=within, then=then)
    assert configurations(rows) == found
    assert_values(space, [formula for formula, _ in then or [objective]], found, rows.objectives)
    assert_values(space, question.shown, found, rows.columns)


@examples(150)
@given(questions(), st.data())
def test_formulas_are_worth_the_same_at_any_configurations(question: Question, data: st.DataObject) -> None:
    formulas = [*question.shown, *question.where, *(formula for formula, _ in question.objectives)]
    one = st.tuples(*(st.integers(0, length - 1) for length in question.lengths))
    asked = data.draw(st.lists(one, max_size=20))
    positions = [
        np.array([configuration[axis] for configuration in asked], dtype=np.uint32)
        for axis in range(len(question.lengths))
    ]
    columns = question.native().evaluate(question.names, [], formulas, positions)
    assert_values(question.oracle(), formulas, asked, columns)


@examples(100)
@given(questions())
def test_a_formula_touches_the_axes_that_its_tree_reaches(question: Question) -> None:
    native, space = question.native(), question.oracle()
    for formula, _ in question.objectives:
        long = {axis for axis in space.touched([formula]) if question.lengths[axis] > 1}
        assert native.axes(question.names, [], formula) == sorted(long)


@examples(100)
@given(questions())
def test_any_tells_whether_the_oracle_finds_something(question: Question) -> None:
    found = question.native().any(question.names, [], question.where, question.threads, None)
    assert found == bool(question.oracle().feasible(question.where))


@examples(150)
@given(questions(), st.integers(1, 12))
def test_both_oracles_agree(question: Question, most: int) -> None:
    space, whole = question.oracle(), question.grid()
    objectives, where, p, ties = question.objectives, question.where, question.bits, question.all_ties

    def indices(found: Sequence[tuple[int, ...]]) -> list[int]:
        return [int(np.ravel_multi_index(configuration, question.lengths)) for configuration in found]

    formulas = [*question.shown, *where, *(formula for formula, _ in objectives)]
    listed = space.feasible(())
    for formula in formulas:
        assert bits(whole.values(formula)) == bits(space.values([formula], row)[0] for row in listed), formula
    assert whole.touched(formulas) == space.touched(formulas)
    assert indices(space.feasible(where)) == whole.feasible(where).tolist()
    for rows, by in ((None, None), (max(most, len(objectives)), question.by)):
        found, gap = space.pareto(objectives, where, bits=p, rows=rows, by=by, all_ties=ties)
        also_found, also_gap = whole.pareto(objectives, where, p, rows=rows, by=by, all_ties=ties)
        assert (indices(found), gap) == (also_found.tolist(), also_gap)
    assert indices(space.best(objectives[0], where, by=question.by)) == whole.best(
        objectives[0], where, question.by
    )
    then, within = question.then, question.within
    found = space.near(objectives[0], where, within=within, by=question.by, then=then, bits=p[1:])
    assert indices(found) == whole.near(objectives[0], where, within, question.by, then, p[1 : 1 + len(then)])


@given(questions())
def test_the_engine_answers_as_the_oracle_on_arrays_does(question: Question) -> None:
    assert list(map(str, differences(question, few=True))) == []


@pytest.mark.parametrize("kind", plantings.KINDS)
def test_planted_trouble_changes_no_answer(kind: str) -> None:
    # From seeds, which are quicker than examples: trouble is rarely met with at the first attempt.
    for number in range(examples(400).max_examples):
        question = generators.question(Seeded(1, number), kinds=(kind,), every=1)
        for difference in differences(question):
            pytest.fail(f"case {number}: {difference}\n{difference.code}")


def test_a_condition_on_an_axis_of_one_value_is_a_condition() -> None:
    space = _native.Space(
        [1, 3], [("open", 0, np.array([1.0]), True), ("x", 1, np.array([3.0, 1.0, 2.0]), False)]
    )
    assert configurations(space.best({}, [], {"objective": ("x", False), "where": ["open"]}, 1, None)) == [
        (0, 1)
    ]
    closed: BestQuestion = {"objective": ("x + open", False), "where": ["not open"]}
    assert configurations(space.best({}, [], closed, 1, None)) == []


# The filter ---------------------------------------------------------------------------------------


@st.composite
def points(draw: st.DrawFn) -> list[tuple[float, ...]]:
    width = draw(st.integers(1, 5))
    number = st.one_of(
        st.sampled_from(awkward.EVERYTHING), st.integers(0, 4).map(float), st.floats(0.875, 1.125, width=32)
    )
    return draw(st.lists(st.tuples(*[number] * width), max_size=60))


@examples(400)
@given(points(), st.data())
def test_the_filter_keeps_the_rows_of_the_naive_front(
    rows: list[tuple[float, ...]], data: st.DataObject
) -> None:
    width = len(rows[0]) if rows else 2
    maximize = data.draw(st.tuples(*[st.booleans()] * width))
    p = [reference.bits_of(data.draw(st.sampled_from(RESOLUTIONS))) for _ in range(width)]
    all_ties = data.draw(st.booleans())
    columns = [np.ascontiguousarray(column) for column in strategies.columns_of(rows, width)]
    found = _native.pareto(columns, maximize, p, all_ties, data.draw(st.integers(1, 3)))
    costs = [tuple((-x if up else x) + 0.0 for x, up in zip(row, maximize, strict=True)) for row in rows]
    assert found.tolist() == sorted(reference.front(costs, p, all_ties=all_ties))


# What resolutions guarantee -----------------------------------------------------------------------

BEYOND = Fraction(1, 2**1022)


def within(found: float, wanted: float, p: int) -> bool:
    """Tell whether one value is not worse than another by more than the resolution allows."""
    if found <= wanted:
        return True
    if reference.key(wanted, p) in (reference.key(math.inf, p), reference.key(-math.inf, p)):
        return p < 52  # infinities share their cells with the largest numbers
    return bool(Fraction(found) - Fraction(wanted) <= (abs(Fraction(wanted)) + BEYOND) / 2**p)


@examples(100)
@given(questions())
def test_every_configuration_has_a_row_that_is_hardly_worse(question: Question) -> None:
    space = question.oracle()
    kept = [space.costs(question.objectives, row) for row in configurations(ask_pareto(question, rows=None))]
    for configuration in space.feasible(question.where):
        costs = space.costs(question.objectives, configuration)
        if not any(map(math.isnan, costs)):
            assert any(all(map(within, row, costs, question.bits)) for row in kept)


@examples(100)
@given(questions())
def test_every_row_is_pareto_optimal(question: Question) -> None:
    space = question.oracle()
    kept = [space.costs(question.objectives, row) for row in configurations(ask_pareto(question, rows=None))]
    for configuration in space.feasible(question.where):
        costs = space.costs(question.objectives, configuration)
        for row in kept:
            assert not (costs != row and all(a <= b for a, b in zip(costs, row, strict=True)))


# The surface --------------------------------------------------------------------------------------


def assert_frames(found: pl.DataFrame, expected: pl.DataFrame) -> None:
    assert found.schema == expected.schema
    for name in expected.columns:
        if expected[name].dtype == pl.Float64:
            assert bits(found[name].to_numpy()) == bits(expected[name].to_numpy()), name
        else:
            assert found[name].to_list() == expected[name].to_list(), name


def objectives_of(question: Question) -> dict[str, Any]:
    """Return the objectives as keywords, each formula once."""
    once = dict(reversed(question.objectives))
    return {
        "minimize": [formula for formula, maximize in once.items() if not maximize],
        "maximize": [formula for formula, maximize in once.items() if maximize],
    }


@pytest.mark.filterwarnings(
    "ignore::isoflop.EmptyResultWarning", "ignore::isoflop.EdgeWarning", "ignore::isoflop.UnreadAxisWarning"
)
@examples(100)
@given(questions(), st.sampled_from(RESOLUTIONS), st.data())
def test_a_sweep_answers_as_the_oracle_does(
    question: Question, resolution: float, data: st.DataObject
) -> None:
    sweep = sweep_of(question)
    objectives = objectives_of(question)
    ties = "all" if question.all_ties else "first"
    rest: dict[str, Any] = {"columns": question.shown, "ties": ties, "resolution": resolution}
    method = data.draw(st.sampled_from(["auto", *METHODS]))
    assert_frames(
        sweep.pareto(**objectives, **rest, method=method, threads=question.threads),
        reference.pareto(sweep, **objectives, **rest),
    )
    formula, maximize = question.objectives[0]
    axes = reference.axes_of(sweep)
    names = {*axes, *(series.name for columns in axes.values() for series in columns)}
    by = data.draw(st.one_of(st.none(), st.sampled_from(sorted(names))))
    single: dict[str, Any] = {
        "maximize" if maximize else "minimize": formula,
        "by": by,
        "columns": question.shown,
    }
    assert_frames(
        sweep.best(**single, method=method, threads=question.threads), reference.best(sweep, **single)
    )
    single |= {"within": data.draw(st.sampled_from(SHARES)), "resolution": resolution}
    single["then"] = data.draw(st.sampled_from([[], objectives["minimize"], objectives["maximize"]]))
    assert_frames(sweep.near(**single, threads=question.threads), reference.near(sweep, **single))
    assert_frames(
        sweep.table(columns=question.shown, threads=question.threads),
        reference.table(sweep, columns=question.shown),
    )


@examples(100)
@given(questions())
def test_a_sweep_answers_as_the_oracle_on_arrays_does(question: Question) -> None:
    assert list(map(str, surface_differences(question))) == []


@pytest.mark.filterwarnings("ignore::isoflop.EmptyResultWarning", "ignore::isoflop.UnreadAxisWarning")
@examples(100)
@given(questions(), st.sampled_from(RESOLUTIONS))
def test_the_front_of_a_sweep_is_the_front_of_its_table(question: Question, resolution: float) -> None:
    sweep = sweep_of(question)
    objectives = objectives_of(question)
    formulas = [*objectives["minimize"], *objectives["maximize"]]
    swept = sweep.pareto(**objectives, resolution=resolution)
    filtered = iso.pareto(sweep.table(columns=formulas), **objectives, resolution=resolution)
    assert swept.columns == filtered.columns
    assert sorted(map(repr, swept.rows())) == sorted(map(repr, filtered.rows()))
