"""How many threads a call uses: as many as the CPUs that the process may use."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from isoflop._run.threads import available_cpus

needs_affinity = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="a process cannot choose its CPUs there"
)


def printed(program: str) -> list[str]:
    """Return the words that a program prints in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "ISOFLOP_MAX_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout.split()


SETUP = """
import os
from isoflop._run.threads import resolve_threads

every = os.sched_getaffinity(0)
one = {min(every)}
"""


@needs_affinity
def test_a_process_on_one_cpu_works_on_one_thread() -> None:
    # Set after the import: CPUs are counted when they are first needed.
    assert printed(SETUP + "os.sched_setaffinity(0, one); print(resolve_threads(None))") == ["1"]


@needs_affinity
def test_the_profile_of_a_search_tells_the_threads_of_one_cpu() -> None:
    program = """
import isoflop as iso

os.sched_setaffinity(0, one)
sweep = iso.Sweep({"a": range(2000), "b": range(2000)})
print(sweep.profile(minimize=["a", "0-b"], method="enumerate")[1].threads)
"""
    assert printed(SETUP + program) == ["1"]


@needs_affinity
@pytest.mark.skipif(available_cpus() < 2, reason="with one CPU there is no other number to be told")
def test_cpus_are_counted_once_in_a_process_and_again_after_a_fork() -> None:
    program = """
before = resolve_threads(None)
os.sched_setaffinity(0, one)
print(before > 1, before == resolve_threads(None), flush=True)
if os.fork() == 0:
    print(resolve_threads(None), flush=True)
    os._exit(0)
os.wait()
print(before == resolve_threads(None))
"""
    assert printed(SETUP + program) == ["True", "True", "1", "True"]


@needs_affinity
def test_what_is_given_goes_before_the_cpus() -> None:
    program = """
os.sched_setaffinity(0, one)
print(resolve_threads(3))
os.environ["ISOFLOP_MAX_THREADS"] = "5"
print(resolve_threads(None))
"""
    assert printed(SETUP + program) == ["3", "5"]
