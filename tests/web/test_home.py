"""Home: what needs somebody, risk first, and three ways in where nothing is connected."""

from __future__ import annotations

import re
import threading

import msgspec
from tests.web.asking import Client, Page
from tests.web.world import COST_TRIAGE, HOSTILE, RETIRED, RETURNS, STOPPED, World

from remit.app.intent import set_owner
from remit.app.jobs import Result
from remit.model.finding import FindingState
from remit.model.ledger import Scan
from remit.model.plan import Plan, PlanState, StepState


def figures(page: Page) -> dict[str, int]:
    """Numbers of the first line by what they count."""
    found = {}
    for item in page.main.all("ul")[0].all("li"):
        number, _, of = item.text.partition(" ")
        found[of] = int(number.replace(",", ""))
    return found


def needs(page: Page) -> list[str]:
    """What needs somebody, in order."""
    return [item.text for item in page.main.all("ol")[0].all("li")]


def test_what_is_half_done_stands_first_and_each_need_has_one_next_step(client: Client) -> None:
    page = client.get("/")
    assert page.title == "What needs you"
    order = needs(page)
    assert order[0].startswith(("stuck", "half done"))
    first = {
        word: next(number for number, text in enumerate(order) if text.startswith(word))
        for word in ("high", "plan", "no owner", "no remit")
    }
    assert list(first.values()) == sorted(first.values())
    for item in page.main.all("ol")[0].all("li"):
        buttons = [link for link in item.all("a") if link.has_class("button")]
        assert len(buttons) == 1, item.text
        assert buttons[0].get("href").startswith("/"), item.text


def test_what_is_being_applied_now_is_not_called_half_done(own_client: Client, own_world: World) -> None:
    plan = own_world.store.get(Plan, own_world.plans["open"])
    assert plan is not None
    states = (StepState.DONE, *(StepState.WAITING for _ in plan.steps[1:]))
    own_world.store.put(msgspec.structs.replace(plan, state=PlanState.APPLYING, step_states=states), seen=own_world.at)

    def shown() -> list[str]:
        return [text for text in needs(own_client.get("/")) if text.startswith(("half done", "under way")) and COST_TRIAGE in text]

    assert [text.partition(" cost")[0] for text in shown()] == ["half done"], "nobody is at it"
    go_on = threading.Event()
    job = own_client.site.jobs.start("Apply", lambda say: Result(is_failed=not go_on.wait(20)), plan=plan.id)
    try:
        (told,) = shown()
        assert told.startswith("under way")
        assert f"is being applied now: 1 of {len(plan.steps)}" in told
        assert f"/jobs/{job.id}" in own_client.get("/").links
    finally:
        go_on.set()
    assert own_client.site.jobs.wait(20) == []
    with own_world.store.exclusive("act"):  # as a command in another process does
        assert [text.partition(" cost")[0] for text in shown()] == ["under way"]
    assert [text.partition(" cost")[0] for text in shown()] == ["half done"]


def test_numbers_are_those_of_the_store(client: Client, world: World) -> None:
    current = world.current()
    shown = figures(client.get("/"))
    live = [slug for slug, known in current.agents.items() if not known.is_gone and current.state(slug) != "retired"]
    retired = sum(not known.is_gone and current.state(slug) == "retired" for slug, known in current.agents.items())
    assert shown[f"agents, and {retired} retired"] == len(live)
    assert f"{len(live) + retired} agents" in client.get("/agents").text
    tallies = dict(re.findall(r"(Stuck or half done|Waiting for an approver) (\d+)", client.get("/plans").text))
    assert shown["plans waiting or stuck"] == sum(map(int, tallies.values())) == 4
    assert shown["active"] == sum(current.state(slug) == "active" for slug in live)
    assert shown["suspended"] == 1
    assert shown["without an owner"] == sum(current.owner(slug) is None for slug in live)
    opened = sum(finding.state is FindingState.OPEN for finding in current.findings)
    assert next(number for of, number in shown.items() if of.startswith("open findings")) == opened
    assert shown["denied in the last day"] == world.store.denied_since(world.ago(1)) > 0


