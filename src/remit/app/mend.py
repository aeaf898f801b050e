"""Plans about one agent, made from what the store holds and carried out: right-size, quarantine, release, retire.

Holds no rule: `remedy` plans, `govern` says who may, `app.act` moves. Invariants:
- a quarantine is in the store, so that every point that asks it denies, before any identity is touched; so is a retirement;
- an agent leaves quarantine only when its identities are as they were;
- what was read back after a plan is kept as new evidence.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from remit.app import act
from remit.app.current import Current
from remit.app.hands import Readings
from remit.app.loop import alignment_of, look_again
from remit.app.meant import plan_meant
from remit.app.release import release
from remit.app.scan import keep_state
from remit.app.views.half_done import half_done_of, half_done_text, ways_text
from remit.govern import lifecycle
from remit.model.agent import AgentState
from remit.model.errors import RefusedError, RemitError
from remit.model.event import Use
from remit.model.identity import Bound
from remit.model.plan import Approval, Plan, PlanKind, PlanState
from remit.model.times import text_from_time
from remit.remedy import quarantine as stopping
from remit.remedy.forbidden import excepted_by, forbidden_by, named_apart_by
from remit.remedy.rightsize import right_size
from remit.remedy.situation import Ground, Situation
from remit.store.records import Store

Move = Callable[[Store, str, Approval, act.Means], act.Acted]
Approver = tuple[str, str]
"""The claimed person, and the operating-system user."""


def plan_right_size(current: Current, slug: str, at: str) -> Plan:
    """A plan that leaves the agent what it needs; in the store, and nothing else happened.

    One without steps is kept too: whoever applies it is told that nothing had to be changed, and older ones wait for nobody any more.
    """
    state = current.state(slug)
    if state in (AgentState.RETIRED, AgentState.SUSPENDED):
        what = "it has nothing to narrow" if state is AgentState.RETIRED else f"run `remit release {slug}` first"
        raise RefusedError(f"agent `{slug}` is {state}: {what}")
    # Made now, it would be made of a state that is neither before nor after. What is stuck may never end, and stands in nobody's way.
    if begun := [plan for plan in half_done_of(current.plans.of(slug)) if plan.state is not PlanState.STUCK]:
        raise RefusedError(f"{half_done_text(begun[-1])}; {ways_text(begun[-1], current.owner(slug) or 'PERSON')}, then plan again")
    current.remit_to_act_by(slug)
    made = right_size(_situation(current, slug), _new_id(), at)
    current.store.put(made, seen=at)
    return made


def plan_quarantine(current: Current, slug: str, at: str) -> Plan:
    """A plan that stops every identity of the agent; not kept yet."""
    if current.state(slug) is AgentState.RETIRED:
        raise RefusedError(f"agent `{slug}` is retired: it is denied everywhere already")
    return stopping.quarantine(_situation_to_stop(current, slug), _new_id(), at)


def suspend(current: Current, slug: str, approver: Approver, because: str) -> bool:
    """Denies the agent at every point that asks the store, and touches no identity; whether it was not suspended before."""
    return _suspended(current, slug, approver, because, ())


def begin_quarantine(current: Current, made: Plan, approver: Approver, because: str) -> None:
    """Denies the agent at every point that asks the store, and keeps the plan where it is needed."""
    _suspended(current, made.agent, approver, because, (made,) if is_kept(current, made) else ())


def is_kept(current: Current, made: Plan) -> bool:
    """Whether a quarantine has to stand in the store: not where it stops nothing, and nothing that others stopped hangs on it.

    INVARIANT: an identity that another agent's quarantine stopped stays so when that one is released, by the plan of this agent.
    """
    if made.steps:
        return True
    plans = current.plans.all()
    held = stopping.stopped(plans)
    return not stopping.to_release(plans, made.agent) and any(item.principal in held for item in current.bound_by_agent.get(made.agent, ()))


def _suspended(current: Current, slug: str, approver: Approver, because: str, plans: Sequence[Plan]) -> bool:
    at = _now()
    with current.store.exclusive("approve"):
        current.refresh()
        standing = current.standings.get(slug) or lifecycle.discovered(slug, at)
        # INVARIANT (deny first): before any identity is touched.
        moved = lifecycle.suspended(standing, at, approver[0], because)
        changed = current.store.put_all([moved, *plans], seen=at, by=approver[0])
    current.refresh()
    return moved in changed


def carry_out_quarantine(
    current: Current, made: Plan, approver: Approver, because: str, environment: Mapping[str, str], told: act.Watch = act.unwatched
) -> Plan:
    """Stops the identities. Where there were none to stop, and the plan was not kept, it is given as applied."""
    if not made.steps and current.store.get(Plan, made.id) is None:
        return msgspec.structs.replace(made, state=PlanState.APPLIED)
    return _carried(current, act.apply, _approval(made.id, approver, because), _means(current, environment, told))


def carry_out_release(
    current: Current, slug: str, approver: Approver, environment: Mapping[str, str], told: act.Watch = act.unwatched
) -> Plan:
    """Takes the agent's quarantines back, newest first, then its suspension."""
    plans = current.store.all(Plan)
    is_suspended = current.state(slug) is AgentState.SUSPENDED
    if not is_suspended and not stopping.to_release(plans, slug):
        raise RefusedError(f"agent `{slug}` is {current.state(slug)}, not suspended: there is nothing to release")
    if why := why_not_released(current, slug):
        raise RefusedError(why)
    acted = release(current.store, slug, approver[0], approver[1], "release", _means(current, environment, told))
    for done in acted:
        _keep_readings(current, done.readings)
    released = [done.plan for done in acted]
    stuck = next((done.plan for done in acted if done.plan.state is not PlanState.UNDONE), None)
    if stuck is not None:
        _look_again(current, slug, *released)
        return stuck
    at = _now()
    current.refresh()
    if current.state(slug) is AgentState.SUSPENDED:
        current.store.put(lifecycle.released(current.standings[slug], at, approver[0], "released"), seen=at, by=approver[0])
    _look_again(current, slug, *released)
    if acted:
        return msgspec.structs.replace(acted[-1].plan, proofs=tuple(proof for done in acted for proof in done.plan.proofs))
    nothing = stopping.quarantine(Situation(agent=slug, bound=(), principals={}, grounds={}), _new_id(), at)
    return msgspec.structs.replace(nothing, state=PlanState.UNDONE)


