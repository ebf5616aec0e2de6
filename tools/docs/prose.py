"""How generated pages are written: numbers, lists and tables as text."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

import isoflop as iso

WIDTH = 110
MADE = "<!-- Made by `make docs`: change tools/docs/{source} and make it again. -->"


def number(value: float, digits: int = 3) -> str:
    """Return a number rounded to so many digits, without an exponent where that is readable."""
    rounded = float(f"{value:.{digits}g}")
    if rounded == 0 or 1e-3 <= abs(rounded) < 1e6:
        return f"{rounded:,.10f}".rstrip("0").rstrip(".")
    return flop(rounded, digits)


def flop(value: float, digits: int = 3) -> str:
    """Return a number with an exponent, as in 5.76e23."""
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(exponent)}"


def count(value: float, digits: int = 3) -> str:
    """Return a number of parameters or tokens with its unit, as in 1.74 T."""
    rounded = float(f"{value:.{digits}g}")
    for factor, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if rounded >= factor:
            return f"{number(rounded / factor, digits)} {unit}"
    return number(rounded, digits)


def percent(share: float, digits: int = 2) -> str:
    """Return a share in percent; whole numbers from 100 % on."""
    if abs(share) >= 1:
        return f"{100 * share:,.0f} %"
    return f"{number(100 * share, digits)} %"


def listed(names: Iterable[str], last: str = "and") -> str:
    """Return names as a reader lists them: `a`, `b` and `c`."""
    texts = list(names)
    return f" {last} ".join((", ".join(texts[:-1]), texts[-1])) if len(texts) > 1 else "".join(texts)


def quoted(ids: Iterable[str], last: str = "and") -> str:
    """Return identifiers as code, listed; "none" if there are none."""
    return listed((f"`{id}`" for id in ids), last) or "none"


def paragraph(text: str) -> str:
    """Return a text as one paragraph, wrapped."""
    return textwrap.fill(" ".join(text.split()), WIDTH, break_long_words=False, break_on_hyphens=False)


def points(texts: Iterable[str]) -> str:
    """Return texts as a list."""
    return "\n".join(textwrap.indent(paragraph(text), "  ").replace("  ", "- ", 1) for text in texts)


def table(head: str | Sequence[str], rows: Iterable[Sequence[str]], *, text: bool = False) -> str:
    """Return a table whose first column is text and whose other columns are numbers, or all are `text`; the
    head may be one text with bars."""
    head = [name.strip() for name in head.split("|")] if isinstance(head, str) else head
    rule = ["---", *("---" if text else "---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def table_of(plans: dict[str, Any], columns: Sequence[str], law: str | iso.Law | None = None) -> pl.DataFrame:
    """Return quantities of some plans, a row for each; the warning that they leave a law's range is not news
    to a reader who is told so beside the number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", iso.IsoflopWarning)
        return iso.Sweep({"plan": pl.DataFrame(plans)}, law=law).table(columns=list(columns))
