"""Evaluating a law's formulas outside a sweep: inputs read, checked, and handed to the engine."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np

from isoflop import _native
from isoflop._accounting.domains import domain_of, holds, must_be, outside
from isoflop._accounting.mixtures import require_sizes
from isoflop._accounting.quantities import known_names
from isoflop._accounting.resolve import require_same_sparsity, resolve
from isoflop._exceptions import DomainWarning, ExtrapolationWarning, LawError, SpaceError
from isoflop._law.content import LawContent
from isoflop._text.given import read_reals
from isoflop._text.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray


EXTRAPOLATION, OUTSIDE = "extrapolation", "domain"
"""What a law has told once that it told of being used outside its range, or outside its inputs' domains."""


def loss(law: LawContent, inputs: Mapping[str, ArrayLike]) -> float | NDArray[np.float64]:
    """Do what `Law.loss` says."""
    arrays = {name: read_input(law, name, value) for name, value in inputs.items()}
    impossible = _impossible(law, arrays)
    scalars = {name: float(array) for name, array in arrays.items() if array.ndim == 0}
    arrays = {name: array for name, array in arrays.items() if array.ndim > 0}
    columns, shape = broadcast(arrays, law.id)
    watched = () if EXTRAPOLATION in law.told else law.ranged
    beside = tuple(name for name, _, _ in watched)
    values, *others = evaluate(law, ("loss",), columns, scalars, math.prod(shape), beside=beside)
    for wrong in impossible:
        # Not by way of the input alone: whatever to the power of 0 is 1, be it NaN.
        values[np.broadcast_to(wrong, shape).ravel()] = np.nan
    if watched and _outside(watched, others):
        law.told.add(EXTRAPOLATION)
        warnings.warn(_extrapolated(law), ExtrapolationWarning, stacklevel=3)
    return values.reshape(shape) if arrays else float(values[0])


def _outside(ranged: Sequence[tuple[str, float, float]], values: Sequence[NDArray[np.float64]]) -> bool:
    """Tell whether any value lies outside its range; NaN does not."""
    for (_, low, high), numbers in zip(ranged, values, strict=True):
        if numbers.size == 1:  # without arrays of truth values: scripts ask for one plan at a time
            number = numbers.item()
            if number < low or number > high:
                return True
        elif ((numbers < low) | (numbers > high)).any():
            return True
    return False


def _extrapolated(law: LawContent) -> str:
    """Return a text without anything that changes from call to call."""
    ranges = ", ".join(f"`{name}` {low:g} to {high:g}" for name, low, high in law.ranged)
    return (
        f"`{law.id}` is used outside the range it was fitted on ({ranges}); its predictions there are "
        "extrapolations (`extrapolation` counts their decades)"
    )


def _impossible(law: LawContent, arrays: dict[str, NDArray[np.float64]]) -> list[NDArray[np.bool_]]:
    """Put NaN in the place of values that inputs cannot have; return where, and warn of it once a law."""
    found, named = [], []
    for name, numbers in arrays.items():
        domain = domain_of(name)
        if domain is None:
            continue
        wrong = outside(numbers, domain)
        if not wrong.any() or not holds(law, name, domain):
            continue
        arrays[name] = np.where(wrong, np.nan, numbers)
        found.append(wrong)
        named.append(f"`{name}` was given outside its domain: {must_be(domain, math.nan)}")
    if named and OUTSIDE not in law.told:
        law.told.add(OUTSIDE)
        message = f"{'; '.join(named)}; the loss of `{law.id}` is NaN there"
        warnings.warn(message, DomainWarning, stacklevel=4)
    return found


def broadcast(
    arrays: Mapping[str, NDArray[np.float64]], law_id: str
) -> tuple[dict[str, NDArray[np.float64]], tuple[int, ...]]:
    """Return inputs as flat columns of the same length, and the shape that they have together."""
    try:
        shape = np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"`{name}` {array.shape}" for name, array in arrays.items())
        raise LawError(f"inputs do not broadcast against each other: {shapes}", law=law_id) from None
    return {name: np.broadcast_to(array, shape).flatten() for name, array in arrays.items()}, shape


