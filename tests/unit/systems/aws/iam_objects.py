"""Native objects of a made-up account, for tests of what is derived from them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from remit.model.access import NativeObject

ACCOUNT = "111122223333"
NOBODY_TRUSTED: dict[str, Any] = {"Version": "2012-10-17", "Statement": []}


def arn(name: str) -> str:
    """`role/x`, `user/x`, `policy/x` as an ARN."""
    return f"arn:aws:iam::{ACCOUNT}:{name}"


def statement(actions: Any, resources: Any = "*", effect: str = "Allow", **more: Any) -> dict[str, Any]:
    """A statement; `more` overrides or adds elements, None leaves one out."""
    made = {"Effect": effect, "Action": actions, "Resource": resources, **more}
    return {key: value for key, value in made.items() if value is not None}


def policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _inline(policies: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"PolicyName": name, "PolicyDocument": one, "PolicyText": json.dumps(one)} for name, one in policies.items()]


def _attached(arns: Sequence[str]) -> list[dict[str, Any]]:
    return [{"PolicyName": one.rsplit("/", 1)[-1], "PolicyArn": one} for one in arns]


def role(name: str, inline: Mapping[str, Any] = {}, attached: Sequence[str] = (), boundary: str | None = None, **body: Any) -> NativeObject:
    """A role; its name may have a path."""
    ref = arn(f"role/{name}")
    path = f"/{name.rpartition('/')[0]}/" if "/" in name else "/"
    made = {
        "Arn": ref,
        "RoleName": name.rsplit("/", 1)[-1],
        "Path": path,
        "AssumeRolePolicyDocument": NOBODY_TRUSTED,
        "InlinePolicies": _inline(inline),
        "AttachedPolicies": _attached(attached),
        "PermissionsBoundary": boundary,
        "Tags": {},
    }
    return NativeObject(connection="aws:main", kind="iam:role", id=ref, body={**made, **body})


def user(name: str, inline: Mapping[str, Any] = {}, attached: Sequence[str] = (), groups: Sequence[str] = (), **body: Any) -> NativeObject:
    """A user; its name may have a path."""
    ref = arn(f"user/{name}")
    made = {
        "Arn": ref,
        "UserName": name.rsplit("/", 1)[-1],
        "InlinePolicies": _inline(inline),
        "AttachedPolicies": _attached(attached),
        "Groups": list(groups),
        "PermissionsBoundary": None,
        "AccessKeys": [],
        "LoginProfile": False,
        "Tags": {},
    }
    return NativeObject(connection="aws:main", kind="iam:user", id=ref, body={**made, **body})


def group(name: str, inline: Mapping[str, Any] = {}, attached: Sequence[str] = ()) -> NativeObject:
    """A group."""
    body = {"Arn": arn(f"group/{name}"), "GroupName": name, "InlinePolicies": _inline(inline), "AttachedPolicies": _attached(attached)}
    return NativeObject(connection="aws:main", kind="iam:group", id=arn(f"group/{name}"), body=body)


def managed(name: str, document: Mapping[str, Any]) -> NativeObject:
    """A customer managed policy."""
    body = {"Arn": arn(f"policy/{name}"), "PolicyDocument": document, "PolicyText": json.dumps(document), "IsAwsManaged": False}
    return NativeObject(connection="aws:main", kind="iam:policy", id=arn(f"policy/{name}"), body=body)


def bucket(name: str, document: Mapping[str, Any] | None = None) -> NativeObject:
    """A bucket with its policy."""
    ref = f"arn:aws:s3:::{name}"
    return NativeObject(connection="aws:main", kind="s3:bucket", id=ref, body={"Arn": ref, "Name": name, "BucketPolicy": document})


def remit_itself(as_arn: str) -> NativeObject:
    """Whom Remit acts as."""
    return NativeObject(connection="aws:main", kind="self", id="self", body={"Arn": as_arn, "Account": ACCOUNT})
