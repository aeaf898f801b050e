"""A detection: one rule, one file in `watch/detections/`, over one window (design section 7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from remit.model.access import Principal, PrincipalAccess
from remit.model.alignment import Alignment
from remit.model.event import Judged, Use
from remit.model.evidence import SecretSeen
from remit.model.finding import Severity, Spotted
from remit.model.identity import Bound
from remit.model.remit import Remit
from remit.model.standing import KnownAgent, Ownership, Standing


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What a detection is about."""

    id: str
    """As in the file's name, with `-`: `out-of-intent`."""
    title: str
    why: str
    """What an attacker or an accident makes of it."""
    severity: Severity
    remedy: str
    """A command with `AGENT` in the place of the agent's id, and a clause that says what it does."""
    references: tuple[str, ...] = ()


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a detection may look at. Lifecycle and run-time rules read the same window."""

    now: datetime
    """UTC."""
    agents: Mapping[str, KnownAgent]
    """By slug."""
    standings: Mapping[str, Standing]
    owners: Mapping[str, Ownership]
    remits: Mapping[str, Remit]
    """Approved ones alone."""
    principals: Mapping[str, Principal]
    """By canonical ref."""
    bindings: tuple[Bound, ...]
    access: Mapping[str, PrincipalAccess] = {}
    """What each bound identity can do, by canonical ref; one that is missing was not worked out."""
    alignments: Mapping[str, Alignment]
    uses: tuple[Use, ...]
    judged: tuple[Judged, ...]
    secrets: tuple[SecretSeen, ...] = ()
    """Keys found standing in code, by fingerprint."""
    unread: tuple[str, ...] = ()
    """Connections whose last reading had gaps: what they did not show is not absent."""
    unjudged: frozenset[str] = frozenset()
    """Agents whose approved remit does not count: nothing says what they may do, so that what they did is over by nothing either."""


class Detection(Protocol):
    """A module in `watch/detections/`. Rules, proved by `testing.kits.detection`: pure; evidence points at the window."""

    RULE: Rule

    @staticmethod
    def detect(window: Window) -> Iterator[Spotted]:
        """What the rule sees."""
        ...
