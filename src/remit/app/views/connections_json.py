"""The JSON of connections: what is read, how the last look at it went, and what was not read."""

from __future__ import annotations

from typing import Any

from remit.app.coverage import coverage_json
from remit.app.current import Current
from remit.app.views.turn_json import scan_json
from remit.model.connection import Connection


def connection_json(current: Current, connection: Connection) -> dict[str, Any]:
    """One connection. Its settings hold no secret: what needs one names a profile or a file."""
    scan = current.scans.get(connection.id)
    return {
        "id": connection.id,
        "kind": connection.kind,
        "name": connection.name,
        "settings": dict(connection.settings),
        "since": connection.since,
        "scanned": scan.at if scan is not None else None,
        "last": scan_json(scan) if scan is not None else None,
        "unread_records": scan.unread_in_all if scan is not None else 0,
        "not_read": [{"place": str(gap.place), "why": gap.what} for gap in scan.gaps] if scan is not None else [],
    }


def ledger_json(current: Current, connection: Connection) -> dict[str, Any]:
    """One connection with the ledger of its last look: each thing that was skipped or not settled, and why."""
    reading = current.readings.get(connection.id)
    return {**connection_json(current, connection), "coverage": coverage_json(reading.inventory.ledger) if reading is not None else None}
