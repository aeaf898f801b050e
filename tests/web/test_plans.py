"""Plans as pages: the replay is read before the button, who may and what stands against it is said before the click."""

from __future__ import annotations

import msgspec
import pytest
from tests.web.asking import TOKEN, Client
from tests.web.world import AWS, COST_TRIAGE, DANA, INVOICE_DESK, RETIRED, RETURNS, STOPPED, World

from remit.app import mend
from remit.app.intent import approve_text
from remit.model.agent import AgentState
from remit.model.connection import Connection
from remit.model.errors import RefusedError
from remit.model.plan import Plan, PlanState, Proof, StepState
from remit.model.standing import Standing


def _path(world: World, which: str) -> str:
    return f"/plans/{world.plans[which].removeprefix('plan:')}"


def _folded(text: str) -> str:
    """What stands between backticks is set apart on a page."""
    return "".join(text.replace("`", "").split())


def _plan(world: World, which: str) -> Plan:
    plan = world.store.get(Plan, world.plans[which])
    assert plan is not None
    return plan


def test_what_is_stuck_stands_before_what_waits_and_what_is_over_last(client: Client, world: World) -> None:
    page = client.get("/plans")
    ids = [code.text for code in page.main.all("code")]
    assert ids[0] in (world.plans["stuck"], world.plans["quarantine"])
    assert ids.index(world.plans["open"]) < ids.index(world.plans["applied"])
    stuck = client.get("/plans?state=stuck")
    assert world.plans["open"] not in stuck.text
    assert world.plans["stuck"] in stuck.text


def test_a_plan_shows_its_stage_its_replay_and_what_the_agent_loses(client: Client, world: World) -> None:
    plan = _plan(world, "open")
    page = client.get(_path(world, "open"))
    line = page.main.all("ol")[0]
    assert [item.all("span")[0].text.partition(" (")[0] for item in line.all("li")] == [
        "drafted",
        "replayed",
        "approved",
        "applying",
        "applied",
    ]
    assert [item.get("aria-current") for item in line.all("li")] == ["", "step", "", "", ""]
    denied = sum(item.calls for item in plan.replay.would_deny)
    assert f"{denied:,} of {plan.replay.calls:,} recorded calls since" in page.text
    lost = next(part for part in page.main.all("section") if "can no longer do" in part.one("h2").text)
    for sentence in plan.risk_removed:
        identity, _, what = sentence.partition(" can no longer do ")
        assert _folded(f"As {identity}") in _folded(lost.text)
        assert _folded(what) in _folded(lost.text)
    assert len(lost.all("li")) == len(plan.risk_removed)
    assert len(lost.all("h3")) == len({sentence.partition(" can no longer do ")[0] for sentence in plan.risk_removed})
    for step in plan.steps:
        assert step.operation in page.text
    assert page.main.all("pre")


def test_blind_spots_what_is_left_and_who_else_is_concerned_stand_on_the_page(client: Client, world: World) -> None:
    plan = _plan(world, "open")
    page = client.get(_path(world, "open"))
    assert f"Blind spots {len(plan.blind_spots)}" in page.text
    assert "Left as it is" in page.text
    for other in plan.also_affects:
        assert f"/agents/{other}" in page.links


def test_a_plan_without_recorded_calls_says_that_nothing_shows_what_would_break(own_client: Client, own_world: World) -> None:
    plan = msgspec.structs.replace(
        _plan(own_world, "open"),
        id="plan:0190000000f0000",
        replay=msgspec.structs.replace(_plan(own_world, "open").replay, calls=0, would_deny=()),
    )
    own_world.store.put(plan, seen=own_world.at)
    assert "Nothing shows what would break" in own_client.get("/plans/0190000000f0000").text


def test_who_may_approve_is_said_before_the_click_and_a_stranger_is_refused_beside_the_button(own_client: Client, own_world: World) -> None:
    path = _path(own_world, "open")
    assert f"May do it: {DANA}" in own_client.get(path).text
    page = own_client.post(f"{path}/apply", person="mallory@lumen.example")
    assert page.status == 409
    assert "is no approver of" in page.text
    assert page.form(f"/plans/{own_world.plans['open'].replace(':', '%3A')}/apply")
    assert _plan(own_world, "open").state is PlanState.REPLAYED


