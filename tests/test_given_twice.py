"""No degree of freedom is given twice, unless the values agree or were measured together."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import isoflop as iso
from isoflop._accounting.formula import names_in
from isoflop._accounting.quantities import quantities
from isoflop._accounting.rules import twice

SIZES = {"params": 1e9, "tokens": 1e10}


@pytest.mark.parametrize(
    ("given", "drop"),
    [
        (SIZES | {"train_flops": 1e25}, "drop `train_flops`, `tokens` or `params`"),
        (SIZES | {"train_flops": 1e25, "gpu_count": 10, "days": 90}, "drop `days` and `train_flops`"),
        (SIZES | {"gpu_count": 10, "days": 90}, "drop `days`, `gpu_count`, `tokens` or `params`"),
        (SIZES | {"train_usd": 1e6}, "drop `train_usd`, `tokens` or `params`"),
        (SIZES | {"train_gpu_hours": 1e6}, "drop `train_gpu_hours`, `tokens` or `params`"),
        (SIZES | {"tokens_per_param": 20}, "drop `tokens_per_param`, `tokens` or `params`"),
        ({"active_params": 1e9, "tokens": 1e10, "train_flops": [1e20, 1e21]}, "drop `train_flops`"),
        (
            {"params": 1e9, "active_params": 5e8, "activation": 0.4},
            "drop `active_params`, `activation` or `params`",
        ),
        (
            {"tokens": 1e10, "unique_tokens": 1e9, "epochs": [10, 11]},
            "drop `tokens`, `unique_tokens` or `epochs`",
        ),
        ({"train_flops": 1e22, "train_usd": 1e6}, "drop `train_usd` or `train_flops`"),
        ({"train_flops": 1e22, "gpu_count": 8, "days": 9}, "drop `days`, `gpu_count` or `train_flops`"),
        (
            {"train_gpu_hours": 1e3, "gpu_count": 8, "days": 9},
            "drop `days`, `gpu_count` or `train_gpu_hours`",
        ),
        ({"tokens": 1e12, "tokens_per_param": 20, "train_flops": 1e22}, "drop `train_flops`"),
        ({"params": 1e9, "tokens_per_param": 20, "days": 9, "gpu_count": 8}, "drop `days`"),
    ],
)
def test_what_is_given_twice_is_refused_with_what_to_drop(given: dict[str, Any], drop: str) -> None:
    with pytest.raises(iso.SpaceError) as caught:
        iso.Sweep(given)
    assert str(caught.value).startswith("given twice: ")
    assert drop in str(caught.value)
    assert caught.value.axis in given


@pytest.mark.parametrize(
    "given",
    [
        SIZES | {"train_flops": 6e19 * (1 + 9e-7)},
        {"params": [1e9, 2e9], "activation": 0.5, "active_params": 5e8} | {"params": [1e9]},
        {"tokens": 1e10, "unique_tokens": 1e9, "epochs": [10.0]},
        {"train_gpu_hours": 24 * 8 * 9, "gpu_count": 8, "days": 9},
        {"tokens": 2e10, "tokens_per_param": 20, "train_flops": 1.2e20},
        SIZES | {"gpu_count": 8},
        SIZES | {"unique_tokens": 1e9},
        {"params": 1e9, "train_flops": [1e20, 1e21]},
    ],
)
def test_values_that_agree_and_single_ones_are_no_error(given: dict[str, Any]) -> None:
    assert iso.Sweep(given).size > 0


def test_values_must_agree_everywhere() -> None:
    with pytest.raises(iso.SpaceError, match="given twice"):
        iso.Sweep(SIZES | {"train_flops": [6e19, 6.1e19]})
    with pytest.raises(iso.SpaceError, match="given twice"):
        iso.Sweep(SIZES | {"train_flops": 6e19 * (1 + 2e-6)})


def test_what_one_linked_frame_measures_is_no_error_and_explained() -> None:
    runs = pl.DataFrame({"params": [1e9], "tokens": [1e10], "train_flops": [7e19], "active_params": [5e8]})
    sweep = iso.Sweep({"runs": runs}, law="besiroglu2024")
    assert sweep.table(columns="train_gpu_hours").height == 1
    text = sweep.explain(minimize="train_flops")
    assert (
        "`train_flops` as given, though (6*active_params + attention_flops_per_token) * tokens gives it too"
        in text
    )
    with pytest.raises(iso.SpaceError, match="given twice"):
        iso.Sweep({"runs": runs.select("params", "tokens"), "train_flops": 7e19})


@pytest.mark.parametrize(
    "quantities",
    [
        {"train_flops": "8*params*tokens"},
        {"train_flops": "mine", "mine": "6.5*params*tokens"},
        {"train_flops": "hoffmann_train_flops"},
        {"train_usd": "3 * train_gpu_hours"},
    ],
)
def test_a_quantity_that_says_how_it_follows_is_no_second_value(quantities: dict[str, str]) -> None:
    assert iso.Sweep(SIZES, quantities=quantities).size == 1


def test_a_quantity_that_knows_nothing_of_the_others_is_one() -> None:
    with pytest.raises(iso.SpaceError, match="given twice: `params`, `tokens` and `train_flops`"):
        iso.Sweep(SIZES, quantities={"train_flops": "1e25"})


def test_a_sweep_file_is_held_to_it(tmp_path: Any) -> None:
    path = tmp_path / "sweep.toml"
    path.write_text("[axes]\nparams = 1e9\ntokens = 1e10\ntrain_flops = 1e25\n")
    with pytest.raises(
        iso.SpaceError, match=r"sweep.toml: given twice: `params`, `tokens` and `train_flops`"
    ):
        iso.Sweep.from_toml(path)


def test_the_sets_name_quantities_and_relate_them() -> None:
    for rule in twice():
        names = {name for member in rule.members for choice in member for name in choice}
        read = {name for side in rule.equal for name in names_in(side)}
        assert names | read <= quantities().keys()
        assert read & names


@pytest.mark.parametrize(
    ("quantities", "axes"),
    [
        ({"tokens": "20 * params"}, {"params": 1e9, "tokens_per_param": 40.0}),
        ({"params": "8 * active_params"}, {"active_params": 1e9, "activation": 0.5}),
        ({"mine": "20 * params", "tokens": "mine"}, {"params": 1e9, "tokens_per_param": [20.0, 40.0]}),
    ],
)
def test_a_quantity_that_passes_one_of_the_others_over_is_a_second_value(
    quantities: dict[str, str], axes: dict[str, Any]
) -> None:
    with pytest.raises(iso.SpaceError, match="given twice"):
        iso.Sweep(axes, quantities=quantities)


def test_a_quantity_that_agrees_with_what_it_passes_over_is_none() -> None:
    axes: dict[str, Any] = {"params": [1e9, 2e9], "tokens_per_param": 20.0}
    assert iso.Sweep(axes, quantities={"tokens": "20 * params"}).size == 2
