"""One box: what holds a text, by sort; a whole id leads straight to its page."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from tests.web import hostile
from tests.web.asking import Client
from tests.web.world import AWS, COST_TRIAGE, INVOICE_DESK, World

from remit.model.shown import printable


def sections(client: Client, text: str) -> dict[str, str]:
    """What was found, by the heading of its sort."""
    page = client.get(f"/search?q={quote(text)}")
    assert page.status == 200, page.headers
    return {section.one("h2").text: section.text for section in page.main.all("section")}


def test_a_whole_id_leads_straight_to_its_page(client: Client, world: World) -> None:
    finding = world.current().findings[0].id
    plan = world.plans["open"]
    expected = {
        COST_TRIAGE: f"/agents/{COST_TRIAGE}",
        f"agent:{COST_TRIAGE}": f"/agents/{COST_TRIAGE}",
        f"  {COST_TRIAGE} ": f"/agents/{COST_TRIAGE}",
        AWS: "/connections/aws%3Amain",
        finding: f"/findings/{finding.removeprefix('finding:')}",
        finding.removeprefix("finding:"): f"/findings/{finding.removeprefix('finding:')}",
        plan: f"/plans/{quote(plan, safe='')}",
        plan.removeprefix("plan:"): f"/plans/{quote(plan, safe='')}",
        "0192f3a1-0000-7000-8000-000000000003": "/decisions/0192f3a1-0000-7000-8000-000000000003",
    }
    for text, address in expected.items():
        assert client.get(f"/search?q={quote(text)}").leads_to == address


def test_agents_are_found_by_purpose_and_owner(client: Client) -> None:
    found = sections(client, "DANA@lumen")
    agents = next(text for heading, text in found.items() if "agent" in heading)
    assert COST_TRIAGE in agents
    assert INVOICE_DESK in agents or "more" in agents


def test_identities_name_who_acts_as_them(client: Client) -> None:
    found = sections(client, "role/COST")
    identities = next(text for heading, text in found.items() if "identit" in heading)
    assert "used by cost-triage" in identities


def test_resources_that_something_happened_to_name_who_was_there(client: Client) -> None:
    found = sections(client, "lumen-PAYROLL")
    assert "on record there: cost-triage" in found["Resources"]


def test_resources_that_nobody_touched_are_found_too(client: Client) -> None:
    assert "costs.salaries" in sections(client, "salaries")["Resources"]
    assert "nobody is on record there" in sections(client, "salaries")["Resources"]


def test_findings_and_plans_are_found_by_what_they_are_about(client: Client) -> None:
    found = sections(client, "cost-tri")
    assert any("finding" in heading for heading in found)
    assert any("plan" in heading for heading in found)


def test_nothing_found_says_what_was_looked_through(client: Client, empty_client: Client) -> None:
    page = client.get("/search?q=nothing-is-called-so")
    assert "Nothing holds these words" in page.text
    assert "Looked at 5 connections" in page.text
    assert "nothing was looked at" in empty_client.get("/search?q=anything").text


def test_a_misspelt_name_leads_to_the_nearest(client: Client) -> None:
    page = client.get("/search?q=cost-traige")
    assert "Nothing holds these words" in page.text
    assert f"/agents/{COST_TRIAGE}" in page.links


def test_no_words_give_a_hint(client: Client) -> None:
    for path in ("/search", "/search?q=", "/search?q=%20%20"):
        assert client.get(path).title == "Search"


@pytest.mark.parametrize(
    "text",
    [
        *hostile.ALL,
        "%",
        "_",
        "\\",
        "'; DROP TABLE remit_act; --",
        "a" * 5000,
        "\x00",
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
)
def test_a_hostile_question_is_words_alone(client: Client, text: str) -> None:
    page = client.get(f"/search?q={quote(text)}")
    assert page.status in (200, 303)
    for written in hostile.NEVER_IN_A_PAGE:
        assert written not in page.html
    box = next(field for field in page.document.all("input") if field.get("id") == "q")
    assert box.get("value") == printable(text.strip()[:200].replace("\x00", ""))


def test_signs_that_databases_take_for_patterns_are_signs(client: Client) -> None:
    assert "Resources" not in sections(client, "lumen%payroll")
    assert "Resources" not in sections(client, "lumen_payroll")


def test_of_very_much_the_first_few_are_shown_and_the_rest_is_counted(client: Client) -> None:
    found = sections(client, "a")
    assert any("more" in text for text in found.values())
    assert all(text.count("on record there") + text.count("nobody is on record") <= 12 for text in found.values())