def test_nobody_is_offered_a_name_that_may_not(own_client: Client, own_world: World) -> None:
    path = _path(own_world, "open")
    for person, offered in (("mallory@lumen.example", ""), (DANA, DANA)):
        own_client.post(f"/agents/{RETURNS}/owner", owner="lee@lumen.example", person=person)
        field = next(one for one in own_client.get(path).main.all("input") if one.get("name") == "person")
        assert field.get("value") == offered


def test_names_in_a_refusal_are_set_apart(own_client: Client) -> None:
    page = own_client.post(f"/agents/{STOPPED}/plan")
    assert STOPPED in [code.text for code in page.main.all("code")]
    assert "`" not in page.main.text


def test_a_plan_from_a_draft_is_refused_before_the_click(own_client: Client, own_world: World) -> None:
    current = own_world.current()
    made = mend.plan_right_size(current, "returns-agent", own_world.at)
    assert made.is_from_draft
    page = own_client.get(f"/plans/{made.id}")
    button = next(button for button in page.main.all("button") if button.text == "Approve and apply")
    assert "disabled" in button.attributes
    assert "no approved remit" in page.text
    assert "/agents/returns-agent/draft" in page.links
    assert own_client.post(f"/plans/{made.id}/apply", person=DANA).status == 409


def test_a_plan_that_is_outdated_hides_no_new_one_and_waits_for_nobody(own_client: Client, own_world: World) -> None:
    plan = _plan(own_world, "open")
    plan = msgspec.structs.replace(plan, made=own_world.ago(5))
    done = msgspec.structs.replace(
        plan, id="plan:0190000000c3cccc", made=own_world.ago(6), state=PlanState.APPLIED, step_states=(StepState.DONE,) * len(plan.steps)
    )

    def looked(*plans: Plan) -> tuple[bool, bool, bool]:
        for other in own_world.store.all(Plan):
            if other.agent == COST_TRIAGE:
                own_world.store.remove(Plan, other.id, seen=own_world.at)
        own_world.store.put_all(plans, seen=own_world.at)
        page = own_client.get(f"/agents/{COST_TRIAGE}")
        is_offered = f"/agents/{COST_TRIAGE}/plan" in [form.get("action") for form in page.document.all("form")]
        waits = own_client.get("/plans?state=waiting").text, own_client.get("/plans?state=stuck").text
        return is_offered, "See its plan" in page.text, any(plan.id in text for text in waits)

    assert looked(plan) == (False, True, True)
    assert looked(plan, msgspec.structs.replace(done, changed=own_world.ago(4))) == (True, False, False), "another was carried out since"
    assert looked(plan, msgspec.structs.replace(done, changed=own_world.ago(5.5))) == (False, True, True), "it was made after that"
    assert looked(msgspec.structs.replace(plan, remit_hash="sha256:other")) == (True, False, False), "another remit was approved since"
    stuck = msgspec.structs.replace(plan, state=PlanState.STUCK, stuck_because="somebody else changed it; nothing was done")
    assert looked(stuck) == (True, False, False), "nothing of it was begun"
    begun = msgspec.structs.replace(stuck, step_states=(StepState.FAILED, *plan.step_states[1:]))
    assert looked(begun) == (False, True, True), "what it began has to be ended"


def test_a_plan_from_a_remit_that_was_replaced_is_refused_before_the_click(own_client: Client, own_world: World) -> None:
    current = own_world.current()
    text = current.approved[COST_TRIAGE].document.replace("600/hour", "500/hour")
    approve_text(current, text.encode(), "cost-triage.yaml", DANA, "operator", own_world.at)
    page = own_client.get(_path(own_world, "open"))
    assert "another remit of cost-triage was approved since" in page.text
    assert "Plan again" in page.text
    assert own_client.post(f"{_path(own_world, 'open')}/apply", person=DANA).status == 409


