"""`filter`: `iso.pareto` on a frame against moocore and paretoset on an array, 1e6 points.

Rivals get the contiguous array that they want ready-made and return its rows; moocore is also timed from
frame to frame, as isoflop is. All compare to the bit here, so the answers must be equal, row for row.
"""

from __future__ import annotations

import multiprocessing
import statistics
from functools import partial
from multiprocessing.synchronize import Event

import moocore
import numpy as np
import polars as pl

from benches.tools import spaces
from benches.tools.harness import Contestant, Line, Options, WrongAnswer, alternate
from benches.tools.spaces import Array

SEED = 20220329
PATIENCE = 5.0
"""Seconds that paretoset may take. Where the front is a large part of the points its time grows with their
product: minutes for `plane`. It then leaves the contest, and its time is given as at least this."""


def points(quick: bool) -> dict[str, dict[str, Array]]:
    """Return the cases: columns to minimise, by name."""
    space = spaces.plane(150, 150) if quick else spaces.plane()
    at = space.columns(np.arange(space.size))
    loss, train_flops = space.values(at)
    cases = {
        "plane, 2 objectives": {"loss": loss, "train_flops": train_flops},
        "plane, 3 objectives": {
            "loss": loss,
            "train_flops": train_flops,
            "inference_flops_per_token": 2 * at["params"],
        },
    }
    generator = np.random.default_rng(SEED)
    for count in (2, 3, 4):
        uniform = generator.random((count, 20_000 if quick else 1_000_000))
        cases[f"uniform, {count} objectives"] = {f"f{i}": column for i, column in enumerate(uniform)}
    return cases


def isoflop(frame: pl.DataFrame) -> pl.DataFrame:
    """Filter a frame."""
    import isoflop as iso

    return iso.pareto(frame, minimize=frame.columns)


def with_moocore(array: Array) -> Array:
    """Filter an array."""
    return array[moocore.is_nondominated(array)]


def with_moocore_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """Filter a frame by way of an array."""
    return frame.filter(pl.Series(moocore.is_nondominated(frame.to_numpy(order="c"))))


def with_paretoset(array: Array) -> Array:
    """Filter an array, with numba, as is paretoset's default."""
    from paretoset import paretoset

    return array[paretoset(array)]


def in_time(array: Array, patience: float) -> bool:
    """Tell whether paretoset gets through `array` in `patience` seconds, compilation not counted."""
    with_paretoset(array[:100])
    context = multiprocessing.get_context("spawn")  # a fork of a process with polars' threads may hang
    warm = context.Event()
    process = context.Process(target=_trial, args=(array, warm), daemon=True)
    process.start()
    warm.wait(60)
    process.join(patience)
    finished = process.exitcode == 0
    if process.is_alive():
        process.kill()
        process.join()
    return finished


def _trial(array: Array, warm: Event) -> None:
    with_paretoset(array[:100])
    warm.set()
    with_paretoset(array)


def run(options: Options) -> list[Line]:
    lines = []
    for case, columns in points(options.quick).items():
        frame = pl.DataFrame(columns)
        array = np.ascontiguousarray(frame.to_numpy())
        ours = isoflop(frame).to_numpy()
        rivals = {"moocore": partial(with_moocore, array)}
        # Making the process of a trial takes seconds, too; below this there is nothing to fear.
        if len(array) * len(ours) < 1e9 or in_time(array, PATIENCE):
            rivals["paretoset"] = partial(with_paretoset, array)
        for who, rival in rivals.items():
            if not np.array_equal(ours, rival()):
                raise WrongAnswer(f"filter, {case}: isoflop has {len(ours)} rows, {who} {len(rival())}")
        if not np.array_equal(ours, with_moocore_frame(frame).to_numpy()):
            raise WrongAnswer(f"filter, {case}: isoflop and moocore from frame to frame differ")
        contestants = {"isoflop": Contestant(partial(isoflop, frame), 3)}
        contestants |= {who: Contestant(rival) for who, rival in rivals.items()}
        contestants["moocore, from a frame"] = Contestant(partial(with_moocore_frame, frame))
        times = alternate(contestants, rounds=2 if options.quick else 5)
        lines += _lines(f"filter: {case}", times, list(rivals), f"same {len(ours)} rows")
    return lines


def _lines(name: str, times: dict[str, list[float]], judged: list[str], note: str) -> list[Line]:
    lines = []
    for rival in times:
        if rival == "isoflop":
            continue
        ratio = statistics.median(b / a for a, b in zip(times["isoflop"], times[rival], strict=True))
        bar = ">= 1x" if rival in judged else ""
        lines.append(
            Line(
                name=name,
                ours=statistics.median(times["isoflop"]),
                rival=rival,
                theirs=statistics.median(times[rival]),
                ratio=ratio,
                bar=bar,
                met=ratio >= 1 if bar else None,
                note=note,
                raw={"isoflop": times["isoflop"], rival: times[rival]},
            )
        )
    if "paretoset" not in times:
        lines.append(
            Line(
                name=name,
                ours=statistics.median(times["isoflop"]),
                rival="paretoset",
                bar=">= 1x",
                met=statistics.median(times["isoflop"]) <= PATIENCE,
                note=f"stopped after {PATIENCE:g} s",
            )
        )
    return lines
