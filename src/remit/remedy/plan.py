"""A plan is a state machine with no hands: it says what is to be done next, and takes in what came of it (design section 6).

    drafted > replayed > approved > applying > applied
    applying, applied or stuck > undoing > undone          any > stuck > applying (apply again) or undoing (roll back)

Decides which step is next and what an outcome means. Invariants:
- a step is journalled before it is done: `on_done` and `on_undone` take only a step that `on_doing` or `on_undoing` wrote down before;
- undo order is reverse, and only what the plan may have touched is undone;
- what failed, was done half, or was done while failure was reported is `stuck`, never `applied` and never `undone`;
- a plan is applied or undone only when every proof holds;
- what stops an agent goes on where it can: a step that fails ends the steps on its own identity alone, and the plan is stuck at the end;
  any other plan is stuck at once;
- a retirement that is complete is never taken back: its agent does not come back, so no identity of it gets its keys again;
- only an approval moves it, and a new one is needed after it got stuck (who may give one: `govern.lifecycle`; quarantine and release
  need no approver).
Leaves to others: performing the moves and saving the plan before and after each (`app.act`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from remit.model.errors import RefusedError
from remit.model.plan import Approval, Plan, PlanKind, PlanState, Proof, Proposal, Replay, Step, StepState

_UNTOUCHED = frozenset({StepState.WAITING, StepState.UNDONE})
_GOES_ON = frozenset({PlanKind.QUARANTINE, PlanKind.RETIRE})
_NOT_BEGUN = frozenset({PlanState.DRAFTED, PlanState.REPLAYED, PlanState.APPROVED, PlanState.STUCK})
NOTHING_TO_REPLAY = Replay(calls=0, would_deny=())


class Do(msgspec.Struct, frozen=True):
    """Make the target of this step what `after` says."""

    number: int
    step: Step


class Undo(msgspec.Struct, frozen=True):
    """Make the target of this step what `before` says."""

    number: int
    step: Step


class Verify(msgspec.Struct, frozen=True):
    """Every step that can be made (or taken back) is: show that it holds."""


class Wait(msgspec.Struct, frozen=True):
    """Nothing moves before this has come."""

    what: str


class Done(msgspec.Struct, frozen=True):
    """Nothing is left to do."""


Move = Do | Undo | Verify | Wait | Done


class Unreadable(msgspec.Struct, frozen=True):
    """A target that could not be read."""

    why: str


class OutOfTurnError(ValueError):
    """The driver reported something that the machine did not ask for: a fault of the program, not of a person."""


def draft_plan(plan_id: str, agent: str, kind: PlanKind, proposals: Iterable[Proposal], at: str) -> Plan:
    """A plan in its first state; steps that change nothing are left out."""
    parts = tuple(proposals)
    steps = tuple(step for part in parts for step in part.steps if step.before != step.after)
    return Plan(
        id=plan_id,
        agent=agent,
        kind=kind,
        steps=steps,
        step_states=(StepState.WAITING,) * len(steps),
        state=PlanState.DRAFTED,
        replay=NOTHING_TO_REPLAY,
        residue=tuple(dict.fromkeys(sentence for part in parts for sentence in part.residue)),
        probes=tuple(dict.fromkeys(probe for part in parts for probe in part.probes)),
        made=at,
        changed=at,
    )


def next_move(plan: Plan) -> Move:
    """What is to be done now."""
    match plan.state:
        case PlanState.DRAFTED:
            return Wait("the replay of recorded use")
        case PlanState.REPLAYED:
            return Wait("an approver")
        case PlanState.APPROVED | PlanState.APPLYING:
            failed = {step.principal for step, state in zip(plan.steps, plan.step_states, strict=True) if state is StepState.FAILED}
            left = [
                number
                for number, (step, state) in enumerate(zip(plan.steps, plan.step_states, strict=True))
                if state is not StepState.DONE and step.principal not in failed
            ]
            return Do(left[0], plan.steps[left[0]]) if left else Verify()
        case PlanState.UNDOING:
            # INVARIANT (reverse): the last step that may have been touched is the first to be taken back.
            left = [number for number, state in enumerate(plan.step_states) if state not in _UNTOUCHED]
            return Undo(left[-1], plan.steps[left[-1]]) if left else Verify()
        case PlanState.STUCK:
            return Wait("a person: apply again, or roll back")
        case _:
            return Done()


def goes_on(plan: Plan) -> bool:
    """Whether a failure on one identity leaves the others to be stopped."""
    return plan.kind in _GOES_ON


def is_fresh(plan: Plan) -> bool:
    """Whether no hand ever moved on it."""
    return all(state is StepState.WAITING for state in plan.step_states)


def is_half_done(plan: Plan) -> bool:
    """Whether it began and did not end: some targets may be as they were, others as the plan leaves them."""
    is_touched = any(state not in _UNTOUCHED for state in plan.step_states)
    return plan.state in (PlanState.APPLYING, PlanState.UNDOING) or (plan.state is PlanState.STUCK and is_touched)


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """What one agent's right-sizing plans came to: the newest, and the one that was carried out or taken back last."""

    newest: Plan | None = None
    done: Plan | None = None


