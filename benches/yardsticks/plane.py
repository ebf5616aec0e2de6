"""`plane`: loss against training FLOPs over parameters x tokens, 1e6 configurations.

The smallest of the yardsticks: what a call costs beyond its loop shows here.
"""

from __future__ import annotations

from functools import partial

import moocore
import numpy as np
import polars as pl
from numba import njit, prange

from benches.rivals import baseline, staircase
from benches.rivals.staircase import COARSE, SHIFT, lower, push
from benches.tools import agree, spaces
from benches.tools.harness import Contestant, Line, Options, alternate, compare
from benches.tools.spaces import Space


def numpy_moocore(space: Space) -> pl.DataFrame:
    """NumPy broadcasting, then moocore on all points."""
    n, d = np.ix_(*space.axes.values())
    points = np.empty((space.size, 2))
    points[:, 0] = spaces.loss(n, d).ravel()
    points[:, 1] = (6 * n * d).ravel()
    index = np.flatnonzero(moocore.is_nondominated(points))
    return space.rows(index, points[index, 0], points[index, 1])


def polars_moocore(space: Space) -> pl.DataFrame:
    """Polars expressions over the cross join of the axes, then moocore on all rows."""
    n, d = (pl.col(name) for name in space.axes)
    axes = [pl.LazyFrame({name: axis}) for name, axis in space.axes.items()]
    frame = (
        axes[0]
        .join(axes[1], how="cross")
        .with_columns(
            loss=spaces.E + spaces.A / n**spaces.ALPHA + spaces.B / d**spaces.BETA,
            train_flops=6 * n * d,
        )
        .collect()
    )
    points = frame.select(space.objectives).to_numpy(order="c")
    return frame.filter(pl.Series(moocore.is_nondominated(points))).sort(space.objectives)


@njit(nogil=True)
def _search_one(  # type: ignore[no-untyped-def]
    capacity, data, flops, tokens, thread, threads, least, losses, costs, indices, first
):
    for n in range(thread * COARSE, len(capacity), threads * COARSE):
        for d in range(0, len(data), COARSE):
            at = (np.float64(flops[n] * tokens[d]).view(np.int64) >> SHIFT) - first
            if capacity[n] + data[d] < least[at]:
                lower(least, at, capacity[n] + data[d])
    count = 0
    for n in range(thread, len(capacity), threads):
        for d in range(len(data)):
            loss = capacity[n] + data[d]
            cost = flops[n] * tokens[d]
            at = (np.float64(cost).view(np.int64) >> SHIFT) - first
            if loss < least[np.uint64(at)]:
                count = push(least, losses, costs, indices, count, at, loss, cost, n * len(data) + d)
                if count < 0:
                    return count
    return count


@njit(parallel=True)
def _search(  # type: ignore[no-untyped-def]
    capacity, data, flops, tokens, least, losses, costs, indices, counts, first
):
    threads = len(counts)
    for t in prange(threads):
        counts[t] = _search_one(
            capacity, data, flops, tokens, t, threads, least[t], losses[t], costs[t], indices[t], first
        )


def numba_tables(space: Space) -> pl.DataFrame:
    """Numba with a table for each axis and a running staircase in each thread."""
    n, d = space.axes.values()
    capacity = spaces.E + spaces.A / n**spaces.ALPHA
    data = spaces.B / d**spaces.BETA
    tables = (capacity, data, 6 * n, d)
    return space.rows(*staircase.run(_search, tables, 6 * n[0] * d[0], 6 * n[-1] * d[-1]))


def isoflop(space: Space) -> pl.DataFrame:
    """Make the sweep, search it as isoflop thinks best, return the frame."""
    return space.pareto(method="auto")


RIVALS = {
    "NumPy + moocore": numpy_moocore,
    "Polars + moocore": polars_moocore,
    "numba, tables by hand": numba_tables,
}


def run(options: Options) -> list[Line]:
    space = spaces.plane(200, 200) if options.quick else spaces.plane()
    sample = spaces.plane(100, 100) if options.quick else spaces.plane(450, 450)
    ours = isoflop(space)
    notes = {who: str(agree.fronts(space, ours, rival(space), who)) for who, rival in RIVALS.items()}
    agreement = agree.fronts(sample, isoflop(sample), baseline.plane(sample), "pure Python")
    notes["pure Python"] = f"on {sample.size:,} configurations: {agreement}"
    contestants = {
        "isoflop": Contestant(partial(isoflop, space), 11, space.size),
        "pure Python": Contestant(partial(baseline.plane, sample), 1, sample.size),
        "NumPy + moocore": Contestant(partial(numpy_moocore, space), 3, space.size),
        "Polars + moocore": Contestant(partial(polars_moocore, space), 3, space.size),
        "numba, tables by hand": Contestant(partial(numba_tables, space), 11, space.size),
    }
    times = alternate(contestants, rounds=2 if options.quick else 5)
    least = {"numba, tables by hand": 1.0}
    return compare("plane", times, least=least, notes=notes, unit="s/conf")
