"""Ends the quarantines of an agent in the identity layer: each plan that stopped it is taken back, newest first.

Decides only which plans those are. Invariants:
- what comes back is the state before the quarantine, exactly, whatever else changed in between; a target that somebody else changed
  stays as it is, and the plan is stuck;
- an identity on which another agent is quarantined stays stopped until that one is released too.
"""

from __future__ import annotations

from collections.abc import Mapping

from remit.app.act import Acted, Journal, Means, roll_back
from remit.model.identity import Bound
from remit.model.plan import Approval, Plan
from remit.remedy import quarantine


def release(store: Journal, agent: str, by: str, os_user: str, because: str, means: Means) -> list[Acted]:
    """Takes back every quarantine of an agent that is in force; what is left stuck says so in its plan. Empty: none was in force."""
    done = []
    for plan in quarantine.to_release(store.all(Plan), agent):
        _hand_over(store, plan, by, means)
        approval = Approval(plan=plan.id, by=by, os_user=os_user, at=means.now(), because=because)
        done.append(roll_back(store, plan.id, approval, means))
    return done


def _hand_over(store: Journal, plan: Plan, by: str, means: Means) -> None:
    """Steps on identities of other quarantined agents go over to their plans, in one transaction."""
    with store.exclusive("act"), store.transaction():
        plan = store.get(Plan, plan.id) or plan
        at = means.now()
        rest, heirs = quarantine.handed_over(plan, _heirs(store, plan), at)
        for changed in (rest, *heirs) if heirs else ():
            store.put(changed, seen=at, by=by)


def _heirs(store: Journal, plan: Plan) -> Mapping[str, Plan]:
    """For each identity that this plan stopped and another quarantined agent uses, the plan of that agent."""
    plans = store.all(Plan)
    newest: dict[str, Plan] = {}
    for slug in sorted({other.agent for other in plans} - {plan.agent}):
        for other in quarantine.to_release(plans, slug)[:1]:
            newest[slug] = other
    mine = {step.principal for step in plan.steps}
    return {bound.principal: newest[bound.agent] for bound in store.all(Bound) if bound.principal in mine and bound.agent in newest}
