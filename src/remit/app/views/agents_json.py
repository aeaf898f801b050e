"""The JSON of agents as the store knows them: `remit agents`, `remit agent ID` (interfaces.md)."""

from __future__ import annotations

from typing import Any

from remit.app.coverage import coverage
from remit.app.current import Current
from remit.app.loop import alignment_of
from remit.app.views.shared_use import shared_use_text, told_with_shared_use
from remit.app.views.stopped import stopped_with
from remit.app.views.who_can import NOTHING_ASKED, Asked, WhoCan, those_who_can
from remit.app.views.who_can_json import able_json, answer_json
from remit.model.access import Access, PrincipalAccess
from remit.model.alignment import Alignment, AlignmentLine
from remit.model.identity import Bound
from remit.model.ids import AGENT_PREFIX
from remit.model.standing import KnownAgent


def agents_json(current: Current, *, with_gone: bool, asked: Asked = NOTHING_ASKED) -> dict[str, Any]:
    """Every agent, or those that can do what is asked, riskiest first, and what was looked at."""
    listed, answer = those_who_can(current, asked, by_risk(current, with_gone=with_gone))
    document = {"agents": [agent_in_answer_json(current, known, answer) for known in listed], "coverage": coverage(current)}
    return document if answer is None else {**document, "asked": answer_json(answer)}


def agent_in_answer_json(current: Current, known: KnownAgent, answer: WhoCan | None) -> dict[str, Any]:
    """One agent of a list; with `can`, how it can do what was asked, where something was."""
    document = agent_json(current, known)
    return document if answer is None else {**document, "can": able_json(answer.able[known.agent.id])}


def by_risk(current: Current, *, with_gone: bool) -> list[KnownAgent]:
    """Agents, riskiest first."""
    listed = [known for known in current.agents.values() if with_gone or not known.is_gone]
    return sorted(listed, key=lambda known: (-current.risk(known.agent.id), known.agent.id))


def agent_json(current: Current, known: KnownAgent) -> dict[str, Any]:
    """One agent: who owns it, what identities it uses, what it is for."""
    agent = known.agent
    standing = current.standings.get(agent.id)
    approved = current.approved.get(agent.id)
    return {
        "id": AGENT_PREFIX + agent.id,
        "name": agent.name,
        "kind": agent.kind,
        "state": current.state(agent.id),
        "state_since": standing.since if standing is not None else None,
        "state_because": standing.because if standing is not None else "",
        "owner": current.owner(agent.id),
        "owner_candidates": [
            {"name": candidate.name, "because": f"{candidate.because.place}: {candidate.because.text}"}
            for candidate in agent.owner_candidates
        ],
        "teams": [team.name for team in agent.teams],
        "purpose": agent.purpose,
        "identities": [identity_json(current, bound) for bound in current.bound_by_agent.get(agent.id, ())],
        "credentials": [
            {"name": credential.name, "kind": credential.kind, "place": str(credential.place)} for credential in agent.credentials
        ],
        "places": [str(place) for place in agent.places],
        "risk": current.risk(agent.id),
        "framework": agent.framework,
        "model": agent.model,
        "tools": None if agent.tools is None else list(agent.tools),
        "autonomy": agent.autonomy,
        "exposure": list(agent.exposure),
        "copies": [AGENT_PREFIX + slug for slug in agent.copies],
        "delegates_to": [AGENT_PREFIX + slug for slug in agent.delegates_to],
        "sources": list(known.sources),
        "first_seen": known.first_seen,
        "is_gone": known.is_gone,
        "remit": None
        if approved is None
        else {"version": approved.version, "hash": approved.hash, "path": approved.path, "by": approved.by, "at": approved.at},
        "remit_fault": current.remit_faults.get(agent.id),
    }


def agent_page_json(current: Current, known: KnownAgent) -> dict[str, Any]:
    """Everything about one agent: the same, with its access and what of it is needed, granted and used."""
    slug = known.agent.id
    alignment = told_with_shared_use(current, alignment_of(current, slug))
    access = current.access_of([bound.principal for bound in current.bound_by_agent.get(slug, ())])
    return {
        **agent_json(current, known),
        "access": principals_json(current, access),
        "alignment": alignment_json(current, alignment),
        "needed_from": "draft" if alignment.is_from_draft else "remit",
    }


def identity_json(current: Current, bound: Bound) -> dict[str, Any]:
    """One identity of an agent, and why we think so."""
    sharers = [AGENT_PREFIX + slug for slug in current.sharing(bound.agent).get(bound.principal, ())]
    stopped = stopped_with(current, bound.agent) if sharers else ()
    return {
        "ref": current.identity_text(bound.principal),
        "principal": bound.principal,
        "confidence": bound.confidence,
        "because": [str(because.place) for because in bound.because],
        "why": [because.text for because in bound.because],
        "shared_with": sharers,
        "stopped_with": next((AGENT_PREFIX + one.agent for one in stopped if one.principal == bound.principal), None),
        "is_connected": bound.principal in current.principals,
    }


def principals_json(current: Current, found: list[PrincipalAccess]) -> list[dict[str, Any]]:
    """The list `principals` of `remit access`."""
    return [
        {
            "principal": access.principal,
            "ref": current.identity_text(access.principal),
            "access": [access_json(line) for line in access.access],
            "escalations": [],
            "unread": [{"place": unread.place, "why": unread.why} for unread in access.unread],
        }
        for access in found
    ]


def access_json(line: Access) -> dict[str, Any]:
    """One entitlement, with the path that gives it."""
    return {
        "system": line.system,
        "action": line.action,
        "resource": line.resource,
        "decision": line.decision,
        "depends_on": list(line.depends_on),
        "verb": line.verb,
        "because": [{"place": str(because.place), "text": because.text} for because in line.because],
        "but": list(line.but),
        "columns": list(line.columns),
        "expires": line.expires,
    }


def alignment_json(current: Current, alignment: Alignment) -> list[dict[str, Any]]:
    """Needed, granted and used, line by line."""
    return [_line_json(current, line) for line in alignment.lines]


def _line_json(current: Current, line: AlignmentLine) -> dict[str, Any]:
    return {
        "identity": current.identity_text(line.principal) if line.principal else None,
        "system": line.system,
        "action": line.action,
        "resource": line.resource,
        "class": line.class_,
        "is_past": line.is_past,
        "why": "; ".join(filter(None, (line.why, shared_use_text(line)))),
        "rule": line.rule,
        "because": [{"place": str(because.place), "text": because.text} for because in line.because],
        "last_used": line.last_used,
        "count": line.count,
        "shared_calls": line.shared_calls,
        "columns": list(line.columns),
        "doubt": line.doubt,
    }
