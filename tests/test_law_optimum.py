"""Laws: compute-optimal division, and the compute that a loss is worth."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import polars as pl
import pytest

import isoflop as iso
from support.laws import ADDITIVE, COEFFICIENTS, mine, rearranged

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
