"""Denials and findings are told in order, each at least once, whatever the receiver and the store do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from remit.app.notify import Notifier
from remit.contracts.exporter import UndeliveredError
from remit.model.decision import Outcome
from remit.model.errors import RefusedError
from remit.model.event import Event, Result
from remit.model.finding import Finding, FindingState, Severity
from remit.model.notice import Notice, NoticeKind
from remit.store.records import Store

START = "2026-07-28T00:00:00Z"
LATER = "2026-07-28T10:00:00.5Z"
FINDING = Finding(
    id="finding:0123456789ab", rule="no-owner", agent="reader", key="k", severity=Severity.HIGH, title="nobody owns it",
    evidence=("a.py:1",), owner=None, remedy="`remit owner reader PERSON`", opened=START,
)  # fmt: skip


class Receiver:
    """Takes what it is told, or does not."""

    shown = "http://receiver"

    def __init__(self) -> None:
        self.taken: list[Notice] = []
        self.asked: list[str] = []
        self.answer: UndeliveredError | None = None
        self.is_closed = False

    def send(self, notice: Notice) -> None:
        self.asked.append(notice.id)
        if self.answer is not None:
            raise self.answer
        self.taken.append(notice)

    def close(self) -> None:
        self.is_closed = True


class Told:
    """A store, a receiver, and who tells it."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'store.sqlite3'}"
        self.store = Store.open(self.url)
        self.receiver = Receiver()
        self.said: list[str] = []
        self.number = 0
        self.notifier = self.another()

    def another(self, name: str = "http://receiver/hook", now: str = START) -> Notifier:
        """As after a restart."""
        return Notifier(lambda: Store.open(self.url), self.receiver, name, self.said.append, lambda: now)

    def look(self) -> int:
        return self.notifier.look(self.store)

    def denied(self, agent: str = "reader", happened: str = LATER, **fields: Any) -> None:
        self.number += 1
        event = Event(
            **{
                "id": f"d-{self.number:04}", "source": "decisions:edge", "happened": happened, "principal": "", "system": "aws:s3",
                "action": "read", "resource": "x", "result": Result.DENIED, "place": f"log:{self.number}", "agent": agent,
                "decision": f"d-{self.number:04}", "outcome": Outcome.DENY, "because": "denied: no line", **fields,
            }
        )  # fmt: skip
        self.store.add_events([event])

    def finding(self, **fields: Any) -> None:
        self.store.put(msgspec.structs.replace(FINDING, **fields), seen=LATER)

    @property
    def kinds(self) -> list[NoticeKind]:
        return [notice.kind for notice in self.receiver.taken]


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    made = Told(tmp_path)
    yield made
    made.store.close()


def test_the_first_start_tells_only_of_what_comes_after_it(told: Told) -> None:
    told.denied()
    told.finding()
    assert told.look() == 0
    told.denied(resource="y")
    told.finding(id="finding:00000000000b")
    assert told.look() == 2
    assert told.kinds == [NoticeKind.DENIED, NoticeKind.OPENED]
    assert told.look() == 0


def test_a_first_start_whose_clock_was_a_year_ahead_silences_nothing_once_it_is_right(told: Told) -> None:
    told.notifier = told.another(now="2027-07-28T00:00:00Z")
    told.denied()
    assert told.look() == 0
    told.notifier = told.another()
    told.denied(resource="y")
    told.denied(happened="2026-07-27T23:59:59.9Z", resource="of yesterday")
    assert told.look() == 1
    assert told.receiver.taken[0].denied is not None
    assert told.receiver.taken[0].denied.resource == "y"


def test_what_happened_before_the_first_start_is_not_told_whenever_it_is_read(told: Told) -> None:
    told.look()
    told.denied(happened="2026-07-27T23:59:59.9Z")
    told.denied(happened="2026-07-28T00:00:00.1Z", resource="now")
    assert told.look() == 1
    assert told.receiver.taken[0].denied is not None
    assert told.receiver.taken[0].denied.resource == "now"


def test_only_what_was_not_allowed_at_a_point_is_told(told: Told) -> None:
    told.look()
    told.denied(result=Result.ALLOWED, outcome=Outcome.ALLOW)
    told.denied(source="aws:main", decision="", outcome=None)
    told.denied(result=Result.STOPPED, because="denied: it is suspended")
    told.denied(result=Result.DENIED, outcome=Outcome.ASK)
    assert told.look() == 2


def test_denials_in_a_row_that_are_alike_are_told_as_one_with_their_number(told: Told) -> None:
    told.look()
    for _ in range(100):
        told.denied()
    told.denied(agent="writer")
    told.denied()
    told.look()
    assert [notice.count for notice in told.receiver.taken] == [100, 1, 1]
    assert len({notice.id for notice in told.receiver.taken}) == 3


