"""The pure-Python baseline: nested loops and `math`-style arithmetic, as a user would write them.

The loops run in the axes' order, the formulas stand in the innermost, and a running front is kept: the
script that one writes first. `card_hoisted` moves each term to the outermost loop in which all that it
needs is known: the script after an afternoon of waiting for the first. Nothing here comes from isoflop.
"""

from __future__ import annotations

import bisect
import math

import polars as pl

from benches.tools import spaces
from benches.tools.spaces import Space


class RunningFront:
    """The non-dominated points so far: first objective falling as the second rises."""

    def __init__(self) -> None:
        self.costs: list[float] = []
        self.losses: list[float] = []
        self.rows: list[tuple[float, ...]] = []

    def add(self, loss: float, cost: float, row: tuple[float, ...]) -> None:
        """Take a point in, unless some other is at least as good in both objectives."""
        at = bisect.bisect_right(self.costs, cost)
        if at and self.losses[at - 1] <= loss:
            return
        if at and self.costs[at - 1] == cost:
            at -= 1
        end = at
        while end < len(self.losses) and self.losses[end] >= loss:
            end += 1
        self.costs[at:end] = [cost]
        self.losses[at:end] = [loss]
        self.rows[at:end] = [row]

    def frame(self, space: Space) -> pl.DataFrame:
        """Return the front in isoflop's form."""
        names = [*space.axes, *space.objectives]
        values = [
            (*row, loss, cost) for row, loss, cost in zip(self.rows, self.losses, self.costs, strict=True)
        ]
        return pl.DataFrame(values, schema=names, orient="row").sort(space.objectives)


def card(space: Space) -> pl.DataFrame:
    """Mixture-of-experts plans and data quality."""
    params, tokens, activation, quality = (axis.tolist() for axis in space.axes.values())
    front = RunningFront()
    for n in params:
        for d in tokens:
            for a in activation:
                for q in quality:
                    active = n * a
                    effective = active * math.sqrt(n / active)
                    loss = spaces.E + spaces.A / effective**spaces.ALPHA + spaces.B / (q * d) ** spaces.BETA
                    train_usd = 6 * active * d / spaces.FLOPS_PER_GPU_HOUR * spaces.USD_PER_GPU_HOUR
                    usd = train_usd + d * spaces.QUALITY_USD * q**3
                    front.add(loss, usd, (n, d, a, q))
    return front.frame(space)


def card_hoisted(space: Space) -> pl.DataFrame:
    """The same, with terms moved out of the inner loops."""
    params, tokens, activation, quality = (axis.tolist() for axis in space.axes.values())
    front = RunningFront()
    for n in params:
        for d in tokens:
            for a in activation:
                active = n * a
                effective = active * math.sqrt(n / active)
                capacity_loss = spaces.E + spaces.A / effective**spaces.ALPHA
                train_usd = 6 * active * d / spaces.FLOPS_PER_GPU_HOUR * spaces.USD_PER_GPU_HOUR
                for q in quality:
                    loss = capacity_loss + spaces.B / (q * d) ** spaces.BETA
                    usd = train_usd + d * spaces.QUALITY_USD * q**3
                    front.add(loss, usd, (n, d, a, q))
    return front.frame(space)


def plane(space: Space) -> pl.DataFrame:
    """Dense plans."""
    params, tokens = (axis.tolist() for axis in space.axes.values())
    front = RunningFront()
    for n in params:
        for d in tokens:
            loss = spaces.E + spaces.A / n**spaces.ALPHA + spaces.B / d**spaces.BETA
            front.add(loss, 6 * n * d, (n, d))
    return front.frame(space)


def kaplan(space: Space) -> pl.DataFrame:
    """Kaplan's L(N, D)."""
    params, tokens, quality = (axis.tolist() for axis in space.axes.values())
    front = RunningFront()
    for n in params:
        for d in tokens:
            for q in quality:
                capacity = (spaces.N_C / n) ** (spaces.A_N / spaces.A_D)
                loss = (capacity + spaces.D_C / (q * d)) ** spaces.A_D
                train_usd = 6 * n * d / spaces.FLOPS_PER_GPU_HOUR * spaces.USD_PER_GPU_HOUR
                usd = train_usd + d * spaces.QUALITY_USD * q**3
                front.add(loss, usd, (n, d, q))
    return front.frame(space)
