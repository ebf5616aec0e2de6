"""What a sweep is made of: axes, scalars, a law, quantities and constraints, read and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isoflop._accounting.formula import names_in
from isoflop._accounting.quantities import known_names
from isoflop._exceptions import FormulaError, SpaceError
from isoflop._law.catalogue import read_law
from isoflop._law.law import Law
from isoflop._pareto.arguments import Formulas, read_formulas
from isoflop._space.axes import Axis, AxisValues, check_name, column_names, read_axes, space_size
from isoflop._sweep.domains import check_domains
from isoflop._sweep.pools import Pool, pool_quantities, read_pools
from isoflop._text.given import shown

if TYPE_CHECKING:
    from isoflop._architecture.architecture import Architecture


@dataclass(frozen=True, slots=True, eq=False)
class Description:
    """A sweep's content. Immutable by agreement: nobody writes to the mappings."""

    axes: tuple[Axis, ...]
    scalars: Mapping[str, float]
    law: Law | None
    quantities: Mapping[str, str]
    where: tuple[str, ...]
    pools: tuple[Pool, ...]
    formulas: Mapping[str, str]
    """Of the user, and in their absence those of the pools and of the architecture."""
    size: int
    names: tuple[str, ...]
    """Whatever is given a value: columns, scalars, and quantities of the user's or of the pools."""
    architecture: Architecture | None = None
    elsewhere: tuple[str, ...] = ()
    """Formulas of questions that a sweep file asks of it; they say which names are read."""

    def same(self, other: Description) -> bool:
        """Tell whether both describe the same sweep."""
        return (
            self.where == other.where
            and self.quantities == other.quantities
            and self.scalars == other.scalars
            and self.law == other.law
            and self.pools == other.pools
            and self.architecture == other.architecture
            and len(self.axes) == len(other.axes)
            and all(mine.same(theirs) for mine, theirs in zip(self.axes, other.axes, strict=True))
        )

    def hash(self) -> int:
        """Return a number that the same descriptions share; cheap, so it leaves the values out."""
        shape = tuple((axis.name, axis.length) for axis in self.axes)
        return hash((shape, frozenset(self.scalars.items()), frozenset(self.quantities.items()), self.where))


def read_description(
    axes: Mapping[str, AxisValues],
    law: str | Law | None,
    quantities: Mapping[str, str] | None,
    where: Formulas,
    pools: object,
    architecture: object = None,
) -> Description:
    """Read what a user gives the constructor of a sweep, but for what is given twice."""
    dimensions, scalars = read_axes(axes)
    size = space_size(dimensions)
    found = None if law is None else read_law(law)
    columns = column_names(dimensions)
    named = _read_quantities({} if quantities is None else quantities, dimensions, columns, scalars)
    supplies = read_pools(pools)
    formulas = named
    if supplies:
        formulas = pool_quantities(supplies) | named
        _check_pools(supplies, formulas, {*columns, *scalars})
    built = None
    if architecture is not None:  # what is not asked for is not loaded
        from isoflop._architecture.catalogue import read_architecture

        built = read_architecture(architecture)
        formulas = _shape_formulas(built, (*columns, *scalars), formulas, found) | formulas
    constraints = read_formulas(where, "where")
    if built is not None:
        from isoflop._sweep.shape import check_shapes

        check_shapes(built, dimensions, scalars, constraints)
    for constraint in constraints:
        names_in(constraint)
    _refuse_hidden_text(dimensions, found, formulas)
    check_domains(dimensions, scalars, found, supplies)
    names = (*columns, *scalars, *formulas)
    return Description(dimensions, scalars, found, named, constraints, supplies, formulas, size, names, built)


def _shape_formulas(
    architecture: Architecture, axes: Sequence[str], formulas: Mapping[str, str], law: Law | None
) -> dict[str, str]:
    """Return the formulas of an architecture's rows but for those that the user or the pools give."""
    from isoflop._architecture.rows import formulas_for

    return formulas_for(architecture, (*axes, *formulas), axes, known_names(law))


def _read_quantities(
    quantities: Mapping[str, str],
    axes: Sequence[Axis],
    columns: Sequence[str],
    scalars: Mapping[str, float],
) -> dict[str, str]:
    if type(quantities) is not dict and not isinstance(quantities, Mapping):
        raise TypeError(f"quantities must be a mapping from names to formulas, not {shown(quantities)}")
    if not quantities:
        return {}
    axis_names = {*columns, *[axis.name for axis in axes if axis.linked]}
    for name, formula in quantities.items():
        check_name(name, "a quantity")
        if name in axis_names or name in scalars:
            kind = "an axis" if name in axis_names else "a scalar"
            raise SpaceError(
                f"`{name}` is both a quantity and {kind}; remove one, or give the quantity another name",
                axis=name,
            )
        if not isinstance(formula, str):
            raise TypeError(
                f"quantity `{name}` is {shown(formula)}; a quantity is a formula, which is text (a number is "
                "a scalar and belongs among the axes)"
            )
        try:
            names_in(formula)
        except FormulaError as error:
            error.quantity = name
            raise
    return dict(quantities)


def _check_pools(pools: Sequence[Pool], formulas: Mapping[str, str], given: set[str]) -> None:
    for name in formulas:
        if name in given:
            parts = " + ".join(f"`{pool.tokens}`" for pool in pools)
            meaning = f"with pools `{name}` follows from {parts}"
            raise SpaceError(f"{meaning}; leave it out of the axes, or leave pools= out", axis=name)
    for pool in pools:
        if pool.tokens not in given and pool.tokens not in formulas:
            example = f'"{pool.tokens}": [0, *iso.geomspace(1e11, 1e13, 41)]'
            message = (
                f"pool `{pool.name}` needs an axis or a scalar `{pool.tokens}`, the tokens taken from it"
            )
            raise SpaceError(f"{message}, e.g. {example}", axis=pool.tokens)


def _refuse_hidden_text(axes: Sequence[Axis], law: Law | None, quantities: Mapping[str, str]) -> None:
    """Refuse text under the name of a quantity: formulas would read the quantity's default instead."""
    text = [(axis, column) for axis in axes for column in axis.columns if column.kind == "text"]
    if not text:
        return
    taken = {*known_names(law), *quantities}
    for axis, column in text:
        if column.name in taken:
            raise SpaceError(
                f"column `{column.name}` of axis `{axis.name}` is text, but has the name of a quantity; "
                "rename the column",
                axis=axis.name,
            )
