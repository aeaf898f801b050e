"""Records of CloudTrail as AWS writes them: who did what, in the form and under the names of a trail's files.

Source: CloudTrail user guide, "CloudTrail record contents", "userIdentity element", "CloudTrail log file examples". Nothing here touches a
server: the emulator records calls with it as they are made, and the history writes with it what happened before.
"""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Any

import msgspec

from remit.demo.estate.cast import ACCOUNT, REGION

_DATA = frozenset({"s3", "sqs", "lambda"})
"""Services whose calls about single things are data events."""
_READS = ("Get", "List", "Head", "Describe", "Receive", "Select")
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who made a call: a user by its ARN, or a session of a role."""

    arn: str
    """Of the user or of the role."""
    key: str
    """Id of the access key; of a session one that begins with `ASIA`."""
    session: str = ""
    """Name of the session; empty for a user."""
    invoked_by: str = ""
    """The service that made the session, if one did."""


class Doing(msgspec.Struct, frozen=True, kw_only=True):
    """What was called."""

    service: str
    """As in `eventSource`, without `.amazonaws.com`."""
    name: str
    parameters: Mapping[str, Any] = {}
    resources: Sequence[Mapping[str, str]] = ()
    error: str = ""
    message: str = ""


def record(caller: Caller, doing: Doing, at: datetime, chance: Random) -> dict[str, Any]:
    """One record; `chance` gives its ids."""
    is_data = doing.service in _DATA and bool(doing.resources)
    made: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(caller, at),
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": f"{doing.service}.amazonaws.com",
        "eventName": doing.name,
        "awsRegion": REGION,
        "sourceIPAddress": caller.invoked_by or f"10.20.{chance.randrange(4)}.{chance.randrange(1, 255)}",
        "userAgent": caller.invoked_by or "aws-sdk",
        "requestParameters": dict(doing.parameters) or None,
        "responseElements": None,
        "requestID": identifier(chance),
        "eventID": identifier(chance),
        "readOnly": doing.name.startswith(_READS),
        "eventType": "AwsApiCall",
        "managementEvent": not is_data,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Data" if is_data else "Management",
    }
    if doing.resources:
        made["resources"] = [dict(one) for one in doing.resources]
    if doing.error:
        made |= {"errorCode": doing.error, "errorMessage": doing.message}
    return made


def on_bucket(name: str, bucket: str, key: str = "", prefix: str = "", error: str = "", message: str = "") -> Doing:
    """A call of S3 about a bucket, or about an object in it."""
    owned = {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"}
    parameters = {"bucketName": bucket, "Host": f"{bucket}.s3.{REGION}.amazonaws.com"}
    resources: list[dict[str, str]] = []
    if key:
        parameters["key"] = key
        resources = [{"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"}, owned]
    elif name == "ListObjects":
        parameters |= {"list-type": "2", "prefix": prefix}
        resources = [{"type": "AWS::S3::Object", "ARNPrefix": f"arn:aws:s3:::{bucket}/{prefix}"}, owned]
    return Doing(service="s3", name=name, parameters=parameters, resources=resources, error=error, message=message)


def packed(records: Sequence[Mapping[str, Any]]) -> bytes:
    """A file of a trail."""
    return gzip.compress(json.dumps({"Records": list(records)}, separators=(",", ":")).encode(), compresslevel=6, mtime=0)


def file_key(at: datetime, chance: Random) -> str:
    """Where a trail puts a file that it delivers at this time."""
    name = f"{ACCOUNT}_CloudTrail_{REGION}_{at:%Y%m%dT%H%MZ}_{letters(chance, 16)}.json.gz"
    return f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{at:%Y/%m/%d}/{name}"


def identifier(chance: Random) -> str:
    """A UUID."""
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def drawn_from(seed: str) -> Random:
    """A chance that is the same each time."""
    return Random(seed)  # noqa: S311 - it makes up history and protects nothing


def letters(chance: Random, count: int) -> str:
    """Letters and digits as AWS makes its ids of."""
    return "".join(chance.choices(_CAPITALS, k=count))


def _identity(caller: Caller, at: datetime) -> dict[str, Any]:
    name = caller.arn.rpartition("/")[2]
    if not caller.session:
        return {
            "type": "IAMUser",
            "principalId": f"AIDA{letters(drawn_from(caller.arn), 17)}",
            "arn": caller.arn,
            "accountId": ACCOUNT,
            "accessKeyId": caller.key,
            "userName": name,
        }
    principal = f"AROA{letters(drawn_from(caller.arn), 17)}"
    found: dict[str, Any] = {
        "type": "AssumedRole",
        "principalId": f"{principal}:{caller.session}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{caller.session}",
        "accountId": ACCOUNT,
        "accessKeyId": caller.key,
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "principalId": principal, "arn": caller.arn, "accountId": ACCOUNT, "userName": name},
            "attributes": {"creationDate": f"{at:%Y-%m-%dT%H:00:00Z}", "mfaAuthenticated": "false"},
        },
    }
    if caller.invoked_by:
        found["invokedBy"] = caller.invoked_by
    return found
