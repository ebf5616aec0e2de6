"""Plans: from a budget to a recommendation with its reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    import polars as pl

    from isoflop._law.law import Law
    from isoflop._pareto.arguments import Formulas
    from isoflop._sweep.sweep import Sweep

Goal: TypeAlias = Literal["loss", "serving", "data"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Plan:
    """What `plan` returns: a recommended plan, and what one needs to defend or to doubt it.

    Every number comes from exact sweeps, and ``sweep.best(minimize="loss")`` is the recommended plan.

    Attributes
    ----------
    question
        The arguments of `plan`.
    recommended
        One row: ``params`` (for mixtures also ``active_params`` and ``activation``), ``tokens`` (and those
        from each pool), ``tokens_per_param``, ``epochs`` (and of each pool), ``loss``, ``train_flops``,
        ``train_gpu_hours``, ``days`` if ``gpu_count`` is given, prices in US dollars, bytes to serve from,
        ``extrapolation`` if the law states a fitted range, and the budget.
    front
        Loss against the budget, from a tenth of it to ten times as much: rows that no other beats, with the
        columns of ``recommended`` and a last one that marks it. Budgets that allow no plan, or no better one
        than a smaller budget, have no row.
    ranges
        How far each axis can move, all others chosen anew at the same budget: a row for each ``axis``, and
        from ``low_20`` and ``low_5`` to ``high_5`` and ``high_20`` where compute is still worth at least 80
        and 95 %. Values are good to 1 %, on the inside; an end may also be that of what constraints allow.
    margins
        The same at nine tenths of the budget and at a tenth more: ``share``, the budget, ``loss``,
        ``loss_change``, and ``compute_change``, the change told as compute that the law's own optimum would
        need more or less of.
    opinions
        What laws of size and tokens and allocation rules recommend for the plan's training compute, each
        counting all tokens as fresh ones of its own corpus: ``id``, ``kind`` (law or rule), ``params``,
        ``tokens``, ``tokens_per_param`` (each active), ``compute_efficiency`` of the plan under that law
        (null for rules), ``extrapolation`` (decades outside its fitted range, null if it states none),
        ``evidence`` (see `isoflop.laws`), ``counts`` (not if the evidence is V3 or the extrapolation above
        two decades) and ``own`` (the plan's law, which comes first). For a mixture, laws that read
        ``moe_gain`` recommend one of the same sparsity, the others and the rules a dense model. Losses are
        not compared: corpora and tokenizers differ.
    more_data
        For ``goal="data"``: what twice the supply of each pool would buy, one at a time, as ``pool``,
        ``unique_tokens``, ``loss``, ``loss_change`` and ``compute_change``. Otherwise ``None``.
    baseline
        For ``goal="serving"``: the plan that is cheapest to train to the same loss, limits aside, with the
        cost of its life. Otherwise ``None``.
    warnings
        Sentences: fitted ranges that are left and by how much, ends of axes, limits that decide, assumptions.
    sweep
        The last sweep used: over the axes around the recommended plan, with every formula, price and limit.
    """

    question: Mapping[str, Any]
    recommended: pl.DataFrame
    front: pl.DataFrame
    ranges: pl.DataFrame
    margins: pl.DataFrame
    opinions: pl.DataFrame
    more_data: pl.DataFrame | None
    baseline: pl.DataFrame | None
    warnings: tuple[str, ...] = field(default=())
    sweep: Sweep = field(kw_only=True)

    @property
    def spread(self) -> tuple[float, float]:
        """Fewest and most tokens per parameter among the opinions that count; NaN if none does."""
        counted = self.opinions.filter(self.opinions["counts"])["tokens_per_param"]
        if not counted.len():
            return float("nan"), float("nan")
        low, high = counted.sort()[0], counted.sort()[-1]
        return float(low), float(high)

    def __repr__(self) -> str:
        from isoflop._plan_text import plan_text

        return plan_text(self)

    def _repr_html_(self) -> str:
        from isoflop._plan_text import plan_html

        return plan_html(self)


def plan(
    *,
    flops: float | None = None,
    usd: float | None = None,
    gpu_count: float | None = None,
    days: float | None = None,
    gpu: str = "h100",
    precision: str = "bf16",
    goal: Goal = "loss",
    law: str | Law = "besiroglu2024",
    pools: pl.DataFrame | Mapping[str, Sequence[Any]] | None = None,
    unique_tokens: float | None = None,
    quality: float | None = None,
    usd_per_token: float | None = None,
    params: float | None = None,
    activation: float | None = None,
    moe_gain: float | None = None,
    serving_bytes: float | None = None,
    inference_tokens: float | None = None,
    target_loss: float | None = None,
    train_flops_max: float | None = None,
    mfu: float | None = None,
    inference_mfu: float | None = None,
    usd_per_gpu_hour: float | None = None,
    where: Formulas = (),
    threads: int | None = None,
) -> Plan:
    """Recommend a training plan for a budget, and say how sure one can be of it.

    Parameters
    ----------
    flops
        The budget as training FLOP.
    usd
        The budget in US dollars, for training and data.
    gpu_count, days
        The budget as GPUs and days. ``gpu_count`` beside another budget tells how long it takes.
    gpu, precision
        A row of `isoflop.gpus`: its dense peak turns GPU time into FLOP.
    goal
        ``"loss"``: the lowest loss for the budget. ``"serving"``: the cheapest life (training, data, serving
        ``inference_tokens``) of a model that is as good as the best for the budget. ``"data"``: the data for
        a model of a given size, how often to repeat them, and what more of them would buy.
    law
        An identifier of the catalogue, a law's file such as ``"mine.toml"``, or a :class:`Law`, of size and
        tokens.
    pools
        Data of different worth, supply and price, as for :class:`Sweep`; how much of each is looked for.
    unique_tokens, quality, usd_per_token
        The same without pools: distinct tokens (endless), their worth (1), their price (0).
    params
        Stored parameters, if they are fixed; needed for ``goal="data"``.
    activation
        Share of the parameters that is active, if it is fixed; dense otherwise.
    moe_gain
        What further experts are worth. Without ``activation`` the best share of 1/64 to 1 is looked for.
    serving_bytes
        Memory that the served weights must fit into, at 2 bytes each.
    inference_tokens
        Tokens read and written over the life of the model.
    target_loss
        For ``goal="serving"``, in the place of a budget.
    train_flops_max
        For ``goal="serving"``, the most compute that training may take.
    mfu, inference_mfu, usd_per_gpu_hour
        Share of the peak that training (0.35) and serving (0.10) reach, and the price of a GPU-hour (2).
    where
        Further constraints, as formulas. They and ``serving_bytes`` hold for the plan, not for the model that
        sets a target loss. What only a narrow range of sizes meets, a tenth or less, may be missed.
    threads
        Worker threads; ``None`` takes ``ISOFLOP_MAX_THREADS``, else one for each CPU that the process
        may use. The answer is the same.

    Returns
    -------
    Plan
        Its text is for reading, its frames are for going on with. Size and tokens are good to 0.1 %.

    Raises
    ------
    ValueError
        If there is not exactly one budget, or an argument makes no sense or is missing for the goal.
    LawError
        If the law needs inputs that a plan does not give, or has no optimum of its own.
    SpaceError
        If no plan meets the constraints, the size is beyond the budget, or the target loss out of reach.
    CatalogError
        If there is no such law.

    Examples
    --------
    >>> import isoflop as iso
    >>> plan = iso.plan(flops=5.76e23)
    >>> plan.recommended["tokens_per_param"].round(1).item()
    18.4
    """
    arguments = dict(locals())

    from isoflop._law.catalogue import read_law
    from isoflop._law.file import is_law_file
    from isoflop._plan_goals import answer
    from isoflop._plan_question import read_question

    if is_law_file(law):
        arguments["law"] = read_law(law)  # read once: the plan's text asks for it again
    return answer(read_question(arguments), arguments)
