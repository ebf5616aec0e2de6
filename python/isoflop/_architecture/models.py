"""The real models whose counts an architecture is checked with, and their shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isoflop._architecture.rows import needed

if TYPE_CHECKING:
    import polars as pl

    from isoflop._architecture.content import ArchitectureContent


def models(architecture: ArchitectureContent) -> pl.DataFrame:
    """Do what `Architecture.models` says."""
    import polars as pl

    shapes: dict[str, dict[str, float]] = {}
    for check in architecture.checks:
        whole = architecture.rows.keys().isdisjoint(check.at) and not needed(
            architecture, {*check.at, "context"}
        )
        if check.model and whole:
            of_shape = {name: x for name, x in check.at.items() if name in architecture.variables}
            shapes.setdefault(check.model, {}).update(of_shape)
    names = [name for name in architecture.variables if any(name in shape for shape in shapes.values())]
    columns: dict[str, pl.Series] = {"model": pl.Series(list(shapes), dtype=pl.String)}
    for name in names:
        values = [shape.get(name) for shape in shapes.values()]
        whole = all(value is None or value.is_integer() for value in values)
        columns[name] = pl.Series(values, dtype=pl.Float64).cast(pl.Int64 if whole else pl.Float64)
    return pl.DataFrame(columns)
