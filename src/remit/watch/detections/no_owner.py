"""Agents that nobody answers for.

Nobody: no owner was set by `remit owner`, no approved remit names a contact, nothing near the code (CODEOWNERS, a README, a tag) and no tag
of its own identity names anyone, and no agent that hands over to it has an owner. A candidate is not an owner, but somebody to ask; an
agent with one is shown in `remit agents` and is no finding. The bare name of a team, in a tag such as `team`, is nobody to ask: it says
who pays; the finding names it, as the place to begin.
"""

from __future__ import annotations

from collections.abc import Iterator

from remit.contracts.detection import Rule, Window
from remit.model.finding import Severity, Spotted
from remit.model.shown import printable
from remit.model.standing import KnownAgent
from remit.watch.window import agents_of, bindings_by_agent, severity_by_reach

RULE = Rule(
    id="no-owner",
    title="Nobody answers for an agent",
    why="What nobody answers for is never reviewed, corrected or switched off, and an alarm about it reaches nobody.",
    severity=Severity.MEDIUM,
    remedy="`remit owner AGENT PERSON` names who answers for it; a line in CODEOWNERS or a tag `owner` names whom to ask",
)


def detect(window: Window) -> Iterator[Spotted]:
    """One finding for each agent."""
    agents = agents_of(window)
    bound = bindings_by_agent(window)
    owned = set(window.owners) | set(window.remits) | {known.agent.id for known in agents if known.agent.owner_candidates}
    handed = [(known.agent.id, other) for known in agents for other in known.agent.delegates_to]
    grows = True
    while grows:
        more = {other for slug, other in handed if slug in owned} - owned
        owned |= more
        grows = bool(more)
    for known in agents:
        slug = known.agent.id
        if slug not in owned:
            yield Spotted(
                agent=slug,
                key="owner",
                title=f"nobody is named as the owner of `{slug}`, by a person, a tag or CODEOWNERS{_team(known)}",
                evidence=(str(known.agent.place),),
                severity=severity_by_reach(window, [binding.principal for binding in bound.get(slug, ())], RULE.severity),
            )


def _team(known: KnownAgent) -> str:
    names = ", ".join(f"`{printable(team.name, 60)}`" for team in known.agent.teams[:3])
    return f"; a tag gives the team {names}, and nobody in it" if names else ""
