"""The engine against the oracle, bit for bit and row for row, on random spaces, formulas and questions."""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache, reduce
from typing import Any

import awkward
import grid
import mpmath
import numpy as np
import polars as pl
import pytest
import strategies
from awkward import bits
from grid import Grid
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies import Question, questions

import isoflop as iso
from isoflop import _native, reference

MAX_ROWS = 10_000_000
MAX_BYTES = 2**31

# What crosses the boundary, as plain lists -----------------------------------------------------------------------


def configurations(rows: _native.Rows) -> list[tuple[int, ...]]:
    """Return the rows' positions on each axis."""
    return list(zip(*(axis.tolist() for axis in rows.positions), strict=True))


def ask_pareto(question: Question, *, rows: int | None, threads: int | None = None) -> _native.Rows:
    return question.native().pareto(
        question.names,
        [],
        question.objectives,
        question.where,
        question.shown,
        question.bits,
        rows,
        question.all_ties,
        MAX_ROWS,
        threads or question.threads,
        None,
    )


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


def assert_stats(question: Question, space: reference.Space, stats: _native.Stats, *, bits: int) -> None:
    feasible = space.feasible(question.where)
    nan = [c for c in feasible if any(map(math.isnan, space.costs(question.objectives, c)))]
    assert stats["size"] == math.prod(question.lengths)
    assert stats["evaluated"] <= stats["size"]
    assert stats["feasible"] == len(feasible)
    assert stats["nan"] == len(nan)
    assert stats["bits"] == bits


# Small spaces, everything compared with everything ---------------------------------------------------------------


@given(questions())
def test_a_table_is_what_the_oracle_lists(question: Question) -> None:
    formulas = [*question.shown, *(formula for formula, _ in question.objectives)]
    rows = question.native().table(
        question.names, [], question.where, formulas, MAX_BYTES, question.threads, None
    )
    space = question.oracle()
    expected = space.table(formulas, question.where)
    assert configurations(rows) == [configuration for configuration, _ in expected]
    for position, formula in enumerate(formulas):
        assert bits(rows.columns[position]) == bits(values[position] for _, values in expected), formula
    assert rows.stats["size"] == math.prod(question.lengths)
    assert rows.stats["feasible"] == len(expected)


@given(questions())
def test_a_front_is_what_the_oracle_finds(question: Question) -> None:
    rows = ask_pareto(question, rows=None)
    space = question.oracle()
    found, _ = space.pareto(
        question.objectives, question.where, bits=question.bits, all_ties=question.all_ties
    )
    assert configurations(rows) == found
    assert_values(space, [formula for formula, _ in question.objectives], found, rows.objectives)
    assert_values(space, question.shown, found, rows.columns)
    assert_stats(question, space, rows.stats, bits=-1)


@settings(max_examples=150)
@given(questions(), st.integers(1, 12))
def test_a_front_of_few_rows_has_the_finest_resolution_that_leaves_so_few(question: Question, most: int) -> None:
    space = question.oracle()
    found, p = space.pareto(question.objectives, question.where, rows=most, all_ties=question.all_ties)
    assume(len(found) <= most)
    rows = ask_pareto(question, rows=most)
    assert rows.stats["bits"] == p
    assert configurations(rows) == found
    assert_values(space, [formula for formula, _ in question.objectives], found, rows.objectives)


@given(questions())
def test_the_best_is_what_the_oracle_finds(question: Question) -> None:
    objective = question.objectives[0]
    by = question.by and (question.by[0], np.array(question.by[1], dtype=np.uint32))
    rows = question.native().best(
        question.names, [], objective, question.where, question.shown, by, question.threads, None
    )
    space = question.oracle()
    found = space.best(objective, question.where, by=question.by)
    assert configurations(rows) == found
    assert_values(space, [objective[0]], found, rows.objectives)
    assert_values(space, question.shown, found, rows.columns)


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


@given(questions())
def test_a_formula_touches_the_axes_that_its_tree_reaches(question: Question) -> None:
    native, space = question.native(), question.oracle()
    for formula, _ in question.objectives:
        long = {axis for axis in space.touched([formula]) if question.lengths[axis] > 1}
        assert native.axes(question.names, [], formula) == sorted(long)


