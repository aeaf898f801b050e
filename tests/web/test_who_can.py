"""Which agents can do something: the same answer in the list, in the search box, from the API and from the command line."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from urllib.parse import quote

import jsonschema
import msgspec
import pytest
from tests.web import hostile
from tests.web.asking import TOKEN, Client, Page
from tests.web.world import AWS, COST_TRIAGE, DANA, POSTGRES, RETIRED, RETURNS, STOPPED, World
from typer.testing import CliRunner

from remit.app import mend
from remit.app.api.store_description import document
from remit.app.cli.main import build
from remit.app.loop import alignment_of
from remit.app.views.agents_json import by_risk
from remit.app.views.who_can import Asked, who_can
from remit.document.pattern import overlaps
from remit.model.access import NativeObject
from remit.model.agent import AgentState
from remit.model.alignment import AlignmentLine, Class
from remit.model.place import Place
from remit.model.plan import PlanState, StepState
from remit.model.standing import Standing
from remit.model.verbs import GRAVEST_FIRST, Verb
from remit.systems.postgres.objects import ROLE
from remit.understand.abilities import Abilities
from remit.understand.holdings import Held, Holdings
from remit.understand.spans import Spans, is_pattern

API = "/api/v1/agents"
BEARER = {"authorization": f"Bearer {TOKEN}"}


def rows(page: Page) -> dict[str, str]:
    """What is said of each agent of the first table, by slug, in the order of the page."""
    found = {}
    for table in page.main.all("table")[:1]:
        for row in table.all("tr"):
            heads = [head for head in row.all("th") if head.get("scope") == "row"]
            if heads:
                found[heads[0].all("a")[0].text] = row.text
    return found


def told(world: World, *words: str, code: int = 0) -> str:
    """What `remit agents` prints."""
    came = CliRunner().invoke(build(["agents"]), ["agents", "--store", world.url, *words], env={"COLUMNS": "200"})
    assert came.exit_code == code, came.output
    return came.output if code else came.stdout


def with_tools(world: World, *tools: str, **more: Any) -> None:
    """Gives an agent without identities these tools."""
    known = world.current().agents[RETURNS]
    more = {**more, "places": (more["place"],)} if "place" in more else more
    agent = msgspec.structs.replace(known.agent, id="book-keeper", tools=tools, identities=(), risk=99.0, **more)
    world.store.put(msgspec.structs.replace(known, agent=agent), seen=world.at)


# --- the answer ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", GRAVEST_FIRST)
def test_who_can_are_those_whose_own_pages_have_lines_of_it(world: World, verb: Verb) -> None:
    current = world.current()
    abilities = Abilities(Spans(current.vocabularies, current.concerns))
    expected = {
        (slug, line.principal)
        for slug in current.agents
        for line in alignment_of(current, slug).lines
        if line.principal and not line.is_past and line.class_ is not Class.NEEDED_NOT_GRANTED and verb in abilities.verbs(line)
    }
    answer = who_can(current, Asked(verb=verb), by_risk(current, with_gone=True))
    assert {(slug, way.principal) for slug, able in answer.able.items() for way in able.ways} == expected


def test_who_may_delete_everything_can_delete_the_one_thing_that_is_asked_about(world: World) -> None:
    current = world.current()
    answer = who_can(current, Asked(verb=Verb.DELETE, on="LUMEN-payroll"), by_risk(current, with_gone=True))
    assert answer.is_known_thing
    assert answer.able[RETURNS].ways[0].everything_in == ("aws:s3",)
    assert answer.able[COST_TRIAGE].ways[0].resources == ("arn:aws:s3:::lumen-*/*",)
    assert not answer.able[COST_TRIAGE].ways[0].is_named
    assert STOPPED not in answer.able


def test_a_grant_on_everything_counts_only_for_what_its_actions_can_be_about(world: World) -> None:
    current = world.current()
    asked = Asked(verb=Verb.ADMINISTER, on="lumen-payroll")
    able = who_can(current, asked, by_risk(current, with_gone=True)).able
    assert RETURNS in able, "s3:* holds s3:PutBucketPolicy"
    assert COST_TRIAGE not in able, "iam:PutRolePolicy on everything is about no bucket"
    everywhere = who_can(current, Asked(verb=Verb.ADMINISTER), by_risk(current, with_gone=True)).able
    assert COST_TRIAGE in everywhere


def test_of_a_name_that_nothing_bears_those_on_everything_are_told_and_it_is_said(client: Client) -> None:
    page = client.get("/agents?can=delete&on=no-such-bucket")
    assert RETURNS in rows(page)
    assert "Nothing that was read or is on record holds no-such-bucket" in page.text
    assert "arn:aws:s3:::lumen" not in page.main.one("table").text


def test_identities_that_were_not_read_are_not_known_and_never_unable(own_client: Client, own_world: World) -> None:
    arn = own_world.current().bound_by_agent[RETURNS][0].principal
    assert RETURNS in rows(own_client.get("/agents?can=delete"))
    own_world.store.remove(NativeObject, f"{AWS}|iam:role|{arn}", seen=own_world.at)
    page = own_client.get("/agents?can=delete")
    assert RETURNS not in rows(page)
    current = own_world.current()
    answer = who_can(current, Asked(verb=Verb.DELETE), by_risk(current, with_gone=False))
    assert RETURNS in answer.not_known
    assert f"Not known of {len(answer.not_known)} more agents" in page.text


def quarantined(world: World, slug: str, state: StepState) -> None:
    """A quarantine as carried out but for the last look: its steps stand so."""
    plan = mend.plan_quarantine(world.current(), slug, world.ago(1))
    assert plan.steps
    plan = msgspec.structs.replace(plan, state=PlanState.APPLIED, step_states=(state,) * len(plan.steps))
    world.store.put(plan, seen=world.at)


def log_in(world: World, *, may: bool) -> None:
    """Whether the database role of cost-triage may log in, as last read."""
    role = next(item for item in world.current().objects(POSTGRES) if item.kind == ROLE and item.id == "cost_triage")
    world.store.put(msgspec.structs.replace(role, body={**role.body, "login": may}), seen=world.at)


def test_a_stopped_identity_can_do_nothing_until_it_is_released_and_it_is_said(own_client: Client, own_world: World) -> None:
    address = "/agents?can=read&on=costs.daily"
    assert COST_TRIAGE in rows(own_client.get(address))
    quarantined(own_world, COST_TRIAGE, StepState.DONE)
    log_in(own_world, may=False)
    page = own_client.get(address)
    assert COST_TRIAGE not in rows(page)
    assert f"until they are released; then these can again: {COST_TRIAGE}" in page.text
    printed = json.loads(told(own_world, "--json", "--can", "read", "--on", "costs.daily"))
    assert f"agent:{COST_TRIAGE}" in printed["asked"]["stopped"]
    assert "can again" in told(own_world, "--can", "read", "--on", "costs.daily")
    assert "can again" not in own_client.get("/agents?can=pay").text


@pytest.mark.parametrize(("state", "login"), [(StepState.FAILED, False), (StepState.DONE, True)])
def test_a_stop_that_is_half_done_or_was_undone_by_hand_stops_nothing(own_world: World, state: StepState, *, login: bool) -> None:
    quarantined(own_world, COST_TRIAGE, state)
    log_in(own_world, may=login)
    current = own_world.current()
    answer = who_can(current, Asked(verb=Verb.READ, on="costs.daily"), by_risk(current, with_gone=True))
    assert "postgres:finops/cost_triage" in {way.principal for way in answer.able[COST_TRIAGE].ways}
    assert COST_TRIAGE not in answer.stopped


def test_a_retired_agent_can_do_nothing_whatever_tools_it_declares(own_client: Client, own_world: World) -> None:
    with_tools(own_world, "delete_order")
    assert "book-keeper" in rows(own_client.get("/agents?can=delete"))
    gone = Standing(agent="book-keeper", state=AgentState.RETIRED, since=own_world.at, by=DANA)
    own_world.store.put(gone, seen=own_world.at)
    assert "book-keeper" not in rows(own_client.get("/agents?can=delete"))
    assert "book-keeper" not in rows(own_client.get("/search?q=who+can+delete"))
    assert "book-keeper" not in told(own_world, "--can", "delete")
    current = own_world.current()
    answer = who_can(current, Asked(verb=Verb.DELETE), by_risk(current, with_gone=True))
    assert "book-keeper" not in (*answer.able, *answer.not_known, *answer.stopped)


def test_tools_that_an_agent_declares_count_by_their_names(own_client: Client, own_world: World) -> None:
    with_tools(own_world, "delete_order", "mcp__shelf__remove_book", "read_page", hostile.SCRIPT)
    for query in ("can=delete", "can=delete&on=ORDER", "on=order"):
        found = rows(own_client.get(f"/agents?{query}"))
        assert next(iter(found)) == "book-keeper", query
        assert "delete_order" in found["book-keeper"]
    assert "mcp__shelf__remove_book" in rows(own_client.get("/agents?can=delete"))["book-keeper"]
    assert "book-keeper" not in rows(own_client.get("/agents?can=delete&on=payroll"))
    assert "book-keeper" not in rows(own_client.get("/agents?can=pay"))


def test_a_subagent_can_what_the_tools_do_that_its_client_brings_along(own_client: Client, own_world: World) -> None:
    with_tools(own_world, "Bash(git log:*)", "Read", framework="markdown-agent", place=Place(".claude/agents/keeper.md", 1))
    row = rows(own_client.get("/agents?can=execute"))["book-keeper"]
    assert "by the tool Bash(git log:*)" in row
    assert "by the tool Read" in rows(own_client.get("/agents?can=read"))["book-keeper"]
    assert "book-keeper" not in rows(own_client.get("/agents?can=pay"))


@pytest.mark.parametrize("text", ["lumen", "arn", "payroll", "costs.", "role", "a", "1"])
def test_the_quick_answer_is_the_slow_one(world: World, text: str) -> None:
    current = world.current()
    things = {(name, item.id) for name in current.connections for item in current.objects(name) if text in item.id.casefold()}
    things |= {(name, f"{one}/*") for name, one in things if one.startswith("arn:aws:s3:::")}
    for touched in world.store.touched(text, 1000):
        things |= {(place, touched.resource) for place in (touched.system, f"{touched.system.partition(':')[0]}:*")}
    spans = Spans(current.vocabularies, current.concerns)
    abilities = Abilities(spans)

    def has(action: str, system: str, resource: str, verb: Verb) -> bool:
        line = AlignmentLine(principal="x", system=system, action=action, resource=resource, class_=Class.UNNEEDED, why="")
        return verb in abilities.verbs(line) and (is_pattern(action) or spans.is_about(system, action, resource))

    for verb in (Verb.READ, Verb.DELETE, Verb.ADMINISTER):
        expected = set()
        for ref in {bound.principal for bound in current.bound}:
            for grant in (grant for found in current.access_of([ref]) for grant in found.access):
                places = (current.principals[ref].connection, grant.system)
                covered = any(
                    overlaps(grant.resource, one) and has(grant.action, grant.system, one, verb)
                    for place, one in things
                    if place in places and "*" in grant.resource
                )
                if has(grant.action, grant.system, grant.resource, verb) and (text in grant.resource.casefold() or covered):
                    expected.add(ref)
        answer = who_can(current, Asked(verb=verb, on=text), by_risk(current, with_gone=True))
        assert {way.principal for able in answer.able.values() for way in able.ways} == expected, verb


def test_a_question_about_thousands_of_things_asks_of_one_of_each_kind(own_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = Holdings.is_about

    def counted(self: Holdings, held: Held, verb: Verb | None, resource: str) -> bool:
        asked.append(resource)
        return real(self, held, verb, resource)

    monkeypatch.setattr(Holdings, "is_about", counted)
    counts = []
    for number in (3, 300):
        arns = [f"arn:aws:iam::111122223333:role/worker-{one}" for one in range(number)]
        own_world.store.put_all(
            [NativeObject(connection=AWS, kind="iam:role", id=arn, body={"Arn": arn}) for arn in arns], seen=own_world.at
        )
        current = own_world.current()
        asked.clear()
        assert who_can(current, Asked(verb=Verb.DELETE, on="worker-"), by_risk(current, with_gone=False)).is_known_thing
        counts.append(len(asked))
    assert counts[0] == counts[1] > 0


# --- the list ------------------------------------------------------------------------------------------------------------------------


def test_each_row_names_the_identity_and_leads_to_the_very_lines(client: Client) -> None:
    for query in ("can=delete", "can=read&on=costs.", "can=delete&on=payroll", "on=lumen-shop"):
        page = client.get(f"/agents?{query}")
        assert rows(page), query
        ways = [link.get("href") for link in page.main.one("table").all("a") if link.get("href").endswith("#access")]
        assert len(ways) >= len(rows(page)), query
        for address in ways:
            there = client.get(address.partition("#")[0])
            assert there.status == 200
            assert "No line is like that" not in there.text, address
            verb = query.partition("can=")[2].partition("&")[0]
            assert not verb or f"by which it can {verb}" in there.text, address
    row = rows(client.get("/agents?can=delete"))[COST_TRIAGE].replace(" ", "")
    assert "aws:role/cost-triageoneverythinginaws:ceand1pattern" in row


def test_it_goes_with_the_other_filters_and_is_kept_on_the_way(client: Client) -> None:
    everybody = list(rows(client.get("/agents?can=delete")))
    page = client.get("/agents?can=delete&owner=none")
    assert set(rows(page)) < set(everybody)
    assert COST_TRIAGE in everybody
    assert COST_TRIAGE not in rows(page)
    chosen = [option.get("value") for option in page.main.all("option") if "selected" in option.attributes]
    assert "delete" in chosen
    address = next(link.get("href") for link in page.main.all("a") if link.text == "CSV")
    lines = csv.DictReader(io.StringIO(client.send("GET", address).text))
    assert [line["id"] for line in lines] == [f"agent:{slug}" for slug in rows(page)]
    assert list(rows(client.get("/agents?can=nothing-known"))) == list(rows(client.get("/agents")))


@pytest.mark.parametrize("text", [*hostile.ALL, "*", "%", "a" * 5000, "\x00"])
def test_hostile_text_is_text(client: Client, text: str) -> None:
    for path in (f"/agents?can=delete&on={quote(text)}", f"/search?q=delete%20{quote(text)}"):
        page = client.get(path)
        assert page.status == 200
        for written in hostile.NEVER_IN_A_PAGE:
            assert written not in page.html


def test_no_use_is_looked_at(client: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_words: object) -> None:
        raise AssertionError("uses were read")

    monkeypatch.setattr(type(world.store), "uses", never)
    assert rows(client.get("/agents?can=delete&on=lumen"))


# --- the search box ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("delete", "delete"),
        ("Delete", "delete"),
        ("who can delete", "delete"),
        ("Who can delete?", "delete"),
        ("which agents can delete", "delete"),
        ("which agents can remove", "delete"),
        ("delete lumen-payroll", "delete lumen-payroll"),
        ("which agents can delete lumen-payroll?", "delete lumen-payroll"),
        ("who can pay", "pay"),
    ],
)
def test_a_question_is_answered_on_top(client: Client, text: str, asked: str) -> None:
    page = client.get(f"/search?q={quote(text)}")
    assert page.title == f"Which agents can {asked}"
    verb, _, on = asked.partition(" ")
    listed = rows(client.get(f"/agents?can={verb}&on={on}"))
    shown = page.main.all("section")[0]
    assert list(rows(page))[: len(listed)] == list(listed) or not listed
    assert (f"{len(listed)} agent" if listed else "None, as far as was read") in shown.text


def test_a_question_about_one_agent_is_answered_for_it_alone(client: Client, own_client: Client, own_world: World) -> None:
    page = client.get(f"/search?q={quote(f'can {RETURNS} delete lumen-payroll?')}")
    assert page.title == f"Can {RETURNS} delete lumen-payroll"
    shown = page.main.all("section")[0]
    assert shown.all("h2")[0].text == "Yes"
    assert list(rows(page))[:1] == [RETURNS]
    for asked, verdict in (
        (f"Can agent:{STOPPED} remove lumen-payroll", "No, as far as was read"),
        (f"can {RETIRED} delete", "No, it is retired"),
    ):
        page = client.get(f"/search?q={quote(asked)}")
        assert page.main.all("section")[0].all("h2")[0].text == verdict
    quarantined(own_world, RETURNS, StepState.DONE)
    page = own_client.get(f"/search?q={quote(f'can {RETURNS} delete lumen-payroll')}")
    assert page.main.all("section")[0].all("h2")[0].text == "No, it is stopped"
    quarantined(own_world, COST_TRIAGE, StepState.DONE)
    log_in(own_world, may=False)
    page = own_client.get(f"/search?q={quote(f'can {COST_TRIAGE} read costs.daily')}")
    assert page.main.all("section")[0].all("h2")[0].text == "Not known", "one of its identities stands in a system that nobody connected"
    assert client.get("/search?q=can+nobody-here+delete").title == "Found for “can nobody-here delete”"


@pytest.mark.parametrize("text", ["remove", "deleted", "delete-orders", "can", "who can", "which agents can fly", "costs", "mail delete"])
def test_other_words_are_looked_for(client: Client, text: str) -> None:
    assert client.get(f"/search?q={quote(text)}").title == f"Found for “{text}”"


def test_what_was_asked_about_is_found_below(client: Client) -> None:
    text = client.get("/search?q=who+can+delete+lumen-payroll").text
    assert text.index("Which agents can delete") < text.index("Found for “lumen-payroll”") < text.index("on record there: cost-triage")


def test_an_agent_that_is_called_like_a_question_does_not_stand_in_front_of_the_answer(own_client: Client, own_world: World) -> None:
    known = own_world.current().agents[RETURNS]
    own_world.store.put(msgspec.structs.replace(known, agent=msgspec.structs.replace(known.agent, id="delete")), seen=own_world.at)
    page = own_client.get("/search?q=delete")
    assert page.title == "Which agents can delete"
    assert "/agents/delete" in page.links


# --- programs ------------------------------------------------------------------------------------------------------------------------


def test_the_api_and_the_command_answer_as_the_list_does(client: Client, world: World) -> None:
    described = msgspec.json.decode(document())
    schema = described["paths"][API]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    for query, words in (
        ("can=delete", "--can delete"),
        ("can=delete&on=payroll", "--can delete --on payroll"),
        ("on=costs.", "--on costs."),
    ):
        came = client.stranger().send("GET", f"{API}?{query}", headers=BEARER).json()
        jsonschema.Draft202012Validator({**schema, "components": described["components"]}).validate(came)
        printed = json.loads(told(world, "--json", *words.split()))
        assert came["agents"] == printed["agents"]
        assert came["asked"] == printed["asked"]
        assert [agent["id"] for agent in came["agents"]] == [f"agent:{slug}" for slug in rows(client.get(f"/agents?{query}"))]
        assert all(agent["can"]["identities"] or agent["can"]["tools"] for agent in came["agents"])


def test_without_a_question_nothing_is_added(client: Client, world: World) -> None:
    for came in (client.stranger().send("GET", API, headers=BEARER).json(), json.loads(told(world, "--json"))):
        assert "asked" not in came
        assert all("can" not in agent for agent in came["agents"])


def test_a_verb_that_is_none_is_refused_with_those_that_are(client: Client, world: World) -> None:
    came = client.stranger().send("GET", f"{API}?can=destroy", headers=BEARER)
    assert came.status_code == 400
    assert all(f"`{verb}`" in came.json()["error"] for verb in Verb)
    output = told(world, "--can", "destroy", code=2)
    assert all(verb in output for verb in Verb)


def test_the_command_says_by_what_and_how_exact_it_is(world: World) -> None:
    printed = told(world, "--can", "delete", "--on", "payroll")
    assert "can delete as aws:role/returns-agent on everything in aws:s3" in printed
    assert "can delete as aws:role/cost-triage on 1 pattern, such as arn:aws:s3:::lumen-*/*" in printed
    assert "3 agents can delete payroll, by what identities are granted now" in " ".join(printed.split())
    assert "not known of" in printed
    assert "no agent can delete salaries" in told(world, "--can", "delete", "--on", "salaries")
    assert told(world, "--can", "delete", "--csv").count("\nagent:") == told(world, "--can", "delete").count("can delete as aws:")
