"""A connection that is given again: the new settings count once it can be read with them, and cost nothing before."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from remit.app.current import Current
from remit.app.turn import connect
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


def test_a_first_connection_that_cannot_be_read_is_remembered_and_can_be_mended(current: Current, tmp_path: Path) -> None:
    first = connect(current, at(tmp_path / "shpo"), {})
    second = connect(current, at(tmp_path / "shpoo"), {})

    assert not first.kept_settings
    assert not second.kept_settings
    assert current.connections["code:shop"].setting("path") == str(tmp_path / "shpoo")
