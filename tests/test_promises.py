"""The promises of `docs/design.md`: reproducible, stoppable, visible, bounded; and hands off the inputs.

How an answer comes. That it is the right one, `test_properties`, `test_large_spaces` and `test_search` say.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import isoflop as iso
from isoflop import _native

AXES: dict[str, Any] = {
    "params": iso.geomspace(1e8, 1e12, 60),
    "tokens": iso.geomspace(1e9, 1e14, 50),
    "activation": [1.0, 0.5, 0.25, 0.125],
    "quality": iso.linspace(0.5, 2.0, 7),
}
QUANTITIES = {
    "usd": "6 * params * activation * tokens / 1e18 + tokens * 1e-7 * quality**3",
    "loss": "1.8 + 482 / (params * activation**0.5)**0.35 + 2085 / (quality * tokens)**0.37",
}


@pytest.fixture
def sweep() -> iso.Sweep:
    return iso.Sweep(AXES, quantities=QUANTITIES, where=["usd < 1e9", "params * activation >= 2e8"])


# The same answer ----------------------------------------------------------------------------------

QUESTIONS: dict[str, Callable[[iso.Sweep, int], pl.DataFrame]] = {
    "pareto": lambda sweep, threads: sweep.pareto(
        minimize=["loss", "usd"], columns=["params**0.3"], threads=threads
    ),
    "pareto of three": lambda sweep, threads: sweep.pareto(
        minimize=["loss", "usd"], maximize="quality", resolution=0.01, threads=threads
    ),
    "pareto of rows": lambda sweep, threads: sweep.pareto(minimize=["loss", "usd"], rows=20, threads=threads),
    "pareto by search": lambda sweep, threads: sweep.pareto(
        minimize=["loss", "usd"], method="search", threads=threads
    ),
    "pareto of ties": lambda sweep, threads: sweep.pareto(
        minimize="floor(log10(usd))", maximize="quality", ties="all", threads=threads
    ),
    "best": lambda sweep, threads: sweep.best(minimize="loss", threads=threads),
    "best by": lambda sweep, threads: sweep.best(minimize="loss", by="quality", threads=threads),
    "near": lambda sweep, threads: sweep.near(minimize="loss", within=0.02, threads=threads),
    "near by": lambda sweep, threads: sweep.near(
        minimize="loss", within=0.02, by="quality", then="usd", threads=threads
    ),
    "table": lambda sweep, threads: sweep.table(columns=["loss", "exp(-usd / 1e6)"], threads=threads),
    "filter": lambda sweep, threads: iso.pareto(
        sweep.table(columns=["loss", "usd"]), minimize=["loss", "usd", "params"], threads=threads
    ),
}


@pytest.mark.filterwarnings("ignore::isoflop.EdgeWarning")
@pytest.mark.parametrize("question", QUESTIONS)
def test_the_number_of_threads_changes_nothing(sweep: iso.Sweep, question: str) -> None:
    one = QUESTIONS[question](sweep, 1)
    assert one.height > 0
    for threads in (2, 3):
        assert_frame_equal(QUESTIONS[question](sweep, threads), one, check_exact=True)


DIGEST = """
    import hashlib, sys
    import numpy as np
    from isoflop import _native

    assert _native.simd_level() == sys.argv[1], _native.simd_level()
    axes = [("x", 0, np.geomspace(1e-3, 1e4, 61), False), ("y", 1, np.linspace(-7.0, 9.0, 53), False)]
    space = _native.Space([61, 53], axes)
    formulas = [
        "exp(y)", "log(x)", "log2(x)", "log10(x)", "x**y", "y**3", "x**0.34 - y**-1", "sqrt(x) / (y + 0.1)",
        "min(x, y) + max(y, 2) * abs(y)", "floor(x * y) - ceil(y)", "where(x < y, x, -y)",
        "exp(x * 0.01 + y) ** 0.3",
        "(x < y) + (x <= 1) * (y > 2) - (y >= 3 or not x == 1 and y != 2)",
    ]
    digest = hashlib.sha256()
    front = {
        "objectives": [(formulas[4], False), ("x - y", True)], "where": ["x + y > 1"], "columns": formulas,
        "bits": [30, 30], "all_ties": True, "max_rows": 10**6,
    }
    for rows in (
        space.table({}, [], {"where": [], "columns": formulas, "max_bytes": 2**31}, 2, None),
        space.pareto({}, [], front, 2, None),
        space.best({}, [], {"objective": (formulas[7], False), "columns": formulas}, 2, None),
    ):
        for column in (*rows.positions, *rows.objectives, *rows.columns):
            column = np.where(np.isnan(column), np.nan, column) if column.dtype == float else column
            digest.update(column.tobytes())
    awkward = [0.0, -0.0, 5e-324, 1e-310, 1e308, np.inf, -np.inf, np.nan, 1.0, -1.5, 709.9, -745.1, 2.5]
    a, b = (np.ascontiguousarray(part).ravel() for part in np.meshgrid(awkward, awkward))
    for row in _native.operations():
        kinds = zip((a, b, a), row["conditions"])
        operands = [(part > 0).astype(float) if kind else part for part, kind in kinds]
        found = _native.lanes(row["name"], *operands)
        digest.update(np.where(np.isnan(found), np.nan, found).tobytes())
    print(digest.hexdigest())
