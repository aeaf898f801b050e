"""The JSON that the API of a store answers with, described for OpenAPI; a test holds every answer to its shape.

What is answered is made by `app/*_json.py`, which the commands print with `--json`. Agents are in `agent_shapes.py`.
"""

from __future__ import annotations

from typing import Literal

from remit.app.api.agent_shapes import NotRead, Shape, Skipped, Unsettled
from remit.app.jobs import JobState
from remit.model.agent import AgentState
from remit.model.decision import Outcome
from remit.model.finding import FindingState, Severity
from remit.model.plan import PlanKind, PlanState, StepState

# --- findings and plans -----------------------------------------------------------------------------------------------


class Finding(Shape, frozen=True, kw_only=True):
    """One finding, as `remit findings` has it."""

    id: str
    rule: str
    severity: Severity
    agent: str
    others: list[str]
    title: str
    evidence: list[str]
    owner: str | None
    remedy: str
    state: FindingState
    opened: str | None
    closed: str | None
    accepted_until: str | None
    accepted_because: str | None
    accepted_by: str | None


class Findings(Shape, frozen=True, kw_only=True):
    """A page of findings."""

    findings: list[Finding]
    total: int
    next: str | None


class PlanStep(Shape, frozen=True, kw_only=True):
    """One change to one target."""

    system: str
    identity: str
    principal: str
    operation: str
    target: str
    what: str
    before: str | None
    after: str | None
    state: StepState


class WouldDeny(Shape, frozen=True, kw_only=True):
    """A recorded use that the plan would have denied."""

    agent: str | None
    identity: str
    action: str
    resource: str
    calls: int
    last: str
    why: str


class Replay(Shape, frozen=True, kw_only=True):
    """The recorded use, decided again by what the plan leaves."""

    calls: int
    since: str | None
    would_deny: list[WouldDeny]


class Proof(Shape, frozen=True, kw_only=True):
    """What was tried after a change, and what came of it."""

    system: str
    identity: str
    tried: str
    expected: str
    got: str
    how: str


class ApprovedBy(Shape, frozen=True, kw_only=True):
    """A person's word for a plan."""

    by: str
    os_user: str
    at: str
    because: str | None


class PlanPage(Shape, frozen=True, kw_only=True):
    """A plan, with what it came to."""

    plan: str
    agent: str
    kind: PlanKind
    state: PlanState
    steps: list[PlanStep]
    replay: Replay
    blind_spots: list[str]
    residue: list[str]
    risk_removed: list[str]
    also_affects: list[str]
    needed_from: Literal["draft", "remit"]
    proofs: list[Proof]
    kept: list[str]
    stuck_because: str | None
    made: str
    changed: str
    approval: ApprovedBy | None


class PlanLine(Shape, frozen=True, kw_only=True):
    """A plan in a list."""

    plan: str
    agent: str
    kind: PlanKind
    state: PlanState
    steps: int
    needed_from: Literal["draft", "remit"]
    made: str
    changed: str
    stuck_because: str | None


class Plans(Shape, frozen=True, kw_only=True):
    """A page of plans."""

    plans: list[PlanLine]
    total: int
    next: str | None


# --- stops, decisions, connections, jobs -------------------------------------------------------------------------------------


class Stopped(Shape, frozen=True, kw_only=True):
    """How an agent stands after a quarantine or a release."""

    agent: str
    state: AgentState
    changed: bool
    """False: it stood like this before, or a job is yet to change it."""
    because: str | None
    since: str | None
    also_affects: list[str] | None
    """Agents on the same identities; null: told with the operator's token alone."""
    unreached: list[str] | None
    """Logs of points in which it was seen, and which may not ask this store; null as before."""
    identities: str
    """What becomes of them, in words."""
    job: Job | None


class DecisionLine(Shape, frozen=True, kw_only=True):
    """A decision in a list."""

    decision: str
    agent: str | None
    time: str
    system: str
    action: str
    resource: str
    outcome: Outcome | None
    would: Outcome | None
    because: str
    session: str | None
    place: str


class Decisions(Shape, frozen=True, kw_only=True):
    """A page of decisions."""

    decisions: list[DecisionLine]
    next: str | None
    """`before` of the next page."""


class Why(Shape, frozen=True, kw_only=True):
    """What a decision rests on, as `remit why` has it."""

    decision: str
    agent: str
    time: str
    system: str
    action: str
    resource: str
    outcome: Outcome
    would: Outcome | None
    because: str
    rule: str
    place: str
    turn: str
    proposal: str


class Scanned(Shape, frozen=True, kw_only=True):
    """One look at one connection."""

    connection: str
    objects: int
    changed: int
    gone: int
    events: int
    events_of_unknown_agents: int
    unread_records: int
    unread_examples: list[str]
    fault: str | None


class Connection(Shape, frozen=True, kw_only=True):
    """Something that is read. Its settings hold no secret."""

    id: str
    kind: str
    name: str
    settings: dict[str, str]
    since: str
    scanned: str | None
    last: Scanned | None
    unread_records: int
    not_read: list[NotRead]


class Ledger(Shape, frozen=True, kw_only=True):
    """What the last look at a connection read, left out and did not settle."""

    files_read: int
    bytes_read: int
    files_skipped: list[Skipped]
    files_included: list[Skipped]
    unresolved: list[Unsettled]


class ConnectionPage(Connection, frozen=True, kw_only=True):
    """A connection with its ledger."""

    coverage: Ledger | None


class Connections(Shape, frozen=True, kw_only=True):
    """Everything that is read."""

    connections: list[Connection]


class Job(Shape, frozen=True, kw_only=True):
    """A piece of work as it is now."""

    id: str
    what: str
    state: JobState
    now: str
    said: list[str]
    begun: str
    ended: str | None
    link: str
    """Where what came of it can be looked at in the web UI."""
    plan: str | None
    """The plan that it carries out."""
    fault: str | None


class Jobs(Shape, frozen=True, kw_only=True):
    """Everything that was begun since the start."""

    jobs: list[Job]


class Problem(Shape, frozen=True, kw_only=True):
    """One thing that is wrong in a document."""

    path: str
    line: int
    column: int
    what: str
    help: str
    code: str
    level: str


class Problems(Shape, frozen=True, kw_only=True):
    """Every problem of a document."""

    error: str
    problems: list[Problem]
