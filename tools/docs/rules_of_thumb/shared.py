"""What sections share: marks of extrapolation, efficiency, and which laws speak of size and tokens alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

import isoflop as iso

Floats: TypeAlias = NDArray[np.float64]
FAR = 2.0
"""Decades outside a fitted range from which a value is marked."""


def mark(extrapolation: float | None) -> str:
    """Return the mark of a value by how far it is extrapolated; None if the law states no range."""
    if extrapolation is None:
        return "‡"
    return "†" if extrapolation > FAR else ""


def marks(frame: pl.DataFrame) -> list[str]:
    """Return the marks of the rows of a frame of optima."""
    if "extrapolation" not in frame.columns:
        return [mark(None)] * frame.height
    return [mark(value) for value in frame["extrapolation"]]


def share(law: iso.Law, flops: Floats | float, loss: Floats | float) -> Floats:
    """Return compute-efficiency: equivalent compute over training compute."""
    return np.asarray(law.equivalent_flops(loss)) / flops


def first_sign_change(of: Callable[[Floats], Floats], low: float, high: float) -> float | None:
    """Return where a function of a positive number first changes sign, None if it does not."""
    for _ in range(4):
        grid = np.asarray(iso.geomspace(low, high, 1001))
        change = np.flatnonzero(np.diff(np.sign(of(grid))))
        if not change.size:
            return None
        low, high = grid[change[0]], grid[change[0] + 1]
    return float(low)


DENSE_SETTINGS: dict[str, dict[str, float]] = {
    "abnar2025": {"sparsity": 0.0},
    "ludziejewski2025": {"experts": 1.0},
    "kumar2024": {"weight_bits": 16.0, "activation_bits": 16.0, "kv_bits": 16.0},
}
NOT_BY_SIZE = {
    "clark2022-hash": "no tokens in them",
    "clark2022-rlr": "no tokens in them",
    "clark2022-sbase": "no tokens in them",
    "kaplan2020-params": "no tokens in them",
    "kaplan2020-steps": "no tokens in them",
    "kaplan2020-tokens": "no size in it",
    "kaplan2020-compute": "compute alone",
    "frantar2023-t5": "no left-to-right language model",
    "frantar2023-vit": "no language model",
    "krajewski2024": "no dense model in them",
    "zhao2025": "no dense model in them",
    "tao2024": "needs a vocabulary",
    "hossain2025": "its exponent of 0.08 in the size is meant for comparing sparsities",
    "qin2026-paraphrases": "needs paraphrases",
    "liu2026": "needs a mixture",
    "chen2025-qat-w4a4": "need a group size",
    "chen2025-qat-w4a16": "need a group size",
    "chen2025-qat-w16a4": "need a group size",
    "chen2025-qat-w4a4-fc2": "need a group size",
    "chen2025-qat-w16a4-fc2": "need a group size",
    "sun2025": "trained in few bits",
    "ouyang2024": "quantised",
    "zhang2024-ende-full": "for fine-tuning",
    "zhang2024-ende-prompt": "for fine-tuning",
    "zhang2024-ende-lora": "for fine-tuning",
    "zhang2024-enzh-full": "for fine-tuning",
    "zhang2024-enzh-prompt": "for fine-tuning",
    "zhang2024-enzh-lora": "for fine-tuning",
    "zhang2024-mlsum-full": "for fine-tuning",
    "zhang2024-mlsum-prompt": "for fine-tuning",
    "zhang2024-mlsum-lora": "for fine-tuning",
    "busbridge2025-student": "needs a teacher",
    "delphi2026-minima": "no size in it",
    "marin2026-moe": "compute alone",
    "marin2026-moe-c4": "compute alone",
    "marin2026-muonh": "compute alone",
    "ye2024": "needs a mixture",
    "chen2025-parallel-python": "no tokens in them",
    "chen2025-parallel-pile": "no tokens in them",
    "russell2026": "needs a share of text by models",
    "ye2024-github": "needs a mixture",
    "ye2024-pile-cc": "needs a mixture",
    "ye2024-pile-cc-160m": "needs a mixture",
}
