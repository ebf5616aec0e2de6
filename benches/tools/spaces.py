"""The yardsticks: axes and formulas in NumPy, and the same question as an isoflop sweep.

isoflop is imported only where a sweep is made: a rival's memory is measured in a process without it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

if TYPE_CHECKING:
    import isoflop

Array = NDArray[np.float64]
Columns = Mapping[str, Array]

# besiroglu2024
E, A, B, ALPHA, BETA = 1.8172, 482.01, 2085.43, 0.3478, 0.3658
# kaplan2020, L(N, D)
N_C, D_C, A_N, A_D = 6.4e13, 1.8e13, 0.076, 0.103
# ludziejewski2025 as examples/moe_quality.toml writes it
MOE_LAW = Path(__file__).resolve().parents[2] / "examples" / "moe_quality.toml"
MOE = {
    "a": 35.91, "alpha": -0.1889, "delta": -0.2285, "gamma": 0.0098,
    "b": 35.98, "beta": -0.1775, "omega": 0.5529, "zeta": -0.0259,
    "E_start": 2.0732, "E_max": 290.4521, "c": 1.3637,
}  # fmt: skip
VOCABULARY = 50257

MOE_GAIN = 0.5
# The accounting's defaults: H100, dense bf16, at 35 % of its peak and 2 dollars an hour.
PEAK_FLOPS, MFU, USD_PER_GPU_HOUR = 9.89e14, 0.35, 2.0
FLOPS_PER_GPU_HOUR = PEAK_FLOPS * MFU * 3600
# What better data costs, in dollars for each token: grows with the cube of quality.
QUALITY_USD = 1e-7
FLOP_LIMIT = 1e24
WEIGHT_LIMIT = 640e9
# The shapes of `card` that only a search gets through in no time.
BILLION = (1000, 1000, 32, 32)
TRILLION = (10_000, 10_000, 100, 100)
USD = "train_usd + tokens*1e-7*quality**3"


def params(count: int) -> Array:
    return np.geomspace(1e8, 1e12, count)


def tokens(count: int) -> Array:
    return np.geomspace(1e9, 1e14, count)


def activation(count: int) -> Array:
    return np.geomspace(1 / 32, 1, count)


def quality(count: int) -> Array:
    return np.linspace(0.5, 2, count)


@dataclass(frozen=True)
class Space:
    """A yardstick: what every contestant is asked, and how an answer is read.

    `values` computes the objectives of configurations given by the columns of their axes; it is the common
    arithmetic in which answers are compared.
    """

    name: str
    axes: dict[str, Array]
    objectives: tuple[str, ...]
    values: Callable[[Columns], tuple[Array, ...]]
    law: str | Path
    """An identifier of the catalogue, or the sweep file that holds the law."""
    scalars: dict[str, float] = field(default_factory=dict)
    quantities: dict[str, str] = field(default_factory=dict)
    where: tuple[str, ...] = ()
    resolution: dict[str, float] = field(default_factory=dict)
    """By objective; isoflop's default for those not named."""

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(axis) for axis in self.axes.values())

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    def columns(self, index: NDArray[np.int64]) -> dict[str, Array]:
        """Return the axes' values of the configurations with these indices (row-major)."""
        positions = np.unravel_index(index, self.shape)
        return {name: axis[at] for (name, axis), at in zip(self.axes.items(), positions, strict=True)}

    def rows(self, index: NDArray[np.int64], *objectives: Array) -> pl.DataFrame:
        """Return an answer in the form that isoflop gives it: axes, then objectives, best first."""
        columns = self.columns(index) | dict(zip(self.objectives, objectives, strict=True))
        return pl.DataFrame(columns).sort(self.objectives)

    def index(self, frame: pl.DataFrame) -> NDArray[np.int64]:
        """Return the index of each row of an answer; its axes' values must be on the grid to the bit."""
        positions = []
        for name, axis in self.axes.items():
            values = frame[name].to_numpy()
            at = np.minimum(np.searchsorted(axis, values), len(axis) - 1)
            if not np.array_equal(axis[at], values):
                raise ValueError(f"{self.name}: column `{name}` holds values that are not on its axis")
            positions.append(at)
        return np.ravel_multi_index(tuple(positions), self.shape).astype(np.int64)

    def sweep(self) -> isoflop.Sweep:
        """Return the question as a sweep."""
        import isoflop as iso

        given: dict[str, Any] = {**self.axes, **self.scalars}
        law = iso.Sweep.from_toml(self.law).law if isinstance(self.law, Path) else self.law
        return iso.Sweep(given, law=law, quantities=self.quantities, where=list(self.where))

    def pareto(self, method: str = "enumerate") -> pl.DataFrame:
        """Answer the question with isoflop: make the sweep, search, return the frame.

        It enumerates unless told otherwise, as the rivals do: what a search leaves out says nothing about
        the loop.
        """
        objectives = list(self.objectives)
        return self.sweep().pareto(minimize=objectives, resolution=self.resolution or None, method=method)


def loss(effective_params: Array, effective_tokens: Array) -> Array:
    return E + A / effective_params**ALPHA + B / effective_tokens**BETA


def train_usd(train_flops: Array) -> Array:
    return train_flops / FLOPS_PER_GPU_HOUR * USD_PER_GPU_HOUR


def _card_values(at: Columns) -> tuple[Array, ...]:
    active = at["params"] * at["activation"]
    effective = active * (at["params"] / active) ** MOE_GAIN
    usd = train_usd(6 * active * at["tokens"]) + at["tokens"] * QUALITY_USD * at["quality"] ** 3
    return loss(effective, at["quality"] * at["tokens"]), usd


