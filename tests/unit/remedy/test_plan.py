"""The machine over random outcomes: what is journalled, undone in reverse, and never called done."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit.model.errors import RefusedError
from remit.model.plan import Approval, Plan, PlanKind, PlanState, Proof, Proposal, Replay, Step, StepState
from remit.remedy.plan import (
    NOTHING_TO_REPLAY,
    Do,
    Done,
    OutOfTurnError,
    Undo,
    Unreadable,
    Verify,
    Wait,
    draft_plan,
    is_half_done,
    next_move,
    on_approved,
    on_doing,
    on_done,
    on_failed,
    on_rebased,
    on_replayed,
    on_roll_back,
    on_stuck,
    on_undoing,
    on_undone,
    on_verified,
)

AT = "2030-01-01T00:00:00Z"
APPROVAL = Approval(plan="plan:1", by="dana@example.com", os_user="dana", at=AT)
HOLDS = Proof(system="s", identity="i", tried="t", expected="denied", got="denied", how="read back and evaluated")
FAILS = Proof(system="s", identity="i", tried="open linen", expected="denied", got="allowed", how="read back and evaluated")


def step(number: int) -> Step:
    return Step(
        connection="cabinet:hall",
        principal="p",
        operation="set",
        target=f"t{number}",
        what=f"set t{number}",
        before="a",
        after=f"b{number}",
    )


def replayed(steps: int = 2) -> Plan:
    drafted = draft_plan("plan:1", "cost-triage", PlanKind.RIGHT_SIZE, [Proposal(steps=tuple(map(step, range(steps))))], AT)
    return on_replayed(drafted, Replay(calls=7, would_deny=()), ["no log"], AT)


def test_a_retirement_is_taken_back_only_while_it_is_half_done() -> None:
    retirement = msgspec.structs.replace(applied(), kind=PlanKind.RETIRE)
    with pytest.raises(RefusedError, match="for good"):
        on_roll_back(retirement, APPROVAL, AT)
    half = msgspec.structs.replace(retirement, state=PlanState.STUCK, step_states=(StepState.DONE, StepState.FAILED))
    for plan in (half, msgspec.structs.replace(half, state=PlanState.APPLYING)):
        assert on_roll_back(plan, APPROVAL, AT).state is PlanState.UNDOING


def applied(steps: int = 2) -> Plan:
    plan = on_approved(replayed(steps), APPROVAL, AT)
    for number in range(steps):
        plan = on_done(on_doing(plan, number, AT), number, AT)
    return on_verified(plan, [HOLDS], AT)


def test_a_plan_is_drafted_from_proposals_without_what_changes_nothing_and_says_each_residue_once():
    idle = Step(connection="c", principal="p", operation="o", target="t", what="w", before="same", after="same")
    parts = [Proposal(steps=(step(0), idle), residue=("stays", "stays")), Proposal(steps=(step(1),), residue=("stays", "too"))]
    plan = draft_plan("plan:1", "cost-triage", PlanKind.RETIRE, parts, AT)
    assert plan.steps == (step(0), step(1))
    assert plan.step_states == (StepState.WAITING, StepState.WAITING)
    assert plan.residue == ("stays", "too")
    assert plan.state is PlanState.DRAFTED
    assert next_move(plan) == Wait("the replay of recorded use")


def test_the_whole_way_there_and_back():
    plan = replayed()
    assert next_move(plan) == Wait("an approver")
    assert plan.blind_spots == ("no log",)
    plan = on_approved(plan, APPROVAL, AT)
    assert plan.state is PlanState.APPROVED
    assert next_move(plan) == Do(0, step(0))
    plan = on_doing(plan, 0, AT)
    assert plan.state is PlanState.APPLYING
    plan = on_done(plan, 0, AT)
    assert next_move(plan) == Do(1, step(1))
    plan = on_done(on_doing(plan, 1, AT), 1, AT)
    assert next_move(plan) == Verify()
    plan = on_verified(plan, [HOLDS], AT)
    assert (plan.state, plan.proofs, next_move(plan)) == (PlanState.APPLIED, (HOLDS,), Done())
    plan = on_roll_back(plan, APPROVAL, AT)
    assert (plan.state, plan.proofs, next_move(plan)) == (PlanState.UNDOING, (), Undo(1, step(1)))
    plan = on_undone(on_undoing(plan, 1, AT), 1, AT)
    assert next_move(plan) == Undo(0, step(0))
    plan = on_verified(on_undone(on_undoing(plan, 0, AT), 0, AT), [], AT)
    assert (plan.state, next_move(plan)) == (PlanState.UNDONE, Done())


def test_a_plan_without_steps_is_applied_by_its_proofs_alone():
    plan = on_verified(on_approved(replayed(0), APPROVAL, AT), [], AT)
    assert plan.state is PlanState.APPLIED


def test_a_proof_that_does_not_hold_is_stuck_and_says_which():
    plan = on_approved(replayed(0), APPROVAL, AT)
    stuck = on_verified(plan, [HOLDS, FAILS], AT)
    assert stuck.state is PlanState.STUCK
    assert stuck.stuck_because == "open linen as i: expected denied, got allowed"
    assert next_move(stuck) == Wait("a person: apply again, or roll back")
    assert on_verified(plan, [FAILS, FAILS, FAILS], AT).stuck_because.endswith("(and 2 more)")


def test_what_a_failed_step_left_is_kept_until_it_is_settled():
    doing = on_doing(on_approved(replayed(), APPROVAL, AT), 0, AT)
    stuck = on_failed(doing, 0, "the line broke", "half", AT)
    assert (stuck.state, stuck.step_states[0], stuck.found) == (PlanState.STUCK, StepState.FAILED, {"0": "half"})
    assert on_failed(doing, 0, "the line broke", None, AT).found == {"0": None}
    again = on_doing(on_approved(stuck, APPROVAL, AT), 0, AT)
    assert again.found == {"0": "half"}
    assert on_failed(again, 0, "not readable", Unreadable("gone"), AT).found == {}
    assert on_done(again, 0, AT).found == {}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda plan: on_done(plan, 0, AT),  # not journalled
        lambda plan: on_doing(plan, 1, AT),  # not its turn
        lambda plan: on_undoing(plan, 0, AT),  # nobody said roll back
        lambda plan: on_undone(plan, 0, AT),
        lambda plan: on_failed(plan, 0, "why", "x", AT),  # it was not moving
        lambda plan: on_verified(plan, [], AT),  # steps are left
        lambda plan: on_stuck(plan, "", AT),  # for no reason
        lambda plan: on_replayed(plan, NOTHING_TO_REPLAY, [], AT),
    ],
)
def test_a_driver_that_reports_out_of_turn_is_stopped(wrong):
    with pytest.raises(OutOfTurnError):
        wrong(on_approved(replayed(), APPROVAL, AT))


def test_an_undo_out_of_order_is_stopped():
    undoing = on_roll_back(applied(), APPROVAL, AT)
    with pytest.raises(OutOfTurnError):
        on_undoing(undoing, 0, AT)
    with pytest.raises(OutOfTurnError):
        on_undone(undoing, 1, AT)


def test_only_an_approval_for_this_plan_moves_it():
    other = Approval(plan="plan:2", by="dana@example.com", os_user="dana", at=AT)
    for move in (on_approved, on_roll_back):
        with pytest.raises(RefusedError, match="`plan:2`, not for `plan:1`"):
            move(applied(), other, AT)


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (draft_plan("plan:1", "a", PlanKind.RIGHT_SIZE, [], AT), "not replayed"),
        (applied(), "applied already"),
        (on_roll_back(applied(), APPROVAL, AT), "is being rolled back"),
        (on_verified(on_roll_back(applied(0), APPROVAL, AT), [], AT), "was rolled back"),
    ],
)
def test_a_plan_is_not_applied_from_where_it_cannot_be(plan: Plan, told: str):
    with pytest.raises(RefusedError, match=told):
        on_approved(plan, APPROVAL, AT)


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (draft_plan("plan:1", "a", PlanKind.RIGHT_SIZE, [], AT), "never applied"),
        (replayed(), "never applied"),
        (on_verified(on_roll_back(applied(0), APPROVAL, AT), [], AT), "rolled back already"),
    ],
)
def test_a_plan_is_not_rolled_back_where_nothing_was_done(plan: Plan, told: str):
    with pytest.raises(RefusedError, match=told):
        on_roll_back(plan, APPROVAL, AT)


def stopping(*principals: str) -> Plan:
    steps = tuple(msgspec.structs.replace(step(number), principal=principal) for number, principal in enumerate(principals))
    return on_replayed(draft_plan("plan:1", "a", PlanKind.QUARANTINE, [Proposal(steps=steps)], AT), NOTHING_TO_REPLAY, [], AT)


def test_a_stop_goes_on_with_other_identities_and_is_stuck_at_its_end():
    plan = on_doing(on_approved(stopping("p", "p", "q"), APPROVAL, AT), 0, AT)
    plan = on_failed(plan, 0, "the first broke", "half", AT)
    assert (plan.state, next_move(plan)) == (PlanState.APPLYING, Do(2, plan.steps[2]))
    both = on_failed(on_doing(plan, 2, AT), 2, "the second too", None, AT)
    assert (next_move(both), both.stuck_because) == (Verify(), "the first broke; the second too")
    assert on_verified(both, [], AT).state is PlanState.STUCK
    plan = on_verified(on_done(on_doing(plan, 2, AT), 2, AT), [HOLDS], AT)
    assert (plan.state, plan.stuck_because, plan.proofs) == (PlanState.STUCK, "the first broke", (HOLDS,))
    again = on_approved(plan, APPROVAL, AT)
    assert again.step_states == (StepState.AGAIN, StepState.WAITING, StepState.DONE)
    assert (next_move(again), again.found) == (Do(0, plan.steps[0]), {"0": "half"})
    assert is_half_done(again)
    back = on_roll_back(plan, APPROVAL, AT)
    failing = on_failed(on_undoing(back, 2, AT), 2, "nor back", "?", AT)
    assert (failing.state, failing.stuck_because) == (PlanState.STUCK, "nor back")


def test_a_fresh_stop_is_put_on_what_stands_there_now():
    plan = on_approved(stopping("p", "q", "r", "s"), APPROVAL, AT)
    rebased = on_rebased(plan, ["other", "b1", Unreadable("gone"), None], AT)
    assert [(one.principal, one.before) for one in rebased.steps] == [("p", "other"), ("r", "a"), ("s", None)]
    assert rebased.step_states == (StepState.WAITING,) * 3
    assert rebased.steps[0].after == "b0"


@pytest.mark.parametrize("plan", [replayed(), on_doing(on_approved(stopping("p"), APPROVAL, AT), 0, AT)])
def test_only_a_fresh_stop_is_put_on_another_ground(plan: Plan):
    with pytest.raises(OutOfTurnError):
        on_rebased(plan, ["other"] * len(plan.steps), AT)


def test_a_plan_that_stopped_before_its_first_step_is_not_half_done():
    assert not is_half_done(on_stuck(replayed(), "somebody was there", AT))
    assert not is_half_done(applied())
    assert is_half_done(on_doing(on_approved(replayed(), APPROVAL, AT), 0, AT))


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 4),
    st.lists(st.sampled_from(["right", "wrong", "crash", "unreadable", "apply", "roll back", "proof fails"]), max_size=60),
    st.booleans(),
)
def test_whatever_happens_the_invariants_hold(steps: int, outcomes: list[str], is_stop: bool):
    plan = stopping(*(f"p{number % 2}" for number in range(steps))) if is_stop else replayed(steps)
    world = ["a"] * steps
    moved: list[tuple[str, int]] = []
    for outcome in [*outcomes, "apply"]:
        move = next_move(plan)
        if outcome in ("apply", "roll back") or isinstance(move, Wait | Done):
            try:
                plan = (on_roll_back if outcome == "roll back" else on_approved)(plan, APPROVAL, AT)
            except RefusedError:
                assert plan.state in (PlanState.REPLAYED, PlanState.APPLIED, PlanState.UNDOING, PlanState.UNDONE)
        elif isinstance(move, Verify):
            is_failed = plan.state is not PlanState.UNDOING and StepState.FAILED in plan.step_states
            assert not is_failed or is_stop
            plan = on_verified(plan, [FAILS if outcome == "proof fails" else HOLDS], AT)
            assert (plan.state is PlanState.STUCK) == (outcome == "proof fails" or is_failed)
        else:
            plan = act(plan, move, outcome, world, moved)
        check(plan, world)


def act(plan: Plan, move: Do | Undo, outcome: str, world: list[str], moved: list[tuple[str, int]]) -> Plan:
    """One step with an outcome; a crash leaves the journal's state of the moment, with the hand having moved."""
    number = move.number
    is_do = isinstance(move, Do)
    plan = (on_doing if is_do else on_undoing)(plan, number, AT)
    moved.append(("do" if is_do else "undo", number))
    if outcome in ("wrong", "unreadable"):
        world[number] = "?"
        return on_failed(plan, number, "went wrong", "?" if outcome == "wrong" else Unreadable("gone"), AT)
    world[number] = move.step.after if is_do else move.step.before
    if outcome == "crash":
        return plan
    return (on_done if is_do else on_undone)(plan, number, AT)


