"""Laws of a test's own: the additive form, and the same in other words."""

from __future__ import annotations

from typing import Any

import isoflop as iso

ADDITIVE = "E + A / effective_params**alpha + B / effective_tokens**beta"

COEFFICIENTS = {"E": 1.7, "A": 400.0, "B": 1200.0, "alpha": 0.34, "beta": 0.33}


def mine(**changes: Any) -> iso.Law:
    return iso.Law(ADDITIVE, COEFFICIENTS, id="mine").replace(id="mine", **changes)


def rearranged(**changes: Any) -> iso.Law:
    """The same law in other words, of which no closed form is known."""
    formula = "B / effective_tokens**beta + (E + A / effective_params**alpha)"
    return iso.Law(formula, COEFFICIENTS, id="other", irreducible="E").replace(id="other", **changes)
