"""What several commands take: sweep files with changes to them, and numbers as people write them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from cyclopts import Parameter, Token

from isoflop._exceptions import SpaceError
from isoflop._text.numbers import NOTATION, written_number
from isoflop.cli._messages import Mistake, mistakes

if TYPE_CHECKING:
    from isoflop._sweep.load import SweepFile

STANDARD_INPUT = Path("-")


def _sweep_path(type_: Any, tokens: Sequence[Token]) -> Path:
    word = tokens[0].value
    if word.startswith("-") and word != "-":
        raise ValueError(f"unknown option {word}")
    path = Path(word)
    # A file of this name is given as ./-
    return path.absolute() if path == STANDARD_INPUT and word != "-" else path


SweepPath = Annotated[
    Path,
    Parameter(
        name="SWEEP",
        help="A sweep file (TOML), or - for standard input.",
        show_default=False,
        allow_leading_hyphen=True,
        converter=_sweep_path,
    ),
]
Several = Parameter(consume_multiple=(1, None), negative="", show_default=False)


def read_number(text: str) -> float:
    """Return a number as people write it: ``7e9``, ``7B``, ``1_000``.

    Raises
    ------
    ValueError
        If it is none; the message says what is one.
    """
    number = written_number(text)
    if number is None:
        try:
            number = float(text)  # infinities and NaN, which the library refuses by name
        except ValueError:
            raise ValueError(f"{text} is not a number such as {NOTATION}") from None
    return number


def read_count(text: str) -> int:
    """Return a whole number as people write it.

    Raises
    ------
    ValueError
        If it is none.
    """
    number = read_number(text)
    if number != number or number in (float("inf"), float("-inf")) or number != int(number):
        raise ValueError(f"{text} is not a whole number")
    return int(number)


def _numbers(type_: Any, tokens: Sequence[Token]) -> Any:
    several = tuple(float(read_number(token.value)) for token in tokens)
    return several if tuple in (type_, getattr(type_, "__origin__", None)) else several[0]


def _count(type_: Any, tokens: Sequence[Token]) -> Any:
    return read_count(tokens[0].value)


Number: TypeAlias = Annotated[float, Parameter(converter=_numbers)]
Count: TypeAlias = Annotated[int, Parameter(converter=_count)]
Numbers: TypeAlias = Annotated[
    tuple[float, ...],
    Parameter(converter=_numbers, consume_multiple=(1, None), negative="", show_default=False),
]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is changed in the sweep of a file before it is asked."""

    set: Annotated[
        tuple[str, ...],
        Parameter(
            consume_multiple=(1, None),
            negative="",
            show_default=False,
            help="Set or add axes and constants: NAME=VALUE, or NAME=VALUE,VALUE,... for an axis.",
        ),
    ] = ()
    where: Annotated[
        tuple[str, ...],
        Parameter(
            consume_multiple=(1, None),
            negative="",
            show_default=False,
            help="Further constraints, beside those of the file: formulas.",
        ),
    ] = ()


DEFAULT_CHANGES = Changes()


def subject_of(path: Path) -> str | Path:
    """Return what messages call a sweep file."""
    return "standard input" if path == STANDARD_INPUT else path


def load_sweep(path: Path, changes: Changes = DEFAULT_CHANGES) -> SweepFile:
    """Read a sweep file, or standard input, and change its sweep as told.

    Raises
    ------
    Mistake
        If it cannot be read or changed.
    """
    from isoflop._sweep.load import SweepFile, load, parse

    with mistakes(subject_of(path)):
        file = parse(_standard_input(), "standard input") if path == STANDARD_INPUT else load(path)
    if not changes.set and not changes.where:
        return file
    values = dict(map(_read_change, changes.set))
    with mistakes(subject_of(path)):
        sweep = file.sweep.with_axes(**values) if values else file.sweep
        return SweepFile(sweep.filter(*changes.where), file.question)


def _standard_input() -> str:
    stream = sys.stdin
    if stream is None or stream.closed:
        raise SpaceError("standard input: it is closed")
    try:
        return stream.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise SpaceError(f"standard input: not UTF-8 at byte {error.start}") from None


def _read_change(word: str) -> tuple[str, float | list[float]]:
    name, sign, values = word.partition("=")
    name = name.strip()
    if not sign or not name:
        raise Mistake(f"--set {word}: must be NAME=VALUE, or NAME=VALUE,VALUE,... for an axis")
    numbers = []
    for value in values.split(","):
        number = written_number(value)
        if number is None:
            raise Mistake(f"--set {word}: {value.strip() or 'nothing'} is not a number such as {NOTATION}")
        numbers.append(number)
    return name, numbers[0] if len(numbers) == 1 else numbers
