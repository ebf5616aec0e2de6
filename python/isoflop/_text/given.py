"""Numbers that a user gave: read as what the engine takes, or refused in words.

Every number, array and count that comes in passes through here, so that one too large for a machine, text,
``None``, truth values and masked entries are told apart in one place and by name. What the numbers mean, and
so which of them make sense, is the business of the callers; so is the class of an error of their own.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from decimal import Decimal
from numbers import Complex, Integral, Real
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

MOST = 2**63 - 1
"""The largest count that the engine takes."""

_DEEPEST = 32
"""Lists within lists, of which NumPy makes a dimension each."""

_KINDS = {"U": "text", "S": "bytes", "b": "truth values", "c": "complex numbers", "M": "dates", "m": "dates"}
"""What arrays may hold besides numbers, by NumPy's letter."""


def shown(value: object, most: int = 60) -> str:
    """Return a value as a message shows it: never more than so many characters, whatever was given."""
    if isinstance(value, Integral) and abs(int(value)) >= 10**20:
        # Python itself refuses to write out integers of thousands of digits.
        sign, size = "-" if value < 0 else "", math.log10(abs(int(value)))
        return f"about {sign}{10 ** (size % 1):.1f}e{int(size)}"
    try:
        text = " ".join(repr(value).split())
    except Exception:
        return f"a {type(value).__name__}"
    return text if len(text) <= most else f"{text[: most - 3]}..."


def read_real(value: object, name: str) -> float:
    """Return a number as a float; infinities and NaN are numbers here.

    Parameters
    ----------
    value
        An integer, a float, or anything that turns itself into one but text.
    name
        What messages call it.

    Raises
    ------
    TypeError
        If it is no number; so are text, truth values, ``None`` and a masked entry.
    ValueError
        If it is beyond the largest number of binary64.
    """
    # Exact types first: most numbers are floats, and scripts make sweeps in loops.
    if type(value) is float:
        return value
    number = _real(value)
    if number is None:
        raise TypeError(f"{name} must be a number, not {shown(value)}")
    if math.isinf(number) and value != number:
        raise _beyond(name, value)
    return number


def read_whole(
    value: object, name: str, *, least: int | None = 1, most: int = MOST, kind: str = "a whole number"
) -> int:
    """Return a whole number in a range; ``kind`` is what messages say that it must be.

    Raises
    ------
    TypeError
        If it is no whole number.
    ValueError
        If it is out of the range.
    """
    if type(value) is not int and (isinstance(value, bool) or not isinstance(value, Integral)):
        raise TypeError(f"{name} must be {kind}, not {shown(value)}")
    count = int(value)
    if least is not None and count < least:
        raise ValueError(f"{name} must be {least} or more, not {shown(count)}")
    if count > most:
        raise ValueError(f"{name} must be at most {most}, not {shown(count)}")
    return count


def read_reals(values: object, name: str) -> NDArray[np.float64]:
    """Return a number, or an array of them, as float64 of its shape; NaN stays NaN.

    Parameters
    ----------
    values
        A number, a list (of lists) of numbers, or whatever turns itself into an array.
    name
        What messages call it.

    Raises
    ------
    TypeError
        If anything in it is no number.
    ValueError
        If a number is beyond binary64, or an entry is masked or null.
    """
    return np.array(values) if type(values) is float else _reals(values, name, 0)


def read_frame(frame: Any, *, mixed: bool = False) -> pl.DataFrame:
    """Return what was given as a frame: a Polars one, a lazy one (which is collected), or what makes one.

    Parameters
    ----------
    frame
        What was given.
    mixed
        Whole and other numbers may mix in a column, as they do where a user writes them by hand.

    Raises
    ------
    ValueError
        If an integer is too large for a column, of which Polars would make a null.
    """
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    try:
        table = pl.DataFrame(frame, strict=not mixed)
    except OverflowError as error:
        _refuse_wide(frame, "the frame")
        raise ValueError(f"the frame holds a number too large for a column: {error}") from None
    if mixed and not isinstance(frame, pl.DataFrame):
        _refuse_wide(frame, "the frame")
    return table


