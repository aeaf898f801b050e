"""One agent as its page tells it, from what the store holds; evaluates nothing but what it is handed."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import msgspec

from remit.app.current import Current
from remit.app.views.entitlements import CLASSES, counted_by_class
from remit.app.views.questions import Purpose, decisions_of, open_findings, purpose_of
from remit.app.views.stopped import StoppedWith, stopped_with
from remit.app.web.plan_view import superseded
from remit.model.access import PrincipalAccess
from remit.model.agent import Agent, AgentState
from remit.model.alignment import Alignment
from remit.model.event import Event
from remit.model.finding import Finding
from remit.model.ids import AGENT_PREFIX
from remit.model.plan import Plan, PlanState
from remit.model.standing import ApprovedRemit, KnownAgent, Ownership, Standing
from remit.remedy.plan import course_of
from remit.store.records import Version

_DECISIONS = 10
_HISTORY = 12
_PLANS = 5
_UNREAD = 5
_NEAREST = 5
_OVER = (PlanState.APPLIED, PlanState.UNDONE)
_MOST_NAME = 200
_MOST_COMPARED = 5_000
"""Agents among which the nearest names are looked for."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """An identity of the agent, and why we think so."""

    ref: str
    text: str
    is_connected: bool
    confidence: str
    is_named: bool
    because: tuple[tuple[str, str], ...]
    """(place, what it shows)."""
    shared_with: tuple[str, ...]
    person: str
    """Why it is a person's own login; empty where it is none."""
    facts: tuple[str, ...]


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was settled about the agent."""

    at: str
    what: str
    by: str
    because: str = ""


class AgentView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of the page but its access."""

    slug: str
    agent: Agent
    risk: float
    known: KnownAgent
    state: AgentState
    standing: Standing | None
    stopped_with: tuple[StoppedWith, ...]
    """Its identities that the quarantines of others stopped."""
    fault: str
    """Why its approved remit does not count."""
    owner: str | None
    ownership: Ownership | None
    purpose: Purpose
    identities: tuple[Identity, ...]
    classes: tuple[tuple[str, str, int], ...]
    """(class, in words, lines), the worst first."""
    unread: tuple[tuple[str, str], ...]
    unread_more: int
    is_from_draft: bool
    remit_hash: str
    approved: ApprovedRemit | None
    versions: tuple[ApprovedRemit, ...]
    """The newest first, those that can be read."""
    mode: str
    findings: tuple[Finding, ...]
    decisions: tuple[Event, ...]
    plans: tuple[Plan, ...]
    plan_count: int
    open_plan: Plan | None
    """The newest that waits for somebody, or is being carried out."""
    history: tuple[Moment, ...]
    looked_at: tuple[str, ...]


def agent_view(current: Current, known: KnownAgent, alignment: Alignment, access: Sequence[PrincipalAccess]) -> AgentView:
    """One agent as the store knows it."""
    slug = known.agent.id
    unread = [(str(unread.place), unread.why) for found in access for unread in found.unread]
    plans = sorted(current.plans.of(slug), key=lambda plan: (plan.made, plan.id), reverse=True)
    remit = current.remits.get(slug)
    versions = tuple(version for version in reversed(current.versions.get(slug, ())) if isinstance(version, ApprovedRemit))
    course = course_of(plans)
    return AgentView(
        slug=slug,
        agent=known.agent,
        risk=current.risk(slug),
        known=known,
        state=current.state(slug),
        standing=current.standings.get(slug),
        stopped_with=stopped_with(current, slug),
        fault=current.remit_faults.get(slug, ""),
        owner=current.owner(slug),
        ownership=current.owners.get(slug),
        purpose=purpose_of(current, known),
        identities=_identities(current, slug),
        classes=tuple((str(class_), CLASSES[class_].title, count) for class_, count in counted_by_class(alignment.lines).items()),
        unread=tuple(unread[:_UNREAD]),
        unread_more=max(0, len(unread) - _UNREAD),
        is_from_draft=alignment.is_from_draft,
        remit_hash=alignment.remit_hash,
        approved=current.approved.get(slug),
        versions=versions,
        mode=str(remit.mode) if remit is not None else "",
        findings=tuple(open_findings(current, slug)),
        decisions=tuple(decisions_of(current, slug, _DECISIONS)),
        plans=tuple(plans[:_PLANS]),
        plan_count=len(plans),
        open_plan=next((plan for plan in plans if plan.state not in _OVER and plan.steps and not superseded(current, plan, course)), None),
        history=_history(current, known, versions),
        looked_at=tuple(current.connections),
    )


def nearest_agents(current: Current, text: str) -> list[str]:
    """Agents whose names are near to one that is not known."""
    slug = text.removeprefix(AGENT_PREFIX)[:_MOST_NAME]
    names = sorted(current.agents)
    holding = [name for name in names if slug and slug.lower() in name.lower()]
    close = difflib.get_close_matches(slug, names[:_MOST_COMPARED], n=_NEAREST, cutoff=0.45)
    return list(dict.fromkeys([*close, *holding]))[:_NEAREST]


def _identities(current: Current, slug: str) -> tuple[Identity, ...]:
    sharing = current.sharing(slug)
    found = []
    for bound in current.bound_by_agent.get(slug, ()):
        principal = current.principals.get(bound.principal)
        facts = []
        if principal is not None:
            facts = [f"{login.kind} {login.name}" for login in principal.logins if login.is_active]
        found.append(
            Identity(
                ref=bound.principal,
                text=current.identity_text(bound.principal),
                is_connected=principal is not None,
                confidence=str(bound.confidence),
                is_named=bound.is_named,
                because=tuple((str(because.place), because.text) for because in bound.because),
                shared_with=tuple(sorted(sharing.get(bound.principal, ()))),
                person=principal.person.text if principal is not None and principal.person is not None else "",
                facts=tuple(facts),
            )
        )
    return tuple(found)


def _history(current: Current, known: KnownAgent, versions: Sequence[ApprovedRemit]) -> tuple[Moment, ...]:
    """What was settled about it, the newest first; of what was settled in one second, each after what it follows from."""
    slug = known.agent.id
    moments = [
        Moment(at=known.first_seen, what="first seen", by="", because=f"through {', '.join(known.sources)}"),
        *(Moment(at=owned.seen, what="owner", by=owned.record.by, because=owned.record.person) for owned in _owned(current, slug)),
        *(
            Moment(at=each.at, what=f"remit version {each.version}", by=each.by, because=f"read as {each.path}")
            for each in reversed(versions)
        ),
        *(_moved(version) for version in current.store.history(Standing, slug)),
    ]
    return tuple(sorted(moments, key=lambda moment: moment.at)[::-1][:_HISTORY])


def _owned(current: Current, slug: str) -> list[Version[Ownership]]:
    return [owned for owned in current.store.history(Ownership, slug) if not owned.is_gone]


def _moved(version: Version[Standing]) -> Moment:
    return Moment(at=version.seen, what=str(version.record.state), by=version.record.by, because=version.record.because)