"""


def test_every_simd_level_gives_the_same_bytes() -> None:
    levels = _native.simd_levels()
    assert _native.simd_level() == os.environ.get("ISOFLOP_SIMD", levels[-1])
    digests = {level: run(DIGEST, level, ISOFLOP_SIMD=level).stdout.strip() for level in levels}
    assert all(len(digest) == 2 * hashlib.sha256().digest_size for digest in digests.values())
    assert len(set(digests.values())) == 1, digests


def run(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in another interpreter; its standard error is this one's."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
    )


# Hands off ----------------------------------------------------------------------------------------


def test_inputs_are_neither_changed_nor_kept() -> None:
    params = np.array([3e9, 1e9, 2e9])
    tokens = [2e10, 1e10]
    pool = pl.DataFrame({"name": ["a", "b"], "share": [0.5, 1.0], "open": [True, False]})
    quantities = {"cost": "params * tokens * share"}
    where = ["open or params < 2.5e9"]
    before = (params.copy(), list(tokens), pool.clone(), dict(quantities), list(where))
    sweep = iso.Sweep({"params": params, "tokens": tokens, "pool": pool}, quantities=quantities, where=where)
    question: dict[str, Any] = {"minimize": ["cost"], "maximize": ["tokens"], "columns": ["share**2"]}
    first = sweep.pareto(**question)
    np.testing.assert_array_equal(params, before[0])
    assert tokens == before[1]
    assert_frame_equal(pool, before[2])
    assert quantities == before[3]
    assert where == before[4]
    assert question == {"minimize": ["cost"], "maximize": ["tokens"], "columns": ["share**2"]}
    # Whatever the caller does with them afterwards, the sweep stays what it is.
    params[:] = 7.0
    tokens.clear()
    quantities["cost"] = "1"
    where.clear()
    assert_frame_equal(sweep.pareto(**question), first, check_exact=True)


def test_an_answer_that_is_written_to_changes_no_later_one(sweep: iso.Sweep) -> None:
    first = sweep.pareto(minimize=["loss", "usd"])
    copy = first.clone()
    for name in first.columns:
        values = first[name].to_numpy(writable=True)
        values[:] = 0.0
    first.clear()
    assert_frame_equal(sweep.pareto(minimize=["loss", "usd"]), copy, check_exact=True)


def test_the_filter_does_not_change_its_frame() -> None:
    frame = pl.DataFrame(
        {"a": [3.0, 1.0, float("nan"), -0.0], "b": [1, 2, 3, 4], "text": ["w", "x", "y", "z"]}
    )
    before = frame.clone()
    found = iso.pareto(frame, minimize="a", maximize="b", ties="all")
    assert found.columns == frame.columns
    assert_frame_equal(frame, before, check_exact=True)


def test_the_engine_does_not_write_to_its_columns() -> None:
    values = np.array([1.0, -0.0, 3.0])
    values.flags.writeable = False
    space = _native.Space([3], [("x", 0, values, False)])
    space.table({}, [], {"where": [], "columns": ["x + 1"], "max_bytes": 2**31}, 1, None)
    assert _native.pareto([values, values], [False, True], [52, 52], False, 1).tolist() == [0, 1, 2]
    assert values.tolist() == [1.0, -0.0, 3.0]


# Stoppable ----------------------------------------------------------------------------------------

INTERRUPTED = """
    import os, sys, time
    import numpy as np, polars as pl
    import isoflop as iso

    def tasks():
        return set(os.listdir("/proc/self/task"))

    def left(before):
        # The system lists a thread for a moment more when others have seen its end.
        until = time.monotonic() + 0.1
        while tasks() - before and time.monotonic() < until:
            time.sleep(0.001)
        return tasks() - before

    {prepare}
    {warm}
    before = tasks()
    print("running", flush=True)
    try:
        {work}
    except KeyboardInterrupt:
        print("interrupted", *left(before), flush=True)
    else:
        print("finished", flush=True)
