"""Sweep files: a sweep, and the question to ask of it, in TOML.

law = "besiroglu2024"            # or a law's file, "mine.toml"; or a table [law] with a formula of one's own
where = ["days <= 60"]
architecture = "llama"           # or a file, a table of formulas, or { id = "llama", flops = "megatron" }

[axes]
params = { geomspace = [1e9, 1e12, 1000] }
tokens = { linspace = [1e11, 1e13, 100] }
activation = [1.0, 0.5, 0.25]
gpu_count = 2048                 # a constant; "2k" is 2000
gpu = { file = "gpus.csv" }      # columns that vary together, from a file beside this one

[axes.pool]                      # columns that vary together
pool = ["curated", "web"]
quality = [1.0, 0.4]
tested = [true, nan]             # nan is a null, which TOML has not, among numbers, texts and truth values
note = { nulls = 2, kind = "text" }  # nulls alone; "integer", "boolean" or, if not said, "float"

[pools.web]                      # data side by side; `web_tokens` is then an axis or a constant
quality = 0.4
unique_tokens = 6e13

[quantities]
my_cost = "total_usd + 1e6 * (activation < 0.1)"

[pareto]                         # the keywords of Sweep.pareto; [best], [near] and [table] likewise
minimize = ["loss", "my_cost"]
rows = 20
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from isoflop import _native
from isoflop._accounting.quantities import known_names
from isoflop._exceptions import FormulaError, IsoflopError, SpaceError
from isoflop._law.catalogue import in_catalogue, is_law_file, read_law
from isoflop._law.file import law_from_file
from isoflop._law.table import law_from_mapping, law_to_mapping
from isoflop._space.axes import Axis, AxisValues, Column
from isoflop._space.spacing import geomspace, linspace, recognize
from isoflop._sweep import file_numbers as written
from isoflop._sweep.describe import describe
from isoflop._sweep.file_keys import refuse_misplaced, refuse_slip, refuse_unknown, slip_of_spacing
from isoflop._sweep.front import KEYWORDS, RUNNING
from isoflop._sweep.pools import DEFAULTS
from isoflop._text import toml as _toml
from isoflop._text.frames import READERS, frame_from_file
from isoflop._text.frozen import Frozen
from isoflop._text.given import read_real, shown
from isoflop._text.spelling import did_you_mean

if TYPE_CHECKING:
    from isoflop._law.law import Law
    from isoflop._sweep.description import Description

SPACINGS = {"geomspace": geomspace, "linspace": linspace}

KINDS = {"float": pl.Float64, "integer": pl.Int64, "boolean": pl.Boolean, "text": pl.String}
"""What a column of nulls alone may be."""

QUESTIONS: Mapping[str, Sequence[str]] = {
    "pareto": tuple(name for name in KEYWORDS if name not in RUNNING),
    "best": ("minimize", "maximize", "by", "columns"),
    "near": ("minimize", "maximize", "within", "by", "then", "resolution", "columns", "max_rows"),
    "table": ("columns", "max_bytes"),
}
"""The questions that a file may hold, and the keywords of each; threads and methods change no answer."""

KEYS = ("law", "where", "axes", "pools", "quantities", "architecture", *QUESTIONS)


class FileContent(NamedTuple):
    """What a sweep file holds: the sweep, and keyword arguments by method of the questions that it asks."""

    described: Description
    question: Mapping[str, Mapping[str, Any]]


def read(path: str | Path) -> FileContent:
    """Read a sweep file.

    Raises
    ------
    SpaceError, FormulaError, LawError, CatalogError
        If it does not describe a sweep; the message names the file, the key and the reason.
    OSError
        If it cannot be read.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise SpaceError(f"{path}: not UTF-8 at byte {error.start}") from None
    return read_text(text, str(path), Path(path).parent)


def read_text(text: str, file: str, folder: Path = Path()) -> FileContent:
    """Read the text of a sweep file.

    Parameters
    ----------
    text
        What the file holds.
    file
        What messages call it.
    folder
        Where the files that it names are looked for.
    """
    try:
        content = _toml.parse(text)
    except ValueError as error:
        raise SpaceError(f"{file}: not TOML: {error}") from None
    refuse_misplaced(content, text, file)
    refuse_unknown(content, KEYS, QUESTIONS, file)
    axes = _table(content, "axes", file)
    quantities = _table(content, "quantities", file)
    for name, formula in quantities.items():
        if not isinstance(formula, str):
            raise SpaceError(
                f"{file}: quantities.{name}: a quantity is a formula in quotes, not {shown(formula)}"
            )
    where = _constraints(content.get("where", []), file)
    law = _law(content.get("law"), file, folder)
    architecture = _architecture(content.get("architecture"), file, folder)
    numeric = _numeric(law, quantities, where)
    values = {
        name: _axis_values(item, f"{file}: axes.{name}", folder, numeric) for name, item in axes.items()
    }
    pools = _pools(_table(content, "pools", file), file)
    with _located(file):
        described = describe(values, law, quantities, where, pools, architecture)
    question = {
        name: Frozen(_question(_table(content, name, file), name, file))
        for name in QUESTIONS
        if name in content
    }
    return FileContent(replace(described, elsewhere=_asked(question)), Frozen(question))


