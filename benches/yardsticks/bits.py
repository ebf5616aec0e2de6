"""`bits`: the same bits at every SIMD level and on 1, 2 and 3 threads.

``python -m benches.yardsticks.bits`` prints the digests of the level that ISOFLOP_SIMD names, as JSON.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import warnings
from dataclasses import replace

import polars as pl

from benches.tools import spaces
from benches.tools.harness import Line, Options, WrongAnswer
from benches.tools.memory import TOP

THREADS = (1, 2, 3)

# Every kernel and every rounded operation, on numbers that are not round.
COLUMNS = {
    "e": "exp(-loss)",
    "l": "log(usd) + log2(usd) * log10(usd)",
    "s": "sqrt(usd) / loss",
    "p": "loss**-3 + usd**loss + max(loss, log(usd))**0.5",
}


def _digest(frame: pl.DataFrame) -> str:
    digest = hashlib.sha256()
    for column in frame.columns:
        digest.update(column.encode())
        digest.update(frame[column].to_numpy().tobytes())
    return digest.hexdigest()


def digests() -> dict[str, str]:
    """Return the digest of each answer, by question and number of threads."""
    answers = {}
    questions = (spaces.card(37, 41, 9, 7), spaces.kaplan(53, 61, 7), spaces.best(21, 23, 9, 7))
    for space in questions:
        sweep = replace(space, quantities=space.quantities | {"usd": spaces.USD} | COLUMNS).sweep()
        for threads in THREADS:
            front = sweep.pareto(
                minimize=["loss", "usd"], columns=list(COLUMNS), method="enumerate", threads=threads
            )
            table = sweep.table(columns=["loss", "usd", *COLUMNS], threads=threads)
            best = sweep.best(minimize="loss", columns=list(COLUMNS), method="enumerate", threads=threads)
            for kind, frame in (("front", front), ("table", table), ("best", best)):
                if frame.is_empty():
                    raise WrongAnswer(f"bits: the {kind} of {space.name} is empty")
                answers[f"{space.name} {kind}, {threads} threads"] = _digest(frame)
    return answers


def run(options: Options) -> list[Line]:
    from isoflop import _native

    found: dict[str, dict[str, str]] = {}
    levels = _native.simd_levels()
    for level in levels:
        command = [sys.executable, "-m", "benches.yardsticks.bits"]
        environment = os.environ | {"ISOFLOP_SIMD": level}
        done = subprocess.run(command, cwd=TOP, env=environment, check=True, capture_output=True, text=True)
        for answer, digest in json.loads(done.stdout).items():
            question = answer.split(",")[0]
            found.setdefault(question, {})[f"{level}, {answer.split(', ')[1]}"] = digest
    different = [question for question, by in found.items() if len(set(by.values())) > 1]
    ways = len(levels) * len(THREADS)
    return [
        Line(
            name="identical bits",
            ours=max(len(set(by.values())) for by in found.values()),
            bar="1 digest each",
            met=not different,
            unit="count",
            note=f"{len(found)} answers, {ways} ways: {', '.join(levels)} x {THREADS} threads",
            raw=found,
        )
    ]


def _main() -> None:
    from isoflop import _native

    wanted = os.environ.get("ISOFLOP_SIMD")
    if wanted and _native.simd_level() != wanted:
        raise WrongAnswer(f"bits: asked for {wanted}, got {_native.simd_level()}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        print(json.dumps(digests()))


if __name__ == "__main__":
    _main()
