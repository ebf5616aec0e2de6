"""What a user gives a sweep, read and judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from isoflop._sweep.description import Description, read_description
from isoflop._sweep.given_twice import check_given_twice

if TYPE_CHECKING:
    from isoflop._law.law import Law
    from isoflop._pareto.arguments import Formulas
    from isoflop._space.axes import AxisValues


def describe(
    axes: Mapping[str, AxisValues],
    law: str | Law | None,
    quantities: Mapping[str, str] | None,
    where: Formulas,
    pools: object,
    architecture: object = None,
) -> Description:
    """Read what a user gives the constructor of a sweep; see there for the errors."""
    described = read_description(axes, law, quantities, where, pools, architecture)
    check_given_twice(described)
    return described
