"""Settings of the property tests, and places for the answers of the command line.

The profile `ci` draws the same examples on every run, so that a failure is never a matter of luck; with
`--hypothesis-profile=explore` they are others each time, and many more where a test names no number.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from processes import LARGE

settings.register_profile(
    "ci",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.too_slow],  # the oracle is slow on purpose
)
settings.register_profile("explore", settings.get_profile("ci"), derandomize=False, max_examples=2000)
settings.load_profile("ci")


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
