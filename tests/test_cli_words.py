"""What the library says in the words of Python, the command line says in its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from isoflop.cli import main

FILE = """
law = "besiroglu2024"
[axes]
params = { geomspace = [1e8, 1e10, 21] }
tokens = { geomspace = [1e9, 1e11, 31] }
[pareto]
minimize = ["loss", "train_flops"]
"""
PYTHON = re.compile(r"(?<![\w`-])[a-z_]+=(?!=)|iso\.|pl\.|Sweep")


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ("pareto SWEEP --max-rows 3", "a coarser --resolution, tighten --where, or raise --max-rows"),
        ("near SWEEP --minimize loss --within 9 --max-rows 3", "--then, tighten --where, or raise"),
        ("table SWEEP --max-bytes 1k", "into --max-bytes 1,000; ask for fewer --columns, tighten --where"),
        ("best SWEEP --minimize loss --maximize tokens", "--minimize or --maximize, not both"),
        ("best SWEEP", "name at least one objective with --minimize or --maximize"),
        ("law tian2025-moe", "an allocation rule of this name: isoflop allocations"),
        ("law nosuchlaw", "isoflop laws lists all of them"),
        ("plan", "give exactly one: --flops; --usd; or --gpu-count with --days"),
        ("plan --flops 1e21 --usd 1M", "--flops and --usd are 2 budgets"),
        ("plan --days 60", "--days 60 of how many GPUs? give --gpu-count too"),
        ("plan --flops 1e21 --goal serving", "--goal serving needs --inference-tokens"),
        ("plan --flops 1e21 --goal data", "--goal data needs --params"),
        ("plan --flops 1e21 --target-loss 2", "--target-loss"),
        ("plan --flops 1e21 --serving-bytes 10", "--serving-bytes 10 has no room"),
    ],
)  # fmt: skip
def test_keywords_are_told_as_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], argv: str, told: str
) -> None:
    path = tmp_path / "s.toml"
    path.write_text(FILE)
    assert main([str(path) if word == "SWEEP" else word for word in argv.split()]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert not PYTHON.search(error)
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[axes]\nx = [1]\n[table]\ncolumns = "loss"', '`law` in the sweep file, e.g. law = "besiroglu2024"'),
        ("[axes]\nx = 1\n[pools.web]", "e.g. web_tokens = { geomspace = [1e11, 1e13, 41] }"),
        ("[axes]\ntokens = 1\n[pools.web]", "or leave [pools] in the sweep file out"),
        ("[axes]\nx = [true]", "make it a linked axis, { x = [...] }"),
        ('[axes]\nx = ["a"]', "make it a linked axis, a table whose text"),
        ('law = "besiroglu2024"\n[axes]\nparams = [1e9]\n', "e.g. tokens = 2e12"),
        ('architecture = "gpt"\n[axes]\nparams = 3', "or leave `architecture` in the sweep file out"),
        ('law = "besiroglu2024"\n[axes]\nalpha = [1, 2]\n', "with a table [law] of its own"),
        ('law = "hoffmann2022"\n[axes]\nparams = 1\ntokens = 1\nactivation = [1, 0.5]', "moe_gain = 0.35"),
    ],
)  # fmt: skip
def test_ways_out_are_told_as_a_sweep_file_has_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    path = tmp_path / "s.toml"
    path.write_text(text)
    assert main(["table", str(path)]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert not PYTHON.search(error)


def test_formulas_stay_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "s.toml"
    path.write_text(FILE)
    assert main(["table", str(path), "--where", "rows=3"]) == 2
    assert "  rows=3\n" in capsys.readouterr().err
    assert main(["table", str(path), "--where", "params==3"]) == 0
    assert "`params==3`: nothing in the space meets it" in capsys.readouterr().err