def test_the_riskiest_agents_can_be_stopped_from_here_and_those_that_are_stopped_cannot(client: Client, world: World) -> None:
    page = client.get("/")
    rows = page.main.one("table").all("tr")[1:]
    risks = [float(re.search(r"\d+\.\d", row.text)[0]) for row in rows]  # type: ignore[index]
    assert risks == sorted(risks, reverse=True)
    stops = [link.get("href") for link in page.main.one("table").all("a") if link.get("href").endswith("/quarantine")]
    assert f"/agents/{COST_TRIAGE}/quarantine" in stops
    assert f"/agents/{STOPPED}/quarantine" not in stops
    assert f"/agents/{RETIRED}" not in page.links
    assert all(client.get(address).status == 200 for address in stops)


def test_it_says_what_was_looked_at_and_what_was_not(client: Client) -> None:
    text = client.get("/").text
    assert "Looked at 5 connections" in text
    assert "not read" in text
    assert "1 connection never scanned" in text or "1 connection out of reach" in text
    assert "set aside as unreadable" in text


def test_a_connection_with_a_fault_needs_somebody(own_client: Client, own_world: World) -> None:
    own_world.store.put(Scan(connection="aws:main", at=own_world.at, fault="the profile `reader` is not there"), seen=own_world.at)
    page = own_client.get("/")
    assert any("aws:main cannot be read" in text and "the profile reader is not there" in text for text in needs(page))


def test_of_many_alike_a_few_are_named_and_the_rest_is_counted(own_client: Client, own_world: World) -> None:
    known = own_world.current().agents[RETURNS]
    many = [
        msgspec.structs.replace(known, agent=msgspec.structs.replace(known.agent, id=f"copy-{number}", owner_candidates=()))
        for number in range(60)
    ]
    own_world.store.put_all(many, seen=own_world.at)
    order = needs(own_client.get("/"))
    ownerless = [text for text in order if text.startswith("no owner")]
    assert len(ownerless) == 5
    assert re.match(r"no owner \d+ more: agents without an owner", ownerless[-1])
    assert len(order) < 40


def test_an_owner_who_is_named_is_asked_for_no_more(own_client: Client, own_world: World) -> None:
    page = own_client.get("/")
    item = next(item for item in page.main.all("ol")[0].all("li") if item.text.startswith("no owner"))
    slug = item.all("a")[0].text
    set_owner(own_world.current(), slug, "lee@lumen.example", "lee@lumen.example", own_world.at)
    assert not any(slug in text for text in needs(own_client.get("/")) if text.startswith("no owner"))


def test_an_empty_store_offers_three_ways_in(empty_client: Client) -> None:
    page = empty_client.get("/")
    assert page.title == "Nothing is connected yet"
    assert [heading.text for heading in page.main.all("h2")] == ["A folder of code", "A cloud account or a database", "The demo estate"]
    assert {form.get("action") for form in page.main.all("form")} == {
        f"/connections/{kind}" for kind in ("code", "aws", "postgres", "decisions")
    }
    assert "remit demo" in page.text
    assert "not the same as having no agents" in page.text


def test_inside_the_demo_nobody_is_told_to_start_it(empty_client: Client, empty_world: World) -> None:
    site = empty_client.site
    for folder, is_inside in ((empty_world.folder, True), (empty_world.folder / "elsewhere", False)):
        site.environment = {"DEMO": str(folder)}
        text = empty_client.get("/").text
        assert (f"{folder}/company" in text, "remit demo" not in text) == (is_inside, is_inside)


def test_a_form_of_the_empty_page_that_was_wrong_is_shown_again_with_what_was_typed(empty_client: Client) -> None:
    page = empty_client.post("/connections/code", path="/nowhere/at/all", name="shop")
    assert page.status == 409
    assert page.title == "Nothing is connected yet"
    assert "does not exist" in page.text
    typed = {field.get("name"): field.get("value") for field in page.form("/connections/code").all("input")}
    assert (typed["path"], typed["name"]) == ("/nowhere/at/all", "shop")


def test_what_was_looked_at_and_shows_no_agent_is_told_from_nothing_connected(empty_client: Client, empty_world: World) -> None:
    (empty_world.folder / "src").mkdir()
    (empty_world.folder / "src" / "README.txt").write_text("nothing\n")
    empty_client.after("/connections/code", path=str(empty_world.folder / "src"))
    page = empty_client.get("/")
    assert page.title == "What needs you"
    assert "Looked at 1 connection" in page.text
    assert "No agents are known" in page.text


def test_a_name_that_would_run_is_a_word_here(client: Client) -> None:
    page = client.get("/")
    assert HOSTILE in page.text
    assert "<script>alert" not in page.html
