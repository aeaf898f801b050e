"""What needs somebody, risk first: each with the one step that comes next.

A plan that is half done stands before everything, because nobody knows what holds; then what is open, what is blind, and what waits for
a person's word. Of each sort the first few are named, gravest first, and the rest are counted with a way to all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

import msgspec

from remit.app.act import check_applies
from remit.app.current import Current
from remit.app.findings import SEVERITIES
from remit.app.web.addresses import agent_address, plan_address
from remit.app.web.listing import open_findings
from remit.app.web.plan_view import Listed
from remit.app.web.sentences import parted
from remit.model.agent import AgentState
from remit.model.errors import RefusedError
from remit.model.finding import FindingState, Severity
from remit.model.plan import Plan, PlanKind, PlanState, StepState
from remit.model.standing import KnownAgent

NAMED = 4
"""Of each sort."""
_NO_OWNER = "no-owner"
"""The rule whose finding says already that nobody answers for an agent."""
_NOT_BEGUN = (PlanState.DRAFTED, PlanState.REPLAYED, PlanState.APPROVED)


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody has to do. `title` and `detail` may hold text from outside and are shown escaped."""

    sort: str
    """Stands in the badge: `stuck`, `high`, `no owner` ..."""
    tone: str
    """`red`, `amber` or `blue`, beside the word."""
    title: str
    agent: str = ""
    """Slug; empty: it is about no single agent."""
    detail: str = ""
    step: str
    """What the next click does."""
    link: str


def needs(current: Current, live: Sequence[KnownAgent], plans: Sequence[Listed], moving: Mapping[str, str]) -> list[Need]:
    """Everything that needs somebody. `live` are agents that are there and not retired, riskiest first; `plans` are all.

    `moving` says where the steps show of each plan that somebody carries out now.
    """
    risk = {slug: current.risk(slug) for slug in current.agents}
    by_risk = sorted(plans, key=lambda one: (-risk.get(one.plan.agent, 0), one.plan.agent, one.plan.id))
    findings = _findings(current, risk)
    sorts: list[tuple[list[Need], str, str]] = [
        (list(_half_done(current, by_risk)), "plans are half done", "/plans"),
        (list(_under_way(by_risk, moving)), "plans are being carried out", "/jobs"),
        ([need for severity, need in findings if severity is Severity.CRITICAL], "critical findings", "/findings?severity=critical"),
        (list(_broken_remits(current, live)), "approved remits do not count", "/agents?remit=broken"),
        (list(_faulty(current)), "connections cannot be read", "/connections"),
        ([need for severity, need in findings if severity is Severity.HIGH], "high findings", "/findings?severity=high"),
        (list(_to_apply(current, by_risk)), "plans wait for a person", "/plans"),
        (list(_without_owner(current, live)), "agents without an owner", "/agents?owner=none"),
        (list(_drafted(current, live)), "drafts wait for a person", "/agents?state=draft"),
    ]
    return [need for members, what, link in sorts for need in _named(members, what, link)] + list(_without_remit(current, live))


def waiting(plans: Sequence[Listed]) -> int:
    """How many plans a person has to say something to, counted as the list of plans counts them."""
    return sum(one.needs_end or one.waits for one in plans)


def segment(text: str) -> str:
    """Text as one part of an address."""
    return quote(text, safe="")


def _named(members: Sequence[Need], what: str, link: str) -> Iterator[Need]:
    # One more than fits is named too: a line that says `1 more` would take the same room.
    named = members if len(members) == NAMED + 1 else members[:NAMED]
    yield from named
    if rest := len(members) - len(named):
        yield Need(sort=members[0].sort, tone=members[0].tone, title=f"{rest:,} more: {what}", step="See all", link=link)


def _half_done(current: Current, plans: Sequence[Listed]) -> Iterator[Need]:
    for one in plans:
        plan = one.plan
        if not one.needs_end:
            continue
        if plan.state in _NOT_BEGUN:
            if plan.kind is PlanKind.QUARANTINE and current.state(plan.agent) is not AgentState.SUSPENDED:
                continue  # it was released before its identities were stopped
            what = "emptied" if plan.kind is PlanKind.RETIRE else "stopped"
            title, step = f"it is denied at every point, and its identities are not {what} yet", "Carry it out"
        else:
            title = f"its plan ({plan.kind}) is {plan.state}: what it began has to be finished or taken back"
            step = "Finish or take back"
        yield Need(
            sort="stuck" if plan.state is PlanState.STUCK else "half done",
            tone="red",
            title=title,
            agent=plan.agent,
            detail=plan.stuck_because,
            step=step,
            link=plan_address(plan.id),
        )


