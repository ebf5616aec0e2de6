"""When two fronts count as the same answer.

Contestants do the same sums in different orders, so objectives differ in their last bits. On a log grid
that matters: ``6*N*D`` takes equal values at many places, and rounding decides which of them is "optimal".
isoflop compares at a resolution of 1e-9 for that reason; its rivals compare to the bit. So fronts are
compared as sets of configurations, and each configuration that only one side returns must be explained by
near-equality.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from .harness import WrongAnswer
from .spaces import Array, Space

TOLERANCE = 1e-9
"""How far, relatively, near-equal objectives may lie apart: isoflop's default resolution."""


@dataclass(frozen=True)
class Agreement:
    """How many configurations are on both fronts, and how many near-ties are on one of them alone."""

    common: int
    ours_alone: int
    theirs_alone: int

    def __str__(self) -> str:
        if self.ours_alone == self.theirs_alone == 0:
            return f"same {self.common} rows"
        return f"{self.common} common rows, near-ties {self.ours_alone} + {self.theirs_alone}"


def fronts(space: Space, ours: pl.DataFrame, theirs: pl.DataFrame, who: str) -> Agreement:
    """Compare two fronts of `space`, all objectives minimised.

    A configuration that one front holds alone is explained if the other front has one that is no worse than
    it by more than `TOLERANCE`, and none that beats it by more than that in every objective.

    Raises
    ------
    WrongAnswer
        If a front holds a configuration twice, its numbers are off, or a difference is not explained.
    """
    indices, points = [], []
    for name, frame in (("isoflop", ours), (who, theirs)):
        index = space.index(frame)
        if len(np.unique(index)) != len(index):
            raise WrongAnswer(f"{space.name}: the front of {name} holds a configuration twice")
        exact = np.column_stack(space.values(space.columns(index)))
        stated = frame.select(space.objectives).to_numpy()
        if not np.allclose(stated, exact, rtol=1e-12, atol=0):
            raise WrongAnswer(f"{space.name}: objectives of {name} are off by more than 1e-12")
        indices.append(index)
        points.append(exact)
    common = np.intersect1d(*indices)
    if len(common) == 0:
        raise WrongAnswer(f"{space.name}: isoflop and {who} have no configuration in common")
    alone = []
    for side, name in ((0, "isoflop"), (1, who)):
        lone = points[side][~np.isin(indices[side], common)]
        unexplained = int(np.sum(~explained(lone, points[1 - side])))
        if unexplained:
            raise WrongAnswer(f"{space.name}: {unexplained} rows of {name} against {who} are no near-ties")
        alone.append(len(lone))
    return Agreement(len(common), *alone)


def explained(lone: Array, front: Array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell for each row of `lone` whether `front` differs from it by a near-tie only."""
    answer = np.empty(len(lone), dtype=bool)
    step = max(1, 10_000_000 // max(1, front.size))  # bounds the memory of the comparison
    for start in range(0, len(lone), step):
        mine = lone[start : start + step, None, :]
        slack = TOLERANCE * np.abs(mine)
        covered = (front[None] <= mine + slack).all(axis=2).any(axis=1)
        beaten = (front[None] < mine - slack).all(axis=2).any(axis=1)
        answer[start : start + step] = covered & ~beaten
    return answer
