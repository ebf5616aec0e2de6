"""Files that a sweep, an option or a sweep file names: laws, linked axes, and standard input."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import isoflop as iso
from isoflop._sweep.load import load
from isoflop.cli import main

LAW = """
id = "mine"
title = "A law of one's own"
formula = "E + A / effective_params**0.3 + B / effective_tokens**0.3"
[coefficients]
E = 1.7
A = { value = 300.0, standard_error = 5.0 }
B = 900.0
"""
SWEEP = """
law = "laws/mine.toml"
[axes]
params = "7B"
tokens = "2T"
gpu = { file = "gpus.csv" }
[table]
columns = ["loss", "train_usd"]
"""
GPUS = "gpu,peak_flops,usd_per_gpu_hour\nh100,989T,2\na100,312T,1.5\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "laws").mkdir()
    (tmp_path / "laws" / "mine.toml").write_text(LAW)
    (tmp_path / "gpus.csv").write_text(GPUS)
    (tmp_path / "sweep.toml").write_text(SWEEP)
    return tmp_path


# Laws -------------------------------------------------------------------------------------------------


def test_a_law_is_read_from_a_file_wherever_an_identifier_may_stand(folder: Path) -> None:
    path = str(folder / "laws" / "mine.toml")
    law = iso.law(path)
    assert (law.id, law.coefficients["A"], law.standard_errors["A"]) == ("mine", 300.0, 5.0)
    assert iso.Sweep({"params": [1e9], "tokens": [1e10]}, law=path).law == law
    assert iso.losses([path, "besiroglu2024"], params=1e9, tokens=1e10).columns[-2:] == [
        "mine",
        "besiroglu2024",
    ]
    assert iso.diagnose({"params": [1e9], "tokens": [2e10]}, path).height == 1
    plan = iso.plan(flops=1e21, law=path)
    assert plan.sweep.law == law


def test_a_plan_reads_its_law_once(folder: Path) -> None:
    path = folder / "laws" / "mine.toml"
    plan = iso.plan(flops=1e21, law=str(path))
    before = repr(plan)
    path.unlink()
    assert repr(plan) == before
    assert "Plan by mine" in before


def test_the_file_of_a_catalogue_law_is_that_law(tmp_path: Path) -> None:
    from isoflop.catalog.files import _folder

    path = tmp_path / "copy.toml"
    path.write_bytes(_folder().joinpath("laws", "besiroglu2024.toml").read_bytes())
    assert iso.law(str(path)) == iso.law("besiroglu2024")


def test_options_take_a_law_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(folder / "laws" / "mine.toml")
    assert main(["law", path]) == 0
    assert capsys.readouterr().out.startswith("mine: A law of one's own\n")
    assert main(["optimal", "--law", path, "--flops", "1e21", "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("train_flops,params,tokens")
    assert main(["plan", "--flops", "1e21", "--law", path]) == 0
    assert capsys.readouterr().out.startswith("Plan by mine")
    models = folder / "models.csv"
    models.write_text("params,tokens\n7B,2T\n")
    assert main(["diagnose", str(models), "--law", path, "--format", "csv"]) == 0
    assert capsys.readouterr().out.count("\n") == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = ", "not TOML: Invalid value"),
        ('formulla = "E"', "unknown key `formulla`; did you mean `formula`?"),
        ('formula = "E"', "a law needs `coefficients`"),
        ('formula = "E +"\ncoefficients = { E = 1 }', "the formula ends where"),
    ],
)
def test_a_file_that_holds_no_law_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    path = folder / "laws" / "mine.toml"
    path.write_text(text)
    with pytest.raises((iso.LawError, iso.FormulaError)) as caught:
        iso.law(str(path))
    assert f"{path}: {told}" in str(caught.value)
    assert main(["law", str(path)]) == 2
    assert f"{path}: {told}" in capsys.readouterr().err
    with pytest.raises((iso.LawError, iso.FormulaError)) as caught:
        load(folder / "sweep.toml")
    assert f"sweep.toml: law: laws/mine.toml: {told}" in str(caught.value)


def test_a_file_that_is_not_there_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(FileNotFoundError):
        iso.law("nowhere/mine.toml")
    assert main(["optimal", "--law", "nowhere/mine.toml", "--flops", "1e21"]) == 2
    assert capsys.readouterr().err == "isoflop: nowhere/mine.toml: no such file\n"
    (folder / "laws" / "mine.toml").unlink()
    assert main(["table", str(folder / "sweep.toml")]) == 2
    assert capsys.readouterr().err == f"isoflop: {folder / 'sweep.toml'}: law: laws/mine.toml: no such file\n"


# Linked axes ------------------------------------------------------------------------------------------


def test_paths_start_from_the_folder_of_the_sweep_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / "laws")
    for path in (folder / "sweep.toml", Path("../sweep.toml"), "../sweep.toml"):
        sweep = iso.Sweep.from_toml(path)
        assert sweep.axes["gpu"].to_dict(as_series=False) == {  # type: ignore[union-attr]
            "gpu": ["h100", "a100"],
            "peak_flops": [989e12, 312e12],
            "usd_per_gpu_hour": [2.0, 1.5],
        }
        assert sweep.law is not None
        assert sweep.law.id == "mine"


def test_files_are_read_once_and_written_out_as_values(folder: Path, tmp_path: Path) -> None:
    sweep = iso.Sweep.from_toml(folder / "sweep.toml")
    (folder / "gpus.csv").unlink()
    (folder / "laws" / "mine.toml").unlink()
    text = sweep.to_toml(tmp_path / "values.toml")
    assert ".csv" not in text
    assert iso.Sweep.from_toml(tmp_path / "values.toml") == sweep
    assert sweep.table(columns="train_usd").height == 2


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".json", ".jsonl"])
def test_each_format_gives_the_same_axis(folder: Path, suffix: str) -> None:
    frame = pl.DataFrame(
        {"gpu": ["h100", "a100"], "peak_flops": [989e12, 312e12], "usd_per_gpu_hour": [2.0, 1.5]}
    )
    path = folder / f"gpus{suffix}"
    write = {
        ".parquet": frame.write_parquet,
        ".csv": frame.write_csv,
        ".json": frame.write_json,
        ".jsonl": frame.write_ndjson,
    }
    write[suffix](path)  # type: ignore[operator]
    (folder / "sweep.toml").write_text(SWEEP.replace("gpus.csv", f"gpus{suffix}"))
    assert iso.Sweep.from_toml(folder / "sweep.toml").axes["gpu"].equals(frame)  # type: ignore[union-attr,arg-type]


def test_some_columns_of_a_file_can_be_taken(folder: Path) -> None:
    taken = SWEEP.replace('"gpus.csv"', '"gpus.csv", columns = ["usd_per_gpu_hour", "gpu"]')
    (folder / "sweep.toml").write_text(taken)
    axis = iso.Sweep.from_toml(folder / "sweep.toml").axes["gpu"]
    assert axis.columns == ["usd_per_gpu_hour", "gpu"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("gpus.csv", "gpu.csv", "axes.gpu: gpu.csv: no such file"),
        ("gpus.csv", "gpus.xlsx", "axes.gpu: the suffix of file must be one of .csv, .parquet"),
        ('{ file = "gpus.csv" }', '"gpus.csv"', '; a file is { file = "gpus.csv" }'),
        ("{ file", "{ fiel", '; a file is file = "gpus.csv"'),
        ('"gpus.csv" }', '"gpus.csv", columns = ["price"] }', "gpus.csv has no column `price`; it has gpu, "),
        ('"gpus.csv" }', '"gpus.csv", columns = "gpu" }', "columns must be an array of names in quotes"),
        ('"gpus.csv" }', '"gpus.csv", colums = ["gpu"] }', "unknown key `colums`; did you mean `columns`?"),
        ('"gpus.csv"', '"broken.parquet"', "axes.gpu: broken.parquet: "),
        ('"gpus.csv"', '"laws.csv"', "axes.gpu: laws.csv: "),
    ],
)
def test_a_file_of_an_axis_that_cannot_be_read_is_named(folder: Path, old: str, new: str, told: str) -> None:
    (folder / "broken.parquet").write_bytes(b"PAR1 is not enough")
    (folder / "laws.csv").mkdir()
    assert old in SWEEP
    (folder / "sweep.toml").write_text(SWEEP.replace(old, new))
    with pytest.raises(iso.SpaceError) as caught:
        load(folder / "sweep.toml")
    assert str(caught.value).startswith(f"{folder / 'sweep.toml'}: axes.gpu")
    assert told in str(caught.value)


# Standard input ---------------------------------------------------------------------------------------


def run(text: bytes, *argv: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    code = "import sys; from isoflop.cli import entry; entry()"
    return subprocess.run(
        [sys.executable, "-c", code, *argv], input=text, capture_output=True, cwd=cwd, check=False
    )


def test_a_sweep_file_may_come_from_standard_input(folder: Path) -> None:
    # What it names is looked for from where one is.
    found = run(b"\xef\xbb\xbf" + SWEEP.encode(), "table", "-", "--format", "csv", cwd=folder)
    assert (found.returncode, found.stderr) == (0, b"")
    expected = iso.Sweep.from_toml(folder / "sweep.toml").table(columns=["loss", "train_usd"])
    assert pl.read_csv(io.BytesIO(found.stdout))["loss"].to_list() == expected["loss"].to_list()


@pytest.mark.parametrize(
    ("text", "told"),
    [(b"[axes", b"standard input: not TOML"), (b"x = '\xff'", b"standard input: not UTF-8 at byte 5")],
)
def test_a_mistake_on_standard_input_is_one_line(folder: Path, text: bytes, told: bytes) -> None:
    found = run(text, "table", "-", cwd=folder)
    assert found.returncode == 2
    assert found.stderr.startswith(b"isoflop: " + told)
    assert found.stderr.count(b"\n") == 1


def test_a_closed_standard_input_is_one_line(folder: Path) -> None:
    code = "import sys; sys.stdin = None; from isoflop.cli import main; sys.exit(main(['table', '-']))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=folder, check=False)
    assert (found.returncode, found.stderr) == (2, b"isoflop: standard input: it is closed\n")


def test_an_unknown_option_is_no_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pareto", "--minimise", str(folder / "sweep.toml")]) == 2
    assert "unknown option --minimise" in capsys.readouterr().err
