"""The page on forecasts, docs/forecasts.md: what laws said of larger runs, and what was measured there.

Every forecast is computed here; what was measured stands in tables at the heads of the sections.
"""

from __future__ import annotations

import warnings
from functools import cache
from math import exp, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from prose import MADE, count, flop, number, paragraph, percent, table

import isoflop as iso


class Run(NamedTuple):
    """A run that a law was not fitted to, and what was measured."""

    name: str
    law: str
    inputs: dict[str, float]
    measured: float
    fitted: float
    """The largest budget of the fit; 0 if it is not stated."""


LADDER = {"params": 13202396160.0, "tokens": 5000088518656.0}
DELPHI = {
    "Delphi, 1e21": ({"params": 3383110656.0, "tokens": 46256881664.0}, 2.75814),
    "Delphi, 1e23": ({"params": 24963098112.0, "tokens": 628172521472.0}, 2.35460),
}
MARIN = {1e21: 2.599, 1e23: 2.2333}

RUNS = (
    Run("OLMo 2 13B, loss on C4", "bhagia2024-c4", LADDER, 2.437876, 0.0),
    *(
        Run(name, law, plan if law != "delphi2026-minima" else {"tokens": plan["tokens"]}, loss, 3.1e20)
        for law in ("delphi2026-minima", "delphi2026", "delphi2026-floor")
        for name, (plan, loss) in DELPHI.items()
    ),
    *(
        Run(f"Marin experts, {flop(c)}", "marin2026-moe", {"train_flops": c}, loss, 3e20)
        for c, loss in MARIN.items()
    ),
)

# Issue 4447 of Marin: budgets and the least losses that were measured at them.
MINIMA = {1e18: 3.522, 3e18: 3.339, 1e19: 3.154, 3e19: 3.000, 1e20: 2.848, 3e20: 2.725}
FLOORS = (1.2, 1.4, 1.5, 1.6, 1.7, 1.8)
AHEAD = 1e23


def forecast(run: Run) -> float:
    """Return what a law says of a run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", iso.IsoflopWarning)
        return float(iso.law(run.law).loss(**run.inputs))


def line(floor: float, budgets: NDArray[np.float64], losses: NDArray[np.float64]) -> tuple[float, float]:
    """Return what a power law above a floor, fitted in logarithms, says at `AHEAD`, and how it misses."""
    slope, start = np.polyfit(np.log(budgets), np.log(losses - floor), 1)
    errors = floor + np.exp(start + slope * np.log(budgets)) - losses
    return floor + exp(start + slope * log(AHEAD)), float((errors**2).sum())


@cache
def with_floor(floor: float, runs: int = len(MINIMA)) -> float:
    """Return the forecast with a floor set by hand, from the first minima."""
    budgets, losses = (np.array(list(x)[:runs]) for x in (MINIMA, MINIMA.values()))
    return line(floor, budgets, losses)[0]


@cache
def fitted_floor(runs: int) -> tuple[float, float]:
    """Return the floor that fits the first minima best, to 1e-4, and its forecast."""
    budgets, losses = (np.array(list(x)[:runs]) for x in (MINIMA, MINIMA.values()))
    floors = np.arange(0, losses.min() - 0.05, 1e-4)
    best = min(floors, key=lambda floor: line(float(floor), budgets, losses)[1])
    return float(best), line(float(best), budgets, losses)[0]


def runs() -> list[str]:
    """Return the section on runs."""
    rows = []
    for run in RUNS:
        said = forecast(run)
        floor = iso.law(run.law).coefficients.get("E", 0.0)
        rows.append([
            run.name, f"`{run.law}`", "not stated" if not run.fitted else flop(run.fitted), number(floor, 4),
            f"{said:.4f}", f"{run.measured:.4f}", percent(said / run.measured - 1),
        ])  # fmt: skip
    off = {(run.law, run.name): abs(forecast(run) / run.measured - 1) for run in RUNS}
    far = {law: error for (law, name), error in off.items() if name == "Delphi, 1e23"}
    below = [law for law in far if iso.law(law).coefficients.get("E", 0.0) > DELPHI["Delphi, 1e23"][1]]
    best = min(far, key=far.__getitem__)
    return [
        "## Runs",
        table("run | law | fitted up to, FLOP | floor | forecast | measured | error", rows),
        paragraph(f"""Three forms fitted to the same runs of Delphi forecast its run at 1e23 FLOP.
            `{best}` is nearest, {percent(far[best])} off. The floor of {
            " and ".join(f"`{law}`" for law in below)
        } lies above what was measured, so that it can only be wrong, and more so with
            every further run; it has the best fit of the forms of size and tokens to the runs that it
            knew."""),
    ]


def floors() -> list[str]:
    """Return the section on the floor."""
    set_by_hand = [[number(floor), f"{with_floor(floor):.4f}"] for floor in FLOORS]
    free = [[flop(list(MINIMA)[n - 1], 1), *(f"{x:.3f}" for x in fitted_floor(n))] for n in (3, 4, 5, 6)]
    said = [with_floor(floor) for floor in FLOORS]
    nearest = min(FLOORS, key=lambda floor: abs(with_floor(floor) - MARIN[AHEAD]))
    forecasts = [fitted_floor(n)[1] for n in (3, 4, 5, 6)]
    climbs = "climbs" if forecasts == sorted(forecasts) else "moves"
    return [
        "## What the floor does",
        paragraph(f"""Six least losses of Marin's mixtures of experts, at 1e18 to 3e20 FLOP, fitted by
            us with a power of compute above a floor, and asked for {flop(AHEAD)}; {MARIN[AHEAD]} was
            measured later."""),
        table("floor, set by hand | forecast", set_by_hand),
        paragraph(f"""All six fit the minima to the eye, and their forecasts differ by
            {max(said) - min(said):.2f}; {number(nearest)} would have been right. Let the fit find the
            floor, and it depends on where the data end:"""),
        table("minima up to, FLOP | floor, fitted | forecast", free),
        paragraph(f"""The forecast {climbs} as minima are added, from {forecasts[0]:.3f} to
            {forecasts[-1]:.3f}. A forecast that is still moving when the last run comes in is not
            finished: say how it moved beside what it says."""),
    ]


@cache
def page() -> str:
    """Return the text of docs/forecasts.md."""
    sections = [
        MADE.format(module="forecasts"),
        "# Forecasts and what was measured",
        paragraph(f"""Laws are fitted to small runs and asked about large ones. Here are those of the
            catalogue whose authors, or others, then made the large run. OLMo 2 13B has
            {count(LADDER["tokens"])} tokens; its accuracies are on the page of
            [emergence](emergence.md)."""),
        *runs(),
        *floors(),
    ]
    return "\n\n".join(sections) + "\n"
