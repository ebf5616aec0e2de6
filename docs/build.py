"""Writes the generated pages of the documentation: `.venv/bin/python docs/build.py`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import accounting
import architectures
import laws
import quality
import rules_of_thumb
import sweep_files

import isoflop as iso

PAGES: dict[str, Callable[[], str]] = {
    "accounting.md": accounting.page,
    "architectures.md": architectures.page,
    "sweep-files.md": sweep_files.page,
    "rules-of-thumb.md": rules_of_thumb.page,
    "quality.md": quality.page,
    **laws.PAGES,
}
"""What writes each page, by file name in docs/."""


def main() -> None:
    """Write every page beside this file."""
    # The pages mark what is extrapolated themselves.
    warnings.simplefilter("ignore", iso.ExtrapolationWarning)
    for name, page in PAGES.items():
        path = Path(__file__).parent / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