def _refuse_wide(values: object, name: str) -> None:
    if isinstance(values, int):
        if values.bit_length() > 127:
            wide = f"{name} holds the integer {shown(values)}, too large for a column"
            raise ValueError(f"{wide}; write it as a float if a rounded value will do")
    elif isinstance(values, Mapping):
        for key, part in values.items():
            _refuse_wide(part, f"column `{key}`")
    elif isinstance(values, list | tuple):
        for part in values:
            _refuse_wide(part, name)


def _reals(values: object, name: str, depth: int) -> NDArray[np.float64]:
    if isinstance(values, list | tuple):
        return _of_list(values, name, depth)
    if isinstance(values, np.ndarray):
        if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
            raise ValueError(f"{name} has masked values; drop or fill them first")
        return _of_array(np.asarray(values), name)
    if values is None or isinstance(values, bool | str | bytes | bytearray | Complex | Decimal):
        return np.array(_element(values, name))
    nulls = _nulls(values)
    if nulls:
        raise ValueError(f"{name} has {nulls} nulls; drop or fill them first")
    try:
        array = np.asarray(values)
    except Exception:
        raise _not_numbers(name, values) from None
    if array.ndim == 0 and array.dtype.kind == "O":
        return np.array(_element(values, name))
    return _of_array(array, name)


def _of_list(values: list[Any] | tuple[Any, ...], name: str, depth: int) -> NDArray[np.float64]:
    if depth >= _DEEPEST:
        raise TypeError(f"{name} must be numbers, not lists nested {_DEEPEST} deep")
    kinds = set(map(type, values))
    if kinds <= {float}:
        return np.array(values, dtype=np.float64)
    if not any(issubclass(kind, list | tuple | np.ndarray) for kind in kinds):
        return np.array([_element(value, name) for value in values], dtype=np.float64)
    parts = [_reals(value, name, depth + 1) for value in values]
    if len({part.shape for part in parts}) > 1:
        raise TypeError(f"{name} must be numbers in rows of the same length")
    return np.stack(parts)


def _of_array(array: NDArray[Any], name: str) -> NDArray[np.float64]:
    kind = array.dtype.kind
    if kind == "O":
        elements = [_element(value, name) for value in array.ravel()]
        return np.array(elements, dtype=np.float64).reshape(array.shape)
    if kind not in "iuf":
        what = _KINDS.get(kind, f"values of type {array.dtype}")
        example = f": {shown(array.flat[0].item())}" if array.size and kind in "USb" else ""
        raise TypeError(f"{name} must be numbers, not {what}{example}")
    with np.errstate(over="ignore"):
        numbers = np.asarray(array, dtype=np.float64)
    if array.dtype.itemsize > 8:
        beyond = np.isinf(numbers) & ~np.isinf(array)
        if beyond.any():
            raise _beyond(name, array[beyond][0])
    return numbers


def _element(value: object, name: str) -> float:
    number = _real(value)
    if number is None:
        raise _not_numbers(name, value)
    if math.isinf(number) and value != number:
        raise _beyond(name, value)
    return number


def _real(value: object) -> float | None:
    """Return a number, infinite if it is too large, or ``None`` for whatever is no number."""
    if isinstance(value, np.ndarray):
        # One that is masked is called a number by its class.
        if value.ndim or isinstance(value, np.ma.MaskedArray) or value.dtype.kind not in "iufO":
            return None
        value = value.item()
    if isinstance(value, bool | str | bytes | bytearray) or (
        not isinstance(value, Real) and isinstance(value, Complex | np.generic)
    ):
        return None
    if not hasattr(value, "__float__"):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf
    except (TypeError, ValueError):
        return None


def _nulls(values: object) -> int:
    """Return how many values of a series or frame are missing; as arrays they would be NaN."""
    count = getattr(values, "null_count", 0)
    try:
        found = count() if callable(count) else count
        return int(found) if isinstance(found, int) else int(np.asarray(found).sum())
    except Exception:
        return 0


def _not_numbers(name: str, value: object) -> TypeError:
    if value is np.ma.masked:
        return TypeError(f"{name} has masked values; drop or fill them first")
    kinds = ((str, "text: "), (bytes | bytearray, "bytes: "), (bool | np.bool_, "truth values: "))
    kind = next((word for types, word in kinds if isinstance(value, types)), "")
    return TypeError(f"{name} must be numbers, not {kind}{shown(value)}")


def _beyond(name: str, value: object) -> ValueError:
    return ValueError(f"{name} is {shown(value)}, beyond the largest number, {sys.float_info.max:.3g}")
