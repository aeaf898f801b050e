"""Decisions as they happen, what each rests on, and the smallest change that would turn it."""

from __future__ import annotations

import msgspec
from tests.web.asking import Client, Page
from tests.web.world import COST_TRIAGE, EDGE, INVOICE_DESK, STOPPED, World

from remit.model.decision import Outcome
from remit.model.event import Event, Result
from remit.model.standing import Standing


def _rows(page: Page) -> list[str]:
    return [row.text for row in page.main.all("tr") if row.inside("tbody") is not None]


def _decision(world: World, action: str, outcome: str = "deny", without: str = "<") -> Event:
    return next(
        event
        for event in world.store.decisions(limit=200)
        if event.action == action and event.outcome == outcome and without not in event.because
    )


def test_decisions_stand_newest_first_with_answer_agent_action_and_sentence(client: Client, world: World) -> None:
    kept = world.store.decisions(limit=50)
    page = client.get("/decisions")
    rows = _rows(page)
    assert len(rows) == len(kept) == 50
    for row, event in zip(rows, kept, strict=True):
        assert str(event.outcome) in row
        assert event.agent in row
    links = [link for link in page.links if link.startswith("/decisions/")]
    assert links[0].endswith(kept[0].decision)


def test_the_newest_page_looks_again_by_itself_and_an_older_one_does_not(client: Client) -> None:
    newest = client.get("/decisions")
    assert [part for part in newest.main.all("div") if part.get("data-live")]
    older = _older(newest)
    assert older
    page = client.get(older)
    assert not [part for part in page.main.all("div") if part.get("data-live")]
    assert "/decisions" in page.links
    assert not set(_links(newest)) & set(_links(page))


def _links(page: Page) -> list[str]:
    return [link for link in page.links if link.startswith("/decisions/")]


def _older(page: Page) -> str:
    return next((link.get("href") for link in page.main.all("a") if link.get("rel") == "next"), "")


def test_paging_back_reaches_every_decision_once(client: Client, world: World) -> None:
    seen: list[str] = []
    path = "/decisions"
    while path:
        page = client.get(path)
        seen += _links(page)
        assert len(seen) < 1_000
        path = _older(page)
    assert len(seen) == len(set(seen)) == len(world.store.decisions(limit=10_000))


def test_filters_leave_one_agent_or_what_was_not_allowed(client: Client) -> None:
    of_triage = _rows(client.get(f"/decisions?agent={COST_TRIAGE}"))
    assert of_triage
    assert all(COST_TRIAGE in row and INVOICE_DESK not in row for row in of_triage)
    denied = client.get("/decisions?outcome=denied")
    answers = {badge.text for badge in denied.main.all("span") if badge.get("class").startswith("badge outcome-")}
    assert answers <= {"deny", "ask"}
    assert "deny" in answers
    nobody = client.get("/decisions?agent=%3Cscript%3E&outcome=%00&before=%22")
    assert nobody.status == 200
    assert "<script>" not in nobody.html.replace("&lt;script&gt;", "").partition("<main")[2]


def test_an_empty_store_says_how_decisions_come_here(empty_client: Client) -> None:
    assert "No decision is on record" in empty_client.get("/decisions").text


def test_a_denial_says_which_line_it_rests_on_and_what_would_turn_it(client: Client, world: World) -> None:
    event = _decision(world, "send_message")
    page = client.get(f"/decisions/{event.decision}")
    assert "forbids it outside lumen.example" in page.title
    assert "never[1]" in page.text
    assert "Take away never[1]" in page.text
    marked = [line for line in page.main.all("span") if line.has_class("marked")]
    assert "transmit" in marked[0].text
    assert f"/agents/{INVOICE_DESK}/remit" in page.links


def test_what_no_line_is_about_is_turned_by_a_line_that_is_written_out(own_client: Client, own_world: World) -> None:
    identifier = "0192f3a1-9000-7000-8000-000000000001"
    event = Event(
        id=identifier,
        source=EDGE,
        happened=own_world.at,
        principal="",
        system="mcp:tickets",
        action="close_issue",
        resource="close_issue",
        result=Result.DENIED,
        place="edge.jsonl:85",
        agent=COST_TRIAGE,
        decision=identifier,
        outcome=Outcome.DENY,
        because="denied: no line is about `close_issue`",
    )
    own_world.store.add_events([event])
    assert identifier in _links(own_client.get("/decisions"))[0]
    page = own_client.get(f"/decisions/{identifier}")
    proposal = next(pre for pre in page.main.all("pre") if pre.has_class("proposal"))
    assert proposal.text == '- {call: "mcp:tickets", resource: "close_issue"}'
    assert "Add this line under the can of the objective" in page.text
    assert f"/agents/{COST_TRIAGE}/remit" in page.links


def test_what_a_stranger_wrote_into_a_decision_is_words_alone(client: Client, world: World) -> None:
    event = next(event for event in world.store.decisions(limit=200) if event.action.startswith("<script>"))
    page = client.get(f"/decisions/{event.decision}")
    assert "<script>alert" not in page.html
    assert "<script>alert(1)</script>" in page.text


def test_a_decision_about_a_stopped_agent_says_that_it_is_stopped(own_client: Client, own_world: World) -> None:
    event = _decision(own_world, "send_message")
    standing = own_world.current().standings[STOPPED]
    own_world.store.put(msgspec.structs.replace(standing, agent=INVOICE_DESK), seen=own_world.at)
    assert own_world.store.get(Standing, INVOICE_DESK) is not None
    page = own_client.get(f"/decisions/{event.decision}")
    assert "The agent is suspended" in page.text
    assert f"/agents/{INVOICE_DESK}/quarantine" in page.links


def test_a_decision_that_there_is_not_is_no_page(client: Client) -> None:
    assert client.get("/decisions/0192f3a1-9999").status == 404
    assert client.get("/decisions/%3Cscript%3E").status == 404
