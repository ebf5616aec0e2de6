"""Domains: what is given must be what it can be."""

from __future__ import annotations

import copy
import math
import pickle
import warnings
from typing import Any

import numpy as np
import polars as pl
import pytest

import isoflop as iso
from isoflop._accounting.domains import domain_of, read_domain
from isoflop.catalog.files import all_quantity_tables, law_ids

SIZES: dict[str, Any] = {"params": 1e9, "tokens": 1e10}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"mfu": 35},
            "scalar `mfu` is 35; it must be above 0 and at most 1: it is a share, and 35 % is 0.35",
        ),
        ({"mfu": 1.04}, "scalar `mfu` is 1.04; it must be above 0 and at most 1"),
        ({"mfu": -0.4}, "scalar `mfu` is -0.4; it must be above 0"),
        ({"inference_mfu": 0}, "scalar `inference_mfu` is 0; it must be above 0"),
        ({"activation": 2.0}, "scalar `activation` is 2; it must be above 0 and at most 1"),
        ({"sparsity": 1.0}, "scalar `sparsity` is 1; it must be 0 or more and below 1"),
        ({"quality": -1}, "scalar `quality` is -1; it must be above 0"),
        ({"params": -1}, "scalar `params` is -1; it must be above 0"),
        ({"params": 0}, "scalar `params` is 0; it must be above 0"),
        ({"usd_per_gpu_hour": -2}, "scalar `usd_per_gpu_hour` is -2; it must be 0 or more"),
        (
            {"quality": [1.0, 0.0, -1.0]},
            "axis `quality` has 2 values outside its domain, the first at position 1: 0; it must be above 0",
        ),
        (
            {"pool": pl.DataFrame({"pool": ["a", "b"], "mfu": [0.4, 40.0]})},
            "column `mfu` of axis `pool` has 1 value outside its domain, the first at position 1: 40; it",
        ),
    ],
)
def test_what_is_given_outside_its_domain_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(iso.SpaceError) as caught:
        iso.Sweep(given)
    assert message in str(caught.value)
    assert caught.value.axis == ("mfu" if "pool" in given else next(iter(given)))


def test_a_sweep_file_is_held_to_domains(tmp_path: Any) -> None:
    path = tmp_path / "sweep.toml"
    path.write_text("[axes]\nparams = 1e9\nmfu = [0.3, 30]\n")
    with pytest.raises(
        iso.SpaceError, match=r"sweep.toml: axis `mfu` has 1 value outside its domain.*30 % is"
    ):
        iso.Sweep.from_toml(path)


def test_small_sizes_and_the_ends_of_domains_are_values() -> None:
    sweep = iso.Sweep(
        {"params": 7, "tokens": 1, "mfu": 1, "usd_per_token": 0, "inference_tokens": 0, "sparsity": 0}
    )
    assert sweep.size == 1


def test_what_follows_is_not_held_to_a_domain() -> None:
    sweep = iso.Sweep({"params": 1e9}, quantities={"mfu": "35 + 0*params", "quality": "-1"})
    assert sweep.table(columns=["mfu", "quality"]).row(0) == (35.0, -1.0)


def test_no_tokens_may_be_taken_from_a_pool_but_no_fewer() -> None:
    pools = {"pool": ["web", "code"]}
    axes: dict[str, Any] = {"params": 1e9, "web_tokens": [0.0, 1e10], "code_tokens": 1e10}
    assert iso.Sweep(axes, pools=pools).size == 2
    with pytest.raises(iso.SpaceError, match="`web_tokens` has 1 value outside its domain"):
        iso.Sweep(axes | {"web_tokens": [-1.0, 1e10]}, pools=pools)


