"""What a search promises: the answer of an enumeration, a certificate, and no memory for the space.

Both methods against each other on sweeps as users write them; against an oracle they stand in
`test_properties` (small and random) and `test_large_spaces` (blocks, rounds, threads).
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import isoflop as iso

# Without a fitted range, so that no warning is due.
LAW = iso.Law("E + A/effective_params**0.34 + B/effective_tokens**0.28", {"E": 1.7, "A": 400.0, "B": 410.0})
COST = {"usd": "train_usd + tokens * 1e-7 * quality**3"}


def space(params: int, tokens: int, activation: int, quality: int, **changes: Any) -> iso.Sweep:
    """A sweep of four axes of these lengths."""
    axes: dict[str, Any] = {
        "params": iso.geomspace(1e8, 1e12, params),
        "tokens": iso.geomspace(1e9, 1e14, tokens),
        "activation": iso.geomspace(1 / 32, 1, activation),
        "quality": iso.linspace(0.5, 2, quality),
        "moe_gain": 0.5,
    }
    return iso.Sweep(axes, law=LAW, quantities=COST).replace(**changes)


SMALL = space(30, 40, 5, 6)
LARGE = space(200, 200, 25, 20)

QUESTIONS: dict[str, dict[str, Any]] = {
    "two": {"minimize": ["loss", "usd"]},
    "two, coarse": {"minimize": ["loss", "usd"], "resolution": 0.01},
    "three": {"minimize": ["loss", "usd"], "maximize": "activation", "resolution": 0.05},
    "one": {"maximize": "loss"},
    "ties": {"minimize": ["floor(10 * loss)", "floor(log10(usd))"], "ties": "all"},
    "rows": {"minimize": ["loss", "usd"], "rows": 50},
}


def counts(profile: iso.Profile) -> iso.Profile:
    """What a profile counts, threads and seconds aside."""
    return replace(profile, threads=0, seconds={})


def assert_same_by_both_methods(sweep: iso.Sweep, **question: Any) -> pl.DataFrame:
    searched, profile = sweep.profile(**question, method="search")
    enumerated, other = sweep.profile(**question, method="enumerate")
    assert (profile.method, other.method) == ("search", "enumerate")
    assert profile.resolution == other.resolution
    assert profile.gap == other.gap
    assert_frame_equal(searched, enumerated, check_exact=True)
    return searched


# The same answer ----------------------------------------------------------------------------------


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("where", [(), ("usd <= 1e8", "params * activation >= 1e9")], ids=["all", "where"])
def test_a_search_answers_as_an_enumeration_does(question: str, where: tuple[str, ...]) -> None:
    assert assert_same_by_both_methods(SMALL.replace(where=where), **QUESTIONS[question]).height > 0


@pytest.mark.parametrize("rows", [3, 7, 40, 300, 10_000])
@pytest.mark.parametrize(
    "objectives",
    [["loss"], ["loss", "usd"], ["loss", "usd", "params"]],
    ids=["one", "two", "three"],
)
def test_a_search_for_few_rows_chooses_the_same_ones(rows: int, objectives: list[str]) -> None:
    assert_same_by_both_methods(space(10, 12, 3, 3), minimize=objectives, rows=rows)


def test_all_of_several_equal_configurations_are_kept() -> None:
    sweep = iso.Sweep({"x": [1, 2, 1] * 9, "y": [3, 3, 4] * 9, "z": range(9)})
    found = assert_same_by_both_methods(sweep, minimize=["x + y", "floor(z / 4)"], ties="all")
    assert found.height == 18 * 18 * 4


@pytest.mark.parametrize("seed", range(8))
def test_axes_in_no_order_are_no_matter(seed: int) -> None:
    generator = np.random.default_rng(seed)
    axes = {
        "x": generator.permutation(np.geomspace(1.0, 1e3, 61)),
        "y": generator.integers(-3, 4, 37).astype(float),
        "z": generator.normal(size=23),
    }
    sweep = iso.Sweep(axes, quantities={"sum": "x**0.3 + y*z", "spread": "abs(x - 10) * exp(y) - z"})
    assert_same_by_both_methods(sweep, minimize=["sum", "spread"])
    assert_same_by_both_methods(sweep, minimize="spread", maximize=["sum", "z"], resolution=0.01)
    best = [sweep.best(maximize="sum", by="y", method=method) for method in ("search", "enumerate")]
    assert_frame_equal(*best, check_exact=True)


@pytest.mark.filterwarnings("ignore::isoflop.EdgeWarning")
def test_columns_that_vary_together_are_one_axis() -> None:
    generator = np.random.default_rng(5)
    pools = pl.DataFrame(
        {
            "pool": [f"pool {number % 7}" for number in range(40)],
            "quality": generator.random(40) + 0.5,
            "usd_per_token": generator.random(40) * 1e-7,
            "open": generator.random(40) < 0.5,
        }
    )
    axes: dict[str, Any] = {
        "params": iso.geomspace(1e8, 1e11, 50),
        "pools": pools,
        "tokens": iso.geomspace(1e9, 1e13, 60),
    }
    sweep = iso.Sweep(axes, law=LAW, where=["open or tokens < 1e12", "train_flops < 1e23"])
    found = assert_same_by_both_methods(sweep, minimize=["loss", "total_usd"])
    assert found["pool"].n_unique() > 1
    for by in ("pool", "pools", "quality", "open"):
        best = [sweep.best(minimize="loss", by=by, method=method) for method in ("search", "enumerate")]
        assert_frame_equal(*best, check_exact=True)


@pytest.mark.parametrize("method", ["search", "enumerate"])
@pytest.mark.parametrize("threads", [1, 3])
def test_a_front_of_too_many_rows_is_refused_alike(method: str, threads: int) -> None:
    rows = SMALL.pareto(minimize=["loss", "usd"]).height
    question: dict[str, Any] = {"minimize": ["loss", "usd"], "method": method, "threads": threads}
    assert SMALL.pareto(**question, max_rows=rows).height == rows
    with pytest.raises(iso.LimitError) as refused:
        SMALL.pareto(**question, max_rows=rows - 1)
    assert str(refused.value).startswith(f"the front has more than {rows - 1:,} rows; compare with a coarser")
    assert (refused.value.rows, refused.value.limit) == (rows, rows - 1)


@pytest.mark.parametrize("ask", ["pareto", "best", "near"])
def test_objectives_that_are_nan_everywhere_are_told(ask: str) -> None:
    question: dict[str, Any] = {"within": 0.1} if ask == "near" else {"method": "search"}
    with pytest.warns(iso.EmptyResultWarning) as caught:
        found = getattr(LARGE, ask)(minimize="log(-params) * tokens", **question)
    assert found.height == 0
    assert str(caught[0].message) == (
        "the answer is empty: all the configurations that meet the constraints have NaN for "
        "`log(-params) * tokens`"
    )


def test_constraints_that_nothing_meets_are_told() -> None:
    with pytest.warns(iso.EmptyResultWarning, match="the nearest is params = 1e\\+08"):
        found = LARGE.replace(where="params < 1e8").pareto(minimize=["loss", "usd"])
    assert found.height == 0


# The certificate ----------------------------------------------------------------------------------


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_configuration_is_settled_one_way_or_the_other(question: str) -> None:
    front, profile = LARGE.profile(**QUESTIONS[question], method="search")
    assert profile.bounded + profile.evaluated == profile.size == LARGE.size
    assert profile.feasible is None
    assert profile.rows == front.height
    assert 0 < sum(profile.depths) <= profile.bounds
    # That is what it is for: hardly anything is looked at.
    assert profile.evaluated < LARGE.size / 10


def test_a_profile_tells_what_was_left_out() -> None:
    _, profile = LARGE.profile(minimize=["loss", "usd"], threads=1)
    lines = dict(line.split(maxsplit=1) for line in str(profile).splitlines())
    assert lines["size"].startswith("20,000,000 configurations")
    assert lines["bounded"].startswith(f"{profile.bounded:,} (9")
    assert lines["bounded"].endswith(f", by {profile.bounds:,} bounds")
    assert lines["evaluated"].startswith(f"{profile.evaluated:,} (")
    assert lines["method"] == "search, 1 thread"
    assert "feasible" not in lines


def test_an_enumeration_looks_at_everything() -> None:
    _, profile = SMALL.profile(minimize=["loss", "usd"], method="enumerate")
    assert (profile.evaluated, profile.bounded, profile.bounds) == (SMALL.size, 0, 0)
    assert profile.feasible == SMALL.size
    assert profile.depths == ()


@pytest.mark.filterwarnings("ignore::isoflop.UnreadAxisWarning")
def test_axes_that_nothing_touches_are_counted() -> None:
    wide = SMALL.replace(axes={**SMALL.axes, "idle": range(11)})
    front, profile = wide.profile(minimize=["loss", "usd"], method="search")
    assert profile.bounded + profile.evaluated == wide.size == 11 * SMALL.size
    assert_frame_equal(front.drop("idle"), SMALL.pareto(minimize=["loss", "usd"]), check_exact=True)
    assert set(front["idle"]) == {0}


@pytest.mark.parametrize("question", QUESTIONS)
def test_rows_and_counts_are_the_same_on_any_number_of_threads(question: str) -> None:
    asked = QUESTIONS[question] | {"method": "search"}
    front, profile = LARGE.profile(**asked, threads=1)
    for threads in (2, 3, 8):
        again, other = LARGE.profile(**asked, threads=threads)
        assert_frame_equal(again, front, check_exact=True)
        assert counts(other) == counts(profile)
        assert other.threads == threads


@pytest.mark.filterwarnings("ignore::isoflop.EdgeWarning")
@pytest.mark.parametrize("by", [None, "quality"])
@pytest.mark.parametrize(
    ("ask", "question"),
    [
        ("best", {"method": "search"}),
        ("near", {"within": 0.01}),
        ("near", {"within": 0.01, "then": ["usd", "params"], "resolution": 0.01}),
    ],
    ids=["best", "near", "then"],
)
def test_other_answers_are_the_same_on_any_number_of_threads(
    ask: str, question: dict[str, Any], by: str | None
) -> None:
    asked = getattr(LARGE.replace(where="usd <= 1e7"), ask)
    first = asked(minimize="loss", by=by, **question, threads=1)
    assert first.height > 0
    for threads in (2, 3, 8):
        again = asked(minimize="loss", by=by, **question, threads=threads)
        assert_frame_equal(again, first, check_exact=True)


@pytest.mark.filterwarnings("ignore::isoflop.ExtrapolationWarning")
@pytest.mark.parametrize("question", ["a front", "a front of few rows", "a near set"])
def test_progress_of_a_search_ends_at_the_whole_space(question: str) -> None:
    calls: list[tuple[int, int]] = []

    def progress(settled: int, total: int) -> None:
        calls.append((settled, total))

    if question == "a near set":
        LARGE.near(minimize="loss", within=1e-3, progress=progress)
    else:
        rows = 40 if question == "a front of few rows" else None
        LARGE.pareto(minimize=["loss", "usd"], rows=rows, method="search", progress=progress)
    assert calls[-1] == (LARGE.size, LARGE.size)
    assert calls == sorted(calls)
    assert all(0 <= settled <= total for settled, total in calls)


# The choice ---------------------------------------------------------------------------------------


def squared(x: int, y: int) -> iso.Sweep:
    """A sweep of two axes of these lengths, and one that nothing touches."""
    axes: dict[str, Any] = {"x": iso.linspace(1, 2, x), "y": iso.linspace(1, 3, y), "idle": range(5)}
    return iso.Sweep(axes, quantities={"sum": "x + y", "ratio": "x / y**2"})


@pytest.mark.filterwarnings("ignore::isoflop.UnreadAxisWarning")
@pytest.mark.parametrize(("y", "method"), [(63, "enumerate"), (64, "search")])
def test_large_spaces_are_searched(y: int, method: str) -> None:
    sweep = squared(1024, y)
    _, profile = sweep.profile(minimize=["sum", "ratio"], rows=5)
    assert profile.method == method
    # One objective that touches one axis is a small question, however large the space.
    _, profile = sweep.profile(minimize="x")
    assert profile.method == "enumerate"


def test_explain_says_how_and_why() -> None:
    enumerated, searched = (
        " ".join(squared(1024, y).explain(minimize=["sum", "ratio"]).split()) for y in (63, 64)
    )
    assert "method enumerate: 64,512 configurations are looked at" in enumerated
    assert "method search: branch and bound over 65,536 configurations, too many to look at each" in searched
    assert "Then, for each box and configuration looked at" in searched
    assert "presolved x: 1 of 1,024 are left; they dominate the others for every completion" in searched
    assert "presolved" not in enumerated


@pytest.mark.filterwarnings("ignore::isoflop.UnreadAxisWarning")
def test_a_profile_counts_what_was_presolved_before_the_search() -> None:
    _, profile = squared(1024, 1024).profile(minimize=["sum", "ratio"])
    assert profile.presolved == 1023 * 1024 * 5 <= profile.bounded
    assert "presolved   5,237,760 (99.9%) of these, before the search" in str(profile).splitlines()
    _, profile = squared(1024, 1024).profile(minimize=["sum", "ratio"], method="enumerate")
    assert profile.presolved == 0


# A trillion configurations ------------------------------------------------------------------------

# The yardstick `trillion` of the benchmarks.
TRILLION = """
    import resource, sys
    from pathlib import Path
    import isoflop as iso
    sweep = iso.Sweep(
        {
            "params": iso.geomspace(1e8, 1e12, 10_000),
            "tokens": iso.geomspace(1e9, 1e14, 10_000),
            "activation": iso.geomspace(1 / 32, 1, 100),
            "quality": iso.linspace(0.5, 2, 100),
            "moe_gain": 0.5,
        },
        law="besiroglu2024",
        quantities={"usd": "train_usd + tokens * 1e-7 * quality**3"},
    )
    front, profile = sweep.profile(minimize=["loss", "usd"])
    assert profile.size == 10**12 == profile.bounded + profile.evaluated
    assert profile.rows == front.height
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    if sys.platform == "linux":
        # What getrusage says begins with the memory of whoever started the process.
        status = Path("/proc/self/status").read_text().splitlines()
        peak = int(next(line for line in status if line.startswith("VmHWM")).split()[1]) * 1024
    print(front.height, peak)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no resource usage there")
def test_the_front_of_a_trillion_configurations_fits_into_half_a_gigabyte() -> None:
    child = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(TRILLION)],
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
        check=True,
    )
    rows, peak = map(int, child.stdout.split())
    assert rows > 100_000
    assert peak < 500 * 2**20


class Enough(Exception):
    """Raised by a callback."""


def test_progress_knows_the_whole_from_the_start() -> None:
    sweep = space(10_000, 10_000, 100, 100)

    def stop(settled: int, total: int) -> None:
        # On a busy machine much may be settled before the first report.
        assert 0 <= settled <= total == sweep.size
        raise Enough

    with pytest.raises(Enough):
        sweep.pareto(minimize=["loss", "usd"], progress=stop)


@pytest.mark.filterwarnings("ignore::isoflop.EdgeWarning")
def test_the_best_of_a_trillion_configurations_meets_its_constraint() -> None:
    sweep = space(10_000, 10_000, 100, 100, where="usd <= 1e7")
    assert sweep.best(minimize="loss", columns="usd")["usd"].item() <= 1e7
