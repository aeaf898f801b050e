"""What one agent can access, worked out once for as long as everything that it follows from is the same.

A memo of a pure function, for pages that are asked for again and again. Invariant: what is given is what would be worked out anew.
Remit, access and uses are compared each time; a draft is made anew unless it follows from the very snapshot, and the uses, of last time.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Sequence

import msgspec

from remit.app.current import Current
from remit.app.loop import as_it_stands, draft_of
from remit.app.views.granting import Ways
from remit.app.web.access_view import Line, lines_of
from remit.app.web.strands import Strand, strands_of
from remit.model.access import PrincipalAccess
from remit.model.agent import AgentState
from remit.model.alignment import Alignment
from remit.model.draft import Draft
from remit.model.event import Use
from remit.model.remit import Remit
from remit.understand.abilities import Abilities
from remit.understand.align import align
from remit.understand.spans import Spans

_MOST = 64
"""Agents of which it is kept."""


class AgentAccess(msgspec.Struct, frozen=True, kw_only=True):
    """Needed, granted and used of one agent, with what its page tells of each line."""

    needs: Remit | Draft
    access: Sequence[PrincipalAccess]
    uses: Sequence[Use]
    state: AgentState
    alignment: Alignment
    spans: Spans
    lines: Sequence[Line]
    ways: Ways
    strands: Sequence[Strand]


class Kept:
    """What was worked out for the agents that were asked for last. Safe for several threads."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._found: OrderedDict[str, tuple[weakref.ref[Current], AgentAccess]] = OrderedDict()

    def of(self, current: Current, slug: str) -> AgentAccess:
        """What the agent can access now."""
        access = current.access_of([bound.principal for bound in current.bound_by_agent.get(slug, ())])
        uses, state = current.uses_of(slug), current.state(slug)
        with self._lock:
            seen, known = self._found.get(slug, (None, None))
        is_used_alike = known is not None and known.uses == uses
        needs: Remit | Draft | None = current.remits.get(slug)
        if needs is None and known is not None and is_used_alike and seen is not None and seen() is current:
            needs = known.needs
        needs = needs or draft_of(current, slug)
        if known is not None and is_used_alike and known.needs == needs and known.state is state and _are_same(known.access, access):
            found = known
        else:
            found = _worked_out(current, slug, needs, access, uses)
        with self._lock:
            self._found[slug] = weakref.ref(current), found
            self._found.move_to_end(slug)
            if len(self._found) > self._most:
                self._found.popitem(last=False)
        return found


def _are_same(some: Sequence[PrincipalAccess], others: Sequence[PrincipalAccess]) -> bool:
    """The very same, or equal: access that was evaluated anew is compared part by part."""
    return len(some) == len(others) and all(one is other or one == other for one, other in zip(some, others, strict=True))


def _worked_out(current: Current, slug: str, needs: Remit | Draft, access: Sequence[PrincipalAccess], uses: Sequence[Use]) -> AgentAccess:
    alignment = as_it_stands(current, align(slug, needs, access, uses, current.vocabularies, current.concerns))
    spans = Spans(current.vocabularies, current.concerns)
    lines, ways = lines_of(alignment, Abilities(spans)), Ways(access, spans)
    return AgentAccess(
        needs=needs,
        access=access,
        uses=uses,
        state=current.state(slug),
        alignment=alignment,
        spans=spans,
        lines=lines,
        ways=ways,
        strands=strands_of(lines, ways, spans.holds_identities),
    )
