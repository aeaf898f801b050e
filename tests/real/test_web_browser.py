"""Every page in a real browser: no error, nothing of a stranger obeyed, usable by everybody, at every width."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page
from tests.web.asking import Client
from tests.web.browsing import NARROW, WIDE, Served, Visit, serving_store, signed_in_cookies, visiting
from tests.web.crawl import crawled, some_of_each_kind
from tests.web.world import COST_TRIAGE, World

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def paths(client: Client) -> list[str]:
    """Every page that links lead to."""
    return [path for path, page in crawled(client).items() if page.is_html and not path.startswith("/jobs/")]


@pytest.fixture(scope="module")
def some(paths: list[str]) -> list[str]:
    """Some of each kind."""
    return some_of_each_kind(paths)


@pytest.fixture(params=["light", "dark"])
def coloured(request: pytest.FixtureRequest, browser: Browser, served: Served, cookies: list[Any]) -> Iterator[Visit]:
    """A tab with the colours of a system that is set so."""
    with visiting(browser, served, cookies, color_scheme=request.param) as visit:
        yield visit


def test_every_page_opens_without_an_error_and_hostile_words_do_nothing(visit: Visit, paths: list[str]) -> None:
    assert len(paths) > 30
    for path in paths:
        page = visit.open(path)
        assert visit.wrong == [], path
        assert page.locator("h1").count() == 1, path
        assert page.locator("script").count() == 1, path
        assert page.evaluate("document.querySelectorAll('img, iframe, object, embed').length") == 0, path
    visit.page.wait_for_timeout(300)
    assert visit.wrong == []


def test_every_page_says_the_same_without_javascript(
    visit: Visit, browser: Browser, served: Served, cookies: list[Any], some: list[str]
) -> None:
    with visiting(browser, served, cookies, java_script_enabled=False) as still:
        for path in some:
            assert _told(still.open(path)) == _told(visit.open(path)), path
            assert still.wrong == [], path


def _told(page: Page) -> list[str]:
    """The words of a page; how long ago something was may have moved on."""
    times = {text for text in page.locator("main time").all_inner_texts() if text}
    said = page.locator("main").inner_text()
    for text in sorted(times, key=len, reverse=True):
        said = said.replace(text, "")
    return [word for word in said.split() if not word.isdigit()]


def test_every_page_is_accessible(coloured: Visit, some: list[str], axe: str) -> None:
    found = {}
    for path in some:
        coloured.open(path)
        if violations := coloured.violations(axe):
            found[path] = violations
    assert found == {}


def test_the_entrance_is_accessible(browser: Browser, served: Served, cookies: list[Any], axe: str) -> None:
    for scheme in ("light", "dark"):
        with visiting(browser, served, [], color_scheme=scheme) as stranger:
            stranger.open("/")
            assert stranger.page.locator("h1").inner_text() == "Nobody is signed in"
            assert stranger.violations(axe) == []
            assert stranger.wrong == []


@pytest.mark.parametrize("size", [WIDE, NARROW, {"width": 768, "height": 1024}], ids=["1440", "390", "768"])
def test_no_page_scrolls_sideways(browser: Browser, served: Served, cookies: list[Any], paths: list[str], size: Any) -> None:
    found = {}
    with visiting(browser, served, cookies, viewport=size) as visit:
        for path in paths if size == NARROW else some_of_each_kind(paths, 3):
            visit.open(path)
            if widest := visit.widest():
                found[path] = widest
    assert found == {}


def test_narrow_pages_are_accessible(browser: Browser, served: Served, cookies: list[Any], some: list[str], axe: str) -> None:
    found = {}
    with visiting(browser, served, cookies, viewport=NARROW) as visit:
        for path in some:
            visit.open(path)
            if violations := visit.violations(axe):
                found[path] = violations
    assert found == {}


def test_everything_is_reached_by_the_tab_key_and_shows_where_one_is(visit: Visit, some: list[str]) -> None:
    for path in some:
        page = visit.open(path)
        wanted = page.evaluate(_MARK_REACHABLE)
        reached: set[str] = set()
        for _ in range(wanted + 5):
            page.keyboard.press("Tab")
            at = page.evaluate(_FOCUSED)
            if at is None:
                break
            assert at["seen"], (path, at["html"])
            reached.add(at["mark"])
        missing = sorted(set(map(str, range(wanted))) - reached)
        assert missing == [], (
            path,
            [page.locator(f'[data-mark="{mark}"]').evaluate("one => one.outerHTML.slice(0, 160)") for mark in missing],
        )


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1440", "390"])
@pytest.mark.parametrize("media", ["screen", "print"])
def test_reasons_open_by_key_as_wide_as_their_table_and_leave_the_row_as_it_was(
    browser: Browser, served: Served, cookies: list[Any], size: Any, media: Any
) -> None:
    with visiting(browser, served, cookies, viewport=size, java_script_enabled=False) as visit:
        page = visit.open(f"/agents/{COST_TRIAGE}")
        page.emulate_media(media=media)
        for row in page.locator("#access .entry").all():
            before = row.bounding_box()
            row.locator("summary").press("Enter")
            reasons = row.locator(".line-reasons").bounding_box()
            after = row.bounding_box()
            assert before is not None
            assert reasons is not None
            assert after is not None
            assert after["height"] >= before["height"] + reasons["height"] - 1
            assert reasons["width"] > 0.8 * after["width"]
            for cell in row.locator("th, td[data-label]").all():
                shown = cell.bounding_box()
                assert shown is None or shown["y"] + shown["height"] <= reasons["y"] + 1
        assert not visit.widest()
        assert visit.wrong == []


_MARK_REACHABLE = """() => {
  const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")];
  const seen = all.filter(one => one.checkVisibility({visibilityProperty: true}) && !one.disabled && one.tabIndex >= 0);
  const radios = new Set();
  let number = 0;
  for (const one of seen) {
    if (one.type === "radio") { const group = one.form?.action + one.name; if (radios.has(group)) continue; radios.add(group); }
    one.dataset.mark = number++;
  }
  return number;
}"""
_FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  return {mark: one.dataset.mark ?? (one.type === "radio" ? "" : null), html: one.outerHTML.slice(0, 160),
          seen: (outlined || style.boxShadow !== "none") && box.width > 0 && box.height > 0};
}"""


