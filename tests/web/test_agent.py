"""The page of one agent: the four questions, every line with its reason, its reach, and setting its owner."""

from __future__ import annotations

import re

import msgspec
import pytest
from tests.unit.systems.aws.iam_objects import policy, role, statement
from tests.web import hostile
from tests.web.asking import Client, Page
from tests.web.parsed import Element
from tests.web.world import AWS, COST_TRIAGE, DANA, HOSTILE, INVOICE_DESK, RETIRED, RETURNS, STOPPED, World

from remit.app import mend
from remit.app.cli.agents_text import show_agent
from remit.app.loop import alignment_of
from remit.app.scan import keep_state
from remit.app.views.agents_json import agent_page_json
from remit.app.views.entitlements import CLASSES
from remit.govern import lifecycle
from remit.model.alignment import Class
from remit.model.event import Event, Result
from remit.model.finding import FindingState
from remit.model.plan import Plan, PlanState, Step, StepState
from remit.model.standing import ApprovedRemit, KnownAgent


def card(page: Page, question: str) -> Element:
    """One of the four."""
    heading = next(heading for heading in page.main.all("h2") if heading.text == question)
    section = heading.inside("section")
    assert section is not None
    return section


def entries(page: Page) -> list[Element]:
    """Rows of the table."""
    return [row for row in page.main.all("tr") if row.has_class("entry")]


def agent(client: Client, slug: str, query: str = "") -> Page:
    found = client.get(f"/agents/{slug}{query}")
    assert found.status == 200, found.text
    return found


def test_the_four_questions_are_answered_before_all_else(client: Client) -> None:
    page = agent(client, COST_TRIAGE)
    headings = [heading.text for heading in page.main.all("h2")]
    assert headings[:4] == ["Who owns it", "What identities it uses", "What it is for", "What it can reach"]
    assert DANA in card(page, "Who owns it").text
    assert "approved version 2" in card(page, "What it is for").text
    assert "aws:role/cost-triage certain" in card(page, "What identities it uses").text
    assert [head.text for head in card(page, "What it can reach").all("th") if head.get("scope") == "row"][:2] == ["administer", "delete"]


def test_an_identity_says_why_it_is_this_agents_and_who_shares_it(client: Client, world: World) -> None:
    told = card(agent(client, COST_TRIAGE), "What identities it uses")
    others = {slug for slugs in world.current().sharing(COST_TRIAGE).values() for slug in slugs}
    assert others
    assert others <= {link.text for link in told.all("a")}
    assert "in no connected system" in told.text
    assert "infra/costs.yaml:7" in told.text


def test_every_line_of_the_alignment_stands_in_the_table(client: Client, world: World) -> None:
    lines = alignment_of(world.current(), COST_TRIAGE).lines
    page = agent(client, COST_TRIAGE)
    assert f"{len(lines)} entitlements" in page.text
    actions = [action.text for row in entries(page) for action in row.all("th")[0].all("code")]
    assert sorted(actions) == sorted(line.action for line in lines)


def test_each_row_opens_its_reasons_at_its_class_and_says_outside_only_what_the_class_does_not(client: Client, world: World) -> None:
    lines = alignment_of(world.current(), COST_TRIAGE).lines
    page = agent(client, COST_TRIAGE)
    section = next(part for part in page.main.all("section") if part.get("id") == "access")
    assert len(section.all("details")) == len(entries(page)) > 0
    shown = set()
    for row in entries(page):
        (details,) = row.all("details")
        assert details.one("summary").text in {words.title for words in CLASSES.values()}
        opened = details.text
        assert len(opened) > len(details.one("summary").text)
        shown.add(details.all("p")[0].text)
        assert "no line of the remit asks" not in row.text.replace(opened, "").lower()
    assert {line.why.replace("`", "").lower() for line in lines} == {why.lower() for why in map(_as_written, shown)}


def _as_written(text: str) -> str:
    """Without the spaces that end an element."""
    return re.sub(r" (?=[:,])", "", text)


