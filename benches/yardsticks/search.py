"""`search`: what branch and bound makes of spaces that are too large to look through.

Where enumeration can follow, both answer and must agree to the bit. Where it cannot, the front is checked
against samples of the space, the best against a loop over what the limits leave.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl

from benches.tools import agree, spaces
from benches.tools.harness import Contestant, Line, Options, WrongAnswer, alternate, compare, limit
from benches.tools.memory import peak
from benches.tools.spaces import Space
from benches.yardsticks import growth
from benches.yardsticks.growth import enumerated, searched

BILLION_BAR, TRILLION_BAR, THREEWAY_BAR, BEST_BAR, NEAR_BAR = 0.10, 1.0, 2.5, 0.040, 0.2  # seconds
MEMORY_BAR = 500.0  # MiB
BILLION_RATIO, OTHER_RATIO = 10.0, 5.0
SAMPLE = 1_000_000
WITHIN = 1e-4
USD_LIMIT = 1e7


def run(options: Options) -> list[Line]:
    quick = options.quick
    billion = spaces.card(*((100, 100, 16, 16) if quick else spaces.BILLION))
    trillion = (1000, 1000, 10, 10) if quick else spaces.TRILLION
    lines = against_enumeration("billion", billion, BILLION_RATIO, BILLION_BAR, rounds=2 if quick else 3)
    lines += large(spaces.card(*trillion), rounds=2 if quick else 5)
    if not quick:
        lines.append(threeway(spaces.threeway(*trillion)))
    lines.append(best(spaces.limited(*trillion)))
    lines.append(near(billion, spaces.card(*((40, 40, 32, 32) if quick else (100, 100, 20, 20)))))
    moe = spaces.moe(16, 16, 200, 8) if quick else spaces.moe()
    kaplan = spaces.kaplan(100, 100, 16) if quick else spaces.kaplan()
    for space in (moe, kaplan):
        lines += against_enumeration(space.name, space, OTHER_RATIO, rounds=2)
    return lines + growth.run(options)


def against_enumeration(
    name: str, space: Space, least: float, bar: float | None = None, *, rounds: int
) -> list[Line]:
    """Compare with enumeration, and with a bar in seconds if there is one."""
    note = agree.identical(space, searched(space), enumerated(space))
    contestants = {
        "isoflop": Contestant(partial(searched, space), 3),
        "enumeration": Contestant(partial(enumerated, space)),
    }
    times = alternate(contestants, rounds)
    name = f"search: {name}"
    lines = compare(name, times, least={"enumeration": least}, notes={"enumeration": note})
    if bar is not None:
        seconds = statistics.median(times["isoflop"])
        lines.insert(0, limit(name, seconds, bar, note=note, raw=times["isoflop"]))
    return lines


def large(space: Space, rounds: int) -> list[Line]:
    """A trillion configurations, which nobody else can look through: time and memory."""
    note = agree.unrivalled(space, searched(space), SAMPLE)
    line = _timed("trillion", partial(searched, space), TRILLION_BAR, rounds, note)
    memory = peak("growth", "searched", space)
    return [line, limit("search: trillion, extra memory", memory, MEMORY_BAR, unit="MiB")]


def threeway(space: Space) -> Line:
    """Three objectives over as many configurations."""
    # Without an order to search in, each sampled configuration meets each row.
    note = agree.unrivalled(space, searched(space), SAMPLE // 100)
    return _timed("threeway", partial(searched, space), THREEWAY_BAR, 3, note)


def best(space: Space) -> Line:
    """Least loss under two limits."""

    def answer() -> pl.DataFrame:
        return space.sweep().best(minimize="loss", method="search")

    found = answer()
    expected = _least_loss(space)
    if found.height != 1 or abs(found["loss"][0] - expected) > 1e-12 * expected:
        raise WrongAnswer(f"search: the best has loss {found['loss'].to_list()}, a loop finds {expected!r}")
    return _timed("best", answer, BEST_BAR, 15, "1 row, that of a loop over params and activation")


def _least_loss(space: Space) -> float:
    """Find the least loss by hand: it falls with tokens and quality, so the most of both is taken."""
    n, d, a, q = space.axes.values()
    n = n[n * 2.0 <= spaces.WEIGHT_LIMIT][:, None]
    active = n * a
    most = np.searchsorted(d, spaces.FLOP_LIMIT / (6 * active), side="right") - 1
    (losses,) = space.values({"params": n, "tokens": d[most], "activation": a, "quality": q[-1]})
    return float(losses[most >= 0].min())


def near(space: Space, coarse: Space) -> Line:
    """All that is within a ten-thousandth of the least loss for ten million dollars."""
    space, coarse = (replace(each, where=(f"usd <= {USD_LIMIT!r}",)) for each in (space, coarse))

    def answer(space: Space) -> pl.DataFrame:
        return space.sweep().near(minimize="loss", within=WITHIN, columns="usd")

    table = coarse.sweep().table(columns=coarse.objectives)
    reach = table["loss"].to_numpy().min() * (1 + WITHIN)
    within = table.filter(pl.col("loss") <= reach).sort("loss", *coarse.axes)
    if not answer(coarse).drop("extrapolation").equals(within):
        raise WrongAnswer("search: what is near in the coarse space is not what its table holds near")
    found = answer(space)
    agree.rows(space, found)
    least = space.sweep().best(minimize="loss", method="enumerate")["loss"][0]
    losses, usd = found["loss"].to_numpy(), found["usd"].to_numpy()
    if losses[0] != least or losses.max() > least * (1 + WITHIN) or usd.max() > USD_LIMIT:
        raise WrongAnswer("search: what is near the best is not")
    return _timed("near", partial(answer, space), NEAR_BAR, 7, f"{found.height:,} rows")


def _timed(name: str, answer: Callable[[], object], bar: float, rounds: int, note: str) -> Line:
    times = alternate({"isoflop": Contestant(answer)}, rounds)["isoflop"]
    return limit(f"search: {name}", statistics.median(times), bar, note=note, raw=times)
