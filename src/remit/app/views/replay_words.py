"""What a replay of a right-sizing plan says, in the words that command and page share."""

from __future__ import annotations

import msgspec

from remit.model.plan import Plan


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The recorded calls that a plan would have denied, by whether somebody may miss them."""

    calls: int
    denied: int
    missed: int
    """Denied calls of other agents, or of nobody known: what they need is not this agent's remit to say."""
    words: str
    """What the denied calls are; empty where there are none."""


def verdict(plan: Plan) -> Verdict:
    """Of its own agent a plan denies nothing that is needed: one that would is never made (`remedy.rightsize`)."""
    denied = sum(item.calls for item in plan.replay.would_deny)
    missed = sum(item.calls for item in plan.replay.would_deny if item.agent != plan.agent)
    source = "draft" if plan.is_from_draft else "remit"
    words = ""
    if denied and missed:
        words = f"{missed:,} of them are not known to be its own: find out whose they are first"
        words += f"; its {source} calls for none of the others" if denied > missed else ""
    elif denied:
        words = f"its {source} calls for none of them"
    return Verdict(calls=plan.replay.calls, denied=denied, missed=missed, words=words)
