"""Home: what needs somebody, risk first; on an empty store the three ways in."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from remit.app.current import Current
from remit.app.findings import SEVERITIES
from remit.app.views.agents_json import by_risk
from remit.app.web import carrying
from remit.app.web.connecting import FIELDS, TITLES
from remit.app.web.coverage import covered
from remit.app.web.listing import rows
from remit.app.web.needs import needs, waiting
from remit.app.web.plan_view import Listed, listed
from remit.app.web.site import AnyRequest, Site
from remit.model.agent import AgentState
from remit.model.finding import FindingState, Severity
from remit.model.times import text_from_time

_RISKIEST = 10
_JOBS = 3


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One number of the first line, and where what it counts is listed."""

    number: int
    of: str
    link: str
    tone: str = ""
    """`red` or `amber` where it is not 0 and should be."""


@get("/", sync_to_thread=True)
def home(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """The first page."""
    current = site.current
    if not current.connections and not current.agents:
        return site.page(request, "welcome.html", fields=FIELDS, titles=TITLES, given={}, problem="", kind="")
    store = site.snapshots.store
    moving = carrying.moving(site, current)
    plans = listed(current, current.plans.all(), moving)
    there = by_risk(current, with_gone=False)
    live = [known for known in there if current.state(known.agent.id) is not AgentState.RETIRED]
    denied = store.denied_since(text_from_time(current.now - timedelta(days=1)))
    return site.page(
        request,
        "home.html",
        figures=_figures(current, [known.agent.id for known in live], len(there) - len(live), plans, denied),
        needs=needs(current, live, plans, moving),
        riskiest=rows(current, live[:_RISKIEST]),
        live=len(live),
        coverage=covered(current),
        jobs=site.jobs.all()[:_JOBS],
    )


def _figures(current: Current, live: list[str], retired: int, plans: list[Listed], denied: int) -> list[Figure]:
    states = Counter(current.state(slug) for slug in live)
    by_severity = Counter(finding.severity for finding in current.findings if finding.state is FindingState.OPEN)
    ownerless = sum(current.owner(slug) is None for slug in live)
    unapproved = sum(slug not in current.versions for slug in live)
    graves = ", ".join(f"{by_severity[severity]:,} {severity}" for severity in SEVERITIES if by_severity[severity])
    is_grave = by_severity[Severity.CRITICAL] + by_severity[Severity.HIGH] > 0
    return [
        # The list that it leads to holds retired ones too: the two numbers are told so that they add up.
        Figure(
            number=len(live), of=f"agent{'s' if len(live) != 1 else ''}{f', and {retired:,} retired' if retired else ''}", link="/agents"
        ),
        Figure(number=states[AgentState.ACTIVE], of="active", link="/agents?state=active"),
        Figure(number=states[AgentState.SUSPENDED], of="suspended", link="/agents?state=suspended", tone="red"),
        Figure(number=ownerless, of="without an owner", link="/agents?owner=none", tone="amber"),
        Figure(number=unapproved, of="without an approved remit", link="/agents?remit=none", tone="amber"),
        Figure(
            number=sum(by_severity.values()),
            of=f"open findings: {graves}" if graves else "open findings",
            link="/findings",
            tone="red" if is_grave else "amber",
        ),
        Figure(number=waiting(plans), of="plans waiting or stuck", link="/plans", tone="amber"),
        Figure(number=denied, of="denied in the last day", link="/decisions?outcome=denied"),
    ]


ROUTES = (home,)
