"""Random plans against an oracle that tries (`plan_oracle.py`); `fuzz_plans.py` asks many more."""

from __future__ import annotations

import numpy as np
import pytest

import fuzz_plans
import isoflop as iso
from support import plan_oracle, plan_questions

CASES = 60


@pytest.mark.filterwarnings("ignore::isoflop.IsoflopWarning")
@pytest.mark.parametrize("number", range(CASES))
def test_no_plan_is_beaten_breaks_a_limit_or_is_refused_that_exists(number: int) -> None:
    assert list(fuzz_plans.differences(plan_questions.question(number), number)) == []


@pytest.mark.filterwarnings("ignore::isoflop.IsoflopWarning")
def test_the_oracle_finds_a_known_optimum() -> None:
    task = plan_oracle.task({"flops": 1e22})
    found = plan_oracle.best(task)
    assert found is not None
    optimum = iso.law("besiroglu2024").compute_optimal(1e22).row(0, named=True)
    assert found["loss"] == pytest.approx(optimum["loss"], rel=1e-8)
    assert found["train_flops"] <= 1e22


@pytest.mark.filterwarnings("ignore::isoflop.IsoflopWarning")
def test_the_oracle_beats_a_plan_that_is_not_the_best() -> None:
    task = plan_oracle.task({"flops": 1e22})
    worse = {"params": 2e10, "tokens": 1e22 / 6 / 2e10}
    at = plan_oracle.evaluate(task, np.array([2e10]), {}, np.array([[worse["tokens"]]]))
    found = plan_oracle.best(task, shown=[worse])
    assert found is not None
    assert found["loss"] < at["loss"][0] * (1 - 1e-3)


def test_questions_are_of_all_kinds() -> None:
    drawn = [plan_questions.question(number) for number in range(CASES)]
    assert {question["goal"] for question in drawn} == {"loss", "serving", "data"}
    assert {len(question.get("pools", {"pool": ()})["pool"]) for question in drawn} == set(range(6))
    for name in ("moe_gain", "where", "serving_bytes", "usd", "flops", "days"):
        assert sum(name in question for question in drawn) >= 5, name
    assert {question["law"] for question in drawn} >= {"ludziejewski2025", "muennighoff2023"}
