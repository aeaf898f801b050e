"""What was read of everything that is connected, what was not, and why: the ledger that every scan ends with.

The one place that decides what a gap is worth to somebody who asks whether something was missed. Invariants:
- what may hide something is never counted among what was left out on purpose, nor among what holds nothing that Remit looks for;
- a file holds nothing only by its name, where no reader is for it: what broke or is too large may hide something.
"""

from __future__ import annotations

import pkgutil
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from remit.app.current import Current
from remit.model.evidence import MAY_HIDE, Gap, GapKind
from remit.model.ledger import Ledger


class Sort(StrEnum):
    """What became of something that is in the ledger; in the order of how much it matters."""

    HIDDEN = "hidden"
    """Out of sight: no permission, no answer, or not where the settings say."""
    NOT_READ = "not-read"
    """It was there and was not read: it may hide something too."""
    NOT_SETTLED = "not-settled"
    """It was read, and something in it could not be made out."""
    LEFT_OUT = "left-out"
    """Somebody, or the settings, said so."""
    NOTHING = "nothing"
    """It holds nothing that Remit looks for."""


IN_DOUBT = frozenset({Sort.HIDDEN, Sort.NOT_READ})
"""What may hide something: a person should look."""


def sort_of(gap: Gap, *, is_code: bool) -> Sort:
    """What something that was not read is worth. `is_code`: it stands in a folder of code, and not in a system or a log."""
    if gap.kind in MAY_HIDE:
        return Sort.HIDDEN
    if gap.kind is GapKind.LEFT_OUT:
        return Sort.LEFT_OUT
    return Sort.NOTHING if is_code and _holds_nothing(gap) else Sort.NOT_READ


def _holds_nothing(gap: Gap) -> bool:
    # What a link inside the folder leads to is looked at in its own place; a device or a socket has no text.
    if gap.kind in (GapKind.LINK, GapKind.SPECIAL):
        return True
    if gap.kind is not GapKind.UNSUPPORTED or not gap.is_file:
        return False
    path, (names, suffixes) = PurePosixPath(gap.place.path.lower()), _table()
    return path.name in names or path.suffix in suffixes


@cache
def _table() -> tuple[frozenset[str], frozenset[str]]:
    """Names and endings of files that hold nothing that Remit looks for."""
    table = tomllib.loads((pkgutil.get_data(__name__.rpartition(".")[0], "nothing_to_look_for.toml") or b"").decode())
    return frozenset(table["names"]), frozenset(table["endings"])


def sorted_gaps(current: Current, connection: str) -> Iterator[tuple[Sort, Gap]]:
    """Everything in the ledger of a connection: of its state, of its log, and what was read and not settled."""
    is_code = current.connections[connection].kind == "code"
    scan, reading = current.scans.get(connection), current.readings.get(connection)
    for gap in (*current.skipped(connection), *(scan.gaps if scan is not None else ())):
        yield sort_of(gap, is_code=is_code), gap
    for gap in reading.inventory.ledger.unresolved if reading is not None else ():
        yield Sort.NOT_SETTLED, gap


def counts(current: Current, only: str | None = None) -> Mapping[Sort, int]:
    """How much there is of each sort; of everything that is connected, what the joining of it could not settle included, or of one."""
    found = Counter(sort for name in current.connections if only in (None, name) for sort, _ in sorted_gaps(current, name))
    if only is None:
        found[Sort.NOT_SETTLED] += len(current.link_gaps)
    return found


def coverage(current: Current) -> dict[str, Any]:
    """What was read of every connection, what was not, and why, in the form of programs."""
    merged: dict[str, Any] = {"files_read": 0, "files_skipped": [], "unresolved": [], "connections": []}
    for connection in current.connections.values():
        reading, scan = current.readings.get(connection.id), current.scans.get(connection.id)
        if reading is not None:
            part = coverage_json(reading.inventory.ledger)
            merged["files_read"] += part["files_read"] if connection.kind == "code" else 0
            for key in ("files_skipped", "unresolved"):
                merged[key] += [{**entry, "connection": connection.id} for entry in part[key]]
        merged["connections"].append(
            {
                "connection": connection.id,
                "scanned": scan.at if scan is not None else None,
                "fault": (scan.fault or None) if scan is not None else "never scanned",
                "objects": scan.objects if scan is not None else 0,
                "unread_records": scan.unread_in_all if scan is not None else 0,
                "not_read": [{"place": str(gap.place), "why": gap.what} for gap in scan.gaps] if scan is not None else [],
                "counts": counts_json(counts(current, connection.id)),
            }
        )
    merged["unresolved"] += [{"path": gap.place.path, "line": gap.place.line, "what": gap.what} for gap in current.link_gaps]
    merged["counts"] = counts_json(counts(current))
    return merged


def counts_json(found: Mapping[Sort, int]) -> dict[str, int]:
    """How much may hide something, was left out on purpose, holds nothing that Remit looks for, and was read and not settled."""
    return {
        "may_hide": sum(found.get(sort, 0) for sort in IN_DOUBT),
        "left_out": found.get(Sort.LEFT_OUT, 0),
        "nothing_looked_for": found.get(Sort.NOTHING, 0),
        "not_settled": found.get(Sort.NOT_SETTLED, 0),
    }


def coverage_json(ledger: Ledger) -> dict[str, Any]:
    """The ledger."""
    return {
        "files_read": ledger.files_read,
        "bytes_read": ledger.bytes_read,
        "files_skipped": [{"path": gap.place.path, "why": why(gap)} for gap in ledger.skipped],
        "files_included": [{"path": file.place.path, "why": file.note} for file in ledger.included],
        "unresolved": [{"path": gap.place.path, "line": gap.place.line, "what": gap.what} for gap in ledger.unresolved],
    }


def why(gap: Gap) -> str:
    """Why a file was not read: the reason that all of its sort share, then what is special here."""
    return f"{gap.kind.value}: {gap.what}"