def why_not_released(current: Current, slug: str) -> str:
    """Why what a quarantine stopped stays so: the agent is retired, and nobody else acts as its identities. Empty: it can be released."""
    if current.state(slug) is not AgentState.RETIRED or any(current.sharing(slug).values()):
        return ""
    return f"agent `{slug}` is retired, for good: what its quarantine stopped is not given back"


def plan_retirement(current: Current, slug: str, approver: Approver, at: str) -> Plan:
    """A plan that takes everything from the identities that only this agent uses; refused for whoever may not."""
    lifecycle.may_change(approver[0], slug, current.remit_to_act_by(slug), current.owners.get(slug), what="retire")
    begun = [
        plan
        for plan in current.store.all(Plan)
        if plan.agent == slug and plan.kind is PlanKind.RETIRE and plan.state is not PlanState.UNDONE
    ]
    if begun and current.state(slug) is AgentState.RETIRED:
        return max(begun, key=lambda plan: (plan.made, plan.id))
    return retirement_ahead(current, slug, at)


def retirement_ahead(current: Current, slug: str, at: str) -> Plan:
    """What a retirement would do, to be read by whoever wonders; nothing is kept."""
    return stopping.retire(_situation_to_stop(current, slug), _new_id(), at)


def carry_out_retirement(
    current: Current, made: Plan, approver: Approver, environment: Mapping[str, str], told: act.Watch = act.unwatched
) -> Plan:
    """Retires the agent, then empties its identities."""
    at = _now()
    with current.store.exclusive("approve"):
        current.refresh()
        standing = current.standings.get(made.agent) or lifecycle.discovered(made.agent, at)
        with current.store.transaction():
            current.store.put(lifecycle.retired(standing, at, approver[0], "retired"), seen=at, by=approver[0])
            if current.store.get(Plan, made.id) is None:
                current.store.put(made, seen=at, by=approver[0])
    current.refresh()
    return _carried(current, act.apply, _approval(made.id, approver, "retirement"), _means(current, environment, told))


def carry_out(
    current: Current, identifier: str, approver: Approver, environment: Mapping[str, str], what: str, told: act.Watch = act.unwatched
) -> Plan:
    """`apply` or `rollback` of a plan by its approver; the id of an agent means its one plan that is to be applied or taken back."""
    plan = plan_meant(current, identifier, what)
    if what == "rollback" and plan.kind is PlanKind.QUARANTINE:
        raise RefusedError(f"`{plan.id}` is a quarantine: `remit release {plan.agent}` takes it back")
    move = act.apply if what == "apply" else act.roll_back
    return _carried(current, move, _approval(plan.id, approver, ""), _means(current, environment, told))


