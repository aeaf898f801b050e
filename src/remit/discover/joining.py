"""One agent that several connections show: declared in code or IaC, and hosted in a cloud.

Invariants:
- a hosted agent (its place is an ARN) and a declaration of the same sort are one when their names are equal and nothing contradicts: roles
  that are both known and differ keep them apart;
- code that is no declaration is the code of a hosted runtime only when the name has two words or more, or the role is the same too;
- where several fit on either side, the role decides, else nothing is joined and the gap names the candidates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import msgspec

from remit.model.agent import Agent
from remit.model.evidence import Gap, GapKind
from remit.model.labels import folded, is_telling, words_of
from remit.model.place import Place
from remit.model.shown import printable

Roles = Callable[[Agent], frozenset[str]]
"""The names of the roles that evidence gives an agent, folded to what both sides write."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One agent as one connection shows it."""

    connection: str
    agent: Agent

    @property
    def is_hosted(self) -> bool:
        """Whether the connection is where it runs."""
        return self.agent.place.path.startswith("arn:")

    @property
    def is_declared(self) -> bool:
        """Whether it is declared to such a platform."""
        return "bedrock" in f"{self.agent.framework} {self.agent.construct}".lower() and "inline" not in self.agent.construct.lower()

    @property
    def sort(self) -> str:
        """What is compared with what: Bedrock's agents, and AgentCore's runtimes."""
        text = f"{self.agent.construct} {self.agent.place.path if self.is_hosted else ''}".lower()
        return "runtime" if "runtime" in text and "agent-runtime" not in text else "harness" if "harness" in text else "agent"


Group = tuple[Member, ...]
"""One agent; the member that names it first."""


def joined(members: Sequence[Member], roles: Roles) -> tuple[list[Group], list[Gap]]:
    """The agents, each with everything that shows it, in the order given; and what could not be told."""
    hosted = [member for member in members if member.is_hosted]
    partner: dict[int, list[Member]] = defaultdict(list)
    taken: set[int] = set()
    gaps: list[Gap] = []
    for fits in (_declares, _is_code_of):
        _pair(hosted, [member for member in members if not member.is_hosted], fits, roles, partner, taken, gaps)
    groups: list[Group] = []
    for member in members:
        if id(member) in taken:
            continue
        groups.append((member, *partner.get(id(member), ())))
    return groups, gaps


def _pair(
    hosted: Sequence[Member],
    others: Sequence[Member],
    fits: Callable[[Member, Member, Roles], bool],
    roles: Roles,
    partner: dict[int, list[Member]],
    taken: set[int],
    gaps: list[Gap],
) -> None:
    """Joins each hosted agent with the one other that fits it; what is joined is named by the other."""
    by_name: dict[str, list[Member]] = defaultdict(list)
    for other in others:
        if not other.agent.is_test:
            by_name[folded(other.agent.name or other.agent.id)].append(other)
    waiting = [member for member in hosted if id(member) not in taken]
    chosen: dict[int, list[Member]] = {}
    for member in waiting:
        fitting = [other for other in by_name.get(folded(member.agent.name or ""), ()) if fits(other, member, roles)]
        surer = [other for other in fitting if roles(other.agent) & roles(member.agent)]
        chosen[id(member)] = surer if len(surer) == 1 else fitting
    rivals: dict[int, list[Member]] = defaultdict(list)
    for member in waiting:
        for other in chosen[id(member)]:
            rivals[id(other)].append(member)
    for member in waiting:
        found = chosen[id(member)]
        if len(found) == 1 and len(rivals[id(found[0])]) == 1:
            partner[id(found[0])].append(member)
            taken.add(id(member))
        elif found:
            rest = [other for one in found for other in rivals[id(one)] if other is not member]
            gaps.append(_undecided(member, [*found, *rest]))


def _undecided(member: Member, candidates: Sequence[Member]) -> Gap:
    listed = ", ".join(dict.fromkeys(f"`{candidate.agent.place}`" for candidate in candidates[:5]))
    name = printable(member.agent.name or member.agent.id)
    what = f"agent `{name}` has the name of {listed}, and nothing tells which of them it is: each is listed as an agent of its own"
    return Gap(place=Place(member.agent.place.path), kind=GapKind.UNRESOLVED, what=what, is_file=False)


def _declares(other: Member, hosted: Member, roles: Roles) -> bool:
    return other.is_declared and other.sort == hosted.sort and not _contradict(other, hosted, roles)


def _is_code_of(other: Member, hosted: Member, roles: Roles) -> bool:
    """Whether an agent in code is what a runtime runs."""
    name = other.agent.name or ""
    if other.is_declared or hosted.sort != "runtime" or not is_telling(folded(name)) or _contradict(other, hosted, roles):
        return False
    return len(words_of(name)) >= 2 or bool(roles(other.agent) & roles(hosted.agent))


def _contradict(other: Member, hosted: Member, roles: Roles) -> bool:
    mine, theirs = roles(other.agent), roles(hosted.agent)
    return bool(mine and theirs) and not mine & theirs


def merged(group: Group) -> Agent:
    """One record of an agent: the first member's words, filled with what only the others know."""
    agent = group[0].agent
    for member in group[1:]:
        other = member.agent
        has_purpose = agent.purpose is not None
        agent = msgspec.structs.replace(
            agent,
            places=tuple(dict.fromkeys((*agent.places, *other.places))),
            model=agent.model if agent.model is not None else other.model,
            tools=agent.tools if agent.tools is not None else other.tools,
            purpose=agent.purpose if has_purpose else other.purpose,
            purpose_place=agent.purpose_place if has_purpose else other.purpose_place,
            purpose_lines=agent.purpose_lines if has_purpose else other.purpose_lines,
            named_at=tuple(dict.fromkeys((*agent.named_at, *other.named_at))),
            kind=agent.kind or other.kind,
            identities=(*agent.identities, *(binding for binding in other.identities if binding not in agent.identities)),
            credentials=tuple(dict.fromkeys((*agent.credentials, *other.credentials))),
            autonomy=agent.autonomy or other.autonomy,
            exposure=tuple(dict.fromkeys((*agent.exposure, *other.exposure))),
            risk=max(agent.risk, other.risk),
            owner_candidates=tuple(dict.fromkeys((*agent.owner_candidates, *other.owner_candidates))),
            teams=tuple(dict.fromkeys((*agent.teams, *other.teams))),
            inferred_actions=tuple(dict.fromkeys((*agent.inferred_actions, *other.inferred_actions))),
        )
    return agent
