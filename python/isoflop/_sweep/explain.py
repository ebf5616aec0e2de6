"""Explain: how a question would be answered, as text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from isoflop._run.threads import resolve_threads
from isoflop._space.axes import Axis
from isoflop._sweep.description import Description
from isoflop._sweep.given_twice import measured
from isoflop._sweep.heed import heed
from isoflop._text.numbers import counted

if TYPE_CHECKING:
    import polars as pl

    from isoflop._accounting.vocabulary import Step
    from isoflop._law.law import Law
    from isoflop._pareto.arguments import Objective
    from isoflop._sweep.binding import Binding

_OPERATION_SECONDS = 1.5e-10
"""One cheap operation in lanes for one configuration on one thread, within a factor of three."""


def explanation(binding: Binding, objectives: Sequence[Objective]) -> str:
    """Describe space, quantities, tables and cost of a question."""
    where, law = binding.where, binding.law
    formulas = (*(formula for formula, _ in objectives), *where)
    resolution = binding.resolve(formulas)
    asked = (binding.objectives(objectives), binding.conditions(where))
    verdict = heed(binding.given, tuple(formula for formula, _ in objectives))
    *tables, tape = binding.ask(binding.space.explain, formulas, *asked)
    sections = {
        f"Space: {counted(binding.space.size, 'configuration')}": _space(binding.axes, binding.scalars),
        "Question": _question(objectives, where),
        "Architecture": _architecture(binding.described),
        "Quantities, each after what it reads": _quantities(resolution.steps, law, binding),
        "Measured together, each read as given": _measured(binding.described),
        "Nulls, read as NaN": _nulls(binding, formulas),
        "Given in part": verdict.halves,
        "Not read": verdict.axes,
        "Tables, filled once": _tables(tables, binding.axes),
        f"Then, for each {'box and configuration looked at' if tape['searched'] else 'configuration'}": _cost(
            tape, binding
        ),
    }
    return "\n\n".join(
        "\n".join([heading, *(f"  {line}".rstrip() for line in lines)])
        for heading, lines in sections.items()
        if lines
    )


def steps_frame(binding: Binding, formulas: Sequence[str]) -> pl.DataFrame:
    """Return what every name stands for that formulas reach, a row for each, after what it reads."""
    import polars as pl

    steps = binding.resolve((*formulas, *binding.where)).steps
    schema = {
        "name": pl.String,
        "formula": pl.String,
        "value": pl.Float64,
        "unit": pl.String,
        "how": pl.String,
        "note": pl.String,
        "source": pl.String,
    }
    return pl.DataFrame([[getattr(step, name) for name in schema] for step in steps], schema, orient="row")


def _space(axes: Sequence[Axis], scalars: Mapping[str, float]) -> list[str]:
    rows = []
    for axis in axes:
        if axis.linked:
            told = "linked: " + ", ".join(column.name for column in axis.columns)
        else:
            numbers = axis.columns[0].numbers
            assert numbers is not None, "a plain axis holds numbers"
            told = f"{numbers[0]:g}" if axis.length == 1 else f"{numbers[0]:g} to {numbers[-1]:g}"
        rows.append((axis.name, f"{axis.length:,}", told))
    rows.extend((name, "constant", f"{value:g}") for name, value in scalars.items())
    return _aligned(rows)


def _measured(described: Description) -> list[str]:
    """Tell what a linked frame gives though it follows from others that it gives too."""
    return [
        f"`{one}` as given, though {other} gives it too"
        for one, other in (rule.equal for rule in measured(described))
    ]


def _nulls(binding: Binding, formulas: Sequence[str]) -> list[str]:
    """Tell which columns that are read hold nulls."""
    return [
        f"`{name}` of axis `{binding.gaps[name].axis}` in {binding.gaps[name].words()}"
        for name in binding.gaps_read(formulas)
    ]


def _question(objectives: Sequence[Objective], where: Sequence[str]) -> list[str]:
    rows = [("maximize" if maximize else "minimize", formula) for formula, maximize in objectives]
    rows.extend(("where", constraint) for constraint in where)
    return _aligned(rows)


def _architecture(described: Description) -> list[str]:
    if described.architecture is None:
        return []
    from isoflop._architecture.page import convention_rows

    about = (described.architecture.id, described.architecture.title)
    return _aligned([about, *convention_rows(described.architecture)])


def _quantities(steps: Sequence[Step], law: Law | None, binding: Binding) -> list[str]:
    rows = []
    for step in steps:
        unit = f" {step.unit}" if step.unit not in ("", "1") else ""
        if step.formula is not None:
            meaning = f"= {step.formula}"
        elif step.value is not None:
            meaning = f"= {step.value:.10g}{unit}"
        else:
            meaning = "axis"
        rows.append((step.name, meaning, "; ".join(_reasons(step, law, binding))))
    return _aligned(rows)


def _reasons(step: Step, law: Law | None, binding: Binding) -> Iterator[str]:
    """Say where a meaning comes from: short for what the user gave, in full for defaults."""
    if step.how == "given":
        if step.value is not None:
            yield "given"
    elif step.how == "quantity":
        yield _whose(step.name, binding.described)
        built = binding.described.architecture
        if built is not None and step.name not in binding.own_quantities:
            yield from _of_memory(step.name)
    elif step.how in ("law", "coefficient"):
        name = law.id if law is not None else "law"
        yield f"{name}, coefficient" if step.how == "coefficient" else name
    else:
        yield step.how
    if step.note:
        yield step.note
    if step.source and step.how == "default":
        yield step.source


def _of_memory(name: str) -> Iterator[str]:
    """Say what stands behind a row that every architecture has."""
    from isoflop.catalog.files import common_table

    if name in common_table()["notes"]:
        yield common_table()["notes"][name]


def _whose(name: str, described: Description) -> str:
    """Say who gave a quantity: the user, the architecture or the pools."""
    built = described.architecture
    if name in described.quantities:
        return "yours"
    if built is not None and name in built.rows:
        return built.id
    if built is not None and name in built.dimensions:
        return f"{built.id}, not given"
    pools = any(name == "tokens" or name.startswith(f"{pool.name}_") for pool in described.pools)
    return "pools" if built is None or pools else built.id


def _tables(tables: Sequence[Mapping[str, Any]], axes: Sequence[Axis]) -> list[str]:
    rows = []
    for table in tables:
        names = " x ".join(axes[number].name for number in table["axes"]) or "constant"
        rows.append(
            (
                names,
                f"{table['entries']:,} {'entry' if table['entries'] == 1 else 'entries'}",
                _bytes(table["bytes"]),
                table["formula"],
            )
        )
    return _aligned(rows)


def _cost(tape: Mapping[str, Any], binding: Binding) -> list[str]:
    operations = int(tape["tape"])
    # Axes that nothing touches are not walked through.
    visited = int(tape["visited"])
    if tape["searched"]:
        return [
            f"operations  {operations}, besides a look-up for each table and column",
            *(f"presolved   {_presolved(axes, left, binding.axes)}" for axes, left in tape["presolved"]),
            f"method      search: branch and bound over {visited:,} configurations, too many to look at each",
        ]
    are = "is" if visited == 1 else "are"
    threads = resolve_threads(None)
    seconds = visited * max(operations, 1) * _OPERATION_SECONDS / threads
    rows, lanes = tape["block"]
    shared = {
        f"for each block of {rows:,} x {lanes:,} configurations": tape["block_operations"],
        "for each of its rows": tape["row_operations"],
        "for each of its lanes": tape["lane_operations"],
    }
    besides = ", ".join(f"{count} {where}" for where, count in shared.items() if count)
    return [
        f"operations  {operations}{f', besides {besides}' if besides else ''}",
        f"blocks      rows {_along(tape['rows_axes'], binding)}; lanes {_along(tape['lanes_axes'], binding)}",
        f"method      enumerate: {counted(visited, 'configuration')} {are} looked at",
        f"cost        about {_time(seconds)} on {counted(threads, 'thread')}",
    ]


def _presolved(numbers: Sequence[int], left: int, axes: Sequence[Axis]) -> str:
    names = " x ".join(axes[number].name for number in numbers)
    every = math.prod(axes[number].length for number in numbers)
    return f"{names}: {left:,} of {every:,} are left; they dominate the others for every completion"


def _along(axes: Sequence[int], binding: Binding) -> str:
    return " x ".join(binding.axes[number].name for number in axes) or "none"


def _time(seconds: float) -> str:
    for unit, length in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.2g} {unit}"
    return f"{seconds:.2g} s" if seconds >= 1e-3 else "a millisecond"


def _bytes(count: int) -> str:
    for unit, size in (("MiB", 2**20), ("KiB", 2**10)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Set all columns but the last to the width of their longest, as far as that is moderate."""
    if not rows:
        return []
    widths = [min(48, max(len(row[column]) for row in rows)) for column in range(len(rows[0]) - 1)]
    return [
        "  ".join([*(f"{text:<{width}}" for text, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]
