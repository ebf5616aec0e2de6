"""The command line: what it writes where, and one readable line for each mistake."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import isoflop as iso
from isoflop.cli._output import deliver, thin
from support.commands import SWEEP, Isoflop

# Output -----------------------------------------------------------------------------------------------


READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    ".parquet": pl.read_parquet,
    ".csv": pl.read_csv,
    ".json": pl.read_json,
}


@pytest.mark.parametrize("suffix", READERS)
def test_out_keeps_all_rows_in_the_format_of_the_suffix(isoflop: Isoflop, sweep: Path, suffix: str) -> None:
    out = sweep.with_name(f"table{suffix}")
    answer = isoflop("table", sweep, "--out", out)
    expected = iso.Sweep.from_toml(sweep).table(columns=["loss", "train_flops", "days"])
    assert answer == (0, "", f"isoflop: wrote {expected.height:,} rows to {out}\n")
    assert_frame_equal(READERS[suffix](out), expected, check_exact=True)
    assert sorted(path.name for path in out.parent.iterdir()) == ["sweep.toml", f"table{suffix}"]


def test_a_file_that_cannot_be_written_whole_is_not_touched(tmp_path: Path) -> None:
    out = tmp_path / "answer.csv"
    out.write_text("an earlier answer")
    nested = pl.DataFrame({"x": [[1.0], [2.0]]})
    with pytest.raises(pl.exceptions.ComputeError):
        deliver(nested, out, None)
    assert out.read_text() == "an earlier answer"
    assert list(tmp_path.iterdir()) == [out]


def test_json_on_standard_output_is_a_list_of_rows(isoflop: Isoflop, sweep: Path) -> None:
    rows = json.loads(isoflop("pareto", sweep, "--rows", "3", "--format", "json").out)
    assert len(rows) == 3
    assert list(rows[0]) == ["params", "tokens", "quality", "loss", "train_flops", "days"]


def test_long_answers_are_whole_on_standard_output(isoflop: Isoflop, sweep: Path) -> None:
    sweep.write_text(SWEEP.replace("31", "601"))
    expected = iso.Sweep.from_toml(sweep).table(columns="loss")
    assert expected.height > 20_000
    answer = isoflop("table", sweep, "--columns", "loss", "--format", "csv")
    assert answer.out == expected.write_csv()
    answer = isoflop("table", sweep, "--columns", "loss", "--format", "json")
    assert answer.out == expected.write_json() + "\n"


def test_an_empty_answer_is_an_empty_list_in_json(isoflop: Isoflop, sweep: Path) -> None:
    sweep.write_text(SWEEP.replace("1e22", "1e3"))
    assert isoflop("pareto", sweep, "--format", "json").out == "[]\n"


def test_a_long_table_is_thinned_for_reading_and_says_so(isoflop: Isoflop, sweep: Path) -> None:
    whole = isoflop("table", sweep, "--format", "csv").frame()
    answer = isoflop("table", sweep)
    lines = answer.out.splitlines()
    assert len(lines) == 1 + 20
    assert lines[0].split() == whole.columns
    assert answer.err == f"isoflop: 20 of {whole.height:,} rows; --out FILE keeps all\n"


def test_a_short_table_is_shown_whole(isoflop: Isoflop) -> None:
    answer = isoflop("optimal", "--law", "hoffmann2022", "--flops", "6e20")
    assert len(answer.out.splitlines()) == 2
    assert answer.err == ""


def test_thinning_keeps_both_ends_and_the_order() -> None:
    for height in range(60):
        frame = pl.DataFrame({"x": range(height)}, schema={"x": pl.Int64})
        for rows in range(2, 25):
            kept = thin(frame, rows)["x"].to_list()
            assert len(kept) == min(height, rows)
            assert kept == sorted(set(kept))
            assert height == 0 or (kept[0], kept[-1]) == (0, height - 1)
            gaps = [b - a for a, b in pairwise(kept)]
            assert not gaps or max(gaps) - min(gaps) <= 1


def test_warnings_are_one_line_without_python_around_them(isoflop: Isoflop, sweep: Path) -> None:
    sweep.write_text(SWEEP.replace("1e22", "1e3"))
    answer = isoflop("pareto", sweep, "--format", "csv")
    assert answer.code == 0
    assert answer.out == "params,tokens,quality,loss,train_flops,days\n"
    assert answer.err.startswith("isoflop: warning: ")
    assert "train_flops <= 1e3" in answer.err.splitlines()[0]
    assert len(answer.err.splitlines()) == 2
    assert ".py" not in answer.err


# Mistakes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[best]", "[best", "line "),
        ("[best]", "[bets]", "unknown key `bets`"),
        ("besiroglu2024", "besiroglu2025", "did you mean `besiroglu2024`"),
        ("geomspace = [1e8", "geomspace = [-1e8", "axes.params"),
        ('by = "params"', 'by = "parms"', "parms"),
        ("resolution = 0.01", "resolution = 7", "7"),
        ("resolution = 0.01", "rows = 0", "rows"),
        ("gpu_count = 8", "", "gpu_count"),
    ],
)
def test_a_mistake_in_the_file_is_one_line_that_names_it(
    isoflop: Isoflop, sweep: Path, old: str, new: str, told: str
) -> None:
    assert old in SWEEP
    sweep.write_text(SWEEP.replace(old, new))
    answer = isoflop("best" if old == 'by = "params"' else "pareto", sweep)
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith(f"isoflop: {sweep}: ")
    assert told in answer.err
    assert len(answer.err.splitlines()) == 1


def test_near_asks_how_close_if_nothing_says_so(isoflop: Isoflop, sweep: Path) -> None:
    sweep.write_text(SWEEP.replace("within = 0.1", ""))
    answer = isoflop("near", sweep)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        f"isoflop: {sweep}: near needs --within, or within in a [near] table: "
        "1e-3 is a thousandth of the best\n"
    )


def test_a_formula_that_cannot_be_read_shows_a_caret(isoflop: Isoflop, sweep: Path) -> None:
    sweep.write_text(SWEEP.replace('["loss", "train_flops"]', '["los * 2", "train_flops"]'))
    answer = isoflop("pareto", sweep)
    message, formula, caret = answer.err.splitlines()
    assert answer.code == 2
    assert str(sweep) in message
    assert "`loss`" in message
    assert (formula, caret) == ("  los * 2", "  ^^^")


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["pareto", "missing.toml"], "isoflop: missing.toml: no such file\n"),
        (["pareto", "."], "isoflop: .: is a directory, not a file\n"),
        (["pareto", "SWEEP", "--out", "front.xlsx"], "must be one of .parquet, .csv, .json"),
        (["pareto", "SWEEP", "--out", "nowhere/front.csv"], "there is no directory nowhere"),
        (["pareto", "SWEEP", "--out", "front.csv", "--format", "csv"], "--out or --format, not both"),
        (["pareto", "SWEEP", "--rows", "1"], "--rows 1 is less than the number of objectives"),
        (["pareto", "SWEEP", "--by", "colour"], "there is no `colour`"),
        (["pareto", "SWEEP", "--resolution", "fine"], "--resolution fine: must be a number in 0..1"),
        (["pareto", "SWEEP", "--threads", "0"], "threads"),
        (["pareto", "SWEEP", "--threads", "two"], "two"),
        (["pareto", "SWEEP", "--ties", "some"], "some"),
        (["pareto", "SWEEP", "--minimise", "loss"], "--minimise"),
        (["pareto"], "SWEEP"),
        (["best", "SWEEP", "--by", "colour"], "colour"),
        (["best", "SWEEP", "--method", "guess"], "guess"),
        (["near", "SWEEP", "--within", "close"], "close"),
        (["near", "SWEEP", "--within=-1"], "within must be finite and 0 or more, not -1.0"),
        (["near", "SWEEP", "--then", "days", "days"], "`days` is named twice"),
        (["optimal", "--law", "besiroglu2025", "--flops", "1e20"], "did you mean `besiroglu2024`"),
        (["optimal", "--law", "besiroglu2024", "--flops", "-1"], "flops"),
        (["optimal", "--law", "besiroglu2024"], "needs --flops, training budgets, or --params"),
        (["optimal", "--law", "besiroglu2024", "--flops", "1e20", "--params", "7e9"], "not both"),
        (["optimal", "--law", "besiroglu2024", "--params", "0"], "params must be positive"),
        (["law", "chinchilla"], "no law `chinchilla`"),
        (["parteo", "SWEEP"], "parteo"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(
    isoflop: Isoflop, sweep: Path, monkeypatch: pytest.MonkeyPatch, argv: list[str], told: str
) -> None:
    monkeypatch.chdir(sweep.parent)
    answer = isoflop(*(sweep.name if word == "SWEEP" else word for word in argv))
    assert answer.code == 2
    assert answer.out == ""
    assert told in answer.err
    assert len(answer.err.splitlines()) == 1
    assert [path.name for path in sweep.parent.iterdir()] == ["sweep.toml"]
