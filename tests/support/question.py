"""A question to a small space, as the engine takes it, and how it is put to the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from isoflop import _native, reference

from .grid import Grid

if TYPE_CHECKING:
    from isoflop._native import Positions

METHODS = ("enumerate", "search")

MAX_ROWS = 10_000_000
MAX_BYTES = 2**31

Column: TypeAlias = tuple[str, int, Sequence[float], bool]
"""Name, axis, values, and whether they are conditions."""


@dataclass(frozen=True)
class Question:
    """A space, names, and what to ask of them; as the engine takes it."""

    lengths: tuple[int, ...]
    columns: tuple[Column, ...]
    names: dict[str, float | str]
    objectives: tuple[tuple[str, bool], ...]
    where: tuple[str, ...]
    shown: tuple[str, ...]
    bits: tuple[int, ...]
    all_ties: bool
    by: tuple[int, Sequence[int]] | None
    within: float
    further: bool
    """Whether ``near`` asks for the front of the further objectives inside what is near."""
    threads: int
    planted: tuple[str, ...]
    """The kinds of trouble that were planted, see `plantings.py`."""

    @property
    def then(self) -> tuple[tuple[str, bool], ...]:
        return self.objectives[1:] if self.further else ()

    def native(self) -> _native.Space:
        columns = [(name, axis, np.array(values), boolean) for name, axis, values, boolean in self.columns]
        return _native.Space(self.lengths, columns)

    def oracle(self) -> reference.Space:
        columns = {name: (axis, values) for name, axis, values, _ in self.columns}
        return reference.Space(self.lengths, columns, self.names)

    def grid(self) -> Grid:
        return Grid(self.lengths, self.columns, self.names)


@dataclass(frozen=True)
class Call:
    """A question to the engine: what is called, with what."""

    method: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]

    def run(self, space: _native.Space) -> Any:
        return getattr(space, self.method)(*self.arguments, **self.options)

    def __str__(self) -> str:
        named = [f"{name}={value!r}" for name, value in self.options.items()]
        return f"{self.method}({', '.join([*map(repr, self.arguments), *named])})"


def pareto_call(
    question: Question, *, rows: int | None = None, by: bool = False, method: str = "auto"
) -> Call:
    record = {
        "objectives": list(question.objectives),
        "where": list(question.where),
        "columns": list(question.shown),
        "bits": list(question.bits),
        "rows": rows,
        "all_ties": question.all_ties,
        "max_rows": MAX_ROWS,
        "method": method,
    }
    if by:
        record["by"] = native_by(question)
    return Call("pareto", (question.names, [], record, question.threads, None), {})


def best_call(question: Question, *, method: str = "auto") -> Call:
    """Ask for the best by the first objective."""
    record = {
        "objective": question.objectives[0],
        "where": list(question.where),
        "columns": list(question.shown),
        "by": native_by(question),
        "method": method,
    }
    return Call("best", (question.names, [], record, question.threads, None), {})


def near_call(question: Question, *, within: float, then: Sequence[tuple[str, bool]]) -> Call:
    """Ask for what is near the best by the first objective."""
    record = {
        "objective": question.objectives[0],
        "within": within,
        "where": list(question.where),
        "columns": list(question.shown),
        "by": native_by(question),
        "then": list(then),
        "bits": list(question.bits[1 : 1 + len(then)]),
        "max_rows": MAX_ROWS,
    }
    return Call("near", (question.names, [], record, question.threads, None), {})


def table_call(question: Question, columns: Sequence[str]) -> Call:
    record = {"where": list(question.where), "columns": list(columns), "max_bytes": MAX_BYTES}
    return Call("table", (question.names, [], record, question.threads, None), {})


def any_call(question: Question) -> Call:
    """Ask whether anything meets the constraints."""
    return Call("any", (question.names, [], list(question.where), question.threads, None), {})


def evaluate_call(
    question: Question, columns: Sequence[str], configurations: Sequence[tuple[int, ...]]
) -> Call:
    """Ask what formulas are worth at configurations."""
    positions = [
        np.array([configuration[axis] for configuration in configurations], dtype=np.uint32)
        for axis in range(len(question.lengths))
    ]
    return Call("evaluate", (question.names, [], list(columns), positions), {})


def ask_pareto(
    question: Question, *, rows: int | None, by: bool = False, method: str = "auto"
) -> _native.Rows:
    found: _native.Rows = pareto_call(question, rows=rows, by=by, method=method).run(question.native())
    return found


def ask_best(question: Question, *, method: str = "auto") -> _native.Rows:
    """Ask for the best by the first objective."""
    found: _native.Rows = best_call(question, method=method).run(question.native())
    return found


def ask_near(question: Question, *, within: float, then: Sequence[tuple[str, bool]]) -> _native.Rows:
    """Ask for what is near the best by the first objective."""
    found: _native.Rows = near_call(question, within=within, then=then).run(question.native())
    return found


def native_by(question: Question) -> tuple[int, Positions] | None:
    return question.by and (question.by[0], np.array(question.by[1], dtype=np.uint32))
