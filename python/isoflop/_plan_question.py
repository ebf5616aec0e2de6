"""What a plan is asked: arguments read and checked, so that the search need not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from isoflop._accounting.domains import checked
from isoflop._accounting.quantities import quantities
from isoflop._exceptions import LawError
from isoflop._law.catalogue import read_law
from isoflop._law.evaluate import evaluate
from isoflop._law.law import Law
from isoflop._models.gpus import peak_flops
from isoflop._pareto.arguments import read_formulas
from isoflop._sweep.pools import Pool, read_pools
from isoflop._text.given import read_real, shown
from isoflop._text.spelling import did_you_mean
from isoflop.catalog.files import only_a_rule

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

GOALS = ("loss", "serving", "data")

# A budget is given by exactly one of these.
BUDGETS = "flops=; usd=; or gpu_count= with days="

INPUTS = (
    "gpu_count",
    "unique_tokens",
    "quality",
    "usd_per_token",
    "activation",
    "moe_gain",
    "inference_tokens",
    "mfu",
    "inference_mfu",
    "usd_per_gpu_hour",
)
"""Arguments that are inputs of the accounting, by the same name."""

BYTES_PER_PARAM = 2
"""Of the accounting: a plan knows of no shape, so weights are all that serving takes."""

FEWEST_BYTES = 2e6
"""A smaller memory is a slip in the unit."""

MAY_BE_ZERO = ("usd_per_token", "inference_tokens", "moe_gain")

EXTREME = 1e40
"""A larger number is a slip, or beyond what laws resolve; so is one below its inverse."""


class Budget(NamedTuple):
    """What may be spent.

    Attributes
    ----------
    name
        Its axis: ``train_flops``, ``days`` or ``budget_usd``.
    value
        How much.
    lifetime
        It pays for serving, too.
    """

    name: str
    value: float
    lifetime: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A question, ready to answer; the parameters are those of `isoflop.plan`.

    Attributes
    ----------
    scalars
        Inputs of the accounting by name: those given, and the peak of the GPU.
    where
        The limits on a plan as constraints; they do not hold for the model that sets a target loss.
    most_params
        The largest size that the limit on serving leaves.
    mixture
        The share of active parameters is looked for.
    """

    goal: str
    law: Law
    budget: Budget | None
    scalars: Mapping[str, float]
    pools: tuple[Pool, ...]
    where: tuple[str, ...]
    params: float | None
    most_params: float
    mixture: bool
    target_loss: float | None
    gpu: str
    precision: str
    threads: int | None

    def value(self, name: str) -> float:
        """Return an input of the accounting: as given, else its default."""
        if name in self.scalars:
            return self.scalars[name]
        default = quantities()[name].default
        assert default is not None, "asked only of inputs with a default"
        assert default.value is not None, "a default is a number"
        return default.value

    @property
    def usd_per_flop(self) -> float:
        """Price of a FLOP of training."""
        return self.value("usd_per_gpu_hour") / (self.value("peak_flops") * self.value("mfu") * 3600)

    def train_flops(self, budget: Budget, amounts: Floats) -> Floats:
        """Return about how much training compute amounts of a budget buy, data and serving left out."""
        if budget.name == "train_flops":
            return amounts
        if budget.name == "days":
            speed = self.value("gpu_count") * self.value("peak_flops") * self.value("mfu")
            return amounts * 86400 * speed
        return amounts / self.usd_per_flop


def read_question(arguments: Mapping[str, Any]) -> Question:
    """Read the arguments of `isoflop.plan`; see there for the errors."""
    given = {name: value for name, value in arguments.items() if value is not None}
    goal = arguments["goal"]
    if goal not in GOALS:
        known = ", ".join(map(repr, GOALS))
        raise ValueError(f"goal must be one of {known}, not {shown(goal)}{did_you_mean(goal, GOALS)}")
    numbers = ("flops", "usd", "days", "params", "serving_bytes", "train_flops_max", "target_loss")
    values = {name: _read_number(name, given[name]) for name in (*numbers, *INPUTS) if name in given}
    if values.get("serving_bytes", math.inf) < FEWEST_BYTES:
        given_bytes = f"serving_bytes={values['serving_bytes']:g}"
        raise ValueError(f"{given_bytes} has no room for a million parameters; it is in bytes, such as 640e9")
    peak = peak_flops(arguments["gpu"], arguments["precision"])
    pools = _read_pools(arguments["pools"], values)
    law = _read_law(arguments["law"])
    # Experts that are worth nothing are not looked for.
    mixture = values.get("moe_gain", 0) > 0 and "activation" not in values
    where = list(read_formulas(arguments["where"], "where"))
    if "serving_bytes" in values:
        where.append(f"serving_bytes <= {values['serving_bytes']!r}")
    if "train_flops_max" in values:
        where.append(f"train_flops <= {values['train_flops_max']!r}")
    question = Question(
        goal=goal,
        law=law,
        budget=_read_budget(values, optional="target_loss" in values),
        scalars={name: values[name] for name in INPUTS if name in values} | {"peak_flops": peak},
        pools=pools,
        where=tuple(where),
        params=values.get("params"),
        most_params=values.get("serving_bytes", math.inf) / BYTES_PER_PARAM,
        mixture=mixture,
        target_loss=values.get("target_loss"),
        gpu=arguments["gpu"].lower(),
        precision=arguments["precision"].lower(),
        threads=arguments["threads"],
    )
    _check_goal(question, values)
    _check_inputs(question)
    return question


