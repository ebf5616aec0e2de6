"""A sweep's words bound to the engine.

    formulas --resolve--> definitions of all that they reach --space--> answers

One :class:`Binding` belongs to one sweep and is made when the first question is asked. It remembers what
names stand for, so that asking again costs the answer only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from isoflop import _native
from isoflop._accounting.formula import names_in
from isoflop._accounting.mixtures import require_sizes
from isoflop._accounting.quantities import known_names
from isoflop._accounting.resolve import Resolution, require_same_sparsity, resolve
from isoflop._exceptions import FormulaError
from isoflop._run.threads import resolve_threads
from isoflop._sweep.heed import Given
from isoflop._sweep.nulls import emptied, guarded_condition, guarded_value, native_columns, read_by
from isoflop._text.spelling import did_you_mean

if TYPE_CHECKING:
    from isoflop._native import Float64, Positions, Rows
    from isoflop._pareto.arguments import Objective
    from isoflop._sweep.description import Description

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

_REMEMBERED = 256
"""Questions whose names are kept; a loop that asks ever new formulas must not fill the memory."""


class Binding:
    """The axes of a sweep as the engine holds them, and the way from its words to the engine's."""

    __slots__ = (
        "_guarded",
        "_inner",
        "_resolutions",
        "axes",
        "columns",
        "described",
        "extrapolation_told",
        "gaps",
        "gaps_told",
        "given",
        "has_range",
        "heeded",
        "law",
        "ranged",
        "space",
        "where",
    )

    def __init__(self, described: Description) -> None:
        axes, law = described.axes, described.law
        self.columns = [column.name for axis in axes for column in axis.columns if column.numbers is not None]
        columns, self.gaps = native_columns(
            axes, lambda: {*self.columns, *described.scalars, *described.formulas, *known_names(law)}
        )
        self.axes = axes
        # With constants alone there is one configuration still: an axis of one position stands for it.
        self.space = _native.Space([axis.length for axis in axes] or [1], columns)
        self.law = law
        self.where = described.where
        self.has_range = law is not None and law.has_range
        self.ranged = law.ranged if law is not None else ()
        self.extrapolation_told = False
        self.gaps_told: set[str] = set()
        self.heeded = False
        self.given = Given(
            tuple([(axis.name, axis.length > 1, axis.linked, axis.names) for axis in axes]),
            frozenset(self.columns),
            frozenset(described.scalars),
            tuple(described.formulas.items()),
            tuple(described.quantities),
            described.where,
            law,
            described.elsewhere,
        )
        self.described = described
        self._resolutions: dict[tuple[str, ...], Resolution] = {}
        self._guarded: dict[tuple[str, bool], str] = {}
        # Of the engine alone; none where nothing is null.
        self._inner = frozenset([name for name, *_ in columns[len(self.columns) :]])

    @property
    def watched(self) -> tuple[tuple[str, float, float], ...]:
        """What an answer's rows are compared with to tell whether they leave the law's range."""
        return () if self.extrapolation_told else self.ranged

    @property
    def known(self) -> tuple[str, ...]:
        """Names that an error may suggest."""
        return (*known_names(self.law), *self.described.formulas, *self.scalars)

    @property
    def own_quantities(self) -> Mapping[str, str]:
        """The user's formulas by name, without those that follow from pools."""
        return self.described.quantities

    @property
    def scalars(self) -> Mapping[str, float]:
        """Constants by name."""
        return self.described.scalars

    def resolve(self, formulas: tuple[str, ...]) -> Resolution:
        """Find what every name stands for that ``formulas`` reach.

        Raises
        ------
        FormulaError, SpaceError
            If a formula cannot be read or an input is missing.
        LawError
            If a dense law is used over varying sparsity and nothing says what the experts are worth.
        """
        resolution = self._resolutions.get(formulas)
        if resolution is None:
            try:
                resolution = resolve(
                    formulas,
                    columns=self.given.columns,
                    scalars=self.scalars,
                    quantities=self.described.formulas,
                    law=self.law,
                )
            except FormulaError as error:
                raise self._clarified(error) from None
            if self._inner:
                self._refuse_inner(formulas, resolution)
            if resolution.dense:
                self._check_sizes(resolution)
            if resolution.sparsity is not None:
                self._check_sparsity(resolution, resolution.sparsity)
            if len(self._resolutions) >= _REMEMBERED:
                self._resolutions.clear()
            self._resolutions[formulas] = resolution
        return resolution

    def ask(
        self,
        question: Callable[Concatenate[Mapping[str, float | str], Sequence[str], Arguments], Answer],
        formulas: tuple[str, ...],
        *arguments: Arguments.args,
        **keywords: Arguments.kwargs,
    ) -> Answer:
        """Ask the engine a question that reads ``formulas``; ``question`` is a method of the space."""
        definitions = self.resolve(formulas).definitions
        try:
            return question(definitions, (), *arguments, **keywords)
        except FormulaError:
            pass
        # Known names only help to word an error, so they cross when there is one. A question reads its
        # formulas before it does anything: it fails the second time in the same place.
        try:
            return question(definitions, self.known, *arguments, **keywords)
        except FormulaError as error:
            raise self._clarified(error) from None

    def values(self, formulas: Sequence[str]) -> Sequence[str]:
        """Return formulas as the engine is asked for them: NaN where they read a null."""
        return [self._guard(formula, condition=False) for formula in formulas] if self.gaps else formulas

    def objectives(self, objectives: Sequence[Objective]) -> Sequence[Objective]:
        """Return objectives as the engine is asked for them: NaN where they read a null."""
        if not self.gaps:
            return objectives
        return [(self._guard(formula, condition=False), maximize) for formula, maximize in objectives]

    def conditions(self, where: Sequence[str]) -> Sequence[str]:
        """Return constraints as the engine is asked for them: not met where they read a null."""
        return [self._guard(formula, condition=True) for formula in where] if self.gaps else where

    def ranges(self, watched: Sequence[tuple[str, float, float]]) -> Sequence[tuple[str, float, float]]:
        """Return what is watched as the engine is asked for it: NaN, which is not outside, for a null."""
        if not self.gaps:
            return watched
        return [(self._guard(name, condition=False), low, high) for name, low, high in watched]

    def _guard(self, formula: str, *, condition: bool) -> str:
        guarded = self._guarded.get((formula, condition))
        if guarded is None:
            definitions = self.resolve((formula,)).definitions
            guard = guarded_condition if condition else guarded_value
            guarded = guard(formula, definitions, self.gaps)
            if guarded != formula:
                # What is wrong with a formula is said of itself.
                objectives, where = ([], [formula]) if condition else ([(formula, False)], [])
                self.ask(self.space.explain, (formula,), objectives, where)
            if len(self._guarded) >= _REMEMBERED:
                self._guarded.clear()
            self._guarded[formula, condition] = guarded
        return guarded

    def gaps_read(self, formulas: Iterable[str]) -> list[str]:
        """Return the columns with nulls that formulas read, directly or not."""
        if not self.gaps:
            return []
        several = tuple(formulas)
        return read_by(several, self.resolve(several).definitions, self.gaps)

    def emptied(self, formulas: Iterable[str]) -> str:
        """Tell what nulls have to do with an empty answer to a question that reads ``formulas``."""
        return emptied(self.gaps_read(formulas), self.gaps)

    def any(self, where: Sequence[str]) -> bool:
        """Tell whether any configuration meets all of ``where``."""
        return self.ask(self.space.any, tuple(where), self.conditions(where), resolve_threads(None), None)

    def best(self, objective: Objective, columns: Sequence[str]) -> Rows:
        """Return the best of all configurations, constraints aside."""
        return self.ask(
            self.space.best,
            (objective[0], *columns),
            {"objective": self.objectives((objective,))[0], "columns": self.values(columns)},
            resolve_threads(None),
            None,
        )

    def touched(self, formula: str) -> list[int]:
        """List the axes of two or more values that a formula touches, through whatever it reads."""
        return self.ask(self.space.axes, (formula,), formula)

    def evaluate(self, formulas: Sequence[str], positions: Sequence[Positions]) -> list[Float64]:
        """Evaluate formulas at given configurations."""
        return self.ask(self.space.evaluate, tuple(formulas), self.values(formulas), positions)

    def _refuse_inner(self, formulas: tuple[str, ...], resolution: Resolution) -> None:
        """Refuse names that the engine knows and the user does not."""
        texts = [*formulas, *(text for text in resolution.definitions.values() if isinstance(text, str))]
        for text in texts:
            for name in self._inner.intersection(names_in(text)):
                found = re.search(rf"\b{name}\b", text)
                assert found is not None, "a name stands where it is read"
                raise FormulaError(self._unknown(name), text=text, span=found.span())

    def _unknown(self, name: str) -> str:
        return f"unknown name `{name}`{did_you_mean(name, [*self.columns, *self.known])}"

    def _check_sizes(self, resolution: Resolution) -> None:
        columns = {
            column.name: column.numbers
            for axis in self.axes
            for column in axis.columns
            if column.numbers is not None
        }
        require_sizes(self.law, resolution, self.scalars, columns, self.described.formulas)

    def _check_sparsity(self, resolution: Resolution, sparsity: str) -> None:
        extremes = []
        for maximize in (False, True):
            rows = self.space.best(
                resolution.definitions,
                self.known,
                {"objective": (sparsity, maximize)},
                resolve_threads(None),
                None,
            )
            if not len(rows.objectives[0]):
                return  # NaN everywhere: the law's own answer will be, too
            extremes.append(float(rows.objectives[0][0]))
        require_same_sparsity(self.law, extremes[0], extremes[1])

    def _clarified(self, error: FormulaError) -> FormulaError:
        """Say more of a name that exists, but not for formulas."""
        name = error.text[slice(*error.span)]
        text = {
            column.name: axis.name for axis in self.axes for column in axis.columns if column.kind == "text"
        }
        if name in text:
            message = (
                f"`{name}` is text, which formulas cannot read; compare a column of numbers or truth values "
                f"of axis `{text[name]}`"
            )
        elif name in (axis.name for axis in self.axes if axis.linked) and name not in self.columns:
            listed = next(axis for axis in self.axes if axis.name == name)
            columns = ", ".join(f"`{column.name}`" for column in listed.columns)
            message = f"`{name}` is a linked axis; formulas read its columns: {columns}"
        elif any(f"did you mean `{inner}`" in error.message for inner in self._inner):
            message = self._unknown(name)
        else:
            return error
        return FormulaError(message, text=error.text, span=error.span, quantity=error.quantity)
