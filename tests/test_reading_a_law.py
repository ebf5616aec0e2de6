"""Reading a law goes straight through: few changes of file, few crossings into the engine."""

from __future__ import annotations

import sys
from types import BuiltinFunctionType, FrameType
from typing import Any

import pytest

import isoflop as iso
from isoflop._accounting import formula
from isoflop._law import catalogue

MOST_CHANGES = 12
MOST_CROSSINGS = 2


def counted(id: str) -> tuple[list[str], list[str]]:
    """The files that run one after the other while a law is read anew, and the engine's functions called."""
    files: list[str] = []
    crossings: list[str] = []

    def see(frame: FrameType, event: str, called: Any) -> None:
        if event == "call":
            _, ours, name = frame.f_code.co_filename.rpartition("/isoflop/")
            if ours and files[-1:] != [name]:
                files.append(name)
        elif event == "c_call" and "_native" in str(getattr(called, "__module__", "")):
            assert isinstance(called, BuiltinFunctionType)
            crossings.append(called.__name__)

    catalogue._law.cache_clear()
    formula._KNOWN.clear()
    sys.setprofile(see)
    try:
        iso.law(id)
    finally:
        sys.setprofile(None)
    return files, crossings


@pytest.mark.parametrize("id", ["besiroglu2024", "muennighoff2023", "clark2022-rlr"])
def test_reading_a_law_goes_straight_through(id: str) -> None:
    iso.law(id)  # the accounting is read once a process
    files, crossings = counted(id)
    assert len(files) - 1 <= MOST_CHANGES, files
    assert len(crossings) <= MOST_CROSSINGS, crossings
