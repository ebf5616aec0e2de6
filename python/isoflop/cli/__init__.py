"""The command line: `isoflop pareto sweep.toml`, in the words of the Python API.

Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 standard output cannot
be written, 2 a mistake of the user's, told in one line (and a caret under a formula), 130 interrupted, 143
terminated (128 and the signal's number).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from isoflop.cli._messages import tell
from isoflop.cli._streams import (
    Terminated,
    discard,
    fill_descriptors,
    leave_at_once,
    leave_orderly,
    usable_streams,
)

__all__ = ["entry", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv
        Arguments after the program's name; ``None`` takes those of the process.

    Returns
    -------
    int
        0 done (also if the reader of standard output has gone), 1 standard output cannot be written, 2 a
        user's mistake, 130 Ctrl-C.

    Examples
    --------
    >>> from isoflop.cli import main
    >>> main(["law", "no-such-law"])
    2
    """
    with usable_streams():
        try:
            try:
                # Imported here, so that a missing extra is told in one line.
                from isoflop.cli._app import run
            except ModuleNotFoundError as error:
                if (error.name or "").partition(".")[0] not in ("cyclopts", "rich"):
                    raise
                missing = f"the command line needs {error.name}, which is not installed"
                tell(f"{missing}: pip install 'isoflop[cli]'")
                return 2
            code = run(sys.argv[1:] if argv is None else argv)
            sys.stdout.flush()
            return code
        except BrokenPipeError:
            discard(sys.stdout)
            return 0
        except OSError as error:
            if error.filename is not None:
                raise  # not of a stream: a fault of the program
            discard(sys.stdout)
            tell(f"standard output: {error.strerror or error}")
            return 1
        except UnicodeEncodeError as error:
            encoding, lacking = error.encoding, ascii(error.object[error.start])
            tell(f"standard output: its encoding, {encoding}, lacks {lacking}; try PYTHONIOENCODING=utf-8")
            return 1
        except KeyboardInterrupt:
            tell("interrupted")
            return 130
        except Terminated as ending:
            tell("terminated")
            return ending.status


def entry() -> None:
    """Run the command that the process was started with, and leave with its exit code."""
    fill_descriptors()
    leave_orderly()
    code = main()
    leave_at_once()
    if code > 128 and sys.stdout is not None:
        # Nobody waits for the rest, and a pipe that is full would wait for its reader.
        discard(sys.stdout)
    sys.exit(code)
