"""The fuzz driver: it sees what differs, shows it as code that runs, makes it small, and stops when told."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fuzz
from support import generators
from support.compare import (
    Asked,
    best_differences,
    few_differences,
    front_differences,
    near_differences,
    table_differences,
)
from support.draws import Seeded
from support.question import Question, best_call, near_call, pareto_call, table_call
from support.shrink import shrink
from support.surface import surface_differences, sweep_code, sweep_of

SIMPLE = Question(
    lengths=(4, 3),
    columns=(
        ("x0", 0, (3.0, 1.0, 4.0, 1.5), False),
        ("y0", 0, (1.0, 2.0, 3.0, 4.0), False),
        ("x1", 1, (2.0, 7.0, 1.0), False),
        ("is1", 1, (1.0, 0.0, 1.0), True),
    ),
    names={"q0": "x0 * x1", "c0": 2.5},
    objectives=(("q0 + c0", False), ("y0", True)),
    where=("is1 or q0 > c0",),
    shown=("sqrt(q0)",),
    bits=(52, 30),
    all_ties=False,
    by=(1, (0, 1, 0)),
    within=0.5,
    further=False,
    threads=1,
    planted=(),
)
CHECKS = {
    "table": table_differences,
    "pareto": front_differences,
    "few rows": few_differences,
    "best": best_differences,
    "near": near_differences,
}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, fuzz.__file__, *arguments], capture_output=True, text=True)


# Seeing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", CHECKS)
def test_nothing_differs_from_the_oracle_of_the_same_question(check: str) -> None:
    assert list(CHECKS[check](SIMPLE, SIMPLE.grid())) == []


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(
    "change",
    [{"c0": 2.5 + 2.0**-48}, {"q0": "x0 * x1 - 6 * x0"}],
    ids=["last bits", "other formula"],
)
def test_the_oracle_of_another_question_differs(check: str, change: dict[str, Any]) -> None:
    other = replace(SIMPLE, names=SIMPLE.names | change)
    assert list(CHECKS[check](SIMPLE, other.grid()))


def test_a_question_that_is_refused_is_a_finding() -> None:
    found = fuzz.first_difference(replace(SIMPLE, where=("x0 + 1",)), 0)
    assert found is not None
    assert found.kind == "FormulaError"


# Showing ------------------------------------------------------------------------------------------


def answer_of(code: str) -> Any:
    scope: dict[str, Any] = {}
    exec(code, scope)
    return scope["answer"]


@pytest.mark.parametrize("number", range(12))
def test_the_code_that_is_shown_asks_the_same(number: int) -> None:
    question = generators.question(Seeded(2, number))
    for call in (
        pareto_call(question, method="enumerate"),
        pareto_call(question, rows=3, method="enumerate"),
        best_call(question, method="enumerate"),
        table_call(question, list(question.shown)),
        near_call(question, within=question.within, then=question.then),
    ):
        asked = Asked(question, call.method, call)
        rows = answer_of(asked.difference("rows", 0, 0).code)
        again = asked.run()
        assert [axis.tolist() for axis in rows.positions] == [axis.tolist() for axis in again.positions]
        assert str(rows.columns) == str(again.columns)


@pytest.mark.parametrize("number", range(12))
def test_the_sweep_that_is_shown_is_the_one_that_was_asked(number: int) -> None:
    question = generators.question(Seeded(2, number))
    scope: dict[str, Any] = {}
    exec(sweep_code(question), scope)
    assert scope["sweep"] == sweep_of(question)
    assert list(surface_differences(question)) == []


# Making small -------------------------------------------------------------------------------------


def test_what_does_not_matter_is_taken_away() -> None:
    found = shrink(SIMPLE, lambda question: any("sqrt(" in text for text in question.shown))
    assert found.shown == ("sqrt(1)",)
    assert (found.lengths, found.columns, found.names, found.where) == ((1,), (), {}, ())
    assert len(found.objectives) == 1


@pytest.mark.parametrize(
    ("keeps", "expected"),
    [
        (lambda question: question.lengths[0] > 2, (3,)),
        (lambda question: int(np.prod(question.lengths)) > 3, (2, 2)),
    ],
    ids=["an axis", "the whole"],
)
def test_axes_become_as_short_as_they_may(
    keeps: Callable[[Question], bool], expected: tuple[int, ...]
) -> None:
    assert shrink(SIMPLE, keeps).lengths == expected


def test_a_smaller_question_is_still_a_question() -> None:
    def asks(question: Question) -> bool:
        found = fuzz.first_difference(question, 0)
        return found is None and len(question.columns) > 1

    assert fuzz.first_difference(shrink(SIMPLE, asks), 0) is None


# The driver ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_run_says_its_seed_and_counts_its_cases(jobs: str) -> None:
    without = ["--without", "repeated_term", "--without", "equal_quantities"]
    found = run("--cases", "230", "--seed", "5", "--jobs", jobs, *without)
    assert (found.returncode, found.stderr) == (0, ""), found.stdout
    first, last = found.stdout.splitlines()
    assert first == f"fuzz: 230 cases of seed 5 in {jobs} processes"
    assert last.startswith("fuzz: 230 of 230 cases of seed 5 in ")
    assert last.endswith(": 0 differ")


def test_another_seed_is_taken_each_time() -> None:
    first, second = (run("--cases", "1", "--jobs", "1").stdout.splitlines()[0] for _ in range(2))
    assert first != second


@pytest.mark.parametrize("arguments", [["--cases", "0"], ["--jobs", "-1"], ["--without", "nothing"]])
def test_what_cannot_be_run_is_refused(arguments: list[str]) -> None:
    found = run(*arguments)
    assert found.returncode == 2
    assert arguments[0] in found.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_says_how_far_it_came_and_leaves_no_process(how: signal.Signals) -> None:
    command = [sys.executable, str(Path(fuzz.__file__)), "--cases", "1000000", "--seed", "5", "--jobs", "2"]
    without = ["--without", "repeated_term", "--without", "equal_quantities"]
    process = subprocess.Popen(
        [*command, *without], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(2)
    process.send_signal(how)
    # The pipes are closed when the last process has ended, not only the first.
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "")
    assert "of 1,000,000 cases" in output
    assert output.endswith("0 differ (stopped)\n")
