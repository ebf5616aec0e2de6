"""Asking: a question read, put to the engine, and its answer made a frame, with the warnings it deserves.

``stacklevel`` is that of :func:`warnings.warn` as seen from the function that is called: warnings point at
the line of the user who asked.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from isoflop._exceptions import (
    EdgeWarning,
    EmptyResultWarning,
    ExtrapolationWarning,
    IsoflopWarning,
    LimitError,
    MissingValueWarning,
    UnreadAxisWarning,
)
from isoflop._pareto.arguments import (
    Formulas,
    Objective,
    read_count,
    read_formulas,
    read_method,
    read_objective,
    read_objectives,
    read_rows,
    read_then,
    read_ties,
    read_within,
)
from isoflop._pareto.filter import resolution_bits
from isoflop._run.progress import Progress, reporting
from isoflop._run.threads import read_threads
from isoflop._space.axes import column_names
from isoflop._sweep.answers import answer_frame, distinct, groups
from isoflop._sweep.edges import edges, extrapolated
from isoflop._sweep.empty import why_empty
from isoflop._sweep.front import FrontQuestion
from isoflop._sweep.heed import Verdict, heed
from isoflop._sweep.limits import fitting_resolution, unread_axes
from isoflop._sweep.nulls import missing
from isoflop._sweep.profile import Profile, make_profile
from isoflop._text.numbers import counted

if TYPE_CHECKING:
    from isoflop._native import Rows
    from isoflop._sweep.binding import Binding

_KEPT_BACK: ContextVar[tuple[bool, bool]] = ContextVar("_KEPT_BACK", default=(False, False))
"""Whether warnings are kept back, and whether an empty answer is raised all the same."""

DEFAULT_RESOLUTION = 1e-9
"""How finely a front compares objectives that nothing is said about."""


def ask_front(
    binding: Binding, question: FrontQuestion, *, stacklevel: int
) -> tuple[pl.DataFrame, Callable[[], Profile]]:
    """Answer ``Sweep.pareto`` and ``Sweep.profile``, which is made when it is called for."""
    resolution, by = question["resolution"], question["by"]
    objectives = read_objectives(question["minimize"], question["maximize"])
    formulas = tuple(formula for formula, _ in objectives)
    most = read_rows(question["rows"], len(objectives))
    bits = resolution_bits(
        DEFAULT_RESOLUTION if resolution is None else resolution, formulas, DEFAULT_RESOLUTION
    )
    all_ties = read_ties(question["ties"])
    limit = read_count(question["max_rows"], "max_rows")
    read_method(question["method"])
    count = read_threads(question["threads"])
    grouped = None if by is None else groups(binding.axes, by)
    where = binding.where
    names = _columns(binding, formulas, read_formulas(question["columns"], "columns"))
    unread = _heed(binding, formulas, names, by, free=all_ties)
    watched = binding.watched
    read = (*formulas, *where)
    with reporting(question["progress"]) as report:
        try:
            found = binding.ask(
                binding.space.pareto,
                (*read, *names, *[name for name, _, _ in watched]),
                {
                    "objectives": binding.objectives(objectives),
                    "where": binding.conditions(where),
                    "columns": binding.values(names),
                    "watched": binding.ranges(watched),
                    "by": grouped,
                    "bits": bits,
                    "rows": most,
                    "all_ties": all_ties,
                    "max_rows": limit,
                    "method": question["method"],
                },
                count,
                report,
            )
        except LimitError as error:
            many = unread_axes(binding, read, grouped) if all_ties else ""
            coarser = "a coarser resolution="
            if most is not None:
                coarser = fitting_resolution(binding, objectives, max(bits), all_ties, limit, count, grouped)
            if error.limit != limit:
                raise _held(error, coarser) from None
            raise LimitError(
                f"the front has more than {counted(error.limit, 'row')}{many}; compare with {coarser}, "
                "tighten where=, or raise max_rows=",
                rows=error.rows,
                limit=error.limit,
            ) from None
    _tell_unread(binding, unread, found.height, stacklevel + 1)
    if binding.gaps:
        _tell_gaps(binding, (*read, *names), stacklevel + 1)
    _warn(binding, found, formulas, stacklevel + 1)
    frame = _frame(binding, found, objectives, names)
    return frame, partial(make_profile, found, frame.height, formulas, bits)


def ask_best(
    binding: Binding,
    *,
    minimize: str | None,
    maximize: str | None,
    by: str | None,
    columns: Formulas,
    method: str,
    threads: int | None,
    progress: bool | Progress | None,
    stacklevel: int,
) -> pl.DataFrame:
    """Answer ``Sweep.best``."""
    objective = read_objective(minimize, maximize, "best")
    read_method(method)
    count = read_threads(threads)
    extra = read_formulas(columns, "columns")
    grouped = None if by is None else groups(binding.axes, by)
    unread = _heed(binding, (objective[0],), extra, by)
    where = binding.where
    read = (objective[0], *where, *_columns(binding, (), extra))
    if binding.has_range:
        extra = (*extra, "extrapolation")
    names = _columns(binding, (objective[0],), extra)
    watched = binding.watched
    with reporting(progress) as report:
        found = binding.ask(
            binding.space.best,
            (objective[0], *where, *names, *(name for name, _, _ in watched)),
            {
                "objective": binding.objectives((objective,))[0],
                "where": binding.conditions(where),
                "columns": binding.values(names),
                "watched": binding.ranges(watched),
                "by": grouped,
                "method": method,
            },
            count,
            report,
        )
    _tell_unread(binding, unread, found.height, stacklevel + 1)
    if binding.gaps:
        _tell_gaps(binding, read, stacklevel + 1)
    if found.height and not _KEPT_BACK.get()[0]:
        for text in edges(binding, objective, found, None if grouped is None else grouped[0]):
            _tell(text, EdgeWarning, stacklevel + 1)
    _warn(binding, found, (objective[0],), stacklevel + 1)
    return _frame(binding, found, (objective,), names)


def ask_near(
    binding: Binding,
    *,
    minimize: str | None,
    maximize: str | None,
    within: float,
    by: str | None,
    then: Formulas,
    resolution: float | Mapping[str, float],
    columns: Formulas,
    max_rows: int,
    threads: int | None,
    progress: bool | Progress | None,
    stacklevel: int,
) -> pl.DataFrame:
    """Answer ``Sweep.near``."""
    objective = read_objective(minimize, maximize, "near")
    share = read_within(within)
    further = read_then(then)
    compared = tuple(formula for formula, _ in further)
    bits = resolution_bits(resolution, compared, DEFAULT_RESOLUTION)
    limit = read_count(max_rows, "max_rows")
    count = read_threads(threads)
    grouped = None if by is None else groups(binding.axes, by)
    where = binding.where
    shown = further or (objective,)
    extra = read_formulas(columns, "columns")
    read = (objective[0], *compared, *where, *_columns(binding, (), extra))
    if further:
        extra = (objective[0], *extra)
    if binding.has_range:
        extra = (*extra, "extrapolation")
    names = _columns(binding, tuple(formula for formula, _ in shown), extra)
    unread = _heed(binding, (objective[0], *compared), names, by, free=not further)
    watched = binding.watched
    formulas = (objective[0], *compared, *where, *names)
    with reporting(progress) as report:
        try:
            found = binding.ask(
                binding.space.near,
                (*formulas, *(name for name, _, _ in watched)),
                {
                    "objective": binding.objectives((objective,))[0],
                    "within": share,
                    "where": binding.conditions(where),
                    "columns": binding.values(names),
                    "watched": binding.ranges(watched),
                    "by": grouped,
                    "then": binding.objectives(further),
                    "bits": bits,
                    "max_rows": limit,
                },
                count,
                report,
            )
        except LimitError as error:
            if error.limit != limit:
                raise _held(error, "a coarser resolution=") from None
            many = unread_axes(binding, (objective[0], *where), grouped)
            raise LimitError(
                f"more than {error.limit:,} configurations are that near{many}; ask for a smaller within=, "
                "for the front inside with then=, tighten where=, or raise max_rows=",
                rows=error.rows,
                limit=error.limit,
            ) from None
    _tell_unread(binding, unread, found.height, stacklevel + 1)
    if binding.gaps:
        _tell_gaps(binding, read, stacklevel + 1)
    _warn(binding, found, (objective[0],), stacklevel + 1, compared)
    return _frame(binding, found, shown, names)


def ask_table(
    binding: Binding,
    *,
    columns: Formulas | None,
    max_bytes: int,
    threads: int | None,
    progress: bool | Progress | None,
    stacklevel: int,
) -> pl.DataFrame:
    """Answer ``Sweep.table``."""
    if columns is None:
        columns = () if binding.law is None else "loss"
    names = _columns(binding, (), read_formulas(columns, "columns"))
    limit = read_count(max_bytes, "max_bytes")
    count = read_threads(threads)
    # The axes alone are no question.
    unread = _heed(binding, (), names, free=True, table=True) if names or binding.where else None
    where = binding.where
    with reporting(progress) as report:
        try:
            found = binding.ask(
                binding.space.table,
                (*where, *names),
                {
                    "where": binding.conditions(where),
                    "columns": binding.values(names),
                    "max_bytes": limit,
                },
                count,
                report,
            )
        except LimitError as error:
            raise LimitError(
                f"the table has {counted(error.rows, 'row')}, which do not fit into max_bytes={limit:,}; "
                "ask for fewer columns=, tighten where=, raise max_bytes=, or ask pareto or best, which need "
                "no table",
                rows=error.rows,
                limit=error.limit,
            ) from None
    _tell_unread(binding, unread, found.height, stacklevel + 1)
    if binding.gaps:
        _tell_gaps(binding, (*where, *names), stacklevel + 1)
    if not found.stats["feasible"]:
        _tell(why_empty(binding, (), 0), EmptyResultWarning, stacklevel + 1)
    return _frame(binding, found, (), names)


def _held(error: LimitError, coarser: str) -> LimitError:
    """Return the error of a search that ran out of room before it knew how many rows its answer has."""
    return LimitError(
        f"after a part of the space, {error.rows:,} configurations may still be on the front, more than the "
        f"{error.limit:,} that a search keeps in memory, though the front itself may be smaller; compare "
        f"with {coarser}, tighten where=, or raise max_rows=: four times as many are kept",
        rows=error.rows,
        limit=error.limit,
    )


def _columns(binding: Binding, objectives: Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that a result has beyond those of axes and objectives."""
    return distinct(columns, (*column_names(binding.axes), *objectives)) if columns else ()


