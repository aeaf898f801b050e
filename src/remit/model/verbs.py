"""The closed set of nine verbs, and the two words that stand for several (remit language, section 3)."""

from __future__ import annotations

from enum import StrEnum


class Verb(StrEnum):
    """What an action does to a resource, whatever the system calls it."""

    LIST = "list"
    """Learn which resources exist."""
    READ = "read"
    """Learn what a resource holds."""
    CREATE = "create"
    """Make a resource that was not there."""
    UPDATE = "update"
    """Change a resource that was there."""
    DELETE = "delete"
    """Destroy a resource or make it unreachable."""
    EXECUTE = "execute"
    """Run code or start a process, a job or another agent."""
    ADMINISTER = "administer"
    """Change permissions or identities; also every action that no table maps."""
    TRANSMIT = "transmit"
    """Move data out of the organisation or to a person."""
    PAY = "pay"
    """Move value."""


GRAVEST_FIRST = (
    Verb.ADMINISTER,
    Verb.DELETE,
    Verb.PAY,
    Verb.TRANSMIT,
    Verb.EXECUTE,
    Verb.UPDATE,
    Verb.CREATE,
    Verb.READ,
    Verb.LIST,
)
"""Verbs in the order of what cannot be undone or reaches further."""
ANY = "any"
"""Stands for every verb."""
CALL = "call"
"""`any`, written for a tool; an error for other kinds of system."""
LINE_VERBS: tuple[str, ...] = (*(verb.value for verb in Verb), ANY, CALL)
"""Every word that a line of a remit may begin with."""
SINK_VERBS = frozenset({Verb.TRANSMIT, Verb.PAY, Verb.DELETE, Verb.ADMINISTER})
"""Verbs whose object or destination must not come from tool results (remit language, section 7)."""
