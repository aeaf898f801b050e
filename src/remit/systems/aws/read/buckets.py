"""Reads S3 buckets by name, with their policies: which exist, where, and whom they let in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from remit.model.access import NativeObject
from remit.model.evidence import Gap
from remit.systems.aws.faults import CallError, gap
from remit.systems.aws.objects import BUCKET
from remit.systems.aws.read import bodies
from remit.systems.aws.session import Caller, Clients


def read_buckets(clients: Clients, connection: str, caller: Caller) -> Iterator[NativeObject | Gap]:
    """Every bucket of the account; a part that is not permitted is a gap, and its key is missing."""
    try:
        names = [bucket["Name"] for page in clients.pages("s3", "list_buckets") for bucket in page.get("Buckets", ())]
    except CallError as error:
        yield gap(f"arn:{caller.partition}:s3:::*", "buckets were not read", error)
        return
    for name in names:
        arn = f"arn:{caller.partition}:s3:::{name}"
        body: dict[str, Any] = {"Arn": arn, "Name": name}
        for key, what, read in (
            ("BucketPolicy", "the bucket's policy", _policy),
            ("Region", "the bucket's region", _region),
            ("Tags", "the bucket's tags", _tags),
        ):
            try:
                body[key] = read(clients, name)
            except CallError as error:
                yield gap(arn, f"{what} was not read", error, is_whole=False)
        yield NativeObject(connection=connection, kind=BUCKET, id=arn, body=body)


def _policy(clients: Clients, name: str) -> Any:
    try:
        text = clients.call("s3", "get_bucket_policy", Bucket=name)["Policy"]
    except CallError as error:
        if error.code == "NoSuchBucketPolicy":
            return None
        raise
    parsed = bodies.document(text).get("PolicyDocument")
    if parsed is None:
        raise CallError("s3:GetBucketPolicy", "MalformedPolicy", 200, "the policy is not a JSON object")
    return parsed


def _region(clients: Clients, name: str) -> str:
    # S3 leaves the oldest region out and calls another by an old name.
    place = clients.call("s3", "get_bucket_location", Bucket=name).get("LocationConstraint") or "us-east-1"
    return "eu-west-1" if place == "EU" else str(place)


def _tags(clients: Clients, name: str) -> dict[str, str]:
    try:
        return bodies.tags(clients.call("s3", "get_bucket_tagging", Bucket=name)["TagSet"])
    except CallError as error:
        if error.code == "NoSuchTagSet":
            return {}
        raise
