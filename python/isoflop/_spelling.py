"""What may have been meant by a name that does not exist, asked of the engine: there is one speller."""

from __future__ import annotations

from collections.abc import Iterable

from isoflop import _native
from isoflop._given import shown


def nearest(name: object, names: Iterable[str]) -> tuple[str, ...]:
    """Return those of ``names`` that ``name`` may have meant, the likeliest first.

    That is: the same name in other case, what a word of papers stands for (``flops``: ``train_flops``), what
    it is a slip of, and what begins with it or has it among its words.
    """
    return tuple(_native.nearest(_text(name), [_text(known) for known in names]))


def did_you_mean(name: object, names: Iterable[str], otherwise: str = "") -> str:
    """Return the end of a message that names the nearest of ``names``, or ``otherwise``."""
    matches = nearest(name, names)
    return f"; did you mean `{matches[0]}`?" if matches else otherwise


def _text(name: object) -> str:
    # A lone surrogate is text to Python, but not to the engine.
    text = name if isinstance(name, str) else shown(name)
    return text.encode("utf-8", "replace").decode()
