"""Findings: what somebody must act on, and accepting one until a date."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath, FromQuery, QueryParameter

from remit.app import findings
from remit.app.api.bodies import Acceptance
from remit.app.api.exchange import Sent, answered, known_agent, page_of
from remit.app.api.inventory import After, Limit
from remit.app.api.shapes import Finding, Findings
from remit.app.current import Current
from remit.app.persons import acting
from remit.app.views.findings_json import finding_json
from remit.app.web.rules import rules
from remit.app.web.site import Site
from remit.model import finding as model
from remit.model.errors import RefusedError
from remit.model.shown import printable


@get(
    "/findings",
    sync_to_thread=True,
    operation_id="listFindings",
    summary="What somebody must act on: open first, gravest first",
    description="As `remit findings --json`.",
    opt={"answer": Findings},
    tags=["findings"],
)
def list_findings(
    site: NamedDependency[Site],
    agent: FromQuery[str | None] = None,
    severity: FromQuery[model.Severity | None] = None,
    rule: FromQuery[str | None] = None,
    standing: Annotated[model.FindingState | None, QueryParameter(name="state")] = None,
    closed: Annotated[bool, QueryParameter(description="Closed ones too.")] = False,
    limit: Limit = 100,
    after: After = None,
) -> Response[bytes]:
    """Filters, then cuts a page out."""
    current = site.current
    if rule is not None and rule not in rules():
        # A misspelt rule that fits nothing would answer that all is well.
        raise ClientException(
            f"`rule`: there is no rule `{printable(rule, 80)}`; it is one of {', '.join(f'`{known}`' for known in sorted(rules()))}"
        )
    slug = known_agent(current, agent).agent.id if agent is not None else None
    with_closed = closed or standing is model.FindingState.CLOSED
    listed = [
        finding
        for finding in findings.by_need(current.findings, {slug: current.risk(slug) for slug in current.agents})
        if (with_closed or finding.state is not model.FindingState.CLOSED)
        and (slug is None or finding.is_about(slug))
        and (severity is None or finding.severity is severity)
        and (rule is None or finding.rule == rule)
        and (standing is None or finding.state is standing)
    ]
    page, following = page_of(listed, [finding.id for finding in listed], after, limit)
    return answered({"findings": [finding_json(finding) for finding in page], "total": len(listed), "next": following})


@get(
    "/findings/{finding_id:str}",
    sync_to_thread=True,
    operation_id="readFinding",
    summary="One finding",
    opt={"answer": Finding},
    tags=["findings"],
)
def read_finding(finding_id: FromPath[str], site: NamedDependency[Site]) -> Response[bytes]:
    """By its id, with or without `finding:`."""
    return answered(finding_json(_meant(site.current, finding_id)))


@post(
    "/findings/{finding_id:str}/accept",
    sync_to_thread=True,
    status_code=200,
    operation_id="acceptFinding",
    summary="Accept a finding until a date, with a reason",
    description="As `remit accept FINDING --json`. On the day after it is open again.",
    opt={"answer": Finding, "body": Acceptance, "example": {"because": "moves in January", "until": "2027-01-31"}},
    tags=["findings"],
)
def accept(finding_id: FromPath[str], site: NamedDependency[Site], sent: NamedDependency[Sent]) -> Response[bytes]:
    """It stays listed."""
    given = sent.read(Acceptance)
    at = site.now()
    current = site.fresh()
    found = _meant(current, finding_id)
    because = findings.reason(given.because, "`because`")
    until = findings.last_day(given.until, date.fromisoformat(at[:10]), "`until`")
    person = acting(given.person, site.os_user, is_local=site.is_local, called="`person`")
    return answered(finding_json(findings.accept(current, found.id, because, until, person, at)))


def _meant(current: Current, text: str) -> model.Finding:
    known = current.findings
    try:
        return findings.finding_meant(known, text)
    except RefusedError as error:
        raise NotFoundException(str(error)) from error


READING = (list_findings, read_finding)
CHANGING = (accept,)
