"""Laws of mixtures: stored and active parameters are never silently the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import isoflop as iso

LUDZIEJEWSKI = {"active_params": 1e9, "tokens": 1e10}


@pytest.mark.parametrize(
    ("law", "given", "asked", "ways"),
    [
        (
            "abnar2025",
            {"active_params": 1e9, "tokens": 1e10, "sparsity": 0.9},
            "weight_bytes",
            "give `params` or `activation`",
        ),
        (
            "abnar2025",
            {"active_params": 1e9, "tokens": 1e10, "sparsity": [0.0, 0.9]},
            "serving_bytes",
            "give `params` or `activation`",
        ),
        (
            "ludziejewski2025",
            {"params": 1e9, "tokens": 1e10, "experts": 8},
            "loss",
            "give `active_params` or `activation`",
        ),
        (
            "abnar2025",
            {"params": 1e9, "tokens": 1e10, "sparsity": [0.0, 0.5, 0.98]},
            "train_flops",
            "give `active_params` or `activation`",
        ),
        ("clark2022-rlr", {"params": 1e9, "tokens": 1e10, "experts": 8}, "loss", "give `active_params` or"),
    ],
)
def test_a_size_that_does_not_follow_is_refused_with_the_ways_out(
    law: str, given: dict[str, Any], asked: str, ways: str
) -> None:
    with pytest.raises(iso.LawError) as caught:
        iso.Sweep(given, law=law).table(columns=asked)
    assert ways in str(caught.value)
    assert caught.value.law == law
    assert caught.value.missing == ("activation",)


@pytest.mark.filterwarnings("ignore::isoflop.EdgeWarning", "ignore::isoflop.ExtrapolationWarning")
def test_a_constraint_on_weights_counts_every_expert() -> None:
    given: dict[str, Any] = {"active_params": 3e10, "experts": [1, 8, 64], "train_flops": 1e24}
    sweep = iso.Sweep(given, law="ludziejewski2025")
    assert sweep.best(minimize="loss")["experts"].item() == 64
    # Only the dense one fits into 80 GB: with 64 experts they are 2.6 TB.
    assert sweep.replace(where="weight_bytes <= 80e9").best(minimize="loss")["experts"].item() == 1


@pytest.mark.parametrize(
    ("law", "given", "asked"),
    [
        ("ludziejewski2025", LUDZIEJEWSKI | {"experts": 64, "activation": 0.1}, "weight_bytes"),
        ("ludziejewski2025", LUDZIEJEWSKI | {"experts": 64, "params": 1e10}, "weight_bytes"),
        ("ludziejewski2025", LUDZIEJEWSKI | {"experts": 64}, "loss"),
        ("ludziejewski2025", LUDZIEJEWSKI | {"experts": 64}, "train_flops"),
        ("ludziejewski2025", LUDZIEJEWSKI | {"experts": 64}, "weight_bytes"),
        ("ludziejewski2025", LUDZIEJEWSKI | {"experts": 1}, "weight_bytes"),
        ("abnar2025", {"params": 1e9, "tokens": 1e10, "sparsity": 0}, "train_flops"),
        ("abnar2025", {"params": 1e9, "tokens": 1e10, "sparsity": [0.0, 0.9]}, "loss"),
        ("krajewski2024", {"non_embedding_params": 1e9, "tokens": 1e11, "granularity": 8}, "train_flops"),
    ],
)
def test_what_follows_and_what_is_dense_is_answered(law: str, given: dict[str, Any], asked: str) -> None:
    assert iso.Sweep(given, law=law).table(columns=asked).height >= 1


def test_the_ways_out_work() -> None:
    given = LUDZIEJEWSKI | {"experts": 64}
    for way in ({"params": 1e10}, {"activation": 0.1}):
        weights = (
            iso.Sweep(given | way, law="ludziejewski2025")
            .table(columns="weight_bytes")["weight_bytes"]
            .item()
        )
        assert weights == pytest.approx(2e10)


def test_a_law_alone_is_held_to_it_too() -> None:
    law = iso.law("ludziejewski2025")
    with pytest.raises(iso.LawError, match="give `active_params` or `activation`"):
        law.loss(params=1e9, tokens=1e10, experts=8)
    assert law.loss(params=1e9, tokens=1e10, experts=1) == law.loss(**LUDZIEJEWSKI, experts=1)
    found = law.loss(**LUDZIEJEWSKI, experts=np.array([1.0, 8.0]))
    assert isinstance(found, np.ndarray)
    with pytest.raises(iso.LawError, match="`abnar2025` is a law of mixtures"):
        iso.law("abnar2025").compute_optimal(1e21, sparsity=0.8)
