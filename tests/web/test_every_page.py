"""Every page that links lead to: it opens, is well made, obeys no stranger's words, and is for nobody who is not signed in."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from urllib.parse import quote, unquote

import pytest
from tests.web import hostile
from tests.web.asking import Client, Page
from tests.web.crawl import crawled

from remit.app.web.rendering import HEADERS
from remit.app.web.routes import routes
from remit.contracts import registry

_OWN_SCRIPTS = {"/static/live.js"}
_REFERENCES = {link for detection in registry.find("RULE").values() for link in detection.RULE.references}
"""What the rules of findings cite; no other address leads out of the service."""
_FIELDS = ("input", "select", "textarea")


@pytest.fixture(scope="module")
def answers(client: Client) -> dict[str, Page]:
    """All that links lead to in a company in use."""
    return crawled(client)


@pytest.fixture(scope="module")
def pages(answers: dict[str, Page]) -> dict[str, Page]:
    """Every page of it."""
    return {path: page for path, page in answers.items() if page.is_html}


def test_every_link_leads_somewhere(answers: dict[str, Page], pages: dict[str, Page]) -> None:
    assert {path: page.status for path, page in answers.items() if page.status != 200} == {}
    for expected in ("/agents", "/findings", "/plans", "/decisions", "/connections", "/agents/cost-triage"):
        assert expected in pages


def test_pages_of_every_noun_are_reached_from_home(answers: dict[str, Page], client: Client) -> None:
    """Each address that the service has is reached by links, but for those of forms."""
    patterns = {path: re.compile(re.sub(r"\{[^}]*\}", "[^/?]+", path) + r"(\?.*)?") for path in _paths(client, "GET")}
    unreached = [path for path, pattern in patterns.items() if not any(pattern.fullmatch(unquote_once(seen)) for seen in answers)]
    assert [path for path in unreached if not path.startswith(("/enter/", "/static/", "/jobs/"))] == []


def unquote_once(path: str) -> str:
    """Percent-encoded slashes stay one segment."""
    return unquote(path.replace("%2F", "_"))


def test_no_page_reads_every_use_on_record(answers: dict[str, Page], client: Client) -> None:
    """There may be a million; a page asks for those of the agent that it shows."""
    assert len(answers) > 50
    assert "all_uses" not in vars(client.site.current)


def test_hostile_words_stand_on_pages_and_are_words_alone(pages: dict[str, Page]) -> None:
    seen = Counter[str]()
    for path, page in pages.items():
        shown = page.document.text
        seen.update(word for word in hostile.ALL if word in shown)
        for written in hostile.NEVER_IN_A_PAGE:
            assert written not in _without_what_was_typed(page.html), (path, written)
    for word in (hostile.SCRIPT, hostile.IMAGE, hostile.TEMPLATE, hostile.LINK, hostile.SVG):
        assert seen[word] > 0, f"{word} stands nowhere: nothing is proved"


def _without_what_was_typed(html: str) -> str:
    """A field gives back what somebody typed into it, so that it can be sent again."""
    return re.sub(r'(<input[^>]*) value="[^"]*"', r"\1", html)


def test_nothing_on_a_page_runs_but_what_the_service_serves(pages: dict[str, Page]) -> None:
    for path, page in pages.items():
        for element in page.document.all():
            where = (path, element.name, dict(element.attributes))
            assert not [name for name in element.attributes if name.startswith("on")], where
            assert "style" not in element.attributes, where
            assert element.name not in ("style", "iframe", "object", "embed", "base", "foreignobject"), where
            if element.name == "script":
                assert element.get("src") in _OWN_SCRIPTS, where
                assert element.text == "", where
            for name in ("href", "src", "action", "formaction", "xlink:href", "data"):
                value = element.get(name).strip().lower()
                is_reference = element.get(name) in _REFERENCES and "noreferrer" in element.get("rel").split()
                assert is_reference or value == "" or value.startswith(("/", "#", "?")), where
                assert not value.startswith("//"), where


def test_every_answer_tells_the_browser_to_run_nothing_else(pages: dict[str, Page], client: Client) -> None:
    answers = [*pages.values(), client.get("/nothing/here"), client.stranger().get("/agents"), client.get("/static/nothing.js")]
    for page in answers:
        for name, value in HEADERS.items():
            assert page.headers.get(name) == value, (page.path, name)
    for name in ("remit.css", "live.js", "icon.svg"):
        served = client.get(f"/static/{name}")
        assert (served.status, served.headers["content-security-policy"]) == (200, HEADERS["content-security-policy"])
        assert served.headers["x-content-type-options"] == "nosniff"


def test_every_page_is_told_apart_by_its_title_and_has_one_heading(pages: dict[str, Page]) -> None:
    titles: dict[str, str] = {}
    for path, page in pages.items():
        head = page.document.all("title")[0].children
        title = "".join(part for part in head if isinstance(part, str)).strip()
        assert title.endswith("· Remit"), path
        assert len(title) > len("· Remit") + 3, path
        address = _address(path)
        alike = titles.setdefault(title, address)
        assert alike == address, f"{path} and {alike} are both called {title}"
        assert page.main.one("h1").text, path


def _address(path: str) -> str:
    """Without its query; an id may be written with its prefix or without."""
    return re.sub("/(plan|finding)%3A", "/", path.partition("?")[0])


def test_headings_leave_out_no_level(pages: dict[str, Page]) -> None:
    for path, page in pages.items():
        levels = [int(heading.name[1]) for heading in page.main.all("h1", "h2", "h3", "h4", "h5", "h6")]
        assert levels[0] == 1, path
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels)), (path, levels)


def test_ids_stand_once_and_what_names_one_finds_it(pages: dict[str, Page]) -> None:
    for path, page in pages.items():
        ids = Counter(element.get("id") for element in page.document.all() if element.get("id"))
        assert [name for name, count in ids.items() if count > 1] == [], path
        for element in page.document.all():
            for attribute in ("for", "aria-labelledby", "aria-describedby", "aria-controls", "form", "list"):
                missing = [name for name in element.get(attribute).split() if name not in ids]
                assert missing == [], (path, element.name, attribute, missing)
            if element.name == "a" and element.get("href").startswith("#"):
                assert element.get("href")[1:] in ids, (path, element.get("href"))


def test_every_field_has_a_label_and_every_button_and_link_says_what_it_does(pages: dict[str, Page]) -> None:
    for path, page in pages.items():
        labels = {label.get("for"): label.text for label in page.document.all("label")}
        for field in page.document.all(*_FIELDS):
            if field.get("type") in ("hidden", "submit"):
                continue
            around = field.inside("label")
            said = labels.get(field.get("id")) or (around.text if around is not None else "") or field.get("aria-label")
            assert said, (path, field.attributes)
        for element in page.document.all("button", "a", "summary"):
            named = element.text or element.get("aria-label") or any(svg.get("aria-label") for svg in element.all("svg"))
            assert named, (path, element.name, dict(element.attributes))


def test_every_table_has_heads_that_say_what_they_head(pages: dict[str, Page]) -> None:
    for path, page in pages.items():
        for table in page.document.all("table"):
            assert table.all("th"), path
            for head in table.all("th"):
                assert head.get("scope") in ("col", "row", "colgroup", "rowgroup"), (path, head.text)


def test_every_form_that_posts_bears_the_word_of_its_session(pages: dict[str, Page], client: Client) -> None:
    for path, page in pages.items():
        for form in page.document.all("form"):
            if form.get("method").lower() == "post":
                words = [field.get("value") for field in form.all("input") if field.get("name") == "word"]
                assert words == [client.word], (path, form.get("action"))
                assert form.get("action").startswith("/"), (path, "a form says where it goes")
                assert form.get("enctype") == "", (path, form.get("action"))


def test_every_form_leads_to_an_address_that_takes_it(pages: dict[str, Page], client: Client) -> None:
    taken = {method: [re.compile(re.sub(r"\{[^}]*\}", "[^/]+", path)) for path in _paths(client, method)] for method in ("GET", "POST")}
    for path, page in pages.items():
        for form in page.document.all("form"):
            action = re.split("[?#]", form.get("action"))[0] or path.partition("?")[0]
            method = form.get("method").upper() or "GET"
            assert any(pattern.fullmatch(action) for pattern in taken[method]), (path, method, action)


def test_no_page_shows_an_unfinished_value(pages: dict[str, Page]) -> None:
    unfinished = r"(?<![\w`'])(None(?! [a-z])|Undefined|Traceback|<function|object at 0x|datetime\.|Struct\(|nan\b)"
    for path, page in pages.items():
        assert [page.document.text[max(0, found.start() - 60) :][:90] for found in re.finditer(unfinished, page.document.text)] == [], path


def test_plurals_are_right(pages: dict[str, Page]) -> None:
    many = "agents|identities|findings|plans|steps|proofs|uses|calls|times|files|days|lines|records"
    for path, page in pages.items():
        assert re.findall(rf"(?<![\d,.:/-])1 (?:{many})\b", page.text) == [], path


# --- who may -----------------------------------------------------------------------------------------------------------------------------


def _paths(client: Client, method: str) -> list[str]:
    found = [route for router in routes(client.site) for route in router.routes]
    return [re.sub(r":[a-z]+\}", "}", route.path) for route in found if method in getattr(route, "methods", ())]


def _asked(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "cost-triage", path)


def test_every_page_asks_for_a_session(client: Client) -> None:
    stranger = client.stranger()
    paths = [path for path in _paths(client, "GET") if not path.startswith(("/static/", "/enter/"))]
    assert len(paths) >= 12
    for path in paths:
        answer = stranger.get(_asked(path))
        assert (answer.status, answer.title) == (401, "Nobody is signed in"), path
        assert "cost-triage" not in answer.text, path


def test_every_form_asks_for_a_session_and_its_word(client: Client) -> None:
    stranger = client.stranger()
    paths = _paths(client, "POST")
    assert len(paths) >= 12
    before = client.site.snapshots.store.sequence()
    for path in paths:
        body = {"person": "dana@lumen.example", "because": "x", "document": "remit: 1", "path": "/"}
        assert stranger.send("POST", _asked(path), data={"word": client.word, **body}).status_code == 401, path
        assert client.send("POST", _asked(path), data=body).status_code == 403, path
        assert client.send("POST", _asked(path), data={"word": "x" * 32, **body}).status_code == 403, path
        assert client.send("POST", _asked(path), data={"word": client.word, **body}, headers={"origin": "null"}).status_code == 403, path
    assert client.site.snapshots.store.sequence() == before
    assert client.site.jobs.all() == []


def test_an_address_that_names_nothing_is_not_found_in_words(client: Client) -> None:
    for path in _paths(client, "GET"):
        if "{" in path and not path.startswith(("/static/", "/enter/")):
            for word in ("nobody", quote(hostile.SCRIPT, safe=""), "%00", "..%2F..%2Fetc", "x" * 3000, "finding%3Anothing"):
                answer = client.get(re.sub(r"\{[^}]*\}", word, path))
                assert answer.status in (404, 409), (path, word, answer.status)
                assert "fault of remit itself" not in answer.text, (path, word)
                assert "<script>alert" not in answer.html, path


def test_queries_that_nobody_would_ask_are_answered_in_words(client: Client) -> None:
    for path in ("/agents", "/findings", "/plans", "/decisions", "/connections", "/search", "/agents/cost-triage"):
        known = {name for link in client.get(path).links for name in re.findall(r"[?&]([a-z]+)=", link)}
        fields = {field.get("name") for field in client.get(path).document.all("input", "select")} - {"word", ""}
        for name in sorted(known | fields | {"page", "q"}):
            for word in ("", "-1", "0", "99999999999999999999", quote(hostile.SCRIPT), "%00", "%ff", "x" * 5000):
                answer = client.get(f"{path}?{name}={word}")
                assert answer.status in (200, 400, 404, 409), (path, name, word, answer.status)
                assert "<script>alert" not in answer.html, (path, name)
