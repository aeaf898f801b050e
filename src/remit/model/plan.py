"""Plans: ordered, reversible changes to identity systems, with their replay and their proofs (design section 6).

Invariants:
- a step says what its target looks like before and after, in the system's own canonical text, so that doing, undoing and seeing
  that someone else was there are comparisons;
- a plan is stuck, never done, when a step is half done, fails, or fails while reporting success.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class PlanKind(StrEnum):
    """What a plan is for."""

    RIGHT_SIZE = "right-size"
    QUARANTINE = "quarantine"
    RETIRE = "retire"


class PlanState(StrEnum):
    """The states of a plan (remit language, section 8)."""

    DRAFTED = "drafted"
    REPLAYED = "replayed"
    APPROVED = "approved"
    APPLYING = "applying"
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDONE = "undone"
    STUCK = "stuck"


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be tried after a plan: an action, and whether it must work."""

    connection: str
    principal: str
    action: str
    resource: str
    is_allowed: bool
    """What is expected."""
    columns: tuple[str, ...] = ()
    """Columns that it names, where the system knows columns; empty: none in particular."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One change to one target in one system."""

    connection: str
    """`aws:main`."""
    principal: str
    """Canonical ref of the identity that it is about."""
    operation: str
    """The system's own word for what is done: `iam:PutRolePolicy`, `REVOKE`, `ALTER ROLE`."""
    target: str
    """What is changed, in the system's naming; with `operation` it says which state `before` and `after` are of."""
    what: str
    """One sentence for a person."""
    before: str | None
    """Canonical text of the target's state when the plan was made; None: it was not there."""
    after: str | None
    """Canonical text that it must have when the step is done; None: it must be gone."""
    arguments: Mapping[str, str] = {}
    """What the write side needs besides."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What a system proposes for one principal: steps, and what it cannot do."""

    steps: tuple[Step, ...]
    residue: tuple[str, ...] = ()
    """Sentences: what stays, and why."""
    probes: tuple[Probe, ...] = ()
    """What shows that it holds; harmless to try whatever comes out."""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What was tried after a change, and what came of it."""

    system: str
    """Connection."""
    identity: str
    tried: str
    expected: str
    got: str
    how: str
    """`tried as the identity` or `read back and evaluated`."""

    @property
    def holds(self) -> bool:
        """Whether it came out as expected."""
        return self.got == self.expected


class WouldDeny(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded use that the plan would have denied."""

    agent: str
    principal: str
    action: str
    resource: str
    calls: int
    last: str
    why: str


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """The recorded use, decided again by what the plan leaves."""

    calls: int
    would_deny: tuple[WouldDeny, ...]
    since: str | None = None
    """RFC 3339 of the first recorded use."""


class StepState(StrEnum):
    """How far one step is; written to the journal before and after each move."""

    WAITING = "waiting"
    DOING = "doing"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    FAILED = "failed"
    AGAIN = "again"
    """It failed, and a person said to try again."""


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """A person's word for a plan. The write side of a system is handed out against it alone."""

    plan: str
    by: str
    """As claimed."""
    os_user: str
    at: str
    because: str = ""
    """For quarantine and release, which need no approver: the words given."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """An ordered, reversible change, and where it stands."""

    id: str
    """`plan:` and a time-ordered suffix."""
    agent: str
    """Slug."""
    kind: PlanKind
    steps: tuple[Step, ...]
    step_states: tuple[StepState, ...]
    state: PlanState
    replay: Replay
    blind_spots: tuple[str, ...] = ()
    residue: tuple[str, ...] = ()
    probes: tuple[Probe, ...] = ()
    also_affects: tuple[str, ...] = ()
    """Slugs of other agents on the same identities: on those that the steps change, and on those where something stays for their sake."""
    unchanged_for: tuple[str, ...] = ()
    """Those of `also_affects` that act as none of the identities that the steps change."""
    is_from_draft: bool = False
    remit_hash: str = ""
    risk_removed: tuple[str, ...] = ()
    """Sentences: what the agent can no longer do."""
    approval: Approval | None = None
    proofs: tuple[Proof, ...] = ()
    stuck_because: str = ""
    found: Mapping[str, str | None] = {}
    """By the number of a failed step: what its target was read back as; no entry where it could not be read."""
    made: str = ""
    changed: str = ""
