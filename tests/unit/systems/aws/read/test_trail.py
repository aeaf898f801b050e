"""Reading a trail's files from a live bucket: every record once, and nothing that stops at a bad one."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.systems.aws.account import ADMIN, Account, allow, live_account

from remit.contracts.system import RawRecord
from remit.model.connection import Connection
from remit.model.evidence import Gap, GapKind
from remit.systems.aws.read import trail, trail_file
from remit.systems.aws.system import SYSTEM

LOGS = "audit/AWSLogs/123456789012"
DAY = f"{LOGS}/CloudTrail/eu-west-1/2026/03/01"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with live_account(tmp_path_factory.mktemp("aws")) as made:
        made.user("remit-read", ADMIN)
        made.user("remit-write", ADMIN)
        made.user("narrow", allow(["s3:ListBucket", "s3:GetObject"], ["arn:aws:s3:::narrowed", "arn:aws:s3:::narrowed/open/*"]))
        made.server.enforce()
        yield made


@pytest.fixture
def bucket(account: Account, request: pytest.FixtureRequest) -> Bucket:
    return Bucket(account, f"trail-{abs(hash(request.node.name)) % 10**9}")


class Bucket:
    """A bucket with a trail in it."""

    def __init__(self, account: Account, name: str) -> None:
        self.account = account
        self.name = name
        self._s3 = account.client("s3", "remit-write")
        self._s3.create_bucket(Bucket=name)

    def put(self, key: str, *ids: str, body: bytes | None = None) -> None:
        text = json.dumps({"Records": [{"eventID": name} for name in ids]}).encode()
        self._s3.put_object(Bucket=self.name, Key=key, Body=gzip.compress(text) if body is None else body)

    def connection(self, prefix: str = "audit", **settings: str) -> Connection:
        return self.account.connection(trail=f"s3://{self.name}/{prefix}", **settings)

    def read(self, cursor: str | None = None, **settings: str) -> tuple[list[str], list[Gap], str | None]:
        """(ids in order, gaps, the cursor to go on with)."""
        reader = SYSTEM.open(self.connection(**settings), self.account.environment())
        found = list(reader.records(cursor))
        reader.close()
        records = [item for item in found if isinstance(item, RawRecord)]
        ids = [json.loads(record.payload)["eventID"] for record in records]
        return ids, [item for item in found if isinstance(item, Gap)], records[-1].cursor if records else cursor


def test_every_record_of_every_account_and_region_is_read_once(bucket: Bucket) -> None:
    bucket.put(f"{DAY}/a.json.gz", "1", "2")
    bucket.put(f"{DAY}/b.json.gz", "3")
    bucket.put(f"{LOGS}/CloudTrail/us-east-1/2026/03/01/c.json.gz", "4")
    bucket.put("audit/AWSLogs/o-abc/210987654321/CloudTrail/us-east-1/2026/03/01/d.json.gz", "5")
    ids, gaps, cursor = bucket.read()
    assert (sorted(ids), gaps) == (["1", "2", "3", "4", "5"], [])
    assert bucket.read(cursor)[0] == []
    bucket.put(f"{LOGS}/CloudTrail/us-east-1/2026/02/27/late.json.gz", "6")
    assert "6" in bucket.read(cursor)[0]


def test_days_long_past_are_not_listed_again(bucket: Bucket) -> None:
    bucket.put(f"{LOGS}/CloudTrail/eu-west-1/2025/12/01/old.json.gz", "1")
    bucket.put(f"{DAY}/a.json.gz", "2")
    _, _, cursor = bucket.read()
    assert bucket.read(cursor)[0] == []
    bucket.put(f"{DAY}/b.json.gz", "3")
    ids, _, cursor = bucket.read(cursor)
    assert "3" in ids
    assert "1" not in ids
    assert bucket.read(cursor)[0] == []


def test_places_name_file_and_record(bucket: Bucket) -> None:
    bucket.put(f"{DAY}/a.json.gz", "1", "2")
    reader = SYSTEM.open(bucket.connection(), bucket.account.environment())
    assert [item.place for item in reader.records(None) if isinstance(item, RawRecord)] == [
        f"s3://{bucket.name}/{DAY}/a.json.gz#0",
        f"s3://{bucket.name}/{DAY}/a.json.gz#1",
    ]


def test_files_in_any_other_layout_are_read_too(bucket: Bucket) -> None:
    bucket.put("audit/2026-03-01/x.json.gz", "1")
    bucket.put("audit/2026-03-02/y.json", body=b'{"Records": [{"eventID": "2"}]}')
    ids, gaps, cursor = bucket.read()
    assert (ids, gaps) == (["1", "2"], [])
    assert bucket.read(cursor)[0] == []


def test_a_reading_that_is_cut_off_inside_a_file_begins_with_that_file_again(bucket: Bucket) -> None:
    bucket.put(f"{DAY}/a.json.gz", "1")
    bucket.put(f"{DAY}/b.json.gz", "2", "3")
    reader = SYSTEM.open(bucket.connection(), bucket.account.environment())
    records = [item for item in reader.records(None) if isinstance(item, RawRecord)]
    assert bucket.read(records[1].cursor)[0] == ["2", "3"]
    assert bucket.read(records[2].cursor)[0] == []


def test_digests_insights_and_other_objects_are_no_records(bucket: Bucket) -> None:
    bucket.put(f"{LOGS}/CloudTrail-Digest/eu-west-1/2026/03/01/d.json.gz", "digest")
    bucket.put(f"{LOGS}/CloudTrail-Insight/eu-west-1/2026/03/01/i.json.gz", "insight")
    bucket.put(f"{DAY}/", body=b"")
    bucket.put(f"{DAY}/readme.txt", body=b"hello")
    bucket.put(f"{DAY}/a.json.gz", "1")
    ids, gaps, _ = bucket.read()
    assert ids == ["1"]
    assert [gap.what[:9] for gap in gaps] == ["1 objects"]


BAD = {
    "an empty file": (b"", GapKind.PARSE_ERROR),
    "no gzip": (b"hello", GapKind.PARSE_ERROR),
    "a torn gzip": (gzip.compress(b'{"Records": [' + b'{"eventID": "x"},' * 500)[:60], GapKind.PARSE_ERROR),
    "rubbish behind the header": (b"\x1f\x8b\x08\x00" + b"z" * 40, GapKind.PARSE_ERROR),
    "another JSON": (gzip.compress(b"[1, 2]"), GapKind.PARSE_ERROR),
    "absurd nesting": (gzip.compress(b'{"Records": ' + b"[" * 200_000), GapKind.PARSE_ERROR),
    "no text": (gzip.compress(b'{"Records": ["\xff\xfe"'), GapKind.PARSE_ERROR),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_a_gap_and_stops_nothing(name: str, bucket: Bucket) -> None:
    body, kind = BAD[name]
    bucket.put(f"{DAY}/a.json.gz", "1")
    bucket.put(f"{DAY}/b.json.gz", body=body)
    bucket.put(f"{DAY}/c.json.gz", "2")
    ids, gaps, cursor = bucket.read()
    assert ids == ["1", "2"]
    assert [(gap.kind, gap.place.path) for gap in gaps] == [(kind, f"s3://{bucket.name}/{DAY}/b.json.gz")]
    assert bucket.read(cursor)[0] == []


def test_records_before_a_fault_are_kept(bucket: Bucket) -> None:
    bucket.put(f"{DAY}/a.json.gz", body=gzip.compress(b'{"Records":[{"eventID":"1"},{"eventID":"2"},{"eventID":'))
    ids, gaps, _ = bucket.read()
    assert ids == ["1", "2"]
    assert [(gap.kind, gap.is_file) for gap in gaps] == [(GapKind.PARSE_ERROR, False)]


def test_what_a_file_unpacks_to_is_bounded(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail_file, "MAX_BYTES", 5 << 20)
    bucket.put(f"{DAY}/bomb.json.gz", body=gzip.compress(b" " * (50 << 20)))
    bucket.put(f"{DAY}/c.json.gz", "1")
    ids, gaps, _ = bucket.read()
    assert ids == ["1"]
    assert [gap.kind for gap in gaps] == [GapKind.TOO_LARGE]


def test_a_file_that_may_not_be_read_is_tried_again_by_the_next_reading(account: Account) -> None:
    bucket = Bucket(account, "narrowed")
    bucket.put("open/a.json.gz", "1")
    bucket.put("open/b.json.gz", "2")
    bucket.put("closed/c.json.gz", "3")
    ids, gaps, cursor = bucket.read(profile="narrow", prefix="")
    assert ids == ["1", "2"]
    assert [(gap.kind, "`s3:GetObject`" in gap.what) for gap in gaps] == [(GapKind.NO_PERMISSION, True)]
    assert "3" in bucket.read(cursor, prefix="")[0], "once it may be read, it is"


def test_a_bucket_that_is_not_there_or_may_not_be_listed_is_a_gap(bucket: Bucket) -> None:
    ids, gaps, _ = bucket.read(profile="narrow")
    assert (ids, [gap.kind for gap in gaps]) == ([], [GapKind.NO_PERMISSION])
    assert "`s3:ListBucket`" in gaps[0].what
    reader = SYSTEM.open(bucket.account.connection(trail="s3://no-such-bucket-here/x"), bucket.account.environment())
    missing: list[Any] = list(reader.records(None))
    assert [gap.kind for gap in missing] == [GapKind.NO_SUCH_PLACE]
    assert "there is no bucket `no-such-bucket-here`" in missing[0].what


def test_a_place_where_no_trail_stands_is_a_gap_and_not_a_log_without_use(bucket: Bucket) -> None:
    bucket.put(f"{DAY}/a.json.gz", "1")
    _, _, cursor = bucket.read()
    reader = SYSTEM.open(bucket.connection("audti"), bucket.account.environment())
    missing: list[Any] = list(reader.records(None))
    reader.close()
    assert [(gap.kind, str(gap.place)) for gap in missing] == [(GapKind.NO_SUCH_PLACE, f"s3://{bucket.name}/audti")]
    assert bucket.read(cursor)[1] == [], "a trail of which everything was read is there all the same"


def test_a_server_that_goes_away_in_the_middle_loses_nothing(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        bucket.put(f"{DAY}/{number}.json.gz", str(number))
    whole = trail.TrailReading._text

    def cut_off(self: Any, key: str) -> bytes:
        if key.endswith("2.json.gz"):
            raise trail.CallError("s3:GetObject", "unreachable", 0, "gone")
        return whole(self, key)

    with monkeypatch.context() as patched:
        patched.setattr(trail.TrailReading, "_text", cut_off)
        ids, gaps, cursor = bucket.read()
    assert ids == ["0", "1"]
    assert gaps
    assert bucket.read(cursor)[0] == ["2", "3"]


def test_a_connection_without_a_trail_has_no_records(account: Account) -> None:
    reader = SYSTEM.open(account.connection(), account.environment())
    assert list(reader.records(None)) == []