@given(questions())
def test_any_tells_whether_the_oracle_finds_something(question: Question) -> None:
    found = question.native().any(question.names, [], question.where, question.threads, None)
    assert found == bool(question.oracle().feasible(question.where))


@given(questions())
def test_both_oracles_agree(question: Question) -> None:
    space = question.oracle()
    whole = Grid(question.lengths, question.columns, question.names)
    found, _ = space.pareto(question.objectives, question.where, bits=question.bits)
    indices = whole.pareto(question.objectives, question.where, question.bits)
    assert [np.ravel_multi_index(configuration, question.lengths) for configuration in found] == indices.tolist()


# The filter ----------------------------------------------------------------------------------------------------


@st.composite
def points(draw: st.DrawFn) -> list[tuple[float, ...]]:
    width = draw(st.integers(1, 5))
    number = st.one_of(
        st.sampled_from(awkward.EVERYTHING), st.integers(0, 4).map(float), st.floats(0.9, 1.1, width=32)
    )
    return draw(st.lists(st.tuples(*[number] * width), max_size=60))


@settings(max_examples=500)
@given(points(), st.data())
def test_the_filter_keeps_the_rows_of_the_naive_front(rows: list[tuple[float, ...]], data: st.DataObject) -> None:
    width = len(rows[0]) if rows else 2
    maximize = data.draw(st.tuples(*[st.booleans()] * width))
    p = [reference.bits_of(data.draw(st.sampled_from(strategies.RESOLUTIONS))) for _ in range(width)]
    all_ties = data.draw(st.booleans())
    columns = [np.ascontiguousarray(column) for column in strategies.columns_of(rows, width)]
    found = _native.pareto(columns, maximize, p, all_ties, data.draw(st.integers(1, 3)))
    costs = [tuple((-x if up else x) + 0.0 for x, up in zip(row, maximize, strict=True)) for row in rows]
    assert found.tolist() == sorted(reference.front(costs, p, all_ties=all_ties))


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("kind", ["uniform", "sphere", "ties", "log grid", "sorted"])
@pytest.mark.parametrize("p", [52, 30, 5])
def test_the_filter_keeps_the_rows_of_the_naive_front_of_many_points(kind: str, width: int, p: int) -> None:
    generator = np.random.default_rng(7)
    costs = generator.random((20_000 if width < 4 else 4_000, width))
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


# Large spaces, against the oracle on arrays ------------------------------------------------------------------------

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
}


def space_columns(shape: tuple[int, ...], seed: int) -> list[tuple[str, int, NDArray[np.float64], bool]]:
    """Return three columns for each axis: a log grid, shuffled small numbers full of ties, and a condition."""
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
        "narrow": f"floor(x0 * 3) - t{last}",
        "broken": "1 / (t0 - 1) - 1 / (t0 + 1)",
    }


MIXES: dict[str, list[tuple[str, bool]]] = {
    "one": [("loss * flops", False)],
    "two": [("loss", False), ("flops", False)],
    "two mixed": [("mixed", True), ("flops", False)],
    "three": [("loss", False), ("flops", False), ("noise", True)],
    "few ties": [("narrow", True), ("noise", False)],
    "first axis": [("x0 + t0", False), ("t0", True)],
    "last axis": [("xlast * tlast", False), ("tlast", True)],
    "with NaN": [("broken", False), ("flops", False)],
    "four": [("loss", False), ("narrow", True), ("noise", False), ("t0 * tlast", False)],
}


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("shape", SHAPES)
def test_large_fronts_are_what_the_oracle_finds(shape: str, mix: str) -> None:
    lengths = SHAPES[shape]
    columns, names = space_columns(lengths, seed=len(shape)), large_names(lengths)
    native, whole = _native.Space(lengths, columns), Grid(lengths, columns, names)
    last = str(len(lengths) - 1)
    objectives = [(formula.replace("last", last), maximize) for formula, maximize in MIXES[mix]]
    constraints = [f"flops < 1e5 and noise > -4 or is{last}", f"not (x0 > 900) or is{last}"]
    for where, p in (((), 30), (constraints, 30), ((), 7)):
        bits_each = [p] * len(objectives)
        expected = whole.pareto(objectives, where, bits_each)
        for threads in (1, 2, 3):
            rows = native.pareto(
                names, [], objectives, where, ["mixed"], bits_each, None, False, MAX_ROWS, threads, None
            )
            found = np.ravel_multi_index(tuple(rows.positions), lengths)
            assert found.tolist() == expected.tolist()
            for (formula, _), column in zip(objectives, rows.objectives, strict=True):
                assert bits(column) == bits(whole.values(formula)[expected])
            assert bits(rows.columns[0]) == bits(whole.values("mixed")[expected])
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
            rows = native.table(names, [], where, list(names), MAX_BYTES, threads, None)
            assert np.array_equal(np.ravel_multi_index(tuple(rows.positions), lengths), expected)
            for formula, column in zip(names, rows.columns, strict=True):
                assert bits(column) == bits(whole.values(formula)[expected]), formula


