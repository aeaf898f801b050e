"""What one turn of the loop came to, in sentences: what was read of each connection, and what is new, changed and gone by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from remit.app.turn import Turn
from remit.model.ledger import Scan
from remit.model.shown import printable

_NAMED = 12


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence."""

    about: str = ""
    """The connection that it begins with; empty: it is about all of them."""
    text: str
    is_detail: bool = False
    """It belongs to the line before."""


def turn_lines(turn: Turn) -> Iterator[Line]:
    """Everything but the connections that could not be read: `faults` says those."""
    for scan in turn.scans:
        if not scan.fault:
            yield from _scan_lines(scan)
    for word, slugs in (("new", turn.new), ("changed", turn.changed), ("gone", turn.gone)):
        if slugs:
            yield Line(text=f"{_counted(len(slugs), 'agent', 'agents')} {word}: {_listed(slugs)}")
    if turn.opened or turn.closed:
        yield Line(text=f"findings: {len(turn.opened):,} opened, {len(turn.closed):,} closed")


def faults(turn: Turn) -> list[tuple[str, str]]:
    """Connections that could not be read, and why."""
    return [(scan.connection, scan.fault.removeprefix(f"{scan.connection}: ")) for scan in turn.scans if scan.fault]


def has_failed(turn: Turn) -> bool:
    """Whether nothing at all could be read."""
    return bool(turn.scans) and all(scan.fault for scan in turn.scans)


def _scan_lines(scan: Scan) -> Iterator[Line]:
    is_code = scan.connection.startswith("code:")
    parts = [_counted(scan.objects, *(("file", "files") if is_code else ("object", "objects"))) + " read"] if scan.objects else []
    parts += [f"{scan.changed:,} new or changed"] if scan.changed and not is_code else []
    parts += [f"{scan.gone:,} gone"] if scan.gone else []
    parts += [f"{_counted(scan.events, 'new audit record', 'new audit records')}"] if scan.events else []
    parts += [f"{_counted(scan.unread_records, 'record', 'records')} set aside as unreadable"] if scan.unread_records else []
    yield Line(about=scan.connection, text=", ".join(parts) or "nothing new")
    for example in scan.unread_examples[:1] if scan.unread_records else ():
        place, _, why = printable(example, 1000).partition(": ")
        yield Line(text=f"such as {_shortened(place)}: {why}", is_detail=True)


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _shortened(place: str, most: int = 90) -> str:
    kept = (most - 3) // 2
    return place if len(place) <= most else f"{place[:kept]}...{place[len(place) - (most - 3 - kept) :]}"
