"""Domains: what is given must be what it can be, judged when a sweep is made.

Only what is given is judged, never what follows from it. A null of a linked column is no value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from isoflop._accounting.domains import Domain, domain_of, domains, holds, must_be, outside, read_domain
from isoflop._exceptions import SpaceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop._law.law import Law
    from isoflop._space.axes import Axis, Column
    from isoflop._sweep.pools import Pool

POOL_TOKENS = read_domain("[0, inf)")
"""Of the tokens taken from a pool, which may be none."""


def check_domains(
    axes: Sequence[Axis], scalars: Mapping[str, float], law: Law | None, pools: Sequence[Pool]
) -> None:
    """Refuse what is given outside its domain.

    Raises
    ------
    SpaceError
        For the first scalar or column with a value outside; it counts a column's and shows the first.
    """
    known = domains() | {pool.tokens: POOL_TOKENS for pool in pools} if pools else domains()
    for name, value in scalars.items():
        domain = known.get(name) or domain_of(name)
        if domain is not None and not domain.least <= value <= domain.most and holds(law, name, domain):
            message = f"scalar `{name}` is {value:g}; {must_be(domain, value)}"
            raise SpaceError(message, axis=name)
    for axis in axes:
        for column in axis.columns:
            numbers = column.numbers
            if numbers is None or (domain := known.get(name := column.name) or domain_of(name)) is None:
                continue
            low, high = column.extremes or (np.minimum.reduce(numbers), np.maximum.reduce(numbers))
            # With NaN, which stands for a null, all are looked at.
            if not (domain.least <= low and high <= domain.most):
                _look(axis, column, numbers, domain, law)


def _look(axis: Axis, column: Column, numbers: NDArray[np.float64], domain: Domain, law: Law | None) -> None:
    found = np.flatnonzero(outside(numbers, domain))
    if not found.size or not holds(law, column.name, domain):
        return
    name, first = column.name, float(numbers[found[0]])
    label = f"column `{name}` of axis `{axis.name}`" if axis.linked else f"axis `{name}`"
    count = "1 value" if found.size == 1 else f"{found.size:,} values"
    message = f"{label} has {count} outside its domain, the first at position {found[0]}: {first:g}; "
    raise SpaceError(message + must_be(domain, first), axis=name)
