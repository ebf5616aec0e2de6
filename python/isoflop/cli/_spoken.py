"""Messages of the library in the words of the command line: ``max_rows=`` is ``--max-rows`` there."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_OPTIONS: ContextVar[Callable[[], Collection[str]] | None] = ContextVar("_OPTIONS", default=None)

# A keyword as messages write it, `name=` or `name="value"`; not a comparison, nor anything in a formula.
_KEYWORD = re.compile(r"""(?<![\w.`=-])([a-z][a-z_]*)=(?!=)(?:"([^"]*)"|([\w.+-]*))""")
# An input with a value, as the constructor of a sweep would be given it.
_INPUT = re.compile(r'"(\w+)": (\[0, \*iso\.(?:geomspace|linspace)\([^)]*\)\]|[^;]*?)(?=$|;|, e\.g\.)')
_SPACED = re.compile(r"(?:\[0, \*)?iso\.(geomspace|linspace)\(([^)]*)\)\]?")
_TABLES = ("axes", "pools", "quantities")

_PHRASES = (
    (re.compile(r"with law=law\.replace\(\w+=\.\.\.\)"), "with a table [law] of its own"),
    (re.compile(r"iso\.(laws|allocations|architectures|models)\(\)"), r"isoflop \1"),
    (re.compile(r'iso\.law\("([^"]*)"\)'), r"isoflop law \1"),
    (re.compile(r'iso\.architecture\("([^"]*)"\)'), r"isoflop architecture \1"),
    (re.compile(r"iso\.allocation\([^)]*\)"), "isoflop allocations"),
    (re.compile(r"ask iso\.Sweep"), "write a sweep file"),
    (re.compile(r'pl\.DataFrame\(\{"(\w+)": \[\.\.\.\]\}\)'), r"{ \1 = [...] }"),
    (re.compile(r"a pl\.DataFrame"), "a table"),
    (re.compile(r"an iso\.Law"), "a law"),
)


@contextmanager
def speaking(options: Callable[[], Collection[str]]) -> Iterator[None]:
    """Say inside which options the command has; they are asked for once there is something to say."""
    token = _OPTIONS.set(options)
    try:
        yield
    finally:
        _OPTIONS.reset(token)


def spoken(message: str) -> str:
    """Return a message of the library as the command line says it; a formula below it stays as it is.

    Examples
    --------
    >>> with speaking(lambda: {"--max-rows", "SWEEP"}):
    ...     print(spoken('raise max_rows=, or pass law=, e.g. law="besiroglu2024"'))
    raise --max-rows, or pass `law` in the sweep file, e.g. law = "besiroglu2024"
    """
    ask = _OPTIONS.get()
    if ask is None:
        return message
    options = ask()
    first, *below = message.split("\n")
    for pattern, instead in _PHRASES:
        first = pattern.sub(instead, first)

    def keyword(found: re.Match[str]) -> str:
        name, quoted, plain = found.groups()
        option, value = _option(name), quoted if quoted is not None else plain
        if option in options:
            return f"{option} {value}".rstrip()
        if "SWEEP" not in options or name not in ("law", "where", "architecture", *_TABLES):
            return found.group()
        if value:
            return f"{name} = {found.group().partition('=')[2]}"
        return f"[{name}] in the sweep file" if name in _TABLES else f"`{name}` in the sweep file"

    def given(found: re.Match[str]) -> str:
        name, value = found.groups()
        if _option(name) in options:
            return f"{_option(name)} {value}"
        return f"{name} = {_SPACED.sub(_spacing, value)}"

    return "\n".join([_INPUT.sub(given, _KEYWORD.sub(keyword, first)), *below])


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _spacing(found: re.Match[str]) -> str:
    return f"{{ {found.group(1)} = [{found.group(2)}] }}"
