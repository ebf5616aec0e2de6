"""The table of contents says the truth."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import isoflop as iso


def test_all_lists_every_public_name_and_no_other() -> None:
    public = {
        name
        for name in dir(iso)
        if (not name.startswith("_") and not inspect.ismodule(getattr(iso, name))) or name == "__version__"
    }
    assert set(iso.__all__) == public - {"TYPE_CHECKING"}


def test_an_unknown_member_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'isoflop' has no attribute 'swep'"):
        iso.swep  # type: ignore[attr-defined]  # noqa: B018


def test_all_is_sorted() -> None:
    assert list(iso.__all__) == sorted(iso.__all__)


def test_every_member_says_what_it_is() -> None:
    for name in iso.__all__:
        if name != "__version__":
            assert inspect.getdoc(getattr(iso, name)), name


def test_every_public_method_of_a_sweep_is_documented() -> None:
    for name, member in inspect.getmembers(iso.Sweep):
        if not name.startswith("_"):
            assert inspect.getdoc(member), name


def test_options_of_questions_are_keywords_only() -> None:
    for method in (iso.Sweep.pareto, iso.Sweep.profile, iso.Sweep.best, iso.Sweep.table, iso.Sweep.explain):
        parameters = list(inspect.signature(method).parameters.values())[1:]
        assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters), method


def test_importing_loads_no_optional_package() -> None:
    heavy = ("rich", "cyclopts", "isoflop.cli", "isoflop._law.checks", "isoflop._models.diagnose")
    code = f"import isoflop, sys; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["pareto", "--help"]])
def test_words_about_the_command_line_load_no_polars(words: list[str]) -> None:
    code = f"""
import sys
from isoflop.cli import main
status = main({words})
print(status, [name for name in ("polars", "numpy") if name in sys.modules], file=sys.stderr)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stderr.strip() == "0 []"


def test_members_that_are_loaded_on_use_are_what_type_checkers_see() -> None:
    for name in iso.__all__:
        if name != "__version__":
            assert getattr(iso, name).__name__ == name
