"""The second oracle: all configurations at once, also of spaces on which the plain one would take minutes.

It shares nothing with `isoflop.reference` and next to nothing with the engine: `arrays.py` reads and
evaluates the formulas, and the front is found by going through the rows in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import arrays

if TYPE_CHECKING:
    from isoflop._native import Float64

GREATEST = np.int64(2**63 - 1)
BLOCK = 512


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
        self.axes = {name: axis for name, axis, *_ in columns}
        self.known: dict[str, Float64] = {}
        self.whole: dict[str, Float64] = {}
        for name, axis, values, _ in columns:
            shape = [1] * len(self.lengths)
            shape[axis] = -1
            self.known[name] = np.array(values, dtype=np.float64).reshape(shape)

    def values(self, formula: str) -> Float64:
        """Return a formula's value at every configuration, in the order of the index."""
        if formula not in self.whole:
            with np.errstate(all="ignore"):
                found = arrays.evaluate(arrays.read(formula), self.look_up)
            self.whole[formula] = np.broadcast_to(found, self.lengths).ravel()
        return self.whole[formula]

    def look_up(self, name: str) -> Float64:
        if name not in self.known:
            meaning = self.names[name]
            self.known[name] = (
                arrays.evaluate(arrays.read(meaning), self.look_up)
                if isinstance(meaning, str)
                else np.array(float(meaning))
            )
        return self.known[name]

    def feasible(self, where: Sequence[str], free: set[int] | None = None) -> NDArray[np.int64]:
        """Return the indices of configurations that meet the constraints, other axes than ``free`` at 0."""
        keep = np.ones(self.lengths, dtype=bool)
        if free is not None:
            for axis in set(range(len(self.lengths))) - free:
                np.moveaxis(keep, axis, 0)[1:] = False
        keep = keep.ravel()
        for formula in where:
            keep &= self.values(formula) != 0.0
        return np.flatnonzero(keep)

    def costs(self, objectives: Sequence[tuple[str, bool]]) -> NDArray[Any]:
        """Return the objectives of all configurations as columns to minimise."""
        return np.column_stack(
            [(-self.values(text) if maximize else self.values(text)) + 0.0 for text, maximize in objectives]
        )

    def touched(self, formulas: Sequence[str]) -> set[int]:
        """Return the axes that formulas depend on, through whatever they read."""
        reached: set[str] = set()
        fresh = {name for formula in formulas for name in arrays.names_in(formula)}
        while fresh:
            reached |= fresh
            meanings = [self.names[name] for name in fresh if name not in self.axes]
            fresh = {
                name for meaning in meanings if isinstance(meaning, str) for name in arrays.names_in(meaning)
            } - reached
        return {self.axes[name] for name in reached if name in self.axes}

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
        return candidates[front(costs, bits, all_ties=all_ties)]

    def thinned(
        self,
        objectives: Sequence[tuple[str, bool]],
        where: Sequence[str],
        rows: int,
        *,
        all_ties: bool = False,
    ) -> tuple[NDArray[np.int64], int]:
        """Return the front at the finest resolution that leaves at most so many rows, and its bits."""
        for p in range(52, -1, -1):
            found = self.pareto(objectives, where, [p] * len(objectives), all_ties=all_ties)
            if len(found) <= rows:
                break
        return found, p

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


def front(costs: NDArray[Any], bits: Sequence[int], *, all_ties: bool = False) -> NDArray[np.int64]:
    """Return the row numbers of the front, best first; all that equal one of them, with ``all_ties``."""
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
    if all_ties:
        kept = set(map(tuple, costs[found].tolist()))
        found = np.array([row for row, cost in enumerate(costs.tolist()) if tuple(cost) in kept], dtype=int)
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
