"""Settings of the property tests, the command line, and places for its answers.

The profile `ci` draws the same examples on every run, so that a failure is never a matter of luck; with
`--hypothesis-profile=explore` they are others each time, and many more where a test names no number; with
`--hypothesis-profile=fuzz` they come from a seed that is printed at the end (`--hypothesis-seed=` gives it
again), and the environment variable HYPOTHESIS_CASES says how many, also to the properties of
`test_properties.py` that name a number.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from isoflop.cli import main
from support.commands import SWEEP, Isoflop, Outcome
from support.processes import LARGE

settings.register_profile(
    "ci",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.too_slow],  # the oracle is slow on purpose
)
settings.register_profile("explore", settings.get_profile("ci"), derandomize=False, max_examples=2000)
settings.register_profile(
    "fuzz",
    settings.get_profile("explore"),
    max_examples=int(os.environ.get("HYPOTHESIS_CASES", 20_000)),
    print_blob=True,
)
settings.load_profile("ci")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.option.hypothesis_profile == "fuzz" and config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = secrets.randbelow(2**32)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.option.hypothesis_profile == "fuzz":
        cases = settings.get_profile("fuzz").max_examples
        terminalreporter.write_line(f"properties: {cases:,} cases, seed {config.option.hypothesis_seed}")


@pytest.fixture
def large_sweep(tmp_path: Path) -> Path:
    """Return a sweep file beside an empty directory for answers."""
    (tmp_path / "answers").mkdir()
    path = tmp_path / "sweep.toml"
    path.write_text(LARGE)
    return path


@pytest.fixture
def answers(large_sweep: Path) -> Path:
    return large_sweep.with_name("answers")


@pytest.fixture(params=["unnamed", "named"])
def either_kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write to files with and without a name."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    return str(request.param)


@pytest.fixture
def isoflop(capsys: pytest.CaptureFixture[str]) -> Isoflop:
    """Return the command line, run within this process."""

    def run(*argv: str | Path) -> Outcome:
        code = main([str(word) for word in argv])
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Return a sweep file that asks every question."""
    path = tmp_path / "sweep.toml"
    path.write_text(SWEEP)
    return path
