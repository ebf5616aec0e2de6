"""Numbers as text: short text that reads back to the same number, and what people write for numbers."""

from __future__ import annotations

import re
from decimal import Decimal
from math import isfinite

POWERS = {"k": 3, "K": 3, "M": 6, "B": 9, "T": 12}
"""Letters for powers of ten; B is a billion."""

NOTATION = "7e9, 7B, 1_000 (k, M, B and T are 1e3, 1e6, 1e9 and 1e12)"
"""What messages say of how a number may be written."""

_DIGITS = r"\d+(?:_\d+)*"
_WRITTEN = re.compile(
    rf"([+-]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS}))(?:([eE][+-]?{_DIGITS})| ?([kKMBT]))?",
    re.ASCII,
)


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


def written_number(text: str) -> int | float | None:
    """Return the number that a text stands for, ``None`` if it is none.

    That is a number as Python writes it, or one with a letter: ``7B`` is exactly what 7e9 reads as. What is
    written without point, exponent and letter is an integer. There is neither infinity nor NaN.

    Examples
    --------
    >>> written_number("7B"), written_number("1_000"), written_number("0.5"), written_number("7G")
    (7000000000.0, 1000, 0.5, None)
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        return None
    digits, exponent, letter = found.groups()
    if exponent is None and letter is None and "." not in digits and len(digits) < 4000:
        return int(digits)  # Python itself reads no more digits
    number = float(digits.replace("_", "") + (f"e{POWERS[letter]}" if letter else exponent or ""))
    return number if isfinite(number) else None


def counted(number: int, noun: str) -> str:
    """Return a number of things, in the singular where it is one.

    Examples
    --------
    >>> counted(1, "row"), counted(2_000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def decades_text(decades: float) -> str:
    """Return a number of decades with two digits.

    Examples
    --------
    >>> decades_text(1.0), decades_text(0.25)
    ('1 decade', '0.25 decades')
    """
    text = f"{decades:.2g}"
    return f"{text} decade" if text == "1" else f"{text} decades"
