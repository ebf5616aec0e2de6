"""What a plan is asked: arguments read and checked, so that the search need not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from isoflop._accounting.quantities import quantities
from isoflop._accounting.vocabulary import mixture_inputs
from isoflop._exceptions import LawError
from isoflop._law.catalogue import read_law
from isoflop._law.evaluate import evaluate
from isoflop._law.law import Law
from isoflop._law.optimum import optima
from isoflop._models.gpus import peak_flops
from isoflop._pareto.arguments import read_formulas
from isoflop._plan.choices import CHOSEN, Choice, dense_reference, read_choices, read_number, size_axis
from isoflop._plan.reads import names_of_loss, reads
from isoflop._sweep.pools import Pool, read_pools
from isoflop._text.given import read_frame, shown
from isoflop._text.numbers import number_text
from isoflop._text.spelling import did_you_mean
from isoflop.catalog.files import only_a_rule

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

GOALS = ("loss", "serving", "data")

# A budget is given by exactly one of these.
BUDGETS = "flops=; usd=; or gpu_count= with days="

NUMBERS = ("flops", "usd", "days", "serving_bytes", "train_flops_max", "target_loss", "within")
"""Arguments that are numbers and no inputs of the accounting."""

INPUTS = (
    "gpu_count",
    "unique_tokens",
    "quality",
    "usd_per_token",
    "params",
    "moe_gain",
    "inference_tokens",
    "mfu",
    "inference_mfu",
    "usd_per_gpu_hour",
)
"""Inputs of the accounting that `isoflop.plan` has by name; others come as further keywords."""

SOUGHT = ("tokens", "tokens_per_param", "epochs", "train_flops", "days", "loss")
"""Quantities that a plan looks for: limits go into ``where``."""

TEXTS = ("goal", "gpu", "gpus", "precision", "law", "pools", "where", "threads")

WITHIN = 0.05
"""Share of compute that a plan for serving may be worse by than the best for the budget."""

FEWEST_BYTES = 2e6
"""A smaller memory is a slip in the unit."""


class Budget(NamedTuple):
    """What may be spent at most: ``train_flops``, ``days`` or ``budget_usd``, and how much."""

    name: str
    value: float


class Limit(NamedTuple):
    """A constraint, and what a text calls it."""

    formula: str
    label: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question, ready to answer; the parameters are those of `isoflop.plan`.

    Attributes
    ----------
    scalars
        Inputs of the accounting by name: those given, and the peak of the GPU.
    given
        Which of them are arguments.
    limits
        The limits on a plan.
    size
        The axis of the size: ``params``, or ``active_params`` if the stored size follows from the law.
    choices
        What else is looked for, besides size, tokens and pools.
    reference
        What the law's own optimum needs to be known, to tell what a loss is worth in compute.
    """

    goal: str
    law: Law
    budget: Budget | None
    scalars: Mapping[str, float]
    given: frozenset[str]
    pools: tuple[Pool, ...]
    limits: tuple[Limit, ...]
    size: str
    choices: tuple[Choice, ...]
    target_loss: float | None
    within: float
    gpu: str
    precision: str
    threads: int | None
    reference: Mapping[str, float] = field(default_factory=dict)

    @property
    def where(self) -> tuple[str, ...]:
        """The limits as constraints."""
        return tuple(limit.formula for limit in self.limits)

    @property
    def sized(self) -> bool:
        """Whether the size is given."""
        return not self.scalars.keys().isdisjoint(("params", "active_params"))

    @property
    def mixture(self) -> bool:
        """Whether stored and active parameters may differ."""
        return self.size == "active_params" or not (
            {"activation", "active_params"}.isdisjoint(self.scalars)
            and all(choice.name != "activation" for choice in self.choices)
        )

    def value(self, name: str) -> float:
        """Return an input of the accounting: as given, else as the law has it, else its default."""
        if name in self.scalars:
            return self.scalars[name]
        if name in self.law.coefficients:
            return self.law.coefficients[name]
        default = quantities()[name].default
        assert default is not None, "asked only of inputs with a default"
        assert default.value is not None, "a default is a number"
        return default.value

    @property
    def usd_per_flop(self) -> float:
        """Price of a FLOP of training."""
        return self.value("usd_per_gpu_hour") / (self.value("peak_flops") * self.value("mfu") * 3600)

    @property
    def train_flops(self) -> float:
        """About how much training compute the budget buys, or the target takes."""
        budget = self.budget
        if budget is None:
            assert self.target_loss is not None, "one of the two is given"
            return self.worth(self.target_loss)
        if budget.name == "train_flops":
            return budget.value
        if budget.name == "days":
            speed = self.value("gpu_count") * self.value("peak_flops") * self.value("mfu")
            return budget.value * 86400 * speed
        return budget.value / self.usd_per_flop

    def worth(self, loss: float) -> float:
        """Return the compute at which the law's own optimum is as good."""
        return float(self.law.equivalent_flops(loss, **self.reference))

    def worths(self, losses: Floats) -> Floats:
        """Return it for several losses."""
        return np.asarray(self.law.equivalent_flops(losses, **self.reference))

    def loss_worth(self, flops: float) -> float:
        """Return the loss of the law's own optimum at some compute, or a hair less: never worth less."""
        for more in (1.0, 1 + 1e-6, 1 + 1e-5, 1 + 1e-4):
            (loss,) = optima(self.law, flops * more, None, self.reference)["loss"].tolist()
            if self.worth(loss) >= flops:
                break
        return float(loss)


