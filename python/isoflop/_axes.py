"""Axes: what a user gives as the dimensions of a space, checked and copied.

    mapping --read_axes--> axes (columns of numbers, truth values, text) and scalars

Nothing that comes out of here shares memory with what went in, and its arrays are read-only. The sweep binds
the numbers of the columns to the engine and gathers results from their values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from math import isfinite
from numbers import Integral, Real
from typing import Any, Literal, NamedTuple, TypeAlias, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from isoflop import _native
from isoflop._exceptions import SpaceError
from isoflop._given import read_real, shown

AxisValues: TypeAlias = float | Sequence[float] | NDArray[Any] | pl.Series | pl.DataFrame
"""A scalar, a column of numbers, or a frame of columns that vary together."""

LARGEST_INTEGER = 2**53
"""Up to here binary64 holds every integer."""

LONGEST_AXIS = 2**32 - 1
"""Positions on an axis cross from the engine as 32-bit integers."""

_BINARY64: np.dtype[Any] = np.dtype(np.float64)
_MACHINE_INTEGERS = frozenset(
    [pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64]
)
_BOOLEAN: np.dtype[Any] = np.dtype(np.bool_)
_TEXTS = (pl.String, pl.Categorical, pl.Enum)


class Column(NamedTuple):
    """One column of an axis.

    Attributes
    ----------
    name
        What formulas and results call it.
    kind
        ``"integer"``, ``"float"``, ``"boolean"`` or ``"text"``.
    values
        What results carry: an array of the user's own type, a series for text and where there are nulls.
    numbers
        What formulas read (binary64; a truth value is 0 or 1); ``None`` for text. NaN stands for a null, and
        for nothing else: what is given is finite.
    extremes
        The least and the largest number, where the way in has told them already.
    """

    name: str
    kind: Literal["integer", "float", "boolean", "text"]
    values: NDArray[Any] | pl.Series
    numbers: NDArray[np.float64] | None
    extremes: tuple[float, float] | None = None

    @property
    def nulls(self) -> int:
        """How many of the values are null; none but in linked columns."""
        return self.values.null_count() if isinstance(self.values, pl.Series) else 0

    def same(self, other: Column) -> bool:
        """Tell whether both have the same name, kind and values; the width of integers does not count."""
        if self.name != other.name or self.kind != other.kind or len(self.values) != len(other.values):
            return False
        if self.numbers is not None and other.numbers is not None:
            # Bits, not values: -0 and 0 are different numbers to a formula such as 1/x.
            return self.numbers.tobytes() == other.numbers.tobytes()
        return cast(pl.Series, self.values).to_list() == cast(pl.Series, other.values).to_list()

    def series(self) -> pl.Series:
        """Return the values as a series of their own memory."""
        if isinstance(self.values, pl.Series):
            return self.values.clone()
        return pl.Series(self.name, self.values.copy())


class Axis(NamedTuple):
    """One dimension of a space: a column of numbers, or linked columns under one name."""

    name: str
    length: int
    columns: tuple[Column, ...]
    linked: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its columns."""
        return tuple([column.name for column in self.columns]) if self.linked else (self.name,)

    def same(self, other: Axis) -> bool:
        """Tell whether both have the same name and the same columns."""
        return (
            self.name == other.name
            and self.linked == other.linked
            and len(self.columns) == len(other.columns)
            and all(mine.same(theirs) for mine, theirs in zip(self.columns, other.columns, strict=True))
        )

    def public(self) -> pl.Series | pl.DataFrame:
        """Return the axis as a series, or as a frame if it is linked."""
        series = [column.series() for column in self.columns]
        return pl.DataFrame(series) if self.linked else series[0]


@cache
def operation_names() -> frozenset[str]:
    """Return the words of the formula language, which nothing else can be called."""
    return frozenset(row["name"] for row in _native.operations() if row["name"].isidentifier())


# A script that makes many sweeps calls its axes the same.
@lru_cache(maxsize=512)
def _is_readable(name: str) -> bool:
    return name.isidentifier() and name.isascii() and name not in operation_names()


def check_name(name: object, what: str) -> str:
    """Return ``name`` if formulas can read it.

    Raises
    ------
    SpaceError
        If it is not an identifier, or a word of the formula language.
    """
    if type(name) is str and _is_readable(name):
        return name
    if not isinstance(name, str) or not name.isidentifier() or not name.isascii():
        raise SpaceError(
            f"{what} is called {shown(name)}: a name is made of letters, digits and underscores and does not "
            "begin with a digit, so that formulas can read it",
            axis=name if isinstance(name, str) else None,
        )
    if name in operation_names():
        raise SpaceError(
            f"{what} is called `{name}`, which is an operation of the formula language; choose another name",
            axis=name,
        )
    return name


