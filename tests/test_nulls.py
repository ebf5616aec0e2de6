"""Nulls of linked columns: read as NaN, on no front, in no best; carried along where nothing reads them."""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import isoflop as iso
from isoflop._sweepfile import parse
from isoflop.cli import main

FRAME = pl.DataFrame(
    {
        "gpu": ["a", None, "c", "d"],
        "price": [3.0, None, 1.0, None],
        "memory": pl.Series([80, 40, None, 20], dtype=pl.UInt16),
        "tested": [True, None, False, True],
        "nothing": [None, None, None, None],
    }
)


def sweep(frame: pl.DataFrame = FRAME, **keywords: Any) -> iso.Sweep:
    return iso.Sweep({"x": [1.0, 2.0], "kind": frame}, **keywords)


def alone(frame: pl.DataFrame = FRAME, **keywords: Any) -> iso.Sweep:
    return iso.Sweep({"kind": frame}, **keywords)


def said(ask: Callable[[], object]) -> list[str]:
    """The warnings of nulls that a call gives."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ask()
    return [str(warning.message) for warning in caught if warning.category is iso.MissingValueWarning]


def quietly(ask: Callable[..., pl.DataFrame], **keywords: Any) -> pl.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", iso.IsoflopWarning)
        return ask(**keywords)


# What is given comes back -----------------------------------------------------------------------------


def test_a_column_that_nothing_reads_travels_along_with_its_nulls() -> None:
    assert said(lambda: sweep().table(columns="2 * x")) == []
    table = sweep().table(columns="2 * x")
    assert table.select(FRAME.columns).schema == FRAME.schema
    assert table.select(FRAME.columns).rows() == FRAME.rows() * 2


def test_the_gpus_of_the_catalogue_are_an_axis_as_they_are() -> None:
    gpus = iso.gpus()
    assert gpus["memory_bytes"].null_count()
    space = iso.Sweep({"params": 1e9, "tokens": 1e10, "gpu": gpus}, law="besiroglu2024")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert space.best(minimize="train_usd", by="gpu").height == gpus["gpu"].n_unique()
        assert space.table(columns=["loss", "train_usd"]).select(gpus.columns).rows() == gpus.rows()


@pytest.mark.parametrize("height", [1, 200])  # short answers come in a block, long ones column by column
def test_answers_hold_null_for_null_and_the_types_of_the_frame(height: int) -> None:
    frame = pl.concat([FRAME.clear(), *[FRAME[1:2]] * height])
    # Null in every column of numbers, text and truth values but one.
    space = sweep(frame)
    for found in (
        quietly(space.best, maximize="x", by="kind"),
        quietly(space.near, maximize="x", within=1.0),
        quietly(space.pareto, minimize="x", ties="all"),
        space.table(),
    ):
        assert found.select(frame.columns).schema == frame.schema
        assert set(found.select(frame.columns).rows()) == {(None, None, 40, None, None)}


def test_what_a_user_gave_stays_as_it_was() -> None:
    before = FRAME.clone()
    space = sweep()
    assert_frame_equal(FRAME, before)
    found = space.axes["kind"]
    assert isinstance(found, pl.DataFrame)
    assert_frame_equal(found, FRAME)


@pytest.mark.parametrize("dtype", [pl.Float64, pl.Int64, pl.Int8, pl.Boolean, pl.String, pl.Null])
def test_a_column_of_nulls_alone_keeps_its_type(dtype: Any) -> None:
    space = sweep(pl.DataFrame({"a": [1, 2], "b": pl.Series([None, None], dtype=dtype)}))
    for found in (space.table(), quietly(space.best, minimize="a * x")):
        assert found.schema["b"] == dtype
        assert found["b"].null_count() == found.height
    if dtype != pl.String:
        assert quietly(space.best, minimize="b").height == 0
    assert parse(space.to_toml(), "sweep.toml").sweep == space


def test_sweeps_with_nulls_in_other_places_differ() -> None:
    def one(values: list[Any], dtype: Any = None) -> iso.Sweep:
        return sweep(pl.DataFrame({"a": [1, 2], "b": pl.Series(values, dtype=dtype)}))

    assert one([1.0, None]) == one([1.0, None])
    assert hash(one([1.0, None])) == hash(one([1.0, None]))
    assert one([1.0, None]) != one([None, 1.0])
    assert one([1.0, None]) != one([1.0, 1.0])
    assert one([0.0, None]) != one([0.0, 0.0])
    assert one([True, None]) != one([True, False])
    assert one(["a", None]) != one(["a", "null"])
    # As a user would read them these are no different, but formulas do: a text cannot be read.
    assert one([None, None], pl.String) != one([None, None], pl.Float64)
    assert one([None, None], pl.Boolean) != one([None, None], pl.Float64)
    assert one([None, None], pl.Null) == one([None, None], pl.Float64)


def test_plain_axes_and_scalars_have_no_nulls() -> None:
    for values in (pl.Series([1.0, None]), [1.0, None]):
        with pytest.raises(iso.SpaceError, match=r"axis `y` (has 1 nulls|holds None)"):
            iso.Sweep({"y": values})  # type: ignore[dict-item]


def test_nan_is_still_refused_beside_nulls() -> None:
    with pytest.raises(iso.SpaceError, match="column `price` of axis `kind` has nan at position 2"):
        sweep(pl.DataFrame({"price": [1.0, None, math.nan]}))


# What reads a null ------------------------------------------------------------------------------------


def test_a_row_with_a_null_is_in_no_best_and_on_no_front() -> None:
    space = sweep()
    assert quietly(space.best, minimize="price")["gpu"].to_list() == ["c"]
    assert quietly(space.best, maximize="price")["gpu"].to_list() == ["a"]
    assert quietly(space.pareto, minimize=["price", "x"])["gpu"].to_list() == ["c"]
    assert set(quietly(space.pareto, minimize="-memory", maximize="price")["gpu"]) == {"a"}
    assert set(quietly(space.near, minimize="price", within=9.0)["price"]) == {1.0, 3.0}
    front, profile = space.profile(minimize="price", ties="all", method="enumerate")
    assert front["price"].to_list() == [1.0, 1.0]
    assert (profile.feasible, profile.nan) == (8, 4)


@pytest.mark.parametrize("method", ["enumerate", "search"])
@pytest.mark.parametrize(
    "objective",
    [
        "where(price > 2, 1, 2)",
        "price > 2",
        "price ** 0",
        "1 ** price",
        "where(x > 0, 1, price)",
        "tested + 0",
        "where(tested, 2, 1)",
    ],
)
def test_also_where_the_value_would_be_a_number(objective: str, method: str) -> None:
    for sense in ("minimize", "maximize"):
        found = quietly(sweep().pareto, **{sense: objective, "ties": "all", "method": method})
        reads = "tested" if "tested" in objective else "price"
        assert found.height
        assert found[reads].null_count() == 0


@pytest.mark.parametrize(
    ("constraint", "met"),
    [
        ("price < 2", ["c"]),
        ("price != 3", ["c"]),
        ("not price == 3", ["c"]),
        ("not price < 2", ["a"]),
        ("price > 0 or x > 0", ["a", "c"]),
        ("x > 0 or price > 0", ["a", "c"]),
        ("price == price", ["a", "c"]),
        ("where(price > 2, 1, 2) == 2", ["c"]),
        ("(price > 2) == 0", ["c"]),
        ("tested", ["a", "d"]),
        ("not tested", ["c"]),
        ("tested or x > 0", ["a", "c", "d"]),
        ("tested == 0", ["c"]),
        ("not tested or price > 2", ["a", "c"]),
        ("tested and price > 0", ["a"]),
        ("0 < price <= 3", ["a", "c"]),
        ("nothing != 1", []),
        ("memory > 20 and x > 0", ["a", None]),
    ],
)
def test_a_null_meets_no_constraint_that_reads_it(constraint: str, met: list[str | None]) -> None:
    space = sweep(where=constraint)
    assert quietly(space.table)["gpu"].to_list() == met * 2
    assert quietly(space.pareto, minimize="0 * x", ties="all")["gpu"].to_list() == met * 2
    # Through quantities likewise.
    named = sweep(quantities={"own": constraint, "other": "own"}, where="other")
    assert quietly(named.table)["gpu"].to_list() == met * 2


def test_what_is_computed_from_a_null_is_nan_in_columns() -> None:
    formulas = ["price / 2", "price > 2", "not tested", "where(tested, 1, 2)", "0 ** price", "3 * x"]
    table = quietly(sweep(FRAME[:2]).table, columns=formulas)
    assert table.row(0)[6:] == (1.5, 1.0, 0.0, 1.0, 0.0, 3.0)
    assert all(map(math.isnan, table.row(1)[6:11]))
    assert table.row(1)[11] == 3.0
    assert table["price"].to_list() == [3.0, None] * 2


def test_a_null_is_an_answer_where_only_columns_read_it() -> None:
    found = quietly(sweep(FRAME[1:2]).best, minimize="x * memory", columns="price * 2")
    assert (found["price"].item(), math.isnan(found["price * 2"].item())) == (None, True)


def test_near_finds_the_best_before_further_objectives_read_nulls() -> None:
    frame = pl.DataFrame({"loss": [1.0, 1.05, 1.2], "price": [None, 5.0, 4.0]})
    found = quietly(sweep(frame).near, minimize="loss", within=0.1, then="price > 0")
    # The third is near the second, but not near the best, whose price is not known.
    assert found["loss"].to_list() == [1.05]


def test_nulls_are_a_group_of_their_own() -> None:
    space = sweep()
    for name in ("gpu", "price", "tested", "nothing", "kind"):
        column = FRAME["price" if name == "kind" else name].to_list()
        first = list(dict.fromkeys(FRAME.rows() if name == "kind" else column))
        assert said(lambda name=name: space.best(minimize="x", by=name)) == []  # type: ignore[misc]
        found = quietly(space.best, minimize="x", by=name)
        assert (found.select(FRAME.columns).rows() if name == "kind" else found[name].to_list()) == first
    # Groups whose rows are all null by the objective are absent.
    assert quietly(space.best, minimize="price", by="tested")["tested"].to_list() == [True, False]
    assert quietly(space.pareto, minimize="price", by="gpu")["gpu"].to_list() == ["a", "c"]


def test_a_null_outside_a_domain_is_none() -> None:
    frame = pl.DataFrame({"mfu": [None, 0.5], "params": [1e9, None]})
    space = iso.Sweep({"kind": frame, "tokens": 1e10}, law="besiroglu2024")
    losses = quietly(space.table)["loss"]
    assert losses.is_nan().to_list() == [False, True]
    with pytest.raises(iso.SpaceError, match=r"has 1 value outside its domain, the first at position 1: 35"):
        iso.Sweep({"kind": pl.DataFrame({"mfu": [None, 35.0]})})


def test_values_that_are_given_twice_agree_where_one_is_null() -> None:
    axes: dict[str, Any] = {"params": 1e9, "tokens": 1e10}
    iso.Sweep(axes | {"kind": pl.DataFrame({"train_flops": [6e19, None]})})
    with pytest.raises(iso.SpaceError, match="given twice"):
        iso.Sweep(axes | {"kind": pl.DataFrame({"train_flops": [None, 7e19]})})


def test_rows_without_a_size_are_not_told_to_lie_outside_the_fitted_range() -> None:
    frame = pl.DataFrame({"params": [None, 1e9], "price": [1.0, 2.0]})
    space = iso.Sweep({"kind": frame, "tokens": 1e10}, law="besiroglu2024")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = space.best(minimize="price")
    assert (found["params"].item(), math.isnan(found["extrapolation"].item())) == (None, True)


# What is said -----------------------------------------------------------------------------------------


def test_the_count_is_said_once_a_sweep_where_a_question_reads_it() -> None:
    space = sweep()
    assert said(lambda: space.best(minimize="x")) == []
    (text,) = said(lambda: space.best(minimize="price * x"))
    assert text.startswith("column `price` of axis `kind` is null in 2 of its 4 rows: ")
    assert said(lambda: space.pareto(minimize="price")) == []
    assert said(lambda: space.table(columns="price / 2")) == []
    # Another column's nulls were not told of yet.
    (text,) = said(lambda: space.table(columns="memory + price"))
    assert "`memory` of axis `kind` is null in 1 of its 4 rows" in text
    assert "`price`" not in text


@pytest.mark.parametrize(
    "ask",
    [
        lambda space: space.best(minimize="x", columns="2 * price"),
        lambda space: space.near(minimize="x", within=0.1, then="price"),
        lambda space: space.near(minimize="price", within=0.1),
        lambda space: space.profile(minimize="price"),
        lambda space: space.table(columns="price > 1"),
        lambda space: space.filter("price > 1").table(),
        lambda space: space.filter("price > 1").best(minimize="x"),
        lambda space: space.replace(quantities={"own": "price"}).best(minimize="own"),
    ],
)
def test_every_question_that_reads_a_null_says_so(ask: Callable[[iso.Sweep], object]) -> None:
    assert len(said(lambda: ask(sweep()))) == 1


def test_the_warning_points_at_the_line_that_asked() -> None:
    for ask in (
        lambda: alone().best(minimize="price"),
        lambda: alone().near(minimize="price", within=0.1),
        lambda: alone().pareto(minimize="price"),
        lambda: alone().profile(minimize="price"),
        lambda: alone().table(columns="price + 1"),
    ):
        with pytest.warns(iso.MissingValueWarning) as caught:
            ask()
        assert caught[0].filename == __file__


def test_a_loop_over_sweeps_is_told_once() -> None:
    texts = {
        said(lambda size=size: iso.Sweep({"x": size, "kind": FRAME}).best(minimize="price * x"))[0]  # type: ignore[misc]
        for size in (1.0, 2.0)
    }
    assert len(texts) == 1


def test_explain_names_the_columns_with_nulls_that_are_read() -> None:
    space = sweep(where="tested")
    assert said(lambda: space.explain(minimize="price")) == []
    text = space.explain(minimize="price")
    assert "Nulls, read as NaN\n" in text
    assert "`price` of axis `kind` in 2 of its 4 rows" in text
    assert "`tested` of axis `kind` in 1 of its 4 rows" in text
    assert "`memory` of" not in text
    assert "Nulls" not in sweep().explain(minimize="x")


@pytest.mark.parametrize(
    ("where", "asked", "reason"),
    [
        ("price > 5", {"minimize": "memory"}, "the nearest is price = 3; `price` is null in 2 of its 4 rows"),
        (
            "nothing > 5",
            {"minimize": "memory"},
            "nothing is NaN everywhere; `nothing` is null in 4 of its 4 rows",
        ),
        (
            "nothing != 5",
            {"minimize": "memory"},
            "nothing is NaN everywhere; `nothing` is null in 4 of its 4 rows",
        ),
        ("price > 0", {"minimize": "nothing"}, "have NaN for `nothing`; `price` is null in 2 of its 4 rows"),
        ((), {"minimize": "nothing"}, "have NaN for `nothing`; `nothing` is null in 4 of its 4 rows"),
        (
            ["price < 2", "tested"],
            {"minimize": "memory"},
            "conflict: .*; `price` is null .*, `tested` is null",
        ),
    ],
)
def test_an_empty_answer_says_what_nulls_have_to_do_with_it(where: Any, asked: Any, reason: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert alone(where=where).best(**asked).height == 0
    (text,) = [str(warning.message) for warning in caught if warning.category is iso.EmptyResultWarning]
    assert re.search(reason, text)


def test_an_empty_answer_that_reads_no_null_says_nothing_of_them() -> None:
    with pytest.warns(iso.EmptyResultWarning) as caught:
        sweep(where="x > 5").table(columns="x + 1")
    assert "null" not in str(caught[0].message)


def test_what_is_wrong_with_a_formula_is_said_of_the_formula_itself() -> None:
    asked: tuple[tuple[Callable[[], object], str], ...] = (
        (lambda: sweep(where="price + 1").table(), "price + 1"),
        (lambda: sweep().best(minimize="where(price, 1, 2)"), "where(price, 1, 2)"),
        (lambda: sweep().best(minimize="where(prise > 1, price, 2)"), "where(prise > 1, price, 2)"),
        (lambda: sweep().table(columns="not price"), "not price"),
    )
    for ask, text in asked:
        with pytest.raises(iso.FormulaError) as caught:
            ask()
        assert caught.value.text == text


def test_a_name_of_a_column_is_never_taken_by_what_stands_for_its_nulls() -> None:
    frame = pl.DataFrame({"ok": [True, None, False], "ok_is_known": [1.0, 2.0, 3.0]})
    space = iso.Sweep({"kind": frame, "ok_is_known_": 7.0}, where="not ok")
    found = quietly(space.table, columns="ok_is_known + ok_is_known_")
    assert found["ok_is_known + ok_is_known_"].to_list() == [10.0]


def test_what_stands_for_the_nulls_of_a_column_is_no_name_of_the_user() -> None:
    for keywords in (
        {"where": "tested_is_known"},
        {"quantities": {"q": "tested_is_known + 1"}, "where": "q > 0"},
    ):
        with pytest.raises(iso.FormulaError, match="unknown name `tested_is_known`") as caught:
            sweep(**keywords).table(columns="price")
        assert caught.value.text[slice(*caught.value.span)] == "tested_is_known"
    # Nor is it what a slip may have meant.
    with pytest.raises(iso.FormulaError, match="unknown name `tested_is_know`") as caught:
        sweep().table(columns="tested_is_know + 1")
    assert "`tested_is_known`" not in str(caught.value)


# Files ------------------------------------------------------------------------------------------------

FILES = {
    "csv": "gpu,price,memory,tested,nothing\na,3.0,80,true,\n,,40,,\nc,1.0,,false,\nd,,20,true,\n",
    "json": json.dumps(FRAME.to_dicts()),
}


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_a_file_may_hold_nulls(suffix: str, tmp_path: Path) -> None:
    if suffix == "parquet":
        FRAME.write_parquet(tmp_path / "kinds.parquet")
    else:
        (tmp_path / f"kinds.{suffix}").write_text(FILES[suffix])
    path = tmp_path / "sweep.toml"
    path.write_text(f'[axes]\nx = [1.0, 2.0]\nkind = {{ file = "kinds.{suffix}" }}\n')
    found = iso.Sweep.from_toml(path)
    assert found == sweep()
    assert parse(found.to_toml(), "sweep.toml").sweep == found


def test_a_sweep_file_writes_nan_for_null() -> None:
    text = sweep().to_toml()
    assert 'gpu = ["a", nan, "c", "d"]' in text
    assert "price = [3.0, nan, 1.0, nan]" in text
    assert "memory = [80, 40, nan, 20]" in text
    assert "tested = [true, nan, false, true]" in text
    assert "nothing = { nulls = 4 }" in text
    # Numbers in text are numbers beside a null too, and names that look like them stay names.
    read = parse('[axes.k]\nprice = ["7B", nan]\nname = ["1", nan]\n[quantities]\nq = "price"\n', "x.toml")
    frame = read.sweep.axes["k"]
    assert isinstance(frame, pl.DataFrame)
    assert frame.rows() == [(7_000_000_000, "1"), (None, None)]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("{ nulls = 0 }", "nulls is how many there are, a whole number above 0, not 0"),
        ("{ nulls = true }", "nulls is how many there are"),
        ('{ nulls = 2, kind = "date" }', "kind must be one of float, integer, boolean, text, not 'date'"),
        ("{ nulls = 2, kinds = 1 }", "unknown key `kinds`; did you mean `kind`"),
        ("{ nulls = 3 }", "linked columns must have the same number of values"),
        ('[nan, 1, "a"]', "an array of numbers, of texts or of truth values, not a mixture"),
    ],
)
def test_a_file_with_odd_nulls_is_refused(column: str, message: str) -> None:
    with pytest.raises(iso.SpaceError, match=message):
        parse(f"[axes.k]\na = [1, 2]\nb = {column}\n", "x.toml")


def test_the_command_line_shows_nothing_for_a_null(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "sweep.toml"
    sweep(FRAME[:2]).replace(axes={"kind": FRAME[:2]}).to_toml(path)
    assert main(["table", str(path), "--format", "csv"]) == 0
    assert capsys.readouterr().out == "gpu,price,memory,tested,nothing\na,3.0,80,true,\n,,40,,\n"
    assert main(["table", str(path), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == FRAME[:2].to_dicts()
    assert main(["table", str(path)]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["gpu", "price", "memory", "tested", "nothing"],
        ["a", "3", "80", "True"],
        ["40"],
    ]
    for suffix in ("parquet", "csv", "json"):
        out = tmp_path / f"answer.{suffix}"
        assert main(["table", str(path), "--out", str(out)]) == 0
    assert pl.read_parquet(tmp_path / "answer.parquet").rows() == FRAME[:2].rows()
    capsys.readouterr()
    assert main(["best", str(path), "--minimize", "price"]) == 0
    shown = capsys.readouterr()
    assert "column `price` of axis `kind` is null in 1 of its 2 rows" in shown.err
