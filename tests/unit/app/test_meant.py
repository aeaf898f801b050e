"""The id of an agent in place of a plan or a decision: one is meant, or nothing is done."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.unit.watch.records import known

from remit.app.current import Current
from remit.app.meant import decision_meant, plan_meant
from remit.model.decision import Outcome
from remit.model.errors import RefusedError
from remit.model.event import Event, Result
from remit.model.plan import Plan, PlanKind, PlanState, Replay, Step, StepState
from remit.store.records import Store

AT = "2030-01-01T00:00:00Z"


def step(what: str) -> Step:
    return Step(connection="aws:main", principal="p", operation="o", target=what, what=what, before="a", after="b")


def plan(number: int, state: PlanState = PlanState.REPLAYED, **more: Any) -> Plan:
    """The plan of this number, made in the minute of it."""
    fields: dict[str, Any] = {
        "id": f"plan:1a2b3c4d5e{number:02}",
        "agent": "cost-triage",
        "kind": PlanKind.RIGHT_SIZE,
        "steps": (step("narrow"),),
        "step_states": (StepState.DONE if state in (PlanState.APPLIED, PlanState.STUCK) else StepState.WAITING,),
        "state": state,
        "replay": Replay(calls=0, would_deny=()),
        "made": f"2030-01-01T00:{number:02}:00Z",
        "changed": f"2030-01-01T00:{number:02}:30Z",
    }
    return Plan(**{**fields, **more})


def decided(number: int, result: Result, agent: str = "cost-triage") -> Event:
    return Event(
        id=f"decision-{number}",
        source="decisions:edge",
        happened=f"2030-01-01T00:{number:02}:00Z",
        principal="",
        system="mcp:notes",
        action="read_note",
        resource="read_note",
        result=result,
        place=f"edge.jsonl:{number}",
        agent=agent,
        decision=f"decision-{number}",
        outcome=Outcome.ALLOW if result is Result.ALLOWED else Outcome.DENY,
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store.open(f"sqlite:///{tmp_path}/remit.db")
    for name in ("cost-triage", "1a2b3c4d5e"):
        made.put(known(name), seen=AT)
    return made


def current(store: Store, *plans: Plan) -> Current:
    store.put_all(plans, seen=AT)
    return Current(store, now=datetime(2030, 1, 2, tzinfo=UTC))


def test_an_agent_means_its_newest_plan_that_waits_for_an_approver(store: Store) -> None:
    here = current(store, plan(1), plan(2), plan(3, kind=PlanKind.QUARANTINE), plan(4, agent="other"))
    assert plan_meant(here, "cost-triage", "apply").id == plan(2).id
    assert plan_meant(here, "agent:cost-triage", "apply").id == plan(2).id


def test_plans_that_differ_are_never_chosen_among(store: Store) -> None:
    here = current(store, plan(1), plan(2, steps=(step("narrow more"),)))
    with pytest.raises(RefusedError, match=r"2 plans that differ: `plan:1a2b3c4d5e02`, `plan:1a2b3c4d5e01`; name the one that you read"):
        plan_meant(here, "cost-triage", "apply")
    assert plan_meant(here, plan(1).id, "apply").id == plan(1).id


def test_a_plan_older_than_what_was_applied_or_taken_back_is_not_meant(store: Store) -> None:
    here = current(store, plan(1), plan(2, PlanState.UNDONE))
    with pytest.raises(
        RefusedError, match=r"no plan that can be applied: the last, `plan:1a2b3c4d5e02`, is undone; `remit plan cost-triage`"
    ):
        plan_meant(here, "cost-triage", "apply")
    assert plan_meant(current(store, plan(3)), "cost-triage", "apply").id == plan(3).id


def test_a_plan_from_a_draft_is_not_meant_and_it_says_so(store: Store) -> None:
    here = current(store, plan(1, is_from_draft=True))
    with pytest.raises(RefusedError, match="is replayed and made from a draft"):
        plan_meant(here, "cost-triage", "apply")


def test_what_is_half_done_comes_before_what_is_fresh(store: Store) -> None:
    here = current(store, plan(1, PlanState.STUCK), plan(2))
    assert plan_meant(here, "cost-triage", "apply").id == plan(1).id
    assert plan_meant(here, "cost-triage", "rollback").id == plan(1).id


def test_rolling_back_means_what_was_applied_last(store: Store) -> None:
    here = current(store, plan(1, PlanState.APPLIED), plan(2, PlanState.APPLIED), plan(3, PlanState.UNDONE), plan(4))
    assert plan_meant(here, "cost-triage", "rollback").id == plan(2).id
    with pytest.raises(RefusedError, match="no plan that was applied: the last, `plan:1a2b3c4d5e05`, is replayed"):
        plan_meant(current(store, plan(5, agent="1a2b3c4d5e")), "agent:1a2b3c4d5e", "rollback")


def test_an_agent_that_is_called_like_the_beginning_of_a_plan_is_refused_until_it_is_clear(store: Store) -> None:
    here = current(store, plan(1))
    with pytest.raises(RefusedError, match="write `agent:1a2b3c4d5e` or the plan's whole id"):
        plan_meant(here, "1a2b3c4d5e", "apply")
    assert plan_meant(here, "plan:1a2b3c4d5e", "apply").id == plan(1).id


@pytest.mark.parametrize("text", ["none", "plan:none", "agent:none", "plan:", "", "../x", "plan:\x1b[31m"])
def test_what_is_neither_a_plan_nor_an_agent_is_told_so(store: Store, text: str) -> None:
    with pytest.raises(RefusedError, match="there is no plan") as refused:
        plan_meant(current(store, plan(1), plan(2)), text, "apply")
    assert "\x1b" not in str(refused.value)


def test_an_agent_means_its_last_decision_that_did_not_allow(store: Store) -> None:
    results = [Result.ALLOWED, Result.DENIED, Result.DENIED, Result.ALLOWED]
    store.add_events([decided(number, result) for number, result in enumerate(results)])
    store.add_events([decided(9, Result.ALLOWED, "1a2b3c4d5e")])
    here = current(store)
    assert decision_meant(here, "cost-triage").decision == "decision-2"
    assert decision_meant(here, "decision-1").decision == "decision-1"
    with pytest.raises(RefusedError, match="nothing of `1a2b3c4d5e` was denied"):
        decision_meant(here, "1a2b3c4d5e")
    with pytest.raises(RefusedError, match="there is no decision `nothing`"):
        decision_meant(here, "nothing")
