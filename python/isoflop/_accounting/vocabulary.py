"""What a name stands for, and what a law tells the accounting of its own names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Literal, NamedTuple, Protocol, TypeAlias

How: TypeAlias = Literal["given", "quantity", "alternative", "default", "law", "coefficient"]

LAW_QUANTITIES = ("loss", "extrapolation", "reducible_loss", "equivalent_flops")
"""What only a law defines."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one name stands for, and why.

    Attributes
    ----------
    name
        The name.
    formula
        Its formula, or ``None`` for a number or an axis column.
    value
        Its number, or ``None`` for a formula or an axis column.
    how
        ``given`` (axis column or scalar), ``quantity`` (the user's formula), ``alternative`` or ``default``
        (a row of the accounting), ``law`` (a formula of the law) or ``coefficient`` (a number of the law).
    note
        What a reader should know about this choice; often empty.
    unit
        Unit of the value; empty if not known.
    source
        Where formula or number come from; empty for the user's own.
    """

    name: str
    formula: str | None
    value: float | None
    how: How
    note: str = ""
    unit: str = ""
    source: str = ""


Row: TypeAlias = tuple[Step, tuple[str, ...]]
"""A step and the names that its formula reads."""


class Alternative(NamedTuple):
    """A formula of a quantity, and what must be given for it: any one of these sets will do."""

    needs: tuple[frozenset[str], ...]
    row: Row
    same_sparsity: bool


def read_needs(needs: Iterable[str]) -> tuple[frozenset[str], ...]:
    """Return the sets of names of which any one will do; in ``"a | b + c"`` either `a` or both others."""
    choices = [map(read_names, need.split("|")) for need in needs]
    return tuple(frozenset[str]().union(*chosen) for chosen in product(*choices))


def read_names(text: str) -> frozenset[str]:
    """Return the names of ``a + b``, which are needed together."""
    return frozenset(text.replace(" ", "").split("+"))


class Input(Protocol):
    """What the accounting asks of a law's variable."""

    @property
    def unit(self) -> str:
        """Its unit; 1 or empty tells nothing."""
        ...

    @property
    def range(self) -> tuple[float, float] | None:
        """Lowest and highest value that the law was fitted on."""
        ...


class Vocabulary(Protocol):
    """What a law tells the accounting; `isoflop.Law` is one.

    Hashable, since resolutions are remembered by law.
    """

    @property
    def id(self) -> str:
        """Its identifier, for messages."""
        ...

    @property
    def rows(self) -> Mapping[str, Row]:
        """What each name that the law defines stands for."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that the law adds to formulas."""
        ...

    @property
    def own_names(self) -> frozenset[str]:
        """Coefficients and quantities of the law."""
        ...

    @property
    def coefficient_names(self) -> frozenset[str]:
        """Coefficients of the law."""
        ...

    @property
    def variables(self) -> Mapping[str, Input]:
        """Inputs of the law by name."""
        ...

    @property
    def declared(self) -> frozenset[str]:
        """Variables that were declared, not found in the formula."""
        ...

    @property
    def stored(self) -> Alternative | None:
        """The formula of the stored size, if the law states one."""
        ...

    @property
    def of_mixtures(self) -> bool:
        """Whether the law itself says what share of a mixture of experts is active."""
        ...

    def equivalent_row(self) -> Row:
        """Return what ``equivalent_flops`` stands for where the law has no closed form of it."""
        ...

    def __hash__(self) -> int: ...


def mixture_inputs(law: Vocabulary) -> tuple[str, ...]:
    """Return those of its inputs by which a law knows that it has a mixture before it."""
    return tuple(name for name in ("experts", "granularity", "sparsity") if name in law.variables)