def read_question(arguments: Mapping[str, Any]) -> Question:
    """Read the arguments of `isoflop.plan`; see there for the errors."""
    given = {name: value for name, value in arguments.items() if value is not None}
    goal = arguments["goal"]
    if goal not in GOALS:
        known = ", ".join(map(repr, GOALS))
        raise ValueError(f"goal must be one of {known}, not {shown(goal)}{did_you_mean(goal, GOALS)}")
    values = {name: read_number(name, given[name]) for name in (*NUMBERS, *INPUTS) if name in given}
    if values.get("serving_bytes", math.inf) < FEWEST_BYTES:
        given_bytes = f"serving_bytes={values['serving_bytes']:g}"
        raise ValueError(f"{given_bytes} has no room for a million parameters; it is in bytes, such as 640e9")
    for name in ("target_loss", "train_flops_max", "within"):
        if goal != "serving" and name in values:
            raise ValueError(f'{name}= is for goal="serving"; goal="{goal}" looks for the lowest loss')
    machine = _read_machine(arguments, given)
    pools = _read_pools(arguments["pools"], values)
    law = _read_law(arguments["law"])
    others = [name for name in given if name not in (*NUMBERS, *INPUTS, *CHOSEN, *TEXTS)]
    for name in others:
        _check_known(law, name)
        values[name] = read_number(name, given[name])
    given_inputs = {name: values[name] for name in (*INPUTS, *others) if name in values}
    choices, fixed = read_choices(law, given, given_inputs)
    given_inputs |= fixed
    question = Question(
        goal=goal,
        law=law,
        budget=_read_budget(values, optional="target_loss" in values and goal == "serving"),
        scalars=machine | given_inputs,
        given=frozenset(given_inputs),
        pools=pools,
        limits=_read_limits(arguments["where"], values),
        size=size_axis(law, given_inputs, choices),
        choices=choices,
        target_loss=values.get("target_loss"),
        within=values.get("within", WITHIN),
        gpu=str(arguments["gpu"]).lower(),
        precision=str(arguments["precision"]).lower(),
        threads=arguments["threads"],
        reference=dense_reference(law, given_inputs, choices),
    )
    _check_goal(question, values)
    _check_inputs(question)
    return question


def _check_known(law: Law, name: str) -> None:
    """Refuse a keyword that is no input, with the name that may have been meant."""
    rows = quantities()
    inputs = {key for key, row in rows.items() if not row.alternatives or row.default is not None}
    inputs |= {"active_params", *law.variables} - set(SOUGHT)
    if name in inputs and name not in law.coefficient_names:
        return
    if name in (*rows, *SOUGHT):
        raise TypeError(f"`{name}` is what a plan looks for; a limit on it goes into where=")
    known = (*NUMBERS, *INPUTS, *CHOSEN, *TEXTS, *inputs)
    raise TypeError(f"plan has no argument {name!r}{did_you_mean(name, known)}")


def _read_machine(arguments: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, float]:
    """Return peak, and price if a list has it, of the GPU."""
    gpu, precision = arguments["gpu"], arguments["precision"]
    if "gpus" not in given:
        return {} if "peak_flops" in given else {"peak_flops": peak_flops(gpu, precision)}
    frame = read_frame(given["gpus"], mixed=True)
    known = ("gpu", "precision", "peak_flops", "usd_per_gpu_hour", "mfu", "inference_mfu")
    for column in frame.columns:
        if column not in known:
            meant = did_you_mean(column, known)
            raise ValueError(f"gpus: unknown column `{column}`; the columns are {', '.join(known)}{meant}")
    if "gpu" not in frame.columns:
        raise ValueError("gpus: a column `gpu` with the name of each is needed")
    rows = [row for row in frame.to_dicts() if str(row["gpu"]).lower() == str(gpu).lower()]
    if "precision" in frame.columns:
        rows = [row for row in rows if str(row["precision"]).lower() == str(precision).lower()]
    if len(rows) != 1:
        names = ", ".join(dict.fromkeys(map(str, frame["gpu"])))
        count = "no" if not rows else f"{len(rows)} rows for"
        raise ValueError(
            f"gpus has {count} {shown(gpu)} in {shown(precision)}; it has {names}: name one by gpu="
        )
    found = {name: read_number(name, rows[0][name]) for name in known[2:] if rows[0].get(name) is not None}
    # What is given by name goes first.
    found = {name: value for name, value in found.items() if name not in given}
    if "peak_flops" not in found and "peak_flops" not in given:
        found["peak_flops"] = peak_flops(gpu, precision)
    return found


