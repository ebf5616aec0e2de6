"""Questions as a user would ask them, of an `iso.Sweep`, held against the oracle on arrays."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

import isoflop as iso

from .awkward import raw
from .compare import Difference, shortened
from .grid import Grid
from .question import METHODS, Question


def axes_of(question: Question) -> dict[str, dict[str, list[Any]] | list[float]]:
    """Return the axes: a list where there is one column, else linked columns, of which the first is text."""
    axes: dict[str, dict[str, list[Any]] | list[float]] = {}
    for axis, length in enumerate(question.lengths):
        mine = [
            (name, values, boolean) for name, number, values, boolean in question.columns if number == axis
        ]
        if len(mine) == 1:
            axes[mine[0][0]] = list(mine[0][1])
            continue
        linked: dict[str, list[Any]] = {f"label{axis}": [f"row {position % 3}" for position in range(length)]}
        for name, values, boolean in mine:
            linked[name] = [bool(value) for value in values] if boolean else list(values)
        axes[f"axis{axis}"] = linked
    return axes


def split_names(question: Question) -> tuple[dict[str, float], dict[str, str]]:
    """Return scalars and quantities."""
    scalars = {name: value for name, value in question.names.items() if not isinstance(value, str)}
    quantities = {name: value for name, value in question.names.items() if isinstance(value, str)}
    return scalars, quantities


def sweep_of(question: Question) -> iso.Sweep:
    """Return the question's space as a user would write it."""
    axes: dict[str, Any] = {
        name: pl.DataFrame(given) if isinstance(given, dict) else given
        for name, given in axes_of(question).items()
    }
    scalars, quantities = split_names(question)
    return iso.Sweep(axes | scalars, quantities=quantities, where=question.where)


def sweep_code(question: Question) -> str:
    """Return Python code that makes the sweep."""
    scalars, quantities = split_names(question)
    axes = [
        f"{name!r}: {f'pl.DataFrame({given!r})' if isinstance(given, dict) else repr(given)}"
        for name, given in axes_of(question).items()
    ]
    axes += [f"{name!r}: {value!r}" for name, value in scalars.items()]
    return (
        "import isoflop as iso, polars as pl\n"
        f"sweep = iso.Sweep({{{', '.join(axes)}}}, quantities={quantities!r}, "
        f"where={list(question.where)!r})\n"
    )


def distinct_objectives(question: Question) -> tuple[list[tuple[str, bool]], list[int]]:
    """Return the objectives as the surface takes them, each formula once, with their bits."""
    once: dict[str, tuple[bool, int]] = {}
    for (formula, maximize), bits in zip(question.objectives, question.bits, strict=True):
        once.setdefault(formula, (maximize, bits))
    found = sorted(once.items(), key=lambda item: item[1][0])  # those to minimise first
    return [(formula, maximize) for formula, (maximize, _) in found], [bits for _, (_, bits) in found]


def grouping(question: Question) -> tuple[str, tuple[int, list[int]]] | None:
    """Return what ``by=`` names on the axis that the question groups by, and each position's group."""
    if question.by is None:
        return None
    axis = question.by[0]
    name, given = list(axes_of(question).items())[axis]
    if not isinstance(given, dict):
        return name, (axis, [given.index(value) for value in given])
    if question.all_ties:
        name = f"label{axis}"
        return name, (axis, [given[name].index(value) for value in given[name]])
    rows = list(zip(*given.values(), strict=True))
    return name, (axis, [rows.index(row) for row in rows])


