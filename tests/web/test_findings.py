"""Findings as pages: what is open stands first, each says what to do next, and one is accepted until a day by a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.web.asking import TOKEN, Client, Page
from tests.web.world import COST_TRIAGE, DANA, INVOICE_DESK, RETURNS, World

from remit.app.views import questions
from remit.app.web.listing import rows
from remit.model.finding import Finding, FindingState, Severity

_GRAVITY = ["critical", "high", "medium", "low"]


def _open(world: World, rule: str = "") -> Finding:
    return next(
        finding for finding in world.current().findings if finding.state is FindingState.OPEN and (not rule or finding.rule == rule)
    )


def _listed(client: Client, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.send("GET", f"/api/v1/findings{query}", headers={"authorization": f"Bearer {TOKEN}"}).json()[
        "findings"
    ]
    return found


def _severities(page: Page) -> list[str]:
    rows = [item for item in page.main.all("li") if item.inside("ol") is not None]
    return [row.all("span")[0].text for row in rows]


def _short(finding: Finding) -> str:
    return finding.id.removeprefix("finding:")


def test_what_is_open_stands_first_and_gravest_first(client: Client, world: World) -> None:
    shown = _severities(client.get("/findings"))
    assert shown == sorted(shown, key=_GRAVITY.index)
    assert len(shown) == sum(finding.state is FindingState.OPEN for finding in world.current().findings)
    everything = client.get("/findings?state=all")
    assert len(_severities(everything)) == len(world.current().findings)


def test_filters_leave_what_fits_and_say_how_many_there_are(client: Client, world: World) -> None:
    of_desk = client.get(f"/findings?agent={INVOICE_DESK}")
    wanted = [finding for finding in world.current().findings if finding.agent == INVOICE_DESK and finding.state is FindingState.OPEN]
    assert len(_severities(of_desk)) == len(wanted) > 0
    assert COST_TRIAGE not in [link.text for link in of_desk.main.all("a")]
    only_medium = client.get("/findings?severity=medium")
    assert set(_severities(only_medium)) == {"medium"}
    of_rule = client.get("/findings?rule=copy")
    assert len(_severities(of_rule)) == 1
    assert "No finding fits" in client.get("/findings?agent=nobody-is-called-so").text


def test_filters_of_strangers_are_words_alone(client: Client) -> None:
    page = client.get("/findings?agent=%3Cscript%3Ealert(1)%3C/script%3E&severity=%00&rule=%F0%9F&page=-1&state=9e9")
    assert page.status == 200
    assert "<script>alert" not in page.html


def test_an_empty_store_says_that_nothing_was_looked_at(empty_client: Client) -> None:
    assert "nothing was looked at" in empty_client.get("/findings").text


def test_a_finding_says_why_its_rule_exists_where_it_is_seen_and_what_is_next(client: Client, world: World) -> None:
    finding = _open(world, "copy")
    page = client.get(f"/findings/{_short(finding)}")
    assert "misses every correction since" in page.text
    for place in finding.evidence:
        assert place in page.text
    assert f"/agents/{finding.agent}/retire" in page.links
    assert f"/agents/{finding.agent}#owner" in [link.get("href") for link in page.main.all("a")]
    assert "opened" in page.text


def test_a_finding_is_found_by_its_id_with_and_without_prefix(client: Client, world: World) -> None:
    finding = _open(world)
    for written in (_short(finding), finding.id, finding.id.replace(":", "%3A")):
        assert client.get(f"/findings/{written}").status == 200
    assert client.get("/findings/000000000000").status == 404
    assert client.get("/findings/%3Cscript%3E").status == 404


def test_a_remedy_that_is_a_plan_is_one_button_away(client: Client, world: World) -> None:
    finding = next(found for found in world.current().findings if found.state is FindingState.OPEN and "`remit plan" in found.remedy)
    form = client.get(f"/findings/{_short(finding)}").form(f"/agents/{finding.agent}/plan")
    assert form.all("button")


def test_a_finding_is_accepted_until_a_day_by_a_person_for_a_reason(own_client: Client, own_world: World) -> None:
    finding = _open(own_world)
    until = (own_world.now + timedelta(days=30)).date().isoformat()
    page = own_client.after(f"/findings/{_short(finding)}/accept", because="moves in January", until=until, person=DANA)
    assert f"Accepted until {until}" in page.text
    kept = own_world.store.get(Finding, finding.id)
    assert kept is not None
    assert (kept.state, kept.accepted_by, kept.accepted_because) == (FindingState.ACCEPTED, DANA, "moves in January")
    assert f"accepted until {until}" in page.text
    assert finding.title not in own_client.get("/findings").text
    assert len(_severities(own_client.get("/findings?state=accepted"))) == 2


def test_a_past_day_a_missing_reason_and_a_missing_person_are_refused_beside_what_was_typed(own_client: Client, own_world: World) -> None:
    finding = _open(own_world)
    path = f"/findings/{_short(finding)}/accept"
    until = (own_world.now + timedelta(days=3)).date().isoformat()
    for fields, told in (
        ({"because": "it <b>moves</b>", "until": "2020-01-01", "person": DANA}, "is past"),
        ({"because": "it <b>moves</b>", "until": "soon", "person": DANA}, "is not a date"),
        ({"because": " ", "until": until, "person": DANA}, "the reason why it may stand is missing"),
        ({"because": "it <b>moves</b>", "until": until, "person": " "}, "your name"),
    ):
        page = own_client.post(path, **fields)
        assert page.status == 409
        assert told in page.text
        if fields["because"].strip():
            typed = page.form(path).one("textarea").text
            assert typed == "it <b>moves</b>"
    kept = own_world.store.get(Finding, finding.id)
    assert kept is not None
    assert kept.state is FindingState.OPEN


def test_a_closed_finding_is_not_accepted(own_client: Client, own_world: World) -> None:
    closed = next(finding for finding in own_world.current().findings if finding.state is FindingState.CLOSED)
    until = (own_world.now + timedelta(days=3)).date().isoformat()
    page = own_client.post(f"/findings/{_short(closed)}/accept", because="x", until=until, person=DANA)
    assert "its evidence is gone" in page.text
    assert page.status == 409
    assert "Accept it" not in own_client.get(f"/findings/{_short(closed)}").text


def test_nothing_is_accepted_without_the_word_of_the_session(own_client: Client, own_world: World) -> None:
    finding = _open(own_world)
    own_client.word = "guessed"
    assert own_client.post(f"/findings/{_short(finding)}/accept", because="x", until="2099-01-01", person=DANA).status == 403


def test_a_finding_about_several_agents_is_one_and_stands_under_each_of_them(own_client: Client, own_world: World) -> None:
    shared = Finding(
        id="finding:aaaabbbbcccc", rule="shared-identity", agent=COST_TRIAGE, key="x", severity=Severity.CRITICAL, title="both act as `x`",
        evidence=("a:1",), owner=None, remedy="`remit agent AGENT`", others=(RETURNS,),
    )  # fmt: skip
    own_world.store.put(shared, seen=own_world.at)
    current = own_world.current()
    for slug in (COST_TRIAGE, RETURNS):
        assert shared.id in [one.id for one in questions.open_findings(current, slug)]
        assert "both act as x" in own_client.get(f"/findings?agent={slug}").text
        assert "/findings/aaaabbbbcccc" in own_client.get(f"/agents/{slug}").links
        listed = _listed(own_client, f"?agent={slug}")
        assert [(one["agent"], one["others"]) for one in listed if one["id"] == shared.id] == [
            (f"agent:{COST_TRIAGE}", [f"agent:{RETURNS}"])
        ]
    assert shared not in questions.open_findings(current, INVOICE_DESK)
    counts = {row.slug: row.open_findings for row in rows(current, current.agents.values())}
    assert counts[RETURNS] == sum(one.state is FindingState.OPEN and one.is_about(RETURNS) for one in current.findings)
    everything = _listed(own_client, "?limit=200")
    assert [one["id"] for one in everything].count(shared.id) == 1
    opened = sum(one.state is FindingState.OPEN for one in current.findings)
    assert f"{opened} open findings" in own_client.get("/").text, "counted once"
    page = own_client.get("/findings/aaaabbbbcccc")
    assert {f"/agents/{COST_TRIAGE}", f"/agents/{RETURNS}"} <= set(page.links)
