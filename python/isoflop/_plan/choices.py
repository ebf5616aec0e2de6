"""Inputs of a plan: numbers within their domains, and what it may choose among mixtures of experts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from isoflop._accounting.domains import checked, domains
from isoflop._accounting.mixtures import DENSE
from isoflop._accounting.vocabulary import mixture_inputs
from isoflop._exceptions import LawError
from isoflop._law.law import Law
from isoflop._text.given import read_real, read_reals, shown

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

CHOSEN = ("activation", "experts", "granularity", "sparsity")
"""Inputs that a plan may choose."""

POSITIVE = ("usd_per_gpu_hour", "gpu_count", "days", "unique_tokens")
"""Inputs that may be 0 in a sweep, of which no plan follows."""

LEAST_ACTIVATION = 1 / 64
"""The sparsest mixture that is looked at if no range is given."""

VALUES = 65
"""Values of a choice between two ends."""

EXTREME = 1e40
"""A larger number is a slip, or beyond what laws resolve; so is one below its inverse."""


class Choice(NamedTuple):
    """Values of an input to choose from; between them lies nothing if they are `discrete`."""

    name: str
    values: Floats
    discrete: bool


def read_number(name: str, value: object) -> float:
    try:
        number = read_real(value, name)
    except TypeError as error:
        raise ValueError(str(error)) from None
    domain = domains().get(name)
    zero = name == "within" or (domain is not None and domain.least <= 0 and name not in POSITIVE)
    if not math.isfinite(number) or number < 0 or (number == 0 and not zero):
        least = "0 or more" if zero else "positive"
        raise ValueError(f"{name} must be {least} and finite, not {shown(value)}")
    if name == "within" and number >= 1:
        raise ValueError(f"within must be below 1, not {shown(value)}: it is a share of compute")
    if number and not 1 / EXTREME <= number <= EXTREME:
        raise ValueError(f"{name} must be between {1 / EXTREME:g} and {EXTREME:g}, not {shown(value)}")
    if wrong := checked(name, number):
        raise ValueError(wrong)
    return number


def read_choices(
    law: Law, given: Mapping[str, Any], inputs: Mapping[str, float]
) -> tuple[tuple[Choice, ...], dict[str, float]]:
    """Return what is to be chosen among mixtures, and what of them is given as one number."""
    choices: list[Choice] = []
    fixed: dict[str, float] = {}
    reads = mixture_inputs(law)
    for name in CHOSEN:
        if name in given:
            value = given[name]
            if name != "activation" and name not in law.inputs:
                raise LawError(
                    f"`{law.id}` does not read {name}; leave it out, or take a law that does", law=law.id
                )
            if isinstance(value, tuple) and len(value) == 2:
                low, high = (read_number(name, end) for end in value)
                if not low < high:
                    raise ValueError(f"{name}={value} must rise: the lowest and the highest value")
                choices.append(_between(name, low, high))
            elif np.ndim(value) or (isinstance(value, Sequence) and not isinstance(value, str)):
                numbers = np.unique(read_reals(value if isinstance(value, np.ndarray) else list(value), name))
                for number in numbers.tolist():
                    read_number(name, number)
                choices.append(Choice(name, numbers, True))
            else:
                fixed[name] = read_number(name, value)
        elif name in reads:
            found = law.variables[name].range
            if found is None:
                ways = f"{name}=, a number, several to choose from, or the ends of a range as in (low, high)"
                raise LawError(
                    f"`{law.id}` reads {name} and states no fitted range of it; give {ways}", law=law.id
                )
            choices.append(_between(name, *found))
        elif name == "activation" and "active_params" not in inputs:
            # Experts that are worth nothing are not looked for.
            sparse = inputs.get("moe_gain", 0) > 0 and "moe_gain" in law.inputs and not reads
            if sparse or {"params", "active_params"} <= law.variables.keys():
                choices.append(_between(name, LEAST_ACTIVATION, 1.0))
    return tuple(choices), fixed


def _between(name: str, low: float, high: float) -> Choice:
    if name == "experts":
        low, high = math.ceil(low), math.floor(high)
        whole = (
            np.arange(low, high + 1) if high - low < 4 * VALUES else np.geomspace(low, high, VALUES).round()
        )
        return Choice(name, np.unique(whole.astype(float)), True)
    spaced = np.linspace if name == "sparsity" or low <= 0 else np.geomspace
    return Choice(name, spaced(low, high, VALUES), False)


def size_axis(law: Law, inputs: Mapping[str, float], choices: Sequence[Choice]) -> str:
    if "active_params" in inputs:
        return "active_params"
    named = {choice.name for choice in choices} | inputs.keys()
    follows = law.stored is not None and named.isdisjoint(("params", "activation"))
    active = "active_params" in law.variables and "params" not in law.variables
    return "active_params" if (follows or active) and "params" not in inputs else "params"


def dense_reference(law: Law, inputs: Mapping[str, float], choices: Sequence[Choice]) -> dict[str, float]:
    """Return the inputs at which losses are told as compute: those of a dense model, and what is given."""
    needed = {choice.name: float(choice.values[0]) for choice in choices if choice.name != "activation"}
    reads = mixture_inputs(law)
    found = {name: DENSE.get(name, needed.get(name, inputs.get(name, 1.0))) for name in reads}
    extra = {"params", "active_params", "tokens", "unique_tokens", "quality", *found, *_sizes()}
    found |= {name: inputs[name] for name in law.variables if name in inputs and name not in extra}
    return found


def _sizes() -> tuple[str, ...]:
    return ("non_embedding_params", "active_non_embedding_params")
