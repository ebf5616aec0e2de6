"""Random questions of plans: all goals, pools with and without prices, mixtures, limits."""

from __future__ import annotations

from typing import Any

import numpy as np

LAWS = ("besiroglu2024", "besiroglu2024", "hoffmann2022", "gadre2024-c4", "sardana2024-mpt-all")


def question(seed: int) -> dict[str, Any]:
    """Draw the arguments of a plan; the seed alone decides."""
    draw = np.random.default_rng([seed, 4711])
    flops = 10 ** draw.uniform(20.5, 25)
    found: dict[str, Any] = {"law": str(draw.choice(LAWS))}
    hour = 9.89e14 * 0.35 * 3600
    kind = draw.integers(3)
    if kind == 0:
        found["flops"] = _rounded(flops)
    elif kind == 1:
        found["usd"] = _rounded(flops / hour * 2)
    else:
        found |= {"gpu_count": 1024.0, "days": _rounded(flops / hour / 24 / 1024)}
    goal = str(draw.choice(["loss", "loss", "serving", "data"]))
    found["goal"] = goal
    _mixture(draw, found)
    size = (flops / 120) ** 0.5
    tokens = 20 * size
    pools = int(draw.integers(6))
    if pools and found["law"] != "muennighoff2023":
        _pools(draw, found, pools, tokens, flops)
    elif draw.random() < 0.5 or goal == "data":
        found["unique_tokens"] = _rounded(tokens * 10 ** draw.uniform(-1.5, 1))
        if draw.random() < 0.5 and kind == 1:
            found["usd_per_token"] = _rounded(flops / hour * 2 / tokens * 10 ** draw.uniform(-2, 0.3))
    if goal == "serving":
        found["inference_tokens"] = _rounded(tokens * 10 ** draw.uniform(-1, 2))
        if draw.random() < 0.3:
            found["within"] = float(draw.choice([0.01, 0.1, 0.2]))
    if goal == "data":
        name = "active_params" if found["law"] == "ludziejewski2025" else "params"
        found[name] = _rounded(size * 10 ** draw.uniform(-0.7, 0.5))
    _limits(draw, found, size, tokens, flops)
    return found


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def _mixture(draw: np.random.Generator, found: dict[str, Any]) -> None:
    kind = draw.random()
    if kind < 0.25:
        found["moe_gain"] = _rounded(draw.uniform(0.1, 0.5))
        if draw.random() < 0.3:
            found["activation"] = float(draw.choice([0.5, 0.1, 0.03]))
        elif draw.random() < 0.3:
            found["activation"] = (0.05, 0.5)
    elif kind < 0.37:
        found["law"] = "ludziejewski2025"
        if draw.random() < 0.3:
            found["experts"] = float(draw.integers(1, 33))
    elif kind < 0.42:
        found["law"] = "muennighoff2023"


def _pools(draw: np.random.Generator, found: dict[str, Any], count: int, tokens: float, flops: float) -> None:
    supplies = [
        None if draw.random() < 0.2 else _rounded(tokens * 10 ** draw.uniform(-2, 1)) for _ in range(count)
    ]
    found["pools"] = {
        "pool": [f"p{number}" for number in range(count)],
        "quality": [_rounded(x) for x in draw.uniform(0.3, 1.4, count)],
        "unique_tokens": supplies,
    }
    if draw.random() < 0.5:
        usd = flops / (9.89e14 * 0.35 * 3600) * 2 / tokens
        prices = [
            0.0 if draw.random() < 0.3 else _rounded(usd * 10 ** draw.uniform(-2, 0.5)) for _ in range(count)
        ]
        found["pools"]["usd_per_token"] = prices


def _limits(
    draw: np.random.Generator, found: dict[str, Any], size: float, tokens: float, flops: float
) -> None:
    if draw.random() < 0.25:
        found["serving_bytes"] = max(_rounded(2 * size * 10 ** draw.uniform(-0.5, 1.5)), 3e6)
    near = float(draw.uniform(0.4, 2.5))
    limits = [
        f"active_params <= {_rounded(size * near):.3g}",
        f"params <= {_rounded(size * near * 2):.3g}",
        f"tokens_per_param >= {_rounded(20 * near):.3g}",
        f"tokens_per_param <= {_rounded(20 * near):.3g}",
        f"tokens <= {_rounded(tokens * near):.3g}",
        f"train_flops <= {_rounded(flops * near):.3g}",
        f"tokens >= {_rounded(tokens * near / 3):.3g}",
        f"tokens <= {_rounded(20 * near):.3g} * active_params",
    ]
    if "pools" in found:
        limits += [
            f"p0_tokens <= {_rounded(draw.uniform(0.1, 0.6)):.3g} * tokens",
            f"p0_tokens >= {_rounded(draw.uniform(0.05, 0.4)):.3g} * tokens",
        ]
        if found["pools"]["unique_tokens"][0] is not None:
            limits.append(f"p0_epochs <= {_rounded(draw.uniform(0.5, 4)):.3g}")
        if "usd_per_token" in found["pools"]:
            limits.append(f"total_usd <= {_rounded(flops * 2 / (9.89e14 * 0.35 * 3600) * near):.3g}")
    wanted = int(draw.choice([0, 0, 1, 1, 2]))
    if wanted:
        found["where"] = [str(text) for text in draw.choice(limits, wanted, replace=False)]
