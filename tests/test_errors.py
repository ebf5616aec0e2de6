"""Every documented error appears, with its text and its fields."""

from __future__ import annotations

import sys
from typing import Any

import polars as pl
import pytest

import isoflop as iso
from support.small import CLOSE, LAW, POOL, sweep

# The tree -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (iso.FormulaError, ValueError),
        (iso.LawError, ValueError),
        (iso.LimitError, MemoryError),
        (iso.CatalogError, LookupError),
        (iso.SpaceError, ValueError),
    ],
)
def test_every_error_is_one_of_ours_and_a_builtin(error: type[Exception], builtin: type[Exception]) -> None:
    assert issubclass(error, iso.IsoflopError)
    assert issubclass(error, builtin)


def test_every_warning_is_one_of_ours() -> None:
    for warning in (iso.EmptyResultWarning, iso.EdgeWarning, iso.ExtrapolationWarning):
        assert issubclass(warning, iso.IsoflopWarning)
        assert issubclass(warning, UserWarning)


# Formulas -------------------------------------------------------------------------------------------


def test_an_unknown_name_is_pointed_at_and_the_nearest_one_named() -> None:
    with pytest.raises(iso.FormulaError) as caught:
        sweep().pareto(minimize="2 * train_flop")
    error = caught.value
    assert "train_flop" in error.message
    assert "did you mean `train_flops`?" in error.message
    assert error.text[slice(*error.span)] == "train_flop"
    assert str(error).splitlines()[-2:] == ["  2 * train_flop", "      ^^^^^^^^^^"]


def test_names_of_the_user_are_suggested_too() -> None:
    with pytest.raises(iso.FormulaError, match="did you mean `my_cost`"):
        sweep(quantities={"my_cost": "params"}).table(columns="my_costs")
    with pytest.raises(iso.FormulaError, match="did you mean `gpu_count`"):
        sweep().table(columns="gpu_counts")


def test_a_quantity_that_cannot_be_read_is_named_at_once() -> None:
    with pytest.raises(iso.FormulaError, match="in the formula of `cost`") as caught:
        sweep(quantities={"cost": "2 * (params"})
    assert caught.value.quantity == "cost"


def test_a_constraint_that_cannot_be_read_is_refused_at_once() -> None:
    with pytest.raises(iso.FormulaError):
        sweep(where="params <")


def test_a_constraint_must_be_a_condition() -> None:
    with pytest.raises(iso.FormulaError) as caught:
        sweep(where="params + 1").table()
    assert "condition" in str(caught.value) or "true or false" in str(caught.value)


def test_a_quantity_that_refers_to_itself_is_refused_with_the_way_round() -> None:
    with pytest.raises(iso.FormulaError) as caught:
        sweep(quantities={"a": "b + 1", "b": "2*a"}).table(columns="a")
    assert "a" in str(caught.value)
    assert "b" in str(caught.value)


def test_text_is_not_for_formulas() -> None:
    with pytest.raises(
        iso.FormulaError, match=r"`pool` is text, which formulas cannot read; .* of axis `pool`"
    ):
        iso.Sweep({"pool": POOL}).table(columns="pool + 1")


def test_a_linked_axis_is_not_a_number() -> None:
    with pytest.raises(
        iso.FormulaError, match="`pools` is a linked axis; formulas read its columns: `pool`, `quality`"
    ):
        iso.Sweep({"pools": POOL}).table(columns="pools")


def test_text_under_the_name_of_a_quantity_is_refused() -> None:
    frame = pl.DataFrame({"quality": ["good", "bad"]})
    with pytest.raises(
        iso.SpaceError, match="column `quality` of axis `pool` is text, but has the name of a quantity"
    ):
        iso.Sweep({"pool": frame})


# Spaces ---------------------------------------------------------------------------------------------


def test_a_missing_input_is_named_with_an_example() -> None:
    with pytest.raises(
        iso.SpaceError, match="needs `gpu_count`, which has no value and no default"
    ) as caught:
        iso.Sweep({"params": 1e9, "tokens": [1e10]}).table(columns="days")
    assert caught.value.axis == "gpu_count"


def test_the_loss_needs_a_law() -> None:
    with pytest.raises(iso.SpaceError, match="`loss` needs a law"):
        sweep(law=None).pareto(minimize="loss")