def _asked(question: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the formulas that a file asks for: a name that one question reads is no slip for another."""
    formulas: dict[str, None] = {}
    for table in question.values():
        for keyword in ("minimize", "maximize", "then", "columns"):
            value = table.get(keyword, ())
            formulas |= dict.fromkeys([value] if isinstance(value, str) else value)
    return tuple(formulas)


def dump(described: Description) -> str:
    """Return the text of a sweep file."""
    axes, law = described.axes, described.law
    head = []
    if law is not None and in_catalogue(law):
        head.append(_toml.entry("law", law.id))
    built = described.architecture
    if built is not None and built.catalogued and not built.conventions:
        head.append(_toml.entry("architecture", built.id))
    if described.where:
        head.append(_toml.entry("where", list(described.where)))
    # TOML has sub-tables last. A linked axis with a plain one behind it is written in line, so that the
    # order of the axes is kept.
    last_plain = max((number for number, axis in enumerate(axes) if not axis.linked), default=-1)
    lines = ["[axes]"]
    tables = []
    for number, axis in enumerate(axes):
        if not axis.linked:
            lines.append(_toml.entry(axis.name, _column_item(axis.columns[0])))
            continue
        columns = _linked_item(axis)
        if number < last_plain:
            lines.append(_toml.entry(axis.name, columns))
        else:
            tables.append(_toml.table(f"axes.{_toml.key(axis.name)}", columns, depth=1))
    lines.extend(_toml.entry(name, value) for name, value in described.scalars.items())
    parts = ["\n".join(head)] if head else []
    parts += ["\n".join(lines), *tables]
    for pool in described.pools:
        values = {key: value for key in DEFAULTS if (value := getattr(pool, key)) != DEFAULTS[key]}
        parts.append(_toml.table(f"pools.{pool.name}", values))
    if described.quantities:
        parts.append(_toml.table("quantities", described.quantities))
    if law is not None and not in_catalogue(law):
        parts.append(_toml.table("law", law_to_mapping(law)))
    if built is not None and (built.conventions or not built.catalogued):
        parts.append(_toml.table("architecture", built.named_table()))
    return "\n\n".join(parts) + "\n"


def _linked_item(axis: Axis) -> dict[str, object]:
    columns = {column.name: _column_item(column) for column in axis.columns}
    # In a table of their own no name of a column is taken for a word of the file.
    if not columns.keys().isdisjoint((*SPACINGS, "columns", "file")) or slip_of_spacing(columns):
        return {"columns": columns}
    return columns


def _column_item(column: Column) -> object:
    if isinstance(column.values, pl.Series):
        if column.nulls == len(column.values):
            return {"nulls": column.nulls} | ({"kind": column.kind} if column.kind != "float" else {})
        return [math.nan if value is None else value for value in column.values.to_list()]
    spacing = recognize(column.values) if column.kind == "float" else None
    if spacing is not None:
        return {spacing: [float(column.values[0]), float(column.values[-1]), column.values.size]}
    return column.values.tolist()


def _axis_values(item: object, label: str, folder: Path, numeric: Set[str]) -> AxisValues:
    """Turn a TOML value into what the constructor takes; the constructor does the checking."""
    if isinstance(item, str | list):
        item = written.number(item)
    if isinstance(item, bool | str):
        meant = f"; a file is {{ file = {_toml.value(item)} }}" if _is_frame_file(item) else ""
        raise SpaceError(
            f"{label}: an axis is a number, an array of numbers or a table, not {shown(item)}{meant}"
        )
    if isinstance(item, int | float | list):
        return item
    if not isinstance(item, dict):
        raise SpaceError(f"{label}: an axis holds numbers, not a date or time")
    if not item:
        raise SpaceError(f"{label}: an empty table; give arrays of columns, or a spacing such as geomspace")
    if not SPACINGS.keys().isdisjoint(item):
        return _spaced(item, label)
    if isinstance(item.get("file"), str):
        return _from_file(item, label, folder)
    if item.keys() == {"columns"} and isinstance(item["columns"], dict) and item["columns"]:
        item = item["columns"]
    else:
        refuse_slip(item, label)
    columns: dict[str, pl.Series] = {}
    for name, values in item.items():
        columns[name] = _linked_column(
            name, written.linked_column(values, name in numeric), f"{label}.{name}"
        )
    lengths = {name: column.len() for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"`{name}` {length}" for name, length in lengths.items())
        raise SpaceError(f"{label}: linked columns must have the same number of values, not {told}")
    return pl.DataFrame(list(columns.values()))


def _is_frame_file(item: object) -> bool:
    return isinstance(item, str) and Path(item).suffix in READERS


def _from_file(item: Mapping[str, Any], label: str, folder: Path) -> pl.DataFrame:
    """Read the columns of a linked axis, or some of them, from a file."""
    _known(item, ("file", "columns"), label)
    name = item["file"]
    if not _is_frame_file(name):
        raise SpaceError(
            f"{label}: the suffix of file must be one of {', '.join(READERS)}, not {shown(name)}"
        )
    with _readable(f"{label}: {name}"):
        frame = frame_from_file(folder / name)
    columns = item.get("columns", frame.columns)
    if not isinstance(columns, list) or not columns or not all(isinstance(each, str) for each in columns):
        raise SpaceError(f"{label}: columns must be an array of names in quotes, not {shown(columns)}")
    for column in columns:
        if column not in frame.columns:
            there = f"; it has {', '.join(frame.columns)}"
            raise SpaceError(
                f"{label}: {name} has no column `{column}`{did_you_mean(column, frame.columns, there)}",
                axis=column,
            )
    return frame.select(list(dict.fromkeys(columns)))


def _numeric(law: str | Law | None, quantities: Mapping[str, str], where: Sequence[str]) -> Set[str]:
    """Return the names that are numbers wherever they stand: known quantities, and what formulas read."""
    try:
        found = None if law is None else read_law(law)
    except IsoflopError:
        found = None  # the constructor says what is wrong with it
    return {*known_names(found), *written.read_by([*quantities.values(), *where])}


def _linked_column(name: str, values: object, label: str) -> pl.Series:
    if isinstance(values, dict) and not SPACINGS.keys().isdisjoint(values):
        return pl.Series(name, _spaced(values, label))
    if isinstance(values, dict) and "nulls" in values:
        return _nulls(name, values, label)
    if not isinstance(values, list):
        example = "{ geomspace = [start, stop, num] }"
        meant = f"; a file is file = {_toml.value(values)}" if _is_frame_file(values) else ""
        meant = meant or f"; evenly spaced numbers are {example}"
        raise SpaceError(f"{label}: a linked column is an array, not {shown(values)}{meant}")
    values = [None if written.is_null(value) else value for value in values]
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        # Polars would refuse the mixture.
        values = [None if value is None else _real(value, label) for value in values]
    elif len(kinds) > 1 or not kinds <= {int, float, str, bool}:
        raise SpaceError(f"{label}: an array of numbers, of texts or of truth values, not a mixture")
    try:
        return pl.Series(name, values)
    except OverflowError:
        raise SpaceError(f"{label}: an integer beyond 2^53") from None


def _nulls(name: str, item: Mapping[str, object], label: str) -> pl.Series:
    """Return a linked column of nulls alone."""
    _known(item, ("nulls", "kind"), label)
    count, kind = item["nulls"], item.get("kind", "float")
    if type(count) is not int or count < 1:
        raise SpaceError(f"{label}: nulls is how many there are, a whole number above 0, not {shown(count)}")
    if not isinstance(kind, str) or kind not in KINDS:
        raise SpaceError(f"{label}: kind must be one of {', '.join(KINDS)}, not {shown(kind)}")
    return pl.Series(name, [None], dtype=KINDS[kind]).new_from_index(0, count)


def _real(value: object, label: str) -> float:
    try:
        return read_real(value, label)
    except (TypeError, ValueError) as error:
        raise SpaceError(str(error)) from None


def _spaced(item: Mapping[str, object], label: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    name = next(name for name in SPACINGS if name in item)
    _known(item, (name, "endpoint"), label)
    arguments, endpoint = written.spacing(item[name]), item.get("endpoint", True)
    if not isinstance(arguments, list) or len(arguments) != 3:
        raise SpaceError(f"{label}: {name} takes three numbers, [start, stop, num], not {shown(arguments)}")
    if not isinstance(endpoint, bool):
        raise SpaceError(f"{label}: endpoint must be true or false, not {shown(endpoint)}")
    try:
        return SPACINGS[name](*arguments, endpoint=endpoint)
    except (SpaceError, TypeError) as error:
        raise SpaceError(f"{label}: {error}") from None


def _constraints(where: object, file: str) -> list[str]:
    if isinstance(where, str):
        where = [where]
    if not isinstance(where, list) or not all(isinstance(constraint, str) for constraint in where):
        raise SpaceError(f"{file}: where: constraints are an array of formulas in quotes, not {shown(where)}")
    for constraint in where:
        with _located(f"{file}: where"):
            _native.parse(constraint)
    return where


def _pools(tables: Mapping[str, Any], file: str) -> Mapping[str, Sequence[Any]] | None:
    """Turn a table for each pool into columns; the constructor checks names and numbers."""
    rows = []
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise SpaceError(f"{file}: pools.{name}: a table [pools.{name}], not {shown(table)}")
        _known(table, tuple(DEFAULTS), f"{file}: pools.{name}")
        rows.append({"pool": name, **dict.fromkeys(DEFAULTS), **written.table(table, DEFAULTS)})
    return {key: [row[key] for row in rows] for key in rows[0]} if rows else None


def _law(item: object, file: str, folder: Path) -> str | Law | None:
    if isinstance(item, dict):
        with _located(f"{file}: law"):
            return law_from_mapping(written.law(item), "law")
    if isinstance(item, str) and is_law_file(item):
        with _located(f"{file}: law"), _readable(item):
            return law_from_file(folder / item, item)
    if item is not None and not isinstance(item, str):
        raise SpaceError(
            f"{file}: law: an identifier of the catalogue in quotes, a law's file, or a table, "
            f"not {shown(item)}"
        )
    return item


def _architecture(item: object, file: str, folder: Path) -> object:
    """Return what a file says of the architecture, as the constructor takes it."""
    if item is None:
        return None
    from isoflop._architecture.catalogue import architecture_from_file, architecture_from_named, is_file

    if isinstance(item, dict):
        with _located(f"{file}: architecture"):
            return architecture_from_named(item, "architecture")
    if isinstance(item, str) and is_file(item):
        with _located(f"{file}: architecture"), _readable(item):
            return architecture_from_file(folder / item, item)
    if not isinstance(item, str):
        raise SpaceError(
            f"{file}: architecture: an identifier of the catalogue in quotes, a file, or a table, "
            f"not {shown(item)}"
        )
    return item


def _question(table: dict[str, Any], name: str, file: str) -> dict[str, Any]:
    _known(table, QUESTIONS[name], f"{file}: {name}")
    table = written.question(table)
    for keyword, item in table.items():
        label = f"{file}: {name}.{keyword}"
        if keyword in ("minimize", "maximize", "then", "columns"):
            formulas = [item] if isinstance(item, str) else item
            if not isinstance(formulas, list) or not all(isinstance(formula, str) for formula in formulas):
                raise SpaceError(f"{label}: names or formulas in quotes, not {shown(item)}")
            for formula in formulas:
                with _located(label):
                    _native.parse(formula)
        elif keyword in ("by", "ties"):
            if not isinstance(item, str):
                raise SpaceError(f"{label}: a name in quotes, not {shown(item)}")
        elif keyword == "within":
            if not _is_number(item):
                raise SpaceError(f"{label}: a number, not {shown(item)}")
        elif keyword == "resolution":
            if not all(map(_is_number, item.values() if isinstance(item, dict) else [item])):
                raise SpaceError(
                    f"{label}: a number, or a table of one for each objective, not {shown(item)}"
                )
        elif isinstance(item, bool) or not isinstance(item, int):
            raise SpaceError(f"{label}: a whole number, not {shown(item)}")
    return table


def _is_number(item: object) -> bool:
    return isinstance(item, int | float) and not isinstance(item, bool)


def _table(content: Mapping[str, Any], name: str, file: str) -> dict[str, Any]:
    table = content.get(name, {})
    if not isinstance(table, dict):
        raise SpaceError(f"{file}: {name}: a table [{name}], not {shown(table)}")
    return table


def _known(table: Mapping[str, object], keys: Sequence[str], label: str) -> None:
    for name in table:
        if name not in keys:
            meant = did_you_mean(name, keys, f"; known are {', '.join(keys)}")
            raise SpaceError(f"{label}: unknown key `{name}`{meant}", axis=name)


@contextmanager
def _readable(label: str) -> Iterator[None]:
    """Say which of the files that a sweep file names cannot be read, and why."""
    try:
        yield
    except FileNotFoundError:
        raise SpaceError(f"{label}: no such file") from None
    except OSError as error:
        raise SpaceError(f"{label}: {error.strerror or error}") from None
    except ValueError as error:
        if isinstance(error, IsoflopError):
            raise
        raise SpaceError(f"{label}: {error}") from None


@contextmanager
def _located(label: str) -> Iterator[None]:
    """Put the place in front of the message of whatever is raised; class and fields stay."""
    try:
        yield
    except IsoflopError as error:
        if isinstance(error, FormulaError):
            error.message = f"{label}: {error.message}"
        error.args = (f"{label}: {error.args[0]}", *error.args[1:])
        raise