def read_axes(axes: Mapping[str, AxisValues]) -> tuple[tuple[Axis, ...], dict[str, float]]:
    """Check and copy what a user gives as axes.

    Returns
    -------
    axes
        In the order given.
    scalars
        Constants by name, as given.

    Raises
    ------
    SpaceError
        If a value cannot be an axis, a name cannot be read, or two columns have the same name.
    """
    if not isinstance(axes, Mapping):
        raise TypeError(f"axes must be a mapping from names to values, not {type(axes).__name__}")
    dimensions: list[Axis] = []
    scalars: dict[str, float] = {}
    for name, values in axes.items():
        check_name(name, "an axis")
        ready = _ready(name, values)
        if ready is not None:
            dimensions.append(ready)
        elif isinstance(values, pl.DataFrame):
            dimensions.append(_linked(name, values))
        elif _is_scalar(values):
            scalars[name] = _scalar(name, values)
        else:
            dimensions.append(_plain(name, values))
    _refuse_duplicates(dimensions, scalars)
    return tuple(dimensions), scalars


def column_names(axes: Iterable[Axis]) -> list[str]:
    """Return the names of all axis columns, text included, in the order of a result."""
    return [name for axis in axes for name in axis.names]


def space_size(axes: Sequence[Axis]) -> int:
    """Return the exact number of configurations.

    Raises
    ------
    SpaceError
        If it is above 2^63 - 1.
    """
    size = 1
    for axis in axes:
        size *= axis.length
    if size >= 2**63:
        lengths = " x ".join(str(axis.length) for axis in axes)
        raise SpaceError(
            f"the space has {lengths} = {size} configurations, more than 2^63 - 1; use fewer or shorter axes"
        )
    return size


def _refuse_duplicates(axes: Sequence[Axis], scalars: Mapping[str, float]) -> None:
    if not any(axis.linked for axis in axes):
        return  # keys of one mapping: only linked columns can clash
    owner: dict[str, str] = {name: f"the scalar `{name}`" for name in scalars}
    for axis in axes:
        label = f"axis `{axis.name}`"
        for column in axis.columns:
            if column.name in owner:
                raise SpaceError(
                    f"column `{column.name}` of {label} has the same name as {owner[column.name]}; rename "
                    "one",
                    axis=column.name,
                )
        # The key of a linked frame may be one of its own columns, but not anything else.
        if axis.name in owner:
            raise SpaceError(
                f"{label} has the same name as {owner[axis.name]}; rename one of them", axis=axis.name
            )
        owner[axis.name] = label
        for column in axis.columns:
            owner[column.name] = f"column `{column.name}` of {label}" if axis.linked else label


def _is_scalar(values: object) -> bool:
    # Frequent types first: asking for an abstract class takes longer than reading a short axis.
    if isinstance(values, np.ndarray):
        return values.ndim == 0
    return isinstance(values, float) or (
        not isinstance(values, list) and isinstance(values, Real | np.generic)
    )


def _scalar(name: str, value: Any) -> float:
    if type(value) is float and isfinite(value):
        return value
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise SpaceError(f"scalar `{name}` is masked; leave it out, or give a number", axis=name)
    if isinstance(value, np.ndarray | np.generic) and not isinstance(value, np.longdouble):
        value = value.item()
    if isinstance(value, bool):
        raise SpaceError(
            f"scalar `{name}` is {value}: a scalar is a number; write {int(value)}, and compare it in "
            f"formulas (`{name} == 1`)",
            axis=name,
        )
    if isinstance(value, Integral):
        value = int(value)
        if abs(value) > LARGEST_INTEGER:
            raise SpaceError(_too_large(f"scalar `{name}`", value), axis=name)
        return cast(float, value)
    if not isinstance(value, Real):
        raise SpaceError(f"scalar `{name}` is {shown(value)}, which is not a real number", axis=name)
    number = _real(f"scalar `{name}`", name, value)
    if not isfinite(number):
        raise SpaceError(f"scalar `{name}` is {number}: a scalar must be finite", axis=name)
    return number


def _plain(name: str, values: object) -> Axis:
    column = _column(name, f"axis `{name}`", name, values)
    if column.kind == "boolean":
        raise SpaceError(
            f"axis `{name}` holds truth values: write 0 and 1, or make it a linked axis, "
            f'pl.DataFrame({{"{name}": [...]}}), whose truth values formulas can use as conditions',
            axis=name,
        )
    if column.kind == "text":
        raise SpaceError(
            f"axis `{name}` holds text: make it a linked axis, a pl.DataFrame whose text is carried along "
            "beside columns of numbers",
            axis=name,
        )
    return Axis(name, len(column.values), (column,), linked=False)


