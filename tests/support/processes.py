"""The command line as a process, for tests of what a process leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

posix = pytest.mark.skipif(os.name == "nt", reason="signals, links and pipes are others there")

SCRIPT = str(Path(sys.executable).with_name("isoflop"))


# A second's writing.
LARGE = """
[axes]
a = { linspace = [0, 1, 3000] }
b = { linspace = [0, 1, 1000] }
"""
SMALL = LARGE.replace("3000", "3").replace("1000", "1")
FRAME = pl.DataFrame({"x": [1.0, 2.0, 4.0], "y": [1, 2, 3]})

NAMED = "import os\nif hasattr(os, 'O_TMPFILE'): del os.O_TMPFILE"
"""Takes away the files without a name, as file systems and platforms that have none."""


def command(*argv: str | bytes | Path, first: str = "") -> list[str | bytes | Path]:
    """Return a command that runs isoflop, after these lines of Python."""
    if not first:
        return [SCRIPT, *argv]
    return [sys.executable, "-c", f"{first}\nfrom isoflop.cli import entry\nentry()", *argv]


def finished(*argv: str | bytes | Path, first: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(command(*argv, first=first), capture_output=True, text=True, check=False)


def names(directory: Path) -> list[str]:
    """List what is in a directory."""
    return sorted(os.listdir(directory))
