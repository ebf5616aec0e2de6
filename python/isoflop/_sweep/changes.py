"""The axes and constraints of a sweep with a few of them changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from isoflop._exceptions import SpaceError
from isoflop._text.given import shown
from isoflop._text.spelling import did_you_mean

if TYPE_CHECKING:
    from isoflop._space.axes import AxisValues
    from isoflop._sweep.description import Description


def changed_axes(
    described: Description, axes: Mapping[str, Any], changes: Mapping[str, AxisValues | None]
) -> dict[str, Any]:
    """Return the axes and scalars of a sweep after `Sweep.with_axes`."""
    result = dict(axes)
    for name, values in changes.items():
        if values is None:
            if name not in result:
                raise _absent(described, tuple(result), name)
            del result[name]
        else:
            result[name] = values
    return result


def changed_where(described: Description, constraints: Sequence[str]) -> tuple[str, ...]:
    """Return the constraints of a sweep after `Sweep.filter`."""
    for constraint in constraints:
        if not isinstance(constraint, str):
            raise TypeError(
                f"filter takes formulas, which are text, one after the other, not {shown(constraint)}"
            )
    return (*described.where, *constraints)


def _absent(described: Description, known: tuple[str, ...], name: str) -> SpaceError:
    for axis in described.axes:
        if axis.linked and any(column.name == name for column in axis.columns):
            message = f"`{name}` is a column of the linked axis `{axis.name}` and cannot be removed alone"
            return SpaceError(f"{message}; give `{axis.name}` anew without it", axis=name)
    there = f"; it has {', '.join(known)}" if known else "; it has none"
    return SpaceError(
        f"the sweep has no axis or scalar `{name}`{did_you_mean(name, known, there)}", axis=name
    )
