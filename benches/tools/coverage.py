"""Coverage of intervals, simulated: how often a 90 % interval holds the truth, for laws, designs and noises.

    python -m benches.coverage                 # every cell, 2,000 simulations each
    python -m benches.coverage --simulations 100 --cells besiroglu2024/iso60

A line for each cell and quantity: the share of intervals that hold the truth, the shares that miss it on each
side, and the median width in logarithms. Seeds are fixed.
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import isoflop as iso
from isoflop._fit.content import optimal_sizes

FORM = "E + A/params**alpha + B/tokens**beta"
NAMES = ("E", "A", "B", "alpha", "beta")
LAWS = {
    "besiroglu2024": (1.8172, 482.01, 2085.43, 0.3478, 0.3658),
    "hoffmann2022": (1.69, 406.4, 410.7, 0.34, 0.28),
    "flat": (1.62, 60.0, 120.0, 0.2526, 0.2622),
    "steep": (1.9, 1180.0, 6594.0, 0.40, 0.40),
}
DESIGNS = ("iso60", "iso30", "lad16", "chin240", "ck36")
NOISES = ("normal", "t3", "growing")
SPREAD = 0.004
RUNS = Path(__file__).parent.parent / "tests" / "data" / "runs" / "chinchilla_epoch.csv"


def optimum(law: tuple[float, ...], flops: float) -> float:
    """Return the size of least loss at 6*params*tokens."""
    _, a, b, alpha, beta = law
    return float((alpha * a / (beta * b)) ** (1 / (alpha + beta)) * (flops / 6) ** (beta / (alpha + beta)))


def design(name: str, law: tuple[float, ...]) -> tuple[np.ndarray[Any, Any], ...]:
    """Return size, tokens and run of every row."""
    if name == "lad16":
        sizes, times = np.meshgrid([190e6, 370e6, 760e6, 1.3e9], [1, 2, 5, 10], indexing="ij")
        return sizes.ravel(), (20 * sizes * times).ravel(), np.arange(16)
    if name == "chin240":
        own = pl.read_csv(RUNS).filter(pl.col("in_published_fit") == 1)
        return own["params"].to_numpy().astype(float), own["tokens"].to_numpy(), np.arange(240)
    count = {"iso60": 10, "iso30": 5, "ck36": 6}[name]
    params, tokens = [], []
    for flops in np.geomspace(1e18, 1e21, 6):
        for share in np.geomspace(0.25, 4, count):
            params.append(optimum(law, flops) * share)
            tokens.append(flops / 6 / params[-1])
    if name != "ck36":
        return np.array(params), np.array(tokens), np.arange(len(params))
    steps = np.array([0.25, 0.4, 0.55, 0.7, 0.85, 1.0])
    return np.repeat(params, 6), (np.array(tokens)[:, None] * steps).ravel(), np.repeat(np.arange(36), 6)


def noise(
    kind: str, flops: np.ndarray[Any, Any], runs: np.ndarray[Any, Any], random: np.random.Generator
) -> Any:
    """Return errors of the logarithm of the loss; rows of one run share the larger part of theirs."""

    def drawn(count: int) -> Any:
        return random.standard_t(3, count) if kind == "t3" else random.standard_normal(count)

    spread = np.full(len(flops), SPREAD)
    if kind == "growing":
        share = np.log(flops / flops.min()) / np.log(flops.max() / flops.min())
        spread = SPREAD * 2.8 ** (1 - share)
    if len(np.unique(runs)) == len(runs):
        return spread * drawn(len(runs))
    return spread * (0.8 * drawn(runs.max() + 1)[runs] + 0.6 * drawn(len(runs)))


def simulate(cell: tuple[str, str, str, int, int]) -> list[tuple[str, float, float, float]]:
    """Return, for each quantity of some simulations, the truth and the ends of its interval."""
    law_name, design_name, kind, first, count = cell
    law = LAWS[law_name]
    params, tokens, runs = design(design_name, law)
    e, a, b, alpha, beta = law
    loss = e + a / params**alpha + b / tokens**beta
    far = 100 * float((6 * params * tokens).max())
    best = optimum(law, far)
    truth = dict(zip(NAMES, law, strict=True))
    aim = pl.DataFrame({"params": [best], "tokens": [far / 6 / best]})
    at = e + a / best**alpha + b / aim["tokens"][0] ** beta
    rows = []
    seed = [list(LAWS).index(law_name), DESIGNS.index(design_name), NOISES.index(kind)]
    for number in range(first, first + count):
        random = np.random.default_rng([*seed, number])
        made = loss * np.exp(noise(kind, 6 * params * tokens, runs, random))
        frame = pl.DataFrame({"params": params, "tokens": tokens, "loss": made, "run": runs})
        found = iso.fit(frame, FORM, groups="run", threads=1)
        for row in found.coefficients.iter_rows(named=True):
            rows.append((row["coefficient"], truth[row["coefficient"]], row["low"], row["high"]))
        predicted = found.predict(aim)
        rows.append(("loss", at, predicted["low"][0], predicted["high"][0]))
        sizes = optimal_sizes(found.draws, np.array([far]))[:, 0]
        low, high = np.nanquantile(sizes, [0.05, 0.95])
        rows.append(("size", best, float(low), float(high)))
    return rows


def cells(wanted: list[str], simulations: int) -> Iterator[tuple[str, str, str, int, int]]:
    """Return the cells, cut into jobs."""
    for law in LAWS:
        for name in DESIGNS:
            for kind in NOISES:
                if not wanted or any(f"{law}/{name}/{kind}".startswith(word) for word in wanted):
                    for first in range(0, simulations, 50):
                        yield law, name, kind, first, min(50, simulations - first)


def main() -> None:
    """Simulate, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=2000)
    parser.add_argument("--cells", nargs="*", default=[])
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    chosen = parser.parse_args()
    jobs = list(cells(chosen.cells, chosen.simulations))
    tables: dict[tuple[str, str, str], list[tuple[str, float, float, float]]] = {}
    with ProcessPoolExecutor(chosen.workers, mp_context=get_context("spawn")) as pool:
        for job, rows in zip(jobs, pool.map(simulate, jobs), strict=True):
            tables.setdefault(job[:3], []).extend(rows)
            if job[3] + job[4] >= chosen.simulations:
                report("/".join(job[:3]), tables.pop(job[:3]))


def report(cell: str, rows: list[tuple[str, float, float, float]]) -> None:
    """Print a line for each quantity of a cell."""
    for name in (*NAMES, "loss", "size"):
        own = [row[1:] for row in rows if row[0] == name]
        below = sum(truth < low for truth, low, _ in own) / len(own)
        above = sum(truth > high for truth, _, high in own) / len(own)
        widths = [math.log(high / low) if 0 < low < high < math.inf else math.inf for _, low, high in own]
        missed = f"below {below:6.3f}  above {above:6.3f}"
        line = f"{cell:32}{name:6} inside {1 - below - above:6.3f}  {missed}  width {np.median(widths):8.4f}"
        print(line, flush=True)


if __name__ == "__main__":
    main()
