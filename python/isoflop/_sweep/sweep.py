"""Sweeps: the questions that one can ask of a space with a law, quantities and constraints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Unpack

from isoflop._pareto.arguments import read_formulas, read_objectives
from isoflop._sweep.ask import DEFAULT_RESOLUTION, ask_best, ask_front, ask_near, ask_table
from isoflop._sweep.front import DEFAULT_MAX_ROWS, FrontQuestion, asks_for_a_front, complete
from isoflop._sweep.value import SweepValue

if TYPE_CHECKING:
    import polars as pl

    from isoflop._pareto.arguments import Formulas
    from isoflop._run.progress import Progress
    from isoflop._sweep.profile import Profile

DEFAULT_MAX_BYTES = 2 * 2**30
"""Memory beyond which a table is refused."""


class Sweep(SweepValue):
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
    architecture
        What turns a shape into counts: an identifier of the catalogue (see :func:`isoflop.architectures`),
        the path of a file, an :class:`Architecture`, or a mapping of formulas. The dimensions are axes then,
        and ``params``, ``active_params``, ``embedding_params``, attention FLOP and memory follow;
        none of these may be an axis. Laws of mixtures read their sizes from it.

    Raises
    ------
    SpaceError
        If a value cannot be an axis or a pool, names clash, or the space has more than 2^63 - 1
        configurations.
    FormulaError
        If a quantity or constraint cannot be read.
    CatalogError
        If there is no such law or architecture.
    ArchitectureError
        If the architecture cannot be read, or a dimension that its parameters need is not given.

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

    __slots__ = ()

    @asks_for_a_front
    def pareto(self, **question: Unpack[FrontQuestion]) -> pl.DataFrame:
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
        front, _ = ask_front(self._bind(), complete(question, "pareto"), stacklevel=3)
        return front

    @asks_for_a_front
    def profile(self, **question: Unpack[FrontQuestion]) -> tuple[pl.DataFrame, Profile]:
        """Return what :meth:`pareto` returns, and a :class:`Profile` of how it was found."""
        front, profile = ask_front(self._bind(), complete(question, "profile"), stacklevel=3)
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
        from isoflop._sweep.explain import explanation

        if minimize or maximize:
            objectives = read_objectives(minimize, maximize)
        else:
            objectives = () if self.law is None else (("loss", False),)
        return explanation(self._bind(), objectives)

    def steps(self, formulas: Formulas) -> pl.DataFrame:
        """Return what every name stands for that formulas and constraints reach: what `explain` prints.

        Parameters
        ----------
        formulas
            Formulas or names of quantities, one or several.

        Returns
        -------
        pl.DataFrame
            A row for each name, after those that it reads: ``name``; ``formula`` or ``value`` (both null for
            the column of an axis); ``unit``; ``how``: ``given`` (an axis or a scalar), ``quantity`` (the
            user's formula), ``alternative`` or ``default`` (of the accounting), ``law`` or ``coefficient``;
            ``note``; and ``source``.

        Raises
        ------
        FormulaError, SpaceError, LawError
            As for :meth:`pareto`.

        Examples
        --------
        >>> import isoflop as iso
        >>> sweep = iso.Sweep({"params": [1e9], "tokens": [2e10]}, law="besiroglu2024")
        >>> sweep.steps("train_flops").select("name", "how").rows()[-1]
        ('train_flops', 'alternative')
        """
        from isoflop._sweep.explain import steps_frame

        return steps_frame(self._bind(), read_formulas(formulas, "formulas"))
