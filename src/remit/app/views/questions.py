"""The four questions about one agent, answered from what the store holds; what the command line and the web UI both tell."""

from __future__ import annotations

import msgspec

from remit.app.current import Current
from remit.app.loop import draft_of
from remit.model.event import Event
from remit.model.finding import Finding, FindingState, Severity
from remit.model.standing import KnownAgent

_SEVEREST_FIRST = tuple(reversed(Severity))


class Purpose(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent is for, and who says so. Hostile text unless it is approved."""

    text: str
    """Empty: nothing says."""
    said_by: str
    """`the approved remit`, `its own words, not approved`, or where a draft takes it from."""
    place: str = ""
    is_approved: bool = False


def purpose_of(current: Current, known: KnownAgent) -> Purpose:
    """What was approved; else what it says of itself; else what a draft takes from its documents."""
    slug = known.agent.id
    remit = current.remits.get(slug)
    if remit is not None:
        return Purpose(text=remit.purpose, said_by="the approved remit", is_approved=True)
    if known.agent.purpose:
        place = str(known.agent.purpose_place) if known.agent.purpose_place is not None else ""
        return Purpose(text=known.agent.purpose, said_by="its own words, not approved", place=place)
    draft = draft_of(current, slug)
    place = str(draft.purpose_because.place) if draft.purpose_because is not None else ""
    return Purpose(text=draft.purpose, said_by="its documents, not approved" if draft.purpose else "", place=place)


def first_sentence(text: str | None) -> str:
    """The first sentence of the first paragraph, on one line."""
    words = " ".join((text or "").strip().partition("\n\n")[0].split())
    return words.split(". ", 1)[0]


def open_findings(current: Current, slug: str) -> list[Finding]:
    """The open findings about one agent, severest first."""
    found = [finding for finding in current.findings if finding.is_about(slug) and finding.state is FindingState.OPEN]
    return sorted(found, key=lambda finding: (_SEVEREST_FIRST.index(finding.severity), finding.opened, finding.id))


def decisions_of(current: Current, slug: str, most: int) -> list[Event]:
    """The last decisions of points about an agent, the newest first."""
    # Ids follow the time of the point that gave them; clocks of two points may differ.
    return sorted(current.store.decisions(agent=slug, limit=most), key=lambda event: event.happened, reverse=True)


def denied_lately(current: Current, slug: str, most: int) -> list[Event]:
    """The last calls that a point did not allow."""
    return current.store.decisions(agent=slug, limit=most, only_denied=True)
