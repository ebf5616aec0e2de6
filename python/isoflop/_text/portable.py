"""Pickles that name no private module: what is public is made anew through the package itself."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def rebuild(name: str | type, *content: Any) -> Any:
    """Make a public object anew from its public name and what its ``__reduce__`` kept.

    The name may be that of the function that made it, with its arguments and a dict of its keywords.
    """
    # A class of a user's own, derived from a public one, is kept as itself.
    kind: Any = getattr(import_module("isoflop"), name) if isinstance(name, str) else name
    if isinstance(kind, type):
        return kind._rebuilt(*content)  # type: ignore[attr-defined]
    *arguments, keywords = content
    return kind(*arguments, **keywords)


# As pickles name it; the package has it under this name.
rebuild.__module__, rebuild.__qualname__ = "isoflop", "_rebuild"


def public_name(kind: type) -> str | type:
    """Return the name by which `rebuild` finds a class, or the class where it is not a public one."""
    found = getattr(import_module("isoflop"), kind.__name__, None)
    return kind.__name__ if found is kind else kind