def _ready(name: str, values: object) -> Axis | None:
    """Read an array that needs nothing but a copy, as `geomspace` makes them; ``None`` for anything else.

    `_plain` says the same of it, by more questions than a short axis is worth.
    """
    if (
        type(values) is np.ndarray
        and values.dtype is _BINARY64
        and values.ndim == 1
        and 0 < values.size <= LONGEST_AXIS
    ):
        numbers = values.copy()
        numbers.setflags(write=False)
        extremes = _native.extremes(numbers)
        if extremes is not None:
            return Axis(name, numbers.size, (Column(name, "float", numbers, numbers, extremes),), False)
    return None


def _linked(name: str, frame: pl.DataFrame) -> Axis:
    if frame.width == 0 or frame.height == 0:
        raise SpaceError(
            f"axis `{name}` is empty: a linked axis needs columns and at least one row", axis=name
        )
    columns = []
    for series in frame.get_columns():
        own = check_name(series.name, f"a column of axis `{name}`")
        read = _with_nulls if series.null_count() else _column
        columns.append(read(own, f"column `{own}` of axis `{name}`", name, series))
    return Axis(name, frame.height, tuple(columns), linked=True)


def _with_nulls(name: str, label: str, axis: str, values: pl.Series) -> Column:
    """Read a column that holds nulls; to formulas they are NaN."""
    if values.dtype in _TEXTS:
        return Column(name, "text", values.alias(name).rechunk(), None)
    # What is there is checked as it is elsewhere, each value at its own position.
    filled = values.cast(pl.Float64) if values.dtype == pl.Null else values
    if _holds_numbers(filled.dtype):
        filled = filled.fill_null(False if filled.dtype == pl.Boolean else 0)
    column = _column(name, label, axis, filled.alias(name).drop_nulls())
    assert column.numbers is not None, "text has none"
    numbers = column.numbers.copy()
    numbers[values.is_null().to_numpy()] = np.nan
    numbers.setflags(write=False)
    own = values.dtype if values.dtype == pl.Null else column.series().dtype
    return Column(name, column.kind, values.alias(name).cast(own).rechunk(), numbers)


def _column(name: str, label: str, axis: str, values: object) -> Column:
    """Read values of any accepted type; ``label`` is what messages call them."""
    if isinstance(values, pl.Series):
        if values.null_count():
            raise SpaceError(f"{label} has {values.null_count()} nulls; drop or fill them first", axis=axis)
        if values.dtype in _TEXTS:
            if values.len() == 0:
                raise SpaceError(f"{label} is empty; give at least one value", axis=axis)
            return Column(name, "text", values.alias(name).rechunk(), None)
        if not _holds_numbers(values.dtype):
            raise SpaceError(_not_numbers(label, f"values of type {values.dtype}"), axis=axis)
        if values.dtype.is_integer() and values.dtype not in _MACHINE_INTEGERS and values.len():
            # NumPy has no wider integers; those that are in range fit into 64 bits.
            largest = max(abs(cast(int, values.max())), abs(cast(int, values.min())))
            if largest > LARGEST_INTEGER:
                raise SpaceError(_too_large(label, largest), axis=axis)
            values = values.cast(pl.Int64)
        array = values.to_numpy()
    elif isinstance(values, np.ndarray):
        if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
            raise SpaceError(f"{label} has masked values; drop or fill them first", axis=axis)
        array = np.asarray(values)
    elif isinstance(values, range):
        array = _from_range(label, axis, values)
    elif isinstance(values, list | tuple):
        array = _from_list(label, axis, values)
    else:
        array = _from_object(label, axis, values)
    return _from_array(name, label, axis, array)


def _holds_numbers(dtype: pl.DataType) -> bool:
    """Tell whether a series of this type holds real numbers or truth values."""
    return dtype.is_integer() or dtype.is_float() or dtype == pl.Boolean


