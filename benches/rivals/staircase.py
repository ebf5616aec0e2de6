"""The running front of the numba rivals: constant time for a configuration that is not on it.

Each thread keeps, for every bucket of costs, the least loss seen at any *smaller* bucket. Buckets are the
leading bits of the cost, so the bucket of a configuration is a shift away. A configuration whose loss is
not below its bucket's number is dominated by a cheaper one and costs one comparison; the few that are left
are stored, and a sort and a sweep make the front of them at the end. Kernels first look at a coarse sample
of the space (`COARSE`), which brings the numbers near their final values: without it, lowering them costs
more than all the rest. Then they look at a run of configurations twice, first without a branch, to see
whether any gets through; that loop runs in SIMD lanes.

Kernels are compiled without fastmath: it would allow LLVM to reassociate the sums that ties are made of,
and it buys nothing here, because the loops wait for the comparison and not for the arithmetic.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import njit
from numpy.typing import NDArray

from benches.tools.spaces import Array

Index = NDArray[np.int64]

SHIFT = 46
"""Leaves sign, exponent and 6 bits of the fraction: 64 buckets for each factor of two. They fit in L1."""

COARSE = 5
"""Every which value of a long axis is in the coarse sample; of a short axis, every `COARSE_SHORT`."""

COARSE_SHORT = 3

CAPACITY = 1 << 18
"""Points that a thread stores before it thins them to their front."""


def bucket(cost: float) -> int:
    """Return the bucket of a cost, before the offset of the least."""
    return int(np.float64(cost).view(np.int64) >> SHIFT)


@njit(nogil=True)
def sweep(losses: Array, costs: Array, count: int) -> Any:
    """Return the positions of the points, among the first `count`, that no other dominates; one of equals."""
    order = np.argsort(costs[:count])
    kept = np.empty(count, np.int64)
    size = 0
    least = np.inf
    at = 0
    while at < count:
        # Of points at one cost only the one with the least loss can be on the front.
        cost = costs[order[at]]
        chosen = order[at]
        at += 1
        while at < count and costs[order[at]] == cost:
            if losses[order[at]] < losses[chosen]:
                chosen = order[at]
            at += 1
        if losses[chosen] < least:
            least = losses[chosen]
            kept[size] = chosen
            size += 1
    return kept[:size]


@njit(nogil=True)
def lower(least, at, loss):  # type: ignore[no-untyped-def]
    """Tell the dearer buckets of a loss seen in bucket `at`."""
    # Their numbers fall with cost: the walk ends at the first that is already as low.
    later = at + 1
    while later < len(least) and least[later] > loss:
        least[later] = loss
        later += 1


@njit(nogil=True)
def push(  # type: ignore[no-untyped-def]
    least, losses, costs, indices, count, at, loss, cost, index
):
    """Store a point that its bucket `at` lets through; return the number of stored points.

    Returns -1 if the front itself outgrows the store.
    """
    lower(least, at, loss)
    if count == len(losses):
        kept = sweep(losses, costs, count)
        count = len(kept)
        if 2 * count > len(losses):
            return -1
        losses[:count] = losses[kept]
        costs[:count] = costs[kept]
        indices[:count] = indices[kept]
    losses[count] = loss
    costs[count] = cost
    indices[count] = index
    return count + 1


def run(kernel: Any, tables: tuple[Array, ...], lowest: float, highest: float) -> tuple[Index, Array, Array]:
    """Run a kernel in all threads; return index, loss and cost of the front, costs rising.

    `lowest` and `highest` enclose all costs. The kernel takes its tables, then for each thread one row of
    `least`, `losses`, `costs` and `indices`, the counts of stored points, and the first bucket.
    """
    threads = numba.get_num_threads()
    first, last = bucket(lowest) - 1, bucket(highest) + 1
    least = np.full((threads, last - first + 1), np.inf)
    losses = np.empty((threads, CAPACITY))
    costs = np.empty((threads, CAPACITY))
    indices = np.empty((threads, CAPACITY), np.int64)
    counts = np.zeros(threads, np.int64)
    kernel(*tables, least, losses, costs, indices, counts, first)
    if counts.min() < 0:
        raise MemoryError("a thread's front has more than half of CAPACITY points")
    stored = [slice(0, count) for count in counts]
    all_losses = np.concatenate([losses[t, s] for t, s in enumerate(stored)])
    all_costs = np.concatenate([costs[t, s] for t, s in enumerate(stored)])
    all_indices = np.concatenate([indices[t, s] for t, s in enumerate(stored)])
    kept = sweep(all_losses, all_costs, len(all_losses))
    return all_indices[kept], all_losses[kept], all_costs[kept]
