"""The question of a front: its keywords, each with type and default, in one record.

`Sweep.pareto` and `Sweep.profile` take them, sweep files and the command line read them here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, cast

if TYPE_CHECKING:
    from isoflop._pareto.arguments import Formulas
    from isoflop._run.progress import Progress

DEFAULT_MAX_ROWS = 10_000_000
"""Rows beyond which a front is refused."""


class FrontQuestion(TypedDict, total=False):
    """The keywords of a front; `Sweep.pareto` says what they mean."""

    minimize: Formulas
    maximize: Formulas
    resolution: float | Mapping[str, float] | None
    rows: int | None
    columns: Formulas
    by: str | None
    ties: str
    max_rows: int
    method: str
    threads: int | None
    progress: bool | Progress | None


_DEFAULTS = FrontQuestion(
    minimize=(),
    maximize=(),
    resolution=None,
    rows=None,
    columns=(),
    by=None,
    ties="first",
    max_rows=DEFAULT_MAX_ROWS,
    method="auto",
    threads=None,
    progress=None,
)

RUNNING = ("method", "threads", "progress")
"""Those that change how an answer is found, not the answer: files do not hold them."""

KEYWORDS = tuple(_DEFAULTS)

Method = TypeVar("Method", bound=Callable[..., Any])


def complete(question: FrontQuestion, method: str) -> FrontQuestion:
    """Return a question with the defaults of what it does not say.

    Raises
    ------
    TypeError
        If there is a keyword that a front does not have; `method` is what the message calls the caller.
    """
    if not question.keys() <= _DEFAULTS.keys():
        from isoflop._text.spelling import did_you_mean

        name = next(name for name in question if name not in _DEFAULTS)
        raise TypeError(f"{method}() has no keyword `{name}`{did_you_mean(name, KEYWORDS)}")
    return cast(FrontQuestion, {**_DEFAULTS, **question})


def asks_for_a_front(method: Method) -> Method:
    """Give a method the signature of a front's keywords, for `help` and editors."""
    kind = Parameter.KEYWORD_ONLY
    hints = {name: hint.__forward_arg__ for name, hint in FrontQuestion.__annotations__.items()}
    keywords = [Parameter(n, kind, default=value, annotation=hints[n]) for n, value in _DEFAULTS.items()]
    own = Parameter("self", Parameter.POSITIONAL_OR_KEYWORD)
    answer = method.__annotations__["return"]
    cast(Any, method).__signature__ = Signature([own, *keywords], return_annotation=answer)
    return method
