"""The list of agents: riskiest first, filtered by a form, a page at a time."""

from __future__ import annotations

import csv
import io
import re

import msgspec
import pytest
from tests.web.asking import Client, Page
from tests.web.world import COST_TRIAGE, INVOICE_DESK, RETIRED, RETURNS, STOPPED, World

from remit.model.standing import KnownAgent


def listed(page: Page) -> list[str]:
    """Slugs in the order of the page."""
    tables = page.main.all("table")
    if not tables:
        return []
    heads = [head for head in tables[0].all("th") if head.get("scope") == "row"]
    return [head.all("a")[0].text for head in heads]


def many(world: World, count: int) -> None:
    """As many agents as that, of another name each."""
    known = world.current().agents[RETURNS]
    made = [
        msgspec.structs.replace(known, agent=msgspec.structs.replace(known.agent, id=f"copy-{number:04}", risk=number / 10))
        for number in range(count)
    ]
    world.store.put_all(made, seen=world.at)


def test_every_agent_is_listed_riskiest_first(client: Client, world: World) -> None:
    page = client.get("/agents")
    current = world.current()
    expected = [known for known in current.agents.values() if not known.is_gone]
    expected.sort(key=lambda known: (-current.risk(known.agent.id), known.agent.id))
    assert listed(page) == [known.agent.id for known in expected]
    assert f"{len(expected)} agents, riskiest first" in page.text


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ("state=suspended", STOPPED, COST_TRIAGE),
        ("state=active", COST_TRIAGE, RETURNS),
        ("state=retired", RETIRED, COST_TRIAGE),
        ("owner=some", COST_TRIAGE, RETURNS),
        ("owner=none", RETURNS, COST_TRIAGE),
        ("remit=approved", INVOICE_DESK, RETURNS),
        ("remit=none", RETURNS, INVOICE_DESK),
        ("q=COST-tri", COST_TRIAGE, RETURNS),
        ("q=dana%40lumen", COST_TRIAGE, RETURNS),
    ],
)
def test_the_form_chooses_by(client: Client, query: str, there: str, not_there: str) -> None:
    found = listed(client.get(f"/agents?{query}"))
    assert there in found or there not in listed(client.get("/agents"))
    assert not_there not in found


def test_choices_are_kept_in_the_form_and_in_the_way_to_the_next_page(own_client: Client, own_world: World) -> None:
    many(own_world, 130)
    page = own_client.get("/agents?q=copy-&owner=none")
    assert len(listed(page)) == 50
    assert "1 to 50 of 130" in page.text
    chosen = [option.get("value") for option in page.main.all("option") if "selected" in option.attributes]
    assert "none" in chosen
    following = next(link for link in page.main.all("a") if link.get("rel") == "next").get("href")
    second = own_client.get(following)
    assert len(set(listed(second)) | set(listed(page))) == 100
    last = own_client.get("/agents?q=copy-&owner=none&page=99")
    assert "101 to 130 of 130" in last.text
    assert not [link for link in last.main.all("a") if link.get("rel") == "next"]


def test_agents_that_no_source_shows_are_apart(own_client: Client, own_world: World) -> None:
    known = own_world.current().agents[RETURNS]
    own_world.store.put(msgspec.structs.replace(known, is_gone=True), seen=own_world.at)
    assert RETURNS not in listed(own_client.get("/agents"))
    assert listed(own_client.get("/agents?state=gone")) == [RETURNS]


def test_values_that_no_form_offers_choose_nothing(client: Client) -> None:
    everybody = listed(client.get("/agents"))
    for query in ("state=x", "owner=%3Cscript%3E", "kind=0", "page=-1", "page=x", "page=9999999999", "remit="):
        assert listed(client.get(f"/agents?{query}")) == everybody


def test_nothing_that_fits_is_told_from_nothing_known(client: Client, empty_client: Client) -> None:
    assert "No agent fits" in client.get("/agents?q=nobody-is-called-so").text
    page = empty_client.get("/agents")
    assert "No agents are known" in page.text
    assert "nothing was looked at" in page.text


def test_a_row_answers_who_owns_it_as_whom_it_acts_and_what_is_open(client: Client, world: World) -> None:
    current = world.current()
    row = next(row for row in client.get("/agents").main.one("table").all("tr") if row.all("a") and row.all("a")[0].text == COST_TRIAGE)
    assert "dana@" in row.text.replace(" ", "")
    assert "aws:role/cost-triage" in row.text.replace(" ", "")
    opened = sum(finding.is_about(COST_TRIAGE) and finding.state == "open" for finding in current.findings)
    assert (f"{opened} open" if opened else "none open") in row.text


def test_a_page_of_fifty_takes_no_look_at_any_use(own_client: Client, own_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    many(own_world, 300)

    def never(*_words: object) -> list[KnownAgent]:
        raise AssertionError("uses were read")

    monkeypatch.setattr(type(own_world.store), "uses", never)
    assert re.search(r"\d{3} agents", own_client.get("/agents").text)
    assert own_client.get("/").status == 200


def test_the_agents_that_were_chosen_are_given_as_a_file_with_nothing_in_it_that_would_run(client: Client, world: World) -> None:
    page = client.get("/agents?owner=some")
    address = next(link.get("href") for link in page.main.all("a") if link.text == "CSV")
    answer = client.send("GET", address)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["id"] for row in rows] == [f"agent:{slug}" for slug in listed(page)]
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert client.stranger().send("GET", address).status_code == 401
