"""What a system did not show because it could not is not absent: objects, their parts, and the findings that rest on them stay."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from remit.app.current import Current
from remit.app.scan import keep_state
from remit.model.access import NativeObject
from remit.model.connection import Connection
from remit.model.evidence import Gap, GapKind
from remit.model.place import Place
from remit.store.records import Store

AT = "2026-11-26T10:00:00Z"
ARN = "arn:aws:iam::123456789012:user/dana"
CONNECTION = Connection(id="aws:main", kind="aws", name="main", settings={})
KEYS = [{"fingerprint": "0a", "shown": "****WXYZ", "Status": "Active"}]


@pytest.fixture
def current(tmp_path: Path) -> Iterator[Current]:
    with Store.open(f"sqlite:///{tmp_path}/store.sqlite3") as store:
        store.put(CONNECTION, seen=AT)
        yield Current(store, now=datetime(2026, 11, 26, 10, tzinfo=UTC))


def _user(**body: Any) -> NativeObject:
    return NativeObject(connection="aws:main", kind="iam:user", id=ARN, body={"Arn": ARN, **body})


def _gap(kind: GapKind, path: str = ARN, *, is_file: bool = False) -> Gap:
    return Gap(place=Place(path), kind=kind, what="its keys were not read", is_file=is_file)


@pytest.mark.parametrize("kind", [GapKind.NO_PERMISSION, GapKind.NO_ANSWER])
def test_a_part_that_was_out_of_sight_stays_as_it_was_last_seen_and_its_policies_count_as_unread(current: Current, kind: GapKind) -> None:
    keep_state(current, CONNECTION, [_user(AccessKeys=KEYS, Tags={}, InlinePolicies=[])], AT)
    keep_state(current, CONNECTION, [_user(Tags={"a": "b"}), _gap(kind)], AT)
    (kept,) = current.objects("aws:main")
    assert kept.body == {"Arn": ARN, "AccessKeys": KEYS, "Tags": {"a": "b"}}


@pytest.mark.parametrize("gaps", [[], [_gap(GapKind.LEFT_OUT)], [_gap(GapKind.NO_PERMISSION, f"{ARN}-other")]])
def test_a_part_that_is_gone_is_gone(current: Current, gaps: list[Gap]) -> None:
    keep_state(current, CONNECTION, [_user(AccessKeys=KEYS)], AT)
    keep_state(current, CONNECTION, [_user(), *gaps], AT)
    (kept,) = current.objects("aws:main")
    assert kept.body == {"Arn": ARN}


@pytest.mark.parametrize("is_file", [True, False])
@pytest.mark.parametrize("kind", list(GapKind))
def test_a_connection_that_may_hide_something_counts_as_unread(current: Current, kind: GapKind, is_file: bool) -> None:
    current.store.put(keep_state(current, CONNECTION, [_user(), _gap(kind, is_file=is_file)], AT), seen=AT)
    current.forget("aws:main")
    assert current.unread == (["aws:main"] if kind in (GapKind.NO_PERMISSION, GapKind.NO_ANSWER, GapKind.NO_SUCH_PLACE) else [])