def expected_frame(
    question: Question, whole: Grid, indices: Sequence[int] | NDArray[np.int64], formulas: Sequence[str]
) -> pl.DataFrame:
    """Return the frame of an answer: what stands on the axes, then the formulas, each once."""
    wanted = np.array(indices, dtype=np.int64)
    series: dict[str, pl.Series] = {}
    for positions, (name, given) in zip(
        np.unravel_index(wanted, question.lengths), axes_of(question).items(), strict=True
    ):
        for column, values in (given if isinstance(given, dict) else {name: given}).items():
            chosen = [values[position] for position in positions.tolist()]
            kind = {str: pl.String, bool: pl.Boolean, float: pl.Float64}[type(values[0])]
            series[column] = pl.Series(column, chosen, dtype=kind)
    for formula in formulas:
        if formula not in series:
            series[formula] = pl.Series(formula, whole.values(formula)[wanted], dtype=pl.Float64)
    return pl.DataFrame(list(series.values()))


def frames_differ(found: pl.DataFrame, expected: pl.DataFrame) -> tuple[str, str, str] | None:
    """Return in what two frames differ, and both sides of it; floats to the bit."""
    if found.schema != expected.schema:
        return "columns", repr(dict(found.schema)), repr(dict(expected.schema))
    for name in expected.columns:
        mine, theirs = found[name], expected[name]
        same = (
            raw(mine.to_numpy()) == raw(theirs.to_numpy())
            if theirs.dtype == pl.Float64
            else mine.to_list() == theirs.to_list()
        )
        if not same:
            return f"column {name}", shortened(mine.to_list()), shortened(theirs.to_list())
    return None


def surface_differences(question: Question) -> Iterator[Difference]:
    """Yield what a sweep answers otherwise than the oracle."""
    sweep, whole = sweep_of(question), question.grid()
    objectives, bits = distinct_objectives(question)
    formulas = [formula for formula, _ in objectives]
    columns = list(question.shown)
    where = question.where
    calls: list[tuple[str, dict[str, Any], Sequence[int] | NDArray[np.int64], list[str]]] = []

    wanted: dict[str, Any] = {
        "minimize": [formula for formula, maximize in objectives if not maximize],
        "maximize": [formula for formula, maximize in objectives if maximize],
        "resolution": {formula: 2.0**-p for formula, p in zip(formulas, bits, strict=True)},
        "columns": columns,
        "ties": "all" if question.all_ties else "first",
        "threads": question.threads,
    }
    by = grouping(question)
    front, _ = whole.pareto(objectives, where, bits, all_ties=question.all_ties)
    few, _ = whole.pareto(
        objectives,
        where,
        bits,
        rows=len(objectives) + 1,
        by=by and by[1],
        all_ties=question.all_ties,
    )
    for method in METHODS:
        calls.append(("pareto", wanted | {"method": method}, front, [*formulas, *columns]))
        options = {"method": method, "rows": len(objectives) + 1} | ({"by": by[0]} if by else {})
        calls.append(("pareto", wanted | options, few, [*formulas, *columns]))

    first, *others = objectives
    wanted = {"maximize" if first[1] else "minimize": first[0], "columns": columns}
    if by is not None:
        wanted["by"] = by[0]
    groups = by and by[1]
    best = whole.best(first, where, groups)
    for method in METHODS:
        calls.append(("best", wanted | {"method": method}, best, [first[0], *columns]))
    then = [formula for formula, _ in others] if question.further else []
    near = whole.near(first, where, question.within, groups, [(text, False) for text in then], bits[1:])
    resolution = {formula: 2.0**-p for formula, p in zip(then, bits[1:], strict=False)}
    wanted |= {"within": question.within, "then": then, "resolution": resolution}
    calls.append(("near", wanted, near, [*then, first[0], *columns]))
    calls.append(("table", {"columns": columns}, whole.feasible(where), columns))

    for name, options, expected, shown in calls:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", iso.IsoflopWarning)
            found = getattr(sweep, name)(**options)
        difference = frames_differ(found, expected_frame(question, whole, expected, shown))
        if difference is not None:
            what, mine, theirs = difference
            given = ", ".join(f"{option}={value!r}" for option, value in options.items())
            code = f"{sweep_code(question)}answer = sweep.{name}({given})\n"
            yield Difference(f"Sweep.{name}, {what}", mine, theirs, code)
