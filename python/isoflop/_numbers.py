"""Numbers as short text that reads back to the same number, in Python and in TOML."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite


def number_text(value: float) -> str:
    """Return a short way to write a number: ``1e9`` for 1000000000.0, ``2048`` for the integer.

    A float always shows that it is one, by a point or an exponent.
    """
    text = repr(value)
    if isinstance(value, int) or not isfinite(value):
        return text
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return text
    # Decimal drops trailing zeros without touching a digit.
    sign, digits, exponent = Decimal(text).normalize().as_tuple()
    assert isinstance(exponent, int), "the number is finite"
    first, *others = map(str, digits)
    fraction = "." + "".join(others) if others else ""
    scientific = f"{'-' * sign}{first}{fraction}e{exponent + len(others)}"
    return min(text, scientific, key=len)
