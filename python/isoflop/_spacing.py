"""Evenly spaced numbers, on a linear and on a logarithmic scale, end points exact."""

from __future__ import annotations

from math import isfinite, isinf

import numpy as np
from numpy.typing import NDArray

from isoflop import _native
from isoflop._exceptions import SpaceError
from isoflop._given import read_real, read_whole, shown

MOST_NUMBERS = 2**60 - 1
"""Their bytes can still be counted in 64 bits; memory ends long before."""


def linspace(start: float, stop: float, num: int = 50, *, endpoint: bool = True) -> NDArray[np.float64]:
    """Return ``num`` evenly spaced numbers from ``start`` to ``stop``.

    As NumPy's function of this name, to the bit; it stands here so that a sweep needs no second import.

    Parameters
    ----------
    start, stop
        The ends, both finite. ``start`` is hit exactly, and so is ``stop`` with ``endpoint``.
    num
        How many numbers, 0 or more.
    endpoint
        Whether ``stop`` is the last number; else the numbers end one step before it.

    Raises
    ------
    SpaceError
        If an end is not finite, the two are further apart than the largest number, or ``num`` is negative
        or beyond all memory.
    TypeError
        If an end is no number, or ``num`` no whole one.

    Examples
    --------
    >>> linspace(0.5, 2, 4).tolist()
    [0.5, 1.0, 1.5, 2.0]
    """
    count, first, last = _arguments("linspace", start, stop, num)
    if not isfinite(last - first):
        raise SpaceError(f"linspace: {first} and {last} are further apart than the largest number")
    steps = count - 1 if endpoint else count
    step = (last - first) / steps if steps > 0 else 0.0
    if step == 0 or isinf(step * steps):
        # The last product may round beyond all numbers; the end takes its place.
        with np.errstate(over="ignore"):
            return np.linspace(first, last, count, endpoint=endpoint, dtype=np.float64)
    # What NumPy does, in a third of the time: a script that makes sweeps in a loop makes their axes, too.
    numbers = np.arange(count, dtype=np.float64)
    numbers *= step
    numbers += first
    if endpoint:
        numbers[-1] = last
    return numbers


def geomspace(start: float, stop: float, num: int = 50, *, endpoint: bool = True) -> NDArray[np.float64]:
    """Return ``num`` numbers from ``start`` to ``stop``, each the same factor above the one before.

    NumPy's meaning, computed with the engine's own kernels: the same bits on every machine.

    Parameters
    ----------
    start, stop
        The ends, finite, not zero and of one sign. ``start`` is hit exactly, and so is ``stop`` with
        ``endpoint``.
    num
        How many numbers, 0 or more.
    endpoint
        Whether ``stop`` is the last number; else the numbers end one factor before it.

    Raises
    ------
    SpaceError
        If an end is zero or not finite, the signs differ, or ``num`` is negative or beyond all memory.
    TypeError
        If an end is no number, or ``num`` no whole one.

    Examples
    --------
    >>> geomspace(1e9, 1e12, 4).tolist()
    [1000000000.0, 10000000000.0, 100000000000.0, 1000000000000.0]
    """
    count, first, last = _arguments("geomspace", start, stop, num)
    if first == 0 or last == 0 or (first < 0) != (last < 0):
        raise SpaceError(
            f"geomspace from {first} to {last}: both ends must have one sign and not be zero; use linspace"
        )
    if first < 0:
        return -_native.geomspace(-first, -last, count, bool(endpoint))
    return _native.geomspace(first, last, count, bool(endpoint))


def _arguments(function: str, start: float, stop: float, num: int) -> tuple[int, float, float]:
    # Exact types first: reading a number in words takes longer than making a short axis.
    if type(num) is int and 0 <= num <= MOST_NUMBERS and _is_plain(start) and _is_plain(stop):
        count, first, last = num, float(start), float(stop)
    else:
        count, first, last = _read(function, num, start, stop)
    for name, end in (("start", first), ("stop", last)):
        if not isfinite(end):
            raise SpaceError(f"{function}: {name} is {end}; it must be finite")
    return count, first, last


def _is_plain(number: object) -> bool:
    """Tell whether a number is a float, or an integer that is one."""
    return type(number) is float or (type(number) is int and -(2**53) <= number <= 2**53)


def _read(function: str, num: object, start: object, stop: object) -> tuple[int, float, float]:
    try:
        count = read_whole(num, f"{function}: num", least=None, most=MOST_NUMBERS, kind="an integer")
        first, last = read_real(start, f"{function}: start"), read_real(stop, f"{function}: stop")
    except ValueError as error:
        raise SpaceError(str(error)) from None
    if count < 0:
        raise SpaceError(f"{function}: num is {shown(count)}; it must be 0 or more")
    return count, first, last


def recognize(numbers: NDArray[np.float64]) -> str | None:
    """Return ``"geomspace"`` or ``"linspace"`` if the numbers are exactly that of their ends, else ``None``.

    Short columns are not looked at: they read better written out.
    """
    if numbers.size < 5 or numbers[0] == numbers[-1]:
        return None
    for name, function in (("geomspace", geomspace), ("linspace", linspace)):
        try:
            spaced = function(float(numbers[0]), float(numbers[-1]), numbers.size)
        except SpaceError:
            continue
        if spaced.tobytes() == numbers.tobytes():
            return name
    return None
