"""Frozen: a mapping that cannot change, for whatever is handed out or kept."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

Value = TypeVar("Value")


class Frozen(dict[str, Value]):
    """A dict that cannot change: comparable, hashable, and written like one.

    Unlike the standard library's `MappingProxyType`, it can be pickled and copied.
    """

    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        # As a plain one: what holds it freezes it again.
        return Frozen, (dict(self),)

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("this mapping cannot change; make a dict of it first")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse
