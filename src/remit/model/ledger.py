"""The coverage ledger: what was read, what was not and why, and what could not be settled."""

from __future__ import annotations

import msgspec

from remit.model.agent import Agent
from remit.model.evidence import FileRead, Gap, McpServerSeen, SecretSeen


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
