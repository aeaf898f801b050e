"""Drafts and versions as pages: every line with its sources, every error at once with the text kept, and what an approval changes."""

from __future__ import annotations

import msgspec
from tests.web import hostile
from tests.web.asking import Client, Page
from tests.web.world import COST_TRIAGE, DANA, HOSTILE, INVOICE_DESK, RETIRED, RETURNS, World

from remit.app.intent import set_owner
from remit.app.loop import draft_of
from remit.model.agent import AgentState
from remit.model.standing import ApprovedRemit

_DRAFTED = "cost-triage-costs-2024"


def _typed(page: Page) -> str:
    return "".join(child for child in page.main.one("textarea").children if isinstance(child, str))


def _number(page: Page, action: str) -> str:
    """Which version the form is going to make."""
    forms = [form for form in page.document.all("form") if form.get("action") == action and form.all("textarea")]
    return next(field.get("value") for field in forms[0].all("input") if field.get("name") == "number")


def _text(world: World, slug: str = COST_TRIAGE) -> str:
    return world.current().approved[slug].document


def _versions(world: World, slug: str) -> list[ApprovedRemit]:
    return world.store.all(ApprovedRemit, prefix=f"{slug}@")


def test_each_line_of_a_draft_stands_with_its_sources_and_their_places(client: Client, world: World) -> None:
    draft = draft_of(world.current(), COST_TRIAGE)
    page = client.get(f"/agents/{COST_TRIAGE}/draft")
    assert draft.purpose in page.text
    for line in draft.lines:
        assert line.resource in page.text
        for reason in line.reasons[:3]:
            assert f"{reason.origin} {reason.because.place}" in page.text
    assert "Used, and nothing says that it is meant to be" in page.text
    assert "Not settled by the evidence" in page.text


def test_the_document_beside_it_can_be_approved_as_it_is_where_the_owner_is_known(own_client: Client, own_world: World) -> None:
    set_owner(own_world.current(), _DRAFTED, DANA, DANA, own_world.at)
    page = own_client.get(f"/agents/{_DRAFTED}/draft")
    done = own_client.after(f"/agents/{_DRAFTED}/remit", document=_typed(page), person=DANA, page="draft")
    assert "Version 1 is in force" in done.text
    assert "The agent is active" in done.text


def test_what_is_kept_is_what_was_read_and_says_nothing_that_approval_makes_untrue(own_client: Client, own_world: World) -> None:
    set_owner(own_world.current(), _DRAFTED, DANA, DANA, own_world.at)
    read = _typed(own_client.get(f"/agents/{_DRAFTED}/draft"))
    own_client.after(f"/agents/{_DRAFTED}/remit", document=read, person=DANA, page="draft")
    [kept] = _versions(own_world, _DRAFTED)
    assert kept.document == read
    comments = " ".join(line for line in kept.document.splitlines() if line.lstrip().startswith("#")).lower()
    assert "drafted by remit from evidence" in comments.partition(".")[0]
    for untrue in ("a draft", "before `remit approve`", "not approved", "nobody approved", "nothing in it holds"):
        assert untrue not in comments


def test_checking_says_every_error_at_once_with_its_line_and_keeps_the_text(own_client: Client, own_world: World) -> None:
    typed = _text(own_world).replace("read:", "raed:").replace("mode: enforce", "mode: on")
    page = own_client.after(f"/agents/{COST_TRIAGE}/draft", document=typed.replace("\n", "\r\n"), page="remit")
    excerpts = [code.text for code in page.main.all("code") if code.has_class("excerpt")]
    assert any("raed:" in excerpt for excerpt in excerpts), "the line stands beside what is wrong with it"
    assert page.text.count("nearest is read") >= 2
    lines = [number for number, line in enumerate(typed.split("\n"), 1) if "raed" in line or "mode: on" in line]
    for number in lines:
        assert f"Line {number}" in page.text
    assert _typed(page).strip() == typed.strip()
    assert len(_versions(own_world, COST_TRIAGE)) == 2


def test_checking_a_good_text_says_what_it_would_change(own_client: Client, own_world: World) -> None:
    typed = _text(own_world).replace("600/hour", "900/hour")
    leads = own_client.post(f"/agents/{COST_TRIAGE}/draft", document=typed, page="remit").leads_to
    assert leads == f"/agents/{COST_TRIAGE}/remit?checked=1#edit", "going back to it sends nothing again"
    page = own_client.get(leads)
    assert page.status == 200
    assert _typed(page).strip() == typed.strip()
    assert "It can be used" in page.text
    assert "It can be used" not in own_client.get(f"/agents/{COST_TRIAGE}/remit").text
    assert "It can be used" not in own_client.get(f"/agents/{RETURNS}/draft?checked=1").text, "it is no text of another agent"
    assert "widens limits.calls 600/hour becomes 900/hour" in page.text
    assert len(_versions(own_world, COST_TRIAGE)) == 2


