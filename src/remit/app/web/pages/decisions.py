"""Decisions as they happen, and what each rests on."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from remit.app.current import Current
from remit.app.web.addresses import agent_address, decision_at
from remit.app.web.paging import AT_ONCE, address, asked
from remit.app.web.site import AnyRequest, Site
from remit.model.errors import RemitError
from remit.model.event import Event, Result
from remit.model.standing import ApprovedRemit
from remit.understand.turning import Why, why

_PATH = "/decisions"
_OUTCOMES = (("", "All"), ("denied", "Not allowed"))
_AROUND = 2


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """The line of the remit in force that answers now, in its surroundings."""

    version: int
    line: int
    lines: tuple[tuple[int, str], ...]


@get(_PATH, sync_to_thread=True)
def all_decisions(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """The newest decisions, or those before one."""
    current = site.current
    agent, outcome, before = asked(request, "agent").removeprefix("agent:"), asked(request, "outcome"), asked(request, "before")
    outcome = outcome if outcome in dict(_OUTCOMES) else ""
    found = site.snapshots.store.decisions(agent=agent or None, limit=AT_ONCE, before=before or None, only_denied=bool(outcome))
    filters = {"agent": agent, "outcome": outcome}
    return site.page(
        request,
        "decisions.html",
        decisions=[(event, shown_outcome(event)) for event in found],
        agent=agent,
        is_known=not agent or agent in current.agents,
        outcome=outcome,
        choices=[(name, title, address(_PATH, {"agent": agent, "outcome": name})) for name, title in _OUTCOMES],
        newest=address(_PATH, filters) if before else "",
        older=address(_PATH, {**filters, "before": found[-1].decision or found[-1].id}) if len(found) == AT_ONCE else "",
        is_live=not before,
    )


@get("/decisions/{decision_id:str}", sync_to_thread=True)
def one_decision(decision_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """Why a decision came out as it did, and the smallest change that would turn it."""
    current = site.current
    event = decision_at(current, decision_id)
    found, fault = _why(current, event, site.now())
    return site.page(
        request,
        "decision.html",
        event=event,
        outcome=shown_outcome(event),
        why=found,
        fault=fault,
        rule=_rule(current, event.agent, found) if found is not None else None,
        is_known=event.agent in current.agents,
        state=current.state(event.agent),
        has_remit=event.agent in current.versions,
        edit=f"{agent_address(event.agent, 'remit')}#edit" if event.agent in current.versions else agent_address(event.agent, "draft"),
    )


def shown_outcome(event: Event) -> str:
    """What a point answered; what it would have, where it only observed, is said beside it."""
    if event.outcome is not None:
        return str(event.outcome)
    return "allow" if event.result is Result.ALLOWED else "deny"


def _why(current: Current, event: Event, now: str) -> tuple[Why | None, str]:
    try:
        remit = current.remit_to_act_by(event.agent)
    except RemitError as error:
        return None, str(error)
    at = datetime.fromisoformat(now).timestamp()
    return why(event, remit, current.state(event.agent), list(current.vocabularies.values()), at), ""


def _rule(current: Current, slug: str, found: Why) -> Rule | None:
    version = current.approved.get(slug)
    number = found.place.rpartition(":")[2]
    if not isinstance(version, ApprovedRemit) or not number.isdecimal():
        return None
    lines = version.document.splitlines()
    at = int(number)
    around = range(max(1, at - _AROUND), min(len(lines), at + _AROUND) + 1)
    return Rule(version=version.version, line=at, lines=tuple((line, lines[line - 1]) for line in around))


ROUTES = (all_decisions, one_decision)
