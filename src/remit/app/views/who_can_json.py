"""The JSON of which agents can do something: what `remit agents --can` and the API add to agents, where it was asked for."""

from __future__ import annotations

from typing import Any

from remit.app.views.who_can import Able, Way, WhoCan
from remit.model.ids import AGENT_PREFIX

_MOST = 20
"""Resources that are named of one identity; all of them stand on the page of the agent."""


def answer_json(answer: WhoCan) -> dict[str, Any]:
    """What was asked, of whom it is not known, and who can again once a quarantine is released."""
    return {
        "can": answer.asked.verb,
        "on": answer.asked.on or None,
        "is_known_resource": answer.is_known_thing,
        "not_known": [AGENT_PREFIX + slug for slug in answer.not_known],
        "stopped": [AGENT_PREFIX + slug for slug in answer.stopped],
    }


def able_json(able: Able) -> dict[str, Any]:
    """How one agent can."""
    return {"identities": [_way_json(way) for way in able.ways], "tools": list(able.tools)}


def _way_json(way: Way) -> dict[str, Any]:
    return {
        "ref": way.ref,
        "principal": way.principal,
        "everything_in": list(way.everything_in),
        "resources": list(way.resources[:_MOST]),
        "total": len(way.resources),
        "is_certain": way.is_certain,
    }