def test_taking_a_draft_to_edit_makes_a_discovered_agent_one_with_a_draft_and_looking_does_not(
    own_client: Client, own_world: World
) -> None:
    slug = next(
        slug
        for slug, known in own_world.current().agents.items()
        if own_world.current().state(slug) is AgentState.DISCOVERED and not known.is_gone
    )
    page = own_client.get(f"/agents/{slug}/draft")
    refused = own_client.after(f"/agents/{slug}/draft", document=_typed(page), person="dana\u202e@lumen.example")
    assert "is no name" in refused.text
    assert "It can be used" not in refused.text
    assert own_world.current().state(slug) is AgentState.DISCOVERED
    own_client.post(f"/agents/{slug}/draft", document=_typed(page), person=DANA)
    current = own_world.current()
    assert current.state(slug) is AgentState.DRAFT
    assert current.standings[slug].by == DANA


def test_approving_signs_the_next_version_and_shows_what_changed(own_client: Client, own_world: World) -> None:
    typed = _text(own_world).replace("600/hour", "500/hour")
    page = own_client.after(f"/agents/{COST_TRIAGE}/remit", document=typed, person=DANA, page="remit")
    assert "Version 3 is in force , approved by dana@lumen.example" in page.text
    assert "narrows limits.calls 600/hour becomes 500/hour" in page.text
    changed = [line for pre in page.main.all("pre") if pre.has_class("difference") for line in pre.text.split("  ")]
    assert "- limits: {calls: 600/hour} + limits: {calls: 500/hour}" in " ".join(changed)
    newest = _versions(own_world, COST_TRIAGE)[-1]
    assert (newest.version, newest.by, newest.os_user) == (3, DANA, "operator")
    assert own_world.current().remits[COST_TRIAGE].is_signed


def test_a_version_that_came_in_between_is_not_taken_back_unread(own_client: Client, own_world: World) -> None:
    text = _text(own_world)
    where = f"/agents/{COST_TRIAGE}/remit"
    number = _number(own_client.get(where), where)
    assert number == "3"
    first, second = text.replace("600/hour", "500/hour"), text.replace("600/hour", "700/hour")
    assert "approved=3" in own_client.post(where, document=first, person=DANA, page="remit", number=number).leads_to
    assert "same=3" in own_client.post(where, document=first, person=DANA, page="remit", number=number).leads_to
    for address in (where, f"/agents/{COST_TRIAGE}/draft"):
        page = own_client.post(address, document=second, person="lee@lumen.example", page="remit", number=number)
        if address != where:
            page = own_client.get(page.leads_to)
        assert page.status == (409 if address == where else 200)
        assert f"version 3 was approved by {DANA} since this text was begun" in page.text
        assert _typed(page).strip() == second.strip()
    assert len(_versions(own_world, COST_TRIAGE)) == 3
    # Whoever has been told may go on.
    number = _number(page, where)
    assert "approved=4" in own_client.post(where, document=second, person="lee@lumen.example", page="remit", number=number).leads_to


def test_a_version_that_came_after_a_text_was_looked_at_is_told_when_somebody_goes_back_to_it(own_client: Client, own_world: World) -> None:
    text, where = _text(own_world), f"/agents/{COST_TRIAGE}/remit"
    looked = own_client.post(f"/agents/{COST_TRIAGE}/draft", document=text + "\n", page="remit", number="3").leads_to
    assert "since this text was begun" not in own_client.get(looked).text
    own_client.after(where, document=text.replace("600/hour", "500/hour"), person=DANA, page="remit", number="3")
    assert f"version 3 was approved by {DANA} since this text was begun" in own_client.get(looked).text


def test_the_same_document_again_changes_nothing_and_says_so(own_client: Client, own_world: World) -> None:
    page = own_client.after(f"/agents/{COST_TRIAGE}/remit", document=_text(own_world), person=DANA, page="remit")
    assert "nothing was to be done" in page.text
    assert len(_versions(own_world, COST_TRIAGE)) == 2


def test_whoever_is_no_approver_is_refused_and_the_text_stands(own_client: Client, own_world: World) -> None:
    typed = _text(own_world).replace("600/hour", "500/hour")
    page = own_client.post(f"/agents/{COST_TRIAGE}/remit", document=typed, person="mallory@lumen.example", page="remit")
    assert page.status == 409
    assert "is no approver of" in page.text
    assert _typed(page).strip() == typed.strip()
    assert len(_versions(own_world, COST_TRIAGE)) == 2


def test_a_document_of_another_agent_is_not_approved_on_this_page(own_client: Client, own_world: World) -> None:
    page = own_client.post(f"/agents/{COST_TRIAGE}/remit", document=_text(own_world, INVOICE_DESK), person=DANA, page="remit")
    assert page.status == 409
    assert f"this is a remit of {INVOICE_DESK} , not of {COST_TRIAGE}" in page.text
    assert len(_versions(own_world, INVOICE_DESK)) == 1


