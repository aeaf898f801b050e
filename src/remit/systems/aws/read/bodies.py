"""The bodies of native objects, made from AWS's answers: times, tags and policy texts in the form that `objects` agrees on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from remit.systems.aws.objects import key_fingerprint
from remit.systems.aws.targets import text_of


def instant(value: Any) -> str | None:
    """RFC 3339, UTC, to the second; None where there is none."""
    if isinstance(value, datetime):
        moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value if isinstance(value, str) and value else None


def tags(given: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """`[{Key, Value}]` as `{key: value}`."""
    return {tag["Key"]: tag.get("Value", "") for tag in given}


def document(text: str, prefix: str = "Policy") -> dict[str, Any]:
    """`{PolicyText, PolicyDocument}`; the document is missing where the text is no JSON object."""
    found: dict[str, Any] = {f"{prefix}Text": text}
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return found
    if isinstance(parsed, dict):
        found[f"{prefix}Document"] = parsed
    return found


def inline(policies: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Inline policies by name."""
    named = [{"PolicyName": item["PolicyName"], **document(text_of(item["PolicyDocument"]))} for item in policies]
    return sorted(named, key=lambda item: str(item["PolicyName"]))


def attached(policies: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Attachments by ARN."""
    return sorted(
        ({"PolicyName": item["PolicyName"], "PolicyArn": item["PolicyArn"]} for item in policies), key=lambda item: item["PolicyArn"]
    )


def boundary(holder: Mapping[str, Any]) -> str | None:
    """ARN of the permissions boundary of a role or user; None: it has none."""
    found: str | None = (holder.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
    return found


def access_key(key: Mapping[str, Any], last_used: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is kept of an access key; `last_used` None: not read."""
    name = key["AccessKeyId"]
    body = {
        "fingerprint": key_fingerprint(name),
        "shown": f"****{name[-4:]}",
        "Status": key["Status"],
        "CreateDate": instant(key.get("CreateDate")),
    }
    if last_used is not None:
        body["LastUsed"] = instant(last_used.get("LastUsedDate"))
    return body


def is_aws_managed(arn: str) -> bool:
    """Whether AWS itself keeps this policy."""
    return arn.split(":")[4:5] == ["aws"]
