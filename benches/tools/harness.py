"""Timing, the machine, and the table.

A benchmark is a function from `Options` to a list of `Line`; a line is one comparison and one row of the
table.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("isoflop", "numpy", "polars", "numba", "moocore", "paretoset")


class WrongAnswer(AssertionError):
    """Two contestants disagree by more than rounding explains; the benchmark's times mean nothing."""


@dataclass(frozen=True)
class Options:
    """How much to run."""

    quick: bool = False
    """Small sizes and few rounds: shows that everything runs and agrees, its times are no evidence."""


@dataclass(frozen=True)
class Line:
    """One row of the table.

    `ours` and `theirs` are in `unit`; times are in seconds, or in seconds a configuration. `ratio` is
    theirs over ours. `met` is whether the bar is met, ``None`` where there is no bar. `most` is the bar as a
    number where it is one of the unit.
    """

    name: str
    ours: float | None
    rival: str = ""
    theirs: float | None = None
    ratio: float | None = None
    bar: str = ""
    met: bool | None = None
    most: float | None = None
    unit: str = "s"
    note: str = ""
    raw: dict[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Return the row for the JSON file, raw numbers included."""
        return asdict(self)


@dataclass(frozen=True)
class Contestant:
    """Something to time: `run` is called `calls` times in each round, `every` rounds apart."""

    run: Callable[[], object]
    calls: int = 1
    configurations: int = 1
    """Times are divided by this."""


def alternate(contestants: Mapping[str, Contestant], rounds: int) -> dict[str, list[float]]:
    """Time the contestants in turn, `rounds` times over.

    Whoever has more `calls` contributes the median of them to each round. The order turns round from one
    round to the next, so that nobody always runs on the caches that somebody else left.

    Returns
    -------
    dict
        For each contestant its time in each round, in seconds for each configuration.
    """
    times: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            contestant = contestants[name]
            calls = []
            for _ in range(contestant.calls):
                start = time.perf_counter()
                contestant.run()
                calls.append(time.perf_counter() - start)
            times[name].append(statistics.median(calls) / contestant.configurations)
    return times


def versus(times: Mapping[str, Sequence[float]], rival: str, ours: str = "isoflop") -> float:
    """Return how many times longer `rival` takes: the median over rounds of the ratio within a round."""
    return statistics.median(b / a for a, b in zip(times[ours], times[rival], strict=True))


def compare(
    name: str,
    times: Mapping[str, Sequence[float]],
    *,
    least: Mapping[str, float] | None = None,
    most: Mapping[str, float] | None = None,
    notes: Mapping[str, str] | None = None,
    unit: str = "s",
    ours: str = "isoflop",
) -> list[Line]:
    """Make one line for each rival in `times`.

    `least` holds bars for the ratio theirs / ours; `most` holds bars for ours / theirs.
    """
    least, most, notes = least or {}, most or {}, notes or {}
    lines = []
    for rival in times:
        if rival == ours:
            continue
        ratio = versus(times, rival, ours)
        bar, met = "", None
        if rival in least:
            bar, met = f">= {least[rival]:g}x", ratio >= least[rival]
        elif rival in most:
            bar, met = f"isoflop <= {most[rival]:g} rival", 1 / ratio <= most[rival]
        lines.append(
            Line(
                name=name,
                ours=statistics.median(times[ours]),
                rival=rival,
                theirs=statistics.median(times[rival]),
                ratio=ratio,
                bar=bar,
                met=met,
                unit=unit,
                note=notes.get(rival, ""),
                raw={ours: list(times[ours]), rival: list(times[rival])},
            )
        )
    return lines


def limit(name: str, value: float, bar: float, *, unit: str = "s", note: str = "", raw: Any = None) -> Line:
    """Make the line of a plain bar: `value`, in `unit`, must be at most `bar`."""
    return Line(
        name=name,
        ours=value,
        bar=f"<= {show(bar, unit)}",
        met=value <= bar,
        most=bar,
        unit=unit,
        note=note,
        raw={"isoflop": raw if raw is not None else [value]},
    )


def show(value: float | None, unit: str) -> str:
    """Return a quantity with three significant digits and a unit that reads well."""
    if value is None:
        return ""
    if unit == "MiB":
        return f"{value:.0f} MiB"
    if unit == "power":
        return f"{value:.2f}"
    if unit == "count":
        return f"{value:.0f}"
    suffix = "/conf" if unit == "s/conf" else ""
    scales = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))
    scale, symbol = next((pair for pair in scales if abs(value) >= pair[0]), scales[-1])
    return f"{value / scale:.3g} {symbol}{suffix}"


def table(lines: Sequence[Line]) -> str:
    """Return the lines as an aligned table in plain text."""
    head = ("benchmark", "isoflop", "rival", "rival's", "ratio", "bar", "", "note")
    body: list[tuple[str, ...]] = []
    for line in lines:
        verdict = "" if line.met is None else ("pass" if line.met else "FAIL")
        ratio = "" if line.ratio is None else f"{line.ratio:.3g}x"
        ours, theirs = show(line.ours, line.unit), show(line.theirs, line.unit)
        body.append((line.name, ours, line.rival, theirs, ratio, line.bar, verdict, line.note))
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    right = {1, 3, 4}

    def draw(row: Sequence[str]) -> str:
        cells = zip(row, widths, range(len(row)), strict=True)
        return "  ".join(t.rjust(w) if i in right else t.ljust(w) for t, w, i in cells).rstrip()

    ruler = "  ".join("-" * width for width in widths)
    drawn, previous = [draw(head), ruler], ""
    for row in body:
        # The name stands once, at the first of its lines.
        drawn.append(draw(("" if row[0] == previous else row[0], *row[1:])))
        previous = row[0]
    return "\n".join(drawn)


def machine() -> dict[str, Any]:
    """Describe the machine and the versions of everything that takes part."""
    versions: dict[str, str | None] = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "architecture": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "versions": versions,
    }


def _cpu_model() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = (line.partition(":") for line in information.read_text().splitlines() if ":" in line)
        fields = {name.strip(): value.strip() for name, _, value in lines}
        if fields.get("model name"):
            family = f"family {fields.get('cpu family')} model {fields.get('model')}"
            return f"{fields['model name']} ({family})"
    return platform.processor() or "unknown"
