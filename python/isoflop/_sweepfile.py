"""Sweep files: a sweep, and the question to ask of it, in TOML.

law = "besiroglu2024"            # or a table [law] with a formula and coefficients of one's own
where = ["days <= 60"]

[axes]
params = { geomspace = [1e9, 1e12, 1000] }
tokens = { linspace = [1e11, 1e13, 100] }
activation = [1.0, 0.5, 0.25]
gpu_count = 2048                 # a constant

[axes.pool]                      # columns that vary together
pool = ["curated", "web"]
quality = [1.0, 0.4]

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

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from isoflop import _native, _toml
from isoflop._axes import AxisValues, Column
from isoflop._exceptions import FormulaError, IsoflopError, SpaceError
from isoflop._frozen import Frozen
from isoflop._given import read_real, shown
from isoflop._law import in_catalogue
from isoflop._law_table import law_from_mapping, law_to_mapping
from isoflop._pools import DEFAULTS
from isoflop._spacing import geomspace, linspace, recognize
from isoflop._spelling import did_you_mean
from isoflop._sweep import Sweep

if TYPE_CHECKING:
    from isoflop._description import Description
    from isoflop._law import Law

_SPACINGS = {"geomspace": geomspace, "linspace": linspace}

_QUESTIONS: Mapping[str, Sequence[str]] = {
    "pareto": ("minimize", "maximize", "resolution", "rows", "columns", "ties", "max_rows"),
    "best": ("minimize", "maximize", "by", "columns"),
    "near": ("minimize", "maximize", "within", "by", "then", "resolution", "columns", "max_rows"),
    "table": ("columns", "max_bytes"),
}
"""The questions that a file may hold, and the keywords of each; threads and methods change no answer."""

_KEYS = ("law", "where", "axes", "pools", "quantities", *_QUESTIONS)


@dataclass(frozen=True, slots=True)
class SweepFile:
    """What a sweep file holds.

    Attributes
    ----------
    sweep
        The sweep.
    question
        Keyword arguments by method: ``{"pareto": {"minimize": [...], "rows": 20}}``; empty if the file asks
        none.
    """

    sweep: Sweep
    question: Mapping[str, Mapping[str, Any]]


def load(path: str | Path) -> SweepFile:
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
    return parse(text, str(path))


def parse(text: str, file: str) -> SweepFile:
    """Read the text of a sweep file; ``file`` is what messages call it."""
    try:
        content = _toml.parse(text)
    except ValueError as error:
        raise SpaceError(f"{file}: not TOML: {error}") from None
    _known(content, _KEYS, file)
    axes = _table(content, "axes", file)
    quantities = _table(content, "quantities", file)
    for name, formula in quantities.items():
        if not isinstance(formula, str):
            raise SpaceError(
                f"{file}: quantities.{name}: a quantity is a formula in quotes, not {shown(formula)}"
            )
    where = _constraints(content.get("where", []), file)
    law = _law(content.get("law"), file)
    values = {name: _axis_values(item, f"{file}: axes.{name}") for name, item in axes.items()}
    pools = _pools(_table(content, "pools", file), file)
    with _located(file):
        sweep = Sweep(values, law=law, quantities=quantities, where=where, pools=pools)
    question = {
        name: Frozen(_question(_table(content, name, file), name, file))
        for name in _QUESTIONS
        if name in content
    }
    _tell_questions(sweep, question)
    return SweepFile(sweep, Frozen(question))


def _tell_questions(sweep: Sweep, question: Mapping[str, Mapping[str, Any]]) -> None:
    """Tell a sweep what its file asks: a name that one of its questions reads is no slip for another."""
    formulas: dict[str, None] = {}
    for table in question.values():
        for keyword in ("minimize", "maximize", "then", "columns"):
            value = table.get(keyword, ())
            formulas |= dict.fromkeys([value] if isinstance(value, str) else value)
    sweep._described = replace(sweep._described, elsewhere=tuple(formulas))


def dump(described: Description) -> str:
    """Return the text of a sweep file.

    Raises
    ------
    SpaceError
        If a linked column is named like one of the words for evenly spaced numbers.
    """
    axes, law = described.axes, described.law
    head = []
    if law is not None and in_catalogue(law):
        head.append(_toml.entry("law", law.id))
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
        for column in axis.columns:
            if column.name in _SPACINGS:
                raise SpaceError(
                    f"column `{column.name}` of axis `{axis.name}` cannot be written to a sweep file, "
                    "where this word stands for evenly spaced numbers; rename it",
                    axis=axis.name,
                )
        columns = {column.name: _column_item(column) for column in axis.columns}
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
    return "\n\n".join(parts) + "\n"


def _column_item(column: Column) -> object:
    if isinstance(column.values, pl.Series):
        return column.values.to_list()
    spacing = recognize(column.values) if column.kind == "float" else None
    if spacing is not None:
        return {spacing: [float(column.values[0]), float(column.values[-1]), column.values.size]}
    return column.values.tolist()


def _axis_values(item: object, label: str) -> AxisValues:
    """Turn a TOML value into what the constructor takes; the constructor does the checking."""
    if isinstance(item, bool | str):
        raise SpaceError(f"{label}: an axis is a number, an array of numbers or a table, not {shown(item)}")
    if isinstance(item, int | float | list):
        return item
    if not isinstance(item, dict):
        raise SpaceError(f"{label}: an axis holds numbers, not a date or time")
    if not item:
        raise SpaceError(f"{label}: an empty table; give arrays of columns, or a spacing such as geomspace")
    if not _SPACINGS.keys().isdisjoint(item):
        return _spaced(item, label)
    columns: dict[str, pl.Series] = {}
    for name, values in item.items():
        columns[name] = _linked_column(name, values, f"{label}.{name}")
    lengths = {name: column.len() for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"`{name}` {length}" for name, length in lengths.items())
        raise SpaceError(f"{label}: linked columns must have the same number of values, not {told}")
    return pl.DataFrame(list(columns.values()))


def _linked_column(name: str, values: object, label: str) -> pl.Series:
    if isinstance(values, dict) and not _SPACINGS.keys().isdisjoint(values):
        return pl.Series(name, _spaced(values, label))
    if not isinstance(values, list):
        raise SpaceError(f"{label}: a linked column is an array, not {shown(values)}")
    kinds = {type(value) for value in values}
    if kinds == {int, float}:
        # Polars would refuse the mixture.
        values = [_real(value, label) for value in values]
    elif len(kinds) > 1 or not kinds <= {int, float, str, bool}:
        raise SpaceError(f"{label}: an array of numbers, of texts or of truth values, not a mixture")
    try:
        return pl.Series(name, values)
    except OverflowError:
        raise SpaceError(f"{label}: an integer beyond 2^53") from None


def _real(value: object, label: str) -> float:
    try:
        return read_real(value, label)
    except (TypeError, ValueError) as error:
        raise SpaceError(str(error)) from None


def _spaced(item: Mapping[str, object], label: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    name = next(name for name in _SPACINGS if name in item)
    _known(item, (name, "endpoint"), label)
    arguments, endpoint = item[name], item.get("endpoint", True)
    if not isinstance(arguments, list) or len(arguments) != 3:
        raise SpaceError(f"{label}: {name} takes three numbers, [start, stop, num], not {shown(arguments)}")
    if not isinstance(endpoint, bool):
        raise SpaceError(f"{label}: endpoint must be true or false, not {shown(endpoint)}")
    try:
        return _SPACINGS[name](*arguments, endpoint=endpoint)
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
        rows.append({"pool": name, **dict.fromkeys(DEFAULTS), **table})
    return {key: [row[key] for row in rows] for key in rows[0]} if rows else None


def _law(item: object, file: str) -> str | Law | None:
    if isinstance(item, dict):
        with _located(f"{file}: law"):
            return law_from_mapping(item, "law")
    if item is not None and not isinstance(item, str):
        raise SpaceError(
            f"{file}: law: an identifier of the catalogue in quotes, or a table, not {shown(item)}"
        )
    return item


def _question(table: dict[str, Any], name: str, file: str) -> dict[str, Any]:
    _known(table, _QUESTIONS[name], f"{file}: {name}")
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
def _located(label: str) -> Iterator[None]:
    """Put the place in front of the message of whatever is raised; class and fields stay."""
    try:
        yield
    except IsoflopError as error:
        if isinstance(error, FormulaError):
            error.message = f"{label}: {error.message}"
        error.args = (f"{label}: {error.args[0]}", *error.args[1:])
        raise
