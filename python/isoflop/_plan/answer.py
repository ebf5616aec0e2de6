"""Answering a plan's question: the recommended plan, and what surrounds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil, isfinite, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop._accounting.vocabulary import mixture_inputs
from isoflop._exceptions import SpaceError
from isoflop._law.evaluate import evaluate
from isoflop._plan.front import MARGINS, front_rows, nearby
from isoflop._plan.mixing import cheapest, mixed
from isoflop._plan.opinions import opinions
from isoflop._plan.question import Budget, Limit, Question
from isoflop._plan.ranges import ranges
from isoflop._plan.remarks import remarks, require_effect
from isoflop._plan.result import Plan
from isoflop._plan.search import Form, Found, formulate, mixes_freely, plain, solve, told
from isoflop._sweep.ask import quiet
from isoflop._text.frozen import Frozen
from isoflop._text.numbers import number_text

if TYPE_CHECKING:
    import polars as pl

    from isoflop._sweep.pools import Pool
    from isoflop._sweep.sweep import Sweep

FEWEST_TOKENS = 0.1
"""Tokens for each active parameter below which a size is beyond its budget; no law was fitted on so few."""

FAR = 1e6
"""How much more than the target takes by the law's own optimum is looked at."""


def recommend(
    question: Question,
    spent: str,
    most: float,
    *,
    target: float | None = None,
    budget: bool = True,
    strict: bool = False,
    start: Found | None = None,
) -> tuple[Found | None, Form]:
    """Return the best plan of all, and the form that it was written in.

    Parameters
    ----------
    question, budget
        As of `formulate`.
    spent, most
        What is spent, and the most of it.
    target
        A loss to reach: the best is what costs least, serving included. Otherwise it has the lowest loss.
    strict
        Raise an error if there is no plan; it tells which constraints leave nothing.
    start
        A plan that is allowed, to begin with where each pool has an axis.
    """
    reach = [] if target is None else [f"loss <= {target!r}"]
    objective = "loss" if target is None else "total_usd"
    form = formulate(question, spent, most, budget=budget, where=reach)
    if mixes_freely(form):
        return solve(form, objective, strict=strict), form

    def remake(pool: Pool, amount: float) -> Form:
        if target is None:
            return formulate(question, spent, amount, budget=budget, rest=pool)
        return formulate(question, spent, most, budget=budget, where=[f"total_usd <= {amount!r}"], rest=pool)

    if target is None:
        other = mixed(form, remake, start)
    else:
        if start is None:
            start, _ = recommend(question, spent, most, budget=budget)
        reached = start is not None and start.row["loss"] <= target
        other = cheapest(start, remake, target) if start is not None and reached else None
    found = [one for one in (other, solve(form, objective)) if one is not None]
    if not found and strict:
        solve(form, objective, strict=True)
    return min(found, key=lambda one: one.row[objective], default=None), form


def answer(question: Question, arguments: Mapping[str, Any]) -> Plan:
    """Answer a question that was read from these arguments."""
    serving = question.goal == "serving"
    target = None
    if serving:
        found, target = _serving(question)
        form = formulate(question, "total_usd", found.row["total_usd"])
    else:
        budget = question.budget
        assert budget is not None, "checked when the question was read"
        best, form = recommend(question, budget.name, budget.value, strict=True)
        assert best is not None, "strict"
        found = best
    columns = columns_of(question, form.spent)
    recommended, sweep = _row(form, found, columns, target)
    require_effect(question, sweep, columns)
    plan = recommended.row(0, named=True)
    _check_size(question, plan)
    every = front_rows(question, form, plan, columns)
    every = every.vstack(recommended.with_columns(share=1.0, recommended=True).select(every.columns))
    budget_at = plan[form.spent] if serving else form.most
    return Plan(
        Frozen(arguments),
        recommended=recommended,
        front=_front(every, form.spent),
        ranges=ranges(question, form, plan, target),
        margins=_margins(question, form, plan, every, Budget(form.spent, budget_at)),
        opinions=opinions(
            question.law,
            params=plan["params"],
            active_params=plan.get("active_params", plan["params"]),
            tokens=plan["tokens"],
            train_flops=plan["train_flops"],
            moe_gain=question.scalars.get("moe_gain"),
            reference=question.reference,
        ),
        more_data=_more_data(question, form, plan) if question.goal == "data" else None,
        baseline=_baseline(question, target, plan) if target is not None else None,
        warnings=remarks(question, form, sweep, plan, target),
        sweep=sweep.replace(),  # a copy that has not told yet how far it extrapolates
    )


