"""Time against the size of the space, for `search`: all axes of `card` refined together.

Each contestant goes as far as it can in a few seconds.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial

import numpy as np
import polars as pl

from benches.rivals import baseline
from benches.tools import agree, chart, spaces
from benches.tools.harness import Contestant, Line, Options, alternate, compare, machine
from benches.tools.memory import TOP
from benches.tools.spaces import Space
from benches.yardsticks import card

SHAPES = {
    10**3: (10, 10, 5, 2),
    10**4: (20, 20, 5, 5),
    10**5: (40, 25, 10, 10),
    10**6: (100, 100, 10, 10),
    10**7: (316, 316, 10, 10),
    10**8: (1000, 1000, 10, 10),
    10**9: (1778, 1778, 18, 18),
    10**10: (3162, 3162, 32, 32),
    10**11: (5623, 5623, 56, 56),
    10**12: spaces.TRILLION,
}
"""By the size they are close to; from 1e8 on the axes keep their proportions."""

CHART = TOP / "benches" / "results" / "growth.svg"
POWER_BAR = 0.6
SMALL_BAR = 1.2
SAMPLE = 100_000


def searched(space: Space) -> pl.DataFrame:
    """Make the sweep, search, return the frame."""
    return space.pareto(method="search")


def enumerated(space: Space) -> pl.DataFrame:
    """The same, looking at every configuration."""
    return space.pareto(method="enumerate")


CONTESTANTS: dict[str, tuple[Callable[[Space], pl.DataFrame], int]] = {
    "pure Python": (baseline.card, 10**7),
    "NumPy + moocore": (card.numpy_moocore, 10**7),
    "enumeration": (enumerated, 10**9),
    "search": (searched, 10**12),
}
"""What answers, and up to which size."""


def run(options: Options) -> list[Line]:
    most = 10**6 if options.quick else 10**12
    sizes = [size for size in SHAPES if size <= most]
    series = measure(sizes, rounds=1 if options.quick else 3)
    cores = machine()["cores"]
    title = f"The exact front of loss against dollars, {cores} cores"
    across = "size of the space (configurations)"
    picture = chart.log_log(series, title, across, left=("pure Python", "search"))
    if not options.quick:
        CHART.write_text(picture)
    return [power(series["search"][-5:]), *small(options)]


def measure(sizes: list[int], rounds: int) -> dict[str, list[tuple[int, float]]]:
    """Return sizes and seconds for each contestant."""
    series: dict[str, list[tuple[int, float]]] = {name: [] for name in CONTESTANTS}
    for size in sizes:
        space = spaces.card(*SHAPES[size])
        taking_part = {name: answer for name, (answer, most) in CONTESTANTS.items() if size <= most}
        check(space, taking_part)
        calls = max(1, min(20, 10**6 // size))
        contestants = {
            name: Contestant(partial(answer, space), calls) for name, answer in taking_part.items()
        }
        for name, times in alternate(contestants, rounds).items():
            series[name].append((space.size, statistics.median(times)))
    return series


def check(space: Space, contestants: dict[str, Callable[[Space], pl.DataFrame]]) -> None:
    """Compare the answers of all who take part; a search that has no rival is sampled."""
    ours = searched(space)
    if len(contestants) == 1:
        agree.unrivalled(space, ours, SAMPLE)
    for name, answer in contestants.items():
        if name == "enumeration":
            agree.identical(space, ours, answer(space))
        elif name != "search" and space.size < 5_000_000:  # agreement is quadratic in the rows
            agree.fronts(space, ours, answer(space), name)


def power(points: list[tuple[int, float]]) -> Line:
    """Fit time as a power of the size of the space."""
    sizes, seconds = np.log(np.array(points)).T
    exponent = float(np.polyfit(sizes, seconds, 1)[0])
    spent = ", ".join(f"{size:.0e}: {time:.3g} s" for size, time in points)
    return Line(
        name="search: growth",
        ours=exponent,
        bar=f"<= {POWER_BAR:g}",
        met=exponent <= POWER_BAR,
        unit="power",
        note=f"time as a power of size; {spent}",
        raw={"isoflop": points},
    )


def small(options: Options) -> list[Line]:
    """Where a search does not pay, isoflop's own choice must not cost anything."""
    lines = []
    for size in (10**3, 10**4, 10**5):
        space = spaces.card(*SHAPES[size])
        note = agree.identical(space, space.pareto(method="auto"), enumerated(space))
        calls = 10 if options.quick else 40
        contestants = {
            "isoflop": Contestant(partial(space.pareto, method="auto"), calls),
            "enumeration": Contestant(partial(enumerated, space), calls),
        }
        times = alternate(contestants, rounds=3 if options.quick else 15)
        name = f"search: {size:.0e} plans, automatic"
        lines += compare(name, times, most={"enumeration": SMALL_BAR}, notes={"enumeration": note})
    return lines