def test_what_a_line_is_needed_for_or_forbidden_by_stands_in_its_row(client: Client) -> None:
    needed = agent(client, COST_TRIAGE, "?class=needed_used&system=aws%3Ace")
    assert [cell.text for row in entries(needed) for cell in row.all("td") if cell.get("data-label") == "Needed"] == ["explain-anomaly"]
    forbidden = agent(client, COST_TRIAGE, "?system=aws%3Aiam")
    assert "never[0] of the remit forbids it" in entries(forbidden)[0].text
    unneeded = agent(client, COST_TRIAGE, "?class=unneeded&system=aws%3As3")
    assert {cell.text for row in entries(unneeded) for cell in row.all("td") if cell.get("data-label") == "Needed"} == {"no"}


def test_what_it_can_delete_and_why_is_one_click_from_its_page(client: Client) -> None:
    page = agent(client, COST_TRIAGE)
    link = next(link for link in card(page, "What it can reach").all("a") if link.text == "delete")
    found = client.get(f"/agents/{COST_TRIAGE}{link.get('href').partition('#')[0]}")
    assert link.get("href").endswith("#access")
    assert "by which it can delete" in found.text
    assert all("delete" in row.all("th")[0].text for row in entries(found))
    opened = [details for details in found.main.all("details") if "open" in details.attributes]
    assert len(opened) == len(entries(found)) > 0
    assert "allows s3:GetObject, s3:PutObject, s3:DeleteObject" in found.text
    assert "role/cost-triage#inline/access[0]" in found.text


@pytest.mark.parametrize("class_", [Class.USED_NOT_NEEDED, Class.NEEDED_USED, Class.UNNEEDED])
def test_lines_are_chosen_by_class(client: Client, world: World, class_: Class) -> None:
    count = sum(line.class_ is class_ for line in alignment_of(world.current(), COST_TRIAGE).lines)
    page = agent(client, COST_TRIAGE, f"?class={class_}")
    assert count > 0
    assert re.search(rf"\b{count} entitlements?\b", page.text)
    assert all(row.has_class(f"entry-{class_}") for row in entries(page))


def test_lines_are_chosen_by_system_identity_and_resource_together(client: Client) -> None:
    page = agent(client, COST_TRIAGE, "?system=postgres%3Afinops&identity=postgres%3Afinops%2Fcost_triage&on=SALARIES")
    assert len(entries(page)) == 1
    assert "costs.salaries" in entries(page)[0].text
    assert "show all" in page.text


@pytest.mark.parametrize("query", ["?verb=none", "?class=<script>", "?page=0", "?page=99999999999", "?on=%00%1b", "?system=" + "x" * 5_000])
def test_an_address_that_nobody_would_write_is_a_page_all_the_same(client: Client, query: str) -> None:
    assert agent(client, COST_TRIAGE, query).title == COST_TRIAGE


def test_what_was_used_says_how_often_and_when_and_where_it_was_seen(client: Client) -> None:
    page = agent(client, COST_TRIAGE, "?class=used_not_needed&system=aws%3As3")
    (row,) = entries(page)
    assert "4 times" in row.text
    assert "Seen in use" in page.text
    assert "s3://lumen-trail/2.json.gz#" in page.text


def test_a_big_table_is_shown_a_page_at_a_time_and_keeps_what_was_chosen(own_client: Client, own_world: World) -> None:
    many = policy(*(statement("s3:DeleteObject", f"arn:aws:s3:::lumen-{number}/*") for number in range(130)))
    current = own_world.current()
    objects = [item for item in current.objects(AWS) if not item.id.endswith("role/cost-triage")]
    keep_state(current, current.connections[AWS], [*objects, role("cost-triage", {"many": many})], own_world.at)
    first = agent(own_client, COST_TRIAGE, "?verb=delete&system=aws%3As3")
    assert len(entries(first)) == 40
    assert "page 1 of 4" in first.text
    following = next(link.get("href") for link in first.main.all("a") if link.text == "Next")
    last = agent(own_client, COST_TRIAGE, following.partition("#")[0].replace("page=2", "page=4"))
    assert len(entries(last)) == 10
    assert "page 4 of 4" in last.text
    assert "system=aws%3As3" in following