def read_input(law: LawContent, name: str, value: object) -> NDArray[np.float64]:
    """Return an input as float64; raises `LawError` if the law has no such input or it is not numeric."""
    if name in law.coefficient_names:
        message = f"`{name}` is a coefficient of `{law.id}`; change it with law.replace({name}=...)"
        raise LawError(message, law=law.id)
    if name not in law.inputs:
        message = f"`{name}` is no input of `{law.id}`{did_you_mean(name, law.inputs)}"
        raise LawError(message, law=law.id)
    try:
        return read_reals(value, f"`{name}`")
    except (TypeError, ValueError) as error:
        raise LawError(str(error), law=law.id) from None


def evaluate(
    law: LawContent,
    formulas: Sequence[str],
    columns: Mapping[str, NDArray[np.float64]],
    scalars: Mapping[str, float],
    count: int,
    *,
    quantities: Mapping[str, str] | None = None,
    idle: bool = False,
    beside: Sequence[str] = (),
) -> list[NDArray[np.float64]]:
    """Evaluate formulas at `count` points, where `quantities` take the place of the law's own.

    With `idle`, inputs may be without effect. Names `beside` formulas are evaluated too, after them; they are
    NaN if the formulas do not reach them.

    Raises
    ------
    LawError
        If an input is missing or has no effect, or if sparsity varies under a dense law without ``moe_gain``.
    """
    given = quantities or {}
    try:
        resolution = resolve(formulas, columns=columns, scalars=scalars, quantities=given, law=law)
    except SpaceError as error:
        missing = _missing(law, formulas, {*columns, *scalars}, given)
        if not missing:
            raise LawError(str(error), law=law.id) from None
        wanted = " and ".join(f"`{name}`" for name in missing)
        raise LawError(f"the loss of `{law.id}` needs {wanted}", law=law.id, missing=missing) from None
    require_sizes(law, resolution, scalars, columns, given)
    reached = {step.name for step in resolution.steps}
    for name in (*columns, *scalars):
        if name not in reached and not idle:
            others = " and ".join(f"`{other}`" for other in (*columns, *scalars) if other in reached)
            message = f"`{name}` has no effect: the loss of `{law.id}` follows from {others} without it"
            raise LawError(message, law=law.id)
    if count == 0:
        return [np.empty(0) for _ in (*formulas, *beside)]
    space = _native.Space([count], [(name, 0, column, False) for name, column in columns.items()])
    varies = [resolution.sparsity] if resolution.sparsity is not None else []
    points = [np.arange(count, dtype=np.uint32)]
    asked = [*formulas, *(name if name in reached else "0/0" for name in beside)]
    values = space.evaluate(resolution.definitions, known_names(law), [*asked, *varies], points)
    for sparsity in values[len(asked) :]:
        shares = sparsity[~np.isnan(sparsity)]
        if shares.size:
            require_same_sparsity(law, float(shares.min()), float(shares.max()))
    return values[: len(asked)]


def _missing(
    law: LawContent, formulas: Sequence[str], given: set[str], user: Mapping[str, str]
) -> tuple[str, ...]:
    """Names of all inputs that are missing; empty if something else is wrong."""

    def lacks(*more: str) -> str | None:
        try:
            resolve(formulas, columns=given.union(more), scalars={}, quantities=user, law=law)
        except SpaceError as error:
            return error.axis
        return None

    missing: list[str] = []
    while (name := lacks(*missing)) is not None:
        if name in given or name in missing or name in user or name in law.coefficient_names:
            return ()  # names clash
        # A declared variable that fills the gap is what a reader knows: `non_embedding_params`, not `params`.
        known = (other for other in law.variables if other not in given and lacks(*missing, other) != name)
        missing.append(next(known, name))
    return tuple(missing)
