"""Whatever ends a process while it writes `--out FILE`: the file is complete, or the earlier one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from isoflop.cli._encode import encode
from isoflop.cli._files import write_file
from isoflop.cli._output import deliver
from support.processes import FRAME, NAMED, SMALL, command, finished, names, posix

KINDS = [
    pytest.param("", id="unnamed", marks=pytest.mark.skipif(sys.platform != "linux", reason="named there")),
    pytest.param(NAMED, id="named"),
]


def grows(process: subprocess.Popen[str], directory: Path) -> bool:
    """Tell whether a process has begun to write a file in a directory."""
    if any(path.stat().st_size for path in directory.glob(".*.partial")):
        return True
    for number in Path(f"/proc/{process.pid}/fd").glob("*"):
        with suppress(OSError):
            if os.readlink(number).startswith(f"{directory}/#") and number.stat().st_size:
                return True
    return False


@contextmanager
def caught_writing(large_sweep: Path, out: Path, first: str) -> Iterator[subprocess.Popen[str]]:
    """Give a process that is stopped while it writes its answer, beside an earlier one."""
    for _ in range(5):
        out.write_text("an earlier answer")
        with subprocess.Popen(
            command("table", large_sweep, "--out", out, first=first), stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                while process.poll() is None and not grows(process, out.parent):
                    time.sleep(0.001)
                process.send_signal(signal.SIGSTOP)
                if process.poll() is None and out.read_text() == "an earlier answer":
                    yield process
                    return
            finally:
                process.kill()
    pytest.fail("the process was never seen while it wrote")


# What ends a process ----------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("first", KINDS)
@pytest.mark.parametrize(
    ("number", "code", "told"),
    [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated"), ("SIGHUP", 129, "terminated")],
)
def test_a_signal_while_a_file_is_written_leaves_nothing_but_the_old_file(
    large_sweep: Path, answers: Path, first: str, number: str, code: int, told: str
) -> None:
    out = answers / "answer.json"
    with caught_writing(large_sweep, out, first) as process:
        process.send_signal(signal.Signals[number])
        process.send_signal(signal.SIGCONT)
        assert process.stderr is not None
        assert process.stderr.read() == f"isoflop: {told}\n"
        assert process.wait(timeout=60) == code
    assert names(answers) == ["answer.json"]
    assert out.read_text() == "an earlier answer"


@posix
@pytest.mark.parametrize("first", KINDS)
def test_the_next_run_removes_what_a_killed_one_left(large_sweep: Path, answers: Path, first: str) -> None:
    out = answers / "answer.json"
    with caught_writing(large_sweep, out, first) as process:
        process.kill()
        process.wait(timeout=60)
    assert out.read_text() == "an earlier answer"
    assert len(names(answers)) == (2 if first else 1)
    large_sweep.write_text(SMALL)
    assert finished("table", large_sweep, "--out", out).returncode == 0
    assert names(answers) == ["answer.json"]
    assert pl.read_json(out).height == 3


@posix
@pytest.mark.parametrize("first", KINDS)
def test_another_run_leaves_alone_what_a_live_one_writes(
    large_sweep: Path, answers: Path, first: str
) -> None:
    out = answers / "answer.json"
    with caught_writing(large_sweep, out, first) as process:
        other = large_sweep.with_name("small.toml")
        other.write_text(SMALL)
        assert finished("table", other, "--out", out).returncode == 0
        assert pl.read_json(out).height == 3
        process.send_signal(signal.SIGCONT)
        assert process.wait(timeout=60) == 0
    assert names(answers) == ["answer.json"]
    assert out.read_bytes().count(b"{") == 3_000_000


@posix
def test_only_unlocked_partial_files_of_the_same_name_are_removed(tmp_path: Path, either_kind: str) -> None:
    import fcntl

    left = tmp_path / ".answer.csv.17.partial"
    locked = tmp_path / ".answer.csv.18.partial"
    others = [
        tmp_path / name for name in (".answer.csv.x.partial", ".answer.json.17.partial", "answer.csv.1")
    ]
    link = tmp_path / ".answer.csv.19.partial"
    for path in (left, locked, *others):
        path.write_text("a part")
    link.symlink_to(others[0])
    with locked.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        deliver(FRAME, tmp_path / "answer.csv", None)
        assert names(tmp_path) == sorted(
            ["answer.csv", locked.name, link.name, *(other.name for other in others)]
        )
    deliver(FRAME, tmp_path / "answer.csv", None)
    assert not locked.exists()


@posix
def test_a_partial_name_that_is_taken_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, either_kind: str
) -> None:
    import fcntl

    taken = tmp_path / f".answer.csv.{os.getpid()}.partial"
    taken.write_text("of another machine")
    with taken.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        deliver(FRAME, tmp_path / "answer.csv", None)
    assert taken.read_text() == "of another machine"
    assert_frame_equal(pl.read_csv(tmp_path / "answer.csv"), FRAME)


def test_pieces_that_fail_leave_the_old_file(tmp_path: Path, either_kind: str) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"a part"
        raise KeyboardInterrupt

    out = tmp_path / "answer.csv"
    out.write_text("an earlier answer")
    with pytest.raises(KeyboardInterrupt):
        write_file(out, pieces())
    assert names(tmp_path) == ["answer.csv"]
    assert out.read_text() == "an earlier answer"


@posix
def test_a_file_that_cannot_be_linked_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    out = tmp_path / "answer.csv"
    deliver(FRAME, out, None)
    assert names(tmp_path) == ["answer.csv"]
    assert_frame_equal(pl.read_csv(out), FRAME)


def test_without_locks_and_unnamed_files_an_answer_is_written_all_the_same(
    large_sweep: Path, answers: Path
) -> None:
    large_sweep.write_text(SMALL)
    out = answers / "answer.csv"
    out.write_text("an earlier answer")
    windows = f"{NAMED}\nimport sys\nsys.modules['fcntl'] = None\nif hasattr(os, 'fchmod'): del os.fchmod"
    done = finished("table", large_sweep, "--out", out, first=windows)
    assert (done.returncode, done.stderr) == (0, f"isoflop: wrote 3 rows to {out}\n")
    assert names(answers) == ["answer.csv"]
    assert pl.read_csv(out).height == 3


@posix
@pytest.mark.parametrize("way", ["standard output", "a named pipe"])
def test_a_signal_is_heard_while_a_pipe_is_full(large_sweep: Path, answers: Path, way: str) -> None:
    import fcntl
    import termios

    fifo = answers / "pipe.csv"
    os.mkfifo(fifo)
    reader, writer = (
        os.pipe() if way == "standard output" else (os.open(fifo, os.O_RDONLY | os.O_NONBLOCK), -1)
    )
    where = ["--format", "csv"] if way == "standard output" else ["--out", str(fifo)]
    with subprocess.Popen(
        command("table", large_sweep, *where),
        stdout=writer if writer >= 0 else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": ""},
        text=True,
    ) as process:
        waiting = 0
        while waiting < 1 << 15 and process.poll() is None:
            time.sleep(0.01)
            waiting = int.from_bytes(fcntl.ioctl(reader, termios.FIONREAD, b"\0" * 4), sys.byteorder)
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(timeout=60) == 143
            assert process.stderr is not None
            assert process.stderr.read() == "isoflop: terminated\n"
        finally:
            process.kill()
    os.close(reader)
    if writer >= 0:
        os.close(writer)


# The bytes of a frame ---------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
@pytest.mark.parametrize("height", [0, 1, 25_000])
def test_the_pieces_of_a_file_are_what_polars_writes(tmp_path: Path, suffix: str, height: int) -> None:
    frame = pl.select(x=pl.int_range(height) / 3, y=pl.int_range(height), z=pl.lit("é"))
    whole = tmp_path / "whole"
    getattr(frame, f"write_{suffix[1:]}")(whole)
    assert b"".join(encode(frame, suffix)) == whole.read_bytes()


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
def test_pieces_that_are_left_early_leave_no_thread(suffix: str) -> None:
    frame = pl.select(x=pl.int_range(1_000_000) / 3, y=pl.int_range(1_000_000))
    before = threading.active_count()
    with closing(encode(frame, suffix)) as pieces:
        assert next(pieces)
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
