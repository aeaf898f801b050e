"""Drafts: a remit on its way, line by line with where each line comes from (design section 3).

Invariants:
- what is granted is never a reason for a line;
- what its own words forbid is written as `never`, or the line that does it is `withheld`: words narrow a draft and never widen it;
- a line without a source does not exist; what could not be settled is `unresolved`, never guessed.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from remit.model.identity import Because


class Origin(StrEnum):
    """Which of the three sources a piece of evidence is."""

    DECLARED = "declared"
    """A person said so: a remit file, prompt, agent card, README, tag."""
    INFERRED = "inferred"
    """Code or tools would do it."""
    OBSERVED = "observed"
    """It happened."""


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One source of a line."""

    origin: Origin
    because: Because


class DraftLine(msgspec.Struct, frozen=True, kw_only=True):
    """One capability that the evidence supports."""

    objective: str
    """Name of the objective that it hangs from."""
    verb: str
    system: str
    resource: str
    columns: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    """(argument, pattern) pairs of a tool; several patterns of one argument are any of them."""
    actions: tuple[str, ...] = ()
    """The system's own actions that the evidence names."""
    reasons: tuple[Reason, ...]
    is_observed_only: bool = False
    """Nothing says that the agent is meant to do this; a person must look at it before approving."""


class DraftNever(msgspec.Struct, frozen=True, kw_only=True):
    """Something that its own words forbid, written as a line of `never`."""

    verb: str
    system: str
    resource: str
    """`*`: on everything."""
    outside: tuple[str, ...] = ()
    """Domains out of which nothing may go; empty: whatever the destination."""
    because: Because


class Unresolved(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the evidence hints at and that could not be settled."""

    what: str
    because: Because


class DraftObjective(msgspec.Struct, frozen=True, kw_only=True):
    """One goal as the evidence words it."""

    name: str
    why: str
    because: tuple[Because, ...]


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What one agent seems to be for."""

    agent: str
    purpose: str
    purpose_because: Because | None
    contact: str | None
    """The owner set by `remit owner`; None: a person must fill it in."""
    identities: tuple[str, ...]
    objectives: tuple[DraftObjective, ...]
    lines: tuple[DraftLine, ...]
    withheld: tuple[DraftLine, ...] = ()
    """What its code would do and its own words forbid: no part of the draft until a person says so."""
    never: tuple[DraftNever, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
