"""The other way around: the training budget at which a size is the optimal one.

Optimal sizes grow with the budget, by closed forms and rules as a power of it. The budget is bracketed from
twenty tokens for each parameter outwards, and found by false position on logarithms, where a power is a line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from isoflop._exceptions import LawError
from isoflop._text.given import read_reals

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats: TypeAlias = NDArray[np.float64]

GUESS = 6 * 20.0
"""Training FLOP over the square of the size, where a bracket begins."""

STEP = 1e3
"""Factor by which it is widened, to either side."""

FLOPS = (1e-6, 1e60)
"""Budgets among which an optimum is looked for."""

EXACT, SEARCHED = 1e-14, 1e-7
"""How close the logarithm of a budget is found, where sizes are formulas and where they are searched for."""

ROUNDS = 200


def read_one_of(flops: object, params: object, id: str) -> None:
    """Require a budget or a size, not both.

    Raises
    ------
    LawError
        If both are given, or neither.
    """
    if flops is None and params is None:
        message = "give flops=, a training budget, or params=, a size whose budget is looked for"
        raise LawError(f"flops must be numbers, not None, unless params are given: {message}", law=id)
    if flops is not None and params is not None:
        message = "`params` is what compute_optimal looks for where flops= is given"
        raise LawError(f"{message}; give one of the two", law=id)


def read_sizes(params: ArrayLike, id: str) -> Floats:
    """Return sizes as an array of their own; a `LawError` names what is wrong with them."""
    try:
        sizes = np.array(read_reals(params, "params"), ndmin=1)
    except (TypeError, ValueError) as error:
        raise LawError(str(error), law=id) from None
    if sizes.ndim != 1:
        message = f"params must be a number or a sequence of numbers, not an array of shape {sizes.shape}"
        raise LawError(message, law=id)
    for size in sizes[~(np.isfinite(sizes) & (sizes > 0))]:
        raise LawError(f"params must be positive and finite, not {size}", law=id)
    return sizes


def budgets_of(sizes: Floats, optimal: Callable[[Floats], Floats], id: str, *, searched: bool) -> Floats:
    """Return the budget whose optimum has each size.

    Parameters
    ----------
    sizes
        Positive and finite.
    optimal
        Returns the optimal size at each of some budgets.
    id
        Of the law or rule, for messages.
    searched
        Whether optimal sizes are searched for, and so good to some digits only.

    Raises
    ------
    LawError
        If a size is optimal at no budget.
    """
    if not sizes.size:
        return sizes
    with np.errstate(over="ignore", under="ignore"):
        guess = np.clip(GUESS * sizes * sizes, *FLOPS)
    wanted = np.log(sizes)

    def excess(budgets: Floats, rows: NDArray[np.intp]) -> Floats:
        """Return by how much optimal sizes exceed those wanted, in logarithms of both."""
        with np.errstate(all="ignore"):
            return np.log(optimal(np.exp(budgets))) - wanted[rows]

    every = np.arange(sizes.size)
    low, high = np.log(guess / STEP), np.log(guess * STEP)
    below, above = excess(low, every), excess(high, every)
    while (left := np.flatnonzero((below > 0) & (low > np.log(FLOPS[0])))).size:
        high[left], above[left] = low[left], below[left]
        low[left] -= np.log(STEP)
        below[left] = excess(low[left], left)
    while (left := np.flatnonzero((above < 0) & (high < np.log(FLOPS[1])))).size:
        low[left], below[left] = high[left], above[left]
        high[left] += np.log(STEP)
        above[left] = excess(high[left], left)
    for size in sizes[~((below <= 0) & (above >= 0))]:
        raise LawError(
            f"`{id}` finds {size:g} parameters optimal at no budget from {FLOPS[0]:g} to {FLOPS[1]:g} FLOP; "
            "give the size of a real model, such as 7e9",
            law=id,
        )
    return np.exp(_crossing(low, high, below, above, excess, SEARCHED if searched else EXACT))


def _crossing(
    low: Floats,
    high: Floats,
    below: Floats,
    above: Floats,
    excess: Callable[[Floats, NDArray[np.intp]], Floats],
    close: float,
) -> Floats:
    """Return where what is not positive at `low` and not negative at `high` is 0; all at once.

    By false position; an end that stays a second time counts half (the Illinois method).
    """
    side = np.zeros(low.size)
    found = np.where(above == 0, high, low)
    left = np.flatnonzero((below < 0) & (above > 0))
    for _ in range(ROUNDS):
        if not left.size:
            break
        at = high[left] - above[left] * (high[left] - low[left]) / (above[left] - below[left])
        values = excess(at, left)
        found[left] = at
        good = values >= 0
        moved = np.where(good, 1.0, -1.0)
        again = side[left] == moved
        side[left] = moved
        up, down = left[good], left[~good]
        high[up], above[up] = at[good], values[good]
        low[down], below[down] = at[~good], values[~good]
        below[left[good & again]] /= 2
        above[left[~good & again]] /= 2
        done = (np.abs(values) <= close) | (high[left] - low[left] <= close * np.abs(high[left]))
        left = left[~done]
    return found