def check(plan: Plan, world: list[str]) -> None:
    """What must hold after every move."""
    for number, state in enumerate(plan.step_states):
        if state is StepState.DONE:
            assert world[number] == f"b{number}"
        if state in (StepState.WAITING, StepState.UNDONE):
            assert world[number] == "a"
    if plan.state is PlanState.APPLIED:
        assert world == [f"b{number}" for number in range(len(world))]
    if plan.state is PlanState.UNDONE:
        assert world == ["a"] * len(world)
    if plan.state is PlanState.STUCK:
        assert plan.stuck_because
    if any(cell == "?" for cell in world):
        assert plan.state in (PlanState.STUCK, PlanState.APPLYING, PlanState.UNDOING)


@given(st.integers(1, 5), st.data())
def test_undo_order_is_reverse(steps: int, data: st.DataObject):
    reached = data.draw(st.integers(1, steps))
    plan = on_approved(replayed(steps), APPROVAL, AT)
    for number in range(reached):
        plan = on_doing(plan, number, AT)
        if number < reached - 1:
            plan = on_done(plan, number, AT)
    plan = on_roll_back(plan, APPROVAL, AT)
    undone = []
    while isinstance(move := next_move(plan), Undo):
        undone.append(move.number)
        plan = on_undone(on_undoing(plan, move.number, AT), move.number, AT)
    assert undone == list(range(reached))[::-1]
