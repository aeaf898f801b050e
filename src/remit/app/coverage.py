"""What was read of everything that is connected, what was not, and why: the ledger that every scan ends with, in the form of programs."""

from __future__ import annotations

from typing import Any

from remit.app.current import Current
from remit.model.evidence import Gap
from remit.model.ledger import Ledger


def coverage(current: Current) -> dict[str, Any]:
    """What was read of every connection, what was not, and why."""
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
            }
        )
    merged["unresolved"] += [{"path": gap.place.path, "line": gap.place.line, "what": gap.what} for gap in current.link_gaps]
    return merged


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
