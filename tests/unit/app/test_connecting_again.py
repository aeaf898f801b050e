"""A connection that is given again: the new settings count once it can be read with them, and cost nothing before."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from remit.app import turn as turning
from remit.app.current import Current
from remit.app.turn import connect, forget, turn
from remit.model.connection import Connection
from remit.model.ledger import Scan
from remit.store.records import Store

AT = "2026-11-26T10:00:00Z"


@pytest.fixture
def current(tmp_path: Path) -> Current:
    return Current(Store.open(f"sqlite:///{tmp_path / 'store.db'}"), now=datetime(2026, 11, 26, 10, tzinfo=UTC))


def at(folder: Path, **more: str) -> Connection:
    return Connection(id="code:shop", kind="code", name="shop", settings={"path": str(folder), **more}, since=AT)


def folder(parent: Path, name: str) -> Path:
    made = parent / name
    made.mkdir()
    (made / "README.md").write_text("# A shop\n", "utf-8")
    return made


def test_settings_that_cannot_be_read_with_never_replace_those_that_could(current: Current, tmp_path: Path) -> None:
    connect(current, at(folder(tmp_path, "shop"), log="kept"), {})

    came = connect(current, at(tmp_path / "shpo"), {})

    assert came.kept_settings
    assert any(scan.fault for scan in came.scans)
    assert current.connections["code:shop"].settings == {"path": str(tmp_path / "shop"), "log": "kept"}
    assert current.store.get(Scan, "code:shop").fault == ""  # type: ignore[union-attr]


def test_settings_that_can_be_read_with_replace_those_before(current: Current, tmp_path: Path) -> None:
    connect(current, at(folder(tmp_path, "shop")), {})

    came = connect(current, at(folder(tmp_path, "store")), {})

    assert not came.kept_settings
    assert current.connections["code:shop"].setting("path") == str(tmp_path / "store")


def test_a_new_connection_of_which_nothing_could_be_read_is_not_remembered(current: Current, tmp_path: Path) -> None:
    connect(current, at(folder(tmp_path, "shop")), {})
    misspelt = Connection(id="code:store", kind="code", name="store", settings={"path": str(tmp_path / "stroe")}, since=AT)

    came = connect(current, misspelt, {})

    assert came.is_not_kept
    assert not came.kept_settings
    assert [scan.connection for scan in came.scans if scan.fault] == ["code:store"]
    assert set(current.connections) == {"code:shop"}
    assert current.store.get(Connection, "code:store") is None
    assert [each["connection"] for each in came.coverage["connections"]] == ["code:shop"]
    assert not turn(current, list(current.connections.values()), {}).scans[0].fault, "a scan after it is not broken by it"


def test_one_that_was_disconnected_stays_so_until_it_can_be_read(current: Current, tmp_path: Path) -> None:
    connect(current, at(folder(tmp_path, "shop")), {})
    forget(current, "code:shop")

    came = connect(current, at(tmp_path / "shpo"), {})

    assert came.is_not_kept
    assert current.connections == {}
    kept = current.store.get(Connection, "code:shop")
    assert kept is not None
    assert kept.setting("path") == str(tmp_path / "shop")


def test_a_new_connection_that_showed_a_part_is_remembered(current: Current, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def looked(_current: Current, connection: Connection, *_others: object) -> Scan:
        return Scan(connection=connection.id, at=AT, objects=3, fault="its state was read, its audit records were not: no answer")

    monkeypatch.setattr(turning, "look", looked)
    came = connect(current, at(tmp_path), {})
    assert not came.is_not_kept
    assert set(current.connections) == {"code:shop"}


def test_settings_that_never_worked_are_replaced_by_others_that_do(current: Current, tmp_path: Path) -> None:
    first = at(tmp_path / "shpo")
    current.store.put(first, seen=AT)
    current.store.put(Scan(connection=first.id, at=AT, fault="does not exist"), seen=AT)

    connect(current, at(tmp_path / "shpoo"), {})
    assert current.connections["code:shop"] == first
    connect(current, at(folder(tmp_path, "shop")), {})
    assert current.connections["code:shop"].setting("path") == str(tmp_path / "shop")
