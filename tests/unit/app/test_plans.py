"""Plans are read once; after that a question costs what was appended since, and sees all of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.app.test_meant import AT, plan

from remit.app.plans import Plans
from remit.app.snapshot import Snapshots
from remit.model.errors import RefusedError
from remit.model.plan import Plan, PlanState
from remit.store import records
from remit.store.records import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite3'}") as opened:
        yield opened


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of the plans whose bodies were read."""
    keys: list[str] = []
    real = records.record_of

    def counted(kind: Any, key: str, form: int, body: str) -> Any:
        keys.append(key)
        return real(kind, key, form, body)

    monkeypatch.setattr(records, "record_of", counted)
    return keys


def test_what_is_there_is_read_once_and_then_only_what_was_appended(store: Store, read: list[str]) -> None:
    store.put_all([plan(number) for number in range(20)], seen=AT)
    plans = Plans(store)
    assert plans.all() == store.all(Plan)
    read.clear()
    assert len(plans.all()) == 20
    assert not read
    store.put(plan(7, PlanState.APPLIED), seen=AT)
    store.put(plan(30, agent="other"), seen=AT)
    assert plans.of("other") == [plan(30, agent="other")]
    assert read == [plan(7).id, plan(30).id]
    assert plans.all() == store.all(Plan)


def test_another_process_is_seen_too(store: Store, tmp_path: Path) -> None:
    plans = Plans(store)
    assert plans.all() == []
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite3'}") as other:
        other.put_all([plan(number) for number in range(600)], seen=AT)
        other.put(plan(3, PlanState.APPLYING), seen=AT)
    assert plans.all() == store.all(Plan)
    assert [one.id for one in plans.of("cost-triage")] == [one.id for one in store.all(Plan)]


def test_a_plan_that_is_removed_is_gone(store: Store) -> None:
    store.put_all([plan(1), plan(2)], seen=AT)
    plans = Plans(store)
    assert len(plans.all()) == 2
    store.remove(Plan, plan(1).id, seen=AT)
    assert plans.all() == [plan(2)] == plans.of("cost-triage")
    store.put(replace(plan(1), residue=("again",)), seen=AT)
    assert plans.all() == store.all(Plan)


def test_a_version_that_cannot_be_read_is_refused_until_another_one_replaces_it(store: Store, tmp_path: Path) -> None:
    store.put_all([plan(1), plan(2)], seen=AT)
    plans = Plans(store)
    assert len(plans.all()) == 2
    store.put(plan(1, PlanState.APPLYING), seen=AT)
    with sqlite3.connect(tmp_path / "store.sqlite3") as written:
        written.execute("UPDATE remit_record SET body = '{' WHERE sequence = (SELECT max(sequence) FROM remit_record)")
    for whoever in (plans.all, lambda: store.all(Plan)):
        with pytest.raises(RefusedError, match="damaged"):
            whoever()
    store.put(plan(1, PlanState.APPLIED), seen=AT)
    assert plans.all() == store.all(Plan)


def test_what_was_not_kept_is_forgotten(store: Store) -> None:
    store.put(plan(1), seen=AT)
    plans = Plans(store)
    with suppress(ValueError), store.transaction():
        store.put(plan(2), seen=AT)
        assert len(plans.all()) == 2
        raise ValueError("not kept")
    assert plans.all() == [plan(1)] == plans.of("cost-triage")


def test_every_view_of_a_store_shares_what_was_read(store: Store, read: list[str]) -> None:
    store.put_all([plan(number) for number in range(5)], seen=AT)
    snapshots = Snapshots(store, lambda: datetime(2030, 1, 1, tzinfo=UTC))
    snapshots.current().plans.all()
    read.clear()
    store.put(plan(2, PlanState.STUCK), seen=AT)
    assert [one.state for one in snapshots.current().plans.all()].count(PlanState.STUCK) == 1
    assert [one.state for one in snapshots.fresh().plans.all()].count(PlanState.STUCK) == 1
    assert read == [plan(2).id]
