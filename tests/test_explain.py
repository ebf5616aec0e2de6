"""What explain tells."""

from __future__ import annotations

import polars as pl

import isoflop as iso

LAW = iso.Law(
    "E + A/effective_params**0.34 + B/effective_tokens**0.28", {"E": 1.7, "A": 400.0, "B": 410.0}, id="mine"
)

SWEEP = iso.Sweep(
    {
        "params": iso.geomspace(1e8, 1e11, 200),
        "tokens": iso.geomspace(1e9, 1e12, 300),
        "pool": pl.DataFrame({"pool": ["a", "b"], "quality": [1.0, 0.5]}),
        "gpu_count": 512,
    },
    law=LAW,
    quantities={"cost": "2*total_usd"},
    where="days <= 30",
)


def line(text: str, start: str) -> str:
    """The line that starts like this, without what aligns it."""
    return next(" ".join(one.split()) for one in text.splitlines() if one.strip().startswith(start))


def test_the_space_is_described_axis_by_axis() -> None:
    text = SWEEP.explain()
    assert line(text, "Space") == "Space: 120,000 configurations"
    assert line(text, "params") == "params 200 1e+08 to 1e+11"
    assert line(text, "pool") == "pool 2 linked: pool, quality"
    assert line(text, "gpu_count") == "gpu_count constant 512"


def test_without_objectives_it_is_about_loss_and_constraints() -> None:
    text = SWEEP.explain()
    assert line(text, "minimize") == "minimize loss"
    assert line(text, "where") == "where days <= 30"
    assert "minimize" not in SWEEP.replace(law=None).explain()


def test_objectives_are_named() -> None:
    text = SWEEP.explain(minimize="cost", maximize=["params", "tokens"])
    assert line(text, "minimize") == "minimize cost"
    assert line(text, "maximize") == "maximize params"


def test_it_shows_which_alternative_settles_a_quantity() -> None:
    assert line(SWEEP.explain(), "active_params") == "active_params = params * activation alternative"
    curve = iso.Sweep({"params": [1e9, 2e9], "train_flops": 1e21}, law=LAW).explain()
    assert "tokens = train_flops / (6*active_params + attention_flops_per_token)" in " ".join(curve.split())


def test_it_shows_defaults_with_unit_note_and_source() -> None:
    told = line(SWEEP.explain(), "peak_flops")
    assert told.startswith("peak_flops = 9.89e+14 FLOP/s default; H100 SXM, bf16; ")
    assert "data sheet" in told


def test_it_says_that_memory_is_of_weights_only() -> None:
    assert "weights only" in line(SWEEP.explain(minimize="serving_bytes"), "kv_bytes")


def test_it_tells_the_users_quantities_and_the_laws_coefficients_apart() -> None:
    text = SWEEP.explain(minimize=["cost", "loss"])
    assert line(text, "cost") == "cost = 2*total_usd yours"
    assert line(text, "A ") == "A = 400 mine, coefficient"
    assert line(text, "loss ").endswith("mine")


def test_terms_are_tabulated_on_the_axes_that_they_depend_on() -> None:
    text = SWEEP.explain(minimize="loss")
    tables = text[text.index("Tables") : text.index("Then")]
    assert "tokens x pool  600 entries  4.69 KiB" in tables


def test_it_tells_what_is_left_to_do_and_what_it_costs() -> None:
    text = SWEEP.explain(minimize=["loss", "days"], maximize="tokens")
    assert line(text, "operations")
    assert "enumerate" in line(text, "method")
    assert line(text, "cost ").startswith("cost about ")


def test_explaining_runs_nothing_large() -> None:
    sweep = iso.Sweep(
        {
            "params": iso.geomspace(1e8, 1e12, 10_000),
            "tokens": iso.geomspace(1e9, 1e14, 10_000),
            "quality": iso.linspace(0.5, 2, 10_000),
        },
        law="besiroglu2024",
    )
    assert "branch and bound over 1,000,000,000,000 configurations" in sweep.explain()
