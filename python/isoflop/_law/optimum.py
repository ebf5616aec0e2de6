"""The compute-optimal division of a training budget between size and tokens."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from isoflop import _native
from isoflop._accounting.quantities import known_names
from isoflop._accounting.resolve import resolve
from isoflop._exceptions import LawError, SpaceError
from isoflop._law.budgets import as_frame, read_budgets, require_numbers
from isoflop._law.content import LawContent
from isoflop._law.evaluate import evaluate, read_input
from isoflop._law.optimum_of_size import budgets_of, read_one_of, read_sizes
from isoflop._text.given import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import ArrayLike, NDArray


SIZES = ("params", "non_embedding_params", "active_params", "active_non_embedding_params")

# The search lays a grid of sizes over what is left, even on a log scale, and goes on with two steps to either
# side of the best: a loss that is flat to the last bit there, or a best between two points, stays inside.
POSITIONS = 257
KEPT = 2 / (POSITIONS // 2)
FINEST_STEP = 1e-7
TOGETHER = 2048
"""Budgets that are refined together."""

SLOPE_STEP = 1e-3
"""By how much a size is changed to see how the stored parameters go with it."""


def compute_optimal(
    law: LawContent,
    flops: ArrayLike | None,
    params: ArrayLike | None,
    method: str | None,
    given: Mapping[str, float],
) -> pl.DataFrame:
    """Do what `Law.compute_optimal` says."""
    read_one_of(flops, params, law.id)
    if flops is None:
        assert params is not None, "one of the two is given"
        found = optima_of_sizes(law, params, method, given)
    else:
        found = optima(law, flops, method, given)
    if all(math.isfinite(value) for value in given.values()):
        require_numbers(found, law.id)
    return as_frame(found)


def optima(
    law: LawContent, flops: ArrayLike, method: str | None, given: Mapping[str, float]
) -> dict[str, NDArray[np.float64]]:
    """Return the columns of `Law.compute_optimal`; numbers are what they are where they leave the range."""
    budgets = read_budgets(flops, law.id)
    fixed = {name: _read_fixed(law, name, value) for name, value in given.items()}
    size = _size(law)
    for name in fixed:
        if name in ("train_flops", "tokens", "tokens_per_param", *SIZES):
            message = f"`{name}` is what compute_optimal looks for, or is given as flops= or params="
            raise LawError(message, law=law.id)
    asked = [size, "tokens", "tokens_per_param", "loss"]
    if law.has_range:
        asked.append("extrapolation")
    columns = {"train_flops": budgets}
    user: dict[str, str] = {}
    if _closed(law, method, fixed):
        assert law.optimal is not None
        user = dict(law.optimal.formulas)
    else:
        parts = [budgets[start : start + TOGETHER] for start in range(0, max(len(budgets), 1), TOGETHER)]
        columns[size] = np.concatenate([_search(law, part, size, fixed) for part in parts])
    values = evaluate(law, asked, columns, fixed, len(budgets), quantities=user)
    return {"train_flops": budgets, **dict(zip(asked, values, strict=True))}


def optima_of_sizes(
    law: LawContent, params: ArrayLike, method: str | None, given: Mapping[str, float]
) -> dict[str, NDArray[np.float64]]:
    """Return what `optima` does at the budgets for which sizes are optimal, with the sizes as asked for."""
    sizes, size = read_sizes(params, law.id), _size(law)
    fixed = {name: _read_fixed(law, name, value) for name, value in given.items()}

    def stored(own: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return all stored parameters of models of a size as the law counts it."""
        if size == "params":
            return own
        return evaluate(law, ("params",), {size: own}, fixed, len(own), idle=True)[0]

    def optimal(budgets: NDArray[np.float64]) -> NDArray[np.float64]:
        return stored(optima(law, budgets, method, given)[size])

    closed = _closed(law, method, fixed)
    budgets = budgets_of(sizes, optimal, law.id, searched=not closed)
    found = optima(law, budgets, method, given)
    # What was asked for to the last digit, where the budget is found to some.
    own = found[size]
    if size == "params":
        own = sizes
    else:
        slope = (stored(own * (1 + SLOPE_STEP)) - stored(own)) / (own * SLOPE_STEP)
        for _ in range(2):
            own = own + (sizes - stored(own)) / slope
    found[size] = own
    if not closed:
        further = [name for name in found if name not in ("train_flops", size)]
        columns = {name: found[name] for name in ("train_flops", size)}
        found |= dict(zip(further, evaluate(law, further, columns, fixed, len(sizes)), strict=True))
    if size == "params":
        return found
    first = {name: found.pop(name) for name in ("train_flops", size)}
    return {**first, "params": sizes, **found}


