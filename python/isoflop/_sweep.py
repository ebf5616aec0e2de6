"""Sweeps: a space, a law, quantities and constraints, and the questions one can ask of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoflop._ask import DEFAULT_RESOLUTION, ask_best, ask_front, ask_near, ask_table
from isoflop._binding import Binding
from isoflop._description import read_description
from isoflop._frozen import Frozen
from isoflop._questions import read_objectives

if TYPE_CHECKING:
    import polars as pl

    from isoflop._axes import AxisValues
    from isoflop._law import Law
    from isoflop._profile import Profile
    from isoflop._progress import Progress
    from isoflop._questions import Formulas

DEFAULT_MAX_ROWS = 10_000_000
"""Rows beyond which a front is refused."""

DEFAULT_MAX_BYTES = 2 * 2**30
"""Memory beyond which a table is refused."""


class Sweep:
    """A search over every configuration of a space. Immutable; nothing runs until a method asks.

    Parameters
    ----------
    axes
        Name and values of each axis, in order: a sequence, range, NumPy array or Polars series of numbers;
        one number for a constant; or a ``pl.DataFrame`` whose columns vary together, under a name of its
        own. Units are FLOP, byte, token, hour, day and US dollar; see :func:`isoflop.accounting`. Such a
        frame may hold nulls: what reads one is NaN, on no front and in no best, or, as a constraint, not met;
        what nothing reads is carried along.
    law
        The scaling law that gives ``loss``: an identifier of the catalogue, the path of a law's file (see
        :func:`isoflop.law`), a :class:`Law`, or ``None``.
    quantities
        Formulas by name. They may replace standard quantities, not axes.
    where
        One constraint or several: conditions that every configuration of an answer meets.
    pools
        Data of different worth, supply and price used side by side: a frame with a row for each pool and the
        columns ``pool`` (its name), ``quality`` (1 if absent), ``unique_tokens`` (endless if absent) and
        ``usd_per_token`` (0 if absent). The tokens taken from the pool ``web`` are ``web_tokens``, which must
        be an axis, a constant or a quantity, and may be 0. ``tokens`` and ``effective_tokens`` are sums over
        the pools, ``data_usd`` is the price of the distinct tokens, and ``web_epochs`` tells how often a pool
        that has an end is seen.

    Raises
    ------
    SpaceError
        If a value cannot be an axis or a pool, names clash, or the space has more than 2^63 - 1
        configurations.
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

    __slots__ = ("__weakref__", "_binding", "_described")

    def __init__(
        self,
        axes: Mapping[str, AxisValues],
        *,
        law: str | Law | None = None,
        quantities: Mapping[str, str] | None = None,
        where: Formulas = (),
        pools: pl.DataFrame | Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        self._described = read_description(axes, law, quantities, where, pools)
        self._binding: Binding | None = None

    # What it is -------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Exact number of configurations."""
        return self._described.size

    @property
    def axes(self) -> Mapping[str, pl.Series | pl.DataFrame | float]:
        """Everything given as an axis, by name: a series, a frame if linked, a number if constant."""
        given: dict[str, pl.Series | pl.DataFrame | float] = {
            axis.name: axis.public() for axis in self._described.axes
        }
        return Frozen(given | dict(self._described.scalars))

    @property
    def law(self) -> Law | None:
        """The law that gives ``loss``."""
        return self._described.law

    @property
    def quantities(self) -> Mapping[str, str]:
        """The user's formulas by name."""
        return Frozen(self._described.quantities)

    @property
    def where(self) -> tuple[str, ...]:
        """The constraints."""
        return self._described.where

    @property
    def pools(self) -> pl.DataFrame | None:
        """The pools of data, ``None`` if there are none."""
        from isoflop._pools import pool_frame

        return pool_frame(self._described.pools) if self._described.pools else None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sweep):
            return NotImplemented
        return self._described.same(other._described)

    def __hash__(self) -> int:
        return self._described.hash()

    def __repr__(self) -> str:
        from isoflop._written import sweep_text

        return sweep_text(self._described)

    def __str__(self) -> str:
        from isoflop._pages import sweep_page

        return sweep_page(self).text()

    def _repr_html_(self) -> str:
        from isoflop._pages import sweep_page

        return sweep_page(self).html()

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (dict(self.axes), self.law, dict(self.quantities), self.where, self.pools)

    def replace(self, **changes: Any) -> Sweep:
        """Return a changed copy.

        Parameters
        ----------
        **changes
            Keywords of the constructor (``axes``, ``law``, ``quantities``, ``where``, ``pools``), each
            replaced as a whole.

        Examples
        --------
        >>> import isoflop as iso
        >>> sweep = iso.Sweep({"params": [1e9], "tokens": [2e10]}, law="besiroglu2024")
        >>> sweep.replace(law="hoffmann2022").law.id
        'hoffmann2022'
        """
        given: dict[str, Any] = {
            "axes": self.axes,
            "law": self.law,
            "quantities": self.quantities,
            "where": self.where,
            "pools": self.pools,
        }
        for name in changes:
            if name not in given:
                raise TypeError(f"a sweep has no {name!r} to replace, only {', '.join(given)}")
        given |= changes
        return Sweep(given.pop("axes"), **given)

    def with_axes(self, /, **changes: AxisValues | None) -> Sweep:
        """Return a copy with some axes or scalars set, added or removed.

        Parameters
        ----------
        **changes
            Values by name, as the constructor takes them. What is there keeps its place, what is new comes
            last; ``None`` removes. A linked axis goes by its own name.

        Raises
        ------
        SpaceError
            If what is to be removed is not there, or the changed sweep is none: see the constructor.

        Examples
        --------
        >>> import isoflop as iso
        >>> sweep = iso.Sweep({"params": [1e9], "tokens": [2e10]}, law="besiroglu2024")
        >>> sweep.with_axes(tokens=[2e10, 4e10], gpu_count=[256, 512], mfu=0.5).size
        4
        >>> sweep.with_axes(tokens=None, train_flops=1e21).axes["train_flops"]
        1e+21
        """
        from isoflop._changes import with_axes

        return with_axes(self, changes)

    def filter(self, /, *constraints: str) -> Sweep:
        """Return a copy with further constraints.

        Parameters
        ----------
        *constraints
            Formulas that are conditions, such as ``"days <= 60"``; those of the sweep stay.

        Raises
        ------
        FormulaError
            If one cannot be read.
        TypeError
            If one is no text.

        Examples
        --------
        >>> import isoflop as iso
        >>> sweep = iso.Sweep({"params": iso.geomspace(1e8, 1e10, 21)}, where="params >= 1e9")
        >>> sweep.filter("params <= 2e9").where
        ('params >= 1e9', 'params <= 2e9')
        """
        from isoflop._changes import filtered

        return filtered(self, constraints)

    @classmethod
    def from_toml(cls, path: str | Path) -> Sweep:
        """Read a sweep file.

        Raises
        ------
        SpaceError, FormulaError, LawError, CatalogError
            If the file does not describe a sweep; the message names file and key. So it does if a file
            that it names cannot be read; these are looked for from the folder that it is in.
        OSError
            If it cannot be read.
        """
        from isoflop._sweepfile import load

        return load(path).sweep

    def to_toml(self, path: str | Path | None = None) -> str:
        """Return the sweep as the text of a sweep file, and write it to ``path`` if one is given.

        Reading the file gives an equal sweep. A null is written as ``nan``, and a column of nulls alone as
        ``{ nulls = 2, kind = "text" }``; TOML has no null, and no value of a linked column is NaN.
        """
        from isoflop._sweepfile import dump

        text = dump(self._described)
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
        by: str | None = None,
        ties: str = "first",
        max_rows: int = DEFAULT_MAX_ROWS,
        method: str = "auto",
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
            So many rows of the front, or all if it has no more: the best by each objective, then again and
            again the one farthest from those chosen, measured in the front's own range of each objective (in
            logarithms, where that spans more than a factor of ten). No fewer than there are objectives.
        columns
            Further columns: names or formulas.
        by
            An axis or a column of a linked one: a front for each of its values, in order of first
            appearance, each as if it were alone, with ``rows`` of its own.
        ties
            ``"first"`` keeps one of several configurations whose objectives are all equal, ``"all"`` keeps
            all, whatever the values on axes that nothing reads; they come on top of ``rows``.
        max_rows
            Larger fronts are refused, also if ``rows`` would choose from them.
        method
            ``"enumerate"`` looks at every configuration, ``"search"`` leaves out boxes of them whose bounds
            say that they hold nothing, ``"auto"`` chooses by the size of the space. The answer is the same.
        threads
            Worker threads; ``None`` takes ``ISOFLOP_MAX_THREADS``, else one for each CPU that the process
            may use. The answer is the same.
        progress
            ``True`` for a bar (in a notebook; elsewhere with rich on standard error, on a terminal), or a
            function called with the configurations settled and with all there are.

        Returns
        -------
        pl.DataFrame
            Axis columns, then objectives, then ``columns``; best first by the objectives in order, with
            ``by`` group by group. A condition in ``columns`` comes out as 0.0 or 1.0. An empty front keeps
            its columns.

        Raises
        ------
        LimitError
            If the front has more than ``max_rows`` rows (with ``rows``, the message names a resolution that
            fits); or if more than 40 million configurations (and four
            times ``max_rows``) may be on it before that is known, which the message says.
        MemoryError
            If the machine has no room for it; nothing else is lost, and a smaller question is answered.
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
        MissingValueWarning
            If columns with nulls are read; once for each column of a sweep.
        """
        front, _ = ask_front(
            self._bind(),
            minimize=minimize,
            maximize=maximize,
            resolution=resolution,
            rows=rows,
            columns=columns,
            by=by,
            ties=ties,
            max_rows=max_rows,
            method=method,
            threads=threads,
            progress=progress,
            stacklevel=3,
        )
        return front

    def profile(
        self,
        *,
        minimize: Formulas = (),
        maximize: Formulas = (),
        resolution: float | Mapping[str, float] | None = None,
        rows: int | None = None,
        columns: Formulas = (),
        by: str | None = None,
        ties: str = "first",
        max_rows: int = DEFAULT_MAX_ROWS,
        method: str = "auto",
        threads: int | None = None,
        progress: bool | Progress | None = None,
    ) -> tuple[pl.DataFrame, Profile]:
        """Return what :meth:`pareto` returns, and a :class:`Profile` of how it was found."""
        front, profile = ask_front(
            self._bind(),
            minimize=minimize,
            maximize=maximize,
            resolution=resolution,
            rows=rows,
            columns=columns,
            by=by,
            ties=ties,
            max_rows=max_rows,
            method=method,
            threads=threads,
            progress=progress,
            stacklevel=3,
        )
        return front, profile()

    def best(
        self,
        *,
        minimize: str | None = None,
        maximize: str | None = None,
        by: str | None = None,
        columns: Formulas = (),
        method: str = "auto",
        threads: int | None = None,
        progress: bool | Progress | None = None,
    ) -> pl.DataFrame:
        """Return the best configuration; of several equal ones the first in the space.

        Parameters
        ----------
        minimize, maximize
            The objective: one name or formula, in one of the two.
        by
            An axis or a column of a linked one: the best for each of its values, in order of first
            appearance. Values that nothing is found for are absent.
        columns, method, threads, progress
            As for :meth:`pareto`.

        Returns
        -------
        pl.DataFrame
            Axis columns, the objective, ``columns``, and ``extrapolation`` if the law states its fitted
            range.

        Raises
        ------
        MemoryError, FormulaError, SpaceError, LawError, ValueError
            As for :meth:`pareto`.

        Warns
        -----
        EmptyResultWarning, ExtrapolationWarning, MissingValueWarning
            As for :meth:`pareto`.
        EdgeWarning
            If the best sits at the end of an axis and nothing charges for going further.
        """
        return ask_best(
            self._bind(),
            minimize=minimize,
            maximize=maximize,
            by=by,
            columns=columns,
            method=method,
            threads=threads,
            progress=progress,
            stacklevel=3,
        )

    def near(
        self,
        *,
        minimize: str | None = None,
        maximize: str | None = None,
        within: float,
        by: str | None = None,
        then: Formulas = (),
        resolution: float | Mapping[str, float] = DEFAULT_RESOLUTION,
        columns: Formulas = (),
        max_rows: int = DEFAULT_MAX_ROWS,
        threads: int | None = None,
        progress: bool | Progress | None = None,
    ) -> pl.DataFrame:
        """Return every configuration this close to the best.

        Without ``then`` that is every one, whatever its values on axes that nothing reads.

        Loss is flat around its minimum at a given compute: a thousandth more loss buys a choice of sizes.

        Parameters
        ----------
        minimize, maximize
            The objective: one name or formula, in one of the two.
        within
            How close, as a share of the best value: what is minimised is at most
            ``best + within * abs(best)``, what is maximised at least ``best - within * abs(best)``. If the
            best is infinite, whatever equals it.
        by
            An axis or a column of a linked one: each of its values is answered as if it were the only one, in
            order of first appearance.
        then
            Further objectives, all minimised: only the front of these among what is near.
        resolution
            How finely ``then`` is compared, as for :meth:`pareto`.
        max_rows
            Larger answers are refused.
        columns, threads, progress
            As for :meth:`pareto`.

        Returns
        -------
        pl.DataFrame
            Axis columns, the objective, ``columns``; best first. With ``then``: axis columns, these
            objectives, the one objective, ``columns``; best first by ``then``. Last comes
            ``extrapolation``, if the law states its fitted range.

        Raises
        ------
        LimitError
            If there are more than ``max_rows`` rows; with ``then``, as for :meth:`pareto`.
        MemoryError, FormulaError, SpaceError, LawError, ValueError
            As for :meth:`pareto`.

        Warns
        -----
        EmptyResultWarning, ExtrapolationWarning, MissingValueWarning
            As for :meth:`pareto`.

        Examples
        --------
        >>> import isoflop as iso
        >>> sweep = iso.Sweep(
        ...     {"params": iso.geomspace(1e9, 1e10, 101), "train_flops": 1e22},
        ...     law="besiroglu2024",
        ... )
        >>> near = sweep.near(minimize="loss", within=1e-3, columns="tokens")
        >>> near["params"].max() / near["params"].min() > 1.4
        True
        """
        return ask_near(
            self._bind(),
            minimize=minimize,
            maximize=maximize,
            within=within,
            by=by,
            then=then,
            resolution=resolution,
            columns=columns,
            max_rows=max_rows,
            threads=threads,
            progress=progress,
            stacklevel=3,
        )

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
        MemoryError, FormulaError, SpaceError, LawError
            As for :meth:`pareto`.

        Warns
        -----
        EmptyResultWarning
            If no configuration meets the constraints; it says why.
        MissingValueWarning
            As for :meth:`pareto`; a value of ``columns`` that reads a null is NaN.
        """
        return ask_table(
            self._bind(),
            columns=columns,
            max_bytes=max_bytes,
            threads=threads,
            progress=progress,
            stacklevel=3,
        )

    def explain(self, *, minimize: Formulas = (), maximize: Formulas = ()) -> str:
        """Tell how a question would be answered, without answering it.

        Parameters
        ----------
        minimize, maximize
            Objectives as for :meth:`pareto`; none for the law's ``loss`` and the constraints alone.

        Returns
        -------
        str
            The space; what each quantity stands for, with defaults and sources; which terms sit on which
            axes, with the sizes of their tables; what is left to do for each configuration, and about how
            long it takes.
        """
        from isoflop._explain import explanation

        if minimize or maximize:
            objectives = read_objectives(minimize, maximize)
        else:
            objectives = () if self.law is None else (("loss", False),)
        return explanation(self._bind(), objectives)

    def _bind(self) -> Binding:
        if self._binding is None:
            self._binding = Binding(self._described)
        return self._binding


def _rebuild(
    axes: Mapping[str, AxisValues],
    law: Law | None,
    quantities: Mapping[str, str],
    where: tuple[str, ...],
    pools: pl.DataFrame | None,
) -> Sweep:
    """Make a sweep from what :meth:`Sweep.__reduce__` keeps."""
    return Sweep(axes, law=law, quantities=quantities, where=where, pools=pools)
