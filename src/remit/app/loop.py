"""The loop over what the store holds, in order. Holds no rule; each function is one stage (the first one is `app.discovery`)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import msgspec

from remit.app.current import Current
from remit.contracts import registry
from remit.contracts.detection import Window
from remit.govern import lifecycle
from remit.model.agent import AgentState
from remit.model.alignment import Alignment, Class
from remit.model.draft import Draft
from remit.model.errors import RefusedError
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
        if not known.is_gone and not _is_retired(current, slug) and slug not in current.remit_faults
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


def look_again(current: Current, at: str, slugs: Iterable[str] = ()) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Watches outside of a scan, because what findings rest on was changed: a remit, an owner, a grant, how an agent stands.

    `slugs` are the agents that it was about: what they reach is kept though they are retired. Ids that opened and closed; none where a
    scan is under way and takes long, which watches when it is done.
    """
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(current.store.exclusive("scan"))
        except RefusedError:
            return (), ()
        current.refresh()
        came = watch(current, at)
        _keep_reach(current, [alignment_of(current, slug) for slug in sorted(slugs) if _is_retired(current, slug)], at)
    current.refresh()
    return came


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


def _is_retired(current: Current, slug: str) -> bool:
    return slug in current.agents and current.state(slug) is AgentState.RETIRED


def alignment_of(current: Current, slug: str) -> Alignment:
    """Needed, granted and used of one agent: needed by its approved remit, else by its draft."""
    needs: Remit | Draft = current.remits.get(slug) or draft_of(current, slug)
    access = current.access_of([bound.principal for bound in current.bound_by_agent.get(slug, ())])
    uses = placed(current.uses_of(slug), access, Spans(current.vocabularies, current.concerns), current.concerns)
    return as_it_stands(current, align(slug, needs, access, uses, current.vocabularies, current.concerns))


def as_it_stands(current: Current, alignment: Alignment) -> Alignment:
    """The alignment of an agent that may be retired: it will not break by what it is not granted."""
    if not _is_retired(current, alignment.agent):
        return alignment
    kept = tuple(line for line in alignment.lines if line.class_ is not Class.NEEDED_NOT_GRANTED)
    return msgspec.structs.replace(alignment, lines=kept)
