"""What a quarantine of one agent means for another that acts as the same identity: it is stopped too, whatever its own state says."""

from __future__ import annotations

import msgspec

from remit.app.current import Current
from remit.model.plan import StepState
from remit.remedy.quarantine import stopped


class StoppedWith(msgspec.Struct, frozen=True, kw_only=True):
    """An identity of an agent that the quarantine of another one stopped."""

    principal: str
    """Canonical ref."""
    identity: str
    """As people write it."""
    agent: str
    """Slug of the agent whose quarantine it is."""
    is_whole: bool
    """False: some of what stops it is not done yet, or failed."""

    @property
    def state(self) -> str:
        """How far it is stopped, in words."""
        return "is stopped" if self.is_whole else "is stopped in part"


def stopped_with(current: Current, slug: str) -> tuple[StoppedWith, ...]:
    """The identities of an agent that others' quarantines stopped; no person's, of which a stop ends the keys of one agent alone."""
    shared = current.sharing(slug)
    if not shared:
        return ()
    plans = {plan.id: plan for plan in current.plans.all()}
    found = []
    for ref, held_by in sorted(stopped(plans.values()).items()):
        plan, principal = plans[held_by], current.principals.get(ref)
        if ref in shared and plan.agent != slug and (principal is None or principal.person is None):
            states = [state for step, state in zip(plan.steps, plan.step_states, strict=True) if step.principal == ref]
            is_whole = all(state is StepState.DONE for state in states)
            found.append(StoppedWith(principal=ref, identity=current.identity_text(ref), agent=plan.agent, is_whole=is_whole))
    return tuple(found)