@pytest.mark.parametrize("shape", SHAPES)
def test_large_bests_are_what_the_oracle_finds(shape: str) -> None:
    lengths = SHAPES[shape]
    columns, names = space_columns(lengths, seed=len(shape)), large_names(lengths)
    native, whole = _native.Space(lengths, columns), Grid(lengths, columns, names)
    last = len(lengths) - 1
    for formula, maximize in (("loss", False), ("noise", True), ("mixed", False), (f"t{last}", False), ("broken", True)):
        for where in ([], ["flops > 1e4", "noise < 5"]):
            for axis in (None, 0, last, len(lengths) // 2):
                groups = np.arange(lengths[axis], dtype=np.uint32) % 13 if axis is not None else None
                expected = best_of(whole, (formula, maximize), where, axis, groups)
                for threads in (1, 3):
                    by = None if axis is None or groups is None else (axis, groups)
                    rows = native.best(names, [], (formula, maximize), where, [], by, threads, None)
                    assert np.ravel_multi_index(tuple(rows.positions), lengths).tolist() == expected
                    assert bits(rows.objectives[0]) == bits(whole.values(formula)[expected])


def best_of(
    whole: Grid,
    objective: tuple[str, bool],
    where: list[str],
    axis: int | None,
    groups: NDArray[np.uint32] | None,
) -> list[int]:
    """Return the index of the best configuration of each group, straight from the definition."""
    free = whole.touched([objective[0], *where]) | (set() if axis is None else {axis})
    candidates = whole.feasible(where, free)
    costs = whole.costs([objective])[candidates, 0]
    candidates, costs = candidates[~np.isnan(costs)], costs[~np.isnan(costs)]
    if axis is None or groups is None:
        return candidates[[np.argmin(costs)]].tolist() if len(costs) else []
    group = groups[np.unravel_index(candidates, whole.lengths)[axis]]
    found = []
    for number in np.unique(group):
        members = np.flatnonzero(group == number)
        found.append(int(candidates[members[np.argmin(costs[members])]]))
    return found


# What resolutions guarantee ------------------------------------------------------------------------------------------

BEYOND = Fraction(1, 2**1022)


def within(found: float, wanted: float, p: int) -> bool:
    """Tell whether one value is not worse than another by more than the resolution allows."""
    if found <= wanted:
        return True
    if reference.key(wanted, p) in (reference.key(math.inf, p), reference.key(-math.inf, p)):
        return p < 52  # infinities share their cells with the largest numbers
    return Fraction(found) - Fraction(wanted) <= (abs(Fraction(wanted)) + BEYOND) / 2**p


@settings(max_examples=200)
@given(questions())
def test_every_configuration_has_a_row_that_is_hardly_worse(question: Question) -> None:
    space = question.oracle()
    kept = [space.costs(question.objectives, row) for row in configurations(ask_pareto(question, rows=None))]
    for configuration in space.feasible(question.where):
        costs = space.costs(question.objectives, configuration)
        if not any(map(math.isnan, costs)):
            assert any(all(map(within, row, costs, question.bits)) for row in kept)


@settings(max_examples=200)
@given(questions())
def test_every_row_is_pareto_optimal(question: Question) -> None:
    space = question.oracle()
    kept = [space.costs(question.objectives, row) for row in configurations(ask_pareto(question, rows=None))]
    for configuration in space.feasible(question.where):
        costs = space.costs(question.objectives, configuration)
        for row in kept:
            assert not (costs != row and all(a <= b for a, b in zip(costs, row, strict=True)))


# The surface -------------------------------------------------------------------------------------------------------


def sweep_of(question: Question) -> iso.Sweep:
    """Return the question's space as a user would write it."""
    axes: dict[str, Any] = {}
    for axis in range(len(question.lengths)):
        mine = [(name, values, boolean) for name, number, values, boolean in question.columns if number == axis]
        if len(mine) == 1:
            axes[mine[0][0]] = list(mine[0][1])
        else:
            text = {f"label{axis}": [f"row {position % 3}" for position in range(question.lengths[axis])]}
            columns = {name: [bool(x) for x in values] if boolean else values for name, values, boolean in mine}
            axes[f"axis{axis}"] = pl.DataFrame(text | columns)
    scalars = {name: value for name, value in question.names.items() if not isinstance(value, str)}
    quantities = {name: value for name, value in question.names.items() if isinstance(value, str)}
    return iso.Sweep(axes | scalars, quantities=quantities, where=question.where)


def assert_frames(found: pl.DataFrame, expected: pl.DataFrame) -> None:
    assert found.schema == expected.schema
    for name in expected.columns:
        if expected[name].dtype == pl.Float64:
            assert bits(found[name].to_numpy()) == bits(expected[name].to_numpy()), name
        else:
            assert found[name].to_list() == expected[name].to_list(), name


def objectives_of(question: Question) -> dict[str, list[str]]:
    """Return the objectives as keywords, each formula once."""
    once = {formula: maximize for formula, maximize in reversed(question.objectives)}
    return {
        "minimize": [formula for formula, maximize in once.items() if not maximize],
        "maximize": [formula for formula, maximize in once.items() if maximize],
    }


@pytest.mark.filterwarnings("ignore::isoflop.EmptyResultWarning", "ignore::isoflop.EdgeWarning")
@settings(max_examples=100)
@given(questions(), st.sampled_from(strategies.RESOLUTIONS))
def test_a_sweep_answers_as_the_oracle_does(question: Question, resolution: float) -> None:
    sweep = sweep_of(question)
    objectives = objectives_of(question)
    ties = "all" if question.all_ties else "first"
    rest = {"columns": question.shown, "ties": ties, "resolution": resolution}
    assert_frames(
        sweep.pareto(**objectives, **rest, threads=question.threads),
        reference.pareto(sweep, **objectives, **rest),
    )
    formula, maximize = question.objectives[0]
    by = question.columns[-1][0] if question.by else None
    single: dict[str, Any] = {"maximize" if maximize else "minimize": formula, "by": by, "columns": question.shown}
    assert_frames(sweep.best(**single, threads=question.threads), reference.best(sweep, **single))
    assert_frames(
        sweep.table(columns=question.shown, threads=question.threads),
        reference.table(sweep, columns=question.shown),
    )


@pytest.mark.filterwarnings("ignore::isoflop.EmptyResultWarning")
@settings(max_examples=100)
@given(questions(), st.sampled_from(strategies.RESOLUTIONS))
def test_the_front_of_a_sweep_is_the_front_of_its_table(question: Question, resolution: float) -> None:
    sweep = sweep_of(question)
    objectives = objectives_of(question)
    formulas = [*objectives["minimize"], *objectives["maximize"]]
    swept = sweep.pareto(**objectives, resolution=resolution)
    filtered = iso.pareto(sweep.table(columns=formulas), **objectives, resolution=resolution)
    assert swept.columns == filtered.columns
    assert len(set(swept.rows())) == swept.height or swept.height == filtered.height
    assert sorted(map(repr, swept.rows())) == sorted(map(repr, filtered.rows()))


# Formulas ------------------------------------------------------------------------------------------------------------

SYMBOLS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.And: "and",
    ast.Or: "or",
}


