"""A sweep with a few axes or constraints changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from isoflop._exceptions import SpaceError
from isoflop._text.given import shown
from isoflop._text.spelling import did_you_mean

if TYPE_CHECKING:
    from isoflop._space.axes import AxisValues
    from isoflop._sweep.sweep import Sweep


def with_axes(sweep: Sweep, changes: Mapping[str, AxisValues | None]) -> Sweep:
    """Do what `Sweep.with_axes` says."""
    axes: dict[str, Any] = dict(sweep.axes)
    for name, values in changes.items():
        if values is None:
            if name not in axes:
                raise _absent(sweep, name)
            del axes[name]
        else:
            axes[name] = values
    return sweep.replace(axes=axes)


def filtered(sweep: Sweep, constraints: Sequence[str]) -> Sweep:
    """Do what `Sweep.filter` says."""
    for constraint in constraints:
        if not isinstance(constraint, str):
            raise TypeError(
                f"filter takes formulas, which are text, one after the other, not {shown(constraint)}"
            )
    return sweep.replace(where=(*sweep.where, *constraints))


def _absent(sweep: Sweep, name: str) -> SpaceError:
    for axis in sweep._described.axes:
        if axis.linked and any(column.name == name for column in axis.columns):
            message = f"`{name}` is a column of the linked axis `{axis.name}` and cannot be removed alone"
            return SpaceError(f"{message}; give `{axis.name}` anew without it", axis=name)
    known = tuple(sweep.axes)
    there = f"; it has {', '.join(known)}" if known else "; it has none"
    return SpaceError(
        f"the sweep has no axis or scalar `{name}`{did_you_mean(name, known, there)}", axis=name
    )
