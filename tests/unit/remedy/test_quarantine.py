"""Whom a quarantine and a retirement stop, whom they spare, and how a quarantine goes over to another."""

from __future__ import annotations

import msgspec
import pytest
from tests.unit.remedy.conftest import Household, use

from remit.model.errors import RefusedError
from remit.model.plan import Plan, PlanKind, PlanState, StepState
from remit.remedy.quarantine import handed_over, quarantine, retire, stopped, to_release

AT = "2030-01-01T00:00:00Z"
MAID = "cabinet:hall/maid"


def targets(plan: Plan) -> list[str]:
    return [step.target for step in plan.steps]


def in_force(plan: Plan, state: PlanState = PlanState.APPLIED) -> Plan:
    return msgspec.structs.replace(plan, state=state, step_states=tuple(StepState.DONE for _ in plan.steps))


def test_a_quarantine_stops_every_identity_and_names_who_else_is_on_them(household: Household):
    bound = [("tidy", "maid"), ("tidy", "cook"), ("sort", "maid"), ("other", "butler")]
    plan = quarantine(household.situation({}, bound, [use("maid", "open", "linen")]), "plan:1", AT)
    assert (plan.kind, plan.state) == (PlanKind.QUARANTINE, PlanState.REPLAYED)
    assert targets(plan) == ["maid locked", "cook locked"]
    assert plan.also_affects == ("sort",)
    assert [item.calls for item in plan.replay.would_deny] == [3]
    assert all(not probe.is_allowed for probe in plan.probes)
    assert len(plan.probes) > 1


def test_a_person_is_never_locked_out_only_the_agents_own_keys_are(household: Household):
    plan = quarantine(household.situation({}, [("tidy", "lady", ("ff",))]), "plan:1", AT)
    assert targets(plan) == ["lady key ff"]
    plan = retire(household.situation({}, [("tidy", "lady", ("ff",))]), "plan:1", AT)
    assert targets(plan) == ["lady key ff"]


@pytest.mark.parametrize("make", [quarantine, retire])
def test_a_person_whose_keys_are_not_known_to_be_the_agents_is_spared(make, household: Household):
    plan = make(household.situation({}, [("tidy", "lady")]), "plan:1", AT)
    assert plan.steps == ()
    assert "is a person's own login and stays" in plan.residue[0]


def test_a_key_that_another_agent_holds_too_is_not_the_agents_own(household: Household):
    plan = quarantine(household.situation({}, [("tidy", "lady", ("ff", "fe")), ("sort", "lady", ("fe",))]), "plan:1", AT)
    assert targets(plan) == ["lady key ff"]


@pytest.mark.parametrize("make", [quarantine, retire])
@pytest.mark.parametrize(("holder", "why"), [("butler", "Remit itself"), ("ghost", "protects it"), ("stranger", "no connected system")])
def test_what_must_never_change_is_left_alone(make, holder: str, why: str, household: Household):
    plan = make(household.situation({}, [("tidy", holder)]), "plan:1", AT)
    assert plan.steps == ()
    assert why in plan.residue[0]


def test_an_agent_without_identities_has_nothing_to_stop(household: Household):
    plan = quarantine(household.situation({}, [("sort", "maid")]), "plan:1", AT)
    assert (plan.steps, plan.residue, plan.also_affects) == ((), (), ())


def test_a_retirement_takes_everything_from_what_only_the_agent_used_and_keeps_what_others_use(household: Household):
    plan = retire(household.situation({}, [("tidy", "maid"), ("tidy", "cook"), ("sort", "cook"), ("pack", "cook")]), "plan:1", AT)
    assert {target.split()[0] for target in targets(plan)} == {"maid"}
    assert {"maid locked", "maid key 0a", "maid drawer linen"} <= set(targets(plan))
    assert plan.residue == (
        "`cabinet:hall/cook` is kept: `agent:pack`, `agent:sort` uses it too; the retired agent is denied at every point",
    )
    assert plan.also_affects == ("pack", "sort")


def test_what_is_stopped_already_is_said_and_not_stopped_twice(household: Household):
    first = in_force(quarantine(household.situation({}, [("tidy", "maid")]), "plan:1", AT))
    situation = msgspec.structs.replace(household.situation({}, [("tidy", "maid")]), stopped=stopped([first]))
    second = quarantine(situation, "plan:2", AT)
    assert (second.steps, second.residue) == ((), ("`cabinet:hall/maid` is stopped already, by `plan:1`",))
    locked = household.system.after(household.objects, first.steps)
    again = quarantine(household.situation({}, [("tidy", "maid")], objects=locked), "plan:2", AT)
    assert (again.steps, again.residue) == ((), ("`cabinet:hall/maid` has nothing left that could be stopped",))


def test_only_quarantines_that_did_something_count_as_stopping(household: Household):
    plan = quarantine(household.situation({}, [("tidy", "maid")]), "plan:1", AT)
    assert stopped([plan]) == {}
    assert stopped([in_force(plan)]) == {MAID: "plan:1"}
    assert stopped([in_force(plan, PlanState.STUCK)]) == {MAID: "plan:1"}
    assert stopped([in_force(plan, PlanState.UNDONE)]) == {}
    assert stopped([msgspec.structs.replace(in_force(plan), kind=PlanKind.RETIRE)]) == {}


def test_quarantines_are_released_newest_first(household: Household):
    one = in_force(quarantine(household.situation({}, [("tidy", "maid")]), "plan:1", AT))
    two = in_force(quarantine(household.situation({}, [("tidy", "cook")]), "plan:2", "2030-01-02T00:00:00Z"))
    done = in_force(quarantine(household.situation({}, [("tidy", "cook")]), "plan:3", AT), PlanState.UNDONE)
    other = msgspec.structs.replace(one, id="plan:4", agent="sort")
    assert [plan.id for plan in to_release([one, done, two, other], "tidy")] == ["plan:2", "plan:1"]


def test_the_step_that_stops_a_shared_identity_goes_over_to_the_other_quarantine(household: Household):
    mine = in_force(quarantine(household.situation({}, [("tidy", "maid"), ("tidy", "cook")]), "plan:1", AT))
    heir = msgspec.structs.replace(in_force(quarantine(household.situation({}, []), "plan:2", AT)), agent="sort")
    rest, (grown,) = handed_over(mine, {MAID: heir}, AT)
    assert targets(rest) == ["cook locked"]
    assert targets(grown) == ["maid locked"]
    assert grown.step_states == (StepState.DONE,)
    assert {probe.principal for probe in grown.probes} == {MAID}
    assert {probe.principal for probe in rest.probes} == {"cabinet:hall/cook"}
    assert handed_over(mine, {}, AT) == (mine, ())


def test_a_half_done_quarantine_hands_nothing_over(household: Household):
    mine = in_force(quarantine(household.situation({}, [("tidy", "maid")]), "plan:1", AT))
    heir = in_force(mine, PlanState.STUCK)
    with pytest.raises(RefusedError, match="half done"):
        handed_over(mine, {MAID: heir}, AT)
