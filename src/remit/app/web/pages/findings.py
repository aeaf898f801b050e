"""Findings: where needed, granted and used disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from remit.app.current import Current
from remit.app.findings import SEVERITIES, accept, by_need, last_day
from remit.app.web.addresses import finding_at
from remit.app.web.coverage import covered
from remit.app.web.listing import sliced
from remit.app.web.next_click import clicks
from remit.app.web.paging import AT_ONCE, address, asked, asked_page, neighbours
from remit.app.web.rules import rules
from remit.app.web.site import AnyRequest, Posted, Site
from remit.model.errors import RefusedError, UsageError
from remit.model.finding import Finding, FindingState
from remit.store.records import Version

_PATH = "/findings"
_STATES = (("", "Open"), ("accepted", "Accepted"), ("closed", "Closed"), ("all", "All"))
_MOST_REASON = 1_000


class Typed(msgspec.Struct, frozen=True):
    """What somebody typed to accept a finding, and what was wrong with it."""

    because: str = ""
    until: str = ""
    refused: str = ""


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a finding."""

    at: str
    by: str
    what: str
    because: str = ""


@get(_PATH, sync_to_thread=True)
def all_findings(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """Findings that fit the filters: open first, gravest first, riskiest agents first."""
    current = site.current
    filters = {name: asked(request, name) for name in ("state", "severity", "rule", "agent")}
    filters["agent"] = filters["agent"].removeprefix("agent:")
    risks = {slug: current.risk(slug) for slug in current.agents}
    fitting = [finding for finding in current.findings if _fits(finding, filters, but="state")]
    chosen = by_need([finding for finding in fitting if _fits(finding, filters)], risks)
    part = sliced(chosen, asked_page(request), AT_ONCE)
    counts = Counter(str(finding.state) for finding in fitting) + Counter({"all": len(fitting)})
    severities = Counter(finding.severity for finding in current.findings if _fits(finding, filters, but="severity"))
    return site.page(
        request,
        "findings.html",
        part=part,
        neighbours=neighbours(part.number, _PATH, filters),
        filters=filters,
        states=[(name, title, counts[name or "open"], address(_PATH, {**filters, "state": name})) for name, title in _STATES],
        severities=[(str(severity), severities[severity]) for severity in SEVERITIES],
        rules=[(rule.id, rule.title) for rule in sorted(rules().values(), key=lambda rule: rule.id)],
        risks=risks,
        is_any=bool(current.findings),
        coverage=covered(current),
    )


@get("/findings/{finding_id:str}", sync_to_thread=True)
def one_finding(finding_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """One finding: what is wrong, where it is seen, what to do."""
    return _page(request, site, finding_at(site.current, finding_id), Typed())


@post("/findings/{finding_id:str}/accept", sync_to_thread=True)
def accept_finding(
    finding_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site], posted: NamedDependency[Posted]
) -> Response[Any]:
    """Lets a finding stand until a day, for a reason."""
    found = finding_at(site.current, finding_id)
    try:
        because = posted.needed("because", "the reason why it may stand", most=_MOST_REASON)
        until = last_day(posted.text("until"), date.fromisoformat(site.now()[:10]), "the day")
        accept(site.fresh(), found.id, because, until, site.approver(posted)[0], site.now())
    except (RefusedError, UsageError) as error:
        typed = Typed(posted.fields.get("because", "")[:_MOST_REASON], posted.fields.get("until", "")[:40], str(error))
        return _page(request, site, found, typed)
    return Redirect(f"{_PATH}/{found.id.removeprefix('finding:')}", status_code=303)


def _page(request: AnyRequest, site: Site, finding: Finding, typed: Typed) -> Response[bytes]:
    current = site.current
    known = current.agents.get(finding.agent)
    siblings = [other for other in current.findings if other.rule == finding.rule and other.id != finding.id and other.state == "open"]
    return site.page(
        request,
        "finding.html",
        status=409 if typed.refused else 200,
        finding=finding,
        rule=rules().get(finding.rule),
        clicks=clicks(finding.remedy, current.agents, current.versions),
        agent=known,
        risk=current.risk(finding.agent) if known is not None else 0.0,
        agent_state=current.state(finding.agent),
        owner=current.owner(finding.agent),
        ask=_ask(current, finding.agent),
        history=_history(site.snapshots.store.history(Finding, finding.id)),
        same_rule=len(siblings),
        typed=typed,
        today=site.now()[:10],
    )


def _fits(finding: Finding, filters: dict[str, str], but: str = "") -> bool:
    state = filters["state"]
    return (
        (but == "state" or state == "all" or finding.state == (state or FindingState.OPEN))
        and (but == "severity" or not filters["severity"] or finding.severity == filters["severity"])
        and (not filters["rule"] or finding.rule == filters["rule"])
        and (not filters["agent"] or finding.is_about(filters["agent"]))
    )


def _ask(current: Current, slug: str) -> tuple[str, ...]:
    known = current.agents.get(slug)
    return tuple(dict.fromkeys(candidate.name for candidate in known.agent.owner_candidates))[:3] if known is not None else ()


def _history(versions: Sequence[Version[Finding]]) -> list[Happened]:
    """What changed from version to version, the latest first."""
    told: list[Happened] = []
    before: Finding | None = None
    for version in versions:
        now = version.record
        told += [Happened(at=version.seen, by=version.by, what=what, because=because) for what, because in _changes(before, now)]
        before = now
    return told[::-1]


def _changes(before: Finding | None, now: Finding) -> list[tuple[str, str]]:
    if before is None:
        return [("opened", "")]
    changed = []
    if before.state is not now.state or before.accepted_until != now.accepted_until:
        if now.state is FindingState.ACCEPTED:
            changed.append((f"accepted until {now.accepted_until}", now.accepted_because))
        elif before.state is not now.state:
            ended = before.state is FindingState.ACCEPTED
            opened = "open again: the acceptance ended" if ended else "open again"
            changed.append(("closed: its evidence is gone" if now.state is FindingState.CLOSED else opened, ""))
    if before.severity is not now.severity:
        changed.append((f"severity {before.severity} became {now.severity}", ""))
    if before.owner != now.owner:
        changed.append((f"owner became {now.owner}" if now.owner else "owner is nobody any more", ""))
    if set(before.evidence) != set(now.evidence):
        changed.append((f"seen at {len(now.evidence)} places, before at {len(before.evidence)}", ""))
    if before.title != now.title:
        changed.append(("told anew", now.title))
    return changed


ROUTES = (all_findings, one_finding, accept_finding)