def _from_array(name: str, label: str, axis: str, array: NDArray[Any]) -> Column:
    if array.ndim != 1:
        raise SpaceError(
            f"{label} has {array.ndim} dimensions; an axis has one (flatten it, or make one axis for each)",
            axis=axis,
        )
    if array.size == 0:
        raise SpaceError(f"{label} is empty; give at least one value", axis=axis)
    if array.size > LONGEST_AXIS:
        raise SpaceError(f"{label} has {array.size} values, more than {LONGEST_AXIS}", axis=axis)
    kind = array.dtype.kind
    if kind == "b":
        return Column(name, "boolean", _own(array, _BOOLEAN), _own(array, _BINARY64))
    if kind in "iu":
        largest = max(int(array.max()), -int(array.min()))
        if largest > LARGEST_INTEGER:
            raise SpaceError(_too_large(label, largest), axis=axis)
        native = array.dtype.newbyteorder("=")
        return Column(name, "integer", _own(array, native), _own(array, _BINARY64))
    if kind == "f":
        if array.dtype.itemsize > 8:
            raise SpaceError(
                f"{label} is of type {array.dtype}, wider than a formula's numbers; convert it with "
                ".astype(float)",
                axis=axis,
            )
        numbers = _own(array, _BINARY64)
        finite = np.isfinite(numbers)
        if not np.logical_and.reduce(finite):
            position = int(np.flatnonzero(~finite)[0])
            raise SpaceError(
                f"{label} has {numbers[position]} at position {position}; every value must be finite",
                axis=axis,
            )
        return Column(name, "float", numbers, numbers)
    if kind == "U":
        return Column(name, "text", pl.Series(name, array.tolist(), dtype=pl.String), None)
    what = "complex numbers" if kind == "c" else f"values of type {array.dtype}"
    raise SpaceError(_not_numbers(label, what), axis=axis)


def _from_range(label: str, axis: str, values: range) -> NDArray[np.int64]:
    # Before any memory is taken: a range costs nothing to write down.
    if values:
        largest = max(abs(values[0]), abs(values[-1]))
        if largest > LARGEST_INTEGER:
            raise SpaceError(_too_large(label, largest), axis=axis)
        if (values[-1] - values[0]) // values.step >= LONGEST_AXIS:
            raise SpaceError(f"{label} has more than {LONGEST_AXIS} values", axis=axis)
    return np.arange(values.start, values.stop, values.step, dtype=np.int64)


def _from_list(label: str, axis: str, values: Sequence[object]) -> NDArray[Any]:
    kinds = set(map(type, values))
    if kinds <= {float}:
        return np.array(values, dtype=np.float64)
    if kinds == {str}:
        return np.array(values, dtype=np.str_)
    if kinds <= {bool, np.bool_}:
        return np.array(values, dtype=np.bool_)
    integers = True
    for position, value in enumerate(values):
        if isinstance(value, bool | np.bool_):
            raise SpaceError(
                f"{label} mixes truth values with numbers (position {position}); write 0 and 1", axis=axis
            )
        if isinstance(value, Integral):
            if abs(int(value)) > LARGEST_INTEGER:
                raise SpaceError(_too_large(label, int(value)), axis=axis)
        elif isinstance(value, Real):
            integers = False
        else:
            raise SpaceError(_not_numbers(label, f"{shown(value)} at position {position}"), axis=axis)
    if integers:
        return np.array([int(cast(Integral, value)) for value in values], dtype=np.int64)
    try:
        return np.array([float(cast(Real, value)) for value in values], dtype=np.float64)
    except OverflowError:
        return np.array([_real(label, axis, value) for value in values], dtype=np.float64)


def _real(label: str, axis: str, value: object) -> float:
    try:
        return read_real(value, label)
    except (TypeError, ValueError) as error:
        raise SpaceError(str(error), axis=axis) from None


def _from_object(label: str, axis: str, values: object) -> NDArray[Any]:
    """Read what is neither a list nor a column: sequences, and whatever turns itself into an array."""
    if isinstance(values, str | bytes | bytearray):
        raise SpaceError(
            f"{label} is text ({shown(values)}); a formula belongs into quantities=, a single name into a "
            "linked axis",
            axis=axis,
        )
    if isinstance(values, pl.LazyFrame):
        raise SpaceError(f"{label} is a lazy frame; collect() it first", axis=axis)
    if isinstance(values, Mapping):
        raise SpaceError(
            f"{label} is a mapping; columns that vary together are a frame: pl.DataFrame(...)", axis=axis
        )
    if isinstance(values, set | frozenset | Iterator):
        raise SpaceError(
            f"{label} is a {type(values).__name__}, which has no fixed order; make it a list", axis=axis
        )
    if hasattr(values, "__array__"):
        return np.asarray(values)
    if isinstance(values, Sequence):
        return _from_list(label, axis, values)
    raise SpaceError(_not_numbers(label, f"{type(values).__name__} ({shown(values)})"), axis=axis)


def _own(array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return a contiguous copy that nobody can write to."""
    copy = np.array(array, dtype=dtype, order="C")
    copy.setflags(write=False)
    return copy


def _too_large(label: str, value: int) -> str:
    return (
        f"{label} holds the integer {shown(value)}, beyond 2^53, from where on binary64 numbers skip "
        f"integers; write it as a float if a rounded value will do"
    )


def _not_numbers(label: str, what: str) -> str:
    return f"{label} holds {what}; an axis holds real numbers"
