"""Models against a law: how far each is from the compute-optimal one."""

from __future__ import annotations

import math
from os import PathLike
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from isoflop._accounting.domains import checked
from isoflop._exceptions import LawError
from isoflop._law.allocation import Allocation
from isoflop._law.catalogue import read_law
from isoflop._law.evaluate import evaluate, read_input
from isoflop._law.law import Law
from isoflop._law.optimum import optima
from isoflop._text.given import read_frame, read_real, shown
from isoflop._text.numbers import written_number
from isoflop._text.spelling import did_you_mean
from isoflop.catalog.files import only_a_rule

if TYPE_CHECKING:
    from typing import TypeAlias

    import polars as pl
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

COMPUTE_OPTIMAL = 0.90
"""Compute efficiency from which on a model counts as compute-optimal."""


def diagnose(frame: Any, law: str | Law = "besiroglu2024", *, moe_gain: float | None = None) -> pl.DataFrame:
    """Compare models with what a law says is the best use of their compute.

    Compute is counted as the law counts it, 6 FLOP for each active parameter and token, whatever was
    reported: only so has the optimum a ``compute_efficiency`` of 1.

    Parameters
    ----------
    frame
        One row for each model, such as `models` returns: a Polars DataFrame or LazyFrame (which is
        collected), or anything that ``pl.DataFrame`` accepts. It needs the columns ``params`` and ``tokens``,
        and may have ``active_params`` (without it all models are dense) and ``train_flops``. For a law that
        counts without embeddings, ``non_embedding_params`` and ``active_non_embedding_params`` are read
        instead if the former is there. Other columns are kept and not read.
    law
        An identifier of the catalogue, a law's file, or a :class:`Law`.
    moe_gain
        What further experts are worth, from 0 (nothing) to 1 (as much as dense parameters). A mixture of
        experts then counts as a dense model of ``active_params * (params/active_params)**moe_gain``, and is
        compared with the best mixture of the same share of active parameters. Without it mixtures are not
        rated.

    Returns
    -------
    pl.DataFrame
        The columns of `frame`, then float64 columns

        - ``tokens_per_param``: for each active parameter;
        - ``optimal_params`` (stored, as the law counts them) and ``optimal_tokens``: compute-optimal at the
          same compute, which is ``train_flops`` where size or tokens are not given; of a dense model beside a
          mixture that is not rated;
        - ``loss`` (predicted) and ``optimal_loss``, in the law's ``unit``; a column ``loss`` of the frame is
          the observed one, and has ``predicted_loss`` and ``residual``, ln observed/predicted, beside it;
        - ``compute_efficiency``: the compute at which the optimum is as good, as a share of the model's;
        - ``extrapolation``: decades outside the fitted range, if the law states one;

        and the texts

        - ``verdict``: ``compute-optimal`` from an efficiency of 0.90 on, else ``undertrained`` or
          ``overtrained``, with fewer or more tokens per parameter than the optimum has. It knows nothing of
          the cost of serving, the usual reason for overtraining;
        - ``why``: why there is no verdict, or null.

        What cannot be told is null.

    Raises
    ------
    ValueError
        If a column is missing, or has a name that is added here; if a value is not a positive number, which
        the message names by row and column; if `moe_gain` is not a finite number.
    LawError
        If the loss needs more than size and tokens (``.missing``); if the law has no optimum at a fixed
        compute, or a published rule in its place; if it does not read `moe_gain`.
    CatalogError
        If no law has this identifier.

    Examples
    --------
    >>> import isoflop as iso
    >>> told = iso.diagnose({"params": [175e9, 8e9], "tokens": [300e9, 15e12]})
    >>> told["verdict"].to_list(), told["compute_efficiency"].round(2).to_list()
    (['undertrained', 'overtrained'], [0.61, 0.18])
    """
    import polars as pl

    entry = rating_law(law)
    gain = _read_gain(entry, moe_gain)
    table = _read_table(frame)
    models = _read_models(entry, table)
    with np.errstate(all="ignore"):  # a number out of range is infinite, or found by its row
        numbers, lean = _compare(entry, gain, models)
    if "loss" in table.columns:
        # What was measured stays; what the law predicts stands beside it.
        observed = table["loss"].cast(pl.Float64, strict=False).to_numpy()
        numbers = _beside(numbers, observed)
    for name in (*numbers, "verdict", "why"):
        if name in table.columns:
            raise ValueError(f"the frame has a column `{name}`, which is one that diagnose adds; rename it")
    added = pl.DataFrame(numbers, schema=dict.fromkeys(numbers, pl.Float64)).fill_nan(None)
    efficiency = pl.col("compute_efficiency")
    verdict = (
        pl.when(efficiency.is_null())
        .then(None)
        .when(efficiency >= COMPUTE_OPTIMAL)
        .then(pl.lit("compute-optimal"))
        .when(pl.Series(lean))
        .then(pl.lit("undertrained"))
        .otherwise(pl.lit("overtrained"))
    )
    added = added.with_columns(verdict=verdict, why=_why(entry, gain, models))
    why = pl.when(pl.col("verdict").is_null()).then(pl.col("why"))
    return table.hstack(added.with_columns(why=why))