def course_of(plans: Iterable[Plan]) -> Course:
    """`plans` are of one agent."""
    mine = [plan for plan in plans if plan.kind is PlanKind.RIGHT_SIZE]
    over = [plan for plan in mine if plan.state in (PlanState.APPLIED, PlanState.UNDONE) and not is_fresh(plan)]
    return Course(
        newest=max(mine, key=lambda plan: (plan.made, plan.id), default=None),
        done=max(over, key=lambda plan: (plan.changed, plan.id), default=None),
    )


def why_superseded(plan: Plan, course: Course, remit_hash: str) -> str:
    """Why nobody need look at a narrowing that was never begun; empty: it is the one to apply, or no such plan.

    `course` is that of its agent; `remit_hash` is of the remit in force, empty where there is none.
    """
    if plan.kind is not PlanKind.RIGHT_SIZE or not is_fresh(plan) or plan.state not in _NOT_BEGUN:
        return ""
    if plan.state is PlanState.STUCK:
        return plan.stuck_because  # what it was made of is not there any more: nothing was touched
    if not plan.steps:
        return "it takes nothing away: as far as was read, nothing is granted that is not needed and can be taken away"
    if course.newest is not None and (course.newest.made, course.newest.id) > (plan.made, plan.id):
        return f"a newer plan of this agent is there: `{course.newest.id}`"
    if course.done is not None and course.done.changed > plan.made:
        return f"`{course.done.id}` was carried out since this one was made: it is probably outdated, and then refused untouched"
    if remit_hash and plan.remit_hash != remit_hash:
        return f"another remit of `{plan.agent}` was approved since this one was made"
    return ""


def is_for_good(plan: Plan) -> bool:
    """Whether it is over and is not taken back; a retirement that is half done may be."""
    return plan.kind is PlanKind.RETIRE and plan.state is PlanState.APPLIED


def on_replayed(plan: Plan, replay: Replay, blind_spots: Sequence[str], at: str) -> Plan:
    """The recorded use was decided again by what the plan leaves."""
    _expect(plan, PlanState.DRAFTED, PlanState.REPLAYED)
    return replace(
        plan, state=PlanState.REPLAYED, replay=replay, blind_spots=tuple(dict.fromkeys((*plan.blind_spots, *blind_spots))), changed=at
    )


def on_approved(plan: Plan, approval: Approval, at: str) -> Plan:
    """A person's word to apply it, or to go on with it; RefusedError where the plan cannot be applied from where it stands."""
    _about(plan, approval)
    if plan.state is PlanState.DRAFTED:
        raise RefusedError(f"`{plan.id}` was not replayed against recorded use yet; `remit plan {plan.agent}` makes one that is")
    if plan.state is PlanState.APPLIED:
        raise RefusedError(f"`{plan.id}` is applied already")
    if plan.state in (PlanState.UNDONE, PlanState.UNDOING):
        what = "was rolled back" if plan.state is PlanState.UNDONE else "is being rolled back: `remit rollback` goes on with it"
        raise RefusedError(f"`{plan.id}` {what}; `remit plan {plan.agent}` makes a new one")
    state = PlanState.APPROVED if is_fresh(plan) else PlanState.APPLYING
    again = tuple(StepState.AGAIN if one is StepState.FAILED else one for one in plan.step_states)
    return replace(plan, state=state, step_states=again, approval=approval, stuck_because="", changed=at)


def on_rebased(plan: Plan, before: Sequence[str | Unreadable | None], at: str) -> Plan:
    """A fresh plan that stops an agent, on what stands there now: a stop holds whatever was there, and gives that back later.

    `before` is each target's state now; a step whose target is stopped already is left out, since it is not this plan's to undo.
    """
    if not goes_on(plan) or not is_fresh(plan):
        raise OutOfTurnError(f"`{plan.id}` is not a fresh plan that stops an agent")
    steps = tuple(
        step if isinstance(now, Unreadable) else replace(step, before=now)
        for step, now in zip(plan.steps, before, strict=True)
        if isinstance(now, Unreadable) or now != step.after
    )
    return replace(plan, steps=steps, step_states=(StepState.WAITING,) * len(steps), changed=at)


