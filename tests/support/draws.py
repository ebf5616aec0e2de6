"""One way to draw, whoever draws: Hypothesis, whose examples shrink, or a seed, which is far quicker.

A generator is a function of a :class:`Draw`: the property tests and `fuzz.py` draw the same questions.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Draw(Protocol):
    """What generators need of chance. What comes first, or is smallest, is what examples shrink to."""

    def integer(self, low: int, high: int) -> int:
        """Draw an integer, both ends included."""

    def choice(self, several: Sequence[T]) -> T:
        """Draw one of several."""


class Examples:
    """Draws of Hypothesis."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw

    def integer(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def choice(self, several: Sequence[T]) -> T:
        return self.draw(st.sampled_from(several))


class Seeded:
    """Draws that a seed and a number determine, so that any case can be drawn again by itself."""

    def __init__(self, seed: int, number: int) -> None:
        self.random = random.Random(f"{seed}:{number}")

    def integer(self, low: int, high: int) -> int:
        # Three times as fast as `randint`; that some integers are likelier by 2**-50 does not matter here.
        return low + int(self.random.random() * (high - low + 1))

    def choice(self, several: Sequence[T]) -> T:
        return several[int(self.random.random() * len(several))]


def one_in(draw: Draw, many: int) -> bool:
    """Draw whether: once in so many."""
    return draw.integer(0, many - 1) == many - 1


def coin(draw: Draw) -> bool:
    return one_in(draw, 2)
