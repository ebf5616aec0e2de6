"""Random spaces, formulas and questions for the property tests.

Formulas are drawn as text from the engine's own table of operations, so that an operation which joins the
table joins the tests. Spaces are full of ties, and small enough for an oracle that compares all with all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from hypothesis import strategies as st

import awkward
from isoflop import _native, reference

if TYPE_CHECKING:
    from isoflop._native import Float64, Positions

OPERATIONS = [row | {"arity": int(row["arity"])} for row in _native.operations()]
COUNTING_NUMBERS = [row for row in OPERATIONS if not row["condition"]]
CONDITIONS = [row for row in OPERATIONS if row["condition"]]

LITERALS = (
    "0",
    "1",
    "2",
    "3",
    "0.5",
    "7",
    "0.1",
    "1.5",
    "1e-3",
    "100",
    "1e308",
    "5e-324",
    "1e-9",
    "0.34",
    "(-0.0)",
    "(1 / 0)",
)
RESOLUTIONS = (0.0, 1.0, 0.5, 0.25, 2.0**-10, 2.0**-30, 2.0**-51, 2.0**-52, 1e-9, 0.05, 1e-16)
SHARES = (0.0, 5e-324, 1e-9, 1e-3, 0.1, 0.5, 1.0, 3.0, 1e308)
"""How close is near."""

METHODS = ("enumerate", "search")

LARGEST_SPACE = 400
MAX_ROWS = 10_000_000
MAX_BYTES = 2**31

Column: TypeAlias = tuple[str, int, Sequence[float], bool]
"""Name, axis, values, and whether they are conditions."""


@dataclass(frozen=True)
class Question:
    """A space, names, and one thing to ask of them; as the engine takes it."""

    lengths: tuple[int, ...]
    columns: tuple[Column, ...]
    names: dict[str, float | str]
    objectives: tuple[tuple[str, bool], ...]
    where: tuple[str, ...]
    shown: tuple[str, ...]
    bits: tuple[int, ...]
    all_ties: bool
    by: tuple[int, Sequence[int]] | None
    threads: int

    def native(self) -> _native.Space:
        columns = [(name, axis, np.array(values), boolean) for name, axis, values, boolean in self.columns]
        return _native.Space(self.lengths, columns)

    def oracle(self) -> reference.Space:
        columns = {name: (axis, values) for name, axis, values, _ in self.columns}
        return reference.Space(self.lengths, columns, self.names)


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


def native_by(question: Question) -> tuple[int, Positions] | None:
    return question.by and (question.by[0], np.array(question.by[1], dtype=np.uint32))


# Formulas -----------------------------------------------------------------------------------------


def written(row: dict[str, object], operands: Sequence[str]) -> str:
    """Return an operation's text, in parentheses where an operator could be torn apart."""
    name = str(row["name"])
    if len(operands) > 1 and (name in ("and", "or") or not name.isidentifier()):
        return "(" + f" {name} ".join(operands) + ")"
    if name in ("not", "-", "neg"):
        return f"({'-' if name == 'neg' else name} {operands[0]})"
    return f"{name}({', '.join(operands)})"


