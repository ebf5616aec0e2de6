"""A small sweep, to ask what fails or warns."""

from __future__ import annotations

from typing import Any

import polars as pl

import isoflop as iso

LAW = iso.Law(
    "E + A/effective_params**0.34 + B/effective_tokens**0.28", {"E": 1.7, "A": 400.0, "B": 410.0}, id="mine"
)

POOL = pl.DataFrame({"pool": ["curated", "web"], "quality": [1.0, 0.4], "open": [True, False]})

CLOSE: dict[str, Any] = {"minimize": "loss", "within": 0.1}


def sweep(**changes: Any) -> iso.Sweep:
    axes: dict[str, Any] = {"params": [1e9, 1e10], "tokens": [1e10, 1e11, 1e12], "gpu_count": 64}
    return iso.Sweep(axes, law=LAW).replace(**changes)
