"""Sensible shapes: all that keep the rules, and no other."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

import isoflop as iso
from isoflop._architecture.shapes import ASPECT, FEED_FORWARD

pytestmark = pytest.mark.filterwarnings("ignore::isoflop.ExtrapolationWarning")


def naive(low: float, high: float, vocab_size: int) -> list[tuple[int, ...]]:
    """Every llama within the rules, one after the other."""
    found = []
    for d_model in range(128, 2048, 128):
        for layers, d_ff, head in product(
            range(1, d_model // 32 + 1), range(128, 8 * d_model + 1, 128), (64, 128)
        ):
            heads = d_model // head
            if not 32 <= d_model / layers <= 200 or not 2.5 <= d_ff / d_model <= 8:
                continue
            kv = 8 if heads % 8 == 0 and heads > 8 else heads
            layer = 2 * d_model**2 + 2 * d_model * kv * head + 3 * d_model * d_ff + 2 * d_model
            params = 2 * vocab_size * d_model + d_model + layers * layer
            if low <= params <= high:
                found.append((params, layers, d_model, heads, kv, d_ff))
    return sorted(found)


def test_shapes_are_all_that_keep_the_rules() -> None:
    frame = iso.shapes("llama", params=(9e7, 1e8), vocab_size=32000, columns=["params"])
    found = frame.select("params", "layers", "d_model", "heads", "kv_heads", "d_ff").rows()
    assert frame["params"].is_sorted()
    assert sorted(found) == naive(9e7, 1e8, 32000)


def test_default_ranges_hold_the_models_of_the_catalogue() -> None:
    for id in iso.architectures()["id"]:
        for check in iso.architecture(id).checks:
            at = check.at
            if "layers" in at and "d_model" in at:
                assert ASPECT[0] <= at["d_model"] / at["layers"] <= ASPECT[1], check.model
            if "d_ff_expert" in at:
                met = at["top_k"] + at.get("shared_experts", 0)
                assert FEED_FORWARD[0] <= met * at["d_ff_expert"] / at["d_model"] <= FEED_FORWARD[1]
            elif "d_ff" in at:
                assert FEED_FORWARD[0] <= at["d_ff"] / at["d_model"] <= FEED_FORWARD[1], check.model


def test_a_real_model_is_among_them() -> None:
    frame = iso.shapes("llama", params=(8e9, 8.1e9), vocab_size=128256)
    assert frame.filter(layers=32, d_model=4096, heads=32, kv_heads=8, d_ff=14336).height == 1


def test_shapes_are_a_linked_axis_of_a_sweep() -> None:
    frame = iso.shapes("llama", params=(1e9, 1.01e9), vocab_size=32000)
    sweep = iso.Sweep(
        {"shape": frame, "tokens": [2e10, 4e10], "context": 2048}, architecture="llama", law="besiroglu2024"
    )
    table = sweep.table(columns=["params"])
    assert table.height == 2 * frame.height
    assert table["params"].is_between(1e9, 1.01e9).all()
    shown = iso.shapes("llama", params=(1e9, 1.01e9), vocab_size=32000, columns=["params"])
    with pytest.raises(iso.SpaceError, match="`params` follows from the shape"):
        iso.Sweep({"shape": shown, "tokens": 2e10}, architecture="llama")


def test_mixtures_have_shapes_too() -> None:
    frame = iso.shapes(
        "qwen3-moe",
        params=(3e10, 3.1e10),
        vocab_size=151936,
        experts=[64, 128],
        top_k=8,
        columns=["active_params"],
    )
    assert set(frame["experts"]) == {64, 128}
    assert (frame["d_ff_expert"] % 128 == 0).all()
    assert frame["active_params"].max() < 3e10  # type: ignore[operator]


def test_latent_attention_has_shapes_too() -> None:
    frame = iso.shapes(
        "deepseek3", params=(1.5e10, 1.6e10), vocab_size=102400, experts=64, top_k=6, shared_experts=2
    )
    assert frame.filter(frame["d_ff"] != 8 * frame["d_ff_expert"]).height == 0


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"params": (1, 2)}, iso.ArchitectureError, "no shape of `llama`"),
        ({"params": (2e9, 1e9)}, ValueError, "params must be two numbers"),
        ({"aspect": (0, 3)}, ValueError, "aspect must be two numbers"),
        ({"vocab_size": None}, iso.ArchitectureError, "need `vocab_size`"),
        ({"experts": 8}, iso.ArchitectureError, "`experts` is no dimension"),
        ({"width_multiple": 0}, ValueError, "width_multiple"),
        ({"params": (1e9, 1e13)}, iso.LimitError, "narrow params"),
    ],
)
def test_impossible_rules_are_refused(changes: dict[str, Any], error: type[Exception], message: str) -> None:
    arguments: dict[str, Any] = {"params": (1e9, 1.1e9), "vocab_size": 32000} | changes
    arguments = {name: value for name, value in arguments.items() if value is not None}
    with pytest.raises(error, match=message):
        iso.shapes("llama", **arguments)