@st.composite
def formulas(
    draw: st.DrawFn,
    numbers: Sequence[str],
    conditions: Sequence[str],
    *,
    condition: bool = False,
    depth: int = 3,
) -> str:
    """Draw a well-typed formula that reads some of these names."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        return draw(leaves(numbers, conditions, condition=condition))
    if not condition and draw(st.integers(0, 9)) == 0:
        # A comparison used as a number is 0 or 1.
        return draw(formulas(numbers, conditions, condition=True, depth=depth))
    row = draw(st.sampled_from(CONDITIONS if condition else COUNTING_NUMBERS))
    wanted = list(row["conditions"])
    if row["name"] in ("min", "max", "<", "<=") and draw(st.integers(0, 3)) == 0:
        wanted.append(False)  # min(a, b, c) and a < b < c
    operands = [draw(formulas(numbers, conditions, condition=bool(kind), depth=depth - 1)) for kind in wanted]
    return written(row, operands)


@st.composite
def leaves(draw: st.DrawFn, numbers: Sequence[str], conditions: Sequence[str], *, condition: bool) -> str:
    if condition:
        if draw(st.booleans()) and conditions:
            return draw(st.sampled_from(conditions))
        left, right = (draw(leaves(numbers, conditions, condition=False)) for _ in range(2))
        return f"({left} {draw(st.sampled_from(['<', '<=', '>', '>=', '==', '!=']))} {right})"
    if numbers and draw(st.integers(0, 3)) != 0:
        return draw(st.sampled_from(numbers))
    return draw(st.sampled_from(LITERALS))


# Spaces -------------------------------------------------------------------------------------------

TAME = st.floats(0.1, 100.0, allow_nan=False).map(lambda value: float(f"{value:.3g}"))


def axis_values(length: int) -> st.SearchStrategy[tuple[float, ...]]:
    """Draw the values of a column: awkward ones, many ties, or positives on a log grid."""
    one_of_everything = st.sampled_from(awkward.FINITE)
    few = st.integers(-1, 2).map(float)
    several = st.integers(1, 12).map(float)
    column = [st.tuples(*[kind] * length) for kind in (one_of_everything, few, several, TAME)]
    grid = st.sampled_from([(1e9, 1e12), (1.0, 2.0), (1e-3, 1e3), (64.0, 1.0)]).map(
        lambda ends: tuple(_native.geomspace(*ends, length, True).tolist()) if length > 1 else (ends[0],)
    )
    return st.one_of(*column, grid)


@st.composite
def axes(
    draw: st.DrawFn,
) -> tuple[tuple[int, ...], list[Column]]:
    """Draw lengths and columns; every axis has a column of numbers, linked ones have several."""
    lengths: list[int] = []
    columns: list[Column] = []
    for axis in range(draw(st.integers(1, 4))):
        room = LARGEST_SPACE // int(np.prod(lengths, dtype=int))
        length = draw(st.integers(1, max(1, min(7, room))))
        lengths.append(length)
        columns.append((f"x{axis}", axis, draw(axis_values(length)), False))
        if draw(st.integers(0, 2)) == 0:
            columns.append((f"y{axis}", axis, draw(axis_values(length)), False))
        if draw(st.integers(0, 2)) == 0:
            truth = draw(st.tuples(*[st.booleans()] * length))
            columns.append((f"is{axis}", axis, tuple(map(float, truth)), True))
    return tuple(lengths), columns


@st.composite
def definitions(draw: st.DrawFn, numbers: list[str], conditions: list[str]) -> dict[str, float | str]:
    """Draw constants and quantities that read columns and one another; add their names to the lists."""
    names: dict[str, float | str] = {}
    for position in range(draw(st.integers(0, 2))):
        name = f"c{position}"
        names[name] = draw(st.one_of(st.sampled_from(awkward.FINITE), TAME))
        numbers.append(name)
    for position in range(draw(st.integers(0, 3))):
        name, condition = f"q{position}", draw(st.integers(0, 3)) == 0
        names[name] = draw(formulas(numbers, conditions, condition=condition, depth=2))
        (conditions if condition else numbers).append(name)
    # Later definitions stand first, so that nothing can rely on the order.
    return dict(reversed(names.items()))


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Draw a small space with names, and a question."""
    lengths, columns = draw(axes())
    by = None
    if draw(st.booleans()):
        axis = draw(st.integers(0, len(lengths) - 1))
        by = (axis, draw(st.tuples(*[st.integers(0, lengths[axis] - 1)] * lengths[axis])))
    return draw(asked(lengths, columns, by))


