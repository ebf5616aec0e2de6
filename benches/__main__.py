"""Run the benchmarks, print the table, keep the numbers."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
import warnings
from datetime import UTC, datetime
from pathlib import Path

from benches.tools.harness import Options, machine, table
from benches.tools.pace import QUIET, pace, scaled

SUBJECTS = (
    "card",
    "plane",
    "kaplan",
    "best",
    "filter",
    "tiny",
    "startup",
    "plan",
    "bits",
    "search",
    "refusal",
    "shapes",
)
RESULTS = Path(__file__).resolve().parent / "results"


def main(arguments: list[str]) -> int:
    """Run what the command line asks for; return 1 if a bar was missed."""
    parser = argparse.ArgumentParser(prog="python -m benches", description=__doc__)
    parser.add_argument("--only", action="append", choices=SUBJECTS, metavar="NAME", help=", ".join(SUBJECTS))
    parser.add_argument("--quick", action="store_true", help="small sizes; bars are shown but mean nothing")
    parser.add_argument("--json", type=Path, help="where to keep the numbers (default: benches/results)")
    chosen = parser.parse_args(arguments)
    subjects = chosen.only or list(SUBJECTS)
    if chosen.json is None:
        whole = not chosen.only and not chosen.quick
        chosen.json = RESULTS / (
            "latest.json" if whole else "-".join(["quick"] * chosen.quick + subjects) + ".json"
        )

    lines, seconds, load, loop = [], {}, [os.getloadavg()[0]], [pace()]
    # The yardsticks leave the fitted range of their laws on purpose; saying so is tested elsewhere.
    warnings.simplefilter("ignore")
    for subject in subjects:
        print(f"{subject} ...", end="", flush=True, file=sys.stderr)
        start = time.perf_counter()
        lines += importlib.import_module(f"benches.yardsticks.{subject}").run(Options(quick=chosen.quick))
        seconds[subject] = time.perf_counter() - start
        print(f" {seconds[subject]:.0f} s", file=sys.stderr)

    load.append(os.getloadavg()[0])
    loop.append(pace())
    slower = sum(loop) / 2 / QUIET
    lines = scaled(lines, slower)
    about = machine()
    print(f"{about['cpu']}, {about['cores']} cores, {about['system']} {about['architecture']}")
    print(", ".join(f"{name} {version}" for name, version in about["versions"].items()))
    print(f"Load average of the last minute: {load[0]:.2f} before, {load[1]:.2f} after.")
    print(
        f"A fixed Python loop took {loop[0]:.3f} s before and {loop[1]:.3f} s after, {slower:.2f} times what "
        "it takes on a quiet machine; bars in seconds are scaled by that where it is above 1."
    )
    print()
    print(table(lines))
    print()
    print("Times are medians, ratios medians over rounds in which the contestants take turns.")
    print("A time per configuration (/conf) is that of the whole job divided by the size of the space.")
    missed = [line for line in lines if line.met is False]
    judged = [line for line in lines if line.met is not None]
    print(f"{len(judged) - len(missed)} of {len(judged)} bars met in {sum(seconds.values()):.0f} s.")

    record = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": chosen.quick,
        "machine": about,
        "load": load,
        "loop": loop,
        "seconds": seconds,
        "lines": [line.record() for line in lines],
    }
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(record, indent=1) + "\n")
    return 1 if missed and not chosen.quick else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
