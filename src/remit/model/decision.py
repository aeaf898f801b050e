"""Requests for a decision, and decisions with their reasons.

Invariants:
- a decision names the step and the line it rests on, and says so in one sentence for a person;
- a fault is a deny in every mode; it is never turned into an answer of another step.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Any

import msgspec

from remit.model.remit import Mode

SCHEMA_VERSION = 1
"""Version of the stored form of a decision."""


class Outcome(StrEnum):
    """What an enforcement point has to do."""

    ALLOW = "allow"
    MODIFY = "modify"
    ASK = "ask"
    DENY = "deny"


class Step(IntEnum):
    """The step of the decision that settled it (remit language, section 6)."""

    FAULT = 0
    """Not understood, stale policy, log not writable, no answer in time."""
    STANDING = 1
    NEVER = 2
    LIMIT = 3
    MANDATE = 4
    CAPABILITY = 5
    NO_MATCH = 6


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One action that an agent asks to take, as an enforcement point understood it."""

    agent: str
    """Slug, without `agent:`."""
    system: str
    """`aws:s3`, `postgres:finops`, `mcp:files`."""
    action: str
    """The system's own action, a verb of ours, or a tool's name."""
    resource: str
    """In the system's own naming; for a tool its name again."""
    arguments: Mapping[str, Any] = msgspec.field(default_factory=dict)
    """A tool's arguments, or the action's properties: JSON values, read strictly."""
    paths: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Argument values that begin with `/`, and what they resolve to on the point's own machine (links followed as far as
    the path exists). A value that is missing here is resolved lexically."""
    session: str = ""
    """Names the session that `/task` limits count in; empty: none."""
    is_understood: bool = True
    """False: the point could not read the request; always a deny."""
    fault: str = ""
    """Why it was not understood."""


class Obligation(msgspec.Struct, frozen=True, kw_only=True):
    """Something that must be done with an allow."""

    name: str
    value: Any = None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """An outcome, the line of the remit that it rests on, and the reason in one sentence."""

    id: str = ""
    """Given by the decider when it is logged: time-ordered and unique."""
    outcome: Outcome
    step: Step
    because: str
    """One sentence for a person, with the line of the remit. No final control characters; hostile text is escaped."""
    rule: str = ""
    """The line: `objectives.explain-anomaly.can[0]`, `never[1]`, `limits.calls`, `mandate`; empty where none applies."""
    line: int = 0
    """1-based line of the rule in the remit's file; 0 where none applies."""
    objective: str | None = None
    would: Outcome | None = None
    """In `observe`: what `enforce` would have answered, when that differs."""
    mode: Mode | None = None
    remit_hash: str = ""
    path: str = ""
    """File of the remit, for `line`."""
    obligations: tuple[Obligation, ...] = ()


class LoggedDecision(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the decision log: the request and its decision; argument values are kept only as their names."""

    v: int = SCHEMA_VERSION
    time: str
    """RFC 3339, UTC, microseconds."""
    id: str
    agent: str
    """With `agent:`."""
    system: str
    action: str
    resource: str
    outcome: Outcome
    step: Step
    line: str
    """`path:line` of the remit, or empty."""
    rule: str
    because: str
    objective: str | None = None
    would: Outcome | None = None
    mode: Mode | None = None
    remit: str = ""
    """Hash of the remit decided by."""
    point: str = ""
    """The enforcement point: `mcp`, `authzen`."""
    session: str = ""
    arguments: tuple[str, ...] = ()
    """Names of the arguments, never their values."""
    us: float = 0.0
    """Time that the decision took, microseconds."""