@pytest.mark.parametrize(("name", "kind"), [("params", "an axis"), ("gpu_count", "a scalar")])
def test_a_quantity_that_clashes_is_refused(name: str, kind: str) -> None:
    with pytest.raises(iso.SpaceError, match=f"`{name}` is both a quantity and {kind}") as caught:
        sweep(quantities={name: "3"})
    assert caught.value.axis == name


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"quantities": {"cost": 3}}, "quantity `cost` is 3; a quantity is a formula"),
        ({"quantities": ["cost"]}, "quantities must be a mapping"),
        ({"where": [3]}, "where must hold formulas"),
        ({"where": 3}, "where must be a formula or a sequence"),
        ({"law": 3}, "law must be an identifier"),
    ],
)
def test_arguments_of_the_wrong_type_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        sweep(**changes)


# Laws -----------------------------------------------------------------------------------------------


def test_an_unknown_law_names_the_nearest() -> None:
    with pytest.raises(iso.CatalogError, match="did you mean `besiroglu2024`") as caught:
        sweep(law="besiroglu2042")
    assert caught.value.name == "besiroglu2042"
    assert caught.value.close_matches[0] == "besiroglu2024"


def sparse(**more: Any) -> iso.Sweep:
    return iso.Sweep({"params": [1e9, 1e10], "activation": [1.0, 0.25], "tokens": 1e11, **more}, law=LAW)


def test_a_dense_law_over_varying_sparsity_is_refused_with_three_ways_out() -> None:
    with pytest.raises(iso.LawError) as caught:
        sparse().pareto(minimize="loss")
    text = str(caught.value)
    assert "`mine` is a dense law" in text
    assert "moe_gain" in text
    assert "effective_params" in text
    assert "a law that models sparsity" in text
    assert caught.value.law == "mine"
    assert caught.value.missing == ("moe_gain",)


def test_the_ways_out_work() -> None:
    assert sparse(moe_gain=0.35).pareto(minimize="loss").height == 1
    assert sparse(moe_gain=[0.0, 0.5]).pareto(minimize="loss").height == 1
    with pytest.warns(iso.UnreadAxisWarning, match="axis `params` stays at its first value"):
        assert sparse(effective_params=5e8).pareto(minimize="loss").height == 1
    assert sparse(activation=0.25).pareto(minimize="loss").height == 1
    assert sparse().pareto(minimize="train_flops").height == 1


def test_the_same_sparsity_everywhere_is_no_error() -> None:
    sizes = pl.DataFrame({"params": [1e9, 3e9, 7e9], "active_params": [1e8, 3e8, 7e8]})
    assert iso.Sweep({"size": sizes, "tokens": 1e11}, law=LAW).pareto(minimize="loss").height == 1
    with pytest.raises(iso.LawError, match="varies from"):
        iso.Sweep(
            {"size": sizes.with_columns(active_params=pl.Series([1e8, 3e8, 9e8])), "tokens": 1e11}, law=LAW
        ).pareto(minimize="loss")


