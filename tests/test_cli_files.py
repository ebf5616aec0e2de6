"""`--out FILE`: complete or not at all, whatever ends the process, and through links, pipes and odd names."""

from __future__ import annotations

import os
import signal
import stat
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

from isoflop.cli import main
from isoflop.cli._encode import encode
from isoflop.cli._files import write_file
from isoflop.cli._messages import Mistake
from isoflop.cli._output import deliver
from processes import command, finished

posix = pytest.mark.skipif(os.name == "nt", reason="signals, links and pipes are others there")

# A second's writing.
LARGE = """
[axes]
a = { linspace = [0, 1, 3000] }
b = { linspace = [0, 1, 1000] }
"""
SMALL = LARGE.replace("3000", "3").replace("1000", "1")
FRAME = pl.DataFrame({"x": [1.0, 2.0, 4.0], "y": [1, 2, 3]})

NAMED = "import os\nif hasattr(os, 'O_TMPFILE'): del os.O_TMPFILE"
"""Takes away the files without a name, as file systems and platforms that have none."""

KINDS = [
    pytest.param("", id="unnamed", marks=pytest.mark.skipif(sys.platform != "linux", reason="named there")),
    pytest.param(NAMED, id="named"),
]


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Return a sweep file beside an empty directory for answers."""
    (tmp_path / "answers").mkdir()
    path = tmp_path / "sweep.toml"
    path.write_text(LARGE)
    return path


@pytest.fixture
def answers(sweep: Path) -> Path:
    return sweep.with_name("answers")


@pytest.fixture(params=["unnamed", "named"])
def either_kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write to files with and without a name."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    return str(request.param)


def names(directory: Path) -> list[str]:
    return sorted(os.listdir(directory))


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
def caught_writing(sweep: Path, out: Path, first: str) -> Iterator[subprocess.Popen[str]]:
    """Give a process that is stopped while it writes its answer, beside an earlier one."""
    for _ in range(5):
        out.write_text("an earlier answer")
        with subprocess.Popen(
            command("table", sweep, "--out", out, first=first), stderr=subprocess.PIPE, text=True
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
    sweep: Path, answers: Path, first: str, number: str, code: int, told: str
) -> None:
    out = answers / "answer.json"
    with caught_writing(sweep, out, first) as process:
        process.send_signal(signal.Signals[number])
        process.send_signal(signal.SIGCONT)
        assert process.stderr is not None
        assert process.stderr.read() == f"isoflop: {told}\n"
        assert process.wait(timeout=60) == code
    assert names(answers) == ["answer.json"]
    assert out.read_text() == "an earlier answer"


@posix
@pytest.mark.parametrize("first", KINDS)
def test_the_next_run_removes_what_a_killed_one_left(sweep: Path, answers: Path, first: str) -> None:
    out = answers / "answer.json"
    with caught_writing(sweep, out, first) as process:
        process.kill()
        process.wait(timeout=60)
    assert out.read_text() == "an earlier answer"
    assert len(names(answers)) == (2 if first else 1)
    sweep.write_text(SMALL)
    assert finished("table", sweep, "--out", out).returncode == 0
    assert names(answers) == ["answer.json"]
    assert pl.read_json(out).height == 3


@posix
@pytest.mark.parametrize("first", KINDS)
def test_another_run_leaves_alone_what_a_live_one_writes(sweep: Path, answers: Path, first: str) -> None:
    out = answers / "answer.json"
    with caught_writing(sweep, out, first) as process:
        other = sweep.with_name("small.toml")
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
    sweep: Path, answers: Path
) -> None:
    sweep.write_text(SMALL)
    out = answers / "answer.csv"
    out.write_text("an earlier answer")
    windows = f"{NAMED}\nimport sys\nsys.modules['fcntl'] = None\nif hasattr(os, 'fchmod'): del os.fchmod"
    done = finished("table", sweep, "--out", out, first=windows)
    assert (done.returncode, done.stderr) == (0, f"isoflop: wrote 3 rows to {out}\n")
    assert names(answers) == ["answer.csv"]
    assert pl.read_csv(out).height == 3


@posix
@pytest.mark.parametrize("way", ["standard output", "a named pipe"])
def test_a_signal_is_heard_while_a_pipe_is_full(sweep: Path, answers: Path, way: str) -> None:
    import fcntl
    import termios

    fifo = answers / "pipe.csv"
    os.mkfifo(fifo)
    reader, writer = (
        os.pipe() if way == "standard output" else (os.open(fifo, os.O_RDONLY | os.O_NONBLOCK), -1)
    )
    where = ["--format", "csv"] if way == "standard output" else ["--out", str(fifo)]
    with subprocess.Popen(
        command("table", sweep, *where),
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


# Where to ---------------------------------------------------------------------------------------------


@posix
def test_a_new_file_has_the_mode_of_any_new_file(tmp_path: Path, either_kind: str) -> None:
    for mask in (0o022, 0o077, 0o002):
        out, plain = tmp_path / f"{mask}.csv", tmp_path / f"{mask}.txt"
        before = os.umask(mask)
        try:
            deliver(FRAME, out, None)
            plain.touch()
        finally:
            os.umask(before)
        assert stat.S_IMODE(out.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode) == 0o666 & ~mask


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o444, 0o755])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path, either_kind: str, mode: int) -> None:
    out = tmp_path / "answer.csv"
    out.write_text("an earlier answer")
    out.chmod(mode)
    deliver(FRAME, out, None)
    assert stat.S_IMODE(out.stat().st_mode) == mode
    assert_frame_equal(pl.read_csv(out), FRAME)


@posix
def test_a_symlink_stays_and_its_target_is_replaced(tmp_path: Path, either_kind: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "target.csv", tmp_path / "link.csv"
    target.write_text("an earlier answer")
    link.symlink_to(Path("elsewhere") / "target.csv")
    (tmp_path / "second.csv").symlink_to("link.csv")
    with target.open() as earlier:
        deliver(FRAME, tmp_path / "second.csv", None)
        assert earlier.read() == "an earlier answer"
    assert os.readlink(link) == "elsewhere/target.csv"
    assert names(tmp_path) == ["elsewhere", "link.csv", "second.csv"]
    assert names(target.parent) == ["target.csv"]
    assert_frame_equal(pl.read_csv(target), FRAME)


@posix
def test_a_symlink_to_nothing_makes_its_target(tmp_path: Path, either_kind: str) -> None:
    link = tmp_path / "link.csv"
    link.symlink_to("target.csv")
    deliver(FRAME, link, None)
    assert link.is_symlink()
    assert_frame_equal(pl.read_csv(tmp_path / "target.csv"), FRAME)


@posix
@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
@pytest.mark.parametrize("linked", [False, True], ids=["itself", "through a link"])
def test_a_named_pipe_is_written_through(tmp_path: Path, suffix: str, linked: bool) -> None:
    fifo, out = tmp_path / f"pipe{suffix}", tmp_path / f"link{suffix}"
    os.mkfifo(fifo)
    out.symlink_to(fifo)
    got = tmp_path / "got"
    with got.open("wb") as file, subprocess.Popen(["cat", fifo], stdout=file) as reader:
        deliver(FRAME, out if linked else fifo, None)
        assert reader.wait(timeout=60) == 0
    assert got.read_bytes() == b"".join(encode(FRAME, suffix))
    assert names(tmp_path) == sorted(["got", fifo.name, out.name])


@posix
def test_a_device_is_written_through(tmp_path: Path) -> None:
    for suffix in (".csv", ".json", ".parquet"):
        link = tmp_path / f"link{suffix}"
        link.symlink_to(os.devnull)
        deliver(FRAME, link, None)
        assert link.is_symlink()
    assert Path(os.devnull).is_char_device()


@posix
def test_a_pipe_whose_reader_goes_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fifo = tmp_path / "pipe.csv"
    os.mkfifo(fifo)
    (tmp_path / "sweep.toml").write_text(LARGE)
    with subprocess.Popen(["head", "-c", "5", fifo], stdout=subprocess.DEVNULL):
        assert main(["table", str(tmp_path / "sweep.toml"), "--out", str(fifo)]) == 2
    assert capsys.readouterr().err == f"isoflop: {fifo}: its reader has gone\n"


@posix
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"a\xff\xfe", r"a\xff\xfe"),
        ("é".encode(), "é"),
        (b"a\nb", r"a\nb"),
        (b"a\x1b[31m", r"a\x1b[31m"),
        (b"a" * 251, "a" * 251),
        (("é" * 125).encode(), "é" * 125),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_any_name_can_be_written_and_read_and_told(
    sweep: Path, answers: Path, name: bytes, shown: str, encoding: str
) -> None:
    folder, given = os.fsencode(answers), sweep.with_name(os.fsdecode(name[:200]) + ".toml")
    given.write_text(SMALL)
    done = subprocess.run(
        command("table", given, "--out", os.path.join(folder, name + b".csv")),
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": encoding},
        check=False,
    )
    told = f"isoflop: wrote 3 rows to {answers}/{shown}.csv\n".encode(encoding, "backslashreplace")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", told)
    assert os.listdir(folder) == [name + b".csv"]


@posix
@pytest.mark.parametrize("argv", [["diagnose"], ["plan", "--flops", "1e21", "--pools"], ["pareto"]])
def test_what_is_wrong_with_a_file_of_any_name_is_one_line(tmp_path: Path, argv: list[str]) -> None:
    path = os.fsencode(tmp_path) + b"/a\xff.csv"
    for content, told in ((b"name,size\nx,1\n", ""), (b"\0\xff", f"{tmp_path}/a\\xff.csv: ")):
        Path(os.fsdecode(path)).write_bytes(content)
        done = finished(*argv, path)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert done.stderr.startswith(f"isoflop: {told}")


@posix
def test_a_plan_writes_its_sweep_through_a_link_too(tmp_path: Path) -> None:
    link, target = tmp_path / "link.toml", tmp_path / "target.toml"
    link.symlink_to("target.toml")
    assert main(["plan", "--flops", "1e21", "--sweep", str(link)]) == 0
    assert link.is_symlink()
    assert main(["explain", str(target)]) == 0
    assert names(tmp_path) == ["link.toml", "target.toml"]


# Where it cannot --------------------------------------------------------------------------------------


@posix
def test_a_full_disk_is_told_in_one_line_and_leaves_the_old_file(sweep: Path, answers: Path) -> None:
    out = answers / "answer.csv"
    for first in ("", NAMED):
        out.write_text("an earlier answer")
        limit = f"{first}\nimport resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (99999, 99999))"
        done = finished("table", sweep, "--out", out, first=limit)
        assert (done.returncode, done.stderr) == (2, f"isoflop: {out}: File too large\n")
        assert names(answers) == ["answer.csv"]
        assert out.read_text() == "an earlier answer"


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no such device")
@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
def test_a_full_device_is_told_in_one_line(tmp_path: Path, suffix: str) -> None:
    link = tmp_path / f"full{suffix}"
    link.symlink_to("/dev/full")
    with pytest.raises(Mistake, match=r"^[^\n]*full\.\w+: No space left on device$"):
        deliver(FRAME, link, None)


@posix
@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("loop.csv", "loop.csv: Too many levels of symbolic links"),
        ("deep.csv", "deep.csv: there is no directory {here}/no"),
        ("no/answer.csv", "no/answer.csv: there is no directory no"),
        ("sweep.toml/answer.csv", "sweep.toml/answer.csv: Not a directory"),
        ("folder.csv", "folder.csv: is a directory, not a file"),
        ("a" * 300 + ".csv", "a" * 300 + ".csv: File name too long"),
        ("socket.csv", "socket.csv: No such device or address"),
        ("/dev/stdout", "/dev/stdout: the suffix of --out must be one of .parquet, .csv, .json; "
         "for standard output give --format"),
        ("/dev/null", "/dev/null: the suffix of --out must be one of .parquet, .csv, .json"),
    ],
)  # fmt: skip
def test_a_place_that_is_none_is_told_in_one_line(
    sweep: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    out: str,
    told: str,
) -> None:
    import socket

    monkeypatch.chdir(sweep.parent)
    sweep.write_text(SMALL)
    Path("loop.csv").symlink_to("loop.csv")
    Path("deep.csv").symlink_to("no/target.csv")
    Path("folder.csv").mkdir()
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.csv")
        before = names(sweep.parent)
        assert main(["table", "sweep.toml", "--out", out]) == 2
    assert capsys.readouterr() == ("", f"isoflop: {told.format(here=sweep.parent)}\n")
    assert names(sweep.parent) == before


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_without_permission_is_told_before_the_search(
    sweep: Path, answers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers.chmod(0o555)
    try:
        assert main(["table", str(sweep), "--out", str(answers / "answer.csv")]) == 2
    finally:
        answers.chmod(0o755)
    told = f"{answers}/answer.csv: no permission to write in the directory {answers}"
    assert capsys.readouterr().err == f"isoflop: {told}\n"
