"""The Pareto filter as a Polars expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from isoflop._pareto.filter import pareto, read_names, resolution_bits


def is_pareto(
    *,
    minimize: str | Sequence[str] = (),
    maximize: str | Sequence[str] = (),
    resolution: float | Mapping[str, float] = 0,
) -> pl.Expr:
    """Return an expression that tells of each row whether no other row dominates it.

    It is true for the rows that :func:`pareto` returns, and false for all others, those with NaN in an
    objective among them. Under ``.over(...)`` each group has a front of its own. Works in eager and lazy
    frames.

    Parameters
    ----------
    minimize, maximize
        Names of columns, one or a sequence; at least one in all, none twice. Numbers or booleans (0 and 1),
        without nulls.
    resolution
        How finely objectives are compared, as for :func:`pareto`.

    Returns
    -------
    pl.Expr
        A column of booleans, ``is_pareto``.

    Raises
    ------
    ValueError
        For no objective, one that is named twice, or a wrong `resolution`.
    TypeError
        For a name that is no text.
    polars.exceptions.PolarsError
        Where the expression is used: for a column that is missing, holds no numbers or holds nulls.

    Examples
    --------
    >>> import isoflop as iso, polars as pl
    >>> plans = pl.DataFrame({"gpu": ["a", "a", "b"], "loss": [2.0, 2.1, 2.2], "usd": [10, 20, 30]})
    >>> plans.filter(iso.is_pareto(minimize=["loss", "usd"])).height
    1
    >>> plans.filter(iso.is_pareto(minimize=["loss", "usd"]).over("gpu"))["gpu"].to_list()
    ['a', 'b']
    """
    minimized, maximized = read_names(minimize, maximize)
    names = [*minimized, *maximized]
    # What is wrong is told where it is written, not where it is run.
    resolution_bits(resolution, names, default=0)

    def mask(columns: Sequence[pl.Series]) -> pl.Series:
        frame = pl.DataFrame([column.alias(name) for column, name in zip(columns, names, strict=True)])
        numbers = pl.int_range(frame.height, dtype=pl.UInt32, eager=True).alias(_NUMBER)
        kept = pareto(
            frame.with_columns(numbers), minimize=minimized, maximize=maximized, resolution=resolution
        )
        return numbers.is_in(kept[_NUMBER]).alias("is_pareto")

    return pl.map_batches([pl.col(name) for name in names], mask, return_dtype=pl.Boolean).alias("is_pareto")


_NUMBER = "the number of the row"
