"""Stopping, releasing and retiring by clicks: others are named before, a denial holds before the answer, a refusal touches nothing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.web.asking import Client
from tests.web.test_api import ask
from tests.web.world import COST_TRIAGE, DANA, INVOICE_DESK, RETIRED, RETURNS, STOPPED, World

from remit.app import mend
from remit.app.plans import Plans
from remit.model.agent import AgentState
from remit.model.errors import RefusedError, RemitError
from remit.model.plan import Plan, PlanKind, PlanState, Proof


def _stops(world: World, slug: str) -> list[Plan]:
    return [plan for plan in world.store.all(Plan) if plan.agent == slug and plan.kind is PlanKind.QUARANTINE]


def test_what_a_stop_means_is_read_before_anything_is_done(client: Client, world: World) -> None:
    page = client.get(f"/agents/{COST_TRIAGE}/quarantine")
    others = {other for slugs in world.current().sharing(COST_TRIAGE).values() for other in slugs}
    assert others
    first = page.main.all("h2")[0].text
    assert "would be stopped with it" in first
    for other in others:
        assert other in page.text
    ahead = mend.plan_quarantine(world.current(), COST_TRIAGE, world.at)
    for step in ahead.steps:
        assert step.operation in page.text
    assert "kubernetes:finops/cost-triage is left as it is" in page.text
    assert "edge.jsonl" in page.text
    assert world.current().state(COST_TRIAGE) is AgentState.ACTIVE


def test_the_reason_is_suggested_by_the_gravest_finding_and_can_be_sent_as_it_is(client: Client, world: World) -> None:
    form = client.get(f"/agents/{COST_TRIAGE}/quarantine").form(f"/agents/{COST_TRIAGE}/quarantine")
    assert "finding:" in form.one("textarea").text
    assert "required" not in form.all("input")[-1].attributes


def test_home_is_two_clicks_from_a_stop(client: Client) -> None:
    assert f"/agents/{COST_TRIAGE}/quarantine" in client.get("/").links


def test_a_stop_is_in_the_store_when_the_click_is_answered_and_before_any_identity_is_touched(
    own_client: Client, own_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[AgentState] = []

    def touched(current: Any, made: Plan, approver: Any, because: str, environment: Any) -> Plan:
        seen.append(own_world.current().state(COST_TRIAGE))
        proof = Proof(
            system="aws:main", identity="aws:role/cost-triage", tried="s3:*", expected="denied", got="denied", how="read back and evaluated"
        )
        done = msgspec.structs.replace(made, state=PlanState.APPLIED, proofs=(proof,))
        own_world.store.put(done, seen=own_world.at)
        return done

    monkeypatch.setattr(mend, "carry_out_quarantine", touched)
    leads = own_client.post(f"/agents/{COST_TRIAGE}/quarantine", because="sends data out").leads_to
    current = own_world.current()
    assert current.state(COST_TRIAGE) is AgentState.SUSPENDED
    assert (current.standings[COST_TRIAGE].by, current.standings[COST_TRIAGE].because) == ("operator", "sends data out")
    assert own_client.site.jobs.wait(20) == []
    assert seen == [AgentState.SUSPENDED]
    job = own_client.get(leads)
    assert "holds: s3:*: denied" in job.text
    assert f"/plans/{_stops(own_world, COST_TRIAGE)[0].id.replace(':', '%3A')}" in job.links


def test_a_stop_whose_systems_cannot_be_reached_denies_all_the_same_and_says_so(own_client: Client, own_world: World) -> None:
    page = own_client.after(f"/agents/{COST_TRIAGE}/quarantine", because="sends data out", person=DANA)
    assert "failed" in page.text
    assert own_world.current().state(COST_TRIAGE) is AgentState.SUSPENDED
    assert own_world.current().standings[COST_TRIAGE].by == DANA
    plan = _stops(own_world, COST_TRIAGE)[0]
    on = own_client.get(f"/plans/{plan.id}")
    assert "Carry it out" in [button.text for button in on.main.all("button")] or "Go on with it" in on.text


def test_a_stop_while_too_much_is_under_way_holds_and_leads_to_its_plan(
    own_client: Client, own_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise RemitError("8 pieces of work are under way; wait for one of them")

    monkeypatch.setattr(own_client.site.jobs, "start", full)
    leads = own_client.post(f"/agents/{COST_TRIAGE}/quarantine", because="sends data out").leads_to
    assert leads.startswith("/plans/")
    assert own_world.current().state(COST_TRIAGE) is AgentState.SUSPENDED
    assert "Carry it out" in [button.text for button in own_client.get(leads).main.all("button")]


@pytest.mark.parametrize("fault", ["a record that cannot be read", "a plan that cannot be kept"])
def test_a_stop_that_cannot_be_planned_denies_all_the_same_and_says_so(
    fault: str, own_client: Client, own_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RefusedError(f"{fault} stands in the store")

    if fault.startswith("a record"):
        monkeypatch.setattr(Plans, "all", fails)
        monkeypatch.setattr(Plans, "of", fails)
    else:
        monkeypatch.setattr(mend, "begin_quarantine", fails)
    page = own_client.get(f"/agents/{COST_TRIAGE}/quarantine")
    assert all("disabled" not in button.attributes for button in page.main.all("button") if button.text.startswith("Stop"))
    leads = own_client.post(f"/agents/{COST_TRIAGE}/quarantine", because="sends data out").leads_to
    assert own_world.current().state(COST_TRIAGE) is AgentState.SUSPENDED
    assert own_client.site.policy().index.entries[COST_TRIAGE].state is AgentState.SUSPENDED
    assert own_client.site.jobs.wait(20) == []
    job = own_client.get(leads)
    assert f"its identities are not stopped, only denied by points: {fault} stands in the store" in job.text
    assert "Nothing was changed" not in job.text
    came = ask(own_client, "POST", f"/agents/{COST_TRIAGE}/quarantine", {"because": "sends data out"})
    assert (came.status_code, came.json()["state"], came.json()["job"]) == (200, "suspended", None)
    assert came.json()["identities"] == f"its identities are not stopped yet: {fault} stands in the store"


def test_a_stop_without_a_reason_is_refused_and_stops_nothing(own_client: Client, own_world: World) -> None:
    page = own_client.post(f"/agents/{COST_TRIAGE}/quarantine", because="  ")
    assert page.status == 409
    assert "the reason, for whoever finds the agent stopped is missing" in page.text
    assert own_world.current().state(COST_TRIAGE) is AgentState.ACTIVE
    assert _stops(own_world, COST_TRIAGE) == []


def test_a_retired_agent_cannot_be_stopped_and_the_page_says_why(client: Client) -> None:
    page = client.get(f"/agents/{RETIRED}/quarantine")
    assert "is retired: it is denied everywhere already" in page.text
    assert all("disabled" in button.attributes for button in page.main.all("button") if button.text.startswith("Stop"))


def test_a_stopped_agent_shows_since_when_and_is_released_by_one_click(
    own_client: Client, own_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = own_client.get(f"/agents/{STOPPED}/quarantine")
    assert "It is stopped" in page.text
    assert page.form(f"/agents/{STOPPED}/release")
    asked: list[tuple[str, tuple[str, str]]] = []
    plan = msgspec.structs.replace(_stops(own_world, STOPPED)[0], state=PlanState.APPLIED)
    own_world.store.put(plan, seen=own_world.at)

    def released(current: Any, slug: str, approver: tuple[str, str], environment: Any) -> Plan:
        asked.append((slug, approver))
        return msgspec.structs.replace(plan, state=PlanState.UNDONE)

    monkeypatch.setattr(mend, "carry_out_release", released)
    done = own_client.after(f"/agents/{STOPPED}/release")
    assert asked == [(STOPPED, ("operator", "operator"))]
    assert "undone" in done.text


def test_what_is_not_stopped_is_not_released(own_client: Client) -> None:
    page = own_client.post(f"/agents/{INVOICE_DESK}/release")
    assert page.status == 409
    assert "there is nothing to release" in page.text


def test_a_release_of_a_quarantine_that_touched_nothing_gives_the_agent_its_state_back(own_client: Client, own_world: World) -> None:
    own_client.after(f"/agents/{INVOICE_DESK}/quarantine", because="looks wrong")
    assert own_world.current().state(INVOICE_DESK) is AgentState.SUSPENDED
    own_client.after(f"/agents/{INVOICE_DESK}/release")
    assert own_world.current().state(INVOICE_DESK) is AgentState.ACTIVE


def test_retiring_says_who_may_and_that_it_is_for_good(client: Client) -> None:
    page = client.get(f"/agents/{COST_TRIAGE}/retire")
    assert "For good" in page.text
    assert f"May retire it: {DANA}" in page.text
    assert "on the same identities, which are left to them" in page.text


def test_an_agent_without_owner_and_remit_is_retired_by_nobody_and_the_page_says_what_to_do(client: Client, world: World) -> None:
    page = client.get(f"/agents/{RETURNS}/retire")
    assert "has neither an approved remit nor an owner" in page.text
    assert f"/agents/{RETURNS}#owner" in [link.get("href") for link in page.main.all("a")]


def test_a_retirement_wants_the_box_and_an_approver_and_touches_nothing_without(own_client: Client, own_world: World) -> None:
    path = f"/agents/{COST_TRIAGE}/retire"
    for fields, told in (
        ({"person": DANA}, "tick the box"),
        ({"person": "mallory@lumen.example", "for-good": "yes"}, "is no approver of"),
        ({"for-good": "yes"}, "your name"),
    ):
        page = own_client.post(path, **fields)
        assert page.status == 409
        assert told in page.text
    assert own_world.current().state(COST_TRIAGE) is AgentState.ACTIVE


def test_an_agent_whose_identities_are_nobodys_is_retired_by_one_click_of_its_approver(own_client: Client, own_world: World) -> None:
    page = own_client.after(f"/agents/{INVOICE_DESK}/retire", person=DANA, **{"for-good": "yes"})
    assert "applied" in page.text
    assert own_world.current().state(INVOICE_DESK) is AgentState.RETIRED
    assert "It is retired" in own_client.get(f"/agents/{INVOICE_DESK}/retire").text


def test_nothing_is_stopped_or_retired_without_the_word_of_the_session(own_client: Client, own_world: World) -> None:
    own_client.word = "guessed"
    for path in ("quarantine", "release", "retire", "plan", "draft", "remit"):
        assert own_client.post(f"/agents/{COST_TRIAGE}/{path}", because="x", person=DANA, **{"for-good": "yes"}).status == 403
    assert own_world.current().state(COST_TRIAGE) is AgentState.ACTIVE