def unreached_points(current: Current, slug: str) -> list[str]:
    """Logs of points without a store in which this agent's decisions were read."""
    found = {use.place.rpartition(":")[0] for use in current.store.uses(agent=slug) if use.source.startswith("decisions:")}
    return sorted(found)


# --- making ----------------------------------------------------------------------------------------------------


def _situation_to_stop(current: Current, slug: str) -> Situation:
    """As `_situation`, for what takes everything: who else needs what does not matter, nor what others did elsewhere."""
    bound = _bound(current, slug)
    uses = [use for ref in sorted({item.principal for item in bound if item.agent == slug}) for use in current.store.uses(principal=ref)]
    return Situation(
        agent=slug,
        bound=bound,
        principals=current.principals,
        grounds={
            connection: _ground(current, connection, [use for use in uses if use.source == connection])
            for connection in current.connections
            if _holds_identities(current, connection)
        },
        alignments={slug: alignment_of(current, slug)},
        stopped=stopping.stopped(current.plans.all()),
    )


def _situation(current: Current, slug: str) -> Situation:
    bound = _bound(current, slug)
    mine = {item.principal for item in bound if item.agent == slug}
    sharers = {item.agent for item in bound if item.principal in mine}
    return Situation(
        agent=slug,
        bound=bound,
        principals=current.principals,
        grounds={
            connection: _ground(current, connection, _uses_of(current, connection))
            for connection in current.connections
            if _holds_identities(current, connection)
        },
        alignments={agent: alignment_of(current, agent) for agent in sorted(sharers | {slug})},
        forbids=forbidden_by(current.remits.get(slug), current.vocabularies),
        excepts=excepted_by(current.remits.get(slug), current.vocabularies),
        apart=named_apart_by(current.remits.get(slug), current.vocabularies),
        stopped=stopping.stopped(current.plans.all()),
    )


def _holds_identities(current: Current, connection: str) -> bool:
    return current.identity_system(current.connections[connection].kind) is not None


def _bound(current: Current, slug: str) -> tuple[Bound, ...]:
    return tuple(item for item in current.bound if item.agent == slug or current.state(item.agent) is not AgentState.RETIRED)


def _ground(current: Current, name: str, uses: list[Use]) -> Ground:
    connection = current.connections[name]
    system = current.identity_system(connection.kind)
    if system is None:
        raise RefusedError(f"`{name}` holds no identities")
    scan = current.scans.get(name)
    unread = [f"{gap.place}: {gap.what}" for gap in current.skipped(name)]
    unread += [f"{gap.place}: {gap.what}" for gap in (scan.gaps if scan is not None else ())]
    return Ground(
        system=system,
        objects=current.objects(name),
        has_log=bool(connection.setting("trail") or connection.setting("log")),
        uses=uses,
        unread_records=scan.unread_in_all if scan is not None else 0,
        unread=tuple(unread),
    )


def _uses_of(current: Current, name: str) -> list[Use]:
    return [use for use in current.all_uses if use.source == name]


# --- carrying out ----------------------------------------------------------------------------------------------------


def _carried(current: Current, move: Move, approval: Approval, means: act.Means) -> Plan:
    try:
        done = move(current.store, approval.plan, approval, means)
    except act.OutdatedError as error:
        # The next plan is to be made from what is there now, not from what made this one outdated.
        _keep_readings(current, error.readings)
        raise
    _keep_readings(current, done.readings)
    _look_again(current, done.plan.agent, done.plan)
    return done.plan


def _look_again(current: Current, slug: str, *plans: Plan) -> None:
    """Findings, and how risky the agents on these identities are, hang on what they are granted and on how they stand now."""
    current.refresh()
    with contextlib.suppress(RemitError):  # what was done stands, and the next scan looks again
        look_again(current, _now(), {slug, *(other for plan in plans for other in plan.also_affects)})


def _means(current: Current, environment: Mapping[str, str], told: act.Watch) -> act.Means:
    return act.Means(systems=current.identity_systems, environment=environment, now=_now, told=told)


def _keep_readings(current: Current, readings: Readings) -> None:
    for name, items in readings.items():
        keep_state(current, current.connections[name], items, _now())


def _approval(plan_id: str, approver: Approver, because: str) -> Approval:
    return Approval(plan=plan_id, by=approver[0], os_user=approver[1], at=_now(), because=because)


def _now() -> str:
    return text_from_time(datetime.now(UTC))


def _new_id() -> str:
    """Time-ordered, and short enough to type."""
    return f"plan:{time.time_ns() // 1_000_000:011x}{secrets.token_hex(2)}"
