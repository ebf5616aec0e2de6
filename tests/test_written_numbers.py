"""Numbers as people write them: 7B, 2T, 1_000; in options, cells, and text where a file wants a number."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import isoflop as iso
from isoflop._sweep.load import parse
from isoflop._text.numbers import written_number
from isoflop.cli import main


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7B", 7e9),
        ("2T", 2e12),
        ("1.5M", 1.5e6),
        ("0.3k", 300.0),
        ("10K", 1e4),
        ("70.2 B", 70.2e9),
        ("1_000", 1000),
        ("1_000.5", 1000.5),
        ("-3", -3),
        ("+1e-3", 1e-3),
        (".5", 0.5),
        ("1e9", 1e9),
        (" 7B ", 7e9),
    ],
)
def test_a_number_is_read_as_it_is_meant(text: str, number: float) -> None:
    found = written_number(text)
    assert found == number
    assert type(found) is type(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "B",
        "7b",
        "7G",
        "7BB",
        "7 M B",
        "1e3k",
        "1__0",
        "_1",
        "1_",
        "0x10",
        "inf",
        "nan",
        "1e400",
        "7,5",
        "٣",
        "1-2",
    ],
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert written_number(text) is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_is_read_back(number: float) -> None:
    assert written_number(repr(number)) == number


@given(st.integers(0, 10**6), st.sampled_from("kMBT"))
def test_a_letter_is_the_power_of_ten_that_formulas_ask_for(digits: int, letter: str) -> None:
    exponent = {"k": 3, "M": 6, "B": 9, "T": 12}[letter]
    assert written_number(f"{digits / 100}{letter}") == float(f"{digits / 100}e{exponent}")


# In sweep files ---------------------------------------------------------------------------------------

FILE = """
where = ["tokens > 1e9"]
[axes]
params = { geomspace = ["1B", "1T", "1k"] }
tokens = ["1T", 2e12]
gpu_count = "2k"
web_tokens = "0"

[axes.model]
model = ["7B", "13B"]
active_params = ["7B", "13B"]
mine = ["1k", 2]

[pools.web]
unique_tokens = "60T"
usd_per_token = "1e-8"

[near]
minimize = "params"
within = "0.1"
max_rows = "2M"

[pareto]
minimize = "params"
resolution = { params = "0.5" }

