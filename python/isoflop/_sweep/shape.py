"""Shapes: what is given of an architecture's dimensions must be one that can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from isoflop._exceptions import SpaceError
from isoflop.catalog.files import common_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop._architecture.architecture import Architecture
    from isoflop._space.axes import Axis


def check_shapes(
    architecture: Architecture, axes: Sequence[Axis], scalars: Mapping[str, float], where: Sequence[str]
) -> None:
    """Refuse dimensions below zero, and such beyond a limit of the architecture.

    Raises
    ------
    SpaceError
        If there are some and no constraint ``"top_k <= experts"`` keeps them out.
    """
    values = {name: (None, np.array([value])) for name, value in scalars.items()}
    given: dict[str, tuple[Axis | None, NDArray[np.float64]]] = {**values}
    given |= {c.name: (axis, c.numbers) for axis in axes for c in axis.columns if c.numbers is not None}
    for name in architecture.dimensions:
        if name in given and bool((given[name][1] < 0).any()):
            raise SpaceError(
                f"`{name}` is {np.fmin.reduce(given[name][1]):g}; a dimension must be 0 or more", axis=name
            )
    constraints = {"".join(text.split()) for text in where}
    for name, limit in {**common_table()["limits"], **architecture.limits}.items():
        if name not in given or not {f"{name}<={limit}", f"{limit}>={name}"}.isdisjoint(constraints):
            continue
        axis, numbers = given[name]
        if limit in given:
            other, most = given[limit]
            # Columns of one linked frame go together, row by row; all else is crossed.
            together = other is axis and axis is not None
            beyond = bool((numbers > most).any()) if together else _most(numbers) > np.fmin.reduce(most)
        elif limit in architecture.dimensions:
            default = architecture.dimensions[limit].default
            if not default.isdigit():
                continue
            beyond = _most(numbers) > float(default)
        else:
            beyond = _most(numbers) > float(limit)
        if beyond:
            told = f"`{limit}`" if limit in architecture.dimensions else limit
            raise SpaceError(
                f"`{name}` may be at most {told} in the architecture `{architecture.id}`, and the space "
                f'holds shapes beyond; leave them out, or give where="{name} <= {limit}"',
                axis=name,
            )


def _most(numbers: NDArray[np.float64]) -> float:
    """Return the largest; NaN, which stands for a null, is passed over."""
    return float(np.fmax.reduce(numbers))
