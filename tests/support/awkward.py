"""Awkward numbers by name, and how to tell numbers apart to the last bit."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

ZERO = 0.0
NEGATIVE_ZERO = -0.0
SMALLEST = 5e-324
SMALLEST_NORMAL = sys.float_info.min
LARGEST_SUBNORMAL = math.nextafter(SMALLEST_NORMAL, 0.0)
LARGEST = sys.float_info.max
HUGE = 1e308
ABOVE_ONE = math.nextafter(1.0, 2.0)
BELOW_ONE = math.nextafter(1.0, 0.0)
LAST_ODD = float(2**53 - 1)
HALF_BELOW_LAST_FRACTION = 2.0**52 - 0.5

FINITE = (
    ZERO,
    NEGATIVE_ZERO,
    1.0,
    -1.0,
    0.5,
    -0.5,
    2.0,
    3.0,
    HUGE,
    -HUGE,
    SMALLEST,
    -SMALLEST,
    SMALLEST_NORMAL,
    LARGEST_SUBNORMAL,
    LARGEST,
    ABOVE_ONE,
    BELOW_ONE,
    LAST_ODD,
    HALF_BELOW_LAST_FRACTION,
)
"""Every axis value may be one of these."""

EVERYTHING = (*FINITE, math.inf, -math.inf, math.nan)
"""Every intermediate result may be one of these."""


def raw(values: Iterable[float] | NDArray[np.float64]) -> bytes:
    """Return what tells numbers apart, in a form that is quick to compare. All NaNs are one."""
    array = np.array(values if isinstance(values, np.ndarray) else list(values), dtype=np.float64)
    array[np.isnan(array)] = np.nan
    return array.tobytes()


def bits(values: Iterable[float] | NDArray[np.float64]) -> list[int]:
    """Return the bits of numbers one by one, in a form that shows which of them differ."""
    listed: list[int] = np.frombuffer(raw(values), dtype=np.int64).tolist()
    return listed
