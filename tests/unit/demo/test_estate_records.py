"""What the estate records: calls of AWS as a trail has them, and ninety days that Remit's own readers understand."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from remit.contracts.registry import find
from remit.contracts.system import RawRecord
from remit.demo.estate import aws, cast
from remit.demo.estate.calls import Request, doing_of
from remit.demo.estate.history import DAYS, History, history, log_line, trail_files, write_log
from remit.demo.estate.recorder import Caller, drawn_from, record
from remit.demo.estate.work import FILER_UNTIL, STRAY_DAYS
from remit.model.connection import Connection
from remit.model.event import Event, Result
from remit.systems.aws.read.trail_file import records_in, unpacked

NOW = datetime(2031, 5, 14, 15, 30, tzinfo=UTC)
KEYS = {name: f"AKIA{name.upper().replace('-', '')[:16]:X<16}" for name in (aws.ADA_USER, aws.RUNTIME, aws.COPY_USER, aws.FILER_USER)}
SCOPE = "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20310514/eu-central-1/{}/aws4_request, SignedHeaders=host, Signature=0"
TRAIL = Connection(id="aws:main", kind="aws", name="main")
LOG = Connection(id="postgres:shop", kind="postgres", name="shop")


@pytest.fixture(scope="module")
def made() -> History:
    return history(NOW, KEYS)


def signed(service: str, method: str, path: str, **more: object) -> Request:
    return Request(method=method, path=path, authorization=SCOPE.format(service), **more)  # type: ignore[arg-type]


def events(connection: Connection, system: str, payload: str) -> list[Event]:
    auditor = find("SYSTEM", only=system)[system].auditor(connection, ())
    found = auditor(RawRecord(place="x", payload=payload.encode(), cursor=""))
    assert isinstance(found, tuple), found
    return list(found)


@pytest.mark.parametrize(
    ("request_", "name", "parameters"),
    [
        (signed("s3", "GET", "/"), "ListBuckets", {}),
        (signed("s3", "GET", "/b-1", query="list-type=2&prefix=a/"), "ListObjects", {"bucketName": "b-1", "prefix": "a/"}),
        (signed("s3", "GET", "/b-1", query="location"), "GetBucketLocation", {"bucketName": "b-1"}),
        (signed("s3", "GET", "/b-1/a/b%20c.txt"), "GetObject", {"bucketName": "b-1", "key": "a/b c.txt"}),
        (signed("s3", "PUT", "/b-1/a.txt"), "PutObject", {"key": "a.txt"}),
        (signed("s3", "DELETE", "/b-1/a.txt"), "DeleteObject", {"key": "a.txt"}),
        (signed("s3", "HEAD", "/b-1/a.txt"), "HeadObject", {"key": "a.txt"}),
        (signed("iam", "POST", "/", body=b"Action=GetRole&Version=2010-05-08&RoleName=x"), "GetRole", {"roleName": "x"}),
        (signed("bedrock", "POST", "/agents/"), "ListAgents", {}),
        (signed("sqs", "POST", "/", target="AmazonSQS.SendMessage", body=b'{"QueueUrl": "q"}'), "SendMessage", {"queueUrl": "q"}),
    ],
)
def test_a_request_is_called_as_a_trail_calls_it(request_: Request, name: str, parameters: dict[str, str]):
    doing = doing_of(request_)
    assert doing is not None
    assert doing.name == name
    assert parameters.items() <= doing.parameters.items()


@pytest.mark.parametrize(
    "request_",
    [
        Request(method="GET", path="/"),
        signed("s3", "PATCH", "/b-1/x"),
        signed("iam", "POST", "/"),
        signed("lambda", "GET", "/no-such-path"),
    ],
)
def test_what_nobody_signed_or_no_service_knows_is_no_call(request_: Request):
    assert doing_of(request_) is None


def test_a_body_that_is_no_json_gives_a_call_without_parameters():
    doing = doing_of(signed("sqs", "POST", "/", target="AmazonSQS.SendMessage", body=b"[" * 5000))
    assert doing is not None
    assert doing.parameters == {}


def test_a_denied_call_of_a_session_is_the_roles_and_denied():
    answer = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    doing = doing_of(signed("s3", "GET", "/b-1/a.txt", status=403, answer=answer))
    assert doing is not None
    caller = Caller(arn="arn:aws:iam::444455556666:role/x", key="ASIAEXAMPLE", session="x-1")
    (event,) = events(TRAIL, "aws", json.dumps(record(caller, doing, NOW, drawn_from("x"))))
    assert (event.principal, event.session, event.action) == ("arn:aws:iam::444455556666:role/x", "x-1", "s3:GetObject")
    assert (event.resource, event.result) == ("arn:aws:s3:::b-1/a.txt", Result.DENIED)


def test_a_denial_without_a_body_is_one_all_the_same():
    doing = doing_of(signed("s3", "HEAD", "/b-1/a.txt", status=403))
    assert doing is not None
    assert doing.error == "AccessDenied"


def test_the_history_is_the_same_each_time_and_ends_before_now(made: History):
    assert history(NOW, KEYS) == made
    moments = [one.at for one in (*made.calls, *made.statements)]
    assert max(moments) < NOW
    assert (NOW - min(moments)).days in (DAYS - 1, DAYS)
    assert 2000 < len(moments) < 6000


def test_every_record_of_the_trail_is_understood(made: History):
    files = trail_files(made.calls)
    assert files == trail_files(made.calls)
    used: Counter[str] = Counter()
    stray = set()
    for key, body in files.items():
        records, fault = records_in(unpacked(iter([body]), key))
        assert fault == ""
        for text in records:
            for event in events(TRAIL, "aws", text.decode()):
                used[event.principal.rpartition("/")[2]] += 1
                if cast.BUCKET_CUSTOMERS in event.resource and event.principal == aws.role_arn(cast.NIGHT_REPORT):
                    stray.add(event.happened[:10])
    agents = {cast.NIGHT_REPORT, cast.NIGHT_REPORT_2025, cast.REFUND_DESK, cast.SHARED_ROLE, cast.PRICE_SCOUT, cast.REVIEW_READER}
    assert agents | {cast.LETTER_FILER, aws.ADA_USER, aws.RUNTIME} == set(used)
    assert len(stray) == len(STRAY_DAYS)


def test_every_line_of_the_log_is_understood(made: History, tmp_path: Path):
    write_log(made.statements, tmp_path)
    lines = [line for path in sorted(tmp_path.iterdir()) for line in path.read_text().splitlines()]
    assert len(lines) == len(made.statements)
    used = {event.principal for line in lines for event in events(LOG, "postgres", line)}
    logins = {"night_report", "refund_desk", "storefront_helper", "returns_sorter", "stock_watch", "shelf_finder"}
    assert {f"postgres:shop/{login}" for login in logins} <= used


def test_no_value_of_a_statement_stands_in_the_log(made: History):
    line = json.loads(log_line(next(one for one in made.statements if "%s" in one.sql), drawn_from("x")))
    assert line["message"].startswith("execute <unnamed>: ")
    assert "%s" not in line["message"]
    assert "$1 = '...'" in line["detail"]


def test_the_filer_was_last_at_work_two_months_ago(made: History):
    last = max(call.at for call in made.calls if call.caller.arn == aws.user_arn(cast.LETTER_FILER))
    assert (NOW - last).days in (FILER_UNTIL - 1, FILER_UNTIL)


def test_a_persons_own_work_at_a_console_is_by_another_key_than_the_agents(made: History):
    by_key = Counter(call.caller.key[:4] for call in made.calls if call.caller.arn == aws.user_arn(aws.ADA_USER))
    assert set(by_key) == {"AKIA", "ASIA"}


def test_a_file_of_the_trail_stands_where_a_trail_puts_it(made: History):
    key, body = next(iter(trail_files(made.calls).items()))
    assert key.startswith(f"AWSLogs/{cast.ACCOUNT}/CloudTrail/{cast.REGION}/2031/")
    assert set(json.loads(gzip.decompress(body))) == {"Records"}
