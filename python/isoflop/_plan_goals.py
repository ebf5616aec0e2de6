"""Answering a plan's question: the recommended plan, and what surrounds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop._exceptions import SpaceError
from isoflop._opinions import opinions
from isoflop._pareto.filter import pareto
from isoflop._plan import Plan
from isoflop._plan_question import Budget, Question
from isoflop._plan_ranges import ranges
from isoflop._plan_remarks import remarks
from isoflop._plan_search import (
    LEAST_ACTIVATION,
    Formulation,
    ask_best,
    beside,
    evaluate_plans,
    formulate,
    last_sweep,
    solve,
)
from isoflop._space.spacing import geomspace
from isoflop._text.frozen import Frozen
from isoflop._text.numbers import number_text

if TYPE_CHECKING:
    import polars as pl

    from isoflop._plan_question import Floats
    from isoflop._sweep.pools import Pool
    from isoflop._sweep.sweep import Sweep

FRONT = 15
"""Budgets of the front, from a tenth to ten times the plan's own; an odd number has that in the middle."""

MARGINS = (0.9, 1.1)

FEWEST_TOKENS = 0.1
"""Tokens for each active parameter below which a size is beyond its budget; no law was fitted on so few."""

# Points of the last sweep on each axis, by the number of axes, and the factor that they reach to either side.
LAST = {1: (801, 1.5), 2: (101, 1.2), 3: (31, 1.1)}
FEWEST_LAST = (11, 1.05)

# Budgets among which the cheapest one that reaches a target is looked for: first these around a guess, then
# so many inside the interval found.
BUDGETS = np.geomspace(1e-3, 1e3, 33)
INSIDE, TIMES = 17, 5

SLACK = 3e-5
"""How much a loss may miss its target, as a share, where limits are met by a grid: about 0.2 % of compute."""


class Search:
    """The search for plans under one kind of budget, with the pool that takes what is left of it."""

    def __init__(self, question: Question, budget: Budget) -> None:
        self.question = question
        self.budget = budget
        supplied = sorted(question.pools, key=lambda pool: -pool.unique_tokens)
        self._set_filler(supplied[0] if supplied else None)

    def _set_filler(self, filler: Pool | None) -> None:
        self.filler = filler
        self.form: Formulation = formulate(self.question, self.budget, filler)

    def wide(self, amounts: Floats) -> dict[str, tuple[Floats, float]]:
        """Return where to begin for amounts of the budget about which nothing is known yet."""
        flops = self.question.train_flops(self.budget, amounts)
        optimum = self.question.law.compute_optimal(flops)
        size, tokens = optimum.to_series(1).to_numpy(), optimum["tokens"].to_numpy()
        if self.question.params is not None:
            tokens = flops / (6 * self.question.params)
        start = {pool.tokens: (tokens * 0.03, float(np.log(1e3))) for pool in self.question.pools}
        start["params"] = (size * (8 if self.question.mixture else 1), float(np.log(1e4)))
        start["activation"] = (
            np.full(len(amounts), LEAST_ACTIVATION**0.5),
            -float(np.log(LEAST_ACTIVATION)) / 2,
        )
        return start

    def at(
        self, amounts: Sequence[float] | Floats, known: Mapping[str, Floats] | None = None
    ) -> dict[str, Floats]:
        """Return the best plans for amounts of the budget, as columns of axes; NaN where there is none.

        Plans that are known to be near the best save time.
        """
        given = np.array(amounts, dtype=float)
        start = self.wide(given) if known is None else beside(self.wide(given), known)
        groups = {self.budget.name: given}
        return groups | solve(self.question, self.form, groups, start, known=known is not None)

    def recommend(self) -> tuple[dict[str, float], Sweep]:
        """Return the axes of the best plan for the budget, and the sweep that it is the best of."""
        question = self.question
        found = self._here()
        if self.filler is not None and len(question.pools) > 1:
            columns = [pool.tokens for pool in question.pools]
            plans = {name: values for name, values in found.items() if name != "loss"}
            (taken,) = evaluate_plans(question, self.form, plans, columns).select(columns).rows()
            largest = question.pools[int(np.argmax(taken))]
            if largest != self.filler:
                # What is left must be a good part of the budget, or a step elsewhere would cost all of it.
                self._set_filler(largest)
                found = self._here()
        axes: dict[str, Any] = {}
        points, factor = LAST.get(len(self.form.free), FEWEST_LAST)
        for name in self.form.free:
            axes[name] = self._last_axis(name, float(found[name][0]), points, factor)
        sweep = last_sweep(question, self.form, axes | {self.budget.name: self.budget.value})
        best = ask_best(sweep, question, columns=self.form.free, strict=True)
        return {name: best[name].item() for name in self.form.free}, sweep

    def _here(self) -> dict[str, Floats]:
        groups = {self.budget.name: np.array([self.budget.value])}
        return groups | solve(
            self.question, self.form, groups, self.wide(groups[self.budget.name]), strict=True
        )

    def _last_axis(self, name: str, value: float, points: int, factor: float) -> Floats:
        low, high = value / factor, value * factor
        if name == "params":
            high = min(high, self.question.most_params)
        if name == "activation":
            low, high = max(low, LEAST_ACTIVATION), min(high, 1.0)
        values = geomspace(low, high, points) if low else np.zeros(0)
        for pool in self.question.pools:
            if pool.tokens == name:
                special = [0.0] if np.isinf(pool.unique_tokens) else [0.0, pool.unique_tokens]
                values = np.unique(np.append(values, special))
        return values


