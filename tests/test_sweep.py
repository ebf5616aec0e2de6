"""Sweeps as values, and the frames that their questions return."""

from __future__ import annotations

import copy
import itertools
import pickle
import random
from contextlib import nullcontext
from typing import Any

import numpy as np
import polars as pl
import pytest

import isoflop as iso

# Without a fitted range, so that no warning is due.
LAW = iso.Law("E + A/effective_params**0.34 + B/effective_tokens**0.28", {"E": 1.7, "A": 400.0, "B": 410.0})

POOLS = pl.DataFrame(
    {"pool": ["curated", "web"], "quality": [1.0, 0.4], "unique_tokens": [2e11, 6e12], "open": [False, True]}
)


def plane(**changes: Any) -> iso.Sweep:
    """A sweep of parameters and tokens, four each."""
    axes: dict[str, Any] = {"params": iso.geomspace(1e8, 1e11, 4), "tokens": iso.geomspace(1e9, 1e12, 4)}
    return iso.Sweep(axes, law=LAW).replace(**changes)


def pools(**changes: Any) -> iso.Sweep:
    """A sweep with a linked axis in the middle and a constant."""
    axes: dict[str, Any] = {
        "params": [1e9, 1e10, 1e11],
        "pool": POOLS,
        "tokens": [10**11, 10**12],
        "gpu_count": 64,
    }
    return iso.Sweep(axes, law=LAW).replace(**changes)


# As a value -----------------------------------------------------------------------------------------


def test_a_sweep_cannot_be_changed() -> None:
    sweep = plane()
    for name in ("law", "where", "size", "something"):
        with pytest.raises(AttributeError):
            setattr(sweep, name, None)
    with pytest.raises(TypeError):
        sweep.quantities["cost"] = "params"  # type: ignore[index]


def test_equal_contents_make_equal_sweeps() -> None:
    assert plane() == plane()
    assert hash(plane()) == hash(plane())
    assert plane() != plane(where="params < 1e10")
    assert plane() != plane(law=None)
    assert plane() != plane(quantities={"cost": "params"})
    assert plane() != plane(axes={"params": [1e8], "tokens": [1e9]})
    assert plane() != 3


def test_the_order_of_axes_counts() -> None:
    assert iso.Sweep({"x": [1, 2], "y": [1, 2]}) != iso.Sweep({"y": [1, 2], "x": [1, 2]})


def test_integers_and_floats_make_different_axes() -> None:
    assert iso.Sweep({"x": [1, 2]}) != iso.Sweep({"x": [1.0, 2.0]})


def test_asking_does_not_change_what_a_sweep_equals() -> None:
    asked = plane()
    asked.pareto(minimize="loss")
    assert asked == plane()


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda sweep: pickle.loads(pickle.dumps(sweep))]
)
def test_copies_are_equal(copied: Any) -> None:
    sweep = pools(where="pool_cost < 3", quantities={"pool_cost": "quality*2"})
    assert copied(sweep) == sweep


def test_the_repr_can_be_typed_back() -> None:
    numbers = random.Random(1)
    axes: dict[str, Any] = {
        "params": iso.geomspace(1e9, 1e12, 1000),
        "activation": [1, 1 / 2, 1 / 4],
        "quality": iso.linspace(0.5, 2, 30),
        "pool_axis": POOLS.rename({"quality": "worth"}),
        "experts": range(1, 9),
        "layers": np.array([12, 24], dtype=np.int16),
        "odd": [numbers.random() for _ in range(20)],
        "gpu_count": 2048,
        "moe_gain": 0.35,
    }
    for law in (None, "besiroglu2024", LAW):
        sweep = iso.Sweep(axes, law=law, quantities={"cost": "params * 2"}, where=["cost < 1e12"])
        assert eval(repr(sweep), {"iso": iso, "pl": pl}) == sweep


def test_the_repr_is_short_for_evenly_spaced_axes() -> None:
    text = repr(
        iso.Sweep({"params": iso.geomspace(1e9, 1e12, 10_000), "gpu_count": 2048}, law="besiroglu2024")
    )
    assert text == (
        "iso.Sweep({'params': iso.geomspace(1e9, 1e12, 10000), 'gpu_count': 2048}, law='besiroglu2024')"
    )


def test_replace_changes_what_is_named_and_nothing_else() -> None:
    sweep = pools(where="params < 1e11", quantities={"cost": "params"})
    changed = sweep.replace(law="hoffmann2022")
    assert changed.law == iso.law("hoffmann2022")
    assert changed.replace(law=LAW) == sweep
    assert sweep.law == LAW