@st.composite
def asked(
    draw: st.DrawFn,
    lengths: tuple[int, ...],
    columns: Sequence[Column],
    by: tuple[int, Sequence[int]] | None,
) -> Question:
    """Draw names and what is asked of a space."""
    numbers = [name for name, *_, boolean in columns if not boolean]
    conditions = [name for name, *_, boolean in columns if boolean]
    names = draw(definitions(numbers, conditions))
    objective = st.one_of(st.sampled_from(numbers), formulas(numbers, conditions, depth=3))
    constraint = formulas(numbers, conditions, condition=True, depth=2)
    objectives = draw(st.lists(st.tuples(objective, st.booleans()), min_size=1, max_size=4))
    return Question(
        lengths=lengths,
        columns=tuple(columns),
        names=names,
        objectives=tuple(objectives),
        where=tuple(draw(st.lists(constraint, max_size=2))),
        shown=tuple(draw(st.lists(formulas(numbers, conditions, depth=3), min_size=0, max_size=2))),
        bits=tuple(reference.bits_of(draw(st.sampled_from(RESOLUTIONS))) for _ in objectives),
        all_ties=draw(st.booleans()),
        by=by,
        threads=draw(st.integers(1, 3)),
    )


LENGTHS = (1, 2, 3, 7, 16, 40, 64, 65, 300, 1024, 1025, 5000)
LARGE_SPACE = 60_000


@st.composite
def large_questions(draw: st.DrawFn) -> Question:
    """Draw a space of some ten thousand configurations, whose values come from a seed, and a question.

    Its objectives are sums and products of terms on few axes, as laws and costs are, so that the engine has
    something to put into tables; where they are more than two the resolutions are coarse.
    """
    lengths: list[int] = []
    while len(lengths) < 5 and (not lengths or draw(st.integers(0, 5))):
        room = LARGE_SPACE // int(np.prod(lengths, dtype=int))
        lengths.append(draw(st.sampled_from([length for length in LENGTHS if length <= room])))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    columns: list[Column] = []
    for axis, length in enumerate(lengths):
        kinds = [
            np.geomspace(1.0, 10.0 ** generator.integers(-2, 6), length),
            generator.integers(-3, 9, length).astype(np.float64),
            generator.choice(awkward.FINITE, length),
            generator.random(length) * 10.0,
        ]
        columns.append((f"x{axis}", axis, kinds[draw(st.sampled_from([0, 0, 1, 2, 3, 3]))].tolist(), False))
        columns.append((f"y{axis}", axis, kinds[draw(st.integers(0, 1))].tolist(), False))
        columns.append(
            (f"is{axis}", axis, (generator.random(length) < 0.7).astype(np.float64).tolist(), True)
        )
    axis = draw(st.integers(0, len(lengths) - 1))
    groups = generator.integers(0, min(9, lengths[axis]), lengths[axis])
    by = (axis, groups.tolist()) if draw(st.booleans()) else None
    question = draw(asked(tuple(lengths), columns, by))
    count = draw(st.integers(1, 4))
    objectives = [(draw(sums(columns, len(lengths))), draw(st.booleans())) for _ in range(count)]
    for position in range(1, count):
        # Objectives in conflict make long fronts.
        if draw(st.booleans()):
            formula, maximize = objectives[position]
            first, upwards = objectives[0]
            objectives[position] = (f"{formula} {'-' if maximize == upwards else '+'} ({first})", maximize)
    coarsest = [0, 2, 4] if count > 2 else [4, 10, 30, 52]
    bits = [draw(st.sampled_from(coarsest)) for _ in objectives]
    return replace(question, objectives=tuple(objectives), bits=tuple(bits))


@st.composite
def sums(draw: st.DrawFn, columns: Sequence[Column], axes: int) -> str:
    """Draw a sum or product of terms, each of one or two axes."""
    terms = []
    for _ in range(draw(st.integers(1, 4))):
        chosen = draw(st.sets(st.integers(0, axes - 1), min_size=1, max_size=2))
        mine = [(name, boolean) for name, axis, _, boolean in columns if axis in chosen]
        numbers = [name for name, boolean in mine if not boolean]
        conditions = [name for name, boolean in mine if boolean]
        terms.append(draw(formulas(numbers, conditions, depth=draw(st.integers(1, 3)))))
    return draw(st.sampled_from([" + ", " + ", " * "])).join(terms)


def columns_of(values: Sequence[Sequence[float]], width: int) -> list[Float64]:
    """Return rows as columns, also where there are no rows."""
    return list(np.array(values, dtype=np.float64).reshape(len(values), width).T)
