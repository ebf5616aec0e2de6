"""Standard streams that are full, closed, or of another encoding: one line at most, and never a traceback."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import isoflop as iso
from isoflop.cli import main
from support.processes import command, finished

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")

SWEEP = """
law = "besiroglu2024"
[axes]
params = { geomspace = [1e8, 1e10, 21] }
tokens = { geomspace = [1e9, 1e11, 31] }
[pareto]
minimize = ["loss", "train_flops"]
"""

COMMANDS = [
    ["--help"],
    ["--version"],
    ["pareto", "--help"],
    [],
    ["laws"],
    ["laws", "--format", "json"],
    ["law", "kaplan2020"],
    ["allocations"],
    ["architectures"],
    ["architecture", "llama"],
    ["models", "--format", "csv"],
    ["plan", "--flops", "1e21"],
    ["pareto", "SWEEP"],
    ["table", "SWEEP", "--format", "csv"],
    ["explain", "SWEEP"],
]


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    path = tmp_path / "sweep.toml"
    path.write_text(SWEEP)
    return path


def redirected(
    sweep: Path, argv: list[str], where: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command whose streams the shell redirects."""
    words = [str(sweep) if word == "SWEEP" else word for word in argv]
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {where}', "sh", *command(*words)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": ""} | environment,
        check=False,
    )


@pytest.mark.parametrize("argv", COMMANDS, ids=" ".join)
def test_a_standard_output_that_cannot_be_written_is_told_in_one_line(sweep: Path, argv: list[str]) -> None:
    full = redirected(sweep, argv, ">/dev/full")
    assert (full.returncode, full.stderr) == (1, "isoflop: standard output: No space left on device\n")
    closed = redirected(sweep, argv, ">&-")
    assert (closed.returncode, closed.stderr) == (1, "isoflop: standard output: it is closed\n")


@pytest.mark.parametrize("argv", [["--help"], ["laws"], ["table", "SWEEP", "--format", "csv"]], ids=" ".join)
def test_without_buffers_it_is_the_same_line(sweep: Path, argv: list[str]) -> None:
    full = redirected(sweep, argv, ">/dev/full", PYTHONUNBUFFERED="1")
    assert (full.returncode, full.stderr) == (1, "isoflop: standard output: No space left on device\n")


@pytest.mark.parametrize("where", ["2>/dev/full", "2>&-", "2</dev/null"])
@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["pareto", "SWEEP", "--format", "csv"], 0),
        (["table", "SWEEP"], 0),
        (["laws", "--check"], 0),
        (["pareto", "missing.toml"], 2),
        (["parteo"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_remarks_that_cannot_be_written_change_neither_answer_nor_code(
    sweep: Path, argv: list[str], code: int, where: str
) -> None:
    plain = redirected(sweep, argv, "2>/dev/null")
    quiet = redirected(sweep, argv, where)
    assert plain.returncode == code
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (code, plain.stdout, "")


@pytest.mark.parametrize("where", [">&- 2>&-", ">/dev/full 2>/dev/full", "<&- >&- 2>&-"])
def test_with_no_stream_at_all_the_code_still_says_it(sweep: Path, where: str) -> None:
    assert redirected(sweep, ["pareto", "SWEEP"], where).returncode == 1
    assert redirected(sweep, ["pareto", "missing.toml"], where).returncode == 2


def test_a_file_is_written_whole_though_all_streams_are_closed(sweep: Path) -> None:
    out = sweep.with_name("front.csv")
    done = redirected(sweep, ["pareto", "SWEEP", "--out", str(out)], "<&- >&- 2>&-")
    assert done.returncode == 0
    front = iso.Sweep.from_toml(sweep).pareto(minimize=["loss", "train_flops"])
    assert out.read_bytes() == front.write_csv().encode()
    assert sorted(os.listdir(sweep.parent)) == ["front.csv", "sweep.toml"]


def test_what_native_code_says_does_not_get_into_a_file(tmp_path: Path) -> None:
    # Descriptor 2 is free: the next file that is opened would be given it.
    first = (
        "import os, polars as pl\n"
        "from isoflop.cli import _app\n"
        "write = _app.deliver\n"
        "def deliver(*arguments, **options):\n"
        "    with open('other.txt', 'w') as other:\n"
        "        os.write(2, b'a panic')\n"
        "    write(*arguments, **options)\n"
        "_app.deliver = deliver"
    )
    words = ["optimal", "--law", "kaplan2020", "--flops", "1e20", "--out", "answer.csv"]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", *command(*words, first=first)],
        stdout=subprocess.DEVNULL,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0
    assert (tmp_path / "other.txt").read_text() == ""
    assert pl.read_csv(tmp_path / "answer.csv").height == 1


def test_a_progress_bar_asks_nothing_of_a_stream_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert iso.Sweep({"a": [1.0, 2.0]}).pareto(minimize="a", progress=True).height == 1


def test_an_encoding_that_lacks_a_letter_is_told_in_one_line(sweep: Path) -> None:
    sweep.write_text('[axes]\nsite = { site = ["a café", "the sea"], x = [1.0, 2.0] }\n')
    done = redirected(sweep, ["table", "SWEEP"], "", PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert done.stderr == (
        "isoflop: standard output: its encoding, ascii, lacks '\\xe9'; try PYTHONIOENCODING=utf-8\n"
    )


def test_the_streams_of_a_program_that_calls_main_stay_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    full = Full()
    monkeypatch.setattr(sys, "stdout", full)
    assert main(["law", "kaplan2020"]) == 1
    assert sys.stdout is full
    assert capsys.readouterr().err == "isoflop: standard output: No space left on device\n"
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["law", "kaplan2020"]) == 1
    assert vars(sys)["stdout"] is None
    assert capsys.readouterr().err == "isoflop: standard output: it is closed\n"


def test_a_program_that_imports_isoflop_keeps_its_signal_handlers() -> None:
    program = (
        "import signal, sys\n"
        "before = [signal.getsignal(number) for number in signal.valid_signals()]\n"
        "import isoflop.cli\n"
        "isoflop.cli.main(['law', 'kaplan2020'])\n"
        "after = [signal.getsignal(number) for number in signal.valid_signals()]\n"
        "sys.exit(before != after)"
    )
    assert subprocess.run([sys.executable, "-c", program], stdout=subprocess.DEVNULL).returncode == 0


def test_a_signal_that_is_ignored_stays_ignored(sweep: Path) -> None:
    ignored = (
        "import os, signal\n"
        "from isoflop.cli import _app\n"
        "run = _app.run\n"
        "def interrupted(argv):\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    return run(argv)\n"
        "_app.run = interrupted\n"
    )
    done = finished("--version", first=ignored + "signal.signal(signal.SIGHUP, signal.SIG_IGN)")
    assert (done.returncode, done.stderr) == (0, "")
    done = finished("--version", first=ignored)
    assert (done.returncode, done.stdout, done.stderr) == (129, "", "isoflop: terminated\n")