def card(n_params: int = 200, n_tokens: int = 200, n_activation: int = 25, n_quality: int = 20) -> Space:
    """Mixture-of-experts plans and data quality: loss against dollars, 2e7 configurations."""
    return Space(
        name="card",
        axes={
            "params": params(n_params),
            "tokens": tokens(n_tokens),
            "activation": activation(n_activation),
            "quality": quality(n_quality),
        },
        objectives=("loss", "usd"),
        values=_card_values,
        law="besiroglu2024",
        scalars={"moe_gain": MOE_GAIN},
        quantities={"usd": USD},
    )


def best(n_params: int = 500, n_tokens: int = 500, n_activation: int = 20, n_quality: int = 20) -> Space:
    """The axes of `card`, finer, 1e8 plans: least loss under a FLOP limit that one plan in ten exceeds."""
    return replace(
        card(n_params, n_tokens, n_activation, n_quality),
        name="best",
        objectives=("loss",),
        values=_best_values,
        quantities={},
        where=(f"train_flops <= {FLOP_LIMIT!r}",),
    )


def _best_values(at: Columns) -> tuple[Array, ...]:
    return _card_values(at)[:1]


def limited(*shape: int) -> Space:
    """Least loss under a FLOP limit, with weights that eight GPUs of 80 GB hold."""
    limits = (f"train_flops <= {FLOP_LIMIT!r}", f"weight_bytes <= {WEIGHT_LIMIT!r}")
    return replace(best(*shape), name="limited", where=limits)


def threeway(*shape: int) -> Space:
    """Loss and dollars as in `card`, and what a token costs to generate."""
    return replace(
        card(*shape),
        name="threeway",
        objectives=("loss", "usd", "inference_flops_per_token"),
        values=_threeway_values,
        resolution={"loss": 0.001, "usd": 0.05, "inference_flops_per_token": 0.05},
    )


def _threeway_values(at: Columns) -> tuple[Array, ...]:
    return *_card_values(at), 2 * (at["params"] * at["activation"])


def _plane_values(at: Columns) -> tuple[Array, ...]:
    return loss(at["params"], at["tokens"]), 6 * at["params"] * at["tokens"]


def plane(n_params: int = 1000, n_tokens: int = 1000) -> Space:
    """Dense plans: loss against training FLOPs, 1e6 configurations."""
    return Space(
        name="plane",
        axes={"params": params(n_params), "tokens": tokens(n_tokens)},
        objectives=("loss", "train_flops"),
        values=_plane_values,
        law="besiroglu2024",
    )


def _kaplan_values(at: Columns) -> tuple[Array, ...]:
    n, d = at["non_embedding_params"], at["tokens"]
    usd = train_usd(6 * n * d) + d * QUALITY_USD * at["quality"] ** 3
    return ((N_C / n) ** (A_N / A_D) + D_C / (at["quality"] * d)) ** A_D, usd


def kaplan(n_params: int = 2000, n_tokens: int = 2000, n_quality: int = 16) -> Space:
    """A law that does not separate into terms of fewer axes: loss against dollars, 6.4e7 configurations."""
    return Space(
        name="kaplan",
        axes={
            "non_embedding_params": params(n_params),
            "tokens": tokens(n_tokens),
            "quality": quality(n_quality),
        },
        objectives=("loss", "usd"),
        values=_kaplan_values,
        law="kaplan2020",
        # Costs count all parameters; here there are none but those.
        quantities={"params": "non_embedding_params", "usd": USD},
    )


def _moe_values(at: Columns) -> tuple[Array, ...]:
    width, experts, law = at["d_model"], at["experts"], MOE
    blocks = width / 64
    params = 2 * VOCABULARY * width + (4 + 9 * experts) * blocks * width**2
    active = 2 * VOCABULARY * width + 13 * blocks * width**2
    good = at["quality"] * at["tokens"]
    e_hat = 1 / (1 / (experts - 1 + 1 / (1 / law["E_start"] - 1 / law["E_max"])) + 1 / law["E_max"])
    capacity = law["a"] * e_hat ** law["delta"] * active ** (law["alpha"] + law["gamma"] * np.log(e_hat))
    data = law["b"] * e_hat ** law["omega"] * good ** (law["beta"] + law["zeta"] * np.log(e_hat))
    return capacity + data + law["c"], 6 * active * at["tokens"], 2 * params


def moe(n_width: int = 64, n_experts: int = 64, n_tokens: int = 2000, n_quality: int = 16) -> Space:
    """A law that models the experts itself: loss, FLOPs and bytes of weights, 1.31e8 configurations."""
    return Space(
        name="moe",
        axes={
            "d_model": 512 + 64 * np.arange(n_width, dtype=np.float64),
            "experts": 1 + np.arange(n_experts, dtype=np.float64),
            "tokens": tokens(n_tokens),
            "quality": quality(n_quality),
        },
        objectives=("loss", "train_flops", "weight_bytes"),
        values=_moe_values,
        law=MOE_LAW,
        scalars={"vocab_size": VOCABULARY},
        quantities={
            "blocks": "d_model / 64",
            "params": "2 * vocab_size * d_model + (4 + 9 * experts) * blocks * d_model**2",
            "active_params": "2 * vocab_size * d_model + 13 * blocks * d_model**2",
        },
        resolution={"loss": 0.01, "train_flops": 0.01, "weight_bytes": 0.01},
    )


def slabs(count: int, size: int) -> itertools.starmap[slice]:
    """Cut the first axis, of `count` values, into slices of at most `size`."""
    return itertools.starmap(slice, ((at, min(at + size, count)) for at in range(0, count, size)))