# Questions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ValueError, "name at least one objective with minimize= or maximize="),
        ({"minimize": []}, ValueError, "name at least one objective"),
        ({"minimize": ["loss", "loss"]}, ValueError, "the objective `loss` is named twice"),
        ({"minimize": "loss", "maximize": "loss"}, ValueError, "the objective `loss` is named twice"),
        ({"minimize": 3}, TypeError, "minimize must be a formula or a sequence"),
        ({"minimize": ["loss", 3]}, TypeError, "minimize must hold formulas"),
        ({"minimize": "loss", "columns": [None]}, TypeError, "columns must hold formulas"),
        (
            {"minimize": ["loss", "params"], "rows": 1},
            ValueError,
            "rows=1 is less than the number of objectives: the best by each of the 2 is kept",
        ),
        ({"minimize": "loss", "by": "colour"}, ValueError, "there is no `colour` among"),
        ({"minimize": "loss", "rows": 0}, ValueError, "rows must be 1 or more"),
        ({"minimize": "loss", "rows": 2.5}, TypeError, "rows must be a whole number"),
        ({"minimize": "loss", "max_rows": 0}, ValueError, "max_rows must be 1 or more"),
        ({"minimize": "loss", "ties": "some"}, ValueError, 'ties must be "first" or "all", not \'some\''),
        ({"minimize": "loss", "resolution": 2}, ValueError, "resolution"),
        ({"minimize": "loss", "resolution": -0.5}, ValueError, "resolution"),
        ({"minimize": "loss", "resolution": {"days": 0.1}}, ValueError, "days"),
        ({"minimize": "loss", "resolution": "fine"}, TypeError, "resolution"),
        (
            {"minimize": "loss", "method": "guess"},
            ValueError,
            'method must be "auto", "enumerate" or "search", not \'guess\'',
        ),
        ({"minimize": "loss", "threads": 0}, ValueError, "threads"),
        ({"minimize": "loss", "progress": 3}, TypeError, "progress must be True or a function"),
    ],
)
def test_questions_that_make_no_sense_are_refused(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        sweep().pareto(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "name at least one objective"),
        ({"minimize": "loss", "maximize": "params"}, "best takes one objective"),
        (
            {"minimize": ["loss", "days"]},
            "best takes one objective, not `loss`, `days`; for several use pareto",
        ),
        ({"minimize": "loss", "by": "pool"}, "there is no `pool` among `params`, `tokens`"),
        ({"minimize": "loss", "by": "gpu_count"}, "there is no `gpu_count`"),
        ({"minimize": "loss", "method": "guess"}, 'method must be "auto", "enumerate" or "search"'),
    ],
)
def test_best_refuses_what_it_cannot_answer(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sweep().best(**arguments)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"minimize": ()}, ValueError, "name at least one objective with minimize= or maximize="),
        ({"maximize": "params"}, ValueError, "near takes one objective: minimize= or maximize=, not both"),
        ({"minimize": ["loss", "days"]}, ValueError, "near takes one objective, not `loss`, `days`"),
        ({"by": "pool"}, ValueError, "there is no `pool` among `params`, `tokens`"),
        ({"within": -0.1}, ValueError, "within must be finite and 0 or more, not -0.1: 1e-3 is a thousandth"),
        ({"within": float("inf")}, ValueError, "within must be finite and 0 or more, not inf"),
        ({"within": float("nan")}, ValueError, "within must be finite and 0 or more, not nan"),
        ({"within": "1e-3"}, TypeError, "within must be a number, not '1e-3'"),
        ({"within": True}, TypeError, "within must be a number, not True"),
        ({"then": 3}, TypeError, "then must be a formula or a sequence of formulas, not 3"),
        ({"then": [3]}, TypeError, "then must hold formulas, which are text, not 3"),
        ({"then": ["days", "days"]}, ValueError, "the objective `days` is named twice; each counts once"),
        ({"then": "days", "resolution": 2}, ValueError, "the resolution must be in \\[0, 1\\], not 2"),
        ({"then": "days", "resolution": {"day": 0.1}}, ValueError, "names 'day', .* did you mean `days`"),
        ({"max_rows": 0}, ValueError, "max_rows must be 1 or more, not 0"),
        ({"columns": 3}, TypeError, "columns must be a formula"),
        ({"threads": 0}, ValueError, "threads"),
    ],
)
def test_near_refuses_what_it_cannot_answer(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        sweep().near(**(CLOSE | arguments))


def test_near_points_at_names_that_it_does_not_know() -> None:
    with pytest.raises(iso.FormulaError, match="did you mean `days`"):
        sweep().near(minimize="loss", within=0.1, then="day")


@pytest.mark.parametrize("then", [(), ("x", "-x")], ids=["all", "front"])
def test_too_much_that_is_near_is_refused_with_its_limit(then: tuple[str, ...]) -> None:
    large = iso.Sweep({"x": iso.linspace(1, 2, 100), "y": [1.0, 2.0]})
    question: dict[str, Any] = {"minimize": "y + 0*x", "within": 0.5, "then": then}
    with pytest.raises(
        iso.LimitError,
        match=r"more than 99 configurations are that near; .* smaller within=, .* then=, .* max_rows=",
    ) as caught:
        large.near(**question, max_rows=99)
    assert (caught.value.rows, caught.value.limit) == (100, 99)
    assert large.near(**question, max_rows=100).height == 100


def test_a_front_that_is_too_large_is_refused_with_its_limit() -> None:
    large = iso.Sweep({"x": iso.linspace(1, 2, 100)})
    with pytest.raises(
        iso.LimitError, match=r"the front has more than 50 rows; .* coarser resolution=, .* max_rows="
    ) as caught:
        large.pareto(minimize="x", maximize="x**2", max_rows=50)
    assert caught.value.limit == 50
    assert caught.value.rows > 50
    assert large.pareto(minimize="x", maximize="x**2", max_rows=100).height == 100


def test_a_table_that_is_too_large_is_refused_with_its_size() -> None:
    huge = iso.Sweep({name: range(10_000) for name in ("x", "y", "z")})
    with pytest.raises(iso.LimitError, match=r"the table has 1,000,000,000,000 rows, .* max_bytes") as caught:
        huge.table(columns="x + y")
    assert caught.value.rows == 10**12


def test_a_missing_rich_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for name in ("rich", "rich.console", "rich.progress"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install isoflop\[cli\]"):
        sweep().pareto(minimize="loss", progress=True)