def _read_number(name: str, value: object) -> float:
    try:
        number = read_real(value, name)
    except TypeError as error:
        raise ValueError(str(error)) from None
    if not math.isfinite(number) or number < 0 or (number == 0 and name not in MAY_BE_ZERO):
        least = "0 or more" if name in MAY_BE_ZERO else "positive"
        raise ValueError(f"{name} must be {least} and finite, not {shown(value)}")
    if number and not 1 / EXTREME <= number <= EXTREME:
        raise ValueError(f"{name} must be between {1 / EXTREME:g} and {EXTREME:g}, not {shown(value)}")
    if wrong := checked(name, number):
        raise ValueError(wrong)
    return number


def _read_budget(values: Mapping[str, float], *, optional: bool) -> Budget | None:
    given = [name for name in ("flops", "usd", "days") if name in values]
    if optional:
        if given:
            raise ValueError(
                f"a budget ({_listed(given)}) sets the target loss, and target_loss= is given too; give one"
            )
        return None
    if "days" in given and "gpu_count" not in values:
        raise ValueError(f"days={values['days']:g} of how many GPUs? give gpu_count= too")
    if len(given) == 1:
        (name,) = given
        axis = {"flops": "train_flops", "usd": "budget_usd", "days": "days"}[name]
        return Budget(axis, values[name])
    if given:
        raise ValueError(f"{_listed(given)} are {len(given)} budgets; give exactly one: {BUDGETS}")
    if "gpu_count" in values:
        raise ValueError(f"gpu_count={values['gpu_count']:g} for how long? give days= too, or flops= or usd=")
    raise ValueError(f"a plan needs a budget; give exactly one: {BUDGETS}")


def _listed(names: list[str]) -> str:
    return " and ".join(f"{name}=" for name in names)


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


def _check_goal(question: Question, values: Mapping[str, float]) -> None:
    goal = question.goal
    if goal == "serving" and not values.get("inference_tokens"):
        raise ValueError(
            'goal="serving" needs inference_tokens=, the tokens read and written over the life of the model'
        )
    for name in ("target_loss", "train_flops_max"):
        if goal != "serving" and name in values:
            raise ValueError(f'{name}= is for goal="serving"; goal="{goal}" spends the budget')
    if goal == "data":
        if question.params is None:
            raise ValueError(
                'goal="data" needs params=, the size that is to be deployed; goal="loss" looks for one'
            )
        if not question.pools and "unique_tokens" not in values:
            raise ValueError('goal="data" needs to know the data: give pools=, or unique_tokens=')


def _reads(law: Law, name: str) -> bool:
    """Tell whether the loss depends on an input where size and tokens are given."""
    # A supply may also give the tokens, by epochs: then it is an input of every law that reads tokens.
    if name == "unique_tokens":
        return name in law.variables or "fresh_tokens" in law.inputs
    return name in law.inputs


def _check_inputs(question: Question) -> None:
    """Refuse a law whose loss does not follow from size and tokens, or that ignores what is given."""
    law = question.law
    if law.of_mixtures:
        message = f"`{law.id}` counts the total size of a mixture of experts, of which a plan knows nothing"
        raise LawError(f"{message}; take another law, such as besiroglu2024, or ask iso.Sweep", law=law.id)
    # What a law must read for an argument to have an effect. Dense laws know of sparsity by moe_gain only.
    needed = {name: name for name in ("quality", "moe_gain", "unique_tokens")}
    if question.scalars.get("activation", 1) < 1:
        needed["activation"] = "moe_gain"
    given = [name for name in needed if name in question.scalars]
    for name in (*given, *(["pools"] if question.pools else [])):
        if not _reads(law, needed.get(name, "unique_tokens")):
            message = f"`{law.id}` does not read {name}; leave it out, or take a law that does"
            raise LawError(f"{message}, such as besiroglu2024", law=law.id)
    try:
        evaluate(law, ("loss",), {"params": np.array([1e9]), "tokens": np.array([1e10])}, {}, 1)
    except LawError as error:
        if not error.missing:
            raise
        message = f"{error}, which a plan does not give; take a law of size and tokens, or ask iso.Sweep"
        raise LawError(message, law=law.id, missing=error.missing) from None
