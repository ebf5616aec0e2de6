"""The page on rules of thumb, docs/rules-of-thumb.md: what the laws of the catalogue say of each.

Every number on the page that isoflop can compute is computed here, and sentences that depend on numbers are
chosen by the numbers. Numbers of the literature stand in tables at the head of their sections.
"""

from __future__ import annotations

from functools import cache

from prose import MADE, number, paragraph
from rules_of_thumb.compute import six, utilisation
from rules_of_thumb.data import good_and_poor, repetition
from rules_of_thumb.mixtures import experts
from rules_of_thumb.pair import pair_of_models
from rules_of_thumb.product import product
from rules_of_thumb.shared import FAR
from rules_of_thumb.tokens import one_size, twenty


@cache
def page() -> str:
    """Return the text of docs/rules-of-thumb.md."""
    sections = [
        MADE.format(source="rules_of_thumb/"),
        "# Rules of thumb, against the laws",
        paragraph(f"""What the laws of the catalogue say of rules that everybody quotes: where they hold,
            where they break, and by how much. P is size, D tokens, C training compute in FLOP. Differences
            are told in compute where that is possible: compute-efficiency is the compute at which a law's own
            optimum is as good, over the compute spent. † marks values more than {number(FAR)} decades outside
            what a law was fitted on, ‡ laws that state no range. Where laws disagree, nothing here decides
            between them."""),
        *twenty(),
        *one_size(),
        *six(),
        *utilisation(),
        *pair_of_models(),
        *good_and_poor(),
        *experts(),
        *repetition(),
        *product(),
    ]
    return "\n\n".join(sections) + "\n"
