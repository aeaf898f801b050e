"""While a system is read its counts are told: what came so far, and never a word of what was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from remit.app.current import Current
from remit.app.scan import look
from remit.app.views.progress_text import progress_text
from remit.contracts.source import Progress
from remit.contracts.system import RawRecord, Works
from remit.model.access import NativeObject
from remit.model.connection import Connection
from remit.store.records import Store

AT = "2026-11-26T10:00:00Z"
HOSTILE = "\x1b]0;owned\x07AKIAABCDEFGHIJKLMNOP"


class Reader:
    """A system with 120 things and a log of 1,001 records, named by whoever attacks."""

    def read(self) -> Iterator[NativeObject]:
        for number in range(120):
            yield NativeObject(connection="aws:main", kind="iam:role", id=f"{HOSTILE}{number}", body={})

    def records(self, _cursor: str | None) -> Iterator[RawRecord]:
        for number in range(1001):
            yield RawRecord(place=f"{HOSTILE}:{number}", payload=HOSTILE.encode(), cursor=str(number))

    def close(self) -> None:
        """Nothing is open."""


class System:
    features: Mapping[str, Any] = {"read": Works(), "audit": Works()}

    def open(self, *_: object) -> Reader:
        return Reader()

    def principals(self, _objects: object) -> tuple[()]:
        return ()

    def auditor(self, *_: object) -> Any:
        return lambda _record: ()


@pytest.fixture
def current(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Current]:
    monkeypatch.setattr(Current, "identity_system", lambda *_: System())
    with Store.open(f"sqlite:///{tmp_path}/store.sqlite3") as store:
        yield Current(store, now=datetime(2026, 11, 26, 10, tzinfo=UTC))


@pytest.mark.parametrize("kind", ["aws", "postgres"])
def test_a_system_tells_its_counts_and_no_word_of_what_was_read(current: Current, kind: str) -> None:
    told: list[Progress] = []
    scan = look(current, Connection(id=f"{kind}:main", kind=kind, name="main", settings={}), {}, AT, told.append)
    assert not scan.fault
    assert [progress_text(each) for each in told] == [
        "1 identities and other things read",
        "51 identities and other things read",
        "101 identities and other things read",
        "1 audit records read",
        "501 audit records read",
        "1,001 audit records read",
    ]


def test_nobody_is_told_where_nobody_asks(current: Current) -> None:
    assert look(current, Connection(id="aws:main", kind="aws", name="main", settings={}), {}, AT).objects == 120


def test_code_tells_its_files_and_their_size() -> None:
    assert progress_text(Progress(files=1_200, bytes=3_400_000, path=HOSTILE)) == "1,200 files looked at, 3.4 MB"
