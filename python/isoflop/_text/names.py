"""Names that formulas can read."""

from __future__ import annotations

from functools import cache, lru_cache

from isoflop import _native


@cache
def operation_names() -> frozenset[str]:
    """Return the words of the formula language, which nothing else can be called."""
    return frozenset(row["name"] for row in _native.operations() if row["name"].isidentifier())


# A script that makes many sweeps calls its axes the same.
@lru_cache(maxsize=512)
def is_name(name: str) -> bool:
    """Tell whether formulas can read a name."""
    return name.isidentifier() and name.isascii() and name not in operation_names()
