"""What one turn of the loop came to, in sentences: what was read of each connection, and what is new, changed and gone by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from remit.app.coverage import IN_DOUBT, Sort
from remit.app.turn import Turn
from remit.model.evidence import MAY_HIDE
from remit.model.ledger import Scan
from remit.model.shown import printable

_NAMED = 12
_BLIND = 2
"""Gaps of one log that are told."""


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


def blind_spots(turn: Turn) -> list[tuple[str, str]]:
    """Connections whose audit records were not all in sight, and what was not: what is used there is known in part, or not at all."""
    told: list[tuple[str, str]] = []
    for scan in turn.scans:
        hidden = [gap for gap in scan.gaps if gap.kind in MAY_HIDE]
        told += [(scan.connection, f"{printable(str(gap.place), 400)}: {printable(gap.what, 600)}") for gap in hidden[:_BLIND]]
        if len(hidden) > _BLIND:
            told.append((scan.connection, f"{_counted(len(hidden) - _BLIND, 'more part', 'more parts')} of its log could not be read"))
    return told


def coverage_line(counts: Mapping[Sort, int]) -> str:
    """What was not read and not settled, as pages count it; empty: everything was."""
    doubtful = sum(counts.get(sort, 0) for sort in IN_DOUBT)
    aside = {"left out on purpose": counts.get(Sort.LEFT_OUT, 0), "with nothing to look for": counts.get(Sort.NOTHING, 0)}
    parts = [f"{_counted(doubtful, 'part', 'parts')} not read that may hide something"] if doubtful else []
    parts += [f"{counts[Sort.NOT_SETTLED]:,} read and not settled"] if counts.get(Sort.NOT_SETTLED) else []
    parts += [f"{number:,} {words}" for words, number in aside.items() if number]
    return ", ".join(parts)


def has_failed(turn: Turn) -> bool:
    """Whether nothing at all could be read."""
    return bool(turn.scans) and all(scan.fault for scan in turn.scans)


def _scan_lines(scan: Scan) -> Iterator[Line]:
    is_code = scan.connection.startswith("code:")
    parts = [_counted(scan.objects, *(("file", "files") if is_code else ("object", "objects"))) + " read"] if scan.objects else []
    parts += [f"{scan.changed:,} new or changed"] if scan.changed and not is_code else []
    parts += [f"{scan.gone:,} gone"] if scan.gone else []
    own = scan.events - scan.of_strangers
    parts += [f"{_counted(own, 'new audit record', 'new audit records')}"] if own else []
    parts += [f"{_counted(scan.of_strangers, 'decision', 'decisions')} about agents unknown here"] if scan.of_strangers else []
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
