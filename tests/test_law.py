"""Laws: evaluation, compute-optimal division, construction, and their tables."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import tomllib
import warnings
from typing import Any

import numpy as np
import polars as pl
import pytest

import isoflop as iso
from isoflop._law.catalogue import in_catalogue
from isoflop._law.table import law_from_mapping, law_to_mapping

ADDITIVE = "E + A / effective_params**alpha + B / effective_tokens**beta"
COEFFICIENTS = {"E": 1.7, "A": 400.0, "B": 1200.0, "alpha": 0.34, "beta": 0.33}


def mine(**changes: Any) -> iso.Law:
    return iso.Law(ADDITIVE, COEFFICIENTS, id="mine").replace(id="mine", **changes)


def rearranged(**changes: Any) -> iso.Law:
    """The same law in other words, of which no closed form is known."""
    formula = "B / effective_tokens**beta + (E + A / effective_params**alpha)"
    return iso.Law(formula, COEFFICIENTS, id="other", irreducible="E").replace(id="other", **changes)


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


# Compute-optimal ------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", ["hoffmann2022", "hoffmann2022-tex", "besiroglu2024"])
def test_closed_form_and_search_agree(law: str) -> None:
    flops = [1e15, 1e18, 1e21, 5.76e23, 1e27, 1e30]
    closed = iso.law(law).compute_optimal(flops, method="closed")
    search = iso.law(law).compute_optimal(flops, method="search")
    assert closed.columns == search.columns
    for column in ("params", "tokens", "tokens_per_param"):
        np.testing.assert_allclose(search[column], closed[column], rtol=1e-5)
    np.testing.assert_allclose(search["loss"], closed["loss"], rtol=1e-12)
    assert (search["loss"] <= closed["loss"] * (1 + 1e-14)).all()
    np.testing.assert_allclose(search["extrapolation"], closed["extrapolation"], atol=1e-5)


def test_the_frame_holds_the_division_and_its_loss() -> None:
    law = iso.law("besiroglu2024")
    frame = law.compute_optimal(flops=[1e21, 1e25])
    assert frame.columns == ["train_flops", "params", "tokens", "tokens_per_param", "loss", "extrapolation"]
    assert frame.dtypes == [pl.Float64] * 6
    np.testing.assert_allclose(6 * frame["params"] * frame["tokens"], frame["train_flops"], rtol=1e-14)
    expected = law.loss(params=frame["params"].to_numpy(), tokens=frame["tokens"].to_numpy())
    assert np.array_equal(frame["loss"], expected)
    assert frame["extrapolation"].to_list() == pytest.approx([0.0, np.log10(frame["params"][1] / 1.6e10)])


def test_one_budget_gives_one_row_and_none_gives_an_empty_frame() -> None:
    law = iso.law("besiroglu2024")
    assert law.compute_optimal(1e21).equals(law.compute_optimal([1e21]))
    for method in ("closed", "search"):
        assert law.compute_optimal([], method=method).schema == law.compute_optimal(1e21).schema


def test_kaplan_gives_its_published_rule() -> None:
    frame = iso.law("kaplan2020").compute_optimal(8.64e19 * 100)
    assert frame.columns[1] == "non_embedding_params"
    row = frame.row(0, named=True)
    assert row["non_embedding_params"] == pytest.approx(1.3e9 * 100**0.73)
    assert row["tokens"] == pytest.approx(2e10 * 100**0.27)
    assert row["loss"] == pytest.approx(3.1e6**0.05)


def test_kaplan_cannot_be_searched() -> None:
    with pytest.raises(iso.LawError, match="published rule, not the minimum of its loss"):
        iso.law("kaplan2020").compute_optimal(1e21, method="search")
    with pytest.raises(iso.LawError, match="rule of train_flops alone; leave `quality` out"):
        iso.law("kaplan2020").compute_optimal(1e21, quality=2)


def test_a_law_of_ones_own_is_searched() -> None:
    frame = mine().compute_optimal([1e20, 1e24])
    assert frame.columns == ["train_flops", "params", "tokens", "tokens_per_param", "loss"]
    factor = (0.34 * 400 / (0.33 * 1200)) ** (1 / 0.67)
    expected = factor * (np.array([1e20, 1e24]) / 6) ** (0.33 / 0.67)
    np.testing.assert_allclose(frame["params"], expected, rtol=1e-6)


def test_a_law_over_sizes_without_embeddings_is_searched_over_them() -> None:
    law = iso.Law("E + A / non_embedding_params**0.3 + B / tokens**0.3", {"E": 1, "A": 300, "B": 900})
    frame = law.compute_optimal(1e21)
    assert frame.columns[1] == "non_embedding_params"
    np.testing.assert_allclose(frame["tokens_per_param"], 3 ** (1 / 0.3), rtol=1e-5)


def test_what_stays_fixed_moves_the_optimum() -> None:
    law = iso.law("besiroglu2024")
    dense = law.compute_optimal(1e24)
    better_data = law.compute_optimal(1e24, quality=4.0)
    # The tokens needed fall by quality**(alpha/(alpha+beta)), the inverse of what the size gains.
    gain = 4.0 ** (0.3658 / (0.3478 + 0.3658))
    np.testing.assert_allclose(better_data["params"], dense["params"] * gain, rtol=1e-5)
    sparse = law.compute_optimal(1e24, activation=1 / 8, moe_gain=0.35)
    assert sparse["loss"][0] < dense["loss"][0]
    np.testing.assert_allclose(6 * sparse["params"] / 8 * sparse["tokens"], 1e24, rtol=1e-12)


@pytest.mark.parametrize("flops", [0.0, -1e21, float("nan"), float("inf"), [1e21, 0.0]])
def test_budgets_must_be_positive_and_finite(flops: float | list[float]) -> None:
    with pytest.raises(ValueError, match="flops must be positive and finite, not"):
        iso.law("besiroglu2024").compute_optimal(flops)


def test_budgets_must_be_one_dimensional() -> None:
    with pytest.raises(ValueError, match="not an array of shape"):
        iso.law("besiroglu2024").compute_optimal([[1e21]])


def test_methods_that_do_not_apply_are_refused() -> None:
    with pytest.raises(iso.LawError, match="`other` has no closed form"):
        rearranged().compute_optimal(1e21, method="closed")
    with pytest.raises(iso.LawError, match="does not hold with `quality` given"):
        iso.law("besiroglu2024").compute_optimal(1e21, method="closed", quality=2)
    with pytest.raises(ValueError, match="method must be 'closed', 'search' or None"):
        mine().compute_optimal(1e21, method="guess")


@pytest.mark.parametrize("name", ["params", "tokens", "train_flops"])
def test_what_is_looked_for_cannot_be_given(name: str) -> None:
    with pytest.raises(iso.LawError, match=f"`{name}` is what compute_optimal looks for"):
        iso.law("besiroglu2024").compute_optimal(1e21, method=None, **{name: 1e9})


def test_a_loss_without_minimum_is_refused() -> None:
    with pytest.raises(iso.LawError, match="`flat` has no minimum over sizes"):
        iso.Law("E + A / (params * tokens) + B / params", COEFFICIENTS, id="flat").compute_optimal(1e21)
    with pytest.raises(iso.LawError, match="does not depend on both size and tokens"):
        iso.Law("E + A / params", {"E": 1, "A": 1}).compute_optimal(1e21)


# Equivalent compute ---------------------------------------------------------------------------------


def test_the_optimum_is_worth_its_own_compute() -> None:
    budgets = np.geomspace(1e18, 1e27, 10)
    for law in (iso.law("besiroglu2024"), iso.law("hoffmann2022"), rearranged()):
        optima = law.compute_optimal(budgets)["loss"].to_numpy()
        np.testing.assert_allclose(law.equivalent_flops(optima), budgets, rtol=1e-4)


def test_equal_compute_by_closed_form_and_by_search_agree() -> None:
    losses = np.array([[1.9, 2.0, 2.5], [3.0, 4.0, 1.71]])
    closed, searched = mine().equivalent_flops(losses), rearranged().equivalent_flops(losses)
    assert isinstance(closed, np.ndarray)
    assert closed.shape == losses.shape
    np.testing.assert_allclose(searched, closed, rtol=1e-4)


def test_equal_compute_of_what_no_compute_reaches_is_infinite() -> None:
    for law in (mine(), rearranged()):
        assert law.equivalent_flops(1.7) == law.equivalent_flops(1.0) == float("inf")
        assert np.isnan(law.equivalent_flops(float("nan")))
        assert isinstance(law.equivalent_flops(2.0), float)
        assert np.asarray(law.equivalent_flops([])).shape == (0,)


def test_equal_compute_of_a_mixture_is_that_of_its_own_optimum() -> None:
    law = iso.law("besiroglu2024")
    sparse = {"activation": 0.125, "moe_gain": 0.35}
    loss = law.compute_optimal(1e22, method=None, **sparse)["loss"].item()
    assert law.equivalent_flops(loss, **sparse) == pytest.approx(1e22, rel=1e-4)
    assert law.equivalent_flops(loss) > 1e22


def test_efficiency_is_a_quantity_of_sweeps() -> None:
    sweep = iso.Sweep({"params": iso.geomspace(1e9, 1e11, 41), "train_flops": [1e22]}, law="besiroglu2024")
    table = sweep.table(
        columns=["tokens", "loss", "reducible_loss", "equivalent_flops", "compute_efficiency"]
    )
    law = iso.law("besiroglu2024")
    np.testing.assert_array_equal(table["reducible_loss"], table["loss"] - law.coefficients["E"])
    np.testing.assert_allclose(table["equivalent_flops"], law.equivalent_flops(table["loss"]), rtol=1e-9)
    np.testing.assert_allclose(table["compute_efficiency"], table["equivalent_flops"] / 1e22, rtol=1e-9)
    assert 0.99 < table["compute_efficiency"].to_numpy().max() <= 1


def test_slack_in_loss_is_slack_in_compute() -> None:
    law = iso.law("besiroglu2024")
    loss = law.compute_optimal(1e24)["loss"].item()
    assert 1 - law.equivalent_flops(loss * 1.001) / 1e24 == pytest.approx(0.07, abs=0.005)
    assert 1 - law.equivalent_flops(loss * 1.01) / 1e24 == pytest.approx(0.51, abs=0.005)


@pytest.mark.parametrize(
    "law", ["muennighoff2023", "busbridge2025-supervised", "kumar2024", rearranged()], ids=str
)
def test_efficiency_is_a_quantity_of_laws_without_a_closed_form(law: str | iso.Law) -> None:
    entry = iso.law(law) if isinstance(law, str) else law
    size = next(iter(entry.variables)) if isinstance(law, str) else "params"
    axes = {size: iso.geomspace(1e8, 1e12, 9), "tokens": iso.geomspace(1e9, 1e14, 9)}
    sweep = iso.Sweep(axes, law=entry)
    table = sweep.table(columns=["loss", "equivalent_flops"])
    expected = np.asarray(entry.equivalent_flops(table["loss"].to_numpy()))
    np.testing.assert_allclose(table["equivalent_flops"], expected, rtol=1e-4)
    asked: dict[str, Any] = {"minimize": "train_flops", "maximize": "compute_efficiency", "resolution": 1e-3}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", iso.ExtrapolationWarning)
        found = [sweep.pareto(**asked, method=method) for method in ("search", "enumerate")]
    assert found[0].equals(found[1])


def test_laws_without_these_quantities_say_so() -> None:
    sweep = iso.Sweep({"active_params": [1e9], "tokens": [1e10], "experts": 8}, law="ludziejewski2025")
    with pytest.raises(
        iso.LawError, match=r"`experts`.*; law.equivalent_flops\(loss, ...\) takes what it needs"
    ):
        sweep.table(columns="compute_efficiency")
    flat = iso.Law("1 + 1 / params", {})
    with pytest.raises(
        iso.LawError, match="has no formula of `equivalent_flops`: the loss of `custom` does not"
    ):
        iso.Sweep({"params": [1e9], "tokens": [1e10]}, law=flat).table(columns="compute_efficiency")
    silent = iso.Law("1 + 1 / params + 1 / tokens", {})
    with pytest.raises(iso.LawError, match="does not say which part of the loss is irreducible"):
        iso.Sweep({"params": [1e9], "tokens": [1e10]}, law=silent).table(columns="reducible_loss")
    with pytest.raises(iso.SpaceError, match="`equivalent_flops` needs a law"):
        iso.Sweep({"params": [1e9], "tokens": [1e10]}).table(columns="compute_efficiency")


def test_another_meaning_of_the_inputs_has_no_closed_form() -> None:
    law = iso.Law(ADDITIVE, COEFFICIENTS, quantities={"effective_tokens": "tokens / 2"})
    assert law.optimal is None
    assert "equivalent_flops" not in law.rows


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


# Values ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", [iso.law("kaplan2020"), mine(), iso.law("besiroglu2024").replace(alpha=0.35)])
def test_laws_are_values(law: iso.Law) -> None:
    again = eval(repr(law), {"iso": iso})
    assert again == law
    assert hash(again) == hash(law)
    assert pickle.loads(pickle.dumps(law)) == law
    assert copy.deepcopy(law) == law
    assert law != law.replace(title="another")
    with pytest.raises(dataclasses.FrozenInstanceError):
        law.title = "another"  # type: ignore[misc]
    with pytest.raises(TypeError):
        law.coefficients["E"] = 2.0  # type: ignore[index]


def test_a_law_of_the_catalogue_is_written_by_its_identifier() -> None:
    assert repr(iso.law("hoffmann2022")) == "iso.law('hoffmann2022')"
    assert repr(iso.law("hoffmann2022").replace(E=1.7)).startswith("iso.Law('E + A")
    assert in_catalogue(iso.law("hoffmann2022"))
    assert not in_catalogue(iso.law("hoffmann2022").replace(E=1.7, id="hoffmann2022"))


def test_replace_changes_coefficients_and_fields() -> None:
    law = iso.law("besiroglu2024")
    changed = law.replace(alpha=0.35, unit="bits/byte")
    assert changed.coefficients["alpha"] == 0.35
    assert changed.unit == "bits/byte"
    assert changed.id == "besiroglu2024*"
    assert changed.replace(beta=0.3).id == "besiroglu2024*"
    assert changed.checks == ()
    assert "alpha" not in changed.standard_errors
    assert changed.standard_errors["beta"] == 0.02
    assert changed.replace(beta=law.coefficients["beta"]).standard_errors["beta"] == 0.02
    assert law.coefficients["alpha"] == 0.3478


def test_replacing_coefficients_keeps_the_closed_form_and_a_new_formula_drops_it() -> None:
    law = iso.law("besiroglu2024").replace(alpha=0.30)
    closed, search = (law.compute_optimal(1e22, method=method) for method in ("closed", "search"))
    np.testing.assert_allclose(closed["params"], search["params"], rtol=1e-5)
    assert law.replace(formula="E + A / effective_params**alpha").optimal is None


def test_replace_names_the_nearest() -> None:
    with pytest.raises(
        iso.LawError, match="no coefficient or field of `besiroglu2024`; did you mean `alpha`"
    ):
        iso.law("besiroglu2024").replace(alhpa=0.3)


# Construction ---------------------------------------------------------------------------------------


def test_without_variables_they_are_what_the_formula_reads() -> None:
    assert list(mine().variables) == ["effective_params", "effective_tokens"]
    law = iso.Law("a / size**2", {"a": 1.0}, quantities={"size": "d_model + experts"})
    assert list(law.variables) == ["d_model", "experts"]
    assert law.loss(d_model=1.0, experts=1.0) == 0.25


def test_a_coefficient_may_set_an_input_of_the_accounting() -> None:
    law = mine(coefficients=COEFFICIENTS | {"repetition_scale": 5.0})
    other = mine().loss(params=1e9, tokens=4e10, unique_tokens=1e10, repetition_scale=5.0)
    assert law.loss(params=1e9, tokens=4e10, unique_tokens=1e10) == other


def test_a_range_gives_extrapolation() -> None:
    law = iso.Law("a / params", {"a": 1.0}, variables={"params": {"range": [1e8, 1e10]}})
    assert law.has_range
    assert law.rows["extrapolation"][0].formula == (
        "max(0, log10(params / 10000000000.0), log10(100000000.0 / params))"
    )
    assert not mine().has_range


def test_a_formula_that_cannot_be_read_is_refused_at_once() -> None:
    with pytest.raises(iso.FormulaError) as caught:
        iso.Law("E + ", {"E": 1.0})
    assert caught.value.quantity == "loss"
    with pytest.raises(iso.FormulaError) as caught:
        iso.Law("E + x", {"E": 1.0}, quantities={"x": "(1"})
    assert caught.value.quantity == "x"
    with pytest.raises(iso.FormulaError, match="a formula is a text, not 3"):
        iso.Law(3, {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"coefficients": {"E": float("nan")}}, "law `custom`: coefficients: `E` must be finite, not nan"),
        ({"coefficients": {"E": "1"}}, "coefficients: `E` must be a number, not '1'"),
        ({"coefficients": {"E": True}}, "coefficients: `E` must be a number, not True"),
        ({"coefficients": {"E": 1.0, "exp": 1.0}}, "coefficient 'exp' of `custom` is not a name"),
        ({"coefficients": {"E": 1.0, "2x": 1.0}}, "coefficient '2x' of `custom` is not a name"),
        (
            {"coefficients": {"E": 1.0, "loss": 1.0}},
            "`loss` is what a law defines; give the coefficient another",
        ),
        ({"quantities": {"E": "1"}}, "`E` of `custom` is both a coefficient and a quantity; rename one"),
        ({"variables": {"E": {}}}, "`E` of `custom` is both a coefficient and a variable; rename one"),
        ({"variables": {"params": {}}, "formula": "E / parms"}, "reads `parms`, .* did you mean `params`?"),
        ({"variables": {"params": {"reads": "size"}}}, "`custom` reads `size`, which is no coefficient"),
        ({"variables": {"params": {"range": [1, 2, 3]}}}, "variable `params`: range must be two numbers"),
        ({"variables": {"params": {"range": [2, 1]}}}, "range must be 0 < lowest <= highest, not"),
        ({"variables": {"params": {"ragne": [1, 2]}}}, "unknown key `ragne`; did you mean `range`?"),
        ({"variables": {"params": 3}}, "variable `params` must be a table of unit, range, reads, not 3"),
        ({"standard_errors": {"F": 1.0}}, "standard error of `F`, which is no coefficient"),
        ({"source": {"page": "3"}}, "source: unknown key `page`; the keys are cite, where, arxiv"),
        ({"title": 3}, "law `custom`: title must be a text, not 3"),
        ({"checks": [{"loss": 3}]}, "check 0 must be a table with `at`"),
        ({"optimal": {"kind": "exact", "formulas": {}}}, "kind must be closed, search or rule, not 'exact'"),
        ({"optimal": {"formulas": {"params": "1"}}}, "`tokens` among them"),
        ({"irreducible": "F"}, "reads `F`, which is no coefficient"),
        ({"caveats": "fragile"}, "caveats must be a list of texts, not 'fragile'"),
        ({"covariance": {"of": ["F"], "matrix": [[1]]}}, "covariance of `F`, which is no coefficient"),
        ({"covariance": {"of": ["E"], "matrix": [[1, 2]]}}, "matrix must have 1 rows of as many numbers"),
        ({"covariance": {"of": ["E"], "matrix": 3}}, "matrix must be a list of rows of numbers"),
        (
            {"covariance": {"of": ["E", "E"], "matrix": [[1, 2], [2, 1]]}},
            "of must name one or several different",
        ),
        ({"covariance": {"of": [], "matrix": []}}, "of must name one or several different"),
        (
            {
                "coefficients": {"E": 1.0, "F": 1.0},
                "covariance": {"of": ["E", "F"], "matrix": [[1, 2], [3, 1]]},
            },
            "matrix must be symmetric",
        ),
        (
            {"coefficients": {"E": -1.0}, "covariance": {"of": ["log(E)"], "matrix": [[1]]}},
            "covariance of log",
        ),
        ({"evidence": "V9"}, "evidence must be V1, V2, V3 or empty, not 'V9'"),
        ({"covariance": {"off": ["E"]}}, "unknown key `off`; did you mean `of`?"),
    ],
)
def test_a_law_that_does_not_hold_together_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(iso.LawError, match=message) as caught:
        iso.Law(**({"formula": "E + 1 / params", "coefficients": {"E": 1.0}} | arguments))
    assert isinstance(caught.value, ValueError)


# Tables ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", [*map(iso.law, iso.laws()["id"]), mine()], ids=lambda law: law.id)
def test_a_law_survives_the_way_through_a_table(law: iso.Law) -> None:
    assert law_from_mapping(law_to_mapping(law), "a table") == law


def test_the_law_table_of_a_sweep_file_is_read() -> None:
    text = """
        id = "mine"
        formula = "E + A / effective_params**0.3"
        coefficients = { E = 1.5, A = { value = 300, standard_error = 20 } }
        variables.params = { range = [1e8, 1e10], reads = "effective_params" }
    """
    law = law_from_mapping(tomllib.loads(text), "sweep.toml: law")
    assert law.coefficients == {"E": 1.5, "A": 300.0}
    assert law.standard_errors == {"A": 20.0}
    assert law.variables["params"].range == (1e8, 1e10)
    assert law_to_mapping(law) == {
        "id": "mine",
        "formula": "E + A / effective_params**0.3",
        "coefficients": {"E": 1.5, "A": 300.0},
        "standard_errors": {"A": 20.0},
        "variables": {"params": {"range": [1e8, 1e10], "reads": "effective_params"}},
    }


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"formula": "E"}, "sweep.toml: law: a law needs `coefficients`"),
        ({"coefficients": {}}, "sweep.toml: law: a law needs `formula`"),
        ({"formula": "E", "coefs": {}}, "sweep.toml: law: unknown key `coefs`"),
        ({"formula": "E", "coefficients": [1]}, "coefficients must be a table of numbers"),
        (
            {"formula": "E", "coefficients": {"E": {"val": 1}}},
            "coefficient `E`: unknown key `val`; did you mean",
        ),
        ({"formula": "E", "coefficients": {"E": {}}}, "coefficient `E` must be a number, not None"),
        ({"formula": "E", "coefficients": {"E": 1}, "title": 2}, "sweep.toml: law: .*title must be a text"),
        ("E", "sweep.toml: law must be a table of id, title"),
    ],
)
def test_a_law_table_with_a_slip_says_where(table: Any, message: str) -> None:
    with pytest.raises(iso.LawError, match=message):
        law_from_mapping(table, "sweep.toml: law")


def test_a_formula_of_a_law_table_that_cannot_be_read_says_where() -> None:
    with pytest.raises(iso.FormulaError, match=r"sweep\.toml: law: "):
        law_from_mapping({"formula": "E +", "coefficients": {"E": 1}}, "sweep.toml: law")


def covariant(matrix: Any, **coefficients: float) -> iso.Law:
    formula = f"{' + '.join(coefficients)} + 1 / params"
    return iso.Law(formula, coefficients, covariance={"of": list(coefficients), "matrix": matrix})


@pytest.mark.parametrize("seed", range(20))
def test_a_covariance_that_rounding_left_asymmetric_is_taken(seed: int) -> None:
    random = np.random.default_rng(seed)
    jacobian = random.normal(size=(40, 4)) * np.array([1.0, 1e-3, 1e4, 30.0])
    inverse = np.linalg.inv(jacobian.T @ jacobian)
    inverse[0, 1] *= 1 + 3e-15  # whatever the machine's own rounding
    assert (inverse != inverse.T).any()
    law = covariant(inverse, A=1.0, B=2.0, C=3.0, F=4.0)
    assert law.covariance is not None
    matrix = np.array(law.covariance.matrix)
    assert (matrix == matrix.T).all()
    assert np.allclose(matrix, inverse, rtol=1e-12, atol=0)
    assert (np.diag(matrix) == np.diag(inverse)).all()
    assert law.sample(3, seed=0).height == 3


def test_a_covariance_of_nearly_independent_coefficients_may_differ_in_every_digit() -> None:
    law = covariant([[1.0, 1e-17], [-2e-17, 4.0]], A=1.0, B=2.0)
    assert law.covariance is not None
    assert law.covariance.matrix == ((1.0, -5e-18), (-5e-18, 4.0))


def test_a_symmetric_covariance_stays_as_it_is_to_the_bit() -> None:
    odd = [[1e308, 5e-324], [5e-324, 1.1]]
    law = covariant(odd, A=1.0, B=2.0)
    assert law.covariance is not None
    assert law.covariance.matrix == tuple(map(tuple, odd))


@pytest.mark.parametrize(
    ("one", "other"), [(0.1, 0.1001), (0.1, -0.1), (1e-6, 0.0), (0.1, 0.1 * (1 + 1e-7)), (1e200, 1e-200)]
)
@pytest.mark.parametrize("scale", [1.0, 1e-150, 1e150])
def test_a_covariance_that_is_truly_asymmetric_is_refused(one: float, other: float, scale: float) -> None:
    matrix = [[scale, one * scale], [other * scale, scale]]
    if not np.isfinite(matrix).all():
        matrix = [[1.0, one], [other, 1.0]]
    with pytest.raises(iso.LawError, match=r"matrix must be symmetric; row 0, column 1 \(from 0\) is"):
        covariant(matrix, A=1.0, B=2.0)
