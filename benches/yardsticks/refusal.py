"""`refusal`: how soon a front that is far too large is refused, against how long the largest one takes.

Every configuration of two axes is on the front of loss, parameters and tokens. A square grid of close to
`MAX_ROWS` configurations is answered, one of nearly four times as many is refused.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

from benches.tools import spaces
from benches.tools.harness import Contestant, Line, Options, WrongAnswer, alternate, compare

MAX_ROWS, SIDE = 10_000_000, 6000
QUICK_ROWS, QUICK_SIDE = 250_000, 950
BAR = 2.0
METHODS = ("auto", "enumerate", "search")
OBJECTIVES = ["loss", "params", "tokens"]
Method = Literal["auto", "enumerate", "search"]


def run(options: Options) -> list[Line]:
    """Compare a refusal with an answer, method by method."""
    limit, side = (QUICK_ROWS, QUICK_SIDE) if options.quick else (MAX_ROWS, SIDE)
    fitting = int(limit**0.5)
    lines = []
    for method in METHODS:
        contestants = {
            "isoflop": Contestant(partial(refused, side, method, limit)),
            "an answer": Contestant(partial(answered, fitting, method, limit)),
        }
        times = alternate(contestants, rounds=1 if options.quick else 3)
        note = f"{side * side:,} rows refused, {fitting * fitting:,} answered"
        name = f"refusal: {method}"
        lines += compare(name, times, most={"an answer": BAR}, notes={"an answer": note})
    return lines


def answered(side: int, method: Method, limit: int) -> None:
    """Ask for a front of everything that fits, and count its rows."""
    rows = _front(side, method, limit)
    if rows != side * side:
        raise WrongAnswer(f"refusal: {rows} of {side * side} configurations are on the front")


def refused(side: int, method: Method, limit: int) -> None:
    """Ask for a front of everything that does not fit, and look at what the refusal says."""
    import isoflop as iso

    try:
        rows = _front(side, method, limit)
    except iso.LimitError as error:
        if error.limit != limit or not limit < error.rows <= side * side:
            raise WrongAnswer(f"refusal: {error.rows} rows under a limit of {error.limit}") from error
        return
    raise WrongAnswer(f"refusal: {rows} rows are no reason to refuse")


def _front(side: int, method: Method, limit: int) -> int:
    import isoflop as iso

    axes = {"params": spaces.params(side), "tokens": spaces.tokens(side)}
    sweep = iso.Sweep(axes, law="besiroglu2024")
    return sweep.pareto(minimize=OBJECTIVES, method=method, max_rows=limit).height
