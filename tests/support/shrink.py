"""A question made as small as it can be while it still shows what it shows."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from . import arrays
from .question import Question

T = TypeVar("T")


def shrink(question: Question, shows: Callable[[Question], bool], *, attempts: int = 3000) -> Question:
    """Return the least question found that still ``shows`` it, by trying one simplification after the other.

    What simplifies a question may also spoil it (a condition where a number belongs, a name that nothing
    gives); ``shows`` says no to such.
    """
    left = attempts
    progress = True
    while progress and left > 0:
        progress = False
        for simpler in simplified(question):
            left -= 1
            if shows(simpler):
                question, progress = simpler, True
                break
            if left <= 0:
                break
    return question


def without(several: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    """Yield a tuple without each of its members."""
    for position in range(len(several)):
        yield several[:position] + several[position + 1 :]


def simplified(question: Question) -> Iterator[Question]:
    """Yield questions that are a step simpler, boldest steps first."""
    for objectives in without(question.objectives):
        if objectives:
            position = next(
                (i for i, (a, b) in enumerate(zip(question.objectives, objectives, strict=False)) if a != b),
                len(objectives),
            )
            bits = question.bits[:position] + question.bits[position + 1 :]
            yield replace(question, objectives=objectives, bits=bits)
    for where in without(question.where):
        yield replace(question, where=where)
    for shown in without(question.shown):
        yield replace(question, shown=shown)
    for name in question.names:
        yield replace(question, names={key: value for key, value in question.names.items() if key != name})
    for columns in without(question.columns):
        yield replace(question, columns=columns)
    if question.by is not None:
        yield replace(question, by=None)
    if question.further:
        yield replace(question, further=False)
    if question.all_ties:
        yield replace(question, all_ties=False)
    if question.threads > 1:
        yield replace(question, threads=1)
    if any(p != 52 for p in question.bits):
        yield replace(question, bits=(52,) * len(question.bits))
    if question.within:
        yield replace(question, within=0.0)
    yield from shorter(question)
    yield from plainer(question)
    for position, (text, maximize) in enumerate(question.objectives):
        if maximize:
            yield with_objective(question, position, text, False)
        for simpler in smaller(text):
            yield with_objective(question, position, simpler, maximize)
    for position, text in enumerate(question.where):
        for simpler in smaller(text):
            where = (*question.where[:position], simpler, *question.where[position + 1 :])
            yield replace(question, where=where)
    for position, text in enumerate(question.shown):
        for simpler in smaller(text):
            shown = (*question.shown[:position], simpler, *question.shown[position + 1 :])
            yield replace(question, shown=shown)
    for name, meaning in question.names.items():
        if isinstance(meaning, str):
            for simpler in smaller(meaning):
                yield replace(question, names={**question.names, name: simpler})


def with_objective(question: Question, position: int, text: str, maximize: bool) -> Question:
    objectives = (*question.objectives[:position], (text, maximize), *question.objectives[position + 1 :])
    return replace(question, objectives=objectives)


def shorter(question: Question) -> Iterator[Question]:
    """Yield the question with fewer positions on an axis, or without an axis that has one."""
    for axis, length in enumerate(question.lengths):
        halves = [range(length // 2, length), range(length // 2)] if length > 3 else []
        ones = [[other for other in range(length) if other != position] for position in range(length)]
        for positions in (*halves, *ones) if length > 1 else ():
            columns = tuple(
                (name, number, tuple(values[i] for i in positions) if number == axis else values, boolean)
                for name, number, values, boolean in question.columns
            )
            by = question.by
            if by is not None and by[0] == axis:
                by = (axis, tuple(by[1][i] for i in positions))
            lengths = (*question.lengths[:axis], len(positions), *question.lengths[axis + 1 :])
            yield replace(question, lengths=lengths, columns=columns, by=by)
        unused = all(number != axis for _, number, _, _ in question.columns)
        if unused and len(question.lengths) > 1 and (question.by is None or question.by[0] != axis):
            yield replace(
                question,
                lengths=question.lengths[:axis] + question.lengths[axis + 1 :],
                columns=tuple(
                    (name, number - (number > axis), values, boolean)
                    for name, number, values, boolean in question.columns
                ),
                by=question.by and (question.by[0] - (question.by[0] > axis), question.by[1]),
            )


def plainer(question: Question) -> Iterator[Question]:
    """Yield the question with a column that counts from one."""
    for place, (name, axis, values, boolean) in enumerate(question.columns):
        counting = tuple(float(number + 1) for number in range(len(values)))
        if not boolean and tuple(values) != counting:
            column = (name, axis, counting, boolean)
            yield replace(
                question, columns=(*question.columns[:place], column, *question.columns[place + 1 :])
            )


def smaller(text: str) -> Iterator[str]:
    """Yield a formula with one of its parts replaced by something inside it, or by one."""
    tree = arrays.read(text)
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.expr)]
    for node in nodes:
        inside = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        if isinstance(node, ast.Call):
            inside = node.args
        for child in inside:
            yield ast.unparse(Put(node, child).visit(tree))
        if not isinstance(node, ast.Constant):
            yield ast.unparse(Put(node, ast.Constant(1)).visit(tree))


class Put(ast.NodeTransformer):
    """Puts one expression into another's place, in a copy."""

    def __init__(self, old: ast.expr, new: ast.expr) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self.old:
            return self.new
        copied = {
            name: [self.visit(part) if isinstance(part, ast.AST) else part for part in value]
            if isinstance(value, list)
            else self.visit(value)
            if isinstance(value, ast.AST)
            else value
            for name, value in ast.iter_fields(node)
        }
        return type(node)(**copied)
