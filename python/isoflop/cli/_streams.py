"""Standard streams that may be closed or full, and signals that end the process."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from types import FrameType
from typing import TextIO


class Terminated(SystemExit):
    """A signal asked the process to end; where nothing catches it, that happens without a traceback."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.status = 128 + number


class _Closed(io.TextIOBase):
    """A standard output that was closed before the process began: whatever is written to it fails."""

    def write(self, text: str) -> int:
        raise OSError(errno.EBADF, "it is closed")


@contextmanager
def usable_streams() -> Iterator[None]:
    """Stand in for standard streams that were closed before the process began, which Python has as ``None``.

    Standard output then fails once something is written, as a full one does; remarks go nowhere. (`print`
    would write what is meant for a standard error of ``None`` to standard output.)
    """
    with ExitStack() as stack:
        # Types say that this cannot be.
        output: TextIO | None = sys.stdout
        errors: TextIO | None = sys.stderr
        if output is None:
            stack.enter_context(redirect_stdout(_Closed()))
        if errors is None:
            stack.enter_context(redirect_stderr(stack.enter_context(open(os.devnull, "w"))))
        yield


def discard(stream: TextIO) -> None:
    """Let what a stream still holds go nowhere: the interpreter flushes it once more when it leaves."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return  # no stream of the process
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


def fill_descriptors() -> None:
    """Open what is closed of the descriptors 0 to 2.

    A file that is opened later would be given the number, and would hold what native code has to say.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # is given the lowest number that is free: this one


def leave_orderly() -> None:
    """Let signals that ask the process to end raise `Terminated`; what is ignored or handled stays so."""
    for number in _endings():
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _terminate)


def leave_at_once() -> None:
    """Let these signals end the process as they would have without `leave_orderly`."""
    for number in _endings():
        if signal.getsignal(number) is _terminate:
            signal.signal(number, signal.SIG_DFL)


def _endings() -> Iterator[signal.Signals]:
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            yield signal.Signals[name]


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated(number)
