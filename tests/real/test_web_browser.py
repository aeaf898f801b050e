"""Every page in a real browser: no error, nothing of a stranger obeyed, usable by everybody, at every width."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser
from tests.web.asking import Client
from tests.web.browsing import NARROW, WIDE, Served, Visit, visiting
from tests.web.crawl import crawled, some_of_each_kind

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
            told = _told(still.open(path).locator("main").inner_text())
            assert told == _told(visit.open(path).locator("main").inner_text()), path
            assert still.wrong == [], path


def _told(text: str) -> list[str]:
    """The words of a page; how long ago something was may have moved on."""
    return [word for word in text.split() if not word.isdigit()]


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
        for path in paths:
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
