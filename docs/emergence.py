"""The page on emergence, docs/emergence.md: a smooth loss and a threshold in accuracy.

Every number that isoflop can compute is computed here; what was measured stands in a table at the head of its
section.
"""

from __future__ import annotations

import re
from functools import cache
from math import log, log10
from typing import NamedTuple

import polars as pl
from prose import MADE, count, flop, number, paragraph, percent, points, table, table_of

import isoflop as iso

RATIO = 20.0
LEAST = 1e6
"""The smallest size that is looked at."""
SIZES = (1e8, 3e8, 1e9, 3e9, 1e10, 3e10, 1e11, 1e12)
SHOWN = "mmlu"
NEAR = 0.05
"""How far from floor or ceiling an accuracy counts as having left it."""

GOALS = (0.3, 0.4, 0.5, 0.6, 0.7)

NAMES = {
    "mmlu": "MMLU",
    "hellaswag": "HellaSwag",
    "arc_challenge": "ARC-Challenge",
    "arc_easy": "ARC-Easy",
    "piqa": "PIQA",
    "commonsenseqa": "CommonsenseQA",
    "social_iqa": "Social IQa",
    "openbookqa": "OpenBookQA",
}

# Bhagia et al. 2024: the model of 13 B parameters on 5 T tokens, and what it was measured to answer right.
TARGET = (13202396160.0, 5000088518656.0)
MEASURED = {
    "mmlu": 0.51614,
    "arc_challenge": 0.63805,
    "arc_easy": 0.87172,
    "piqa": 0.82960,
    "social_iqa": 0.61597,
}
MEASURED_C4 = 2.437876


class Sigmoid(NamedTuple):
    """A second step: depth, middle, steepness and ceiling."""

    a: float
    middle: float
    k: float
    ceiling: float

    @property
    def floor(self) -> float:
        """What a model that knows nothing is said to reach."""
        return self.ceiling + self.a

    @property
    def knee(self) -> float:
        """The loss above which the accuracy is within `NEAR` of the floor."""
        return self.middle + log(-self.a / NEAR - 1) / self.k

    @property
    def top(self) -> float:
        """The loss below which the accuracy is within `NEAR` of the ceiling."""
        return self.middle - log(-self.a / NEAR - 1) / self.k


@cache
def sigmoid(task: str) -> Sigmoid:
    """Return the numbers of a task's second step, read from the formula of the accounting."""
    formula = iso.accounting().filter(name=f"accuracy_{task}")["formulas"].item()[0]
    a, k, middle, ceiling = map(float, re.findall(r"-?\d+\.\d+(?:e-?\d+)?", formula))
    return Sigmoid(a, middle, -k if k < 0 else k, ceiling)


@cache
def along() -> pl.DataFrame:
    """Return losses and accuracies of `SIZES`, each on `RATIO` tokens per parameter."""
    plans = {"params": list(SIZES), "tokens": [RATIO * size for size in SIZES]}
    asked = [f"{kind}_{task}" for task in NAMES for kind in ("task_loss", "accuracy")]
    losses = table_of(plans, ["loss", *asked], "besiroglu2024")
    return losses.hstack(table_of(plans, ["error_17"], "gadre2024-c4").select("error_17"))


def size_at(task: str, loss: float) -> float | None:
    """Return the size whose task loss on `RATIO` tokens per parameter is this; None beyond 1e14."""
    sizes = iso.geomspace(LEAST, 1e14, 8001)
    plans = {"params": list(sizes), "tokens": [RATIO * size for size in sizes]}
    found = table_of(plans, [f"task_loss_{task}"])
    reached = found.filter(pl.col(f"task_loss_{task}") <= loss)["params"]
    return float(reached[0]) if reached.len() else None


