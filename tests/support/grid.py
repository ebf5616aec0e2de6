"""The second oracle: all configurations at once, also of spaces on which the plain one would take minutes.

It shares nothing with `isoflop.reference` and next to nothing with the engine: `arrays.py` reads and
evaluates the formulas, and the front is found by going through the rows in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isoflop import _native

from . import arrays

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
        rows: int | None = None,
        by: tuple[int, Sequence[int] | NDArray[np.uint32]] | None = None,
        all_ties: bool = False,
    ) -> tuple[NDArray[np.int64], float | None]:
        """Return the indices of the front, best first, of each group with ``by``; and the gap of ``rows``."""
        free = self.touched([*(text for text, _ in objectives), *where]) | ({by[0]} if by else set())
        # All ties are on whatever axis.
        candidates = self.feasible(where, None if all_ties else free)
        costs = self.costs(objectives)[candidates]
        gap = None if rows is None else 0.0
        found = []
        for members in self.members(candidates, by):
            kept = front(costs[members], bits, all_ties=all_ties)
            if rows is not None:
                senses = [maximize for _, maximize in objectives]
                kept, left = few(costs[members], kept, senses, rows)
                gap = max(gap or 0.0, left)
            found.append(candidates[members][kept])
        return (np.concatenate(found) if found else candidates[:0]), gap

    def members(
        self, candidates: NDArray[np.int64], by: tuple[int, Sequence[int] | NDArray[np.uint32]] | None
    ) -> Iterator[NDArray[np.int64]]:
        """Yield the places of the candidates of each group that has any."""
        group = np.zeros(len(candidates), dtype=int)
        if by is not None:
            group = np.asarray(by[1])[np.unravel_index(candidates, self.lengths)[by[0]]]
        for number in np.unique(group):
            yield np.flatnonzero(group == number)

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
        inside = [formula for formula, _ in then] if then else None
        for indices, costs in self.groups(objective, where, by, inside):
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
        also: Sequence[str] | None = (),
    ) -> Iterator[tuple[NDArray[np.int64], Float64]]:
        """Yield indices and costs of what is feasible and not NaN, group by group.

        Axes that only ``also`` reads are free, too; ``None`` frees all.
        """
        free = None
        if also is not None:
            free = self.touched([objective[0], *where, *also]) | (set() if by is None else {by[0]})
        candidates = self.feasible(where, free)
        costs = self.costs([objective])[candidates, 0]
        candidates, costs = candidates[~np.isnan(costs)], costs[~np.isnan(costs)]
        for members in self.members(candidates, by):
            yield candidates[members], costs[members]


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


def few(
    costs: NDArray[Any], kept: NDArray[np.int64], maximize: Sequence[bool], rows: int
) -> tuple[NDArray[np.int64], float]:
    """Return what is chosen of a front, best first, to cover it, with all copies; and the gap."""
    values = costs[kept]
    fresh = np.ones(len(kept), dtype=bool)
    fresh[1:] = (values[1:] != values[:-1]).any(axis=1)
    cell = np.cumsum(fresh) - 1
    values = values[fresh]
    if len(values) <= rows:
        return kept, 0.0
    places = np.column_stack(
        [placed(column, negated) for column, negated in zip(values.T, maximize, strict=True)]
    )
    chosen = list(dict.fromkeys(np.argmin(values, axis=0).tolist()))
    distance = np.abs(places[:, None] - places[chosen]).max(axis=2).min(axis=1)
    while len(chosen) < rows:
        open_still = np.where(np.isin(np.arange(len(values)), chosen), -1.0, distance)
        chosen.append(int(np.argmax(open_still)))
        distance = np.minimum(distance, np.abs(places - places[chosen[-1]]).max(axis=1))
    return kept[np.isin(cell, chosen)], float(distance.max())


def placed(column: NDArray[Any], maximize: bool) -> NDArray[Any]:
    """Return where values lie in their own range, infinities at the ends."""
    column = np.ascontiguousarray(-column if maximize else column)
    finite = np.isfinite(column)
    found = (column > 0.0).astype(np.float64)
    if not finite.any():
        return found
    numbers = column[finite]
    with np.errstate(over="ignore"):
        if (column > 0.0).all() and numbers.max() > 10.0 * numbers.min():
            numbers = _native.kernel("log", numbers)
        elif np.isinf(numbers.max() - numbers.min()):
            numbers = numbers / 2.0
    span = numbers.max() - numbers.min()
    found[finite] = (numbers - numbers.min()) / span if span > 0.0 else 0.0
    return found


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