def test_a_text_with_a_secret_is_not_kept(own_client: Client, own_world: World) -> None:
    secret = "AKIA" + "IOSFODNN7EXAMPLQ"
    typed = _text(own_world) + f"# aws_secret_access_key = {'wJalrXUtnFEMI/K7MDENG/bPxRfiCY' + 'EXAMPLEKEQ'} {secret}\n"
    page = own_client.post(f"/agents/{COST_TRIAGE}/remit", document=typed, person=DANA, page="remit")
    assert page.status == 409
    assert "looks like a password or a key" in page.text
    assert len(_versions(own_world, COST_TRIAGE)) == 2


def test_marks_that_turn_the_direction_of_writing_are_named_before_anybody_approves(own_client: Client, own_world: World) -> None:
    typed = _text(own_world) + f"# harmless {hostile.RIGHT_TO_LEFT}\n"
    page = own_client.after(f"/agents/{COST_TRIAGE}/draft", document=typed, page="remit")
    assert "Read these lines twice" in page.text
    assert "\\u202e" in page.text


def test_an_agent_without_an_owner_is_not_approved_and_the_way_to_name_one_is_there(client: Client, world: World) -> None:
    current = world.current()
    slug = next(slug for slug in current.agents if slug not in current.owners and slug not in current.versions)
    page = client.get(f"/agents/{slug}/draft")
    button = next(button for button in page.main.all("button") if button.text.startswith("Approve"))
    assert "disabled" in button.attributes
    assert f"/agents/{slug}#owner" in [link.get("href") for link in page.main.all("a")]


def test_a_retired_agent_gets_no_other_version(own_client: Client, own_world: World) -> None:
    page = own_client.get(f"/agents/{RETIRED}/draft")
    assert "is retired, for good" in page.text


def test_every_version_stands_there_and_two_are_compared_in_words_and_in_lines(client: Client, world: World) -> None:
    page = client.get(f"/agents/{COST_TRIAGE}/remit?from=1&to=2")
    assert "narrows limits.calls 900/hour becomes 600/hour" in page.text
    assert "- limits: {calls: 900/hour}" in page.text
    back = client.get(f"/agents/{COST_TRIAGE}/remit?from=2&to=1")
    assert "widens limits.calls 600/hour becomes 900/hour" in back.text
    plain = client.get(f"/agents/{COST_TRIAGE}/remit")
    newest = world.current().approved[COST_TRIAGE]
    for word in (newest.hash, newest.by, "verified", "Version 1"):
        assert word in plain.text
    for odd in ("?from=7&to=9", "?from=x&to=", "?to=0", "?from=-1"):
        assert client.get(f"/agents/{COST_TRIAGE}/remit{odd}").status == 200


def test_each_line_of_the_version_in_force_can_be_linked_to(client: Client, world: World) -> None:
    page = client.get(f"/agents/{COST_TRIAGE}/remit")
    ids = [element.get("id") for element in page.main.all("span") if element.get("id").startswith("L")]
    assert len(ids) == len(_text(world).splitlines())


def test_a_version_that_does_not_count_is_said_to_deny_everywhere(own_client: Client, own_world: World) -> None:
    newest = _versions(own_world, COST_TRIAGE)[-1]
    own_world.store.put(msgspec.structs.replace(newest, document=newest.document.replace("600", "9999")), seen=own_world.at)
    page = own_client.get(f"/agents/{COST_TRIAGE}/remit")
    assert "denied at every point" in page.text
    assert "is not the text that was approved" in page.text


def test_an_agent_without_a_version_is_led_to_its_draft(client: Client, world: World) -> None:
    assert client.get(f"/agents/{RETURNS}/remit").headers["location"] == f"/agents/{RETURNS}/draft"
    assert client.get("/agents/nobody-at-all/remit").status == 404
    assert client.get("/agents/nobody-at-all/draft").status == 404


def test_hostile_words_in_a_document_are_words_alone(client: Client) -> None:
    page = client.get(f"/agents/{HOSTILE}/remit")
    assert page.status == 200
    assert "<script>alert" not in page.html
    assert hostile.SCRIPT in page.document.text


def test_a_document_that_is_too_long_is_refused_in_words(own_client: Client) -> None:
    page = own_client.post(f"/agents/{COST_TRIAGE}/remit", document="# x\n" * 400_000, person=DANA, page="remit")
    assert page.status in (409, 413)
    assert "longer than" in page.text or page.status == 413


def test_a_line_on_a_tool_stands_with_its_condition(own_client: Client, own_world: World) -> None:
    current = own_world.current()
    slug = next(slug for slug, known in current.agents.items() if known.agent.framework == "markdown-agent")
    known = current.agents[slug]
    tools = ("Read", "Bash(git log:*)", "Bash(git tag:*)", "Edit(<b>)")
    changed = msgspec.structs.replace(known, agent=msgspec.structs.replace(known.agent, tools=tools))
    own_world.store.put(changed, seen="2026-11-20T00:00:00Z")
    page = own_client.get(f"/agents/{slug}/draft")
    assert "execute mcp:claude-code Bash where command is git log * or command is git tag *" in " ".join(page.text.split())
    assert "`Edit(<b>)` is less than the line on `Edit` says" in page.text