def test_reach_is_drawn_and_said_in_words(client: Client) -> None:
    page = agent(client, COST_TRIAGE)
    drawing = next(svg for svg in page.main.all("svg") if svg.has_class("reach-picture"))
    labels = [text.text for text in drawing.all("text")]
    assert {"cost-triage", "aws:role/cost-triage", "inline policy access", "lumen-payroll"} <= set(labels)
    tree = next(tree for tree in page.main.all("ul") if tree.has_class("tree"))
    assert {label for label in labels if label.startswith("lumen-")} <= {code.text for code in tree.all("code")}
    assert not [element for element in drawing.all() if element.get("style")]


def test_a_plan_that_changes_nothing_is_not_offered_again(own_client: Client, own_world: World) -> None:
    assert "See its plan" in agent(own_client, COST_TRIAGE).text
    plan = own_world.store.get(Plan, own_world.plans["open"])
    assert plan is not None
    own_world.store.put(msgspec.structs.replace(plan, steps=(), step_states=()), seen=own_world.at)
    page = agent(own_client, COST_TRIAGE)
    assert "Plan narrowing" in page.text
    assert "See its plan" not in page.text


def test_a_stopped_agent_says_so_first_and_offers_its_release(client: Client) -> None:
    page = agent(client, STOPPED)
    assert page.text.index("Stopped since") < page.text.index("Who owns it")
    assert page.form(f"/agents/{STOPPED}/release").one("button").text == f"Release {STOPPED}"
    assert f"/agents/{STOPPED}/quarantine" not in page.links
    assert hostile.SCRIPT in page.text


def test_a_retired_agent_can_only_be_looked_at(client: Client) -> None:
    page = agent(client, RETIRED)
    assert "Retired on" in page.text
    assert page.main.all("form") == [form for form in page.main.all("form") if form.get("method") == "get"]
    assert not {f"/agents/{RETIRED}/{part}" for part in ("quarantine", "retire", "draft")} & set(page.links)


def test_an_agent_that_no_source_shows_any_more_says_so(own_client: Client, own_world: World) -> None:
    known = own_world.store.get(KnownAgent, RETURNS)
    assert known is not None
    own_world.store.put(msgspec.structs.replace(known, is_gone=True), seen=own_world.at)
    assert "no source shows it any more" in agent(own_client, RETURNS).text


def test_a_remit_that_does_not_count_is_told_before_all_else(own_client: Client, own_world: World) -> None:
    approved = own_world.current().approved[COST_TRIAGE]
    changed = msgspec.structs.replace(approved, version=approved.version + 1, document=approved.document.replace("900", "901") + "\n")
    assert isinstance(changed, ApprovedRemit)
    own_world.store.put(changed, seen=own_world.at)
    page = agent(own_client, COST_TRIAGE)
    assert page.text.index("does not count, so it is denied at every point") < page.text.index("Who owns it")


def test_its_decisions_findings_plans_and_versions_lead_on(client: Client, world: World) -> None:
    page = agent(client, INVOICE_DESK)
    live = next(part for part in page.main.all("div") if part.get("data-live"))
    assert live.get("id")
    assert len([link for link in live.all("a") if link.get("href").startswith("/decisions/")]) == 10
    assert f"/decisions?agent={INVOICE_DESK}" in page.links
    triage = agent(client, COST_TRIAGE)
    assert f"/plans/{world.plans['open'].replace(':', '%3A')}" in triage.links
    assert f"/agents/{COST_TRIAGE}/remit" in triage.links
    opened = [one for one in world.current().findings if one.agent == COST_TRIAGE and one.state is FindingState.OPEN]
    assert opened
    assert {f"/findings/{one.id.removeprefix('finding:')}" for one in opened} <= set(triage.links)


