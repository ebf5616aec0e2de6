"""The compute of an equally good optimum as a formula, for laws that have no closed form of it.

Optima are found once, over budgets from `FLOPS[0]` to `FLOPS[1]`, and their compute is fitted as a polynomial
of the logarithm of the loss that is left to remove, of which it is nearly a power. Beyond, the power goes on.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop._exceptions import LawError

if TYPE_CHECKING:
    from isoflop._law.law import Law

FLOPS, FARTHEST = (1e15, 1e30), 1e40
POINTS, DEGREE = 61, 12
ACCURACY = 1e-5
"""Largest error of the fitted compute, as a share, that is let pass."""


def equivalent_formula(law: Law) -> str:
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
def _fitted(law: Law) -> str | _Unfit:
    if law.optimal is not None and law.optimal.kind == "rule":
        return _Unfit(": its optimum is a published rule with a loss of its own, not the least of its loss")
    budgets = np.geomspace(*FLOPS, POINTS)
    try:
        losses = law.compute_optimal(budgets)["loss"].to_numpy()
        # Nearly what is irreducible.
        floor = float(law.compute_optimal(FARTHEST)["loss"].item()) if law.irreducible is None else 0.0
    except LawError as error:
        return _Unfit(f": {error}; law.equivalent_flops(loss, ...) takes what it needs")
    if law.irreducible is not None:
        from isoflop._law.evaluate import evaluate

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
