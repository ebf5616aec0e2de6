"""The catalogue of real models, and the commands that list and rate them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from cyclopts import App
from polars.testing import assert_frame_equal

import isoflop as iso
from isoflop.cli import _models as commands
from isoflop.cli._messages import Mistake

# The catalogue of models ------------------------------------------------------------------------------


def test_columns_have_fixed_names_and_types() -> None:
    numbers = ("params", "active_params", "tokens", "train_flops")
    expected = {"name": pl.String, **dict.fromkeys(numbers, pl.Float64)}
    texts = ("source", "evidence", "note", "organisation", "reported", "architecture")
    expected |= dict.fromkeys(texts, pl.String)
    assert dict(iso.models().schema) == expected


def test_names_are_unique_and_every_model_has_a_source() -> None:
    table = iso.models()
    assert table["name"].is_unique().all()
    assert (table["source"] != "").all()


def test_texts_are_never_null_and_evidence_is_a_mark() -> None:
    texts = iso.models().select(pl.col(pl.String))
    assert texts.null_count().sum_horizontal().item() == 0
    assert set(texts["evidence"]) == {"V1", "V2", "V2, tokens unverified", "V3", "unverified"}
    assert not texts["note"].str.contains(r"V[123]|^\s|\s$").any()


@pytest.mark.parametrize("row", iso.models().to_dicts(), ids=lambda row: row["name"])
def test_every_model_is_sane(row: dict[str, Any]) -> None:
    assert 1e8 < row["active_params"] <= row["params"] < 1e13
    if row["tokens"] is not None:
        assert 1e11 < row["tokens"] < 1e14
    # What the hardware did, the note says: far more than the model needs.
    measured = row["name"] == "Switch-C (1.6T)"
    if None not in (row["tokens"], row["train_flops"]) and not measured:
        assert 1 / 2 < 6 * row["active_params"] * row["tokens"] / row["train_flops"] < 2


def test_missing_numbers_are_null() -> None:
    row = iso.models().row(by_predicate=pl.col("name") == "Mistral 7B", named=True)
    assert row["tokens"] is None
    assert row["train_flops"] is None


def test_the_caller_may_change_the_frame() -> None:
    iso.models().insert_column(0, pl.lit(0.0).alias("zero"))
    assert "zero" not in iso.models().columns


# The command line -------------------------------------------------------------------------------------

Command = Callable[..., str]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    app = App(result_action="return_value", exit_on_error=False, print_error=False)
    app.command(commands.models)
    app.command(commands.diagnose)

    def run(*argv: str | Path) -> str:
        app([str(word) for word in argv])
        return capsys.readouterr().out

    return run


def test_the_command_lists_models(command: Command) -> None:
    lines = command("models").splitlines()
    assert lines[0].split() == ["name", "params", "active_params", "tokens", "train_flops", "evidence"]
    assert len(lines) == 1 + iso.models().height
    table = pl.read_csv(io.StringIO(command("models", "--format", "csv")))
    assert table.columns == iso.models().columns


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".json", ".jsonl", ".ndjson"])
def test_the_command_diagnoses_a_file(command: Command, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"models{suffix}"
    getattr(iso.models(), f"write_{suffix[1:].replace('jsonl', 'ndjson')}")(path)
    for options, gain in (((), None), (("--moe-gain", "0.35"), 0.35)):
        told = json.loads(command("diagnose", path, *options, "--law", "hoffmann2022", "--format", "json"))
        expected = iso.diagnose(iso.models(), "hoffmann2022", moe_gain=gain)
        assert [row["verdict"] for row in told] == expected["verdict"].to_list()
        assert [row["loss"] for row in told] == pytest.approx(expected["loss"].to_list())


@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl"])
def test_a_byte_order_mark_is_none_of_a_file_of_models(command: Command, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"models{suffix}"
    getattr(iso.models(), f"write_{suffix[1:].replace('jsonl', 'ndjson')}")(path)
    plain = command("diagnose", path, "--format", "json")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert command("diagnose", path, "--format", "json") == plain


def test_the_table_shows_what_fits_a_line(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "models.csv"
    path.write_text("name,params,tokens,lab\nmine,8e9,1000000000000,here\nother,70e9,1.4e12,there\n")
    header, first, second = command("diagnose", path).splitlines()
    assert header.split() == [
        "name", "params", "tokens", "tokens_per_param", "optimal_params", "optimal_tokens",
        "compute_efficiency", "verdict",
    ]  # fmt: skip
    assert first.endswith("overtrained")
    assert second.endswith("compute-optimal")


def test_the_table_says_why_if_a_model_is_not_rated(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "models.csv"
    path.write_text("params,active_params,tokens\n64e9,8e9,1e12\n8e9,8e9,\n")
    lines = command("diagnose", path).splitlines()
    assert lines[1].endswith("give moe_gain")
    assert lines[2].endswith("tokens not given")


def test_the_answer_may_go_to_a_file(command: Command, tmp_path: Path) -> None:
    path, out = tmp_path / "models.csv", tmp_path / "told.parquet"
    path.write_text("params,tokens\n8e9,1e12\n")
    assert command("diagnose", path, "--out", out) == ""
    assert_frame_equal(pl.read_parquet(out), iso.diagnose(pl.read_csv(path)))


@pytest.mark.parametrize(
    ("content", "argv", "message"),
    [
        ("params,tokens\n8e9,-1\n", (), r"models.csv: row 0 \(from 0\): `tokens` must be a positive number"),
        ("params\n8e9\n", (), r"models.csv: the frame has no column `tokens`"),
        ("params,tokens\n8e9\n1,2,3\n", (), r"models.csv: "),
        ("", (), r"models.csv: "),
        ("params,tokens\n8e9,1e12\n", ("--law", "besiroglu"), r"^no law `besiroglu`.*did you mean"),
        ("params,tokens\n8e9,1e12\n", ("--law", "kaplan2020"), r"^the optimum of `kaplan2020`"),
        (None, (), r"models.csv: no such file"),
    ],
)
def test_a_mistake_is_one_line(
    command: Command, tmp_path: Path, content: str | None, argv: tuple[str, ...], message: str
) -> None:
    path = tmp_path / "models.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Mistake, match=message) as caught:
        command("diagnose", path, *argv)
    assert "\n" not in str(caught.value)


def test_a_file_of_another_kind_is_a_mistake(command: Command, tmp_path: Path) -> None:
    with pytest.raises(Mistake, match=r"models.xlsx: the suffix .* must be one of \.csv, "):
        command("diagnose", tmp_path / "models.xlsx")


def test_organisations_and_months_are_told_where_they_are_public() -> None:
    models = iso.models()
    assert (models["organisation"] != "").all()
    on_arxiv = models.filter(pl.col("source").str.contains("arXiv:"))
    for source, reported in on_arxiv.select("source", "reported").iter_rows():
        year, month = source.partition("arXiv:")[2][:2], source.partition("arXiv:")[2][2:4]
        assert reported == f"20{year}-{month}"
    assert (models.filter(~pl.col("source").str.contains("arXiv:"))["reported"] == "").all()
