"""What does not fit into memory is a `MemoryError`, and nothing else is lost."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from typing import Any

import pytest

resource = pytest.importorskip("resource", reason="there is no limit to set")

# Each question of a process that may take so many bytes more than after its imports; and a small one after each.
ASK = """
    import hashlib, json, os, resource, sys
    import numpy as np
    import polars as pl
    import isoflop as iso

    AXES = {
        "a": iso.geomspace(1, 1000, 60),
        "b": iso.geomspace(2, 500, 50),
        "c": iso.linspace(1, 9, 30),
        "d": [1.0, 2.0, 3.0, 5.0],
    }
    FOUR = ["a*b", "c/a", "d/b", "1/(c*d)"]
    sweep = iso.Sweep(AXES)
    some = iso.Sweep(AXES, where="a > c*d")
    small = iso.Sweep({"x": [3.0, 1.0, 2.0]})
    x = np.linspace(0, 1, 400_000)
    plane = pl.DataFrame({"x": x, "y": (x * 7919) % 1, "z": -x - (x * 7919) % 1, "w": -(x * 104729) % 1})
    four = {"threads": 4}
    QUESTIONS = {
        "pareto of four": lambda: sweep.pareto(minimize=FOUR, max_rows=10**9, **four),
        "pareto of three": lambda: sweep.pareto(minimize=FOUR[:3], max_rows=10**9, **four),
        "pareto of two": lambda: sweep.pareto(minimize=["a*b + d", "c/a + 1/b"], max_rows=10**9, **four),
        "pareto by enumeration": lambda: sweep.pareto(minimize=FOUR, max_rows=10**9, **four, method="enumerate"),
        "pareto by search": lambda: sweep.pareto(minimize=FOUR[:3], max_rows=10**9, **four, method="search"),
        "pareto of ties": lambda: sweep.pareto(
            minimize=["floor(a*b/1e4)", "floor(c/3)"], ties="all", max_rows=10**9, **four
        ),
        "pareto of rows": lambda: sweep.pareto(minimize=FOUR[:2], rows=200, **four),
        "best": lambda: some.best(minimize="a*b + c/d", **four),
        "best by": lambda: sweep.best(minimize="a*b + c/d", by="c", **four),
        "near": lambda: sweep.near(minimize="c*d + a/1e9", within=3.0, max_rows=10**9, **four),
        "near by": lambda: sweep.near(minimize="c*d", within=1.0, by="c", then=["a*b", "1/a"], **four),
        "table": lambda: sweep.table(columns=["a*b*c*d", "a/b"], max_bytes=2**62, **four),
        "table under a condition": lambda: some.table(columns="a*b", max_bytes=2**62, **four),
        "too large a table": lambda: iso.Sweep({"a": range(100_000), "b": range(100_000)}).table(
            columns=["a*b"], max_bytes=2**62, **four
        ),
        "filter": lambda: iso.pareto(plane, minimize=["x", "y", "z", "w"], **four),
        "filter of maximized": lambda: iso.pareto(plane, minimize=["x", "y"], maximize="w", **four),
    }

    # Polars starts its threads now, and under no limit.
    plane[[0, 1]]
    os.environ.update(pair.split("=") for pair in sys.argv[2:])

    def taken():
        return int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()

    def told(frame):
        digest = hashlib.sha256()
        for column in frame.iter_columns():
            digest.update(column.to_numpy())
        return [frame.height, digest.hexdigest()]

    sweep.best(minimize="a"), small.table()
    more, answers = int(sys.argv[1]), {}
    for name, question in QUESTIONS.items():
        resource.setrlimit(resource.RLIMIT_AS, (taken() + more if more else -1, -1))
        try:
            frame = question()
        except MemoryError as error:
            frame, text = None, str(error)
        if small.best(minimize="x").item(0, "x") != 1.0:
            raise SystemExit(name)
        resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
        answers[name] = told(frame) if frame is not None else text
    print(json.dumps(answers))
"""


def ask(more: int, *environment: str) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(ASK), str(more), *environment],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    answers: dict[str, Any] = json.loads(run.stdout)
    return answers


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    return ask(0)


def test_without_a_limit_only_the_table_of_ten_billion_rows_does_not_fit(answers: dict[str, Any]) -> None:
    assert [name for name, answer in answers.items() if isinstance(answer, str)] == ["too large a table"]
    assert answers["pareto of four"][0] == 60 * 50 * 30 * 4
    # What helps stands in the message.
    assert answers["too large a table"].startswith("not enough memory: there is no room for 160.0 GB;")
    assert all(name in answers["too large a table"] for name in ("resolution=", "where=", "max_rows=", "columns="))


# Megabytes for everything that a question needs: from too little for any large one to enough for most.
@pytest.mark.parametrize("more", [1, 6, 12, 25, 60])
def test_a_question_fails_as_memory_error_or_is_answered(answers: dict[str, Any], more: int) -> None:
    found = ask(more * 10**6)
    assert found.keys() == answers.keys()
    for name, answer in found.items():
        if isinstance(answer, str):
            # NumPy's own words where the engine's answer becomes columns.
            assert answer.startswith(("not enough memory: there is no room for ", "Unable to allocate ")), name
        else:
            assert answer == answers[name], name
    if more == 1:
        assert {name for name, answer in found.items() if isinstance(answer, str)} >= {"table", "pareto of four"}


def test_threads_that_cannot_start_leave_their_work_to_the_others(answers: dict[str, Any]) -> None:
    # No system gives a thread such a stack.
    assert ask(0, f"RUST_MIN_STACK={1 << 60}") == answers
