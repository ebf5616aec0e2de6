"""`plan`: what a recommendation with second opinions takes, in a program and from the command line."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from benches.tools.harness import Contestant, Line, Options, WrongAnswer, alternate, limit

BARS = {"loss": 0.015, "loss, mixture, two pools": 0.1, "loss, mixture, five pools": 0.3}
"""Seconds that a plan may take; others may take `BAR`, the command `COMMAND_BAR` more than Polars alone."""

BAR, COMMAND_BAR = 0.5, 0.35
POOLS = {
    "pool": ["curated", "web"],
    "quality": [1.0, 0.4],
    "unique_tokens": [3e12, None],
    "usd_per_token": [4e-7, 2e-8],
}
FIVE = {
    "pool": ["p0", "p1", "p2", "p3", "p4"],
    "quality": [1.039, 0.762, 1.042, 1.335, 0.5],
    "unique_tokens": [3.07e13, 2.6e9, 3.04e11, 5.5e10, 1e13],
}
LOSSES = {"loss": 1.9597124, "loss, mixture, five pools": 1.9407249}
"""Of these the loss is known."""

QUESTIONS: dict[str, dict[str, Any]] = {
    "loss": {"flops": 1e24},
    "loss, two pools": {"usd": 1e7, "pools": pl.DataFrame(POOLS)},
    "loss, mixture, two pools": {
        "gpu_count": 2048, "days": 60, "pools": pl.DataFrame(POOLS), "moe_gain": 0.35, "serving_bytes": 512e9,
    },
    "loss, mixture, five pools": {
        "flops": 7.65e23, "moe_gain": 0.305, "where": ["active_params <= 2e10"], "pools": pl.DataFrame(FIVE),
    },
    "serving": {"usd": 1e6, "goal": "serving", "inference_tokens": 1e13},
    "data": {"flops": 5e23, "goal": "data", "params": 8e9, "pools": pl.DataFrame(POOLS)},
}  # fmt: skip


def run(options: Options) -> list[Line]:
    import isoflop as iso

    plans = {name: partial(iso.plan, **question) for name, question in QUESTIONS.items()}
    for name, plan in plans.items():
        found = plan()
        again = found.sweep.best(minimize="loss")["loss"].item()
        if found.recommended["loss"].item() != again:
            raise WrongAnswer(f"plan: {name}: the sweep's best has another loss, {again}")
        known = LOSSES.get(name)
        if known is not None and abs(again - known) > 1e-6:
            raise WrongAnswer(f"plan: {name}: the loss is {again}, not {known}")
    rounds = 2 if options.quick else 5
    times = alternate({name: Contestant(plan) for name, plan in plans.items()}, rounds)
    lines = [
        limit(f"plan: {name}", statistics.median(seconds), BARS.get(name, BAR), raw=seconds)
        for name, seconds in times.items()
    ]
    commands, alone = zip(*((_command(), _polars()) for _ in range(rounds)), strict=True)
    bar = statistics.median(alone) + COMMAND_BAR
    return [*lines, limit("isoflop plan", statistics.median(commands), bar, raw=list(commands))]


def _polars() -> float:
    """Return how long it takes to start Python and import Polars."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import polars"], check=True)
    return time.perf_counter() - start


def _command() -> float:
    command = [str(Path(sys.executable).with_name("isoflop")), "plan", "--flops", "1e24"]
    start = time.perf_counter()
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds = time.perf_counter() - start
    if "18.1 per parameter" not in told:
        raise WrongAnswer(f"isoflop plan: no 18.1 tokens per parameter in {told!r}")
    return seconds