"""

# Fractional parts of products have no order that a search could use: every configuration must be looked at.
LONG_SWEEP = """
    sweep = iso.Sweep(
        {"x": iso.linspace(1, 2, 3000), "y": iso.linspace(1, 2, 2000), "z": iso.linspace(1, 2, 2000)},
        quantities={"hash": "x*y*z*1e6 - floor(x*y*z*1e6)", "other": "(x+y+z)*1e7 - floor((x+y+z)*1e7)"},
    )
"""
TRILLION = """
    sweep = iso.Sweep(
        {
            "w": iso.linspace(1, 2, 10_000), "x": iso.linspace(1, 2, 10_000),
            "y": iso.linspace(1, 2, 100), "z": iso.linspace(1, 2, 100),
        },
        quantities={
            "hash": "w*x*y*z*1e6 - floor(w*x*y*z*1e6)", "other": "(w+x+y+z)*1e7 - floor((w+x+y+z)*1e7)"
        },
    )
"""
# On a sphere no point dominates another.
LONG_FRAME = """
    points = np.abs(np.random.default_rng(1).normal(size=(2_000_000, 5)))
    points /= -np.linalg.norm(points, axis=1, keepdims=True)
    frame = pl.DataFrame({f"f{i}": np.ascontiguousarray(points[:, i]) for i in range(5)})
