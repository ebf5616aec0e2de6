"""The oracle on whole arrays, for spaces on which the plain one would take minutes.

It shares nothing with the engine's programs either: a formula's tree is evaluated node by node with NumPy,
every intermediate result as large as its operands, and the front is found by going through the rows in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isoflop import _native, reference

if TYPE_CHECKING:
    from isoflop._native import Float64

GREATEST = np.int64(2**63 - 1)
BLOCK = 512


def flag(condition: NDArray[np.bool_]) -> Float64:
    return condition.astype(np.float64)


def kernel(name: str, *operands: Float64) -> Float64:
    shape = np.broadcast_shapes(*(operand.shape for operand in operands))
    flat = [np.ascontiguousarray(np.broadcast_to(operand, shape)).ravel() for operand in operands]
    return _native.kernel(name, *flat).reshape(shape)


def selected(condition: NDArray[np.bool_], a: Float64, b: Float64) -> Float64:
    picked: Float64 = np.where(condition, a, b)
    return picked


def chosen(pick: NDArray[np.bool_], a: Float64, b: Float64) -> Float64:
    """Return ``b`` where ``pick``, else ``a``; NaN where either is."""
    return selected(np.isnan(a) | np.isnan(b), np.array(np.nan), selected(pick, b, a))


OPERATIONS: dict[str, Callable[..., Float64]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": lambda a, b: kernel("pow", a, b),
    "neg": np.negative,
    "<": lambda a, b: flag(a < b),
    "<=": lambda a, b: flag(a <= b),
    ">": lambda a, b: flag(a > b),
    ">=": lambda a, b: flag(a >= b),
    "==": lambda a, b: flag(a == b),
    "!=": lambda a, b: flag(a != b),
    "and": lambda a, b: flag((a != 0.0) & (b != 0.0)),
    "or": lambda a, b: flag((a != 0.0) | (b != 0.0)),
    "not": lambda a: flag(a == 0.0),
    "exp": lambda a: kernel("exp", a),
    "log": lambda a: kernel("log", a),
    "log2": lambda a: kernel("log2", a),
    "log10": lambda a: kernel("log10", a),
    "sqrt": np.sqrt,
    "abs": np.abs,
    "min": lambda a, b: chosen(b < a, a, b),
    "max": lambda a, b: chosen(b > a, a, b),
    "floor": np.floor,
    "ceil": np.ceil,
    "where": lambda condition, a, b: selected(condition != 0.0, a, b),
}


class Grid:
    """A space whose formulas are evaluated for all configurations at once."""

    def __init__(
        self,
        lengths: Sequence[int],
        columns: Sequence[tuple[str, int, Sequence[float] | Float64, bool]],
        names: Mapping[str, float | str],
    ) -> None:
        self.lengths = tuple(lengths)
        self.names = names
        self.columns: dict[str, Float64] = {}
        self.axes = {name: axis for name, axis, *_ in columns}
        for name, axis, values, _ in columns:
            shape = [1] * len(self.lengths)
            shape[axis] = -1
            self.columns[name] = np.array(values, dtype=np.float64).reshape(shape)

    def values(self, formula: str) -> Float64:
        """Return a formula's value at every configuration, in the order of the index."""
        with np.errstate(all="ignore"):
            found = self._value(_native.parse(formula), {})
        return np.ascontiguousarray(np.broadcast_to(found, self.lengths)).ravel()

    def _value(self, tree: _native.Tree, known: dict[str, Float64]) -> Float64:
        if isinstance(tree, tuple):
            operation, *operands = tree
            return OPERATIONS[operation](*(self._value(operand, known) for operand in operands))
        if not isinstance(tree, str):
            return np.array(tree)
        if tree in self.columns:
            return self.columns[tree]
        if tree not in known:
            meaning = self.names[tree]
            known[tree] = self._value(_native.parse(meaning) if isinstance(meaning, str) else meaning, known)
        return known[tree]

    def feasible(self, where: Sequence[str], free: set[int] | None = None) -> NDArray[np.int64]:
        """Return the indices of configurations that meet the constraints, other axes than ``free`` at 0."""
        keep = np.ones(int(np.prod(self.lengths)), dtype=bool)
        if free is not None:
            for axis, position in enumerate(np.indices(self.lengths, sparse=True)):
                if axis not in free:
                    keep &= np.broadcast_to(position == 0, self.lengths).ravel()
        for formula in where:
            keep &= self.values(formula) != 0.0
        return np.flatnonzero(keep)

    def costs(self, objectives: Sequence[tuple[str, bool]]) -> NDArray[Any]:
        """Return the objectives of all configurations as columns to minimise."""
        return np.column_stack(
            [(-self.values(text) if maximize else self.values(text)) + 0.0 for text, maximize in objectives]
        )

    def touched(self, formulas: Sequence[str]) -> set[int]:
        columns = {name: (axis, ()) for name, axis in self.axes.items()}
        return reference.Space(self.lengths, columns, self.names).touched(formulas)

    def pareto(
        self,
        objectives: Sequence[tuple[str, bool]],
        where: Sequence[str],
        bits: Sequence[int],
        *,
        all_ties: bool = False,
    ) -> NDArray[np.int64]:
        """Return the indices of the front, best first."""
        candidates = self.feasible(where, self.touched([*(text for text, _ in objectives), *where]))
        costs = self.costs(objectives)[candidates]
        found = front(costs, bits)
        if all_ties:
            kept = set(map(tuple, costs[found].tolist()))
            found = np.array(
                [row for row, cost in enumerate(costs.tolist()) if tuple(cost) in kept], dtype=int
            )
            found = found[np.lexsort((found, *costs[found].T[::-1]))]
        return candidates[found]

    def best(
        self,
        objective: tuple[str, bool],
        where: Sequence[str],
        by: tuple[int, Sequence[int] | NDArray[np.uint32]] | None,
    ) -> list[int]:
        """Return the index of the best configuration, of each group with ``by``."""
        return [int(indices[np.argmin(costs)]) for indices, costs in self.groups(objective, where, by)]

    def near(
        self,
        objective: tuple[str, bool],
        where: Sequence[str],
        within: float,
        by: tuple[int, Sequence[int] | NDArray[np.uint32]] | None,
        then: Sequence[tuple[str, bool]],
        bits: Sequence[int],
    ) -> list[int]:
        """Return the indices of what is near the best, of each group with ``by``; of the front inside."""
        found: list[int] = []
        for indices, costs in self.groups(objective, where, by, [formula for formula, _ in then]):
            best = costs.min()
            with np.errstate(over="ignore"):
                close = costs <= (best if np.isinf(best) else best + within * abs(best))
            near = indices[close]
            order = front(self.costs(then)[near], bits) if then else np.argsort(costs[close], kind="stable")
            found.extend(near[order].tolist())
        return found

    def groups(
        self,
        objective: tuple[str, bool],
        where: Sequence[str],
        by: tuple[int, Sequence[int] | NDArray[np.uint32]] | None,
        also: Sequence[str] = (),
    ) -> Iterator[tuple[NDArray[np.int64], Float64]]:
        """Yield indices and costs of what is feasible and not NaN, group by group."""
        free = self.touched([objective[0], *where, *also]) | (set() if by is None else {by[0]})
        candidates = self.feasible(where, free)
        costs = self.costs([objective])[candidates, 0]
        candidates, costs = candidates[~np.isnan(costs)], costs[~np.isnan(costs)]
        group = np.zeros(len(candidates), dtype=int)
        if by is not None:
            group = np.asarray(by[1])[np.unravel_index(candidates, self.lengths)[by[0]]]
        for number in np.unique(group):
            yield candidates[group == number], costs[group == number]