def on_roll_back(plan: Plan, approval: Approval, at: str) -> Plan:
    """A person's word to take it back; RefusedError where nothing of it was ever done, and for a retirement that is complete."""
    _about(plan, approval)
    if is_for_good(plan):
        raise RefusedError(
            f"`{plan.id}` retired `{plan.agent}` for good, and a retired agent does not come back: "
            "whoever needs its identities again grants them to another agent"
        )
    if plan.state is PlanState.UNDONE:
        raise RefusedError(f"`{plan.id}` was rolled back already")
    if plan.state in (PlanState.DRAFTED, PlanState.REPLAYED):
        raise RefusedError(f"`{plan.id}` was never applied: there is nothing to roll back")
    return replace(plan, state=PlanState.UNDOING, approval=approval, stuck_because="", proofs=(), changed=at)


def on_doing(plan: Plan, number: int, at: str) -> Plan:
    """Journal: the hand is about to move on this step. Save before it does."""
    _turn(plan, Do, number)
    return replace(_with(plan, number, StepState.DOING, at), state=PlanState.APPLYING)


def on_done(plan: Plan, number: int, at: str) -> Plan:
    """The target was read back, and is what the step says."""
    # INVARIANT (journalled): nothing becomes done that was not written down as about to be.
    _turn(plan, Do, number, StepState.DOING)
    return _with(plan, number, StepState.DONE, at)


def on_undoing(plan: Plan, number: int, at: str) -> Plan:
    """Journal: the hand is about to take this step back. Save before it does."""
    _turn(plan, Undo, number)
    return _with(plan, number, StepState.UNDOING, at)


def on_undone(plan: Plan, number: int, at: str) -> Plan:
    """The target was read back, and is what it was before the plan."""
    _turn(plan, Undo, number, StepState.UNDOING)
    return _with(plan, number, StepState.UNDONE, at)


def on_failed(plan: Plan, number: int, why: str, found: str | Unreadable | None, at: str) -> Plan:
    """A step that was written down as moving did not come out as it should: the plan is stuck, whatever the target is now.

    One that stops an agent goes on with its other identities, and is stuck at its end.
    """
    if plan.step_states[number] not in (StepState.DOING, StepState.UNDOING):
        raise OutOfTurnError(f"step {number} of `{plan.id}` was not moving")
    left = {key: value for key, value in plan.found.items() if key != str(number)}
    if not isinstance(found, Unreadable):
        left[str(number)] = found
    failed = replace(_with(plan, number, StepState.FAILED, at), found=left)
    if goes_on(plan) and plan.state is PlanState.APPLYING and why:
        return replace(failed, stuck_because="; ".join(filter(None, (plan.stuck_because, why))))
    return on_stuck(failed, why, at)


def on_stuck(plan: Plan, why: str, at: str) -> Plan:
    """Something stands in the way that only a person can judge."""
    if not why:
        raise OutOfTurnError("a plan is stuck for a reason")
    return replace(plan, state=PlanState.STUCK, stuck_because=why, changed=at)


def on_verified(plan: Plan, proofs: Sequence[Proof], at: str) -> Plan:
    """What was tried after the last step; one proof that does not hold, and the plan is stuck."""
    if not isinstance(next_move(plan), Verify):
        raise OutOfTurnError(f"`{plan.id}` has steps left")
    shown = replace(plan, proofs=tuple(proofs))
    wrong = [proof for proof in shown.proofs if not proof.holds]
    if plan.state is not PlanState.UNDOING and StepState.FAILED in plan.step_states:
        return on_stuck(shown, plan.stuck_because or "a step failed", at)
    if wrong:
        first = wrong[0]
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        return on_stuck(shown, f"{first.tried} as {first.identity}: expected {first.expected}, got {first.got}{more}", at)
    state = PlanState.UNDONE if plan.state is PlanState.UNDOING else PlanState.APPLIED
    return replace(shown, state=state, stuck_because="", changed=at)


def _with(plan: Plan, number: int, state: StepState, at: str) -> Plan:
    states = (*plan.step_states[:number], state, *plan.step_states[number + 1 :])
    found = plan.found
    if state in (StepState.DONE, StepState.UNDONE):
        found = {key: value for key, value in found.items() if key != str(number)}
    return replace(plan, step_states=states, found=found, changed=at)


def _turn(plan: Plan, move: type[Do] | type[Undo], number: int, state: StepState | None = None) -> None:
    due = next_move(plan)
    if not isinstance(due, move) or due.number != number:
        raise OutOfTurnError(f"step {number} of `{plan.id}` is not the next to move")
    if state is not None and plan.step_states[number] is not state:
        raise OutOfTurnError(f"step {number} of `{plan.id}` was not journalled before it moved")


def _expect(plan: Plan, *states: PlanState) -> None:
    if plan.state not in states:
        raise OutOfTurnError(f"`{plan.id}` is {plan.state}")


def _about(plan: Plan, approval: Approval) -> None:
    if approval.plan != plan.id:
        raise RefusedError(f"the approval is for `{approval.plan}`, not for `{plan.id}`")
