"""The whole service joined: which logs it follows, and that it ends in good order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from remit.app.api import whole as joining
from remit.app.api.metrics import WatchedLog
from remit.app.api.whole import Place, Whole, whole
from remit.app.jobs import Result, Say
from remit.app.settings import decision_log, state_folder
from remit.contracts.exporter import Target
from remit.model.errors import RefusedError, UsageError


class Joined:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder / 'store.sqlite3'}"
        self.log = WatchedLog(folder / "state" / "decisions" / "decisions.jsonl")
        self.said: list[str] = []
        self.announced: list[str] = []
        self.parts = self.made()

    def made(self, webhook: Target | None = None) -> Whole:
        place = Place("127.0.0.1", 8686, "http://127.0.0.1:8686", self.log.path.parent)
        return whole(self.url, self.log, "token", place, ("operator", {}), self.said.append, webhook, announce=self.announced.append)


@pytest.fixture
def joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Joined]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    made = Joined(tmp_path)
    yield made
    made.log.close()


def test_with_nothing_under_way_it_ends_at_once_and_says_nothing(joined: Joined) -> None:
    joining._end(joined.parts)
    assert joined.said == []


def test_work_that_is_under_way_is_waited_for(joined: Joined) -> None:
    go_on, done = threading.Event(), threading.Event()

    def work(_say: Say) -> Result:
        go_on.wait(20)
        done.set()
        return Result()

    joined.parts.site.jobs.start("Apply plan:1 of reader", work)
    ending = threading.Thread(target=joining._end, args=(joined.parts,))
    ending.start()
    go_on.set()
    ending.join(20)
    assert done.is_set()
    assert [line for line in joined.said if "cut off" in line] == []


def test_work_that_takes_too_long_is_cut_off_and_named(joined: Joined, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "_PATIENCE_SECONDS", 0.0)
    go_on = threading.Event()

    def work(_say: Say) -> Result:
        go_on.wait(20)
        return Result()

    joined.parts.site.jobs.start("Apply plan:1 of reader", work)
    joining._end(joined.parts)
    assert [line.split(":")[0] for line in joined.said] == ["waiting up to 0 s for", "cut off"]
    assert all("plan:1 of reader" in line for line in joined.said)
    go_on.set()
    assert joined.parts.site.jobs.wait(20) == []


def test_logs_are_named_as_a_scan_names_them_where_it_reads_them_too(joined: Joined, tmp_path: Path) -> None:
    scanned = decision_log(state_folder()).parent
    scanned.mkdir(parents=True)
    own = scanned / "decisions.jsonl"
    own.touch()
    (scanned / "gateway.jsonl").touch()
    found = dict(joining._logs(scanned, own))
    assert set(found) == {"decisions:state/decisions.jsonl", "decisions:state/gateway.jsonl"}
    elsewhere = joined.log.path
    assert dict(joining._logs(elsewhere.parent, elsewhere)) == {f"decisions:{elsewhere}": elsewhere}
    other = tmp_path / "other.jsonl"
    assert dict(joining._logs(scanned, other))[f"decisions:{other}"] == other


def test_a_webhook_that_cannot_be_one_stops_it_before_anything_is_opened(joined: Joined) -> None:
    for target in (Target(url="ftp://x/", secret=""), Target(url="http://127.0.0.1:9/", secret="short")):
        with pytest.raises(UsageError):
            joined.made(target)


def test_no_store_is_made_in_the_place_of_one_that_is_gone(joined: Joined) -> None:
    path = joined.folder / "store.sqlite3"
    assert joined.parts.policy().fault == ""
    path.rename(joined.folder / "away")
    for _ in range(2):
        assert "store" in joined.parts.policy().fault
    assert not path.exists()
    with pytest.raises(RefusedError):
        joined.parts.site.current.store.sequence()
    (joined.folder / "away").rename(path)
    assert joined.parts.policy().fault == ""
    joining._end(joined.parts)
