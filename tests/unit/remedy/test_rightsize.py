"""What a right-sizing plan keeps, takes, says, and refuses to be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kits.plugins.cabinet.system import Cabinet
from tests.unit.remedy.conftest import N_UNUSED, N_USED, OUT, SPARE, Household, line, use

from remit.contracts.system import Impossible
from remit.model.access import NativeObject, Verdict
from remit.model.alignment import AlignmentLine
from remit.model.errors import RefusedError
from remit.model.plan import Plan, PlanKind, PlanState, Proposal
from remit.remedy.rightsize import kept, right_size
from remit.remedy.sharing import stays_for_others

AT = "2030-01-01T00:00:00Z"
MAID = (
    line("maid", "open", "linen", N_USED, count=3),
    line("maid", "fill", "linen", N_UNUSED),
    line("maid", "empty", "linen", SPARE),
    line("maid", "open", "silver", OUT, count=12, last_used="2029-12-31T00:00:00Z"),
)


def afters(plan: Plan) -> dict[str, str | None]:
    return {step.target: step.after for step in plan.steps}


def test_needed_stays_used_or_not_and_the_rest_goes(household: Household):
    uses = [use("maid", "open", "linen"), use("maid", "open", "silver", allowed=12)]
    plan = right_size(household.situation({"tidy": MAID}, [("tidy", "maid")], uses), "plan:1", AT)
    assert (plan.kind, plan.state, plan.agent, plan.remit_hash) == (PlanKind.RIGHT_SIZE, PlanState.REPLAYED, "tidy", "sha256:1")
    assert afters(plan) == {"maid drawer linen": '["fill", "open"]', "maid drawer silver": None}
    assert plan.replay.calls == 15
    assert [(item.action, item.resource, item.calls) for item in plan.replay.would_deny] == [("open", "silver", 12)]
    assert plan.replay.since == "2029-10-03T00:00:00Z"
    assert plan.risk_removed == (
        "`cabinet:hall/maid` can no longer do `empty` on `linen`",
        "`cabinet:hall/maid` can no longer do `open` on `silver`",
    )
    assert any("`open` on `silver` was used 12 times, last on 2029-12-31, and goes away" in spot for spot in plan.blind_spots)
    assert plan.also_affects == ()
    assert plan.residue == ()


def test_a_plan_from_a_draft_says_so(household: Household):
    assert right_size(household.situation({"tidy": MAID}, [("tidy", "maid")], drafts=["tidy"]), "plan:1", AT).is_from_draft


def test_what_is_needed_of_a_broad_grant_stays_and_the_rest_of_it_goes(household: Household):
    lines = (line("cook", "open", "wine", N_USED), line("cook", "open", "*", SPARE))
    plan = right_size(household.situation({"tidy": lines}, [("tidy", "cook")], [use("cook", "open", "wine")]), "plan:1", AT)
    assert afters(plan) == {"cook drawer *": None, "cook drawer wine": '["open"]', "cook drawer silver": None}
    assert plan.replay.would_deny == ()
    assert plan.risk_removed == ("`cabinet:hall/cook` can no longer do `open` on `*`, but for what is kept",)


def test_another_agent_on_the_identity_keeps_what_it_needs_and_what_it_used(household: Household):
    sort = (line("maid", "empty", "linen", N_UNUSED), line("maid", "open", "silver", OUT, count=1))
    tidy = (line("maid", "open", "linen", N_USED), line("maid", "empty", "linen", SPARE))
    uses = [use("maid", "open", "silver", agent="sort"), use("maid", "open", "linen")]
    plan = right_size(household.situation({"tidy": tidy, "sort": sort}, [("tidy", "maid"), ("sort", "maid")], uses), "plan:1", AT)
    assert afters(plan) == {"maid drawer linen": '["empty", "open"]'}
    assert plan.replay.would_deny == ()
    assert plan.also_affects == ("sort",)
    assert "`open` on `silver` stays on `cabinet:hall/maid`: `agent:sort` used it, although no remit needs it" in plan.residue
    assert "`empty` on `linen` stays on `cabinet:hall/maid`: `agent:sort` needs it, and `agent:tidy` does not" in plan.residue
    assert plan.risk_removed == ()


def test_what_only_another_agent_needs_is_said_although_nothing_changes(household: Household):
    tidy = (line("maid", "open", "linen", N_USED), line("maid", "fill", "linen", SPARE), line("maid", "empty", "linen", SPARE))
    tidy += (line("maid", "open", "silver", OUT, count=7),)
    sort = (line("maid", "fill", "linen", N_UNUSED), line("maid", "empty", "linen", N_USED), line("maid", "open", "silver", N_USED))
    situation = household.situation({"tidy": tidy, "sort": sort}, [("tidy", "maid"), ("sort", "maid")], drafts=["sort"])
    plan = right_size(situation, "plan:1", AT)
    assert (plan.steps, plan.also_affects, plan.unchanged_for) == ((), ("sort",), ("sort",))
    assert plan.residue == (
        "`fill`, `empty` on `linen` stay on `cabinet:hall/maid`: `agent:sort` needs them, by its draft, and `agent:tidy` does not",
        "`open` on `silver` stays on `cabinet:hall/maid`: `agent:sort` needs it, by its draft, and `agent:tidy` does not",
    )
    assert not any("goes away" in spot for spot in plan.blind_spots)


def test_what_the_agent_needs_itself_stays_for_nobody_else(household: Household):
    tidy = (line("cook", "open", "*", N_USED), line("cook", "fill", "silver", SPARE))
    sort = (line("cook", "open", "silver", N_USED),)
    situation = household.situation({"tidy": tidy, "sort": sort}, [("tidy", "cook"), ("sort", "cook")])
    assert stays_for_others(situation, "cabinet:hall/cook") == []
    assert right_size(situation, "plan:1", AT).residue == ()


def test_columns_that_only_another_agent_needs_stay_for_it(household: Household):
    tidy = (line("maid", "open", "linen", N_USED, columns=("a",)), line("maid", "open", "linen", SPARE, columns=("b",)))
    sort = (line("maid", "open", "linen", N_USED, columns=("b",)),)
    situation = household.situation({"tidy": tidy, "sort": sort}, [("tidy", "maid"), ("sort", "maid")])
    assert stays_for_others(situation, "cabinet:hall/maid") == [("sort", sort[0])]


def test_an_identity_left_for_another_agent_is_told_apart_from_those_that_are_changed(household: Household):
    """What was taken from the identities of the agent alone is given back to nobody once it is retired."""
    tidy = (*MAID, line("cook", "open", "*", SPARE), line("cook", "empty", "silver", SPARE), line("cook", "fill", "silver", SPARE))
    sort = (line("cook", "open", "*", N_USED), line("cook", "empty", "silver", N_USED), line("cook", "fill", "silver", N_USED))
    situation = household.situation({"tidy": tidy, "sort": sort}, [("tidy", "maid"), ("tidy", "cook"), ("sort", "cook")])
    plan = right_size(situation, "plan:1", AT)
    assert {step.principal for step in plan.steps} == {"cabinet:hall/maid"}
    assert (plan.also_affects, plan.unchanged_for) == (("sort",), ("sort",))


def test_a_membership_through_which_something_needed_comes_is_no_need_of_its_own(household: Household):
    """What is needed of a group may be granted directly; as a need it would keep all that the group gives."""
    lines = (line("maid", "open", "linen", N_USED), line("maid", "fill", "linen", N_USED, is_membership=True))
    situation = household.situation({"tidy": lines, "sort": lines}, [("tidy", "maid"), ("sort", "maid")])
    assert [found.action for found in kept(situation, "cabinet:hall/maid")] == ["open"]


def test_an_identity_of_an_agent_whose_need_is_not_known_is_left_alone(household: Household):
    plan = right_size(household.situation({"tidy": MAID}, [("tidy", "maid"), ("mystery", "maid")]), "plan:1", AT)
    assert plan.steps == ()
    assert plan.residue == ("`cabinet:hall/maid` is left as it is: what `agent:mystery` needs of it is not known",)
    assert plan.also_affects == ("mystery",)


@pytest.mark.parametrize(
    ("holder", "why"),
    [
        ("lady", "a person's own login (lives here)"),
        ("butler", "Remit itself acts as it"),
        ("ghost", "its system protects it"),
        ("stranger", "no connected system knows it"),
    ],
)
def test_an_identity_that_must_not_be_narrowed_is_left_alone_and_said(holder: str, why: str, household: Household):
    plan = right_size(household.situation({"tidy": ()}, [("tidy", holder)]), "plan:1", AT)
    assert (plan.steps, len(plan.residue)) == ((), 1)
    assert why in plan.residue[0]


def test_an_identity_under_quarantine_is_left_alone(household: Household):
    situation = household.situation({"tidy": MAID}, [("tidy", "maid")])
    plan = right_size(msgspec.structs.replace(situation, stopped={"cabinet:hall/maid": "plan:7"}), "plan:1", AT)
    assert plan.residue == ("`cabinet:hall/maid` is left as it is: it stands under the quarantine `plan:7`",)


def test_a_system_that_cannot_be_changed_is_left_alone(household: Household):
    class Sealed(Cabinet):
        def __init__(self) -> None:
            self.features = {**Cabinet.features, "change": Impossible("it is sealed")}

    situation = household.situation({"tidy": MAID}, [("tidy", "maid")], system=Sealed())
    plan = right_size(situation, "plan:1", AT)
    assert plan.residue == ("`cabinet:hall/maid` is left as it is: `cabinet:hall` cannot be changed, for it is sealed",)
    gone = right_size(msgspec.structs.replace(situation, grounds={}), "plan:1", AT)
    assert gone.residue == ("`cabinet:hall/maid` is left as it is: `cabinet:hall` is not connected",)


def test_what_the_remit_forbids_is_not_kept(household: Household):
    def forbids(system: str, action: str, resource: str) -> str:
        return "never[0]" if (system, action) == ("cabinet:hall", "fill") else ""

    plan = right_size(household.situation({"tidy": MAID}, [("tidy", "maid")], forbids=forbids), "plan:1", AT)
    assert afters(plan)["maid drawer linen"] == '["open"]'
    sort = (line("maid", "fill", "linen", N_UNUSED),)
    shared = household.situation({"tidy": MAID, "sort": sort}, [("tidy", "maid"), ("sort", "maid")], forbids=forbids)
    plan = right_size(shared, "plan:1", AT)
    assert afters(plan)["maid drawer linen"] == '["fill", "open"]'
    assert any("`fill` on `linen` stays on `cabinet:hall/maid` although never[0] forbids it: `agent:sort`" in said for said in plan.residue)


def test_a_part_that_the_remit_forbids_is_taken_out_of_what_is_kept_unless_another_agent_needs_it(household: Household):
    asked: list[tuple[str, tuple[str, ...]]] = []

    class Telling(Cabinet):
        def narrow(self, objects: Sequence[NativeObject], principal: str, keep: Sequence[AlignmentLine], label: str) -> Proposal:
            asked.extend((one.resource, one.but) for one in keep)
            return super().narrow(objects, principal, keep, label)

    def excepts(system: str, action: str, resource: str) -> tuple[str, ...]:
        return ("s*",) if resource == "*" else ()

    tidy = (line("cook", "open", "*", N_USED),)
    alone = household.situation({"tidy": tidy}, [("tidy", "cook")], system=Telling())
    assert right_size(msgspec.structs.replace(alone, excepts=excepts), "plan:1", AT).residue == ()
    assert asked == [("*", ("s*",))]
    asked.clear()
    sort = (line("cook", "fill", "silver", N_UNUSED),)
    shared = household.situation({"tidy": tidy, "sort": sort}, [("tidy", "cook"), ("sort", "cook")], system=Telling())
    plan = right_size(msgspec.structs.replace(shared, excepts=excepts), "plan:1", AT)
    assert asked == [("silver", ()), ("*", ())]
    assert any("on `s*` too, which is forbidden: `agent:sort` uses that identity" in sentence for sentence in plan.residue)


def test_an_agent_whose_need_is_not_known_at_all_gets_no_plan(household: Household):
    with pytest.raises(RefusedError, match="what `tidy` needs is not known"):
        right_size(household.situation({}, [("tidy", "maid")]), "plan:1", AT)


def test_an_agent_without_identities_gets_a_plan_without_steps(household: Household):
    plan = right_size(household.situation({"tidy": ()}, []), "plan:1", AT)
    assert (plan.steps, plan.state) == ((), PlanState.REPLAYED)


# --- systems whose narrowing is wrong -----------------------------------------------------------------------------------------------


class _Greedy(Cabinet):
    def narrow(self, objects: Sequence[NativeObject], principal: str, keep: Sequence[AlignmentLine], label: str) -> Proposal:
        return super().narrow(objects, principal, (), label)


class _Wide(Cabinet):
    def narrow(self, objects: Sequence[NativeObject], principal: str, keep: Sequence[AlignmentLine], label: str) -> Proposal:
        proposal = super().narrow(objects, principal, keep, label)
        return Proposal(steps=tuple(msgspec.structs.replace(one, after='["empty", "fill", "open"]') for one in proposal.steps))


def test_a_narrowing_that_would_break_the_agent_becomes_no_plan(household: Household):
    with pytest.raises(RefusedError, match="would take away `open` on `linen`, which is needed"):
        right_size(household.situation({"tidy": MAID}, [("tidy", "maid")], system=_Greedy()), "plan:1", AT)


def test_a_narrowing_that_would_widen_becomes_no_plan(household: Household):
    with pytest.raises(RefusedError, match="would newly allow `empty` on `silver`"):
        right_size(
            household.situation({"tidy": (line("maid", "fill", "linen", N_USED),)}, [("tidy", "maid")], system=_Wide()), "plan:1", AT
        )


def test_a_narrowing_that_denies_a_needed_use_of_a_pattern_becomes_no_plan(household: Household):
    lines = (line("cook", "open", "*", N_USED),)
    situation = household.situation({"tidy": lines}, [("tidy", "cook")], [use("cook", "open", "wine")], system=_Greedy())
    with pytest.raises(RefusedError, match="would deny `open` on `wine`, which is needed"):
        right_size(situation, "plan:1", AT)


def test_a_probe_whose_answer_hangs_on_a_context_is_a_blind_spot(household: Household):
    class Moody(Cabinet):
        def decides(self, objects: Any, principal: str, action: str, resource: str, columns: Any = ()) -> Verdict:
            if action == "empty":
                return Verdict(is_allowed=False, depends_on=("the:Weather",))
            return super().decides(objects, principal, action, resource, columns)

    plan = right_size(household.situation({"tidy": MAID}, [("tidy", "maid")], system=Moody()), "plan:1", AT)
    assert "empty" not in {probe.action for probe in plan.probes}
    assert any("`empty` on `linen` works depends on the:Weather: not proved" in spot for spot in plan.blind_spots)


# --- blind spots ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ground", "told"),
    [
        ({"has_log": False}, "no audit log of `cabinet:hall` is connected"),
        ({"uses": ()}, "the log of `cabinet:hall` holds no record yet"),
        ({"unread_records": 1200}, "1,200 records of the log of `cabinet:hall` could not be understood"),
        ({"unread": ("drawers: no permission",)}, "`cabinet:hall`: drawers: no permission"),
        ({}, "the log of `cabinet:hall` reaches from 2029-10-03 to 2029-12-31"),
        ({}, "holds no `delete` on `cabinet:hall` by anybody: such events may not be logged"),
        ({}, "4 recorded calls as `cabinet:hall/maid` came from nobody whom Remit knows"),
    ],
)
def test_what_cannot_be_known_is_said(ground: dict[str, Any], told: str, household: Household):
    uses = [use("maid", "open", "linen"), use("maid", "open", "silver", agent="", allowed=4)]
    situation = household.situation({"tidy": MAID}, [("tidy", "maid")], **{"uses": uses, **ground})
    assert any(told in spot for spot in right_size(situation, "plan:1", AT).blind_spots)


def test_use_of_a_shared_identity_is_by_one_of_those_who_share_it_and_nobody_knows_which(household: Household):
    uses = [use("maid", "open", "linen"), use("maid", "open", "silver", agent="", allowed=4)]
    situation = household.situation({"tidy": MAID, "sort": ()}, [("tidy", "maid"), ("sort", "maid")], uses)
    said = [spot for spot in right_size(situation, "plan:1", AT).blind_spots if spot.startswith("4 recorded calls")]
    assert len(said) == 1
    assert "cannot be told apart: `agent:sort`, `agent:tidy` act as it, and no record says which of them it was" in said[0]
    assert "nobody" not in said[0]


def test_a_condition_on_what_is_needed_is_said(household: Household):
    lines = (line("maid", "open", "linen", N_USED, doubt="depends on the:Weather"),)
    plan = right_size(household.situation({"tidy": lines}, [("tidy", "maid")]), "plan:1", AT)
    assert "`open` on `linen` stays, and is not certain: depends on the:Weather" in plan.blind_spots


# --- over many ------------------------------------------------------------------------------------------------------------------------

CALLS = st.tuples(st.sampled_from(["open", "fill", "empty"]), st.sampled_from(["linen", "silver", "wine"]))


@settings(max_examples=60, deadline=None)
@given(mine=st.sets(CALLS), theirs=st.sets(CALLS), used=st.sets(CALLS), never=st.sampled_from(["", "empty", "fill"]))
def test_the_invariants_of_a_plan_hold(mine: Any, theirs: Any, used: Any, never: str):
    household = Household()
    system, objects = household.system, household.objects
    refs = [f"cabinet:hall/{holder}" for holder in ("maid", "cook")]

    def can(world: Sequence[NativeObject], ref: str, call: tuple[str, str]) -> bool:
        return system.decides(world, ref, *call).is_allowed

    lines = {
        agent: tuple(
            line(ref.rpartition("/")[2], *call, N_USED if call in used else N_UNUSED)
            for ref in refs
            for call in sorted(calls)
            if can(objects, ref, call) and not (agent == "tidy" and call[0] == never)
        )
        for agent, calls in (("tidy", mine), ("sort", theirs))
    }
    situation = household.situation(
        lines,
        [("tidy", "maid"), ("tidy", "cook"), ("sort", "cook")],
        [use(ref.rpartition("/")[2], *call) for ref in refs for call in used if can(objects, ref, call)],
        forbids=lambda _system, action, _resource: "never[0]" if action == never else "",
    )
    plan = right_size(situation, "plan:1", AT)
    after = system.after(objects, plan.steps)
    for ref in refs:
        for call in [(action, drawer) for action in ("open", "fill", "empty") for drawer in ("linen", "silver", "wine")]:
            is_needed = (call in mine and call[0] != never) or (ref.endswith("cook") and call in theirs)
            assert can(after, ref, call) == (can(objects, ref, call) and is_needed)
    denied = {(item.principal, item.action, item.resource) for item in plan.replay.would_deny}
    assert denied == {(ref, *call) for ref in refs for call in used if can(objects, ref, call) and not can(after, ref, call)}
    assert plan.replay.calls == 3 * sum(
        can(objects, ref, call) for ref in refs for call in used if any(s.principal == ref for s in plan.steps)
    )
