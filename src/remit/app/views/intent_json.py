"""The JSON of what people settle: drafts, approvals, owners, and what a decision rests on (interfaces.md)."""

from __future__ import annotations

from typing import Any

from remit.app.intent import Approved
from remit.model.draft import Draft
from remit.model.event import Event
from remit.model.ids import AGENT_PREFIX
from remit.model.standing import Ownership
from remit.understand.turning import Why


def draft_json(draft: Draft, text: str) -> dict[str, Any]:
    """A draft, line by line with its sources, and as the document that a person reads; `text` is that document."""
    return {
        "agent": AGENT_PREFIX + draft.agent,
        "purpose": draft.purpose,
        "contact": draft.contact,
        "identities": list(draft.identities),
        "lines": [
            {
                "objective": line.objective,
                "verb": line.verb,
                "system": line.system,
                "resource": line.resource,
                "columns": list(line.columns),
                "where": [{"argument": argument, "pattern": pattern} for argument, pattern in line.where],
                "actions": list(line.actions),
                "is_observed_only": line.is_observed_only,
                "reasons": [
                    {"origin": reason.origin, "place": str(reason.because.place), "text": reason.because.text} for reason in line.reasons
                ],
            }
            for line in draft.lines
        ],
        "unresolved": [{"what": item.what, "place": str(item.because.place), "text": item.because.text} for item in draft.unresolved],
        "document": text,
    }


def approved_json(done: Approved) -> dict[str, Any]:
    """What an approval came to."""
    return {
        "agent": AGENT_PREFIX + done.remit.agent,
        "version": done.version.version,
        "hash": done.version.hash,
        "by": done.version.by,
        "os_user": done.version.os_user,
        "at": done.version.at,
        "is_new": done.is_new,
        "state": done.standing.state,
        "signature": done.version.signature,
        "key": done.version.key,
    }


def ownership_json(ownership: Ownership) -> dict[str, Any]:
    """Who answers for an agent."""
    return {"agent": AGENT_PREFIX + ownership.agent, "owner": ownership.person, "since": ownership.since, "by": ownership.by}


def why_json(event: Event, found: Why) -> dict[str, Any]:
    """What a decision rests on, and what would turn it."""
    return {
        "decision": event.decision or event.id,
        "agent": AGENT_PREFIX + event.agent,
        "time": event.happened,
        "system": event.system,
        "action": event.action,
        "resource": event.resource,
        "outcome": found.outcome,
        "would": found.would,
        "because": found.because,
        "rule": found.rule,
        "place": found.place,
        "turn": found.turn,
        "proposal": found.proposal,
    }


def decision_json(event: Event) -> dict[str, Any]:
    """A decision in a list of many."""
    return {
        "decision": event.decision or event.id,
        "agent": AGENT_PREFIX + event.agent if event.agent else None,
        "time": event.happened,
        "system": event.system,
        "action": event.action,
        "resource": event.resource,
        "outcome": event.outcome,
        "would": event.would,
        "because": event.because,
        "session": event.session or None,
        "place": event.place,
    }
