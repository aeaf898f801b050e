"""Plans and outcomes as a person reads them."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import pytest

from remit.app.cli.plans_text import show_outcome, show_plan
from remit.app.current import Current
from remit.model.plan import Plan, PlanKind, PlanState, Proof, Replay, Step, StepState, WouldDeny

REVOKE = Step(
    connection="postgres:ledger",
    principal="postgres:ledger/clerk",
    operation="PRIVILEGES",
    target="hr.pay to clerk",
    what="revoke SELECT on hr.pay from `clerk`",
    before='[["","select","owner",false]]',
    after="[]",
)
PLAN = Plan(
    id="plan:1",
    agent="clerk",
    kind=PlanKind.RIGHT_SIZE,
    steps=(REVOKE,),
    step_states=(StepState.WAITING,),
    state=PlanState.REPLAYED,
    replay=Replay(calls=48211, would_deny=(), since="2029-10-03T00:00:00Z"),
    blind_spots=("nobody reads the log of `aws:main`",),
)


class Names:
    """As much of the store's view as pages ask for."""

    def identity_text(self, ref: str) -> str:
        return ref


def told(show: Any, plan: Plan, capsys: pytest.CaptureFixture[str]) -> str:
    show(cast(Current, Names()), plan)
    return capsys.readouterr().out


def test_the_last_line_of_a_plan_says_what_it_takes_and_what_would_break(capsys: pytest.CaptureFixture[str]):
    shown = told(show_plan, PLAN, capsys)
    assert shown.splitlines()[-1] == "Plan: 1 to take away; no recorded call would be denied; 1 blind spot"
    assert "Replay: 0 of 48,211 recorded calls since 2029-10-03 would have been denied" in shown
    assert "- select, by owner" in shown


def test_what_would_break_is_told_with_its_last_use(capsys: pytest.CaptureFixture[str]):
    denied = WouldDeny(
        agent="clerk", principal="p", action="select", resource="hr.pay", calls=3, last="2029-12-01T00:00:00Z", why="no line allows it"
    )
    shown = told(show_plan, msgspec.structs.replace(PLAN, replay=msgspec.structs.replace(PLAN.replay, would_deny=(denied,))), capsys)
    assert "3 x select on hr.pay, last 2029-12-01: no line allows it" in shown
    assert "3 recorded calls would be denied" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("agents", "words"),
    [
        (("AGENT",), "would have been denied; its remit calls for none of them"),
        (("other", ""), "would have been denied; 6 of them are not known to be its own: find out whose they are first"),
        (("AGENT", "other"), "3 of them are not known to be its own: find out whose they are first; its remit calls for none of"),
    ],
)
def test_whose_the_denied_calls_are_is_told(agents: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]):
    denied = tuple(
        WouldDeny(agent=agent.replace("AGENT", PLAN.agent), principal="p", action="select", resource="hr.pay", calls=3, last="", why="none")
        for agent in agents
    )
    shown = told(show_plan, msgspec.structs.replace(PLAN, replay=msgspec.structs.replace(PLAN.replay, would_deny=denied)), capsys)
    assert words in " ".join(shown.split())


def test_no_recorded_call_is_no_proof_that_nothing_breaks(capsys: pytest.CaptureFixture[str]):
    shown = told(show_plan, msgspec.structs.replace(PLAN, replay=Replay(calls=0, would_deny=())), capsys)
    assert "nothing shows what would break" in shown
    assert "no recorded call would be denied" not in shown


def test_a_plan_without_steps_claims_no_replay(capsys: pytest.CaptureFixture[str]):
    shown = told(show_plan, msgspec.structs.replace(PLAN, steps=(), step_states=()), capsys)
    assert "nothing to take away" in shown
    assert "Replay" not in shown


def test_a_proof_that_does_not_hold_stands_out_and_is_counted(capsys: pytest.CaptureFixture[str]):
    proofs = tuple(
        Proof(system="s", identity="clerk", tried=f"select on {name}", expected="denied", got=got, how="tried as the identity")
        for name, got in (("hr.pay", "denied"), ("hr.leave", "allowed"))
    )
    shown = told(show_outcome, msgspec.structs.replace(PLAN, proofs=proofs, state=PlanState.STUCK), capsys)
    assert "holds  denied: select on hr.pay" in shown
    assert "DOES NOT HOLD  select on hr.leave: expected denied, got allowed" in shown
    assert shown.splitlines()[-1] == "plan:1  right-size of `clerk`: stuck, 1 of 2 proofs hold"
