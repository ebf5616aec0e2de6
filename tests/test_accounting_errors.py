"""What the accounting refuses, and what it says then."""

from __future__ import annotations

import pytest

import isoflop as iso
from isoflop._accounting.quantities import known_names
from isoflop._accounting.resolve import require_same_sparsity, resolve
from support.resolutions import resolved

# Errors ---------------------------------------------------------------------------------------------


def test_an_input_without_value_and_default_is_named_with_an_example() -> None:
    with pytest.raises(iso.SpaceError) as caught:
        resolved("days", {"params": 1e9, "tokens": 1e9})
    assert caught.value.axis == "gpu_count"
    assert str(caught.value) == (
        "`days` needs `gpu_count`, which has no value and no default; "
        'give it as an axis or scalar, e.g. "gpu_count": 2048'
    )


def test_a_missing_input_that_can_be_derived_says_from_what() -> None:
    with pytest.raises(iso.SpaceError, match="or give `tokens_per_param` or `train_flops`") as caught:
        resolved("train_flops <= 1e25", {"params": 1e9})
    assert caught.value.axis == "tokens"
    assert str(caught.value).startswith("`train_flops` (read by `train_flops <= 1e25`) needs `tokens`, which")


@pytest.mark.parametrize(
    ("formula", "start"),
    [
        ("gpu_count", "`gpu_count` has no"),
        ("gpu_count * 2", "`gpu_count * 2` needs `gpu_count`, which has no"),
    ],
)
def test_a_missing_input_that_is_asked_for_directly_is_named(formula: str, start: str) -> None:
    with pytest.raises(iso.SpaceError) as caught:
        resolved(formula, {})
    assert str(caught.value).startswith(start)


@pytest.mark.parametrize("name", ["loss", "extrapolation"])
def test_loss_without_a_law_says_to_pass_one(name: str) -> None:
    with pytest.raises(iso.SpaceError, match=f'`{name}` needs a law; pass law=, e.g. law="besiroglu2024"'):
        resolved(name, {"params": 1e9, "tokens": 1e9})


def test_extrapolation_of_a_law_without_range_is_refused() -> None:
    law = iso.Law("E + A / params", {"E": 1.0, "A": 2.0}, id="mine")
    with pytest.raises(iso.LawError, match="`mine` states no fitted range") as caught:
        resolved("extrapolation", {"params": 1e9}, law=law)
    assert caught.value.law == "mine"


def test_a_quantity_that_is_also_an_axis_or_scalar_is_refused() -> None:
    with pytest.raises(iso.SpaceError, match="`tokens` is both a quantity and a scalar"):
        resolved("tokens", {"tokens": 1.0}, {"tokens": "2"})
    with pytest.raises(iso.SpaceError, match="`tokens` is both a quantity and an axis"):
        resolve(("tokens",), columns=("tokens",), scalars={}, quantities={"tokens": "2"}, law=None)
    with pytest.raises(iso.SpaceError, match="`tokens` is both an axis and a scalar"):
        resolve(("tokens",), columns=("tokens",), scalars={"tokens": 1.0}, quantities={}, law=None)


def test_a_quantity_that_is_no_text_is_refused() -> None:
    with pytest.raises(iso.SpaceError, match="quantity `x` must be a formula, a text, not 2"):
        resolved("x", {}, {"x": 2})  # type: ignore[dict-item]


@pytest.mark.parametrize("where", ["columns", "scalars", "quantities"])
def test_a_name_of_a_coefficient_is_refused(where: str) -> None:
    given: dict[str, dict[str, object]] = {"columns": {}, "scalars": {}, "quantities": {}}
    given[where] = {"alpha": "0.3" if where == "quantities" else 0.3}
    with pytest.raises(iso.SpaceError) as caught:
        resolve(("loss",), law=iso.law("besiroglu2024"), **given)  # type: ignore[arg-type]
    assert caught.value.axis == "alpha"
    assert str(caught.value) == (
        "`alpha` is a coefficient of besiroglu2024; sets of coefficients are scenarios, not axes, since "
        "dominance must not cross them: make one sweep for each, with law=law.replace(alpha=...)"
    )


def test_a_variable_of_the_law_that_is_missing_is_named_with_the_nearest() -> None:
    law = iso.Law("E + A / parms", {"E": 1.0, "A": 2.0}, id="mine")
    with pytest.raises(iso.SpaceError, match="needs `parms`, a variable of the law `mine`") as caught:
        resolved("loss", {"params": 1e9}, law=law)
    assert str(caught.value).endswith("did you mean `params`?")


def test_a_formula_that_cannot_be_read_names_its_quantity() -> None:
    with pytest.raises(iso.FormulaError) as caught:
        resolved("mine", {}, {"mine": "2 +"})
    assert caught.value.quantity == "mine"


def test_different_sparsities_under_a_dense_law_name_three_ways_out() -> None:
    with pytest.raises(iso.LawError) as caught:
        require_same_sparsity(iso.law("besiroglu2024"), 0.125, 1.0)
    assert caught.value.missing == ("moe_gain",)
    for way in ("`moe_gain`", "`effective_params`", "a law that models sparsity"):
        assert way in str(caught.value)
    require_same_sparsity(iso.law("besiroglu2024"), 0.125, 0.125 * (1 + 1e-15))


def test_known_names_hold_standard_quantities_and_the_law() -> None:
    assert {"params", "loss", "extrapolation"} <= set(known_names())
    of_kaplan = set(known_names(iso.law("kaplan2020")))
    assert {"params", "loss", "extrapolation", "alpha_N", "effective_non_embedding_params"} <= of_kaplan
