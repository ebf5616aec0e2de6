"""Nothing that was given is ignored unsaid: slips, unread axes, unknown names, halves of groups."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

import isoflop as iso
from isoflop._accounting.rules import aliases, groups
from isoflop._text.spelling import nearest, slip

LAW = iso.Law("E + A/effective_params**0.34 + B/effective_tokens**0.28", {"E": 1.7, "A": 400.0, "B": 410.0})
SIZES: dict[str, Any] = {"params": 1e9, "tokens": 1e10}
GRID: dict[str, Any] = {"params": [1e9, 2e9], "train_flops": 1e20}
POOLS = pl.DataFrame({"pool": ["a", "b"], "note": ["x", "y"], "worth": [1.0, 2.0]})


def sweep(more: dict[str, Any], **keywords: Any) -> iso.Sweep:
    return iso.Sweep(SIZES | more, law=LAW, **keywords)


def said(ask: Callable[[], object]) -> str:
    """The one warning that a question gives; empty if none."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ask()
    texts = [str(warning.message) for warning in caught if warning.category is iso.UnreadAxisWarning]
    assert len(texts) <= 1
    return texts[0] if texts else ""


# Slips ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("usd_per_gpu_hours", "usd_per_gpu_hour"),
        ("usd_per_gpuhour", "usd_per_gpu_hour"),
        ("usd_per_gpu_huor", "usd_per_gpu_hour"),
        ("MFU", "mfu"),
        ("mffu", "mfu"),
        ("peak_flop", "peak_flops"),
        ("peakflops", "peak_flops"),
        ("Peak_Flops", "peak_flops"),
        ("peek_flop", "peak_flops"),
    ],
)
def test_a_slip_that_leaves_a_default_is_refused_with_the_right_name(name: str, meant: str) -> None:
    for given in (0.5, [0.5, 0.6]):
        with pytest.raises(
            iso.SpaceError, match=rf"nothing reads `{name}`.*; did you mean `{meant}`\?"
        ) as caught:
            sweep({name: given}).table(columns="train_usd")
        assert caught.value.axis == name
    linked = pl.DataFrame({"gpu": ["a", "b"], name: [0.5, 0.6]})
    with pytest.raises(iso.SpaceError, match=rf"did you mean `{meant}`"):
        sweep({"gpu": linked}).best(minimize="train_usd", by="gpu")


def test_a_slip_in_a_sweep_file_is_refused(tmp_path: Any) -> None:
    path = tmp_path / "sweep.toml"
    path.write_text("[axes]\nparams = 1e9\ntokens = 1e10\nMFU = 0.5\n")
    with pytest.raises(iso.SpaceError, match="did you mean `mfu`"):
        iso.Sweep.from_toml(path).table(columns="train_usd")


def test_a_slip_of_what_the_question_does_not_read_is_warned_of() -> None:
    assert said(lambda: sweep({"MFU": 0.5}).table()) == (
        "nothing reads the constant `MFU`, whose name is not known; did you mean `mfu`?"
    )


def test_a_missing_input_names_what_was_given_and_may_be_it() -> None:
    for given, message in [
        ({"params": 1e9, "Tokens": 1e10}, "`Tokens` is given: did you mean `tokens`?"),
        ({"N": 1e9, "tokens": 1e10}, "`N` is given: did you mean `params`?"),
    ]:
        with pytest.raises(iso.SpaceError, match=re.escape(message)):
            iso.Sweep(given, law=LAW).table()


@pytest.mark.parametrize(
    ("name", "meant", "expected"),
    [
        ("tokens", "tokens", False),
        ("Tokens", "tokens", True),
        ("token", "tokens", True),
        ("gpucount", "gpu_count", True),
        ("gpu_cuont", "gpu_count", True),
        ("gpu_kuomt", "gpu_count", False),
        ("qualty", "quality", True),
        ("qalty", "quality", False),
        ("inferense_tokns", "inference_tokens", True),
        ("my_mfu", "mfu", False),
    ],
)
def test_one_slip_is_one_letter_and_two_in_long_names(name: str, meant: str, expected: bool) -> None:
    assert slip(name, meant) is expected


