"""How rows are compared: keys, fronts, and a few rows that stand for one."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from operator import le
from typing import TypeAlias

from isoflop.reference.formulas import kernel

Values: TypeAlias = tuple[float, ...]


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
