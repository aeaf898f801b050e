"""Carries plans out: the only driver of write sides, and a machine's hands (`remedy.plan` says what is next, this does it).

Decides nothing about what should change. Invariants:
- the write role is opened against an approval alone, after everything was found as the plan expects it, and closed at the end;
- every move is in the store before the hand moves, so that a process that dies at any point leaves a plan that the next run goes on
  with or takes back;
- what is believed is what the read role reads back, never what the write side says of itself: a change that raises, and one whose
  target is not what the step says, end as `stuck`;
- waiting longer for a system that is slow to show a change never turns a wrong state into a right one;
- a target that somebody else changed is never overwritten: a fresh plan is outdated, a begun one is stuck;
- nothing is touched outside the connected systems, nor an identity that Remit itself acts as or that its system protects;
- two never act at once.
"""

from __future__ import annotations

from collections.abc import Mapping

from remit.app.approvals import in_force
from remit.app.hands import Acted as Acted
from remit.app.hands import Hands, Readings
from remit.app.hands import Journal as Journal
from remit.app.hands import Means as Means
from remit.app.hands import Watch as Watch
from remit.app.hands import unwatched as unwatched
from remit.app.signing import trusted_keys
from remit.contracts import registry
from remit.contracts.system import OpensWriter
from remit.govern import lifecycle
from remit.model.agent import AgentState
from remit.model.errors import RefusedError
from remit.model.plan import Approval, Plan, PlanKind, PlanState
from remit.model.remit import Remit
from remit.model.shown import printable
from remit.model.standing import ApprovedRemit, Ownership, Standing
from remit.remedy import plan as machine

_NEEDS_NO_APPROVER = frozenset({PlanKind.QUARANTINE})


class OutdatedError(RefusedError):
    """Somebody else changed a target since the plan was made; nothing was done.

    `plan` is how it was kept; `readings` is what the systems show now, from which the next plan is to be made.
    """

    def __init__(self, text: str, plan: Plan, readings: Readings) -> None:
        self.plan = plan
        self.readings = readings
        super().__init__(text)


# --- what commands call -----------------------------------------------------------------------------------------------------------


def apply(store: Journal, plan_id: str, approval: Approval, means: Means) -> Acted:
    """Approves and applies a plan, or goes on with a half-done one. The plan that comes back is applied or stuck."""
    with store.exclusive("act"):
        plan = _plan_of(store, plan_id)
        if plan.state is PlanState.APPLIED:
            return Acted(plan=plan)
        _may(store, plan, approval)
        begun = machine.on_approved(plan, approval, means.now())
        with Hands(store, begun, means) as hands:
            hands.check_identities()
            if machine.is_fresh(begun) and machine.goes_on(begun):
                hands.rebase()
            elif machine.is_fresh(begun) and (why := hands.outdated()):
                raise OutdatedError(why, hands.save(machine.on_stuck(plan, why, means.now())), hands.readings())
            hands.open_writers(_writers(approval, means))
            hands.save(hands.plan)
            return hands.carry_out()


def roll_back(store: Journal, plan_id: str, approval: Approval, means: Means) -> Acted:
    """Takes back what a plan did, or goes on with that. The plan that comes back is undone or stuck."""
    with store.exclusive("act"):
        plan = _plan_of(store, plan_id)
        if plan.state is PlanState.UNDONE:
            return Acted(plan=plan)
        _may(store, plan, approval)
        check_rolls_back(plan, store.get(Standing, plan.agent))
        begun = machine.on_roll_back(plan, approval, means.now())
        with Hands(store, begun, means) as hands:
            if why := hands.changed_since():
                return Acted(plan=hands.save(machine.on_stuck(plan, why, means.now())))
            hands.open_writers(_writers(approval, means))
            hands.save(begun)
            return hands.carry_out()


def resume(store: Journal, plan_id: str, approval: Approval, means: Means) -> Acted:
    """Goes on with a half-done plan in the direction in which it was going."""
    plan = _plan_of(store, plan_id)
    return (roll_back if plan.state is PlanState.UNDOING else apply)(store, plan_id, approval, means)


def half_done(store: Journal) -> list[Plan]:
    """Plans that began and did not end, oldest first: for `doctor`, and for whoever wonders after a crash."""
    return sorted((plan for plan in store.all(Plan) if machine.is_half_done(plan)), key=lambda plan: (plan.changed, plan.id))


def check_applies(plan: Plan, remit: Remit | None, standing: Standing | None) -> None:
    """Raises RefusedError where nobody's word would move this plan as things stand: known before anybody gives it."""
    if plan.kind is not PlanKind.RIGHT_SIZE or not machine.is_fresh(plan):
        return
    if standing is not None and standing.state in (AgentState.SUSPENDED, AgentState.RETIRED):
        # What it is allowed cannot be tried while it is stopped, and what a release puts back must be what was there.
        raise RefusedError(f"agent `{plan.agent}` is {standing.state}: its permissions are not narrowed while it is stopped")
    if plan.is_from_draft:
        raise RefusedError(f"`{plan.id}` was made from a draft; approve the remit, then `remit plan {plan.agent}` makes one from it")
    if remit is not None and plan.remit_hash != remit.hash:
        raise RefusedError(
            f"another remit of `{plan.agent}` was approved since `{plan.id}` was made; `remit plan {plan.agent}` makes a new one"
        )


def check_rolls_back(plan: Plan, standing: Standing | None) -> None:
    """Raises RefusedError where taking this plan back would give a retired agent what nobody else has a use for."""
    is_retired = standing is not None and standing.state is AgentState.RETIRED
    is_alone = set(plan.also_affects) <= set(plan.unchanged_for)
    if is_retired and plan.kind is PlanKind.RIGHT_SIZE and plan.state is PlanState.APPLIED and is_alone:
        raise RefusedError(f"agent `{plan.agent}` is retired, for good: what `{plan.id}` took from it is not given back")


def _plan_of(store: Journal, plan_id: str) -> Plan:
    plan = store.get(Plan, plan_id)
    if plan is None:
        raise RefusedError(f"there is no plan `{printable(plan_id)}`; `remit plan AGENT` makes one")
    return plan


def _may(store: Journal, plan: Plan, approval: Approval) -> None:
    """Raises RefusedError unless this approval is good for this plan."""
    if plan.kind in _NEEDS_NO_APPROVER:
        return
    versions = store.all(ApprovedRemit, prefix=f"{plan.agent}@")
    remit = in_force(plan.agent, versions, trusted_keys(store.folder), store.folder) if versions else None
    what = "retire" if plan.kind is PlanKind.RETIRE else "apply"
    lifecycle.may_change(approval.by, plan.agent, remit, store.get(Ownership, plan.agent), what=what)
    check_applies(plan, remit, store.get(Standing, plan.agent))


def _writers(approval: Approval, means: Means) -> Mapping[str, OpensWriter]:
    """The write sides of every system, by kind."""
    writers: Mapping[str, OpensWriter] = registry.find("WRITER", means.plugins, approval=approval)
    return writers