def test_replace_knows_the_constructors_keywords_only() -> None:
    with pytest.raises(TypeError, match="no 'laws' to replace, only axes, law, quantities, where"):
        plane().replace(laws=None)


def test_properties_tell_what_was_given() -> None:
    sweep = pools(where="params < 1e11", quantities={"cost": "params"})
    assert sweep.size == 12
    assert list(sweep.axes) == ["params", "pool", "tokens", "gpu_count"]
    assert sweep.axes["gpu_count"] == 64
    assert sweep.where == ("params < 1e11",)
    assert dict(sweep.quantities) == {"cost": "params"}


# Tables ---------------------------------------------------------------------------------------------


def test_a_table_holds_every_configuration_in_the_order_of_the_space() -> None:
    table = pools().table(columns=[])
    expected = [
        (params, *pool, tokens)
        for params, pool, tokens in itertools.product([1e9, 1e10, 1e11], POOLS.rows(), [10**11, 10**12])
    ]
    assert table.columns == ["params", "pool", "quality", "unique_tokens", "open", "tokens"]
    assert table.rows() == expected


def test_a_table_holds_the_laws_loss_unless_told_otherwise() -> None:
    table = plane().table()
    assert table.columns == ["params", "tokens", "loss"]
    expected = LAW.loss(params=table["params"].to_numpy(), tokens=table["tokens"].to_numpy())
    assert table["loss"].to_list() == np.asarray(expected).tolist()
    assert plane(law=None).table().columns == ["params", "tokens"]


def test_a_table_leaves_out_what_the_constraints_forbid() -> None:
    table = plane(where=["params < 2e9", "tokens >= 1e11"]).table()
    assert table.select("params", "tokens").rows() == [
        (params, tokens)
        for params in iso.geomspace(1e8, 1e11, 4)
        for tokens in iso.geomspace(1e9, 1e12, 4)
        if params < 2e9 and tokens >= 1e11
    ]


def test_columns_are_named_by_their_text_and_not_repeated() -> None:
    table = plane().table(columns=["params", "train_flops", "params / 1e9", "train_flops"])
    assert table.columns == ["params", "tokens", "train_flops", "params / 1e9"]


def test_a_single_column_need_not_be_in_a_list() -> None:
    assert plane().table(columns="train_flops").columns == ["params", "tokens", "train_flops"]


def test_a_condition_as_a_column_is_zero_or_one() -> None:
    assert set(plane().table(columns="params < 1e9")["params < 1e9"]) == {0.0, 1.0}


# Fronts ---------------------------------------------------------------------------------------------


def naive_front(table: pl.DataFrame, minimize: list[str], maximize: list[str]) -> list[tuple[Any, ...]]:
    """Rows that no other row dominates, sorted by the objectives in order."""
    signs = [(name, 1.0) for name in minimize] + [(name, -1.0) for name in maximize]
    rows = [
        (tuple(sign * row[name] for name, sign in signs), number)
        for number, row in enumerate(table.to_dicts())
    ]
    front = [
        (values, number)
        for values, number in rows
        if not any(
            other != values and all(a <= b for a, b in zip(other, values, strict=True)) for other, _ in rows
        )
    ]
    kept: dict[tuple[float, ...], int] = {}
    for values, number in sorted(front):
        kept.setdefault(values, number)
    return [table.row(number) for _, number in sorted((values, number) for values, number in kept.items())]


@pytest.mark.parametrize(
    ("minimize", "maximize"),
    [
        (["loss"], []),
        (["loss", "train_flops"], []),
        (["loss"], ["params"]),
        (["train_flops"], ["tokens / params", "params"]),
        ([], ["quality", "tokens"]),
    ],
)
def test_the_front_is_what_nothing_dominates(minimize: list[str], maximize: list[str]) -> None:
    sweep = pools(where="train_flops <= 1e23")
    extra = [name for name in (*minimize, *maximize) if name not in ("params", "tokens", "quality")]
    unread = minimize == ["train_flops"]
    with pytest.warns(iso.UnreadAxisWarning, match="`pool`") if unread else nullcontext():
        front = sweep.pareto(minimize=minimize, maximize=maximize, resolution=0)
    assert front.rows() == naive_front(sweep.table(columns=extra), minimize, maximize)


def test_a_front_has_axes_then_objectives_then_columns() -> None:
    front = pools().pareto(
        minimize=["loss", "train_flops"], maximize="tokens", columns=["gpu_count", "days", "loss", "pool"]
    )
    assert front.schema == {
        "params": pl.Float64,
        "pool": pl.String,
        "quality": pl.Float64,
        "unique_tokens": pl.Float64,
        "open": pl.Boolean,
        "tokens": pl.Int64,
        "loss": pl.Float64,
        "train_flops": pl.Float64,
        "gpu_count": pl.Float64,
        "days": pl.Float64,
    }
    assert set(front["gpu_count"]) == {64.0}


