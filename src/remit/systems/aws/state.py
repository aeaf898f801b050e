"""The state of one target of a step, as AWS tells it now, in the canonical text that `before` and `after` of steps are of.

Invariants:
- None means that AWS said it is not there; what cannot be read is a RefusedError, never None;
- a policy's text is the text that AWS keeps, byte for byte.
"""

from __future__ import annotations

from typing import Any

from remit.model.errors import RefusedError
from remit.model.shown import printable
from remit.systems.aws.faults import CallError
from remit.systems.aws.objects import attachment_text, key_fingerprint, membership_text
from remit.systems.aws.session import Clients
from remit.systems.aws.targets import (
    ATTACHED,
    BOUNDARY,
    INLINE,
    KEY,
    MEMBER,
    TAG,
    Target,
    boundary_text,
    status_text,
    tag_text,
    target_of,
    text_of,
)


def key_id(clients: Clients, target: Target) -> str | None:
    """The id of the access key with the target's fingerprint, for the one call that needs it; raises CallError."""
    for key in _keys(clients, target):
        if key_fingerprint(key["AccessKeyId"]) == target.item:
            return str(key["AccessKeyId"])
    return None


def current_state(clients: Clients, text: str) -> str | None:
    """The canonical text of a target's state; None: it is not there. Raises RefusedError when it cannot be read."""
    target = target_of(text)
    try:
        return _READERS[target.part](clients, target)
    except CallError as error:
        if error.is_absent:
            return None
        raise RefusedError(f"`{printable(text)}` cannot be read: {error.words()}") from None


def _inline(clients: Clients, target: Target) -> str | None:
    answer = clients.call("iam", f"get_{target.holder}_policy", **{_name(target): target.name, "PolicyName": target.item})
    return text_of(answer["PolicyDocument"])


def _attached(clients: Clients, target: Target) -> str | None:
    for page in clients.pages("iam", f"list_attached_{target.holder}_policies", **{_name(target): target.name}):
        if any(policy["PolicyArn"] == target.item for policy in page["AttachedPolicies"]):
            return attachment_text(target.item)
    return None


def _member(clients: Clients, target: Target) -> str | None:
    for page in clients.pages("iam", "list_groups_for_user", UserName=target.name):
        if any(group["GroupName"] == target.item for group in page["Groups"]):
            return membership_text(target.item)
    return None


def _boundary(clients: Clients, target: Target) -> str | None:
    boundary = _holder(clients, target).get("PermissionsBoundary")
    return boundary_text(boundary["PermissionsBoundaryArn"]) if boundary else None


def _key(clients: Clients, target: Target) -> str | None:
    for key in _keys(clients, target):
        if key_fingerprint(key["AccessKeyId"]) == target.item:
            return status_text(key["Status"])
    return None


def _tag(clients: Clients, target: Target) -> str | None:
    for tag in _holder(clients, target).get("Tags", ()):
        if tag["Key"] == target.item:
            return tag_text(tag["Value"])
    return None


def _holder(clients: Clients, target: Target) -> dict[str, Any]:
    answer = clients.call("iam", f"get_{target.holder}", **{_name(target): target.name})
    found: dict[str, Any] = answer["Role" if target.holder == "role" else "User"]
    return found


def _keys(clients: Clients, target: Target) -> list[dict[str, Any]]:
    return [key for page in clients.pages("iam", "list_access_keys", UserName=target.name) for key in page["AccessKeyMetadata"]]


def _name(target: Target) -> str:
    return "RoleName" if target.holder == "role" else "UserName"


_READERS = {INLINE: _inline, ATTACHED: _attached, MEMBER: _member, BOUNDARY: _boundary, KEY: _key, TAG: _tag}