class NotAFormulaError(Exception):
    """Python reads it, but it is no formula."""


@cache
def calls() -> dict[str, int]:
    return {row["name"]: row["arity"] for row in _native.operations() if row["syntax"] == "call"}


def tree_of(node: ast.expr) -> _native.Tree:
    """Return Python's own reading of an expression as a formula's tree."""
    match node:
        case ast.Constant(value=bool()):
            raise NotAFormulaError
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.Name(id=name) if name not in calls():
            return name
        case ast.BinOp(left=left, op=op, right=right) if type(op) in SYMBOLS:
            return (SYMBOLS[type(op)], tree_of(left), tree_of(right))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return tree_of(operand)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return ("neg", tree_of(operand))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return ("not", tree_of(operand))
        case ast.BoolOp(op=op, values=values):
            name = SYMBOLS[type(op)]
            return reduce(lambda left, right: (name, left, right), map(tree_of, values))
        case ast.Compare(left=left, ops=ops, comparators=right):
            operands = [tree_of(operand) for operand in (left, *right)]
            links = [
                (SYMBOLS[type(op)], a, b) for op, a, b in zip(ops, operands, operands[1:], strict=False)
            ]
            return reduce(lambda before, after: ("and", before, after), links)
        case ast.Call(func=ast.Name(id=name), args=operands, keywords=[]) if name in calls():
            if name in ("min", "max") and len(operands) > 2:
                return reduce(lambda a, b: (name, a, b), map(tree_of, operands))
            if len(operands) == calls()[name]:
                return (name, *map(tree_of, operands))
    raise NotAFormulaError


