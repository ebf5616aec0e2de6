"""Peak memory of one contestant: how far a fresh process grows beyond what it holds before the question.

``python -m benches.tools.memory YARDSTICK CONTESTANT SPACE SIZE...`` answers once and prints the growth
in bytes.
"""

from __future__ import annotations

import importlib
import resource
import subprocess
import sys
from pathlib import Path

from benches.tools import spaces

TOP = Path(__file__).resolve().parents[2]
MIB = 2.0**20


def peak(module: str, contestant: str, space: spaces.Space) -> float:
    """Return the growth, in MiB, of a process in which `contestant` of `module` answers."""
    command = [sys.executable, "-m", "benches.tools.memory", module, contestant, space.name]
    command += map(str, space.shape)
    done = subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1]) / MIB


def _status(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise LookupError(f"/proc/self/status has no {field}")


def _growth(module: str, contestant: str, name: str, shape: tuple[int, ...]) -> int:
    answer = getattr(importlib.import_module(f"benches.yardsticks.{module}"), contestant)
    space: spaces.Space = getattr(spaces, name)(*shape)
    # A small question first: imports, compilation and thread pools are not the question's memory.
    answer(getattr(spaces, name)(*(min(length, 6) for length in shape)))
    if Path("/proc/self/clear_refs").exists():
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew at what is held now
        before = _status("VmRSS")
        answer(space)
        return _status("VmHWM") - before
    # Elsewhere the peak cannot be set back; the warm-up is small enough not to hide anything.
    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer(space)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit


if __name__ == "__main__":
    print(_growth(sys.argv[1], sys.argv[2], sys.argv[3], tuple(map(int, sys.argv[4:]))))
