"""Connections: what is read, the ledger of it, and connecting more; a secret that was typed is neither kept nor shown."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from tests.web import hostile
from tests.web.asking import Client, Page
from tests.web.world import AWS, CODE, POSTGRES, World

from remit.model.connection import Connection

PASSWORD = "hunter2-and-more"


def typed(page: Page, kind: str) -> dict[str, str]:
    """What stands in the fields of a form."""
    return {field.get("name"): field.get("value") for field in page.form(f"/connections/{kind}").all("input")}


def source(folder: Path) -> Path:
    """A folder of code with one agent in it."""
    folder.mkdir(parents=True)
    text = 'from agents import Agent\n\nclerk = Agent(name="Clerk", instructions="You file letters.", model="gpt-5")\n'
    (folder / "clerk.py").write_text(text)
    (folder / "picture.xyz").write_text("what nobody reads\n")
    return folder


# --- the list ------------------------------------------------------------------------------------------------------------------------


def test_each_connection_says_when_it_was_looked_at_and_what_was_not_seen(client: Client, world: World) -> None:
    page = client.get("/connections")
    rows = {row.all("a")[0].text: row.text for row in page.main.one("table").all("tr")[1:]}
    assert set(rows) == set(world.current().connections)
    assert "1,204 new records" in rows[AWS]
    assert "3 records" in rows[AWS]
    assert "2 parts" in rows[AWS]
    assert "refused" in rows["postgres:archive"]
    assert "1 connection out of reach" in page.text


def test_a_long_address_breaks_before_its_separators_and_in_no_word(client: Client) -> None:
    row = next(row for row in client.get("/connections").main.one("table").all("tr") if POSTGRES in row.text)
    where = next(part for part in row.all("span") if part.has_class("purpose"))
    parts = [part for part in where.children if isinstance(part, str)]
    assert parts == ["postgresql", "://reader", "@127.0.0.1", ":9", "/finops"]
    assert [part.name for part in where.children if not isinstance(part, str)] == ["wbr"] * 4


def test_nothing_connected_is_said_to_be_nothing_looked_at(empty_client: Client) -> None:
    page = empty_client.get("/connections")
    assert "Nothing is connected" in page.text
    assert not [form for form in page.main.all("form") if form.get("action") == "/scan"]


# --- one -----------------------------------------------------------------------------------------------------------------------------


def test_a_connection_is_found_by_its_id_its_name_or_its_kind(client: Client) -> None:
    for word in ("aws:main", "aws%3Amain", "main", "aws"):
        assert client.get(f"/connections/{word}").title == AWS
    assert client.get("/connections/postgres").status == 404


def test_the_ledger_says_what_was_not_read_and_why_and_is_chosen_from_by_reason(client: Client) -> None:
    page = client.get(f"/connections/{quote(AWS)}")
    assert "May hide something" in page.text
    assert "no permission" in page.text
    assert "parse error: is no JSON" in page.text
    chosen = next(link for link in page.main.all("a") if "parse error" in link.text)
    narrowed = client.get(chosen.get("href").partition("#")[0])
    assert len(narrowed.main.one("table").all("tr")) == 2
    assert "no permission:" not in narrowed.main.one("table").text


def test_a_long_ledger_comes_a_page_at_a_time(own_client: Client, tmp_path: Path) -> None:
    folder = source(tmp_path / "long")
    for number in range(250):
        (folder / f"{number:03}.xyz").write_text("x")
    own_client.after("/connections/code", path=str(folder), name="long")
    page = own_client.get("/connections/code%3Along")
    assert "1 to 100 of 251" in page.text
    following = next(link for link in page.main.all("a") if link.get("rel") == "next").get("href")
    assert "101 to 200 of 251" in own_client.get(following).text


def test_what_remit_needs_there_can_be_read_before_it_is_given(client: Client) -> None:
    page = client.get(f"/connections/{quote(AWS)}")
    texts = [part.text for part in page.main.all("pre") if part.has_class("native")]
    assert len(texts) == 2
    assert all('"Version": "2012-10-17"' in text for text in texts)
    assert "remit_read" in client.get(f"/connections/{quote(POSTGRES)}").text
    assert not [part for part in client.get(f"/connections/{quote(CODE)}").main.all("pre") if part.has_class("native")]


def test_one_that_cannot_be_read_says_so_and_that_nothing_is_known(client: Client) -> None:
    page = client.get("/connections/postgres%3Aarchive")
    assert "It cannot be read." in page.text
    assert "There is no ledger" in page.text
    assert hostile.RIGHT_TO_LEFT not in page.html


def test_a_secret_in_old_settings_is_not_shown(own_client: Client, own_world: World) -> None:
    settings = {"url": f"postgresql://reader:{PASSWORD}@db.internal/shop"}
    own_world.store.put(Connection(id="postgres:old", kind="postgres", name="old", settings=settings), seen=own_world.at)
    for path in ("/connections", "/connections/postgres%3Aold", "/", "/search?q=postgres"):
        assert PASSWORD not in own_client.get(path).html


# --- connecting ----------------------------------------------------------------------------------------------------------------------


def test_a_folder_is_connected_and_read_at_once_by_a_job(empty_client: Client, empty_world: World, tmp_path: Path) -> None:
    folder = source(tmp_path / "shop")
    page = empty_client.after("/connections/code", path=str(folder))
    assert page.title == "Connect code:shop"
    assert "code:shop: 1 file read" in page.text
    assert "1 agent new: clerk" in page.text
    onward = next(link for link in page.main.all("a") if link.has_class("button"))
    one = empty_client.get(onward.get("href"))
    assert one.title == "code:shop"
    assert "picture.xyz" in one.text
    assert "clerk" in empty_client.get("/agents").text
    assert empty_world.store.get(Connection, "code:shop") is not None


def test_a_new_connection_of_which_nothing_was_read_is_not_remembered(empty_client: Client, empty_world: World) -> None:
    page = empty_client.after("/connections/postgres", url="postgresql://reader@127.0.0.1:9/fnops")
    assert "postgres:fnops could not be read" in page.text
    assert "it is not remembered, because nothing of it was ever read" in page.text
    assert "failed" in page.text
    assert empty_world.store.get(Connection, "postgres:fnops") is None
    onward = [link.get("href") for link in page.main.all("a") if link.has_class("button")]
    assert onward == ["/connections"]
    assert empty_client.get("/connections").status == 200


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
    [
        ("code", {"path": ""}, "is empty"),
        ("code", {"path": "src/shop"}, "beginning with"),
        ("code", {"path": "~nobody-at-all/shop"}, "nobody"),
        ("code", {"path": "/nowhere/at/all"}, "does not exist"),
        ("code", {"path": "/", "name": "-x"}, "is not a name"),
        ("aws", {"trail": "org-trail/AWSLogs"}, "is not a place of CloudTrail files"),
        ("aws", {"endpoint_url": "ftp://127.0.0.1"}, "is not an address"),
        ("postgres", {"url": "mysql://db/shop"}, "is not an address of a database"),
        ("postgres", {"url": "postgresql://r@db/shop", "log": "logs"}, "beginning with"),
        ("decisions", {"file": "/nowhere.jsonl"}, "is no file"),
    ],
)
def test_what_cannot_be_connected_is_told_beside_its_form_and_stays_typed(
    client: Client, world: World, kind: str, fields: dict[str, str], told: str
) -> None:
    before = world.store.sequence()
    page = client.post(f"/connections/{kind}", **fields)
    assert page.status == 409
    form = page.form(f"/connections/{kind}")
    assert told in form.text
    assert "--" not in form.all("div")[0].text
    assert form.inside("details") is not None
    assert "open" in form.inside("details").attributes  # type: ignore[union-attr]
    assert {name: value for name, value in typed(page, kind).items() if value and name != "word"} == {
        name: value for name, value in fields.items() if value
    }
    assert world.store.sequence() == before
    assert client.site.jobs.all() == []


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("postgres", {"url": f"postgresql://reader:{PASSWORD}@db.internal/shop"}),
        ("postgres", {"url": f"postgresql://reader@db.internal/shop?password={PASSWORD}"}),
        ("postgres", {"url": "postgresql://reader@db.internal/shop", "write_url": f"postgresql://w:{PASSWORD}@db.internal/shop"}),
        ("postgres", {"url": f"mysql://reader:{PASSWORD}@db.internal/shop"}),
        ("postgres", {"url": f"reader:{PASSWORD}@db.internal"}),
        ("postgres", {"url": "nonsense", "name": f"postgresql://reader:{PASSWORD}@db.internal/shop"}),
        ("postgres", {"url": "postgresql://reader@db.internal/shop", "name": f"postgresql://reader:{PASSWORD}@db.internal/shop"}),
        ("aws", {"endpoint_url": f"http://admin:{PASSWORD}@127.0.0.1:5000"}),
        ("aws", {"trail": f"https://admin:{PASSWORD}@bucket"}),
        ("code", {"path": f"https://me:{PASSWORD}@github.example/shop.git"}),
    ],
)
def test_a_secret_that_was_typed_is_refused_and_not_shown_again(client: Client, world: World, kind: str, fields: dict[str, str]) -> None:
    before = world.store.sequence()
    page = client.post(f"/connections/{kind}", **fields)
    assert page.status == 409
    assert PASSWORD not in page.html
    assert world.store.sequence() == before
    for path in ("/connections", "/jobs", "/"):
        assert PASSWORD not in client.get(path).html


def test_a_password_is_refused_with_the_way_to_give_one(client: Client) -> None:
    page = client.post("/connections/postgres", url=f"postgresql://reader:{PASSWORD}@db.internal/shop", name="shop")
    assert "PGPASSWORD" in page.form("/connections/postgres").text
    assert typed(page, "postgres")["url"] == ""
    assert typed(page, "postgres")["name"] == "shop"


def test_what_was_typed_is_shown_again_as_words_alone(client: Client) -> None:
    page = client.post("/connections/code", path=f"/nowhere/{hostile.IMAGE}", name=hostile.SCRIPT)
    assert typed(page, "code")["path"] == f"/nowhere/{hostile.IMAGE}"
    for written in hostile.NEVER_IN_A_PAGE:
        assert written not in page.html


def test_other_settings_replace_those_that_were_given_and_keep_what_was_seen(own_client: Client, own_world: World) -> None:
    page = own_client.get("/connections/code%3Acompany")
    given = typed(page, "code")
    assert given["name"] == "company"
    moved = own_world.folder / "moved"
    source(moved)
    own_client.after("/connections/code", path=str(moved), name="company", again=CODE)
    connection = own_world.store.get(Connection, CODE)
    assert connection is not None
    assert connection.settings == {"path": str(moved)}
    assert connection.since == own_world.ago(40)[:10] + connection.since[10:]
    wrong = own_client.post("/connections/code", path="/nowhere/else", name="company", again=CODE)
    assert (wrong.status, wrong.title) == (409, CODE)
    assert typed(wrong, "code")["path"] == "/nowhere/else"


def test_no_kind_of_connection_but_those_that_have_a_form(client: Client) -> None:
    assert client.post("/connections/mcp", path="/").status == 404
    assert client.post("/connections/aws%3Amain", path="/").status == 404


# --- scanning, disconnecting ---------------------------------------------------------------------------------------------------------


def test_one_connection_is_read_again_and_says_what_is_new(empty_client: Client, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    empty_client.after("/connections/code", path=str(folder))
    source(folder / "letters")
    page = empty_client.after("/scan", connection="code:shop")
    assert page.title == "Scan code:shop"
    assert "1 agent new: clerk" in page.text


def test_a_scan_that_reads_nothing_has_failed_and_says_why(own_client: Client) -> None:
    page = own_client.after("/scan", connection="postgres:archive")
    assert "failed" in page.text
    assert "postgres:archive could not be read" in page.text


def test_of_everything_that_is_read_again_what_could_be_read_counts(own_client: Client) -> None:
    page = own_client.after("/scan")
    assert page.title == "Scan everything"
    assert "code:company:" in page.text
    assert "postgres:archive could not be read" in page.text
    assert "done" in page.text


def test_a_scan_of_nothing_is_refused(own_client: Client, empty_client: Client) -> None:
    assert own_client.post("/scan", connection="aws:other").status == 404
    assert empty_client.post("/scan").status == 409


def test_what_is_disconnected_is_read_no_more_and_its_agents_are_gone(own_client: Client, own_world: World) -> None:
    page = own_client.get("/connections/code%3Acompany")
    assert "Its history stays" in page.text
    done = own_client.after("/connections/code%3Acompany/disconnect")
    assert "code:company is disconnected" in done.text
    assert own_client.get("/connections/code%3Acompany").status == 404
    connection = own_world.store.get(Connection, CODE)
    assert connection is not None
    assert not connection.is_connected
    assert all(known.is_gone for known in own_world.current().agents.values() if known.sources == (CODE,))
    assert own_client.post("/connections/code%3Acompany/disconnect").status == 404
