"""What people settled about an agent: its state, owner and approved remits."""

from __future__ import annotations

import msgspec

from remit.model.agent import Agent, AgentState


class KnownAgent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent as the inventory holds it over time; its id never becomes another agent's."""

    agent: Agent
    sources: tuple[str, ...]
    """Connections that it was seen through."""
    first_seen: str
    is_gone: bool = False
    """No source shows it any more."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where an agent stands (remit language, section 8)."""

    agent: str
    """Slug."""
    state: AgentState
    since: str
    by: str
    because: str = ""
    before: AgentState | None = None
    """For `suspended`: the state that a release returns to."""


class Ownership(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers for an agent, set by `remit owner`."""

    agent: str
    person: str
    since: str
    by: str


class ApprovedRemit(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a remit, approved and signed."""

    agent: str
    version: int
    """1, 2, 3 ..."""
    hash: str
    document: str
    """The file's text as approved."""
    path: str
    """As given to `approve`."""
    by: str
    """As claimed."""
    os_user: str
    at: str
    signature: str
    """Ed25519 over the canonical JSON of (hash, by, os_user, at), base64."""
    key: str
    """Public key of the installation, base64."""
