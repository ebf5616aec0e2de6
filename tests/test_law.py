"""Laws: what they say of a plan, alone and beside others; scenarios; the fitted range."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import polars as pl
import pytest

import isoflop as iso
from isoflop._text.frozen import Frozen
from support.laws import mine, rearranged

# Loss -----------------------------------------------------------------------------------------------


def test_numbers_give_a_number() -> None:
    loss = iso.law("besiroglu2024").loss(params=1e9, tokens=2e10)
    assert type(loss) is float
    assert loss == pytest.approx(1.8172 + 482.01 / 1e9**0.3478 + 2085.43 / 2e10**0.3658, rel=1e-14)


def test_arrays_broadcast_against_each_other() -> None:
    params = np.array([1e8, 1e9, 1e10])[:, None]
    tokens = np.array([1e10, 1e12])
    law = iso.law("besiroglu2024")
    losses = law.loss(params=params, tokens=tokens, quality=1.5)
    assert isinstance(losses, np.ndarray)
    assert losses.shape == (3, 2)
    assert losses.dtype == np.float64
    for row, size in enumerate(params[:, 0]):
        for column, data in enumerate(tokens):
            assert losses[row, column] == law.loss(params=size, tokens=data, quality=1.5)


def test_inputs_may_be_lists_series_and_integers() -> None:
    law = iso.law("besiroglu2024")
    from_lists = law.loss(params=[10**9, 10**10], tokens=10**11)
    from_series = law.loss(params=pl.Series([1e9, 1e10]), tokens=np.float64(1e11))
    assert np.array_equal(from_lists, from_series)


def test_arrays_are_not_changed() -> None:
    params = np.array([1e9, 1e10])
    before = params.copy()
    iso.law("besiroglu2024").loss(params=params, tokens=1e11)
    assert np.array_equal(params, before)


def test_empty_arrays_give_an_empty_array() -> None:
    losses = iso.law("besiroglu2024").loss(params=np.empty((0, 3)), tokens=1e11)
    assert isinstance(losses, np.ndarray)
    assert losses.shape == (0, 3)


def test_inputs_of_the_accounting_are_taken() -> None:
    law = iso.law("besiroglu2024")
    plain = law.loss(params=1e10, tokens=1e11)
    assert law.loss(effective_params=1e10, effective_tokens=1e11) == plain
    assert law.loss(params=1e10, tokens_per_param=10) == plain
    assert law.loss(params=1e10, train_flops=6e21) == plain
    assert law.loss(params=1e10, tokens=5e10, quality=2) == plain
    assert law.loss(params=1e10, tokens=1e11, unique_tokens=1e10) > plain
    assert law.loss(params=8e10, activation=0.125, moe_gain=0, tokens=1e11) == plain
    assert law.loss(params=8e10, activation=0.125, moe_gain=0.35, tokens=1e11) < plain


def test_kaplan_reads_the_size_without_embeddings() -> None:
    law = iso.law("kaplan2020")
    plain = law.loss(non_embedding_params=1e9, tokens=2.2e10)
    assert law.loss(params=1e9, tokens=2.2e10) == plain
    embeddings = {"vocab_size": 50257, "d_model": 2048}
    assert law.loss(non_embedding_params=1e9, tokens=2.2e10, **embeddings) == plain
    assert law.loss(params=1e9 + 2 * 50257 * 2048, tokens=2.2e10, **embeddings) == pytest.approx(
        plain, rel=1e-14
    )
    sparse = {"non_embedding_params": 8e9, "activation": 0.125, "tokens": 2.2e10}
    assert law.loss(**sparse, moe_gain=0) == plain
    assert law.loss(**sparse, moe_gain=0.35) < plain


def test_a_missing_input_is_named() -> None:
    with pytest.raises(iso.LawError, match="the loss of `besiroglu2024` needs `tokens`") as caught:
        iso.law("besiroglu2024").loss(params=1e9)
    assert caught.value.missing == ("tokens",)
    assert caught.value.law == "besiroglu2024"


@pytest.mark.parametrize(
    ("law", "missing"),
    [("besiroglu2024", ("params", "tokens")), ("kaplan2020", ("non_embedding_params", "tokens"))],
)
def test_all_missing_inputs_are_named_in_the_words_of_the_law(law: str, missing: tuple[str, ...]) -> None:
    with pytest.raises(iso.LawError) as caught:
        iso.law(law).loss()
    assert caught.value.missing == missing


def test_an_unknown_input_names_the_nearest() -> None:
    with pytest.raises(iso.LawError, match="`parms` is no input of `besiroglu2024`; did you mean `params`"):
        iso.law("besiroglu2024").loss(parms=1e9, tokens=1e9)


def test_a_coefficient_is_no_input() -> None:
    with pytest.raises(iso.LawError, match=r"`alpha` is a coefficient .* law.replace\(alpha=...\)"):
        iso.law("besiroglu2024").loss(params=1e9, tokens=1e9, alpha=0.3)


def test_an_input_without_effect_is_refused() -> None:
    with pytest.raises(iso.LawError, match=r"`train_flops` has no effect: .* `params` and `tokens`"):
        iso.law("besiroglu2024").loss(params=1e9, tokens=1e9, train_flops=1e20)


def test_text_is_no_input() -> None:
    with pytest.raises(iso.LawError, match="`params` must be numbers, not text: 'big'"):
        iso.law("besiroglu2024").loss(params="big", tokens=1e9)


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(iso.LawError, match=r"do not broadcast .* `params` \(2,\), `tokens` \(3,\)"):
        iso.law("besiroglu2024").loss(params=[1e9, 2e9], tokens=[1e9, 2e9, 3e9])


def test_a_dense_law_refuses_different_sparsities_without_moe_gain() -> None:
    law = iso.law("besiroglu2024")
    with pytest.raises(iso.LawError, match="`besiroglu2024` is a dense law"):
        law.loss(params=1e10, tokens=1e11, activation=[1, 0.5])
    with pytest.raises(iso.LawError, match=r"varies from 0\.1 to 0\.5"):
        law.loss(params=[1e10, 1e10], active_params=[1e9, 5e9], tokens=1e11)
    assert np.shape(law.loss(params=[1e10, 1e11], active_params=[1e9, 1e10], tokens=1e11)) == (2,)
    assert np.shape(law.loss(params=1e10, tokens=1e11, activation=[0.5, 0.5])) == (2,)


# Several laws ---------------------------------------------------------------------------------------


def test_several_laws_predict_the_same_plans() -> None:
    ids = ["besiroglu2024", "hoffmann2022", "muennighoff2023"]
    plans: dict[str, Any] = {"params": [[1e9], [7e9]], "tokens": [2e10, 2e11, 2e12], "unique_tokens": 1e11}
    with pytest.warns(iso.IsoflopWarning, match="were fitted with another corpus: MassiveText; C4"):
        frame = iso.losses(ids, **plans)
    assert frame.columns == ["params", "tokens", "unique_tokens", *ids]
    assert frame.height == 6
    for row in frame.iter_rows(named=True):
        inputs = {name: row[name] for name in plans}
        for law_id in ids:
            assert row[law_id] == iso.law(law_id).loss(**inputs)


def test_a_law_takes_the_inputs_that_it_knows() -> None:
    frame = iso.losses(["hoffmann2022", mine(corpus="MassiveText")], params=1e9, tokens=2e10)
    assert frame.height == 1
    with pytest.warns(iso.IsoflopWarning):
        both = iso.losses(
            ["besiroglu2024", "ludziejewski2025"], active_params=1e9, tokens=2e10, experts=[1, 8]
        )
    assert both["besiroglu2024"].n_unique() == 1
    assert both["ludziejewski2025"].n_unique() == 2


def test_losses_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(
        iso.LawError, match=r"`besiroglu2024` \(nats/token\) and `minicpm2024-ultratext` \(nats/b"
    ):
        iso.losses(["besiroglu2024", "minicpm2024-ultratext"], params=1e9, tokens=2e10)
    with pytest.raises(ValueError, match="laws must be one or several different ones, not"):
        iso.losses([])
    with pytest.raises(ValueError, match="different ones, not"):
        iso.losses(["hoffmann2022", "hoffmann2022"])
    with pytest.raises(iso.LawError, match="`parms` is no input of `hoffmann2022`; did you mean `params`"):
        iso.losses(["hoffmann2022", "besiroglu2024"], parms=1e9, tokens=2e10)
    with pytest.raises(iso.LawError, match="the loss of `hoffmann2022` needs `tokens`"):
        iso.losses(["hoffmann2022"], params=1e9)


# Scenarios ------------------------------------------------------------------------------------------


def test_scenarios_are_drawn_together() -> None:
    law = iso.law("besiroglu2024")
    draws = law.sample(4000, seed=1)
    assert draws.columns == list(law.coefficients)
    assert law.covariance is not None
    logs = draws.select(pl.col("A", "B", "E").log(), "alpha", "beta").to_numpy()
    np.testing.assert_allclose(np.cov(logs.T), law.covariance.matrix, rtol=0.15, atol=2e-5)
    assert np.corrcoef(logs[:, 0], logs[:, 3])[0, 1] > 0.99
    assert draws.equals(law.sample(4000, seed=1))
    assert not draws.equals(law.sample(4000, seed=2))
    scenario = law.replace(**draws.row(0, named=True))
    assert scenario.covariance is None
    # What is uncertain is the coefficients, not what they say where the runs were.
    losses = [law.replace(**row).loss(params=1e9, tokens=2e10) for row in draws[:50].iter_rows(named=True)]
    assert np.std(losses) < 0.02


def test_scenarios_of_fixed_coefficients_and_of_none() -> None:
    law = mine(covariance={"of": ["E"], "matrix": [[0.01]]})
    draws = law.sample(100, seed=0)
    assert draws["A"].n_unique() == 1
    assert draws["E"].n_unique() == 100
    assert law.sample(0).height == 0


def test_scenarios_need_a_covariance() -> None:
    with pytest.raises(iso.LawError, match="no joint covariance of the coefficients of `hoffmann2022`"):
        iso.law("hoffmann2022").sample(3)
    with pytest.raises(ValueError, match="n must not be negative, not -1"):
        iso.law("besiroglu2024").sample(-1)


# Extrapolation --------------------------------------------------------------------------------------


def ranged(id: str = "ranged") -> iso.Law:
    variables = {
        "params": {"range": [1e8, 1e10], "reads": "effective_params"},
        "tokens": {"range": [1e9, 1e12], "reads": "effective_tokens"},
    }
    return mine(variables=variables).replace(id=id)


def told(caught: list[warnings.WarningMessage]) -> list[str]:
    return [str(entry.message) for entry in caught if issubclass(entry.category, iso.ExtrapolationWarning)]


@pytest.mark.parametrize(
    "plan",
    [
        {"params": 1e11, "tokens": 1e11},
        {"params": 1e7, "tokens": 1e11},
        {"params": 1e9, "tokens": 1e13},
        {"params": [1e9, 1e11], "tokens": 1e11},
        {"params": 1e9, "tokens": [[1e11], [float("nan")], [1e5]]},
        {"params": 9e9, "tokens": 1e11, "architecture_efficiency": 2},
        {"params": 1e9, "tokens": 1e12, "quality": 1.5},
    ],
)
def test_a_loss_outside_the_fitted_range_is_told_once_a_law(plan: dict[str, Any]) -> None:
    law = ranged()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        first = law.loss(**plan)
        for _ in range(3):
            np.testing.assert_array_equal(law.loss(**plan), first)
        law.loss(params=1e12, tokens=1e15)
    assert told(caught) == [
        "`ranged` is used outside the range it was fitted on (`effective_params` 1e+08 to 1e+10, "
        "`effective_tokens` 1e+09 to 1e+12); its predictions there are extrapolations (`extrapolation` "
        "counts their decades)"
    ]
    assert caught[0].filename == __file__


def test_another_law_tells_for_itself() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for law in (ranged("one"), ranged("two"), ranged("one").replace(alpha=0.3)):
            law.loss(params=1e12, tokens=1e12)
    assert [text.split("`")[1] for text in told(caught)] == ["one", "two", "one*"]


@pytest.mark.parametrize(
    "plan",
    [
        {"params": 1e8, "tokens": 1e9},
        {"params": 1e10, "tokens": 1e12},
        {"params": [1e8, 1e10], "tokens": [1e9, 1e12]},
        {"params": float("nan"), "tokens": 1e9},
        {"params": [float("nan"), 1e9], "tokens": 1e9},
        {"params": [], "tokens": 1e9},
        {"params": 1e11, "tokens": 1e9, "architecture_efficiency": 0.1},
    ],
)
def test_a_loss_inside_the_fitted_range_is_told_of_nothing(plan: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ranged().loss(**plan)
        rearranged().loss(params=1e20, tokens=1e20)  # it states no range


def test_what_is_asked_inside_tells_nothing() -> None:
    law = ranged()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        law.compute_optimal([1e18, 1e26])
        law.compute_optimal(params=1e13)
        law.equivalent_flops(2.0)
        iso.losses([law], params=1e13, tokens=1e13)
        iso.checks()
    with pytest.warns(iso.ExtrapolationWarning, match="`ranged` is used outside the range"):
        law.loss(params=1e13, tokens=1e13)


def test_the_hash_of_a_law_reads_no_table_of_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object) -> int:
        raise AssertionError("resolutions are remembered by law: its hash is asked for all the time")

    monkeypatch.setattr(Frozen, "__hash__", refuse)
    assert isinstance(hash(iso.law("besiroglu2024")), int)
