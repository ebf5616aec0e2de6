"""The function `plan`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    import polars as pl

    from isoflop._law.law import Law
    from isoflop._pareto.arguments import Formulas
    from isoflop._plan.result import Plan

Goal: TypeAlias = Literal["loss", "serving", "data"]


def plan(
    *,
    flops: float | None = None,
    usd: float | None = None,
    gpu_count: float | None = None,
    days: float | None = None,
    gpu: str = "h100",
    gpus: pl.DataFrame | Mapping[str, Sequence[Any]] | None = None,
    precision: str = "bf16",
    goal: Goal = "loss",
    law: str | Law = "besiroglu2024",
    pools: pl.DataFrame | Mapping[str, Sequence[Any]] | None = None,
    unique_tokens: float | None = None,
    quality: float | None = None,
    usd_per_token: float | None = None,
    params: float | None = None,
    activation: float | tuple[float, float] | Sequence[float] | None = None,
    moe_gain: float | None = None,
    serving_bytes: float | None = None,
    inference_tokens: float | None = None,
    target_loss: float | None = None,
    within: float | None = None,
    train_flops_max: float | None = None,
    mfu: float | None = None,
    inference_mfu: float | None = None,
    usd_per_gpu_hour: float | None = None,
    where: Formulas = (),
    threads: int | None = None,
    **inputs: Any,
) -> Plan:
    """Recommend a training plan for a budget, and say how sure one can be of it.

    Parameters
    ----------
    flops
        The most training FLOP.
    usd
        The most US dollars for training and data.
    gpu_count, days
        The most GPUs and days. ``gpu_count`` beside another budget tells how long it takes. Whatever the
        budget is, it is an upper limit: a plan may leave some of it, and says so.
    gpu, precision
        A row of `isoflop.gpus`: its dense peak turns GPU time into FLOP. Case does not matter.
    gpus
        Your own list of GPUs in its place, with columns ``gpu`` and any of ``precision``, ``peak_flops`` (of
        the catalogue if absent), ``usd_per_gpu_hour``, ``mfu`` and ``inference_mfu``. What is given by name
        goes first.
    goal
        ``"loss"``: the lowest loss for the budget. ``"serving"``: of all plans within the budget whose loss
        is worth nearly as much compute as the best one's, the one with the cheapest life (training, data,
        serving ``inference_tokens``). ``"data"``: the data for a model of a given size, how often to repeat
        them, and what more of them would buy.
    law
        An identifier of the catalogue, a law's file such as ``"mine.toml"``, or a :class:`Law`, of size and
        tokens. Under a law of mixtures the plan chooses ``experts``, ``granularity`` or ``sparsity`` from the
        law's fitted range, or from what is given.
    pools
        Data of different worth, supply and price, as for :class:`Sweep`; how much of each is looked for.
    unique_tokens, quality, usd_per_token
        The same without pools: distinct tokens (endless), their worth (1), their price (0).
    params
        Stored parameters, if they are fixed; ``goal="data"`` needs a size.
    activation
        Share of the parameters that is active: a number, several to choose from, or the two ends of a range
        as a tuple. Dense if neither it nor ``moe_gain`` is given.
    moe_gain
        What further experts are worth. Without ``activation`` the best share of 1/64 to 1 is looked for.
    serving_bytes
        Memory that what is served must fit into: the weights, and keys and values if a shape is given.
    inference_tokens
        Tokens read and written over the life of the model.
    target_loss
        For ``goal="serving"``, the loss to reach; then there need not be a budget.
    within
        For ``goal="serving"``, how much worse the loss may be than that of the best plan for the budget, as a
        share of the compute that it is worth (0.05).
    train_flops_max
        For ``goal="serving"``, the most compute that training may take.
    mfu, inference_mfu, usd_per_gpu_hour
        Share of the peak that training (0.35) and serving (0.10) reach, and the price of a GPU-hour (2).
    where
        Further limits, as formulas over any standard quantity: ``"days <= 60"``, ``"tokens_per_param >=
        40"``.
    threads
        Worker threads; ``None`` takes ``ISOFLOP_MAX_THREADS``, else one for each CPU that the process
        may use. The answer is the same.
    **inputs
        Any other input of the accounting or the law, a number each: ``bytes_per_param``, ``layers``,
        ``kv_heads``, ``head_dim``, ``resident_tokens``, ``d_model``, ``context``, ``active_params``,
        ``weight_bits``, ... ``experts``, ``granularity`` and ``sparsity`` may be several values or the ends
        of a range, too.

    Returns
    -------
    Plan
        Its text is for reading, its frames are for going on with. No plan within the limits is better by more
        than 0.1 % of compute (of cost, for ``goal="serving"``).

    Raises
    ------
    ValueError
        If there is not exactly one budget, an argument is out of its domain, has no effect or is missing for
        the goal.
    TypeError
        If a keyword is no input.
    LawError
        If the law needs inputs that are not given, or has no optimum of its own.
    SpaceError
        If no plan meets the limits, the size is beyond the budget, or the target loss out of reach.
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
    arguments |= arguments.pop("inputs")

    from isoflop._law.catalogue import is_law_file, read_law
    from isoflop._plan.answer import answer
    from isoflop._plan.question import read_question

    if is_law_file(law):
        arguments["law"] = read_law(law)  # read once: the plan's text asks for it again
    return answer(read_question(arguments), arguments)
