"""The engine against the oracle on arrays, where blocks, rounds and threads come into play.

Shapes chosen for their seams, and random questions. Small random ones against the slower oracle are in
`test_properties`, enumeration against search in `test_search`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from isoflop import _native
from support import grid
from support.awkward import raw
from support.compare import indices
from support.grid import Grid
from support.question import MAX_BYTES, MAX_ROWS, METHODS, Question, ask_best, ask_near, ask_pareto
from support.strategies import large_questions

if TYPE_CHECKING:
    from isoflop._native import BestQuestion, FrontQuestion, TableQuestion

# Spaces -------------------------------------------------------

SHAPES: dict[str, tuple[int, ...]] = {
    "one configuration": (1,),
    "one axis": (100_000,),
    "one by many": (1, 5_000),
    "many by one": (5_000, 1),
    "primes": (3, 7, 11, 13),
    "cube": (47, 46, 45),
    "long last": (2, 50_000),
    "long first": (50_000, 2),
    "halves": (2,) * 14,
    "ones between": (1, 60, 1, 1, 50, 1, 31, 1),
    "just above blocks": (5, 1025, 17),
    "just below blocks": (31, 1023, 3),
    "several rounds": (103, 101, 97),
}


def space_columns(shape: tuple[int, ...], seed: int) -> list[tuple[str, int, NDArray[np.float64], bool]]:
    """Return three columns for each axis: a log grid, small numbers full of ties, and a condition."""
    generator = np.random.default_rng(seed)
    columns: list[tuple[str, int, NDArray[np.float64], bool]] = []
    for axis, length in enumerate(shape):
        columns.append((f"x{axis}", axis, np.geomspace(1.0, 1000.0, length), False))
        columns.append((f"t{axis}", axis, generator.integers(-3, 9, length).astype(np.float64), False))
        columns.append((f"is{axis}", axis, (generator.random(length) < 0.8).astype(np.float64), True))
    return columns


def terms(template: str, shape: tuple[int, ...], joined: str = " + ") -> str:
    """Return one term for each axis, joined."""
    return joined.join(template.format(axis=axis) for axis in range(len(shape)))


def large_names(shape: tuple[int, ...]) -> dict[str, float | str]:
    last = len(shape) - 1
    return {
        "loss": "1.7 + " + terms("400 / x{axis}**0.34", shape),
        "flops": "6 * " + terms("x{axis}", shape, " * "),
        "noise": terms("t{axis}", shape),
        "mixed": f"exp(-0.001 * x0) * (x{last} + 1)**0.7 + log(x0 * x{last} + offset)",
        "offset": 0.1 + 0.2,
        "steps": "floor(loss)",
        "narrow": f"floor(x0 * 3) - t{last}",
        "broken": "1 / (t0 - 1) - 1 / (t0 + 1)",
    }


MIXES: dict[str, list[tuple[str, bool]]] = {
    "one": [("loss * flops", False)],
    "two": [("loss", False), ("flops", False)],
    "two mixed": [("mixed", True), ("flops", False)],
    "three": [("steps", False), ("flops", False), ("noise", True)],
    "few ties": [("narrow", True), ("noise", False)],
    "first axis": [("x0 + t0", False), ("t0", True)],
    "last axis": [("xlast * tlast", False), ("tlast", True)],
    "with NaN": [("broken", False), ("flops", False)],
    "four": [("steps", False), ("floor(narrow / 50)", True), ("noise", False), ("t0 * tlast", False)],
}


@pytest.mark.parametrize(
    ("shape", "mix"),
    [
        (shape, mix)
        for shape, lengths in SHAPES.items()
        for mix, objectives in MIXES.items()
        # A million rows in three columns take the oracle half a minute.
        if len(objectives) < 3 or np.prod(lengths) < 500_000
    ],
)
def test_large_fronts_are_what_the_oracle_finds(shape: str, mix: str) -> None:
    lengths = SHAPES[shape]
    columns, names = space_columns(lengths, seed=len(shape)), large_names(lengths)
    native, whole = _native.Space(lengths, columns), Grid(lengths, columns, names)
    last = str(len(lengths) - 1)
    objectives = [(formula.replace("last", last), maximize) for formula, maximize in MIXES[mix]]
    constraints = [f"flops < 1e5 and noise > -4 or is{last}", f"not (x0 > 900) or is{last}"]
    for where, p in (((), 30), (constraints, 30), ((), 7)):
        bits_each = [p] * len(objectives)
        expected, _ = whole.pareto(objectives, where, bits_each)
        for method, threads in (("search", 2), ("enumerate", 1), ("enumerate", 3)):
            asked: FrontQuestion = {
                "objectives": objectives,
                "where": where,
                "columns": ["mixed"],
                "bits": bits_each,
                "all_ties": False,
                "max_rows": MAX_ROWS,
                "method": method,
            }
            rows = native.pareto(names, [], asked, threads, None)
            found = indices(rows, lengths)
            assert found.tolist() == expected.tolist(), method
            for (formula, _), column in zip(objectives, rows.objectives, strict=True):
                assert raw(column) == raw(whole.values(formula)[expected])
            assert raw(rows.columns[0]) == raw(whole.values("mixed")[expected])
        feasible = whole.feasible(where)
        assert rows.stats["feasible"] == len(feasible)
        assert rows.stats["nan"] == np.isnan(whole.costs(objectives)[feasible]).any(axis=1).sum()


@pytest.mark.parametrize("shape", SHAPES)
def test_large_tables_are_what_the_oracle_lists(shape: str) -> None:
    lengths = SHAPES[shape]
    columns, names = space_columns(lengths, seed=len(shape)), large_names(lengths)
    native, whole = _native.Space(lengths, columns), Grid(lengths, columns, names)
    for where in ([], ["noise > 0"], ["is0", "flops <= 1e6"], ["x0 < 0"]):
        expected = whole.feasible(where)
        for threads in (1, 3):
            asked: TableQuestion = {"where": where, "columns": list(names), "max_bytes": MAX_BYTES}
            rows = native.table(names, [], asked, threads, None)
            assert np.array_equal(indices(rows, lengths), expected)
            for formula, column in zip(names, rows.columns, strict=True):
                assert raw(column) == raw(whole.values(formula)[expected]), formula


@pytest.mark.parametrize("shape", SHAPES)
def test_large_bests_are_what_the_oracle_finds(shape: str) -> None:
    lengths = SHAPES[shape]
    columns, names = space_columns(lengths, seed=len(shape)), large_names(lengths)
    native, whole = _native.Space(lengths, columns), Grid(lengths, columns, names)
    last = len(lengths) - 1
    for formula, maximize in (
        ("loss", False),
        ("noise", True),
        ("mixed", False),
        (f"t{last}", False),
        ("broken", True),
    ):
        for where in ([], ["flops > 1e4", "noise < 5"]):
            for axis in (None, 0, last, len(lengths) // 2):
                groups = (np.arange(lengths[axis or 0]) % 13).astype(np.uint32)
                by = None if axis is None else (axis, groups)
                expected = whole.best((formula, maximize), where, by)
                for method, threads in (("enumerate", 1), ("enumerate", 3), ("search", 2)):
                    asked: BestQuestion = {
                        "objective": (formula, maximize),
                        "where": where,
                        "by": by,
                        "method": method,
                    }
                    rows = native.best(names, [], asked, threads, None)
                    assert indices(rows, lengths).tolist() == expected
                    assert raw(rows.objectives[0]) == raw(whole.values(formula)[expected])


@settings(max_examples=80)
@given(large_questions())
def test_random_formulas_over_large_spaces_are_what_the_oracle_says(question: Question) -> None:
    native, whole = question.native(), Grid(question.lengths, question.columns, question.names)
    formulas = [formula for formula, _ in question.objectives]
    names, where, threads = question.names, question.where, question.threads

    listed = whole.feasible(where)
    asked: TableQuestion = {"where": where, "columns": formulas, "max_bytes": MAX_BYTES}
    table = native.table(names, [], asked, threads, None)
    assert np.array_equal(indices(table, question.lengths), listed)
    for formula, column in zip(formulas, table.columns, strict=True):
        assert raw(column) == raw(whole.values(formula)[listed]), formula

    expected, _ = whole.pareto(question.objectives, where, question.bits, all_ties=question.all_ties)
    undefined = np.isnan(whole.costs(question.objectives)[listed]).any(axis=1).sum()
    first = whole.best(question.objectives[0], where, question.by)
    for method in METHODS:
        rows = ask_pareto(question, rows=None, method=method)
        assert np.array_equal(indices(rows, question.lengths), expected), method
        for formula, column in zip(formulas, rows.objectives, strict=True):
            assert raw(column) == raw(whole.values(formula)[expected]), formula
        for formula, column in zip(question.shown, rows.columns, strict=True):
            assert raw(column) == raw(whole.values(formula)[expected]), formula
        if method == "enumerate":
            assert rows.stats["feasible"] == len(listed)
            assert rows.stats["nan"] == undefined
        best = ask_best(question, method=method)
        assert indices(best, question.lengths).tolist() == first, method
    assert native.any(names, [], where, threads, None) == bool(len(listed))


@settings(max_examples=40)
@given(large_questions(), st.sampled_from([0.0, 1e-9, 1e-3, 0.05, 1.0]), st.booleans())
def test_what_is_near_in_large_spaces_is_what_the_oracle_says(
    question: Question, within: float, further: bool
) -> None:
    whole = Grid(question.lengths, question.columns, question.names)
    objective, *others = question.objectives
    then = others if further else []
    expected = whole.near(objective, question.where, within, question.by, then, question.bits[1:])
    rows = ask_near(question, within=within, then=then)
    assert indices(rows, question.lengths).tolist() == expected
    for (formula, _), column in zip(then or [objective], rows.objectives, strict=True):
        assert raw(column) == raw(whole.values(formula)[expected]), formula


# The filter ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("kind", ["uniform", "sphere", "ties", "log grid", "sorted"])
@pytest.mark.parametrize("p", [52, 30, 5])
def test_the_filter_keeps_the_rows_of_the_naive_front_of_many_points(kind: str, width: int, p: int) -> None:
    generator = np.random.default_rng(7)
    costs = generator.random((20_000 if width < 3 else 3_000, width))
    if kind == "sphere":
        # Nearly every point is on the front: the naive front compares all pairs.
        costs = generator.normal(size=(2_000, width))
        costs /= -np.linalg.norm(costs, axis=1, keepdims=True)
    elif kind == "ties":
        costs = np.floor(costs * 12)
    elif kind == "log grid":
        costs = 10.0 ** np.floor(costs * 40)
        costs[:, -1] = costs[:, 0] / costs[:, -1]
    elif kind == "sorted":
        costs = np.sort(costs, axis=0)
        costs[:, 0] = costs[::-1, 0]
    for threads in (1, 3):
        columns = [np.ascontiguousarray(column) for column in costs.T]
        found = _native.pareto(columns, [False] * width, [p] * width, False, threads)
        assert found.tolist() == sorted(grid.front(costs, [p] * width).tolist())
