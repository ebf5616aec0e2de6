"""Writes the generated pages of the documentation: `make docs`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import accounting
import architectures
import emergence
import epochs
import forecasts
import isoflop as iso
import laws
import quality
import questions
import rules_of_thumb
import sweep_files

DOCS = Path(__file__).parents[2] / "docs"

PAGES: dict[str, Callable[[], str]] = {
    "accounting.md": accounting.page,
    "architectures.md": architectures.page,
    "sweep-files.md": sweep_files.page,
    "rules-of-thumb.md": rules_of_thumb.page,
    "quality.md": quality.page,
    "epochs.md": epochs.page,
    "emergence.md": emergence.page,
    "forecasts.md": forecasts.page,
    "questions.md": questions.page,
    **laws.PAGES,
}
"""What writes each page, by file name in docs/."""


def main() -> None:
    """Write every page."""
    # The pages mark what is extrapolated themselves.
    warnings.simplefilter("ignore", iso.ExtrapolationWarning)
    for name, page in PAGES.items():
        path = DOCS / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
