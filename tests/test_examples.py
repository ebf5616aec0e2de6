"""The examples and the README: everything that a reader is shown runs."""

from __future__ import annotations

import re
import runpy
import warnings
from pathlib import Path

import polars as pl
import pytest

import isoflop as iso
from isoflop.cli import main

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
SWEEP_FILES = sorted(EXAMPLES.glob("*.toml"))
SCRIPTS = sorted(EXAMPLES.glob("*.py"))

# Examples ask real questions, which may leave a law's fitted range: isoflop warns, and they go on.
pytestmark = pytest.mark.filterwarnings("ignore::isoflop.IsoflopWarning")


def test_there_are_examples_of_each_kind() -> None:
    assert {path.stem for path in SWEEP_FILES} == {"isoflop_curve", "moe_quality", "pools"}
    assert {path.stem for path in SCRIPTS} == {"inverse", "plan", "pools_mixture", "quickstart"}


@pytest.mark.parametrize("path", SWEEP_FILES, ids=lambda path: path.stem)
def test_the_front_of_each_sweep_file_is_of_a_readable_size(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "front.parquet"
    assert main(["pareto", str(path), "--out", str(out)]) == 0
    assert 10 <= pl.read_parquet(out).height <= 10_000
    assert "configurations per second" in capsys.readouterr().err


@pytest.mark.parametrize("path", SWEEP_FILES, ids=lambda path: path.stem)
def test_each_sweep_file_has_a_best_plan_for_every_group(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "best.parquet"
    assert main(["best", str(path), "--out", str(out)]) == 0
    assert pl.read_parquet(out).height >= 3


@pytest.mark.parametrize("path", SWEEP_FILES, ids=lambda path: path.stem)
def test_each_sweep_file_is_explained(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(path)]) == 0
    assert "configurations" in capsys.readouterr().out


@pytest.mark.parametrize("path", SWEEP_FILES, ids=lambda path: path.stem)
def test_each_sweep_file_survives_writing_and_reading(path: Path, tmp_path: Path) -> None:
    sweep = iso.Sweep.from_toml(path)
    sweep.to_toml(tmp_path / "copy.toml")
    assert iso.Sweep.from_toml(tmp_path / "copy.toml") == sweep


@pytest.mark.parametrize("path", SWEEP_FILES, ids=lambda path: path.stem)
def test_the_commands_in_the_comments_of_each_sweep_file_are_true(path: Path) -> None:
    commands = re.findall(r"^#   isoflop (\w+) (\S+)", path.read_text(), re.MULTILINE)
    assert len(commands) >= 2
    for command, file in commands:
        assert command in ("pareto", "best", "near", "table", "explain")
        assert ROOT / file == path


def test_the_low_point_of_each_isoflop_curve_is_the_compute_optimal_size() -> None:
    sweep = iso.Sweep.from_toml(EXAMPLES / "isoflop_curve.toml")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", iso.ExtrapolationWarning)
        best = sweep.best(minimize="loss", by="train_flops", columns="tokens")
    exact = iso.law("besiroglu2024").compute_optimal(flops=best["train_flops"].to_list())
    # 500 sizes to a decade: the nearest is within half a step, 0.23 %.
    assert (best["params"] / exact["params"]).is_between(1 / 1.0024, 1.0024).all()
    assert (best["loss"] >= exact["loss"] * (1 - 1e-12)).all()
    assert (6 * best["params"] * best["tokens"] / best["train_flops"]).is_between(1 - 1e-12, 1 + 1e-12).all()


def test_a_smaller_model_is_near_the_low_point_of_each_isoflop_curve(tmp_path: Path) -> None:
    path = EXAMPLES / "isoflop_curve.toml"
    found = {}
    for command in ("best", "near"):
        assert main([command, str(path), "--out", str(tmp_path / f"{command}.parquet")]) == 0
        found[command] = pl.read_parquet(tmp_path / f"{command}.parquet")
    best, near = found["best"], found["near"]
    assert near["train_flops"].to_list() == best["train_flops"].to_list()
    assert (near["params"] / best["params"]).is_between(0.6, 0.85).all()
    assert (near["loss"] / best["loss"]).is_between(1, 1.001).all()


def moe_law() -> iso.Law:
    law = iso.Sweep.from_toml(EXAMPLES / "moe_quality.toml").law
    assert law is not None
    return law


@pytest.mark.parametrize(
    ("experts", "m", "mu", "n", "nu"),
    [
        (1, 30.3640, -0.1817, 53.9838, -0.1965),
        (2, 27.7982, -0.1780, 66.8401, -0.2065),
        (8, 21.8330, -0.1676, 119.9126, -0.2338),
        (32, 16.5424, -0.1557, 234.6726, -0.2652),
    ],
)
def test_the_law_of_moe_quality_reduces_to_the_printed_one_at_each_number_of_experts(
    experts: int, m: float, mu: float, n: float, nu: float
) -> None:
    # Ludziejewski et al. 2025, Table 4: m * N**mu + n * D**nu + c at a fixed number of experts. It was made
    # from unrounded coefficients, Table 3 prints rounded ones; each term agrees to 0.5 %.
    law = moe_law()
    c = law.coefficients["c"]
    for size in (1e8, 1e9):
        loss = law.loss(active_params=size, tokens=1e300, quality=1, experts=experts)
        assert loss - c == pytest.approx(m * size**mu, rel=5e-3)
    for tokens in (1e9, 6e10):
        loss = law.loss(active_params=1e300, tokens=tokens, quality=1, experts=experts)
        assert loss - c == pytest.approx(n * tokens**nu, rel=5e-3)


def test_a_token_of_double_quality_is_worth_two_in_moe_quality() -> None:
    law = moe_law()
    better = law.loss(active_params=1e9, tokens=1e10, quality=2, experts=8)
    more = law.loss(active_params=1e9, tokens=2e10, quality=1, experts=8)
    assert better == more


def test_moe_quality_counts_parameters_as_the_paper_does() -> None:
    sweep = iso.Sweep.from_toml(EXAMPLES / "moe_quality.toml")
    assert sweep.size >= 20_000_000
    few = {"d_model": [1152.0, 1408.0], "experts": [1.0, 2.0], "tokens": 1e10, "quality": 1.0}
    table = sweep.replace(axes=dict(sweep.axes) | few, where=()).table(
        columns=["params", "active_params", "activation"]
    )
    dense = table.filter(pl.col("experts") == 1)
    assert dense["params"].to_list() == dense["active_params"].to_list()
    assert dense["activation"].to_list() == [1.0, 1.0]
    sparse = table.filter((pl.col("experts") == 2) & (pl.col("d_model") == 1152)).row(0, named=True)
    assert sparse["active_params"] == 2 * 1152 * 50257 + 13 * 18 * 1152**2
    assert sparse["params"] == 2 * 1152 * 50257 + 22 * 18 * 1152**2


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_each_script_runs(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out


def test_the_python_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "README.md").read_text()
    blocks = list(re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    assert blocks
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks:
        # Empty lines in front, so that a traceback names the line of the README.
        padding = "\n" * text.count("\n", 0, block.start(1))
        exec(compile(padding + block[1], "README.md", "exec"), names)
