"""What models of laws of mixtures store: the relation of a law's file, and its place in the accounting."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import polars as pl
import pytest

import isoflop as iso
from isoflop._accounting.formula import names_in
from isoflop._accounting.quantities import known_names
from isoflop._law.table import law_from_mapping, law_to_mapping

OF_MIXTURES = [
    law
    for law in map(iso.law, iso.laws()["id"])
    if {"experts", "active_experts", "granularity", "sparsity"} & set(law.variables)
]
WITH_RELATION = [law for law in OF_MIXTURES if law.size_relation is not None]
OWN = {"a": 2.0, "stored": 3.0}


def own(**changes: Any) -> iso.Law:
    """A law of mixtures of which everything is stored three times."""
    size = {"params": "stored * active_params", "needs": ["active_params", "experts"], "note": "thrice"}
    return iso.Law("a / (active_params * experts)", OWN, size=size, **changes)


def size_of(law: iso.Law, **given: float) -> dict[str, float]:
    """Return the sizes of one configuration as a sweep sees them."""
    names = ["params", "active_params", "activation", "non_embedding_params", "weight_bytes"]
    return iso.Sweep(dict(given), law=law).table(columns=names).row(0, named=True)


def test_every_law_of_mixtures_says_what_its_models_store_or_what_must_be_given() -> None:
    assert {law.id for law in WITH_RELATION} == {
        "clark2022-hash", "clark2022-rlr", "clark2022-sbase", "krajewski2024", "ludziejewski2025",
    }  # fmt: skip
    for law in OF_MIXTURES:
        assert law.size is not None, law.id
        assert law.size.needs
        assert law.size.note
        for need in law.size.needs:
            assert set(need.replace(" ", "").split("|")) <= set(known_names(law))
        if law.size_relation is not None:
            assert set(names_in(law.size_relation["params"])) <= set(known_names(law))


def test_a_relation_is_a_read_only_mapping_and_dense_laws_have_none() -> None:
    relation = iso.law("ludziejewski2025").size_relation
    assert relation == {"params": "active_params + 9/64 * (experts - 1) * model_width**3"}
    with pytest.raises(TypeError):
        relation["params"] = "active_params"  # type: ignore[index]
    assert iso.law("besiroglu2024").size_relation is None
    assert iso.law("abnar2025").size_relation is None
    assert iso.law("abnar2025").size is not None


def test_sixty_four_experts_are_stored() -> None:
    plan = {"active_params": 4e10, "experts": 64.0, "train_flops": 1e24}
    sizes = size_of(iso.law("ludziejewski2025"), **plan)
    assert sizes["params"] == pytest.approx(1.76e12, rel=1e-3)
    assert sizes["weight_bytes"] == 2 * sizes["params"]
    assert sizes["activation"] == 4e10 / sizes["params"]
    # So 80 GB hold the dense model of them, and none with more experts.
    axes = plan | {"experts": [1.0, 2.0, 8.0, 64.0]}
    where = "weight_bytes <= 80e9"
    held = iso.Sweep(axes, law="ludziejewski2025", where=where).table(columns=[])
    assert held["experts"].to_list() == [1.0]


@pytest.mark.parametrize(
    ("id", "given", "stored"),
    [
        ("ludziejewski2025", {"active_params": 321030144, "experts": 32}, 5_001_873_408),
        ("clark2022-sbase", {"active_non_embedding_params": 1e9, "experts": 14}, 5e9),
        ("clark2022-hash", {"active_params": 1e9, "experts": 1}, 1e9),
        ("clark2022-rlr", {"active_params": 2.08e9, "experts": 1}, 2.09e9),
        ("krajewski2024", {"active_params": 1e9}, 43e9),
        ("krajewski2024", {"active_non_embedding_params": 1e9}, 43e9),
    ],
)
def test_the_stored_size_follows_from_the_active_one(id: str, given: dict[str, float], stored: float) -> None:
    sizes = size_of(iso.law(id), **given)
    assert sizes["params"] == pytest.approx(stored, rel=1e-12)
    assert sizes["activation"] == sizes["active_params"] / sizes["params"]


def test_vocabulary_matrices_are_stored_once_whatever_the_experts() -> None:
    shape = {"vocab_size": 32_000, "d_model": 2048}
    matrices = 2 * 32_000 * 2048
    sizes = size_of(iso.law("clark2022-sbase"), active_non_embedding_params=1e9, experts=14, **shape)
    assert sizes["active_params"] == 1e9 + matrices
    assert sizes["params"] == pytest.approx(5e9 + matrices)
    assert sizes["non_embedding_params"] == pytest.approx(5e9)
    fine = size_of(iso.law("krajewski2024"), active_params=1e9 + matrices, **shape)
    assert fine["params"] == pytest.approx(43e9 + matrices)


def test_the_loss_of_fine_experts_is_the_same_by_active_and_by_stored_size() -> None:
    law, data = iso.law("krajewski2024"), {"tokens": 2e10, "granularity": 8}
    active = law.loss(active_params=6e7, **data)
    assert active == pytest.approx(law.loss(non_embedding_params=43 * 6e7, **data), rel=1e-12)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"params": 7e9}, 7e9),
        ({"activation": 0.25}, 4e9),
        ({"non_embedding_params": 5e9}, 5e9),
        ({}, 3e9),
    ],
)
def test_what_is_given_goes_before_the_relation(given: dict[str, float], stored: float) -> None:
    sizes = size_of(own(), active_params=1e9, experts=8, **given)
    assert sizes["params"] == stored
    assert sizes["activation"] == 1e9 / stored


def test_a_quantity_of_the_users_goes_before_the_relation() -> None:
    axes: dict[str, Any] = {"active_params": 1e9, "experts": 8}
    sweep = iso.Sweep(axes, law=own(), quantities={"params": "5 * active_params"})
    assert sweep.table(columns=["params"])["params"].item() == 5e9


def test_explain_shows_the_relation_and_where_it_comes_from() -> None:
    axes: dict[str, Any] = {"active_params": [1e9, 2e9], "experts": 8, "tokens": 1e10}
    text = iso.Sweep(axes, law="ludziejewski2025").explain(minimize="weight_bytes")
    assert "active_params + 9/64 * (experts - 1) * model_width**3" in text
    assert "routers left out" in text


def test_front_and_best_under_a_relation_are_those_of_brute_force() -> None:
    axes: dict[str, Any] = {
        "active_params": iso.geomspace(1e8, 2.5e9, 40),
        "experts": [1.0, 2.0, 4.0, 8.0, 16.0, 32.0],
        "tokens": 2e10,
    }
    sweep = iso.Sweep(axes, law="ludziejewski2025", where="weight_bytes <= 2e10")
    asked: dict[str, Any] = {"minimize": ["loss", "weight_bytes"]}
    front = sweep.pareto(method="search", **asked)
    assert front.equals(sweep.pareto(method="enumerate", **asked))
    assert front.height > 3
    # The width of each model again, by the roots of NumPy.
    table = sweep.table(columns=["params"])
    for active, experts, stored in table.select("active_params", "experts", "params").rows()[:50]:
        roots = np.roots([13 / 64, 0, 2 * 50257, -active])
        width = float(roots[np.abs(roots.imag) < 1e-6].real[0])
        assert stored == pytest.approx(active + 9 / 64 * (experts - 1) * width**3, rel=1e-9)


def test_a_law_with_a_size_is_a_value() -> None:
    law = own()
    for again in (pickle.loads(pickle.dumps(law)), copy.deepcopy(law), eval(repr(law), {"iso": iso})):
        assert again == law
        assert again.size == law.size
        assert size_of(again, active_params=1e9, experts=8)["params"] == 3e9
    assert law_from_mapping(law_to_mapping(law), "a table") == law
    assert law_to_mapping(law)["size"] == {
        "params": "stored * active_params", "needs": ["active_params", "experts"], "note": "thrice",
    }  # fmt: skip
    assert law != law.replace(size=None, id=law.id)


def test_replace_keeps_the_relation_unless_the_quantities_change() -> None:
    law = own()
    assert law.replace(stored=5.0).size == law.size
    assert size_of(law.replace(stored=5.0), active_params=1e9, experts=8)["params"] == 5e9
    assert law.replace(quantities={"twice": "2*experts"}).size is None
    assert law.replace(size={"needs": ["params"]}).size_relation is None


def test_a_sweep_file_keeps_the_relation(tmp_path: Any) -> None:
    axes: dict[str, Any] = {"active_params": 1e9, "experts": [8.0, 16.0]}
    sweep = iso.Sweep(axes, law=own())
    sweep.to_toml(tmp_path / "own.toml")
    again = iso.Sweep.from_toml(tmp_path / "own.toml")
    assert again == sweep
    assert again.table(columns="params")["params"].to_list() == [3e9, 3e9]


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ({}, "size must have `params`, a formula, or `needs`"),
        ({"param": "1e9"}, "size: unknown key `param`; did you mean `params`"),
        ({"params": 7}, "size: params must be a text, not 7"),
        ({"params": "experst * 1e9"}, "reads `experst`, .* did you mean `experts`"),
        ({"needs": "experts"}, "size: needs must be a list of texts"),
        ({"needs": ["experst"]}, "reads `experst`, .* did you mean `experts`"),
    ],
)
def test_a_size_with_a_slip_is_refused(size: Any, message: str) -> None:
    with pytest.raises(iso.LawError, match=message):
        iso.Law("a / (active_params * experts)", OWN, size=size)


def test_a_size_that_cannot_be_read_points_at_the_character() -> None:
    with pytest.raises(iso.FormulaError, match=r"in the formula of `params`"):
        iso.Law("a / (active_params * experts)", OWN, size={"params": "2 *"})


def test_checks_hold_the_relations_against_printed_totals() -> None:
    checks = iso.checks().filter(pl.col("check") == "params", pl.col("kind") == "law")
    assert set(checks["id"]) == {law.id for law in WITH_RELATION}
    assert checks["passes"].all()
    assert {"printed", "recomputed"} <= set(checks["from"])