def keys(values: Float64, bits: int) -> NDArray[np.int64]:
    """Return the keys of section 5 at resolution ``2**-bits``."""
    drop = 52 - bits
    i = (values + 0.0).view(np.int64)
    i = np.where(i < 0, i ^ GREATEST, i)
    return (i + ((1 << (drop - 1)) if drop else 0)) >> drop


def front(costs: NDArray[Any], bits: Sequence[int]) -> NDArray[np.int64]:
    """Return the row numbers of the front, best first."""
    rows = np.flatnonzero(~np.isnan(costs).any(axis=1))
    costs = costs[rows]
    cells = np.column_stack(
        [keys(np.ascontiguousarray(column), p) for column, p in zip(costs.T, bits, strict=True)]
    )
    # By cell, then by value, then by number: the first of each cell represents it, and whatever dominates a
    # cell comes before it.
    order = np.lexsort((rows, *costs.T[::-1], *cells.T[::-1]))
    cells = cells[order]
    fresh = np.ones(len(cells), dtype=bool)
    fresh[1:] = (cells[1:] != cells[:-1]).any(axis=1)
    order = order[fresh]
    found = order[undominated(cells[fresh])]
    return rows[found[np.lexsort((rows[found], *costs[found].T[::-1]))]]


def undominated(cells: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which of distinct, lexicographically sorted cells no earlier one dominates."""
    if cells.shape[1] <= 2:
        # The first column ascends: a cell is dominated unless its last is less than all before.
        last = cells[:, -1]
        before = np.minimum.accumulate(np.concatenate([[GREATEST], last[:-1]]))
        return last < before if cells.shape[1] == 2 else np.arange(len(cells)) == 0
    archive = cells[:0]
    kept = np.zeros(len(cells), dtype=bool)
    for start in range(0, len(cells), BLOCK):
        block = cells[start : start + BLOCK]
        # Many at once against what was kept before, the few that are left one by one.
        by_archive = np.zeros(len(block), dtype=bool)
        for part in range(0, len(archive), BLOCK):
            by_archive |= not_above(archive[part : part + BLOCK], block).any(axis=0)
        for position in np.flatnonzero(~by_archive):
            earlier = block[:position][kept[start : start + position]]
            kept[start + position] = not (earlier <= block[position]).all(axis=1).any()
        archive = np.concatenate([archive, block[kept[start : start + BLOCK]]])
    return kept


def not_above(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell for each pair of rows whether the left one is above the right one in no column."""
    pairs = np.ones((len(left), len(right)), dtype=bool)
    for mine, theirs in zip(left.T, right.T, strict=True):
        pairs &= mine[:, None] <= theirs
    return pairs
