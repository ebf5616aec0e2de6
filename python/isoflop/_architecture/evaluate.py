"""Evaluating the rows of an architecture at shapes, outside a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from isoflop import _native
from isoflop._accounting.quantities import known_names
from isoflop._accounting.resolve import resolve
from isoflop._architecture.rows import SIZES, formulas_for
from isoflop._exceptions import ArchitectureError, FormulaError, SpaceError
from isoflop._text.given import read_real
from isoflop._text.spelling import did_you_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop._architecture.content import ArchitectureContent
    from isoflop._architecture.records import Check


def counts(architecture: ArchitectureContent, shape: Mapping[str, float]) -> dict[str, float]:
    """Do what `Architecture.counts` says."""
    numbers = {}
    known = {*architecture.dimensions, *known_names()}
    for name, value in shape.items():
        if name not in known and name not in architecture.rows:
            hint = did_you_mean(name, known)
            raise ArchitectureError(
                f"`{name}` is no dimension of `{architecture.id}`{hint}", architecture=architecture.id
            )
        numbers[name] = read_real(value, f"`{name}`")
    rows = formulas_for(architecture, numbers, numbers, known)
    found = {}
    for name in dict.fromkeys((*architecture.rows, *SIZES)):
        try:
            found[name] = float(evaluate(rows, (name,), {}, numbers, 1)[0][0])
        except (SpaceError, FormulaError):
            if name == "params":
                raise  # a circle, or whatever else is wrong with it
            continue  # it reads something that is not given, say the tokens in a cache
    return found


def evaluate(
    rows: Mapping[str, str],
    formulas: Sequence[str],
    columns: Mapping[str, NDArray[np.float64]],
    scalars: Mapping[str, float],
    count: int,
) -> list[NDArray[np.float64]]:
    """Evaluate formulas at `count` shapes."""
    definitions = resolve(formulas, columns=columns, scalars=scalars, quantities=rows, law=None).definitions
    space = _native.Space([count], [(name, 0, column, False) for name, column in columns.items()])
    points = [np.arange(count, dtype=np.uint32)]
    return list(space.evaluate(definitions, known_names(), list(formulas), points))


def value_of(architecture: ArchitectureContent, check: Check) -> float:
    """Return what an architecture gives for one of its checks; what the check gives replaces rows."""
    rows = {name: text for name, text in architecture.rows.items() if name not in check.at}
    rows |= {
        name: x.default for name, x in architecture.dimensions.items() if x.default and name not in check.at
    }
    return float(evaluate(rows, (check.name,), {}, check.at, 1)[0][0])