def _read_budget(values: Mapping[str, float], *, optional: bool) -> Budget | None:
    given = [name for name in ("flops", "usd", "days") if name in values]
    if optional and not given:
        return None
    if "days" in given and "gpu_count" not in values:
        raise ValueError(f"days={values['days']:g} of how many GPUs? give gpu_count= too")
    if len(given) == 1:
        (name,) = given
        axis = {"flops": "train_flops", "usd": "budget_usd", "days": "days"}[name]
        return Budget(axis, values[name])
    if given:
        listed = " and ".join(f"{name}=" for name in given)
        raise ValueError(f"{listed} are {len(given)} budgets; give exactly one: {BUDGETS}")
    if "gpu_count" in values:
        raise ValueError(f"gpu_count={values['gpu_count']:g} for how long? give days= too, or flops= or usd=")
    raise ValueError(f"a plan needs a budget; give exactly one: {BUDGETS}")


def _read_limits(where: object, values: Mapping[str, float]) -> tuple[Limit, ...]:
    limits = [Limit(formula, f"the limit `{formula}`") for formula in read_formulas(where, "where")]  # type: ignore[arg-type]
    for argument, name in (("serving_bytes", "serving_bytes"), ("train_flops_max", "train_flops")):
        if argument in values:
            value = values[argument]
            limits.append(Limit(f"{name} <= {value!r}", f"the limit on {name}, {number_text(value)},"))
    return tuple(limits)


def _read_pools(pools: object, values: Mapping[str, float]) -> tuple[Pool, ...]:
    found = read_pools(pools)
    for name in ("unique_tokens", "quality", "usd_per_token"):
        if found and name in values:
            raise ValueError(f"{name}= and pools= are both given; put {name} into the frame of pools")
    return found


def _read_law(law: object) -> Law:
    if only_a_rule(law):
        id = str(law).lower()
        message = (
            f"`{id}` is an allocation rule without a loss; it is among the second opinions of every plan"
        )
        raise LawError(f"{message}, which needs a law such as besiroglu2024", law=id)
    found = read_law(law)
    if found.optimal is not None and found.optimal.kind == "rule":
        message = (
            f"the optimum of `{found.id}` is a published rule, not the least loss at 6*N*D FLOP, so a plan "
        )
        raise LawError(f"{message}cannot rest on it; take another law, such as besiroglu2024", law=found.id)
    return found


# Checks -----------------------------------------------------------------------------------------------


def _check_goal(question: Question, values: Mapping[str, float]) -> None:
    goal = question.goal
    if goal == "serving" and not values.get("inference_tokens"):
        raise ValueError(
            'goal="serving" needs inference_tokens=, the tokens read and written over the life of the model'
        )
    if "within" in values and "target_loss" in values:
        raise ValueError("within= and target_loss= both say how good the model must be; give one")
    if goal == "data":
        if not question.sized:
            raise ValueError(
                'goal="data" needs params=, the size that is to be deployed; goal="loss" looks for one'
            )
        if not question.pools and "unique_tokens" not in values:
            raise ValueError('goal="data" needs to know the data: give pools=, or unique_tokens=')


def _check_inputs(question: Question) -> None:
    """Refuse a law whose loss does not follow from size and tokens, or that ignores what is given."""
    law, scalars = question.law, question.scalars
    # What a law must read for an argument to have an effect. Dense laws know of sparsity by moe_gain only.
    needed = {name: name for name in ("quality", "moe_gain", "unique_tokens")}
    sparse = scalars.get("activation", 1) < 1 or any(
        choice.name == "activation" for choice in question.choices
    )
    if sparse and not mixture_inputs(law) and not {"params", "active_params"} <= law.variables.keys():
        needed["activation"] = "moe_gain"
    given = [name for name in needed if name in scalars or (name == "activation" and sparse)]
    for name in (*given, *(["pools"] if question.pools else [])):
        if not reads(law, needed.get(name, "unique_tokens")):
            message = f"`{law.id}` does not read {name}; leave it out, or take a law that does"
            raise LawError(f"{message}, such as besiroglu2024", law=law.id)
    columns = {question.size: np.array([1e9]), "tokens": np.array([1e10])}
    numbers = {name: scalars[name] for name in law.variables if name in scalars and name not in columns}
    numbers |= {choice.name: float(choice.values[0]) for choice in question.choices}
    numbers |= {name: scalars[name] for name in ("moe_gain", "activation") if name in scalars and sparse}
    if question.size == "active_params" and "params" in law.variables:
        numbers.setdefault("activation", scalars.get("activation", 0.5))
    try:
        evaluate(law, ("loss",), columns, numbers, 1, idle=bool(numbers))
    except LawError as error:
        if not error.missing or error.missing == ("activation",):
            raise
        message = f"{error}, which a plan does not give; give it as a keyword, take a law of size and tokens"
        raise LawError(f"{message}, or ask iso.Sweep", law=law.id, missing=error.missing) from None
    law_reads = names_of_loss(law)
    if law_reads.isdisjoint(("tokens", "effective_tokens", "fresh_tokens", "train_flops")):
        raise LawError(f"`{law.id}` does not read tokens; take a law of size and tokens", law=law.id)
