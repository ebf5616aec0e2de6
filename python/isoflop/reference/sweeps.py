"""The questions of a sweep."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from isoflop.reference.rows import bits_of
from isoflop.reference.space import Configuration, Space

if TYPE_CHECKING:
    from isoflop._pareto.arguments import Formulas
    from isoflop._sweep.sweep import Sweep


def pareto(
    sweep: Sweep,
    *,
    minimize: Formulas = (),
    maximize: Formulas = (),
    resolution: float | Mapping[str, float] = 1e-9,
    rows: int | None = None,
    columns: Formulas = (),
    by: str | None = None,
    ties: str = "first",
) -> pl.DataFrame:
    """Return what :meth:`isoflop.Sweep.pareto` returns."""
    objectives = [(text, False) for text in several(minimize)] + [(text, True) for text in several(maximize)]
    formulas = [formula for formula, _ in objectives]
    bits = bits_for(formulas, resolution)
    shown = [*formulas, *several(columns)]
    space = space_of(sweep, shown)
    grouped = None if by is None else groups_of(sweep, by)
    found, _ = space.pareto(objectives, sweep.where, bits=bits, rows=rows, by=grouped, all_ties=ties == "all")
    return frame(sweep, space, found, shown)


def best(
    sweep: Sweep,
    *,
    minimize: str | None = None,
    maximize: str | None = None,
    by: str | None = None,
    columns: Formulas = (),
) -> pl.DataFrame:
    """Return what :meth:`isoflop.Sweep.best` returns, but for the column of the extrapolation."""
    objective = (minimize, False) if minimize is not None else (maximize or "", True)
    shown = [objective[0], *several(columns)]
    space = space_of(sweep, shown)
    grouped = None if by is None else groups_of(sweep, by)
    return frame(sweep, space, space.best(objective, sweep.where, by=grouped), shown)


def near(
    sweep: Sweep,
    *,
    minimize: str | None = None,
    maximize: str | None = None,
    within: float,
    by: str | None = None,
    then: Formulas = (),
    resolution: float | Mapping[str, float] = 1e-9,
    columns: Formulas = (),
) -> pl.DataFrame:
    """Return what :meth:`isoflop.Sweep.near` returns, but for the column of the extrapolation."""
    objective = (minimize, False) if minimize is not None else (maximize or "", True)
    shown = [*several(then), objective[0], *several(columns)]
    space = space_of(sweep, shown)
    found = space.near(
        objective,
        sweep.where,
        within=within,
        by=None if by is None else groups_of(sweep, by),
        then=[(formula, False) for formula in several(then)],
        bits=bits_for(several(then), resolution),
    )
    return frame(sweep, space, found, shown)


def table(sweep: Sweep, *, columns: Formulas = ()) -> pl.DataFrame:
    """Return what :meth:`isoflop.Sweep.table` returns for the same ``columns``."""
    space = space_of(sweep, several(columns))
    return frame(sweep, space, space.feasible(sweep.where), several(columns))


def several(formulas: Formulas) -> tuple[str, ...]:
    """Return one formula or several as a tuple."""
    return (formulas,) if isinstance(formulas, str) else tuple(formulas)


def bits_for(formulas: Sequence[str], resolution: float | Mapping[str, float]) -> list[int]:
    """Return the bits that each objective is compared at; a mapping may leave some at 1e-9."""
    named = resolution if isinstance(resolution, Mapping) else dict.fromkeys(formulas, resolution)
    return [bits_of(named.get(formula, 1e-9)) for formula in formulas]


def axes_of(sweep: Sweep) -> dict[str, list[pl.Series]]:
    """Return the columns of each axis of a sweep, by the name of the axis."""
    axes: dict[str, list[pl.Series]] = {}
    for name, given in sweep.axes.items():
        if isinstance(given, pl.DataFrame):
            axes[name] = given.get_columns()
        elif isinstance(given, pl.Series):
            axes[name] = [given]
    return axes


def groups_of(sweep: Sweep, by: str) -> tuple[int, list[int]]:
    """Return the axis that ``by`` names, and the group of each position: that of the first equal value."""
    for number, (name, columns) in enumerate(axes_of(sweep).items()):
        listed = {name: list(zip(*columns, strict=True))} | {series.name: list(series) for series in columns}
        if by in listed:
            return number, [listed[by].index(value) for value in listed[by]]
    raise ValueError(f"there is no axis and no column `{by}`")


def space_of(sweep: Sweep, formulas: Iterable[str]) -> Space:
    """Return the space of a sweep, with all names that formulas and constraints reach."""
    axes = list(axes_of(sweep).values())
    read = {
        series.name: (number, series.cast(pl.Float64))
        for number, columns in enumerate(axes)
        for series in columns
        # Text is carried along, not read.
        if series.dtype.is_numeric() or series.dtype in (pl.Boolean, pl.Null)
    }
    numbers = {
        name: (number, series.fill_null(math.nan).to_list()) for name, (number, series) in read.items()
    }
    absent = {
        name: series.is_null().arg_true().to_list()
        for name, (_, series) in read.items()
        if series.null_count()
    }
    steps = sweep.steps(list(formulas))
    names = {
        name: formula if value is None else value
        for name, formula, value in steps.select("name", "formula", "value").iter_rows()
        if formula is not None or value is not None
    }
    return Space([len(columns[0]) for columns in axes], numbers, names, absent)


def frame(
    sweep: Sweep, space: Space, configurations: Sequence[Configuration], formulas: Iterable[str]
) -> pl.DataFrame:
    """Return the axis columns at configurations, then those formulas that are not among them."""
    series = {
        column.name: column.gather([configuration[axis] for configuration in configurations])
        for axis, columns in enumerate(axes_of(sweep).values())
        for column in columns
    }
    for formula in formulas:
        if formula not in series:
            values = [space.values([formula], configuration)[0] for configuration in configurations]
            series[formula] = pl.Series(formula, values, dtype=pl.Float64)
    return pl.DataFrame(list(series.values()))
