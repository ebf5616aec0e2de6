"""Where an answer should not be taken at its word: ends of axes, and ends of a law's fitted range."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import inf, log10
from typing import TYPE_CHECKING

import numpy as np

from isoflop._space.axes import Axis
from isoflop._text.numbers import decades_text

if TYPE_CHECKING:
    from isoflop._native import Rows
    from isoflop._pareto.arguments import Objective
    from isoflop._sweep.binding import Binding


def edges(binding: Binding, objective: Objective, rows: Rows, by: int | None) -> Iterator[str]:
    """Tell for each axis at whose end all the best configurations sit, though it could well go on.

    Told are axes in order of value that the objective gets better along right up to the end, that no
    constraint touches, and that are not the axis of ``by``. An objective that is flat there says nothing
    about the end.
    """
    ends = {
        number: end
        for number, axis in enumerate(binding.axes)
        if number != by and (end := _end(axis, rows.positions[number])) is not None
    }
    if not ends:
        return
    touched = set(binding.touched(objective[0]))
    for constraint in binding.where:
        touched.difference_update(binding.touched(constraint))
    candidates = sorted(touched.intersection(ends))
    if not candidates:
        return
    improves = _still_improves(binding, objective, rows, candidates)
    for number, improving in zip(candidates, improves, strict=True):
        if improving:
            axis = binding.axes[number]
            numbers = axis.columns[0].numbers
            assert numbers is not None, "a plain axis holds numbers"
            yield (
                f"`{axis.name}` is at its {ends[number]} end ({numbers[rows.positions[number][0]]}); "
                "no objective or constraint charges for it"
            )


def _end(axis: Axis, positions: np.ndarray[tuple[int, ...], np.dtype[np.uint32]]) -> str | None:
    """Return which end of a plain, ordered axis all positions are at: ``"lower"``, ``"upper"`` or none."""
    last = axis.length - 1
    if axis.linked or last == 0 or positions[0] not in (0, last) or not (positions == positions[0]).all():
        return None
    numbers = axis.columns[0].numbers
    assert numbers is not None, "a plain axis holds numbers"
    # Compared, not subtracted: a step may be beyond all numbers.
    before, after = numbers[:-1], numbers[1:]
    if (before < after).all():
        return "lower" if positions[0] == 0 else "upper"
    if (before > after).all():
        return "upper" if positions[0] == 0 else "lower"
    return None


def _still_improves(
    binding: Binding, objective: Objective, rows: Rows, candidates: Sequence[int]
) -> list[bool]:
    """Tell for each axis whether every row is better than its neighbour one step inside the axis."""
    formula, maximize = objective
    best = rows.objectives[0]
    # One call for all axes: the neighbours along the first, then those along the second, and so on.
    inside = [np.tile(positions, len(candidates)) for positions in rows.positions]
    for place, number in enumerate(candidates):
        here = rows.positions[number]
        block = slice(place * len(here), (place + 1) * len(here))
        inside[number][block] = np.where(here == 0, here + 1, here - 1)
    (values,) = binding.evaluate([formula], inside)
    neighbours = values.reshape(len(candidates), len(best))
    # A NaN neighbour is no reason to stay either.
    better = ~(neighbours >= best if maximize else neighbours <= best)
    return [bool(row.all()) for row in better]


def extrapolated(binding: Binding, rows: Rows) -> str:
    """Tell how far rows lie outside the range that a law was fitted on; some of them do."""
    law = binding.law
    assert law is not None, "only a law has a range"
    told = []
    for (name, low, high), (least, most) in zip(binding.ranged, rows.extremes, strict=True):
        if least < low:
            told.append(f"`{name}` up to {decades_text(_decades(least, low))} below {_range(low, high)}")
        if high < most:
            told.append(f"`{name}` up to {decades_text(_decades(high, most))} above {_range(low, high)}")
    count, outside = rows.height, rows.outside
    share = "all rows" if outside == count else f"{outside:,} of {count:,} rows"
    return (
        f"`{law.id}` is used outside the range it was fitted on, in {share}: {'; '.join(told)}; its "
        "predictions there are extrapolations (`extrapolation` counts their decades)"
    )


# A script that makes many sweeps uses few laws.
@lru_cache(maxsize=64)
def _range(low: float, high: float) -> str:
    return f"{low:g} to {high:g}"


def _decades(low: float, high: float) -> float:
    """Return how many decades ``low`` lies below ``high``."""
    return log10(high / low) if low > 0 else inf
