"""Notices: what whoever watches from outside is told of: denials, and findings that open and close.

Invariant: the same notice has the same id however often it is told, so that whoever receives it twice can tell.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from remit.model.event import Event
from remit.model.finding import Finding


class NoticeKind(StrEnum):
    """What a notice is about; the names stand on the wire."""

    DENIED = "decision.denied"
    OPENED = "finding.opened"
    CLOSED = "finding.closed"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell."""

    id: str
    """Letters, digits, `-` and `_` alone: it is part of what is signed."""
    kind: NoticeKind
    at: str
    """RFC 3339: when it happened."""
    denied: Event | None = None
    """For DENIED: the decision, the first of `count` alike."""
    count: int = 1
    """Denials of one agent that are alike but for their time are told together."""
    until: str = ""
    """For DENIED: when the last of them happened."""
    finding: Finding | None = None
    """For OPENED and CLOSED."""