def one_task() -> list[str]:
    """Return the section that shows one task along size."""
    frame = along()
    rows = [
        [count(row["params"]), f"{row['loss']:.3f}", f"{row[f'task_loss_{SHOWN}']:.3f}",
         f"{row[f'accuracy_{SHOWN}']:.3f}", f"{1 - row['error_17']:.3f}"]
        for row in frame.iter_rows(named=True)
    ]  # fmt: skip
    tens = frame.filter(pl.col("params").is_in([1e8, 1e9, 1e10, 1e11, 1e12]))
    steps = {name: tens[name].diff().drop_nulls().abs() for name in ("loss", f"accuracy_{SHOWN}")}
    ratio = {name: float(x.max()) / float(x.min()) for name, x in steps.items()}  # type: ignore[arg-type]
    gained = [f"{x:.3f}" for x in steps[f"accuracy_{SHOWN}"]]
    most = int(steps[f"accuracy_{SHOWN}"].arg_max() or 0)
    of = sigmoid(SHOWN)
    return [
        f"## {NAMES[SHOWN]}, one size after another",
        paragraph(f"""Each size is trained on {number(RATIO)} tokens per parameter. The first loss is that
            of `besiroglu2024`, in nats/token; the second, that of the right answers, in bits per byte;
            both fall evenly. The accuracy is a sigmoid of the second. The last column is one less the
            mean error on 17 tasks under `gadre2024-c4`, an exponential of a loss, which has no middle to
            be steep in."""),
        table("size | loss | loss of the answers | accuracy | 17 tasks, right", rows),
        paragraph(f"""From tenfold size to tenfold size the accuracy gains {", ".join(gained)}: most from
            {count(tens["params"][most])} to {count(tens["params"][most + 1])}. The largest gain is
            {number(ratio[f"accuracy_{SHOWN}"], 2)} times the smallest; the steps of the loss differ by
            {number(ratio["loss"], 2)} times, and only fall. A threshold on a graph of accuracy against
            size is what a sigmoid makes of a line."""),
        paragraph(f"""The accuracy is within {NEAR} of its floor, {of.floor:.3f}, as long as the loss of
            the answers is above {of.knee:.4f}: whoever looks only at models that small sees nothing
            happen, and may forecast that nothing will. The loss of the answers says otherwise from the
            first model on."""),
    ]


@cache
def thresholds() -> dict[str, tuple[float | None, ...]]:
    """Return for each task the sizes at which it leaves its floor, is steepest, and nears its ceiling."""
    return {
        task: tuple(
            size_at(task, loss) for loss in (sigmoid(task).knee, sigmoid(task).middle, sigmoid(task).top)
        )
        for task in NAMES
    }


def every_task() -> list[str]:
    """Return the section that compares the tasks."""
    rows = []
    for task, sizes in thresholds().items():
        of = sigmoid(task)
        shown = [
            "never" if size is None else "below 1 M" if size <= LEAST else count(size, 2) for size in sizes
        ]
        rows.append([NAMES[task], f"{of.floor:.3f}", f"{of.ceiling:.3f}", *shown])
    leave = {
        task: sizes[0] for task, sizes in thresholds().items() if sizes[0] is not None and sizes[0] > LEAST
    }
    first, last = min(leave, key=leave.__getitem__), max(leave, key=leave.__getitem__)
    spread = log10(leave[last] / leave[first])
    return [
        "## When each task emerges",
        paragraph(f"""Three sizes on {number(RATIO)} tokens per parameter: where the accuracy has gained
            {NEAR} over its floor, where it is steepest, and where it is within {NEAR} of its ceiling. The
            ladder was fitted on 190 M to 1.28 B parameters: the sizes far outside say what the formulas
            say."""),
        table("task | floor | ceiling | leaves the floor | steepest | nears the ceiling", rows),
        paragraph(f"""Of the tasks that leave their floor above 1 M parameters, {NAMES[first]} is first
            and {NAMES[last]} last, {number(spread, 2)} decades of size apart. Nothing of the kind shows
            in the loss: "emergence" is a property of the question, of how it is scored, and of where its
            sigmoid has its middle."""),
    ]


