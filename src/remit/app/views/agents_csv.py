"""Agents as lines for a spreadsheet: `remit agents --csv`, and the same from a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from remit.app.current import Current
from remit.app.views.csv_text import csv_text
from remit.model.ids import AGENT_PREFIX
from remit.model.standing import KnownAgent

_COLUMNS = ("id", "name", "kind", "state", "owner", "risk", "identities", "purpose", "places", "framework")


def agents_csv(current: Current, chosen: Iterable[KnownAgent]) -> str:
    """A line of names, then one for each agent, in the order given."""
    return csv_text(_COLUMNS, _rows(current, chosen))


def _rows(current: Current, chosen: Iterable[KnownAgent]) -> Iterator[dict[str, object]]:
    for known in chosen:
        agent = known.agent
        yield {
            "id": AGENT_PREFIX + agent.id,
            "name": agent.name,
            "kind": agent.kind,
            "state": current.state(agent.id),
            "owner": current.owner(agent.id),
            "risk": current.risk(agent.id),
            "identities": " ".join(current.identity_text(bound.principal) for bound in current.bound_by_agent.get(agent.id, ())),
            "purpose": " ".join((agent.purpose or "").split()),  # a line for every agent, whatever its prompt looks like
            "places": " ".join(str(place) for place in agent.places),
            "framework": agent.framework,
        }
