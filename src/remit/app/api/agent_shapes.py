"""The JSON of agents, and of what people settle about one, as the API of a store answers; for the rest see `shapes.py`."""

from __future__ import annotations

from typing import Literal

import msgspec

from remit.model.access import Effect
from remit.model.agent import AgentKind, AgentState, Autonomy
from remit.model.alignment import Class
from remit.model.draft import Origin
from remit.model.place import Confidence
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
    stopped_with: str | None
    """The agent whose quarantine stopped it."""
    is_connected: bool


class Credential(Shape, frozen=True, kw_only=True):
    """Where a key stands; never the key."""

    name: str | None
    kind: str
    place: str


class IdentityThatCan(Shape, frozen=True, kw_only=True):
    """An identity by which an agent can do what was asked."""

    ref: str
    """As people write it."""
    principal: str
    everything_in: list[str]
    """Systems in which it is granted on everything."""
    resources: list[str]
    """The first of the others, as granted; patterns first."""
    total: int
    """How many others there are."""
    is_certain: bool
    """False: every grant hangs on a context that is not known."""


class Able(Shape, frozen=True, kw_only=True):
    """How an agent can do what was asked."""

    identities: list[IdentityThatCan]
    tools: list[str]
    """Tools by which it can: that it declares, by their names, and that its client brings along."""


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
    can: Able | msgspec.UnsetType = msgspec.UNSET
    """Where a list was asked for with `can` or `on`."""


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


class Counts(Shape, frozen=True, kw_only=True):
    """How much was not read or not settled, by what that is worth: the same numbers that pages and commands show."""

    may_hide: int
    left_out: int
    nothing_looked_for: int
    not_settled: int


class Looked(Shape, frozen=True, kw_only=True):
    """How the last look at a connection went."""

    connection: str
    scanned: str | None
    fault: str | None
    objects: int
    unread_records: int
    not_read: list[NotRead]
    counts: Counts


class Coverage(Shape, frozen=True, kw_only=True):
    """What was looked at, and what was not."""

    files_read: int
    files_skipped: list[Skipped]
    unresolved: list[Unsettled]
    connections: list[Looked]
    counts: Counts


class AbleAsked(Shape, frozen=True, kw_only=True):
    """What agents were asked about, and of whom it is not known."""

    can: Verb | None
    on: str | None
    is_known_resource: bool
    """False: nothing that was read or is on record holds the text; grants that name it count, and those on everything."""
    not_known: list[str]
    """Other agents with an identity whose grants were not all read."""
    stopped: list[str]
    """Other agents that could if no quarantine had stopped their identities."""


class Agents(Shape, frozen=True, kw_only=True):
    """A page of agents."""

    agents: list[Agent]
    coverage: Coverage | None
    """On the first page alone."""
    total: int
    next: str | None
    """`after` of the next page; null: this is the last."""
    asked: AbleAsked | msgspec.UnsetType = msgspec.UNSET
    """Where it was asked for with `can` or `on`."""


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
    is_past: bool
    """It was used, and no grant gives it any more."""
    why: str | None
    rule: str
    because: list[Because]
    last_used: str | None
    count: int
    shared_calls: int
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


class Condition(Shape, frozen=True, kw_only=True):
    """What an argument of a tool's call has to be like."""

    argument: str
    pattern: str


class DraftLine(Shape, frozen=True, kw_only=True):
    """One capability that the evidence supports."""

    objective: str
    verb: str
    system: str
    resource: str
    columns: list[str]
    where: list[Condition]
    """Of a tool; several patterns of one argument are any of them."""
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
