"""Reported utilisation of real runs, in the catalogue and on its page."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import isoflop as iso
from isoflop.catalog.files import run_tables

PAGE = Path(__file__).parents[1] / "docs" / "rules-of-thumb.md"


def hours(name: str) -> tuple[float, float, float]:
    """Return utilisation, reported GPU-hours and those of the default."""
    run = next(table for table in run_tables() if table.get("model") == name)
    chosen = (pl.col("gpu") == run["gpu"]) & (pl.col("precision") == run["precision"])
    peak = iso.gpus().filter(chosen)["peak_flops"].item()
    flops = iso.models().filter(pl.col("name") == name)["train_flops"].item()
    ours = iso.Sweep({"train_flops": flops, "peak_flops": peak}).table(columns="train_gpu_hours")
    return flops / (peak * 3600 * run["gpu_hours"]), run["gpu_hours"], ours["train_gpu_hours"].item()


@pytest.mark.parametrize(
    ("name", "mfu", "reported", "ours"),
    [
        ("Llama 3 8B", 0.16, 1.3e6, 0.58e6),
        ("Llama 3 70B", 0.28, 6.4e6, 5.1e6),
        ("Llama 3.1 405B", 0.35, 30.84e6, 30.5e6),
        ("DeepSeek-V3", 0.35, 2.664e6, 2.64e6),
    ],
)
def test_the_utilisation_of_a_run_follows_from_its_hours(
    name: str, mfu: float, reported: float, ours: float
) -> None:
    found = hours(name)
    assert found[0] == pytest.approx(mfu, abs=0.005)
    assert found[1] == reported
    assert found[2] == pytest.approx(ours, rel=0.01)


def test_every_run_has_hours_or_utilisation_and_a_source() -> None:
    gpus = {(row["gpu"], row["precision"]) for row in iso.gpus().iter_rows(named=True)}
    names = set(iso.models()["name"])
    for run in run_tables():
        assert ("gpu_hours" in run) != ("mfu" in run)
        assert ("model" in run) != ("benchmark" in run)
        assert run.get("model") is None or run["model"] in names
        assert (run["gpu"], run["precision"]) in gpus
        assert run["source"]
        assert run["evidence"] in ("V1", "V2", "V3")
        if "mfu" in run:
            low, high = run["mfu"]
            assert 0 < low <= high < 1


def test_the_page_shows_the_runs_that_do_not_fit_and_the_range() -> None:
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert "Reported utilisation ranges from 0.16 to 0.46" in text
    assert (
        "The default fits Llama 3.1 405B and DeepSeek-V3, but not Llama 3 8B (0.16) and Llama 3 70B (0.28)"
        in text
    )
    for run in run_tables():
        assert f"| {run.get('model') or run['benchmark']} |" in text
