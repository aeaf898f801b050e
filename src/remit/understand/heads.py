"""Patterns of resources by what they begin with, so that each is compared with those alone that it can meet: there may be thousands.

Invariant: no item that fits is left out; whether a candidate really fits is asked of `document.pattern`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


def head_of(pattern: str) -> str:
    """What every text of a pattern begins with; the whole of it where it has no `*`."""
    return pattern.partition("*")[0]


class ByHead(Generic[T]):
    """Items, each kept under the head of a pattern; candidates come in the order in which they were added."""

    def __init__(self, items: Iterable[tuple[str, T]] = ()) -> None:
        """Begins with these, each by its pattern."""
        self._items: dict[str, list[tuple[int, T]]] = {}
        self._lengths: set[int] = set()
        self._sorted: list[str] = []
        """The heads in order; made when it is asked for, and only then."""
        self._count = 0
        for pattern, item in items:
            self.add(head_of(pattern), item)

    def add(self, head: str, item: T) -> None:
        """Keeps an item under a head."""
        kept = self._items.get(head)
        if kept is None:
            kept = self._items[head] = []
            self._lengths.add(len(head))
        kept.append((self._count, item))
        self._count += 1

    def may_cover(self, narrow: str) -> list[T]:
        """Items whose pattern may match all that this one matches."""
        return _in_order(self._above(head_of(narrow)))

    def may_meet(self, pattern: str) -> list[T]:
        """Items whose pattern may match something that this one matches too."""
        head = head_of(pattern)
        found = self._above(head)
        if len(self._sorted) != len(self._items):
            self._sorted = sorted(self._items)
        for at in range(bisect_right(self._sorted, head), len(self._sorted)):
            if not self._sorted[at].startswith(head):
                break
            found.append(self._items[self._sorted[at]])
        return _in_order(found)

    def _above(self, head: str) -> list[list[tuple[int, T]]]:
        """Items whose own head is this one, or begins it."""
        found = (self._items.get(head[:length]) for length in self._lengths if length <= len(head))
        return [items for items in found if items is not None]


def _in_order(found: list[list[tuple[int, T]]]) -> list[T]:
    if len(found) == 1:
        return [item for _, item in found[0]]
    return [item for _, item in sorted((each for items in found for each in items), key=lambda each: each[0])]
