"""`startup`: what `import isoflop` costs beyond importing polars and numpy.

Timed twice: inside a process that has imported both already, and as the difference between whole processes
that import isoflop and processes that do not, alternating. The bar is on the first, which a busy machine
blurs less.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from .harness import Line, Options, limit

BAR = 0.030

BEYOND = """
import time, polars, numpy
start = time.perf_counter()
import isoflop
print(time.perf_counter() - start)
"""


def _seconds(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def run(options: Options) -> list[Line]:
    inside, without, with_isoflop = [], [], []
    for _ in range(3 if options.quick else 11):
        done = subprocess.run([sys.executable, "-c", BEYOND], check=True, capture_output=True, text=True)
        inside.append(float(done.stdout))
        without.append(_seconds("import polars, numpy"))
        with_isoflop.append(_seconds("import polars, numpy, isoflop"))
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
