"""What the approved remits say about what really happened: each distinct use, once, by the engine that decides everywhere.

Invariants:
- only an approved remit judges; an agent without one is not judged here;
- a use is judged by what the remit was for at the time of its latest event, whatever the mode: in `observe` and `ask` too a use that no
  line allows is out of intent;
- what a record cannot show (arguments, columns, which resource) is not held against the agent; what it shows is;
- a decision that an enforcement point took is not taken again: its own outcome counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from remit.contracts.system import Vocabulary
from remit.decide.engine import decide
from remit.decide.index import Index, build_index
from remit.decide.limits import NOTHING_SPENT
from remit.model.agent import AgentState
from remit.model.decision import Decision, Outcome, Request, Step
from remit.model.event import Judged, Use
from remit.model.identity import Bound
from remit.model.remit import Limits, Remit
from remit.model.times import time_from_text

DECISIONS = "decisions:"
"""What the source of a use begins with when it comes from a decision log."""
_NEEDS_NO_GRANT = frozenset({"sts:getcalleridentity", "sts:getsessiontoken", "sts:getaccesskeyinfo"})
_BECOMES = frozenset({"sts:assumerole", "sts:assumerolewithwebidentity", "sts:assumerolewithsaml"})
_ON_THE_WAY = frozenset({"connect", "usage", "temporary"})
"""What every statement in a database needs before it does anything."""
_UNKNOWN = "*"


def judge(
    uses: Iterable[Use], remits: Mapping[str, Remit], vocabularies: Iterable[Vocabulary], bound: Iterable[Bound] = ()
) -> tuple[Judged, ...]:
    """Every use of an agent with an approved remit, and what that remit says about it. `remits` by slug."""
    index = build_index((_as_record_shows(remit) for remit in remits.values()), dict.fromkeys(remits, AgentState.ACTIVE), vocabularies)
    own: dict[str, set[str]] = defaultdict(set)
    for binding in bound:
        own[binding.agent].add(binding.principal)
    return tuple(_judged(use, index, remits[use.agent], own[use.agent]) for use in uses if use.agent in remits)


def _as_record_shows(remit: Remit) -> Remit:
    """The remit without what an audit record does not hold: arguments, destinations, amounts."""
    objectives = tuple(
        msgspec.structs.replace(
            objective, can=tuple(msgspec.structs.replace(capability, where=(), data_class=None) for capability in objective.can)
        )
        for objective in remit.objectives
    )
    never = tuple(line for line in remit.never if not line.where and not line.outside)
    return msgspec.structs.replace(remit, objectives=objectives, never=never, limits=Limits())


def _judged(use: Use, index: Index, remit: Remit, own: set[str]) -> Judged:
    if use.source.startswith(DECISIONS):
        return _as_decided(use)
    action = use.action.lower()
    if action in _NEEDS_NO_GRANT or (action in _BECOMES and use.resource in own):
        return Judged(use=use, outcome=Outcome.ALLOW, because="it says who asks, or lets the agent act as its own identity")
    if action in _ON_THE_WAY and any(capability.system == use.system for _, capability in remit.capabilities()):
        return Judged(use=use, outcome=Outcome.ALLOW, because="every line on this system needs it")
    at = time_from_text(use.last).timestamp()
    first = None
    for request in _requests(use, remit):
        decision = decide(index, request, None, NOTHING_SPENT, at)
        first = first if first is not None else decision
        outcome = _in_enforce(decision)
        if outcome in (Outcome.ALLOW, Outcome.MODIFY):
            return Judged(use=use, outcome=outcome, because=decision.because, rule=decision.rule)
        if decision.step is not Step.NO_MATCH:
            break
    assert first is not None
    return Judged(use=use, outcome=_in_enforce(first), because=first.because, rule=first.rule)


def _in_enforce(decision: Decision) -> Outcome:
    return decision.would if decision.would is not None else decision.outcome


def _requests(use: Use, remit: Remit) -> Iterator[Request]:
    """The request that was made; where the record leaves something open, every one that the remit could have meant by it."""
    arguments = {"columns": list(use.columns)} if use.columns else {}
    request = Request(agent=remit.agent, system=use.system, action=use.action, resource=use.resource, arguments=arguments)
    yield request
    if ":log-group:" in use.resource and not use.resource.endswith(":*"):
        # AWS writes a log group with and without what stands for its streams, and means the same.
        yield msgspec.structs.replace(request, resource=f"{use.resource}:*")
    for _, capability in remit.capabilities():
        if capability.system != use.system:
            continue
        is_open = use.resource == _UNKNOWN
        if is_open or (capability.columns and not use.columns):
            yield msgspec.structs.replace(
                request,
                resource=capability.resource if is_open else use.resource,
                arguments={"columns": list(capability.columns)} if capability.columns and not use.columns else arguments,
            )


def _as_decided(use: Use) -> Judged:
    """What the enforcement point said, over all calls of this use."""
    calls = use.allowed + use.denied
    if use.denied:
        return Judged(use=use, outcome=Outcome.DENY, because=f"an enforcement point denied {use.denied:,} of {calls:,} calls")
    if use.would_deny:
        return Judged(use=use, outcome=Outcome.DENY, because=f"`enforce` would have denied {use.would_deny:,} of {calls:,} calls")
    return Judged(use=use, outcome=Outcome.ALLOW, because="an enforcement point allowed it")
