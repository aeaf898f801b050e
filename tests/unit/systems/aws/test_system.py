"""AWS as a system: what it declares, and that its own tries are nobody's use."""

from __future__ import annotations

import json
from typing import Any

from remit.contracts.system import RawRecord
from remit.model.connection import Connection
from remit.model.event import Event
from remit.systems.aws.objects import PROOF_SESSION
from remit.systems.aws.system import SYSTEM

CONNECTION = Connection(id="aws:main", kind="aws", name="main")


def _events(action: str, session: str) -> list[Event]:
    source, _, name = action.partition(":")
    issuer = {"type": "Role", "arn": "arn:aws:iam::123456789012:role/agents/triage", "userName": "triage", "accountId": "123456789012"}
    record: dict[str, Any] = {
        "eventVersion": "1.10",
        "eventID": "7c0f7f9e-0000-4000-8000-000000000001",
        "eventTime": "2026-03-01T10:00:00Z",
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "eventType": "AwsApiCall",
        "awsRegion": "eu-west-1",
        "recipientAccountId": "123456789012",
        "requestParameters": {"bucketName": "exports", "key": "a.csv"},
        "userIdentity": {
            "type": "AssumedRole",
            "arn": f"arn:aws:sts::123456789012:assumed-role/triage/{session}",
            "accountId": "123456789012",
            "accessKeyId": "ASIAEXAMPLEEXAMPLE00",
            "sessionContext": {"sessionIssuer": issuer},
        },
    }
    found = SYSTEM.auditor(CONNECTION, ())(RawRecord(place="s3://logs/a.json.gz#0", payload=json.dumps(record).encode(), cursor=""))
    assert found is not None
    return [event for event in found if isinstance(event, Event)]  # type: ignore[union-attr]


def test_what_remit_tried_as_the_agent_is_none_of_the_agents_use() -> None:
    assert [event.action for event in _events("s3:GetObject", "work")] == ["s3:GetObject"]
    assert _events("s3:GetObject", PROOF_SESSION) == []


def test_whoever_takes_the_name_of_its_session_hides_nothing_that_is_no_harmless_try() -> None:
    for action in ("s3:DeleteObject", "s3:PutObject"):
        assert [event.action for event in _events(action, PROOF_SESSION)] == [action]
