"""What operations and formulas mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import TypeAlias

import numpy as np

from isoflop import _native

Read: TypeAlias = Callable[[str], float]

parse = cache(_native.parse)


def divide(a: float, b: float) -> float:
    """Return the quotient as IEEE 754 has it: infinite or NaN where Python raises."""
    if b != 0.0:
        return a / b
    if a == 0.0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def whole(rounding: Callable[[float], int], x: float) -> float:
    """Round to an integer as IEEE 754 has it: infinities and NaN stay, and so does the sign of a zero."""
    return math.copysign(float(rounding(x)), x) if math.isfinite(x) else x


def smaller(a: float, b: float) -> float:
    """Return ``b`` if it is less than ``a``, else ``a``; NaN if either is."""
    return math.nan if a != a or b != b else b if b < a else a


def larger(a: float, b: float) -> float:
    """Return ``b`` if it is greater than ``a``, else ``a``; NaN if either is."""
    return math.nan if a != a or b != b else b if b > a else a


def kernel(name: str, *operands: float) -> float:
    """Ask the engine for one value of exp, log, log2, log10 or pow."""
    return float(_native.kernel(name, *(np.array([operand]) for operand in operands))[0])


OPERATIONS: dict[str, Callable[..., float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": divide,
    "**": lambda a, b: kernel("pow", a, b),
    "neg": lambda a: -a,
    "<": lambda a, b: float(a < b),
    "<=": lambda a, b: float(a <= b),
    ">": lambda a, b: float(a > b),
    ">=": lambda a, b: float(a >= b),
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "and": lambda a, b: float(a != 0.0 and b != 0.0),
    "or": lambda a, b: float(a != 0.0 or b != 0.0),
    "not": lambda a: float(a == 0.0),
    "exp": lambda a: kernel("exp", a),
    "log": lambda a: kernel("log", a),
    "log2": lambda a: kernel("log2", a),
    "log10": lambda a: kernel("log10", a),
    "sqrt": lambda a: math.nan if a < 0.0 else math.sqrt(a),
    "abs": abs,
    "min": smaller,
    "max": larger,
    "floor": lambda a: whole(math.floor, a),
    "ceil": lambda a: whole(math.ceil, a),
    "where": lambda condition, a, b: a if condition != 0.0 else b,
}


def evaluate(tree: _native.Tree, read: Read) -> float:
    """Return the value of a formula's tree; ``read`` gives the value of a name."""
    if isinstance(tree, str):
        return read(tree)
    if isinstance(tree, tuple):
        operation, *operands = tree
        return OPERATIONS[operation](*(evaluate(operand, read) for operand in operands))
    return tree


def names_in(tree: _native.Tree) -> Iterator[str]:
    """Yield every name in a formula's tree."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, tuple):
        for operand in tree[1:]:
            yield from names_in(operand)
