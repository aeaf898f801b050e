"""Which plan, and which decision, a person means who types the id of an agent in place of one.

Invariants:
- what is meant is one, or nothing is done: of several plans that differ none is taken, so that nobody applies one that they never read;
- a plan that `apply` would refuse anyway (from a draft, from another remit than the one in force) is not meant.
"""

from __future__ import annotations

from collections.abc import Sequence

from remit.app.current import Current, nearest
from remit.model.errors import RefusedError
from remit.model.event import Event, Result
from remit.model.ids import AGENT_PREFIX, is_agent_slug
from remit.model.plan import Plan, PlanKind, PlanState
from remit.model.shown import printable
from remit.remedy import plan as machine

_PLAN_PREFIX = "plan:"
_SHORTEST = len(_PLAN_PREFIX) + 6
"""The beginning of a plan's id counts from six letters on."""
_EVENTS_AT_ONCE = 1000


def plan_meant(current: Current, text: str, what: str) -> Plan:
    """The plan of this id or beginning of one; or, for an agent's id, the one that `apply` or `rollback` is about."""
    plan = _by_id(current, text)
    slug = _agent(current, text)
    if plan is not None and slug is not None:
        raise RefusedError(f"`{slug}` is an agent and the beginning of `{plan.id}`; write `{AGENT_PREFIX}{slug}` or the plan's whole id")
    if plan is not None:
        return plan
    if slug is None:
        raise RefusedError(f"there is no plan `{printable(text, 80)}`{_no_agent(current, text)}; `remit plan AGENT` makes one")
    plans = [plan for plan in current.store.all(Plan) if plan.agent == slug and plan.kind is PlanKind.RIGHT_SIZE]
    return _to_apply(current, slug, plans) if what == "apply" else _to_roll_back(slug, plans)


def decision_meant(current: Current, text: str) -> Event:
    """The decision of this id; or, for an agent's id, its last one that did not allow."""
    event = current.store.decision(text)
    if event is not None:
        return event
    slug = _agent(current, text)
    if slug is None:
        missing = f"there is no decision `{printable(text, 80)}` in the store{_no_agent(current, text)}"
        raise RefusedError(f"{missing}; `remit scan` reads the logs of points first")
    before: str | None = None
    while events := current.store.events(agent=slug, limit=_EVENTS_AT_ONCE, before=before):
        denied = next((event for event in events if event.decision and event.result is not Result.ALLOWED), None)
        if denied is not None:
            return denied
        before = events[-1].happened
    raise RefusedError(f"nothing of `{slug}` was denied, as far as was read; `remit scan` reads the logs of points first")


def _by_id(current: Current, text: str) -> Plan | None:
    wanted = text if text.startswith(_PLAN_PREFIX) else f"{_PLAN_PREFIX}{text}"
    plan = current.store.get(Plan, wanted)
    if plan is not None or len(wanted) < _SHORTEST:
        return plan
    fitting = current.store.all(Plan, prefix=wanted)
    return fitting[0] if len(fitting) == 1 else None


def _agent(current: Current, text: str) -> str | None:
    slug = text.removeprefix(AGENT_PREFIX)
    return slug if is_agent_slug(slug) and slug in current.agents else None


def _no_agent(current: Current, text: str) -> str:
    """What is said besides where it is the id of no agent either, and may have been meant for one."""
    slug = text.removeprefix(AGENT_PREFIX)
    near = nearest(slug, current.agents) if is_agent_slug(slug) else ""
    return f", nor an agent of that name{near}" if near or text.startswith(AGENT_PREFIX) else ""


def _to_apply(current: Current, slug: str, plans: Sequence[Plan]) -> Plan:
    begun = [plan for plan in plans if machine.is_half_done(plan)]
    remit = current.remits.get(slug)
    fresh = [
        plan
        for plan in plans
        if plan.state is PlanState.REPLAYED and not plan.is_from_draft and (remit is None or plan.remit_hash == remit.hash)
    ]
    if begun:
        # What is half done comes first; a fresh plan beside it was made of a state that is neither before nor after.
        fitting = begun
    else:
        last = max((plan.changed for plan in plans if plan.state in (PlanState.APPLIED, PlanState.UNDONE)), default="")
        fitting = [plan for plan in fresh if plan.made >= last]
    if not fitting:
        raise RefusedError(f"`{slug}` has no plan that can be applied{_stands(plans)}; `remit plan {slug}` makes one")
    newest = max(fitting, key=lambda plan: (plan.made, plan.id))
    if any(plan.steps != newest.steps for plan in fitting):
        named = ", ".join(f"`{plan.id}`" for plan in sorted(fitting, key=lambda plan: (plan.made, plan.id), reverse=True)[:5])
        raise RefusedError(f"`{slug}` has {len(fitting)} plans that differ: {named}; name the one that you read")
    return newest


def _to_roll_back(slug: str, plans: Sequence[Plan]) -> Plan:
    done = [plan for plan in plans if plan.state is PlanState.APPLIED or machine.is_half_done(plan)]
    if not done:
        raise RefusedError(f"`{slug}` has no plan that was applied{_stands(plans)}: there is nothing to roll back")
    return max(done, key=lambda plan: (plan.changed, plan.id))


def _stands(plans: Sequence[Plan]) -> str:
    if not plans:
        return ""
    newest = max(plans, key=lambda plan: (plan.made, plan.id))
    return f": the last, `{newest.id}`, is {newest.state}{' and made from a draft' if newest.is_from_draft else ''}"
