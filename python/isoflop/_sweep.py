"""Sweeps: a space, a law, quantities and constraints, and the questions one can ask of them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import polars as pl

from isoflop import _native
from isoflop._accounting import known_names
from isoflop._answers import answer_frame, column_names, distinct, groups
from isoflop._axes import Axis, AxisValues, check_name, read_axes, space_size
from isoflop._binding import Binding
from isoflop._edges import edges, extrapolated
from isoflop._empty import why_empty
from isoflop._exceptions import (
    EdgeWarning,
    EmptyResultWarning,
    ExtrapolationWarning,
    FormulaError,
    LimitError,
    SpaceError,
)
from isoflop._law import Law
from isoflop._law import law as catalogue_law
from isoflop._pareto import resolution_bits
from isoflop._profile import Profile, make_profile
from isoflop._progress import Progress, reporting
from isoflop._questions import (
    Formulas,
    Objective,
    read_count,
    read_formulas,
    read_objective,
    read_objectives,
    read_rows,
    read_ties,
)
from isoflop._threads import resolve_threads

if TYPE_CHECKING:
    from isoflop._native import Rows

DEFAULT_RESOLUTION = 1e-9
"""How finely ``pareto`` compares objectives that nothing is said about."""

DEFAULT_MAX_ROWS = 10_000_000
"""Rows beyond which a front is refused."""

DEFAULT_MAX_BYTES = 2 * 2**30
"""Memory beyond which a table is refused."""


class Sweep:
    """A search over every configuration of a space. Immutable; nothing runs until a method asks.

    Parameters
    ----------
    axes
        Name and values of each axis, in order: a sequence, range, NumPy array or Polars series of numbers; one
        number for a constant; or a ``pl.DataFrame`` whose columns vary together, under a name of its own. Units
        are FLOP, byte, token, hour, day and US dollar; see :func:`isoflop.accounting`.
    law
        The scaling law that gives ``loss``: an identifier of the catalogue, a :class:`Law`, or ``None``.
    quantities
        Formulas by name. They may replace standard quantities, not axes.
    where
        One constraint or several: conditions that every configuration of an answer meets.

    Raises
    ------
    SpaceError
        If a value cannot be an axis, names clash, or the space has more than 2^63 - 1 configurations.
    FormulaError
        If a quantity or constraint cannot be read.
    CatalogError
        If there is no such law.

    Examples
    --------
    >>> import isoflop as iso
    >>> sweep = iso.Sweep(
    ...     {"params": iso.geomspace(1e8, 1e11, 31), "tokens": iso.geomspace(1e9, 1e13, 41)},
    ...     law="besiroglu2024",
    ...     where="train_flops <= 1e21",
    ... )
    >>> sweep.size
    1271
    >>> sweep.pareto(minimize=["loss", "train_flops"], rows=3).columns
    ['params', 'tokens', 'loss', 'train_flops']
    """

    __slots__ = (
        "__weakref__",
        "_axes",
        "_binding",
        "_extrapolation_told",
        "_law",
        "_quantities",
        "_scalars",
        "_size",
        "_where",
    )

    def __init__(
        self,
        axes: Mapping[str, AxisValues],
        *,
        law: str | Law | None = None,
        quantities: Mapping[str, str] | None = None,
        where: Formulas = (),
    ) -> None:
        self._axes, self._scalars = read_axes(axes)
        self._size = space_size(self._axes)
        self._law = _read_law(law)
        self._quantities = _read_quantities(quantities or {}, self._axes, self._scalars)
        self._where = read_formulas(where, "where")
        for constraint in self._where:
            _native.parse(constraint)
        self._refuse_hidden_text()
        self._binding: Binding | None = None
        self._extrapolation_told = False

    # What it is -------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Exact number of configurations."""
        return self._size

    @property
    def axes(self) -> Mapping[str, pl.Series | pl.DataFrame | float]:
        """Everything given as an axis, by name: a series, a frame if linked, a number if constant."""
        given: dict[str, pl.Series | pl.DataFrame | float] = {axis.name: axis.public() for axis in self._axes}
        return MappingProxyType(given | self._scalars)

    @property
    def law(self) -> Law | None:
        """The law that gives ``loss``."""
        return self._law

    @property
    def quantities(self) -> Mapping[str, str]:
        """The user's formulas by name."""
        return MappingProxyType(self._quantities)

    @property
    def where(self) -> tuple[str, ...]:
        """The constraints."""
        return self._where

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sweep):
            return NotImplemented
        return (
            self._where == other._where
            and self._quantities == other._quantities
            and self._scalars == other._scalars
            and self._law == other._law
            and len(self._axes) == len(other._axes)
            and all(mine.same(theirs) for mine, theirs in zip(self._axes, other._axes, strict=True))
        )

    def __hash__(self) -> int:
        shape = tuple((axis.name, axis.length) for axis in self._axes)
        return hash((shape, frozenset(self._scalars.items()), frozenset(self._quantities.items()), self._where))

    def __repr__(self) -> str:
        from isoflop._written import sweep_text

        return sweep_text(self._axes, self._scalars, self._law, self._quantities, self._where)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (dict(self.axes), self._law, self._quantities, self._where)

    def replace(self, **changes: Any) -> Sweep:
        """Return a changed copy.

        Parameters
        ----------
        **changes
            Keywords of the constructor (``axes``, ``law``, ``quantities``, ``where``), each replaced as a whole.

        Examples
        --------
        >>> import isoflop as iso
        >>> sweep = iso.Sweep({"params": [1e9], "tokens": [2e10]}, law="besiroglu2024")
        >>> sweep.replace(law="hoffmann2022").law.id
        'hoffmann2022'
        """
        given: dict[str, Any] = {
            "axes": self.axes,
            "law": self._law,
            "quantities": self._quantities,
            "where": self._where,
        }
        for name in changes:
            if name not in given:
                raise TypeError(f"a sweep has no {name!r} to replace, only {', '.join(given)}")
        given |= changes
        return Sweep(given.pop("axes"), **given)

    @classmethod
    def from_toml(cls, path: str | Path) -> Sweep:
        """Read a sweep file.

        Raises
        ------
        SpaceError, FormulaError, LawError, CatalogError
            If the file does not describe a sweep; the message names file and key.
        OSError
            If it cannot be read.
        """
        from isoflop._sweepfile import load

        return load(path).sweep

    def to_toml(self, path: str | Path | None = None) -> str:
        """Return the sweep as the text of a sweep file, and write it to ``path`` if one is given.

        Reading the file gives an equal sweep.
        """
        from isoflop._sweepfile import dump

        text = dump(self._axes, self._scalars, self._law, self._quantities, self._where)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    # Questions --------------------------------------------------------------------------------------

    def pareto(
        self,
        *,
        minimize: Formulas = (),
        maximize: Formulas = (),
        resolution: float | Mapping[str, float] | None = None,
        rows: int | None = None,
        columns: Formulas = (),
        ties: str = "first",
        max_rows: int = DEFAULT_MAX_ROWS,
        threads: int | None = None,
        progress: bool | Progress | None = None,
    ) -> pl.DataFrame:
        """Return every configuration that no other configuration dominates.

        Parameters
        ----------
        minimize, maximize
            Objectives, at least one in all: names of quantities, or formulas.
        resolution
            How finely objectives are compared: a number in 0..1, or one for each objective by its name; 1e-9
            for those not named. A coarser one gives fewer rows, all of them Pareto-optimal still, with every
            configuration of the space within this share of a row.
        rows
            At most so many rows, at the finest power-of-two resolution that gives no more.
        columns
            Further columns: names or formulas.
        ties
            ``"first"`` keeps one of several configurations whose objectives are all equal, ``"all"`` keeps all.
        max_rows
            Larger fronts are refused.
        threads
            Worker threads; ``None`` takes ``ISOFLOP_MAX_THREADS``, else every core. The answer is the same.
        progress
            ``True`` for a bar on standard error (with rich, on a terminal), or a function called with the
            configurations settled and with all there are.

        Returns
        -------
        pl.DataFrame
            Axis columns, then objectives, then ``columns``; best first by the objectives in order. A condition
            in ``columns`` comes out as 0.0 or 1.0. An empty front keeps its columns.

        Raises
        ------
        LimitError
            If the front has more than ``max_rows`` rows.
        FormulaError, SpaceError, LawError
            If a formula cannot be read, an input is missing, or the law cannot be used over this space.
        ValueError
            If an argument makes no sense.

        Warns
        -----
        EmptyResultWarning
            If nothing is found; it says why.
        ExtrapolationWarning
            If rows lie outside the law's fitted range; once for each sweep.
        """
        return self._pareto(
            minimize, maximize, resolution, rows, columns, ties, max_rows, threads, progress
        )[0]

    def profile(
        self,
        *,
        minimize: Formulas = (),
        maximize: Formulas = (),
        resolution: float | Mapping[str, float] | None = None,
        rows: int | None = None,
        columns: Formulas = (),
        ties: str = "first",
        max_rows: int = DEFAULT_MAX_ROWS,
        threads: int | None = None,
        progress: bool | Progress | None = None,
    ) -> tuple[pl.DataFrame, Profile]:
        """Return what :meth:`pareto` returns, and a :class:`Profile` of how it was found."""
        return self._pareto(minimize, maximize, resolution, rows, columns, ties, max_rows, threads, progress)

    def best(
        self,
        *,
        minimize: str | None = None,
        maximize: str | None = None,
        by: str | None = None,
        columns: Formulas = (),
        threads: int | None = None,
        progress: bool | Progress | None = None,
    ) -> pl.DataFrame:
        """Return the best configuration; of several equal ones the first in the space.

        Parameters
        ----------
        minimize, maximize
            The objective: one name or formula, in one of the two.
        by
            An axis or a column of a linked one: the best for each of its values, in order of first appearance.
            Values that nothing is found for are absent.
        columns, threads, progress
            As for :meth:`pareto`.

        Returns
        -------
        pl.DataFrame
            Axis columns, the objective, ``columns``, and ``extrapolation`` if the law states its fitted range.

        Raises
        ------
        FormulaError, SpaceError, LawError, ValueError
            As for :meth:`pareto`.

        Warns
        -----
        EmptyResultWarning, ExtrapolationWarning
            As for :meth:`pareto`.
        EdgeWarning
            If the best sits at the end of an axis and nothing charges for going further.
        """
        objective = read_objective(minimize, maximize)
        count = resolve_threads(threads)
        extra = read_formulas(columns, "columns")
        if self._has_range:
            extra = (*extra, "extrapolation")
        grouped = groups(self._axes, by) if by is not None else None
        names = self._columns((objective[0],), extra)
        binding = self._bind()
        with reporting(progress) as report:
            found = binding.ask(
                binding.space.best,
                (objective[0], *self._where, *names),
                objective,
                self._where,
                names,
                grouped,
                count,
                report,
            )
        if len(found.objectives[0]):
            for text in edges(binding, objective, self._where, found, grouped[0] if grouped else None):
                warnings.warn(text, EdgeWarning, stacklevel=2)
        self._warn(found, names, (objective[0],))
        return self._frame(found, (objective,), names)

    def table(
        self,
        *,
        columns: Formulas | None = None,
        max_bytes: int = DEFAULT_MAX_BYTES,
        threads: int | None = None,
        progress: bool | Progress | None = None,
    ) -> pl.DataFrame:
        """Return every configuration that meets the constraints, in the order of the space.

        Parameters
        ----------
        columns
            Names or formulas to add to the axis columns; ``None`` for the law's ``loss``, if there is a law.
        max_bytes
            Larger tables are refused.
        threads, progress
            As for :meth:`pareto`.

        Returns
        -------
        pl.DataFrame
            Axis columns, then ``columns``.

        Raises
        ------
        LimitError
            If the table takes more than ``max_bytes``.
        FormulaError, SpaceError, LawError
            As for :meth:`pareto`.

        Warns
        -----
        EmptyResultWarning
            If no configuration meets the constraints; it says why.
        """
        if columns is None:
            columns = () if self._law is None else "loss"
        names = self._columns((), read_formulas(columns, "columns"))
        limit = read_count(max_bytes, "max_bytes")
        count = resolve_threads(threads)
        binding = self._bind()
        with reporting(progress) as report:
            try:
                found = binding.ask(
                    binding.space.table,
                    (*self._where, *names),
                    self._where,
                    names,
                    limit,
                    count,
                    report,
                )
            except LimitError as error:
                raise LimitError(
                    f"the table has {error.rows:,} rows, which do not fit into max_bytes={limit:,}; ask for fewer "
                    "columns=, tighten where=, raise max_bytes=, or ask pareto or best, which never need the "
                    "table",
                    rows=error.rows,
                    limit=error.limit,
                ) from None
        if not found.stats["feasible"]:
            warnings.warn(why_empty(binding, self._where, (), 0), EmptyResultWarning, stacklevel=2)
        return self._frame(found, (), names)

    def explain(self, *, minimize: Formulas = (), maximize: Formulas = ()) -> str:
        """Tell how a question would be answered, without answering it.

        Parameters
        ----------
        minimize, maximize
            Objectives as for :meth:`pareto`; none for the law's ``loss`` and the constraints alone.

        Returns
        -------
        str
            The space; what each quantity stands for, with defaults and sources; which terms sit on which axes,
            with the sizes of their tables; what is left to do for each configuration, and about how long it takes.
        """
        from isoflop._explain import explanation

        if minimize or maximize:
            objectives = read_objectives(minimize, maximize)
        else:
            objectives = (("loss", False),) if self._law is not None else ()
        return explanation(self._bind(), self._scalars, self._law, self._where, objectives)

    # Inside -----------------------------------------------------------------------------------------

    def _pareto(
        self,
        minimize: Formulas,
        maximize: Formulas,
        resolution: float | Mapping[str, float] | None,
        rows: int | None,
        columns: Formulas,
        ties: str,
        max_rows: int,
        threads: int | None,
        progress: bool | Progress | None,
    ) -> tuple[pl.DataFrame, Profile]:
        objectives = read_objectives(minimize, maximize)
        formulas = tuple(formula for formula, _ in objectives)
        most = read_rows(rows, resolution)
        bits = resolution_bits(
            DEFAULT_RESOLUTION if resolution is None else resolution, formulas, DEFAULT_RESOLUTION
        )
        all_ties = read_ties(ties)
        limit = read_count(max_rows, "max_rows")
        count = resolve_threads(threads)
        shown = self._columns(formulas, read_formulas(columns, "columns"))
        names = shown
        if self._has_range and not self._extrapolation_told:
            # For the warning: evaluated on the front only, and last, so that it can be left out of the frame.
            names = self._columns(formulas, (*shown, "extrapolation"))
        binding = self._bind()
        with reporting(progress) as report:
            try:
                found = binding.ask(
                    binding.space.pareto,
                    (*formulas, *self._where, *names),
                    objectives,
                    self._where,
                    names,
                    bits,
                    most,
                    all_ties,
                    limit,
                    count,
                    report,
                )
            except LimitError as error:
                raise LimitError(
                    f"the front has more than {error.limit:,} rows; compare with a coarser resolution=, thin it "
                    "with rows=, tighten where=, or raise max_rows=",
                    rows=error.rows,
                    limit=error.limit,
                ) from None
        self._warn(found, names, formulas, stacklevel=4)
        frame = self._frame(found, objectives, shown)
        return frame, make_profile(found.stats, frame.height, formulas, bits, most is not None)

    def _bind(self) -> Binding:
        if self._binding is None:
            self._binding = Binding(self._axes, self._scalars, self._law, self._quantities)
        return self._binding

    @property
    def _has_range(self) -> bool:
        return self._law is not None and self._law.has_range

    def _columns(self, objectives: Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
        """Return the columns that a result has beyond those of axes and objectives."""
        return distinct(columns, (*column_names(self._axes), *objectives))

    def _frame(self, found: Rows, objectives: Sequence[Objective], names: Sequence[str]) -> pl.DataFrame:
        axes = column_names(self._axes)
        # An objective that is an axis has its column already.
        columns = [
            (formula, values)
            for (formula, _), values in zip(objectives, found.objectives, strict=True)
            if formula not in axes
        ]
        columns.extend(zip(names, found.columns, strict=False))
        return answer_frame(self._axes, found.positions, columns)

    def _warn(
        self, found: Rows, names: Sequence[str], objectives: Sequence[str], *, stacklevel: int = 3
    ) -> None:
        """Warn of an empty answer, and of one outside the law's range."""
        binding = self._bind()
        if not len(found.objectives[0]):
            text = why_empty(binding, self._where, objectives, found.stats["feasible"])
            warnings.warn(text, EmptyResultWarning, stacklevel=stacklevel)
        elif self._has_range and not self._extrapolation_told:
            assert self._law is not None, "only a law has a range"
            text = extrapolated(binding, self._law, found, (*objectives, *names))
            if text:
                self._extrapolation_told = True
                warnings.warn(text, ExtrapolationWarning, stacklevel=stacklevel)

    def _refuse_hidden_text(self) -> None:
        """Refuse text under the name of a quantity: formulas would read the quantity's default instead."""
        text = [(axis, column) for axis in self._axes for column in axis.columns if column.kind == "text"]
        if not text:
            return
        taken = {*known_names(self._law), *self._quantities}
        for axis, column in text:
            if column.name in taken:
                raise SpaceError(
                    f"column `{column.name}` of axis `{axis.name}` is text, but has the name of a quantity; "
                    "rename the column",
                    axis=axis.name,
                )


def _read_law(law: str | Law | None) -> Law | None:
    if isinstance(law, str):
        return catalogue_law(law)
    if law is not None and not isinstance(law, Law):
        raise TypeError(f"law must be an identifier of the catalogue or a Law, not {law!r}")
    return law


def _read_quantities(
    quantities: Mapping[str, str], axes: Sequence[Axis], scalars: Mapping[str, float]
) -> dict[str, str]:
    if not isinstance(quantities, Mapping):
        raise TypeError(f"quantities must be a mapping from names to formulas, not {quantities!r}")
    if not quantities:
        return {}
    axis_names = {axis.name for axis in axes}.union(column_names(axes))
    for name, formula in quantities.items():
        check_name(name, "a quantity")
        if name in axis_names or name in scalars:
            kind = "an axis" if name in axis_names else "a scalar"
            raise SpaceError(
                f"`{name}` is both a quantity and {kind}; remove one, or give the quantity another name",
                axis=name,
            )
        if not isinstance(formula, str):
            raise TypeError(
                f"quantity `{name}` is {formula!r}; a quantity is a formula, which is text (a number is a scalar "
                "and belongs among the axes)"
            )
        try:
            _native.parse(formula)
        except FormulaError as error:
            error.quantity = name
            raise
    return dict(quantities)


def _rebuild(axes: Mapping[str, AxisValues], law: Law | None, quantities: Mapping[str, str], where: tuple[str, ...]) -> Sweep:
    """Make a sweep from what :meth:`Sweep.__reduce__` keeps."""
    return Sweep(axes, law=law, quantities=quantities, where=where)
