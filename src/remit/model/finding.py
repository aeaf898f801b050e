"""Findings: disagreements that someone must act on (design section 7)."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Severity(StrEnum):
    """How much it matters, by what the identity can reach."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class FindingState(StrEnum):
    """Where a finding stands. It closes only when its evidence is gone."""

    OPEN = "open"
    ACCEPTED = "accepted"
    CLOSED = "closed"


class Spotted(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule saw in one window."""

    agent: str
    """Slug."""
    key: str
    """Tells this finding from others of the same rule and agent; equal key, same finding."""
    title: str
    """One sentence for a person; hostile text is escaped."""
    evidence: tuple[str, ...]
    """Places: `path:line`, an ARN, a catalogue row, a record of a log."""
    hangs_on: tuple[str, ...] = ()
    """Places that make it possible (the grants): a finding that had some, and has none left, is over although it is remembered."""
    severity: Severity | None = None
    """None: the rule's own."""
    remedy: str = ""
    """Empty: the rule's own."""
    others: tuple[str, ...] = ()
    """Slugs of the other agents that it is about as much as `agent`."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A disagreement, with its rule, evidence, owner, remedy and state."""

    id: str
    """`finding:` and 12 hexadecimal digits over rule, agent and key: the same disagreement keeps its id."""
    rule: str
    agent: str
    """Slug."""
    key: str
    severity: Severity
    title: str
    evidence: tuple[str, ...]
    owner: str | None
    remedy: str
    """A command, with a clause that says what it does."""
    state: FindingState = FindingState.OPEN
    opened: str = ""
    closed: str = ""
    hangs_on: tuple[str, ...] = ()
    """Places that make it possible; see `Spotted`."""
    accepted_until: str | None = None
    accepted_because: str = ""
    accepted_by: str = ""
    others: tuple[str, ...] = ()
    """Slugs of the other agents that it is about as much as `agent`: it is one finding, and stands under each of them."""

    def is_about(self, slug: str) -> bool:
        """Whether it stands under this agent."""
        return slug == self.agent or slug in self.others
