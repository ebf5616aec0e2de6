"""How many threads a call uses."""

from __future__ import annotations

import operator
import os

VARIABLE = "ISOFLOP_MAX_THREADS"

CORES = os.cpu_count() or 1
"""Asked once: the question alone takes as long as a small sweep's constructor."""


def resolve_threads(threads: int | None) -> int:
    """Return the number of threads to work on: the argument, else ``ISOFLOP_MAX_THREADS``, else all cores.

    Parameters
    ----------
    threads
        A positive integer, or ``None``.

    Raises
    ------
    ValueError
        If the argument, or the environment variable when it is asked, is not a positive integer.
    """
    if threads is not None:
        try:
            count = 0 if isinstance(threads, bool) else operator.index(threads)
        except TypeError:
            count = 0
        if count < 1:
            raise ValueError(f"`threads` must be a positive integer or None, not {threads!r}")
        return count
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return CORES
    if not (text.isascii() and text.isdigit() and int(text[:10]) > 0):
        raise ValueError(f"the environment variable {VARIABLE} must be a positive integer, not {text!r}")
    # More threads than any machine has serve nobody, and the engine counts them in 64 bits.
    return min(int(text[:10]), 1 << 16)
