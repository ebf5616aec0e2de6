"""Axes of a plan's sweeps: fine enough that the best on them is the best there is, to 0.1 % of compute.

Around the optimum loss is flat: a step of 3 % costs less than 0.01 % of compute there. Where a limit decides,
loss and costs change about as fast as what is moved, or twice as fast: then a step of 0.01 % ends within 0.02
%. So a first sweep over everything finds the neighbourhood, and two more end close to the continuous optimum.
`docs/design.md` shows what was measured.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import exp, inf, log
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WIDE, COARSE = 2e-3, 0.03
"""Steps of the first sweep, in logarithms: where there is a size to choose alone, and where there is more."""

FINER = (1.0, 12.0)
"""How much finer the first sweep is, and is again if nothing was found."""

ZOOMS = ((0.12, 1e-3), (0.01, 1e-4))
"""How far the next sweeps reach to either side of the best so far, and their steps, in logarithms."""

SIZES = log(1e4)
"""How far sizes reach to either side of a guess."""

UNSPENT = log(1e12)
"""How much of a budget may be left, in logarithms: limits may allow a small plan only."""

_LITERAL = re.compile(r"\s*([a-z_0-9]+)\s*(?:<=|>=|==|<|>)\s*([0-9.e+_]+)\s*", re.IGNORECASE)


def spaced(low: float, high: float, step: float, special: Iterable[float] = ()) -> Floats:
    """Return values from one end to the other, both exact, with others put in where they lie between."""
    count = max(round(log(high / low) / step), 1) + 1
    values = np.geomspace(low, high, count)
    values[0], values[-1] = low, high
    extra = [value for value in special if low <= value <= high]
    return np.unique(np.append(values, extra)) if extra else values


def below(most: float, step: float, reach: float, special: Iterable[float] = ()) -> Floats:
    """Return values up to one, the largest first: the first of equals is best, and that is to spend all."""
    return spaced(most * exp(-reach), most, step, special)[::-1].copy()


def around(
    value: float,
    near: float,
    step: float,
    *,
    low: float = 0.0,
    high: float = inf,
    special: Iterable[float] = (),
) -> Floats:
    """Return values near one, which is among them, within ends."""
    low, high = max(low, value * exp(-near)), min(high, value * exp(min(near, 100.0)))
    return spaced(low, high, step, (value, *special)) if low < high else np.array([value])


def closer_values(values: Floats, discrete: bool, value: float, near: float, step: float) -> Floats:
    """Return values near one of a choice."""
    if discrete or len(values) < 3:
        return values
    low, high = float(values[0]), float(values[-1])
    if low > 0 and values[1] - low < 0.9 * (high - values[-2]):  # evenly in logarithms
        return around(value, near, step, low=low, high=high)
    reach = min(near, 1.0) * (high - low)
    finer = np.linspace(
        max(low, value - reach), min(high, value + reach), round(2 * min(near, 1.0) / step) + 1
    )
    return np.unique(np.append(finer, value))


def literals(where: Iterable[str], name: str) -> list[float]:
    """Return the numbers that constraints compare a name with: an axis shall have them."""
    found = []
    for constraint in where:
        match = _LITERAL.fullmatch(constraint)
        if match is not None and match[1] == name:
            try:
                found.append(float(match[2]))
            except ValueError:
                continue
    return [value for value in found if value > 0]
