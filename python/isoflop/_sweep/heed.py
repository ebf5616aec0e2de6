"""Heed: what a sweep was given and its first question does not read, is refused or said.

    names given, formulas asked --verdict--> an error, a warning, or nothing

Names decide everything, values nothing, so that a script that asks the same of many sweeps is judged once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from isoflop._accounting.formula import names_in
from isoflop._accounting.quantities import quantities
from isoflop._accounting.resolve import outline
from isoflop._accounting.rules import groups
from isoflop._accounting.vocabulary import LAW_QUANTITIES, Step
from isoflop._exceptions import IsoflopError, SpaceError
from isoflop._text.spelling import did_you_mean, slip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from isoflop._law.law import Law

Shape = tuple[tuple[str, bool, bool, tuple[str, ...]], ...]
"""Of each axis its name, whether it has several values, whether it is linked, and its columns."""


class Given(NamedTuple):
    """The names of a sweep, and what is known of them."""

    shape: Shape
    columns: frozenset[str]  # those that formulas read
    scalars: frozenset[str]
    user: tuple[tuple[str, str], ...]
    own: tuple[str, ...]  # those of `user` that do not follow from pools
    where: tuple[str, ...]
    law: Law | None
    elsewhere: tuple[str, ...]  # formulas of a file's other questions


class Verdict(NamedTuple):
    """What is to be said of a question.

    Attributes
    ----------
    error
        Name and message of what is refused, or ``None``.
    axes, names
        Axes that stay at their first value, and names that nothing reads, in words.
    halves
        Quantities that stay at their default though a part of what would give them is given; this is no
        matter for a warning, since something else reads that part.
    """

    error: tuple[str, str] | None
    axes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    halves: tuple[str, ...] = ()


def heed(
    given: Given,
    objectives: tuple[str, ...],
    columns: tuple[str, ...] = (),
    by: str | None = None,
    *,
    free: bool = False,
    table: bool = False,
) -> Verdict:
    """Return what the question does not read; the constraints are added to what is asked.

    Parameters
    ----------
    given
        The names of the sweep.
    objectives, columns, by
        What is asked.
    free
        The answer holds every value of an axis that nothing reads.
    table
        It is a table, whose axes are what was asked for, whatever their names.

    Raises
    ------
    SpaceError
        If a name is a slip of one that stands at its default, or gives half of what goes together.
    """
    verdict = _verdict(objectives, columns, by, free, table, given)
    if verdict.error is not None:
        name, message = verdict.error
        raise SpaceError(message, axis=name)
    return verdict


@lru_cache(maxsize=512)
def _verdict(
    objectives: tuple[str, ...],
    columns: tuple[str, ...],
    by: str | None,
    free: bool,
    table: bool,
    given: Given,
) -> Verdict:
    try:
        main = _steps((*objectives, *given.where), given)
        beside = {column: _steps((column,), given) for column in columns}
    except IsoflopError:
        return Verdict(None)  # the question itself says it better
    direct = {by} | {name for formula in (*objectives, *given.where, *columns) for name in names_in(formula)}
    reads = direct | main.keys()
    judge = _Judge(given, reads, main, beside)
    error = judge.slips() or judge.halves()
    if error is not None:
        return Verdict(error)
    return Verdict(None, tuple(judge.axes(free)), tuple(judge.names(table)), tuple(judge.used_halves()))


def _steps(formulas: tuple[str, ...], given: Given) -> dict[str, Step]:
    plan = outline(formulas, given.columns, given.scalars, given.user, given.law)
    return {step.name: step for step in plan.steps}


class _Judge:
    def __init__(
        self,
        given: Given,
        reads: set[str | None],
        main: dict[str, Step],
        beside: dict[str, dict[str, Step]],
    ) -> None:
        self.given = given
        self.reads = reads  # but for what columns= reach
        self.beside = beside
        self.steps = {name: step for steps in (*beside.values(), main) for name, step in steps.items()}
        self.all = reads | self.steps.keys()
        formulas = (*(text for _, text in given.user), *given.where, *given.elsewhere)
        self.in_formulas = {name for text in formulas for name in names_in(text)}

    def known(self, name: str) -> bool:
        """Tell whether anything knows a name: the question, the sweep, the law or the accounting."""
        law = self.given.law
        return (
            name in self.all
            or name in self.in_formulas
            or name in quantities()
            or name in LAW_QUANTITIES
            or (law is not None and name in law.names)
        )

    def slips(self) -> tuple[str, str] | None:
        """Return a name that is a slip of what the question reads, was not given, and has a stand-in."""
        stands = [step for step in self.steps.values() if step.how in ("default", "alternative")]
        names = (*(name for *_, columns in self.given.shape for name in columns), *self.given.scalars)
        for name in names:
            if self.known(name):
                continue
            for step in stands:
                if slip(name, step.name):
                    stand_in = f"{step.value:g}" if step.value is not None else step.formula
                    return name, (
                        f"nothing reads `{name}`, and `{step.name}` is {stand_in} in its place; "
                        f"did you mean `{step.name}`?"
                    )
        return None

    def halves(self) -> tuple[str, str] | None:
        """Return an input that goes with others which are not given, and that nothing else reads."""
        names = self._given_names()
        for step, some, wanted in self._in_part(names):
            idle = [name for name in some if not self._used(name, step.name, names)]
            if idle:
                halves = _listed(idle)
                return idle[0], (
                    f"{halves} {'have' if len(idle) > 1 else 'has'} no effect: `{step.name}` is "
                    f"{step.value:g} without {wanted}; give {wanted} too, or leave {halves} out"
                )
        return None

    def used_halves(self) -> Iterator[str]:
        """Say which inputs go with others that are not given, though something else reads them."""
        for step, some, wanted in self._in_part(self._given_names()):
            yield f"`{step.name}` stays at {step.value:g}: {_listed(some)} would give it with {wanted}"

    def _given_names(self) -> frozenset[str]:
        return self.given.columns.union(self.given.scalars, dict(self.given.user))

    def _in_part(self, names: frozenset[str]) -> Iterator[tuple[Step, list[str], str]]:
        """Yield each quantity at its default of which some inputs are given, with these and the others."""
        for group in groups():
            step, some = self.steps.get(group.gives), [name for name in group.names if name in names]
            if step is not None and step.how == "default" and some:
                yield step, some, _listed([name for name in group.names if name not in names])

    def _used(self, name: str, gives: str, names: frozenset[str]) -> bool:
        """Tell whether anything but one quantity reads an input, or could with what is given."""
        law = self.given.law
        if name in self.all or name in self.in_formulas or (law is not None and name in law.names):
            return True
        for row_name, row in quantities().items():
            for alternative in row.alternatives if row_name != gives else ():
                reads = alternative.row[1]
                if name in reads and all(_available(other, names, frozenset()) for other in reads):
                    return True
        return False

    def axes(self, free: bool) -> Iterator[str]:
        """Say which axes stay at their first value."""
        for axis, several, linked, columns in self.given.shape:
            if not several or free or not self.reads.isdisjoint((*columns, axis)):
                continue
            stays = f"axis `{axis}` stays at its first value"
            depend = [asked for asked, steps in self.beside.items() if not steps.keys().isdisjoint(columns)]
            if depend:
                quoted = " and ".join(f"`{asked}`" for asked in depend)
                yield f"{stays}, which {quoted} is told for: no objective, constraint or by= reads it"
            elif linked or self.known(axis):
                yield f"{stays}: no objective, constraint or by= reads it"

    def names(self, table: bool) -> Iterator[str]:
        """Say which names nothing reads or knows."""
        for axis, several, linked, _ in self.given.shape:
            if not linked and not table and not self.known(axis):
                yield self._unknown("axis" if several else "constant", axis)
        for name in sorted(self.given.scalars):
            if not self.known(name):
                yield self._unknown("constant", name)
        standard = quantities()
        for name in self.given.own:
            if name not in self.all and name not in self.in_formulas and name not in standard:
                meant = next((other for other in standard if slip(name, other)), None)
                if meant is not None:
                    yield f"nothing reads the quantity `{name}`; did you mean `{meant}`?"

    def _unknown(self, kind: str, name: str) -> str:
        names = (*self.steps, *quantities())
        return f"nothing reads the {kind} `{name}`, whose name is not known{did_you_mean(name, names)}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def _available(name: str, given: frozenset[str], above: frozenset[str]) -> bool:
    """Tell whether a name has a value by what is given; `above` are those that would need it for theirs."""
    row = quantities().get(name)
    if name in given or (row is not None and row.default is not None):
        return True
    if row is None or name in above:
        return False
    above |= {name}
    return any(
        all(_available(other, given, above) for other in alternative.row[1])
        for alternative in row.alternatives
    )
