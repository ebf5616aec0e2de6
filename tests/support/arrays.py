"""Formulas over whole arrays: read by Python's own parser, computed with NumPy.

Nothing is shared with the engine but the kernels of exp, log and pow, whose last bit no other library would
repeat; and nothing at all with `isoflop.reference`. Every intermediate result is as large as its operands.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import lru_cache, reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isoflop import _native

if TYPE_CHECKING:
    from isoflop._native import Float64


def flag(condition: NDArray[np.bool_]) -> Float64:
    return condition.astype(np.float64)


def kernel(name: str, *operands: Float64) -> Float64:
    shape = np.broadcast_shapes(*(operand.shape for operand in operands))
    flat = [np.ascontiguousarray(np.broadcast_to(operand, shape)).ravel() for operand in operands]
    return _native.kernel(name, *flat).reshape(shape)


def selected(condition: NDArray[np.bool_], a: Float64, b: Float64) -> Float64:
    picked: Float64 = np.where(condition, a, b)
    return picked


def chosen(pick: NDArray[np.bool_], a: Float64, b: Float64) -> Float64:
    """Return ``b`` where ``pick``, else ``a``; NaN where either is."""
    return selected(np.isnan(a) | np.isnan(b), np.array(np.nan), selected(pick, b, a))


def both(a: Float64, b: Float64) -> Float64:
    return flag((a != 0.0) & (b != 0.0))


def either(a: Float64, b: Float64) -> Float64:
    return flag((a != 0.0) | (b != 0.0))


OPERATORS: dict[type[ast.AST], Callable[..., Float64]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: lambda a, b: kernel("pow", a, b),
    ast.USub: np.negative,
    ast.UAdd: np.positive,
    ast.Lt: lambda a, b: flag(np.less(a, b)),
    ast.LtE: lambda a, b: flag(np.less_equal(a, b)),
    ast.Gt: lambda a, b: flag(np.greater(a, b)),
    ast.GtE: lambda a, b: flag(np.greater_equal(a, b)),
    ast.Eq: lambda a, b: flag(np.equal(a, b)),
    ast.NotEq: lambda a, b: flag(np.not_equal(a, b)),
    ast.And: both,
    ast.Or: either,
    ast.Not: lambda a: flag(np.equal(a, 0.0)),
}

CALLS: dict[str, Callable[..., Float64]] = {
    "exp": lambda a: kernel("exp", a),
    "log": lambda a: kernel("log", a),
    "log2": lambda a: kernel("log2", a),
    "log10": lambda a: kernel("log10", a),
    "sqrt": np.sqrt,
    "abs": np.abs,
    "min": lambda *operands: reduce(lambda a, b: chosen(np.less(b, a), a, b), operands),
    "max": lambda *operands: reduce(lambda a, b: chosen(np.greater(b, a), a, b), operands),
    "floor": np.floor,
    "ceil": np.ceil,
    "where": lambda condition, a, b: selected(np.not_equal(condition, 0.0), a, b),
}


@lru_cache(maxsize=10_000)
def read(formula: str) -> ast.expr:
    """Return a formula as Python reads it."""
    return ast.parse(formula.strip(), mode="eval").body


@lru_cache(maxsize=10_000)
def names_in(formula: str) -> frozenset[str]:
    """Return every name that a formula reads."""
    names = {node.id for node in ast.walk(read(formula)) if isinstance(node, ast.Name)}
    return frozenset(names.difference(CALLS))


def evaluate(node: ast.expr, look_up: Callable[[str], Float64]) -> Float64:
    """Return what an expression is worth everywhere; ``look_up`` gives the values of a name."""
    match node:
        case ast.Name(id=name):
            return look_up(name)
        case ast.Constant(value=int() | float() as number):
            return np.array(float(number))
        case ast.BinOp(left=left, op=operator, right=right):
            return OPERATORS[type(operator)](evaluate(left, look_up), evaluate(right, look_up))
        case ast.UnaryOp(op=operator, operand=operand):
            return OPERATORS[type(operator)](evaluate(operand, look_up))
        case ast.Call(func=ast.Name(id=name), args=operands):
            return CALLS[name](*(evaluate(operand, look_up) for operand in operands))
        case ast.BoolOp(op=operator, values=operands):
            return reduce(OPERATORS[type(operator)], [evaluate(operand, look_up) for operand in operands])
        case ast.Compare(left=left, ops=operators, comparators=others):
            values = [evaluate(operand, look_up) for operand in (left, *others)]
            return reduce(both, map(compared, operators, values, values[1:]))
    raise AssertionError(f"{ast.unparse(node)} is no formula")


def compared(operator: ast.cmpop, left: Float64, right: Float64) -> Float64:
    return OPERATORS[type(operator)](left, right)
