"""Models and laws that cannot be diagnosed are refused by name."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest

import isoflop as iso
from isoflop.catalog.files import allocation_ids, law_ids
from support.models import DENSE, MIXTURE, one

# Mistakes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["params", "tokens"])
def test_a_missing_column_is_named(column: str) -> None:
    with pytest.raises(ValueError, match=f"the frame has no column `{column}`"):
        iso.diagnose(pl.DataFrame([DENSE]).drop(column))


def test_a_missing_column_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="no column `tokens`; did you mean `token`"):
        iso.diagnose({"params": [1e9], "token": [1e10]})


@pytest.mark.parametrize("column", ["params", "active_params", "tokens", "train_flops"])
@pytest.mark.parametrize("value", [0.0, -1e9, math.inf, math.nan])
def test_a_number_that_cannot_be_is_named_by_row_and_column(column: str, value: float) -> None:
    fine = DENSE | {"train_flops": 1e22}
    with pytest.raises(
        ValueError, match=rf"row 1 \(from 0\): `{column}` must be a positive number, not {value!r}"
    ):
        iso.diagnose([fine, fine | {column: value}])


def test_a_text_is_named_by_row_and_column() -> None:
    frame = {"params": [1e9, 2e9, 3e9], "tokens": ["2e10", None, "many"]}
    with pytest.raises(ValueError, match=r"row 2 \(from 0\): `tokens` must be .*, not the text 'many'"):
        iso.diagnose(frame)
    with pytest.raises(ValueError, match=r"row 0 \(from 0\): `tokens` must be .*, not the text '2e10'"):
        iso.diagnose(pl.DataFrame(frame)[:2])


def test_conditions_are_no_numbers() -> None:
    with pytest.raises(ValueError, match="`tokens` must be a positive number, not True"):
        one(params=1e9, tokens=True)


def test_more_active_parameters_than_there_are_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"row 1 .*`active_params` is 9e\+09, more than `params`, 8e\+09"):
        iso.diagnose([DENSE, DENSE | {"active_params": 9e9}])


def test_compute_beyond_all_floats_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"row 0 .*inf FLOP, beyond what a float can hold"):
        one(params=1e200, tokens=1e200)
    with pytest.raises(ValueError, match=r"row 0 .*0 FLOP, beyond what a float can hold"):
        one(params=1e-200, tokens=1e-200)


def test_a_column_that_would_be_added_twice_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="the frame has a column `tokens_per_param`"):
        iso.diagnose(iso.diagnose([DENSE]))


def test_an_unknown_law_names_the_nearest() -> None:
    with pytest.raises(iso.CatalogError, match="did you mean `besiroglu2024`"):
        iso.diagnose([DENSE], "besiroglu")


def test_a_law_is_an_identifier_or_a_law() -> None:
    with pytest.raises(TypeError, match=r"law must be an identifier, .*, not 2024"):
        iso.diagnose([DENSE], 2024)  # type: ignore[arg-type]


def test_a_published_rule_cannot_rate() -> None:
    with pytest.raises(iso.LawError, match="the optimum of `kaplan2020` is a published rule"):
        iso.diagnose([DENSE], "kaplan2020")


def test_an_allocation_rule_cannot_rate() -> None:
    with pytest.raises(iso.LawError, match="`kaplan2020` is an allocation rule"):
        iso.diagnose([DENSE], iso.allocation("kaplan2020"))  # type: ignore[arg-type]
    for name in set(allocation_ids()) - set(law_ids()):
        with pytest.raises(iso.LawError, match=f"`{name}` is an allocation rule"):
            iso.diagnose([DENSE], name)


def test_a_law_that_needs_more_names_it() -> None:
    with pytest.raises(iso.LawError, match="needs `min_steps`") as caught:
        iso.diagnose([DENSE], "kaplan2020-steps")
    assert caught.value.missing == ("min_steps",)


@pytest.mark.parametrize("law", ["kaplan2020-compute", "kaplan2020-params", "kaplan2020-tokens"])
def test_a_law_of_one_quantity_alone_cannot_rate(law: str) -> None:
    with pytest.raises(iso.LawError, match=law):
        iso.diagnose([DENSE], law)


@pytest.mark.parametrize("gain", [math.nan, math.inf, "0.35", True, [0.35]])
def test_moe_gain_is_a_number(gain: Any) -> None:
    with pytest.raises(ValueError, match="moe_gain must be a finite number"):
        iso.diagnose([MIXTURE], moe_gain=gain)
