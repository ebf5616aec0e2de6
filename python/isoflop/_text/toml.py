"""TOML: read by the standard library, and written, as much of it as a sweep file needs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from isoflop._text.numbers import number_text

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WIDTH = 100


def read(data: bytes) -> dict[str, Any]:
    """Return what a file holds; a byte order mark at its beginning, as some editors put it, is none of it.

    Raises
    ------
    UnicodeDecodeError
        If it is not UTF-8.
    ValueError
        If it is not TOML, with the reason.
    """
    return parse(data.decode("utf-8"))


def parse(text: str) -> dict[str, Any]:
    """Return what a text holds, as `read` does."""
    import tomllib  # `import isoflop` stays quick

    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def key(name: str) -> str:
    """Return a key, quoted if it has to be."""
    return name if _BARE.fullmatch(name) else _text(name)


def value(item: object) -> str:
    """Return a value on one line, mappings as inline tables."""
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, int | float):
        return number_text(item)  # TOML writes numbers as Python does, nan and inf included
    if isinstance(item, str):
        return _text(item)
    if isinstance(item, Mapping):
        return "{ " + ", ".join(f"{key(name)} = {value(part)}" for name, part in item.items()) + " }"
    if isinstance(item, Sequence):
        return "[" + ", ".join(map(value, item)) + "]"
    raise TypeError(f"TOML has no {type(item).__name__}: {item!r}")


def entry(name: str, item: object) -> str:
    """Return ``name = value``; an array that is too long for a line goes over several."""
    line = f"{key(name)} = {value(item)}"
    if len(line) <= _WIDTH or isinstance(item, str | Mapping) or not isinstance(item, Sequence):
        return line
    lines, current = [f"{key(name)} = ["], "   "
    for part in item:
        piece = f" {value(part)},"
        if len(current) + len(piece) > _WIDTH and current.strip():
            lines.append(current)
            current = "   "
        current += piece
    return "\n".join([*lines, current, "]"])


def table(path: str, items: Mapping[str, object], *, depth: int = 2) -> str:
    """Return a table under its header; mappings in it are tables of their own down to ``depth`` levels."""
    lines = [f"[{path}]"]
    nested = []
    for name, item in items.items():
        if isinstance(item, Mapping) and depth > 1:
            nested.append(table(f"{path}.{key(name)}", item, depth=depth - 1))
        else:
            lines.append(entry(name, item))
    return "\n\n".join(["\n".join(lines), *nested])


def _text(text: str) -> str:
    # JSON's escapes are TOML's, but for the one control character that JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