def test_a_front_is_sorted_best_first_by_the_objectives_in_order() -> None:
    front = plane().pareto(minimize="loss", maximize="params", columns="train_flops")
    assert front["loss"].is_sorted()


def test_an_empty_front_keeps_its_columns() -> None:
    sweep = pools(where="params < 0")
    with pytest.warns(iso.EmptyResultWarning):
        front = sweep.pareto(minimize=["loss", "days"], columns="train_flops")
    assert front.height == 0
    assert front.schema == pools().pareto(minimize=["loss", "days"], columns="train_flops").schema


def test_a_string_and_a_list_of_one_ask_the_same() -> None:
    assert plane().pareto(minimize="loss").equals(plane().pareto(minimize=["loss"]))


def test_resolution_can_be_said_for_each_objective() -> None:
    _, profile = plane().profile(minimize=["loss", "train_flops"], resolution={"loss": 0.05})
    assert profile.resolution == {"loss": 0.03125, "train_flops": 2.0**-30}


def test_all_ties_are_kept_when_asked_for() -> None:
    sweep = iso.Sweep({"x": [1, 1, 2], "y": [3, 3]})
    assert sweep.pareto(minimize="x + y").height == 1
    assert sweep.pareto(minimize="x + y", ties="all").height == 4


def test_the_number_of_threads_does_not_change_the_answer() -> None:
    sweep = pools()
    fronts = [sweep.pareto(minimize=["loss", "train_flops"], threads=threads) for threads in (1, 2, 3)]
    assert fronts[0].equals(fronts[1])
    assert fronts[0].equals(fronts[2])


def test_a_users_quantity_takes_the_place_of_a_standard_one() -> None:
    table = plane(quantities={"train_flops": "7*params*tokens"}).table(columns="train_flops")
    assert table["train_flops"].to_list() == [
        7 * params * tokens for params, tokens in table.select("params", "tokens").rows()
    ]


def test_a_profile_counts_what_was_done() -> None:
    sweep = iso.Sweep({"x": [-1.0, 1.0, 2.0, 4.0]}, where="x < 3")
    front, profile = sweep.profile(minimize="log(x)", threads=1)
    assert (profile.size, profile.evaluated, profile.feasible, profile.nan, profile.rows) == (4, 4, 3, 1, 1)
    assert (profile.method, profile.threads) == ("enumerate", 1)
    assert set(profile.seconds) == {"compile", "search", "finish"}
    assert front["x"].to_list() == [1.0]


def test_a_profile_reads_as_a_list() -> None:
    _, profile = plane().profile(minimize="loss", threads=1)
    lines = dict(line.split(maxsplit=1) for line in str(profile).splitlines())
    assert lines["size"].startswith("16 configurations")
    assert lines["feasible"] == "16 (100.0%)"
    assert lines["method"] == "enumerate, 1 thread"


# Best -----------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::isoflop.EdgeWarning")
def test_the_best_is_the_first_row_of_the_table_sorted() -> None:
    sweep = pools(where="train_flops <= 1e22")
    expected = sweep.table().sort("loss", maintain_order=True).head(1)
    assert sweep.best(minimize="loss").equals(expected)


@pytest.mark.filterwarnings("ignore::isoflop.EdgeWarning")
@pytest.mark.parametrize("by", ["params", "pool", "quality", "tokens", "open"])
def test_the_best_by_an_axis_has_a_row_for_each_of_its_values(by: str) -> None:
    sweep = pools(where="train_flops <= 1e22")
    found = sweep.best(minimize="loss", by=by)
    table = sweep.table()
    expected = [
        table.filter(pl.col(by) == value).sort("loss", maintain_order=True).row(0)
        for value in pools().table()[by].unique(maintain_order=True)
        if table.filter(pl.col(by) == value).height
    ]
    assert found.rows() == expected


@pytest.mark.filterwarnings("ignore::isoflop.EdgeWarning")
def test_equal_values_of_an_axis_form_one_group() -> None:
    sweep = iso.Sweep({"x": [3, 1, 3, 1], "y": [1.0, 2.0]})
    assert sweep.best(maximize="y", by="x").rows() == [(3, 2.0), (1, 2.0)]


