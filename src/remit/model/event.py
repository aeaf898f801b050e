"""What happened: events in one form, and uses, which count them (design section 7; shaped after OCSF API Activity).

Invariants:
- an event knows when it happened and when it was recorded; its id is unique within its source, so nothing is counted twice;
- values of arguments and texts of statements are not kept: they may hold secrets.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from remit.model.decision import Outcome


class Result(StrEnum):
    """How an action ended."""

    ALLOWED = "allowed"
    """It was allowed; whether it then succeeded is the system's matter."""
    DENIED = "denied"
    """The system, or an enforcement point, refused it."""
    FAILED = "failed"
    """It ended in another error; permission was not the reason."""
    STOPPED = "stopped"
    """An enforcement point refused whatever was asked: the agent was unknown, stopped or past its date, or the point itself was at fault.
    It says nothing about the action, and is no use."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One action that an identity took, or tried to take."""

    id: str
    """Unique within `source`."""
    source: str
    """Id of the connection whose record this is: `aws:main`, `postgres:finops`, `decisions:edge`."""
    happened: str
    """RFC 3339, UTC."""
    principal: str
    """Canonical ref of the identity; empty where only the agent is known (a decision)."""
    system: str
    """`aws:s3`, `postgres:finops`, `mcp:files`."""
    action: str
    """The system's own: `s3:GetObject`, `select`, a tool's name."""
    resource: str
    """In the system's naming; `*` where the record does not say which."""
    result: Result
    place: str
    """Where the record stands: `s3://bucket/key#EVENT-ID`, `log.json:17`."""
    session: str = ""
    """Role session name, application name, or the session of a decision; hostile text."""
    credential: str = ""
    """Fingerprint of the key that was used, as `SecretSeen.fingerprint`; empty where there is none."""
    agent: str = ""
    """Slug: said by the record itself (a decision), or settled by `watch.bind`; empty: not known."""
    person: str = ""
    """Who delegated, where the record says so."""
    decision: str = ""
    """Id of the decision, for a record of a decision log."""
    outcome: Outcome | None = None
    """For a record of a decision log: what the point answered."""
    would: Outcome | None = None
    """For a record of a decision log: what `enforce` would have answered."""
    because: str = ""
    """For a record of a decision log: its sentence."""
    columns: tuple[str, ...] = ()


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """All of an event that tells which agent took it; few for many events. Its fields are named as an event's are."""

    source: str
    principal: str
    session: str
    credential: str
    agent: str
    """As said by the record itself; empty: it does not say."""


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """An (agent, principal, action, resource) that really happened: first and last time, and how often."""

    agent: str
    """Slug; empty: nobody that Remit knows."""
    principal: str
    source: str
    system: str
    action: str
    resource: str
    first: str
    last: str
    """RFC 3339 of the latest event, whatever its result."""
    allowed: int
    """How often it was allowed (failed for another reason counts as allowed)."""
    denied: int
    would_deny: int = 0
    """Of a decision log: how often what was allowed (in `observe`) would have been denied by `enforce`."""
    place: str
    """Of the latest event."""
    session: str = ""
    credential: str = ""
    columns: tuple[str, ...] = ()


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A use, and what the agent's remit says about it."""

    use: Use
    outcome: Outcome
    because: str
    rule: str = ""
