"""Progress: how a long question tells how far it is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TextIO, TypeAlias

from isoflop._text.given import shown

Progress: TypeAlias = Callable[[int, int], object]
"""Called with the configurations settled so far, and with all there are."""


def reporting(progress: bool | Progress | None) -> AbstractContextManager[Progress | None]:
    """Give the callback for one question, and tidy up after it.

    ``True`` draws a bar in a notebook, or on standard error if that is a terminal; ``None`` and ``False``
    report nothing.

    Raises
    ------
    TypeError
        If ``progress`` is something else than these and cannot be called.
    ModuleNotFoundError
        If a bar is wanted and rich is not installed.
    """
    if progress is None or progress is False:
        return nullcontext()
    if progress is not True:
        if not callable(progress):
            raise TypeError(f"progress must be True or a function of (settled, total), not {shown(progress)}")
        return nullcontext(progress)
    if _in_notebook():
        return _notebook_bar()
    errors: TextIO | None = sys.stderr  # None if it was closed before the process began
    return _bar() if errors is not None and errors.isatty() else nullcontext()


def _in_notebook() -> bool:
    """Tell whether a notebook runs this; where IPython is not loaded, none does."""
    ask = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = ask() if callable(ask) else None
    return getattr(shell, "kernel", None) is not None


@contextmanager
def _notebook_bar() -> Iterator[Progress]:
    from importlib import import_module

    # By name: IPython is there in a notebook and nowhere else.
    display = import_module("IPython.display")
    handle = display.display(display.HTML(_bar_html(0, 1)), display_id=True)
    shown = 0

    def report(settled: int, total: int) -> None:
        nonlocal shown
        share = 1000 * settled // max(total, 1)
        if share != shown:  # a notebook is sent no more than can be seen
            shown = share
            handle.update(display.HTML(_bar_html(settled, total)))

    try:
        yield report
    finally:
        handle.update(display.HTML(""))


def _bar_html(settled: int, total: int) -> str:
    share = settled / max(total, 1)
    bar = f'<progress value="{share:.3f}" max="1"></progress>'
    return f"{bar} {share:.0%} of the configurations settled"


@contextmanager
def _bar() -> Iterator[Progress]:
    try:
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "progress=True draws its bar with rich, which is not installed: pip install isoflop[cli]",
            name=error.name,
        ) from error

    # Drawn from the callback alone: a refresh thread would outlive an interrupt.
    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        auto_refresh=False,
    )
    with bar:
        task = bar.add_task("configurations settled")

        def report(settled: int, total: int) -> None:
            bar.update(task, completed=settled, total=total, refresh=True)

        yield report
