"""A value of a declaration file with the lines on which it stands: what every form reads, whatever the syntax was.

Invariants:
- a scalar keeps the text that was written: `on` stays `on`, `1.10` stays `1.10`; only `value` says that an unquoted null is nothing;
- a node may be reached along several paths (YAML aliases), so a walk visits each node once and costs what the file costs;
- no method recurses: depth is the file's business, never the stack's.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import msgspec

HOLE = "\ue000"
"""Stands in a text where a template expression (`{{ ... }}`) was: the value is not known."""
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "yes", "on", "1"})
_MERGE = "<<"
MAX_VALUES = 1_500_000
"""A text of more values than this is data, not a declaration; reading stops there, so that memory has a bound."""


MAX_DOCUMENTS = 2_000
"""Documents of one text that are read; more is data too."""


class Shape(Enum):
    """What a node is."""

    MAP = "map"
    LIST = "list"
    SCALAR = "scalar"


class Node(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A mapping, a list or a scalar, and the lines (1-based) on which it stands."""

    shape: Shape
    line: int
    end: int
    text: str = ""
    """Of a scalar: as written, quotes undone."""
    is_plain: bool = False
    """Of a scalar: written without quotes."""
    tag: str | None = None
    """A tag or function that stands before the value (`!Sub`), without its `!`."""
    pairs: tuple[tuple[Node, Node], ...] = ()
    items: tuple[Node, ...] = ()

    @property
    def is_map(self) -> bool:
        return self.shape is Shape.MAP

    @property
    def is_list(self) -> bool:
        return self.shape is Shape.LIST

    @property
    def is_scalar(self) -> bool:
        return self.shape is Shape.SCALAR

    @property
    def value(self) -> str | None:
        """The text of a scalar; None for null, for what a tag or a template changes, and for maps and lists."""
        if self.shape is not Shape.SCALAR or self.tag is not None or HOLE in self.text:
            return None
        return None if self.is_plain and self.text in _NULLS else self.text

    @property
    def is_true(self) -> bool:
        return self.shape is Shape.SCALAR and self.text.strip().lower() in _TRUE

    @property
    def is_empty(self) -> bool:
        """Null, an empty text, an empty map or list."""
        if self.shape is Shape.SCALAR:
            return self.tag is None and HOLE not in self.text and (not self.text.strip() or (self.is_plain and self.text in _NULLS))
        return not self.pairs and not self.items

    def entries(self) -> Iterator[tuple[Node, Node]]:
        """Key and value of a mapping, merged mappings (`<<`) included; a key stands once, its last writing wins, own before merged."""
        if not self.pairs:
            return
        own: dict[str, tuple[Node, Node]] = {}
        waiting: list[Node] = []
        for key, value in self.pairs:
            if key.text == _MERGE and key.is_plain and not value.is_scalar:
                waiting.extend(reversed(value.items) if value.is_list else (value,))
            else:
                own[key.text] = (key, value)
        seen = {id(self)}
        while waiting:
            merged = waiting.pop()
            if not merged.is_map or id(merged) in seen:
                continue
            seen.add(id(merged))
            for key, value in merged.pairs:
                if key.text == _MERGE and key.is_plain and not value.is_scalar:
                    waiting.extend(reversed(value.items) if value.is_list else (value,))
                else:
                    own.setdefault(key.text, (key, value))
        yield from own.values()

    def entry(self, key: str) -> tuple[Node, Node] | None:
        """The key and the value that stand under a key."""
        found = None
        has_merge = False
        for name, value in self.pairs:
            if name.text == key:
                found = (name, value)
            elif name.text == _MERGE:
                has_merge = True
        if found is not None or not has_merge:
            return found
        return next((pair for pair in self.entries() if pair[0].text == key), None)

    def get(self, *path: str) -> Node | None:
        """The node under a path of keys; None where one of them is missing."""
        node: Node | None = self
        for key in path:
            if node is None or not node.is_map:
                return None
            pair = node.entry(key)
            node = None if pair is None else pair[1]
        return node

    def first(self, *keys: str) -> Node | None:
        """The value of the first of several keys that is there and not empty."""
        for key in keys:
            found = self.get(key)
            if found is not None and not found.is_empty:
                return found
        return None

    def string(self, *path: str) -> str | None:
        """The text under a path of keys; None where it is missing, null, unresolved or blank."""
        node = self.get(*path)
        value = None if node is None else node.value
        return value if value is not None and value.strip() else None

    def has(self, *keys: str) -> bool:
        """Whether every one of these keys is there."""
        return all(self.entry(key) is not None for key in keys)

    def keys(self) -> tuple[str, ...]:
        return tuple(key.text for key, _ in self.entries())

    def children(self) -> tuple[Node, ...]:
        """The items of a list; a mapping's values; a single value stands for a list of itself."""
        if self.is_list:
            return self.items
        return tuple(value for _, value in self.entries()) if self.is_map else (self,)

    def elements(self) -> tuple[Node, ...]:
        """The items of a list; anything else that is not empty is the only element."""
        if self.is_list:
            return self.items
        return () if self.is_empty else (self,)

    def strings(self) -> tuple[str, ...]:
        """The texts of a list, or the text itself; what is not a known text is left out."""
        return tuple(value for item in self.elements() if (value := item.value) is not None and value.strip())

    def walk(self) -> Iterator[Node]:
        """This node and everything below it, in the order of the text, each map and list once."""
        seen: set[int] = set()
        waiting = [self]
        while waiting:
            node = waiting.pop()
            if node.shape is Shape.SCALAR:
                yield node
                continue
            if id(node) in seen:
                continue
            seen.add(id(node))
            yield node
            if node.is_list:
                waiting.extend(reversed(node.items))
            else:
                waiting.extend(value for _, value in reversed(node.pairs))


def scalar(text: str, line: int, *, end: int | None = None, is_plain: bool = False, tag: str | None = None) -> Node:
    """A scalar node."""
    return Node(shape=Shape.SCALAR, line=line, end=line if end is None else end, text=text, is_plain=is_plain, tag=tag)


def null(line: int) -> Node:
    """A value that is not there."""
    return scalar("null", line, is_plain=True)


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Something in a text that is not its syntax."""

    line: int
    what: str
    is_deep: bool = False


class Tree(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """The documents of a text, and what in it could not be read."""

    documents: tuple[Node, ...]
    troubles: tuple[Trouble, ...] = ()
    is_whole: bool = True
    """False: the text could not be read at all, or only up to a place."""
