"""Decisions in the order of their ids, page by page; and what came in since the last look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from remit.model.connection import Connection
from remit.model.decision import Outcome
from remit.model.event import Event, Result
from remit.store.records import Store

AT = "2026-07-28T00:00:00Z"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite3'}") as opened:
        yield opened


def decision(number: int, **fields: Any) -> Event:
    identifier = f"id-{number:06}"
    return Event(
        **{
            "id": identifier, "source": "decisions:edge", "happened": f"2026-07-28T00:{number // 60:02}:{number % 60:02}Z",
            "principal": "", "system": "aws:s3", "action": "read", "resource": "x", "result": Result.ALLOWED, "place": f"log:{number}",
            "agent": "reader", "decision": identifier, "outcome": Outcome.ALLOW, "because": "allowed", **fields,
        }
    )  # fmt: skip


def record(number: int) -> Event:
    """Of an audit log: an action, and no decision."""
    return decision(number, id=f"a-{number}", source="aws:main", decision="", outcome=None, principal="aws:role/x")


def numbers(events: list[Event]) -> list[int]:
    return [int(event.decision.removeprefix("id-")) for event in events]


def paged(store: Store, **narrowed: Any) -> list[int]:
    found: list[int] = []
    before: str | None = None
    while events := store.decisions(limit=3, before=before, **narrowed):
        found += numbers(events)
        before = events[-1].decision
    return found


def test_decisions_of_every_log_are_read_newest_first_page_by_page(store: Store) -> None:
    store.add_events([decision(number, source=f"decisions:{number % 3}") for number in range(20)])
    store.add_events([record(number) for number in range(100, 110)])
    assert paged(store) == list(reversed(range(20)))
    assert numbers(store.decisions(limit=5)) == [19, 18, 17, 16, 15]


def test_they_are_narrowed_to_an_agent_and_to_what_was_not_allowed(store: Store) -> None:
    store.add_events(
        decision(
            number,
            agent="reader" if number % 2 else "writer",
            session=f"s-{number % 5}",
            result=(Result.ALLOWED, Result.DENIED, Result.STOPPED)[number % 3],
        )
        for number in range(60)
    )
    assert paged(store, agent="reader") == [number for number in reversed(range(60)) if number % 2]
    assert paged(store, only_denied=True) == [number for number in reversed(range(60)) if number % 3]
    assert paged(store, agent="writer", only_denied=True) == [number for number in reversed(range(60)) if not number % 2 and number % 3]
    assert paged(store, agent="nobody") == []


def test_what_came_in_is_given_once_and_nothing_is_left_out(store: Store) -> None:
    store.add_events([decision(1, result=Result.DENIED)])
    last = store.last_event()
    assert store.denials_after(last) == ([], last)
    store.add_events([decision(number, result=Result.DENIED if number % 2 else Result.ALLOWED) for number in range(2, 30)])
    store.add_events([record(100), decision(30, result=Result.STOPPED)])
    found: list[int] = []
    for _ in range(20):
        denials, last = store.denials_after(last, most=4)
        found += numbers([event for _, event in denials])
        assert all(number <= last for number, _ in denials)
    assert found == [*(number for number in range(2, 30) if number % 2), 30]
    assert last == store.last_event()


def test_an_empty_store_has_nothing_to_tell(store: Store) -> None:
    assert (store.decisions(), store.last_event(), store.denials_after(0)) == ([], 0, ([], 0))


def test_versions_are_given_in_the_order_in_which_they_were_appended(store: Store) -> None:
    for name in ("a", "b", "a", "c"):
        store.put(Connection(id=f"code:{name}", kind="code", name=name, since=str(store.sequence())), seen=AT)
    store.remove(Connection, "code:b", seen=AT)
    changes = store.changes(Connection, 0)
    assert [(one.record.id, one.is_gone) for one in changes] == [
        ("code:a", False), ("code:b", False), ("code:a", False), ("code:c", False), ("code:b", True),
    ]  # fmt: skip
    assert [one.record.id for one in store.changes(Connection, changes[1].sequence, most=2)] == ["code:a", "code:c"]
    assert store.changes(Connection, store.sequence()) == []
