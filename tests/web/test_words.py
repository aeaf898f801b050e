"""The page that says what the words mean, and the ways to it."""

from __future__ import annotations

import pytest
from tests.web.asking import Client, Page
from tests.web.world import COST_TRIAGE, World

from remit.app.views.words import sections

_BEGINNING = "/words#"


def _anchors(page: Page) -> set[str]:
    return {element.get("id") for element in page.document.all() if element.get("id")}


def _terms(page: Page) -> list[str]:
    """The anchors that a page leads to."""
    return [link.get("href").removeprefix(_BEGINNING) for link in page.main.all("a") if link.get("href").startswith(_BEGINNING)]


def test_every_word_stands_there_under_its_anchor_with_its_meaning(client: Client) -> None:
    page = client.get("/words")
    assert page.title == "What the words mean"
    assert [heading.text for heading in page.main.all("h2")] == [section.title for section in sections()]
    rows = {element.get("id"): element for element in page.main.all("div") if element.get("id")}
    for section in sections():
        assert f"#{section.id}" in [link.get("href") for link in page.main.one("nav").all("a")]
        for term in section.term:
            assert rows[term.id].one("dt").text == term.term
            assert "".join(rows[term.id].one("dd").text.split()) == "".join(term.means.replace("`", "").split())


def test_every_page_leads_there_and_so_does_one_on_which_nothing_is_connected(client: Client, empty_client: Client) -> None:
    for path in ("/", "/agents", f"/agents/{COST_TRIAGE}", "/findings", "/jobs", "/words"):
        assert "/words" in [link.get("href") for link in client.get(path).document.one("footer").all("a")], path
    assert "/words" in [link.get("href") for link in empty_client.get("/").main.all("a")]
    assert client.stranger().get("/").document.one("footer").all("a") == []


@pytest.mark.parametrize(
    ("path", "terms"),
    [
        (f"/agents/{COST_TRIAGE}", {"risk", "classes", "mode-enforce"}),
        (f"/agents/{COST_TRIAGE}/draft", {"origin-declared", "origin-inferred", "origin-observed"}),
        (f"/agents/{COST_TRIAGE}/remit", {"claimed-name", "mode-enforce"}),
        (f"/agents/{COST_TRIAGE}/quarantine", {"point"}),
        ("/decisions", {"point"}),
        ("/plans", {"stages"}),
        ("/connections", {"ledger"}),
    ],
)
def test_a_word_of_ours_leads_to_what_it_means_where_it_is_first_met(client: Client, path: str, terms: set[str]) -> None:
    found = _terms(client.get(path))
    assert terms <= set(found)
    assert set(found) <= _anchors(client.get("/words"))
    assert len(found) <= 5, "a link on every word is none"


def test_of_the_stages_of_a_plan_the_one_in_which_it_is_leads_to_what_it_means(client: Client, world: World) -> None:
    for which, stage in (("open", "replayed"), ("stuck", "stuck"), ("applied", "applied")):
        page = client.get(f"/plans/{world.plans[which].removeprefix('plan:')}")
        assert [term for term in _terms(page) if term.startswith("stage-")] == [f"stage-{stage}"]
