"""The loop over what the store holds, in order. Holds no rule; each function is one stage (the first one is `app.discovery`)."""

from __future__ import annotations

from collections.abc import Iterable

from remit.app.current import Current
from remit.contracts import registry
from remit.contracts.detection import Window
from remit.govern import lifecycle
from remit.model.agent import AgentState
from remit.model.alignment import Alignment
from remit.model.draft import Draft
from remit.model.finding import FindingState
from remit.model.remit import Remit
from remit.understand.abilities import Abilities, reach_of
from remit.understand.align import align
from remit.understand.client_tools import reached_by_tools
from remit.understand.declared import texts_about
from remit.understand.draft import draft
from remit.understand.inferred import servers_of
from remit.understand.material import Material
from remit.understand.spans import Spans
from remit.understand.unsaid import placed
from remit.watch.findings import update
from remit.watch.judge import judge

_STANDING = frozenset({FindingState.OPEN, FindingState.ACCEPTED})


def watch(current: Current, at: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Judges what happened by what was approved, runs every detection, and keeps the findings; ids that opened and closed."""
    found = window(current)
    detections = registry.find("RULE").values()
    spotted = {detection.RULE.id: tuple(detection.detect(found)) for detection in detections}
    before = current.findings
    after = update(before, spotted, [detection.RULE for detection in detections], found, at)
    current.store.put_all(after, seen=at)
    _keep_reach(current, found.alignments.values(), at)
    current.refresh()
    stood = {finding.id: finding.state for finding in before}
    closed = [item.id for item in after if item.state is FindingState.CLOSED and stood.get(item.id, item.state) is not item.state]
    opened = [item.id for item in after if item.state is FindingState.OPEN and stood.get(item.id) not in _STANDING]
    return tuple(opened), tuple(closed)


def window(current: Current) -> Window:
    """Everything that detections look at."""
    live = [
        slug
        for slug, known in current.agents.items()
        if not known.is_gone and current.state(slug) is not AgentState.RETIRED and slug not in current.remit_faults
    ]
    refs = sorted({bound.principal for bound in current.bound})
    access = current.access_of(refs)
    bound_uses = [use for use in current.all_uses if use.agent]
    return Window(
        now=current.now,
        agents=current.agents,
        standings=current.standings,
        owners=current.owners,
        remits=current.remits,
        principals=current.principals,
        bindings=current.bound,
        alignments={slug: alignment_of(current, slug) for slug in live},
        uses=tuple(current.all_uses),
        judged=judge(bound_uses, current.remits, current.vocabularies.values(), current.bound),
        secrets=tuple(secret for reading in current.readings.values() for secret in reading.inventory.secrets),
        unread=tuple(current.unread),
        unjudged=frozenset(current.remit_faults),
        access={found.principal: found for found in access},
    )


def note_reach(current: Current, slugs: Iterable[str], at: str) -> None:
    """Keeps what agents reach now, because what they are granted was changed."""
    _keep_reach(current, [alignment_of(current, slug) for slug in slugs if slug in current.agents], at)
    current.refresh()


def _keep_reach(current: Current, alignments: Iterable[Alignment], at: str) -> None:
    abilities = Abilities(Spans(current.vocabularies, current.concerns))
    found = [reach_of(alignment, abilities, reached_by_tools(current.agents[alignment.agent].agent)) for alignment in alignments]
    current.store.put_all(found, seen=at)


def draft_of(current: Current, slug: str) -> Draft:
    """What an agent seems to be for, by what is declared, inferred and observed."""
    return draft(material(current, slug))


def material(current: Current, slug: str) -> Material:
    """Everything that a draft is made from; nothing of what is granted."""
    known = current.agents[slug]
    readings = [current.readings[source] for source in known.sources if source in current.readings]
    texts = [text for reading in readings for text in reading.inventory.texts]
    servers = [server for reading in readings for server in reading.inventory.mcp_servers]
    neighbours = [other.agent for other in current.agents.values() if set(other.sources) & set(known.sources)]
    bound = tuple(current.bound_by_agent.get(slug, ()))
    ownership = current.owners.get(slug)
    return Material(
        agent=known.agent,
        contact=ownership.person if ownership is not None else None,
        bound=bound,
        principals=tuple(current.principals[item.principal] for item in bound if item.principal in current.principals),
        uses=tuple(current.uses_of(slug)),
        texts=texts_about(known.agent, texts, neighbours),
        mcp_servers=servers_of(known.agent, servers),
        known=current.resources,
        vocabularies=current.vocabularies,
        concerns=current.concerns,
    )


def note_draft(current: Current, slug: str, by: str, at: str) -> None:
    """A draft was written for a person to read: a discovered agent is now one with a draft."""
    standing = current.standings.get(slug) or lifecycle.discovered(slug, at)
    moved = lifecycle.drafted(standing, at, by)
    if moved != standing:
        current.store.put(moved, seen=at, by=by)
        current.refresh()


def alignment_of(current: Current, slug: str) -> Alignment:
    """Needed, granted and used of one agent: needed by its approved remit, else by its draft."""
    needs: Remit | Draft = current.remits.get(slug) or draft_of(current, slug)
    access = current.access_of([bound.principal for bound in current.bound_by_agent.get(slug, ())])
    uses = placed(current.uses_of(slug), access, Spans(current.vocabularies, current.concerns), current.concerns)
    return align(slug, needs, access, uses, current.vocabularies, current.concerns)