TOKENS = (
    *("x", "y", "tokens", "1", "2.5", "1e-3", ".5", "3.", "1_000"),
    *("+", "-", "*", "/", "**", "<", "<=", ">", ">=", "==", "!=", "and", "or", "not"),
    *("(", ")", ","),
    *("exp(", "min(", "where(", "sqrt(", "max(", "exp"),
)


@settings(max_examples=3000)
@given(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=9))
def test_tokens_are_a_formula_where_python_says_so(tokens: list[str]) -> None:
    text = " ".join(tokens)
    assume(", )" not in text)  # Python allows a comma before the parenthesis, formulas do not
    try:
        expected = tree_of(ast.parse(text, mode="eval").body)
    except (SyntaxError, NotAFormulaError, KeyError):
        with pytest.raises(iso.FormulaError):
            _native.parse(text)
    else:
        assert _native.parse(text) == expected


@st.composite
def expressions(draw: st.DrawFn, depth: int = 4) -> str:
    """Draw an expression with parentheses here and there, so that precedence decides the rest."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from(["x", "y", "2", "0.5", "1e3", "z_1"]))
    inner = expressions(depth=depth - 1)
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return f"({draw(inner)})"
    if kind == 1:
        return f"-{draw(inner)}"
    if kind == 2:
        return draw(st.sampled_from(["exp({})", "min({}, x)", "max(2, {}, y)", "where(x < 1, {}, 3)"])).format(
            draw(inner)
        )
    symbols = ["+", "-", "*", "/", "**", "**"] if kind < 5 else ["<", "<=", "==", "!=", " and ", " or "]
    return f"{draw(inner)}{draw(st.sampled_from(symbols))}{draw(inner)}"


@settings(max_examples=1000)
@given(expressions())
def test_formulas_are_read_as_python_reads_them(text: str) -> None:
    assert _native.parse(text) == tree_of(ast.parse(text, mode="eval").body)


# Operations, against their meaning and against a high-precision oracle ----------------------------------------------


@pytest.mark.parametrize("name", sorted(reference.OPERATIONS))
def test_lanes_mean_what_the_scalar_means(name: str) -> None:
    row = next(row for row in _native.operations() if row["name"] == name)
    some = [*awkward.EVERYTHING, 0.1, -0.1, 1.5, -2.5, 4.0, 700.0, -745.2, 1e-10, 1023.0, -1074.0]
    axes = np.meshgrid(*[np.array(some)] * row["arity"], indexing="ij")
    operands = [np.ascontiguousarray(operand).ravel() for operand in axes]
    if row["conditions"][0]:
        operands = [np.isin(operand, some[::2]).astype(np.float64) if kind else operand for operand, kind in zip(operands, row["conditions"], strict=True)]
    meaning = reference.OPERATIONS[name]
    expected = [meaning(*values) for values in zip(*(operand.tolist() for operand in operands), strict=True)]
    assert bits(_native.lanes(name, *operands)) == bits(expected)


ULPS = {"exp": 0.85, "log": 0.55, "log2": 0.55, "log10": 0.55}
POWER_ULPS = {0.0: 0.0, 1.0: 0.0, 2.0: 0.5, 0.5: 0.5, -1.0: 0.5, 3.0: 1.5, 4.0: 2.5}
GENERAL_POWER_ULPS = 0.85

PRECISE: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: mpmath.power(a, b),
    "exp": mpmath.exp,
    "log": mpmath.log,
    "log2": lambda a: mpmath.log(a) / mpmath.log(2),
    "log10": lambda a: mpmath.log(a) / mpmath.log(10),
    "sqrt": mpmath.sqrt,
    "abs": abs,
    "neg": lambda a: -a,
    "floor": mpmath.floor,
    "ceil": mpmath.ceil,
}


def stated_ulps(operation: str, operands: Sequence[float]) -> float:
    """Return the documented largest error; half an ulp is a correct rounding."""
    if operation == "**":
        return POWER_ULPS.get(operands[1], GENERAL_POWER_ULPS)
    return ULPS.get(operation, 0.5)


def assert_precise(operation: str, operands: Sequence[float], found: float) -> None:
    """Assert that one operation's result is within its stated error, wherever that means something."""
    if operation not in PRECISE or not all(map(math.isfinite, operands)):
        return
    if operation == "**" and abs(operands[1]) > 1e6:
        return  # beyond the working precision of the oracle
    with mpmath.workprec(400):
        try:
            exact = PRECISE[operation](*map(mpmath.mpf, operands))
        except ZeroDivisionError:
            return  # the special values of test_reference
        if isinstance(exact, mpmath.mpc):
            assert math.isnan(found), (operation, operands, found)
            return
        if not mpmath.isfinite(exact):
            return
        # An ulp of the exact result: the distance of floats there, below the normal numbers that of subnormals.
        exponent = max(-1074, int(mpmath.frexp(exact)[1]) - 53) if exact else -1074
        if abs(exact) >= mpmath.ldexp(1, 1024) - mpmath.ldexp(1, 970):
            return  # may overflow
        error = abs(mpmath.mpf(found) - exact) / mpmath.ldexp(1, exponent)
        assert error <= stated_ulps(operation, operands), (operation, operands, found, float(error))