def test_a_plan_of_a_stopped_agent_is_refused_before_the_click(own_client: Client, own_world: World) -> None:
    current = own_world.current()
    stop = mend.plan_quarantine(current, COST_TRIAGE, own_world.at)
    mend.begin_quarantine(current, stop, (DANA, "operator"), "looks wrong")
    assert "its permissions are not narrowed while it is stopped" in own_client.get(_path(own_world, "open")).text


def test_a_system_without_a_write_role_is_named_before_the_click(own_client: Client, own_world: World) -> None:
    connection = own_world.store.get(Connection, AWS)
    assert connection is not None
    settings = {name: value for name, value in connection.settings.items() if name != "write_profile"}
    own_world.store.put(msgspec.structs.replace(connection, settings=settings), seen=own_world.at)
    assert f"{AWS} has no write role" in own_client.get(_path(own_world, "open")).text


def test_applying_is_a_job_that_says_why_it_failed_and_touches_nothing_it_cannot_reach(own_client: Client, own_world: World) -> None:
    path = _path(own_world, "open")
    leads = own_client.post(f"{path}/apply", person=DANA).leads_to
    assert leads.startswith("/jobs/")
    assert own_client.site.jobs.wait(30) == []
    job = own_client.get(leads)
    assert "failed" in job.text
    assert COST_TRIAGE in job.text
    assert all(state is StepState.WAITING for state in _plan(own_world, "open").step_states)


def test_the_approver_that_was_typed_reaches_the_plan_and_what_was_proved_is_shown(
    own_client: Client, own_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, tuple[str, str], str]] = []

    def carried(current: object, identifier: str, approver: tuple[str, str], environment: object, what: str) -> Plan:
        seen.append((identifier, approver, what))
        plan = _plan(own_world, "open")
        proof = Proof(
            system=AWS,
            identity="aws:role/cost-triage",
            tried="s3:DeleteObject on `x`",
            expected="denied",
            got="denied",
            how="read back and evaluated",
        )
        done = msgspec.structs.replace(plan, state=PlanState.APPLIED, step_states=(StepState.DONE,) * len(plan.steps), proofs=(proof,))
        own_world.store.put(done, seen=own_world.at, by=approver[0])
        return done

    monkeypatch.setattr(mend, "carry_out", carried)
    page = own_client.after(f"{_path(own_world, 'open')}/apply", person=DANA)
    assert seen == [(own_world.plans["open"], (DANA, "operator"), "apply")]
    assert "1 of 1 proofs hold" in page.text
    shown = own_client.get(_path(own_world, "open"))
    assert "It is applied" in shown.text
    assert "s3:DeleteObject on `x`" in shown.text
    assert "read back and evaluated" in shown.text
    assert shown.form(f"/plans/{own_world.plans['open'].replace(':', '%3A')}/rollback")


def test_a_stuck_plan_says_why_and_offers_both_ways_on(client: Client, world: World) -> None:
    page = client.get(_path(world, "stuck"))
    assert _plan(world, "stuck").stuck_because[:40].split("<")[0].strip() in page.text
    words = [button.text for button in page.main.all("button")]
    assert "Go on with it" in words
    assert "Take it back" in words


def test_a_retirement_that_is_complete_is_not_taken_back(own_client: Client, own_world: World) -> None:
    path = _path(own_world, "retirement")
    assert _plan(own_world, "retirement").state is PlanState.APPLIED
    page = own_client.get(path)
    assert "is retired for good" in page.text
    assert "Take it back" not in [button.text for button in page.main.all("button")]
    refused = own_client.post(f"{path}/rollback", person=DANA)
    assert (refused.status, "a retired agent does not come back" in refused.text) == (409, True)