def _heed(
    binding: Binding,
    objectives: tuple[str, ...],
    columns: tuple[str, ...],
    by: str | None = None,
    *,
    free: bool = False,
    table: bool = False,
) -> Verdict | None:
    """Judge the first question that a user asks of a sweep; ``None`` if it is another one."""
    if binding.heeded or _KEPT_BACK.get()[0]:
        return None
    return heed(binding.given, objectives, columns, by, free=free, table=table)


def _tell_unread(binding: Binding, unread: Verdict | None, height: int, stacklevel: int) -> None:
    if unread is None:
        return
    binding.heeded = True
    # An answer without rows has no first values.
    texts = (*(unread.axes if height else ()), *unread.names)
    if texts:
        _tell("; ".join(texts), UnreadAxisWarning, stacklevel + 1)


def _tell_gaps(binding: Binding, formulas: Sequence[str], stacklevel: int) -> None:
    """Warn of each column with nulls that a user's question reads, once for each sweep."""
    if not binding.gaps or _KEPT_BACK.get()[0]:
        return
    names = [name for name in binding.gaps_read(formulas) if name not in binding.gaps_told]
    if names:
        binding.gaps_told.update(names)
        _tell(missing(names, binding.gaps), MissingValueWarning, stacklevel + 1)


def _frame(
    binding: Binding, found: Rows, objectives: Sequence[Objective], names: Sequence[str]
) -> pl.DataFrame:
    return answer_frame(binding.axes, found, [*(formula for formula, _ in objectives), *names])


