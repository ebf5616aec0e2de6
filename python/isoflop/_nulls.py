"""Nulls of linked columns: a formula that reads one is NaN, a constraint that reads one is not met.

    formula, what it reads --guard--> the formula that the engine is asked

The engine knows numbers only, and NaN stands for a null. Most operations carry NaN on: a loss over a null
is NaN, and a comparison with it false, so that most formulas are asked as they are. Others would make a
number or a condition of it all the same: ``price != 0`` holds for NaN, ``where(price > 1, a, b)`` is `b`, and
a truth value that is null would be false. Such formulas are guarded:

    where(price > 1, a, b)     where(price == price, where(price > 1, a, b), 0 / 0)
    price != 0                 price == price and (price != 0)
    not tested                 tested_is_known and (not tested)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop import _native
from isoflop._accounting import names_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop._axes import Axis
    from isoflop._native import Tree

Definitions = Mapping[str, "float | str"]
"""What names that are no columns stand for: a number or a formula."""

_CARRIES = frozenset(
    ["+", "-", "*", "/", "neg", "exp", "log", "log2", "log10", "sqrt", "abs", "min", "max", "floor", "ceil"]
)
"""Operations that are NaN where any operand is."""

_COMPARISONS = frozenset(["<", "<=", ">", ">=", "=="])
"""Conditions that do not hold where an operand is NaN."""


class Gaps(NamedTuple):
    """A column of a linked axis that holds nulls.

    Attributes
    ----------
    axis
        The name of the axis.
    nulls, rows
        How many of the column's values are null, and how many values it has.
    known
        The condition that a value is there.
    truth
        The values are truth values: the engine reads a null among them as false.
    """

    axis: str
    nulls: int
    rows: int
    known: str
    truth: bool

    def words(self) -> str:
        """Return how many values are null."""
        return f"{self.nulls:,} of its {self.rows:,} rows"


NativeColumn = tuple[str, int, "NDArray[np.float64]", bool]


def native_columns(
    axes: Sequence[Axis], taken: Callable[[], Collection[str]]
) -> tuple[list[NativeColumn], dict[str, Gaps]]:
    """Return the columns that the engine is given, and which of them hold nulls.

    Those come first that formulas read, in order, then one for each column of truth values with nulls that
    says where they are known, under a name that is not ``taken`` (called if there is one).
    """
    columns: list[NativeColumn] = []
    known: list[NativeColumn] = []
    gaps: dict[str, Gaps] = {}
    for number, axis in enumerate(axes):
        for column in axis.columns:
            numbers, truth = column.numbers, column.kind == "boolean"
            if numbers is None:
                continue
            if column.nulls:
                condition = f"{column.name} == {column.name}"
                if truth:
                    there = ~np.isnan(numbers)
                    condition = _free(f"{column.name}_is_known", taken())
                    known.append((condition, number, there.astype(np.float64), True))
                    numbers = np.where(there, numbers, 0.0)
                gaps[column.name] = Gaps(axis.name, column.nulls, axis.length, condition, truth)
            columns.append((column.name, number, numbers, truth))
    return [*columns, *known], gaps


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name += "_"
    return name


def read_by(formulas: Iterable[str], definitions: Definitions, gaps: Mapping[str, Gaps]) -> list[str]:
    """Return the columns with nulls that formulas reach, in the order of the axes."""
    reached: set[str] = set()
    waiting = list(formulas)
    while waiting:
        for name in names_in(waiting.pop()):
            if name not in reached:
                reached.add(name)
                meaning = definitions.get(name)
                if isinstance(meaning, str):
                    waiting.append(meaning)
    return [name for name in gaps if name in reached]


def guarded_value(formula: str, definitions: Definitions, gaps: Mapping[str, Gaps]) -> str:
    """Return a formula that is NaN where a null is read, and else what the formula is."""
    carried = _Carried(definitions)
    known = [
        gaps[name].known
        for name in read_by([formula], definitions, gaps)
        if gaps[name].truth or not carried.is_nan(_native.parse(formula), name)
    ]
    return f"where({' and '.join(known)}, {formula}, 0 / 0)" if known else formula


def guarded_condition(formula: str, definitions: Definitions, gaps: Mapping[str, Gaps]) -> str:
    """Return a constraint that is not met where a null is read, and else what the constraint is."""
    carried = _Carried(definitions)
    known = [
        gaps[name].known
        for name in read_by([formula], definitions, gaps)
        if gaps[name].truth or not carried.is_unmet(_native.parse(formula), name)
    ]
    return f"{' and '.join(known)} and ({formula})" if known else formula


class _Carried:
    """What is known of a formula where one of the columns that it reads is NaN."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.known: dict[tuple[str, str], bool] = {}

    def is_nan(self, tree: Tree, column: str) -> bool:
        """Tell whether a value is surely NaN."""
        if isinstance(tree, str):
            if tree == column:
                return True
            if (tree, column) not in self.known:
                self.known[tree, column] = False  # while it is looked at: the engine refuses cycles
                self.known[tree, column] = any(self.is_nan(each, column) for each in self._meaning(tree))
            return self.known[tree, column]
        if not isinstance(tree, tuple):
            return False
        operation, *operands = tree
        nan = [self.is_nan(operand, column) for operand in operands]
        if operation == "**":
            # pow(1, NaN) and pow(NaN, 0) are 1.
            base, exponent = operands
            return (
                all(nan)
                or (nan[0] and self._number(exponent) not in (None, 0.0))
                or (nan[1] and self._number(base) not in (None, 1.0))
            )
        return operation in _CARRIES and any(nan)

    def is_unmet(self, tree: Tree, column: str) -> bool:
        """Tell whether a condition surely does not hold."""
        if isinstance(tree, str):
            return any(self.is_unmet(each, column) for each in self._meaning(tree))
        if not isinstance(tree, tuple):
            return False
        operation, *operands = tree
        if operation in _COMPARISONS:
            return any(self.is_nan(operand, column) for operand in operands)
        if operation == "and":
            return any(self.is_unmet(operand, column) for operand in operands)
        return operation == "or" and all(self.is_unmet(operand, column) for operand in operands)

    def _meaning(self, name: str) -> Iterator[Tree]:
        """Yield the formula that a name stands for, if it stands for one."""
        meaning = self.definitions.get(name)
        if isinstance(meaning, str):
            yield _native.parse(meaning)

    def _number(self, tree: Tree) -> float | None:
        """Return the value of a constant; `None` if that is not plain to see."""
        if isinstance(tree, str):
            meaning = self.definitions.get(tree)
            return None if meaning is None or isinstance(meaning, str) else float(meaning)
        if isinstance(tree, tuple):
            operation, *operands = tree
            number = self._number(operands[0]) if operation == "neg" else None
            return None if number is None else -number
        return float(tree)


def missing(names: Sequence[str], gaps: Mapping[str, Gaps]) -> str:
    """Return what is to be said of columns with nulls that a question reads."""
    told = "; ".join(
        f"column `{name}` of axis `{gaps[name].axis}` is null in {gaps[name].words()}" for name in names
    )
    return (
        f"{told}: what reads a null is NaN, so that such a row meets no constraint on it and is on no front, "
        "in no best; drop or fill the nulls if that is not meant"
    )


def emptied(names: Sequence[str], gaps: Mapping[str, Gaps]) -> str:
    """Return what nulls have to do with an empty answer; nothing if it reads none."""
    if not names:
        return ""
    told = ", ".join(f"`{name}` is null in {gaps[name].words()}" for name in names)
    return f"; {told}: what reads a null is NaN or not met"
