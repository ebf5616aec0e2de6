"""The page on plans: its code runs, and what it shows is what the code prints."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "plans.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.filterwarnings("ignore::isoflop.IsoflopWarning")
def test_the_page_s_code_runs_and_prints_what_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for block in blocks("python"):
        exec(block, names)
    (shown,) = blocks("text")
    assert capsys.readouterr().out == shown


def test_the_page_explains_every_line_of_the_plan() -> None:
    (shown,) = blocks("text")
    text = PAGE.read_text(encoding="utf-8")
    for fact in re.findall(r"^  (parameters|tokens|loss|compute|cost|memory)  ", shown, re.MULTILINE):
        assert f"- **{fact}**" in text
    for title in ("How far each axis can move", "More or less of the budget", "Second opinions", "Mind"):
        assert title in shown
        assert f"**{title}.**" in text
