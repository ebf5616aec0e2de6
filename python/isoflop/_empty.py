"""Why an answer is empty.

Reasons are looked for in this order, and the first kind that is found is told:

1. constraints that nothing in the space meets, each with the nearest value that the space reaches;
2. the first pair of constraints that conflict;
3. that no two conflict, but all of them together do;
4. that every feasible configuration has a NaN objective, or everything near the best a NaN one of ``then``.

Columns with nulls that the constraints read, or in the last case the objectives, are told on top.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, cast

from isoflop import _native

if TYPE_CHECKING:
    from isoflop._binding import Binding
    from isoflop._native import Tree

_INFIX = frozenset(["+", "-", "*", "/", "**", "<", "<=", ">", ">=", "==", "!=", "and", "or"])


def why_empty(
    binding: Binding, objectives: Sequence[str], feasible: int | None, then: Sequence[str] = ()
) -> str:
    """Tell why nothing was found.

    Parameters
    ----------
    binding
        The sweep.
    objectives
        Its objectives, if it has any.
    feasible
        How many configurations met every constraint, if that is known.
    then
        What is minimised among the configurations near the best, if that was asked for.
    """
    reason, reads = _reason(binding, objectives, feasible, then)
    return f"the answer is empty: {reason}{binding.emptied((*reads, *binding.where))}"


def _reason(
    binding: Binding, objectives: Sequence[str], feasible: int | None, then: Sequence[str]
) -> tuple[str, Sequence[str]]:
    """Return the reason, and what else than constraints it speaks of."""
    if feasible or (feasible is None and binding.any(binding.where)):
        # What equals itself is not NaN: there is a best, and so something near it.
        near = then and binding.any(
            [*binding.where, *(f"({formula}) == ({formula})" for formula in objectives)]
        )
        named = " or ".join(f"`{objective}`" for objective in (then if near else objectives))
        count = "the" if feasible is None else f"{feasible:,}"
        if feasible == 1:
            return f"the one configuration that meets the constraints has NaN for {named}", objectives
        which = "near the best" if near else "that meet the constraints"
        return f"all {count} configurations {which} have NaN for {named}", (*objectives, *then)
    return _conflict(binding), ()


def _conflict(binding: Binding) -> str:
    where = binding.where
    unmet = [constraint for constraint in where if not binding.any([constraint])]
    if unmet:
        return "; ".join(
            f"`{constraint}`: nothing in the space meets it{_nearest(binding, constraint)}"
            for constraint in unmet
        )
    for pair in combinations(where, 2):
        if not binding.any(pair):
            return f"`{pair[0]}` and `{pair[1]}` conflict: each can be met, but not both at once"
    return (
        f"no two of the {len(where)} constraints conflict, but nothing in the space meets all of them "
        "together"
    )


def _nearest(binding: Binding, constraint: str) -> str:
    """Tell the nearest value that the space reaches, for a comparison; nothing for other conditions."""
    for left, comparison, right in _comparisons(_native.parse(constraint)):
        if binding.any([_text((comparison, left, right))]):
            continue  # this part of a chain can be met
        a, b = _text(left), _text(right)
        if comparison == "!=" and binding.any([_text(("==", left, right))]):
            return f"; {a} is the same as {b} everywhere"
        gap, maximize = f"({a}) - ({b})", comparison in (">", ">=")
        if comparison in ("==", "!="):
            gap = f"abs({gap})"
        rows = binding.best((gap, maximize), columns=[a, b])
        if not len(rows.columns[0]):
            return f"; {a} or {b} is NaN everywhere" if _native.names(b) else f"; {a} is NaN everywhere"
        return f"; the nearest is {_sides(a, b, float(rows.columns[0][0]), float(rows.columns[1][0]))}"
    return ""


def _comparisons(tree: Tree) -> Iterator[tuple[Tree, str, Tree]]:
    """Walk through the comparisons that a condition is the conjunction of."""
    if isinstance(tree, tuple):
        if tree[0] == "and":
            yield from _comparisons(tree[1])
            yield from _comparisons(tree[2])
        elif tree[0] in ("<", "<=", ">", ">=", "==", "!="):
            yield tree[1], tree[0], tree[2]


def _sides(left: str, right: str, a: float, b: float) -> str:
    """Name the side that is not a constant, with its value; both if both vary."""
    first, second = _apart(a, b)
    if not _native.names(right):
        return f"{left} = {first}"
    if not _native.names(left):
        return f"{right} = {second}"
    return f"{left} = {first} against {right} = {second}"


def _apart(a: float, b: float) -> tuple[str, str]:
    """Format two numbers with as few digits as tell them apart, if anything does."""
    for digits in range(4, 17):
        first, second = f"{a:.{digits}g}", f"{b:.{digits}g}"
        if first != second:
            return first, second
    return f"{a:.4g}", f"{b:.4g}"


def _text(tree: Tree) -> str:
    """Write a tree as a formula, with parentheses around every operation inside another."""
    if isinstance(tree, float | int):
        return repr(tree)
    if isinstance(tree, str):
        return tree
    operation, *operands = tree
    if operation in _INFIX:
        left, right = map(_operand, operands)
        return f"{left} {operation} {right}"
    if operation == "neg":
        return f"-{_operand(operands[0])}"
    if operation == "not":
        return f"not {_operand(operands[0])}"
    return f"{operation}({', '.join(map(_text, operands))})"


def _operand(tree: Tree) -> str:
    text = _text(tree)
    nested = isinstance(tree, tuple) and cast(str, tree[0]) in _INFIX | {"neg", "not"}
    # A negative number is an operation to a formula: -1**2 is -(1**2).
    return f"({text})" if nested or text.startswith("-") else text
