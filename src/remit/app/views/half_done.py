"""Plans that began and did not end: how far each came, and the commands that go on with it or take it back.

One wording for all who say it: the command that was interrupted, `remit agent`, `remit plan` and `remit doctor`.
"""

from __future__ import annotations

from collections.abc import Iterable

from remit.model.plan import Plan, PlanKind, PlanState, StepState
from remit.model.shown import printable
from remit.remedy import plan as machine

_GOES_ON, _TAKES_BACK = "goes on", "takes back"


def sentence(plan: Plan, by: str) -> str:
    """`4 of 10 steps are done; remit apply ... goes on, remit rollback ... takes back`. `by` is whom to name as approver."""
    return f"{how_far(plan)}; {ways_text(plan, by)}"


def half_done_text(plan: Plan) -> str:
    """`plan:1` (right-size of `x`) is half done: 4 of 10 steps are done`: a plan that somebody finds."""
    return f"`{plan.id}` ({plan.kind} of `{plan.agent}`) is half done: {how_far(plan)}"


def half_done_of(plans: Iterable[Plan]) -> list[Plan]:
    """Those of an agent's plans that began and did not end, oldest first."""
    return sorted((plan for plan in plans if machine.is_half_done(plan)), key=lambda plan: (plan.changed, plan.id))


def ended(plan: Plan) -> tuple[int, int]:
    """How many steps have ended in the direction in which the plan goes, and of how many."""
    if plan.state in (PlanState.UNDOING, PlanState.UNDONE):
        return plan.step_states.count(StepState.UNDONE), sum(state is not StepState.WAITING for state in plan.step_states)
    return plan.step_states.count(StepState.DONE), len(plan.steps)


def how_far(plan: Plan) -> str:
    """`4 of 10 steps are done, 1 was cut off in the middle`."""
    done, count = ended(plan)
    is_back = plan.state in (PlanState.UNDOING, PlanState.UNDONE)
    said = f"{done} of {count} {'step' if count == 1 else 'steps'} {'is' if done == 1 else 'are'} {'taken back' if is_back else 'done'}"
    moving = sum(state in (StepState.DOING, StepState.UNDOING) for state in plan.step_states)
    failed = sum(state in (StepState.FAILED, StepState.AGAIN) for state in plan.step_states)
    if moving:
        said += f", {moving} {'was' if moving == 1 else 'were'} cut off in the middle"
    if failed:
        said += f", {failed} failed"
    return f"{said}, nothing is proved yet" if done == count and plan.state in (PlanState.APPLYING, PlanState.UNDOING) else said


def ways_text(plan: Plan, by: str) -> str:
    """`ways_on` as the end of a sentence."""
    return ", ".join(f"`{command}` {what}" for command, what in ways_on(plan, by))


def ways_on(plan: Plan, by: str) -> tuple[tuple[str, str], ...]:
    """Each command that moves it from here, and what it does. Empty: it has ended."""
    who = f" --as {printable(by, 120)}"
    forward = f"remit retire {plan.agent}{who}" if plan.kind is PlanKind.RETIRE else f"remit apply {plan.id}{who}"
    back = f"remit release {plan.agent}" if plan.kind is PlanKind.QUARANTINE else f"remit rollback {plan.id}{who}"
    if plan.kind is PlanKind.QUARANTINE:
        forward = f"remit apply {plan.id}"
    if plan.state is PlanState.UNDOING:
        return ((back, _GOES_ON),)
    if plan.state in (PlanState.APPLIED, PlanState.UNDONE):
        return ()
    # A retirement is for good, and of what no hand moved on there is nothing to take back, but for the denial of a quarantine.
    is_one_way = plan.kind is PlanKind.RETIRE or (plan.kind is PlanKind.RIGHT_SIZE and machine.is_fresh(plan))
    return ((forward, _GOES_ON),) if is_one_way else ((forward, _GOES_ON), (back, _TAKES_BACK))