def test_a_law_of_ones_own_may_mean_another_thing_by_a_name() -> None:
    own = iso.Law("1 + quality**2 + 1/tokens", {}, variables={"quality": {}, "tokens": {"unit": "token"}})
    assert iso.Sweep({"quality": [-1, 1], "tokens": 1e9}, law=own).size == 2
    assert own.loss(quality=-1, tokens=1.0) == 3
    with pytest.raises(iso.SpaceError, match="`tokens`"):
        iso.Sweep({"quality": 1, "tokens": -1}, law=own)
    percent = iso.Law(
        "1 + activation / tokens", {}, variables={"activation": {"range": [1, 100]}, "tokens": {}}
    )
    assert iso.Sweep({"activation": [10, 50], "tokens": 1e9}, law=percent).size == 2


@pytest.mark.parametrize("law", ["besiroglu2024", iso.law("besiroglu2024").replace(E=1.8)])
def test_a_law_of_the_catalogue_keeps_the_domains_changed_or_not(law: Any) -> None:
    with pytest.raises(iso.SpaceError, match="scalar `params` is -1"):
        iso.Sweep({"params": -1, "tokens": 1e10}, law=law)


def test_the_catalogue_is_inside_the_domains() -> None:
    for id in law_ids():
        law = iso.law(id)
        for name, variable in law.variables.items():
            domain = domain_of(name)
            if domain is not None and variable.range is not None:
                assert domain.least <= variable.range[0] <= variable.range[1] <= domain.most, (id, name)
    for table in all_quantity_tables():
        domain = read_domain(table["domain"])
        assert domain.least <= table.get("default", domain.least) <= domain.most, table["name"]


# Laws -----------------------------------------------------------------------------------------------


def fresh() -> iso.Law:
    """A law that has warned of nothing yet."""
    return iso.law("besiroglu2024").replace(E=1.8)


def test_the_loss_of_what_cannot_be_is_nan_and_said_once() -> None:
    law = fresh()
    with pytest.warns(
        iso.DomainWarning, match=r"`params` .* must be above 0; the loss of `besiroglu2024\*`"
    ) as caught:
        single = law.loss(params=-1, tokens=1e10)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = law.loss(params=[1e9, 0.0, -1.0], tokens=1e10)
    assert math.isnan(single)
    assert isinstance(found, np.ndarray)
    assert np.isnan(found).tolist() == [False, True, True]
    assert found[0] == law.loss(**SIZES)


def test_an_exponent_of_zero_does_not_hide_what_cannot_be() -> None:
    with pytest.warns(iso.DomainWarning, match="`activation`"):
        found = fresh().loss(**SIZES, activation=[[0.5], [2.0]], moe_gain=[0.0, 0.0])
    assert np.isnan(found).tolist() == [[False, False], [True, True]]


def test_every_input_that_cannot_be_is_named_in_the_one_warning_of_a_law() -> None:
    law = fresh()
    with pytest.warns(iso.DomainWarning, match="`params` .*; `tokens` .*; the loss of") as caught:
        law.loss(params=-1, tokens=-1)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(law.loss(params=1e9, tokens=1e10, activation=2.0, moe_gain=0.3))


def test_nan_is_not_outside() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(fresh().loss(params=math.nan, tokens=1e10))


def test_a_law_that_has_warned_is_the_same_law() -> None:
    law = fresh()
    with pytest.warns(iso.DomainWarning):
        law.loss(params=-1, tokens=1e10)
    assert law == fresh() == pickle.loads(pickle.dumps(law)) == copy.deepcopy(law)


# Plans and models -----------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{"mfu": 35}, {"mfu": 1.04}, {"activation": 2.0}, {"inference_mfu": 10}])
def test_a_plan_is_held_to_domains(given: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="it must be above 0 and at most 1"):
        iso.plan(flops=1e22, moe_gain=0.3, **given)  # type: ignore[arg-type]


def test_diagnose_is_held_to_domains() -> None:
    with pytest.raises(ValueError, match="moe_gain must be a finite number, 0 or more"):
        iso.diagnose({"params": [1e9], "tokens": [1e10]}, moe_gain=-0.5)
