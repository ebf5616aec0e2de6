"""The benchmarks: every yardstick can be asked for, and is explained."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from benches.tools.harness import Line, limit
from benches.tools.pace import scaled

BENCHES = Path(__file__).parents[1] / "benches"
YARDSTICKS = sorted(path.stem for path in (BENCHES / "yardsticks").glob("[!_]*.py"))
PART_OF_SEARCH = {"growth"}


def subjects() -> list[str]:
    """Return what `--only` takes; read, not imported, for benches need packages that tests do not have."""
    for node in ast.parse((BENCHES / "__main__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SUBJECTS":
            return list(ast.literal_eval(node.value))
    raise LookupError("benches/__main__.py has no SUBJECTS")


def test_every_yardstick_can_be_asked_for() -> None:
    assert sorted({*subjects(), *PART_OF_SEARCH}) == YARDSTICKS


def test_the_readme_has_a_row_for_every_yardstick_in_their_order() -> None:
    text = (BENCHES / "README.md").read_text(encoding="utf-8")
    section = text.split("\n## What each yardstick stands for\n", 1)[1].split("\n`search` asks:", 1)[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == subjects()


@pytest.mark.parametrize("name", YARDSTICKS)
def test_a_yardstick_has_a_sentence_and_a_way_to_run(name: str) -> None:
    tree = ast.parse((BENCHES / "yardsticks" / f"{name}.py").read_text(encoding="utf-8"))
    assert (ast.get_docstring(tree) or "").startswith(f"`{name}`:") or name in PART_OF_SEARCH
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert "run" in functions


def test_links_of_the_readme_lead_somewhere() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", (BENCHES / "README.md").read_text(encoding="utf-8")):
        assert (BENCHES / link).exists(), link


def test_bars_in_seconds_follow_the_pace_of_the_machine_and_no_others() -> None:
    lines = [
        limit("late", 0.15, 0.1),
        limit("much too late", 0.25, 0.1),
        limit("memory", 600.0, 500.0, unit="MiB"),
        Line(name="ratio", ours=1.0, bar=">= 2", met=False),
    ]
    assert [line.met for line in lines] == [False] * 4
    assert [line.met for line in scaled(lines, 2.0)] == [True, False, False, False]
    assert [line.met for line in scaled(lines, 0.5)] == [False] * 4
    assert "x 2.00 = 200 ms" in scaled(lines, 2.0)[0].bar
