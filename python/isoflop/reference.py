"""The meaning of a sweep in plain Python: slow, obvious, and right to the bit.

    text --parse--> tree --evaluate--> numbers --front, best, near--> rows

`docs/design.md`, "The meaning", read aloud: a formula's value is its tree as written, every configuration is
looked at in the order of its index, and every row is compared with every other. Whatever the engine does to
be fast, it must return what this module returns; the tests see to that.

Only two things are shared with the engine: the parser, and the kernels of exp, log and pow, whose last bit no
other library would repeat. All else is Python's own binary64 arithmetic, with IEEE results where it raises.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from operator import le
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl

from . import _native

if TYPE_CHECKING:
    from ._questions import Formulas
    from ._sweep import Sweep

Read: TypeAlias = Callable[[str], float]
Configuration: TypeAlias = tuple[int, ...]
Values: TypeAlias = tuple[float, ...]

parse = cache(_native.parse)


# What operations mean -----------------------------------------------------------------------------


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


# How rows are compared ----------------------------------------------------------------------------


def bits_of(resolution: float) -> int:
    """Return the least ``p`` in 0..52 with ``2**-p <= resolution``; 52 if there is none.

    Raises
    ------
    ValueError
        If the resolution is not in [0, 1].
    """
    if not 0.0 <= resolution <= 1.0:
        raise ValueError(f"a resolution lies between 0 and 1; {resolution} does not")
    return next((p for p in range(53) if 2.0**-p <= resolution), 52)


def key(x: float, bits: int) -> int:
    """Return the number that stands for ``x`` (not NaN) in comparisons at resolution ``2**-bits``."""
    drop = 52 - bits
    (i,) = struct.unpack("<q", struct.pack("<d", x + 0.0))
    if i < 0:
        i ^= 2**63 - 1
    return int(i + (1 << (drop - 1) if drop > 0 else 0)) >> drop


def front(rows: Sequence[Values], bits: Sequence[int], *, all_ties: bool = False) -> list[int]:
    """Return the numbers of the rows on the front, best first by their values in order, then by number.

    Parameters
    ----------
    rows
        Values to minimise, one tuple for each row. Rows that hold NaN are never on the front.
    bits
        For each value, the resolution that it is compared at.
    all_ties
        Return every row that equals one on the front, not only the first.
    """
    cells: dict[tuple[int, ...], tuple[Values, int]] = {}
    for number, row in enumerate(rows):
        if not any(map(math.isnan, row)):
            cell = tuple(map(key, row, bits))
            cells[cell] = min(cells.get(cell, (row, number)), (row, number))
    # Of two different cells, one that is nowhere above is somewhere below.
    best = sorted(
        representative
        for cell, representative in cells.items()
        if not any(other != cell and all(map(le, other, cell)) for other in cells)
    )
    if not all_ties:
        return [number for _, number in best]
    kept = {row for row, _ in best}
    return [number for _, number in sorted((row, number) for number, row in enumerate(rows) if row in kept)]


def few(
    rows: Sequence[Values], kept: Sequence[int], maximize: Sequence[bool], most: int
) -> tuple[list[int], float]:
    """Return some of the rows of a front that cover it, in its order, and the gap that they leave.

    Chosen are the best row by each objective, then again and again the one farthest from its nearest chosen
    one.

    Parameters
    ----------
    rows
        Values to minimise, one tuple for each row.
    kept
        The numbers of the rows on the front, as :func:`front` returns them. Of equal ones the first may be
        chosen, and the others come with it.
    maximize
        Which values were negated, as they are to be maximised.
    most
        How many to choose.

    Returns
    -------
    tuple
        The numbers of the rows, and the largest distance of a row from its nearest chosen one.
    """
    front = [
        number for place, number in enumerate(kept) if not place or rows[number] != rows[kept[place - 1]]
    ]
    if len(front) <= most:
        return list(kept), 0.0
    columns = [
        places([-rows[number][objective] if negated else rows[number][objective] for number in front])
        for objective, negated in enumerate(maximize)
    ]

    def distance(one: int, other: int) -> float:
        return max(abs(column[one] - column[other]) for column in columns)

    chosen: list[int] = []
    for objective in range(len(maximize)):
        # The front is in the order of all objectives: the first of equal ones is the best by the others.
        best = min(range(len(front)), key=lambda place: rows[front[place]][objective])
        if best not in chosen:
            chosen.append(best)
    nearest = [min(distance(place, other) for other in chosen) for place in range(len(front))]
    while len(chosen) < most:
        farthest = max((place for place in range(len(front)) if place not in chosen), key=nearest.__getitem__)
        chosen.append(farthest)
        nearest = [min(before, distance(place, farthest)) for place, before in enumerate(nearest)]
    values = {rows[front[place]] for place in chosen}
    return [number for number in kept if rows[number] in values], max(nearest)


def places(values: Sequence[float]) -> list[float]:
    """Return where numbers lie in their own range, from 0 to 1; infinities lie at the ends.

    In logarithms, where all are positive and the largest is more than ten times the smallest, infinities
    aside.
    """
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    logarithms = all(value > 0.0 for value in values) and high > 10.0 * low

    def place(value: float) -> float:
        if math.isinf(value):
            return float(value > 0.0)
        if logarithms:
            begin, end = kernel("log", low), kernel("log", high)
            return (kernel("log", value) - begin) / (end - begin)
        if high - low == math.inf:
            return (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0)
        return (value - low) / (high - low) if high > low else 0.0

    return [place(value) for value in values]


# What a space answers -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Space:
    """Axes, the columns on them, and what else formulas may read.

    Attributes
    ----------
    lengths
        How many values each axis has. A configuration is a position on each; the last axis varies fastest.
    columns
        By name: the axis that a column stands on, and its values (numbers; 0 or 1 for conditions).
    names
        Constants and quantities, the latter as formulas.
    absent
        The positions at which a column is null, by its name; a formula that reads one is NaN there.
    """

    lengths: Sequence[int]
    columns: Mapping[str, tuple[int, Sequence[float]]]
    names: Mapping[str, float | str]
    absent: Mapping[str, Collection[int]] = field(default_factory=dict)

    def values(self, formulas: Iterable[str], configuration: Configuration) -> Values:
        """Return what formulas are worth at a configuration."""
        known: dict[str, float] = {}

        def read(name: str) -> float:
            if name not in known:
                known[name] = look_up(name)
            return known[name]

        def look_up(name: str) -> float:
            if name in self.columns:
                axis, values = self.columns[name]
                return float(values[configuration[axis]])
            meaning = self.names[name]
            return evaluate(parse(meaning), read) if isinstance(meaning, str) else float(meaning)

        return tuple(
            math.nan if self.reads_null(formula, configuration) else evaluate(parse(formula), read)
            for formula in formulas
        )

    def reads_null(self, formula: str, configuration: Configuration) -> bool:
        """Tell whether a formula reads a column, directly or not, that is null at a configuration."""
        return bool(self.absent) and any(
            configuration[self.columns[name][0]] in self.absent.get(name, ()) for name in self.read([formula])
        )

    def touched(self, formulas: Iterable[str]) -> set[int]:
        """Return the axes that formulas depend on, through whatever they read."""
        return {self.columns[name][0] for name in self.read(formulas)}

    def read(self, formulas: Iterable[str]) -> set[str]:
        """Return the columns that formulas read, directly or not."""
        columns: set[str] = set()
        waiting = [name for formula in formulas for name in names_in(parse(formula))]
        seen: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name in self.columns:
                columns.add(name)
            elif name not in seen:
                seen.add(name)
                meaning = self.names[name]
                waiting.extend(names_in(parse(meaning)) if isinstance(meaning, str) else ())
        return columns

    def feasible(self, where: Sequence[str], free: Iterable[int] | None = None) -> list[Configuration]:
        """Return the configurations that meet all constraints, in index order.

        Axes that are not ``free`` stay at position 0; all are free without it.
        """
        moving = set(range(len(self.lengths)) if free is None else free)
        positions = (range(length) if axis in moving else (0,) for axis, length in enumerate(self.lengths))
        return [
            configuration
            for configuration in product(*positions)
            # NaN, which only a null can make of a condition, meets nothing.
            if all(value != 0.0 and not math.isnan(value) for value in self.values(where, configuration))
        ]

    def costs(self, objectives: Sequence[tuple[str, bool]], configuration: Configuration) -> Values:
        """Return the objectives as values to minimise; the second of each pair says which are maximised."""
        values = self.values((formula for formula, _ in objectives), configuration)
        return tuple(
            (-value if maximize else value) + 0.0  # + 0.0 turns -0 into 0
            for value, (_, maximize) in zip(values, objectives, strict=True)
        )

    def pareto(
        self,
        objectives: Sequence[tuple[str, bool]],
        where: Sequence[str] = (),
        *,
        bits: Sequence[int],
        rows: int | None = None,
        by: tuple[int, Sequence[int]] | None = None,
        all_ties: bool = False,
    ) -> tuple[list[Configuration], float | None]:
        """Return the front, best first, and the gap that ``rows`` leave (``None`` without them).

        With ``by`` each group of positions on an axis is answered as if it were alone, one after the other.
        Axes that nothing reads are free if all ties are wanted.
        """
        free = None
        if not all_ties:
            free = self.touched([*(formula for formula, _ in objectives), *where]) | (
                {by[0]} if by else set()
            )
        grouped: dict[int, list[Configuration]] = {}
        for configuration in self.feasible(where, free):
            number = by[1][configuration[by[0]]] if by else 0
            grouped.setdefault(int(number), []).append(configuration)
        found: list[Configuration] = []
        gap = None if rows is None else 0.0
        for number in sorted(grouped):
            candidates = grouped[number]
            costs = [self.costs(objectives, configuration) for configuration in candidates]
            kept = front(costs, bits, all_ties=all_ties)
            if rows is not None:
                kept, left = few(costs, kept, [maximize for _, maximize in objectives], rows)
                gap = max(gap or 0.0, left)
            found.extend(candidates[number] for number in kept)
        return found, gap

    def best(
        self,
        objective: tuple[str, bool],
        where: Sequence[str] = (),
        *,
        by: tuple[int, Sequence[int]] | None = None,
    ) -> list[Configuration]:
        """Return the best configuration; one for each group of positions on an axis, with ``by``."""
        # Of equal costs the first configuration is least.
        return [min(rows)[1] for rows in self.groups(objective, where, by)]

    def near(
        self,
        objective: tuple[str, bool],
        where: Sequence[str] = (),
        *,
        within: float,
        by: tuple[int, Sequence[int]] | None = None,
        then: Sequence[tuple[str, bool]] = (),
        bits: Sequence[int] = (),
    ) -> list[Configuration]:
        """Return what is within a share of the best, best first; with ``then`` the front inside that.

        With ``by`` each group of positions on an axis is answered as if it were alone, one after the other.
        Axes that nothing reads are free without ``then``.
        """
        found: list[Configuration] = []
        also = [formula for formula, _ in then]
        for rows in self.groups(objective, where, by, also=also, every=not then):
            best, _ = min(rows)
            # What is maximised is negated, and so is its limit: rounding does not know signs.
            limit = best if math.isinf(best) else best + within * abs(best)
            near = [(cost, configuration) for cost, configuration in rows if cost <= limit]
            if then:
                costs = [self.costs(then, configuration) for _, configuration in near]
                near = [near[number] for number in front(costs, bits)]
            else:
                near.sort()
            found.extend(configuration for _, configuration in near)
        return found

    def groups(
        self,
        objective: tuple[str, bool],
        where: Sequence[str],
        by: tuple[int, Sequence[int]] | None,
        *,
        also: Sequence[str] = (),
        every: bool = False,
    ) -> list[list[tuple[float, Configuration]]]:
        """Return what is feasible and not NaN, with its cost: for each group of ``by`` a list by index.

        Axes that only the formulas of ``also`` depend on are free, too; all are with ``every``.
        """
        axis, numbers = by if by is not None else (None, ())
        free = None
        if not every:
            free = self.touched([objective[0], *where, *also]) | ({axis} if axis is not None else set())
        found: dict[int, list[tuple[float, Configuration]]] = {}
        for configuration in self.feasible(where, free):
            (cost,) = self.costs([objective], configuration)
            if not math.isnan(cost):
                number = int(numbers[configuration[axis]]) if axis is not None else 0
                found.setdefault(number, []).append((cost, configuration))
        return [found[number] for number in sorted(found)]

    def table(self, columns: Sequence[str], where: Sequence[str] = ()) -> list[tuple[Configuration, Values]]:
        """Return every configuration that meets the constraints, with what formulas are worth there."""
        return [
            (configuration, self.values(columns, configuration)) for configuration in self.feasible(where)
        ]


# The questions of a sweep -------------------------------------------------------------------------


def pareto(
    sweep: Sweep,
    *,
    minimize: Formulas = (),
    maximize: Formulas = (),
    resolution: float | Mapping[str, float] = 1e-9,
    rows: int | None = None,
    columns: Formulas = (),
    by: str | None = None,
    ties: str = "first",
) -> pl.DataFrame:
    """Return what :meth:`isoflop.Sweep.pareto` returns."""
    objectives = [(text, False) for text in several(minimize)] + [(text, True) for text in several(maximize)]
    formulas = [formula for formula, _ in objectives]
    bits = bits_for(formulas, resolution)
    shown = [*formulas, *several(columns)]
    space = space_of(sweep, shown)
    grouped = None if by is None else groups_of(sweep, by)
    found, _ = space.pareto(objectives, sweep.where, bits=bits, rows=rows, by=grouped, all_ties=ties == "all")
    return frame(sweep, space, found, shown)


def best(
    sweep: Sweep,
    *,
    minimize: str | None = None,
    maximize: str | None = None,
    by: str | None = None,
    columns: Formulas = (),
) -> pl.DataFrame:
    """Return what :meth:`isoflop.Sweep.best` returns, but for the column of the extrapolation."""
    objective = (minimize, False) if minimize is not None else (maximize or "", True)
    shown = [objective[0], *several(columns)]
    space = space_of(sweep, shown)
    grouped = None if by is None else groups_of(sweep, by)
    return frame(sweep, space, space.best(objective, sweep.where, by=grouped), shown)


def near(
    sweep: Sweep,
    *,
    minimize: str | None = None,
    maximize: str | None = None,
    within: float,
    by: str | None = None,
    then: Formulas = (),
    resolution: float | Mapping[str, float] = 1e-9,
    columns: Formulas = (),
) -> pl.DataFrame:
    """Return what :meth:`isoflop.Sweep.near` returns, but for the column of the extrapolation."""
    objective = (minimize, False) if minimize is not None else (maximize or "", True)
    shown = [*several(then), objective[0], *several(columns)]
    space = space_of(sweep, shown)
    found = space.near(
        objective,
        sweep.where,
        within=within,
        by=None if by is None else groups_of(sweep, by),
        then=[(formula, False) for formula in several(then)],
        bits=bits_for(several(then), resolution),
    )
    return frame(sweep, space, found, shown)


def table(sweep: Sweep, *, columns: Formulas = ()) -> pl.DataFrame:
    """Return what :meth:`isoflop.Sweep.table` returns for the same ``columns``."""
    space = space_of(sweep, several(columns))
    return frame(sweep, space, space.feasible(sweep.where), several(columns))


def several(formulas: Formulas) -> tuple[str, ...]:
    """Return one formula or several as a tuple."""
    return (formulas,) if isinstance(formulas, str) else tuple(formulas)


def bits_for(formulas: Sequence[str], resolution: float | Mapping[str, float]) -> list[int]:
    """Return the bits that each objective is compared at; a mapping may leave some at 1e-9."""
    named = resolution if isinstance(resolution, Mapping) else dict.fromkeys(formulas, resolution)
    return [bits_of(named.get(formula, 1e-9)) for formula in formulas]


def axes_of(sweep: Sweep) -> dict[str, list[pl.Series]]:
    """Return the columns of each axis of a sweep, by the name of the axis."""
    axes: dict[str, list[pl.Series]] = {}
    for name, given in sweep.axes.items():
        if isinstance(given, pl.DataFrame):
            axes[name] = given.get_columns()
        elif isinstance(given, pl.Series):
            axes[name] = [given]
    return axes


def groups_of(sweep: Sweep, by: str) -> tuple[int, list[int]]:
    """Return the axis that ``by`` names, and the group of each position: that of the first equal value."""
    for number, (name, columns) in enumerate(axes_of(sweep).items()):
        listed = {name: list(zip(*columns, strict=True))} | {series.name: list(series) for series in columns}
        if by in listed:
            return number, [listed[by].index(value) for value in listed[by]]
    raise ValueError(f"there is no axis and no column `{by}`")


def space_of(sweep: Sweep, formulas: Iterable[str]) -> Space:
    """Return the space of a sweep, with all names that formulas and constraints reach."""
    axes = list(axes_of(sweep).values())
    read = {
        series.name: (number, series.cast(pl.Float64))
        for number, columns in enumerate(axes)
        for series in columns
        # Text is carried along, not read.
        if series.dtype.is_numeric() or series.dtype in (pl.Boolean, pl.Null)
    }
    numbers = {
        name: (number, series.fill_null(math.nan).to_list()) for name, (number, series) in read.items()
    }
    absent = {
        name: series.is_null().arg_true().to_list()
        for name, (_, series) in read.items()
        if series.null_count()
    }
    names = sweep._bind().resolve((*sweep.where, *formulas)).definitions
    return Space([len(columns[0]) for columns in axes], numbers, names, absent)


def frame(
    sweep: Sweep, space: Space, configurations: Sequence[Configuration], formulas: Iterable[str]
) -> pl.DataFrame:
    """Return the axis columns at configurations, then those formulas that are not among them."""
    series = {
        column.name: column.gather([configuration[axis] for configuration in configurations])
        for axis, columns in enumerate(axes_of(sweep).values())
        for column in columns
    }
    for formula in formulas:
        if formula not in series:
            values = [space.values([formula], configuration)[0] for configuration in configurations]
            series[formula] = pl.Series(formula, values, dtype=pl.Float64)
    return pl.DataFrame(list(series.values()))
