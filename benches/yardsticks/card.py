"""`card`: loss against dollars over parameters x tokens x activation x quality, 2e7 configurations.

Each contestant does the whole job: from the axes to a frame of the front's rows.
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
from benches.tools.harness import Contestant, Line, Options, alternate, compare, limit
from benches.tools.memory import peak
from benches.tools.spaces import Space

MEMORY_BAR = 100.0  # MiB
PYTHON_BAR = 600.0
NUMPY_BAR = 40.0


def numpy_moocore(space: Space) -> pl.DataFrame:
    """NumPy broadcasting (each term has the shape of its own axes), then moocore on all points."""
    n, d, a, q = np.ix_(*space.axes.values())
    active = n * a
    effective = active * np.sqrt(n / active)
    loss = spaces.loss(effective, q * d)
    usd = spaces.train_usd(6 * active * d) + d * spaces.QUALITY_USD * q**3
    points = np.empty((space.size, 2))
    points[:, 0] = loss.ravel()
    points[:, 1] = usd.ravel()
    index = np.flatnonzero(moocore.is_nondominated(points))
    return space.rows(index, points[index, 0], points[index, 1])


def polars_moocore(space: Space) -> pl.DataFrame:
    """Polars expressions over the cross join of the axes, then moocore on all rows."""
    n, d, a, q = (pl.col(name) for name in space.axes)
    axes = [pl.LazyFrame({name: axis}) for name, axis in space.axes.items()]
    plans = axes[0].join(axes[1], how="cross").join(axes[2], how="cross").join(axes[3], how="cross")
    plans = plans.with_columns(active=n * a)
    effective = pl.col("active") * (n / pl.col("active")).sqrt()
    train_usd = 6 * pl.col("active") * d / spaces.FLOPS_PER_GPU_HOUR * spaces.USD_PER_GPU_HOUR
    frame = plans.select(
        *space.axes,
        loss=spaces.E + spaces.A / effective**spaces.ALPHA + spaces.B / (q * d) ** spaces.BETA,
        usd=train_usd + d * spaces.QUALITY_USD * q**3,
    ).collect()
    points = frame.select("loss", "usd").to_numpy(order="c")
    return frame.filter(pl.Series(moocore.is_nondominated(points))).sort("loss", "usd")


@njit(nogil=True)
def _search_one(  # type: ignore[no-untyped-def]
    capacity, data, train, tokens, price, thread, threads, least, losses, costs, indices, first
):
    n_params, n_activation = capacity.shape
    n_tokens, n_quality = data.shape
    # Threads take every other value of `params`, so that all of them get cheap and dear plans alike.
    for n in range(thread * COARSE, n_params, threads * COARSE):
        for d in range(0, n_tokens, COARSE):
            for a in range(0, n_activation, COARSE_SHORT):
                for q in range(0, n_quality, COARSE_SHORT):
                    loss = capacity[n, a] + data[d, q]
                    usd = train[n, a] * tokens[d] + price[d, q]
                    at = (np.float64(usd).view(np.int64) >> SHIFT) - first
                    if loss < least[at]:
                        lower(least, at, loss)
    count = 0
    for n in range(thread, n_params, threads):
        for d in range(n_tokens):
            data_losses = data[d]
            data_usd = price[d]
            for a in range(n_activation):
                capacity_loss = capacity[n, a]
                train_usd = train[n, a] * tokens[d]
                hits = 0
                for q in range(n_quality):
                    at = (np.float64(train_usd + data_usd[q]).view(np.int64) >> SHIFT) - first
                    # Unsigned: numba then leaves out the check for a negative index.
                    hits += capacity_loss + data_losses[q] < least[np.uint64(at)]
                if hits == 0:
                    continue
                start = ((n * n_tokens + d) * n_activation + a) * n_quality
                for q in range(n_quality):
                    loss = capacity_loss + data_losses[q]
                    usd = train_usd + data_usd[q]
                    at = (np.float64(usd).view(np.int64) >> SHIFT) - first
                    if loss < least[at]:
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
    """Numba with hand-factored tables and a running staircase in each thread; looks at every plan."""
    n, d, a, q = space.axes.values()
    active = n[:, None] * a
    effective = active * np.sqrt(n[:, None] / active)
    capacity = spaces.E + spaces.A / effective**spaces.ALPHA
    data = spaces.B / (q * d[:, None]) ** spaces.BETA
    train = spaces.train_usd(6 * active)
    price = d[:, None] * spaces.QUALITY_USD * q**3
    lowest = train.min() * d.min() + price.min()
    highest = train.max() * d.max() + price.max()
    return space.rows(*staircase.run(_search, (capacity, data, train, d, price), lowest, highest))


def isoflop(space: Space) -> pl.DataFrame:
    """Make the sweep, search, return the frame."""
    return space.pareto()


RIVALS = {
    "NumPy + moocore": numpy_moocore,
    "Polars + moocore": polars_moocore,
    "numba, tables by hand": numba_tables,
}


def run(options: Options) -> list[Line]:
    space = spaces.card(40, 40, 10, 8) if options.quick else spaces.card()
    sample = spaces.card(8, 8, 25, 20) if options.quick else spaces.card(20, 20, 25, 20)
    rounds = 2 if options.quick else 3
    ours = isoflop(space)
    notes = {who: str(agree.fronts(space, ours, rival(space), who)) for who, rival in RIVALS.items()}
    small = isoflop(sample)
    for who, loop in (("pure Python", baseline.card), ("pure Python, hoisted", baseline.card_hoisted)):
        agreement = agree.fronts(sample, small, loop(sample), who)
        notes[who] = f"on {sample.size:,} configurations: {agreement}"
    contestants = {
        "isoflop": Contestant(partial(isoflop, space), 7, space.size),
        "pure Python": Contestant(partial(baseline.card, sample), 1, sample.size),
        "pure Python, hoisted": Contestant(partial(baseline.card_hoisted, sample), 1, sample.size),
        "NumPy + moocore": Contestant(partial(numpy_moocore, space), 1, space.size),
        "Polars + moocore": Contestant(partial(polars_moocore, space), 1, space.size),
        "numba, tables by hand": Contestant(partial(numba_tables, space), 7, space.size),
    }
    times = alternate(contestants, rounds)
    least = {"pure Python": PYTHON_BAR, "NumPy + moocore": NUMPY_BAR}
    lines = compare("card", times, least=least, notes=notes, unit="s/conf")
    return lines + memory(space)


def memory(space: Space) -> list[Line]:
    """Compare peak memory, each contestant in a process of its own."""
    ours = peak("card", "isoflop", space)
    lines = [limit("card, extra memory", ours, MEMORY_BAR, unit="MiB")]
    for who, rival in RIVALS.items():
        theirs = peak("card", rival.__name__, space)
        raw = {"isoflop": [ours], who: [theirs]}
        ratio = theirs / max(ours, 0.1)
        lines.append(Line("card, extra memory", ours, who, theirs, ratio, unit="MiB", raw=raw))
    return lines
