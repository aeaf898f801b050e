"""The ledger of one connection as lines that a person reads: what was not read, what was read and not settled, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from remit.app.current import Current
from remit.app.web.coverage import not_read, unresolved
from remit.model.evidence import MAY_HIDE, Gap, GapKind

SORTS = {"hidden": "May hide something", "not-read": "Not read", "left-out": "Left out on purpose", "not-settled": "Read, not settled"}
"""In the order of how much they matter."""
_ORDER = {sort: number for number, sort in enumerate(SORTS)}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing. Texts come from outside and are shown escaped."""

    sort: str
    place: str
    kind: str
    """Of the reason: `no permission`, `parse error` ..."""
    why: str


def ledger(current: Current, connection: str) -> list[Line]:
    """Everything that one look could not see or settle, what may hide something first."""
    return sorted(_lines(current, connection), key=lambda line: (_ORDER[line.sort], line.kind, line.place))


def joined(current: Current) -> list[Line]:
    """What could not be settled when all connections were joined."""
    return [_line(gap, "not-settled") for gap in current.link_gaps]


def reasons(lines: list[Line]) -> list[tuple[str, str, int]]:
    """How many there are of each sort and reason, the most frequent first within a sort."""
    counts = Counter((line.sort, line.kind) for line in lines)
    ordered = sorted(counts.items(), key=lambda item: (_ORDER[item[0][0]], -item[1], item[0][1]))
    return [(sort, kind, count) for (sort, kind), count in ordered]


def _lines(current: Current, connection: str) -> Iterator[Line]:
    for gap in not_read(current, connection):
        is_hidden = gap.kind in MAY_HIDE
        yield _line(gap, "hidden" if is_hidden else "left-out" if gap.kind is GapKind.LEFT_OUT else "not-read")
    for gap in unresolved(current, connection):
        yield _line(gap, "not-settled")


def _line(gap: Gap, sort: str) -> Line:
    return Line(sort=sort, place=str(gap.place), kind=gap.kind, why=gap.what)
