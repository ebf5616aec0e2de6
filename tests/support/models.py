"""Models to diagnose, one at a time."""

from __future__ import annotations

from typing import Any

import isoflop as iso

NUMBERS = (
    "tokens_per_param", "optimal_params", "optimal_tokens", "loss", "optimal_loss", "compute_efficiency",
    "extrapolation",
)  # fmt: skip

DENSE = {"name": "dense", "params": 8e9, "active_params": 8e9, "tokens": 1e12}

MIXTURE = {"name": "mixture", "params": 64e9, "active_params": 8e9, "tokens": 1e12}


def one(**row: Any) -> dict[str, Any]:
    """Diagnose one model."""
    law, gain = row.pop("law", "besiroglu2024"), row.pop("moe_gain", None)
    return iso.diagnose([row], law, moe_gain=gain).row(0, named=True)
