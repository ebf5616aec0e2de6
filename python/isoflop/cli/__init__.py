"""The command line: `isoflop pareto sweep.toml`, in the words of the Python API.

Results go to standard output, everything else to standard error. Exit codes: 0 done, 2 a mistake of the
user's, told in one line (and a caret under a formula), 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

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
        0 done (also if the reader of standard output has gone), 2 a user's mistake, 130 Ctrl-C.

    Examples
    --------
    >>> from isoflop.cli import main
    >>> main(["law", "no-such-law"])
    2
    """
    try:
        try:
            # Imported here, so that a missing extra is told in one line.
            from isoflop.cli._app import run
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in ("cyclopts", "rich"):
                raise
            missing = f"isoflop: the command line needs {error.name}, which is not installed"
            print(f"{missing}: pip install 'isoflop[cli]'", file=sys.stderr)
            return 2
        code = run(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The interpreter flushes standard output once more when it leaves.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("isoflop: interrupted", file=sys.stderr)
        return 130


def entry() -> None:
    """Run the command that the process was started with, and leave with its exit code."""
    sys.exit(main())
