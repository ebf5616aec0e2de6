"""Frozen: a mapping that cannot change, for whatever is handed out or kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

Value = TypeVar("Value", covariant=True)


class Frozen(Mapping[str, Value]):
    """A mapping that cannot change: comparable, hashable, and written like a dict.

    Unlike the standard library's, it can be pickled and copied.
    """

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, Value]) -> None:
        self._items = dict(items)

    def __getitem__(self, name: str) -> Value:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return repr(self._items)

    def __reduce__(self) -> tuple[type[Frozen[Value]], tuple[dict[str, Value]]]:
        # Every protocol: the first two know nothing of slots.
        return Frozen, (self._items,)
