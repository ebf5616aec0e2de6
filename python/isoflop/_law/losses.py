"""Several laws asked for the same plans."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from isoflop._exceptions import IsoflopWarning, LawError
from isoflop._law.catalogue import read_law
from isoflop._law.evaluate import broadcast, evaluate, read_input
from isoflop._law.law import Law

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import ArrayLike


def losses(laws: Sequence[str | Law], **inputs: ArrayLike) -> pl.DataFrame:
    """Return what several laws predict for the same plans.

    Losses are comparable only in one unit, and strictly on one corpus with one tokenizer. Where they are not,
    compare what laws say of the optimum: tokens per parameter, or `Law.equivalent_flops` as a share of the
    compute.

    Parameters
    ----------
    laws
        Identifiers of the catalogue or laws.
    **inputs
        As for `Law.loss`; each law takes those that it knows.

    Returns
    -------
    pl.DataFrame
        A row for each plan: the inputs, then the loss by each law under its identifier.

    Raises
    ------
    LawError
        If the losses are in different units, a law lacks an input, or none knows one.
    ValueError
        If no laws are given, or one twice.

    Warns
    -----
    IsoflopWarning
        If the laws were fitted on different corpora or tokenizers.

    Examples
    --------
    >>> import isoflop as iso
    >>> frame = iso.losses(["besiroglu2024", "hoffmann2022"], params=[1e9, 7e10], tokens=[2e10, 1.4e12])
    >>> frame["hoffmann2022"].round(4).to_list()
    [2.58, 1.9366]
    """
    import polars as pl

    entries = [read_law(entry) for entry in ([laws] if isinstance(laws, str) else laws)]
    names = [entry.id for entry in entries]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"laws must be one or several different ones, not {names}")
    for other in entries[1:]:
        _compare(entries[0], other)
    arrays = {}
    for name, value in inputs.items():
        takers = [entry for entry in entries if name in entry.inputs]
        arrays[name] = read_input((takers or entries)[0], name, value)
    columns, shape = broadcast(arrays, names[0])
    count = math.prod(shape)
    frame = dict(columns)
    for entry in entries:
        known = {name: column for name, column in columns.items() if name in entry.inputs}
        (frame[entry.id],) = evaluate(entry, ("loss",), known, {}, count, idle=True)
    return pl.DataFrame(frame, schema=dict.fromkeys(frame, pl.Float64))


def _compare(one: Law, other: Law) -> None:
    if one.unit != other.unit:
        message = (
            f"the losses of `{one.id}` ({one.unit}) and `{other.id}` ({other.unit}) are in different units "
            "and cannot be compared; compare tokens per parameter or compute at the optimum instead"
        )
        raise LawError(message, law=other.id)
    for what in ("corpus", "tokenizer"):
        mine, theirs = getattr(one, what), getattr(other, what)
        if mine and theirs and mine != theirs:
            message = f"`{one.id}` and `{other.id}` were fitted with another {what}: {mine}; {theirs}"
            warnings.warn(f"{message}; their losses differ for that alone", IsoflopWarning, stacklevel=3)
            return
