"""`--out FILE`: complete or not at all, whatever ends the process, and through links, pipes and odd names."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from isoflop.cli import main
from isoflop.cli._encode import encode
from isoflop.cli._messages import Mistake
from isoflop.cli._output import deliver
from support.processes import FRAME, LARGE, NAMED, SMALL, command, finished, names, posix

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
@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="descriptors have no names there")
def test_a_file_that_was_deleted_is_written_through_its_descriptor(tmp_path: Path) -> None:
    gone, link = tmp_path / "gone.csv", tmp_path / "link.csv"
    with gone.open("w+b") as file:
        link.symlink_to(f"/dev/fd/{file.fileno()}")
        gone.unlink()
        deliver(FRAME, link, None)
        assert file.read() == FRAME.write_csv().encode()
    assert names(tmp_path) == ["link.csv"]


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
    large_sweep: Path, answers: Path, name: bytes, shown: str, encoding: str
) -> None:
    folder, given = os.fsencode(answers), large_sweep.with_name(os.fsdecode(name[:200]) + ".toml")
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
    for content, told in ((b"name,size\nx,1\n", ""), (b"", f"{tmp_path}/a\\xff.csv: ")):
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
def test_a_full_disk_is_told_in_one_line_and_leaves_the_old_file(large_sweep: Path, answers: Path) -> None:
    out = answers / "answer.csv"
    for first in ("", NAMED):
        out.write_text("an earlier answer")
        limit = f"{first}\nimport resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (99999, 99999))"
        done = finished("table", large_sweep, "--out", out, first=limit)
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
    large_sweep: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    out: str,
    told: str,
) -> None:
    import socket

    monkeypatch.chdir(large_sweep.parent)
    large_sweep.write_text(SMALL)
    Path("loop.csv").symlink_to("loop.csv")
    Path("deep.csv").symlink_to("no/target.csv")
    Path("folder.csv").mkdir()
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.csv")
        before = names(large_sweep.parent)
        assert main(["table", "sweep.toml", "--out", out]) == 2
    assert capsys.readouterr() == ("", f"isoflop: {told.format(here=large_sweep.parent)}\n")
    assert names(large_sweep.parent) == before


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_without_permission_is_told_before_the_search(
    large_sweep: Path, answers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers.chmod(0o555)
    try:
        assert main(["table", str(large_sweep), "--out", str(answers / "answer.csv")]) == 2
    finally:
        answers.chmod(0o755)
    told = f"{answers}/answer.csv: no permission to write in the directory {answers}"
    assert capsys.readouterr().err == f"isoflop: {told}\n"