def assert_every_node_precise(tree: _native.Tree, names: dict[str, float]) -> None:
    """Check every operation of a tree on the operands that it has as computed."""
    if isinstance(tree, tuple):
        operation, *operands = tree
        for operand in operands:
            assert_every_node_precise(operand, names)
        values = [reference.evaluate(operand, names.__getitem__) for operand in operands]
        assert_precise(operation, values, reference.OPERATIONS[operation](*values))


TAME = st.floats(0.01, 1e4, allow_nan=False)


@settings(max_examples=400)
@given(strategies.formulas(["x", "y", "z"], []), TAME, TAME, st.floats(-50.0, 50.0))
def test_every_operation_of_a_formula_is_within_its_stated_ulps(text: str, x: float, y: float, z: float) -> None:
    assert_every_node_precise(_native.parse(text), {"x": x, "y": y, "z": z})


@settings(max_examples=2000)
@given(
    st.sampled_from(["exp", "log", "log2", "log10", "**"]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.one_of(st.floats(-20.0, 20.0), st.integers(-30, 30).map(float), st.sampled_from([0.5, 1 / 3, 0.34, 1e-300])),
)
def test_kernels_are_within_their_stated_ulps(operation: str, x: float, y: float) -> None:
    if operation == "**":
        assert_precise("**", (x, y), reference.OPERATIONS["**"](x, y))
        # Bases near one, where the error of a logarithm would be magnified.
        assert_precise("**", (1.0 + y / 1e6, x), reference.OPERATIONS["**"](1.0 + y / 1e6, x))
    else:
        operand = math.fmod(x, 750.0) if operation == "exp" else x
        assert_precise(operation, (operand,), reference.OPERATIONS[operation](operand))
