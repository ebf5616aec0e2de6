"""The pace of the machine: a fixed Python loop, timed before and after the benchmarks.

Bars in seconds are those of the machine of `benches/results` when nothing else runs on it. Where the loop is
slower than it was there, such bars are scaled by as much; where it is quicker they stay. Ratios need none of
this.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from .harness import Line, show

QUIET = 0.0285
"""Seconds that the loop takes on the machine of the results when nothing else runs: the least of many."""

STEPS = 1_000_000
ROUNDS = 7


def pace() -> float:
    """Return the median time of the loop."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        total = 0
        for step in range(STEPS):
            total += step & 3
        times.append(time.perf_counter() - start)
        assert total == STEPS // 4 * 6
    return sorted(times)[ROUNDS // 2]


def scaled(lines: Sequence[Line], slower: float) -> list[Line]:
    """Return the lines, judged by bars in seconds that are `slower` times as long, where that is above 1."""
    if slower <= 1:
        return list(lines)
    judged = []
    for line in lines:
        if line.most is not None and line.ours is not None and line.unit in ("s", "s/conf"):
            bar = f"{line.bar} x {slower:.2f} = {show(line.most * slower, line.unit)}"
            line = replace(line, bar=bar, met=line.ours <= line.most * slower)
        judged.append(line)
    return judged