def measured() -> list[str]:
    """Return the section that holds forecasts against what was measured."""
    size, tokens = TARGET
    plan = {"params": [size], "tokens": [tokens]}
    names = [f"accuracy_{task}" for task in MEASURED]
    steps = table_of(plan, names).row(0, named=True)
    other = table_of(plan, ["loss", *names], "bhagia2024-c4").row(0, named=True)
    rows, errors = [], {}
    for task, found in MEASURED.items():
        ours, through = steps[f"accuracy_{task}"], other[f"accuracy_{task}"]
        errors[task] = ours / found - 1
        rows.append([NAMES[task], f"{ours:.3f}", f"{through:.3f}", f"{found:.3f}", percent(errors[task])])
    best = min(errors, key=lambda task: abs(errors[task]))
    worst = max(errors, key=lambda task: abs(errors[task]))
    return [
        "## Forecasts against what was measured",
        paragraph("""The ladder's sixteen models, of at most 1.28 B parameters, forecast one of 13 B on 5
            T tokens: ten times the size and twenty times the tokens."""),
        table("task | forecast | forecast through the loss on C4 | measured | error", rows),
        paragraph(f"""{NAMES[best]} comes out within {percent(abs(errors[best]))}, {NAMES[worst]} is
            {percent(abs(errors[worst]))} off. The loss on C4 was forecast at {other["loss"]:.3f} and
            measured at {MEASURED_C4:.3f}: {percent(1 - other["loss"] / MEASURED_C4)} too low, a great
            deal for a loss; the tasks have losses of their own for a reason."""),
    ]


@cache
def cheapest() -> pl.DataFrame:
    """Return the plans of least compute that answer so many questions right."""
    axes = {"params": iso.geomspace(1e8, 1e13, 1001), "tokens": iso.geomspace(1e9, 1e16, 1703)}
    asked = f"accuracy_{SHOWN}"
    plans = []
    for goal in GOALS:
        sweep = iso.Sweep(axes, where=f"{asked} >= {goal}")
        plans.append(sweep.best(minimize="train_flops", columns=[asked]).with_columns(goal=goal))
    return pl.concat(plans)


def to_pass() -> list[str]:
    """Return the section on the cheapest plan for a task."""
    rows = [
        [f"{row['goal']:.2f}", count(row["params"]), count(row["tokens"]), flop(row["train_flops"]),
         number(row["tokens"] / row["params"])]
        for row in cheapest().iter_rows(named=True)
    ]  # fmt: skip
    return [
        "## A task to pass",
        paragraph(f"""Put the other way round: the cheapest plan that passes {NAMES[SHOWN]}. In code this
            is `iso.Sweep(axes, where="accuracy_{SHOWN} >= 0.5").best(minimize="train_flops")`; no law is
            needed, the accuracy is a quantity of the accounting."""),
        table("at least | size | tokens | FLOP | tokens per parameter", rows),
    ]


def unanswered() -> list[str]:
    """Return what no law here can say."""
    return [
        "## What no law here says",
        points((
            """Accuracy when the answer is chosen by its letter: the ladder ranks whole answers by their
            likelihood. Choosing by letter is an ability of its own.""",
            """Tasks of many steps. If each step must be right, the accuracy is a power of that of one
            step, and a smooth gain looks steeper the longer the chain; we know of no coefficients.""",
            """Whether a task that has no sigmoid yet will get one: where all models are at the floor, its
            middle cannot be fitted.""",
            """What training after pre-training adds.""",
        )),
    ]  # fmt: skip


@cache
def page() -> str:
    """Return the text of docs/emergence.md."""
    sections = [
        MADE.format(module="emergence"),
        "# Emergence",
        paragraph("""Abilities are said to emerge: models below a size cannot, models above it can. The
            losses of the same models show no such size. Both are true of one model at once, and the
            accounting says both: `accuracy_mmlu` and the other accuracies are quantities as any other, of
            size and tokens."""),
        *one_task(),
        *every_task(),
        *to_pass(),
        *measured(),
        *unanswered(),
    ]
    return "\n\n".join(sections) + "\n"
