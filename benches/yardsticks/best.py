"""`best`: least loss under a FLOP limit over parameters x tokens x activation x quality, 1e8 configurations.

The question in which nothing is stored and nothing is compared but a running minimum, by enumeration: lanes
whose bound is no better than the best so far are passed over. The rival is what an expert gets out of numba
for this one question. numba's compile time does not count.
"""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numba import njit, prange

from benches.tools import spaces
from benches.tools.harness import Contestant, Line, Options, WrongAnswer, alternate, compare, limit
from benches.tools.spaces import Array, Space

TIME_BAR = 0.5e-9  # seconds a configuration
NUMBA_BAR = 1.05


@njit(parallel=True)
def _minima(  # type: ignore[no-untyped-def]
    capacity, data, flops, tokens, flop_limit, minima
):
    """The limit stands outside the innermost loop, over quality.

    LLVM does not make lanes of a floating minimum that numba hands it, with fastmath or without; four running
    minima by hand break the chain of dependencies, which is worth a quarter of the time.
    """
    n_tokens, n_quality = data.shape
    fours = n_quality - n_quality % 4
    for n in prange(len(capacity)):
        first, second, third, fourth = np.inf, np.inf, np.inf, np.inf
        for d in range(n_tokens):
            losses = data[d]
            for a in range(capacity.shape[1]):
                if flops[n, a] * tokens[d] <= flop_limit:
                    capacity_loss = capacity[n, a]
                    for q in range(0, fours, 4):
                        # Unsigned: numba then leaves out the check for a negative index.
                        loss_1 = capacity_loss + losses[np.uint64(q)]
                        loss_2 = capacity_loss + losses[np.uint64(q + 1)]
                        loss_3 = capacity_loss + losses[np.uint64(q + 2)]
                        loss_4 = capacity_loss + losses[np.uint64(q + 3)]
                        if loss_1 < first:
                            first = loss_1
                        if loss_2 < second:
                            second = loss_2
                        if loss_3 < third:
                            third = loss_3
                        if loss_4 < fourth:
                            fourth = loss_4
                    for q in range(fours, n_quality):
                        loss_1 = capacity_loss + losses[np.uint64(q)]
                        if loss_1 < first:
                            first = loss_1
        minima[n] = min(min(first, second), min(third, fourth))


@njit(parallel=True)
def _minima_with_tricks(  # type: ignore[no-untyped-def]
    capacity, data, flops, tokens, flop_limit, minima
):
    """Two things that hold for this question and not for the next.

    FLOPs rise with tokens, so what meets the limit is a prefix of the data table and one long loop; losses
    are positive, so their bits compare as integers, a minimum that LLVM does make lanes of.
    """
    n_tokens, n_quality = data.shape
    every = data.reshape(-1)
    for n in prange(len(capacity)):
        least = np.float64(np.inf).view(np.int64)
        for a in range(capacity.shape[1]):
            capacity_loss = capacity[n, a]
            end = 0
            while end < n_tokens and flops[n, a] * tokens[end] <= flop_limit:
                end += 1
            allowed = every[: end * n_quality]
            for at in range(len(allowed)):
                least = min(least, np.float64(capacity_loss + allowed[at]).view(np.int64))
        minima[n] = np.int64(least).view(np.float64)


@njit
def _look(  # type: ignore[no-untyped-def]
    capacity, data, flops, tokens, flop_limit, n, loss
):
    """Find the first configuration of row `n` that has this loss: the second look that yields the index."""
    n_tokens, n_quality = data.shape
    n_activation = capacity.shape[1]
    for d in range(n_tokens):
        for a in range(n_activation):
            if flops[n, a] * tokens[d] <= flop_limit:
                for q in range(n_quality):
                    if capacity[n, a] + data[d, q] == loss:
                        return ((n * n_tokens + d) * n_activation + a) * n_quality + q
    return -1


def _numba(kernel: Any, space: Space) -> pl.DataFrame:
    n, d, a, q = space.axes.values()
    active = n[:, None] * a
    capacity = spaces.E + spaces.A / (active * np.sqrt(n[:, None] / active)) ** spaces.ALPHA
    data = spaces.B / (q * d[:, None]) ** spaces.BETA
    minima: Array = np.empty(len(n))
    tables = (capacity, data, 6 * active, d, spaces.FLOP_LIMIT)
    kernel(*tables, minima)
    row = int(np.argmin(minima))
    index = _look(*tables, row, minima[row])
    return space.rows(np.array([index]), minima[row : row + 1])


def numba_tables(space: Space) -> pl.DataFrame:
    """Numba with hand-factored tables."""
    return _numba(_minima, space)


def numba_tricks(space: Space) -> pl.DataFrame:
    """The same, with all that is known about the question's answer."""
    return _numba(_minima_with_tricks, space)


def isoflop(space: Space) -> pl.DataFrame:
    """Make the sweep, search, return the row."""
    with warnings.catch_warnings():
        # `quality` ends at its upper end, as the question wants; composing the warning is in the time.
        warnings.simplefilter("ignore")
        return space.sweep().best(minimize="loss", method="enumerate")


def check(space: Space, ours: pl.DataFrame, theirs: pl.DataFrame, who: str) -> str:
    """Compare two rows: the same configuration, or losses that differ in their last bits only."""
    a, b = (int(space.index(frame)[0]) for frame in (ours, theirs))
    losses = space.values(space.columns(np.array([a, b])))[0]
    stated = np.array([ours["loss"][0], theirs["loss"][0]])
    if not np.allclose(stated, losses, rtol=1e-12, atol=0) or abs(losses[0] - losses[1]) > 1e-12 * losses[0]:
        raise WrongAnswer(f"best: isoflop says {stated[0]!r} at {a}, {who} says {stated[1]!r} at {b}")
    return "same row" if a == b else "another row within 1e-12"


def run(options: Options) -> list[Line]:
    space = spaces.best(50, 50) if options.quick else spaces.best()
    ours = isoflop(space)
    rivals = {"numba, tables by hand": numba_tables, "numba, special tricks": numba_tricks}
    notes = {who: check(space, ours, rival(space), who) for who, rival in rivals.items()}
    contestants = {"isoflop": Contestant(partial(isoflop, space), 5, space.size)}
    for who, rival in rivals.items():
        contestants[who] = Contestant(partial(rival, space), 5, space.size)
    times = alternate(contestants, rounds=3 if options.quick else 15)
    time = float(np.median(times["isoflop"]))
    lines = compare("best", times, most={"numba, tables by hand": NUMBA_BAR}, notes=notes, unit="s/conf")
    return [limit("best", time, TIME_BAR, unit="s/conf", raw=times["isoflop"]), *lines]
