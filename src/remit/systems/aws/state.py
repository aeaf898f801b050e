"""The state of one target of a step, as AWS tells it now, in the canonical text that `before` and `after` of steps are of.

The form of a target says which state it is; see the tables in `objects`. Invariants:
- None means that AWS said it is not there; what cannot be read is a RefusedError, never None;
- a policy's text is the text that AWS keeps, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import unquote

import msgspec

from remit.model.errors import RefusedError
from remit.model.ids import printable
from remit.systems.aws.faults import CallError
from remit.systems.aws.objects import attachment_text, membership_text
from remit.systems.aws.session import Clients

INLINE, ATTACHED, MEMBER, BOUNDARY, KEY, TAG = "inline", "attached", "group", "boundary", "key", "tag"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A target of a step, taken apart."""

    principal: str
    """ARN of the role or user."""
    holder: str
    """`role` or `user`."""
    name: str
    """Of the role or user, without its path."""
    part: str
    """`inline`, `attached`, `group`, `boundary`, `key` or `tag`."""
    item: str
    """What within it: a policy's name or ARN, a group's name, a key's fingerprint, a tag's key; empty for a boundary."""

    @property
    def account(self) -> str:
        """The account in which the principal is."""
        return self.principal.split(":")[4]


def target_of(text: str) -> Target:
    """Takes a target apart; raises RefusedError when it is none that Remit changes."""
    principal, mark, rest = text.partition("#")
    part, _, item = rest.partition("/")
    fields = principal.split(":", 5)
    holder, _, path = fields[5].partition("/") if len(fields) == 6 else ("", "", "")
    is_known = fields[:1] == ["arn"] and fields[2:3] == ["iam"] and holder in ("role", "user") and path and mark
    if not is_known or part not in (INLINE, ATTACHED, MEMBER, BOUNDARY, KEY, TAG) or bool(item) == (part == BOUNDARY):
        raise RefusedError(f"`{printable(text)}` is nothing in AWS that Remit changes")
    if holder == "role" and part in (MEMBER, KEY):
        raise RefusedError(f"`{printable(text)}`: a role has no {'access keys' if part == KEY else 'groups'}")
    return Target(principal=principal, holder=holder, name=path.rpartition("/")[2], part=part, item=item)


def key_fingerprint(key_id: str) -> str:
    """What is kept of an access key's id."""
    return hashlib.sha256(b"remit-secret:" + key_id.encode()).hexdigest()[:16]


def text_of(document: Any) -> str:
    """A policy's text as it is kept: most answers carry it percent-encoded, some plain; a plain one has a brace, which encoding removes."""
    if not isinstance(document, str):
        return json.dumps(document)
    return document if "{" in document else unquote(document)


def status_text(status: str) -> str:
    """The canonical text of an access key's state."""
    return json.dumps({"Status": status})


def boundary_text(policy: str) -> str:
    """The canonical text of a permissions boundary."""
    return json.dumps({"PermissionsBoundary": policy})


def tag_text(value: str) -> str:
    """The canonical text of a tag's value."""
    return json.dumps({"Value": value})


def key_target(principal: str, fingerprint: str) -> str:
    """What a step on an access key changes: `ARN#key/FINGERPRINT`."""
    return f"{principal}#{KEY}/{fingerprint}"


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
