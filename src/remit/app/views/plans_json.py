"""The JSON of plans: `remit plan`, and what `remit apply`, `rollback`, `quarantine`, `release` and `retire` came to (interfaces.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from remit.app.current import Current
from remit.model.ids import AGENT_PREFIX
from remit.model.plan import Plan, Proof


def plan_json(current: Current, made: Plan) -> dict[str, Any]:
    """A plan: its steps, its replay, its blind spots."""
    return {
        "plan": made.id,
        "agent": AGENT_PREFIX + made.agent,
        "kind": made.kind,
        "state": made.state,
        "steps": [
            {
                "system": step.connection,
                "identity": current.identity_text(step.principal),
                "principal": step.principal,
                "operation": step.operation,
                "target": step.target,
                "what": step.what,
                "before": step.before,
                "after": step.after,
                "state": state,
            }
            for step, state in zip(made.steps, made.step_states, strict=True)
        ],
        "replay": {
            "calls": made.replay.calls,
            "since": made.replay.since,
            "would_deny": [
                {
                    "agent": AGENT_PREFIX + denied.agent if denied.agent else None,
                    "identity": current.identity_text(denied.principal),
                    "action": denied.action,
                    "resource": denied.resource,
                    "calls": denied.calls,
                    "last": denied.last,
                    "why": denied.why,
                }
                for denied in made.replay.would_deny
            ],
        },
        "blind_spots": list(made.blind_spots),
        "residue": list(made.residue),
        "risk_removed": list(made.risk_removed),
        "also_affects": [AGENT_PREFIX + slug for slug in made.also_affects],
        "needed_from": "draft" if made.is_from_draft else "remit",
    }


def outcome_json(current: Current, done: Plan) -> dict[str, Any]:
    """What an applied, undone or stuck plan came to (interfaces.md)."""
    return {
        "plan": done.id,
        "agent": AGENT_PREFIX + done.agent,
        "kind": done.kind,
        "state": done.state,
        "proofs": proofs_json(current, done.proofs),
        "also_affects": [AGENT_PREFIX + slug for slug in done.also_affects],
        "kept": list(done.residue),
        "stuck_because": done.stuck_because or None,
    }


def proofs_json(current: Current, proofs: Sequence[Proof]) -> list[dict[str, Any]]:
    """What was tried, and what came of it."""
    return [
        {
            "system": proof.system,
            "identity": current.identity_text(proof.identity),
            "tried": proof.tried,
            "expected": proof.expected,
            "got": proof.got,
            "how": proof.how,
        }
        for proof in proofs
    ]


def plan_page_json(current: Current, plan: Plan) -> dict[str, Any]:
    """A plan with what it came to, and by whose word."""
    approval = plan.approval
    return {
        **plan_json(current, plan),
        **outcome_json(current, plan),
        "made": plan.made,
        "changed": plan.changed,
        "approval": None
        if approval is None
        else {"by": approval.by, "os_user": approval.os_user, "at": approval.at, "because": approval.because or None},
    }


def plan_line_json(plan: Plan) -> dict[str, Any]:
    """A plan in a list of many."""
    return {
        "plan": plan.id,
        "agent": AGENT_PREFIX + plan.agent,
        "kind": plan.kind,
        "state": plan.state,
        "steps": len(plan.steps),
        "needed_from": "draft" if plan.is_from_draft else "remit",
        "made": plan.made,
        "changed": plan.changed,
        "stuck_because": plan.stuck_because or None,
    }
