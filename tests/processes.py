"""The command line as a process, for tests of what a process leaves behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = str(Path(sys.executable).with_name("isoflop"))


def command(*argv: str | bytes | Path, first: str = "") -> list[str | bytes | Path]:
    """Return a command that runs isoflop, after these lines of Python."""
    if not first:
        return [SCRIPT, *argv]
    return [sys.executable, "-c", f"{first}\nfrom isoflop.cli import entry\nentry()", *argv]


def finished(*argv: str | bytes | Path, first: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(command(*argv, first=first), capture_output=True, text=True, check=False)
