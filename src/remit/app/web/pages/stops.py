"""Quarantine, release and retirement.

Invariants:
- who else is stopped, what is left as it is and what is not reached is read before anything is done;
- a quarantine is in the store before the answer to the click, and before any identity is touched; carrying it out is a job;
- a refusal leaves what was typed, and touches nothing.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from remit.app import mend
from remit.app.current import Current
from remit.app.findings import by_need
from remit.app.jobs import Result, Say
from remit.app.web import carrying
from remit.app.web.addresses import agent_address, agent_at, plan_address
from remit.app.web.plan_view import steps_by_identity, who_may, why_no_hands
from remit.app.web.rules import rules
from remit.app.web.site import AnyRequest, Posted, Site
from remit.model.agent import AgentState
from remit.model.errors import RefusedError, RemitError, UsageError
from remit.model.finding import FindingState
from remit.model.plan import Plan, PlanKind
from remit.remedy import quarantine as stopping

_MOST_REASON = 1_000
_SUGGESTED = "stopped as a precaution until somebody has looked at it"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """One identity that an agent acts as, and who acts as it besides."""

    text: str
    others: tuple[str, ...]
    is_connected: bool


@get("/agents/{slug:str}/quarantine", sync_to_thread=True)
def before_quarantine(slug: FromPath[str], request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """What stopping an agent means, before anything is done."""
    return _quarantine_page(request, site, slug)


@post("/agents/{slug:str}/quarantine", sync_to_thread=True)
def quarantine(slug: FromPath[str], request: AnyRequest, site: NamedDependency[Site], posted: NamedDependency[Posted]) -> Response[Any]:
    """Stops an agent: denied at every point that asks the store when this answers, its identities by a job."""
    current = site.current
    agent = agent_at(current, slug).agent.id
    try:
        because = posted.needed("because", "the reason, for whoever finds the agent stopped", most=_MOST_REASON)
        approver = _anybody(site, posted)
        # INVARIANT (deny first): in the store before this answers, before anything is planned, and before any identity is touched.
        site.denying(agent, lambda: mend.suspend(site.fresh(), agent, approver, because))
    except (RefusedError, UsageError) as error:
        return _quarantine_page(request, site, slug, refused=str(error), because=posted.fields.get("because", "")[:_MOST_REASON])
    told = f"Stop {agent}: it is denied at every point that asks this store; its identities follow"
    try:
        made = mend.plan_quarantine(site.fresh(), agent, site.now())
        mend.begin_quarantine(site.fresh(), made, approver, because)
    except RemitError as error:
        # It is denied already: a page that says that nothing was changed would be a wrong one.
        return _unplanned(site, agent, told, error)
    try:
        return carrying.carry_out(
            site, told, made, lambda: mend.carry_out_quarantine(site.fresh(), made, approver, because, site.environment)
        )
    except RemitError:
        # Too much is under way. It is denied already, and its plan waits to be carried out.
        return Redirect(plan_address(made.id), status_code=303)


@post("/agents/{slug:str}/release", sync_to_thread=True)
def release(slug: FromPath[str], site: NamedDependency[Site], posted: NamedDependency[Posted]) -> Redirect:
    """Ends a quarantine: the identities as they were before, with proof, then the agent in the state that it had."""
    current = site.current
    agent = agent_at(current, slug).agent.id
    in_force = stopping.to_release(current.plans.of(agent), agent)
    if not in_force and current.state(agent) is not AgentState.SUSPENDED:
        raise RefusedError(f"agent `{agent}` is {current.state(agent)}, not suspended: there is nothing to release")
    if why := mend.why_not_released(current, agent):
        raise RefusedError(why)
    approver = _anybody(site, posted)
    return carrying.release(site, agent, in_force, lambda: mend.carry_out_release(site.fresh(), agent, approver, site.environment))


@get("/agents/{slug:str}/retire", sync_to_thread=True)
def before_retirement(slug: FromPath[str], request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """What retiring an agent means, before anything is done."""
    return _retire_page(request, site, slug)


@post("/agents/{slug:str}/retire", sync_to_thread=True)
def retire(slug: FromPath[str], request: AnyRequest, site: NamedDependency[Site], posted: NamedDependency[Posted]) -> Response[Any]:
    """Retires an agent, for good: denied everywhere, its own identities stopped and emptied; the record stays."""
    current = site.current
    agent = agent_at(current, slug).agent.id
    try:
        approver = site.approver(posted)
        if not posted.is_ticked("for-good"):
            raise UsageError("tick the box: a retired agent does not come back")
        made = mend.plan_retirement(current, agent, approver, site.now())
    except (RefusedError, UsageError) as error:
        return _retire_page(request, site, slug, refused=str(error))
    told = f"Retire {agent}"
    return carrying.carry_out(site, told, made, lambda: mend.carry_out_retirement(site.fresh(), made, approver, site.environment))


def _unplanned(site: Site, agent: str, told: str, fault: RemitError) -> Redirect:
    """Leads to a job that failed: the identities of an agent that is denied already cannot be looked at."""

    def work(_say: Say) -> Result:
        raise RefusedError(f"its identities are not stopped, only denied by points: {fault}") from fault

    return site.start(told, work, link=agent_address(agent))


def _quarantine_page(request: AnyRequest, site: Site, slug: str, *, refused: str = "", because: str = "") -> Response[bytes]:
    current = site.current
    agent = agent_at(current, slug).agent.id
    state = current.state(agent)
    ahead, why_not = _ahead(lambda: mend.plan_quarantine(current, agent, site.now()))
    is_over = state is AgentState.RETIRED
    return site.page(
        request,
        "quarantine.html",
        status=409 if refused else 200,
        because=because or _suggestion(current, agent),
        unreached=mend.unreached_points(current, agent),
        in_force=_in_force(current, agent),
        # What cannot be planned is no reason not to deny.
        unplanned="" if is_over else why_not,
        **_common(current, agent, state, ahead, why_not if is_over else "", refused),
    )


def _in_force(current: Current, agent: str) -> list[Plan]:
    """The quarantines of an agent that a release takes back, newest first; none where the plans cannot be read."""
    try:
        return stopping.to_release(current.plans.of(agent), agent)
    except RefusedError:
        return []


def _retire_page(request: AnyRequest, site: Site, slug: str, *, refused: str = "") -> Response[bytes]:
    current = site.current
    agent = agent_at(current, slug).agent.id
    state = current.state(agent)
    ahead, why_not = _ahead(lambda: mend.retirement_ahead(current, agent, site.now()))
    nobody, approvers = who_may(current, agent, PlanKind.RETIRE)
    begun = [plan for plan in current.plans.of(agent) if plan.kind is PlanKind.RETIRE]
    return site.page(
        request,
        "retire.html",
        status=409 if refused else 200,
        approvers=approvers,
        has_owner=agent in current.owners or agent in current.remits,
        begun=max(begun, key=lambda plan: (plan.made, plan.id), default=None),
        **_common(current, agent, state, ahead, why_not or nobody, refused),
    )


def _common(current: Current, agent: str, state: AgentState, ahead: Plan | None, why_not: str, refused: str) -> dict[str, Any]:
    sharing = current.sharing(agent)
    others: dict[str, list[str]] = defaultdict(list)
    for ref, slugs in sharing.items():
        for other in slugs:
            others[other].append(current.identity_text(ref))
    refs = dict.fromkeys(bound.principal for bound in current.bound_by_agent.get(agent, ()))
    return {
        "agent": agent,
        "state": state,
        "standing": current.standings.get(agent),
        "identities": [
            Identity(text=current.identity_text(ref), others=tuple(sharing.get(ref, ())), is_connected=ref in current.principals)
            for ref in refs
        ],
        "others": sorted((slug, tuple(dict.fromkeys(texts))) for slug, texts in others.items()),
        "steps": steps_by_identity(current, ahead) if ahead is not None else [],
        "residue": ahead.residue if ahead is not None else (),
        "calls": ahead.replay.calls if ahead is not None else 0,
        "since": ahead.replay.since if ahead is not None else None,
        "no_hands": why_no_hands(current, [step.connection for step in ahead.steps]) if ahead is not None else "",
        "why_not": why_not,
        "refused": refused,
    }


def _ahead(made: Any) -> tuple[Plan | None, str]:
    try:
        return made(), ""
    except RemitError as error:
        return None, str(error)


def _suggestion(current: Current, agent: str) -> str:
    """Why it may be stopped: what its gravest open finding is about, in the words of the rule."""
    opened = [finding for finding in current.findings if finding.is_about(agent) and finding.state is FindingState.OPEN]
    for finding in by_need(opened, {}):
        rule = rules().get(finding.rule)
        if rule is not None:
            return f"{rule.title} ({finding.id})"
    return _SUGGESTED


def _anybody(site: Site, posted: Posted) -> tuple[str, str]:
    """Who runs what needs no approver: as claimed where somebody says so, else the operating-system user."""
    is_claimed = site.is_local and bool(posted.text("person"))
    return (posted.person() if is_claimed else site.os_user), site.os_user


ROUTES = (before_quarantine, quarantine, release, before_retirement, retire)
