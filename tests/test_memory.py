"""What does not fit into memory is a `MemoryError`, and nothing else is lost."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from typing import Any

import pytest

from isoflop.cli._messages import Mistake, mistakes

if sys.platform != "linux":
    pytest.skip("what a process has taken is read from /proc", allow_module_level=True)

# More than the tests need, and less than the largest table.
PLENTY = 64 * 10**9

# Each question, of a process that may take so many bytes more than it has; and a small one after each.
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
    much = {"max_rows": 10**9, **four}
    QUESTIONS = {
        "pareto of four": lambda: sweep.pareto(minimize=FOUR, **much),
        "pareto of three": lambda: sweep.pareto(minimize=FOUR[:3], **much),
        "pareto of two": lambda: sweep.pareto(minimize=["a*b + d", "c/a + 1/b"], **much),
        "pareto by enumeration": lambda: sweep.pareto(minimize=FOUR, method="enumerate", **much),
        "pareto by search": lambda: sweep.pareto(minimize=FOUR[:3], **much, method="search"),
        "pareto of ties": lambda: sweep.pareto(
            minimize=["floor(a*b/1e4)", "floor(c/3)"], ties="all", **much
        ),
        "pareto of rows": lambda: sweep.pareto(minimize=FOUR[:2], rows=200, **four),
        "best": lambda: some.best(minimize="a*b + c/d", **four),
        "best by": lambda: sweep.best(minimize="a*b + c/d", by="c", **four),
        "near": lambda: sweep.near(minimize="c*d + a/1e9", within=3.0, **much),
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

    def limit(soft):
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (hard if soft is None else soft, hard))

    def told(frame):
        digest = hashlib.sha256()
        for column in frame.iter_columns():
            digest.update(column.to_numpy())
        return [frame.height, digest.hexdigest()]

    sweep.best(minimize="a"), small.table()
    more, answers = int(sys.argv[1]), {}
    for name, question in QUESTIONS.items():
        limit(taken() + more)
        try:
            frame = question()
        except MemoryError as error:
            frame, text = None, str(error)
        if small.best(minimize="x").item(0, "x") != 1.0:
            raise SystemExit(name)
        limit(None)
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
    return ask(PLENTY)


def test_where_there_is_plenty_only_the_largest_table_does_not_fit(
    answers: dict[str, Any],
) -> None:
    assert [name for name, answer in answers.items() if isinstance(answer, str)] == ["too large a table"]
    assert answers["pareto of four"][0] == 60 * 50 * 30 * 4
    refused = answers["too large a table"]
    assert refused.startswith("not enough memory: there is no room for 160.0 GB;")
    # What helps stands in the message.
    assert all(name in refused for name in ("resolution=", "where=", "max_rows=", "columns="))


# Megabytes for everything that a question needs: from too little for any large one to enough for most.
@pytest.mark.parametrize("more", [1, 6, 12, 25, 60])
def test_a_question_fails_as_memory_error_or_is_answered(answers: dict[str, Any], more: int) -> None:
    found = ask(more * 10**6)
    assert found.keys() == answers.keys()
    refused = {name for name, answer in found.items() if isinstance(answer, str)}
    for name in refused:
        # NumPy's own words where the engine's answer becomes columns.
        told = ("not enough memory: there is no room for ", "Unable to allocate ")
        assert found[name].startswith(told), name
    assert {name: found[name] for name in found.keys() - refused} == {
        name: answers[name] for name in found.keys() - refused
    }
    assert more > 1 or refused >= {"table", "pareto of four"}


def test_threads_that_cannot_start_leave_their_work_to_the_others(answers: dict[str, Any]) -> None:
    # No system gives a thread such a stack.
    assert ask(PLENTY, f"RUST_MIN_STACK={1 << 60}") == answers


@pytest.mark.parametrize("told", ["not enough memory: there is no room for 8 GB; ask for less", ""])
def test_the_command_line_tells_what_helps(told: str) -> None:
    with pytest.raises(Mistake) as caught, mistakes():
        raise MemoryError(told) if told else MemoryError
    assert str(caught.value) == (told or "not enough memory")
