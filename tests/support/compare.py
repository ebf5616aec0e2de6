"""The engine held against the oracle on arrays; what differs comes with the code that asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isoflop import _native

from .awkward import raw
from .grid import Grid
from .question import (
    METHODS,
    Call,
    Question,
    any_call,
    best_call,
    evaluate_call,
    near_call,
    pareto_call,
    table_call,
)

FEW = (1, 3, 8)
"""How many rows are chosen of fronts, if they have no more objectives."""


@dataclass(frozen=True)
class Difference:
    """What was asked, what came, what is so, and the code that asks."""

    asked: str  # what stands before the comma is the same for all that is asked alike
    found: str
    expected: str
    code: str

    @property
    def kind(self) -> str:
        return self.asked.split(",")[0]

    def __str__(self) -> str:
        return f"{self.asked}: found {self.found}, expected {self.expected}"


def differences(question: Question, *, few: bool = False) -> Iterator[Difference]:
    """Yield what the engine answers otherwise than the oracle: rows, values, counts; nothing, hopefully."""
    whole = question.grid()
    yield from table_differences(question, whole)
    yield from front_differences(question, whole)
    yield from best_differences(question, whole)
    yield from near_differences(question, whole)
    if few:
        yield from few_differences(question, whole)


def indices(rows: _native.Rows, lengths: Sequence[int]) -> NDArray[np.int64]:
    """Return the index of each row's configuration."""
    return np.ravel_multi_index(tuple(rows.positions), tuple(lengths))


@dataclass(frozen=True)
class Asked:
    """One call, and how its answer is compared."""

    question: Question
    kind: str
    call: Call

    def run(self) -> _native.Rows:
        rows: _native.Rows = self.call.run(self.question.native())
        return rows

    def difference(self, what: str, found: object, expected: object) -> Difference:
        code = native_code(self.question, self.call)
        return Difference(f"{self.kind}, {what}", shortened(found), shortened(expected), code)

    def same(self, what: str, found: object, expected: object) -> Iterator[Difference]:
        if found != expected:
            yield self.difference(what, found, expected)

    def values(
        self, formula: str, found: NDArray[np.float64], expected: NDArray[np.float64]
    ) -> Iterator[Difference]:
        if raw(found) != raw(expected):
            yield self.difference(formula, found.tolist(), expected.tolist())

    def rows(
        self,
        whole: Grid,
        rows: _native.Rows,
        expected: Sequence[int] | NDArray[np.int64],
        formulas: Sequence[str],
    ) -> Iterator[Difference]:
        """Tell where an answer's rows are others, or its values, to the bit."""
        found = indices(rows, whole.lengths).tolist()
        wanted = list(map(int, expected))
        if found != wanted:
            yield self.difference("indices", found, wanted)
            return
        for formula, column in zip(formulas, (*rows.objectives, *rows.columns), strict=True):
            yield from self.values(formula, column, whole.values(formula)[wanted])


def shortened(values: object) -> str:
    """Return something as text, a long list by its ends."""
    if not isinstance(values, list) or len(values) <= 12:
        return repr(values)
    return f"[{', '.join(map(repr, values[:6]))}, ..., {', '.join(map(repr, values[-3:]))}] ({len(values)})"


def native_code(question: Question, call: Call) -> str:
    """Return Python code that asks the engine."""
    columns = ", ".join(
        f"({name!r}, {axis}, array({list(values)!r}), {boolean!r})"
        for name, axis, values, boolean in question.columns
    )
    return (
        "from numpy import array, uint32\n"
        "from isoflop._native import Space\n"
        f"answer = Space({list(question.lengths)!r}, [{columns}]).{call}\n"
    )


def table_differences(question: Question, whole: Grid) -> Iterator[Difference]:
    formulas = [*question.shown, *(formula for formula, _ in question.objectives)]
    expected = whole.feasible(question.where)
    asked = Asked(question, "table", table_call(question, formulas))
    yield from asked.rows(whole, asked.run(), expected, formulas)

    asked = Asked(question, "any", any_call(question))
    yield from asked.same("whether", asked.call.run(question.native()), bool(len(expected)))

    formulas = [*formulas, *question.where]
    size = int(np.prod(question.lengths))
    some = np.arange(0, size, max(1, size // 20))
    configurations = list(
        zip(*(axis.tolist() for axis in np.unravel_index(some, question.lengths)), strict=True)
    )
    asked = Asked(question, "evaluate", evaluate_call(question, formulas, configurations))
    for formula, column in zip(formulas, asked.call.run(question.native()), strict=True):
        yield from asked.values(formula, column, whole.values(formula)[some])


def front_differences(question: Question, whole: Grid) -> Iterator[Difference]:
    formulas = [*(formula for formula, _ in question.objectives), *question.shown]
    ties = question.all_ties
    # The groups of all questions are asked for, too, where there are any.
    for by in {False, question.by is not None}:
        expected, _ = whole.pareto(
            question.objectives, question.where, question.bits, by=question.by if by else None, all_ties=ties
        )
        for method in METHODS:
            kind = f"pareto by {method}{' of groups' if by else ''}"
            asked = Asked(question, kind, pareto_call(question, by=by, method=method))
            rows = asked.run()
            stats = rows.stats
            yield from asked.rows(whole, rows, expected, formulas)
            yield from asked.same("settled", stats["bounded"] + stats["evaluated"], stats["size"])
            if not stats["searched"]:
                feasible = whole.feasible(question.where)
                undefined = int(np.isnan(whole.costs(question.objectives)[feasible]).any(axis=1).sum())
                yield from asked.same("feasible", stats["feasible"], len(feasible))
                yield from asked.same("NaN", stats["nan"], undefined)


def few_differences(question: Question, whole: Grid) -> Iterator[Difference]:
    formulas = [*(formula for formula, _ in question.objectives), *question.shown]
    most = max(FEW[len(formulas) % len(FEW)], len(question.objectives))
    expected, gap = whole.pareto(
        question.objectives,
        question.where,
        question.bits,
        rows=most,
        by=question.by,
        all_ties=question.all_ties,
    )
    for method in METHODS:
        call = pareto_call(question, rows=most, by=question.by is not None, method=method)
        asked = Asked(question, f"pareto of few rows by {method}", call)
        rows = asked.run()
        yield from asked.same("gap", rows.stats["gap"], gap)
        yield from asked.rows(whole, rows, expected, formulas)


def best_differences(question: Question, whole: Grid) -> Iterator[Difference]:
    expected = whole.best(question.objectives[0], question.where, question.by)
    for method in METHODS:
        asked = Asked(question, f"best by {method}", best_call(question, method=method))
        yield from asked.rows(whole, asked.run(), expected, [question.objectives[0][0], *question.shown])


def near_differences(question: Question, whole: Grid) -> Iterator[Difference]:
    objective, then = question.objectives[0], question.then
    bits = question.bits[1 : 1 + len(then)]
    expected = whole.near(objective, question.where, question.within, question.by, then, bits)
    asked = Asked(question, "near", near_call(question, within=question.within, then=then))
    formulas = [*(formula for formula, _ in then or [objective]), *question.shown]
    yield from asked.rows(whole, asked.run(), expected, formulas)