def test_a_retired_agent_gets_nothing_back_that_was_taken_from_it_alone(own_client: Client, own_world: World) -> None:
    retired = Standing(agent=COST_TRIAGE, state=AgentState.RETIRED, since=own_world.at, by=DANA, because="retired")
    applied = msgspec.structs.replace(_plan(own_world, "open"), state=PlanState.APPLIED, also_affects=())
    own_world.store.put_all([retired, applied], seen=own_world.at)
    path = _path(own_world, "open")
    page = own_client.get(path)
    assert "is not given back" in page.text
    assert all("disabled" in button.attributes for button in page.main.all("button") if button.text == "Take it back")
    assert own_client.post(f"{path}/rollback", person=DANA).status == 409
    beside = msgspec.structs.replace(applied, also_affects=(RETURNS,), unchanged_for=(RETURNS,))
    own_world.store.put(beside, seen=own_world.at)
    assert "is not given back" in own_client.get(path).text, "the others act as an identity that this plan did not change"
    own_world.store.put(msgspec.structs.replace(applied, also_affects=(RETURNS,)), seen=own_world.at)
    assert own_client.get(path).form(f"/plans/{applied.id.replace(':', '%3A')}/rollback"), "others act as that identity"


def test_what_the_quarantine_of_a_retired_agent_stopped_stays_so_unless_others_act_as_it(own_client: Client, own_world: World) -> None:
    current = own_world.current()
    for slug, may in ((RETIRED, False), (COST_TRIAGE, True)):
        retired = Standing(agent=slug, state=AgentState.RETIRED, since=own_world.at, by=DANA, because="retired")
        stop = msgspec.structs.replace(_plan(own_world, "quarantine"), id=f"plan:0190000000{slug}", agent=slug, state=PlanState.APPLIED)
        own_world.store.put_all([retired, stop], seen=own_world.at)
        assert any(current.sharing(slug).values()) is may
        offered = [button.text for button in own_client.get(f"/plans/{stop.id}").main.all("button")]
        assert (f"Release {slug}" in offered) is may
    refused = own_client.post(f"/agents/{RETIRED}/release")
    assert (refused.status, "what its quarantine stopped is not given back" in refused.text) == (409, True)


def test_a_quarantine_is_ended_by_a_release_and_not_by_taking_its_plan_back(client: Client, world: World) -> None:
    plan = msgspec.structs.replace(_plan(world, "quarantine"), state=PlanState.APPLIED)
    page = client.get(f"/plans/{plan.id}")
    assert "Take it back" not in [button.text for button in page.main.all("button")]
    assert f"Stop {STOPPED}" in page.title


def test_a_plan_is_made_by_one_click_and_led_to(own_client: Client, own_world: World) -> None:
    leads = own_client.post(f"/agents/{RETURNS}/plan").leads_to
    assert leads.startswith("/plans/plan%3A")
    page = own_client.get(leads)
    assert f"Narrow {RETURNS}" in page.title
    assert "superseded" not in page.text.partition("Other plans")[0]