"""
LONG_WORK: dict[str, tuple[str, str, str]] = {
    "pareto": (LONG_SWEEP, "", 'sweep.pareto(minimize=["hash", "other"], method="enumerate")'),
    "pareto by search": (TRILLION, "", 'sweep.pareto(minimize=["hash", "other"])'),
    "best": (LONG_SWEEP, "", 'sweep.best(minimize="hash", by="x", method="enumerate")'),
    "best by search": (TRILLION, "", 'sweep.best(minimize="hash - other", by="y")'),
    "near": (TRILLION, "", 'sweep.near(minimize="hash - other", within=1e-3)'),
    # Nine million rows are found soon, and sorted for longer.
    "near, a long answer": (
        'sweep = iso.Sweep({"x": iso.linspace(1, 2, 3000), "y": iso.linspace(1, 2, 3000)})',
        "",
        'sweep.near(minimize="-(x*y)", within=10)',
    ),
    # No row meets the constraint, and so none takes memory; the work is to find that out.
    "table": (LONG_SWEEP, "", 'sweep.replace(where="hash > 2").table(columns="hash")'),
    "filter": (
        LONG_FRAME,
        "iso.pareto(frame.head(1000), minimize=frame.columns)",
        "iso.pareto(frame, minimize=frame.columns)",
    ),
}


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads in /proc")
@pytest.mark.parametrize("work", LONG_WORK)
def test_ctrl_c_stops_the_work_and_leaves_no_thread(work: str) -> None:
    prepare, warm, question = LONG_WORK[work]
    code = textwrap.dedent(INTERRUPTED).format(
        prepare=textwrap.dedent(prepare).strip(), warm=warm, work=question
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "running\n"
        time.sleep(0.3)  # into the work
        child.send_signal(signal.SIGINT)
        sent = time.monotonic()
        output = child.stdout.readline()
        took = time.monotonic() - sent
        child.communicate(timeout=10)
    finally:
        child.kill()
        child.wait()
    assert output == "interrupted\n"
    assert took < 0.2


# Visible ------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::isoflop.EdgeWarning")
@pytest.mark.parametrize("method", ["pareto", "best", "near", "table"])
def test_progress_ends_at_the_whole_space(sweep: iso.Sweep, method: str) -> None:
    calls: list[tuple[int, int]] = []
    ask = {
        "pareto": lambda: sweep.pareto(
            minimize=["loss", "usd"], progress=lambda *counts: calls.append(counts)
        ),
        "best": lambda: sweep.best(minimize="loss", progress=lambda *counts: calls.append(counts)),
        "near": lambda: sweep.near(
            minimize="loss", within=0.01, progress=lambda *counts: calls.append(counts)
        ),
        "table": lambda: sweep.table(columns="loss", progress=lambda *counts: calls.append(counts)),
    }
    ask[method]()
    assert calls[-1] == (sweep.size, sweep.size)
    assert all(0 <= settled <= total for settled, total in calls)
    assert calls == sorted(calls)


class Enough(Exception):
    """Raised by a callback."""


def test_an_exception_of_the_progress_callback_stops_the_work() -> None:
    # Far too long to finish: only the callback can end it.
    values = np.linspace(1.0, 2.0, 100_000)
    space = _native.Space([100_000, 100_000], [("x", 0, values, False), ("y", 1, values, False)])
    calls = 0

    def stop(settled: int, total: int) -> None:
        nonlocal calls
        calls += 1
        assert settled < total == 10**10
        raise Enough

    with pytest.raises(Enough):
        space.best({}, [], {"objective": ("exp(x*y*1e6 - floor(x*y*1e6))", False)}, 2, stop)
    assert calls == 1


# Bounded ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 3])
def test_a_front_of_too_many_rows_is_refused(sweep: iso.Sweep, threads: int) -> None:
    rows = sweep.pareto(minimize=["loss", "usd"]).height
    assert sweep.pareto(minimize=["loss", "usd"], max_rows=rows, threads=threads).height == rows
    with pytest.raises(iso.LimitError, match="rows") as refused:
        sweep.pareto(minimize=["loss", "usd"], max_rows=rows - 1, threads=threads)
    assert refused.value.limit == rows - 1
    assert refused.value.rows >= rows
    assert isinstance(refused.value, MemoryError)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_table_that_does_not_fit_is_refused_before_it_is_made(sweep: iso.Sweep, threads: int) -> None:
    with pytest.raises(iso.LimitError, match="rows") as refused:
        sweep.table(columns="loss", max_bytes=100_000, threads=threads)
    assert refused.value.rows == sweep.table(columns="loss").height
    # Four positions of four bytes and a value of eight.
    assert refused.value.limit == 100_000 // 24


def test_a_table_of_a_trillion_rows_is_refused_at_once() -> None:
    values = iso.linspace(1.0, 2.0, 10_000)
    sweep = iso.Sweep({"x": values, "y": values, "z": values})
    with pytest.raises(iso.LimitError, match="1,000,000,000,000 rows"):
        sweep.table(columns="x*y*z")
