"""Needed, granted, used: five classes, on which right-sizing, findings and reviews stand (design section 6)."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from remit.model.identity import Because
from remit.model.verbs import Verb


class Class(StrEnum):
    """What one entitlement amounts to. Needed comes from the remit (or its draft) alone, never from what is granted."""

    NEEDED_USED = "needed_used"
    NEEDED_UNUSED = "needed_unused"
    USED_NOT_NEEDED = "used_not_needed"
    """Out of intent: a finding now."""
    UNNEEDED = "unneeded"
    """To be right-sized away."""
    NEEDED_NOT_GRANTED = "needed_not_granted"
    """The agent will break."""


class AlignmentLine(msgspec.Struct, frozen=True, kw_only=True):
    """One entitlement, need or use of an agent."""

    principal: str
    """Canonical ref of the identity; empty for a need that nothing grants."""
    system: str
    action: str
    """The system's own, a pattern where it was granted as one; a verb of ours for a need whose native action is not known."""
    resource: str
    class_: Class
    why: str
    """One sentence: the objective and its words, or why nothing needs it."""
    rule: str = ""
    """Line of the remit, `objectives.x.can[0]`; empty where none applies."""
    because: tuple[Because, ...] = ()
    """Places: of the need (draft evidence or remit line), of the grant and of the use."""
    last_used: str | None = None
    count: int = 0
    columns: tuple[str, ...] = ()
    doubt: str = ""
    """What is not certain: `depends on aws:SourceIp`."""
    but: tuple[str, ...] = ()
    """For `narrow`: patterns of resources inside `resource` that a never takes out of what is kept."""
    is_past: bool = False
    """It was used, every grant of the identity was read, and none gives it any more."""
    shared_calls: int = 0
    """How often it was done as the identity by one of several agents that share it, and no record tells by which; it makes no class."""
    is_membership: bool = False
    """It gives nothing by itself and need not stay: what comes through it may be granted directly instead."""


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent reaches, as of the last look: what its identities are granted, and what the tools do that its client brings along."""

    agent: str
    """Slug."""
    verbs: tuple[Verb, ...]
    """Gravest first."""


class Alignment(msgspec.Struct, frozen=True, kw_only=True):
    """The table of one agent."""

    agent: str
    is_from_draft: bool
    """No remit is approved: needed comes from the draft."""
    remit_hash: str
    lines: tuple[AlignmentLine, ...]
