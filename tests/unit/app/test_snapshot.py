"""One view of the store for many pages: as it is now, and looked up again only where something changed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.watch.records import known as agent

from remit.app import current
from remit.app.approvals import Versions, in_force
from remit.app.current import Current
from remit.app.intent import approve_text
from remit.app.signing import KEY_FILE
from remit.app.snapshot import Snapshots
from remit.govern import lifecycle
from remit.model.agent import AgentState
from remit.model.connection import Connection
from remit.model.errors import RefusedError
from remit.model.remit import Remit
from remit.model.standing import Ownership
from remit.store.records import Store

AT = "2026-07-28T00:00:00Z"
NOW = datetime(2026, 7, 28, tzinfo=UTC)


class Kept:
    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'store.sqlite3'}"
        self.store = Store.open(self.url)
        self.other = Store.open(self.url)
        """As another process has it."""
        self.snapshots = Snapshots(self.store, lambda: NOW)

    @property
    def current(self) -> Current:
        return self.snapshots.current()

    def approve(self, slug: str, calls: int) -> None:
        """As another process does."""
        approve_text(Current(self.other, NOW), REMIT.format(slug=slug, calls=calls).encode(), "x.yaml", "dana@example.com", "dana", AT)


REMIT = """\
remit: 1
agent: {slug}
purpose: Read.
owner: {{contact: dana@example.com}}
objectives:
  read: {{why: To report., can: [{{call: "mcp:files", resource: read}}]}}
limits: {{calls: {calls}/hour}}
"""


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path)
    yield made
    made.store.close()
    made.other.close()


def test_it_is_the_same_for_as_long_as_nothing_is_appended(kept: Kept) -> None:
    kept.other.put(agent("reader"), seen=AT)
    first = kept.current
    assert list(first.agents) == ["reader"]
    assert kept.current is first
    assert kept.snapshots.fresh() is not first


def test_what_another_process_appends_is_seen_by_the_next_question(kept: Kept) -> None:
    assert kept.current.agents == {}
    kept.other.put(agent("reader"), seen=AT)
    assert list(kept.current.agents) == ["reader"]
    kept.other.put(lifecycle.suspended(lifecycle.discovered("reader", AT), AT, "dana", "odd"), seen=AT)
    assert kept.current.state("reader") is AgentState.SUSPENDED
    kept.other.put(Ownership(agent="reader", person="dana@example.com", since=AT, by="dana"), seen=AT)
    assert kept.current.owner("reader") == "dana@example.com"


def test_a_page_that_is_being_made_goes_on_with_what_it_was_given(kept: Kept) -> None:
    kept.other.put(agent("reader"), seen=AT)
    page = kept.current
    assert page.state("reader") is AgentState.DISCOVERED
    kept.other.put(lifecycle.suspended(lifecycle.discovered("reader", AT), AT, "dana", "odd"), seen=AT)
    assert kept.current.state("reader") is AgentState.SUSPENDED
    assert page.state("reader") is AgentState.DISCOVERED


def test_a_quarantine_costs_no_look_at_identities_and_a_connection_does(kept: Kept) -> None:
    looked_up = kept.current.principals
    kept.other.put(lifecycle.suspended(lifecycle.discovered("reader", AT), AT, "dana", "odd"), seen=AT)
    assert kept.current.principals is looked_up
    kept.other.put(Ownership(agent="reader", person="dana@example.com", since=AT, by="dana"), seen=AT)
    assert kept.current.principals is not looked_up, "whoever answers for an agent is a person"
    looked_up = kept.current.principals
    kept.other.put(Connection(id="code:x", kind="code", name="x"), seen=AT)
    assert kept.current.principals is not looked_up


def test_other_keys_are_looked_at_again(kept: Kept) -> None:
    first = kept.current
    (kept.store.folder / "trusted-keys").write_text("# nobody\n")
    assert kept.current is not first


def test_an_approved_document_is_read_again_only_when_its_versions_or_the_keys_changed(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    read: list[str] = []

    def counted(slug: str, versions: Versions, trusted: frozenset[str], folder: Path) -> Remit:
        read.append(slug)
        return in_force(slug, versions, trusted, folder)

    monkeypatch.setattr(current, "in_force", counted)
    for slug in ("reader", "writer"):
        kept.other.put(agent(slug), seen=AT)
        kept.other.put(Ownership(agent=slug, person="dana@example.com", since=AT, by="dana"), seen=AT)
        kept.approve(slug, 100)
    assert sorted(kept.current.remits) == ["reader", "writer"]
    read.clear()
    kept.other.put(Ownership(agent="reader", person="lee@example.com", since=AT, by="dana"), seen=AT)
    kept.other.put(Connection(id="code:x", kind="code", name="x", settings={}, since=AT), seen=AT)
    assert (sorted(kept.current.remits), read) == (["reader", "writer"], [])
    kept.approve("writer", 200)
    read.clear()
    calls = kept.current.remits["writer"].limits.calls
    assert (calls is not None and calls.amount, set(read)) == (200, {"writer"})
    (kept.store.folder / KEY_FILE).unlink()
    assert (kept.current.remits, sorted(kept.current.remit_faults)) == ({}, ["reader", "writer"])


def test_a_store_that_cannot_be_asked_is_told_and_asked_again(kept: Kept, tmp_path: Path) -> None:
    kept.other.put(agent("reader"), seen=AT)
    assert kept.current.agents
    path = tmp_path / "store.sqlite3"
    path.rename(tmp_path / "gone")
    with pytest.raises(RefusedError):
        kept.current.store.put(agent("writer"), seen=AT)
    (tmp_path / "gone").rename(path)
    assert kept.current.agents


def test_many_that_ask_at_once_while_it_changes_are_given_what_is_so(kept: Kept) -> None:
    wrong: list[str] = []
    together = threading.Barrier(5)

    def read() -> None:
        together.wait()
        for _ in range(30):
            before = kept.other.sequence()
            seen = len(kept.current.agents)
            # Each append is one agent: what stood there before the question is in the answer.
            if not before <= seen <= 20:
                wrong.append(f"{seen} of {before}")

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    together.wait()
    for number in range(20):
        kept.other.put(agent(f"agent-{number}"), seen=AT)
    for thread in threads:
        thread.join()
    assert wrong == []