def test_what_is_wrong_stands_before_how_it_comes_about(client: Client, world: World) -> None:
    page = agent(client, HOSTILE)
    opened = [one for one in world.current().findings if one.agent == HOSTILE and one.state is FindingState.OPEN]
    section = next(part for part in page.main.all("section") if part.get("id") == "findings")
    titles = [link for link in section.all("a") if link.get("class") == "finding-title"]
    assert len(titles) == len(opened) == 3
    assert page.text.index("What it can reach") < page.text.rindex("3 open findings") < page.text.index("Needed, granted, used")
    assert not [link for link in titles if "is covered by no line" in link.text]
    assert section.text.count("is covered by no line") == 3
    assert section.text.count("What to do") == 1


def test_an_agent_with_nothing_open_says_so_where_the_number_would_stand(client: Client) -> None:
    slug = next(slug for slug in client.site.current.agents if slug.startswith("averyvery"))
    page = agent(client, slug)
    assert "no open finding" in page.text
    assert not [part for part in page.main.all("section") if part.get("id") == "findings"]


def test_the_classes_are_the_legend_of_the_bars(client: Client) -> None:
    page = agent(client, HOSTILE)
    legend = next(part for part in page.main.all("ul") if part.get("class") == "classes")
    drawn = {one.get("class") for part in page.main.all("svg") if part.get("class") == "bar" for one in part.all("rect")}
    assert drawn <= {one.get("class") for one in legend.all("rect")}


def test_an_agent_of_which_little_is_known_says_what_was_looked_at(client: Client) -> None:
    slug = next(slug for slug in client.site.current.agents if slug.startswith("averyvery"))
    page = agent(client, slug)
    assert "No identity is known" in page.text
    assert "Nothing is granted, used or needed, as far as was read" in page.text
    assert "Looked at aws:main" in page.text


def test_an_agent_that_is_not_known_is_no_page_and_the_nearest_are_named(client: Client) -> None:
    page = client.get("/agents/cost-triag")
    assert page.status == 404
    assert f"/agents/{COST_TRIAGE}" in page.links
    assert client.get("/agents/" + hostile.SCRIPT.replace("/", "%2F")).status in (404, 400)


def test_an_agent_is_found_by_its_whole_id_too(client: Client) -> None:
    assert agent(client, f"agent%3A{COST_TRIAGE}").title == COST_TRIAGE


def test_hostile_text_is_shown_and_does_nothing(client: Client) -> None:
    page = agent(client, HOSTILE)
    assert hostile.SCRIPT in page.text
    assert not [word for word in hostile.NEVER_IN_A_PAGE if word in page.html]


def test_what_was_settled_in_one_second_stands_in_its_order(own_client: Client, own_world: World) -> None:
    store, at = own_world.store, own_world.at
    before = own_world.current().standings[COST_TRIAGE]
    stopped = lifecycle.suspended(before, at, DANA, "refunds at night")
    for standing in (stopped, lifecycle.released(stopped, at, DANA, "looked into")):
        store.put(standing, seen=at)
    text = agent(own_client, COST_TRIAGE).text.partition("History")[2]
    assert -1 < text.index("looked into") < text.index("refunds at night")


def test_a_person_is_made_the_owner(own_client: Client, own_world: World) -> None:
    page = own_client.after(f"/agents/{RETURNS}/owner", owner="lee@lumen.example", person=DANA)
    assert "lee@lumen.example" in card(page, "Who owns it").text
    ownership = own_world.current().owners[RETURNS]
    assert (ownership.person, ownership.by) == ("lee@lumen.example", DANA)


def test_findings_follow_the_owner_while_the_page_is_there_already(own_client: Client, own_world: World) -> None:
    own_client.after(f"/agents/{RETURNS}/owner", owner="lee@lumen.example", person=DANA)
    assert own_client.site.jobs.wait(20) == []
    (job,) = own_client.site.jobs.all()
    assert (job.state, job.fault, job.link) == ("done", "", "/findings")
    assert "closed" in job.said[0]
    assert {one.owner for one in own_world.current().findings if one.agent == RETURNS and one.state is FindingState.OPEN} <= {
        "lee@lumen.example"
    }