def test_aliases_of_the_accounting_are_what_the_speller_makes_of_them() -> None:
    names = iso.accounting()["name"].to_list()
    for name, words in aliases().items():
        for word in words:
            assert nearest(word, names)[0] == name, word
            assert word not in names


# Unread axes and names ------------------------------------------------------------------------------


def test_an_axis_that_nothing_reads_is_said_to_stay() -> None:
    stays = "axis `gpu_count` stays at its first value"
    ask = iso.Sweep(GRID | {"gpu_count": [1, 2]}, law=LAW)
    assert said(lambda: ask.pareto(minimize="loss")) == f"{stays}: no objective, constraint or by= reads it"
    assert said(lambda: ask.pareto(minimize="loss")) == ""  # once a sweep
    linked = iso.Sweep(GRID | {"data": POOLS}, law=LAW)
    assert said(lambda: linked.best(minimize="loss")).startswith("axis `data` stays at its first value")


def test_an_axis_that_only_columns_reach_is_told_with_whose() -> None:
    def asked(columns: Any) -> str:
        ask = iso.Sweep(GRID | {"gpu_count": [1, 2]}, law=LAW)
        return said(lambda: ask.best(minimize="loss", columns=columns))

    assert asked(["train_usd", "days", "days / 7"]) == (
        "axis `gpu_count` stays at its first value, which `days` and `days / 7` is told for: no objective, "
        "constraint or by= reads it"
    )
    assert asked("gpu_count") == ""
    assert asked("2 * gpu_count") == ""


def test_what_reads_an_axis_keeps_it_quiet() -> None:
    def ask(**more: Any) -> iso.Sweep:
        return iso.Sweep(GRID | {"gpu_count": [1, 2]}, law=LAW, **more)

    assert said(lambda: ask(where="days <= 1e9").best(minimize="loss")) == ""
    assert said(lambda: ask().best(minimize="loss", by="gpu_count")) == ""
    assert said(lambda: ask().pareto(minimize=["loss", "days"])) == ""
    assert said(lambda: ask().near(minimize="loss", within=0.1, then="days")) == ""
    assert said(lambda: ask().table(columns="loss")) == ""


def test_an_answer_of_all_has_no_axis_that_stays() -> None:
    def ask() -> iso.Sweep:
        return iso.Sweep(GRID | {"gpu_count": [1, 2]}, law=LAW)

    assert said(lambda: ask().near(minimize="loss", within=0.1)) == ""
    assert said(lambda: ask().pareto(minimize="loss", ties="all")) == ""
    assert said(lambda: ask().near(minimize="loss", within=0.1, then="params")) != ""


def test_an_answer_without_rows_has_no_first_values() -> None:
    ask = iso.Sweep(GRID | {"gpu_count": [1, 2]}, law=LAW, where="params < 1")
    with pytest.warns(iso.EmptyResultWarning):
        assert ask.pareto(minimize="loss").height == 0


def test_inputs_wait_for_another_question() -> None:
    assert said(lambda: sweep({"gpu_count": 8, "mfu": 0.4, "d_model": 4096}).best(minimize="loss")) == ""


def test_text_and_further_columns_travel_along() -> None:
    assert (
        said(lambda: sweep({"pool": POOLS.with_columns(quality=pl.Series([1.0, 0.5]))}).best(minimize="loss"))
        == ""
    )


def test_what_a_formula_of_ones_own_reads_is_known() -> None:
    ask = sweep({"price": 3}, quantities={"bill": "price * train_gpu_hours"})
    assert said(lambda: ask.table(columns="loss")) == ""


def test_a_name_that_nothing_knows_is_said() -> None:
    assert (
        said(lambda: sweep({"colour": 3}).table())
        == "nothing reads the constant `colour`, whose name is not known"
    )
    assert "the axis `colour`" in said(lambda: sweep({"colour": [3, 4]}).best(minimize="loss"))


