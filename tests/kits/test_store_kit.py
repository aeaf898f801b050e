"""The store kit on both backends; and the kit itself, on stores that do one thing wrong."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.servers import LivePostgres

from remit.model.event import Event, Use
from remit.model.standing import Standing
from remit.store.records import Store
from remit.testing.kits.store import violations


def _files(folder: Path) -> Callable[[], str]:
    numbers = itertools.count()
    return lambda: f"sqlite:///{folder}/{next(numbers)}.sqlite3"


def test_sqlite_passes_the_kit(tmp_path: Path) -> None:
    assert violations(_files(tmp_path)) == []


def test_postgres_passes_the_kit(postgres: LivePostgres) -> None:
    numbers = itertools.count()
    assert violations(lambda: postgres.new_database(f"kit-{next(numbers)}")) == []


class _Forgets(Store):
    def history(self, kind: Any, key: str) -> list[Any]:
        return super().history(kind, key)[-1:]


class _AppendsAlways(Store):
    def put_all(self, items: Iterable[Any], *, seen: str, by: str = "") -> list[Any]:
        kept = list(items)
        for item in kept:
            self.remove(type(item), getattr(item, "agent", ""), seen=seen)
        return super().put_all(kept, seen=seen, by=by)


class _KeepsTheGone(Store):
    def remove(self, kind: type[Any], key: str, *, seen: str, by: str = "") -> bool:
        return self.get(kind, key) is not None


class _LivesInThePresent(Store):
    def get(self, kind: Any, key: str, as_of: str | None = None) -> Any:
        return super().get(kind, key)


class _StandsStill(Store):
    def sequence(self, kind: type[Any] | None = None) -> int:
        return 7


class _CommitsAtOnce(Store):
    @contextmanager
    def transaction(self) -> Any:
        yield


class _LetsEverybodyIn(Store):
    @contextmanager
    def exclusive(self, name: str, wait_s: float | None = None) -> Any:
        yield


class _CountsTwice(Store):
    def add_events(self, events: Iterable[Event], cursors: Mapping[str, str] | None = None, **more: Any) -> int:
        renamed = [msgspec.structs.replace(event, id=f"{event.id}-{number}") for number, event in enumerate(events)]
        return super().add_events(renamed, cursors, **more)


class _LosesTheCursor(Store):
    def cursor(self, source: str) -> str | None:
        return None


class _TakesTheLastForTheLatest(Store):
    def uses(self, agent: str | None = None, principal: str | None = None) -> list[Use]:
        return [msgspec.structs.replace(use, last=use.first) for use in super().uses(agent, principal)]


class _Stays(Store):
    def rebind(self, assign: Any) -> int:
        return 0


class _OldestFirst(Store):
    def events(self, agent: str | None = None, limit: int = 100, before: str | None = None) -> list[Event]:
        return super().events(agent, limit, before)[::-1]


class _SplitsBySession(Store):
    def add_events(self, events: Iterable[Event], cursors: Mapping[str, str] | None = None, **more: Any) -> int:
        return super().add_events([msgspec.structs.replace(event, principal=event.principal + event.session) for event in events], cursors)


class _ForgetsWhenRebuilt(Store):
    def rebuild(self) -> None:
        super().rebuild()
        self.remove(Standing, self.all(Standing)[0].agent, seen="")


WRONG = {
    _Forgets: "an equal record appends nothing",
    _AppendsAlways: "an equal record appends nothing",
    _KeepsTheGone: "a removed record is gone",
    _LivesInThePresent: "the state of an earlier time",
    _StandsStill: "a sequence grows",
    _CommitsAtOnce: "a transaction is kept whole",
    _LetsEverybodyIn: "one holder of a name at a time",
    _CountsTwice: "events are counted once",
    _LosesTheCursor: "events are counted once",
    _TakesTheLastForTheLatest: "events are counted once",
    _Stays: "other bindings move what happened",
    _OldestFirst: "an agent's events are listed newest first",
    _SplitsBySession: "sessions and temporary credentials",
    _ForgetsWhenRebuilt: "heads made anew",
}


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__.strip("_"))
def test_the_kit_tells_what_a_store_does_wrong(wrong: type[Store], tmp_path: Path) -> None:
    assert violations(_files(tmp_path), wrong.open, WRONG[wrong])
