"""`tiny`: 1,000 configurations, from axes to front, in a loop: what a call costs.

The sweep is made anew each time, its axes too, as in a script that asks ten thousand such questions.
"""

from __future__ import annotations

import statistics
import warnings
from functools import partial

import polars as pl

from benches.rivals import baseline
from benches.tools import agree, spaces
from benches.tools.harness import Contestant, Line, Options, WrongAnswer, alternate, compare, limit
from benches.tools.spaces import Space
from benches.yardsticks import card

BAR = 300e-6
SHAPE = (10, 10, 5, 2)


def isoflop(space: Space) -> pl.DataFrame:
    """Make axes and sweep as a user would write them, search, return the frame."""
    import isoflop as iso

    sweep = iso.Sweep(
        {
            "params": iso.geomspace(1e8, 1e12, SHAPE[0]),
            "tokens": iso.geomspace(1e9, 1e14, SHAPE[1]),
            "activation": iso.geomspace(1 / 32, 1, SHAPE[2]),
            "quality": iso.linspace(0.5, 2, SHAPE[3]),
            "moe_gain": spaces.MOE_GAIN,
        },
        law="besiroglu2024",
        quantities={"usd": spaces.USD},
    )
    return sweep.pareto(minimize=["loss", "usd"])


def run(options: Options) -> list[Line]:
    space = spaces.card(*SHAPE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Axes made by NumPy may differ from isoflop's in their last bits: compared on the same ones.
        ours = space.pareto(method="auto")
        rivals = {"pure Python": baseline.card, "NumPy + moocore": card.numpy_moocore}
        notes = {who: str(agree.fronts(space, ours, rival(space), who)) for who, rival in rivals.items()}
        if isoflop(space).height != ours.height:
            raise WrongAnswer("tiny: isoflop's own axes give a front of another size")
        calls = 20 if options.quick else 100
        contestants = {
            "isoflop": Contestant(partial(isoflop, space), calls),
            "pure Python": Contestant(partial(baseline.card, space), calls // 10),
            "NumPy + moocore": Contestant(partial(card.numpy_moocore, space), calls),
        }
        times = alternate(contestants, rounds=2 if options.quick else 5)
    time = statistics.median(times["isoflop"])
    return [limit("tiny", time, BAR, raw=times["isoflop"]), *compare("tiny", times, notes=notes)]
