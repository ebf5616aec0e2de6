"""What `generators.py` makes, as strategies of Hypothesis."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from . import generators
from .draws import Examples
from .question import Question

if TYPE_CHECKING:
    from isoflop._native import Float64


def examples(number: int) -> settings:
    """Return settings of so many examples; of HYPOTHESIS_CASES, where that is set."""
    return settings(max_examples=int(os.environ.get("HYPOTHESIS_CASES", number)))


@st.composite
def formulas(draw: st.DrawFn, numbers: Sequence[str], conditions: Sequence[str]) -> str:
    """Draw a well-typed formula that reads some of these names."""
    return generators.formula(Examples(draw), numbers, conditions)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Draw a small space with names, and a question."""
    return generators.question(Examples(draw))


@st.composite
def large_questions(draw: st.DrawFn) -> Question:
    """Draw a space of some ten thousand configurations, and a question."""
    return generators.large_question(Examples(draw))


def columns_of(values: Sequence[Sequence[float]], width: int) -> list[Float64]:
    """Return rows as columns, also where there are no rows."""
    return list(np.array(values, dtype=np.float64).reshape(len(values), width).T)
