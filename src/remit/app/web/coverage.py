"""What was looked at, in numbers: an empty answer means nothing without it."""

from __future__ import annotations

import msgspec

from remit.app.coverage import IN_DOUBT, Sort, counts
from remit.app.current import Current


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """What the last look at each connection came to."""

    connections: int
    scanned: str
    """When the oldest of the last looks was; empty: nothing was looked at yet."""
    latest: str
    objects: int
    not_read: int
    """Parts that were not read and may hide something."""
    left_out: int
    """On purpose."""
    nothing: int
    """Parts that hold nothing that Remit looks for."""
    unresolved: int
    """Read, and not settled."""
    unread_records: int
    faulty: tuple[str, ...]
    """Connections that could not be read at all."""
    never: tuple[str, ...]
    """Connections that nobody looked at yet."""


def covered(current: Current, only: str | None = None) -> Coverage:
    """Over everything that is connected, or one connection alone."""
    names = [name for name in current.connections if only in (None, name)]
    scans = [current.scans[name] for name in names if name in current.scans]
    found = counts(current, only)
    at = sorted(scan.at for scan in scans)
    return Coverage(
        connections=len(names),
        scanned=at[0] if at else "",
        latest=at[-1] if at else "",
        objects=sum(scan.objects for scan in scans),
        not_read=sum(found.get(sort, 0) for sort in IN_DOUBT),
        left_out=found.get(Sort.LEFT_OUT, 0),
        nothing=found.get(Sort.NOTHING, 0),
        unresolved=found.get(Sort.NOT_SETTLED, 0),
        unread_records=sum(scan.unread_in_all for scan in scans),
        faulty=tuple(scan.connection for scan in scans if scan.fault),
        never=tuple(name for name in names if name not in current.scans),
    )
