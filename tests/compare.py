"""The engine held against the oracle on arrays, question by question; what differs is told in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from awkward import raw
from grid import Grid
from isoflop import _native
from question import METHODS, Question, ask_best, ask_near, ask_pareto, ask_table, native_by

ROWS = (1, 3, 8)
"""How many rows fronts are thinned to."""


@dataclass(frozen=True)
class Difference:
    """What the engine said, and what is so."""

    asked: str  # "front by search"
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.asked}: found {self.found}, expected {self.expected}"


def differences(question: Question, *, thin: bool = False) -> Iterator[Difference]:
    """Yield what the engine answers otherwise than the oracle: rows, values, counts; nothing, hopefully."""
    whole = question.grid()
    yield from table_differences(question, whole)
    yield from front_differences(question, whole)
    yield from best_differences(question, whole)
    yield from near_differences(question, whole)
    if thin:
        yield from thinned_differences(question, whole)


def indices(rows: _native.Rows, lengths: Sequence[int]) -> NDArray[np.int64]:
    """Return the index of each row's configuration."""
    return np.ravel_multi_index(tuple(rows.positions), tuple(lengths))


def rows_differ(
    asked: str,
    whole: Grid,
    rows: _native.Rows,
    expected: Sequence[int] | NDArray[np.int64],
    objectives: Sequence[str],
    columns: Sequence[str],
) -> Iterator[Difference]:
    """Tell where an answer's rows are others, or its values, to the bit."""
    found = indices(rows, whole.lengths).tolist()
    wanted = list(map(int, expected))
    if found != wanted:
        yield Difference(asked, f"indices {shortened(found)}", shortened(wanted))
        return
    for formula, column in zip((*objectives, *columns), (*rows.objectives, *rows.columns), strict=True):
        values = whole.values(formula)[wanted]
        if raw(column) != raw(values):
            yield Difference(f"{asked}, {formula}", shortened(column.tolist()), shortened(values.tolist()))


def shortened(values: Sequence[float]) -> str:
    """Return a list as text, a long one by its ends."""
    if len(values) <= 12:
        return repr(list(values))
    return f"[{', '.join(map(repr, values[:6]))}, ... {', '.join(map(repr, values[-3:]))}] ({len(values)})"


def count_differs(asked: str, found: object, expected: object) -> Iterator[Difference]:
    if found != expected:
        yield Difference(asked, repr(found), repr(expected))


