"""Formulas resolved by the accounting."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

import isoflop as iso
from isoflop import _native
from isoflop._accounting.quantities import known_names
from isoflop._accounting.resolve import Resolution, resolve


def resolved(
    formula: str,
    given: Mapping[str, float],
    quantities: Mapping[str, str] | None = None,
    law: iso.Law | None = None,
) -> Resolution:
    return resolve((formula,), columns=(), scalars=given, quantities=quantities or {}, law=law)


def value(formula: str, given: Mapping[str, float], law: iso.Law | None = None) -> float:
    """Evaluate a formula where everything given is a column of one value."""
    resolution = resolve((formula,), columns=tuple(given), scalars={}, quantities={}, law=law)
    columns = [(name, 0, np.array([number], dtype=np.float64), False) for name, number in given.items()]
    space = _native.Space([1], columns)
    (found,) = space.evaluate(
        resolution.definitions, known_names(law), [formula], [np.zeros(1, dtype=np.uint32)]
    )
    return float(found[0])
