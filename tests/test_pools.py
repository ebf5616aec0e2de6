"""Pools of data: what follows from them, against NumPy, and what is refused."""

from __future__ import annotations

import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import isoflop as iso

pytestmark = pytest.mark.filterwarnings("ignore::isoflop.ExtrapolationWarning")

POOLS = pl.DataFrame(
    {
        "pool": ["curated", "web"],
        "quality": [1.0, 0.4],
        "unique_tokens": [15e12, None],
        "usd_per_token": [1e-7, None],
    }
)
TOKENS = [0, *iso.geomspace(1e11, 2e14, 12)]
AXES: dict[str, Any] = {
    "params": iso.geomspace(1e9, 1e12, 9),
    "curated_tokens": TOKENS,
    "web_tokens": TOKENS,
}
SCALE = 15.387756


def sweep(**changes: Any) -> iso.Sweep:
    given_: dict[str, Any] = {"axes": AXES, "law": "besiroglu2024", "pools": POOLS}
    return iso.Sweep(**(given_ | changes))


def worth(tokens: Any, quality: float, unique: float) -> Any:
    """Effective tokens of a pool, as the accounting has it for a pool alone."""
    fresh = np.minimum(tokens, unique)
    repeats = np.maximum(tokens / unique - 1, 0)
    return quality * fresh * (1 + SCALE * (1 - np.exp(-repeats / SCALE)))


def test_pools_together_are_sums() -> None:
    columns = ["tokens", "fresh_tokens", "effective_tokens", "data_usd", "train_flops", "quality"]
    table = sweep().table(columns=[*columns, "curated_epochs", "unique_tokens"])
    curated, web = table["curated_tokens"].to_numpy(), table["web_tokens"].to_numpy()
    fresh = np.minimum(curated, 15e12)
    np.testing.assert_array_equal(table["tokens"], curated + web)
    np.testing.assert_array_equal(table["fresh_tokens"], fresh + web)
    np.testing.assert_allclose(table["effective_tokens"], worth(curated, 1, 15e12) + 0.4 * web, rtol=1e-14)
    np.testing.assert_allclose(table["data_usd"], 1e-7 * fresh, rtol=1e-14)
    np.testing.assert_allclose(table["train_flops"], 6 * table["params"] * (curated + web), rtol=1e-14)
    np.testing.assert_allclose(table["curated_epochs"], curated / 15e12, rtol=1e-14)
    some = fresh + web > 0
    mean = (fresh[some] + 0.4 * web[some]) / (fresh[some] + web[some])
    np.testing.assert_allclose(table["quality"].to_numpy()[some], mean, rtol=1e-14)


@given(
    tokens=st.floats(1e9, 1e15),
    quality=st.floats(0.1, 2),
    unique=st.floats(1e9, 1e15),
    price=st.floats(0, 1e-6),
)
def test_one_pool_is_the_accounting_without_pools(
    tokens: float, quality: float, unique: float, price: float
) -> None:
    names = ["loss", "tokens", "effective_tokens", "fresh_tokens", "data_usd", "total_usd", "epochs"]
    given_ = {"quality": quality, "unique_tokens": unique, "usd_per_token": price}
    alone = iso.Sweep({"params": [1e9], "tokens": tokens, **given_}, law="besiroglu2024")
    pools: dict[str, list[Any]] = {"pool": ["only"], **{name: [value] for name, value in given_.items()}}
    pooled = iso.Sweep({"params": [1e9], "only_tokens": tokens}, law="besiroglu2024", pools=pools)
    expected = alone.table(columns=names).select(names)
    found = pooled.table(columns=names).select(names)
    np.testing.assert_allclose(found.to_numpy(), expected.to_numpy(), rtol=1e-12)


def test_nothing_taken_from_any_pool_is_no_training_at_all() -> None:
    nothing = (
        sweep()
        .table(columns=["loss", "total_usd", "effective_tokens"])
        .filter(curated_tokens=0, web_tokens=0)
    )
    assert nothing["loss"].to_list() == [math.inf] * 9
    assert nothing["effective_tokens"].to_list() == [0] * 9


def test_fronts_over_pools_are_the_same_by_search_and_by_enumeration() -> None:
    asked: dict[str, Any] = {"minimize": ["loss", "total_usd"], "columns": ["data_usd", "tokens"]}
    for law in ("besiroglu2024", "muennighoff2023", "subramanyam2025"):
        plans = sweep(law=law, where="tokens > 0")
        front = plans.pareto(method="enumerate", **asked)
        assert front.equals(plans.pareto(method="search", **asked))
        assert front.height > 10


def test_the_best_mixture_is_no_worse_than_either_pool_alone() -> None:
    limit = "train_flops <= 1e27"
    mixed = sweep(where=limit).best(minimize="loss")["loss"].item()
    for pool in ("curated", "web"):
        other = {"curated": "web", "web": "curated"}[pool]
        alone = sweep(axes={**AXES, f"{other}_tokens": 0}, where=limit).best(minimize="loss")["loss"].item()
        assert mixed <= alone


def test_laws_that_read_quality_get_the_mean_of_the_distinct_tokens() -> None:
    (row,) = (
        sweep(axes={"params": 1e9, "curated_tokens": 3e12, "web_tokens": 1e12}, law="subramanyam2025")
        .table(columns="loss")
        .to_dicts()
    )
    mean = (3e12 + 0.4e12) / 4e12
    expected = iso.law("subramanyam2025").loss(params=1e9, tokens=4e12, quality=mean)
    assert row["loss"] == pytest.approx(expected, rel=1e-12)


