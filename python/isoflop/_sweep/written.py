"""A sweep as the Python that would make it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from isoflop._law.catalogue import in_catalogue
from isoflop._space.axes import Axis, Column
from isoflop._space.spacing import recognize
from isoflop._sweep.pools import pool_frame
from isoflop._text.numbers import number_text

if TYPE_CHECKING:
    from isoflop._sweep.description import Description


_PLAIN = (pl.Float64, pl.Int64, pl.Boolean)
"""What Polars makes of a list."""


_PLAIN = (pl.Float64, pl.Int64, pl.Boolean)
"""What Polars makes of a list."""


def sweep_text(described: Description) -> str:
    """Return an expression for an equal sweep, with ``iso`` and ``pl`` imported as usual."""
    written = {axis.name: _axis_text(axis) for axis in described.axes}
    written |= {name: number_text(value) for name, value in described.scalars.items()}
    parts = ["{" + ", ".join(f"{name!r}: {text}" for name, text in written.items()) + "}"]
    law = described.law
    if law is not None:
        parts.append(f"law={law.id!r}" if in_catalogue(law) else f"law={law!r}")
    if described.quantities:
        parts.append(f"quantities={dict(described.quantities)!r}")
    if described.where:
        parts.append(f"where={list(described.where)!r}")
    if described.pools:
        frame = pool_frame(described.pools)
        columns = ", ".join(f"{column.name!r}: {column.to_list()!r}" for column in frame)
        parts.append(f"pools=pl.DataFrame({{{columns}}})")
    if described.architecture is not None:
        parts.append(f"architecture={described.architecture!r}")
    return f"iso.Sweep({', '.join(parts)})"


def _axis_text(axis: Axis) -> str:
    if not axis.linked:
        return _column_text(axis.columns[0])
    columns = ", ".join(f"{column.name!r}: {_column_text(column)}" for column in axis.columns)
    return f"pl.DataFrame({{{columns}}})"


def _column_text(column: Column) -> str:
    if isinstance(column.values, pl.Series):
        listed, dtype = column.values.to_list(), column.values.dtype
        # Polars takes a list of nulls for a column of no type, and integers for 64 bits wide.
        if column.kind == "text" and column.nulls == len(listed):
            return f"pl.Series({listed!r}, dtype=pl.String)"
        if column.kind != "text" and (column.nulls == len(listed) or dtype not in _PLAIN):
            return f"pl.Series({listed!r}, dtype=pl.{dtype})"
        return repr(listed)
    if column.kind == "float":
        spacing = recognize(column.values)
        if spacing is not None:
            first, last = float(column.values[0]), float(column.values[-1])
            return f"iso.{spacing}({number_text(first)}, {number_text(last)}, {column.values.size})"
    values = column.values.tolist()
    if column.kind == "float":
        return f"[{', '.join(map(number_text, values))}]"
    if column.kind == "integer" and column.values.dtype != np.int64:
        return f"pl.Series({values!r}, dtype=pl.{pl.Series(column.values).dtype})"
    return repr(values)
