"""What may have been meant by a name that does not exist, asked of the engine: there is one speller."""

from __future__ import annotations

from collections.abc import Iterable

from isoflop import _native
from isoflop._text.given import shown


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


def slip(name: str, meant: str) -> bool:
    """Tell whether `name` is one slip away from `meant`.

    One slip is another case, an underscore or a plural s more or less, one letter that is wrong, missing, too
    many or swapped with its neighbour, and two of these in names of eight letters or more.
    """
    if name == meant:
        return False
    one, other = name.lower(), meant.lower()
    if _bare(one) == _bare(other):
        return True
    one, other = one.replace("_", ""), other.replace("_", "")
    return _within(one, other, 2 if len(other) >= 8 else 1)


def _bare(name: str) -> str:
    return "".join(word.removesuffix("s") for word in name.split("_"))


def _within(one: str, other: str, edits: int) -> bool:
    """Tell whether so many edits, swaps of neighbours among them, lead from one text to the other."""
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    if not one or not other:
        return len(one) + len(other) <= edits
    if abs(len(one) - len(other)) > edits or not edits:
        return False
    return (
        _within(one[1:], other, edits - 1)
        or _within(one, other[1:], edits - 1)
        or _within(one[1:], other[1:], edits - 1)
        or (one[:2] == other[1::-1] and _within(one[2:], other[2:], edits - 1))
    )


def _text(name: object) -> str:
    # A lone surrogate is text to Python, but not to the engine.
    text = name if isinstance(name, str) else shown(name)
    return text.encode("utf-8", "replace").decode()
