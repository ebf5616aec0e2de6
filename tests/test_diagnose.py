"""What a law says of real models: verdicts, and what is missing for one."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import isoflop as iso
from support.models import DENSE, MIXTURE, NUMBERS, one

FORMULA = "E + A / effective_params**alpha + B / effective_tokens**beta"

COEFFICIENTS = {"E": 1.7, "A": 400.0, "B": 1200.0, "alpha": 0.34, "beta": 0.33}


def mine(formula: str = FORMULA, **options: Any) -> iso.Law:
    return iso.Law(formula, COEFFICIENTS, id="mine", **options)


# Verdicts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "efficiency", "verdict"),
    [
        ("GPT-3 175B", 0.61, "undertrained"),
        ("Gopher 280B", 0.50, "undertrained"),
        ("Chinchilla 70B", 1.00, "compute-optimal"),
        ("LLaMA-65B", 1.00, "compute-optimal"),
        ("LLaMA-7B", 0.70, "overtrained"),
        ("Llama 3 8B", 0.18, "overtrained"),
    ],
)
def test_well_known_models_get_the_verdict_they_are_known_for(
    name: str, efficiency: float, verdict: str
) -> None:
    row = iso.diagnose(iso.models()).row(by_predicate=pl.col("name") == name, named=True)
    assert row["compute_efficiency"] == pytest.approx(efficiency, abs=0.005)
    assert row["verdict"] == verdict
    assert row["why"] is None


def test_the_optimum_itself_is_compute_optimal() -> None:
    for law in ("besiroglu2024", "hoffmann2022", "sardana2024", mine()):
        entry = iso.law(law) if isinstance(law, str) else law
        optimum = entry.compute_optimal([1e18, 1e21, 1e24, 1e27])
        found = iso.diagnose(optimum.select("params", "tokens"), law)
        assert found["compute_efficiency"].to_list() == pytest.approx([1.0] * 4, rel=1e-9)
        assert set(found["verdict"]) == {"compute-optimal"}
        assert found["optimal_params"].to_list() == pytest.approx(optimum["params"].to_list(), rel=1e-12)


def test_the_verdict_changes_at_an_efficiency_of_nine_tenths() -> None:
    optimum = iso.law("besiroglu2024").compute_optimal(1e23).row(0, named=True)
    factors = [1.0 + step / 100 for step in range(200)]
    sizes = [optimum["params"] * factor for factor in factors] + [
        optimum["params"] / factor for factor in factors
    ]
    found = iso.diagnose({"params": sizes, "tokens": [1e23 / 6 / size for size in sizes]})
    for size, efficiency, verdict in found.select("params", "compute_efficiency", "verdict").iter_rows():
        side = "undertrained" if size > optimum["params"] else "overtrained"
        assert verdict == ("compute-optimal" if efficiency >= 0.90 else side)
    assert set(found["verdict"]) == {"compute-optimal", "undertrained", "overtrained"}


def test_a_reported_compute_of_another_accounting_changes_nothing() -> None:
    plain, reported = one(**DENSE), one(**DENSE, train_flops=1e24)
    assert reported.pop("train_flops") == 1e24
    assert plain == reported


def test_columns_of_the_frame_stay_in_front_as_they_were() -> None:
    frame = pl.DataFrame([DENSE, MIXTURE]).with_columns(quality=0.5, lab=pl.Series(["here", None]))
    before = frame.clone()
    found = iso.diagnose(frame)
    assert_frame_equal(found.select(frame.columns), before, check_exact=True)
    assert found.columns == [*frame.columns, *NUMBERS, "verdict", "why"]
    assert_frame_equal(frame, before, check_exact=True)


def test_whatever_makes_a_frame_will_do() -> None:
    columns = {"params": [8_000_000_000, 70_000_000_000], "tokens": [10**12, 10**12]}
    expected = iso.diagnose(pl.DataFrame(columns)).select(*NUMBERS, "verdict")
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    for frame in (columns, rows, pl.LazyFrame(columns), pl.DataFrame(columns).cast(pl.Float64)):
        assert_frame_equal(iso.diagnose(frame).select(expected.columns), expected, check_exact=True)


def test_an_empty_frame_gives_an_empty_frame_of_the_same_types() -> None:
    full = iso.diagnose([DENSE])
    empty = iso.diagnose(pl.DataFrame([DENSE]).clear())
    assert empty.height == 0
    assert empty.schema == full.schema


def test_extrapolation_is_there_only_if_the_law_states_a_range() -> None:
    assert "extrapolation" not in iso.diagnose([DENSE], mine()).columns
    assert one(params=1.6e11, tokens=3e11)["extrapolation"] == pytest.approx(1.0)
    assert one(params=1e9, tokens=3e11)["extrapolation"] == 0


# What is missing --------------------------------------------------------------------------------------


def test_without_tokens_there_is_no_verdict_and_the_row_says_why() -> None:
    row = one(params=8e9, tokens=None)
    assert row["why"] == "tokens not given"
    assert [row[name] for name in (*NUMBERS, "verdict")] == [None] * 8


def test_all_that_is_missing_is_named() -> None:
    assert one(params=None, tokens=None)["why"] == "params and tokens not given"
    row = one(params=8e9, active_params=None, tokens=None)
    assert row["why"] == "active_params and tokens not given"


def test_an_unknown_active_size_is_not_taken_for_a_dense_model() -> None:
    row = one(params=8e9, active_params=None, tokens=1e12)
    assert row["verdict"] is None
    assert row["why"] == "active_params not given"


def test_what_does_not_need_the_missing_number_is_told() -> None:
    row = one(params=None, active_params=8e9, tokens=1e12)
    whole = one(**DENSE)
    for name in ("tokens_per_param", "optimal_params", "optimal_tokens", "optimal_loss"):
        assert row[name] == whole[name]
    assert row["loss"] is None


def test_a_reported_compute_tells_the_optimum_where_tokens_are_missing() -> None:
    row = one(params=8e9, tokens=None, train_flops=1e24)
    optimum = iso.law("besiroglu2024").compute_optimal(1e24).row(0, named=True)
    assert row["optimal_params"] == optimum["params"]
    assert row["optimal_tokens"] == optimum["tokens"]
    assert row["optimal_loss"] == optimum["loss"]
    assert [row[name] for name in ("tokens_per_param", "loss", "compute_efficiency", "verdict")] == [None] * 4


def test_a_column_of_nulls_alone_is_missing_everywhere() -> None:
    found = iso.diagnose({"params": [1e9, 2e9], "tokens": [None, None]})
    assert found["why"].to_list() == ["tokens not given"] * 2
    assert (
        iso.diagnose({"params": [1e9], "tokens": pl.Series([None], dtype=pl.String)})["verdict"]
        .is_null()
        .all()
    )


def test_a_law_that_gives_no_number_is_the_reason() -> None:
    law = mine(f"({FORMULA}) + 0*log(1e12 - tokens)", optimal={"kind": "search"})
    found = iso.diagnose({"params": [1e9, 1e9], "tokens": [2e10, 2e12]}, law)
    assert found["verdict"].to_list()[1] is None
    assert found["why"].to_list() == [None, "`mine` gives no number here"]


# Mixtures of experts ----------------------------------------------------------------------------------


def test_a_dense_law_does_not_rate_mixtures() -> None:
    row = one(**MIXTURE)
    assert row["why"] == "a dense law cannot rate a mixture of experts; give moe_gain"
    for name in ("loss", "compute_efficiency", "extrapolation", "verdict"):
        assert row[name] is None
    optimum = iso.law("besiroglu2024").compute_optimal(6 * 8e9 * 1e12).row(0, named=True)
    assert row["tokens_per_param"] == 125
    assert row["optimal_params"] == optimum["params"]


def test_dense_rows_do_not_mind_mixtures_beside_them() -> None:
    found = iso.diagnose([DENSE, MIXTURE])
    assert_frame_equal(found[:1], iso.diagnose([DENSE]), check_exact=True)


def test_moe_gain_changes_nothing_for_a_dense_model() -> None:
    assert one(**DENSE, moe_gain=0.35) == one(**DENSE)


def test_moe_gain_rates_a_mixture_as_the_dense_model_it_is_worth() -> None:
    row = one(**MIXTURE, moe_gain=0.5)
    worth = one(params=8e9 * math.sqrt(8), tokens=1e12)
    for name in ("loss", "optimal_loss", "optimal_tokens", "compute_efficiency", "extrapolation"):
        assert row[name] == pytest.approx(worth[name], rel=1e-12)
    assert row["verdict"] == worth["verdict"]
    assert row["tokens_per_param"] == 125
    assert row["optimal_params"] == pytest.approx(worth["optimal_params"] / math.sqrt(8) * 8, rel=1e-12)


def test_the_best_mixture_of_its_kind_is_compute_optimal() -> None:
    law = iso.law("besiroglu2024")
    best = law.compute_optimal(1e24, activation=1 / 16, moe_gain=0.35).row(0, named=True)
    row = one(params=best["params"], active_params=best["params"] / 16, tokens=best["tokens"], moe_gain=0.35)
    assert row["compute_efficiency"] == pytest.approx(1, abs=1e-9)
    assert row["optimal_params"] == pytest.approx(best["params"], rel=1e-5)
    assert row["verdict"] == "compute-optimal"


def test_every_mixture_with_tokens_is_rated_with_moe_gain() -> None:
    found = iso.diagnose(iso.models(), moe_gain=0.35).filter(pl.col("tokens").is_not_null())
    assert found["why"].is_null().all()
    assert found["compute_efficiency"].is_between(0, 1 + 1e-9).all()
    assert (found["optimal_loss"] <= found["loss"] * (1 + 1e-12)).all()


def test_a_gain_that_is_a_coefficient_of_the_law_is_used() -> None:
    law = iso.Law(FORMULA, COEFFICIENTS | {"moe_gain": 0.5}, id="mine")
    row = one(**MIXTURE, law=law)
    assert row["loss"] == pytest.approx(one(**MIXTURE, law=mine(), moe_gain=0.5)["loss"], rel=1e-12)
    with pytest.raises(iso.LawError, match="`moe_gain` is a coefficient of `mine`"):
        one(**MIXTURE, law=law, moe_gain=0.5)


def test_a_law_without_moe_gain_says_that_it_does_not_read_it() -> None:
    law = mine("E + A / params**alpha + B / tokens**beta")
    assert one(**MIXTURE, law=law)["why"].endswith("and `mine` does not read moe_gain")
    with pytest.raises(iso.LawError, match="`moe_gain` is no input of `mine`"):
        one(**MIXTURE, law=law, moe_gain=0.5)


# Sizes without embeddings -----------------------------------------------------------------------------


def without_embeddings() -> iso.Law:
    read = "active_non_embedding_params * (effective_params / active_params)"
    return iso.Law(
        "E + A / effective_non_embedding_params**alpha + B / effective_tokens**beta",
        COEFFICIENTS,
        id="without",
        quantities={"effective_non_embedding_params": read},
        variables={
            "non_embedding_params": {"reads": "effective_non_embedding_params", "range": [1e8, 1e10]},
            "tokens": {"reads": "effective_tokens"},
        },
    )


def test_a_law_without_embeddings_reads_the_size_without_them() -> None:
    row = one(params=9e9, non_embedding_params=8e9, tokens=1e12, law=without_embeddings())
    same = one(params=8e9, tokens=1e12, law=without_embeddings())
    assert [row[name] for name in NUMBERS] == [same[name] for name in NUMBERS]
    assert row["loss"] == without_embeddings().loss(non_embedding_params=8e9, tokens=1e12)


def test_without_word_of_embeddings_there_are_none() -> None:
    row = one(**DENSE, law=without_embeddings())
    assert row["loss"] == without_embeddings().loss(params=8e9, tokens=1e12)
    assert row["verdict"] is not None


def test_mixtures_need_the_active_size_without_embeddings_too() -> None:
    size = {"non_embedding_params": 60e9}
    with pytest.raises(ValueError, match="give `active_non_embedding_params` too"):
        one(**MIXTURE, **size, law=without_embeddings())
    row = one(**MIXTURE, **size, active_non_embedding_params=7.5e9, law=without_embeddings(), moe_gain=0.5)
    assert row["loss"] == pytest.approx(
        without_embeddings().loss(non_embedding_params=7.5e9 * math.sqrt(8), tokens=1e12), rel=1e-12
    )
    assert row["tokens_per_param"] == 1e12 / 7.5e9


def test_a_law_with_embeddings_does_not_read_the_size_without_them() -> None:
    assert one(**DENSE, non_embedding_params=7e9)["loss"] == one(**DENSE)["loss"]