def table_differences(question: Question, whole: Grid) -> Iterator[Difference]:
    formulas = [*question.shown, *(formula for formula, _ in question.objectives)]
    expected = whole.feasible(question.where)
    rows = ask_table(question, formulas)
    yield from rows_differ("table", whole, rows, expected, [], formulas)
    found = question.native().any(question.names, [], question.where, question.threads, None)
    yield from count_differs("any", found, bool(len(expected)))
    every = np.arange(int(np.prod(whole.lengths)))[:: max(1, len(whole.values("1")) // 50)]
    positions = [axis.astype(np.uint32) for axis in np.unravel_index(every, whole.lengths)]
    columns = question.native().evaluate(
        question.names, [], [*formulas, *question.where], [np.ascontiguousarray(axis) for axis in positions]
    )
    for formula, column in zip([*formulas, *question.where], columns, strict=True):
        values = whole.values(formula)[every]
        if raw(column) != raw(values):
            yield Difference(
                f"evaluate, {formula}", shortened(column.tolist()), shortened(values.tolist())
            )


def front_differences(question: Question, whole: Grid) -> Iterator[Difference]:
    formulas = [formula for formula, _ in question.objectives]
    expected = whole.pareto(
        question.objectives, question.where, question.bits, all_ties=question.all_ties
    )
    feasible = whole.feasible(question.where)
    undefined = int(np.isnan(whole.costs(question.objectives)[feasible]).any(axis=1).sum())
    for method in METHODS:
        rows = ask_pareto(question, rows=None, method=method)
        asked = f"pareto by {method}"
        yield from rows_differ(asked, whole, rows, expected, formulas, question.shown)
        stats = rows.stats
        if not stats["searched"]:
            yield from count_differs(f"{asked}, feasible", stats["feasible"], len(feasible))
            yield from count_differs(f"{asked}, NaN", stats["nan"], undefined)
        yield from count_differs(f"{asked}, settled", stats["bounded"] + stats["evaluated"], stats["size"])


def thinned_differences(question: Question, whole: Grid) -> Iterator[Difference]:
    formulas = [formula for formula, _ in question.objectives]
    most = ROWS[len(formulas) % len(ROWS)]
    expected, bits = whole.thinned(question.objectives, question.where, most, all_ties=question.all_ties)
    for method in METHODS:
        rows = ask_pareto(question, rows=most, method=method)
        asked = f"pareto of {most} rows by {method}"
        yield from count_differs(f"{asked}, bits", rows.stats["bits"], bits)
        yield from rows_differ(asked, whole, rows, expected, formulas, question.shown)


def best_differences(question: Question, whole: Grid) -> Iterator[Difference]:
    expected = whole.best(question.objectives[0], question.where, question.by)
    for method in METHODS:
        rows = ask_best(question, method=method)
        asked = f"best by {method}"
        yield from rows_differ(asked, whole, rows, expected, [question.objectives[0][0]], question.shown)


def near_differences(question: Question, whole: Grid) -> Iterator[Difference]:
    objective = question.objectives[0]
    then = question.then
    expected = whole.near(
        objective, question.where, question.within, question.by, then, question.bits[1 : 1 + len(then)]
    )
    rows = ask_near(question, within=question.within, then=then)
    shown = [formula for formula, _ in then or [objective]]
    yield from rows_differ("near", whole, rows, expected, shown, question.shown)


# Reproductions ------------------------------------------------------------------------------------


def reproduction(question: Question, difference: Difference) -> str:
    """Return Python code that shows a difference, ready to paste."""
    kind = difference.asked.split()[0].rstrip(",")
    columns = ", ".join(
        f"({name!r}, {axis}, np.array({list(values)!r}), {boolean!r})"
        for name, axis, values, boolean in question.columns
    )
    by = native_by(question)
    by_text = "None" if by is None else f"({by[0]}, np.array({by[1].tolist()!r}, dtype=np.uint32))"
    method = f", method={difference.asked.split(' by ')[1].split(',')[0]!r}" if " by " in difference.asked else ""
    named = f"{question.names!r}, []"
    where, shown = list(question.where), list(question.shown)
    first, objectives = question.objectives[0], list(question.objectives)
    most = difference.asked.split()[2] if " rows " in difference.asked else None
    every = [*shown, *(formula for formula, _ in objectives)]
    calls: dict[str, str] = {
        "pareto": f"pareto({named}, {objectives!r}, {where!r}, {shown!r}, {list(question.bits)!r}, {most}, "
        f"{question.all_ties}, 10**7, {question.threads}, None{method})",
        "best": f"best({named}, {first!r}, {where!r}, {shown!r}, {by_text}, {question.threads}, None{method})",
        "near": f"near({named}, {first!r}, {where!r}, {shown!r}, {question.within!r}, {by_text}, "
        f"{list(question.then)!r}, {list(question.bits[1 : 1 + len(question.then)])!r}, 10**7, "
        f"{question.threads}, None)",
        "table": f"table({named}, {where!r}, {every!r}, 2**31, {question.threads}, None)",
        "any": f"any({named}, {where!r}, {question.threads}, None)",
    }
    if kind == "evaluate":
        return f"# {difference}\n# {question!r}"
    show = "rows" if kind == "any" else "[axis.tolist() for axis in rows.positions], rows.objectives, rows.columns"
    return (
        "import numpy as np\nfrom isoflop import _native\n\n"
        f"space = _native.Space({question.lengths!r}, [{columns}])\n"
        f"rows = space.{calls[kind]}\n"
        f"print({show})\n"
        f"# {difference}"
    )


Check = Callable[[Question], Difference | None]
