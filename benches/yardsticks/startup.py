"""`startup`: what `import isoflop`, with all that a search needs, costs beyond importing polars and numpy.

Timed twice: inside a process that has imported both already, and as the difference between whole processes
that import isoflop and processes that do not, alternating. The bar is on the first, which a busy machine
blurs less. Modules are compiled before, as they are where a package was installed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping

from benches.tools.harness import Line, Options, limit

BAR = 0.030

# What is named is loaded on use.
USED = "import isoflop; isoflop.Sweep, isoflop.law, isoflop.geomspace"

BEYOND = f"""
import time, polars, numpy
start = time.perf_counter()
{USED}
print(time.perf_counter() - start)
"""


def run(options: Options) -> list[Line]:
    with tempfile.TemporaryDirectory() as compiled:
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment = {**kept, "PYTHONPYCACHEPREFIX": compiled}
        _python(BEYOND, environment)
        return _lines(options, environment)


def _lines(options: Options, environment: Mapping[str, str]) -> list[Line]:
    inside, without, with_isoflop = [], [], []
    for _ in range(3 if options.quick else 11):
        inside.append(float(_python(BEYOND, environment)))
        without.append(_seconds("import polars, numpy", environment))
        with_isoflop.append(_seconds(f"import polars, numpy\n{USED}", environment))
    between = statistics.median(b - a for a, b in zip(without, with_isoflop, strict=True))
    return [
        limit("import isoflop", statistics.median(inside), BAR, raw=inside),
        Line(
            name="import isoflop",
            ours=between,
            note="difference between whole processes",
            raw={"polars, numpy": without, "polars, numpy, isoflop": with_isoflop},
        ),
    ]


def _python(code: str, environment: Mapping[str, str]) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def _seconds(code: str, environment: Mapping[str, str]) -> float:
    start = time.perf_counter()
    _python(code, environment)
    return time.perf_counter() - start