def test_what_another_question_of_a_file_reads_is_known(tmp_path: Any) -> None:
    text = "[axes]\nparams = 1e9\ntokens = 1e10\nprice = 3\n[quantities]\ntrain_flop = '1 + 0*params'\n"
    path = tmp_path / "sweep.toml"
    path.write_text(text)
    assert "`price`" in said(lambda: iso.Sweep.from_toml(path).table(columns="train_flops"))
    path.write_text(text + "[best]\nminimize = 'price * train_flop'\n[table]\ncolumns = 'train_flops'\n")
    assert said(lambda: iso.Sweep.from_toml(path).table(columns="train_flops")) == ""


def test_a_quantity_is_warned_of_if_it_is_a_slip_of_the_accounting() -> None:
    asked = said(lambda: sweep({}, quantities={"train_flop": "8*params*tokens"}).table())
    assert asked == "nothing reads the quantity `train_flop`; did you mean `train_flops`?"
    assert said(lambda: sweep({}, quantities={"my_cost": "8*params*tokens"}).table()) == ""
    assert said(lambda: sweep({}, quantities={"train_flop": "8*params"}).table(columns="train_flop")) == ""
    assert said(lambda: sweep({}, quantities={"train_flop": "8*params", "b": "train_flop"}).table()) == ""


def test_warnings_of_a_loop_are_shown_once() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for count in range(1, 4):
            iso.Sweep(GRID | {"gpu_count": [count, 2 * count]}, law=LAW).best(minimize="train_flops / 2")
    assert [w.category for w in caught].count(iso.UnreadAxisWarning) == 1


def test_explain_tells_what_is_not_read() -> None:
    text = iso.Sweep(GRID | {"gpu_count": [1, 2]}, law=LAW).explain()
    assert "Not read\n  axis `gpu_count` stays at its first value" in text
    assert "Not read" not in iso.Sweep(GRID, law=LAW).explain()


# Halves of what goes together -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "asked", "message"),
    [
        (
            {"context": 131072, "layers": 80},
            "train_flops",
            "`layers` and `context` have no effect: `attention_flops_per_token` is 0 without `d_model`; give",
        ),
        (
            {"context": 8192},
            "train_flops",
            "`context` has no effect: `attention_flops_per_token` is 0 without `layers`",
        ),
        (
            {"vocab_size": 128256},
            "non_embedding_params",
            "`vocab_size` has no effect: `embedding_params` is 0 without",
        ),
    ],
)
def test_half_of_a_group_is_refused_with_what_is_missing(
    given: dict[str, Any], asked: str, message: str
) -> None:
    with pytest.raises(iso.SpaceError, match=message):
        sweep(given).table(columns=asked)


def test_a_cache_without_its_layers_is_refused() -> None:
    with pytest.raises(iso.SpaceError, match="`layers`"):
        sweep({"kv_heads": 8, "head_dim": 128, "resident_tokens": 1e5}).table(columns="serving_bytes")


@pytest.mark.parametrize(
    ("given", "asked", "keywords"),
    [
        ({"context": 8192, "layers": 80, "d_model": 8192}, "train_flops", {}),
        ({"context": 8192, "layers": 80}, "loss", {}),
        ({"d_model": 8192, "layers": 80}, "train_flops", {}),  # fine_grained_active_params reads them
        ({"context": 8192}, "train_flops", {"quantities": {"sequences": "tokens / context"}}),
        ({"context": 8192}, "train_flops + 0*context", {}),
        ({"context": 8192, "attention_flops_per_token": 1e9}, "train_flops", {}),
    ],
)
def test_a_member_that_anything_else_reads_is_no_half(
    given: dict[str, Any], asked: str, keywords: Any
) -> None:
    assert sweep(given, **keywords).table(columns=asked).height == 1


def test_groups_give_what_has_a_default() -> None:
    rows = {row["name"]: row for row in iso.accounting().iter_rows(named=True)}
    for group in groups():
        assert rows[group.gives]["default"] is not None
        assert set(group.names) <= rows.keys()
