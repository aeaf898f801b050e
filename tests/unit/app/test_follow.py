"""Decision logs are followed into the store: nothing lost, nothing twice, whatever fails in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from remit.app import follow as following
from remit.app.follow import Follower
from remit.app.snapshot import Snapshots
from remit.model.decision import Decision, Outcome, Request, Step
from remit.model.errors import RefusedError
from remit.store.decisions import DecisionLog, Ids, logged_decision
from remit.store.records import Store

NOW_NS = 1_785_000_000_000_000_000


class Logged:
    """A log that a point writes, and the follower of it."""

    def __init__(self, folder: Path) -> None:
        self.store = Store.open(f"sqlite:///{folder / 'store.sqlite3'}")
        self.path = folder / "decisions.jsonl"
        self.other = folder / "other.jsonl"
        self.told: list[str] = []
        self.now = 0.0
        self.snapshots = Snapshots(self.store, lambda: datetime(2026, 7, 28, tzinfo=UTC))
        self.follower = Follower(self.snapshots, self.logs, self.told.append, monotonic=lambda: self.now)
        self._ids = Ids()

    def logs(self) -> Iterator[tuple[str, Path]]:
        yield "decisions:one", self.path
        yield "decisions:other", self.other

    def decide(self, number: int, path: Path | None = None, agent: str = "cost-triage") -> None:
        log = DecisionLog(path or self.path)
        for turn in range(number):
            request = Request(agent=agent, system="aws:s3", action="read", resource=f"arn:aws:s3:::x/{turn}")
            decision = Decision(id=self._ids.make(NOW_NS), outcome=Outcome.DENY, step=Step.NO_MATCH, because="denied: no line")
            log.append([logged_decision(request, decision, point="mcp", time_ns=NOW_NS, microseconds=5)])
        log.close()

    def kept(self) -> int:
        return len(self.store.decisions(limit=1000))


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Logged]:
    made = Logged(tmp_path)
    yield made
    made.store.close()


def test_what_a_point_wrote_is_in_the_store_after_a_look_and_once(logged: Logged) -> None:
    assert logged.follower.look() == 0
    logged.decide(3)
    assert logged.follower.look() == 3
    assert logged.follower.look() == 0
    logged.decide(2)
    logged.decide(1, logged.other)
    assert logged.follower.look() == 3
    assert logged.kept() == 6
    assert logged.told == []


def test_a_line_that_is_not_ended_is_left_for_the_next_look(logged: Logged) -> None:
    logged.decide(1)
    whole = logged.path.read_bytes()
    logged.path.write_bytes(whole[:-20])
    assert logged.follower.look() == 0
    logged.path.write_bytes(whole)
    assert logged.follower.look() == 1


def test_a_log_that_cannot_be_read_is_told_once_and_holds_up_no_other(logged: Logged, monkeypatch: pytest.MonkeyPatch) -> None:
    logged.decide(1)
    logged.decide(1, logged.other)
    read = following.read_decisions

    def some(current: object, source: str, path: Path, at: str) -> object:
        if path == logged.path:
            raise RefusedError(f"`{path}` cannot be read: permission denied")
        return read(current, source, path, at)  # type: ignore[arg-type]

    monkeypatch.setattr(following, "read_decisions", some)
    logged.follower.look()
    logged.follower.look()
    assert logged.kept() == 1
    assert len(logged.told) == 1
    assert "permission denied" in logged.told[0]
    monkeypatch.setattr(following, "read_decisions", read)
    assert logged.follower.look() == 1


def test_a_fault_is_told_without_its_words_and_the_next_look_goes_on(logged: Logged, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_all: object) -> object:
        raise ValueError("password=hunter2")

    monkeypatch.setattr(following, "read_decisions", broken)
    logged.decide(1)
    assert logged.follower.look() == 0
    assert logged.told == ["following the decision logs failed: ValueError"]
    monkeypatch.undo()
    assert logged.follower.look() == 1


def test_detections_run_after_something_came_in_and_not_at_each_look(logged: Logged, monkeypatch: pytest.MonkeyPatch) -> None:
    watched: list[str] = []
    monkeypatch.setattr(following, "watch", lambda _current, at: watched.append(at))
    logged.follower.look()
    assert watched == [], "nothing came in"
    logged.decide(1)
    logged.follower.look()
    logged.decide(1)
    logged.follower.look()
    assert len(watched) == 1
    logged.now += 60
    logged.follower.look()
    assert len(watched) == 2, "what came in since is not forgotten"
    logged.now += 60
    logged.follower.look()
    assert len(watched) == 2


def test_a_scan_that_is_under_way_is_not_waited_for_and_not_run_into(
    logged: Logged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched: list[str] = []
    monkeypatch.setattr(following, "watch", lambda _current, at: watched.append(at))
    monkeypatch.setattr(following, "_BUSY_SECONDS", 0.0)
    logged.decide(1)
    other = Store.open(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    with other.exclusive("scan"):
        assert logged.follower.look() == 1
        assert watched == []
    assert logged.follower.look() == 0
    assert len(watched) == 1
    other.close()
