"""The JSON of one turn of the loop: what `remit connect`, `disconnect` and `scan` came to (interfaces.md)."""

from __future__ import annotations

from typing import Any

from remit.app.turn import Turn
from remit.model.ids import AGENT_PREFIX
from remit.model.ledger import Scan


def turn_json(turn: Turn) -> dict[str, Any]:
    """What was read, and what is new, changed and gone by it."""
    return {
        "connections": [scan_json(scanned) for scanned in turn.scans],
        "agents": {"new": _ids(turn.new), "changed": _ids(turn.changed), "gone": _ids(turn.gone)},
        "findings": {"opened": list(turn.opened), "closed": list(turn.closed)},
        "coverage": turn.coverage,
    }


def scan_json(scanned: Scan) -> dict[str, Any]:
    """One look at one connection."""
    return {
        "connection": scanned.connection,
        "objects": scanned.objects,
        "changed": scanned.changed,
        "gone": scanned.gone,
        "events": scanned.events,
        "events_of_unknown_agents": scanned.of_strangers,
        "unread_records": scanned.unread_records,
        "unread_examples": list(scanned.unread_examples),
        "fault": scanned.fault or None,
    }


def _ids(slugs: tuple[str, ...]) -> list[str]:
    return [AGENT_PREFIX + slug for slug in slugs]
