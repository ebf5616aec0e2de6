"""Exceptions and warnings.

IsoflopError
├── FormulaError (ValueError)    .text .span .quantity; the message shows a caret
├── LawError (ValueError)        .law .missing
├── LimitError (MemoryError)     .rows .limit
├── CatalogError (LookupError)   .name .close_matches
├── FitError (ValueError)        .rows
├── ArchitectureError (ValueError) .architecture .missing
└── SpaceError (ValueError)      .axis

IsoflopWarning (UserWarning)
├── EmptyResultWarning           nothing in the space meets the constraints, and why
├── EdgeWarning                  a best plan sits at the end of an axis that nothing charges for
├── UnreadAxisWarning            an axis or a name was given that a question does not read
├── MissingValueWarning          a question reads a column of a linked axis that holds nulls
├── DomainWarning                a law was given a value that its input cannot have
└── ExtrapolationWarning         a law is used outside the range it was fitted on
"""

from __future__ import annotations

from typing import Any

from isoflop._text.portable import public_name, rebuild


class _Portable(Exception):
    """What survives pickling and copying: a worker process must be able to hand back what it raised.

    Python would call the constructor with the message alone, and fail for want of keyword fields.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuild, (public_name(type(self)), *self.args), self.__dict__.copy()

    @classmethod
    def _rebuilt(cls, *args: Any) -> Exception:
        """Make an exception anew without its constructor, whose fields pickle and copy put back."""
        # That of the class itself need not be the one that made it: a second base may bring another.
        return Exception.__new__(cls, *args)


class IsoflopError(_Portable):
    """Base of every exception that isoflop raises on purpose."""


class FormulaError(IsoflopError, ValueError):
    """A formula could not be read; the message points at the character.

    Attributes
    ----------
    text
        The formula.
    span
        First character of the trouble, and one past the last.
    quantity
        Name of the quantity that the formula defines, or ``None``.
    """

    def __init__(
        self, message: str, *, text: str = "", span: tuple[int, int] = (0, 0), quantity: str | None = None
    ) -> None:
        self.message = message
        self.text = text
        self.span = span
        self.quantity = quantity
        super().__init__(message)

    def __str__(self) -> str:
        where = f"in the formula of `{self.quantity}`: " if self.quantity else ""
        if not self.text:
            return where + self.message
        # A long formula is shown around the trouble only.
        start, end = self.span
        left = max(0, start - 50)
        right = min(len(self.text), max(end, start + 1) + 30)
        shown = self.text[left:right].replace("\n", " ").replace("\t", " ")
        head, tail = "..." if left else "", "..." if right < len(self.text) else ""
        caret = " " * (len(head) + start - left) + "^" * max(1, min(end, right) - start)
        return f"{where}{self.message}\n  {head}{shown}{tail}\n  {caret}"


class LawError(IsoflopError, ValueError):
    """A law cannot be used this way.

    Attributes
    ----------
    law
        Identifier of the law.
    missing
        Names of the inputs that it needs and does not get.
    """

    def __init__(self, message: str, *, law: str | None = None, missing: tuple[str, ...] = ()) -> None:
        self.law = law
        self.missing = missing
        super().__init__(message)


class ArchitectureError(IsoflopError, ValueError):
    """An architecture cannot be read, or cannot be used this way.

    Attributes
    ----------
    architecture
        Identifier of the architecture, or ``None``.
    missing
        Names of the dimensions that it needs and does not get.
    """

    def __init__(
        self, message: str, *, architecture: str | None = None, missing: tuple[str, ...] = ()
    ) -> None:
        self.architecture = architecture
        self.missing = missing
        super().__init__(message)


class LimitError(IsoflopError, MemoryError):
    """An answer is larger than allowed, or a search holds more candidates for it than it keeps.

    Attributes
    ----------
    rows
        Rows that the answer surely has; candidates, if the message speaks of these.
    limit
        How many were allowed.
    """

    def __init__(self, message: str, *, rows: int = 0, limit: int = 0) -> None:
        self.rows = rows
        self.limit = limit
        super().__init__(message)


class CatalogError(IsoflopError, LookupError):
    """No entry of this name in a catalogue.

    Attributes
    ----------
    name
        What was asked for.
    close_matches
        Names that exist and look like it, nearest first.
    """

    def __init__(self, message: str, *, name: str, close_matches: tuple[str, ...] = ()) -> None:
        self.name = name
        self.close_matches = close_matches
        super().__init__(message)


class FitError(IsoflopError, ValueError):
    """A form cannot be fitted to these runs.

    Attributes
    ----------
    rows
        The rows in question, from 0; empty if it is not about rows.
    """

    def __init__(self, message: str, *, rows: tuple[int, ...] = ()) -> None:
        self.rows = rows
        super().__init__(message)


class SpaceError(IsoflopError, ValueError):
    """Axes, scalars or quantities do not make a space.

    Attributes
    ----------
    axis
        The axis, column or quantity in question, or ``None``.
    """

    def __init__(self, message: str, *, axis: str | None = None) -> None:
        self.axis = axis
        super().__init__(message)


class IsoflopWarning(_Portable, UserWarning):
    """Base of every warning of isoflop."""


class EmptyResultWarning(IsoflopWarning):
    """A question has no answer; the message says which constraints leave nothing."""


class EdgeWarning(IsoflopWarning):
    """A best plan sits at the end of an axis, and nothing charges for going further."""


class UnreadAxisWarning(IsoflopWarning):
    """An axis stays at its first value, or a name has no effect, since a question does not read it."""


class MissingValueWarning(IsoflopWarning):
    """A question reads a column that holds nulls: their rows are on no front and meet no constraint."""


class DomainWarning(IsoflopWarning):
    """A law was given a value that its input cannot have; the loss is NaN there."""


class ExtrapolationWarning(IsoflopWarning):
    """A law is used outside the range that it was fitted on."""