def _under_way(plans: Sequence[Listed], moving: Mapping[str, str]) -> Iterator[Need]:
    for one in plans:
        plan = one.plan
        if not one.is_moving:
            continue
        is_back = plan.state is PlanState.UNDOING
        ended = plan.step_states.count(StepState.UNDONE if is_back else StepState.DONE)
        yield Need(
            sort="under way",
            tone="blue",
            title=f"its plan ({plan.kind}) is being {'taken back' if is_back else 'applied'} now: {ended} of {len(plan.steps)}",
            agent=plan.agent,
            step="Watch it",
            link=moving[plan.id],
        )


def _findings(current: Current, risk: dict[str, float]) -> list[tuple[Severity, Need]]:
    found = [finding for finding in current.findings if finding.state is FindingState.OPEN and finding.severity in SEVERITIES[:2]]
    found.sort(key=lambda finding: (SEVERITIES.index(finding.severity), -risk.get(finding.agent, 0), finding.agent, finding.id))
    return [
        (
            finding.severity,
            Need(
                sort=finding.severity,
                tone="red",
                title=parted(finding.title)[0],
                agent=finding.agent,
                step="See what to do",
                link=f"/findings/{segment(finding.id.removeprefix('finding:'))}",
            ),
        )
        for finding in found
    ]


def _broken_remits(current: Current, live: Sequence[KnownAgent]) -> Iterator[Need]:
    for known in live:
        slug = known.agent.id
        if slug in current.remit_faults:
            yield Need(
                sort="remit",
                tone="red",
                title="its approved remit does not count: it is denied everywhere",
                agent=slug,
                detail=current.remit_faults[slug],
                step="See its versions",
                link=agent_address(slug, "remit"),
            )


def _faulty(current: Current) -> Iterator[Need]:
    for name in current.connections:
        scan = current.scans.get(name)
        link = f"/connections/{segment(name)}"
        if scan is None:
            yield Need(sort="blind", tone="amber", title=f"`{name}` was never scanned", step="Scan it", link=link)
        elif scan.fault:
            yield Need(
                sort="blind",
                tone="red",
                title=f"`{name}` cannot be read: what it would show is not known",
                detail=scan.fault,
                step="Mend it",
                link=link,
            )


def _to_apply(current: Current, plans: Sequence[Listed]) -> Iterator[Need]:
    for one in plans:
        plan, found = one.plan, one.verdict
        if not one.waits or plan.kind is not PlanKind.RIGHT_SIZE:
            continue
        replayed = f"{found.denied:,} of {found.calls:,} recorded calls would have been denied"
        replayed += f"; {found.words}" if found.words else ""
        yield Need(
            sort="plan",
            tone="amber" if found.missed else "blue",
            title=f"a plan ({plan.kind}) of {len(plan.steps):,} {'step' if len(plan.steps) == 1 else 'steps'} waits: {replayed}",
            agent=plan.agent,
            detail=(why_not := _why_not_yet(current, plan)),
            step="Read it" if why_not else "Read and apply",
            link=plan_address(plan.id),
        )


def _why_not_yet(current: Current, plan: Plan) -> str:
    """What stands between a plan and its being applied; empty: a person's word alone."""
    try:
        check_applies(plan, current.remits.get(plan.agent), current.standings.get(plan.agent))
    except RefusedError as error:
        return str(error)
    return ""


def _without_owner(current: Current, live: Sequence[KnownAgent]) -> Iterator[Need]:
    told = {slug for slug, members in open_findings(current).items() if any(finding.rule == _NO_OWNER for finding in members)}
    for known in live:
        slug = known.agent.id
        if current.owner(slug) is None and slug not in told:
            names = list(dict.fromkeys(candidate.name for candidate in known.agent.owner_candidates))
            ask = f"ask {' or '.join(names[:2])}" if names else "nothing names anybody"
            yield Need(
                sort="no owner",
                tone="amber",
                title=f"nobody answers for it; {ask}",
                agent=slug,
                step="Name an owner",
                link=f"{agent_address(slug)}#owner",
            )


def _drafted(current: Current, live: Sequence[KnownAgent]) -> Iterator[Need]:
    for known in live:
        slug = known.agent.id
        if current.state(slug) is AgentState.DRAFT and slug not in current.versions:
            title = "its remit is drafted and not approved: no point allows it anything"
            yield Need(sort="draft", tone="blue", title=title, agent=slug, step="Read and approve", link=agent_address(slug, "draft"))


def _without_remit(current: Current, live: Sequence[KnownAgent]) -> Iterator[Need]:
    slugs = [known.agent.id for known in live]
    left = [slug for slug in slugs if slug not in current.versions and current.state(slug) is AgentState.DISCOVERED]
    if left:
        many = f"{len(left):,} agents have" if len(left) != 1 else "1 agent has"
        yield Need(
            sort="no remit",
            tone="blue",
            title=f"{many} no remit yet, this one is the riskiest: nobody said what it is for",
            agent=left[0],
            step="Read its draft",
            link=agent_address(left[0], "draft"),
        )
