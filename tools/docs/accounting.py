"""The page of the accounting, docs/accounting.md: every standard quantity, and what may be given for it."""

from __future__ import annotations

from typing import Any

import isoflop as iso
from isoflop._accounting.domains import read_domain
from isoflop._accounting.rules import groups
from isoflop._text.numbers import number_text
from isoflop.catalog.files import accounting_table
from prose import MADE, paragraph, points, table


def page() -> str:
    """Return the page as Markdown."""
    rows = list(iso.accounting().iter_rows(named=True))
    content = accounting_table()
    blocks = [
        MADE.format(source="accounting.py"),
        "# The accounting",
        paragraph(
            "The quantities that every sweep knows, as in `python/isoflop/catalog/accounting.toml` and, the "
            "last of them, in the files of `catalog/quantities`; `iso.accounting()` gives them as a frame. "
            "An axis, a scalar or a quantity of your own takes the "
            "place of any of them. Otherwise the first formula is used whose inputs are given, else the "
            "default; so the same words answer inverse questions: `gpu_count` and `days` give `train_flops`, "
            "and with `params` the `tokens`. `Sweep.explain` tells which was used."
        ),
        table("quantity | unit | formulas | default | what may be given", map(_row, rows), text=True),
        "## What they mean",
        points(f"`{row['name']}`: {row['doc']}" for row in rows),
        "## What may be given",
        paragraph(
            "A value that is given must be inside its domain, or the sweep is refused; `Law.loss` gives NaN "
            "for it and says so. What follows from others is not judged, and NaN is not outside. A law of "
            "your own that declares a variable of the name may mean another thing by it. Words of papers are "
            "hints, not names; messages understand them:"
        ),
        table(
            "word | quantity",
            ([f"`{word}`", f"`{row['name']}`"] for row in rows for word in row["aliases"]),
            text=True,
        ),
        "## What must not be given twice",
        paragraph(
            "Of each of these sets one follows from the others, so a sweep that gives all of one is refused; "
            "unless both sides agree to 1e-6 in every configuration, or all are columns of one linked frame: "
            "measured facts, each read as given. A quantity of your own that reads others of its set says "
            "how it follows, and is no second value; where the set says what a word means (the first two, "
            "epochs, GPU-hours), it must read all of them."
        ),
        table(
            "all of these | would have to agree",
            ([", ".join(map(_member, entry["names"])), _equal(entry)] for entry in content["given_twice"]),
            text=True,
        ),
        "Capital letters stand for any of",
        points(f"{way['word']}: {_member(way['names'])}, as `{way['formula']}`" for way in content["ways"]),
        "## What goes together",
        paragraph(
            "Some of these without the others give nothing. That is refused if a question reads what they "
            "would give and nothing else reads them."
        ),
        table(
            "quantity | needs",
            ([f"`{group.gives}`", ", ".join(f"`{name}`" for name in group.names)] for group in groups()),
            text=True,
        ),
    ]
    return "\n\n".join(blocks) + "\n"


def _row(row: dict[str, Any]) -> list[str]:
    formulas = "<br>".join(f"`{formula}`" for formula in dict.fromkeys(row["formulas"]))
    default = "" if row["default"] is None else number_text(row["default"])
    return [f"`{row['name']}`", row["unit"], formulas, default, read_domain(row["domain"]).words()]


def _member(text: str) -> str:
    """Return ``a | b + c`` with each name as code."""
    if text.isupper():
        return text
    return " or ".join(
        " with ".join(f"`{name.strip()}`" for name in choice.split("+")) for choice in text.split("|")
    )


def _equal(entry: dict[str, Any]) -> str:
    return " = ".join(f"`{side}`" for side in entry["equal"])
