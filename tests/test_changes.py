"""One short call: a sweep with a few axes or constraints changed, in Python and on the command line."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest

import isoflop as iso
from isoflop.cli import main

SWEEP = iso.Sweep(
    {
        "params": iso.geomspace(1e8, 1e10, 5),
        "tokens": [1e9, 1e10],
        "mfu": 0.4,
        "gpu": iso.gpus()[:2, ["gpu", "peak_flops"]],
    },
    law="besiroglu2024",
    quantities={"weeks": "days / 7"},
    where="train_flops <= 1e21",
)


def test_what_is_there_keeps_its_place_and_what_is_new_comes_last() -> None:
    changed = SWEEP.with_axes(gpu_count=[256, 512], tokens=[2e9, 4e9, 8e9], mfu=0.5)
    assert list(changed.axes) == ["params", "tokens", "gpu", "gpu_count", "mfu"]
    assert changed.axes["mfu"] == 0.5
    assert changed.size == 5 * 3 * 2 * 2
    assert (changed.law, changed.quantities, changed.where) == (SWEEP.law, SWEEP.quantities, SWEEP.where)


def test_a_change_gives_what_the_constructor_would() -> None:
    expected = iso.Sweep(
        {
            "params": iso.geomspace(1e8, 1e10, 5),
            "train_flops": 1e20,
            "gpu": iso.gpus()[:1, ["gpu", "peak_flops"]],
        },
        law="besiroglu2024",
        quantities={"weeks": "days / 7"},
        where="train_flops <= 1e21",
    )
    frame = iso.gpus()[:1, ["gpu", "peak_flops"]]
    assert SWEEP.with_axes(tokens=None, mfu=None, train_flops=1e20, gpu=frame) == expected


def test_an_axis_may_become_a_constant_and_back() -> None:
    fixed = SWEEP.with_axes(params=1e9)
    assert fixed.size == SWEEP.size // 5
    assert fixed.with_axes(params=iso.geomspace(1e8, 1e10, 5)).size == SWEEP.size


def test_the_sweep_itself_stays_as_it_is() -> None:
    before = repr(SWEEP)
    SWEEP.with_axes(mfu=0.5, tokens=None, train_flops=1e20)
    SWEEP.filter("params <= 1e9")
    assert repr(SWEEP) == before


def test_no_change_is_an_equal_sweep() -> None:
    assert SWEEP.with_axes() == SWEEP == SWEEP.filter()


def test_constraints_come_on_top() -> None:
    changed = SWEEP.filter("params <= 1e9", "tokens >= 2e9")
    assert changed.where == ("train_flops <= 1e21", "params <= 1e9", "tokens >= 2e9")
    found = changed.table(columns=())
    assert found["params"].max() == 1e9
    assert found["tokens"].min() == 1e10


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"token": None}, "the sweep has no axis or scalar `token`; did you mean `tokens`?"),
        ({"xyz": None}, "no axis or scalar `xyz`; it has params, tokens, gpu, mfu"),
        ({"peak_flops": None}, "a column of the linked axis `gpu` and cannot be removed alone"),
        ({"peak_flops": 1e15}, "column `peak_flops` of axis `gpu` has the same name as the scalar"),
        ({"weeks": 3}, "`weeks` is both a quantity and a scalar"),
        ({"mfu": "half"}, "axis `mfu` is text"),
        ({"mfu": [0.4, float("nan")]}, "every value must be finite"),
    ],
)
def test_a_change_that_makes_no_sweep_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(iso.SpaceError, match=message.replace("?", r"\?")):
        SWEEP.with_axes(**changes)  # type: ignore[arg-type]


def test_filter_takes_formulas_one_after_the_other() -> None:
    with pytest.raises(TypeError, match="one after the other"):
        SWEEP.filter(["params <= 1e9"])  # type: ignore[arg-type]
    with pytest.raises(iso.FormulaError, match="write `and`"):
        SWEEP.filter("params <= 1e9 & tokens > 0")


# On the command line ----------------------------------------------------------------------------------

FILE = """
law = "besiroglu2024"
where = ["train_flops <= 1e21"]

[axes]
params = { geomspace = [1e8, 1e10, 5] }
tokens = [1e9, 1e10]

[pareto]
minimize = ["loss", "train_flops"]

[best]
minimize = "loss"

[near]
minimize = "loss"
within = 0.5
"""
QUESTIONS = ("pareto", "best", "near", "table")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sweep.toml"
    path.write_text(FILE)
    return path


@pytest.mark.parametrize("question", QUESTIONS)
def test_set_and_where_change_the_sweep_of_a_file(
    file: Path, capsys: pytest.CaptureFixture[str], question: str
) -> None:
    options = [
        "--set",
        "gpu_count=256,512",
        "tokens=2B,4B",
        "mfu=0.5",
        "--where",
        "days >= 0",
        "params <= 5e9",
    ]
    assert main([question, str(file), *options, "--columns", "days", "--format", "csv"]) == 0
    answer = pl.read_csv(io.StringIO(capsys.readouterr().out))
    sweep = (
        iso.Sweep.from_toml(file)
        .with_axes(gpu_count=[256, 512], tokens=[2e9, 4e9], mfu=0.5)
        .filter("days >= 0", "params <= 5e9")
    )
    asked = {
        "pareto": lambda: sweep.pareto(minimize=["loss", "train_flops"], columns="days"),
        "best": lambda: sweep.best(minimize="loss", columns="days"),
        "near": lambda: sweep.near(minimize="loss", within=0.5, columns="days"),
        "table": lambda: sweep.table(columns="days"),
    }[question]()
    assert answer["days"].to_list() == asked["days"].to_list()
    assert answer["tokens"].to_list() == asked["tokens"].to_list()


def test_explain_explains_the_changed_sweep(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(file), "--set", "mfu=0.5", "--where", "train_usd <= 1M * 1"]) == 2
    assert "write `1e6`" in capsys.readouterr().err  # a formula has its own numbers
    assert main(["explain", str(file), "--set", "mfu=0.5", "--where", "train_usd <= 1e6"]) == 0
    told = capsys.readouterr().out
    assert "train_usd <= 1e6" in told
    assert "0.5" in told


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("mfu", "--set mfu: must be NAME=VALUE, or NAME=VALUE,VALUE,... for an axis"),
        ("=3", "--set =3: must be NAME=VALUE"),
        ("mfu=", "--set mfu=: nothing is not a number such as 7e9, 7B, 1_000"),
        ("mfu=0.1,,0.2", "nothing is not a number"),
        ("mfu=half", "half is not a number"),
        ("2x=3", "a name is made of letters"),
    ],
)
def test_a_change_that_cannot_be_read_is_one_line(
    file: Path, capsys: pytest.CaptureFixture[str], word: str, told: str
) -> None:
    assert main(["table", str(file), "--set", word]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert len(err.splitlines()) == 1