def test_where_nothing_can_be_taken_away_the_plan_says_so_and_neither_it_nor_older_ones_wait(
    own_client: Client, own_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = msgspec.structs.replace(_plan(own_world, "open"), id="plan:f190000000d4dddd", steps=(), step_states=(), residue=("`x` is left",))
    monkeypatch.setattr(mend, "right_size", lambda *_: made)
    page = own_client.after(f"/agents/{COST_TRIAGE}/plan")
    assert "Nothing to take away" in page.text
    assert "x is left" in page.text
    old = _plan(own_world, "open")
    for state in ("waiting", "stuck"):
        listed = own_client.get(f"/plans?state={state}").text
        assert old.id.removeprefix("plan:") not in listed
        assert made.id.removeprefix("plan:") not in listed
    answer = own_client.stranger().send("POST", f"/api/v1/agents/{COST_TRIAGE}/plan", headers={"authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, answer.json()["steps"], "location" in answer.headers) == (201, [], True)


def test_a_stop_of_nothing_is_kept_only_where_what_others_stopped_hangs_on_it(own_client: Client, own_world: World) -> None:
    own_client.after(f"/agents/{INVOICE_DESK}/quarantine", because="looks wrong")
    assert own_world.current().state(INVOICE_DESK) is AgentState.SUSPENDED
    assert all(plan.agent != INVOICE_DESK for plan in own_world.store.all(Plan)), "it has no identity in a connected system"
    current = own_world.current()
    other = next(slug for slugs in current.sharing(COST_TRIAGE).values() for slug in slugs)
    stop = mend.plan_quarantine(current, COST_TRIAGE, own_world.at)
    done = msgspec.structs.replace(stop, state=PlanState.APPLIED, step_states=(StepState.DONE,) * len(stop.steps))
    nothing = msgspec.structs.replace(stop, id="plan:0190000000e5eeee", agent=other, steps=(), step_states=())
    again = msgspec.structs.replace(nothing, id="plan:0190000000f6ffff", agent=COST_TRIAGE)
    assert not mend.is_kept(current, nothing)
    own_world.store.put(done, seen=own_world.at)
    assert mend.is_kept(own_world.current(), nothing), "a release of the other must find it"
    assert not mend.is_kept(own_world.current(), again), "the first one stands for it"
    assert mend.is_kept(own_world.current(), stop)


def test_an_agent_that_cannot_be_planned_for_is_refused_in_words(own_client: Client, own_world: World) -> None:
    page = own_client.post(f"/agents/{STOPPED}/plan")
    assert page.status == 409
    assert "is suspended" in page.text
    assert own_client.post("/agents/nobody-at-all/plan").status == 404


def test_a_plan_that_takes_long_to_make_leads_to_its_job(own_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    from remit.app.web import carrying

    go_on = threading.Event()
    made = mend.plan_right_size

    def slow(current: object, slug: str, at: str) -> Plan:
        go_on.wait(20)
        return made(current, slug, at)  # type: ignore[arg-type]

    monkeypatch.setattr(mend, "plan_right_size", slow)
    monkeypatch.setattr(carrying, "PATIENCE_SECONDS", 0.01)
    leads = own_client.post(f"/agents/{RETURNS}/plan").leads_to
    go_on.set()
    assert leads.startswith("/jobs/")
    assert own_client.site.jobs.wait(20) == []
    assert any(link.startswith("/plans/plan%3A") for link in own_client.get(leads).links)


def test_a_plan_that_there_is_not_is_no_page(client: Client) -> None:
    assert client.get("/plans/000000000").status == 404
    assert client.get("/plans/%3Cscript%3Ealert(1)%3C%2Fscript%3E").status == 404


def test_a_refusal_on_the_way_ends_the_job_with_its_words(own_client: Client, own_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> Plan:
        raise RefusedError("somebody changed it since")

    monkeypatch.setattr(mend, "carry_out", refused)
    page = own_client.after(f"{_path(own_world, 'open')}/apply", person=DANA)
    assert "somebody changed it since" in page.text


def test_of_many_proofs_what_does_not_hold_is_seen_and_the_rest_is_behind_its_number(own_client: Client, own_world: World) -> None:
    def proof(number: int, expected: str, got: str) -> Proof:
        return Proof(system=AWS, identity="aws:role/cost-triage", tried=f"s3:Get{number}", expected=expected, got=got, how="read back")

    proofs = (*(proof(number, "denied", "denied") for number in range(5)), *(proof(number, "allowed", "allowed") for number in range(5, 8)))
    plan = _plan(own_world, "open")
    own_world.store.put(msgspec.structs.replace(plan, proofs=(*proofs, proof(8, "denied", "allowed"))), seen=own_world.at)
    page = own_client.get(_path(own_world, "open"))
    assert "8 of 9 hold" in page.text
    folded = next(part for part in page.main.all("details") if "each as it must be" in part.text)
    assert "5 denied and 3 allowed, each as it must be" in folded.text
    assert "s3:Get0" in folded.text
    assert "s3:Get8" not in folded.text
    assert "s3:Get8 expected denied, got allowed" in page.text


def test_a_reason_that_every_denied_call_shares_is_said_once(own_client: Client, own_world: World) -> None:
    plan = _plan(own_world, "open")
    denied = plan.replay.would_deny[0]
    alike = (denied, msgspec.structs.replace(denied, resource="another"))
    other = msgspec.structs.replace(denied, resource="a third", why="a boundary cuts it off")
    for calls, times in ((alike, 1), ((*alike, other), 2)):
        replay = msgspec.structs.replace(plan.replay, would_deny=calls)
        own_world.store.put(msgspec.structs.replace(plan, replay=replay), seen=own_world.at)
        page = own_client.get(_path(own_world, "open"))
        assert page.text.casefold().count(denied.why.casefold()) == times
