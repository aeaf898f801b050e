"""The coverage ledger: what was read, what was not and why, and what could not be settled."""

from __future__ import annotations

import msgspec

from remit.model.agent import Agent
from remit.model.evidence import FileRead, Gap, IdentitySeen, McpServerSeen, SecretSeen, TextSeen


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """What one run looked at. "0 agents" means nothing without it."""

    files_read: int
    bytes_read: int
    skipped: tuple[Gap, ...]
    """Files and folders that were not read, in the order of the walk."""
    unresolved: tuple[Gap, ...]
    """Parts of files that were read and not settled."""
    included: tuple[FileRead, ...] = ()
    """Files that were read only because the user named them, each with its note."""
    tests: int = 0
    """Agents that stand in tests."""


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """What one discovery run found."""

    agents: tuple[Agent, ...]
    """Riskiest first; equal risk by path and line."""
    mcp_servers: tuple[McpServerSeen, ...]
    secrets: tuple[SecretSeen, ...]
    ledger: Ledger
    identities: tuple[IdentitySeen, ...] = ()
    """Those that stand apart from every agent, in settings and deployments, by place; `discover.link` finds whose they are."""
    texts: tuple[TextSeen, ...] = ()
    """What people wrote near the agents, by place."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What the last look at one connection showed: the agents that it declares or hosts, and what could not be read."""

    connection: str
    inventory: Inventory


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """One look at one connection: when it was, and what came of it."""

    connection: str
    at: str
    """RFC 3339, UTC."""
    objects: int = 0
    """Native objects that the system showed."""
    changed: int = 0
    """Of them new or different since the look before."""
    gone: int = 0
    events: int = 0
    """New audit records or decisions."""
    of_strangers: int = 0
    """Of these, decisions about agents that this store does not know: the log may be of another store's points too."""
    unread_records: int = 0
    """Records that were set aside because they could not be understood."""
    unread_before: int = 0
    """Records that earlier looks set aside: they are not read again."""
    unread_examples: tuple[str, ...] = ()
    """Place and reason of the first of them."""
    gaps: tuple[Gap, ...] = ()
    """What was not read of its audit records."""
    fault: str = ""
    """Why the connection could not be read at all; empty: it was."""

    @property
    def unread_in_all(self) -> int:
        """Records of its log that nobody could understand, in this look and before."""
        return self.unread_before + self.unread_records
