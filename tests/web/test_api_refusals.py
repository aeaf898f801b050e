"""What the API refuses at once, before a job begins, and what holds though it was refused."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from tests.web.asking import Client
from tests.web.test_api import API, answer, ask
from tests.web.world import COST_TRIAGE, DANA, STOPPED, World

from remit.app import mend
from remit.model.agent import AgentState
from remit.model.errors import RefusedError
from remit.model.plan import Plan
from remit.model.standing import ApprovedRemit, Standing
from remit.store.records import Store


@pytest.mark.parametrize(
    ("plan", "move", "told"),
    [
        ("applied", "apply", "is applied already"),
        ("open", "rollback", "was never applied"),
        ("quarantine", "rollback", f"/api/v1/agents/{STOPPED}/release"),
        ("retirement", "rollback", "a retired agent does not come back"),
    ],
)
def test_a_move_that_a_plan_does_not_make_is_refused_before_a_job_begins(
    plan: str, move: str, told: str, own_client: Client, own_world: World
) -> None:
    came = ask(own_client, "POST", f"/plans/{own_world.plans[plan]}/{move}", {"person": DANA})
    assert (came.status_code, told in came.json()["error"]) == (409, True), came.text
    assert answer(own_client, "GET", "/jobs") == {"jobs": []}


def test_a_plan_moves_by_an_approver_alone_and_by_one_job(own_client: Client, own_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/plans/{own_world.plans['open']}/apply"
    came = ask(own_client, "POST", path, {"person": "mallory@elsewhere.example"})
    assert (came.status_code, "is no approver" in came.json()["error"]) == (409, True)
    assert ask(own_client, "POST", "/plans/plan:nothing/apply", {"person": DANA}).status_code == 404
    over = threading.Event()
    carried = own_world.store.get(Plan, own_world.plans["applied"])
    monkeypatch.setattr(mend, "carry_out", lambda *_: carried if over.wait(20) else None)
    first = ask(own_client, "POST", path, {"person": DANA})
    second = ask(own_client, "POST", path, {"person": DANA})
    over.set()
    assert (first.status_code, second.status_code, first.json()["id"] in second.json()["error"]) == (202, 409, True)
    assert own_client.site.jobs.wait(20) == []


def test_a_plan_of_a_remit_that_is_no_longer_in_force_is_refused_at_once(own_client: Client, own_world: World) -> None:
    current = own_world.current()
    text = current.versions[COST_TRIAGE][-1]
    assert isinstance(text, ApprovedRemit)
    changed = text.document.replace("purpose:", "purpose: Now", 1)
    done = ask(own_client, "POST", f"/agents/{COST_TRIAGE}/remit", {"document": changed, "person": DANA})
    assert done.status_code in (200, 201), done.text
    came = ask(own_client, "POST", f"/plans/{own_world.plans['open']}/apply", {"person": DANA})
    assert (came.status_code, "another remit" in came.json()["error"]) == (409, True), came.text


def test_a_stop_that_the_store_does_not_take_is_an_error_and_denies_here_until_a_release(
    own_client: Client, own_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = own_client.site.policy
    entry = policy().index.entries[COST_TRIAGE]
    assert entry.state is AgentState.ACTIVE

    def full(*_: Any, **__: Any) -> None:
        raise RefusedError("the disk is full; nothing of this was kept")

    with monkeypatch.context() as broken:
        broken.setattr(Store, "put_all", full)
        came = own_client.stranger().send("POST", f"{API}/agents/{COST_TRIAGE}/quarantine", json={"because": "odd calls"})
        page = own_client.post(f"/agents/{COST_TRIAGE}/quarantine", because="odd calls")
    for status, told in ((came.status_code, came.text), (page.status, page.text)):
        assert (status, "the disk is full" in told, "this service denies it" in told) == (409, True, True)
    assert own_world.current().state(COST_TRIAGE) is AgentState.ACTIVE
    assert policy().index.entries[COST_TRIAGE].state is AgentState.SUSPENDED
    assert ask(own_client, "POST", f"/agents/{COST_TRIAGE}/release").status_code == 200
    assert policy().index.entries[COST_TRIAGE].state is AgentState.ACTIVE


def test_a_retired_agent_is_not_stopped_again_and_nothing_untrue_is_told_of_it(own_client: Client, own_world: World) -> None:
    retired = Standing(agent=COST_TRIAGE, state=AgentState.RETIRED, since=own_world.at, by=DANA, because="retired")
    own_world.store.put(retired, seen=own_world.at)
    for came in (
        own_client.stranger().send("POST", f"{API}/agents/{COST_TRIAGE}/quarantine", json={"because": "odd calls"}),
        ask(own_client, "POST", f"/agents/{COST_TRIAGE}/quarantine", {"because": "odd calls"}),
    ):
        assert came.json()["error"] == f"agent `{COST_TRIAGE}` is retired: it is denied everywhere already"
        assert came.status_code == 409
    assert own_client.site.policy().index.entries[COST_TRIAGE].state is AgentState.RETIRED
