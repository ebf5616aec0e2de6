"""Keys of a sweep file that stand in the wrong place, or are slips of others.

TOML has no way back to the top: whatever follows a table's header belongs to that table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from isoflop._accounting.quantities import quantities
from isoflop._exceptions import SpaceError
from isoflop._law.catalogue import is_law_file
from isoflop._text.spelling import did_you_mean, nearest
from isoflop.catalog.files import law_ids

SPACINGS = ("geomspace", "linspace")
_HEADER = re.compile(r"^\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$", re.MULTILINE)


def refuse_misplaced(content: Mapping[str, Any], text: str, file: str) -> None:
    """Refuse ``where`` and ``law`` inside a table.

    Raises
    ------
    SpaceError
        If one of them stands there; the message says where it belongs.
    """
    for name, item in content.items():
        if isinstance(item, dict):
            _look_through((name,), item, text, file)


def _look_through(path: tuple[str, ...], table: Mapping[str, Any], text: str, file: str) -> None:
    for key, item in table.items():
        if _misplaced(path, key, item):
            first = _HEADER.search(text)
            header = first.group(1) if first is not None else path[0]
            landed = ".".join(path)
            raise SpaceError(
                f"{file}: `{key}` stands in the table [{landed}], where it means nothing; put `{key}` above "
                f"[{header}], the first table of the file",
                axis=key,
            )
        if isinstance(item, dict):
            _look_through((*path, key), item, text, file)


def _misplaced(path: tuple[str, ...], key: str, item: object) -> bool:
    if key == "where":
        return path[-1] != "source"  # files of laws and architectures say where they were printed
    if key == "architecture":
        return isinstance(item, str) and path != ("quantities",)
    if key != "law" or path[0] == "law":
        return False
    if path == ("quantities",):
        return isinstance(item, dict) or is_law_file(item) or str(item).lower() in law_ids()
    return isinstance(item, str) or (isinstance(item, dict) and isinstance(item.get("formula"), str))


def refuse_unknown(
    content: Mapping[str, Any], keys: Sequence[str], questions: Mapping[str, Sequence[str]], file: str
) -> None:
    """Refuse a key at the top of the file that is none of these.

    Raises
    ------
    SpaceError
        If there is one; the message names the key or the table that may have been meant.
    """
    for name, item in content.items():
        if name in keys:
            continue
        tables = [f"[{table}]" for table, keywords in questions.items() if name in keywords]
        if tables and not isinstance(item, dict):
            meant = f"; it belongs into the table of a question: {', '.join(tables)}"
        elif name in quantities():
            meant = "; an axis or a constant belongs into the table [axes]"
        else:
            meant = did_you_mean(name, keys, f"; known are {', '.join(keys)}")
        raise SpaceError(f"{file}: unknown key `{name}`{meant}", axis=name)


def slip_of_spacing(item: Mapping[str, Any]) -> str | None:
    """Return the key of an axis table that is a slip of a spacing: its one column, of three numbers."""
    for key, values in item.items():
        others = [other for other in item if other != key and not nearest(other, ("endpoint",))]
        if (
            not others
            and isinstance(values, list)
            and len(values) == 3
            and len(key) >= 6
            and key not in quantities()
            and (key == "logspace" or nearest(key, SPACINGS))
        ):
            return key
    return None


def refuse_slip(item: Mapping[str, Any], label: str) -> None:
    """Refuse an axis table that names a spacing wrongly.

    Raises
    ------
    SpaceError
        If it does; the message names the right one.
    """
    key = slip_of_spacing(item)
    if key is None:
        return
    if key == "logspace":
        meant = "; write `geomspace`, whose ends are the numbers themselves, not their exponents"
    else:
        meant = did_you_mean(key, SPACINGS)
    raise SpaceError(f"{label}: unknown key `{key}`{meant}", axis=key)