def test_a_finding_is_told_when_it_opens_and_closes_and_not_when_it_is_accepted(told: Told) -> None:
    told.look()
    told.finding()
    told.finding(title="nobody owns it, still")
    told.finding(state=FindingState.ACCEPTED, accepted_until="2026-08-01", accepted_because="x", accepted_by="dana")
    told.look()
    assert told.kinds == [NoticeKind.OPENED]
    told.finding()
    told.finding(state=FindingState.CLOSED, closed=LATER)
    told.finding()
    told.look()
    assert told.kinds == [NoticeKind.OPENED, NoticeKind.OPENED, NoticeKind.CLOSED, NoticeKind.OPENED]
    assert len({notice.id for notice in told.receiver.taken}) == 4


def test_what_is_not_taken_is_sent_again_under_the_same_id_and_nothing_overtakes_it(told: Told) -> None:
    told.look()
    told.denied()
    told.denied(agent="writer")
    told.receiver.answer = UndeliveredError("it does not answer")
    assert told.look() == 0
    told.denied(agent="writer")
    assert told.look() == 0
    assert len(set(told.receiver.asked)) == 1
    assert (told.notifier.failures, told.notifier.failure) == (2, "it does not answer")
    assert told.said == ["it does not answer; it is tried again, and what is not told yet is kept"], "once"
    told.receiver.answer = None
    assert told.look() == 3
    assert told.notifier.failure == ""
    assert [notice.denied.agent for notice in told.receiver.taken if notice.denied] == ["reader", "writer", "writer"]


def test_a_restart_neither_loses_nor_repeats(told: Told) -> None:
    told.look()
    told.denied()
    told.finding()
    told.receiver.answer = UndeliveredError("down")
    told.look()
    told.notifier = told.another()
    told.receiver.answer = None
    assert told.look() == 2
    told.notifier = told.another()
    assert told.look() == 0
    told.denied()
    told.notifier = told.another()
    assert told.look() == 1


def test_another_receiver_begins_by_itself(told: Told) -> None:
    told.look()
    told.denied()
    told.notifier = told.another("http://receiver/other")
    assert told.look() == 0


def test_it_waits_longer_and_longer_and_as_long_as_the_receiver_asks(told: Told) -> None:
    told.look()
    told.denied()
    told.receiver.answer = UndeliveredError("busy")
    pauses = []
    for _ in range(12):
        told.look()
        pauses.append(told.notifier._pause)
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    told.receiver.answer = UndeliveredError("busy", wait_seconds=1000)
    told.look()
    assert told.notifier._pause == 1000
    told.receiver.answer = None
    told.look()
    assert told.notifier._pause == 0


def test_what_will_never_be_taken_is_given_up_after_some_tries_and_told(told: Told) -> None:
    told.look()
    told.denied()
    told.finding()
    told.receiver.answer = UndeliveredError("it answered 400", is_for_good=True)
    for _ in range(4):
        assert told.look() == 0
    assert told.notifier.given_up == 0
    told.receiver.answer = UndeliveredError("it answered 400", is_for_good=True)
    told.look()
    assert told.notifier.given_up == 1
    assert "is not told" in told.said[-1]
    told.receiver.answer = None
    assert told.look() == 1
    assert told.kinds == [NoticeKind.OPENED]


def test_what_was_taken_is_not_sent_again_because_the_store_was_busy(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    told.look()
    told.denied()
    add = told.store.add_events

    def busy(*_all: Any, **_more: Any) -> int:
        raise RefusedError("the store is locked")

    monkeypatch.setattr(told.store, "add_events", busy)
    with pytest.raises(RefusedError):
        told.look()
    with pytest.raises(RefusedError):
        told.look()
    assert len(told.receiver.asked) == 1
    monkeypatch.setattr(told.store, "add_events", add)
    assert told.look() == 0
    told.notifier = told.another()
    assert told.look() == 0


def test_a_mark_that_cannot_be_read_begins_anew(told: Told) -> None:
    told.look()
    told.denied()
    told.store.add_events((), {told.notifier._source: "{"})
    assert told.look() == 0
    told.denied()
    assert told.look() == 1


def test_the_thread_tells_and_ends_when_it_is_stopped(told: Told) -> None:
    looked = threading.Semaphore(0)

    def wait(ended: threading.Event, _seconds: float) -> bool:
        looked.release()
        return ended.wait(0.001)

    notifier = Notifier(lambda: Store.open(told.url), told.receiver, "x", told.said.append, lambda: START, wait)
    notifier.start()
    told.denied()
    for _ in range(400):
        assert looked.acquire(timeout=10)
        if told.receiver.taken:
            break
    notifier.stop(10)
    assert told.kinds == [NoticeKind.DENIED]
    assert told.receiver.is_closed
    assert not notifier._thread.is_alive()