def columns_of(question: Question, spent: str) -> list[str]:
    """Return the columns that tell of a plan."""
    serves = bool(question.scalars.get("inference_tokens"))
    names = ["params", *(["active_params", "activation"] if question.mixture else [])]
    names += [choice.name for choice in question.choices]
    names += [name for name in mixture_inputs(question.law) if name in question.scalars]
    names += ["tokens", *(pool.tokens for pool in question.pools), "tokens_per_param"]
    names += ["tokens_per_stored_param"] if question.mixture else []
    names += ["epochs", *(f"{pool.name}_epochs" for pool in question.pools if isfinite(pool.unique_tokens))]
    names += ["loss", "train_flops", "train_gpu_hours"]
    names += ["days"] if "gpu_count" in question.scalars else []
    names += ["train_usd", *(["inference_usd"] if serves else []), "data_usd", "total_usd"]
    names += ["lifetime_flops"] if serves else []
    names += ["budget_usd"] if question.goal == "serving" else []
    names += ["weight_bytes", "serving_bytes"]
    names += ["extrapolation"] if question.law.has_range else []
    return list(dict.fromkeys([*names, spent]))


def _row(
    form: Form, found: Found, columns: Sequence[str], target: float | None
) -> tuple[pl.DataFrame, Sweep]:
    """Return the recommended plan as one row, and the sweep that it is the best of."""
    question, sweep = form.question, found.sweep
    if question.pools:
        budget = dict([question.budget]) if question.budget is not None else {}
        where = [] if target is None else [f"loss <= {target * (1 + 1e-12)!r}"]
        if form.spent not in budget:
            budget[form.spent] = found.row[form.spent]
        sweep = plain(form, found, budget, where)
    elif target is not None:
        # Of plans that cost no more the best: there is but that one.
        sweep = sweep.filter(f"total_usd <= {found.row['total_usd']!r}")
    with quiet():
        best = sweep.best(minimize="loss", columns=columns, threads=question.threads)
    return best.select(columns), sweep


def _check_size(question: Question, plan: Mapping[str, float]) -> None:
    size = plan.get("active_params", plan["params"])
    if not question.sized or plan["tokens"] >= FEWEST_TOKENS * size or question.limits:
        return
    name = "params" if "params" in question.scalars else "active_params"
    most = number_text(float(f"{sqrt(plan['train_flops'] / 6 / FEWEST_TOKENS) * plan[name] / size:.2g}"))
    message = (
        f"{name}={plan[name]:g} is beyond what the budget can train: it leaves {plan['tokens']:.3g} "
        f"tokens, fewer than {FEWEST_TOKENS:g} for each active parameter; take at most {most}"
    )
    raise SpaceError(f"{message}, or a larger budget", axis=name)


def _front(plans: pl.DataFrame, spent: str) -> pl.DataFrame:
    """Return the plans that no other one beats, the recommended one in any case, by what is spent."""
    shares, own = plans["share"].to_list(), plans["recommended"].to_list()
    losses, amounts = plans["loss"].to_list(), plans[spent].to_list()
    here = losses[own.index(True)]
    # Where constraints let a larger budget do worse, another plan may beat the recommended one in both; and a
    # plan that leaves some of a larger budget is the same plan again.
    kept, least = [], np.inf
    for place in sorted(range(len(own)), key=lambda place: (amounts[place], losses[place], not own[place])):
        if shares[place] in MARGINS:
            continue
        if own[place] or (losses[place] < least and losses[place] != here):
            kept.append(place)
        least = min(least, losses[place])
    names = [spent, "loss", *(name for name in plans.columns if name not in (spent, "loss", "share"))]
    return plans[kept, names]


def _margins(
    question: Question, form: Form, plan: Mapping[str, float], plans: pl.DataFrame, budget: Budget
) -> pl.DataFrame:
    """Return loss, and what it is worth in compute, at a little less and a little more of the budget."""
    import polars as pl

    known = dict(plans.select("share", "loss").iter_rows())
    for share in MARGINS if question.limits else ():
        # Within limits, not all of it may be spent.
        amount = budget.value * share
        if mixes_freely(form):
            found, _ = recommend(question, budget.name, amount, budget=False)
            row = None if found is None else found.row
        else:
            row = nearby(form, plan, amount)
        known[share] = np.nan if row is None else row["loss"]
    shares = sorted((*MARGINS, 1.0))
    losses = np.array([known.get(share, np.nan) for share in shares])
    here = known[1.0]
    compute = question.worths(losses) / question.worth(here) - 1
    columns = {"share": shares, budget.name: [budget.value * share for share in shares], "loss": losses}
    return pl.DataFrame(columns | {"loss_change": losses - here, "compute_change": compute}).fill_nan(None)


def _more_data(question: Question, form: Form, plan: Mapping[str, float]) -> pl.DataFrame:
    """Return what twice the supply of each pool would buy, one pool at a time."""
    import polars as pl

    rows = []
    for name, supply, doubled in _doubled(question):
        found, _ = recommend(doubled, form.spent, form.most)
        if found is None:
            continue
        loss = found.row["loss"]
        change = question.worth(loss) / question.worth(plan["loss"]) - 1
        rows.append({
            "pool": name, "unique_tokens": 2 * supply, "loss": loss, "loss_change": loss - plan["loss"],
            "compute_change": change,
        })  # fmt: skip
    schema = ("unique_tokens", "loss", "loss_change", "compute_change")
    return pl.DataFrame(rows, schema={"pool": pl.String, **dict.fromkeys(schema, pl.Float64)})