@pytest.mark.filterwarnings("ignore::isoflop.EdgeWarning")
def test_the_key_of_a_linked_axis_makes_a_group_of_each_distinct_row() -> None:
    frame = pl.DataFrame({"a": [1.0, 1.0, 2.0], "b": ["u", "u", "v"]})
    found = iso.Sweep({"pair": frame, "x": [5, 4]}).best(minimize="x", by="pair")
    assert found.rows() == [(1.0, "u", 4), (2.0, "v", 4)]


@pytest.mark.filterwarnings("ignore::isoflop.IsoflopWarning")
def test_the_best_ends_with_extrapolation_if_the_law_states_its_range() -> None:
    sweep = plane(law="besiroglu2024")
    assert sweep.best(minimize="loss", columns="train_flops").columns[-2:] == ["train_flops", "extrapolation"]
    assert sweep.best(minimize="loss", columns=["extrapolation", "train_flops"]).columns[-1] == "train_flops"
    assert "extrapolation" not in plane().best(minimize="loss").columns


@pytest.mark.filterwarnings("ignore::isoflop.IsoflopWarning")
def test_extrapolation_is_zero_inside_the_fitted_range_and_counts_decades_outside() -> None:
    sweep = iso.Sweep({"params": [1e9, 1.6e12], "tokens": [1e10]}, law="besiroglu2024")
    table = sweep.table(columns="extrapolation")
    assert table["extrapolation"].to_list() == pytest.approx([0.0, 2.0])


# Near -----------------------------------------------------------------------------------------------


def test_near_holds_every_configuration_this_close_to_the_best() -> None:
    sweep = pools(where="train_flops <= 1e22")
    table = sweep.table()
    limit = pl.col("loss").min() * 1.05
    expected = table.filter(pl.col("loss") <= limit).sort("loss", maintain_order=True)
    assert 1 < expected.height < table.height
    assert sweep.near(minimize="loss", within=0.05).equals(expected)


def test_near_by_an_axis_answers_each_of_its_values_in_order() -> None:
    sweep = pools(where="train_flops <= 1e22")
    found = sweep.near(minimize="loss", within=0.2, by="pool", columns="train_flops")
    alone = [
        sweep.replace(where=["train_flops <= 1e22", constraint]).near(
            minimize="loss", within=0.2, columns="train_flops"
        )
        for constraint in ("not open", "open")
    ]
    assert found.equals(pl.concat(alone))


def test_near_and_then_is_the_front_of_what_is_near() -> None:
    sweep = plane(axes={"params": iso.geomspace(1e8, 1e11, 30), "tokens": iso.geomspace(1e9, 1e12, 30)})
    near = sweep.near(minimize="loss", within=0.1, columns="train_flops")
    found = sweep.near(minimize="loss", within=0.1, then=["train_flops", "params"], resolution=0)
    front = iso.pareto(near, minimize=["train_flops", "params"], resolution=0)
    assert 1 < found.height < near.height
    assert found.equals(front.select(found.columns).sort("train_flops", "params"))


def test_near_has_axes_then_objective_then_columns() -> None:
    near = pools().near(minimize="loss", within=0.1, columns=["gpu_count", "days", "loss", "pool"])
    axes = ["params", "pool", "quality", "unique_tokens", "open", "tokens"]
    assert near.columns == [*axes, "loss", "gpu_count", "days"]
    trade = pools().near(minimize="loss", within=0.1, then=["params", "days"], columns=["tokens", "days"])
    assert trade.columns == [*axes, "days", "loss"]
    same = pools().near(minimize="loss", within=0.1, then=["days", "loss"], columns="gpu_count")
    assert same.columns == [*axes, "days", "loss", "gpu_count"]


def test_nothing_near_keeps_its_columns() -> None:
    question: dict[str, Any] = {"minimize": "loss", "within": 0.1, "then": "days", "columns": "train_flops"}
    with pytest.warns(iso.EmptyResultWarning):
        nothing = pools(where="params < 0").near(**question)
    assert nothing.height == 0
    assert nothing.schema == pools().near(**question).schema


# Progress -------------------------------------------------------------------------------------------


def test_progress_ends_with_everything_settled() -> None:
    calls: list[tuple[int, int]] = []
    plane().pareto(minimize="loss", progress=lambda settled, total: calls.append((settled, total)))
    assert calls[-1] == (16, 16)
    assert all(settled <= total for settled, total in calls)


def test_what_progress_raises_ends_the_question() -> None:
    def stop(settled: int, total: int) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        plane().pareto(minimize="loss", progress=stop)


def test_a_bar_is_drawn_on_a_terminal_only(capsys: pytest.CaptureFixture[str]) -> None:
    plane().pareto(minimize="loss", progress=True)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