def _warn(
    binding: Binding, found: Rows, objectives: Sequence[str], stacklevel: int, then: Sequence[str] = ()
) -> None:
    """Warn of an empty answer, and once for each sweep of one outside the law's range."""
    if not found.height:
        if _KEPT_BACK.get() == (True, False):
            return  # the reason is not told, and finding it takes searches of its own
        text = why_empty(binding, objectives, found.stats["feasible"], then)
        _tell(text, EmptyResultWarning, stacklevel + 1)
    elif found.outside:
        binding.extrapolation_told = True
        _tell(extrapolated(binding, found), ExtrapolationWarning, stacklevel + 1)


@contextmanager
def quiet(*, strict: bool = False) -> Iterator[None]:
    """Keep back the warnings of questions that are asked inside; raise that of an empty answer if `strict`.

    The filters of `warnings` belong to the whole process, where other threads ask questions too.
    """
    token = _KEPT_BACK.set((True, strict))
    try:
        yield
    finally:
        _KEPT_BACK.reset(token)


def _tell(text: str, kind: type[IsoflopWarning], stacklevel: int) -> None:
    kept_back, strict = _KEPT_BACK.get()
    if strict and kind is EmptyResultWarning:
        raise EmptyResultWarning(text)
    if not kept_back:
        warnings.warn(text, kind, stacklevel=stacklevel)
