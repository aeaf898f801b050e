"""What was looked at, in numbers: an empty answer means nothing without it."""

from __future__ import annotations

import msgspec

from remit.app.current import Current
from remit.model.evidence import Gap, GapKind


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """What the last look at each connection came to."""

    connections: int
    scanned: str
    """When the oldest of the last looks was; empty: nothing was looked at yet."""
    latest: str
    objects: int
    not_read: int
    """Parts that were not read, those that were left out on purpose aside."""
    left_out: int
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
    gaps = [gap for name in names for gap in not_read(current, name)]
    at = sorted(scan.at for scan in scans)
    return Coverage(
        connections=len(names),
        scanned=at[0] if at else "",
        latest=at[-1] if at else "",
        objects=sum(scan.objects for scan in scans),
        not_read=sum(gap.kind is not GapKind.LEFT_OUT for gap in gaps),
        left_out=sum(gap.kind is GapKind.LEFT_OUT for gap in gaps),
        unresolved=sum(len(unresolved(current, name)) for name in names) + (len(current.link_gaps) if only is None else 0),
        unread_records=sum(scan.unread_in_all for scan in scans),
        faulty=tuple(scan.connection for scan in scans if scan.fault),
        never=tuple(name for name in names if name not in current.scans),
    )


def not_read(current: Current, connection: str) -> tuple[Gap, ...]:
    """What the last look at a connection did not read, of its state and of its log."""
    scan = current.scans.get(connection)
    return (*current.skipped(connection), *(scan.gaps if scan is not None else ()))


def unresolved(current: Current, connection: str) -> tuple[Gap, ...]:
    """What was read of a connection and could not be settled."""
    reading = current.readings.get(connection)
    return reading.inventory.ledger.unresolved if reading is not None else ()
