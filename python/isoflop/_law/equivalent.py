"""The compute of an equally good optimum as a formula, for laws that have no closed form of it.

Optima are found once, over budgets from `FITTED[0]` to `FITTED[1]`, and their compute is fitted as a
polynomial of the logarithm of the loss that is left to remove, of which it is nearly a power. Beyond, the
power goes on.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

from isoflop._accounting.formula import names_in
from isoflop._accounting.vocabulary import Row, Step
from isoflop._exceptions import LawError
from isoflop._law.content import LawContent
from isoflop._law.evaluate import evaluate
from isoflop._law.optimum import compute_optimal, optima
from isoflop._text.given import read_reals

if TYPE_CHECKING:
    pass

FITTED, FARTHEST = (1e15, 1e30), 1e40
POINTS, DEGREE = 61, 12
# Budgets among which a loss is looked for, how many of them are tried at first, and when a step is close.
FLOPS = (1e6, 1e40)
TRIED = 157
CLOSE = 1e-7

ACCURACY = 1e-5
"""Largest error of the fitted compute, as a share, that is let pass."""


def equivalent_formula(law: LawContent) -> str:
    """Return ``equivalent_flops`` as a formula of ``reducible_loss``, or of ``loss`` if that is unknown.

    Raises
    ------
    LawError
        If the law has no optimum at a fixed budget, needs more than size and tokens for it, or does not
        follow such a formula.
    """
    formula = _fitted(law)
    if isinstance(formula, _Unfit):
        raise LawError(f"`{law.id}` has no formula of `equivalent_flops`{formula.why}", law=law.id)
    return formula


class _Unfit(NamedTuple):
    """Why there is no formula, as the end of a sentence."""

    why: str


# Also remembers where a fit was in vain.
@lru_cache(maxsize=64)
def _fitted(law: LawContent) -> str | _Unfit:
    if law.optimal is not None and law.optimal.kind == "rule":
        return _Unfit(": its optimum is a published rule with a loss of its own, not the least of its loss")
    budgets = np.geomspace(*FITTED, POINTS)
    try:
        losses = compute_optimal(law, budgets, None, None, {})["loss"].to_numpy()
        # Nearly what is irreducible.
        floor = (
            float(compute_optimal(law, FARTHEST, None, None, {})["loss"].item())
            if law.irreducible is None
            else 0.0
        )
    except LawError as error:
        return _Unfit(f": {error}; law.equivalent_flops(loss, ...) takes what it needs")
    if law.irreducible is not None:
        of = "reducible_loss"
        (left,) = evaluate(law, (of,), {"loss": losses}, {}, POINTS, idle=True)
    else:
        of, left = f"(loss - {floor!r})", losses - floor
    if not (left > 0).all() or not (np.diff(left) < 0).all():
        return _Unfit(": its best loss does not fall with compute everywhere")
    x, y = np.log(left), np.log(budgets)
    middle, half = (x[0] + x[-1]) / 2, (x[0] - x[-1]) / 2
    # Every other optimum is fitted, the others tell how well.
    fit = np.polynomial.Chebyshev.fit((x - middle)[::2] / half, y[::2], DEGREE, domain=[-1, 1])
    if np.abs(np.expm1(fit((x - middle) / half) - y)).max() > ACCURACY:
        return _Unfit(f" that is good to {ACCURACY:g}; law.equivalent_flops(loss) finds it by search")
    ends = [float(fit.deriv()(end)) for end in (-1.0, 1.0)]
    at = f"(log({of}) - {float(middle)!r}) / {float(half)!r}"
    inside = f"max(-1, min(1, {at}))"
    horner = ""
    for coefficient in reversed(fit.convert(kind=np.polynomial.Polynomial).coef):
        horner = f"{float(coefficient)!r} + {inside} * ({horner})" if horner else repr(float(coefficient))
    beyond = f"{ends[0]!r} * min({at} + 1, 0) + {ends[1]!r} * max({at} - 1, 0)"
    return f"exp({horner} + {beyond})"


def equivalent_flops(
    law: LawContent, loss: ArrayLike, given: Mapping[str, float]
) -> float | NDArray[np.float64]:
    """Do what `Law.equivalent_flops` says."""
    try:
        losses = read_reals(loss, "`loss`")
    except (TypeError, ValueError) as error:
        raise LawError(str(error), law=law.id) from None
    flops = _look_for(law, losses.ravel(), given) if given else _by_formula(law, losses.ravel())
    return flops.reshape(losses.shape) if losses.ndim else float(flops[0])


def _by_formula(law: LawContent, losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the compute of equal optima by the formula of sweeps, as far as it goes, and else by search."""
    columns = {"loss": losses}
    if "equivalent_flops" in law.rows:
        flops, reducible = evaluate(law, ("equivalent_flops", "reducible_loss"), columns, {}, losses.size)
        # No compute reaches what is irreducible.
        return np.where(reducible <= 0, np.inf, flops)
    try:
        (flops,) = evaluate(law, ("equivalent_flops",), columns, {}, losses.size)
    except LawError:
        return _look_for(law, losses, {})
    far = ~((flops >= FITTED[0]) & (flops <= FITTED[1]) | np.isnan(losses))
    if far.any():
        flops[far] = _look_for(law, losses[far], {})
    return flops


def _look_for(
    law: LawContent, losses: NDArray[np.float64], given: Mapping[str, float]
) -> NDArray[np.float64]:
    """Return the least budget whose optimum is as good as each loss; all are looked for together."""

    def short(budgets: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return by how much optima fall short of losses: 0 or less where they are as good."""
        return optima(law, np.exp(budgets), None, given)["loss"] - wanted

    result = np.where(np.isnan(losses), np.nan, np.inf)
    table = np.linspace(np.log(FLOPS[0]), np.log(FLOPS[1]), TRIED)
    reached = short(table, np.zeros(TRIED)) <= losses[:, None]
    rows = np.flatnonzero(reached.any(axis=1))
    first, wanted = reached[rows].argmax(axis=1), losses[rows]
    low, high = table[np.maximum(first - 1, 0)], table[first]
    below, above = short(low, wanted), short(high, wanted)
    # By false position; an end that stays a second time counts half (the Illinois method).
    side = np.zeros(rows.size)
    left = np.flatnonzero(high > low)
    while left.size:
        at = high[left] - above[left] * (high[left] - low[left]) / (above[left] - below[left])
        found = short(at, wanted[left])
        good = found <= 0
        moved = np.where(good, 1.0, -1.0)
        again = side[left] == moved
        side[left] = moved
        close = np.abs(np.where(good, high[left], low[left]) - at) <= CLOSE
        up, down = left[good], left[~good]
        high[up], above[up] = at[good], found[good]
        low[down], below[down] = at[~good], found[~good]
        below[left[good & again]] /= 2
        above[left[~good & again]] /= 2
        left = left[~close & (found != 0)]
    result[rows] = np.exp(high)
    return result


def equivalent_row(law: LawContent) -> Row:
    """Return what ``equivalent_flops`` stands for where the law has no closed form of it."""
    formula = equivalent_formula(law)
    note = f"the compute at which this law's own optimum is as good, found by search; good to {ACCURACY:g}"
    step = Step("equivalent_flops", formula, None, "law", note, "FLOP", str(law.source))
    return step, names_in(formula)
