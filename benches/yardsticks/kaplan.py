"""`kaplan`: loss against dollars under a law that does not separate, 6.4e7 configurations.

The sum stands inside a power, so no table of fewer axes holds the loss: every configuration costs one
`pow`, for isoflop and for its rivals. Polars does not take part: the columns of the cross join alone need
2.5 GB.
"""

from __future__ import annotations

from functools import partial

import moocore
import numpy as np
import polars as pl
from numba import njit, prange

from benches.rivals import baseline, staircase
from benches.rivals.staircase import COARSE, COARSE_SHORT, SHIFT, lower, push
from benches.tools import agree, spaces
from benches.tools.harness import Contestant, Line, Options, alternate, compare
from benches.tools.spaces import Space

SLAB = 50
"""Values of the first axis that the NumPy rival handles at a time: 1.6e6 configurations."""


def numpy_moocore(space: Space) -> pl.DataFrame:
    """NumPy broadcasting and moocore slab by slab (3 GB at once), then moocore on the slabs' fronts."""
    every_n, d, q = space.axes.values()
    d = d[:, None]
    price = d * spaces.QUALITY_USD * q**3
    indices, fronts = [], []
    for slab in spaces.slabs(len(every_n), SLAB):
        n = every_n[slab, None, None]
        loss = ((spaces.N_C / n) ** (spaces.A_N / spaces.A_D) + spaces.D_C / (q * d)) ** spaces.A_D
        usd = spaces.train_usd(6 * n * d) + price
        points = np.empty((loss.size, 2))
        points[:, 0] = loss.ravel()
        points[:, 1] = usd.ravel()
        index = np.flatnonzero(moocore.is_nondominated(points))
        indices.append(index + slab.start * price.size)
        fronts.append(points[index])
    points = np.concatenate(fronts)
    kept = moocore.is_nondominated(points)
    return space.rows(np.concatenate(indices)[kept], points[kept, 0], points[kept, 1])


@njit(nogil=True)
def _search_one(  # type: ignore[no-untyped-def]
    capacity, data, train, tokens, price, thread, threads, least, losses, costs, indices, first
):
    n_params = len(capacity)
    n_tokens, n_quality = data.shape
    for n in range(thread * COARSE, n_params, threads * COARSE):
        for d in range(0, n_tokens, COARSE):
            for q in range(0, n_quality, COARSE_SHORT):
                loss = (capacity[n] + data[d, q]) ** spaces.A_D
                at = (np.float64(train[n] * tokens[d] + price[d, q]).view(np.int64) >> SHIFT) - first
                if loss < least[at]:
                    lower(least, at, loss)
    count = 0
    for n in range(thread, n_params, threads):
        for d in range(n_tokens):
            train_usd = train[n] * tokens[d]
            start = (n * n_tokens + d) * n_quality
            for q in range(n_quality):
                loss = (capacity[n] + data[d, q]) ** spaces.A_D
                usd = train_usd + price[d, q]
                at = (np.float64(usd).view(np.int64) >> SHIFT) - first
                if loss < least[np.uint64(at)]:
                    count = push(least, losses, costs, indices, count, at, loss, usd, start + q)
                    if count < 0:
                        return count
    return count


@njit(parallel=True)
def _search(  # type: ignore[no-untyped-def]
    capacity, data, train, tokens, price, least, losses, costs, indices, counts, first
):
    threads = len(counts)
    for t in prange(threads):
        counts[t] = _search_one(
            capacity, data, train, tokens, price, t, threads, least[t], losses[t], costs[t], indices[t], first
        )


def numba_tables(space: Space) -> pl.DataFrame:
    """Numba with tables of what stands inside the power, and a running staircase in each thread.

    As for isoflop, the loss of every configuration is computed. Whoever knows that the outer power is
    monotone could compare what it is taken of instead, and take it on the front alone.
    """
    n, d, q = space.axes.values()
    capacity = (spaces.N_C / n) ** (spaces.A_N / spaces.A_D)
    data = spaces.D_C / (q * d[:, None])
    train = spaces.train_usd(6 * n)
    price = d[:, None] * spaces.QUALITY_USD * q**3
    lowest, highest = train[0] * d[0] + price.min(), train[-1] * d[-1] + price.max()
    return space.rows(*staircase.run(_search, (capacity, data, train, d, price), lowest, highest))


def isoflop(space: Space) -> pl.DataFrame:
    """Make the sweep, search, return the frame."""
    return space.pareto()


def run(options: Options) -> list[Line]:
    space = spaces.kaplan(100, 100, 16) if options.quick else spaces.kaplan()
    sample = spaces.kaplan(25, 25, 16) if options.quick else spaces.kaplan(100, 100, 16)
    ours = isoflop(space)
    notes = {}
    for who, rival in (("NumPy + moocore", numpy_moocore), ("numba, tables by hand", numba_tables)):
        notes[who] = str(agree.fronts(space, ours, rival(space), who))
    agreement = agree.fronts(sample, isoflop(sample), baseline.kaplan(sample), "pure Python")
    notes["pure Python"] = f"on {sample.size:,} configurations: {agreement}"
    contestants = {
        "isoflop": Contestant(partial(isoflop, space), 3, space.size),
        "pure Python": Contestant(partial(baseline.kaplan, sample), 1, sample.size),
        "NumPy + moocore": Contestant(partial(numpy_moocore, space), 1, space.size),
        "numba, tables by hand": Contestant(partial(numba_tables, space), 3, space.size),
    }
    times = alternate(contestants, rounds=1 if options.quick else 2)
    return compare("kaplan", times, notes=notes, unit="s/conf")