def _doubled(question: Question) -> list[tuple[str, float, Question]]:
    if not question.pools:
        supply = question.scalars["unique_tokens"]
        scalars = {**question.scalars, "unique_tokens": 2 * supply}
        return [("data", supply, replace(question, scalars=scalars))]
    found = []
    for pool in question.pools:
        if isfinite(pool.unique_tokens):
            more = pool._replace(unique_tokens=2 * pool.unique_tokens)
            pools = tuple(more if other == pool else other for other in question.pools)
            found.append((pool.name, pool.unique_tokens, replace(question, pools=pools)))
    return found


# Serving ----------------------------------------------------------------------------------------------


def _serving(question: Question) -> tuple[Found, float]:
    """Return the plan that is cheapest over its life among those that are good enough, and what that is."""
    target, budget, top = question.target_loss, question.budget, None
    most = _life(question) * FAR
    if target is None:
        assert budget is not None, "checked when the question was read"
        top, _ = recommend(question, budget.name, budget.value, strict=True)
        assert top is not None, "strict"
        best = top.row["loss"]
        target = max(question.loss_worth((1 - question.within) * question.worth(best)), best)
        # A plan that is trained for more than this one's whole life is no cheaper.
        most = top.row["total_usd"]
    elif not isfinite(question.worth(target)) and not mixture_inputs(question.law):
        raise SpaceError(_unreachable(question, target))
    if budget is not None and budget.name == "budget_usd":
        most = budget.value
    start = top if top is not None and top.row["loss"] <= target else None
    found, _ = recommend(question, "budget_usd", most, target=target, start=start)
    if top is None and found is None:
        top, _ = _lowest(question)
        if top is None:
            _lowest(question, strict=True)
            raise AssertionError("strict")
        if top.row["loss"] > target:
            raise SpaceError(_not_reached(question, target, top.row["loss"]))
    # Without another one it is good enough by its last digits only.
    good = [one for one in (found, top) if one is not None and one.row["loss"] <= target]
    return min(good, key=lambda one: one.row["total_usd"]), target


def _life(question: Question) -> float:
    """Return about what training and serving a model that spends the budget well costs."""
    flops = question.train_flops
    size = sqrt(flops / 120)
    hour = question.value("peak_flops") * question.value("inference_mfu") * 3600
    serving = 2 * size * question.scalars["inference_tokens"] / hour * question.value("usd_per_gpu_hour")
    data = sum(pool.usd_per_token * min(pool.unique_tokens, 20 * size) for pool in question.pools)
    data += question.value("usd_per_token") * 20 * size if not question.pools else 0.0
    return flops * question.usd_per_flop + serving + data


def _lowest(question: Question, *, strict: bool = False) -> tuple[Found | None, Form]:
    """Return the plan of the lowest loss that budget and limits allow."""
    if question.budget is not None:
        return recommend(question, *question.budget, strict=strict)
    return recommend(question, "budget_usd", _life(question) * FAR, strict=strict)


def _unreachable(question: Question, target: float) -> str:
    law = question.law
    message = f"target_loss={target:g} is out of reach for any compute: `{law.id}` "
    if law.irreducible is None:
        return f"{message}does not get there"
    columns = {"params": np.array([1e9]), "tokens": np.array([1e10])}
    (irreducible,) = evaluate(law, ("loss - reducible_loss",), columns, {}, 1)
    return f"{message}has an irreducible loss of {irreducible[0]:.6g}"


def _not_reached(question: Question, target: float, lowest: float) -> str:
    """Return what stands in the way of a target: each limit without which it would be reached."""

    def without(limit: Limit | None) -> Question:
        if limit is None:
            return replace(question, budget=None)
        return replace(question, limits=tuple(other for other in question.limits if other != limit))

    def reached(free: Question) -> bool:
        found, _ = _lowest(replace(free, target_loss=target))
        return found is not None and found.row["loss"] <= target

    ways = [limit for limit in question.limits if reached(without(limit))]
    budget = question.budget is not None and reached(without(None))
    names = [f"`{limit.formula}`" for limit in ways or question.limits]
    names += ["the budget"] if budget or (question.budget is not None and not ways) else []
    under = f" under {' and '.join(names)}" if names else ""
    # Rounded up: it is reached.
    return f"no plan reaches a loss of {target:.6g}{under}; the lowest is {ceil(lowest * 1e6) / 1e6:.7g}"


def _baseline(question: Question, target: float, plan: Mapping[str, float]) -> pl.DataFrame:
    """Return the plan that is cheapest to train to a loss, limits aside, with what its life costs."""
    scalars = {name: x for name, x in question.scalars.items() if name not in ("params", "active_params")}
    free = replace(question, limits=(), scalars=scalars, target_loss=target)
    trained = replace(free, scalars={**scalars, "inference_tokens": 0.0})
    most = (plan["train_usd"] + plan["data_usd"]) * (1 + 1e-4)
    found, _ = recommend(trained, "budget_usd", most, target=target, budget=False, strict=True)
    assert found is not None, "the plan itself is one"
    return told(free, [found.row], columns_of(free, "total_usd"), "total_usd")