def _read_fixed(law: LawContent, name: str, value: object) -> float:
    numbers = read_input(law, name, value)
    if numbers.ndim:
        message = f"`{name}` must be one number, not an array of shape {numbers.shape}"
        raise LawError(f"{message}; ask once for each", law=law.id)
    return float(numbers)


def _size(law: LawContent) -> str:
    """Name of the size that the law counts in."""
    for name in SIZES:
        if name in law.variables:
            return name
    without = any("non_embedding" in variable.reads for variable in law.variables.values())
    return "non_embedding_params" if without else "params"


def _closed(law: LawContent, method: str | None, fixed: Mapping[str, float]) -> bool:
    """Tell whether to use the law's own formulas, and refuse what cannot be."""
    optimal = law.optimal
    if method not in (None, "closed", "search"):
        raise ValueError(f"method must be 'closed', 'search' or None, not {shown(method)}")
    if method == "closed" and (optimal is None or optimal.kind == "search"):
        raise LawError(f"`{law.id}` has no closed form; leave method= out to search", law=law.id)
    if optimal is not None and optimal.kind == "rule":
        names = ", ".join(f"`{name}`" for name in fixed)
        if method == "search":
            message = (
                f"the optimum of `{law.id}` is a published rule, not the minimum of its loss at 6*N*D FLOP"
            )
            raise LawError(f"{message}; leave method= out to use the rule", law=law.id)
        if fixed:
            message = f"the optimum of `{law.id}` is a published rule of train_flops alone; leave {names} out"
            raise LawError(message, law=law.id)
    if method == "closed" and fixed:
        names = ", ".join(f"`{name}`" for name in fixed)
        raise LawError(
            f"the closed form of `{law.id}` does not hold with {names} given; search instead", law=law.id
        )
    return optimal is not None and optimal.kind != "search" and not fixed and method != "search"


def _search(
    law: LawContent, budgets: NDArray[np.float64], size: str, fixed: Mapping[str, float]
) -> NDArray[np.float64]:
    """Return the size of the least loss at each budget; all budgets are refined together."""
    offsets = np.linspace(-1.0, 1.0, POSITIONS)
    # From a size below one to tokens below one, with room for sparse models.
    middle = np.log(budgets) / 2
    half = np.abs(middle) + 10.0
    grid = {size: "exp(search_middle + search_half * search_offset)"}
    columns = ("train_flops", "search_middle", "search_half", "search_offset")
    try:
        resolution = resolve(("loss",), columns=columns, scalars=fixed, quantities=grid, law=law)
    except SpaceError as error:
        missing = (error.axis,) if error.axis is not None else ()
        wanted = f"needs `{error.axis}`, as a keyword" if missing else f"cannot be found: {error}"
        raise LawError(f"the optimum of `{law.id}` {wanted}", law=law.id, missing=missing) from None
    known = known_names(law)
    reached = {step.name for step in resolution.steps}
    if not {"train_flops", size} <= reached:
        raise LawError(f"the loss of `{law.id}` does not depend on both size and tokens", law=law.id)
    groups = np.arange(len(budgets), dtype=np.uint32)
    first = True
    while len(budgets) and (first or half.max() / (POSITIONS // 2) > FINEST_STEP):
        values = zip(columns, (budgets, middle, half, offsets), strict=True)
        axes = [(name, int(name == "search_offset"), column, False) for name, column in values]
        space = _native.Space([len(budgets), POSITIONS], axes)
        found = space.best(
            resolution.definitions, known, {"objective": ("loss", False), "by": (0, groups)}, 1, None
        )
        best = found.positions[1]
        if len(best) < len(budgets) or (first and _flat(space, resolution.definitions, known, found)):
            message = f"the loss of `{law.id}` has no minimum over sizes at a fixed train_flops"
            raise LawError(message, law=law.id)
        middle = middle + half * offsets[best]
        half = half * KEPT
        first = False
    return np.exp(middle)


def _flat(
    space: _native.Space, definitions: Mapping[str, float | str], known: tuple[str, ...], found: _native.Rows
) -> bool:
    """Tell whether the smallest or largest size is as good as the best, for any budget."""
    groups = found.positions[0]
    for end in (0, POSITIONS - 1):
        (losses,) = space.evaluate(definitions, known, ["loss"], [groups, np.full_like(groups, end)])
        # Equal, not less: a loss that falls for ever is flat to the last bit long before the end.
        if (losses <= found.objectives[0]).any():
            return True
    return False
