"""Laws of mixtures: stored and active parameters are never silently the same under them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isoflop._accounting.resolve import Resolution
from isoflop._accounting.vocabulary import Vocabulary, mixture_inputs
from isoflop._exceptions import LawError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray


DENSE = {"experts": 1.0, "sparsity": 0.0}
"""What makes a model dense, by input."""

STORED = ("params", "non_embedding_params")
ACTIVE = ("active_params", "active_non_embedding_params")


def require_sizes(
    law: Vocabulary | None,
    resolution: Resolution,
    scalars: Mapping[str, float],
    columns: Mapping[str, NDArray[np.float64]],
    quantities: Collection[str] = (),
) -> None:
    """Refuse to take a mixture for dense where both its sizes are needed and one is given.

    Parameters
    ----------
    law
        The law in use.
    resolution
        What names stand for.
    scalars, columns, quantities
        What is given: numbers and columns by name, and the names of formulas.

    Raises
    ------
    LawError
        If the law reads experts, granularity or sparsity, the share of active parameters stands at its
        default, and the model is not dense everywhere.
    """
    if law is None or not resolution.dense:
        return
    for name, value in DENSE.items():
        if name in scalars and scalars[name] == value:
            return
        if name in columns and bool((columns[name] == value).all()):
            return
    given = {*scalars, *columns, *quantities}
    inputs = " and ".join(f"`{name}`" for name in mixture_inputs(law))
    if not given.isdisjoint(STORED):
        ways, lacks = "give `active_params` or `activation`", "active"
    elif not given.isdisjoint(ACTIVE):
        ways, lacks = "give `params` or `activation`", "stored"
    else:
        sizes = " or ".join(f"`{name}`" for name in (*STORED, *ACTIVE) if name in law.variables)
        ways = f"give {sizes}" if law.of_mixtures else f"give {sizes} and `activation`"
        lacks = "stored and active"
    if law.stored is not None and lacks == "stored":
        names = [f"`{name}`" for name in law.stored.row[1] if name not in given]
        ways += f", or {' and '.join(names)}, from which its size relation gives `params`" if names else ""
    message = (
        f"`{law.id}` is a law of mixtures (it reads {inputs}), and how many parameters are {lacks} does not "
        f"follow from what is given: a dense model is not assumed; {ways}"
    )
    raise LawError(message, law=law.id, missing=("activation",))
