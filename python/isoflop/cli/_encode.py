"""Frames as the bytes of a file, piece by piece."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    import polars as pl

PART_ROWS = 10_000
"""Rows of a part that is quickly written."""


def csv_parts(frame: pl.DataFrame) -> Iterator[str]:
    """Yield a frame as CSV, part by part."""
    for number, part in enumerate(_parts(frame)):
        yield part.write_csv(include_header=number == 0)


def json_parts(frame: pl.DataFrame) -> Iterator[str]:
    """Yield a frame as JSON, a list of rows, part by part."""
    for number, part in enumerate(_parts(frame)):
        yield "," if number else "["
        yield part.write_json().removeprefix("[").removesuffix("]")
    yield "]"


def _parts(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Cut a frame into parts that are quickly written; there is one even of an empty frame.

    As one text, a large frame would take its memory once more. And if Python runs unbuffered, a text that a
    closing pipe takes only the beginning of counts as written: the next part finds out.
    """
    if frame.is_empty():
        yield frame
    else:
        yield from frame.iter_slices(PART_ROWS)


class _Pieces:
    """Where a writer's thread puts the pieces of a file, for another thread to take."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[bytes | None] = queue.Queue(maxsize=8)
        self._unwanted = False
        self.error: BaseException | None = None

    def write(self, piece: bytes) -> int:
        """Hand on a piece, once there is room for it; all that polars asks of a file."""
        self._put(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Do nothing: every piece is handed on at once."""

    def end(self) -> None:
        """Say that there are no more pieces."""
        self._put(None)

    def _put(self, piece: bytes | None) -> None:
        while not self._unwanted:
            try:
                return self._waiting.put(piece, timeout=0.05)
            except queue.Full:
                continue
        raise BrokenPipeError

    def __iter__(self) -> Iterator[bytes]:
        while True:
            try:
                # Not without end: some platforms see Ctrl-C only between two waits.
                piece = self._waiting.get(timeout=0.05)
            except queue.Empty:
                continue
            if piece is None:
                return
            yield piece

    def stop(self) -> None:
        """Let the writer fail as soon as it writes."""
        self._unwanted = True


def _write_json(frame: pl.DataFrame, file: IO[bytes]) -> None:
    # In one piece it would be made before the first byte is written, and a signal would wait for it.
    for part in json_parts(frame):
        file.write(part.encode())


WRITERS: dict[str, Callable[[pl.DataFrame, IO[bytes]], object]] = {
    ".parquet": lambda frame, file: frame.write_parquet(file),
    ".csv": lambda frame, file: frame.write_csv(file),
    ".json": _write_json,
}
"""What writes a frame, by the suffix of the file."""


def encode(frame: pl.DataFrame, suffix: str) -> Generator[bytes]:
    """Yield the bytes of a frame as a file of this suffix, piece by piece.

    A thread makes them: native code that writes a file comes back only when it is complete, and a signal
    would not be seen until then. The thread ends with the iterator; close it if it is left early.
    """
    pieces = _Pieces()

    def work() -> None:
        try:
            WRITERS[suffix](frame, cast("IO[bytes]", pieces))
        except BaseException as error:
            pieces.error = error
        with suppress(BrokenPipeError):  # nobody waits for it
            pieces.end()

    thread = threading.Thread(target=work, name="isoflop-encode")
    thread.start()
    try:
        yield from pieces
    finally:
        pieces.stop()
        thread.join()
    if pieces.error is not None:
        raise pieces.error