def test_tokens_of_a_pool_may_be_a_quantity() -> None:
    axes = {"params": [1e9], "total": [1e12, 2e12], "share": [0.0, 0.5, 1.0]}
    mixed = sweep(axes=axes, quantities={"curated_tokens": "share*total", "web_tokens": "(1 - share)*total"})
    table = mixed.table(columns=["tokens", "effective_tokens"])
    np.testing.assert_allclose(table["tokens"], table["total"])
    assert table["effective_tokens"].to_list() == pytest.approx([4e11, 7e11, 1e12, 8e11, 14e11, 2e12])


def test_a_quantity_of_the_user_goes_before_what_follows_from_pools() -> None:
    table = sweep(quantities={"data_usd": "42"}).table(columns="data_usd")
    assert table["data_usd"].unique().to_list() == [42]


def test_explain_tells_pools_from_formulas_of_ones_own_and_says_what_is_assumed() -> None:
    text = sweep(quantities={"mine": "loss*2"}).explain(minimize=["mine", "data_usd"])
    line = {row.split()[0]: row for row in text.splitlines() if row.strip()}
    assert line["effective_tokens"].endswith("pools")
    assert line["mine"].endswith("yours")
    assert "an assumption: fitted as a part of muennighoff2023, and borrowed" in line["repetition_scale"]


def test_a_sweep_with_pools_survives_its_ways_out(tmp_path: Path) -> None:
    original = sweep(where="train_flops <= 1e26")
    path = tmp_path / "pools.toml"
    original.to_toml(path)
    assert "[pools.curated]" in path.read_text()
    assert iso.Sweep.from_toml(path) == original
    assert pickle.loads(pickle.dumps(original)) == original
    assert eval(repr(original), {"iso": iso, "pl": pl}) == original
    assert original.replace(law="hoffmann2022").pools is not None
    assert original != original.replace(pools=POOLS.with_columns(quality=pl.lit(1.0)))
    assert original.pools is not None
    assert original.pools["unique_tokens"].to_list() == [15e12, None]
    assert sweep(axes={"params": 1, "tokens": 1}, pools=None).pools is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pools": 3}, "pools must be a frame with a row for each pool, not 3"),
        ({"pools": {"pool": []}}, "pools: a column `pool` with a name for each is needed"),
        ({"pools": {"quality": [1.0]}}, "pools: a column `pool` with a name for each is needed"),
        (
            {"pools": {"pool": ["a"], "price": [1]}},
            "pools: unknown column `price`; the columns are pool, qual",
        ),
        ({"pools": {"pool": ["web data"]}}, "a pool is called 'web data': a name is made of letters"),
        ({"pools": {"pool": ["web", "web"]}}, "pools: `web` comes 2 times; give each pool one row"),
        (
            {"pools": {"pool": ["web"], "quality": [0.0]}},
            "pools: `quality` of `web` must be above 0, not 0.0",
        ),
        (
            {"pools": {"pool": ["web"], "quality": ["good"]}},
            "`quality` of `web` must be a number, not 'good'",
        ),
        (
            {"pools": {"pool": ["web"], "usd_per_token": [-1.0]}},
            "`usd_per_token` of `web` must be 0 or more, not -1.0",
        ),
        ({"pools": {"pool": ["web"], "quality": [math.inf]}}, "`quality` of `web` must be finite"),
        ({"pools": {"pool": ["web"], "unique_tokens": [math.nan]}}, "must be a number, not nan"),
        (
            {"pools": {"pool": ["inference"]}},
            "would make `inference_tokens`, which is a standard",
        ),
        (
            {"pools": {"pool": ["fresh", "b"]}},
            "would make `fresh_tokens`, which is a standard quantity",
        ),
        ({"pools": {"pool": ["other"]}}, "pool `other` needs an axis or a scalar `other_tokens`"),
        (
            {"axes": {**AXES, "tokens": [1e12]}},
            "with pools `tokens` follows from `curated_tokens` [+] `web_t",
        ),
        ({"axes": {**AXES, "quality": [1.0]}}, "with pools `quality` follows from"),
    ],
)
def test_pools_that_make_no_sense_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(iso.SpaceError, match=message):
        sweep(**changes)


def test_a_file_with_a_slip_in_a_pool_says_where(tmp_path: Path) -> None:
    path = tmp_path / "slip.toml"
    for text, message in (
        ("[pools.web]\nqualty = 1", r"slip.toml: pools.web: unknown key `qualty`; did you mean `quality`\?"),
        ("[pools]\nweb = 3", r"slip.toml: pools.web: a table \[pools.web\], not 3"),
        ("pools = 3", r"slip.toml: pools: a table \[pools\], not 3"),
        ("[pools.web]\nquality = -1", "slip.toml: pools: `quality` of `web` must be above 0"),
    ):
        path.write_text(text)
        with pytest.raises(iso.SpaceError, match=message):
            iso.Sweep.from_toml(path)


def test_whole_and_other_numbers_mix_and_frames_may_be_lazy() -> None:
    mixed = {"pool": ["curated", "web"], "quality": [1, 0.4], "unique_tokens": [15e12, None]}
    assert sweep(pools=mixed) == sweep(pools=pl.DataFrame(mixed, strict=False).lazy())
