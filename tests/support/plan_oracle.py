"""What is the best plan? Asked by trying: plain NumPy, slow, and without a word of the package's own search.

`evaluate` says in the words of the accounting what a plan is worth, costs and takes. `best` tries plans at
random, then walks from the best ones, and from any plan it is shown, in ever smaller steps. It proves
nothing; but a plan that it beats is not the best, and one that it finds exists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

import isoflop as iso

Floats = NDArray[np.float64]

SCALE = 15.387756
PEAK = 9.89e14
FUNCTIONS = {
    "sqrt": np.sqrt,
    "log": np.log,
    "exp": np.exp,
    "min": np.minimum,
    "max": np.maximum,
    "abs": np.abs,
}

STARTS, WALKERS, ROUNDS = 60_000, 40, 60


@dataclass(frozen=True)
class Task:
    """The arguments of a plan, taken apart.

    Attributes
    ----------
    size
        ``params``, or ``active_params`` under a law of mixtures.
    choices
        Lowest and highest of what else may be chosen; whole numbers for ``experts``.
    pools
        Name, quality, supply and price of each; one without a name if there are none.
    """

    arguments: Mapping[str, Any]
    law: iso.Law
    size: str
    choices: Mapping[str, tuple[float, float]]
    pools: Sequence[tuple[str, float, float, float]]
    fixed: Mapping[str, float] = field(default_factory=dict)

    def value(self, name: str, default: float) -> float:
        found = self.arguments.get(name)
        return default if found is None else float(found)


def task(arguments: Mapping[str, Any]) -> Task:
    """Take the arguments of a plan apart."""
    law = iso.law(arguments.get("law", "besiroglu2024"))
    given = arguments.get("pools")
    if given is None:
        supply = arguments.get("unique_tokens", np.inf)
        pools = [("", arguments.get("quality", 1.0), supply, arguments.get("usd_per_token", 0.0))]
    else:
        count = len(given["pool"])
        supplies = [np.inf if x is None else x for x in given.get("unique_tokens", [None] * count)]
        prices = given.get("usd_per_token", [0.0] * count)
        pools = list(zip(given["pool"], given.get("quality", [1.0] * count), supplies, prices, strict=True))
    choices: dict[str, tuple[float, float]] = {}
    fixed: dict[str, float] = {}
    for name in ("activation", "experts"):
        wanted = arguments.get(name)
        if isinstance(wanted, tuple):
            choices[name] = wanted
        elif wanted is not None:
            fixed[name] = wanted
    if law.id == "ludziejewski2025" and not {"experts"} & (choices.keys() | fixed.keys()):
        choices["experts"] = (1.0, 32.0)
    if arguments.get("moe_gain", 0) > 0 and not {"activation"} & (choices.keys() | fixed.keys()):
        choices["activation"] = (1 / 64, 1.0)
    size = "active_params" if law.id == "ludziejewski2025" else "params"
    return Task(arguments, law, size, choices, pools, fixed)


def evaluate(task: Task, size: Floats, chosen: Mapping[str, Floats], taken: Floats) -> dict[str, Floats]:
    """Return what plans are worth, cost and take; `taken` has a row for each pool."""
    value, law = task.value, task.law
    at: dict[str, Any] = {task.size: size, **task.fixed, **chosen}
    if task.size == "params":
        at["activation"] = at.get("activation", np.ones_like(size))
        at["active_params"] = size * at["activation"]
    else:
        names = {**FUNCTIONS, **law.coefficients, **at}
        for name in ("width_root", "model_width"):
            names[name] = eval(law.quantities[name], {"__builtins__": {}}, names)
        assert law.size is not None
        at["params"] = eval(law.size.params, {"__builtins__": {}}, names)
        at["activation"] = at["active_params"] / at["params"]
    active, params = at["active_params"], at["params"]
    at["tokens"] = taken.sum(axis=0)
    at["fresh_tokens"], at["effective_tokens"], at["data_usd"] = np.zeros((3, len(size)))
    for (name, quality, supply, price), tokens in zip(task.pools, taken, strict=True):
        fresh = np.minimum(tokens, supply)
        repeats = np.maximum(tokens / supply - 1, 0)
        at["fresh_tokens"] = at["fresh_tokens"] + fresh
        at["effective_tokens"] = at["effective_tokens"] + quality * fresh * (
            1 + SCALE * (1 - np.exp(-repeats / SCALE))
        )
        at["data_usd"] = at["data_usd"] + price * fresh
        if name:
            at |= {f"{name}_tokens": tokens, f"{name}_epochs": tokens / supply}
    supply = sum(pool[2] for pool in task.pools)
    at["epochs"] = np.ones_like(size) if np.isinf(supply) else at["tokens"] / supply
    at["tokens_per_param"] = at["tokens"] / active
    at["train_flops"] = 6 * active * at["tokens"]
    hour = value("usd_per_gpu_hour", 2.0)
    at["train_gpu_hours"] = at["train_flops"] / (PEAK * value("mfu", 0.35) * 3600)
    at["days"] = at["train_gpu_hours"] / (24 * value("gpu_count", np.nan))
    at["train_usd"] = at["train_gpu_hours"] * hour
    served = 2 * active * value("inference_tokens", 0.0) / (PEAK * value("inference_mfu", 0.10) * 3600)
    at["inference_usd"] = served * hour
    at["total_usd"] = at["train_usd"] + at["inference_usd"] + at["data_usd"]
    at["weight_bytes"] = at["serving_bytes"] = params * value("bytes_per_param", 2.0)
    with np.errstate(all="ignore"):
        if law.id == "ludziejewski2025":
            at["loss"] = law.loss(active_params=active, experts=at["experts"], tokens=at["effective_tokens"])
        else:
            worth = active * (params / active) ** value("moe_gain", 0.0)
            inputs = {"params": worth, "tokens": at["effective_tokens"]}
            if "unique_tokens" in law.variables:  # repetition is the law's own
                inputs = {
                    "params": worth,
                    "tokens": at["tokens"],
                    "unique_tokens": np.full_like(size, supply),
                }
            at["loss"] = law.loss(**inputs)
    return at


def allowed(task: Task, at: Mapping[str, Floats], slack: float = 0.0) -> NDArray[np.bool_]:
    """Tell which plans are within the budget and every limit."""
    arguments, more = task.arguments, 1 + slack
    good = (at["tokens"] > 0) & np.isfinite(at["loss"])
    for name, taken in (("flops", "train_flops"), ("days", "days"), ("serving_bytes", "serving_bytes")):
        if arguments.get(name) is not None:
            good &= at[taken] <= arguments[name] * more
    if arguments.get("usd") is not None:
        good &= at["train_usd"] + at["data_usd"] <= arguments["usd"] * more
    if arguments.get("train_flops_max") is not None:
        good &= at["train_flops"] <= arguments["train_flops_max"] * more
    for formula in arguments.get("where", ()):
        left, sense, right = formula.partition("<=" if "<=" in formula else ">=")
        low, high = (left, right) if sense == "<=" else (right, left)
        names = {**FUNCTIONS, **at}
        ends = [np.asarray(eval(side, {"__builtins__": {}}, names)) for side in (low, high)]
        good &= ends[0] <= ends[1] + slack * np.abs(ends[1])
    return good


def best(
    task: Task,
    objective: str = "loss",
    *,
    target: float | None = None,
    shown: Sequence[Mapping[str, float]] = (),
    seed: int = 0,
) -> dict[str, float] | None:
    """Return the best plan found by trying; `None` if none was found that is allowed.

    Parameters
    ----------
    task, objective
        What to plan, and what to minimise.
    target
        The loss to reach.
    shown
        Plans to walk from, besides those found at random.
    """
    draw = np.random.default_rng(seed)
    names = list(task.choices)

    def judged(genes: Floats) -> tuple[Floats, dict[str, Floats]]:
        at = evaluate(task, *_plans(task, genes))
        good = allowed(task, at)
        if target is not None:
            good &= at["loss"] <= target
        return np.where(good, at[objective], np.inf), at

    flops = _flops(task, target)
    genes = _random(task, draw, STARTS, flops)
    values, at = judged(genes)
    order = np.argsort(values)[:WALKERS]
    walkers = genes[:, order]
    for plan in shown:
        row = [np.log(plan[task.size]), *(plan[name] for name in names)]
        taken = [plan[f"{pool[0]}_tokens"] if pool[0] else plan["tokens"] for pool in task.pools]
        walkers = np.column_stack([walkers, np.array([*row, *taken])])
    values, at = judged(walkers)
    if not np.isfinite(values).any():
        return None
    width = 0.5
    for _ in range(ROUNDS):
        near = np.repeat(walkers, 60, axis=1)
        near = _moved(task, near, draw, width)
        near = np.column_stack([walkers, near, *(_spent(task, near, flops) for _ in range(1))])
        values, at = judged(near)
        parent = np.concatenate(
            [np.arange(walkers.shape[1]), *[np.repeat(np.arange(walkers.shape[1]), 60)] * 2]
        )
        for number in range(walkers.shape[1]):
            own = np.flatnonzero(parent == number)
            walkers[:, number] = near[:, own[np.argmin(values[own])]]
        width *= 0.85
    values, at = judged(walkers)
    place = int(np.argmin(values))
    return {name: float(np.broadcast_to(column, values.shape)[place]) for name, column in at.items()}


def _flops(task: Task, target: float | None) -> float:
    """Return about how much compute may be spent."""
    arguments, value = task.arguments, task.value
    if arguments.get("flops") is not None:
        return float(arguments["flops"])
    if arguments.get("days") is not None:
        return float(arguments["days"]) * 86400 * value("gpu_count", 1) * PEAK * value("mfu", 0.35)
    if arguments.get("usd") is not None:
        return float(arguments["usd"]) / value("usd_per_gpu_hour", 2.0) * PEAK * value("mfu", 0.35) * 3600
    assert target is not None
    return float(task.law.equivalent_flops(target)) * 3


def _plans(task: Task, genes: Floats) -> tuple[Floats, dict[str, Floats], Floats]:
    """Return size, choices and tokens by pool; a gene is log size, choices, then tokens."""
    size = np.exp(genes[0])
    chosen = {}
    for place, (name, (low, high)) in enumerate(task.choices.items()):
        values = np.clip(genes[1 + place], low, high)
        chosen[name] = values.round() if name == "experts" else values
    return size, chosen, np.maximum(genes[1 + len(task.choices) :], 0.0)


def _random(task: Task, draw: np.random.Generator, count: int, flops: float) -> Floats:
    """Draw plans that spend about the budget, or a part of it, on pools in all kinds of shares."""
    size = 0.5 * np.log(flops / 120) + draw.uniform(-5, 5, count)
    for name in ("params", "active_params"):
        if task.arguments.get(name) is not None:
            size = np.full(count, np.log(task.arguments[name]))
    chosen = []
    for low, high in task.choices.values():
        even, logs = draw.uniform(low, high, count), draw.uniform(np.log(low), np.log(high), count)
        chosen.append(np.where(draw.random(count) < 0.5, even, np.exp(logs)))
    shares = draw.dirichlet(np.full(len(task.pools), 0.5), count).T
    genes = np.vstack([size, *chosen, shares])
    active, _ = _active(task, genes)
    part = np.where(draw.random(count) < 0.5, 1.0, np.exp(draw.uniform(-6, 0, count)))
    genes[1 + len(chosen) :] *= part * flops / 6 / active
    # Some pools exactly whole.
    for place, (_, _, supply, _) in enumerate(task.pools):
        if np.isfinite(supply):
            whole = draw.random(count) < 0.3
            genes[1 + len(chosen) + place, whole] = supply
    return _spent(task, genes, flops)


def _active(task: Task, genes: Floats) -> tuple[Floats, dict[str, Floats]]:
    at = evaluate(task, *_plans(task, genes))
    return at["active_params"], at


def _moved(task: Task, genes: Floats, draw: np.random.Generator, width: float) -> Floats:
    """Return plans near others; a pool may come, go, or be taken whole."""
    genes, first = genes.copy(), 1 + len(task.choices)
    if task.arguments.get("params") is None and task.arguments.get("active_params") is None:
        genes[0] += width * draw.normal(size=genes.shape[1]) * (draw.random(genes.shape[1]) < 0.7)
    for place, name in enumerate(task.choices):
        step = np.exp(width * draw.normal(size=genes.shape[1]) * (draw.random(genes.shape[1]) < 0.5))
        genes[1 + place] *= step
        if name == "experts":
            genes[1 + place] += draw.integers(-1, 2, genes.shape[1])
    total = genes[first:].sum(axis=0)
    for place, (_, _, supply, _) in enumerate(task.pools):
        row = genes[first + place]
        moved = draw.random(row.shape) < 0.6
        row[moved] *= np.exp(width * draw.normal(size=int(moved.sum())))
        kind = draw.random(row.shape)
        row[kind < 0.03] = 0.0
        more = (kind > 0.03) & (kind < 0.06)
        row[more] += (total * width * draw.random(row.shape))[more]
        if np.isfinite(supply):
            row[(kind > 0.06) & (kind < 0.09)] = supply
    return genes


def _spent(task: Task, genes: Floats, flops: float) -> Floats:
    """Return plans with all tokens scaled to spend the budget of compute, or of dollars, to the last."""
    genes, first = genes.copy(), 1 + len(task.choices)
    arguments = task.arguments
    for _ in range(1 if arguments.get("usd") is None else 25):
        at = evaluate(task, *_plans(task, genes))
        with np.errstate(all="ignore"):
            if arguments.get("usd") is not None:
                factor = arguments["usd"] / (at["train_usd"] + at["data_usd"])
            else:
                factor = flops / at["train_flops"]
        factor = np.where(np.isfinite(factor) & (factor > 0), factor, 1.0) * (1 - 1e-12)
        genes[first:] *= factor
    return genes