def test_an_owner_that_nobody_could_ask_is_refused_beside_what_was_typed(own_client: Client, own_world: World) -> None:
    page = own_client.post(f"/agents/{RETURNS}/owner", owner="lee\x07", person=DANA)
    assert page.status == 409
    told = card(page, "Who owns it")
    assert "PERSON is empty or no name" in told.text
    assert next(field for field in told.all("input") if field.get("name") == "owner").get("value").startswith("lee")
    assert RETURNS not in own_world.current().owners


def test_an_owner_without_a_name_of_who_says_so_is_refused(own_client: Client, own_world: World) -> None:
    assert own_client.post(f"/agents/{RETURNS}/owner", owner="lee@lumen.example").status == 409
    assert RETURNS not in own_world.current().owners


def test_use_of_a_shared_identity_that_no_record_gives_to_one_agent_is_said_and_not_taken_for_none(
    own_client: Client, own_world: World
) -> None:
    current = own_world.current()
    sharing = current.sharing(COST_TRIAGE)
    unused = next(one for one in alignment_of(current, COST_TRIAGE).lines if one.principal in sharing and one.action == "iam:PassRole")
    assert (unused.last_used, unused.class_) == (None, Class.UNNEEDED)
    events = [
        Event(
            id=f"shared-{number}", source=AWS, happened=own_world.ago(2), principal=unused.principal, system=unused.system,
            action=unused.action, resource="arn:aws:iam::111122223333:role/x", result=Result.ALLOWED, place=f"trail#{number}",
        )
        for number in range(3)
    ]  # fmt: skip
    own_world.store.add_events(events, {AWS: "later"})
    said = "its identity did, 3 times; which of the agents on it is not known"
    others = sharing[unused.principal]
    for slug in (COST_TRIAGE, *others):
        row = next(row for row in entries(agent(own_client, slug)) if "iam:PassRole" in row.text)
        used = next(cell for cell in row.all("td") if cell.get("data-label") == "Used")
        assert used.text == said
    document = agent_page_json(own_world.current(), own_world.current().known(COST_TRIAGE))
    line = next(one for one in document["alignment"] if one["action"] == "iam:PassRole")
    assert (line["class"], line["shared_calls"], line["last_used"]) == ("unneeded", 3, None)
    assert line["why"].endswith(said)


def test_an_identity_that_the_quarantine_of_another_agent_stopped_is_said_to_be_stopped_with_it(
    own_client: Client, own_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    current = own_world.current()
    ahead = mend.plan_quarantine(current, COST_TRIAGE, own_world.at)
    ref, (other, *_) = next((step.principal, slugs) for step in ahead.steps if (slugs := current.sharing(COST_TRIAGE).get(step.principal)))
    identity = current.identity_text(ref)
    assert "is stopped" not in agent(own_client, other).text
    for state, said in ((StepState.DONE, "is stopped"), (StepState.FAILED, "is stopped in part")):
        done = msgspec.structs.replace(ahead, state=PlanState.APPLIED, step_states=(StepState.DONE,) * (len(ahead.steps) - 1) + (state,))
        done = msgspec.structs.replace(done, steps=(*(one for one in done.steps if one.principal != ref), *_of(ahead, ref)))
        own_world.store.put(done, seen=own_world.at)
        assert f"Its identity {identity} {said}, with {COST_TRIAGE}" in agent(own_client, other).text
        assert "with " + COST_TRIAGE not in agent(own_client, COST_TRIAGE).text, "its own stop is told by its state"
        current = own_world.current()
        known, alignment = current.known(other), alignment_of(current, other)
        show_agent(current, known, [], alignment)
        assert f"its identity {identity} {said}, with {COST_TRIAGE}" in " ".join(capsys.readouterr().out.split())
        told = {one["principal"]: one["stopped_with"] for one in agent_page_json(current, known)["identities"]}
        assert told[ref] == f"agent:{COST_TRIAGE}"
        assert [slug for one, slug in told.items() if one != ref and slug] == []
    own_world.store.put(msgspec.structs.replace(done, state=PlanState.UNDONE), seen=own_world.at)
    assert "is stopped" not in agent(own_client, other).text


def _of(plan: Plan, ref: str) -> tuple[Step, ...]:
    return tuple(step for step in plan.steps if step.principal == ref)
