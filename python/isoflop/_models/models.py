"""Real models: what is published of their size, tokens and compute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isoflop.catalog.files import model_table

if TYPE_CHECKING:
    import polars as pl

NUMBERS = ("params", "active_params", "tokens", "train_flops")
COLUMNS = ("name", *NUMBERS, "source", "evidence", "note", "organisation", "reported", "architecture")


def models() -> pl.DataFrame:
    """Return the catalogue of real models as a frame, one row for each, families together.

    Returns
    -------
    pl.DataFrame
        ``name``; float64, null where nothing is known: ``params`` (all stored parameters), ``active_params``
        (those that a token passes through, the same in a dense model), ``tokens`` (trained on, repeats
        included) and ``train_flops`` (FLOP, reported or 6 for each active parameter and token; the note says
        which); ``source``, ``evidence`` and ``note``, of which the last may be empty; and, empty where not
        known, ``organisation``, ``reported`` (year and month of the report on arXiv; a model may be older)
        and ``architecture`` (of the catalogue: `Architecture.models` has the shape under the same name).
        Evidence is ``V1``, ``V2`` or ``V3`` as in `laws`, and ``unverified`` for what has not been checked.
        Laboratories differ in whether parameters include embeddings.

    See Also
    --------
    diagnose : How each compares with the compute-optimal model.

    Examples
    --------
    >>> import isoflop as iso
    >>> iso.models().filter(name="Chinchilla 70B").select("params", "tokens").row(0)
    (70000000000.0, 1400000000000.0)
    """
    import polars as pl

    schema = {name: pl.Float64() if name in NUMBERS else pl.String() for name in COLUMNS}
    return pl.read_csv(model_table(), schema=schema).with_columns(pl.col(pl.String).fill_null(""))
