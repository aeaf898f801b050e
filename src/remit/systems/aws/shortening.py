"""Makes what is kept fit into IAM's limits: many names that differ in one place become one pattern, as narrow as they allow.

Used only where the exact list does not fit. INVARIANT (never wider): a pattern stays within the one that the names were granted by.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import msgspec

from remit.systems.aws.pattern import contains, is_pattern
from remit.systems.aws.writing import Line

_DIGITS = re.compile(r"\d+")
_FEWEST = 3
"""Names that a pattern is worth."""
_ALIKE: tuple[Callable[[str], str], ...] = (
    lambda name: _DIGITS.sub("0", name),
    lambda name: name.rpartition("/")[0],
    lambda name: ":".join(name.split(":", 5)[:5]),
)
LEVELS = len(_ALIKE)
"""From 1: names that differ in numbers, names in one folder, all names of one kind."""


def shortened(lines: Iterable[Line], level: int) -> list[Line]:
    """The lines, names alike by the first `level` rules put together; level 0 leaves them as they are."""
    found = list(lines)
    for alike in _ALIKE[:level]:
        found = _put_together(found, alike)
    return found


def _put_together(lines: list[Line], alike: Callable[[str], str]) -> list[Line]:
    clusters: dict[tuple[str, str, str, str], list[Line]] = {}
    for line in lines:
        if line.bound:
            clusters.setdefault((line.action, line.condition, line.bound, alike(line.resource)), []).append(line)
    replaced: dict[Line, Line] = {}
    for members in clusters.values():
        names = sorted({line.resource for line in members})
        pattern = _around(names)
        if len(names) >= _FEWEST and contains(members[0].bound, pattern):
            replaced.update({line: msgspec.structs.replace(line, resource=pattern) for line in members})
    return list(dict.fromkeys(replaced.get(line, line) for line in lines))


def _around(names: list[str]) -> str:
    """The narrowest pattern with one `*` that matches all of these; a name that is a pattern already may stand for more."""
    head = _common(names)
    tail = _common([name[len(head) :][::-1] for name in names])[::-1]
    if is_pattern(head):
        head = head[: min(at for at in (head.find("*"), head.find("?")) if at >= 0)]
    if is_pattern(tail):
        tail = tail[max(tail.rfind("*"), tail.rfind("?")) + 1 :]
    return f"{head}*{tail}"


def _common(names: list[str]) -> str:
    """What all names begin with."""
    first, last = min(names), max(names)
    return first[: next((at for at, char in enumerate(first) if at >= len(last) or last[at] != char), len(first))]
