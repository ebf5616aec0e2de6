"""How many threads a call uses."""

from __future__ import annotations

import functools
import operator
import os
from numbers import Integral

from isoflop import _native
from isoflop._text.given import MOST, shown

VARIABLE = "ISOFLOP_MAX_THREADS"


@functools.cache
def available_cpus() -> int:
    """Return how many CPUs this process may use: the machine's, within its affinity and cgroup quotas.

    Asked on first use in a process, not at import: the question alone takes as long as a small sweep.
    """
    return _native.available_cpus()


# A worker may have been given other CPUs than the process it was forked from.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=available_cpus.cache_clear)


def resolve_threads(threads: int | None) -> int:
    """Return the number of threads to work on.

    The argument, else ``ISOFLOP_MAX_THREADS``, else the CPUs that this process may use.

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
    # `get` would raise and catch an error on the way, and this is asked with each question.
    text = os.environ[VARIABLE].strip() if VARIABLE in os.environ else ""
    if not text:
        return available_cpus()
    if not (text.isascii() and text.isdigit() and int(text[:10]) > 0):
        raise ValueError(f"the environment variable {VARIABLE} must be a positive integer, not {text!r}")
    # More threads than any machine has serve nobody, and the engine counts them in 64 bits.
    return min(int(text[:10]), 1 << 16)


def read_threads(threads: object) -> int:
    """Return the number of threads to work on, see `resolve_threads`.

    Raises
    ------
    ValueError
        If it is neither a positive integer nor ``None``, or does not fit into 64 bits.
    """
    if threads is not None and isinstance(threads, Integral) and abs(int(threads)) > MOST:
        raise ValueError(f"`threads` must be a positive integer of 64 bits or None, not {shown(threads)}")
    return resolve_threads(threads)  # type: ignore[arg-type]