[table]
max_bytes = "1_000"
"""


def test_text_is_a_number_where_a_sweep_file_wants_one() -> None:
    file = parse(FILE.replace('tokens = ["1T", 2e12]\n', "").replace("where", "# where"), "plan.toml")
    sweep = file.sweep
    assert sweep.axes["params"].to_list() == iso.geomspace(1e9, 1e12, 1000).tolist()  # type: ignore[union-attr]
    assert sweep.axes["gpu_count"] == 2000
    frame = sweep.axes["model"]
    assert isinstance(frame, pl.DataFrame)
    assert frame.to_dict(as_series=False) == {
        "model": ["7B", "13B"],  # a name: nothing reads it
        "active_params": [7e9, 13e9],
        "mine": [1000, 2],
    }
    pools = sweep.pools
    assert pools is not None
    assert pools.row(0) == ("web", 1.0, 60e12, 1e-8)
    assert {name: dict(asked) for name, asked in file.question.items()} == {
        "near": {"minimize": "params", "within": 0.1, "max_rows": 2_000_000},
        "pareto": {"minimize": "params", "resolution": {"params": 0.5}},
        "table": {"max_bytes": 1000},
    }


def test_a_linked_column_that_a_formula_reads_is_one_of_numbers() -> None:
    text = '[axes.m]\nprice = ["1k", "2k"]\n[quantities]\ncost = "2 * price"\n'
    assert parse(text, "plan.toml").sweep.table(columns="cost")["cost"].to_list() == [2000, 4000]


def test_a_law_in_a_sweep_file_may_write_its_numbers_so() -> None:
    text = """
    [axes]
    params = "2B"
    [law]
    formula = "E + A / params**0.3"
    coefficients = { E = "1.7", A = { value = "1.2k", standard_error = "0.1k" } }
    variables = { params = { range = ["10M", "1B"] } }
    """
    law = parse(text, "plan.toml").sweep.law
    assert law is not None
    assert law.coefficients == {"E": 1.7, "A": 1200}
    assert law.standard_errors == {"A": 100}
    assert law.variables["params"].range == (1e7, 1e9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[axes]\nparams = "7G"', "axes.params: an axis is a number, .* not '7G'"),
        ('[axes]\nparams = ["7B", "big"]', "axis `params` holds 'big' at position 1"),
        ('[axes]\nparams = { geomspace = [1, 2, "2.5"] }', "geomspace: num must be an integer, not 2.5"),
        ('[axes]\nx = 1\n[pareto]\nminimize = "x"\nrows = "1.5"', "pareto.rows: a whole number, not '?1.5"),
        ('[axes]\nx = 1\n[near]\nminimize = "x"\nwithin = "near"', "near.within: a number, not 'near'"),
    ],
)
def test_text_that_is_no_number_is_refused_by_place(text: str, message: str) -> None:
    with pytest.raises(iso.SpaceError, match=f"plan.toml: .*{message}|plan.toml: {message}"):
        parse(text, "plan.toml")


# Formulas, options, cells -----------------------------------------------------------------------------


def test_a_formula_says_what_to_write_instead() -> None:
    with pytest.raises(iso.FormulaError, match="`7B` is not a number; write `7e9`"):
        iso.Sweep({"params": [1e9]}, where="params <= 7B")


def test_options_take_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["optimal", "--law", "besiroglu2024", "--flops", "1e21", "100_000T", "--format", "csv"]) == 0
    answer = pl.read_csv(io.StringIO(capsys.readouterr().out))
    assert answer["train_flops"].to_list() == [1e21, 1e17]


def test_an_option_that_is_no_number_says_what_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["optimal", "--law", "besiroglu2024", "--flops", "7G"]) == 2
    assert "--flops: 7G is not a number such as 7e9, 7B, 1_000" in capsys.readouterr().err


def test_a_count_is_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sweep.toml"
    path.write_text('[axes]\nx = { linspace = [1, 2, 5000] }\n[pareto]\nminimize = "x"\nmaximize = "x * 1"\n')
    assert main(["pareto", str(path), "--max-rows", "1k"]) == 2
    assert "more than 1,000 rows" in capsys.readouterr().err
    assert main(["pareto", str(path), "--max-rows", "1.5"]) == 2
    assert "1.5 is not a whole number" in capsys.readouterr().err
    assert main(["pareto", str(path), "--max-rows", "inf"]) == 2
    assert "inf is not a whole number" in capsys.readouterr().err


def test_cells_of_csv_are_numbers_if_all_of_a_column_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "models.csv"
    path.write_text("name,params,tokens\n7B,7B,1_000B\n13B,13B,\n")
    assert main(["diagnose", str(path), "--format", "csv"]) == 0
    answer = pl.read_csv(io.StringIO(capsys.readouterr().out))
    assert answer["name"].to_list() == ["7B", "13B"]
    assert answer["params"].to_list() == [7e9, 13e9]
    assert answer["tokens"].to_list() == [1e12, None]


def test_the_cell_that_is_no_number_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "models.csv"
    path.write_text("name,params,tokens\na,7B,1T\nb,large,1T\n")
    assert main(["diagnose", str(path)]) == 2
    assert (
        "row 1 (from 0): `params` must be a positive number, not the text 'large'" in capsys.readouterr().err
    )


def test_pools_from_csv_take_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "pools.csv"
    path.write_text("pool,quality,unique_tokens,usd_per_token\nweb,0.5,60T,1e-8\nbooks,1,200B,0\n")
    assert (
        main(["plan", "--flops", "1e21", "--pools", str(path), "--show", "recommended", "--format", "csv"])
        == 0
    )
    assert "web_tokens" in capsys.readouterr().out
