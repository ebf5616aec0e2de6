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
from numpy.typing import NDArray

from benches.tools.harness import WrongAnswer
from benches.tools.spaces import Array, Space

SEED = 20250205
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
    indices, points = zip(rows(space, ours, "isoflop"), rows(space, theirs, who), strict=True)
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


def rows(space: Space, frame: pl.DataFrame, who: str = "isoflop") -> tuple[NDArray[np.int64], Array]:
    """Return the indices of a front and its objectives in the common arithmetic, having checked both.

    Raises
    ------
    WrongAnswer
        If the front holds a configuration twice or its numbers are off.
    """
    index = space.index(frame)
    if len(np.unique(index)) != len(index):
        raise WrongAnswer(f"{space.name}: the front of {who} holds a configuration twice")
    exact = np.column_stack(space.values(space.columns(index)))
    if not np.allclose(frame.select(space.objectives).to_numpy(), exact, rtol=1e-12, atol=0):
        raise WrongAnswer(f"{space.name}: objectives of {who} are off by more than 1e-12")
    return index, exact


def identical(space: Space, ours: pl.DataFrame, theirs: pl.DataFrame) -> str:
    """Compare two of isoflop's own answers, which must be equal row for row and bit for bit."""
    if ours.is_empty() or not ours.equals(theirs):
        raise WrongAnswer(
            f"{space.name}: isoflop has {ours.height} rows in one way, {theirs.height} in another"
        )
    rows(space, ours)
    return f"same {ours.height:,} rows"


def unrivalled(space: Space, frame: pl.DataFrame, sample: int) -> str:
    """Check a front that nobody else can make.

    No row dominates another; and of `sample` random configurations, and as many next to rows of the front,
    each has a row that is no worse in any objective by more than the resolution. Together: none of them
    dominates a row by more than that.

    Raises
    ------
    WrongAnswer
        If the front fails.
    """
    import isoflop as iso

    index, _ = rows(space, frame)
    points = frame.select(space.objectives).to_numpy()
    if iso.pareto(frame, minimize=list(space.objectives)).height != frame.height:
        raise WrongAnswer(f"{space.name}: a row of the front is dominated by another")
    random = np.random.default_rng(SEED)
    drawn = [random.integers(space.size, size=sample), _beside(space, random.choice(index, sample), random)]
    resolutions = np.array([space.resolution.get(name, TOLERANCE) for name in space.objectives])
    for configurations in drawn:
        other = np.column_stack(space.values(space.columns(configurations)))
        # A little more than the resolution: these numbers are rounded elsewhere than isoflop's.
        missed = int(np.sum(~_covered(other * (1 + 1.001 * resolutions), points)))
        if missed:
            raise WrongAnswer(f"{space.name}: {missed} of {sample} configurations are better than the front")
    return f"{frame.height:,} rows, none beaten by {2 * sample:,} sampled"


def _beside(space: Space, index: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """Return configurations at most one step from those of `index` along each axis."""
    steps = random.integers(-1, 2, size=(len(space.shape), len(index)))
    positions = np.array(np.unravel_index(index, space.shape)) + steps
    ends = np.array(space.shape)[:, None] - 1
    return np.ravel_multi_index(tuple(np.clip(positions, 0, ends)), space.shape).astype(np.int64)


def _covered(limits: Array, front: Array) -> NDArray[np.bool_]:
    """Tell for each row of `limits` whether a row of `front`, best first, exceeds it nowhere."""
    if front.shape[1] == 2:
        # As the first objective rises along the front, the second falls: the last row within reach decides.
        within = np.searchsorted(front[:, 0], limits[:, 0], side="right")
        return (within > 0) & (front[within - 1, 1] <= limits[:, 1])
    answer = np.empty(len(limits), dtype=bool)
    step = max(1, 10_000_000 // front.size)  # bounds the memory of the comparison
    for start in range(0, len(limits), step):
        answer[start : start + step] = (front <= limits[start : start + step, None]).all(axis=2).any(axis=1)
    return answer


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
