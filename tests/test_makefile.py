"""Which interpreter `make` finds: the newest python3.N on the path that runs and is not too old."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHOW = "show-python:\n\t@echo '[$(PYTHON)]'\n"
REAL = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
COMPLAINS = "#!/bin/sh\necho 'this version is not installed' >&2\nexit 127\n"
OLD = "#!/bin/sh\nexit 1\n"  # what the look at the version exits with

pytestmark = pytest.mark.skipif(
    os.name == "nt" or shutil.which("make") is None, reason="make and a shell are needed"
)

Found = Callable[..., str]


@pytest.fixture
def found(tmp_path: Path) -> Found:
    """Return which interpreter make chooses among these commands."""

    def choose(*arguments: str, **commands: str) -> str:
        tools = tmp_path / "tools"
        tools.mkdir()
        for tool in ("make", "sh", "ls", "sed", "sort", "echo", "find", "date", "awk", "cat"):
            path = shutil.which(tool)
            assert path is not None
            (tools / tool).symlink_to(path)
        place = tmp_path / "a place"
        place.mkdir()
        for name, text in commands.items():
            command = place / name.replace("_", ".").replace("DASH", "-")
            command.write_text(text)
            command.chmod(0o755)
        (tmp_path / "show.mk").write_text(SHOW)
        words = ["make", "-s", "-f", "Makefile", "-f", str(tmp_path / "show.mk"), "show-python", *arguments]
        environment = {"PATH": f"{place}:{tools}"}
        done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()[-1]

    return choose


def test_the_newest_is_found_whatever_its_number(found: Found) -> None:
    assert found(python3_9=OLD, python3_11=REAL, python3_27=REAL, python3=REAL) == "[python3.27]"


def test_one_that_only_complains_is_passed_over(found: Found) -> None:
    assert found(python3_14=COMPLAINS, python3_15=COMPLAINS, python3_12=REAL, python3=REAL) == "[python3.12]"


def test_what_only_begins_like_an_interpreter_is_none(found: Found) -> None:
    assert found(python3_14DASHconfig=REAL, python3_14t=REAL, python3_11=REAL) == "[python3.11]"


def test_without_a_numbered_one_the_plain_name_is_taken(found: Found) -> None:
    assert found(python3=REAL) == "[python3]"


def test_old_ones_alone_are_none(found: Found) -> None:
    assert found(python3_10=OLD, python3=OLD) == "[]"


def test_a_named_one_is_not_looked_for(found: Found) -> None:
    assert found("PYTHON=mine", python3_14=REAL) == "[mine]"
