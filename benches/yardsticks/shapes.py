"""`shapes`: a billion shapes of a mixture of experts by experts by tokens, counted from their architecture.

Least loss and the front under a FLOP limit; a thinned space is enumerated to see that the search is right.
"""

from __future__ import annotations

import statistics
from functools import partial
from typing import Any

import isoflop as iso
from benches.tools.harness import Contestant, Line, Options, WrongAnswer, alternate, limit

BAR = 0.2  # seconds
WHERE = ("train_flops <= 1e22", "weight_bytes <= 6.4e11")


def run(options: Options) -> list[Line]:
    """Time both questions."""
    thin = space(step=16, tokens=41)
    for question in (_best, _front):
        if not question(thin, method="search").equals(question(thin, method="enumerate")):
            raise WrongAnswer("shapes: search and enumeration disagree")
    whole = space(step=4 if options.quick else 1, tokens=200 if options.quick else 2000)
    lines = []
    for name, question in (("best", _best), ("front", _front)):
        found = question(whole)
        times = alternate({"isoflop": Contestant(partial(question, whole))}, 2 if options.quick else 7)[
            "isoflop"
        ]
        note = f"{found.height:,} rows of {whole.size:.3g} configurations; a thinned space as enumerated"
        lines.append(limit(f"shapes: {name}", statistics.median(times), BAR, note=note, raw=times))
    return lines


def space(step: int, tokens: int) -> iso.Sweep:
    """Return layers x widths x expert widths x experts x tokens."""
    axes: dict[str, Any] = {
        "layers": range(8, 88, step),
        "d_model": range(512, 8704, 128 * step),
        "heads": 16,
        "d_ff_expert": range(512, 3072, 128 * step),
        "vocab_size": 50304,
        "experts": [2, 4, 8, 16, 32],
        "top_k": 1,
        "context": 2048,
        "tokens": iso.geomspace(1e10, 1e13, tokens),
    }
    return iso.Sweep(axes, architecture="mixtral", law="ludziejewski2025", where=WHERE)


def _best(sweep: iso.Sweep, **options: Any) -> Any:
    return sweep.best(minimize="loss", **options)


def _front(sweep: iso.Sweep, **options: Any) -> Any:
    return sweep.pareto(minimize=["loss", "train_flops"], **options)
