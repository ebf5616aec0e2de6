"""A question to a small space, as the engine takes it, and how it is put to the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from grid import Grid
from isoflop import _native, reference

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


def ask_pareto(question: Question, *, rows: int | None, method: str = "auto") -> _native.Rows:
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
        question.threads,
        None,
        method=method,
    )


def ask_best(question: Question, *, method: str = "auto") -> _native.Rows:
    """Ask for the best by the first objective."""
    return question.native().best(
        question.names,
        [],
        question.objectives[0],
        question.where,
        question.shown,
        native_by(question),
        question.threads,
        None,
        method=method,
    )


def ask_near(question: Question, *, within: float, then: Sequence[tuple[str, bool]]) -> _native.Rows:
    """Ask for what is near the best by the first objective."""
    return question.native().near(
        question.names,
        [],
        question.objectives[0],
        question.where,
        question.shown,
        within,
        native_by(question),
        then,
        question.bits[1 : 1 + len(then)],
        MAX_ROWS,
        question.threads,
        None,
    )


def ask_table(question: Question, columns: Sequence[str]) -> _native.Rows:
    return question.native().table(
        question.names, [], question.where, columns, MAX_BYTES, question.threads, None
    )


def native_by(question: Question) -> tuple[int, Positions] | None:
    return question.by and (question.by[0], np.array(question.by[1], dtype=np.uint32))
