"""Agents as rows of a list: what each is, who answers for it, as whom it acts, what is open about it. Riskiest first.

Looks nothing up that costs more the more was recorded: access and use are for the page of one agent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar
from urllib.parse import urlencode

import msgspec

from remit.app.current import Current
from remit.app.findings import SEVERITIES
from remit.app.views.questions import first_sentence
from remit.app.views.who_can import Able, Asked, Way, WhoCan
from remit.app.web.addresses import agent_address
from remit.model.agent import AgentState
from remit.model.finding import Finding, FindingState, Severity
from remit.model.standing import KnownAgent

T = TypeVar("T")
_NAMED = 2
"""Identities, tools and candidates that a row names; the rest are counted."""
_CANNOT = Able()


class WayShown(msgspec.Struct, frozen=True, kw_only=True):
    """One identity by which an agent can do what was asked, and where the lines of it stand."""

    ref: str
    words: str
    example: str
    """One of the resources; empty: on everything alone."""
    is_certain: bool
    address: str


class AgentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One agent in a list. Texts come from outside and are shown escaped."""

    slug: str
    name: str
    purpose: str
    """The first sentence of it."""
    kind: str
    """Empty: not known."""
    risk: float
    state: AgentState
    is_gone: bool
    owner: str | None
    ask: tuple[str, ...]
    """Who may answer for it, while nobody does."""
    identities: tuple[str, ...]
    more_identities: int
    open_findings: int
    gravest: Severity | None
    has_remit: bool
    remit_fault: str
    """Why its approved remit does not count; empty: it does, or there is none."""
    ways: tuple[WayShown, ...] = ()
    """How it can do what was asked; empty where nothing was."""
    more_ways: int = 0
    tools: tuple[str, ...] = ()
    more_tools: int = 0

    @property
    def can_be_stopped(self) -> bool:
        """Whether a quarantine would change anything."""
        return self.state not in (AgentState.SUSPENDED, AgentState.RETIRED)


class Slice(msgspec.Struct, Generic[T], frozen=True):
    """One page of a long list."""

    items: Sequence[T]
    number: int
    """1 is the first."""
    pages: int
    total: int
    first: int
    """Place of the first item in the whole, from 1."""


def sliced(items: Sequence[T], number: int, size: int) -> Slice[T]:
    """One page; a number beyond the last gives the last one."""
    pages = max(1, -(-len(items) // size))
    number = min(max(number, 1), pages)
    first = (number - 1) * size
    return Slice(items[first : first + size], number, pages, len(items), first + 1 if items else 0)


def open_findings(current: Current) -> dict[str, list[Finding]]:
    """The open findings about each agent; one about several stands under each of them."""
    found: dict[str, list[Finding]] = {}
    for finding in current.findings:
        if finding.state is FindingState.OPEN:
            for slug in (finding.agent, *finding.others):
                found.setdefault(slug, []).append(finding)
    return found


def rows(current: Current, chosen: Iterable[KnownAgent], answer: WhoCan | None = None) -> list[AgentRow]:
    """A row for each; `answer` is what was asked of them, where something was."""
    findings = open_findings(current)
    return [_row(current, known, findings.get(known.agent.id, []), answer) for known in chosen]


def text_of(current: Current, known: KnownAgent) -> str:
    """What an agent is found by: id, name, purpose, owner and who may be one."""
    agent = known.agent
    candidates = (candidate.name for candidate in agent.owner_candidates)
    return "\n".join((agent.id, agent.name or "", agent.purpose or "", current.owner(agent.id) or "", *candidates)).casefold()


def _row(current: Current, known: KnownAgent, findings: Sequence[Finding], answer: WhoCan | None) -> AgentRow:
    agent = known.agent
    bound = current.bound_by_agent.get(agent.id, ())
    owner = current.owner(agent.id)
    candidates = tuple(dict.fromkeys(candidate.name for candidate in agent.owner_candidates))
    able = answer.able.get(agent.id, _CANNOT) if answer is not None else _CANNOT
    return AgentRow(
        slug=agent.id,
        name=agent.name or "",
        purpose=first_sentence(agent.purpose),
        kind=agent.kind or "",
        risk=current.risk(agent.id),
        state=current.state(agent.id),
        is_gone=known.is_gone,
        owner=owner,
        ask=() if owner else candidates[:_NAMED],
        identities=tuple(current.identity_text(item.principal) for item in bound[:_NAMED]),
        more_identities=max(0, len(bound) - _NAMED),
        open_findings=len(findings),
        gravest=min((finding.severity for finding in findings), key=SEVERITIES.index, default=None),
        has_remit=agent.id in current.versions,
        remit_fault=current.remit_faults.get(agent.id, ""),
        ways=tuple(_way(agent.id, way, answer.asked) for way in able.ways[:_NAMED]) if answer is not None else (),
        more_ways=max(0, len(able.ways) - _NAMED),
        tools=able.tools[:_NAMED],
        more_tools=max(0, len(able.tools) - _NAMED),
    )


def _way(slug: str, way: Way, asked: Asked) -> WayShown:
    # A pattern that covers what was asked for does not hold its name, by which the page of the agent would choose.
    wanted = {"verb": asked.verb or "", "identity": way.principal, "on": asked.on if way.is_named else ""}
    query = urlencode({name: value for name, value in wanted.items() if value})
    return WayShown(
        ref=way.ref,
        words=way.words,
        example=way.resources[0] if way.resources else "",
        is_certain=way.is_certain,
        address=f"{agent_address(slug)}?{query}#access",
    )
