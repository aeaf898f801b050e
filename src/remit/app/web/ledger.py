"""The ledger of one connection as lines that a person reads: what was not read, what was read and not settled, and why."""

from __future__ import annotations

from collections import Counter

import msgspec

from remit.app.coverage import Sort, sorted_gaps
from remit.app.current import Current
from remit.model.evidence import Gap

SORTS = {
    Sort.HIDDEN: "May hide something",
    Sort.NOT_READ: "Not read",
    Sort.NOT_SETTLED: "Read, not settled",
    Sort.LEFT_OUT: "Left out on purpose",
    Sort.NOTHING: "Nothing to look for",
}
"""In the order of how much they matter."""
_ORDER = {sort: number for number, sort in enumerate(SORTS)}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing. Texts come from outside and are shown escaped."""

    sort: Sort
    place: str
    kind: str
    """Of the reason: `no permission`, `parse error` ..."""
    why: str


def ledger(current: Current, connection: str) -> list[Line]:
    """Everything that one look could not see or settle, what may hide something first."""
    lines = (_line(gap, sort) for sort, gap in sorted_gaps(current, connection))
    return sorted(lines, key=lambda line: (_ORDER[line.sort], line.kind, line.place))


def joined(current: Current) -> list[Line]:
    """What could not be settled when all connections were joined."""
    return [_line(gap, Sort.NOT_SETTLED) for gap in current.link_gaps]


def reasons(lines: list[Line]) -> list[tuple[Sort, str, int]]:
    """How many there are of each sort and reason, the most frequent first within a sort."""
    counts = Counter((line.sort, line.kind) for line in lines)
    ordered = sorted(counts.items(), key=lambda item: (_ORDER[item[0][0]], -item[1], item[0][1]))
    return [(sort, kind, count) for (sort, kind), count in ordered]


def _line(gap: Gap, sort: Sort) -> Line:
    return Line(sort=sort, place=str(gap.place), kind=gap.kind, why=gap.what)