def _beside(numbers: dict[str, Floats], observed: Floats) -> dict[str, Floats]:
    """Call the loss a predicted one, and add how far the observed one is from it."""
    beside: dict[str, Floats] = {}
    for name, values in numbers.items():
        beside["predicted_loss" if name == "loss" else name] = values
        if name == "loss":
            with np.errstate(all="ignore"):
                beside["residual"] = np.log(observed / values)
    return beside


class _Models(NamedTuple):
    """Numbers of the models, NaN where nothing is given."""

    size: str  # name of the column of stored parameters
    stored: Floats
    active: Floats
    tokens: Floats
    train_flops: Floats
    needed: dict[str, Floats]  # columns without which a model cannot be rated

    @property
    def mixture(self) -> NDArray[np.bool_]:
        """Whether a model has experts that rest, as far as is known."""
        return self.active < self.stored

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Whether anything is missing that is needed."""
        return np.isnan(self.stored) | np.isnan(self.active) | np.isnan(self.tokens)


def _compare(law: Law, gain: float | None, models: _Models) -> tuple[dict[str, Floats], NDArray[np.bool_]]:
    """Return the numbers that are added, NaN for null, and where tokens per parameter fall short."""
    count = len(models.stored)
    # A mixture is worth a dense model of `worth` times its active size. Its loss follows from that size, so
    # the best mixture at some compute is the best dense model at `worth` times as much.
    rated_mixture = models.mixture & (gain is not None)
    sparsity = np.where(rated_mixture, models.stored / models.active, 1.0)
    worth = sparsity ** (gain or 0.0)
    size = models.active * worth
    spent = 6 * models.active * models.tokens
    budget = np.where(np.isnan(spent), models.train_flops, spent) * worth
    _check_budget(budget, models)

    rated = np.flatnonzero(~models.missing & (rated_mixture | ~models.mixture))
    asked = ("loss", "extrapolation") if law.has_range else ("loss",)
    inputs = {models.size: size[rated], "tokens": models.tokens[rated]}
    found = evaluate(law, asked, inputs, {}, len(rated))
    values = {name: _spread(column, rated, count) for name, column in zip(asked, found, strict=True)}
    equivalent = _spread(law.equivalent_flops(found[0]), rated, count)

    known = np.flatnonzero(~np.isnan(budget))
    # The size has the law's own name for it.
    optimum = optima(law, budget[known], None, {})
    _, optimal_size, *_ = optimum.values()
    best_size = _spread(optimal_size, known, count)
    best_tokens = _spread(optimum["tokens"], known, count)
    numbers = {
        "tokens_per_param": models.tokens / models.active,
        "optimal_params": best_size / worth * sparsity,
        "optimal_tokens": best_tokens,
        "loss": values.pop("loss"),
        "optimal_loss": _spread(optimum["loss"], known, count),
        "compute_efficiency": equivalent / budget,
        **values,
    }
    return numbers, models.tokens / size < best_tokens / best_size


def _spread(values: Any, rows: NDArray[np.intp], count: int) -> Floats:
    """Return a column with values at some rows and NaN elsewhere."""
    column = np.full(count, np.nan)
    column[rows] = values
    return column


def _why(law: Law, gain: float | None, models: _Models) -> pl.Series:
    """Return why a row cannot have a verdict; what is left is for those whose law gives no number."""
    import polars as pl

    absent = pl.DataFrame({name: np.isnan(column) for name, column in models.needed.items()})
    names = [pl.when(pl.col(name)).then(pl.lit(name)) for name in absent.columns]
    reads_gain = "moe_gain" in law.inputs
    way_out = "; give moe_gain" if reads_gain else f", and `{law.id}` does not read moe_gain"
    reasons = (
        pl.when(pl.any_horizontal(absent.columns))
        .then(pl.concat_str(*names, separator=" and ", ignore_nulls=True) + " not given")
        .when(pl.Series(models.mixture & (gain is None)))
        .then(pl.lit(f"a dense law cannot rate a mixture of experts{way_out}"))
        .otherwise(pl.lit(f"`{law.id}` gives no number here"))
    )
    return absent.select(reasons).to_series()


def rating_law(law: object) -> Law:
    """Return the law of that identifier, or the law itself; raises as `diagnose` does if it cannot rate."""
    if isinstance(law, Allocation) or only_a_rule(law):
        id = law.id if isinstance(law, Allocation) else str(law).lower()
        message = f"`{id}` is an allocation rule: without a loss it cannot rate compute efficiency"
        raise LawError(f"{message}; give a law, such as besiroglu2024", law=id)
    if not isinstance(law, str | PathLike | Law):
        raise TypeError(f"law must be an identifier, a law's file or an iso.Law, not {shown(law)}")
    entry = read_law(law)
    if entry.optimal is not None and entry.optimal.kind == "rule":
        message = f"the optimum of `{entry.id}` is a published rule, not the least loss at 6*N*D FLOP"
        message += ", so it cannot rate compute efficiency; take another law, such as besiroglu2024"
        raise LawError(message, law=entry.id)
    if entry.of_mixtures:
        message = f"`{entry.id}` counts the total size of a mixture of experts with a share of its own active"
        raise LawError(
            f"{message}, so it cannot rate others; take another law, such as besiroglu2024", law=entry.id
        )
    return entry


def _read_table(frame: Any) -> pl.DataFrame:
    if frame is None or isinstance(frame, str | int | float):
        raise TypeError(
            f"diagnose takes a frame of models, with columns params and tokens, not {shown(frame)}"
        )
    return read_frame(frame, mixed=True)


def _read_gain(law: Law, gain: object) -> float | None:
    if gain is None:
        return law.coefficients.get("moe_gain")  # a law may set it
    try:
        number = read_real(gain, "moe_gain")
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or checked("moe_gain", number):
        raise ValueError(f"moe_gain must be a finite number, 0 or more, such as 0.35, not {shown(gain)}")
    return float(read_input(law, "moe_gain", number))


def _read_models(law: Law, table: pl.DataFrame) -> _Models:
    # As in the accounting, embeddings count as nothing unless something is said of them.
    reads = (name for pair in law.variables.items() for name in (pair[0], pair[1].reads))
    size, active = "params", "active_params"
    if "non_embedding_params" in table.columns and any("non_embedding" in name for name in reads):
        size, active = "non_embedding_params", "active_non_embedding_params"
        if "active_params" in table.columns and active not in table.columns:
            message = f"`{law.id}` counts without embeddings, and the frame tells active parameters with them"
            raise ValueError(f"{message}: give `{active}` too, or drop `active_params`")
    for name in (size, "tokens"):
        if name not in table.columns:
            raise ValueError(f"the frame has no column `{name}`{did_you_mean(name, table.columns)}")
    read = {
        name: _read_numbers(table.get_column(name))
        for name in (size, active, "tokens", "train_flops")
        if name in table.columns
    }
    train_flops = read.pop("train_flops", np.full(table.height, np.nan))
    stored = read[size]
    models = _Models(size, stored, read.get(active, stored), read["tokens"], train_flops, read)
    for row in np.flatnonzero(models.active > stored):
        message = f"{_row(row)}: `{active}` is {models.active[row]:g}, more than `{size}`, {stored[row]:g}"
        raise ValueError(f"{message}; a part cannot be more than the whole")
    return models


def _read_numbers(column: pl.Series) -> Floats:
    """Return a column's numbers, NaN for null; whatever is not positive and finite is an error."""
    import polars as pl

    wrong = column.is_not_null()
    if column.dtype == pl.String:
        # Rather the text that is none of a number's than the first one.
        words = wrong & pl.Series([cell is not None and written_number(cell) is None for cell in column])
        wrong = words if words.any() else wrong
    elif column.dtype.is_numeric() or column.dtype == pl.Null:
        column = column.cast(pl.Float64)
        wrong &= ~(column.is_finite() & (column > 0))
    for row in wrong.arg_true():
        value = f"{'the text ' if column.dtype == pl.String else ''}{shown(column[row])}"
        message = f"{_row(row)}: `{column.name}` must be a positive number, not {value}"
        raise ValueError(f"{message}; leave it empty (null) if it is not known")
    return column.cast(pl.Float64).to_numpy()


def _check_budget(budget: Floats, models: _Models) -> None:
    for row in np.flatnonzero(np.isinf(budget) | (budget == 0)):
        values = f"{models.active[row]:g} active parameters and {models.tokens[row]:g} tokens"
        raise ValueError(f"{_row(row)}: {values} are {budget[row]:g} FLOP, beyond what a float can hold")


def _row(row: Any) -> str:
    return f"row {row} (from 0)"
