"""The JSON that the API of a store answers with, described for OpenAPI; a test holds every answer to its shape.

What is answered is made by `app/*_json.py`, which the commands print with `--json`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from remit.app.jobs import JobState
from remit.model.access import Effect
from remit.model.agent import AgentKind, AgentState, Autonomy
from remit.model.alignment import Class
from remit.model.decision import Outcome
from remit.model.draft import Origin
from remit.model.finding import FindingState, Severity
from remit.model.place import Confidence
from remit.model.plan import PlanKind, PlanState, StepState
from remit.model.verbs import Verb


class Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Root of the shapes: every field is there, and no other."""


class Because(Shape, frozen=True, kw_only=True):
    """A place, and what it says."""

    place: str
    """`path:line`, an ARN, a catalogue row."""
    text: str


class NotRead(Shape, frozen=True, kw_only=True):
    """Something that was not read."""

    place: str
    why: str


# --- agents -----------------------------------------------------------------------------------------------------------


class OwnerCandidate(Shape, frozen=True, kw_only=True):
    """Somebody who may answer for an agent."""

    name: str
    because: str


class Identity(Shape, frozen=True, kw_only=True):
    """As whom an agent acts."""

    ref: str
    """As people write it."""
    principal: str
    confidence: Confidence
    because: list[str]
    why: list[str]
    shared_with: list[str]
    is_connected: bool


class Credential(Shape, frozen=True, kw_only=True):
    """Where a key stands; never the key."""

    name: str | None
    kind: str
    place: str


class InForce(Shape, frozen=True, kw_only=True):
    """The newest approved version of a remit."""

    version: int
    hash: str
    path: str
    by: str
    at: str


class Agent(Shape, frozen=True, kw_only=True):
    """One agent, as `remit agents` has it."""

    id: str
    """With `agent:`."""
    name: str | None
    kind: AgentKind | None
    state: AgentState
    state_since: str | None
    state_because: str
    owner: str | None
    owner_candidates: list[OwnerCandidate]
    teams: list[str]
    purpose: str | None
    identities: list[Identity]
    credentials: list[Credential]
    places: list[str]
    risk: float
    """0 to 100."""
    framework: str | None
    model: str | None
    tools: list[str] | None
    autonomy: Autonomy | None
    exposure: list[str]
    copies: list[str]
    delegates_to: list[str]
    sources: list[str]
    first_seen: str
    is_gone: bool
    """No source shows it any more."""
    remit: InForce | None
    remit_fault: str | None
    """Why its approved remit does not count: it is denied everywhere."""


class Skipped(Shape, frozen=True, kw_only=True):
    """A file that was not read."""

    path: str
    why: str
    connection: str | None = None


class Unsettled(Shape, frozen=True, kw_only=True):
    """Something that was read and not settled."""

    path: str
    line: int | None
    what: str
    connection: str | None = None


class Looked(Shape, frozen=True, kw_only=True):
    """How the last look at a connection went."""

    connection: str
    scanned: str | None
    fault: str | None
    objects: int
    unread_records: int
    not_read: list[NotRead]


class Coverage(Shape, frozen=True, kw_only=True):
    """What was looked at, and what was not."""

    files_read: int
    files_skipped: list[Skipped]
    unresolved: list[Unsettled]
    connections: list[Looked]


class Agents(Shape, frozen=True, kw_only=True):
    """A page of agents."""

    agents: list[Agent]
    coverage: Coverage | None
    """On the first page alone."""
    total: int
    next: str | None
    """`after` of the next page; null: this is the last."""


class Entitlement(Shape, frozen=True, kw_only=True):
    """One thing that an identity can do, with the path that gives it."""

    system: str
    action: str
    resource: str
    decision: Effect
    depends_on: list[str]
    verb: Verb | None
    because: list[Because]
    but: list[str]
    columns: list[str]
    expires: str | None


class PrincipalAccess(Shape, frozen=True, kw_only=True):
    """What one identity can do."""

    principal: str
    ref: str
    access: list[Entitlement]
    escalations: list[dict[str, str]]
    unread: list[NotRead]


class AlignmentLine(Shape, frozen=True, kw_only=True):
    """One line of needed, granted and used."""

    identity: str | None
    system: str
    action: str
    resource: str
    class_: Class = msgspec.field(name="class")
    why: str | None
    rule: str
    because: list[Because]
    last_used: str | None
    count: int
    columns: list[str]
    doubt: str | None


class AgentPage(Agent, frozen=True, kw_only=True):
    """Everything about one agent, as `remit agent` has it."""

    access: list[PrincipalAccess]
    alignment: list[AlignmentLine]
    needed_from: Literal["draft", "remit"]


# --- what people settle -----------------------------------------------------------------------------------------------


class Reason(Shape, frozen=True, kw_only=True):
    """One source of a line of a draft."""

    origin: Origin
    place: str
    text: str


class DraftLine(Shape, frozen=True, kw_only=True):
    """One capability that the evidence supports."""

    objective: str
    verb: str
    system: str
    resource: str
    columns: list[str]
    actions: list[str]
    is_observed_only: bool
    reasons: list[Reason]


class Unresolved(Shape, frozen=True, kw_only=True):
    """Something that the evidence hints at."""

    what: str
    place: str
    text: str


class Draft(Shape, frozen=True, kw_only=True):
    """What an agent seems to be for, as `remit draft` has it."""

    agent: str
    purpose: str
    contact: str | None
    identities: list[str]
    lines: list[DraftLine]
    unresolved: list[Unresolved]
    document: str
    """The remit file that a person reads and approves."""


class Approved(Shape, frozen=True, kw_only=True):
    """What an approval came to, as `remit approve` has it."""

    agent: str
    version: int
    hash: str
    by: str
    """As claimed."""
    os_user: str
    at: str
    is_new: bool
    """False: this very document was in force already."""
    state: AgentState
    signature: str
    key: str


class Ownership(Shape, frozen=True, kw_only=True):
    """Who answers for an agent."""

    agent: str
    owner: str
    since: str
    by: str


class Stopped(Shape, frozen=True, kw_only=True):
    """How an agent stands after a quarantine or a release."""

    agent: str
    state: AgentState
    changed: bool
    """False: it stood like this before, or a job is yet to change it."""
    because: str | None
    since: str | None
    also_affects: list[str]
    """Agents on the same identities."""
    unreached: list[str]
    """Logs of points in which it was seen, and which may not ask this store."""
    identities: str
    """What becomes of them, in words."""
    job: Job | None


# --- findings and plans -----------------------------------------------------------------------------------------------


class Finding(Shape, frozen=True, kw_only=True):
    """One finding, as `remit findings` has it."""

    id: str
    rule: str
    severity: Severity
    agent: str
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


# --- decisions, connections, jobs -------------------------------------------------------------------------------------


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