def test_the_skip_link_leads_past_the_head(visit: Visit) -> None:
    page = visit.open("/agents")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_a_slash_leads_to_the_search_box_and_enter_searches(visit: Visit) -> None:
    page = visit.open("/")
    page.keyboard.press("/")
    page.keyboard.type("cost")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=cost")
    assert "cost-triage" in page.locator("main").inner_text()


@pytest.mark.parametrize("path", ["/", "/agents/cost-triage", "/agents", "/findings"])
def test_words_are_large_enough_at_twice_the_size(browser: Browser, served: Served, cookies: list[Any], path: str) -> None:
    """At 200 % of 1440 pixels a page has 720: nothing is cut off."""
    with visiting(browser, served, cookies, viewport={"width": 720, "height": 450}, device_scale_factor=2) as visit:
        visit.open(path)
        assert visit.widest() == []


@pytest.fixture
def own_visit(browser: Browser, own_world: World) -> Iterator[Visit]:
    """A tab of somebody whose store is the test's own."""
    with serving_store(own_world) as running, visiting(browser, running, signed_in_cookies(browser, running)) as visit:
        yield visit


def test_work_shows_how_it_goes_without_being_loaded_again(own_visit: Visit) -> None:
    page = own_visit.open("/connections")
    page.get_by_role("button", name="Scan everything").click()
    page.wait_for_url("**/jobs/*")
    page.evaluate("window.kept = true")
    page.locator("#job .badge.job-done, #job .badge.job-failed").wait_for(timeout=120_000)
    assert page.evaluate("window.kept")
    assert "Connection refused" in page.locator("main").inner_text(), "nobody listens where these systems should be"
    assert own_visit.wrong == []


def test_decisions_show_as_they_happen(own_visit: Visit) -> None:
    page = own_visit.open("/decisions")
    page.evaluate("window.kept = true")
    asked = {"subject": {"type": "agent", "id": "nobody-knows"}, "action": {"name": "read"}, "resource": {"type": "mcp:files", "id": "x"}}
    request = Request(own_visit.url + "/access/v1/evaluation", json.dumps(asked).encode(), {"content-type": "application/json"})
    with urlopen(request, timeout=60) as answer:
        assert json.load(answer)["decision"] is False
    page.get_by_text("nobody-knows").first.wait_for(timeout=60_000)
    assert page.evaluate("window.kept")
    assert own_visit.wrong == []


def test_a_form_works_without_javascript(browser: Browser, own_world: World) -> None:
    with serving_store(own_world) as running:
        cookies = signed_in_cookies(browser, running)
        with visiting(browser, running, cookies, java_script_enabled=False) as visit:
            page = visit.open("/agents/returns-agent")
            page.get_by_text("Set the owner").first.click()
            form = page.locator('form[action$="/owner"]')
            for field in form.locator("input:not([type=hidden])").all():
                field.fill("lee@lumen.example")
            form.get_by_role("button").click()
            page.wait_for_load_state()
            assert "lee@lumen.example" in page.locator("main").inner_text()
            assert visit.wrong == []