def answer(question: Question, arguments: Mapping[str, Any]) -> Plan:
    """Answer a question that was read from these arguments."""
    import polars as pl

    baseline = None
    if question.goal == "serving":
        budget, baseline = _serving(question)
    else:
        assert question.budget is not None, "checked when the question was read"
        budget = question.budget
    search = Search(question, budget)
    axes, sweep = search.recommend()
    columns = _columns(question, budget)
    recommended = ask_best(sweep, question, columns=columns).select(columns)
    plan = recommended.row(0, named=True)
    _check_size(question, plan)

    shares = np.geomspace(0.1, 10, FRONT)
    shares[FRONT // 2] = 1.0
    others = np.array([*MARGINS, *shares[shares != 1]])
    # Sizes and tokens grow with about the square root of compute.
    growth = np.sqrt(others)
    known = {name: np.full(len(others), value) for name, value in axes.items()}
    known |= {name: values * growth for name, values in known.items() if name != "activation"}
    found = search.at(budget.value * others, known)
    here = {budget.name: budget.value, **axes}
    there = np.flatnonzero(~np.isnan(found.pop("loss")))
    plans = {name: np.append(here[name], values[there]) for name, values in found.items()}
    every = evaluate_plans(question, search.form, plans, columns).select(columns)
    every = every.with_columns(
        share=np.append(1.0, others[there]), recommended=np.arange(len(there) + 1) == 0
    )
    if search.filler is not None:
        # What is left where others take everything is a rounding error.
        every = every.with_columns(pl.col(search.filler.tokens).clip(0))

    return Plan(
        Frozen(arguments),
        recommended=recommended,
        front=_front(every, budget),
        ranges=ranges(search, plan),
        margins=_margins(question, every, budget),
        opinions=opinions(
            question.law,
            params=plan["params"],
            active_params=plan.get("active_params", plan["params"]),
            tokens=plan["tokens"],
            moe_gain=question.scalars.get("moe_gain"),
        ),
        more_data=_more_data(question, budget, plan) if question.goal == "data" else None,
        baseline=baseline,
        warnings=remarks(question, sweep, plan),
        sweep=sweep.replace(),  # a copy that has not told yet how far it extrapolates
    )


def _columns(question: Question, budget: Budget) -> list[str]:
    """Return the columns that tell of a plan."""
    sparse = question.mixture or "activation" in question.scalars
    serves = bool(question.scalars.get("inference_tokens"))
    names = ["params", *(["active_params", "activation"] if sparse else []), "tokens"]
    for pool in question.pools:
        names.append(pool.tokens)
    names += ["tokens_per_param", "epochs"]
    for pool in question.pools:
        if np.isfinite(pool.unique_tokens):
            names.append(f"{pool.name}_epochs")
    names += ["loss", "train_flops", "train_gpu_hours"]
    names += ["days"] if "gpu_count" in question.scalars else []
    names += ["train_usd", *(["inference_usd"] if serves else []), "data_usd", "total_usd"]
    names += ["lifetime_flops"] if serves else []
    names += ["weight_bytes", "serving_bytes"]
    names += ["extrapolation"] if question.law.has_range else []
    return list(dict.fromkeys([*names, budget.name]))


def _check_size(question: Question, plan: Mapping[str, float]) -> None:
    size = plan.get("active_params", plan["params"])
    if question.params is None or plan["tokens"] >= FEWEST_TOKENS * size:
        return
    most = number_text(
        float(f"{np.sqrt(plan['train_flops'] / 6 / FEWEST_TOKENS) * plan['params'] / size:.2g}")
    )
    message = (
        f"params={question.params:g} is beyond what the budget can train: it leaves {plan['tokens']:.3g} "
    )
    message += f"tokens, fewer than {FEWEST_TOKENS:g} for each active parameter; take at most {most}"
    raise SpaceError(f"{message}, or a larger budget", axis="params")


def _front(plans: pl.DataFrame, budget: Budget) -> pl.DataFrame:
    """Return the plans that no other one beats, the recommended one in any case, by budget."""
    import polars as pl

    plans = plans.filter(~pl.col("share").is_in(MARGINS))
    best = pareto(plans, minimize=["loss", budget.name])["share"]
    # Where constraints let a larger budget do worse, another plan may beat the recommended one in both.
    front = plans.filter(pl.col("share").is_in(best.implode()) | pl.col("recommended")).sort(budget.name)
    return front.select(budget.name, "loss", pl.exclude(budget.name, "loss", "share"))


def _margins(question: Question, plans: pl.DataFrame, budget: Budget) -> pl.DataFrame:
    """Return loss, and what it is worth in compute, at a little less and a little more of the budget."""
    import polars as pl

    shares = pl.DataFrame({"share": sorted((*MARGINS, 1.0))}).with_columns(
        (pl.col("share") * budget.value).alias(budget.name)
    )
    margins = shares.join(plans.select("share", "loss"), on="share", how="left", maintain_order="left")
    losses = margins["loss"].fill_null(np.nan).to_numpy()
    here = losses[shares["share"].to_list().index(1.0)]
    compute = question.law.equivalent_flops(losses) / question.law.equivalent_flops(here) - 1
    added = pl.DataFrame({"loss_change": losses - here, "compute_change": compute})
    return margins.hstack(added.fill_nan(None))


def _more_data(question: Question, budget: Budget, plan: Mapping[str, float]) -> pl.DataFrame:
    """Return what twice the supply of each pool would buy, one pool at a time."""
    import polars as pl

    rows = []
    for name, supply, doubled in _doubled(question):
        search = Search(doubled, budget)
        axes, _ = search.recommend()
        plans = {budget.name: np.array([budget.value])} | {n: np.array([x]) for n, x in axes.items()}
        more = evaluate_plans(doubled, search.form, plans, ["loss", "tokens", "data_usd"]).row(0, named=True)
        before, after = map(question.law.equivalent_flops, (plan["loss"], more["loss"]))
        change = {"loss_change": more["loss"] - plan["loss"], "compute_change": after / before - 1}
        rows.append({"pool": name, "unique_tokens": 2 * supply, "loss": more["loss"], **change})
    schema = ("unique_tokens", "loss", "loss_change", "compute_change")
    return pl.DataFrame(rows, schema={"pool": pl.String, **dict.fromkeys(schema, pl.Float64)})


def _doubled(question: Question) -> list[tuple[str, float, Question]]:
    if not question.pools:
        supply = question.scalars["unique_tokens"]
        scalars = {**question.scalars, "unique_tokens": 2 * supply}
        return [("data", supply, replace(question, scalars=scalars))]
    found = []
    for pool in question.pools:
        if np.isfinite(pool.unique_tokens):
            more = pool._replace(unique_tokens=2 * pool.unique_tokens)
            pools = tuple(more if other == pool else other for other in question.pools)
            found.append((pool.name, pool.unique_tokens, replace(question, pools=pools)))
    return found


# Serving ----------------------------------------------------------------------------------------------


def _serving(question: Question) -> tuple[Budget, pl.DataFrame]:
    """Return the least lifetime budget that reaches the target, and the plan that is cheapest to train."""
    free = replace(question, where=(), params=None, most_params=np.inf)
    target = question.target_loss
    if target is None:
        assert question.budget is not None, "checked when the question was read"
        _, sweep = Search(free, question.budget).recommend()
        target = ask_best(sweep, free, columns=())["loss"].item()
    flops = question.law.equivalent_flops(target)
    if not np.isfinite(flops):
        raise SpaceError(_unreachable(question, target))
    trained = replace(free, scalars={**question.scalars, "inference_tokens": 0.0})
    baseline = _cheapest_to_train(question, trained, target, flops)
    amount = _cheapest(question, target, baseline["total_usd"].item())
    return Budget("budget_usd", amount, lifetime=True), baseline


def _unreachable(question: Question, target: float) -> str:
    from isoflop._law.evaluate import evaluate

    law = question.law
    message = f"target_loss={target:g} is out of reach for any compute: `{law.id}` "
    if law.irreducible is None:
        return f"{message}does not get there"
    columns = {"params": np.array([1e9]), "tokens": np.array([1e10])}
    (irreducible,) = evaluate(law, ("loss - reducible_loss",), columns, {}, 1)
    return f"{message}has an irreducible loss of {irreducible[0]:.6g}"


def _cheapest_to_train(question: Question, trained: Question, target: float, flops: float) -> pl.DataFrame:
    amount = _cheapest(trained, target, flops * question.usd_per_flop)
    search = Search(trained, Budget("budget_usd", amount, lifetime=True))
    _, sweep = search.recommend()
    taken = [pool.tokens for pool in question.pools] or ["tokens"]
    columns = ["params", *(["activation"] if question.mixture else []), *taken]
    plan = ask_best(sweep, trained, columns=columns).select(columns)
    # What it costs over a life in which it does serve; nothing follows from a budget any more.
    told = Formulation({})
    plans = {name: plan[name].to_numpy() for name in columns}
    shown = _columns(question, Budget("total_usd", 0.0))
    return evaluate_plans(replace(question, params=None), told, plans, shown).select(shown)


def _cheapest(question: Question, target: float, guess: float) -> float:
    """Return the least lifetime budget whose best plan reaches a loss, to a hundred-thousandth."""
    budgets = guess * BUDGETS
    search = Search(question, Budget("budget_usd", guess, lifetime=True))
    known = None
    # Limits other than the budget are met by a grid, and so to about 0.1 %: that may be just what stands
    # between the best plan and a target that was set by a plan within them.
    asked, limit = target, target * (1 + SLACK) if question.where else target
    for _ in range(TIMES):
        plans = search.at(budgets, known)
        losses = plans["loss"]
        if not (losses <= target).any():
            target = limit
        reached = np.flatnonzero(losses <= target)
        if not reached.size:
            raise SpaceError(_not_reached(question, search, asked, losses))
        first = int(reached[0])
        budgets = np.geomspace(budgets[max(first - 1, 0)], budgets[first], INSIDE)
        known = {name: np.full(INSIDE, values[first]) for name, values in plans.items()}
    return float(budgets[-1])


def _not_reached(question: Question, search: Search, target: float, losses: Floats) -> str:
    if np.isnan(losses).all():
        search.recommend()  # says which constraint leaves nothing
    limits = " and ".join(f"`{limit}`" for limit in question.where)
    under = f" under {limits}" if limits else ""
    return f"no plan reaches a loss of {target:.6g}{under}; the lowest is {np.nanmin(losses):.6g}"
