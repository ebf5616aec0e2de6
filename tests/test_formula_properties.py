"""Formulas: read as Python reads them, and each operation as precise as its documentation says."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Sequence
from functools import cache, reduce
from typing import Any

import mpmath  # type: ignore[import-untyped]  # it ships no types
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import isoflop as iso
from isoflop import _native, reference
from support import awkward, strategies
from support.awkward import bits

# Reading -----------------------------------------------------------------------------------------

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
            links = [(SYMBOLS[type(op)], a, b) for op, a, b in zip(ops, operands, operands[1:], strict=False)]
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


@settings(max_examples=1500)
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
        return draw(
            st.sampled_from(["exp({})", "min({}, x)", "max(2, {}, y)", "where(x < 1, {}, 3)"])
        ).format(draw(inner))
    symbols = ["+", "-", "*", "/", "**", "**"] if kind < 5 else ["<", "<=", "==", "!=", " and ", " or "]
    return f"{draw(inner)}{draw(st.sampled_from(symbols))}{draw(inner)}"


@settings(max_examples=600)
@given(expressions())
def test_formulas_are_read_as_python_reads_them(text: str) -> None:
    assert _native.parse(text) == tree_of(ast.parse(text, mode="eval").body)


# Operations, against their meaning and against a high-precision oracle ----------------------------


@pytest.mark.parametrize("name", sorted(reference.OPERATIONS))
def test_lanes_mean_what_the_scalar_means(name: str) -> None:
    row = next(row for row in _native.operations() if row["name"] == name)
    some = [*awkward.EVERYTHING, 0.1, -0.1, 1.5, -2.5, 4.0, 700.0, -745.2, 1e-10, 1023.0, -1074.0]
    axes = np.meshgrid(*[np.array(some)] * row["arity"], indexing="ij")
    operands = [np.ascontiguousarray(operand).ravel() for operand in axes]
    if row["conditions"][0]:
        operands = [
            np.isin(operand, some[::2]).astype(np.float64) if kind else operand
            for operand, kind in zip(operands, row["conditions"], strict=True)
        ]
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
        # An ulp is the distance of floats at the exact result; below the normal numbers, of subnormals.
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


TAME_NUMBERS = st.floats(0.01, 1e4, allow_nan=False)


@settings(max_examples=400)
@given(strategies.formulas(["x", "y", "z"], []), TAME_NUMBERS, TAME_NUMBERS, st.floats(-50.0, 50.0))
def test_every_operation_of_a_formula_is_within_its_stated_ulps(
    text: str, x: float, y: float, z: float
) -> None:
    assert_every_node_precise(_native.parse(text), {"x": x, "y": y, "z": z})


@settings(max_examples=1000)
@given(
    st.sampled_from(["exp", "log", "log2", "log10", "**"]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.one_of(
        st.floats(-20.0, 20.0), st.integers(-30, 30).map(float), st.sampled_from([0.5, 1 / 3, 0.34, 1e-300])
    ),
)
def test_kernels_are_within_their_stated_ulps(operation: str, x: float, y: float) -> None:
    if operation == "**":
        assert_precise("**", (x, y), reference.OPERATIONS["**"](x, y))
        # Bases near one, where the error of a logarithm would be magnified.
        assert_precise("**", (1.0 + y / 1e6, x), reference.OPERATIONS["**"](1.0 + y / 1e6, x))
    else:
        operand = math.fmod(x, 750.0) if operation == "exp" else x
        assert_precise(operation, (operand,), reference.OPERATIONS[operation](operand))
