"""Files that appear complete or not at all.

What is written goes to a partial file in the directory of the target, which takes its place at the end:

    directory/                 while writing            if the process is killed   after the next run
      front.csv                the old file             the old file               the new file
      (a file without name)    grows, seen by nobody    gone with its process
    or, where a file must have a name,
      .front.csv.PID.partial   grows, locked            stays, its lock free       gone
"""

from __future__ import annotations

import errno
import io
import itertools
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from isoflop.cli._messages import Mistake, mistakes, name_of

try:
    import fcntl
except ImportError:  # Windows: nothing can be locked, so nothing is taken for left over
    LOCKS = False
else:
    LOCKS = True


def check_writable(path: Path) -> None:
    """Find out before a long run whether `write_file` will find a place for a file.

    Raises
    ------
    Mistake
        If its directory is missing or cannot be written to, or if it is a directory itself.
    """
    with mistakes(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a directory")
        if _is_stream(path):
            if not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, "no permission to write to it")
            return
        folder = _target(path).parent if path.is_symlink() else path.parent
        if not folder.is_dir():
            raise Mistake(f"{name_of(path)}: there is no directory {name_of(folder)}")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise Mistake(f"{name_of(path)}: no permission to write in the directory {name_of(folder)}")


def write_file(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file; it appears once it is complete, or not at all.

    A symlink stays, its target is replaced. The mode is that of the file replaced, or of any new file.
    A named pipe or a device is written through, as the pieces come.

    Raises
    ------
    Mistake
        If the file cannot be written.
    """
    with mistakes(path):
        try:
            with _opened(path) as file:
                for piece in pieces:
                    _write_all(file, piece)
        except BrokenPipeError:
            raise Mistake(f"{name_of(path)}: its reader has gone") from None


def _is_stream(path: Path) -> bool:
    """Tell whether this is something that can only be written through: a named pipe, a device."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return False
    # A file that was deleted is still there as /dev/fd/3, which leads to no other name.
    return not stat.S_ISREG(status.st_mode) or not _same(status, _target(path))


def _target(path: Path) -> Path:
    """Return the file that a name stands for, at the end of all symlinks."""
    return Path(os.path.realpath(path))


def _same(status: os.stat_result, path: Path) -> bool:
    try:
        return os.path.samestat(status, path.lstat())
    except FileNotFoundError:
        return False


def _write_all(file: io.FileIO, piece: bytes) -> None:
    """Write a piece to its end. No buffer holds any of it: closing a pipe would wait for its reader again."""
    rest = memoryview(piece)
    while rest:
        rest = rest[file.write(rest) :]


@contextmanager
def _opened(path: Path) -> Iterator[io.FileIO]:
    if _is_stream(path):
        with open(path, "wb", buffering=0) as file:
            yield file
        return
    target = _target(path)
    _remove_left_over(target)
    partial = _Partial(target)
    try:
        yield partial.file
        partial.take_place()
    finally:
        partial.discard()


class _Partial:
    """A file that is being written. It is locked for as long as it is open."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._name: Path | None = None  # if it has one
        self._mode: int | None = None  # of the file that it replaces
        with suppress(FileNotFoundError):
            self._mode = target.stat().st_mode & 0o777
        self.file = self._open_unnamed() or self._open_named()

    def take_place(self) -> None:
        """Replace the target by what was written."""
        linked = self._name is None and self._link()
        if self._name is None:
            self._copy()
        if not linked:
            os.fsync(self.file.fileno())  # network file systems may tell of a full disk only now
        if self._mode is not None and hasattr(os, "fchmod"):
            os.fchmod(self.file.fileno(), self._mode)
        assert self._name is not None
        if not LOCKS:
            self.file.close()  # Windows moves no file that is open
        self._name.replace(self._target)
        self._name = None

    def discard(self) -> None:
        """Close the file, and remove it if it has not taken its place."""
        if not LOCKS:
            self.file.close()
        if self._name is not None:
            self._name.unlink(missing_ok=True)
        self.file.close()

    def _open_unnamed(self) -> io.FileIO | None:
        """Open a file that is gone with its process; ``None`` if the file system has no such files."""
        flag = getattr(os, "O_TMPFILE", None)
        if flag is None:
            return None

        def unnamed(folder: str, flags: int) -> int:
            return os.open(folder, flag | os.O_RDWR | os.O_CLOEXEC, self._permissions)

        try:
            file = io.FileIO(self._target.parent, "w+", opener=unnamed)
        except OSError:
            return None
        if not os.path.exists(_descriptor(file)):
            file.close()  # there would be no way to name it
            return None
        _lock(file)
        return file

    def _open_named(self) -> io.FileIO:
        for name in _partial_names(self._target):
            try:
                file = io.FileIO(name, "x+", opener=self._create)
            except FileExistsError:
                continue
            # Before it was locked, another run may have taken it for left over.
            if _lock(file) and _same(os.fstat(file.fileno()), name):
                self._name = name
                return file
            file.close()
        raise AssertionError("names do not end")

    def _create(self, name: str, flags: int) -> int:
        return os.open(name, flags, self._permissions)

    @property
    def _permissions(self) -> int:
        # What replaces a file is not for other eyes before it has that file's mode.
        return 0o666 if self._mode is None else 0o600

    def _link(self) -> bool:
        """Name the unnamed file; false if the file system does not let that be done."""
        for name in _partial_names(self._target):
            try:
                # Both paths are absolute; only with a directory to start from is it the system call that
                # follows the link of the descriptor.
                start = self.file.fileno()
                os.link(_descriptor(self.file), name, src_dir_fd=start, follow_symlinks=True)
            except FileExistsError:
                continue
            except OSError:
                return False
            self._name = name
            return True
        raise AssertionError("names do not end")

    def _copy(self) -> None:
        """Go on with a copy that has a name."""
        with self.file as unnamed:
            self.file = self._open_named()
            unnamed.seek(0)
            while piece := unnamed.read(1 << 20):
                _write_all(self.file, piece)


def _descriptor(file: io.FileIO) -> str:
    return f"/proc/self/fd/{file.fileno()}"


def _partial_names(target: Path) -> Iterator[Path]:
    """Yield names for a partial file, to be tried in turn, without end."""
    # Another machine or container may have a process of the same number.
    for number in itertools.count(os.getpid()):
        yield target.with_name(f"{_partial_stem(target)}{number}.partial")


def _partial_stem(target: Path) -> str:
    # File systems take names of 255 bytes, which a name that takes them all leaves no room in.
    return f".{target.name[:56]}."


def _lock(file: io.FileIO) -> bool:
    """Lock a file; false if somebody else has."""
    if LOCKS:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            pass  # no locks on this file system: `_remove_unlocked` gets none either
    return True


def _remove_left_over(target: Path) -> None:
    """Remove the partial files of runs that were killed: those that nobody holds the lock of."""
    pattern = re.compile(re.escape(_partial_stem(target)) + r"\d+\.partial")
    with suppress(OSError), os.scandir(target.parent) as entries:
        for entry in entries:
            if pattern.fullmatch(entry.name):
                _remove_unlocked(target.with_name(entry.name))


def _remove_unlocked(name: Path) -> None:
    if not LOCKS:
        return
    with suppress(OSError), open(name, "r+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        status = os.fstat(file.fileno())
        # Not what a link leads to, nor what has taken the name meanwhile.
        if stat.S_ISREG(status.st_mode) and _same(status, name):
            name.unlink()
